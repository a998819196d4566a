//! Values that stand for "unknown", found by the match engine, as they may be shown.

use goldsmith_resolve::{Records, Resolution};
use goldsmith_standardize::mask::mask_value;

use super::measures::PlaceholderRow;
use crate::pipeline::plan::EntityPlan;

/// The values found to stand for "unknown", masked, those of most records first. `coded` is what the engine saw: it
/// names a value by its column and its code there.
#[must_use]
pub fn placeholder_rows(plan: &EntityPlan, coded: &Records, resolution: &Resolution) -> Vec<PlaceholderRow> {
    let found = resolution.placeholders.iter().filter_map(|placeholder| {
        let column = coded.columns.get(placeholder.column)?;
        Some(PlaceholderRow {
            entity_type: plan.entity.clone(),
            attribute: column.name.clone(),
            masked: if is_sensitive(plan, &column.name) {
                "hidden".to_owned()
            } else {
                mask_value(column.pool.get(placeholder.code))
            },
            records: u64::from(placeholder.records),
            names: u64::from(placeholder.names),
        })
    });
    let mut rows: Vec<PlaceholderRow> = found.collect();
    rows.sort_by(|a, b| {
        b.records
            .cmp(&a.records)
            .then_with(|| (&a.attribute, &a.masked, a.names).cmp(&(&b.attribute, &b.masked, b.names)))
    });
    rows
}

/// Whether the attribute of a column is sensitive. Columns that share an attribute have more after its name.
fn is_sensitive(plan: &EntityPlan, column: &str) -> bool {
    let name = column.split([':', '.']).next().unwrap_or(column);
    plan.attributes.iter().find(|attribute| attribute.name == name).is_none_or(|attribute| attribute.sensitive)
}
