//! Rows to Arrow columns of the kinds inferred before.

use std::sync::Arc;

use arrow::array::builder::NullBufferBuilder;
use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, ListArray, RecordBatch, RecordBatchOptions,
    StringBuilder, StructArray, TimestampMicrosecondBuilder,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;

use crate::declared::whole;
use crate::infer::{Kind, Members};
use crate::parse::{Node, Object, render};
use crate::time;

/// A value does not have the kind inferred: the rows changed between the two passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed;

/// The columns of a batch in the making.
pub struct Table<'a> {
    members: &'a Members,
    /// Position among the members, and the values so far, of each column wanted.
    columns: Vec<(usize, Column)>,
    schema: SchemaRef,
    rows: usize,
}

impl<'a> Table<'a> {
    /// `wanted` are positions among the members.
    #[must_use]
    pub fn new(members: &'a Members, wanted: &[usize]) -> Self {
        let chosen: Vec<(usize, (&str, &Kind))> =
            wanted.iter().filter_map(|&at| members.iter().nth(at).map(|member| (at, member))).collect();
        let fields: Vec<Field> =
            chosen.iter().map(|(_, (name, kind))| Field::new(*name, kind.data_type(), true)).collect();
        let columns = chosen.iter().map(|(at, (_, kind))| (*at, Column::new(kind))).collect();
        Self { members, columns, schema: Arc::new(Schema::new(fields)), rows: 0 }
    }

    /// Adds a row.
    ///
    /// # Errors
    /// Where it does not fit the members; the batch is of no use then.
    pub fn push(&mut self, object: &Object<'_>) -> Result<(), Changed> {
        let slots = slots(self.members, object)?;
        for (at, column) in &mut self.columns {
            column.push(slots.get(*at).copied().flatten())?;
        }
        self.rows += 1;
        Ok(())
    }

    /// The rows so far as a batch; the next one starts empty.
    ///
    /// # Errors
    /// Where columns do not fit together, which is a fault of this crate.
    pub fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let arrays: Result<Vec<ArrayRef>, ArrowError> =
            self.columns.iter_mut().map(|(_, column)| column.finish()).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(std::mem::take(&mut self.rows)));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays?, &options)
    }
}

/// For each member its value in an object; of several of one name the last.
pub(crate) fn slots<'n>(members: &Members, object: &'n Object<'n>) -> Result<Vec<Option<&'n Node<'n>>>, Changed> {
    let mut slots = vec![None; members.len()];
    for (guess, (name, value)) in object.iter().enumerate() {
        match members.position(name, guess).and_then(|at| slots.get_mut(at)) {
            Some(slot) => *slot = Some(value),
            None if members.is_declared => {}
            None => return Err(Changed),
        }
    }
    Ok(slots)
}

enum Column {
    Bool(BooleanBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Text(StringBuilder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
    List { offsets: Vec<i32>, valid: NullBufferBuilder, items: Box<Column>, item_type: DataType },
    Struct { members: Members, children: Vec<Column>, valid: NullBufferBuilder },
}

impl Column {
    fn new(kind: &Kind) -> Self {
        match kind {
            Kind::Bool => Self::Bool(BooleanBuilder::new()),
            Kind::Int { .. } => Self::Int(Int64Builder::new()),
            Kind::Float => Self::Float(Float64Builder::new()),
            Kind::Date => Self::Date(Date32Builder::new()),
            Kind::Timestamp => Self::Timestamp(TimestampMicrosecondBuilder::new()),
            Kind::List(items) => Self::List {
                offsets: vec![0],
                valid: NullBufferBuilder::new(0),
                items: Box::new(Self::new(items)),
                item_type: items.data_type(),
            },
            Kind::Struct(members) if !members.is_empty() => Self::Struct {
                members: members.clone(),
                children: members.iter().map(|(_, kind)| Self::new(kind)).collect(),
                valid: NullBufferBuilder::new(0),
            },
            Kind::Unknown | Kind::Text | Kind::Struct(_) => Self::Text(StringBuilder::new()),
        }
    }

    fn push(&mut self, node: Option<&Node<'_>>) -> Result<(), Changed> {
        let node = node.filter(|node| !matches!(node, Node::Null));
        match (self, node) {
            (Self::Bool(values), None) => values.append_null(),
            (Self::Bool(values), Some(Node::Bool(value))) => values.append_value(*value),
            (Self::Int(values), None) => values.append_null(),
            (Self::Int(values), Some(Node::Number(digits))) => {
                values.append_value(whole(digits).ok_or(Changed)?);
            }
            (Self::Float(values), None) => values.append_null(),
            (Self::Float(values), Some(Node::Number(digits))) => {
                values.append_value(digits.parse().map_err(|_| Changed)?);
            }
            (Self::Text(values), None) => values.append_null(),
            (Self::Text(values), Some(Node::Text(text))) => values.append_value(text),
            (Self::Text(values), Some(other)) => {
                let mut text = String::new();
                render(other, &mut text);
                values.append_value(text);
            }
            (Self::Date(values), None) => values.append_null(),
            (Self::Date(values), Some(Node::Text(text))) => values.append_value(time::date(text).ok_or(Changed)?),
            (Self::Timestamp(values), None) => values.append_null(),
            (Self::Timestamp(values), Some(Node::Text(text))) => {
                values.append_value(time::timestamp(text).ok_or(Changed)?);
            }
            (Self::List { offsets, valid, items, .. }, node) => {
                let mut end = offsets.last().copied().unwrap_or_default();
                match node {
                    None => valid.append_null(),
                    Some(Node::List(list)) => {
                        list.iter().try_for_each(|item| items.push(Some(item)))?;
                        // A batch holds far fewer values than an i32 counts: its bytes are bounded.
                        end =
                            i32::try_from(list.len()).ok().and_then(|length| end.checked_add(length)).ok_or(Changed)?;
                        valid.append_non_null();
                    }
                    Some(_) => return Err(Changed),
                }
                offsets.push(end);
            }
            (Self::Struct { members, children, valid }, node) => match node {
                None => {
                    children.iter_mut().try_for_each(|child| child.push(None))?;
                    valid.append_null();
                }
                Some(Node::Object(object)) => {
                    let slots = slots(members, object)?;
                    children.iter_mut().zip(slots).try_for_each(|(child, slot)| child.push(slot))?;
                    valid.append_non_null();
                }
                Some(_) => return Err(Changed),
            },
            _ => return Err(Changed),
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Bool(values) => Arc::new(values.finish()),
            Self::Int(values) => Arc::new(values.finish()),
            Self::Float(values) => Arc::new(values.finish()),
            Self::Text(values) => Arc::new(values.finish()),
            Self::Date(values) => Arc::new(values.finish()),
            Self::Timestamp(values) => Arc::new(values.finish().with_timezone("UTC")),
            Self::List { offsets, valid, items, item_type } => {
                let offsets = OffsetBuffer::new(std::mem::replace(offsets, vec![0]).into());
                let field = Arc::new(Field::new_list_field(item_type.clone(), true));
                Arc::new(ListArray::try_new(field, offsets, items.finish()?, valid.finish())?)
            }
            Self::Struct { members, children, valid } => {
                let children: Result<Vec<ArrayRef>, ArrowError> = children.iter_mut().map(Self::finish).collect();
                Arc::new(StructArray::try_new(members.fields(), children?, valid.finish())?)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};

    use super::*;
    use crate::parse::parse;

    #[test]
    fn every_value_finds_its_place_in_the_columns_of_all_rows() {
        let rows = [
            r#"{"id":1,"odd":1,"tags":["a"],"contact":{"mail":"x"}}"#,
            r#"{"id":2,"odd":{"a":10000000000000000000001},"contact":{"fax":true}}"#,
            r#"{"odd":"text","tags":[null,2.50],"id":null}"#,
        ];
        let nodes: Vec<Node<'_>> = rows.iter().map(|row| parse(row).unwrap()).collect();
        let mut members = Members::default();
        let objects = || nodes.iter().map(|node| if let Node::Object(object) = node { object } else { panic!() });
        objects().for_each(|object| members.widen(object));
        let mut table = Table::new(&members, &[1, 2, 3, 0]);
        objects().for_each(|object| table.push(object).unwrap());
        let batch = table.finish().unwrap();
        let odd: Vec<Option<&str>> = batch.column(0).as_string::<i32>().iter().collect();
        assert_eq!(odd, [Some("1"), Some("{\"a\":10000000000000000000001}"), Some("text")]);
        let tags = batch.column(1).as_list::<i32>();
        assert_eq!(tags.nulls().map(|nulls| nulls.is_null(1)), Some(true));
        let items: Vec<Option<&str>> = tags.values().as_string::<i32>().iter().collect();
        assert_eq!(items, [Some("a"), None, Some("2.50")]);
        let faxes = batch.column(2).as_struct().column(1).as_boolean();
        assert_eq!((faxes.is_null(0), faxes.value(1), batch.column(2).is_null(2)), (true, true, true));
        assert_eq!(table.finish().unwrap().num_rows(), 0);
    }

    #[test]
    fn a_row_of_another_kind_is_noticed() {
        let mut members = Members::default();
        let Node::Object(first) = parse(r#"{"id":1}"#).unwrap() else { panic!() };
        members.widen(&first);
        for other in [r#"{"id":"x"}"#, r#"{"id":1.5}"#, r#"{"id":[]}"#, r#"{"new":1}"#] {
            let Node::Object(object) = parse(other).unwrap() else { panic!() };
            assert_eq!(Table::new(&members, &[0]).push(&object), Err(Changed), "{other}");
        }
    }
}
