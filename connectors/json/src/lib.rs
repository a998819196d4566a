//! Reads JSON and newline-delimited JSON files.
