//! Normalised records as the coded columns the match engine works on.
//!
//! Each attribute becomes the columns of its kind: names folded, dates as ISO text, e-mails and phones as they are,
//! addresses as five aligned columns, an identifier column for each type.

use std::collections::BTreeSet;

use arrow::array::{Array, ArrayRef, AsArray, StringArray, StructArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use goldsmith_config::attributes::AttributeKind;
use goldsmith_resolve::{Column, ColumnBuilder, ColumnKind, EntityType, RecordId, Records};
use goldsmith_standardize::address::{self, Address};
use goldsmith_standardize::{organisation, text};
use hashbrown::HashMap;
use rayon::prelude::*;

use crate::normalize::{EntityRecords, layout};
use crate::pipeline::RunError;
use crate::pipeline::plan::{AttributePlan, Compare, Plan};

/// Codes the records of one entity type.
///
/// # Errors
/// Where there are more than four thousand million values in a column.
pub fn coded_records(plan: &Plan, records: &EntityRecords) -> Result<Records, RunError> {
    let keys = records.column(layout::SOURCE_KEY)?;
    let ids: Vec<Vec<RecordId>> = keys
        .into_par_iter()
        .zip(records.source_names(plan))
        .map(|(key, source)| {
            let key = key.as_string::<i32>();
            (0..key.len()).map(|row| RecordId::of(source, key.value(row))).collect()
        })
        .collect();
    let columns = records
        .plan
        .attributes
        .par_iter()
        .filter(|attribute| attribute.compared)
        .map(|attribute| code_attribute(attribute, records))
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
        .collect();
    Ok(Records {
        ids: ids.concat(),
        source: records.sources.clone(),
        columns,
        entity: EntityType::of(&records.plan.entity),
        duplicates_none: plan.sources.iter().map(|source| source.duplicates_none).collect(),
    })
}

/// The columns of one attribute.
fn code_attribute(attribute: &AttributePlan, records: &EntityRecords) -> Result<Vec<Column>, RunError> {
    let arrays = records.column(&attribute.name)?;
    let name = attribute.name.as_str();
    Ok(match attribute.kind {
        AttributeKind::Email => vec![value_column(name, ColumnKind::Email, arrays)?],
        AttributeKind::Phone => vec![value_column(name, ColumnKind::Phone, arrays)?],
        AttributeKind::Identifier => identifier_columns(name, arrays)?,
        AttributeKind::Address => address_columns(name, arrays)?,
        AttributeKind::Consent => Vec::new(),
        _ => match scalar_kind(&records.plan.entity, attribute) {
            Some((kind, form)) => vec![scalar_column(name, kind, arrays, form)?],
            None => Vec::new(),
        },
    })
}

/// The form values are compared in; `None` for the values as they are.
type Form = Option<fn(&str) -> Option<String>>;

/// How a scalar attribute is compared; `None` where it is not.
fn scalar_kind(entity: &str, attribute: &AttributePlan) -> Option<(ColumnKind, Form)> {
    let plain: Form = None;
    let folded: Form = Some(|value| Some(text::fold(value)).filter(|folded| !folded.is_empty()));
    // The title of a book is no title of a person.
    let name = if entity == "generic" { "" } else { attribute.name.as_str() };
    Some(match name {
        "given_name" => (ColumnKind::GivenName, folded),
        "middle_name" => (ColumnKind::MiddleName, folded),
        "family_name" => (ColumnKind::FamilyName, folded),
        "previous_family_name" => (ColumnKind::PreviousFamilyName, folded),
        "name_suffix" => (ColumnKind::NameSuffix, folded),
        "gender" => (ColumnKind::Gender, plain),
        "birth_date" => (ColumnKind::BirthDate, plain),
        "organisation_name" => {
            (ColumnKind::OrganisationName, Some(|value| organisation::parse(value).map(|parsed| parsed.core)))
        }
        "national_id" => (ColumnKind::Identifier("national_id".to_owned()), plain),
        // Parts of the name are compared, and these say little about who somebody is.
        "full_name" | "title" | "language" | "lifecycle" | "website" => return None,
        _ => match attribute.compare {
            Compare::None => return None,
            Compare::Exact => (ColumnKind::Category, folded),
            Compare::Text => (ColumnKind::Text, folded),
            Compare::Number => (ColumnKind::Number, plain),
            Compare::Date => (ColumnKind::Date, plain),
        },
    })
}

/// Whether blocking keys are made of an attribute's values.
pub(crate) fn makes_keys(entity: &str, attribute: &AttributePlan) -> bool {
    match attribute.kind {
        AttributeKind::Email | AttributeKind::Phone | AttributeKind::Address => attribute.compared,
        // The engine knows the others by their kind, which an attribute of one's own has not, whatever its name.
        _ => {
            let own =
                |kind| matches!(kind, ColumnKind::Category | ColumnKind::Text | ColumnKind::Number | ColumnKind::Date);
            attribute.compared && scalar_kind(entity, attribute).is_some_and(|(kind, _)| !own(kind))
        }
    }
}

/// Forms that are remembered: names repeat, and what repeats is met early.
const REMEMBERED: usize = 1 << 16;

/// Forms by the value they come from.
type Known<'a, T> = HashMap<&'a str, T, foldhash::fast::FixedState>;

fn scalar_column(name: &str, kind: ColumnKind, arrays: &[ArrayRef], form: Form) -> Result<Column, RunError> {
    let texts = arrays.iter().map(text_of).collect::<Result<Vec<_>, _>>()?;
    let mut builder = ColumnBuilder::new(name, kind).for_records(records_in(arrays));
    let mut known: Known<'_, Option<String>> = HashMap::default();
    for values in &texts {
        for row in 0..values.len() {
            let value = values.is_valid(row).then(|| values.value(row));
            let (Some(value), Some(form)) = (value, form) else {
                builder.push_record(value);
                continue;
            };
            if let Some(form) = known.get(value) {
                builder.push_record(form.as_deref());
                continue;
            }
            let form = form(value);
            builder.push_record(form.as_deref());
            if known.len() < REMEMBERED {
                known.insert(value, form);
            }
        }
    }
    Ok(builder.finish())
}

/// The column of the values of a list attribute.
fn value_column(name: &str, kind: ColumnKind, arrays: &[ArrayRef]) -> Result<Column, RunError> {
    let mut builder = ColumnBuilder::new(name, kind).for_records(records_in(arrays));
    for array in arrays {
        let list = array.as_list::<i32>();
        let values = part_of(list.values().as_struct(), "value")?;
        for window in list.value_offsets().windows(2) {
            builder.push_record(elements(window).filter(|at| values.is_valid(*at)).map(|at| values.value(at)));
        }
    }
    Ok(builder.finish())
}

fn identifier_columns(name: &str, arrays: &[ArrayRef]) -> Result<Vec<Column>, RunError> {
    let mut columns = Vec::new();
    let mut types = BTreeSet::new();
    for array in arrays {
        let kinds = part_of(array.as_list::<i32>().values().as_struct(), "type")?;
        types.extend(
            (0..kinds.len()).map(|row| if kinds.is_valid(row) { text::fold(kinds.value(row)) } else { String::new() }),
        );
    }
    for wanted in types {
        let column = if wanted.is_empty() { name.to_owned() } else { format!("{name}:{wanted}") };
        let mut builder = ColumnBuilder::new(column, ColumnKind::Identifier(wanted.clone()));
        for array in arrays {
            let list = array.as_list::<i32>();
            let values = part_of(list.values().as_struct(), "value")?;
            let kinds = part_of(list.values().as_struct(), "type")?;
            for window in list.value_offsets().windows(2) {
                builder.push_record(
                    elements(window)
                        .filter(|at| values.is_valid(*at))
                        .filter(|at| {
                            let kind = if kinds.is_valid(*at) { text::fold(kinds.value(*at)) } else { String::new() };
                            kind == wanted
                        })
                        .map(|at| values.value(at)),
                );
            }
        }
        columns.push(builder.finish());
    }
    Ok(columns)
}

/// Five columns whose values are aligned by position, an empty text for a missing part.
fn address_columns(name: &str, arrays: &[ArrayRef]) -> Result<Vec<Column>, RunError> {
    let kinds = [
        ("house_number", ColumnKind::AddressHouse),
        ("street", ColumnKind::AddressStreet),
        ("unit", ColumnKind::AddressUnit),
        ("postal_code", ColumnKind::AddressPostcode),
        ("locality", ColumnKind::AddressLocality),
    ];
    let builder = |(part, kind): (&str, ColumnKind)| {
        ColumnBuilder::new(format!("{name}.{part}"), kind).for_records(records_in(arrays))
    };
    let mut builders = kinds.map(builder);
    let mut house =
        PartForms::of(|house_number| address::match_key(&Address { house_number, ..Address::default() }).house_number);
    let mut street = PartForms::of(|street| address::match_key(&Address { street, ..Address::default() }).street);
    let mut unit = PartForms::of(|unit| address::match_key(&Address { unit, ..Address::default() }).unit);
    let mut postcode =
        PartForms::of(|postal_code| address::match_key(&Address { postal_code, ..Address::default() }).postal_code);
    let mut locality =
        PartForms::of(|locality| address::match_key(&Address { locality, ..Address::default() }).locality);
    let mut keys: Vec<[u32; 5]> = Vec::new();
    for array in arrays {
        let list = array.as_list::<i32>();
        let structs = list.values().as_struct();
        let part = |part: &str| part_of(structs, part);
        let (line1, houses, streets, units, postcodes, localities) = (
            part("line1")?,
            part("house_number")?,
            part("street")?,
            part("unit")?,
            part("postal_code")?,
            part("locality")?,
        );
        for window in list.value_offsets().windows(2) {
            keys.clear();
            for at in elements(window) {
                let key = [
                    house.number(get(houses, at)),
                    street.number(get(streets, at).or_else(|| get(line1, at))),
                    unit.number(get(units, at)),
                    postcode.number(get(postcodes, at)),
                    locality.number(get(localities, at)),
                ];
                if key != [0; 5] && !keys.contains(&key) {
                    keys.push(key);
                }
            }
            let forms = [&house.forms, &street.forms, &unit.forms, &postcode.forms, &locality.forms];
            for (index, (builder, forms)) in builders.iter_mut().zip(forms).enumerate() {
                let own = keys.iter().filter_map(|key| forms.get(*key.get(index)? as usize));
                builder.push_record(own.map(String::as_str));
            }
        }
    }
    Ok(builders.into_iter().map(ColumnBuilder::finish).collect())
}

/// The forms one part of an address is compared in. Parts repeat far more than addresses do, and the form of a part
/// does not depend on the others.
struct PartForms<'a> {
    form: fn(Option<String>) -> Option<String>,
    /// The number of the form of each value met.
    of_value: Known<'a, u32>,
    number_of: HashMap<String, u32, foldhash::fast::FixedState>,
    /// Forms by their number; the first one is empty.
    forms: Vec<String>,
}

impl<'a> PartForms<'a> {
    fn of(form: fn(Option<String>) -> Option<String>) -> Self {
        Self { form, of_value: HashMap::default(), number_of: HashMap::default(), forms: vec![String::new()] }
    }

    /// The number of the form of a value; 0 where it has none. Equal forms have equal numbers.
    fn number(&mut self, value: Option<&'a str>) -> u32 {
        let Some(value) = value else { return 0 };
        if let Some(number) = self.of_value.get(value) {
            return *number;
        }
        let number = match (self.form)(Some(value.to_owned())).filter(|form| !form.is_empty()) {
            None => 0,
            Some(form) => match self.number_of.get(&form) {
                Some(number) => *number,
                None => {
                    let number = u32::try_from(self.forms.len()).unwrap_or(u32::MAX);
                    self.forms.push(form.clone());
                    self.number_of.insert(form, number);
                    number
                }
            },
        };
        self.of_value.insert(value, number);
        number
    }
}

fn records_in(arrays: &[ArrayRef]) -> usize {
    arrays.iter().map(|array| array.len()).sum()
}

fn get(values: &StringArray, at: usize) -> Option<&str> {
    values.is_valid(at).then(|| values.value(at))
}

fn elements(window: &[i32]) -> std::ops::Range<usize> {
    let at = |index: usize| window.get(index).and_then(|offset| usize::try_from(*offset).ok()).unwrap_or(0);
    at(0)..at(1)
}

fn part_of<'a>(structs: &'a StructArray, part: &str) -> Result<&'a StringArray, RunError> {
    structs
        .column_by_name(part)
        .and_then(|column| column.as_string_opt::<i32>())
        .ok_or_else(|| RunError::Internal(format!("list elements have no part {part}")))
}

fn text_of(array: &ArrayRef) -> Result<StringArray, RunError> {
    Ok(cast(array, &DataType::Utf8)?.as_string::<i32>().clone())
}
