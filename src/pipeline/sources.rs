//! The sources held against the plan: their tables, their columns, the SQL about them.

use std::collections::{BTreeMap, BTreeSet};

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};

use super::RunError;
use super::incremental::add_columns;
use super::plan::{ContractPlan, Drift, From, Keep, Plan, RecordPlan, SourcePlan};
use crate::extract::contract::{check_columns, columns};
use crate::extract::{SourceTables, TableRequest, schemas};
use crate::normalize::select::{SqlMistake, plan_record};
use crate::normalize::session;
use crate::publish::Manifest;
use crate::publish::manifest::SourceEntry;

/// A source whose schemas are known and whose SQL fits them.
pub struct CheckedSource {
    /// Its tables as they are now.
    pub tables: SourceTables,
    pub requests: Vec<TableRequest>,
}

/// Asks a source for its schemas and plans every record type against them. Reads no rows. A column that `last`, the
/// last published version, had and that is gone is a null where the contract takes that; a table without columns has
/// no rows to plan for.
///
/// # Errors
/// A source that cannot be reached (outer), or every mistake in its SQL (inner).
pub async fn check_source(
    plan: &Plan,
    source: &SourcePlan,
    last: Option<&SourceEntry>,
) -> Result<Result<CheckedSource, Vec<SqlMistake>>, RunError> {
    let found = schemas(source)?;
    let gone = gone_columns(source, &found.schemas, last);
    let schemas = found
        .schemas
        .iter()
        .map(|(table, schema)| {
            let fields = schema.fields().iter().cloned().chain(gone.get(table).into_iter().flatten().cloned());
            (table.clone(), SchemaRef::new(Schema::new(fields.collect::<Fields>())))
        })
        .collect();
    let tables = SourceTables { schemas, first: found.first.clone() };
    let context = session::session(1);
    session::register_empty(&context, &tables.schemas)?;
    let mut mistakes = Vec::new();
    let mut needs: BTreeMap<String, Option<BTreeSet<String>>> = BTreeMap::new();
    for record in &source.records {
        let Some(entity) = plan.entities.iter().find(|entity| entity.entity == record.entity) else { continue };
        if let Some(table) = table_without_columns(record, &tables) {
            needs.entry(table).or_insert_with(|| Some(BTreeSet::new()));
            continue;
        }
        match plan_record(&context, &tables, record, &source.keep, entity).await {
            Ok(select) => {
                for (table, columns) in select.needs {
                    match (needs.entry(table).or_insert_with(|| Some(BTreeSet::new())), columns) {
                        (Some(known), Some(columns)) => known.extend(columns),
                        (slot, None) => *slot = None,
                        (None, Some(_)) => {}
                    }
                }
            }
            Err(found) => mistakes.extend(found),
        }
    }
    keep_columns(source, &tables, &mut needs, &mut mistakes);
    add_columns(source, &found.schemas, &mut needs, &mut mistakes);
    if !mistakes.is_empty() {
        return Ok(Err(mistakes));
    }
    let requests = needs
        .into_iter()
        .map(|(table, columns)| TableRequest {
            gone: gone
                .get(&table)
                .into_iter()
                .flatten()
                .filter(|field| columns.as_ref().is_none_or(|wanted| wanted.contains(field.name())))
                .cloned()
                .collect(),
            // The order of the source, so that landing does not depend on the order of the mapping.
            columns: columns.map(|wanted| match found.schemas.get(&table) {
                Some(schema) => schema
                    .fields()
                    .iter()
                    .map(|field| field.name().clone())
                    .filter(|name| wanted.contains(name))
                    .collect(),
                None => wanted.into_iter().collect(),
            }),
            is_first: found.first.as_ref() == Some(&table),
            table,
        })
        .collect();
    Ok(Ok(CheckedSource { tables: found, requests }))
}

/// For each table the columns of the last published version that are gone, where the contract goes on without them.
fn gone_columns(
    source: &SourcePlan,
    now: &BTreeMap<String, SchemaRef>,
    last: Option<&SourceEntry>,
) -> BTreeMap<String, Vec<std::sync::Arc<Field>>> {
    let mut gone = BTreeMap::new();
    if source.contract.missing_column == Drift::Fail {
        return gone;
    }
    for known in last.iter().flat_map(|last| &last.tables) {
        let Some(schema) = now.get(&known.name).filter(|schema| !schema.fields().is_empty()) else { continue };
        let fields: Vec<_> = known
            .columns
            .iter()
            .filter(|(name, _)| schema.field_with_name(name).is_err())
            .map(|(name, data_type)| {
                std::sync::Arc::new(Field::new(name, data_type.parse().unwrap_or(DataType::Utf8), true))
            })
            .collect();
        gone.insert(known.name.clone(), fields);
    }
    gone
}

/// The table a record type's rows are those of; none where they come of a query.
#[must_use]
pub fn table_of(record: &RecordPlan, first: Option<&str>) -> Option<String> {
    let From::Table(table) = &record.from else { return None };
    table.clone().or_else(|| first.map(str::to_owned))
}

/// The record type's table, where it has no columns: a JSON file without a record says nothing of its columns.
#[must_use]
pub fn table_without_columns(record: &RecordPlan, tables: &SourceTables) -> Option<String> {
    let table = table_of(record, tables.first.as_deref())?;
    tables.schemas.get(&table).is_some_and(|schema| schema.fields().is_empty()).then_some(table)
}

fn keep_columns(
    source: &SourcePlan,
    tables: &SourceTables,
    needs: &mut BTreeMap<String, Option<BTreeSet<String>>>,
    mistakes: &mut Vec<SqlMistake>,
) {
    let main: BTreeSet<String> =
        source.records.iter().filter_map(|record| table_of(record, tables.first.as_deref())).collect();
    match &source.keep {
        Keep::All => {
            for table in main {
                needs.insert(table, None);
            }
        }
        Keep::Columns(kept) => {
            for column in kept {
                let mut found = false;
                for table in &main {
                    let Some(schema) = tables.schemas.get(table) else {
                        // The table itself is the mistake.
                        found = true;
                        continue;
                    };
                    found |= schema.fields().is_empty();
                    if schema.field_with_name(column).is_ok() {
                        found = true;
                        if let Some(Some(columns)) = needs.get_mut(table) {
                            columns.insert(column.clone());
                        }
                    }
                }
                if !found {
                    mistakes.push(SqlMistake {
                        path: format!("sources.{}.keep", source.name),
                        message: format!("the source has no column `{column}`"),
                    });
                }
            }
        }
    }
}

/// Asks every source for its schemas and checks all SQL against them, before a row is read.
///
/// # Errors
/// Every mistake in the SQL of every source together.
pub async fn check_sources(
    plan: &Plan,
    last: Option<&Manifest>,
) -> Result<Vec<Result<CheckedSource, RunError>>, RunError> {
    let mut checked = Vec::new();
    let mut mistakes = Vec::new();
    for source in &plan.sources {
        let before = last.and_then(|last| last.sources.iter().find(|entry| entry.name == source.name));
        match check_source(plan, source, before).await {
            Ok(Ok(found)) => checked.push(Ok(found)),
            Ok(Err(found)) => mistakes.extend(found),
            Err(error) => checked.push(Err(error)),
        }
    }
    if mistakes.is_empty() { Ok(checked) } else { Err(RunError::Sql(mistakes)) }
}

/// Where SQL does not fit because a source lost a column it had in the last published version, the source broke its
/// contract; the pipeline file is right.
pub(super) fn lost_columns(plan: &Plan, last: Option<&Manifest>) -> Option<RunError> {
    let last = last?;
    let mut breaches = Vec::new();
    for source in plan.sources.iter().filter(|source| source.contract.missing_column == Drift::Fail) {
        let Some(before) = last.sources.iter().find(|entry| entry.name == source.name) else { continue };
        let Ok(found) = crate::extract::schemas(source) else { continue };
        let tables: Vec<_> = found.schemas.iter().map(|(table, schema)| (table.clone(), columns(schema))).collect();
        let contract =
            ContractPlan { new_column: Drift::Evolve, retyped_column: Drift::Evolve, ..source.contract.clone() };
        breaches.extend(check_columns(&source.name, &contract, &tables, before).breaches);
    }
    (!breaches.is_empty()).then(|| RunError::Gate(breaches.join("\n")))
}
