//! `source_overlap`: how many customers each set of sources has in common.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Float32Builder, Int64Builder, StringBuilder};
use arrow::datatypes::{DataType, Field};

use super::{append_list, text_list_builder};
use crate::pipeline::RunError;
use crate::publish::Results;
use crate::publish::table::{BATCH_ROWS, TableWriter, WrittenTable, column, count, text, text_list};
use crate::report::Measures;

pub const NAME: &str = "source_overlap";

#[must_use]
pub fn fields() -> Vec<Field> {
    vec![
        text("entity_type", "person, organisation or generic"),
        text("source_set", "the systems joined by +; every set that occurs, every single system and every pair"),
        text_list("sources", "the systems, sorted"),
        count("customers_exactly", "customers known to these systems and no other"),
        count("customers_at_least", "customers known to all of these systems"),
        count("values_compared", "attributes of single customers for which each of the systems gives a valid value"),
        column(
            "agreement_rate",
            DataType::Float32,
            true,
            "share of those on which all of the systems agree; null where nothing can be compared",
        ),
    ]
}

/// # Errors
/// Where the table cannot be written.
pub fn write(results: &Results<'_>, measures: &Measures, version: &Path) -> Result<WrittenTable, RunError> {
    let mut writer = TableWriter::create(version, NAME, fields(), results.plan.publish.compression)?;
    for rows in measures.overlap.chunks(BATCH_ROWS) {
        let (mut entity_type, mut set, mut sources) = (StringBuilder::new(), StringBuilder::new(), text_list_builder());
        let (mut exactly, mut at_least, mut compared) = (Int64Builder::new(), Int64Builder::new(), Int64Builder::new());
        let mut agreement = Float32Builder::new();
        for row in rows {
            entity_type.append_value(&row.entity_type);
            set.append_value(row.sources.join("+"));
            append_list(&mut sources, row.sources.iter().map(String::as_str));
            exactly.append_value(row.customers_exactly);
            at_least.append_value(row.customers_at_least);
            compared.append_value(row.values_compared);
            agreement.append_option(row.agreement_rate.map(|rate| rate as f32));
        }
        writer.write(vec![
            Arc::new(entity_type.finish()),
            Arc::new(set.finish()),
            Arc::new(sources.finish()),
            Arc::new(exactly.finish()),
            Arc::new(at_least.finish()),
            Arc::new(compared.finish()),
            Arc::new(agreement.finish()),
        ])?;
    }
    writer.finish()
}
