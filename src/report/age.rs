//! How old records are.

use arrow::array::{Array, AsArray};
use arrow::datatypes::TimestampMicrosecondType;

use crate::normalize::{EntityRecords, layout};
use crate::pipeline::RunError;

const MICROSECONDS_A_DAY: f64 = 86_400e6;

/// The ages of records in days, where their sources say when they last changed; no number where they do not.
pub(super) struct Ages(Vec<f64>);

impl Ages {
    /// The ages of these records at `as_of`, microseconds UTC. A record from the future has a negative one: its source's
    /// clock is wrong.
    ///
    /// # Errors
    /// Where the records have no column for it.
    pub(super) fn at(as_of: i64, records: &EntityRecords, of: &[u32]) -> Result<Self, RunError> {
        let columns = records.column(layout::UPDATED_AT)?;
        let columns: Vec<_> = columns.iter().map(|column| column.as_primitive::<TimestampMicrosecondType>()).collect();
        let age = |record: &u32| {
            let (batch, row) = records.places.get(*record as usize)?;
            let column = columns.get(batch).filter(|column| row < column.len() && column.is_valid(row))?;
            Some((as_of as f64 - column.value(row) as f64) / MICROSECONDS_A_DAY)
        };
        Ok(Self(of.iter().map(|record| age(record).unwrap_or(f64::NAN)).collect()))
    }

    /// The age of the record at this place.
    pub(super) fn of(&self, index: usize) -> Option<f64> {
        self.0.get(index).copied().filter(|age| !age.is_nan())
    }

    /// The median and the 95th percentile, by nearest rank; `None` where there are no ages.
    pub(super) fn percentiles(mut ages: Vec<f64>) -> Option<(f64, f64)> {
        let rank = |percent: usize| (ages.len() * percent).div_ceil(100).checked_sub(1);
        let (middle, high) = rank(50).zip(rank(95))?;
        let (below, p95, _) = ages.select_nth_unstable_by(high, f64::total_cmp);
        let p95 = *p95;
        let p50 = if middle < below.len() { *below.select_nth_unstable_by(middle, f64::total_cmp).1 } else { p95 };
        Some((p50, p95))
    }
}

#[cfg(test)]
mod tests {
    use super::Ages;

    #[test]
    fn percentiles_are_ages_that_occur() {
        assert_eq!(Ages::percentiles(Vec::new()), None);
        assert_eq!(Ages::percentiles(vec![3.0]), Some((3.0, 3.0)));
        assert_eq!(Ages::percentiles(vec![4.0, 1.0, 3.0, 2.0]), Some((2.0, 4.0)));
        assert_eq!(Ages::percentiles((1..=100).rev().map(f64::from).collect()), Some((50.0, 95.0)));
    }
}
