//! How old records are.

use arrow::array::{Array, AsArray};
use arrow::datatypes::TimestampMicrosecondType;

use crate::normalize::{EntityRecords, layout};
use crate::pipeline::RunError;

const MICROSECONDS_A_DAY: f64 = 86_400e6;

/// The age of every record in days, where its source says when it last changed.
pub(super) struct Ages(Vec<Option<f64>>);

impl Ages {
    /// Ages at `as_of`, microseconds UTC. A record from the future has a negative one: its source's clock is wrong.
    ///
    /// # Errors
    /// Where the records have no column for it.
    pub(super) fn at(as_of: i64, records: &EntityRecords) -> Result<Self, RunError> {
        let mut ages = vec![None; records.len()];
        let columns = records.column(layout::UPDATED_AT)?;
        for (age, (batch, row)) in ages.iter_mut().zip(records.places.iter()) {
            let Some(column) = columns.get(batch).map(|column| column.as_primitive::<TimestampMicrosecondType>())
            else {
                continue;
            };
            if row < column.len() && column.is_valid(row) {
                *age = Some((as_of as f64 - column.value(row) as f64) / MICROSECONDS_A_DAY);
            }
        }
        Ok(Self(ages))
    }

    pub(super) fn of(&self, record: usize) -> Option<f64> {
        self.0.get(record).copied().flatten()
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
