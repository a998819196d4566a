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
    pub(super) source: u16,
    /// The two halves of its id: as one number it would have to lie at every sixteenth byte.
    id: [u64; 2],
    /// `i64::MIN` where nobody knows.
    updated_at: i64,
}

impl Member {
    pub(super) fn id(&self) -> RecordId {
        let [high, low] = self.id.map(u128::from);
        RecordId(high << 64 | low)
    }

    /// When the record last changed.
    pub(super) fn updated_at(&self) -> Option<i64> {
        Some(self.updated_at).filter(|at| *at != i64::MIN)
    }
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
        let id = ids.get(at).map_or(0, |id| id.0);
        Member {
            source: records.sources.get(at).copied().unwrap_or(0),
            #[expect(clippy::cast_possible_truncation, reason = "its halves")]
            id: [(id >> 64) as u64, id as u64],
            updated_at: moments.map_or(i64::MIN, |moments| moments.value(row)),
        }
    };
    Ok(clusters.all_members().par_iter().map(member).collect())
}
