//! What a pipeline file says about a vCard file. No IO.

use goldsmith_source::files::{Compression, Decompression, Encoding, Paths};
use schemars::JsonSchema;
use serde::Deserialize;

/// Options of the `vcard` connector.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VCardConfig {
    /// The file, or a list of files, relative to the pipeline file; `*`, `?`, `[a-z]` and `**` match several. A file
    /// may hold one contact or many.
    pub path: Paths,
    /// The character encoding, by its WHATWG name, where a contact does not tell another one (CHARSET). A byte-order
    /// mark is removed.
    #[serde(default)]
    pub encoding: Encoding,
    /// How the files are compressed.
    #[serde(default)]
    pub compression: Compression,
    /// What a compressed file may grow to.
    #[serde(default)]
    pub decompression: Decompression,
}
