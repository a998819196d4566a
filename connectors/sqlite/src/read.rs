//! Reading: everything that touches the database file, in the order a read does it.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema, SchemaRef};
use goldsmith_source::files::{InputFile, Paths, digest};
use goldsmith_source::{
    Chunk, ErrorKind, FileRead, OpenContext, ReadRequest, RejectedRow, Sink, Source, SourceError, request,
};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Statement};

use crate::column::{Builder, Kinds};
use crate::config::{QUERY_TABLE, SqliteOptions};
use crate::database::{TableKind, check, explain, has_content, open, quote, tables};
use crate::span::Span;

/// Bytes of text and blobs after which a batch is pushed although it has fewer rows than asked for.
const BATCH_BYTES: usize = 16 << 20;

/// Bytes of a rejected row that are kept.
const RAW_BYTES: usize = 64 << 10;

pub(crate) struct SqliteSource {
    path: Paths,
    base_dir: PathBuf,
    query: Option<String>,
}

impl SqliteSource {
    pub(crate) fn new(options: SqliteOptions, context: &OpenContext) -> Result<Self, SourceError> {
        let place = format!("source \"{}\"", context.source_name);
        let path = Paths::new(vec![options.path]).map_err(|error| error.at(&place))?;
        if options.query.as_deref().is_some_and(|query| query.trim().is_empty()) {
            return Err(SourceError::config(
                "option \"query\" of connector sqlite is empty; write a SELECT or remove it",
            )
            .at(place));
        }
        Ok(Self { path, base_dir: context.base_dir.clone(), query: options.query })
    }

    fn file(&self) -> Result<InputFile, SourceError> {
        let mut files = self.path.files(&self.base_dir)?;
        match (files.pop(), files.len()) {
            (Some(file), 0) => Ok(file),
            (_, more) => {
                let message = format!("matches {} files, and a sqlite source is one database; name one", more + 1);
                Err(SourceError::config(message).at(self.path.locator()))
            }
        }
    }

    /// The tables as the contract names them: that of the query first.
    fn names(&self, found: &[crate::database::Table], place: &str) -> Result<Vec<String>, SourceError> {
        let names = found.iter().map(|table| table.name.clone());
        if self.query.is_none() {
            return Ok(names.collect());
        }
        if found.iter().any(|table| table.name == QUERY_TABLE) {
            let message = format!(
                "the database has a table \"{QUERY_TABLE}\" of its own, the name that the rows of option \"query\" \
                 take; read that table, or the query, in a view of another name"
            );
            return Err(SourceError::config(message).at(place));
        }
        Ok(std::iter::once(QUERY_TABLE.to_owned()).chain(names).collect())
    }

    /// The statement for a table of the source, and its columns' names and declared types.
    fn plan(&self, connection: &Connection, requested: Option<&str>, place: &str) -> Result<Plan, SourceError> {
        let found = tables(connection, place)?;
        let names = self.names(&found, place)?;
        let name = request::table(requested, &names, place)?;
        match (&self.query, found.iter().find(|table| table.name == name)) {
            (_, Some(table)) => table_plan(connection, name, table.kind, place),
            (Some(query), None) => query_plan(connection, query, place),
            (None, None) => Err(SourceError::new(ErrorKind::Internal, "a table vanished from its own list").at(place)),
        }
    }
}

/// How the rows of one table are asked for.
struct Plan {
    table: Arc<str>,
    columns: Vec<Column>,
    /// Where rows come from and in what order: ` FROM "t" ORDER BY rowid`; a whole statement for a query, whose
    /// columns are then picked here, because SQLite may drop the order of a subquery.
    tail: String,
    is_query: bool,
    place: String,
}

struct Column {
    name: String,
    declared: String,
}

fn table_plan(connection: &Connection, name: &str, kind: TableKind, place: &str) -> Result<Plan, SourceError> {
    let at = format!("{place}, table \"{name}\"");
    let mut columns = Vec::new();
    let mut key = Vec::new();
    let mut run = || -> rusqlite::Result<()> {
        // Hidden columns of virtual tables (1) are arguments rather than data; generated ones (2, 3) are data.
        let mut statement =
            connection.prepare("SELECT name, type, pk FROM pragma_table_xinfo(?1) WHERE hidden <> 1 ORDER BY cid")?;
        let mut rows = statement.query([name])?;
        while let Some(row) = rows.next()? {
            let column = Column { name: row.get(0)?, declared: row.get::<_, Option<String>>(1)?.unwrap_or_default() };
            let place_in_key: i64 = row.get(2)?;
            if place_in_key > 0 {
                key.push((place_in_key, column.name.clone()));
            }
            columns.push(column);
        }
        Ok(())
    };
    run().map_err(|error| explain(error, &at))?;
    let mut order = Vec::new();
    match kind {
        TableKind::Rowid => {
            // A column may be called rowid; then another of the three names still means the real one.
            let free = |alias: &&str| !columns.iter().any(|column| column.name.eq_ignore_ascii_case(alias));
            order.extend(["rowid", "_rowid_", "oid"].iter().find(|alias| free(alias)).map(|alias| (*alias).to_owned()));
        }
        TableKind::WithoutRowid => {
            key.sort();
            for (_, column) in &key {
                order.push(quote(column, &at)?);
            }
        }
        TableKind::Unordered | TableKind::View => {}
    }
    let by = if order.is_empty() { String::new() } else { format!(" ORDER BY {}", order.join(", ")) };
    let tail = format!(" FROM {}{by}", quote(name, &at)?);
    Ok(Plan { table: name.into(), columns, tail, is_query: false, place: at })
}

fn query_plan(connection: &Connection, query: &str, place: &str) -> Result<Plan, SourceError> {
    let at = format!("{place}, option \"query\"");
    let refuse = |message: String| Err(SourceError::config(message).at(&at));
    let statement = match connection.prepare(query) {
        Ok(statement) => statement,
        Err(rusqlite::Error::MultipleStatement) => {
            return refuse("has several statements; write one SELECT".to_owned());
        }
        Err(rusqlite::Error::SqlInputError { msg, offset, .. }) => {
            let character = usize::try_from(offset)
                .ok()
                .and_then(|offset| query.get(..offset))
                .map(|before| before.chars().count() + 1);
            let where_ = character.map(|character| format!(" at character {character}")).unwrap_or_default();
            return refuse(format!("is not valid{where_}: {msg}; correct the SQL"));
        }
        Err(rusqlite::Error::SqliteFailure(failure, Some(message)))
            if failure.extended_code == rusqlite::ffi::SQLITE_ERROR =>
        {
            return refuse(format!("is not valid: {message}; correct the SQL"));
        }
        Err(error) => return Err(explain(error, &at)),
    };
    if !statement.readonly() || statement.column_count() == 0 || statement.is_explain() != 0 {
        return refuse("is not a SELECT; a source is only read".to_owned());
    }
    if statement.parameter_count() > 0 {
        return refuse("has a parameter (? or :name); write its value".to_owned());
    }
    let mut columns: Vec<Column> = Vec::new();
    for name in statement.column_names() {
        if columns.iter().any(|column| column.name == name) {
            return refuse(format!("gives two columns the name \"{name}\"; name one with AS"));
        }
        columns.push(Column { name: name.to_owned(), declared: String::new() });
    }
    Ok(Plan { table: QUERY_TABLE.into(), columns, tail: query.to_owned(), is_query: true, place: at })
}

impl Plan {
    /// The statement that gives the columns at `wanted`, and the places of these in its rows.
    fn statement<'c>(
        &self,
        connection: &'c Connection,
        wanted: &[usize],
    ) -> Result<(Statement<'c>, Vec<usize>), SourceError> {
        let (sql, places) = if self.is_query {
            (self.tail.clone(), wanted.to_vec())
        } else {
            let mut names = Vec::with_capacity(wanted.len());
            for column in wanted.iter().filter_map(|at| self.columns.get(*at)) {
                names.push(quote(&column.name, &self.place)?);
            }
            // A count needs rows, and SQL has no rows without columns.
            let list = if names.is_empty() { "1".to_owned() } else { names.join(", ") };
            (format!("SELECT {list}{}", self.tail), (0..wanted.len()).collect())
        };
        let statement = connection.prepare(&sql).map_err(|error| explain(error, &self.place))?;
        Ok((statement, places))
    }

    /// The first pass: the type of every column, from all its values, and the columns for which rows will be
    /// rejected.
    fn profile(&self, connection: &Connection) -> Result<(SchemaRef, Vec<usize>), SourceError> {
        let all: Vec<usize> = (0..self.columns.len()).collect();
        let (mut statement, places) = self.statement(connection, &all)?;
        let mut kinds = vec![Kinds::default(); all.len()];
        let mut run = || -> rusqlite::Result<()> {
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                for (kind, place) in kinds.iter_mut().zip(&places) {
                    kind.see(row.get_ref(*place)?);
                }
            }
            Ok(())
        };
        run().map_err(|error| explain(error, &self.place))?;
        let mut fields = Vec::with_capacity(all.len());
        let mut guarded = Vec::new();
        for (at, (column, kinds)) in self.columns.iter().zip(kinds).enumerate() {
            let data_type = kinds.data_type(&column.declared);
            if kinds.rejects(&data_type) {
                guarded.push(at);
            }
            fields.push(Field::new(&column.name, data_type, true));
        }
        Ok((Arc::new(Schema::new(fields)), guarded))
    }
}

impl Source for SqliteSource {
    fn locator(&self) -> String {
        self.path.locator()
    }

    fn tables(&self) -> Result<Vec<String>, SourceError> {
        let file = self.file()?;
        let connection = open(&file)?;
        self.names(&tables(&connection, &file.name)?, &file.name)
    }

    fn views(&self) -> Result<Vec<String>, SourceError> {
        let file = self.file()?;
        let found = tables(&open(&file)?, &file.name)?;
        Ok(found.into_iter().filter(|table| table.kind == TableKind::View).map(|table| table.name).collect())
    }

    fn schema(&self, table: Option<&str>) -> Result<SchemaRef, SourceError> {
        let file = self.file()?;
        let connection = open(&file)?;
        let plan = self.plan(&connection, table, &file.name)?;
        plan.profile(&connection).map(|(schema, _)| schema)
    }

    fn obeys_windows(&self) -> bool {
        true
    }

    fn read(&self, request: &ReadRequest, sink: &mut dyn Sink) -> Result<(), SourceError> {
        let file = self.file()?;
        let connection = open(&file)?;
        check(&connection, &file.name)?;
        let plan = self.plan(&connection, request.table.as_deref(), &file.name)?;
        let (schema, guarded) = plan.profile(&connection)?;
        let wanted = request::projection(request.columns.as_deref(), &schema, &plan.place)?;
        let span = request.window.as_ref().map(|window| Span::new(window, &schema, &plan.place)).transpose()?;
        let reading = Reading { plan: &plan, schema: &schema, wanted, guarded, span, limit: request.limit };
        let rows = push_rows(&connection, &reading, request.batch_rows, sink)?;
        // Hashed while the transaction still holds writers off. With a write-ahead log the file alone does not say
        // what was read, so it gets no checksum.
        let digest = digest(&file)?;
        let checksum = (!has_content(&file, "-wal")).then_some(digest.checksum);
        sink.file_done(FileRead { file: plan.table.clone(), bytes: digest.bytes, checksum, rows })
    }
}

/// What the second pass reads.
struct Reading<'a> {
    plan: &'a Plan,
    schema: &'a SchemaRef,
    /// The columns asked for.
    wanted: Vec<usize>,
    /// The columns for which rows are rejected. A row has one fate, whichever columns are asked for.
    guarded: Vec<usize>,
    /// The rows asked for, of all.
    span: Option<Span>,
    /// Rows after which nobody looks.
    limit: Option<u64>,
}

impl Reading<'_> {
    /// The columns the second pass asks SQLite for: more than are wanted where rows are
    /// rejected (a rejected row is kept whole) and where a column tells which rows are meant.
    fn fetched(&self) -> Vec<usize> {
        if !self.guarded.is_empty() {
            return (0..self.plan.columns.len()).collect();
        }
        let cursor = self.span.as_ref().map(|span| span.column).filter(|column| !self.wanted.contains(column));
        self.wanted.iter().copied().chain(cursor).collect()
    }
}

/// The second pass: pushes every row, and tells how many there were.
fn push_rows(
    connection: &Connection,
    reading: &Reading<'_>,
    batch_rows: usize,
    sink: &mut dyn Sink,
) -> Result<u64, SourceError> {
    let plan = reading.plan;
    let failed = |error| explain(error, &plan.place);
    let fetched = reading.fetched();
    let (mut statement, fetched_at) = plan.statement(connection, &fetched)?;
    let place_of = |column: &usize| {
        let at = fetched.iter().position(|fetched| fetched == column);
        at.and_then(|at| fetched_at.get(at)).copied()
    };
    let places: Vec<usize> = reading.wanted.iter().filter_map(place_of).collect();
    let guarded: Vec<usize> = reading.guarded.iter().filter_map(place_of).collect();
    let cursor = reading.span.as_ref().and_then(|span| Some((span, place_of(&span.column)?)));
    let mut rows = statement.query([]).map_err(failed)?;
    let mut batch = Batch::new(reading)?;
    let mut number = 0;
    while reading.limit.is_none_or(|limit| number < limit) {
        let Some(row) = rows.next().map_err(failed)? else { break };
        if let Some((span, place)) = cursor
            && !span.holds(row.get_ref(place).map_err(failed)?)
        {
            continue;
        }
        number += 1;
        if let Some(column) = unreadable(row, &guarded).map_err(failed)? {
            let at = fetched_at.iter().position(|place| *place == column).and_then(|at| fetched.get(at));
            let name = at.and_then(|at| plan.columns.get(*at)).map(|column| column.name.clone());
            let named = name.as_deref().unwrap_or_default();
            sink.reject(RejectedRow {
                file: plan.table.clone(),
                row: number,
                byte_offset: None,
                rule: "invalid_encoding",
                message: format!("table \"{}\", row {number}, column \"{named}\": the text is not UTF-8", plan.table),
                raw: raw(row, &fetched_at),
                column: name,
            })?;
            continue;
        }
        if let Some(name) = batch.append(row, &places, number).map_err(failed)? {
            let message = format!(
                "column \"{name}\" gave other values when it was read a second time; a source must give the same \
                 rows each time, so take random() and the current time out of the query or view"
            );
            return Err(SourceError::config(message).at(&plan.place));
        }
        if batch.rows.len() >= batch_rows.max(1) || batch.bytes >= BATCH_BYTES {
            batch.push(sink)?;
        }
    }
    batch.push(sink)?;
    Ok(number)
}

/// The first of `columns` whose text is not UTF-8 in this row.
fn unreadable(row: &Row<'_>, columns: &[usize]) -> rusqlite::Result<Option<usize>> {
    for column in columns {
        if let ValueRef::Text(bytes) | ValueRef::Blob(bytes) = row.get_ref(*column)?
            && std::str::from_utf8(bytes).is_err()
        {
            return Ok(Some(*column));
        }
    }
    Ok(None)
}

/// The rows gathered for the next chunk.
struct Batch<'a> {
    plan: &'a Plan,
    schema: SchemaRef,
    builders: Vec<Builder>,
    rows: Vec<u64>,
    bytes: usize,
}

impl<'a> Batch<'a> {
    fn new(reading: &Reading<'a>) -> Result<Self, SourceError> {
        let schema = reading.schema.project(&reading.wanted).map_err(|error| {
            let message = "a column was asked for that the table does not have";
            SourceError::new(ErrorKind::Internal, message).at(&reading.plan.place).because(error)
        })?;
        let builders = schema.fields().iter().map(|field| Builder::new(field.data_type())).collect();
        Ok(Self { plan: reading.plan, schema: Arc::new(schema), builders, rows: Vec::new(), bytes: 0 })
    }

    /// Takes the row whole, or names the first column that does not fit and takes nothing.
    fn append(&mut self, row: &Row<'_>, places: &[usize], number: u64) -> rusqlite::Result<Option<String>> {
        for ((builder, place), field) in self.builders.iter().zip(places).zip(self.schema.fields()) {
            if !builder.fits(row.get_ref(*place)?) {
                return Ok(Some(field.name().clone()));
            }
        }
        for (builder, place) in self.builders.iter_mut().zip(places) {
            let value = row.get_ref(*place)?;
            if let ValueRef::Text(bytes) | ValueRef::Blob(bytes) = value {
                self.bytes += bytes.len();
            }
            builder.append(value);
        }
        self.rows.push(number);
        Ok(None)
    }

    fn push(&mut self, sink: &mut dyn Sink) -> Result<(), SourceError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.rows);
        let arrays = self.builders.iter_mut().map(Builder::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options).map_err(|error| {
            let message = "columns of different lengths were built";
            SourceError::new(ErrorKind::Internal, message).at(&self.plan.place).because(error)
        })?;
        self.bytes = 0;
        sink.chunk(Chunk { file: self.plan.table.clone(), rows, batch })
    }
}

/// The cells of a row with tabs between, as SQLite holds them.
fn raw(row: &Row<'_>, places: &[usize]) -> Vec<u8> {
    let mut raw = Vec::new();
    for (at, place) in places.iter().enumerate() {
        if at > 0 {
            raw.push(b'\t');
        }
        match row.get_ref(*place) {
            Ok(ValueRef::Integer(value)) => raw.extend(value.to_string().bytes()),
            Ok(ValueRef::Real(value)) => raw.extend(format!("{value:?}").bytes()),
            Ok(ValueRef::Text(bytes) | ValueRef::Blob(bytes)) => raw.extend(bytes.iter().take(RAW_BYTES)),
            Ok(ValueRef::Null) | Err(_) => {}
        }
        if raw.len() >= RAW_BYTES {
            break;
        }
    }
    raw.truncate(RAW_BYTES);
    raw
}
