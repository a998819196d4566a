//! Clusters with their members, in the order of their golden ids.

/// The members of every cluster of one entity type.
#[derive(Debug, Clone, Default)]
pub struct Clusters {
    offsets: Vec<u32>,
    members: Vec<u32>,
    /// For each record its cluster.
    of_record: Vec<u32>,
}

impl Clusters {
    /// Groups records by cluster. `cluster_of` holds each record's cluster, numbered from 0 without gaps.
    #[must_use]
    pub fn new(cluster_of: Vec<u32>) -> Self {
        let clusters = cluster_of.iter().max().map_or(0, |last| *last as usize + 1);
        let mut offsets = vec![0_u32; clusters + 1];
        for cluster in &cluster_of {
            if let Some(count) = offsets.get_mut(*cluster as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for offset in &mut offsets {
            sum += *offset;
            *offset = sum;
        }
        let mut next = offsets.clone();
        let mut members = vec![0_u32; cluster_of.len()];
        for (record, cluster) in cluster_of.iter().enumerate() {
            if let Some(slot) = next.get_mut(*cluster as usize) {
                if let Some(member) = members.get_mut(*slot as usize) {
                    *member = u32::try_from(record).unwrap_or(u32::MAX);
                }
                *slot += 1;
            }
        }
        Self { offsets, members, of_record: cluster_of }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// The numbers of all clusters.
    pub fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        0..u32::try_from(self.len()).unwrap_or(u32::MAX)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The records of a cluster, in the order of the records.
    #[must_use]
    pub fn members(&self, cluster: usize) -> &[u32] {
        let at = |index: usize| self.offsets.get(index).map_or(0, |offset| *offset as usize);
        self.members.get(at(cluster)..at(cluster + 1)).unwrap_or_default()
    }

    /// The records of clusters that follow each other, in the order of the clusters, as places in [`Self::all_members`].
    #[must_use]
    pub fn places(&self, clusters: std::ops::Range<usize>) -> std::ops::Range<usize> {
        let at = |index: usize| self.offsets.get(index).map_or(0, |offset| *offset as usize);
        at(clusters.start)..at(clusters.end)
    }

    /// The records of all clusters, one cluster after the other.
    #[must_use]
    pub fn all_members(&self) -> &[u32] {
        &self.members
    }

    /// The record in a place among those of all clusters.
    #[must_use]
    pub fn record(&self, place: u32) -> u32 {
        self.members.get(place as usize).copied().unwrap_or(u32::MAX)
    }

    /// The cluster of a record.
    #[must_use]
    pub fn of(&self, record: usize) -> usize {
        self.of_record.get(record).map_or(0, |cluster| *cluster as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::Clusters;

    #[test]
    fn members_are_grouped() {
        let clusters = Clusters::new(vec![1, 0, 1, 2, 1]);
        assert_eq!(clusters.len(), 3);
        assert_eq!(clusters.members(0), [1]);
        assert_eq!(clusters.members(1), [0, 2, 4]);
        assert_eq!(clusters.members(2), [3]);
        assert_eq!(clusters.of(4), 1);
        assert_eq!(&clusters.all_members()[clusters.places(1..3)], [0, 2, 4, 3]);
        assert!(Clusters::new(Vec::new()).is_empty());
    }
}
