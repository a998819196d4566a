//! One schema for all files of a source of Arrow batches, and batches brought into it.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;

use crate::SourceError;

/// The columns of all `files` (each with its name), in order of first appearance. Only names and types matter: whether a file declares a
/// column as required, or how it encodes it, differs from writer to writer.
///
/// # Errors
/// [`crate::ErrorKind::Corrupt`] where one name has two types, or one file has a name twice.
pub fn union<'a>(files: impl IntoIterator<Item = (&'a str, &'a Schema)>) -> Result<Schema, SourceError> {
    let mut columns: Vec<(Field, &str)> = Vec::new();
    for (file, schema) in files {
        for (at, field) in schema.fields().iter().enumerate() {
            if schema.fields().iter().take(at).any(|earlier| earlier.name() == field.name()) {
                let message = format!(
                    "has two columns called \"{}\", so neither can be named; write the file with different names",
                    field.name()
                );
                return Err(SourceError::corrupt(file, message));
            }
            let data_type = plain(field.data_type());
            match columns.iter_mut().find(|(known, _)| known.name() == field.name()) {
                None => columns.push((Field::new(field.name(), data_type, true), file)),
                // A column of nulls only may be written without a type.
                Some((known, owner)) if *known.data_type() == DataType::Null => {
                    *known = Field::new(field.name(), data_type, true);
                    *owner = file;
                }
                Some((known, _)) if *known.data_type() == data_type || data_type == DataType::Null => {}
                Some((known, owner)) => {
                    let message = format!(
                        "column \"{}\" is {data_type} here and {} in {}; write both with one type, or make each file a \
                         source of its own",
                        field.name(),
                        known.data_type(),
                        owner
                    );
                    return Err(SourceError::corrupt(file, message));
                }
            }
        }
    }
    Ok(Schema::new(columns.into_iter().map(|(field, _)| field).collect::<Vec<_>>()))
}

/// `batch` with the columns and types of `wanted`: those it lacks are null.
///
/// # Errors
/// Where a value does not fit its type; never for a schema that [`union`] made of the batch's own.
pub fn conform(batch: &RecordBatch, wanted: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(wanted.fields().len());
    for field in wanted.fields() {
        columns.push(match batch.column_by_name(field.name()) {
            None => new_null_array(field.data_type(), batch.num_rows()),
            Some(array) if array.data_type() == field.data_type() => array.clone(),
            Some(array) => cast_with_options(array, field.data_type(), &strict)?,
        });
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(wanted.clone(), columns, &options)
}

/// `data_type` without what only says how values are encoded: dictionaries, views and large offsets.
fn plain(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, values) => plain(values),
        DataType::RunEndEncoded(_, values) => plain(values.data_type()),
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView => DataType::Binary,
        DataType::List(item) | DataType::LargeList(item) | DataType::ListView(item) | DataType::LargeListView(item) => {
            DataType::List(plain_field(item))
        }
        DataType::FixedSizeList(item, length) => DataType::FixedSizeList(plain_field(item), *length),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(plain_field).collect()),
        other => other.clone(),
    }
}

fn plain_field(field: &FieldRef) -> FieldRef {
    Arc::new(Field::new(field.name(), plain(field.data_type()), true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_matched_by_name_and_encodings_do_not_matter() {
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::LargeUtf8));
        let one = Schema::new(vec![Field::new("id", DataType::Int64, false), Field::new("name", dictionary, true)]);
        let two = Schema::new(vec![
            Field::new("name", DataType::Utf8View, true),
            Field::new("id", DataType::Null, true),
            Field::new("born", DataType::Date32, false),
        ]);
        let merged = union([("a", &one), ("b", &two)]).expect("they fit");
        let shown: Vec<String> = merged
            .fields()
            .iter()
            .map(|field| format!("{} {} {}", field.name(), field.data_type(), field.is_nullable()))
            .collect();
        assert_eq!(shown, ["id Int64 true", "name Utf8 true", "born Date32 true"]);
    }

    #[test]
    fn one_name_with_two_types_names_both_files() {
        let one = Schema::new(vec![Field::new("id", DataType::Int64, false)]);
        let two = Schema::new(vec![Field::new("id", DataType::Utf8, false)]);
        let error = union([("a.parquet", &one), ("b.parquet", &two)]).expect_err("they do not fit");
        assert_eq!(
            error.to_string(),
            "b.parquet: column \"id\" is Utf8 here and Int64 in a.parquet; write both with one type, or make each file a \
             source of its own"
        );
    }
}
