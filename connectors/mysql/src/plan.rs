//! How the rows of one table are asked for: columns, what rejects a row, order, and the statement.
//!
//! A row has one fate, whichever columns are read. So the statement for a table says itself, in its first field, which
//! rows hold something Arrow has no place for, and gives those whole, as text. A query is run as it was written, or its
//! order would be lost, and all its columns and rows come: see [`crate::window`].

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use goldsmith_source::contract::Mark;
use goldsmith_source::{SourceError, Window, request};
use mysql_async::prelude::Queryable as _;
use mysql_async::{Column, Conn, DriverError, Error, Statement};

use crate::config::QUERY_TABLE;
use crate::explain;
use crate::tables::{self, Table, literal, quote};
use crate::types::{Mapping, Order, Wire, mapping};
use crate::value::{is_number, written_date, written_moment};

/// What of a source does not change: its address for messages, and what it was told to read.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    pub(crate) locator: String,
    pub(crate) query: Option<String>,
    pub(crate) tinyint1_as_boolean: bool,
}

/// One table, and how to ask for it.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) name: Arc<str>,
    pub(crate) place: String,
    pub(crate) schema: SchemaRef,
    pub(crate) columns: Vec<(String, Mapping)>,
    from: From,
}

#[derive(Debug)]
enum From {
    Table { table: Table, key: Vec<String> },
    Query(String),
}

impl Scope {
    /// The tables as the contract names them: that of the query first.
    pub(crate) fn names(&self, found: &[Table]) -> Result<Vec<String>, SourceError> {
        let names = found.iter().map(|table| table.name.clone());
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
    pub(crate) async fn list(&self, connection: &mut Conn) -> Result<Vec<Table>, SourceError> {
        let found = tables::list(connection).await;
        found.map_err(|error| explain::asking(error, &self.locator, false))
    }

    /// The plan for `requested`, or the first table.
    pub(crate) async fn plan(&self, connection: &mut Conn, requested: Option<&str>) -> Result<Plan, SourceError> {
        let found = self.list(connection).await?;
        let names = self.names(&found)?;
        if names.is_empty() {
            let message = "the database has no table that the user may read; GRANT SELECT, or correct \"database\"";
            return Err(SourceError::config(message).at(&self.locator));
        }
        let name = request::table(requested, &names, &self.locator)?;
        match (found.iter().find(|table| table.name == name), &self.query) {
            (Some(table), _) => self.table(connection, table).await,
            (None, Some(query)) => self.query(connection, query).await,
            (None, None) => Err(goldsmith_source::worker::fault().at(&self.locator)),
        }
    }

    async fn table(&self, connection: &mut Conn, table: &Table) -> Result<Plan, SourceError> {
        let place = format!("{}, table \"{}\"", self.locator, table.name);
        let failed = |error| explain::asking(error, &place, false);
        let names = tables::columns(connection, &table.name).await.map_err(failed)?;
        if names.is_empty() {
            // The server says why.
            connection.prep(format!("SELECT * FROM {}", quote(&table.name))).await.map_err(failed)?;
            return Err(SourceError::config("has no column that the user may read; GRANT SELECT on it").at(place));
        }
        let key = match table.stored {
            true => tables::key(connection, &table.name, &names).await.map_err(failed)?,
            false => Vec::new(),
        };
        let list: Vec<String> = names.iter().map(|name| quote(name)).collect();
        let sql = format!("SELECT {} FROM {}", list.join(", "), quote(&table.name));
        let statement = connection.prep(sql).await.map_err(failed)?;
        let columns = names.into_iter().zip(statement.columns().iter().map(|column| self.mapping(column))).collect();
        Ok(Plan::new(&table.name, place, From::Table { table: table.clone(), key }, columns))
    }

    async fn query(&self, connection: &mut Conn, query: &str) -> Result<Plan, SourceError> {
        let place = format!("{}, option \"query\"", self.locator);
        let refuse = |message: &str| Err(SourceError::config(message).at(&place));
        let query = query.trim_end_matches(|end: char| end.is_whitespace() || end == ';');
        let asked = connection.prep(query).await;
        // The library takes `:name` for a parameter, where it stands outside of quotes.
        let parameters = match &asked {
            Ok(statement) => statement.num_params() > 0,
            Err(Error::Driver(DriverError::MixedParams)) => true,
            Err(_) => false,
        };
        if parameters {
            return refuse("has a parameter (? or :name); write its value");
        }
        let statement = asked.map_err(|error| explain::asking(error, &place, true))?;
        let mut columns: Vec<(String, Mapping)> = Vec::new();
        for column in statement.columns().iter() {
            let name = column.name_str().into_owned();
            if columns.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                let message = format!("gives two columns the name \"{name}\"; name one with AS");
                return Err(SourceError::config(message).at(&place));
            }
            columns.push((name, self.mapping(column)));
        }
        // What may stand here is a SELECT and nothing else, whatever words it begins with.
        if columns.is_empty() || wrapped(connection, query).await.is_err() {
            return refuse("is not a SELECT; a source is only read");
        }
        Ok(Plan::new(QUERY_TABLE, place, From::Query(query.to_owned()), columns))
    }

    fn mapping(&self, column: &Column) -> Mapping {
        mapping(column, self.tinyint1_as_boolean)
    }
}

async fn wrapped(connection: &mut Conn, query: &str) -> Result<Statement, Error> {
    connection.prep(format!("SELECT * FROM ({query}\n) AS {}", quote(QUERY_TABLE))).await
}

impl Plan {
    fn new(name: &str, place: String, from: From, columns: Vec<(String, Mapping)>) -> Self {
        let fields = columns.iter().map(|(name, mapping)| Field::new(name, mapping.data_type.clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        Self { name: name.into(), place, schema, columns, from }
    }

    /// The statement for the columns at `wanted`, of the rows in `window`; of a query all columns and rows.
    ///
    /// # Errors
    /// [`goldsmith_source::ErrorKind::Config`] for a window that its column cannot have.
    pub(crate) fn statement(
        &self,
        wanted: &[usize],
        window: Option<&Window>,
        limit: Option<u64>,
    ) -> Result<String, SourceError> {
        let filter = window.map(|window| self.window(window)).transpose()?;
        let filter = filter.map(|filter| format!(" WHERE {filter}")).unwrap_or_default();
        let (table, key) = match &self.from {
            From::Query(query) => return Ok(query.clone()),
            From::Table { table, key } => (table, key),
        };
        let columns = wanted.iter().filter_map(|at| self.columns.get(*at)).map(|(name, _)| quote(name));
        let mut list: Vec<String> = self.guard().into_iter().chain(columns).collect();
        if list.is_empty() {
            list.push("NULL".to_owned());
        }
        let order = match key.as_slice() {
            // An index of the columns alone would give another order than that of the table.
            [] if table.stored => " USE INDEX ()".to_owned(),
            _ => String::new(),
        };
        let by: Vec<String> = key.iter().map(|column| quote(column)).collect();
        let by = if by.is_empty() { String::new() } else { format!(" ORDER BY {}", by.join(", ")) };
        let limit = limit.map(|rows| format!(" LIMIT {rows}")).unwrap_or_default();
        Ok(format!("SELECT {} FROM {}{order}{filter}{by}{limit}", list.join(", "), quote(&table.name)))
    }

    pub(crate) fn is_query(&self) -> bool {
        matches!(self.from, From::Query(_))
    }

    /// About how many rows there are, where the server keeps count.
    pub(crate) fn rows(&self) -> Option<u64> {
        match &self.from {
            From::Table { table, .. } => table.rows,
            From::Query(_) => None,
        }
    }

    /// Whether the first field of a row says if it must be rejected.
    pub(crate) fn guarded(&self) -> bool {
        !self.is_query() && self.columns.iter().any(|(name, mapping)| mapping.wire.misfit(name).is_some())
    }

    /// The first field of a row: null for a good one, else the number of the column at fault and the whole row.
    fn guard(&self) -> Option<String> {
        let mut cases = String::new();
        for (number, (name, mapping)) in self.columns.iter().enumerate() {
            if let Some(condition) = mapping.wire.misfit(&quote(name)) {
                cases.push_str(&format!(" WHEN {condition} THEN '{number},('"));
            }
        }
        if cases.is_empty() {
            return None;
        }
        let values: Vec<String> =
            self.columns.iter().map(|(name, mapping)| shown(&quote(name), mapping.wire)).collect();
        // Null where there is no case.
        Some(format!("CONCAT(CASE{cases} END, {}, ')')", values.join(", ',', ")))
    }

    /// The condition of an incremental read.
    fn window(&self, window: &Window) -> Result<String, SourceError> {
        let refuse = |message: String| SourceError::config(message).at(&self.place);
        let Some((name, mapping)) = self.columns.iter().find(|(name, _)| *name == window.column) else {
            let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
            let suggestion = request::suggestion(&window.column, &names);
            return Err(refuse(format!("no column \"{}\"{suggestion}", window.column)));
        };
        let column = quote(name);
        let value = match mapping.order {
            Order::None => {
                return Err(refuse(format!(
                    "column \"{name}\" has no order that an incremental read can follow; choose a whole number, a \
                     decimal, a date, a time stamp or a text"
                )));
            }
            // A collation takes some texts for the same, and does not look at blanks at the end.
            Order::Bytes => format!("CAST(CONVERT({column} USING utf8mb4) AS BINARY)"),
            Order::Number | Order::Date | Order::Moment => column.clone(),
        };
        let mut bounds = Vec::new();
        for (mark, sign) in [(&window.from, ">="), (&window.until, "<")] {
            let Some(mark) = mark else { continue };
            let bound = bound(mark, mapping.order).ok_or_else(|| {
                refuse(format!("the mark of column \"{name}\" is not a value of its type; start with a full read"))
            })?;
            bounds.push(format!("{value} {sign} {bound}"));
        }
        if bounds.is_empty() {
            return Ok("TRUE".to_owned());
        }
        // The zero date is null here.
        let zero = match mapping.order {
            Order::Date | Order::Moment => format!(" OR {column} = 0"),
            _ => String::new(),
        };
        Ok(format!("({column} IS NULL{zero} OR ({}))", bounds.join(" AND ")))
    }

    /// The kinds of the columns at `wanted`.
    pub(crate) fn wires(&self, wanted: &[usize]) -> Vec<Wire> {
        wanted.iter().filter_map(|at| self.columns.get(*at)).map(|(_, mapping)| mapping.wire).collect()
    }
}

/// A value for a person to look at, whatever its character set; the beginning of a long one.
fn shown(column: &str, wire: Wire) -> String {
    match wire {
        Wire::Bytes | Wire::Bits => format!("COALESCE(CONCAT('0x', HEX(LEFT({column}, 65536))), 'NULL')"),
        _ => format!("QUOTE(LEFT(CONVERT({column} USING utf8mb4), 65536))"),
    }
}

/// A mark as an SQL literal of its type; `None` where it is no value of the type.
fn bound(mark: &Mark, order: Order) -> Option<String> {
    match order {
        Order::Number => is_number(&mark.text).then(|| mark.text.clone()),
        Order::Date => Some(format!("DATE'{}'", written_date(&mark.text)?)),
        Order::Moment => Some(format!("TIMESTAMP'{}'", written_moment(&mark.text)?)),
        Order::Bytes => Some(format!("CAST({} AS BINARY)", literal(&mark.text))),
        Order::None => None,
    }
}
