//! `golden_profiles`: one row a customer, with the value of each attribute that survived.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, FixedSizeBinaryBuilder, Float32Builder, Int64Builder, StringArray,
    StringBuilder, TimestampMicrosecondBuilder, new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use arrow::row::{RowConverter, SortField};
use goldsmith_config::attributes::AttributeKind;
use goldsmith_standardize::mask::mask_value;

use super::{append_list, text_list_builder};
use crate::golden::RankedAttribute;
use crate::normalize::Picker;
use crate::normalize::{EntityRecords, layout};
use crate::pipeline::RunError;
use crate::pipeline::plan::{AttributePlan, Plan};
use crate::publish::columns::{Moments, count_of, texts};
use crate::publish::table::{
    BATCH_ROWS, MEANING, TableWriter, WrittenTable, column, count, maybe_text, text, text_list,
};
use crate::publish::{EntityResult, Results};

pub const NAME: &str = "golden_profiles";

/// Columns before the attributes.
fn first_fields() -> Vec<Field> {
    vec![
        text("golden_id", "the customer; the same from run to run"),
        text("entity_type", "person, organisation or generic"),
    ]
}

/// Columns of the attributes every customer has.
fn customer_fields() -> Vec<Field> {
    vec![
        maybe_text("full_name", "the surviving parts of the name, or the organisation's name"),
        maybe_text("title", "form of address"),
        maybe_text("given_name", "given name"),
        maybe_text("middle_name", "middle names or initials"),
        maybe_text("family_name", "family name"),
        maybe_text("name_suffix", "Jr, Sr, III …"),
        maybe_text("organisation_name", "an organisation's name; for a person the employer, where a source maps it"),
        column("birth_date", DataType::Date32, true, "date of birth"),
        maybe_text("gender", "female, male or other"),
        maybe_text("email", "the e-mail address that survived; all of them are in golden_identifiers"),
        maybe_text("phone_e164", "the phone number that survived, in E.164; all of them are in golden_identifiers"),
        maybe_text("address_line1", "first line of the current address; all of them are in golden_addresses"),
        maybe_text("address_line2", "second line of the current address"),
        maybe_text("locality", "town of the current address"),
        maybe_text("region", "state, county or province of the current address"),
        maybe_text("postal_code", "postal code of the current address"),
        maybe_text("country", "ISO 3166 alpha-2 of the current address"),
        maybe_text("language", "BCP 47 code of the language"),
        maybe_text("lifecycle", "where the customer stands, as the source says it"),
        maybe_text(
            "national_id_masked",
            "the first character of the national id and how long it is; golden_identifiers has it in clear",
        ),
    ]
}

/// Columns after the attributes.
fn last_fields() -> Vec<Field> {
    vec![
        column("first_seen_at", layout::timestamp(), true, "the earliest change of a record of the customer"),
        column("last_seen_at", layout::timestamp(), true, "the latest change of a record of the customer"),
        count("source_count", "systems that know the customer"),
        count("record_count", "records of the customer"),
        text_list("sources", "the systems, by name"),
        column(
            "match_confidence",
            DataType::Float32,
            false,
            "probability of the weakest bridge that holds the records together; 1 for a single record",
        ),
        column("completeness", DataType::Float32, false, "share of the attributes the pipeline maps that have a value"),
        column("has_conflict", DataType::Boolean, false, "records disagree on birth date, gender or national id"),
        column("needs_review", DataType::Boolean, false, "a pair of the customer's records lies in the review band"),
        count("first_version", "the version the golden id was first published in"),
        column(
            "profile_hash",
            DataType::FixedSizeBinary(32),
            false,
            "BLAKE3 of all columns before it but first_version: it changes when the profile does",
        ),
    ]
}

/// Attributes that have a fixed place, so that they are not repeated among one's own.
fn is_fixed(plan: &Plan, attribute: &AttributePlan) -> bool {
    layout::is_list(attribute.kind)
        || has_customers(plan)
            && (attribute.name == "national_id"
                || customer_fields().iter().any(|field| *field.name() == attribute.name))
}

/// Whether the plan has persons or organisations.
fn has_customers(plan: &Plan) -> bool {
    plan.entities.iter().any(|entity| entity.entity != "generic")
}

/// One's own attributes, over all entity types.
fn own_attributes(plan: &Plan) -> Vec<&AttributePlan> {
    let mut own: Vec<&AttributePlan> = Vec::new();
    for attribute in plan.entities.iter().flat_map(|entity| &entity.attributes) {
        if !is_fixed(plan, attribute) && !own.iter().any(|known| known.name == attribute.name) {
            own.push(attribute);
        }
    }
    own
}

/// The columns every pipeline of persons or organisations has.
#[must_use]
pub fn standard_fields() -> Vec<Field> {
    [first_fields(), customer_fields(), last_fields()].concat()
}

/// The columns for a plan. A pipeline of generic records has only its own attributes.
#[must_use]
pub fn fields(plan: &Plan) -> Vec<Field> {
    let mut fields = first_fields();
    if has_customers(plan) {
        fields.extend(customer_fields());
    }
    for attribute in own_attributes(plan) {
        fields.push(
            Field::new(&attribute.name, layout::data_type(attribute.kind), true)
                .with_metadata([(MEANING.to_owned(), attribute.description.clone())].into()),
        );
    }
    fields.extend(last_fields());
    fields
}

/// # Errors
/// Where the table cannot be written.
pub fn write(results: &Results<'_>, version: &Path) -> Result<WrittenTable, RunError> {
    let mut writer = TableWriter::create(version, NAME, fields(results.plan), results.plan.publish.compression)?;
    for (records, entity) in results.normalized.entities.iter().zip(&results.entities) {
        let mut winners = Winners::of(records, entity);
        let updated = Moments::of_records(records)?;
        let clusters: Vec<u32> = entity.clusters.numbers().collect();
        for clusters in clusters.chunks(BATCH_ROWS) {
            let mut columns: Vec<ArrayRef> = Vec::new();
            let schema = Arc::clone(writer.schema());
            for field in schema.fields() {
                if field.name() == "first_seen_at" {
                    break;
                }
                columns.push(attribute_column(&mut winners, clusters, field)?);
            }
            columns.extend(measured_columns(results, records, entity, &updated, clusters));
            let hash = hash_rows(&columns)?;
            columns.push(Arc::new(
                clusters
                    .iter()
                    .map(|cluster| entity.golden_ids.first_version.get(*cluster as usize).copied())
                    .collect::<arrow::array::Int64Array>(),
            ));
            columns.push(hash);
            writer.write(columns)?;
        }
    }
    writer.finish()
}

/// The golden values, taken from the columns of the records. A column is loaded when a value of it is first asked for.
struct Winners<'a> {
    records: &'a EntityRecords,
    entity: &'a EntityResult,
    scalars: BTreeMap<String, Picker<'a>>,
    parts: BTreeMap<(String, String), Picker<'a>>,
}

impl<'a> Winners<'a> {
    fn of(records: &'a EntityRecords, entity: &'a EntityResult) -> Self {
        Self { records, entity, scalars: BTreeMap::new(), parts: BTreeMap::new() }
    }

    /// The golden values of an attribute; nulls of `data_type` where the entity has no such attribute.
    fn values(&mut self, attribute: &str, clusters: &[u32], data_type: &DataType) -> Result<ArrayRef, RunError> {
        let Some(ranked) = self.entity.golden.attribute(attribute) else {
            return Ok(new_null_array(data_type, clusters.len()));
        };
        let picker = match self.scalars.entry(attribute.to_owned()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(vacant) => vacant.insert(self.records.picker(attribute)?),
        };
        picker.values(clusters.iter().map(|cluster| ranked.winner(*cluster as usize)))
    }

    /// One part of the golden elements of a list attribute, as [`Winners::values`].
    fn part(
        &mut self,
        attribute: &str,
        part: &str,
        clusters: &[u32],
        data_type: &DataType,
    ) -> Result<ArrayRef, RunError> {
        let Some(ranked) = self.entity.golden.attribute(attribute) else {
            return Ok(new_null_array(data_type, clusters.len()));
        };
        let picker = match self.parts.entry((attribute.to_owned(), part.to_owned())) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(vacant) => vacant.insert(self.records.part_picker(attribute, part)?),
        };
        picker.elements(clusters.iter().map(|cluster| ranked.winner(*cluster as usize)))
    }
}

/// The column of one attribute for the given clusters.
fn attribute_column(winners: &mut Winners<'_>, clusters: &[u32], field: &Field) -> Result<ArrayRef, RunError> {
    let (name, data_type) = (field.name().as_str(), field.data_type());
    let (records, entity) = (winners.records, winners.entity);
    Ok(match name {
        "golden_id" => texts(clusters.iter().map(|cluster| entity.golden_id(*cluster as usize))),
        "entity_type" => texts(std::iter::repeat_n(records.plan.entity.as_str(), clusters.len())),
        _ if records.plan.entity == "generic" => winners.values(name, clusters, data_type)?,
        "full_name" => full_names(winners, clusters)?,
        "email" => winners.part("emails", "value", clusters, data_type)?,
        "phone_e164" => winners.part("phones", "value", clusters, data_type)?,
        "address_line1" => winners.part("addresses", "line1", clusters, data_type)?,
        "address_line2" => winners.part("addresses", "line2", clusters, data_type)?,
        "locality" | "region" | "postal_code" | "country" if entity.golden.attribute(name).is_none() => {
            winners.part("addresses", name, clusters, data_type)?
        }
        "national_id_masked" => {
            let values = cast(&winners.part("national_id", "value", clusters, &DataType::Utf8)?, &DataType::Utf8)?;
            let values = values.as_string::<i32>();
            Arc::new(
                (0..values.len())
                    .map(|row| values.is_valid(row).then(|| mask_value(values.value(row))))
                    .collect::<StringArray>(),
            )
        }
        _ => winners.values(name, clusters, data_type)?,
    })
}

/// The surviving parts of the name put together; an organisation's name for those.
fn full_names(winners: &mut Winners<'_>, clusters: &[u32]) -> Result<ArrayRef, RunError> {
    let mut parts = Vec::new();
    let names: &[&str] = if winners.records.plan.entity == "organisation" {
        &["organisation_name"]
    } else {
        &["given_name", "middle_name", "family_name", "name_suffix"]
    };
    for name in names {
        parts.push(winners.values(name, clusters, &DataType::Utf8)?);
    }
    let parts: Vec<&StringArray> = parts.iter().map(|part| part.as_string::<i32>()).collect();
    let mut full = StringBuilder::new();
    let mut name = String::new();
    for row in 0..clusters.len() {
        name.clear();
        let mut present = parts.iter().filter(|part| part.is_valid(row)).map(|part| part.value(row));
        let Some(first) = present.next() else {
            full.append_null();
            continue;
        };
        name.push_str(first);
        for part in present {
            name.push(' ');
            name.push_str(part);
        }
        full.append_value(&name);
    }
    Ok(Arc::new(full.finish()))
}

/// The columns that measure a customer rather than describe one, without the last two.
fn measured_columns(
    results: &Results<'_>,
    records: &EntityRecords,
    entity: &EntityResult,
    updated: &Moments<'_>,
    clusters: &[u32],
) -> Vec<ArrayRef> {
    let identifying: Vec<&RankedAttribute> = entity
        .golden
        .attributes
        .iter()
        .filter(|attribute| is_identifying(attribute.plan.kind, &attribute.plan.name))
        .collect();
    let mut known: Vec<u16> = Vec::new();
    let mut first = TimestampMicrosecondBuilder::new().with_timezone("UTC");
    let mut last = TimestampMicrosecondBuilder::new().with_timezone("UTC");
    let (mut source_count, mut record_count) = (Int64Builder::new(), Int64Builder::new());
    let mut sources = text_list_builder();
    let (mut confidence, mut completeness) = (Float32Builder::new(), Float32Builder::new());
    let (mut conflict, mut review) = (BooleanBuilder::new(), BooleanBuilder::new());
    for cluster in clusters {
        let cluster = *cluster as usize;
        let members = entity.clusters.members(cluster);
        known.clear();
        let (mut earliest, mut latest) = (None::<i64>, None::<i64>);
        for member in members {
            known.extend(records.sources.get(*member as usize));
            let Some(at) = updated.of(*member) else { continue };
            earliest = Some(earliest.map_or(at, |known| known.min(at)));
            latest = Some(latest.map_or(at, |known| known.max(at)));
        }
        known.sort_unstable();
        known.dedup();
        first.append_option(earliest);
        last.append_option(latest);
        source_count.append_value(count_of(known.len()));
        record_count.append_value(count_of(members.len()));
        let names = known.iter().filter_map(|source| results.plan.sources.get(usize::from(*source)));
        append_list(&mut sources, names.map(|source| source.name.as_str()));
        let mapped = entity.golden.attributes.len().max(1);
        let present = entity.golden.attributes.iter().filter(|attribute| attribute.winner(cluster).is_some()).count();
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "shares")]
        {
            confidence.append_value(entity.resolution.confidence.get(cluster).copied().unwrap_or(1.0) as f32);
            completeness.append_value(present as f32 / mapped as f32);
        }
        conflict.append_value(identifying.iter().any(|attribute| attribute.of(cluster).len() > 1));
        review.append_value(entity.needs_review.get(cluster).copied().unwrap_or(false));
    }
    vec![
        Arc::new(first.finish()),
        Arc::new(last.finish()),
        Arc::new(source_count.finish()),
        Arc::new(record_count.finish()),
        Arc::new(sources.finish()),
        Arc::new(confidence.finish()),
        Arc::new(completeness.finish()),
        Arc::new(conflict.finish()),
        Arc::new(review.finish()),
    ]
}

/// A person has one of these, so two of them are a conflict.
fn is_identifying(kind: AttributeKind, name: &str) -> bool {
    kind == AttributeKind::Gender || matches!(name, "birth_date" | "national_id")
}

fn hash_rows(columns: &[ArrayRef]) -> Result<ArrayRef, RunError> {
    let converter =
        RowConverter::new(columns.iter().map(|column| SortField::new(column.data_type().clone())).collect())?;
    let rows = converter.convert_columns(columns)?;
    let mut hashes = FixedSizeBinaryBuilder::with_capacity(rows.num_rows(), 32);
    for row in rows.iter() {
        hashes.append_value(blake3::hash(row.as_ref()).as_bytes())?;
    }
    Ok(Arc::new(hashes.finish()))
}
