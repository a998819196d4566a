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
use goldsmith_standardize::{address, organisation, text};

use crate::normalize::{EntityRecords, layout};
use crate::pipeline::RunError;
use crate::pipeline::plan::{AttributePlan, Compare, Plan};

/// Codes the records of one entity type.
///
/// # Errors
/// Where there are more than four thousand million values in a column.
pub fn coded_records(plan: &Plan, records: &EntityRecords) -> Result<Records, RunError> {
    let sources = records.column(layout::SOURCE)?;
    let keys = records.column(layout::SOURCE_KEY)?;
    let mut ids = Vec::with_capacity(records.len());
    for (source, key) in sources.iter().zip(&keys) {
        let (source, key) = (source.as_string::<i32>(), key.as_string::<i32>());
        ids.extend((0..key.len()).map(|row| RecordId::of(source.value(row), key.value(row))));
    }
    let mut columns = Vec::new();
    for attribute in records.plan.attributes.iter().filter(|attribute| attribute.compared) {
        code_attribute(attribute, records, &mut columns)?;
    }
    Ok(Records {
        ids,
        source: records.sources.clone(),
        columns,
        entity: match records.plan.entity.as_str() {
            "person" => EntityType::Person,
            "organisation" => EntityType::Organisation,
            _ => EntityType::Generic,
        },
        duplicates_none: plan.sources.iter().map(|source| source.duplicates_none).collect(),
    })
}

fn code_attribute(
    attribute: &AttributePlan,
    records: &EntityRecords,
    columns: &mut Vec<Column>,
) -> Result<(), RunError> {
    let arrays = records.column(&attribute.name)?;
    let name = attribute.name.as_str();
    match attribute.kind {
        AttributeKind::Email => {
            columns.push(list_column(name, ColumnKind::Email, &arrays, "value", |value| Some(value.to_owned()))?)
        }
        AttributeKind::Phone => {
            columns.push(list_column(name, ColumnKind::Phone, &arrays, "value", |value| Some(value.to_owned()))?)
        }
        AttributeKind::Identifier => identifier_columns(name, &arrays, columns)?,
        AttributeKind::Address => address_columns(name, &arrays, columns)?,
        AttributeKind::Consent => {}
        _ => {
            if let Some((kind, form)) = scalar_kind(&records.plan.entity, attribute) {
                columns.push(scalar_column(name, kind, &arrays, form)?);
            }
        }
    }
    Ok(())
}

type Form = fn(&str) -> Option<String>;

/// How a scalar attribute is compared; `None` where it is not.
fn scalar_kind(entity: &str, attribute: &AttributePlan) -> Option<(ColumnKind, Form)> {
    let plain: Form = |value| Some(value.to_owned());
    let folded: Form = |value| Some(text::fold(value)).filter(|folded| !folded.is_empty());
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
            (ColumnKind::OrganisationName, |value| organisation::parse(value).map(|parsed| parsed.core))
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

fn scalar_column(name: &str, kind: ColumnKind, arrays: &[&ArrayRef], form: Form) -> Result<Column, RunError> {
    let mut builder = ColumnBuilder::new(name, kind);
    for array in arrays {
        let values = text_of(array)?;
        for row in 0..values.len() {
            let value = values.is_valid(row).then(|| values.value(row)).and_then(form);
            builder.push_record(value.as_deref());
        }
    }
    Ok(builder.finish())
}

/// A column of one part of a list attribute.
fn list_column(name: &str, kind: ColumnKind, arrays: &[&ArrayRef], part: &str, form: Form) -> Result<Column, RunError> {
    let mut builder = ColumnBuilder::new(name, kind);
    for array in arrays {
        let list = array.as_list::<i32>();
        let values = part_of(list.values().as_struct(), part)?;
        for window in list.value_offsets().windows(2) {
            let forms: Vec<String> =
                elements(window).filter(|at| values.is_valid(*at)).filter_map(|at| form(values.value(at))).collect();
            builder.push_record(forms.iter().map(String::as_str));
        }
    }
    Ok(builder.finish())
}

fn identifier_columns(name: &str, arrays: &[&ArrayRef], columns: &mut Vec<Column>) -> Result<(), RunError> {
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
    Ok(())
}

/// Five columns whose values are aligned by position, an empty text for a missing part.
fn address_columns(name: &str, arrays: &[&ArrayRef], columns: &mut Vec<Column>) -> Result<(), RunError> {
    let kinds = [
        ("house_number", ColumnKind::AddressHouse),
        ("street", ColumnKind::AddressStreet),
        ("unit", ColumnKind::AddressUnit),
        ("postal_code", ColumnKind::AddressPostcode),
        ("locality", ColumnKind::AddressLocality),
    ];
    let mut builders: Vec<ColumnBuilder> =
        kinds.iter().map(|(part, kind)| ColumnBuilder::new(format!("{name}.{part}"), kind.clone())).collect();
    for array in arrays {
        let list = array.as_list::<i32>();
        let structs = list.values().as_struct();
        let part = |part: &str| part_of(structs, part);
        let (line1, house, street, unit, postcode, locality) = (
            part("line1")?,
            part("house_number")?,
            part("street")?,
            part("unit")?,
            part("postal_code")?,
            part("locality")?,
        );
        let get = |values: &StringArray, at: usize| values.is_valid(at).then(|| values.value(at).to_owned());
        for window in list.value_offsets().windows(2) {
            let mut keys: Vec<[String; 5]> = Vec::new();
            for at in elements(window) {
                let parsed = address::Address {
                    line1: get(line1, at),
                    house_number: get(house, at),
                    street: get(street, at).or_else(|| get(line1, at)),
                    unit: get(unit, at),
                    postal_code: get(postcode, at),
                    locality: get(locality, at),
                    ..address::Address::default()
                };
                let key = address::match_key(&parsed);
                let key = [key.house_number, key.street, key.unit, key.postal_code, key.locality]
                    .map(Option::unwrap_or_default);
                if key.iter().any(|part| !part.is_empty()) && !keys.contains(&key) {
                    keys.push(key);
                }
            }
            for (index, builder) in builders.iter_mut().enumerate() {
                builder.push_record(keys.iter().filter_map(|key| key.get(index)).map(String::as_str));
            }
        }
    }
    for builder in builders {
        columns.push(builder.finish());
    }
    Ok(())
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
