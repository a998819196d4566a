//! The file: row groups of columns, each column written its own way.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, SchemaRef, UInt32Type};
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use parquet::errors::{ParquetError, Result};
use parquet::file::writer::SerializedFileWriter;

use super::chunk::CodedChunk;
use super::encoding::{Compression, Encodings};

/// A row group ends with the batch that brings it to this many rows.
const GROUP_ROWS: usize = 1 << 20;

/// Writes columns of a schema into one file.
///
/// Text may be given as plain text or as a dictionary array with `u32` keys. One array of names serves as long as it is
/// the same one: another begins a new row group.
pub struct FileWriter<W: Write + Send> {
    file: SerializedFileWriter<W>,
    factory: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    compressed: bool,
    groups: usize,
    group: Option<Group>,
}

/// The row group under construction.
struct Group {
    columns: Vec<Column>,
    rows: usize,
}

enum Column {
    /// A writer for each leaf.
    Arrow(Vec<ArrowColumnWriter>),
    Coded(Box<CodedChunk>),
}

impl<W: Write + Send> FileWriter<W> {
    /// # Errors
    /// A schema that Parquet has no form for, or a full disk.
    pub fn create(sink: W, schema: SchemaRef, encodings: &Encodings<'_>) -> Result<Self> {
        let parquet = ArrowSchemaConverter::new().convert(&schema)?;
        let mut properties = encodings.properties(&parquet);
        add_encoded_arrow_schema_to_metadata(&schema, &mut properties);
        let file = SerializedFileWriter::new(sink, parquet.root_schema_ptr(), Arc::new(properties))?;
        let factory = ArrowRowGroupWriterFactory::new(&file, Arc::clone(&schema));
        let compressed = encodings.compression == Compression::Zstd;
        Ok(Self { file, factory, schema, compressed, groups: 0, group: None })
    }

    /// Writes columns in the order of the schema.
    ///
    /// # Errors
    /// Columns that do not fit the schema, or a full disk.
    pub fn write(&mut self, columns: &[ArrayRef]) -> Result<()> {
        let rows = columns.first().map_or(0, |column| column.len());
        if columns.len() != self.schema.fields().len() || columns.iter().any(|column| column.len() != rows) {
            return Err(ParquetError::General("columns are missing, or not all of one length".to_owned()));
        }
        for (field, column) in self.schema.fields().iter().zip(columns) {
            if !field.is_nullable() && column.null_count() > 0 {
                return Err(ParquetError::General(format!("column {} may not be null", field.name())));
            }
        }
        if rows == 0 {
            return Ok(());
        }
        if self.group.as_ref().is_some_and(|group| group.rows >= GROUP_ROWS || !group.fits(columns)) {
            self.end_group()?;
        }
        let mut group = match self.group.take() {
            Some(group) => group,
            None => self.begin_group(columns)?,
        };
        for ((column, array), field) in group.columns.iter_mut().zip(columns).zip(self.schema.fields()) {
            match column {
                Column::Arrow(writers) => {
                    for (writer, leaf) in writers.iter_mut().zip(compute_leaves(field, array)?) {
                        writer.write(&leaf)?;
                    }
                }
                Column::Coded(chunk) => chunk.write(array.as_dictionary::<UInt32Type>())?,
            }
        }
        group.rows += rows;
        self.group = Some(group);
        Ok(())
    }

    fn begin_group(&mut self, columns: &[ArrayRef]) -> Result<Group> {
        let writers = self.factory.create_column_writers(self.groups)?;
        self.groups += 1;
        let leaves = self.file.schema_descr();
        let mut group = Group { columns: Vec::with_capacity(columns.len()), rows: 0 };
        group.columns.extend(columns.iter().map(|_| Column::Arrow(Vec::new())));
        for (leaf, writer) in writers.into_iter().enumerate() {
            let root = leaves.get_column_root_idx(leaf);
            let (Some(column), Some(array)) = (group.columns.get_mut(root), columns.get(root)) else { continue };
            match (array.as_dictionary_opt::<UInt32Type>(), &mut *column) {
                (Some(coded), _) => {
                    if coded.values().data_type() != &DataType::Utf8 || coded.values().null_count() > 0 {
                        return Err(ParquetError::General("codes stand for names, and nothing else".to_owned()));
                    }
                    let chunk = CodedChunk::new(leaves.column(leaf), coded.values(), self.compressed);
                    *column = Column::Coded(Box::new(chunk));
                }
                (None, Column::Arrow(writers)) => writers.push(writer),
                (None, Column::Coded(_)) => {}
            }
        }
        Ok(group)
    }

    fn end_group(&mut self) -> Result<()> {
        let Some(group) = self.group.take() else { return Ok(()) };
        let mut writer = self.file.next_row_group()?;
        for column in group.columns {
            match column {
                Column::Arrow(leaves) => {
                    for leaf in leaves {
                        leaf.close()?.append_to_row_group(&mut writer)?;
                    }
                }
                Column::Coded(chunk) => {
                    let (bytes, close) = chunk.finish()?;
                    writer.append_column(&bytes, close)?;
                }
            }
        }
        writer.close()?;
        Ok(())
    }

    /// Ends the file and hands back what it was written to.
    ///
    /// # Errors
    /// A full disk.
    pub fn finish(mut self) -> Result<W> {
        self.end_group()?;
        self.file.into_inner()
    }
}

impl Group {
    /// Whether the columns are given the way the group was begun.
    fn fits(&self, columns: &[ArrayRef]) -> bool {
        self.columns.iter().zip(columns).all(|(column, array)| {
            match (column, array.as_dictionary_opt::<UInt32Type>()) {
                (Column::Coded(chunk), Some(coded)) => chunk.fits(coded),
                (Column::Arrow(_), None) => true,
                _ => false,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{DictionaryArray, Int64Array, RecordBatch, StringArray, UInt32Array};
    use arrow::compute::concat_batches;
    use arrow::datatypes::{Field, Schema};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;

    fn names(names: &[&str]) -> ArrayRef {
        Arc::new(StringArray::from(names.to_vec()))
    }

    fn coded(codes: Vec<Option<u32>>, names: &ArrayRef) -> ArrayRef {
        Arc::new(DictionaryArray::<UInt32Type>::new(UInt32Array::from(codes), Arc::clone(names)))
    }

    fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new("id", DataType::Utf8, false),
            Field::new("state", DataType::Utf8, false),
            Field::new("reason", DataType::Utf8, true),
            Field::new("count", DataType::Int64, false),
        ]))
    }

    fn read(bytes: Vec<u8>) -> RecordBatch {
        let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).unwrap();
        let schema = Arc::clone(reader.schema());
        assert!(schema.fields().iter().all(|field| !matches!(field.data_type(), DataType::Dictionary(..))));
        let batches: Vec<_> = reader.build().unwrap().collect::<Result<_, _>>().unwrap();
        concat_batches(&schema, &batches).unwrap()
    }

    use bytes::Bytes;

    #[test]
    fn codes_read_back_as_text() {
        for compression in [Compression::Zstd, Compression::None, Compression::Snappy] {
            let encodings = Encodings { compression, keys: &["id"], created_by: "test" };
            let mut writer = FileWriter::create(Vec::new(), schema(), &encodings).unwrap();
            let (states, others) = (names(&["unused", "linked", "single"]), names(&["only"]));
            let reasons = names(&["a", "b", "c"]);
            let mut expected: Vec<[Option<String>; 3]> = Vec::new();
            for part in 0..3_u32 {
                let rows = 1_000 + part;
                // A part of its own has other names and begins a row group.
                let states = if part == 2 { &others } else { &states };
                let state: Vec<Option<u32>> =
                    (0..rows).map(|row| Some(if part == 2 { 0 } else { 1 + (row / 30) % 2 })).collect();
                let reason: Vec<Option<u32>> =
                    (0..rows).map(|row| (part > 0 && row % 5 < 3).then_some((row * part) % 3)).collect();
                let ids: Vec<String> = (0..rows).map(|row| format!("p{part}{row:05}")).collect();
                let text = |names: &ArrayRef, code: Option<u32>| {
                    code.map(|code| names.as_string::<i32>().value(code as usize).to_owned())
                };
                for ((id, state), reason) in ids.iter().zip(&state).zip(&reason) {
                    expected.push([Some(id.clone()), text(states, *state), text(&reasons, *reason)]);
                }
                writer
                    .write(&[
                        Arc::new(StringArray::from(ids)),
                        coded(state, states),
                        coded(reason, &reasons),
                        Arc::new(Int64Array::from_iter_values(0..i64::from(rows))),
                    ])
                    .unwrap();
            }
            let batch = read(writer.finish().unwrap());
            assert_eq!(batch.num_rows(), expected.len());
            for (row, expected) in expected.iter().enumerate() {
                for (column, expected) in expected.iter().enumerate() {
                    let column = batch.column(column).as_string::<i32>();
                    assert_eq!(column.is_valid(row).then(|| column.value(row)), expected.as_deref());
                }
            }
        }
    }

    #[test]
    fn an_empty_file_has_its_columns() {
        let encodings = Encodings { compression: Compression::Zstd, keys: &[], created_by: "test" };
        let writer = FileWriter::create(Vec::new(), schema(), &encodings).unwrap();
        let batch = read(writer.finish().unwrap());
        assert_eq!((batch.num_rows(), batch.num_columns()), (0, 4));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let encodings = Encodings { compression: Compression::Zstd, keys: &[], created_by: "test" };
        let mut writer = FileWriter::create(Vec::new(), schema(), &encodings).unwrap();
        let one: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
        let none: ArrayRef = Arc::new(StringArray::from(vec![None::<&str>]));
        let two: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        let count: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        assert!(writer.write(&[Arc::clone(&one)]).is_err());
        assert!(writer.write(&[Arc::clone(&one), Arc::clone(&one), Arc::clone(&one), two]).is_err());
        assert!(writer.write(&[none, Arc::clone(&one), Arc::clone(&one), Arc::clone(&count)]).is_err());
        assert!(writer.write(&[Arc::clone(&one), Arc::clone(&one), one, count]).is_ok());
    }
}
