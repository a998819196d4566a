//! One column of a row group whose text comes as codes: pages of codes and a dictionary of the names that occur.

use std::io::Write;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray};
use arrow::datatypes::UInt32Type;
use bytes::Bytes;
use parquet::basic::{Compression, Encoding, PageType, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, PageEncodingStats};
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use super::hybrid;

/// No code yet.
const UNSEEN: u32 = u32::MAX;

/// A column chunk under construction.
pub(crate) struct CodedChunk {
    column: ColumnDescPtr,
    /// All names a code can stand for.
    names: ArrayRef,
    compressed: bool,
    /// Bits of a code.
    width: u8,
    /// For each name its place in the dictionary of this chunk.
    places: Vec<u32>,
    /// The names that occur, in the order they were met.
    met: Vec<u32>,
    pages: Vec<CompressedPage>,
    rows: u64,
    nulls: u64,
}

impl CodedChunk {
    pub(crate) fn new(column: ColumnDescPtr, names: &ArrayRef, compressed: bool) -> Self {
        Self {
            column,
            names: names.clone(),
            compressed,
            width: hybrid::width_of(names.len()),
            places: vec![UNSEEN; names.len()],
            met: Vec::new(),
            pages: Vec::new(),
            rows: 0,
            nulls: 0,
        }
    }

    /// Whether the codes of `array` stand for the same names.
    pub(crate) fn fits(&self, array: &DictionaryArray<UInt32Type>) -> bool {
        std::sync::Arc::ptr_eq(&self.names, array.values())
    }

    /// Writes one page.
    pub(crate) fn write(&mut self, array: &DictionaryArray<UInt32Type>) -> Result<()> {
        let keys = array.keys();
        let nulls = keys.null_count();
        let mut page = Vec::with_capacity(keys.len() * usize::from(self.width) / 8 + 64);
        if self.column.max_def_level() > 0 {
            let mut levels = Vec::new();
            if nulls == 0 {
                hybrid::repeat(1, keys.len(), 1, &mut levels);
            } else if nulls == keys.len() {
                hybrid::repeat(0, keys.len(), 1, &mut levels);
            } else {
                let present: Vec<u32> = (0..keys.len()).map(|row| u32::from(keys.is_valid(row))).collect();
                hybrid::encode(&present, 1, &mut levels);
            }
            page.extend_from_slice(&size_of_page(levels.len())?.to_le_bytes());
            page.extend_from_slice(&levels);
        }
        let mut codes = Vec::with_capacity(keys.len() - nulls);
        if nulls == 0 {
            for key in keys.values() {
                codes.push(self.place(*key)?);
            }
        } else {
            for key in keys.iter().flatten() {
                codes.push(self.place(key)?);
            }
        }
        page.push(self.width);
        hybrid::encode(&codes, self.width, &mut page);
        let uncompressed = page.len();
        let page = Page::DataPage {
            buf: self.compress(page)?,
            num_values: size_of_page(keys.len())?,
            encoding: Encoding::RLE_DICTIONARY,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        self.pages.push(CompressedPage::new(page, uncompressed));
        self.rows += keys.len() as u64;
        self.nulls += nulls as u64;
        Ok(())
    }

    fn place(&mut self, name: u32) -> Result<u32> {
        let place = self
            .places
            .get_mut(name as usize)
            .ok_or_else(|| ParquetError::General(format!("code {name} stands for no name")))?;
        if *place == UNSEEN {
            *place = u32::try_from(self.met.len()).unwrap_or(UNSEEN);
            self.met.push(name);
        }
        Ok(*place)
    }

    /// The bytes of the chunk, the dictionary before its pages, and what the file has to know of them.
    pub(crate) fn finish(mut self) -> Result<(Bytes, ColumnCloseResult)> {
        let names = self.names.as_string::<i32>();
        let met = std::mem::take(&mut self.met);
        let met = || met.iter().map(|name| names.value(*name as usize));
        let mut dictionary = Vec::with_capacity(met().map(|name| name.len() + 4).sum());
        for name in met() {
            dictionary.extend_from_slice(&size_of_page(name.len())?.to_le_bytes());
            dictionary.extend_from_slice(name.as_bytes());
        }
        let uncompressed = dictionary.len();
        let page = Page::DictionaryPage {
            buf: self.compress(dictionary)?,
            num_values: size_of_page(met().count())?,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        let mut sink = TrackedWrite::new(Vec::new());
        let mut writer = SerializedPageWriter::new(&mut sink);
        let first = writer.write_page(CompressedPage::new(page, uncompressed))?;
        let (mut uncompressed, mut compressed) = (first.uncompressed_size, first.compressed_size);
        let pages = i32::try_from(self.pages.len()).unwrap_or(i32::MAX);
        for page in std::mem::take(&mut self.pages) {
            let written = writer.write_page(page)?;
            uncompressed += written.uncompressed_size;
            compressed += written.compressed_size;
        }
        sink.flush()?;
        let text = |name: Option<&str>| name.map(|name| ByteArray::from(name.as_bytes().to_vec()));
        let statistics = ValueStatistics::new(text(met().min()), text(met().max()), None, Some(self.nulls), false);
        let encodings = [Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY];
        let stats = |page_type, encoding, count| PageEncodingStats { page_type, encoding, count };
        let metadata = ColumnChunkMetaData::builder(self.column)
            .set_compression(if self.compressed {
                Compression::ZSTD(ZstdLevel::default())
            } else {
                Compression::UNCOMPRESSED
            })
            .set_encodings(encodings.to_vec())
            .set_page_encoding_stats(vec![
                stats(PageType::DICTIONARY_PAGE, Encoding::PLAIN, 1),
                stats(PageType::DATA_PAGE, Encoding::RLE_DICTIONARY, pages),
            ])
            .set_total_compressed_size(i64::try_from(compressed).unwrap_or(i64::MAX))
            .set_total_uncompressed_size(i64::try_from(uncompressed).unwrap_or(i64::MAX))
            .set_num_values(i64::try_from(self.rows).unwrap_or(i64::MAX))
            .set_dictionary_page_offset(Some(0))
            .set_data_page_offset(i64::try_from(first.compressed_size).unwrap_or(i64::MAX))
            .set_statistics(Statistics::ByteArray(statistics))
            .build()?;
        let close = ColumnCloseResult {
            bytes_written: compressed as u64,
            rows_written: self.rows,
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        Ok((sink.into_inner()?.into(), close))
    }

    fn compress(&self, page: Vec<u8>) -> Result<Bytes> {
        Ok(if self.compressed { zstd::bulk::compress(&page, 1)?.into() } else { page.into() })
    }
}

fn size_of_page(size: usize) -> Result<u32> {
    u32::try_from(size).map_err(|_| ParquetError::General("a page is too large".to_owned()))
}
