//! What the records of a cluster say of one attribute.

use std::borrow::Cow;

use arrow::array::{Array, AsArray, BooleanArray, ListArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use goldsmith_config::attributes::AttributeKind;
use goldsmith_resolve::survivorship::Observation;
use hashbrown::HashMap;

use super::{Member, identity, identity_of};
use crate::normalize::{EntityRecords, layout};
use crate::pipeline::RunError;
use crate::pipeline::plan::AttributePlan;

/// Reads one attribute of the records of a cluster.
pub(super) struct Observer {
    /// By source.
    trust: Vec<u16>,
    kind: AttributeKind,
    columns: Columns,
}

enum Columns {
    /// The values as text, a batch each.
    Scalar(Vec<StringArray>),
    /// The lists, the parts of an element that make up its identity, and whether it is valid.
    List(Vec<(ListArray, Vec<StringArray>, BooleanArray)>),
}

/// The observations of one cluster. Codes are local to it; the memory serves the next one again.
#[derive(Default)]
pub(super) struct Seen<'a> {
    pub(super) observations: Vec<Observation>,
    /// For each observation the element it came from.
    pub(super) elements: Vec<u32>,
    codes: Codes<'a>,
}

impl Seen<'_> {
    /// The element behind an observation.
    pub(super) fn element_of(&self, wanted: &Observation) -> u32 {
        self.observations
            .iter()
            .position(|observation| observation == wanted)
            .and_then(|index| self.elements.get(index).copied())
            .unwrap_or(0)
    }
}

impl Observer {
    pub(super) fn new(attribute: &AttributePlan, records: &EntityRecords, trust: Vec<u16>) -> Result<Self, RunError> {
        let arrays = records.column(&attribute.name)?;
        let columns = if layout::is_list(attribute.kind) {
            let mut lists = Vec::with_capacity(arrays.len());
            for array in arrays {
                let list = array.as_list::<i32>().clone();
                let structs = list.values().as_struct();
                let mut parts = Vec::new();
                for name in identity(attribute.kind) {
                    if let Some(part) = structs.column_by_name(name) {
                        parts.push(part.as_string::<i32>().clone());
                    }
                }
                let valid = structs
                    .column_by_name("valid")
                    .map(|valid| valid.as_boolean().clone())
                    .unwrap_or_else(|| BooleanArray::from(vec![true; structs.len()]));
                lists.push((list, parts, valid));
            }
            Columns::List(lists)
        } else {
            Columns::Scalar(
                arrays
                    .iter()
                    .map(|array| Ok(cast(array, &DataType::Utf8)?.as_string::<i32>().clone()))
                    .collect::<Result<_, RunError>>()?,
            )
        };
        Ok(Self { trust, kind: attribute.kind, columns })
    }

    /// Fills `seen` with what the members of a cluster say, and with nothing else. `located` has the place of each among all
    /// members, and where its values lie.
    pub(super) fn observe<'s>(
        &'s self,
        members: &[Member],
        located: impl Iterator<Item = (u32, (usize, usize))>,
        seen: &mut Seen<'s>,
    ) {
        seen.observations.clear();
        seen.elements.clear();
        seen.codes.clear();
        for (member, (place, (batch, row))) in members.iter().zip(located) {
            match &self.columns {
                Columns::Scalar(columns) => {
                    let Some(values) = columns.get(batch).filter(|values| values.is_valid(row)) else { continue };
                    let value = values.value(row);
                    let valid = !self.is_initial(value);
                    let code = seen.codes.of(Cow::Borrowed(value));
                    self.push(seen, member, place, code, valid, value.chars().count(), 0, 0);
                }
                Columns::List(columns) => {
                    let Some((list, parts, valid)) = columns.get(batch) else { continue };
                    let offsets = list.value_offsets();
                    let at =
                        |index: usize| offsets.get(index).and_then(|offset| usize::try_from(*offset).ok()).unwrap_or(0);
                    for (position, element) in (at(row)..at(row + 1)).enumerate() {
                        let Some(value) = identity_of(parts, element) else { continue };
                        let length = value.chars().count();
                        let code = seen.codes.of(value);
                        self.push(seen, member, place, code, valid.value(element), length, position, element);
                    }
                }
            }
        }
    }

    /// An initial stands for a name but is none: any written-out name goes before it.
    fn is_initial(&self, value: &str) -> bool {
        matches!(self.kind, AttributeKind::NamePart(_)) && value.trim_end_matches('.').chars().count() == 1
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of an observation")]
    fn push(
        &self,
        seen: &mut Seen<'_>,
        member: &Member,
        place: u32,
        code: u32,
        valid: bool,
        length: usize,
        position: usize,
        element: usize,
    ) {
        seen.observations.push(Observation {
            code,
            record: place,
            id: member.id(),
            updated_at: member.updated_at(),
            trust: self.trust.get(usize::from(member.source)).copied().unwrap_or(u16::MAX),
            valid,
            length: u32::try_from(length).unwrap_or(u32::MAX),
            position: u16::try_from(position).unwrap_or(u16::MAX),
        });
        seen.elements.push(u32::try_from(element).unwrap_or(u32::MAX));
    }
}

/// Numbers the distinct values of a cluster in the order they are met.
#[derive(Default)]
struct Codes<'a> {
    few: Vec<Cow<'a, str>>,
    many: HashMap<Cow<'a, str>, u32>,
}

impl<'a> Codes<'a> {
    /// Up to this many values are searched one by one.
    const FEW: usize = 16;

    fn clear(&mut self) {
        self.few.clear();
        self.many.clear();
    }

    fn of(&mut self, value: Cow<'a, str>) -> u32 {
        let next = u32::try_from(self.few.len() + self.many.len()).unwrap_or(u32::MAX);
        if let Some(index) = self.few.iter().position(|known| *known == value) {
            return u32::try_from(index).unwrap_or(u32::MAX);
        }
        if self.few.len() < Self::FEW {
            self.few.push(value);
            return next;
        }
        *self.many.entry(value).or_insert(next)
    }
}
