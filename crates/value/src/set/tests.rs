//! Against a plain set, through all encodings.
