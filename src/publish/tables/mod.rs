//! One file a table. Each has `fields()`, its documented columns, and `write`, which fills them from a run.

pub mod attribute_provenance;
pub mod cluster_edges_cut;
pub mod consents;
pub mod coverage_matrix;
pub mod cross_reference;
pub mod golden_addresses;
pub mod golden_identifiers;
pub mod golden_profiles;
pub mod id_redirects;
pub mod match_blocks;
pub mod match_pairs;
pub mod match_patterns;
pub mod quality_metrics;
pub mod quarantine;
pub mod record_ledger;
pub mod run_manifest;
pub mod source_overlap;
pub mod source_records;

use arrow::array::{ListBuilder, StringBuilder};

/// A list-of-text column under construction.
pub(super) fn text_list_builder() -> ListBuilder<StringBuilder> {
    ListBuilder::new(StringBuilder::new())
}

/// Appends one list.
pub(super) fn append_list<'v>(builder: &mut ListBuilder<StringBuilder>, values: impl IntoIterator<Item = &'v str>) {
    for value in values {
        builder.values().append_value(value);
    }
    builder.append(true);
}
