//! The schema a log keeps of its table: names, types, and how each column is called in the files.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, SchemaRef, TimeUnit};
use goldsmith_source::SourceError;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::action::Metadata;
use crate::protocol::{Mapping, Reading};

/// The columns of a table.
#[derive(Debug)]
pub(crate) struct TableSchema {
    pub(crate) columns: Vec<Column>,
    pub(crate) arrow: SchemaRef,
    pub(crate) reading: Reading,
}

/// A column, or a field of a struct.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// What files and partition values call it.
    pub(crate) physical: String,
    /// The id of the Parquet field, where columns are found so.
    pub(crate) id: Option<i64>,
    pub(crate) kind: Kind,
    /// Its values are in the log, not in the files.
    pub(crate) is_partition: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Plain(DataType),
    Struct(Vec<Column>),
    List(Box<Kind>),
    Map(Box<Kind>, Box<Kind>),
}

#[derive(Deserialize)]
struct StructType {
    fields: Vec<StructField>,
}

#[derive(Deserialize)]
struct StructField {
    name: String,
    #[serde(rename = "type")]
    data_type: Value,
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
}

impl TableSchema {
    /// Reads the schema in `metadata`. `place` names the table in errors.
    ///
    /// # Errors
    /// [`goldsmith_source::ErrorKind::Corrupt`] where it is none; [`goldsmith_source::ErrorKind::Config`] for a type
    /// that is not known.
    pub(crate) fn parse(metadata: &Metadata, reading: Reading, place: &str) -> Result<Self, SourceError> {
        let parser = Parser { mapping: reading.mapping, place };
        let table: StructType = serde_json::from_str(&metadata.schema_string)
            .map_err(|_| parser.broken("is no list of columns".to_owned()))?;
        let mut columns = parser.columns(table.fields, "")?;
        for name in &metadata.partition_columns {
            let column = columns.iter_mut().find(|column| column.name == *name);
            let column = column.filter(|column| matches!(column.kind, Kind::Plain(_)));
            column
                .ok_or_else(|| parser.broken(format!("has no plain column \"{name}\", by which files are parted")))?
                .is_partition = true;
        }
        let fields: Vec<FieldRef> = columns.iter().map(Column::field).collect();
        Ok(Self { columns, arrow: Arc::new(arrow::datatypes::Schema::new(fields)), reading })
    }
}

impl Column {
    pub(crate) fn field(&self) -> FieldRef {
        Arc::new(Field::new(&self.name, self.kind.arrow(), true))
    }
}

impl Kind {
    /// As it is handed out. Every field is nullable but the keys of maps.
    pub(crate) fn arrow(&self) -> DataType {
        match self {
            Self::Plain(data_type) => data_type.clone(),
            Self::Struct(columns) => DataType::Struct(columns.iter().map(Column::field).collect()),
            Self::List(item) => DataType::List(Arc::new(Field::new_list_field(item.arrow(), true))),
            Self::Map(key, value) => {
                let entries =
                    Fields::from(vec![Field::new("key", key.arrow(), false), Field::new("value", value.arrow(), true)]);
                DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), false)
            }
        }
    }
}

struct Parser<'a> {
    mapping: Mapping,
    place: &'a str,
}

impl Parser<'_> {
    fn broken(&self, what: String) -> SourceError {
        let message =
            format!("its log has a broken schema: it {what}; read an earlier version with the option version");
        SourceError::corrupt(self.place, message)
    }

    /// The fields of a struct at `path`, which ends with a dot or is empty.
    fn columns(&self, fields: Vec<StructField>, path: &str) -> Result<Vec<Column>, SourceError> {
        let mut columns: Vec<Column> = Vec::with_capacity(fields.len());
        for field in fields {
            let path = format!("{path}{}", field.name);
            if columns.iter().any(|column| column.name == field.name) {
                return Err(self.broken(format!("has two columns called \"{path}\"")));
            }
            let noted = |key: &str| field.metadata.as_ref().and_then(|metadata| metadata.get(key));
            let physical = match self.mapping {
                Mapping::None => field.name.clone(),
                Mapping::Name | Mapping::Id => noted("delta.columnMapping.physicalName")
                    .and_then(Value::as_str)
                    .ok_or_else(|| self.broken(format!("does not say what files call column \"{path}\"")))?
                    .to_owned(),
            };
            let id = noted("delta.columnMapping.id").and_then(Value::as_i64);
            if self.mapping == Mapping::Id && id.is_none() {
                return Err(self.broken(format!("gives column \"{path}\" no id")));
            }
            let kind = self.kind(field.data_type, &path)?;
            columns.push(Column { name: field.name, physical, id, kind, is_partition: false });
        }
        Ok(columns)
    }

    fn kind(&self, written: Value, path: &str) -> Result<Kind, SourceError> {
        let broken = || self.broken(format!("gives column \"{path}\" a type that is none"));
        let mut object = match written {
            Value::String(name) => return self.primitive(&name, path).map(Kind::Plain),
            Value::Object(object) => object,
            _ => return Err(broken()),
        };
        let name = object.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut inner = |key: &str, step: &str| match object.remove(key) {
            Some(inner) => self.kind(inner, &format!("{path}.{step}")).map(Box::new),
            None => Err(broken()),
        };
        match name.as_str() {
            "array" => Ok(Kind::List(inner("elementType", "element")?)),
            "map" => Ok(Kind::Map(inner("keyType", "key")?, inner("valueType", "value")?)),
            "struct" => {
                let table: StructType = serde_json::from_value(Value::Object(object)).map_err(|_| broken())?;
                self.columns(table.fields, &format!("{path}.")).map(Kind::Struct)
            }
            _ => Err(broken()),
        }
    }

    fn primitive(&self, name: &str, path: &str) -> Result<DataType, SourceError> {
        Ok(match name {
            "string" => DataType::Utf8,
            "long" => DataType::Int64,
            "integer" => DataType::Int32,
            "short" => DataType::Int16,
            "byte" => DataType::Int8,
            "float" => DataType::Float32,
            "double" => DataType::Float64,
            "boolean" => DataType::Boolean,
            "binary" => DataType::Binary,
            "date" => DataType::Date32,
            "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            "timestamp_ntz" => DataType::Timestamp(TimeUnit::Microsecond, None),
            "void" => DataType::Null,
            "decimal" => DataType::Decimal128(10, 0),
            _ => match decimal(name) {
                Some((precision, scale)) => DataType::Decimal128(precision, scale),
                None => {
                    let message = format!(
                        "column \"{path}\" has a type that is not known; copy the table into one without that column, \
                         or with another type of it"
                    );
                    return Err(SourceError::config(message).at(self.place));
                }
            },
        })
    }
}

/// `decimal(12,2)`
fn decimal(name: &str) -> Option<(u8, i8)> {
    let (precision, scale) = name.strip_prefix("decimal(")?.strip_suffix(')')?.split_once(',')?;
    let (precision, scale) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
    let fits = (1..=38).contains(&precision) && scale >= 0 && u8::try_from(scale).is_ok_and(|it| it <= precision);
    fits.then_some((precision, scale))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn parsed(fields: &str, partitions: &[&str], mapping: Mapping) -> Result<TableSchema, String> {
        let metadata = Metadata {
            format: None,
            schema_string: format!(r#"{{"type":"struct","fields":[{fields}]}}"#),
            partition_columns: partitions.iter().map(|&name| name.to_owned()).collect(),
            configuration: BTreeMap::new(),
        };
        TableSchema::parse(&metadata, Reading { mapping, widens: false }, "t").map_err(|error| error.to_string())
    }

    #[test]
    fn types_of_the_protocol_are_types_of_arrow() {
        let schema = parsed(
            r#"{"name":"a","type":"decimal(12,2)","nullable":false,"metadata":{}},
               {"name":"b","type":{"type":"array","elementType":"timestamp","containsNull":true}},
               {"name":"c","type":{"type":"map","keyType":"string","valueType":"byte","valueContainsNull":true}},
               {"name":"d","type":{"type":"struct","fields":[{"name":"x","type":"timestamp_ntz"}]}},
               {"name":"e","type":"void"}"#,
            &[],
            Mapping::None,
        );
        let shown: Vec<String> =
            schema.unwrap().arrow.fields().iter().map(|field| field.data_type().to_string()).collect();
        assert_eq!(
            shown,
            [
                "Decimal128(12, 2)",
                "List(Timestamp(µs, \"UTC\"))",
                "Map(\"entries\": non-null Struct(\"key\": non-null Utf8, \"value\": Int8), unsorted)",
                "Struct(\"x\": Timestamp(µs))",
                "Null",
            ]
        );
    }

    #[test]
    fn odd_schemas_are_refused() {
        let column = |kind: &str| format!(r#"{{"name":"a","type":{kind}}}"#);
        for (fields, partitions, expected) in [
            (column("\"variant\""), &[][..], "column \"a\" has a type that is not known"),
            (column("\"decimal(39,2)\""), &[], "column \"a\" has a type that is not known"),
            (column("\"decimal(3,4)\""), &[], "column \"a\" has a type that is not known"),
            (column("3"), &[], "it gives column \"a\" a type that is none"),
            (column(r#"{"type":"array"}"#), &[], "it gives column \"a\" a type that is none"),
            (column("\"long\""), &["b"], "it has no plain column \"b\""),
            (format!("{0},{0}", column("\"long\"")), &[], "it has two columns called \"a\""),
            ("{}".to_owned(), &[], "it is no list of columns"),
        ] {
            let error = parsed(&fields, partitions, Mapping::None).unwrap_err();
            assert!(error.contains(expected), "{fields}: {error}");
        }
        let error = parsed(&column("\"long\""), &[], Mapping::Name).unwrap_err();
        assert!(error.contains("does not say what files call column \"a\""), "{error}");
    }
}
