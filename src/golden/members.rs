//! The records in the order of their clusters, with what survivorship asks of each whatever the attribute: gathered once,
//! so that attributes read it in a row.

use arrow::array::{Array, AsArray};
use arrow::datatypes::TimestampMicrosecondType;
use goldsmith_resolve::RecordId;
use rayon::prelude::*;

use super::Clusters;
use crate::normalize::{EntityRecords, layout};
use crate::pipeline::RunError;

/// A record as a member of its cluster.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    pub(super) record: u32,
    /// Where the values of its attributes lie: the batch and the row there.
    pub(super) batch: u32,
    pub(super) row: u32,
    pub(super) source: u16,
    pub(super) id: RecordId,
    /// When the record last changed.
    pub(super) updated_at: Option<i64>,
}

/// The members of all clusters, one cluster after the other.
///
/// # Errors
/// Where the records have no column of the time of their last change.
pub(super) fn members(records: &EntityRecords, ids: &[RecordId], clusters: &Clusters) -> Result<Vec<Member>, RunError> {
    let columns = records.column(layout::UPDATED_AT)?;
    let moments: Vec<_> = columns.iter().map(|column| column.as_primitive::<TimestampMicrosecondType>()).collect();
    let member = |record: &u32| {
        let at = *record as usize;
        let (batch, row) = records.places.get(at).unwrap_or((usize::MAX, 0));
        let moments = moments.get(batch).filter(|moments| row < moments.len() && moments.is_valid(row));
        let updated_at = moments.map(|moments| moments.value(row));
        let (batch, row) = records.value_places().get(at).unwrap_or((usize::MAX, 0));
        Member {
            record: *record,
            batch: u32::try_from(batch).unwrap_or(u32::MAX),
            row: u32::try_from(row).unwrap_or(u32::MAX),
            source: records.sources.get(at).copied().unwrap_or(0),
            id: ids.get(at).copied().unwrap_or(RecordId(0)),
            updated_at,
        }
    };
    Ok(clusters.all_members().par_iter().map(member).collect())
}
