//! `id_redirects`: every golden id that is no more, and the one that stands for it.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Builder, StringBuilder};
use arrow::datatypes::Field;

use crate::pipeline::RunError;
use crate::publish::Results;
use crate::publish::table::{TableWriter, WrittenTable, count, text};

pub const NAME: &str = "id_redirects";

#[must_use]
pub fn fields() -> Vec<Field> {
    vec![
        text("old_golden_id", "an id that was published once"),
        text("current_golden_id", "the customer it stands for now"),
        count("since_version", "the version in which the old id ended"),
    ]
}

/// # Errors
/// Where the table cannot be written.
pub fn write(results: &Results<'_>, version: &Path) -> Result<WrittenTable, RunError> {
    let mut writer = TableWriter::create(version, NAME, fields(), results.plan.publish.compression)?;
    let (mut old, mut current, mut since) = (StringBuilder::new(), StringBuilder::new(), Int64Builder::new());
    for redirect in results.entities.iter().flat_map(|entity| &entity.golden_ids.redirects) {
        old.append_value(&redirect.old);
        current.append_value(&redirect.current);
        since.append_value(redirect.since_version);
    }
    let columns: Vec<ArrayRef> = vec![Arc::new(old.finish()), Arc::new(current.finish()), Arc::new(since.finish())];
    writer.write(columns)?;
    writer.finish()
}
