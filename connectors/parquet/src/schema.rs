//! One schema for all files of a source.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use goldsmith_source::SourceError;
use goldsmith_source::files::InputFile;

/// The columns of all `files`, in order of first appearance. Only names and types matter: whether a file declares a
/// column as required, or how it encodes it, differs from writer to writer.
///
/// # Errors
/// Where one name has two types, or one file has a name twice.
pub(crate) fn union<'a>(files: impl IntoIterator<Item = (&'a InputFile, &'a Schema)>) -> Result<Schema, SourceError> {
    let mut columns: Vec<(Field, &InputFile)> = Vec::new();
    for (file, schema) in files {
        for (at, field) in schema.fields().iter().enumerate() {
            if schema.fields().iter().take(at).any(|earlier| earlier.name() == field.name()) {
                let message = format!(
                    "has two columns called \"{}\", so neither can be named; write the file with different names",
                    field.name()
                );
                return Err(SourceError::corrupt(&*file.name, message));
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
                        owner.name
                    );
                    return Err(SourceError::corrupt(&*file.name, message));
                }
            }
        }
    }
    Ok(Schema::new(columns.into_iter().map(|(field, _)| field).collect::<Vec<_>>()))
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

    fn file(name: &str) -> InputFile {
        InputFile { name: name.into(), path: name.into() }
    }

    #[test]
    fn columns_are_matched_by_name_and_encodings_do_not_matter() {
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::LargeUtf8));
        let one = Schema::new(vec![Field::new("id", DataType::Int64, false), Field::new("name", dictionary, true)]);
        let two = Schema::new(vec![
            Field::new("name", DataType::Utf8View, true),
            Field::new("id", DataType::Null, true),
            Field::new("born", DataType::Date32, false),
        ]);
        let (a, b) = (file("a"), file("b"));
        let merged = union([(&a, &one), (&b, &two)]).expect("they fit");
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
        let (a, b) = (file("a.parquet"), file("b.parquet"));
        let error = union([(&a, &one), (&b, &two)]).expect_err("they do not fit");
        assert_eq!(
            error.to_string(),
            "b.parquet: column \"id\" is Utf8 here and Int64 in a.parquet; write both with one type, or make each file a \
             source of its own"
        );
    }
}
