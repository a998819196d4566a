//! Repeatable attributes: entries of raw parts in, a list of normalised structs out.
//!
//! The raw parts of an entry may be single values, lists (an array in a JSON document) or lists of structs
//! (child rows, arrays of objects); all become elements of one list. Elements keep the order of the mapping,
//! except child rows, which have none and are sorted by their content. An element all of whose parts are null
//! is left out.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanBuilder, ListArray, StringArray, StringBuilder, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{ScalarUDF, Signature, Volatility};
use goldsmith_config::attributes::AttributeKind;
use goldsmith_standardize::placeholder::{PlaceholderKind, is_placeholder};
use goldsmith_standardize::{address, country, date, email, identifier, phone, text};

use super::functions::kernel;
use super::layout;

/// What the values of a record type are read with.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// ISO 3166 alpha-2.
    pub region: String,
    /// strftime formats; ISO 8601 where empty.
    pub date_formats: Vec<String>,
}

/// The function that normalises one repeatable attribute. Its arguments are the parts of all entries in turn;
/// `entries` names them. `sorted` sorts the elements by content.
#[must_use]
pub(super) fn list_function(
    kind: AttributeKind,
    entries: Vec<Vec<String>>,
    reading: Reading,
    sorted: bool,
) -> ScalarUDF {
    let return_type = layout::data_type(kind);
    let name = format!("normalize_{kind:?}").to_lowercase();
    kernel(name, Signature::variadic_any(Volatility::Immutable), return_type, move |arguments, rows| {
        let mut arguments = arguments.iter();
        let mut columns = Vec::with_capacity(entries.len());
        for entry in &entries {
            let mut parts = vec![Part::Absent; layout::input_parts(kind).len()];
            for name in entry {
                if let Some(argument) = arguments.next() {
                    place(kind, name, argument, &mut parts)?;
                }
            }
            columns.push(parts);
        }
        normalize(kind, &columns, rows, &reading, sorted)
    })
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
        (index < values.len() && values.is_valid(index))
            .then(|| values.value(index))
            .filter(|value| !value.trim().is_empty())
    }
}

/// Puts an argument where its part belongs; structs are taken apart by the names of their fields.
fn place(kind: AttributeKind, name: &str, argument: &ArrayRef, parts: &mut [Part]) -> Result<()> {
    let known = layout::input_parts(kind);
    let index_of = |name: &str| known.iter().position(|part| *part == name);
    match argument.data_type() {
        DataType::Null => {}
        DataType::Struct(_) => {
            let structs = argument.as_struct();
            for (field, column) in structs.fields().iter().zip(structs.columns()) {
                if let (Some(index), true) = (
                    index_of(part_name(kind, field.name())),
                    column.data_type().is_primitive() || is_text(column.data_type()),
                ) {
                    set(parts, index, Part::One(cast_text(column)?));
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
                for (field, column) in structs.fields().iter().zip(structs.columns()) {
                    if let (Some(index), false) =
                        (index_of(part_name(kind, field.name())), column.data_type().is_nested())
                    {
                        set(parts, index, Part::Many(list.clone(), cast_text(column)?));
                    }
                }
            } else if let Some(index) = index_of(name) {
                set(parts, index, Part::Many(list.clone(), cast_text(list.values())?));
            }
        }
        _ => {
            if let Some(index) = index_of(name) {
                set(parts, index, Part::One(cast_text(argument)?));
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

/// Objects of JSON sources call the value of an e-mail `email` or `address`, that of a phone `phone` or `value`.
fn part_name(kind: AttributeKind, field: &str) -> &str {
    match (kind, field) {
        (AttributeKind::Email, "email" | "address") => "value",
        (AttributeKind::Phone, "phone" | "value") => "number",
        (AttributeKind::Address, "postal_code" | "zip") => "postcode",
        (AttributeKind::Address, "city") => "locality",
        _ => field,
    }
}

pub(super) fn cast_text(array: &ArrayRef) -> Result<StringArray> {
    Ok(cast(array, &DataType::Utf8)?.as_string::<i32>().clone())
}

/// One normalised element before it is written.
struct Element {
    parts: Vec<Option<String>>,
    raw: String,
    valid: bool,
}

fn normalize(
    kind: AttributeKind,
    entries: &[Vec<Part>],
    rows: usize,
    reading: &Reading,
    sorted: bool,
) -> Result<ArrayRef> {
    let parts = layout::output_parts(kind);
    let mut texts: Vec<StringBuilder> = parts.iter().map(|_| StringBuilder::new()).collect();
    let mut raw = StringBuilder::new();
    let mut valid = BooleanBuilder::new();
    let mut written = 0_usize;
    let mut offsets = Vec::with_capacity(rows + 1);
    offsets.push(0_i32);
    let mut elements = Vec::new();
    for row in 0..rows {
        elements.clear();
        for entry in entries {
            let count = entry.iter().filter_map(|part| part.len(row)).max().unwrap_or(1);
            for element in 0..count {
                let inputs: Vec<Option<&str>> = entry.iter().map(|part| part.get(row, element)).collect();
                if let Some(element) = element_of(kind, &inputs, reading) {
                    elements.push(element);
                }
            }
        }
        if sorted {
            elements.sort_by(|a: &Element, b| (&a.parts, &a.raw).cmp(&(&b.parts, &b.raw)));
        }
        for element in &elements {
            for (builder, part) in texts.iter_mut().zip(&element.parts) {
                builder.append_option(part.as_deref());
            }
            raw.append_value(&element.raw);
            valid.append_value(element.valid);
        }
        written += elements.len();
        offsets.push(i32::try_from(written).map_err(|_| {
            datafusion::error::DataFusionError::ResourcesExhausted(
                "more than 2,147,483,647 list elements in one batch".to_owned(),
            )
        })?);
    }
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(parts.len() + 2);
    for (builder, (_, data_type)) in texts.iter_mut().zip(&parts) {
        let text: ArrayRef = Arc::new(builder.finish());
        columns.push(if data_type == &DataType::Utf8 { text } else { cast(&text, data_type)? });
    }
    columns.push(Arc::new(raw.finish()));
    columns.push(Arc::new(valid.finish()));
    let item = layout::list_item(kind);
    let DataType::Struct(fields) = item.data_type().clone() else {
        return datafusion::common::internal_err!("list elements are structs");
    };
    let values = StructArray::try_new(fields, columns, None)?;
    let nulls: Option<NullBuffer> = None;
    Ok(Arc::new(ListArray::try_new(item, OffsetBuffer::new(ScalarBuffer::from(offsets)), Arc::new(values), nulls)?))
}

/// Normalises one element; `None` where it says nothing. Placeholders are kept as raw and not valid.
fn element_of(kind: AttributeKind, inputs: &[Option<&str>], reading: &Reading) -> Option<Element> {
    let input = |index: usize| inputs.get(index).copied().flatten();
    match kind {
        AttributeKind::Email => {
            let raw = input(0)?;
            let parsed = if is_placeholder(PlaceholderKind::Email, raw) {
                None
            } else {
                email::parse(raw, email::AliasRules::Keep)
            };
            let valid = parsed.is_some();
            Some(Element {
                parts: vec![parsed.map(|email| email.address), input(1).and_then(text::clean)],
                raw: raw.to_owned(),
                valid,
            })
        }
        AttributeKind::Phone => {
            let raw = input(0)?;
            let region = input(2).and_then(country::parse).unwrap_or(&reading.region);
            let parsed = if is_placeholder(PlaceholderKind::Phone, raw) { None } else { phone::parse(raw, region) };
            let valid = parsed.as_ref().is_some_and(|phone| phone.valid);
            let (number, region) = parsed.map_or((None, None), |phone| (Some(phone.e164), phone.region));
            Some(Element { parts: vec![number, input(1).and_then(text::clean), region], raw: raw.to_owned(), valid })
        }
        AttributeKind::Identifier => {
            let raw = input(0)?;
            let value = if is_placeholder(PlaceholderKind::Text, raw) { None } else { identifier::clean(raw) };
            let valid = value.is_some();
            Some(Element { parts: vec![value, input(1).and_then(text::clean)], raw: raw.to_owned(), valid })
        }
        AttributeKind::Consent => {
            let raw = input(0)?;
            let status = consent_status(raw);
            let at = input(3).and_then(|at| moment(at, reading));
            let valid = status != "unknown";
            Some(Element {
                parts: vec![
                    input(1).and_then(text::clean),
                    input(2).and_then(text::clean),
                    Some(status.to_owned()),
                    at,
                ],
                raw: raw.to_owned(),
                valid,
            })
        }
        AttributeKind::Address => address_of(inputs, reading),
        _ => None,
    }
}

fn address_of(inputs: &[Option<&str>], reading: &Reading) -> Option<Element> {
    let given: Vec<&str> = inputs.iter().take(9).flatten().copied().collect();
    if given.is_empty() {
        return None;
    }
    let input = |index: usize| {
        inputs.get(index).copied().flatten().filter(|value| !is_placeholder(PlaceholderKind::Address, value))
    };
    let known_country = input(8).and_then(country::parse);
    let parsed = address::parse(
        &address::AddressInput {
            line1: input(0),
            line2: input(1),
            house_number: input(2),
            street: input(3),
            unit: input(4),
            locality: input(5),
            region: input(6),
            postcode: input(7),
            country: input(8),
        },
        known_country.unwrap_or(&reading.region),
    );
    // A country alone is no address.
    let parsed = parsed.filter(|address| {
        address.line1.is_some()
            || address.street.is_some()
            || address.locality.is_some()
            || address.postal_code.is_some()
    });
    let valid = parsed.as_ref().is_some_and(|address| {
        address.line1.is_some() && (address.postal_code.is_some() || address.locality.is_some())
    });
    let kind = inputs.get(9).copied().flatten().and_then(text::clean);
    let from = inputs.get(10).copied().flatten().and_then(|at| moment(at, reading));
    let to = inputs.get(11).copied().flatten().and_then(|at| moment(at, reading));
    let parts = match parsed {
        Some(address) => vec![
            address.line1,
            address.line2,
            address.house_number,
            address.street,
            address.unit,
            address.locality,
            address.region,
            address.postal_code,
            address.country,
            kind,
            from,
            to,
        ],
        None => {
            let mut parts = vec![None; 9];
            parts.extend([kind, from, to]);
            parts
        }
    };
    Some(Element { parts, raw: given.join(", "), valid })
}

/// A moment as ISO 8601 text that Arrow casts to a timestamp.
fn moment(raw: &str, reading: &Reading) -> Option<String> {
    let formats: Vec<&str> = reading.date_formats.iter().map(String::as_str).collect();
    let micros = date::parse_timestamp(raw, &formats).or_else(|| date::parse_timestamp(raw, &[]))?;
    chrono::DateTime::from_timestamp_micros(micros)
        .map(|moment| moment.to_rfc3339_opts(chrono::SecondsFormat::Micros, true))
}

/// granted, refused, withdrawn or unknown.
fn consent_status(raw: &str) -> &'static str {
    match text::fold(raw).as_str() {
        "granted" | "true" | "yes" | "y" | "1" | "opted in" | "opt in" | "optin" | "in" => "granted",
        "refused" | "false" | "no" | "n" | "0" | "denied" | "opted out" | "opt out" | "optout" | "out" => "refused",
        "withdrawn" | "revoked" => "withdrawn",
        _ => "unknown",
    }
}
