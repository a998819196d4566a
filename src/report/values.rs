//! One attribute of all records, read once: what every measure is counted from.

use std::hash::BuildHasher;

use arrow::array::{Array, AsArray, BooleanArray, ListArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use foldhash::quality::FixedState;
use goldsmith_config::attributes::AttributeKind;
use goldsmith_standardize::placeholder::{PlaceholderKind, is_placeholder};

use super::attribute::View;
use crate::golden::{identity, identity_of};
use crate::normalize::layout;
use crate::pipeline::RunError;
use crate::pipeline::plan::AttributePlan;

/// The values of one attribute, cluster by cluster: a record is known by its place among the members of all clusters.
/// Equal values have equal hashes; nothing else is kept of a value.
pub(super) struct Values {
    columns: Columns,
    /// For each record where its hashes begin; one more at the end.
    offsets: Vec<u32>,
    /// The distinct valid values of each record.
    hashes: Vec<u64>,
    /// For each record whether it has a value, valid or not.
    given: Vec<bool>,
}

/// What the values of one source are like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) records: i64,
    pub(super) records_with_value: i64,
    pub(super) records_valid: i64,
    pub(super) values: i64,
    pub(super) values_valid: i64,
    /// Values that stand for "unknown".
    pub(super) placeholders: i64,
    /// Values that are neither valid nor placeholders.
    pub(super) invalid: i64,
    pub(super) repeated: Repeated,
}

/// How often values occur.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Repeated {
    /// Valid values, each once a record.
    pub(super) occurrences: i64,
    pub(super) distinct: i64,
    /// Values that occur once.
    pub(super) unique: i64,
}

impl Repeated {
    /// Counts values, each given once for every record that has it.
    pub(super) fn of(mut hashes: Vec<u64>) -> Self {
        hashes.sort_unstable();
        let mut repeated = Self { occurrences: count(hashes.len()), ..Self::default() };
        for run in hashes.chunk_by(|a, b| a == b) {
            repeated.distinct += 1;
            repeated.unique += i64::from(run.len() == 1);
        }
        repeated
    }
}

enum Columns {
    /// Raw and normalised text, a batch each.
    Scalar(Vec<(StringArray, StringArray)>),
    List(Vec<List>),
}

/// One batch of a repeatable attribute.
struct List {
    list: ListArray,
    /// The parts that tell one element from another.
    identity: Vec<StringArray>,
    raw: StringArray,
    valid: BooleanArray,
}

impl Values {
    /// Reads `attribute` of all records. The second part counts by source.
    ///
    /// # Errors
    /// Where the records lack a column of their own plan.
    pub(super) fn read(view: &View<'_>, attribute: &AttributePlan) -> Result<(Self, Vec<Counted>), RunError> {
        let (records, sources) = (view.records, view.names.len());
        let columns = if layout::is_list(attribute.kind) {
            Columns::List(
                records
                    .column(&attribute.name)?
                    .iter()
                    .map(|array| List::of(array.as_list::<i32>(), attribute.kind))
                    .collect::<Result<_, _>>()?,
            )
        } else {
            let raw = records.column(&layout::raw_column(&attribute.name))?;
            let normal = records.column(&attribute.name)?;
            Columns::Scalar(
                raw.iter()
                    .zip(normal)
                    .map(|(raw, normal)| {
                        Ok((raw.as_string::<i32>().clone(), cast(normal, &DataType::Utf8)?.as_string::<i32>().clone()))
                    })
                    .collect::<Result<_, RunError>>()?,
            )
        };
        let mut values = Self {
            columns,
            offsets: Vec::with_capacity(records.len() + 1),
            hashes: Vec::new(),
            given: Vec::with_capacity(records.len()),
        };
        let mut counted = vec![Counted::default(); sources];
        let mut own = Vec::new();
        values.offsets.push(0);
        // Values lie cluster by cluster, as the members do.
        for (place, source) in records.arranged_places()?.iter().zip(&view.members.sources) {
            let mut seen = Counted { records: 1, ..Counted::default() };
            own.clear();
            values.columns.read(place, attribute.kind, &mut seen, &mut own);
            own.sort_unstable();
            own.dedup();
            values.hashes.extend_from_slice(&own);
            values.offsets.push(u32::try_from(values.hashes.len()).unwrap_or(u32::MAX));
            values.given.push(seen.values > 0);
            if let Some(counted) = counted.get_mut(usize::from(*source)) {
                counted.add(&seen);
            }
        }
        if let Columns::Scalar(columns) = &mut values.columns {
            columns.clear();
        }
        for (source, counted) in (0..).zip(&mut counted) {
            let own = view.members.sources.iter().enumerate().filter(|(_, of)| **of == source);
            counted.repeated = Repeated::of(own.flat_map(|(member, _)| values.of(member)).copied().collect());
        }
        Ok((values, counted))
    }

    /// The distinct valid values of a record.
    pub(super) fn of(&self, member: usize) -> &[u64] {
        let at = |index: usize| self.offsets.get(index).map_or(0, |at| *at as usize);
        self.hashes.get(at(member)..at(member + 1)).unwrap_or_default()
    }

    /// Whether the record has a value, valid or not.
    pub(super) fn given(&self, member: usize) -> bool {
        self.given.get(member).copied().unwrap_or(false)
    }

    /// The hash of a golden value, which is valid if its record has any valid one; `element` counts in the list column of
    /// the batch and is passed over for a scalar.
    pub(super) fn at(&self, member: usize, (batch, _): (usize, usize), element: usize) -> Option<u64> {
        match (&self.columns, self.of(member)) {
            (Columns::Scalar(_), hashes) => hashes.first().copied(),
            (Columns::List(_), [only]) => Some(*only),
            (Columns::List(columns), _) => columns.get(batch)?.hash(element),
        }
    }
}

impl Columns {
    /// Counts the values of a record and appends the hashes of the valid ones.
    fn read(&self, (batch, row): (usize, usize), kind: AttributeKind, seen: &mut Counted, own: &mut Vec<u64>) {
        match self {
            Self::Scalar(columns) => {
                let Some((raw, normal)) = columns.get(batch) else { return };
                let raw = raw.is_valid(row).then(|| raw.value(row)).filter(|raw| !raw.trim().is_empty());
                let valid = normal.is_valid(row);
                if valid {
                    own.push(hash(normal.value(row)));
                }
                // A name's part can come from the full name and have no raw value of its own.
                if valid || raw.is_some() {
                    seen.value(kind, valid, raw);
                }
            }
            Self::List(columns) => {
                let Some(column) = columns.get(batch) else { return };
                let offsets = column.list.value_offsets();
                let at =
                    |index: usize| offsets.get(index).and_then(|offset| usize::try_from(*offset).ok()).unwrap_or(0);
                for element in at(row)..at(row + 1) {
                    let valid = column.valid.value(element);
                    own.extend(column.hash(element).filter(|_| valid));
                    seen.value(kind, valid, column.raw.is_valid(element).then(|| column.raw.value(element)));
                }
            }
        }
    }
}

impl Counted {
    fn value(&mut self, kind: AttributeKind, valid: bool, raw: Option<&str>) {
        self.values += 1;
        self.records_with_value = 1;
        if valid {
            self.values_valid += 1;
            self.records_valid = 1;
        } else if raw.is_some_and(|raw| stands_for_unknown(kind, raw)) {
            self.placeholders += 1;
        } else {
            self.invalid += 1;
        }
    }

    fn add(&mut self, other: &Self) {
        self.records += other.records;
        self.records_with_value += other.records_with_value;
        self.records_valid += other.records_valid;
        self.values += other.values;
        self.values_valid += other.values_valid;
        self.placeholders += other.placeholders;
        self.invalid += other.invalid;
    }
}

impl List {
    fn of(list: &ListArray, kind: AttributeKind) -> Result<Self, RunError> {
        let structs = list.values().as_struct();
        let part = |name: &str| {
            structs.column_by_name(name).ok_or_else(|| RunError::Internal(format!("list elements have no part {name}")))
        };
        Ok(Self {
            list: list.clone(),
            identity: identity(kind)
                .iter()
                .map(|name| Ok(part(name)?.as_string::<i32>().clone()))
                .collect::<Result<_, RunError>>()?,
            raw: part("raw")?.as_string::<i32>().clone(),
            valid: part("valid")?.as_boolean().clone(),
        })
    }

    /// The hash of an element; `None` where it has no normal form.
    fn hash(&self, element: usize) -> Option<u64> {
        identity_of(&self.identity, element).map(|text| hash(&text))
    }
}

fn stands_for_unknown(kind: AttributeKind, raw: &str) -> bool {
    let of = match kind {
        AttributeKind::Email => PlaceholderKind::Email,
        AttributeKind::Phone => PlaceholderKind::Phone,
        AttributeKind::Date | AttributeKind::Timestamp => PlaceholderKind::Date,
        AttributeKind::PersonName | AttributeKind::NamePart(_) => PlaceholderKind::Name,
        // The raw text of an address is all of its parts.
        AttributeKind::Address => return raw.split(", ").all(|part| is_placeholder(PlaceholderKind::Address, part)),
        _ => PlaceholderKind::Text,
    };
    is_placeholder(of, raw)
}

fn hash(value: &str) -> u64 {
    FixedState::default().hash_one(value)
}

/// A number of things as the tables count them.
pub(super) fn count(things: usize) -> i64 {
    i64::try_from(things).unwrap_or(i64::MAX)
}
