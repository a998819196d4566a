//! Paths, globs, compression and encodings: what all file connectors share.
