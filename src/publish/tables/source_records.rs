//! `source_records`: every mapped attribute, raw and normalised, of every record that was matched.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};

use crate::normalize::Normalized;
use crate::normalize::layout;
use crate::pipeline::RunError;
use crate::pipeline::plan::{AttributePlan, Plan};
use crate::publish::columns::{Names, repeated, source_names};
use crate::publish::table::{MEANING, TableWriter, WrittenTable, column, maybe_text, text};

pub const NAME: &str = "source_records";

/// The fixed columns; those of the attributes follow.
#[must_use]
pub fn fixed_fields() -> Vec<Field> {
    vec![
        text("entity_type", "person, organisation or generic"),
        text(layout::SOURCE, "the system the record came from"),
        text(layout::SOURCE_KEY, "the record's key in that system"),
        column(layout::UPDATED_AT, layout::timestamp(), true, "when the source last changed the record"),
        column(layout::RECORD_HASH, DataType::FixedSizeBinary(32), false, "BLAKE3 of the record's mapped raw values"),
        maybe_text(
            layout::KEPT,
            "the columns named by `keep:` as a JSON object, nulls left out; null where none are kept",
        ),
    ]
}

/// The columns for a plan: the attributes of all its entity types.
#[must_use]
pub fn fields(plan: &Plan) -> Vec<Field> {
    let mut fields = fixed_fields();
    for attribute in attributes(plan) {
        for field in layout::attribute_fields(attribute) {
            let meaning = if *field.name() == attribute.name {
                attribute.description.clone()
            } else {
                format!("{} as the source has it", attribute.name)
            };
            fields.push(field.with_metadata([(MEANING.to_owned(), meaning)].into()));
        }
    }
    fields
}

/// Every attribute once, in the order it is first met.
fn attributes(plan: &Plan) -> Vec<&AttributePlan> {
    let mut attributes: Vec<&AttributePlan> = Vec::new();
    for attribute in plan.entities.iter().flat_map(|entity| &entity.attributes) {
        if !attributes.iter().any(|known| known.name == attribute.name) {
            attributes.push(attribute);
        }
    }
    attributes
}

/// Asks `go_on` before each batch.
///
/// # Errors
/// Where the table cannot be written, or what `go_on` says.
pub fn write(
    plan: &Plan,
    normalized: &Normalized,
    version: &Path,
    go_on: &dyn Fn() -> Result<(), RunError>,
) -> Result<WrittenTable, RunError> {
    let mut writer = TableWriter::create(version, NAME, fields(plan), plan.publish.compression)?;
    let schema = Arc::clone(writer.schema());
    let sources = source_names(plan);
    for records in &normalized.entities {
        let entity_type = Names::of([records.plan.entity.as_str()]);
        let mut first = 0;
        for batch in records.batches()? {
            go_on()?;
            let batch = batch?;
            let of_batch = records.sources.get(first..first + batch.num_rows()).unwrap_or_default();
            first += batch.num_rows();
            let columns = schema
                .fields()
                .iter()
                .map(|field| match (field.name().as_str(), batch.column_by_name(field.name())) {
                    ("entity_type", _) => repeated(&entity_type, batch.num_rows()),
                    (layout::SOURCE, _) => sources.column(of_batch.iter().copied().map(u32::from)),
                    (_, Some(column)) => Ok(Arc::clone(column)),
                    (_, None) => Ok(arrow::array::new_null_array(field.data_type(), batch.num_rows())),
                })
                .collect::<Result<_, RunError>>()?;
            writer.write(columns)?;
        }
    }
    writer.finish()
}
