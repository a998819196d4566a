//! `consents`: for every customer, purpose and channel the consent that holds, and whether sources disagree.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, TimestampMicrosecondType};
use goldsmith_config::attributes::AttributeKind;

use super::golden_identifiers::{part, source_key};
use crate::golden::RankedValue;
use crate::normalize::{EntityRecords, layout};
use crate::pipeline::RunError;
use crate::publish::Results;
use crate::publish::table::{BATCH_ROWS, TableWriter, WrittenTable, column, count, text};

pub const NAME: &str = "consents";

#[must_use]
pub fn fields() -> Vec<Field> {
    vec![
        text("golden_id", "the customer"),
        text("purpose", "what for; empty where the source does not say"),
        text("channel", "by which channel; empty where the source does not say"),
        text(
            "status",
            "granted, refused, withdrawn or unknown: what was said last; of two statements of one moment the refusal holds",
        ),
        column("effective_at", layout::timestamp(), true, "when it was said, where the source says"),
        text("deciding_source", "the system that decides"),
        text("deciding_key", "its record"),
        column("conflicting", DataType::Boolean, false, "records disagree"),
        count("record_count", "records that say something of it"),
    ]
}

struct Statement<'a> {
    purpose: &'a str,
    channel: &'a str,
    status: &'a str,
    at: Option<i64>,
    value: RankedValue,
}

struct Row<'a> {
    golden_id: &'a str,
    decided: Statement<'a>,
    conflicting: bool,
    records: i64,
}

/// # Errors
/// Where the table cannot be written.
pub fn write(results: &Results<'_>, version: &Path) -> Result<WrittenTable, RunError> {
    let mut writer = TableWriter::create(version, NAME, fields(), results.plan.publish.compression)?;
    for (records, entity) in results.normalized.entities.iter().zip(&results.entities) {
        for attribute in
            entity.golden.attributes.iter().filter(|attribute| attribute.plan.kind == AttributeKind::Consent)
        {
            let mut rows = Vec::new();
            for cluster in &entity.order {
                let cluster = *cluster as usize;
                let mut statements = Vec::new();
                for member in entity.clusters.members(cluster) {
                    statements_of(records, &attribute.plan.name, *member, &mut statements)?;
                }
                decide(entity.golden_id(cluster), statements, &mut rows);
                if rows.len() >= BATCH_ROWS {
                    flush(results, records, &mut writer, &mut rows)?;
                }
            }
            flush(results, records, &mut writer, &mut rows)?;
        }
    }
    writer.finish()
}

/// Everything one record says. Ranked values would not do: they keep one element for each distinct value, and the
/// moment of each statement counts here.
fn statements_of<'a>(
    records: &'a EntityRecords,
    attribute: &str,
    member: u32,
    statements: &mut Vec<Statement<'a>>,
) -> Result<(), RunError> {
    let Some((batch, row)) = records.places.get(member as usize).copied() else { return Ok(()) };
    let Some(batch) = records.batches.get(batch) else { return Ok(()) };
    let list = batch.column(records.schema.index_of(attribute)?).as_list::<i32>();
    let moments =
        list.values().as_struct().column_by_name("at").map(|at| at.as_primitive::<TimestampMicrosecondType>());
    let offsets = list.value_offsets();
    let at = |index: usize| offsets.get(index).and_then(|offset| u32::try_from(*offset).ok()).unwrap_or(0);
    for element in at(row)..at(row + 1) {
        let value = RankedValue { record: member, element, support: 1, valid: true };
        let text =
            |name: &str| -> Result<&'a str, RunError> { Ok(part(records, attribute, &value, name)?.unwrap_or("")) };
        let index = element as usize;
        statements.push(Statement {
            purpose: text("purpose")?,
            channel: text("channel")?,
            status: text("status")?,
            at: moments.filter(|moments| moments.is_valid(index)).map(|moments| moments.value(index)),
            value,
        });
    }
    Ok(())
}

/// What was said last holds; of two statements of one moment the more careful one.
fn decide<'a>(golden_id: &'a str, mut statements: Vec<Statement<'a>>, rows: &mut Vec<Row<'a>>) {
    let care = |status: &str| match status {
        "withdrawn" => 0,
        "refused" => 1,
        "granted" => 2,
        _ => 3,
    };
    statements.sort_by(|a, b| {
        (a.purpose, a.channel)
            .cmp(&(b.purpose, b.channel))
            .then_with(|| b.at.cmp(&a.at))
            .then_with(|| care(a.status).cmp(&care(b.status)))
            .then_with(|| (a.value.record, a.value.element).cmp(&(b.value.record, b.value.element)))
    });
    for statement in statements {
        match rows.last_mut() {
            Some(row)
                if row.golden_id == golden_id
                    && row.decided.purpose == statement.purpose
                    && row.decided.channel == statement.channel =>
            {
                row.conflicting |= row.decided.status != statement.status;
                row.records += 1;
            }
            _ => rows.push(Row { golden_id, decided: statement, conflicting: false, records: 1 }),
        }
    }
}

fn flush(
    results: &Results<'_>,
    records: &EntityRecords,
    writer: &mut TableWriter,
    rows: &mut Vec<Row<'_>>,
) -> Result<(), RunError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut texts: [StringBuilder; 6] = Default::default();
    let (mut at, mut conflicting, mut count) =
        (TimestampMicrosecondBuilder::new().with_timezone("UTC"), BooleanBuilder::new(), Int64Builder::new());
    for row in rows.iter() {
        let source = records
            .sources
            .get(row.decided.value.record as usize)
            .and_then(|source| results.plan.sources.get(usize::from(*source)))
            .map_or("", |source| source.name.as_str());
        let values = [
            row.golden_id,
            row.decided.purpose,
            row.decided.channel,
            row.decided.status,
            source,
            source_key(records, row.decided.value.record)?,
        ];
        for (builder, value) in texts.iter_mut().zip(values) {
            builder.append_value(value);
        }
        at.append_option(row.decided.at);
        conflicting.append_value(row.conflicting);
        count.append_value(row.records);
    }
    rows.clear();
    let [mut golden, mut purpose, mut channel, mut status, mut source, mut key] = texts;
    let columns: Vec<ArrayRef> = vec![
        Arc::new(golden.finish()),
        Arc::new(purpose.finish()),
        Arc::new(channel.finish()),
        Arc::new(status.finish()),
        Arc::new(at.finish()),
        Arc::new(source.finish()),
        Arc::new(key.finish()),
        Arc::new(conflicting.finish()),
        Arc::new(count.finish()),
    ];
    writer.write(columns)
}
