//! `consents`: for every customer, purpose and channel the consent that holds, and whether sources disagree.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, ListArray};
use arrow::datatypes::{DataType, Field, TimestampMicrosecondType};
use goldsmith_config::attributes::AttributeKind;

use crate::golden::{Clusters, RankedValue};
use crate::normalize::{EntityRecords, Places, layout};
use crate::pipeline::RunError;
use crate::publish::Results;
use crate::publish::columns::{Origins, Texts, counts, moments, texts};
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
        column("conflicting", DataType::Boolean, false, "records disagree in what each said last"),
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
        let origins = Origins::of(results.plan, records)?;
        for attribute in
            entity.golden.attributes.iter().filter(|attribute| attribute.plan.kind == AttributeKind::Consent)
        {
            let said = Said::of(records, &attribute.plan.name)?;
            let mut rows = Vec::new();
            for cluster in entity.clusters.numbers() {
                let cluster = cluster as usize;
                let mut statements = Vec::new();
                for place in entity.clusters.places(cluster..cluster + 1) {
                    said.statements(place, &mut statements);
                }
                decide(entity.golden_id(cluster), statements, &mut rows);
                if rows.len() >= BATCH_ROWS {
                    flush(&origins, &entity.clusters, &mut writer, &rows)?;
                    rows.clear();
                }
            }
            flush(&origins, &entity.clusters, &mut writer, &rows)?;
        }
    }
    writer.finish()
}

/// Everything the records say. Ranked values would not do: they keep one element for each distinct value, and the
/// moment of each statement counts here.
struct Said<'a> {
    places: &'a Places,
    /// The lists, a batch each.
    lists: Vec<ListArray>,
    purpose: Texts<'a>,
    channel: Texts<'a>,
    status: Texts<'a>,
}

impl<'a> Said<'a> {
    fn of(records: &'a EntityRecords, attribute: &str) -> Result<Self, RunError> {
        let part = |part: &str| Texts::part(records, attribute, part);
        Ok(Self {
            places: records.arranged_places()?,
            lists: records.column(attribute)?.iter().map(|list| list.as_list::<i32>().clone()).collect(),
            purpose: part("purpose")?,
            channel: part("channel")?,
            status: part("status")?,
        })
    }

    fn statements<'s>(&'s self, place: usize, statements: &mut Vec<Statement<'s>>) {
        let Some((batch, row)) = self.places.get(place) else { return };
        let Some(list) = self.lists.get(batch) else { return };
        let moments =
            list.values().as_struct().column_by_name("at").map(|at| at.as_primitive::<TimestampMicrosecondType>());
        let offsets = list.value_offsets();
        let at = |index: usize| offsets.get(index).and_then(|offset| u32::try_from(*offset).ok()).unwrap_or(0);
        for element in at(row)..at(row + 1) {
            let value = RankedValue::new(u32::try_from(place).unwrap_or(u32::MAX), element, 1, true);
            let index = element as usize;
            statements.push(Statement {
                purpose: self.purpose.element(&value).unwrap_or(""),
                channel: self.channel.element(&value).unwrap_or(""),
                status: self.status.element(&value).unwrap_or(""),
                at: moments.filter(|moments| moments.is_valid(index)).map(|moments| moments.value(index)),
                value,
            });
        }
    }
}

/// What was said last holds; of two statements of one moment the more careful one.
fn decide<'a>(golden_id: &'a str, mut statements: Vec<Statement<'a>>, rows: &mut Vec<Row<'a>>) {
    let care = |status: &str| match status {
        "withdrawn" => 0,
        "refused" => 1,
        "granted" => 2,
        _ => 3,
    };
    let later =
        |a: &Statement<'_>, b: &Statement<'_>| b.at.cmp(&a.at).then_with(|| care(a.status).cmp(&care(b.status)));
    let subject = |statement: &Statement<'a>| (statement.purpose, statement.channel);
    // A record that changed its mind counts once, with what it said last.
    statements.sort_by(|a, b| (subject(a), a.value.place).cmp(&(subject(b), b.value.place)).then_with(|| later(a, b)));
    statements.dedup_by(|a, b| (subject(a), a.value.place) == (subject(b), b.value.place));
    statements.sort_by(|a, b| {
        subject(a)
            .cmp(&subject(b))
            .then_with(|| later(a, b))
            .then_with(|| (a.value.place, a.value.element).cmp(&(b.value.place, b.value.element)))
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
    origins: &Origins<'_>,
    clusters: &Clusters,
    writer: &mut TableWriter,
    rows: &[Row<'_>],
) -> Result<(), RunError> {
    let record = |row: &Row<'_>| clusters.record(row.decided.value.place);
    writer.write(vec![
        texts(rows.iter().map(|row| row.golden_id)),
        texts(rows.iter().map(|row| row.decided.purpose)),
        texts(rows.iter().map(|row| row.decided.channel)),
        texts(rows.iter().map(|row| row.decided.status)),
        moments(rows.iter().map(|row| row.decided.at)),
        texts(rows.iter().map(|row| origins.source_name(record(row)))),
        texts(rows.iter().map(|row| origins.key(record(row)))),
        Arc::new(rows.iter().map(|row| Some(row.conflicting)).collect::<BooleanArray>()),
        counts(rows.iter().map(|row| row.records)),
    ])
}
