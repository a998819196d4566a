//! JSON objects as Arrow batches: the types from all values, then the values.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::json::ReaderBuilder;
use serde_json::{Map, Value};

/// Integers up to here are exact as [`f64`].
const EXACT_F64: u64 = 1 << 53;
/// Depth from which what is nested stays JSON text.
const MAX_DEPTH: usize = 32;
/// Different members of one nested object, beyond which it stays JSON text.
const MAX_MEMBERS: usize = 1_000;

/// What the values at one place have been so far.
#[derive(Debug, Clone, PartialEq)]
enum Shape {
    Null,
    Boolean,
    /// Whether one of them would lose digits as a float.
    Integer(bool),
    Float,
    Text,
    List(Box<Shape>),
    Object(Vec<(String, Shape)>),
    /// Kinds that do not go together: kept as text, objects and lists as JSON.
    Mixed,
}

/// The columns of `rows`, in order of first appearance.
pub(crate) fn schema<'a>(rows: impl IntoIterator<Item = &'a Map<String, Value>>) -> SchemaRef {
    let mut columns = Vec::new();
    for row in rows {
        merge_object(&mut columns, row, 0);
    }
    Arc::new(Schema::new(fields(&columns)))
}

/// `rows` with the columns of `schema`.
pub(crate) fn batch(rows: Vec<&Map<String, Value>>, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let fitted: Vec<Value> = rows.into_iter().map(|row| fit_object(row, schema.fields())).collect();
    let mut decoder = ReaderBuilder::new(schema.clone()).with_batch_size(fitted.len().max(1)).build_decoder()?;
    decoder.serialize(&fitted)?;
    Ok(decoder.flush()?.unwrap_or_else(|| RecordBatch::new_empty(schema.clone())))
}

fn merge_object(columns: &mut Vec<(String, Shape)>, object: &Map<String, Value>, depth: usize) {
    for (guess, (name, value)) in object.iter().enumerate() {
        // Rows mostly have the same members in the same order.
        let is_there = columns.get(guess).is_some_and(|(known, _)| known == name);
        let found = if is_there { Some(guess) } else { columns.iter().position(|(known, _)| known == name) };
        let at = found.unwrap_or_else(|| {
            columns.push((name.clone(), Shape::Null));
            columns.len() - 1
        });
        if let Some((_, shape)) = columns.get_mut(at) {
            merge(shape, value, depth + 1);
        }
    }
}

fn merge(shape: &mut Shape, value: &Value, depth: usize) {
    let taken = std::mem::replace(shape, Shape::Mixed);
    *shape = match (taken, value) {
        (known, Value::Null) => known,
        (Shape::Null | Shape::Boolean, Value::Bool(_)) => Shape::Boolean,
        (Shape::Null | Shape::Text, Value::String(_)) => Shape::Text,
        (known, Value::Number(number)) => {
            let huge = number.as_i64().map(|number| number.unsigned_abs() > EXACT_F64);
            match (known, huge) {
                (Shape::Null, Some(huge)) => Shape::Integer(huge),
                (Shape::Integer(was), Some(huge)) => Shape::Integer(was || huge),
                (Shape::Null | Shape::Float | Shape::Integer(false), None) if number.is_f64() => Shape::Float,
                (Shape::Float, Some(false)) => Shape::Float,
                _ => Shape::Mixed,
            }
        }
        (Shape::Null, Value::Array(items)) if depth < MAX_DEPTH => merge_items(Shape::Null, items, depth),
        (Shape::List(item), Value::Array(items)) => merge_items(*item, items, depth),
        (Shape::Null, Value::Object(object)) if depth < MAX_DEPTH => merge_fields(Vec::new(), object, depth),
        (Shape::Object(fields), Value::Object(object)) => merge_fields(fields, object, depth),
        _ => Shape::Mixed,
    };
}

fn merge_items(mut item: Shape, items: &[Value], depth: usize) -> Shape {
    items.iter().for_each(|value| merge(&mut item, value, depth + 1));
    Shape::List(Box::new(item))
}

fn merge_fields(mut fields: Vec<(String, Shape)>, object: &Map<String, Value>, depth: usize) -> Shape {
    merge_object(&mut fields, object, depth);
    // Beyond, it is a map with data for names.
    if fields.len() > MAX_MEMBERS { Shape::Mixed } else { Shape::Object(fields) }
}

fn fields(columns: &[(String, Shape)]) -> Fields {
    columns.iter().map(|(name, shape)| Field::new(name, data_type(shape), true)).collect()
}

fn data_type(shape: &Shape) -> DataType {
    match shape {
        Shape::Boolean => DataType::Boolean,
        Shape::Integer(_) => DataType::Int64,
        Shape::Float => DataType::Float64,
        Shape::List(item) => DataType::List(Arc::new(Field::new("item", data_type(item), true))),
        Shape::Object(columns) if !columns.is_empty() => DataType::Struct(fields(columns)),
        Shape::Null | Shape::Text | Shape::Mixed | Shape::Object(_) => DataType::Utf8,
    }
}

fn fit_object(object: &Map<String, Value>, fields: &Fields) -> Value {
    let fitted = fields.iter().filter_map(|field| {
        object.get(field.name()).map(|value| (field.name().clone(), fit(value, field.data_type())))
    });
    Value::Object(fitted.collect())
}

/// `value` as the decoder wants it for a column of this type.
fn fit(value: &Value, data_type: &DataType) -> Value {
    match (value, data_type) {
        (Value::Null | Value::String(_), _) => value.clone(),
        (other, DataType::Utf8) => Value::String(other.to_string()),
        (Value::Array(items), DataType::List(item)) => {
            Value::Array(items.iter().map(|value| fit(value, item.data_type())).collect())
        }
        (Value::Object(object), DataType::Struct(fields)) => fit_object(object, fields),
        (other, _) => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_rows_together_decide_the_types() {
        let value = json!([
            { "id": 1, "share": 1, "tags": ["a"], "contact": { "email": "x" }, "odd": 1, "big": 1.5, "none": null },
            { "id": 2, "share": 0.5, "tags": [], "contact": { "fax": true }, "odd": { "a": 1 }, "big": 9007199254740993_i64 },
            { "extra": {}, "huge": 18446744073709551615_u64, "odd": "text" }
        ]);
        let rows: Vec<&Map<String, Value>> = value.as_array().unwrap().iter().filter_map(Value::as_object).collect();
        let schema = schema(rows.iter().copied());
        let shown: Vec<String> =
            schema.fields().iter().map(|field| format!("{}: {}", field.name(), field.data_type())).collect();
        assert_eq!(
            shown,
            [
                "id: Int64",
                "share: Float64",
                "tags: List(Utf8)",
                "contact: Struct(\"email\": Utf8, \"fax\": Boolean)",
                "odd: Utf8",
                "big: Utf8",
                "none: Utf8",
                "extra: Utf8",
                "huge: Utf8",
            ]
        );
        let batch = batch(rows, &schema).unwrap();
        let odd: Vec<Option<&str>> = arrow::array::AsArray::as_string::<i32>(batch.column(4).as_ref()).iter().collect();
        assert_eq!(odd, [Some("1"), Some("{\"a\":1}"), Some("text")]);
    }
}
