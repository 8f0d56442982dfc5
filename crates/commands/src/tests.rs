//! Through the rows, as a connection calls them.
