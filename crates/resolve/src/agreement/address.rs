//! House, street, unit, postcode and town, compared together.

use super::{Agreement, MOST_VALUES, Memo};
use crate::features::{Features, HOUSE, LOCALITY, NONE, POSTCODE, STREET, UNIT};
use crate::kernels::{jaro_winkler_from, within_edits};
use crate::letters::Letters;
use crate::probability::Weight;

/// The Jaro–Winkler similarity from which streets and towns are alike.
const ALIKE_PART: f64 = 0.93;

/// The parts of addresses that are compared letter by letter.
pub(crate) struct AddressValues {
    /// For postcode and town.
    pub(crate) tf: [Vec<Weight>; 2],
    pub(crate) streets: Vec<Letters>,
    pub(crate) postcodes: Vec<Letters>,
    pub(crate) towns: Vec<Letters>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Missing,
    Same,
    Close,
    Different,
}

impl AddressValues {
    pub(super) fn compare(&self, f: &Features<'_>, a: u32, b: u32, table: usize, memo: &mut Memo) -> Agreement {
        // From the best evidence to the worst; two records may hold several addresses each.
        const RANK: [u8; 15] = [14, 0, 1, 2, 4, 3, 6, 7, 10, 13, 5, 9, 11, 8, 12];
        let mut found = Agreement::default();
        for &x in f.addresses_of(a).iter().take(MOST_VALUES) {
            for &y in f.addresses_of(b).iter().take(MOST_VALUES) {
                let (x, y) = (x.min(y), x.max(y));
                let (p, q) = (&f.addresses.parts[x as usize], &f.addresses.parts[y as usize]);
                let level = self.level(f, p, q, table, memo);
                let part_tf = |table: &Vec<Weight>, part: usize| table.get(p[part] as usize).copied().unwrap_or(0);
                let tf_unrelated = match level {
                    7 | 10 if p[POSTCODE] == q[POSTCODE] => part_tf(&self.tf[0], POSTCODE),
                    8 | 13 if p[LOCALITY] == q[LOCALITY] => part_tf(&self.tf[1], LOCALITY),
                    _ => 0,
                };
                let (rank, known) = (RANK[usize::from(level)], RANK[usize::from(found.level)]);
                // Of equal ones the rarer, so that it does not matter which record comes first.
                if rank < known || rank == known && tf_unrelated > found.tf_unrelated {
                    found = Agreement { level, tf_unrelated, tf_related: 0 };
                }
            }
        }
        found
    }

    fn level(&self, f: &Features<'_>, p: &[u32; 5], q: &[u32; 5], table: usize, memo: &mut Memo) -> u8 {
        let mut part = |number: usize, index: usize, letters: &[Letters], limit: f64| {
            let (x, y) = (p[index].min(q[index]), p[index].max(q[index]));
            if y == NONE {
                return Part::Missing;
            }
            if x == y {
                return Part::Same;
            }
            let (left, right) = (letters[x as usize], letters[y as usize]);
            let strangers = !left.may_be_within(right, 1)
                && !left.may_resemble(right, limit)
                && (index != STREET || !left.may_contain(right));
            let Some(pool) = f.address_pool(index).filter(|_| !strangers) else { return Part::Different };
            let close = || u8::from(is_close_part(index, pool.get(x), pool.get(y), limit));
            if memo.get(table + number, x, y, close) == 1 { Part::Close } else { Part::Different }
        };
        const NEVER: f64 = 2.0;
        let street = part(0, STREET, &self.streets, ALIKE_PART);
        let postcode = part(1, POSTCODE, &self.postcodes, NEVER);
        let town = part(2, LOCALITY, &self.towns, ALIKE_PART);
        address_level(p, q, street, postcode, town)
    }
}

fn is_close_part(index: usize, left: &str, right: &str, limit: f64) -> bool {
    let long = left.len().min(right.len()) >= 4;
    long && (within_edits(left, right, 1) || jaro_winkler_from(left, right, limit) > 0.0)
        || index == STREET && one_word_more(left, right)
}

/// Whether one street is the other with one more word before or after it: "halsted street" and "halsted".
fn one_word_more(left: &str, right: &str) -> bool {
    let (short, long) = if left.len() < right.len() { (left, right) } else { (right, left) };
    let word = |rest: &str| !rest.is_empty() && !rest.trim().contains(' ');
    let after = long.strip_prefix(short).is_some_and(|rest| rest.starts_with(' ') && word(rest));
    let before = long.strip_suffix(short).is_some_and(|rest| rest.ends_with(' ') && word(rest));
    short.len() >= 4 && (after || before)
}

fn address_level(p: &[u32; 5], q: &[u32; 5], street: Part, postcode: Part, town: Part) -> u8 {
    let house = if p[HOUSE] == NONE && q[HOUSE] == NONE {
        Part::Same
    } else {
        match (p[HOUSE], q[HOUSE]) {
            (NONE, _) | (_, NONE) => Part::Missing,
            (x, y) if x == y => Part::Same,
            _ => Part::Different,
        }
    };
    let alike = |part: Part| matches!(part, Part::Same | Part::Close);
    let area_known = postcode != Part::Missing || town != Part::Missing;
    let area_same = alike(postcode) || alike(town);
    if street != Part::Missing && house != Part::Missing {
        let (unit_x, unit_y) = (p[UNIT], q[UNIT]);
        return match () {
            () if alike(street) && house == Part::Same && (area_same || !area_known) => match () {
                () if unit_x != NONE && unit_y != NONE && unit_x != unit_y => 5,
                () if street == Part::Close => 3,
                () if (unit_x == NONE) != (unit_y == NONE) => 2,
                () => 1,
            },
            () if alike(street) && house == Part::Same => 4,
            () if alike(street) && area_same => 6,
            () if postcode == Part::Same => 7,
            () if alike(town) => 8,
            () => 9,
        };
    }
    if postcode != Part::Missing {
        return match () {
            () if postcode == Part::Same => 10,
            () if alike(postcode) || alike(town) => 11,
            () => 12,
        };
    }
    match town {
        Part::Missing => 0,
        Part::Same | Part::Close => 13,
        Part::Different => 14,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::LaidOut;
    use crate::records::{ColumnBuilder, ColumnKind, EntityType, RecordId, Records};

    #[test]
    fn of_two_towns_in_common_the_rarer_counts_whichever_record_comes_first() {
        let mut towns = ColumnBuilder::new("addresses.locality", ColumnKind::AddressLocality);
        towns.push_record(["springfield", "shelbyville"]);
        towns.push_record(["shelbyville", "springfield"]);
        let records = Records {
            ids: vec![RecordId(1), RecordId(2)],
            source: vec![0; 2],
            columns: vec![towns.finish()],
            entity: EntityType::Person,
            duplicates_none: vec![false],
        };
        let f = Features::new(&records, LaidOut::new(&records, &[]));
        let letters = records.columns[0].pool.iter().map(|(_, town)| Letters::of(town)).collect();
        // The pool is sorted: Shelbyville, then Springfield.
        let values = AddressValues { tf: [vec![], vec![700, 300]], streets: vec![], postcodes: vec![], towns: letters };
        let agreement = |a, b| values.compare(&f, a, b, 0, &mut Memo::new(1));
        assert_eq!(agreement(0, 1), Agreement { level: 13, tf_unrelated: 700, tf_related: 0 });
        assert_eq!(agreement(0, 1), agreement(1, 0));
    }
}
