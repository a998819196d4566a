//! The shape of normalised records: which Arrow columns an attribute becomes.
//!
//! A scalar attribute `a` becomes two columns, `a` (typed, normalised; null where the raw value is none) and
//! `a_raw` (text as the source had it). A repeatable attribute becomes one column, a list of structs whose last
//! two parts are `raw` and `valid`. The parts of a person's name become one column each, and are always present
//! for persons, because a full name is parsed into them.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
pub use goldsmith_columns::layout::{NAME_PARTS, data_type, input_parts, is_list, list_item, timestamp};

use crate::pipeline::plan::{AttributePlan, EntityPlan};

/// Column of published records: the source's name.
pub const SOURCE: &str = "source";
/// Column: the key within the source, as text.
pub const SOURCE_KEY: &str = "source_key";
/// Column: when the source last changed the record.
pub const UPDATED_AT: &str = "source_updated_at";
/// Column: BLAKE3 of the mapped raw values.
pub const RECORD_HASH: &str = "record_hash";

/// Column: the columns a source keeps beside the mapped ones, as JSON.
pub const KEPT: &str = "kept";

/// Name of the column with the raw value of a scalar attribute.
#[must_use]
pub fn raw_column(attribute: &str) -> String {
    format!("{attribute}_raw")
}

/// Schema of an entity's normalised records. Of their source only the number is held.
#[must_use]
pub fn record_schema(entity: &EntityPlan) -> SchemaRef {
    let mut fields = vec![
        Field::new(SOURCE_KEY, DataType::Utf8, false),
        Field::new(UPDATED_AT, timestamp(), true),
        Field::new(RECORD_HASH, DataType::FixedSizeBinary(32), false),
        Field::new(KEPT, DataType::Utf8, true),
    ];
    for attribute in &entity.attributes {
        fields.extend(attribute_fields(attribute));
    }
    Arc::new(Schema::new(fields))
}

/// Columns of one attribute.
#[must_use]
pub fn attribute_fields(attribute: &AttributePlan) -> Vec<Field> {
    let column = Field::new(&attribute.name, data_type(attribute.kind), true);
    if is_list(attribute.kind) {
        vec![column]
    } else {
        vec![column, Field::new(raw_column(&attribute.name), DataType::Utf8, true)]
    }
}
