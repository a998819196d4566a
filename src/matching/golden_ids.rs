//! Golden ids: short, opaque, and the same from run to run.
//!
//! An id is minted from the keyed hash of the smallest member (by record id) of a cluster, so that nobody without
//! the key can guess it from a source key. Where a previous version knew members of the cluster, the id that most
//! of them had is carried over; of ids that meet in one cluster the oldest stays and the others redirect to it.

use std::collections::BTreeMap;

use arrow::array::{Array, StringArray};
use goldsmith_resolve::RecordId;
use hashbrown::{HashMap, HashSet};

use crate::pipeline::plan::IdsKey;

/// The alphabet of Crockford's base 32: no letter that can be taken for a digit.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What the previous version knew.
#[derive(Debug, Default, Clone)]
pub struct PreviousIds {
    /// The golden id of each record.
    pub of_record: HashMap<RecordId, String>,
    /// The version each id was first published in.
    pub first_version: HashMap<String, i64>,
    /// Every redirect published so far.
    pub redirects: Vec<Redirect>,
}

/// An id that is no more, and the one that stands for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Redirect {
    pub old: String,
    pub current: String,
    /// The version in which the old id ended.
    pub since_version: i64,
}

/// The id of every golden profile, ascending: profiles are numbered so.
#[derive(Debug)]
pub struct GoldenIds {
    pub ids: StringArray,
    /// The version each was first published in.
    pub first_version: Vec<i64>,
    /// Old ids and their successors, sorted.
    pub redirects: Vec<Redirect>,
}

impl GoldenIds {
    /// The id of a profile; empty where there is none of that number.
    #[must_use]
    pub fn of(&self, profile: usize) -> &str {
        if profile < self.ids.len() { self.ids.value(profile) } else { "" }
    }
}

/// The id of every cluster.
#[derive(Debug, Default)]
pub struct ClusterIds {
    /// By cluster number.
    pub ids: Vec<String>,
    /// The version each was first published in, by cluster number.
    pub first_version: Vec<i64>,
    /// Old ids and their successors, sorted.
    pub redirects: Vec<Redirect>,
}

impl ClusterIds {
    /// Numbers clusters anew in the order of their ids. Also returns that order: by new number the old one.
    #[must_use]
    pub fn in_order(self, cluster_of: &mut [u32]) -> (GoldenIds, Vec<u32>) {
        let order = self.order();
        let mut number = vec![0_u32; order.len()];
        for (new, old) in (0_u32..).zip(&order) {
            if let Some(number) = number.get_mut(*old as usize) {
                *number = new;
            }
        }
        for cluster in cluster_of {
            *cluster = number.get(*cluster as usize).copied().unwrap_or(*cluster);
        }
        let id = |old: &u32| self.ids.get(*old as usize).map_or("", String::as_str);
        let version = |old: &u32| self.first_version.get(*old as usize).copied().unwrap_or_default();
        let ids = StringArray::from_iter_values(order.iter().map(id));
        let first_version = order.iter().map(version).collect();
        (GoldenIds { ids, first_version, redirects: self.redirects }, order)
    }

    /// The clusters in the order of their ids.
    #[must_use]
    fn order(&self) -> Vec<u32> {
        // Nearly all ids differ within their first sixteen letters after the type, which compare as one number.
        let head = |id: &String| {
            let mut head = [0; 16];
            for (byte, slot) in id.bytes().skip(1).zip(&mut head) {
                *slot = byte;
            }
            (id.bytes().next(), u128::from_be_bytes(head))
        };
        let mut order: Vec<_> = (0_u32..).zip(&self.ids).map(|(cluster, id)| (head(id), cluster)).collect();
        order.sort_unstable_by(|(a_head, a), (b_head, b)| {
            a_head.cmp(b_head).then_with(|| {
                let id = |cluster: u32| self.ids.get(cluster as usize);
                id(*a).cmp(&id(*b)).then(a.cmp(b))
            })
        });
        order.into_iter().map(|(_, cluster)| cluster).collect()
    }
}

/// Gives every cluster its id. `cluster_of` holds each record's cluster, numbered from 0 without gaps.
#[must_use]
pub fn golden_ids(
    entity: &str,
    ids: &[RecordId],
    cluster_of: &[u32],
    key: &IdsKey,
    previous: &PreviousIds,
    version: i64,
) -> ClusterIds {
    let clusters = cluster_of.iter().max().map_or(0, |last| *last as usize + 1);
    let mut smallest: Vec<Option<RecordId>> = vec![None; clusters];
    let mut overlaps: BTreeMap<(u32, &str), u32> = BTreeMap::new();
    for (id, cluster) in ids.iter().zip(cluster_of) {
        if let Some(slot) = smallest.get_mut(*cluster as usize) {
            *slot = Some(slot.map_or(*id, |known| known.min(*id)));
        }
        if let Some(old) = previous.of_record.get(id) {
            *overlaps.entry((*cluster, old.as_str())).or_default() += 1;
        }
    }
    // Largest overlap first, then the oldest id, then the id itself: each id goes to one cluster, each cluster gets one id.
    let age = |id: &str| previous.first_version.get(id).copied().unwrap_or(i64::MAX);
    let mut claims: Vec<((u32, &str), u32)> = overlaps.into_iter().collect();
    claims.sort_by(|((a_cluster, a), a_count), ((b_cluster, b), b_count)| {
        b_count
            .cmp(a_count)
            .then_with(|| age(a).cmp(&age(b)))
            .then_with(|| a.cmp(b))
            .then_with(|| a_cluster.cmp(b_cluster))
    });
    let mut result: Vec<Option<String>> = vec![None; clusters];
    let mut used: HashSet<String> = HashSet::new();
    let mut merged: Vec<(String, u32)> = Vec::new();
    // A cluster that holds several old ids keeps the oldest of those it has the best claim to.
    let mut owner: HashMap<&str, u32> = HashMap::new();
    for ((cluster, old), _) in &claims {
        owner.entry(old).or_insert(*cluster);
    }
    let mut owned: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for (old, cluster) in &owner {
        owned.entry(*cluster).or_default().push(old);
    }
    for (cluster, mut olds) in owned {
        olds.sort_by(|a, b| age(a).cmp(&age(b)).then_with(|| a.cmp(b)));
        let mut olds = olds.into_iter();
        if let (Some(kept), Some(slot)) = (olds.next(), result.get_mut(cluster as usize)) {
            *slot = Some(kept.to_owned());
            used.insert(kept.to_owned());
        }
        merged.extend(olds.map(|old| (old.to_owned(), cluster)));
    }
    let retired: HashSet<String> = merged
        .iter()
        .map(|(old, _)| old.clone())
        .chain(previous.redirects.iter().map(|redirect| redirect.old.clone()))
        .collect();
    let mut first_version = Vec::with_capacity(clusters);
    for (slot, smallest) in result.iter_mut().zip(&smallest) {
        let id = slot.get_or_insert_with(|| {
            let seed = smallest.unwrap_or(RecordId(0));
            // A hash that meets an id in use, or one that ended, tries again: an id is never given twice.
            (0..u32::MAX)
                .map(|attempt| mint(entity, seed, attempt, key))
                .find(|id| !used.contains(id) && !retired.contains(id) && !previous.first_version.contains_key(id))
                .unwrap_or_default()
        });
        used.insert(id.clone());
        first_version.push(previous.first_version.get(id.as_str()).copied().unwrap_or(version));
    }
    let current = |cluster: u32| result.get(cluster as usize).cloned().flatten().unwrap_or_default();
    let mut redirects: Vec<Redirect> = merged
        .into_iter()
        .map(|(old, cluster)| Redirect { old, current: current(cluster), since_version: version })
        .collect();
    let moved: HashMap<String, String> =
        redirects.iter().map(|redirect| (redirect.old.clone(), redirect.current.clone())).collect();
    let carried: Vec<Redirect> = previous
        .redirects
        .iter()
        .map(|redirect| Redirect {
            current: moved.get(&redirect.current).cloned().unwrap_or_else(|| redirect.current.clone()),
            ..redirect.clone()
        })
        .collect();
    redirects.extend(carried);
    redirects.sort();
    ClusterIds { ids: result.into_iter().map(Option::unwrap_or_default).collect(), first_version, redirects }
}

/// One letter for the entity type and 80 bits of the keyed hash.
fn mint(entity: &str, seed: RecordId, attempt: u32, key: &IdsKey) -> String {
    let mut hasher = blake3::Hasher::new_keyed(&key.bytes);
    hasher.update(entity.as_bytes());
    hasher.update(&seed.0.to_le_bytes());
    hasher.update(&attempt.to_le_bytes());
    let hash = hasher.finalize();
    let mut id = String::with_capacity(17);
    id.push(entity.chars().next().unwrap_or('x'));
    for group in hash.as_bytes().chunks(5).take(2) {
        let bits = group.iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        for digit in (0..8).rev() {
            let index = usize::try_from((bits >> (digit * 5)) & 31).unwrap_or(0);
            id.push(ALPHABET.get(index).map_or('0', |letter| char::from(*letter)));
        }
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> IdsKey {
        IdsKey { bytes: [7; 32], secret: true }
    }

    fn known(entries: &[(u128, &str, i64)]) -> PreviousIds {
        let mut previous = PreviousIds::default();
        for (record, id, version) in entries {
            previous.of_record.insert(RecordId(*record), (*id).to_owned());
            previous.first_version.insert((*id).to_owned(), *version);
        }
        previous
    }

    #[test]
    fn minted_ids_do_not_depend_on_the_order_of_records() {
        let ids = [RecordId(3), RecordId(1), RecordId(2)];
        let a = golden_ids("person", &ids, &[0, 0, 1], &key(), &PreviousIds::default(), 1);
        let b = golden_ids(
            "person",
            &[RecordId(1), RecordId(3), RecordId(2)],
            &[0, 0, 1],
            &key(),
            &PreviousIds::default(),
            1,
        );
        assert_eq!(a.ids, b.ids);
        assert_eq!(a.ids.iter().map(String::len).collect::<Vec<_>>(), [17, 17]);
        assert!(a.ids.iter().all(|id| id.starts_with('p')));
    }

    #[test]
    fn another_key_gives_other_ids() {
        let other = IdsKey { bytes: [8; 32], secret: true };
        let ids = [RecordId(1)];
        assert_ne!(
            golden_ids("person", &ids, &[0], &key(), &PreviousIds::default(), 1).ids,
            golden_ids("person", &ids, &[0], &other, &PreviousIds::default(), 1).ids
        );
    }

    #[test]
    fn ids_are_carried_over_and_the_older_survives_a_merge() {
        let previous = known(&[(1, "pold", 1), (2, "pnew", 2), (3, "pnew", 2)]);
        let merged = golden_ids("person", &[RecordId(1), RecordId(2), RecordId(3)], &[0, 0, 0], &key(), &previous, 3);
        assert_eq!(merged.ids, ["pold"]);
        assert_eq!(
            merged.redirects,
            [Redirect { old: "pnew".to_owned(), current: "pold".to_owned(), since_version: 3 }]
        );
        assert_eq!(merged.first_version, [1]);
    }

    #[test]
    fn a_split_leaves_the_id_with_the_larger_part() {
        let previous = known(&[(1, "pold", 1), (2, "pold", 1), (3, "pold", 1)]);
        let split = golden_ids("person", &[RecordId(1), RecordId(2), RecordId(3)], &[0, 1, 1], &key(), &previous, 2);
        assert_eq!(split.ids.get(1).map(String::as_str), Some("pold"));
        assert_ne!(split.ids.first().map(String::as_str), Some("pold"));
        assert!(split.redirects.is_empty());
    }

    #[test]
    fn profiles_are_numbered_in_the_order_of_their_ids() {
        let previous = known(&[(1, "pc", 1), (2, "pa", 2), (3, "pb", 3)]);
        let ids: Vec<RecordId> = (1..=4).map(RecordId).collect();
        let mut cluster_of = [0, 1, 2, 1];
        let clusters = golden_ids("person", &ids, &cluster_of, &key(), &previous, 4);
        let (golden, order) = clusters.in_order(&mut cluster_of);
        assert_eq!(golden.ids, StringArray::from(vec!["pa", "pb", "pc"]));
        assert_eq!(golden.first_version, [2, 3, 1]);
        assert_eq!(order, [1, 2, 0]);
        assert_eq!(cluster_of, [2, 0, 1, 0]);
        assert_eq!((golden.of(2), golden.of(3)), ("pc", ""));
    }

    #[test]
    fn redirects_follow_later_merges() {
        let mut previous = known(&[(1, "pa", 1), (2, "pb", 2)]);
        previous.redirects.push(Redirect { old: "pc".to_owned(), current: "pb".to_owned(), since_version: 2 });
        let merged = golden_ids("person", &[RecordId(1), RecordId(2)], &[0, 0], &key(), &previous, 3);
        assert!(merged.redirects.iter().all(|redirect| redirect.current == "pa"));
        assert_eq!(merged.redirects.len(), 2);
    }
}
