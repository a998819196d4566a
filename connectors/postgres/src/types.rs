//! What a PostgreSQL type is in Arrow, how it comes over the wire, and which of its values Arrow has no place for.

use std::sync::Arc;

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Field, TimeUnit};
use tokio_postgres::types::{Kind, Type};

/// How one column is asked for and what becomes of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mapping {
    pub(crate) data_type: DataType,
    pub(crate) wire: Wire,
    /// What is added to the column in the SELECT, where its own binary form is not the one in [`Self::wire`].
    pub(crate) cast: &'static str,
    pub(crate) order: Order,
}

/// The binary form of a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Wire {
    Bool,
    Int2,
    Int4,
    Int8,
    /// An unsigned integer of 4 bytes.
    Oid,
    Float4,
    Float8,
    /// Base 10,000 digits; this many decimal places are kept.
    Numeric(u8),
    Text,
    Bytes,
    /// Days since 2000-01-01.
    Date,
    /// Microseconds of a day.
    Time,
    /// Microseconds since 2000-01-01.
    Timestamp,
    Uuid,
    /// A byte of version and then text.
    Jsonb,
    List(Box<Wire>),
}

/// How an incremental read can follow a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    None,
    /// The type's own.
    Own,
    /// The type's own, with values that are null in Arrow at both ends.
    Infinite,
    /// By bytes, whatever the language of the database.
    Bytes,
}

/// The mapping of a type; `modifier` is what a declaration has in brackets, as the catalog keeps it.
pub(crate) fn mapping(declared: &Type, modifier: i32) -> Mapping {
    if let Kind::Domain(base) = declared.kind() {
        return mapping(base, modifier);
    }
    if let Kind::Array(element) = declared.kind() {
        return list(mapping(element, modifier));
    }
    let own = |data_type, wire, order| Mapping { data_type, wire, cast: "", order };
    let utc = || Some("UTC".into());
    match *declared {
        Type::BOOL => own(DataType::Boolean, Wire::Bool, Order::None),
        Type::INT2 => own(DataType::Int16, Wire::Int2, Order::Own),
        Type::INT4 => own(DataType::Int32, Wire::Int4, Order::Own),
        Type::INT8 => own(DataType::Int64, Wire::Int8, Order::Own),
        Type::OID => own(DataType::Int64, Wire::Oid, Order::Own),
        Type::FLOAT4 => own(DataType::Float32, Wire::Float4, Order::Own),
        Type::FLOAT8 => own(DataType::Float64, Wire::Float8, Order::Own),
        Type::NUMERIC => match declared_decimal(modifier) {
            Some((precision, scale)) => {
                own(DataType::Decimal128(precision, scale.cast_signed()), Wire::Numeric(scale), Order::Own)
            }
            None => text("::text", Order::None),
        },
        Type::TEXT | Type::VARCHAR | Type::NAME => text("", Order::Bytes),
        // Blanks at the end are padding, which the cast takes off.
        Type::BPCHAR => text("::text", Order::Bytes),
        Type::JSON => text("", Order::None),
        Type::JSONB => own(DataType::Utf8, Wire::Jsonb, Order::None),
        Type::UUID => own(DataType::Utf8, Wire::Uuid, Order::Own),
        Type::BYTEA => own(DataType::Binary, Wire::Bytes, Order::None),
        Type::DATE => own(DataType::Date32, Wire::Date, Order::Infinite),
        Type::TIME => own(DataType::Time64(TimeUnit::Microsecond), Wire::Time, Order::Own),
        Type::TIMESTAMP => own(DataType::Timestamp(TimeUnit::Microsecond, None), Wire::Timestamp, Order::Infinite),
        Type::TIMESTAMPTZ => own(DataType::Timestamp(TimeUnit::Microsecond, utc()), Wire::Timestamp, Order::Infinite),
        // How many places an amount has is a setting of the server; the number itself is not.
        Type::MONEY => text("::numeric::text", Order::None),
        _ if declared.name() == "citext" => text("::text", Order::Bytes),
        _ => text("::text", Order::None),
    }
}

fn text(cast: &'static str, order: Order) -> Mapping {
    Mapping { data_type: DataType::Utf8, wire: Wire::Text, cast, order }
}

fn list(element: Mapping) -> Mapping {
    let field = Field::new_list_field(element.data_type, true);
    let cast = match element.cast {
        "" => "",
        "::numeric::text" => "::numeric[]::text[]",
        _ => "::text[]",
    };
    let wire = Wire::List(Box::new(element.wire));
    Mapping { data_type: DataType::List(Arc::new(field)), wire, cast, order: Order::None }
}

/// Digits and places of `numeric(p, s)` that Arrow can hold. Places can be negative, or more than digits.
fn declared_decimal(modifier: i32) -> Option<(u8, u8)> {
    let packed = modifier.checked_sub(4).filter(|packed| *packed >= 0)?;
    let precision = u8::try_from(packed >> 16).ok().filter(|precision| *precision <= DECIMAL128_MAX_PRECISION)?;
    let scale = u8::try_from(((packed & 0x7ff) ^ 1024) - 1024).ok().filter(|scale| *scale <= precision)?;
    Some((precision, scale))
}

impl Wire {
    /// The condition under which the SQL expression `value` is something Arrow has no place for, and its name.
    pub(crate) fn misfit(&self, value: &str) -> Option<(String, &'static str)> {
        let rule = |condition: &str, name| Some((format!("{value} {condition}"), name));
        match self {
            Self::Numeric(_) => rule("= 'NaN'", "not_a_number"),
            Self::Time => rule("= '24:00'", "time_out_of_range"),
            // Microseconds since 1970 in 64 bits end here; PostgreSQL's, since 2000, thirty years later.
            Self::Timestamp => Some((
                format!("({value} > '294247-01-10 04:00:54.775807' AND {value} <> 'infinity')"),
                "timestamp_out_of_range",
            )),
            Self::List(_) => Some((format!("array_ndims({value}) > 1"), "nested_array")),
            _ => None,
        }
    }

    /// The same of the elements of an array.
    pub(crate) fn element_misfit(&self, array: &str) -> Option<(String, &'static str)> {
        let Self::List(element) = self else { return None };
        let (condition, name) = element.misfit("element")?;
        Some((format!("EXISTS (SELECT 1 FROM unnest({array}) AS list(element) WHERE {condition})"), name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_numbers_are_exact_and_others_text() {
        let modifier = |precision: i32, scale: i32| ((precision << 16) | (scale & 0x7ff)) + 4;
        let cases = [
            (modifier(10, 2), DataType::Decimal128(10, 2)),
            (modifier(38, 38), DataType::Decimal128(38, 38)),
            (modifier(39, 2), DataType::Utf8),
            (modifier(5, -2), DataType::Utf8),
            (modifier(2, 4), DataType::Utf8),
            (-1, DataType::Utf8),
        ];
        for (modifier, expected) in cases {
            assert_eq!(mapping(&Type::NUMERIC, modifier).data_type, expected, "{modifier}");
        }
    }

    #[test]
    fn lists_are_cast_as_their_elements() {
        assert_eq!(mapping(&Type::INT4_ARRAY, -1).cast, "");
        assert_eq!(mapping(&Type::INET_ARRAY, -1).cast, "::text[]");
        assert_eq!(mapping(&Type::TEXT_ARRAY, -1).wire, Wire::List(Box::new(Wire::Text)));
    }
}
