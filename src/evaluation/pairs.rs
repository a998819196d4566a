//! The published pairs, read once and judged.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::datatypes::{Float32Type, Int64Type};
use goldsmith_resolve::evaluate::{JudgedPair, Tallies};
use goldsmith_resolve::probability::{from_bits, to_probability};
use goldsmith_resolve::{Options, RecordId};

use super::mistakes::Listed;
use super::{Joined, PairTable};
use crate::pipeline::RunError;
use crate::publish::previous::{Version, read_batches};

/// Probabilities at which the curve cuts.
const CUTS: [f64; 12] = [0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999];
/// Where the bands of the reliability table begin.
const BANDS: [f64; 15] = [0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999];

/// What the pairs say as a whole.
pub(super) struct Found {
    pub(super) table: PairTable,
    pub(super) curve: Tallies,
    pub(super) reliability: Tallies,
}

/// A row of `match_pairs`.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    columns: &'a Columns<'a>,
    row: usize,
}

struct Columns<'a> {
    texts: [&'a StringArray; 7],
    score: &'a ArrayRef,
    sampled: &'a BooleanArray,
    rules: &'a ArrayRef,
    tf_adjust: &'a ArrayRef,
    pattern: &'a ArrayRef,
}

const COLUMNS: [&str; 12] = [
    "left_source",
    "left_key",
    "right_source",
    "right_key",
    "decision",
    "cut_reason",
    "entity_type",
    "score",
    "sampled",
    "blocking_keys",
    "tf_adjust",
    "pattern_id",
];

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Option<Self> {
        let [a, b, c, d, e, f, g, score, sampled, rules, tf_adjust, pattern] = batch.columns() else { return None };
        Some(Self {
            texts: [a, b, c, d, e, f, g].map(|column| column.as_string::<i32>()),
            score,
            sampled: sampled.as_boolean(),
            rules,
            tf_adjust,
            pattern,
        })
    }
}

impl<'a> Row<'a> {
    fn text(self, column: usize) -> &'a str {
        self.columns.texts.get(column).map_or("", |texts| texts.value(self.row))
    }

    /// Both records, where the truth knows them.
    fn places(self, joined: &Joined) -> Option<(u32, u32)> {
        let place = |source, key| joined.place.get(&RecordId::of(self.text(source), self.text(key))).copied();
        place(0, 1).zip(place(2, 3))
    }

    pub(super) fn decision(self) -> &'a str {
        self.text(4)
    }

    pub(super) fn cut_reason(self) -> Option<&'a str> {
        self.columns.texts.get(5).filter(|texts| texts.is_valid(self.row)).map(|texts| texts.value(self.row))
    }

    pub(super) fn entity(self) -> &'a str {
        self.text(6)
    }

    pub(super) fn bits(self) -> f64 {
        f64::from(self.columns.score.as_primitive::<Float32Type>().value(self.row))
    }

    /// Out of the score, which holds the weight without rounding.
    pub(super) fn probability(self) -> f64 {
        to_probability(from_bits(self.bits()))
    }

    pub(super) fn sampled(self) -> bool {
        self.columns.sampled.value(self.row)
    }

    pub(super) fn rules(self) -> Vec<String> {
        let rules = self.columns.rules.as_list::<i32>().value(self.row);
        rules.as_string::<i32>().iter().flatten().map(str::to_owned).collect()
    }

    pub(super) fn rarity(self) -> f64 {
        f64::from(self.columns.tf_adjust.as_primitive::<Float32Type>().value(self.row))
    }

    pub(super) fn pattern(self) -> i64 {
        self.columns.pattern.as_primitive::<Int64Type>().value(self.row)
    }
}

/// # Errors
/// A table that is missing or broken.
pub(super) fn read(version: Version<'_>, joined: &Joined, listed: &mut Listed) -> Result<Found, RunError> {
    let stands_for = 1.0 / Options::default().sample;
    let mut found = Found {
        table: PairTable { pairs_per_sampled_row: stands_for, ..PairTable::default() },
        curve: Tallies::new(&CUTS),
        reliability: Tallies::new(&BANDS),
    };
    read_batches(version, "match_pairs", &COLUMNS, |batch| {
        let Some(columns) = Columns::of(&batch) else { return Ok(()) };
        for row in 0..batch.num_rows() {
            let row = Row { columns: &columns, row };
            let is_forced = row.decision().starts_with("forced");
            found.table.rows += 1;
            found.table.rows_sampled += u64::from(row.sampled());
            let Some((left, right)) = row.places(joined) else { continue };
            found.table.rows_judged += 1;
            let same = joined.customer.get(left as usize) == joined.customer.get(right as usize);
            let judged =
                JudgedPair { probability: row.probability(), same, sampled: row.sampled().then_some(stands_for) };
            // A steward may decide on pairs that were never compared.
            if !is_forced || !row.rules().is_empty() {
                found.curve.add(judged);
                found.reliability.add(judged);
            }
            listed.add(joined, (left, right), same, row);
        }
        Ok(())
    })?;
    read_batches(version, "match_patterns", &["pairs"], |batch| {
        for pairs in batch.columns().iter().flat_map(|column| column.as_primitive::<Int64Type>().values()) {
            found.table.candidates += u64::try_from(*pairs).unwrap_or(0);
        }
        Ok(())
    })?;
    Ok(found)
}
