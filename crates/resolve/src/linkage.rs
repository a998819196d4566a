//! The evidence that two clusters are one entity.
//!
//! A bounded number of cross pairs is compared, and the clusters are judged as sets of values: an attribute that an
//! entity has once (name, birth date) speaks by the mean over the pairs, one that changes (mailbox, phone, address) by
//! its best agreement, discounted by how many values were tried; the prior counts once. So a mover or a married name
//! joins by what is shared, and a shared household address alone never suffices.

use hashbrown::HashMap;

use crate::agreement::Memo;
use crate::model::Weights;
use crate::probability::{Weight, against_both, from_bits};
use crate::score::Comparing;

/// Cross pairs compared per judgment.
pub(crate) const CROSS_PAIRS: usize = 64;
/// Pairs whose evidence is kept; beyond that it is forgotten and computed again, with the same result.
const MOST_KEPT: usize = 200_000;
/// Stands for "one of the two has no value".
const SILENT: Weight = Weight::MIN;

/// Judges pairs of clusters of one component. Members are given as indexes into the component.
pub(crate) struct Linkage<'l, 'c, 'r> {
    comparing: &'l Comparing<'c, 'r>,
    weights: &'l Weights,
    memo: Memo,
    /// Where the evidence of a pair starts in `kept`.
    place: HashMap<(u32, u32), u32, foldhash::fast::FixedState>,
    /// Per pair and comparison the evidence against "unrelated" and against "related".
    kept: Vec<(Weight, Weight)>,
    /// Per member and comparison a number that is equal for equal values, `None` where there is no value.
    signatures: Vec<Option<u64>>,
    places: Vec<u32>,
    seen: Vec<u64>,
    /// The evidence of each comparison in the judgment at hand.
    spoken: Vec<(Weight, Weight)>,
}

impl<'l, 'c, 'r> Linkage<'l, 'c, 'r> {
    pub(crate) fn new(comparing: &'l Comparing<'c, 'r>, weights: &'l Weights) -> Self {
        Self {
            comparing,
            weights,
            memo: comparing.memo(),
            place: HashMap::default(),
            kept: Vec::new(),
            signatures: Vec::new(),
            places: Vec::new(),
            seen: Vec::new(),
            spoken: Vec::new(),
        }
    }

    /// Turns to another component.
    pub(crate) fn start(&mut self, members: &[u32]) {
        self.place.clear();
        self.kept.clear();
        self.signatures.clear();
        let (f, comparisons) = (self.comparing.f, self.comparing.comparisons);
        self.signatures.extend(
            members.iter().flat_map(|&member| comparisons.iter().map(move |c| c.comparator.signature(f, member))),
        );
    }

    /// The evidence between two clusters of a component, each given by its members with the smallest ids.
    pub(crate) fn between(&mut self, members: &[u32], left: &[u32], right: &[u32]) -> Weight {
        let (left, right) = representatives(left, right);
        let count = self.comparing.comparisons.len();
        if self.kept.len() > MOST_KEPT * count {
            self.place.clear();
            self.kept.clear();
        }
        self.places.clear();
        for &a in left {
            for &b in right {
                let place = self.evidence(members, a.min(b), a.max(b));
                self.places.push(place);
            }
        }
        self.spoken.clear();
        self.spoken.resize(count, (0, 0));
        for (index, comparison) in self.comparing.comparisons.iter().enumerate() {
            let spoken = self.places.iter().map(|&place| self.kept[place as usize + index]).filter(|e| e.0 != SILENT);
            self.spoken[index] = if comparison.changeable {
                let Some(best) = spoken.max() else { continue };
                if best.0 > 0 {
                    let tried = distinct(&self.signatures, &mut self.seen, left, count, index)
                        * distinct(&self.signatures, &mut self.seen, right, count, index);
                    ((best.0 - from_bits((tried as f64).log2())).max(0), best.1)
                } else {
                    best
                }
            } else {
                let (mut n, mut u, mut r) = (0i64, 0i64, 0i64);
                for (of_u, of_r) in spoken {
                    n += 1;
                    u += i64::from(of_u);
                    r += i64::from(of_r);
                }
                if n == 0 {
                    continue;
                }
                let (u, r) = ((u / n) as Weight, (r / n) as Weight);
                // Where each side's value is borne out by a second record, a difference is no slip of one of them.
                let said = |side: &[u32]| {
                    side.iter().filter(|&&p| self.signatures[p as usize * count + index].is_some()).count()
                };
                let sharpened = |w: Weight| if w < 0 && said(left) >= 2 && said(right) >= 2 { w * 2 } else { w };
                (sharpened(u), sharpened(r))
            };
        }
        let of = |part: fn(&(Weight, Weight)) -> Weight| {
            let all: Weight = self.spoken.iter().map(part).sum();
            all - self.weights.repeated(|c| part(&self.spoken[c])).map_or(0, |(_, less)| less)
        };
        against_both(self.weights.prior_unrelated + of(|s| s.0), self.weights.prior_related + of(|s| s.1))
    }

    /// Where the evidence of a pair is kept; computed on first sight.
    fn evidence(&mut self, members: &[u32], a: u32, b: u32) -> u32 {
        let next = self.kept.len() as u32;
        let place = *self.place.entry((a, b)).or_insert(next);
        if place == next {
            let (x, y) = (members[a as usize], members[b as usize]);
            for (index, comparison) in self.comparing.comparisons.iter().enumerate() {
                let found = comparison.comparator.compare(self.comparing.f, x, y, index, &mut self.memo);
                let level = usize::from(found.level);
                self.kept.push(if level == 0 {
                    (SILENT, SILENT)
                } else {
                    (
                        self.weights.unrelated[index][level] + found.tf_unrelated,
                        self.weights.related[index][level] + found.tf_related,
                    )
                });
            }
        }
        place
    }
}

/// How many different values the members hold, at least one.
fn distinct(signatures: &[Option<u64>], seen: &mut Vec<u64>, side: &[u32], count: usize, index: usize) -> usize {
    seen.clear();
    seen.extend(side.iter().filter_map(|&p| signatures[p as usize * count + index]));
    seen.sort_unstable();
    seen.dedup();
    seen.len().max(1)
}

/// At most [`CROSS_PAIRS`] pairs: as many members of each side as fit. Ids are hashes, so the smallest are a sample.
fn representatives<'m>(left: &'m [u32], right: &'m [u32]) -> (&'m [u32], &'m [u32]) {
    let side = (CROSS_PAIRS as f64).sqrt() as usize;
    let (mut l, mut r) = (left.len().min(side), right.len().min(side));
    if l < side {
        r = right.len().min(CROSS_PAIRS / l);
    } else if r < side {
        l = left.len().min(CROSS_PAIRS / r);
    }
    (&left[..l], &right[..r])
}
