//! Values that stand for "unknown", found by the match engine, as they may be shown.

use std::sync::Arc;

use goldsmith_config::attributes::AttributeKind;
use goldsmith_resolve::{Records, Resolution};
use goldsmith_standardize::mask::mask_value;

use super::measures::PlaceholderRow;
use crate::matching::coded_records;
use crate::normalize::EntityRecords;
use crate::pipeline::RunError;
use crate::pipeline::plan::{AttributePlan, EntityPlan, Plan};

/// The values found to stand for "unknown", masked, those of most records first.
///
/// # Errors
/// Where the records lack a column of their own plan.
pub(super) fn rows(
    plan: &Plan,
    records: &EntityRecords,
    resolution: &Resolution,
) -> Result<Vec<PlaceholderRow>, RunError> {
    // The engine names a value by the number of its column and its code there, so the columns are coded again, but
    // only those that hold one.
    let mut rows = Vec::new();
    let mut first_column = 0;
    for attribute in &records.plan.attributes {
        let columns = coded(plan, records, attribute, has_columns_by_value(attribute))?.columns.len();
        let own = first_column..first_column + columns;
        first_column = own.end;
        let found: Vec<_> =
            resolution.placeholders.iter().filter(|placeholder| own.contains(&placeholder.column)).collect();
        if found.is_empty() {
            continue;
        }
        let coded = coded(plan, records, attribute, true)?;
        rows.extend(found.into_iter().filter_map(|placeholder| {
            let column = coded.columns.get(placeholder.column - own.start)?;
            Some(PlaceholderRow {
                entity_type: records.plan.entity.clone(),
                attribute: column.name.clone(),
                masked: if attribute.sensitive {
                    "hidden".to_owned()
                } else {
                    mask_value(column.pool.get(placeholder.code))
                },
                records: u64::from(placeholder.records),
                names: u64::from(placeholder.names),
            })
        }));
    }
    rows.sort_by(|a, b| {
        b.records
            .cmp(&a.records)
            .then_with(|| (&a.attribute, &a.masked, a.names).cmp(&(&b.attribute, &b.masked, b.names)))
    });
    Ok(rows)
}

/// Whether the number of an attribute's columns depends on its values.
fn has_columns_by_value(attribute: &AttributePlan) -> bool {
    attribute.kind == AttributeKind::Identifier
}

/// One attribute as the engine saw it; its columns without values where `with_values` is not set.
fn coded(
    plan: &Plan,
    records: &EntityRecords,
    attribute: &AttributePlan,
    with_values: bool,
) -> Result<Records, RunError> {
    coded_records(
        plan,
        &EntityRecords {
            plan: EntityPlan { entity: records.plan.entity.clone(), attributes: vec![attribute.clone()] },
            schema: Arc::clone(&records.schema),
            batches: if with_values { records.batches.clone() } else { Vec::new() },
            places: Vec::new(),
            sources: Vec::new(),
        },
    )
}
