//! Arrays of a data file in the form the table has now: columns and fields found by name or id, those an older file
//! lacks filled with nulls.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StructArray, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, FieldRef, Fields, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;

use crate::protocol::{Mapping, Reading};
use crate::schema::{Column, Kind};

/// The position among `fields` of what the table calls `column`.
pub(crate) fn find(column: &Column, fields: &Fields, mapping: Mapping) -> Option<usize> {
    fields.iter().position(|field| match mapping {
        Mapping::None | Mapping::Name => *field.name() == column.physical,
        Mapping::Id => id(field).is_some() && id(field) == column.id,
    })
}

fn id(field: &FieldRef) -> Option<i64> {
    field.metadata().get(PARQUET_FIELD_ID_META_KEY)?.parse().ok()
}

/// Whether what is `found` in a file can be read as `kind`, before a row is; what is wrong otherwise, at a path below
/// the column's.
pub(crate) fn check(found: &DataType, kind: &Kind, reading: Reading) -> Result<(), String> {
    match (kind, found) {
        (Kind::Plain(DataType::Null), _) => Ok(()),
        (Kind::Plain(wanted), found) if fits(found, wanted) || (reading.widens && widens(found, wanted)) => Ok(()),
        (Kind::Struct(columns), DataType::Struct(fields)) => columns.iter().try_for_each(|column| {
            find(column, fields, reading.mapping)
                .and_then(|at| fields.get(at))
                .map_or(Ok(()), |field| check(field.data_type(), &column.kind, reading))
        }),
        (Kind::List(item), DataType::List(field)) => check(field.data_type(), item, reading),
        (Kind::Map(key, value), DataType::Map(entries, _)) => match entries.data_type() {
            DataType::Struct(fields) => {
                [key, value].iter().zip(fields).try_for_each(|(kind, field)| check(field.data_type(), kind, reading))
            }
            other => Err(misfit(other, &kind.arrow())),
        },
        _ => Err(misfit(found, &kind.arrow())),
    }
}

fn misfit(found: &DataType, wanted: &DataType) -> String {
    format!("is {found} in this file and {wanted} in the table")
}

/// Whether all values of `found` are values of `wanted`. Files differ from the table in how text and points in time are
/// marked, by age and writer.
fn fits(found: &DataType, wanted: &DataType) -> bool {
    match (found, wanted) {
        _ if found == wanted => true,
        (DataType::Timestamp(..), DataType::Timestamp(..)) => true,
        (DataType::Binary | DataType::Utf8 | DataType::FixedSizeBinary(_), DataType::Binary | DataType::Utf8) => true,
        _ => false,
    }
}

/// Whether a column of type `found` may have been widened to `wanted`: no value changes by it.
fn widens(found: &DataType, wanted: &DataType) -> bool {
    /// Digits of the largest value, for whole numbers.
    fn digits(data_type: &DataType) -> Option<u8> {
        match data_type {
            DataType::Int8 => Some(3),
            DataType::Int16 => Some(5),
            DataType::Int32 => Some(10),
            DataType::Int64 => Some(19),
            _ => None,
        }
    }
    match (found, wanted) {
        (DataType::Float32 | DataType::Int8 | DataType::Int16 | DataType::Int32, DataType::Float64) => true,
        (DataType::Date32, DataType::Timestamp(_, None)) => true,
        (DataType::Decimal128(precision, scale), DataType::Decimal128(wider, finer)) => {
            finer >= scale && i16::from(*wider) - i16::from(*finer) >= i16::from(*precision) - i16::from(*scale)
        }
        (found, DataType::Decimal128(precision, scale)) => {
            digits(found).is_some_and(|digits| i16::from(*precision) - i16::from(*scale) >= i16::from(digits))
        }
        (found, wanted) => digits(found).zip(digits(wanted)).is_some_and(|(found, wanted)| found < wanted),
    }
}

/// `array`, which [`check`] found to fit, as `kind`.
///
/// # Errors
/// For a value that does not fit: bytes that are no text.
pub(crate) fn shaped(array: &ArrayRef, kind: &Kind, mapping: Mapping) -> Result<ArrayRef, ArrowError> {
    match kind {
        Kind::Plain(DataType::Null) => Ok(new_null_array(&DataType::Null, array.len())),
        Kind::Plain(wanted) if array.data_type() == wanted => Ok(array.clone()),
        Kind::Plain(wanted) => cast(array, wanted),
        Kind::Struct(columns) => {
            let found = array.as_struct_opt().ok_or_else(other_kind)?;
            let children = columns
                .iter()
                .map(|column| match find(column, found.fields(), mapping).and_then(|at| found.columns().get(at)) {
                    Some(child) => shaped(child, &column.kind, mapping),
                    None => Ok(new_null_array(&column.kind.arrow(), found.len())),
                })
                .collect::<Result<Vec<_>, _>>()?;
            let fields = columns.iter().map(Column::field).collect();
            let nulls = found.nulls().cloned();
            StructArray::try_new_with_length(fields, children, nulls, found.len()).map(|array| Arc::new(array) as _)
        }
        Kind::List(item) => {
            let found = array.as_list_opt::<i32>().ok_or_else(other_kind)?;
            let values = shaped(found.values(), item, mapping)?;
            let DataType::List(field) = kind.arrow() else { return Err(other_kind()) };
            ListArray::try_new(field, found.offsets().clone(), values, found.nulls().cloned())
                .map(|array| Arc::new(array) as _)
        }
        Kind::Map(key, value) => {
            let found = array.as_map_opt().ok_or_else(other_kind)?;
            let (keys, values) = (shaped(found.keys(), key, mapping)?, shaped(found.values(), value, mapping)?);
            let DataType::Map(field, sorted) = kind.arrow() else { return Err(other_kind()) };
            let DataType::Struct(fields) = field.data_type() else { return Err(other_kind()) };
            let entries = StructArray::try_new(fields.clone(), vec![keys, values], None)?;
            MapArray::try_new(field, found.offsets().clone(), entries, found.nulls().cloned(), sorted)
                .map(|array| Arc::new(array) as _)
        }
    }
}

/// `array` as `wanted`; nothing becomes null that was not.
///
/// # Errors
/// For a value that does not fit.
pub(crate) fn cast(array: &dyn Array, wanted: &DataType) -> Result<ArrayRef, ArrowError> {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    match wanted {
        // Arrow without a table of time zones knows UTC as an offset only.
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) => {
            let offset = DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into()));
            let array = cast_with_options(array, &offset, &strict)?;
            let array = array.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(other_kind)?;
            Ok(Arc::new(array.clone().with_timezone(zone.clone())))
        }
        _ => cast_with_options(array, wanted, &strict),
    }
}

fn other_kind() -> ArrowError {
    ArrowError::SchemaError("a nested column changes its type within the file".to_owned())
}
