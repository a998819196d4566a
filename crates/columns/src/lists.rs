//! Repeatable attributes: entries of raw parts in, a list of normalised structs out.
//!
//! The raw parts of an entry may be single values, lists (an array in a JSON document) or lists of structs
//! (child rows, arrays of objects); all become elements of one list. Elements keep the order of the mapping,
//! except child rows, which have none and are sorted by their content. An element all of whose parts are null
//! is left out.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StringArray, StructArray, UInt32Array, make_comparator};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::compute::{SortOptions, cast, take};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use goldsmith_config::attributes::AttributeKind;
use goldsmith_config::usual::part_named;

use crate::elements::{Addresses, Consents, Elements, Emails, Identifiers, Inputs, Phones};
use crate::{Reading, layout, text_of};

/// The lists of one repeatable attribute. `arguments` are the parts of all entries in turn; `entries` names them.
/// `sorted` sorts the elements by content.
///
/// # Errors
/// Where a part has a type that cannot be made text.
pub fn normalize(
    kind: AttributeKind,
    entries: &[Vec<String>],
    arguments: &[ArrayRef],
    rows: usize,
    reading: &Reading,
    sorted: bool,
) -> Result<ArrayRef, ArrowError> {
    let mut arguments = arguments.iter();
    let mut columns = Vec::with_capacity(entries.len());
    for entry in entries {
        let mut parts = vec![Part::Absent; layout::input_parts(kind).len()];
        for name in entry {
            if let Some(argument) = arguments.next() {
                place(kind, name, argument, &mut parts)?;
            }
        }
        columns.push(Entry::of(parts));
    }
    let (offsets, values) = match kind {
        AttributeKind::Email => written(&columns, rows, Emails::new(rows)),
        AttributeKind::Phone => written(&columns, rows, Phones::new(rows, reading)),
        AttributeKind::Identifier => written(&columns, rows, Identifiers::new(rows)),
        AttributeKind::Consent => written(&columns, rows, Consents::new(rows, reading)),
        AttributeKind::Address => written(&columns, rows, Addresses::new(rows, reading)),
        _ => return Err(ArrowError::InvalidArgumentError(format!("{kind:?} is no kind with lists"))),
    }?;
    let item = layout::list_item(kind);
    let DataType::Struct(fields) = item.data_type().clone() else {
        return Err(ArrowError::SchemaError("list elements are structs".to_owned()));
    };
    let mut values: ArrayRef = Arc::new(StructArray::try_new(fields, values, None)?);
    if sorted {
        values = by_content(&offsets, &values)?;
    }
    Ok(Arc::new(ListArray::try_new(item, OffsetBuffer::new(ScalarBuffer::from(offsets)), values, None)?))
}

/// Writes the elements of all rows; gives where each row's begin and their columns.
fn written<'a>(
    entries: &'a [Entry],
    rows: usize,
    mut elements: impl Elements<'a>,
) -> Result<(Vec<i32>, Vec<ArrayRef>), ArrowError> {
    let mut count = 0_i32;
    let mut offsets = Vec::with_capacity(rows + 1);
    offsets.push(count);
    for row in 0..rows {
        for entry in entries {
            for element in 0..entry.elements(row) {
                let mut inputs = Inputs::default();
                for (slot, part) in &entry.parts {
                    if let Some(input) = inputs.get_mut(*slot) {
                        *input = part.get(row, element);
                    }
                }
                if elements.push(&inputs) {
                    count = count.checked_add(1).ok_or_else(|| {
                        ArrowError::OffsetOverflowError(usize::try_from(i32::MAX).unwrap_or(usize::MAX))
                    })?;
                }
            }
        }
        offsets.push(count);
    }
    Ok((offsets, elements.finish()))
}

/// The elements in the order of their parts within each row.
fn by_content(offsets: &[i32], values: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let options = SortOptions { descending: false, nulls_first: true };
    let columns = values.as_struct().columns();
    let parts = columns.get(..columns.len().saturating_sub(1)).unwrap_or_default();
    let comparators =
        parts.iter().map(|part| make_comparator(part, part, options)).collect::<Result<Vec<_>, ArrowError>>()?;
    let mut order: Vec<u32> = (0..u32::try_from(values.len()).unwrap_or(u32::MAX)).collect();
    for window in offsets.windows(2) {
        let [start, end] = window else { continue };
        let range = usize::try_from(*start).unwrap_or(0)..usize::try_from(*end).unwrap_or(0);
        if let Some(elements) = order.get_mut(range) {
            elements.sort_by(|a, b| {
                let unequal = comparators.iter().map(|compare| compare(*a as usize, *b as usize));
                unequal.into_iter().find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
            });
        }
    }
    take(values, &UInt32Array::from(order), None)
}

/// The parts of an entry that are there, with their numbers.
struct Entry {
    parts: Vec<(usize, Part)>,
    /// Whether a part holds lists.
    many: bool,
}

impl Entry {
    fn of(parts: Vec<Part>) -> Self {
        let parts: Vec<(usize, Part)> =
            parts.into_iter().enumerate().filter(|(_, part)| !matches!(part, Part::Absent)).collect();
        Self { many: parts.iter().any(|(_, part)| matches!(part, Part::Many(..))), parts }
    }

    /// How many elements it has in a row.
    fn elements(&self, row: usize) -> usize {
        if self.many { self.parts.iter().filter_map(|(_, part)| part.len(row)).max().unwrap_or(1) } else { 1 }
    }
}

/// Whether there is nothing but white space.
fn is_blank(value: &str) -> bool {
    !value.as_bytes().first().is_some_and(u8::is_ascii_graphic) && value.trim().is_empty()
}

/// One raw part of an entry, for all rows.
#[derive(Clone)]
enum Part {
    Absent,
    One(StringArray),
    Many(ListArray, StringArray),
}

impl Part {
    /// Number of elements of a row; `None` where the part says nothing about it.
    fn len(&self, row: usize) -> Option<usize> {
        match self {
            Self::Absent | Self::One(_) => None,
            Self::Many(list, _) => {
                Some(if list.is_valid(row) { usize::try_from(list.value_length(row)).unwrap_or(0) } else { 0 })
            }
        }
    }

    fn get(&self, row: usize, element: usize) -> Option<&str> {
        let (values, index) = match self {
            Self::Absent => return None,
            Self::One(values) => (values, row),
            Self::Many(list, values) => (values, usize::try_from(*list.value_offsets().get(row)?).ok()? + element),
        };
        (index < values.len() && values.is_valid(index)).then(|| values.value(index)).filter(|value| !is_blank(value))
    }
}

/// Puts an argument where its part belongs; structs are taken apart by the names of their fields.
fn place(kind: AttributeKind, name: &str, argument: &ArrayRef, parts: &mut [Part]) -> Result<(), ArrowError> {
    let known = layout::input_parts(kind);
    let index_of = |name: &str| known.iter().position(|part| *part == name);
    match argument.data_type() {
        DataType::Null => {}
        DataType::Struct(_) => {
            for (index, column) in members(kind, argument.as_struct()) {
                if column.data_type().is_primitive() || is_text(column.data_type()) {
                    set(parts, index, Part::One(text_of(column)?));
                }
            }
        }
        DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            let list = cast(argument, &DataType::List(Arc::clone(item)))?;
            place(kind, name, &list, parts)?;
        }
        DataType::List(_) => {
            let list = argument.as_list::<i32>();
            if let Some(structs) = list.values().as_struct_opt() {
                for (index, column) in members(kind, structs) {
                    if !column.data_type().is_nested() {
                        set(parts, index, Part::Many(list.clone(), text_of(column)?));
                    }
                }
            } else if let Some(index) = index_of(name) {
                set(parts, index, Part::Many(list.clone(), text_of(list.values())?));
            }
        }
        _ => {
            if let Some(index) = index_of(name) {
                set(parts, index, Part::One(text_of(argument)?));
            }
        }
    }
    Ok(())
}

fn set(parts: &mut [Part], index: usize, part: Part) {
    if let Some(slot) = parts.get_mut(index) {
        *slot = part;
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Boolean)
}

/// The members of an object that are parts, each with the number of its part; of several that could be one part the one
/// with its very name comes last.
fn members(kind: AttributeKind, structs: &StructArray) -> Vec<(usize, &ArrayRef)> {
    let known = layout::input_parts(kind);
    let mut members: Vec<(bool, usize, &ArrayRef)> = structs
        .fields()
        .iter()
        .zip(structs.columns())
        .filter_map(|(field, column)| {
            let name = part_named(kind, field.name())?;
            let index = known.iter().position(|part| *part == name)?;
            Some((field.name() == name, index, column))
        })
        .collect();
    members.sort_by_key(|(exact, ..)| *exact);
    members.into_iter().map(|(_, index, column)| (index, column)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_parts_whatever_their_spelling() {
        let column = |value: &str| Arc::new(StringArray::from(vec![value])) as ArrayRef;
        let fields = |names: &[(&str, &str)]| {
            let arrays = names.iter().map(|(name, value)| {
                (Arc::new(arrow::datatypes::Field::new(*name, DataType::Utf8, true)), column(value))
            });
            StructArray::from(arrays.collect::<Vec<_>>())
        };
        let read = |kind, names: &[(&str, &str)]| {
            let structs = fields(names);
            let parts = members(kind, &structs).into_iter().map(|(index, column)| {
                format!("{}={}", layout::input_parts(kind)[index], column.as_string::<i32>().value(0))
            });
            parts.collect::<Vec<_>>()
        };
        let names =
            [("houseNumber", "7"), ("Street", "Elm"), ("ZIP", "1"), ("city", "X"), ("geo", "?"), ("type", "home")];
        let parts = ["house_number=7", "street=Elm", "postcode=1", "locality=X", "kind=home"];
        assert_eq!(read(AttributeKind::Address, &names), parts);
        assert_eq!(read(AttributeKind::Address, &[("locality", "a"), ("city", "b")]), ["locality=b", "locality=a"]);
        assert_eq!(read(AttributeKind::Email, &[("label", "work"), ("email", "e")]), ["type=work", "value=e"]);
    }
}
