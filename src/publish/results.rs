//! Everything a run found out: what the tables and the reports are made from.

use goldsmith_resolve::{PairDecision, RecordId, Resolution};

use crate::extract::ExtractedSource;
use crate::golden::{Clusters, Golden};
use crate::matching::GoldenIds;
use crate::normalize::records::Normalized;
use crate::pipeline::plan::Plan;

/// The outcome of matching and survivorship for one entity type.
pub struct EntityResult {
    /// Record ids, in the order of the records.
    pub ids: Vec<RecordId>,
    pub resolution: Resolution,
    /// First digits of the hash of the model: equal text, equal model.
    pub model_version: String,
    pub clusters: Clusters,
    pub golden_ids: GoldenIds,
    pub golden: Golden,
    /// Cluster numbers in the order of their golden ids: the order of rows in every table.
    pub order: Vec<u32>,
    /// Whether a pair of the cluster lies in the review band, by cluster.
    pub needs_review: Vec<bool>,
}

impl EntityResult {
    /// The golden id of a cluster.
    #[must_use]
    pub fn golden_id(&self, cluster: usize) -> &str {
        self.golden_ids.ids.get(cluster).map_or("", String::as_str)
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

    /// A stable name for each record's cluster in another clustering, made from the id of its smallest record.
    #[must_use]
    pub fn cluster_names(&self, cluster_of: &[u32], mark: &str) -> Vec<String> {
        let mut smallest: hashbrown::HashMap<u32, usize> = hashbrown::HashMap::new();
        for (record, cluster) in cluster_of.iter().enumerate() {
            let entry = smallest.entry(*cluster).or_insert(record);
            if self.ids.get(record) < self.ids.get(*entry) {
                *entry = record;
            }
        }
        cluster_of
            .iter()
            .map(|cluster| {
                let representative = smallest.get(cluster).copied().unwrap_or(0);
                let id = self.ids.get(representative).map_or(0, |id| id.0);
                format!("{mark}{:016x}", (id >> 64) as u64)
            })
            .collect()
    }
}
