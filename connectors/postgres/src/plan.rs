//! How the rows of one table are asked for: columns, what rejects a row, order, and the statement.
//!
//! A row has one fate, whichever columns are read. So the statement itself says, in its first field, which rows hold
//! something Arrow has no place for, and gives those whole, as text.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use goldsmith_source::{SourceError, Window, request};
use tokio_postgres::Client;

use crate::config::QUERY_TABLE;
use crate::explain;
use crate::session::Transaction;
use crate::tables::{self, Table, literal, quote};
use crate::types::{Mapping, Order, mapping};

/// What of a source does not change: its address for messages, and what it was told to read.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    pub(crate) locator: String,
    pub(crate) schema: Option<String>,
    pub(crate) query: Option<String>,
}

/// One table, and how to ask for it.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) name: Arc<str>,
    pub(crate) place: String,
    pub(crate) schema: SchemaRef,
    /// The table as it is stored; `None` for a query.
    pub(crate) table: Option<Table>,
    from: String,
    columns: Vec<(String, Mapping)>,
    guards: Vec<Guard>,
}

/// One way in which a row can be unreadable.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    /// When it is; `None` for text in no encoding, which shows when it is here.
    condition: Option<String>,
    pub(crate) column: Option<String>,
    pub(crate) rule: &'static str,
}

impl Scope {
    /// The tables as the contract names them: that of the query first.
    pub(crate) fn names(&self, found: &[Table]) -> Result<Vec<String>, SourceError> {
        let names = found.iter().filter(|table| table.readable).map(|table| table.name.clone());
        if self.query.is_none() {
            return Ok(names.collect());
        }
        if found.iter().any(|table| table.name == QUERY_TABLE) {
            let message = format!(
                "the database has a table \"{QUERY_TABLE}\" of its own, the name that the rows of option \"query\" \
                 take; read that table, or the query, in a view of another name"
            );
            return Err(SourceError::config(message).at(&self.locator));
        }
        Ok(std::iter::once(QUERY_TABLE.to_owned()).chain(names).collect())
    }

    /// All tables and views there are.
    pub(crate) async fn list(&self, client: &Client) -> Result<Vec<Table>, SourceError> {
        let found = tables::list(client, self.schema.as_deref()).await;
        found.map_err(|error| explain::asking(error, &self.locator, false))
    }

    /// The plan for `requested`, or the first table.
    pub(crate) async fn plan(&self, at: &Transaction, requested: Option<&str>) -> Result<Plan, SourceError> {
        let found = self.list(at.client()).await?;
        let hidden = found.iter().find(|table| !table.readable && Some(table.name.as_str()) == requested);
        if let Some(table) = hidden {
            let message =
                format!("the user may not read it; GRANT SELECT ON {} to it, and USAGE on its schema", table.quoted);
            return Err(SourceError::config(message).at(self.place(&table.name)));
        }
        let names = self.names(&found)?;
        if let (true, Some(schema)) = (names.is_empty(), &self.schema) {
            let message = format!(
                "there is no schema \"{schema}\" with a table the user may read; correct \"schema\", or grant USAGE and SELECT"
            );
            return Err(SourceError::config(message).at(&self.locator));
        }
        let name = request::table(requested, &names, &self.locator)?;
        match (found.iter().find(|table| table.name == name), &self.query) {
            (Some(table), _) => self.table(at, table).await,
            (None, Some(query)) => self.query(at, query).await,
            (None, None) => Err(goldsmith_source::worker::fault().at(&self.locator)),
        }
    }

    fn place(&self, table: &str) -> String {
        format!("{}, table \"{table}\"", self.locator)
    }

    async fn table(&self, at: &Transaction, table: &Table) -> Result<Plan, SourceError> {
        let place = self.place(&table.name);
        let failed = |error| explain::asking(error, &place, false);
        let names = tables::columns(at.client(), table.oid).await.map_err(failed)?;
        let list: Vec<String> = names.iter().map(|name| quote(name)).collect();
        let sql = format!("SELECT {} FROM {}", list.join(", "), table.quoted);
        let statement = at.client().prepare(&sql).await.map_err(failed)?;
        let columns = statement.columns().iter().map(|column| (column.type_(), column.type_modifier()));
        let columns = names.into_iter().zip(columns.map(|(declared, modifier)| mapping(declared, modifier))).collect();
        let mut plan = Plan::new(table.name.as_str(), place, table.quoted.clone(), columns, at.server.any_encoding);
        plan.table = Some(table.clone());
        Ok(plan)
    }

    async fn query(&self, at: &Transaction, query: &str) -> Result<Plan, SourceError> {
        let place = format!("{}, option \"query\"", self.locator);
        let refuse = |message: &str| Err(SourceError::config(message).at(&place));
        let query = query.trim_end_matches(|end: char| end.is_whitespace() || end == ';');
        let statement = match at.client().prepare(query).await {
            Ok(statement) => statement,
            Err(error) if error.as_db_error().is_some_and(|said| said.message().contains("multiple commands")) => {
                return refuse("has several statements; write one SELECT");
            }
            Err(error) => return Err(explain::asking(error, &place, true)),
        };
        if !statement.params().is_empty() {
            return refuse("has a parameter ($1); write its value");
        }
        let mut columns: Vec<(String, Mapping)> = Vec::new();
        for column in statement.columns() {
            if columns.iter().any(|(name, _)| name == column.name()) {
                let message = format!("gives two columns the name \"{}\"; name one with AS", column.name());
                return Err(SourceError::config(message).at(&place));
            }
            columns.push((column.name().to_owned(), mapping(column.type_(), column.type_modifier())));
        }
        // What may stand here is a SELECT and nothing else, whatever words it begins with.
        let from = format!("({query}\n) AS {QUERY_TABLE}");
        if columns.is_empty() || at.client().prepare(&format!("SELECT * FROM {from}")).await.is_err() {
            return refuse("is not a SELECT; a source is only read");
        }
        Ok(Plan::new(QUERY_TABLE, place, from, columns, at.server.any_encoding))
    }
}

impl Plan {
    fn new(name: &str, place: String, from: String, columns: Vec<(String, Mapping)>, any_encoding: bool) -> Self {
        let fields = columns.iter().map(|(name, mapping)| Field::new(name, mapping.data_type.clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let mut guards = Vec::new();
        if any_encoding {
            guards.push(Guard { condition: None, column: None, rule: "invalid_encoding" });
        }
        for (name, mapping) in &columns {
            let value = quote(name);
            let misfits = [mapping.wire.misfit(&value), mapping.wire.element_misfit(&value)];
            guards.extend(misfits.into_iter().flatten().map(|(condition, rule)| Guard {
                condition: Some(condition),
                column: Some(name.clone()),
                rule,
            }));
        }
        Self { name: name.into(), place, schema, table: None, from, columns, guards }
    }

    /// The statement for the columns at `wanted`, of the rows for which `conditions` hold.
    pub(crate) fn statement(&self, wanted: &[usize], conditions: &[String], limit: Option<u64>) -> String {
        let columns = wanted.iter().filter_map(|at| self.columns.get(*at));
        let columns = columns.map(|(name, mapping)| format!("{}{}", quote(name), mapping.cast));
        let list: Vec<String> = self.guard().into_iter().chain(columns).collect();
        let filter = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
        let limit = limit.map(|rows| format!(" LIMIT {rows}")).unwrap_or_default();
        format!("COPY (SELECT {} FROM {}{filter}{limit}) TO STDOUT (FORMAT binary)", list.join(", "), self.from)
    }

    /// Why rows can be rejected, by number.
    pub(crate) fn guards(&self) -> &[Guard] {
        &self.guards
    }

    /// The first field of a row: null for a good one, else the number of the guard that found it and the whole row.
    fn guard(&self) -> Option<String> {
        if self.guards.is_empty() {
            return None;
        }
        let names: Vec<String> = self.columns.iter().map(|(name, _)| quote(name)).collect();
        let row = format!("ROW({})::text", names.join(", "));
        let mut cases = String::new();
        let mut otherwise = String::new();
        for (number, guard) in self.guards.iter().enumerate() {
            match &guard.condition {
                Some(condition) => cases.push_str(&format!(" WHEN {condition} THEN '{number},' || {row}")),
                None => otherwise = format!("',' || {row}"),
            }
        }
        Some(match (cases.is_empty(), otherwise.is_empty()) {
            (true, _) => otherwise,
            (false, true) => format!("CASE{cases} END"),
            (false, false) => format!("CASE{cases} ELSE {otherwise} END"),
        })
    }

    /// The condition of an incremental read.
    pub(crate) fn window(&self, window: &Window) -> Result<String, SourceError> {
        let Some((name, mapping)) = self.columns.iter().find(|(name, _)| *name == window.column) else {
            let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
            let message = format!("no column \"{}\"{}", window.column, request::suggestion(&window.column, &names));
            return Err(SourceError::config(message).at(&self.place));
        };
        let column = quote(name);
        let (null, by) = match mapping.order {
            Order::None => {
                let message = format!(
                    "column \"{name}\" has no order that an incremental read can follow; choose a number of a declared \
                     size, a date, a time or a text"
                );
                return Err(SourceError::config(message).at(&self.place));
            }
            Order::Own => (format!("{column} IS NULL"), ""),
            Order::Infinite => (format!("{column} IS NULL OR {column} = 'infinity' OR {column} = '-infinity'"), ""),
            Order::Bytes => (format!("{column} IS NULL"), "::text COLLATE \"C\""),
        };
        let mut bounds = Vec::new();
        for (mark, sign) in [(&window.from, ">="), (&window.until, "<")] {
            let Some(mark) = mark else { continue };
            if mark.text.contains('\0') {
                let message = format!("the mark of column \"{name}\" has a NUL character; start with a full read");
                return Err(SourceError::config(message).at(&self.place));
            }
            bounds.push(format!("{column}{by} {sign} {}", literal(&mark.text)));
        }
        let within = if bounds.is_empty() { "true".to_owned() } else { bounds.join(" AND ") };
        Ok(format!("({null} OR ({within}))"))
    }

    /// The form of the values of the columns at `wanted`.
    pub(crate) fn wires(&self, wanted: &[usize]) -> Vec<crate::types::Wire> {
        wanted.iter().filter_map(|at| self.columns.get(*at)).map(|(_, mapping)| mapping.wire.clone()).collect()
    }
}
