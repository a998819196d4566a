//! How common values are: agreement on "Smith" says less than agreement on "Featherstonehaugh".

use crate::features::text_hash;
use crate::model::ColumnFrequencies;
use crate::probability::{BIT, Weight, from_bits};
use crate::records::{Column, Pool};

/// How many of a column's commonest values a model lists.
const LISTED: usize = 20_000;
/// The adjustment for a value is kept within these bounds.
const LOWEST: Weight = -6 * BIT;
const HIGHEST: Weight = 6 * BIT;

/// Chance that two different records hold the same value, by `Σ n(n-1) / N(N-1)` over how many hold each.
pub(crate) fn same_by_chance(holders: &[u32]) -> f64 {
    let total: f64 = holders.iter().map(|&n| f64::from(n)).sum();
    let pairs: f64 = holders.iter().map(|&n| f64::from(n) * (f64::from(n) - 1.0)).sum();
    if total < 2.0 { 0.0 } else { pairs / (total * (total - 1.0)) }
}

/// The frequencies of a column, as a model keeps them. `placeholders` are codes of its pool, which count as missing.
pub(crate) fn count(column: &Column, placeholders: &[u32]) -> ColumnFrequencies {
    let pool = &column.pool;
    let mut holders: Vec<u32> = (0..pool.len() as u32).map(|code| pool.frequency(code)).collect();
    for &code in placeholders {
        holders[code as usize] = 0;
    }
    let total: f64 = holders.iter().map(|&n| f64::from(n)).sum::<f64>().max(1.0);
    let mut common: Vec<(u32, u64)> = pool
        .iter()
        .map(|(code, value)| (holders[code as usize], value))
        .filter(|entry| entry.0 > 2)
        .map(|(n, value)| (n, text_hash(value)))
        .collect();
    common.sort_unstable_by_key(|&(n, hash)| (std::cmp::Reverse(n), hash));
    common.truncate(LISTED);
    let mut values: Vec<(String, f64)> =
        common.into_iter().map(|(n, hash)| (format!("{hash:016x}"), f64::from(n) / total)).collect();
    values.sort_unstable_by(|x, y| x.0.cmp(&y.0));
    ColumnFrequencies {
        column: column.name.clone(),
        same_by_chance: same_by_chance(&holders).max(1e-9),
        other: 2.0 / total,
        values,
    }
}

/// Per code of a pool the adjustment of an exact agreement's weight: `log2(chance / frequency)`.
pub(crate) fn adjustments(pool: &Pool, frequencies: Option<&ColumnFrequencies>) -> Vec<Weight> {
    let Some(known) = frequencies else { return vec![0; pool.len()] };
    pool.iter()
        .map(|(_, value)| {
            let hash = format!("{:016x}", text_hash(value));
            let share = known
                .values
                .binary_search_by(|entry| entry.0.cmp(&hash))
                .map_or(known.other, |index| known.values[index].1);
            from_bits((known.same_by_chance / share.max(1e-12)).log2()).clamp(LOWEST, HIGHEST)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{ColumnBuilder, ColumnKind};

    #[test]
    fn what_stands_for_unknown_does_not_make_the_rest_look_rare() {
        let mut column = ColumnBuilder::new("birth_date", ColumnKind::BirthDate);
        for day in 0..1_000 {
            column.push_record([format!("day {day}").as_str()]);
            column.push_record([format!("day {day}").as_str()]);
            column.push_record(["1970-01-01"]);
        }
        let column = column.finish();
        let code = |value: &str| column.pool.iter().find(|(_, known)| *known == value).expect("a value").0;
        let adjustment = |placeholders: &[u32]| {
            adjustments(&column.pool, Some(&count(&column, placeholders)))[code("day 7") as usize]
        };
        // Each day has 2 of 2,000 holders, as many as any other: it says what a day says on average.
        assert!(adjustment(&[code("1970-01-01")]).abs() <= BIT + BIT / 4, "{}", adjustment(&[code("1970-01-01")]));
        assert_eq!(adjustment(&[]), HIGHEST);
    }
}
