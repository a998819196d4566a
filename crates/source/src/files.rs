//! Paths, globs, compression and encodings: what all file connectors share.
//!
//! ```text
//! Paths ──files──▶ InputFile ──open──▶ FileReader ──text──▶ TextReader ──▶ a connector's parser
//!  (options)                            decompressed         UTF-8
//!                                            └── finish ──▶ Digest (bytes on disk, BLAKE3): no second pass
//! ```
//!
//! | module | idea |
//! |---|---|
//! | [`paths`] | the `path` option, globs and what they match |
//! | [`reader`] | opening one file: refusing what is no file, hashing while reading |
//! | [`compression`] | gzip and zstd, cut files and bombs |
//! | [`encoding`] | declared encodings to UTF-8, with malformed input left visible |
//! | [`table`] | files that are the one table of their source |
//! | [`writer`] | hashing while writing |

pub mod compression;
pub mod encoding;
pub mod paths;
pub mod reader;
pub mod table;
pub mod writer;

pub use compression::{Compression, Decompression};
pub use encoding::{Encoding, TextReader, text};
pub use paths::{InputFile, Paths};
pub use reader::{Digest, FileReader, digest, open, open_seekable, read_error, read_whole};
pub use table::FileTable;
pub use writer::HashingWriter;
