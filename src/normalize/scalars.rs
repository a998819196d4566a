//! Attributes with one value a record: raw text in, the normal form of the attribute's kind out.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, BooleanArray, Date32Array, FixedSizeBinaryBuilder, RecordBatch,
    StringArray, StringBuilder, StructArray, TimestampMicrosecondArray,
};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Fields, Schema};
use arrow::row::{RowConverter, SortField};
use datafusion::error::Result;
use datafusion::logical_expr::{ScalarUDF, Signature, Volatility};
use goldsmith_config::attributes::AttributeKind;
use goldsmith_standardize::placeholder::{PlaceholderKind, is_placeholder};
use goldsmith_standardize::{country, date, gender, identifier, name, organisation, text};

use super::functions::{days_since_epoch, kernel};
use super::layout;
use super::lists::Reading;

/// The function that normalises a scalar attribute of `kind`: text to the kind's type.
#[must_use]
pub(super) fn scalar_function(kind: AttributeKind, reading: Reading) -> ScalarUDF {
    let name = format!("normalize_{kind:?}").to_lowercase();
    kernel(
        name,
        Signature::exact(vec![DataType::Utf8], Volatility::Immutable),
        layout::data_type(kind),
        move |arguments, _| {
            let [values] = arguments else {
                return datafusion::common::internal_err!("one argument expected");
            };
            normalize(kind, values, &reading)
        },
    )
}

fn normalize(kind: AttributeKind, values: &ArrayRef, reading: &Reading) -> Result<ArrayRef> {
    let raw = values.as_string::<i32>();
    let formats: Vec<&str> = reading.date_formats.iter().map(String::as_str).collect();
    let present = |row: usize| raw.is_valid(row).then(|| raw.value(row));
    Ok(match kind {
        AttributeKind::Date => {
            let dates: Date32Array = (0..raw.len())
                .map(|row| {
                    let value = present(row).filter(|value| !is_placeholder(PlaceholderKind::Date, value))?;
                    let date = date::parse(value, &formats)?;
                    // The same placeholder can hide behind another format.
                    (!is_placeholder(PlaceholderKind::Date, &date.format("%Y-%m-%d").to_string()))
                        .then(|| days_since_epoch(date))
                })
                .collect();
            Arc::new(dates)
        }
        AttributeKind::Timestamp => {
            let moments: TimestampMicrosecondArray =
                (0..raw.len()).map(|row| parse_moment(present(row)?, &formats)).collect();
            Arc::new(moments.with_timezone("UTC"))
        }
        AttributeKind::Integer | AttributeKind::Decimal | AttributeKind::Number => {
            let trimmed: StringArray = (0..raw.len()).map(|row| present(row).map(str::trim)).collect();
            cast_with_options(
                &trimmed,
                &layout::data_type(kind),
                &CastOptions { safe: true, ..CastOptions::default() },
            )?
        }
        AttributeKind::Boolean => {
            let answers: BooleanArray = (0..raw.len()).map(|row| truth(present(row)?)).collect();
            Arc::new(answers)
        }
        _ => {
            let mut out = StringBuilder::with_capacity(raw.len(), raw.len() * 12);
            for row in 0..raw.len() {
                out.append_option(present(row).and_then(|value| text_of(kind, value)));
            }
            Arc::new(out.finish())
        }
    })
}

fn text_of(kind: AttributeKind, value: &str) -> Option<String> {
    match kind {
        AttributeKind::Organisation => {
            if is_placeholder(PlaceholderKind::Text, value) {
                None
            } else {
                organisation::parse(value).map(|parsed| parsed.name)
            }
        }
        AttributeKind::Gender => gender::parse(value).map(|gender| gender.as_str().to_owned()),
        AttributeKind::Country => country::parse(value).map(str::to_owned),
        AttributeKind::Language => country::language(value),
        AttributeKind::Identifier => identifier::clean(value),
        AttributeKind::PersonName | AttributeKind::NamePart(_) => name::person_part(value),
        _ => {
            if is_placeholder(PlaceholderKind::Text, value) {
                None
            } else {
                text::clean(value)
            }
        }
    }
}

pub(super) fn parse_moment(value: &str, formats: &[&str]) -> Option<i64> {
    date::parse_timestamp(value, formats)
        .or_else(|| if formats.is_empty() { None } else { date::parse_timestamp(value, &[]) })
}

fn truth(value: &str) -> Option<bool> {
    match text::fold(value).as_str() {
        "true" | "t" | "yes" | "y" | "1" => Some(true),
        "false" | "f" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}

/// The function that brings together what a record says of a person's name: the mapped parts (in the order of
/// [`layout::NAME_PARTS`], null where not mapped), each overriding what parsing the full name gives.
#[must_use]
pub(super) fn person_name_function() -> ScalarUDF {
    let fields = name_fields();
    let signature = Signature::exact(vec![DataType::Utf8; layout::NAME_PARTS.len()], Volatility::Immutable);
    kernel("normalize_person_name", signature, DataType::Struct(fields.clone()), move |arguments, rows| {
        let columns: Vec<&StringArray> = arguments.iter().map(|argument| argument.as_string::<i32>()).collect();
        let mut builders: Vec<StringBuilder> = layout::NAME_PARTS.iter().map(|_| StringBuilder::new()).collect();
        for row in 0..rows {
            let given = |index: usize| {
                columns
                    .get(index)
                    .filter(|column| column.is_valid(row))
                    .map(|column| column.value(row))
                    .filter(|value| !is_placeholder(PlaceholderKind::Name, value))
            };
            let parts = name_of(given(0), given(1), given(2), given(3), given(4), given(5));
            for (builder, part) in builders.iter_mut().zip(parts) {
                builder.append_option(part);
            }
        }
        let columns: Vec<ArrayRef> =
            builders.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef).collect();
        Ok(Arc::new(StructArray::try_new(fields.clone(), columns, None)?))
    })
}

fn name_fields() -> Fields {
    layout::NAME_PARTS.iter().map(|part| Field::new(*part, DataType::Utf8, true)).collect()
}

/// Full name, title, given, middle, family, suffix.
fn name_of(
    full: Option<&str>,
    title: Option<&str>,
    given: Option<&str>,
    middle: Option<&str>,
    family: Option<&str>,
    suffix: Option<&str>,
) -> [Option<String>; 6] {
    let parsed = full.and_then(name::parse_person).unwrap_or_default();
    let title = title.and_then(text::clean).or(parsed.title);
    let given = given.and_then(name::person_part).or(parsed.given);
    let middle = middle.and_then(name::person_part).or(parsed.middle);
    let mut suffix = suffix.and_then(name::suffix).or(parsed.suffix);
    let mut family = family.and_then(name::person_part).or(parsed.family);
    // A suffix often sits at the end of the family name: "Smith Jr".
    if suffix.is_none()
        && let Some((head, tail)) = family.as_deref().and_then(|family| family.rsplit_once(' '))
        && let Some(found) = name::suffix(tail)
    {
        suffix = Some(found);
        family = Some(head.trim_end_matches(',').to_owned());
    }
    let joined: Vec<&str> =
        [&given, &middle, &family, &suffix].into_iter().filter_map(|part| part.as_deref()).collect();
    let full = if joined.is_empty() { None } else { Some(joined.join(" ")) };
    [full, title, given, middle, family, suffix]
}

/// The function that hashes a record's raw values, whatever their types: BLAKE3 over Arrow's row format.
/// `unordered` marks the arguments that are child rows, whose order means nothing.
#[must_use]
pub(super) fn record_hash_function(unordered: Vec<bool>) -> ScalarUDF {
    kernel(
        "record_hash",
        Signature::variadic_any(Volatility::Immutable),
        DataType::FixedSizeBinary(32),
        move |arguments, rows| {
            let mut columns = Vec::with_capacity(arguments.len());
            for (argument, unordered) in arguments.iter().zip(&unordered) {
                columns.push(if *unordered { sorted_elements(argument)? } else { Arc::clone(argument) });
            }
            let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
            let converter = RowConverter::new(fields)?;
            let encoded = converter.convert_columns(&columns)?;
            let mut hashes = FixedSizeBinaryBuilder::with_capacity(rows, 32);
            for row in encoded.iter() {
                hashes.append_value(blake3::hash(row.as_ref()).as_bytes())?;
            }
            Ok(Arc::new(hashes.finish()))
        },
    )
}

/// The elements of each list in row format, sorted and put together: one binary value a record.
fn sorted_elements(lists: &ArrayRef) -> Result<ArrayRef> {
    let list = lists.as_list::<i32>();
    let converter = RowConverter::new(vec![SortField::new(list.values().data_type().clone())])?;
    let elements = converter.convert_columns(std::slice::from_ref(list.values()))?;
    let mut out = BinaryBuilder::new();
    for window in list.value_offsets().windows(2) {
        let [start, end] = window else { continue };
        let range = usize::try_from(*start).unwrap_or(0)..usize::try_from(*end).unwrap_or(0);
        let mut sorted: Vec<_> = range.map(|element| elements.row(element)).collect();
        sorted.sort();
        let mut bytes = Vec::new();
        for element in sorted {
            let element = element.as_ref();
            bytes.extend_from_slice(&(element.len() as u64).to_le_bytes());
            bytes.extend_from_slice(element);
        }
        out.append_value(&bytes);
    }
    Ok(Arc::new(out.finish()))
}

/// The function that writes its arguments as a JSON object with the given names.
#[must_use]
pub(super) fn json_function(names: Vec<String>) -> ScalarUDF {
    kernel("as_json", Signature::variadic_any(Volatility::Immutable), DataType::Utf8, move |arguments, rows| {
        let fields: Fields = names
            .iter()
            .zip(arguments)
            .map(|(name, argument)| Field::new(name, argument.data_type().clone(), true))
            .collect();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arguments.to_vec())?;
        let mut writer = arrow::json::LineDelimitedWriter::new(Vec::new());
        writer.write(&batch)?;
        writer.finish()?;
        let json = writer.into_inner();
        // Line ends in values are escaped.
        let lines = json.split(|byte| *byte == b'\n').take(rows).map(|line| String::from_utf8_lossy(line).into_owned());
        Ok(Arc::new(lines.map(Some).collect::<StringArray>()))
    })
}
