//! Everything a run found out: what the tables and the reports are made from.

use goldsmith_resolve::{PairDecision, RecordId, Resolution};

use crate::extract::ExtractedSource;
use crate::golden::{Clusters, Golden};
use crate::matching::GoldenIds;
use crate::normalize::Normalized;
use crate::pipeline::plan::Plan;
use crate::report::measures::PlaceholderRow;

/// The outcome of matching and survivorship for one entity type.
pub struct EntityResult {
    /// Record ids, in the order of the records.
    pub ids: Vec<RecordId>,
    /// Its clusters are in `clusters` now, and its confidences in their order.
    pub resolution: Resolution,
    /// The text of the model, as it is published.
    pub model_json: String,
    /// First digits of the hash of the model: equal text, equal model.
    pub model_version: String,
    /// Numbered in the order of their golden ids, the order of rows in every table.
    pub clusters: Clusters,
    pub golden_ids: GoldenIds,
    /// Empty until clusters have survived.
    pub golden: Golden,
    /// Whether a pair of the cluster lies in the review band, by cluster.
    pub needs_review: Vec<bool>,
    /// Values found to stand for "unknown", as they may be shown.
    pub placeholders: Vec<PlaceholderRow>,
}

impl EntityResult {
    /// The golden id of a cluster.
    #[must_use]
    pub fn golden_id(&self, cluster: usize) -> &str {
        self.golden_ids.of(cluster)
    }
}

/// Facts about the run itself.
#[derive(Debug, Clone)]
pub struct RunFacts {
    pub run_id: String,
    pub version: i64,
    /// The only clock of the data tables, microseconds UTC.
    pub as_of: i64,
}

/// A finished run before it is published.
pub struct Results<'a> {
    pub plan: &'a Plan,
    pub facts: RunFacts,
    /// By source of the plan; `None` where a source was skipped.
    pub extracted: &'a [Option<ExtractedSource>],
    pub normalized: &'a Normalized,
    /// By entity of [`Normalized::entities`].
    pub entities: Vec<EntityResult>,
    /// Records whose golden id was another one in the previous version: their previous id, by entity and record.
    pub previous_ids: Vec<hashbrown::HashMap<u32, String>>,
}

impl EntityResult {
    /// Records that a steward's decision joined to another.
    #[must_use]
    pub fn forced_records(&self) -> hashbrown::HashSet<u32> {
        self.resolution
            .pairs
            .iter()
            .filter(|pair| pair.decision == PairDecision::ForcedMatch)
            .flat_map(|pair| [pair.left, pair.right])
            .collect()
    }

    /// A stable name for each cluster of another clustering, made from the id of its smallest record.
    #[must_use]
    pub fn cluster_names(&self, cluster_of: &[u32], mark: &str) -> Vec<String> {
        let clusters = cluster_of.iter().max().map_or(0, |last| *last as usize + 1);
        let mut smallest: Vec<Option<RecordId>> = vec![None; clusters];
        for (id, cluster) in self.ids.iter().zip(cluster_of) {
            if let Some(slot) = smallest.get_mut(*cluster as usize) {
                *slot = Some(slot.map_or(*id, |known| known.min(*id)));
            }
        }
        smallest.iter().map(|id| format!("{mark}{:016x}", (id.map_or(0, |id| id.0) >> 64) as u64)).collect()
    }
}
