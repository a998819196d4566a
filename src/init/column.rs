//! Sampled rows as columns of text, nested ones spread out: `contact: {name}` becomes `contact.name`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Fields};
use goldsmith_standardize::placeholder::{PlaceholderKind, is_placeholder};
use hashbrown::HashSet;

/// Distinct values that are looked at to say what a column holds.
const LOOKED_AT: usize = 400;

/// What the source itself says of the type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Native {
    Text,
    Integer,
    Number,
    Boolean,
    Date,
    Timestamp,
    /// Bytes, durations and whatever else has no text form.
    Opaque,
}

/// How many values a cell holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    One,
    List,
    /// A list of objects, given by their members of one value each.
    Objects(Vec<Column>),
}

/// A column of the sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    /// Its name, with those of the objects it lies in before it.
    pub(super) path: Vec<String>,
    pub(super) native: Native,
    pub(super) shape: Shape,
    /// For each row its values; empty text is none.
    pub(super) cells: Vec<Vec<String>>,
}

/// A table of the sample.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// Its name in the source.
    pub(super) name: String,
    pub(super) rows: usize,
    pub(super) columns: Vec<Column>,
}

impl Table {
    /// Spreads sampled batches out into columns. Types that have no text form become columns without values.
    pub(super) fn new(name: &str, fields: &Fields, batches: &[RecordBatch]) -> Self {
        let mut columns = Vec::new();
        for (position, field) in fields.iter().enumerate() {
            let arrays: Vec<ArrayRef> =
                batches.iter().filter_map(|batch| batch.columns().get(position).cloned()).collect();
            spread(vec![field.name().clone()], field.data_type(), &arrays, &mut columns);
        }
        Self { name: name.to_owned(), rows: batches.iter().map(RecordBatch::num_rows).sum(), columns }
    }

    /// The same table with only the rows at `rows`.
    pub(super) fn only(&self, rows: &[usize]) -> Self {
        let columns = self.columns.iter().map(|column| column.only(rows)).collect();
        Self { name: self.name.clone(), rows: rows.len(), columns }
    }
}

fn spread(path: Vec<String>, data_type: &DataType, arrays: &[ArrayRef], columns: &mut Vec<Column>) {
    let cells = |rows: &dyn Fn(&ArrayRef) -> Vec<Vec<String>>| arrays.iter().flat_map(rows).collect::<Vec<_>>();
    match data_type {
        DataType::Struct(fields) => {
            for (position, field) in fields.iter().enumerate() {
                let inner: Vec<ArrayRef> = arrays.iter().map(|array| member(array, position)).collect();
                let mut path = path.clone();
                path.push(field.name().clone());
                spread(path, field.data_type(), &inner, columns);
            }
        }
        DataType::List(item) => match item.data_type() {
            DataType::Struct(fields) => {
                let members = fields.iter().enumerate().filter(|(_, field)| !field.data_type().is_nested());
                let members = members.map(|(position, field)| Column {
                    path: vec![field.name().clone()],
                    native: native(field.data_type()),
                    shape: Shape::List,
                    cells: cells(&|array| {
                        list_cells(array, &|values| {
                            values.as_struct_opt().and_then(|s| s.columns().get(position)).cloned()
                        })
                    }),
                });
                let members: Vec<Column> = members.collect();
                // What an object of the list holds at all: the first members of many are empty.
                let rows = cells(&|array| {
                    list_cells(array, &|values| {
                        let objects = values.as_struct_opt()?;
                        let members: Vec<Vec<Option<String>>> = objects.columns().iter().map(texts).collect();
                        let held = |row| members.iter().find_map(|member| member.get(row).cloned().flatten());
                        Some(Arc::new((0..objects.len()).map(held).collect::<StringArray>()))
                    })
                });
                columns.push(Column { path, native: Native::Opaque, shape: Shape::Objects(members), cells: rows });
            }
            inner if inner.is_nested() => {}
            inner => columns.push(Column {
                path,
                native: native(inner),
                shape: Shape::List,
                cells: cells(&|array| list_cells(array, &|values| Some(values.clone()))),
            }),
        },
        // Maps and the rarer lists are left to the reader of the pipeline file.
        other if other.is_nested() => {}
        _ => columns.push(Column {
            path,
            native: native(data_type),
            shape: Shape::One,
            cells: cells(&|array| texts(array).into_iter().map(|value| value.into_iter().collect()).collect()),
        }),
    }
}

/// The values of a member of objects; null where the object is.
fn member(array: &ArrayRef, position: usize) -> ArrayRef {
    let objects = array.as_struct();
    let inner = objects.columns().get(position).cloned().unwrap_or_else(|| objects.column(0).clone());
    match objects.nulls() {
        None => inner,
        Some(_) => {
            let present: arrow::array::BooleanArray =
                (0..objects.len()).map(|row| Some(objects.is_null(row))).collect();
            arrow::compute::nullif(&inner, &present).unwrap_or(inner)
        }
    }
}

type Inside<'a> = &'a dyn Fn(&ArrayRef) -> Option<ArrayRef>;

fn list_cells(array: &ArrayRef, inside: Inside<'_>) -> Vec<Vec<String>> {
    let Some(list) = array.as_list_opt::<i32>() else { return vec![Vec::new(); array.len()] };
    let Some(values) = inside(list.values()) else { return vec![Vec::new(); array.len()] };
    let values = texts(&values);
    (0..list.len())
        .map(|row| {
            if list.is_null(row) {
                return Vec::new();
            }
            let bounds = list.value_offsets().get(row..row + 2).and_then(|two| Some((two.first()?, two.last()?)));
            let (start, end) = bounds.map_or((0, 0), |(start, end)| {
                (usize::try_from(*start).unwrap_or(0), usize::try_from(*end).unwrap_or(0))
            });
            values.get(start..end).unwrap_or_default().iter().flatten().cloned().collect()
        })
        .collect()
}

fn texts(array: &ArrayRef) -> Vec<Option<String>> {
    let none = || vec![None; array.len()];
    if native(array.data_type()) == Native::Opaque {
        return none();
    }
    let Ok(text) = cast(array, &DataType::Utf8) else { return none() };
    let Some(text) = text.as_string_opt::<i32>() else { return none() };
    text.iter().map(|value| value.map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned)).collect()
}

fn native(data_type: &DataType) -> Native {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => Native::Text,
        DataType::Boolean => Native::Boolean,
        DataType::Date32 | DataType::Date64 => Native::Date,
        DataType::Timestamp(..) => Native::Timestamp,
        DataType::Decimal32(_, 0) | DataType::Decimal64(_, 0) | DataType::Decimal128(_, 0) => Native::Integer,
        other if other.is_integer() => Native::Integer,
        other if other.is_numeric() => Native::Number,
        _ => Native::Opaque,
    }
}

impl Column {
    /// The column as SQL.
    pub(super) fn sql(&self) -> String {
        self.path.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(".")
    }

    /// The column's name as people say it.
    pub(super) fn label(&self) -> String {
        self.path.join(".")
    }

    /// Its one value in a row.
    pub(super) fn value(&self, row: usize) -> Option<&str> {
        self.cells.get(row).and_then(|cell| cell.first()).map(String::as_str)
    }

    pub(super) fn is_single(&self) -> bool {
        self.shape == Shape::One
    }

    /// Every value of the sample that does not stand for "nothing".
    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        self.cells.iter().flatten().map(String::as_str).filter(|value| !is_placeholder(PlaceholderKind::Text, value))
    }

    /// Rows that hold a value.
    pub(super) fn filled(&self) -> usize {
        self.cells.iter().filter(|cell| !cell.is_empty()).count()
    }

    /// Its different values, in order of appearance.
    pub(super) fn distinct(&self) -> Vec<&str> {
        let mut seen = HashSet::new();
        self.values().filter(|value| seen.insert(*value)).collect()
    }

    /// Share of the values for which `holds`, over the first different ones; nothing where there is no value.
    pub(super) fn share(&self, holds: impl Fn(&str) -> bool) -> Option<f64> {
        let values = self.distinct();
        let looked_at = values.get(..LOOKED_AT.min(values.len())).unwrap_or_default();
        share_of(looked_at, holds)
    }

    /// Share of the values that hold, each counted as often as it occurs: that of words of which there are few.
    pub(super) fn share_of_rows(&self, holds: impl Fn(&str) -> bool) -> Option<f64> {
        let values: Vec<&str> = self.values().collect();
        share_of(&values, holds)
    }

    fn only(&self, rows: &[usize]) -> Self {
        let pick =
            |cells: &[Vec<String>]| rows.iter().map(|row| cells.get(*row).cloned().unwrap_or_default()).collect();
        let shape = match &self.shape {
            Shape::Objects(members) => Shape::Objects(members.iter().map(|member| member.only(rows)).collect()),
            other => other.clone(),
        };
        Self { path: self.path.clone(), native: self.native, shape, cells: pick(&self.cells) }
    }

    /// A column of text.
    #[cfg(test)]
    pub(super) fn text(name: &str, values: &[&str]) -> Self {
        let cells = values.iter().map(|value| if value.is_empty() { Vec::new() } else { vec![(*value).to_owned()] });
        Self { path: vec![name.to_owned()], native: Native::Text, shape: Shape::One, cells: cells.collect() }
    }
}

/// Names and values of columns of text, as tests write them.
#[cfg(test)]
pub(super) type Columns<'a> = &'a [(&'a str, &'a [&'a str])];

#[cfg(test)]
impl Table {
    /// A table of text.
    pub(super) fn text(name: &str, columns: Columns<'_>) -> Self {
        let rows = columns.first().map_or(0, |(_, values)| values.len());
        let columns = columns.iter().map(|(name, values)| Column::text(name, values)).collect();
        Self { name: name.to_owned(), rows, columns }
    }
}

/// Share of `values` for which `holds`; nothing where there are none.
#[expect(clippy::cast_precision_loss, reason = "a sample is small")]
pub(super) fn share_of(values: &[&str], holds: impl Fn(&str) -> bool) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    Some(values.iter().filter(|value| holds(value)).count() as f64 / values.len() as f64)
}

/// A name as an SQL identifier, in quotes where it needs them.
pub(super) fn quoted(name: &str) -> String {
    let plain = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && !RESERVED.contains(&name.to_ascii_lowercase().as_str());
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// Words that mean something else to SQL where they stand alone.
const RESERVED: [&str; 48] = [
    "all",
    "and",
    "any",
    "array",
    "as",
    "between",
    "by",
    "case",
    "cast",
    "create",
    "cross",
    "current_date",
    "current_time",
    "current_timestamp",
    "distinct",
    "else",
    "end",
    "except",
    "exists",
    "extract",
    "false",
    "from",
    "full",
    "group",
    "having",
    "in",
    "interval",
    "into",
    "is",
    "join",
    "like",
    "limit",
    "not",
    "null",
    "offset",
    "on",
    "or",
    "order",
    "select",
    "set",
    "table",
    "then",
    "true",
    "union",
    "unnest",
    "using",
    "when",
    "where",
];

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array, ListArray, StringArray, StructArray};
    use arrow::buffer::{NullBuffer, OffsetBuffer};
    use arrow::datatypes::{Field, Schema};

    use super::*;

    fn strings(values: &[Option<&str>]) -> ArrayRef {
        Arc::new(StringArray::from(values.to_vec()))
    }

    #[test]
    fn nested_values_become_columns_of_their_own() {
        let text = |name: &str| Arc::new(Field::new(name, DataType::Utf8, true));
        let phone_fields = Fields::from(vec![text("number"), text("type")]);
        let phones = StructArray::new(
            phone_fields.clone(),
            vec![strings(&[Some("1"), Some("2"), Some("3")]), strings(&[Some("home"), None, Some("work")])],
            None,
        );
        let item = Arc::new(Field::new("item", DataType::Struct(phone_fields), true));
        let phones: ArrayRef =
            Arc::new(ListArray::new(item, OffsetBuffer::from_lengths([2, 1]), Arc::new(phones), None));
        let contact_fields =
            Fields::from(vec![text("name"), Arc::new(Field::new("phones", phones.data_type().clone(), true))]);
        // The second object is null, whatever its members hold.
        let contact = StructArray::new(
            contact_fields.clone(),
            vec![strings(&[Some(" Ada "), Some("hidden")]), phones],
            Some(NullBuffer::from(vec![true, false])),
        );
        let schema = Schema::new(vec![
            Field::new("id", DataType::Int64, true),
            Field::new("contact", DataType::Struct(contact_fields), true),
        ]);
        let batch = RecordBatch::try_new(
            Arc::new(schema.clone()),
            vec![Arc::new(Int64Array::from(vec![7, 8])), Arc::new(contact)],
        )
        .unwrap();
        let table = Table::new("t", schema.fields(), &[batch]);
        let names: Vec<String> = table.columns.iter().map(Column::sql).collect();
        assert_eq!(names, ["id", "contact.name", "contact.phones"]);
        assert_eq!(table.columns[0].value(1), Some("8"));
        assert_eq!((table.columns[1].value(0), table.columns[1].value(1)), (Some("Ada"), None));
        let Shape::Objects(members) = &table.columns[2].shape else { panic!("a list of objects") };
        assert_eq!(members[0].cells, [vec!["1".to_owned(), "2".to_owned()], vec![]]);
        assert_eq!(table.only(&[1]).columns[0].value(0), Some("8"));
    }

    #[test]
    fn identifiers_are_quoted_where_they_must() {
        for (name, expected) in [
            ("email", "email"),
            ("Email", "Email"),
            ("Site name", "\"Site name\""),
            ("by", "\"by\""),
            ("2020", "\"2020\""),
            ("a\"b", "\"a\"\"b\""),
            ("é", "\"é\""),
            ("", "\"\""),
        ] {
            assert_eq!(quoted(name), expected, "{name}");
        }
    }
}
