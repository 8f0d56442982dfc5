//! Against a plain map, through all encodings.
