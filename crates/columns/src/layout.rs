//! The Arrow type of every kind of attribute.
//!
//! A repeatable attribute is a list of structs whose last two parts are `raw` and `valid`.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, TimeUnit};
use goldsmith_config::attributes::AttributeKind;

/// Parts of a person's name, in the order of their columns.
pub const NAME_PARTS: [&str; 6] = ["full_name", "title", "given_name", "middle_name", "family_name", "name_suffix"];

/// The moment type of every table.
#[must_use]
pub fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// Whether records hold a list of values of this kind.
#[must_use]
pub fn is_list(kind: AttributeKind) -> bool {
    matches!(
        kind,
        AttributeKind::Email
            | AttributeKind::Phone
            | AttributeKind::Address
            | AttributeKind::Identifier
            | AttributeKind::Consent
    )
}

/// Parts a pipeline file may map for a repeatable attribute; the first is meant where only a value is given.
#[must_use]
pub fn input_parts(kind: AttributeKind) -> &'static [&'static str] {
    match kind {
        AttributeKind::Email => &["value", "type"],
        // The country is that of the record's address, never mapped by itself.
        AttributeKind::Phone => &["number", "type", "country"],
        AttributeKind::Identifier => &["value", "type"],
        AttributeKind::Consent => &["status", "purpose", "channel", "at"],
        AttributeKind::Address => &[
            "line1",
            "line2",
            "house_number",
            "street",
            "unit",
            "locality",
            "region",
            "postcode",
            "country",
            "kind",
            "valid_from",
            "valid_to",
        ],
        _ => &["value"],
    }
}

/// Parts of the normalised list elements of a repeatable attribute, `raw` and `valid` left out.
#[must_use]
pub fn output_parts(kind: AttributeKind) -> Vec<(&'static str, DataType)> {
    let text = |names: &[&'static str]| names.iter().map(|name| (*name, DataType::Utf8)).collect::<Vec<_>>();
    match kind {
        AttributeKind::Email | AttributeKind::Identifier => text(input_parts(kind)),
        AttributeKind::Phone => text(&["value", "type", "region"]),
        AttributeKind::Consent => {
            let mut parts = text(&["purpose", "channel", "status"]);
            parts.push(("at", timestamp()));
            parts
        }
        AttributeKind::Address => {
            let part = |name: &&'static str| match *name {
                "postcode" => ("postal_code", DataType::Utf8),
                "valid_from" | "valid_to" => (*name, timestamp()),
                other => (other, DataType::Utf8),
            };
            input_parts(kind).iter().map(part).collect()
        }
        _ => Vec::new(),
    }
}

/// Type of an attribute's normalised column.
#[must_use]
pub fn data_type(kind: AttributeKind) -> DataType {
    match kind {
        kind if is_list(kind) => DataType::List(list_item(kind)),
        AttributeKind::Date => DataType::Date32,
        AttributeKind::Timestamp => timestamp(),
        AttributeKind::Integer => DataType::Int64,
        AttributeKind::Decimal => DataType::Decimal128(18, 2),
        AttributeKind::Number => DataType::Float64,
        AttributeKind::Boolean => DataType::Boolean,
        _ => DataType::Utf8,
    }
}

/// The element of a repeatable attribute's list.
#[must_use]
pub fn list_item(kind: AttributeKind) -> FieldRef {
    let mut fields: Vec<Field> =
        output_parts(kind).into_iter().map(|(name, data_type)| Field::new(name, data_type, true)).collect();
    fields.push(Field::new("raw", DataType::Utf8, true));
    fields.push(Field::new("valid", DataType::Boolean, false));
    Arc::new(Field::new("item", DataType::Struct(Fields::from(fields)), true))
}
