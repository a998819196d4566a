//! What a truth file says, as labels for training.

use arrow::array::{Array, AsArray};
use goldsmith_resolve::{Decisions, Labels, RecordId};
use hashbrown::HashMap;

use crate::evaluation::Truth;
use crate::normalize::{EntityRecords, layout};
use crate::pipeline::RunError;
use crate::pipeline::plan::Plan;

/// The labels for the records of one entity type. Rows of the truth about other records are passed over.
///
/// # Errors
/// A truth that names a record by a key several sources have, or gives a record to two customers.
pub fn labels(
    plan: &Plan,
    records: &EntityRecords,
    truth: &[Truth],
    decisions: &Decisions,
) -> Result<Labels, RunError> {
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    let mut by_id: HashMap<RecordId, u32> = HashMap::new();
    let mut by_key: HashMap<&str, u32> = HashMap::new();
    for row in truth {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        let customer = *numbers.entry(&row.customer).or_insert(next);
        let earlier = if let Some(source) = &row.source {
            by_id.insert(RecordId::of(source, &row.key), customer)
        } else {
            // What looks like SOURCE:KEY may be a key of its own.
            let joined = row.key.split_once(':');
            let of_id = joined.and_then(|(source, key)| by_id.insert(RecordId::of(source, key), customer));
            by_key.insert(&row.key, customer).or(of_id)
        };
        if earlier.is_some_and(|earlier| earlier != customer) {
            return Err(RunError::Config(format!(
                "the truth has record `{row}` twice, as two customers; leave the row that is right"
            )));
        }
    }
    let mut labels = Labels { decisions: decisions.clone(), ..Labels::default() };
    let mut met: HashMap<&str, RecordId> = HashMap::new();
    for (source, keys) in records.source_names(plan).into_iter().zip(records.column(layout::SOURCE_KEY)?) {
        let keys = keys.as_string::<i32>();
        for row in 0..keys.len() {
            let id = RecordId::of(source, keys.value(row));
            if let Some(customer) = by_id.get(&id) {
                labels.entities.insert(id, *customer);
            } else if let Some((key, customer)) = by_key.get_key_value(keys.value(row)) {
                if met.insert(key, id).is_some() {
                    return Err(RunError::Config(format!(
                        "the truth names record `{key}` by its key alone, and several sources have that key; give the truth a column `source`, or write SOURCE:KEY"
                    )));
                }
                labels.entities.insert(id, *customer);
            }
        }
    }
    Ok(labels)
}
