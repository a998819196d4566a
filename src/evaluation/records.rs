//! The records of the truth and what a version made of them.

use std::collections::BTreeSet;
use std::hash::Hash;

use arrow::array::{AsArray, RecordBatch, StringArray};
use goldsmith_resolve::RecordId;
use hashbrown::hash_map::Entry;
use hashbrown::{DefaultHashBuilder, HashMap, HashSet};

use super::Truth;
use crate::pipeline::RunError;
use crate::publish::previous::{Version, read_batches};

/// The records of the truth, each with its customer and its cluster in every clustering; labels are dense numbers.
/// A record that is not published is a cluster of its own.
#[derive(Debug, Default)]
pub struct Joined {
    pub customer: Vec<u32>,
    pub golden: Vec<u32>,
    pub conservative: Vec<u32>,
    pub balanced: Vec<u32>,
    pub wide: Vec<u32>,
    /// Entity type of each record; missing ones have one of their own.
    pub entity: Vec<u32>,
    /// Whether each record is published.
    pub published: Vec<bool>,
    /// `source:key` of each record.
    pub names: Vec<String>,
    /// Golden ids by label.
    pub golden_ids: Vec<String>,
    /// Where a published record stands in the lists above.
    pub place: HashMap<RecordId, u32>,
    pub customers: usize,
    pub profiles: usize,
    pub missing: usize,
    pub unknown: usize,
    /// Sources the truth names and nothing is published of.
    pub absent_sources: Vec<String>,
}

/// Numbers for texts, in the order they are met.
#[derive(Default)]
struct Labels(HashMap<String, u32>);

impl Labels {
    fn of(&mut self, text: &str) -> u32 {
        let next = number(self.0.len());
        *self.0.entry_ref(text).or_insert(next)
    }

    /// A number nothing else has.
    fn fresh(&mut self, missing: usize) -> u32 {
        // No published id begins with a space.
        self.of(&format!(" {missing}"))
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// What is known already; where nothing is, `new` from now on.
fn known_or<K: Hash>(entry: Entry<'_, K, u32, DefaultHashBuilder>, new: u32) -> Option<u32> {
    match entry {
        Entry::Occupied(known) => Some(*known.get()),
        Entry::Vacant(free) => {
            free.insert(new);
            None
        }
    }
}

/// The published records.
#[derive(Default)]
struct Published {
    names: Vec<(String, String)>,
    /// Golden id, conservative, balanced and wide cluster, entity type.
    labels: Vec<[u32; 5]>,
    kinds: [Labels; 5],
    by_place: HashMap<RecordId, u32>,
    sources: BTreeSet<String>,
    /// Records by their key alone; none where several sources have it.
    by_key: HashMap<String, Option<u32>>,
}

impl Published {
    fn read(version: Version<'_>, bare_keys: bool) -> Result<Self, RunError> {
        let mut published = Self::default();
        let columns = [
            "source",
            "source_key",
            "golden_id",
            "cluster_id_conservative",
            "cluster_id_balanced",
            "cluster_id_wide",
            "entity_type",
        ];
        read_batches(version, "cross_reference", &columns, |batch| {
            published.add(&batch, bare_keys);
            Ok(())
        })?;
        Ok(published)
    }

    fn add(&mut self, batch: &RecordBatch, bare_keys: bool) {
        let columns: Vec<&StringArray> = batch.columns().iter().map(|column| column.as_string::<i32>()).collect();
        let [source, key, labels @ ..] = columns.as_slice() else { return };
        for row in 0..batch.num_rows() {
            let record = number(self.names.len());
            let (source, key) = (source.value(row), key.value(row));
            let mut numbers = [0; 5];
            for ((number, kind), column) in numbers.iter_mut().zip(&mut self.kinds).zip(labels) {
                *number = kind.of(column.value(row));
            }
            self.labels.push(numbers);
            self.by_place.insert(RecordId::of(source, key), record);
            if !self.has(source) {
                self.sources.insert(source.to_owned());
            }
            if bare_keys {
                self.by_key.entry_ref(key).and_modify(|known| *known = None).or_insert(Some(record));
            }
            self.names.push((source.to_owned(), key.to_owned()));
        }
    }

    fn has(&self, source: &str) -> bool {
        self.sources.contains(source)
    }

    /// The record the truth speaks of.
    fn find(&self, truth: &Truth) -> Result<Option<u32>, RunError> {
        if let Some(source) = &truth.source {
            return Ok(self.by_place.get(&RecordId::of(source, &truth.key)).copied());
        }
        let joined = truth.key.split_once(':').and_then(|(source, key)| self.by_place.get(&RecordId::of(source, key)));
        if let Some(record) = joined {
            return Ok(Some(*record));
        }
        match self.by_key.get(&truth.key) {
            Some(None) => Err(RunError::Config(format!(
                "the truth names record `{}` by its key alone, and several sources have that key; give the truth a column `source`, or write SOURCE:KEY",
                truth.key
            ))),
            Some(record) => Ok(*record),
            None => Ok(None),
        }
    }
}

/// # Errors
/// A truth without records, about other records, or with two opinions about one.
pub(super) fn join(version: Version<'_>, truth: &[Truth]) -> Result<Joined, RunError> {
    if truth.is_empty() {
        return Err(RunError::Config(
            "the truth has no row with a record and its customer; write a row a record, with its customer in `cluster_id`".to_owned(),
        ));
    }
    let mut published = Published::read(version, truth.iter().any(|truth| truth.source.is_none()))?;
    let mut joined = Joined::default();
    let mut customers = Labels::default();
    let mut place_of: HashMap<u32, u32> = HashMap::new();
    let mut absent: HashMap<String, u32> = HashMap::new();
    let mut absent_sources: BTreeSet<&str> = BTreeSet::new();
    for record in truth {
        let customer = customers.of(&record.customer);
        let here = number(joined.customer.len());
        let found = published.find(record)?;
        if found.is_none() {
            absent_sources.extend(record.named_source().filter(|source| !published.has(source)));
        }
        let known = match found {
            Some(row) => known_or(place_of.entry(row), here),
            None => known_or(absent.entry(record.to_string()), here),
        };
        if let Some(known) = known {
            if joined.customer.get(known as usize) == Some(&customer) {
                continue;
            }
            return Err(RunError::Config(format!(
                "the truth has record `{record}` twice, as two customers; leave the row that is right"
            )));
        }
        joined.customer.push(customer);
        joined.published.push(found.is_some());
        let row = found.map(|row| row as usize);
        let labels = row.and_then(|row| published.labels.get(row)).copied().unwrap_or_else(|| {
            joined.missing += 1;
            std::array::from_fn(|kind| published.kinds.get_mut(kind).map_or(0, |kind| kind.fresh(joined.missing)))
        });
        let [golden, conservative, balanced, wide, entity] = labels;
        joined.golden.push(golden);
        joined.conservative.push(conservative);
        joined.balanced.push(balanced);
        joined.wide.push(wide);
        joined.entity.push(entity);
        joined.names.push(match row.and_then(|row| published.names.get(row)) {
            Some((source, key)) => {
                joined.place.insert(RecordId::of(source, key), here);
                format!("{source}:{key}")
            }
            None => record.to_string(),
        });
    }
    if joined.missing == joined.customer.len() {
        let version = version.manifest.version;
        return Err(RunError::Config(format!(
            "no record of the truth is in version {version}; its `source` and `source_key` (or `record_id`) have to name records as the pipeline does{}",
            published.names.first().map(|(source, key)| format!(", such as `{source}:{key}`")).unwrap_or_default()
        )));
    }
    joined.absent_sources = absent_sources.into_iter().map(str::to_owned).collect();
    joined.unknown = published.names.len() - place_of.len();
    joined.customers = customers.0.len();
    joined.profiles = joined.golden.iter().collect::<HashSet<_>>().len();
    let [golden, ..] = published.kinds;
    joined.golden_ids = vec![String::new(); golden.0.len()];
    for (id, label) in golden.0 {
        if let Some(place) = joined.golden_ids.get_mut(label as usize) {
            *place = id;
        }
    }
    Ok(joined)
}
