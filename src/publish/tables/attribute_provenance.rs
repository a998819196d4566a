//! `attribute_provenance`: for every golden value where it came from, and what else the records said.

use std::path::Path;
use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::datatypes::{DataType, Field};

use crate::golden::{RankedAttribute, RankedValue, value_part};
use crate::normalize::{EntityRecords, layout};
use crate::pipeline::RunError;
use crate::pipeline::plan::Survive;
use crate::publish::columns::{
    Moments, Names, Origins, Texts, count_of, counts, golden_names, maybe_texts, moments, source_names, texts,
};
use crate::publish::table::{BATCH_ROWS, TableWriter, WrittenTable, column, count, maybe_text, text};
use crate::publish::{EntityResult, Results};

pub const NAME: &str = "attribute_provenance";

#[must_use]
pub fn fields() -> Vec<Field> {
    vec![
        text("golden_id", "the customer"),
        text("attribute", "the attribute"),
        count("rank", "1 is the golden value"),
        text("value", "the normalised value as text; for an address its first line"),
        maybe_text("value_raw", "the value as the source has it, where that differs"),
        text("source", "the system of the record that speaks best for it"),
        text("source_key", "that record's key"),
        column("observed_at", layout::timestamp(), true, "when that record last changed"),
        text("validity", "valid or doubtful"),
        text("strategy", "how the winner was chosen"),
        column("is_winner", DataType::Boolean, false, "this is the golden value"),
        count("supported_by", "records that agree on it"),
    ]
}

const VALIDITIES: [&str; 2] = ["valid", "doubtful"];
const STRATEGIES: [Survive; 5] =
    [Survive::MostRecent, Survive::MostFrequent, Survive::MostTrusted, Survive::Longest, Survive::Earliest];

/// One attribute with its text columns.
struct Attribute<'a> {
    ranked: &'a RankedAttribute,
    /// Its number among those of the entity type.
    number: u32,
    /// The number of its strategy.
    strategy: u32,
    is_list: bool,
    value: Texts<'a>,
    raw: Texts<'a>,
}

impl Attribute<'_> {
    fn value(&self, value: &RankedValue) -> &str {
        if self.is_list { self.value.element(value) } else { self.value.of(value.place) }.unwrap_or("")
    }

    fn raw(&self, value: &RankedValue) -> Option<&str> {
        if self.is_list { self.raw.element(value) } else { self.raw.of(value.place) }
    }
}

struct Row<'a> {
    cluster: u32,
    attribute: &'a Attribute<'a>,
    rank: usize,
    value: RankedValue,
}

/// The names of the columns that have few.
struct Known {
    golden: Names,
    attributes: Names,
    strategies: Names,
}

/// # Errors
/// Where the table cannot be written.
pub fn write(results: &Results<'_>, version: &Path) -> Result<WrittenTable, RunError> {
    let mut writer = TableWriter::create(version, NAME, fields(), results.plan.publish.compression)?;
    for (records, entity) in results.normalized.entities.iter().zip(&results.entities) {
        let mut ranked: Vec<&RankedAttribute> = entity.golden.attributes.iter().collect();
        ranked.sort_by(|a, b| a.plan.name.cmp(&b.plan.name));
        let known = Known {
            golden: golden_names(entity),
            attributes: Names::of(ranked.iter().map(|ranked| ranked.plan.name.as_str())),
            strategies: Names::of(STRATEGIES.map(strategy)),
        };
        let mut attributes = Vec::with_capacity(ranked.len());
        for (number, ranked) in (0..).zip(ranked) {
            let name = ranked.plan.name.as_str();
            let is_list = layout::is_list(ranked.plan.kind);
            let (value, raw) = if is_list {
                (Texts::part(records, name, value_part(ranked.plan.kind))?, Texts::part(records, name, "raw")?)
            } else {
                (Texts::column(records, name)?, Texts::column(records, &layout::raw_column(name))?)
            };
            let strategy = (0..).zip(STRATEGIES).find(|(_, known)| *known == ranked.plan.survive);
            let strategy = strategy.map_or(u32::MAX, |(number, _)| number);
            attributes.push(Attribute { ranked, number, strategy, is_list, value, raw });
        }
        write_entity(results, records, entity, &attributes, &known, &mut writer)?;
    }
    writer.finish()
}

fn write_entity(
    results: &Results<'_>,
    records: &EntityRecords,
    entity: &EntityResult,
    attributes: &[Attribute<'_>],
    known: &Known,
    writer: &mut TableWriter,
) -> Result<(), RunError> {
    let sources = source_names(results.plan);
    let validities = Names::of(VALIDITIES);
    let origins = Origins::of(results.plan, records)?;
    let updated = Moments::of_records(records)?;
    let mut flush = |rows: &[Row<'_>]| -> Result<(), RunError> {
        let values: Vec<&str> = rows.iter().map(|row| row.attribute.value(&row.value)).collect();
        let of_rows: Vec<u32> = rows.iter().map(|row| entity.clusters.record(row.value.place)).collect();
        let of_rows = || of_rows.iter().copied();
        let raws =
            rows.iter().zip(&values).map(|(row, value)| row.attribute.raw(&row.value).filter(|raw| raw != value));
        writer.write(vec![
            known.golden.column(rows.iter().map(|row| row.cluster))?,
            known.attributes.column(rows.iter().map(|row| row.attribute.number))?,
            counts(rows.iter().map(|row| count_of(row.rank + 1))),
            texts(values.iter().copied()),
            maybe_texts(raws),
            sources.column(of_rows().map(|record| origins.source(record)))?,
            texts(of_rows().map(|record| origins.key(record))),
            moments(of_rows().map(|record| updated.of(record))),
            validities.column(rows.iter().map(|row| u32::from(!row.value.valid())))?,
            known.strategies.column(rows.iter().map(|row| row.attribute.strategy))?,
            Arc::new(rows.iter().map(|row| Some(row.rank == 0)).collect::<BooleanArray>()),
            counts(rows.iter().map(|row| i64::from(row.value.support()))),
        ])
    };
    let mut rows: Vec<Row<'_>> = Vec::with_capacity(BATCH_ROWS + 64);
    for cluster in entity.clusters.numbers() {
        for attribute in attributes {
            let ranked = attribute.ranked.of(cluster as usize).iter().enumerate();
            rows.extend(ranked.map(|(rank, value)| Row { cluster, attribute, rank, value: *value }));
        }
        if rows.len() >= BATCH_ROWS {
            flush(&rows)?;
            rows.clear();
        }
    }
    if rows.is_empty() { Ok(()) } else { flush(&rows) }
}

/// The strategy's name in a pipeline file.
#[must_use]
pub fn strategy(survive: Survive) -> &'static str {
    match survive {
        Survive::MostRecent => "most_recent",
        Survive::MostFrequent => "most_frequent",
        Survive::MostTrusted => "most_trusted",
        Survive::Longest => "longest",
        Survive::Earliest => "earliest",
    }
}
