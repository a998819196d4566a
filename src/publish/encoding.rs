//! How parquet's own writer is to store each column.

use goldsmith_config::model::Compression;
use parquet::basic::{Encoding, Type, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::SchemaDescriptor;

/// What is known of the columns of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Encodings<'a> {
    pub(super) compression: Compression,
    /// Text columns of names and keys: hardly a value repeats, and neighbours begin alike.
    pub(super) keys: &'a [&'a str],
    pub(super) created_by: &'a str,
}

impl Encodings<'_> {
    pub(super) fn properties(&self, schema: &SchemaDescriptor) -> WriterProperties {
        let mut properties = WriterProperties::builder()
            .set_compression(codec(self.compression))
            .set_created_by(self.created_by.to_owned())
            // Rows are found by golden id and key; for those the chunk's smallest and largest value do.
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            // A page ends at its size in bytes; many small ones cost a compressor each.
            .set_data_page_row_count_limit(1 << 17)
            .set_write_batch_size(8_192);
        for column in schema.columns() {
            let path = column.path().clone();
            let is_key = matches!(path.parts(), [name] if self.keys.contains(&name.as_str()));
            match column.physical_type() {
                Type::BYTE_ARRAY if is_key => {
                    properties = properties
                        .set_column_dictionary_enabled(path.clone(), false)
                        .set_column_encoding(path, Encoding::DELTA_BYTE_ARRAY);
                }
                // The first and the last of unsorted text say nothing, and finding them costs as much as writing it.
                Type::BYTE_ARRAY => {
                    properties = properties.set_column_statistics_enabled(path, EnabledStatistics::None);
                }
                // Hashes: every value once, in no order.
                Type::FIXED_LEN_BYTE_ARRAY => {
                    properties = properties
                        .set_column_dictionary_enabled(path.clone(), false)
                        .set_column_compression(path.clone(), parquet::basic::Compression::UNCOMPRESSED)
                        .set_column_statistics_enabled(path, EnabledStatistics::None);
                }
                // Counts and numbers of rows: small, or near their neighbours. Moments and dates repeat instead.
                Type::INT64 if column.logical_type_ref().is_none() && column.max_rep_level() == 0 => {
                    properties = properties
                        .set_column_dictionary_enabled(path.clone(), false)
                        .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
                }
                _ => {}
            }
        }
        properties.build()
    }
}

fn codec(compression: Compression) -> parquet::basic::Compression {
    use parquet::basic::Compression as Codec;
    match compression {
        Compression::Zstd => Codec::ZSTD(ZstdLevel::default()),
        Compression::Snappy => Codec::SNAPPY,
        Compression::Lz4 => Codec::LZ4_RAW,
        Compression::None => Codec::UNCOMPRESSED,
    }
}
