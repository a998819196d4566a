//! A Parquet file that is written column by column.
//!
//! Text may come as codes and names (an Arrow dictionary array) where the schema says plain text: Parquet's column writers
//! take both, a record batch would not.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::SchemaRef;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use parquet::errors::{ParquetError, Result};
use parquet::file::writer::SerializedFileWriter;

use super::encoding::Encodings;

/// A row group ends with the batch that brings it to this many rows.
const GROUP_ROWS: usize = 1 << 20;

/// Writes columns of a schema into one file.
pub(super) struct FileWriter<W: Write + Send> {
    file: SerializedFileWriter<W>,
    factory: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    groups: usize,
    group: Option<Group>,
}

/// The row group under construction: for each column a writer for each leaf.
struct Group {
    columns: Vec<Vec<ArrowColumnWriter>>,
    rows: usize,
}

impl<W: Write + Send> FileWriter<W> {
    /// # Errors
    /// A schema that Parquet has no form for, or a full disk.
    pub(super) fn create(sink: W, schema: SchemaRef, encodings: &Encodings<'_>) -> Result<Self> {
        let parquet = ArrowSchemaConverter::new().convert(&schema)?;
        let mut properties = encodings.properties(&parquet);
        add_encoded_arrow_schema_to_metadata(&schema, &mut properties);
        let file = SerializedFileWriter::new(sink, parquet.root_schema_ptr(), Arc::new(properties))?;
        let factory = ArrowRowGroupWriterFactory::new(&file, Arc::clone(&schema));
        Ok(Self { file, factory, schema, groups: 0, group: None })
    }

    /// Writes columns in the order of the schema.
    ///
    /// # Errors
    /// Columns that do not fit the schema, or a full disk.
    pub(super) fn write(&mut self, columns: &[ArrayRef]) -> Result<()> {
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
        if self.group.as_ref().is_some_and(|group| group.rows >= GROUP_ROWS) {
            self.end_group()?;
        }
        let mut group = match self.group.take() {
            Some(group) => group,
            None => self.begin_group()?,
        };
        for ((writers, array), field) in group.columns.iter_mut().zip(columns).zip(self.schema.fields()) {
            for (writer, leaf) in writers.iter_mut().zip(compute_leaves(field, array)?) {
                writer.write(&leaf)?;
            }
        }
        group.rows += rows;
        self.group = Some(group);
        Ok(())
    }

    fn begin_group(&mut self) -> Result<Group> {
        let writers = self.factory.create_column_writers(self.groups)?;
        self.groups += 1;
        let leaves = self.file.schema_descr();
        let mut columns: Vec<Vec<ArrowColumnWriter>> = self.schema.fields().iter().map(|_| Vec::new()).collect();
        for (leaf, writer) in writers.into_iter().enumerate() {
            if let Some(column) = columns.get_mut(leaves.get_column_root_idx(leaf)) {
                column.push(writer);
            }
        }
        Ok(Group { columns, rows: 0 })
    }

    fn end_group(&mut self) -> Result<()> {
        let Some(group) = self.group.take() else { return Ok(()) };
        let mut writer = self.file.next_row_group()?;
        for leaf in group.columns.into_iter().flatten() {
            leaf.close()?.append_to_row_group(&mut writer)?;
        }
        writer.close()?;
        Ok(())
    }

    /// Ends the file and hands back what it was written to.
    ///
    /// # Errors
    /// A full disk.
    pub(super) fn finish(mut self) -> Result<W> {
        self.end_group()?;
        self.file.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, DictionaryArray, Int64Array, RecordBatch, StringArray, UInt32Array};
    use arrow::compute::concat_batches;
    use arrow::datatypes::{DataType, Field, Schema, UInt32Type};
    use goldsmith_config::model::Compression;
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
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let schema = Arc::clone(reader.schema());
        assert!(schema.fields().iter().all(|field| !matches!(field.data_type(), DataType::Dictionary(..))));
        let batches: Vec<_> = reader.build().unwrap().collect::<Result<_, _>>().unwrap();
        concat_batches(&schema, &batches).unwrap()
    }

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
