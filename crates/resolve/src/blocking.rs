//! Blocking: which pairs are compared at all.
//!
//! A rule is a conjunction of keys. Records with equal keys share a block; a block above the cap is refined by further
//! keys that the records themselves carry, and by overlapping windows where no key is left. What remains are leaves.
//! A record's partners are gathered from the leaves it lies in: the union of the rules is emitted exactly, each pair
//! once, at its first record, and no pair is stored.

use rayon::prelude::*;

use crate::features::{Features, mix};
use crate::grouping::{Block, Carriers, Grouped, carriers};
use crate::keys::Key;

/// One blocking rule.
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) keys: Vec<Key>,
    /// Keys that split a block above the cap, each on its own and then in pairs.
    pub(crate) refine: Vec<Key>,
    /// Larger blocks are refined even below the cap, because equal keys say little.
    pub(crate) whole_up_to: usize,
    /// The rule is left out where its blocks hold more pairs than this; a model pins the outcome as none or any.
    pub(crate) most_pairs: Option<u64>,
}

impl Rule {
    /// Whether the keys are what relatives share: a mailbox, a phone, a house.
    pub(crate) fn meets_relatives(&self) -> bool {
        self.keys.iter().any(|key| matches!(key.name(), "email" | "phone" | "house" | "house_street"))
    }
}

/// What one rule did.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct RuleStats {
    /// The rule.
    pub rule: String,
    /// Records that carry the rule's keys.
    pub records: u64,
    /// Blocks of at least two records, before refining.
    pub blocks: u64,
    /// Pairs emitted by this rule first.
    pub pairs: u64,
    /// Blocks above the cap.
    pub capped: u64,
    /// Pairs of capped blocks that no leaf of this rule holds.
    pub pairs_skipped: u64,
    /// Estimated share of all true pairs that lie in this rule's capped blocks, were compared by no rule and are in
    /// different clusters: from a sample of the pairs of these blocks, scored, of which those count that are not improbable (from 6 % up).
    pub recall_loss: f64,
}

/// One of the largest blocks of a rule.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LargeBlock {
    /// The rule.
    pub rule: String,
    /// A hash of the block's key.
    pub key: u64,
    /// Records in the block.
    pub records: u32,
    /// Pairs that no leaf of this rule holds.
    pub pairs_skipped: u64,
}

/// The leaves of all rules, and for each record the leaves it lies in.
pub(crate) struct Blocks {
    /// Leaf to its rule.
    pub(crate) rule_of: Vec<u16>,
    /// Whether the leaf is a whole block, not a refinement of one.
    pub(crate) whole: Vec<bool>,
    leaf_offsets: Vec<u32>,
    leaf_records: Vec<u32>,
    record_offsets: Vec<u32>,
    record_leaves: Vec<u32>,
    left_out: Vec<bool>,
    pub(crate) stats: Vec<RuleStats>,
    pub(crate) largest: Vec<LargeBlock>,
    /// Per rule a sample of the pairs in its capped blocks.
    pub(crate) capped: Vec<Capped>,
}

/// Pairs drawn from the blocks of a rule that were not compared whole.
#[derive(Default)]
pub(crate) struct Capped {
    /// All pairs of these blocks.
    pub(crate) pairs: u64,
    pub(crate) sample: Vec<(u32, u32)>,
}

impl Capped {
    /// Draws from blocks in proportion to their pairs; the draw depends on the keys and the order of the blocks.
    fn draw(blocks: &[Block<'_>]) -> Self {
        const SAMPLE: u64 = 10_000;
        let pairs: u64 = blocks.iter().map(Block::pairs).sum();
        let mut sample = Vec::new();
        let mut before = 0;
        for block in blocks {
            // The block's share of the sample, so that rounding errors do not add up.
            let after = before + block.pairs();
            let share = |of: u64| (u128::from(of) * u128::from(SAMPLE) / u128::from(pairs)) as u64;
            let drawn = share(after) - share(before);
            for number in 0..drawn {
                let n = block.records.len() as u64;
                let (i, j) = (mix(block.key, 2 * number) % n, mix(block.key, 2 * number + 1) % n);
                let (a, b) = (block.records[i as usize], block.records[j as usize]);
                if a != b {
                    sample.push((a.min(b), a.max(b)));
                }
            }
            before = after;
        }
        Self { pairs, sample }
    }
}

impl Blocks {
    pub(crate) fn new(f: &Features<'_>, rules: &[Rule], cap: usize) -> Self {
        let mut per_rule: Vec<RuleLeaves> = Vec::with_capacity(rules.len());
        let at_once = (ENTRIES_AT_ONCE / f.len().max(1)).clamp(1, RULES_AT_ONCE);
        for group in rules.chunks(at_once) {
            let keys: Vec<&[Key]> = group.iter().map(|rule| rule.keys.as_slice()).collect();
            let carriers = carriers(f, &keys);
            per_rule.par_extend(
                group.par_iter().zip(carriers).map(|(rule, carriers)| leaves_of(f, rule, carriers, cap.max(2))),
            );
        }
        let mut blocks = Self {
            rule_of: Vec::new(),
            whole: Vec::new(),
            leaf_offsets: vec![0],
            leaf_records: Vec::new(),
            record_offsets: Vec::new(),
            record_leaves: Vec::new(),
            left_out: Vec::new(),
            stats: Vec::new(),
            largest: Vec::new(),
            capped: Vec::new(),
        };
        blocks.leaf_records.reserve_exact(per_rule.iter().map(|leaves| leaves.records.len()).sum());
        for (rule, leaves) in per_rule.into_iter().enumerate() {
            for (index, end) in leaves.ends.iter().enumerate() {
                let start = if index == 0 { 0 } else { leaves.ends[index - 1] };
                blocks.leaf_records.extend_from_slice(&leaves.records[start as usize..*end as usize]);
                blocks.leaf_offsets.push(blocks.leaf_records.len() as u32);
                blocks.rule_of.push(rule as u16);
                blocks.whole.push(leaves.whole[index]);
            }
            blocks.left_out.push(leaves.left_out);
            blocks.stats.push(leaves.stats);
            blocks.largest.extend(leaves.largest);
            blocks.capped.push(leaves.capped);
        }
        let mut record_offsets = vec![0; f.len() + 1];
        for leaf in 0..blocks.leaves() as u32 {
            for &record in not_last(blocks.members(leaf)) {
                record_offsets[record as usize + 1] += 1;
            }
        }
        for position in 0..f.len() {
            record_offsets[position + 1] += record_offsets[position];
        }
        let mut next = record_offsets.clone();
        let mut record_leaves = vec![0; record_offsets[f.len()] as usize];
        for leaf in 0..blocks.leaves() as u32 {
            for &record in not_last(blocks.members(leaf)) {
                let place = &mut next[record as usize];
                record_leaves[*place as usize] = leaf;
                *place += 1;
            }
        }
        (blocks.record_offsets, blocks.record_leaves) = (record_offsets, record_leaves);
        blocks
    }

    /// The names of the rules whose blocks held too many pairs.
    pub(crate) fn left_out(&self, rules: &[Rule]) -> Vec<String> {
        let rules = rules.iter().zip(&self.left_out).filter(|(_, left_out)| **left_out);
        rules.map(|(rule, _)| rule.name.clone()).collect()
    }

    pub(crate) fn leaves(&self) -> usize {
        self.rule_of.len()
    }

    /// The records of a leaf, in ascending order.
    pub(crate) fn members(&self, leaf: u32) -> &[u32] {
        let leaf = leaf as usize;
        &self.leaf_records[self.leaf_offsets[leaf] as usize..self.leaf_offsets[leaf + 1] as usize]
    }

    /// The leaves in which others come after a record.
    fn leaves_of(&self, record: u32) -> &[u32] {
        let record = record as usize;
        &self.record_leaves[self.record_offsets[record] as usize..self.record_offsets[record + 1] as usize]
    }

    /// The rules under which two records share a leaf, one bit each.
    pub(crate) fn shared_rules(&self, a: u32, b: u32) -> u32 {
        let (first, second) = (a.min(b), a.max(b));
        let shared = self.leaves_of(first).iter().filter(|leaf| self.members(**leaf).binary_search(&second).is_ok());
        shared.fold(0, |bits, &leaf| bits | 1 << self.rule_of[leaf as usize])
    }

    /// The rules of which two records share a whole block, one bit each.
    pub(crate) fn rules_by_whole_blocks(&self, a: u32, b: u32) -> u32 {
        let whole = self.leaves_of(a.min(b)).iter().filter(|leaf| self.whole[**leaf as usize]);
        let shared = whole.filter(|leaf| self.members(**leaf).binary_search(&a.max(b)).is_ok());
        shared.fold(0, |bits, &leaf| bits | 1 << self.rule_of[leaf as usize])
    }

    /// The later records that share a leaf with `record`, each once, in ascending order: the pairs of which it is the
    /// first. Records of one source without duplicates are not partners.
    pub(crate) fn partners(&self, f: &Features<'_>, record: u32, out: &mut Vec<Partner>) {
        out.clear();
        for &leaf in self.leaves_of(record) {
            let members = self.members(leaf);
            let rules = 1 << self.rule_of[leaf as usize];
            let later = members.partition_point(|&member| member <= record);
            out.extend(members[later..].iter().map(|&record| Partner { record, rules }));
        }
        out.sort_unstable_by_key(|partner| partner.record);
        out.dedup_by(|next, first| {
            let same = next.record == first.record;
            if same {
                first.rules |= next.rules;
            }
            same
        });
        if f.some_without_duplicates() {
            out.retain(|partner| !f.kept_apart_by_source(record, partner.record));
        }
    }
}

/// A record that shares a leaf with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Partner {
    pub(crate) record: u32,
    /// The rules that find the pair, one bit each.
    pub(crate) rules: u32,
}

struct RuleLeaves {
    ends: Vec<u32>,
    records: Vec<u32>,
    whole: Vec<bool>,
    left_out: bool,
    stats: RuleStats,
    largest: Vec<LargeBlock>,
    capped: Capped,
}

/// How many of a rule's largest blocks are reported.
const LARGEST: usize = 5;
/// Depth to which refining keys are combined.
const DEPTH: usize = 3;

/// Rules whose keys are read in one pass over the records: more of them need more memory, fewer read them more often.
const RULES_AT_ONCE: usize = 6;
/// Fewer, where so many records times rules are more than this.
const ENTRIES_AT_ONCE: usize = 40_000_000;
/// All of a leaf's records but the last one, which has no partner after it.
fn not_last(members: &[u32]) -> &[u32] {
    members.split_last().map_or(&[], |(_, others)| others)
}

fn leaves_of(f: &Features<'_>, rule: &Rule, carriers: Carriers, cap: usize) -> RuleLeaves {
    let mut out = RuleLeaves {
        ends: Vec::new(),
        records: Vec::new(),
        whole: Vec::new(),
        left_out: false,
        stats: RuleStats { rule: rule.name.clone(), records: carriers.records, ..RuleStats::default() },
        largest: Vec::new(),
        capped: Capped::default(),
    };
    let grouped = Grouped::new(carriers);
    out.records.reserve(grouped.records());
    let all_pairs: u64 = grouped.larger_than(1).map(|block| block.pairs()).sum();
    if rule.most_pairs.is_some_and(|most| all_pairs > most) {
        let blocks: Vec<Block<'_>> = grouped.larger_than(1).collect();
        out.left_out = true;
        out.stats.blocks = blocks.len() as u64;
        out.stats.capped = out.stats.blocks;
        out.stats.pairs_skipped = all_pairs;
        out.capped = Capped::draw(&blocks);
        return out;
    }
    let whole = rule.whole_up_to.min(cap);
    let large: Vec<Block<'_>> = grouped.larger_than(whole).collect();
    out.capped = Capped::draw(&large);
    for block in grouped.larger_than(1) {
        out.stats.blocks += 1;
        if block.records.len() <= whole {
            out.leaf(block.records, true);
            continue;
        }
        out.stats.capped += 1;
        let before = out.ends.len();
        refine(f, block, &rule.refine, DEPTH, Bounds { whole, refined: cap }, &mut out);
        let size = |index: usize| u64::from(out.ends[index] - if index == 0 { 0 } else { out.ends[index - 1] });
        let held: u64 = (before..out.ends.len()).map(|index| size(index) * (size(index) - 1) / 2).sum();
        // Leaves may overlap, so this is a lower bound; it is exact where one refinement suffices.
        let skipped = block.pairs().saturating_sub(held);
        out.stats.pairs_skipped += skipped;
        out.largest.push(LargeBlock {
            rule: rule.name.clone(),
            key: block.key,
            records: block.records.len() as u32,
            pairs_skipped: skipped,
        });
    }
    out.largest.sort_unstable_by_key(|block| (std::cmp::Reverse(block.records), block.key));
    out.largest.truncate(LARGEST);
    out
}

impl RuleLeaves {
    fn leaf(&mut self, records: &[u32], whole: bool) {
        self.records.extend_from_slice(records);
        self.ends.push(self.records.len() as u32);
        self.whole.push(whole);
    }
}

/// Of records that are the same in everything so many are compared at once: what joins two of them joins all.
const COPIES: usize = 4;

/// The most records that are compared whole.
#[derive(Clone, Copy)]
struct Bounds {
    /// Of a block as its rule makes it.
    whole: usize,
    /// Of a part of it that a further key makes.
    refined: usize,
}

fn refine(f: &Features<'_>, block: Block<'_>, keys: &[Key], depth: usize, bounds: Bounds, out: &mut RuleLeaves) {
    let cap = bounds.refined;
    if keys.is_empty() || depth == 0 {
        let copies = block.records.windows(2).all(|pair| f.are_copies(pair[0], pair[1]));
        windows(block, if copies { cap.min(COPIES) } else { cap }, out);
        return;
    }
    let mut values = Vec::new();
    // Whether some key parts a record from others of the block.
    let mut parted = vec![false; block.records.len()];
    for (index, key) in keys.iter().enumerate() {
        let outer = mix(block.key, index as u64);
        let mut entries: Vec<(u64, u32)> = Vec::with_capacity(block.records.len());
        for (&position, parted) in block.records.iter().zip(&mut parted) {
            values.clear();
            key.append(f, position, &mut values);
            *parted |= !values.is_empty();
            entries.extend(values.iter().map(|&value| (mix(outer, value), position)));
        }
        entries.sort_unstable();
        entries.dedup();
        let records: Vec<u32> = entries.iter().map(|entry| entry.1).collect();
        let mut start = 0;
        for part in entries.chunk_by(|x, y| x.0 == y.0) {
            let block = Block { key: part[0].0, records: &records[start..start + part.len()] };
            start += part.len();
            match part.len() {
                1 => {}
                size if size <= cap => out.leaf(block.records, false),
                _ => refine(f, block, &keys[index + 1..], depth - 1, bounds, out),
            }
        }
    }
    let (with_key, without): (Vec<(u32, bool)>, Vec<_>) =
        block.records.iter().copied().zip(parted).partition(|&(_, parted)| parted);
    let without_key = without.len();
    let mut different = copies(f, block.key, without.into_iter().map(|(position, _)| position), cap, out);
    let are_copies = different.len() < without_key;
    different.extend(with_key.into_iter().map(|(position, _)| position));
    if are_copies && (2..=bounds.whole).contains(&different.len()) {
        different.sort_unstable();
        out.leaf(&different, false);
    }
}

/// Of records that no key parts those that are the same in everything, and have a contact or an identifier, are compared, as
/// they would be in blocks that keys part: many people may bear one name and have no more written of them. Returns all but
/// the further ones of copies.
fn copies(
    f: &Features<'_>,
    key: u64,
    records: impl Iterator<Item = u32>,
    cap: usize,
    out: &mut RuleLeaves,
) -> Vec<u32> {
    let (mut hashed, mut firsts) = (Vec::new(), Vec::new());
    for position in records {
        if f.is_identified(position) {
            hashed.push((f.hash(position), position));
        } else {
            firsts.push(position);
        }
    }
    hashed.sort_unstable();
    for same in hashed.chunk_by(|x, y| x.0 == y.0) {
        let records: Vec<u32> = same.iter().map(|entry| entry.1).collect();
        firsts.push(records[0]);
        if records.len() > 1 {
            windows(Block { key: mix(key, same[0].0), records: &records }, cap.min(COPIES), out);
        }
    }
    firsts
}

/// Windows of `cap` records, each overlapping the next by half.
fn windows(block: Block<'_>, cap: usize, out: &mut RuleLeaves) {
    let step = (cap / 2).max(1);
    let mut start = 0;
    loop {
        let end = (start + cap).min(block.records.len());
        out.leaf(&block.records[start..end], false);
        if end == block.records.len() {
            return;
        }
        start += step;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::features::LaidOut;
    use crate::keys::KeyTable;
    use crate::records::{ColumnBuilder, ColumnKind, EntityType, RecordId, Records};
    use crate::union_find::UnionFind;

    fn records(values: &[Vec<u8>], others: &[u8]) -> Records {
        let mut column = ColumnBuilder::new("phone", ColumnKind::Phone);
        let mut other = ColumnBuilder::new("family_name", ColumnKind::FamilyName);
        for (list, o) in values.iter().zip(others) {
            let texts: Vec<String> = list.iter().map(|v| format!("+{v}")).collect();
            column.push_record(texts.iter().map(String::as_str));
            other.push_record([format!("n{o}").as_str()]);
        }
        let ids = (0..values.len()).map(|i| RecordId::of("s", &i.to_string())).collect();
        Records {
            ids,
            source: vec![0; values.len()],
            columns: vec![column.finish(), other.finish()],
            entity: EntityType::Person,
            duplicates_none: vec![false],
        }
    }

    fn key(f: &Features<'_>, field: usize) -> Key {
        let table = KeyTable::new((0..f.pool(field).len() as u64).map(|code| [mix(code, 0)]));
        Key::Value { name: "key", field, table: Arc::new(table) }
    }

    fn emitted(f: &Features<'_>, blocks: &Blocks) -> Vec<(u32, u32)> {
        let mut pairs = Vec::new();
        let mut partners = Vec::new();
        for a in 0..f.len() as u32 {
            blocks.partners(f, a, &mut partners);
            for partner in &partners {
                let both = |leaf: &u32| [a, partner.record].iter().all(|record| blocks.members(*leaf).contains(record));
                let found = (0..blocks.leaves() as u32).filter(both);
                let rules = found.fold(0, |bits, leaf| bits | 1 << blocks.rule_of[leaf as usize]);
                assert_eq!(partner.rules, rules);
                pairs.push((a, partner.record));
            }
        }
        pairs
    }

    #[test]
    fn a_block_above_the_bound_of_its_rule_is_refined_below_the_cap() {
        let records = records(&vec![vec![1]; 12], &[0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
        let f = Features::new(&records, LaidOut::new(&records, &[]));
        let pairs = |whole_up_to: usize| {
            let rule = Rule {
                name: "rule".to_owned(),
                keys: vec![key(&f, 0)],
                refine: vec![key(&f, 1)],
                whole_up_to,
                most_pairs: None,
            };
            emitted(&f, &Blocks::new(&f, &[rule], 60)).len()
        };
        // Twelve records have 66 pairs, two halves of six 15 each.
        assert_eq!((pairs(12), pairs(11)), (66, 30));
    }

    #[test]
    fn copies_that_no_key_parts_are_compared_and_one_of_them_with_the_others() {
        // A hundred records of a mailbox and nothing else, and two with a birth date.
        let column = |kind: ColumnKind, values: [&str; 3]| {
            let mut column = ColumnBuilder::new(format!("{kind:?}"), kind);
            for (value, times) in values.into_iter().zip([100, 1, 1]) {
                (0..times).for_each(|_| column.push_record(Some(value).filter(|value| !value.is_empty())));
            }
            column.finish()
        };
        let pairs = |kind: ColumnKind| {
            let born = column(ColumnKind::BirthDate, ["", "1980-01-02", "1990-01-02"]);
            let records = Records {
                ids: (0..102).map(RecordId).collect(),
                source: vec![0; 102],
                columns: vec![column(kind, ["a", "a", "a"]), born],
                entity: EntityType::Person,
                duplicates_none: vec![false],
            };
            let f = Features::new(&records, LaidOut::new(&records, &[]));
            let rule = Rule {
                name: "rule".to_owned(),
                keys: vec![key(&f, 0)],
                refine: vec![key(&f, 1)],
                whole_up_to: usize::MAX,
                most_pairs: None,
            };
            emitted(&f, &Blocks::new(&f, &[rule], 60))
        };
        let of_mailbox = pairs(ColumnKind::Email);
        let mut joined = UnionFind::new(102);
        of_mailbox.iter().for_each(|&(a, b)| joined.join(a, b));
        assert!((0..102).all(|record| joined.find(record) == 0));
        assert!(of_mailbox.len() < 600, "{}", of_mailbox.len());
        assert_eq!(pairs(ColumnKind::FamilyName), [], "many may bear one name");
    }

    #[test]
    fn capped_blocks_are_drawn_from_in_proportion_to_their_pairs() {
        let (small, large) = ((0..11).collect::<Vec<u32>>(), (100..200).collect::<Vec<u32>>());
        let drawn = Capped::draw(&[Block { key: 7, records: &small }, Block { key: 8, records: &large }]);
        assert_eq!(drawn.pairs, 55 + 4950);
        let of_small = drawn.sample.iter().filter(|(_, b)| *b < 100).count();
        // 55 of 5,005 pairs are a ninetieth of 10,000 draws; a draw of one record twice is left out.
        assert!((75..=110).contains(&of_small), "{of_small}");
        assert!(drawn.sample.len() > 9_750, "{}", drawn.sample.len());
        assert!(drawn.sample.iter().all(|(a, b)| a < b && (*b < 11) == (*a < 11)));
    }

    proptest! {
        #[test]
        fn the_union_of_the_rules_is_emitted_once(
            rows in prop::collection::vec((prop::collection::vec(0u8..6, 0..4), 0u8..4), 0..60),
            cap in 2usize..70,
        ) {
            let (values, others): (Vec<Vec<u8>>, Vec<u8>) = rows.into_iter().unzip();
            let records = records(&values, &others);
            let f = Features::new(&records, LaidOut::new(&records, &[]));
            let rule = |field: usize, by: usize| Rule {
                name: field.to_string(),
                keys: vec![key(&f, field)],
                refine: vec![key(&f, by)],
                whole_up_to: usize::MAX,
                most_pairs: None,
            };
            let blocks = Blocks::new(&f, &[rule(0, 1), rule(1, 0)], cap);
            let pairs = emitted(&f, &blocks);
            let once: BTreeSet<(u32, u32)> = pairs.iter().copied().collect();
            prop_assert_eq!(once.len(), pairs.len(), "a pair was emitted twice");

            // What the leaves hold, by brute force.
            let mut held = BTreeSet::new();
            for leaf in 0..blocks.leaves() as u32 {
                let members = blocks.members(leaf);
                prop_assert!(members.len() <= cap.max(2));
                for (i, &a) in members.iter().enumerate() {
                    held.extend(members[i + 1..].iter().map(|&b| (a, b)));
                }
            }
            prop_assert_eq!(&once, &held);

            // Without a capped block, that is exactly the pairs with a value in common.
            if blocks.stats.iter().all(|stats| stats.capped == 0) {
                let shares = |a: u32, b: u32| (0..2).any(|field| {
                    f.values(field, a).iter().any(|v| f.values(field, b).contains(v))
                });
                let n = f.len() as u32;
                let expected: BTreeSet<(u32, u32)> =
                    (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))).filter(|&(a, b)| shares(a, b)).collect();
                prop_assert_eq!(once, expected);
            }
        }
    }
}
