//! One table of one run: read what changed, merge it with the state, hand on the merged table and write its state.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray};
use arrow::compute::{filter, filter_record_batch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use goldsmith_source::cursor::CursorColumn;
use goldsmith_source::{Chunk, ErrorKind, Mark, ReadRequest, Sink, Source, SourceError, Window, request};

use crate::internal;
use crate::mark::{Aside, Why};
use crate::merge::{Key, Keys, Unread};
use crate::reach::{WholeBecause, begin, can_go_on};
use crate::reading::{Listing, Reading, column};
use crate::settings::{Deletes, Mode, Settings};
use crate::state::{PreviousState, State, StateBatch, StateMeta, StateWriter, WrittenState};

/// One table to read by increments.
pub struct Increment<'a> {
    pub source: &'a dyn Source,
    pub table: &'a str,
    /// Its columns as [`Source::schema`] tells them.
    pub schema: &'a SchemaRef,
    /// The columns to read, [`Settings::columns`] among them; all for `None`.
    pub columns: Option<&'a [String]>,
    /// Columns the table no longer has but that are still known of.
    pub gone: &'a [Arc<Field>],
    pub settings: &'a Settings,
    /// Tells the system and the options it is read with from others: a state of another one is not gone on with.
    pub identity: &'a str,
    pub mode: &'a Mode,
    /// Microseconds since 1970, UTC: cursors after it do not move the mark.
    pub now: i64,
    /// The state of the last published version.
    pub previous: Option<&'a PreviousState>,
    /// Where to write the new state.
    pub state: &'a Path,
    /// Where rows may wait while they are read; removed at the end.
    pub spool: &'a Path,
}

/// What came of reading a table.
#[derive(Debug, Clone)]
pub struct NewState {
    pub file: WrittenState,
    /// The largest cursor seen; the next run begins there, less the lag.
    pub mark: Option<Mark>,
    /// Why everything was read, where it was.
    pub whole: Option<WholeBecause>,
    pub counts: Counts,
    /// Sentences for people.
    pub warnings: Vec<String>,
}

/// Rows by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows read now, without rejected ones.
    pub read: u64,
    /// Rows that could not be read, or have no key.
    pub rejected: u64,
    /// Rows read now that were not in the state.
    pub added: u64,
    /// Rows read now that replace a row of the state.
    pub changed: u64,
    /// Rows of the state that stay: not read now, or read and the same.
    pub carried: u64,
    /// Rows of the state that are gone from the table.
    pub gone: u64,
    /// Rows of the merged table.
    pub rows: u64,
}

/// Reads one table and pushes the merged table into `sink`: first the rows of the state that stay, in their order and
/// with the place they were read from, then the new ones. Rows that cannot be used are pushed as rejected.
///
/// A row that cannot be read could be any of those known, so that going on from the state could keep what is no longer
/// so: the table is then read whole, and so it is by the runs after, until all its rows can be read. Of a log
/// ([`Source::is_log`]) it is a row of its own, and only told.
///
/// # Errors
/// The source's and the sink's own; settings that do not fit the table; a state that is damaged. Then the new state is
/// not to be used.
pub fn read_increment(increment: &Increment<'_>, sink: &mut dyn Sink) -> Result<NewState, SourceError> {
    if let Some(new) = read_once(increment, None, sink)? {
        return Ok(new);
    }
    let whole = read_once(increment, Some(WholeBecause::Unreadable), sink)?;
    whole.ok_or_else(|| SourceError::new(ErrorKind::Internal, "a whole read was taken for a part"))
}

/// One read and its merge; nothing, and nothing pushed, where the read has to be whole.
fn read_once(
    increment: &Increment<'_>,
    forced: Option<WholeBecause>,
    sink: &mut dyn Sink,
) -> Result<Option<NewState>, SourceError> {
    let place = format!("table \"{}\"", increment.table);
    increment.settings.check(increment.schema, &place)?;
    let positions = request::projection(increment.columns, increment.schema, &place)?;
    let schema = Arc::new(increment.schema.project(&positions).map_err(internal)?);
    let cursor_type = field_type(&schema, &increment.settings.cursor, &place)?;
    let (state, whole) = match forced {
        Some(because) => (None, Some(because)),
        None => start(increment, &schema, &place)?,
    };
    let window = window(increment, state.as_ref(), whole.as_ref(), &cursor_type).map_err(|error| at(error, &place))?;
    if window.is_some() && !increment.source.obeys_windows() {
        return Err(no_windows(&place));
    }

    // Read.
    // The rows of a log have numbers of their own.
    let known_rows = state.as_ref().map_or(0, |state| state.meta.last_row);
    let offset = if increment.source.is_log() { 0 } else { known_rows };
    let is_part = window.is_some() && *increment.mode == Mode::Live;
    let mut reading = Reading::new(increment, &schema, offset)?;
    let asked = ReadRequest {
        table: Some(increment.table.to_owned()),
        columns: Some(schema.fields().iter().map(|field| field.name().clone()).collect()),
        window,
        ..ReadRequest::default()
    };
    increment.source.read(&asked, &mut reading)?;
    let Reading { spool, mut newest, files, read, rejected, last_row, mut cursors, contents, keys, .. } = reading;
    let is_whole = rejected.is_empty() || increment.source.is_log();
    if is_part && !is_whole {
        return Ok(None);
    }

    let known = state.as_ref().map_or(0, State::rows);
    if matches!(whole, Some(WholeBecause::Unreadable | WholeBecause::NoMark)) && read == 0 {
        let before = increment.previous.map(PreviousState::open).transpose()?.map_or(0, |state| state.rows());
        if before > 0 {
            return Err(empty(increment, before, "the read", &place));
        }
    }
    let listed = match (&state, increment.settings.deletes) {
        (Some(_), Deletes::Keys) => match list_keys(increment, &schema, known, &place)? {
            None if is_part => return Ok(None),
            listed => listed,
        },
        _ => None,
    };
    let unread = match (&listed, increment.settings.deletes) {
        (_, Deletes::Full) if known > 0 && read == 0 => return Err(empty(increment, known, "the read", &place)),
        (_, Deletes::Full) => Unread::Go,
        (Some(listed), _) => Unread::StayWhereListed(listed),
        (None, _) => Unread::Stay,
    };

    // Merge.
    let before = state
        .as_ref()
        .and_then(|state| state.meta.mark.clone())
        .map(|text| Mark { text, data_type: cursor_type.clone() });
    let mut counts = Counts { read, rejected: rejected.len() as u64, ..Counts::default() };
    for row in rejected {
        sink.reject(row)?;
    }
    let mut merged = Merged { writer: StateWriter::create(increment.state, &schema)?, sink };
    if let Some(state) = state {
        for batch in state.rows_as(&schema, ReadRequest::default().batch_rows)? {
            let batch = batch?;
            let row_keys = keys.of(&batch.batch)?;
            let known = CursorColumn::new(column(&batch.batch, &increment.settings.cursor)?)?;
            for (row, key) in row_keys.iter().enumerate() {
                // A row that was read now is known already.
                if !key.is_some_and(|key| newest.has(key))
                    && let Some(cursor) = known.value(row)
                {
                    cursors.see(cursor, None);
                }
            }
            let kept = newest.hold_against(&row_keys, contents.of(&batch.batch)?.as_deref(), unread);
            counts.gone += kept.gone;
            counts.carried += kept.stays.true_count() as u64;
            for chunk in keep(&batch, &kept.stays)?.chunks() {
                merged.push(chunk)?;
            }
        }
    }
    let (wins, beside) = newest.winners();
    (counts.added, counts.changed) = (beside.added, beside.changed);
    let mut start = 0;
    spool.drain(|chunk| {
        let end = start + chunk.rows.len();
        let wins = BooleanArray::from(wins.get(start..end).unwrap_or_default().to_vec());
        start = end;
        merged.push(Chunk {
            file: chunk.file,
            rows: chunk.rows.iter().zip(wins.values()).filter(|(_, wins)| *wins).map(|(row, _)| *row).collect(),
            batch: filter_record_batch(&chunk.batch, &wins).map_err(internal)?,
        })
    })?;
    for file in files {
        merged.sink.file_done(file)?;
    }
    let reached = cursors.reached(before.as_ref().map(Mark::value).transpose()?);
    if reached.is_unsorted {
        return Err(unsorted(&increment.settings.cursor, &place));
    }
    let warnings = reached.aside.iter().map(|aside| said_of(aside, &increment.settings.cursor, &place)).collect();
    let mark = match increment.mode {
        _ if !is_whole => None,
        Mode::Backfill { .. } => before,
        _ => reached.mark.map(|mark| mark.mark(&cursor_type)).transpose()?,
    };
    // What the next run could not begin with is refused in this one.
    if let Some(mark) = &mark {
        begin(mark, increment.settings.lag).map_err(|error| at(error, &place))?;
    }
    let meta = meta(increment, &schema, mark.as_ref(), last_row);
    let file = merged.writer.finish(&meta)?;
    counts.rows = file.rows;
    Ok(Some(NewState { file, mark, whole, counts, warnings }))
}

/// The state to go on from, or why everything is read.
fn start(
    increment: &Increment<'_>,
    schema: &SchemaRef,
    place: &str,
) -> Result<(Option<State>, Option<WholeBecause>), SourceError> {
    let settings = increment.settings;
    let backfill = matches!(increment.mode, Mode::Backfill { .. });
    if backfill && settings.deletes == Deletes::Full {
        let message =
            "`deletes: full` reads everything each run, so there is nothing to backfill; run without --backfill";
        return Err(SourceError::config(message).at(place));
    }
    let (state, whole) = match (increment.mode, increment.previous) {
        (Mode::Refresh, _) => (None, Some(WholeBecause::Refresh)),
        (_, None) => (None, Some(WholeBecause::First)),
        (_, Some(previous)) => {
            let state = previous.open()?;
            match can_go_on(&state.meta, schema, settings, increment.identity) {
                Ok(()) if settings.deletes == Deletes::Full => (Some(state), Some(WholeBecause::Full)),
                Ok(()) if state.meta.mark.is_none() && !backfill => (None, Some(WholeBecause::NoMark)),
                Ok(()) => (Some(state), None),
                Err(because) => (None, Some(because)),
            }
        }
    };
    match (&whole, backfill) {
        (Some(because), true) => Err(SourceError::config(format!(
            "there is no state to backfill into ({because}); run once without --backfill, which reads everything"
        ))
        .at(place)),
        _ => Ok((state, whole)),
    }
}

/// The window to read; none for everything.
fn window(
    increment: &Increment<'_>,
    state: Option<&State>,
    whole: Option<&WholeBecause>,
    cursor_type: &DataType,
) -> Result<Option<Window>, SourceError> {
    let column = increment.settings.cursor.clone();
    let Some(state) = state.filter(|_| whole.is_none()) else { return Ok(None) };
    if let Mode::Backfill { from, until } = increment.mode {
        let mark = |text: &Option<String>| text.as_ref().map(|text| Mark::parse(text, cursor_type)).transpose();
        let (from, until) = (mark(from)?, mark(until)?);
        let value = |mark: &Option<Mark>| mark.as_ref().map(Mark::value).transpose();
        if let (Some(first), Some(end)) = (value(&from)?, value(&until)?)
            && first >= end
        {
            let message = "--until is not after --from, so there is nothing between them; turn them round";
            return Err(SourceError::config(message));
        }
        return Ok(Some(Window { column, from, until }));
    }
    let mark = state.meta.mark.clone().map(|text| Mark { text, data_type: cursor_type.clone() });
    let from = mark.map(|mark| begin(&mark, increment.settings.lag)).transpose()?;
    Ok(Some(Window { column, from, until: None }))
}

/// The keys of all rows there are; nothing where some of them cannot be told.
fn list_keys(
    increment: &Increment<'_>,
    schema: &SchemaRef,
    known: u64,
    place: &str,
) -> Result<Option<HashSet<Key>>, SourceError> {
    let key = &increment.settings.key;
    let fields: Vec<Field> = key.iter().filter_map(|name| schema.field_with_name(name).ok().cloned()).collect();
    let keys = Keys::new(&Arc::new(Schema::new(fields)), key)?;
    let mut listing = Listing::new(keys);
    let asked =
        ReadRequest { table: Some(increment.table.to_owned()), columns: Some(key.clone()), ..ReadRequest::default() };
    increment.source.read(&asked, &mut listing)?;
    if listing.rejected > 0 {
        return Ok(None);
    }
    if listing.listed.is_empty() && known > 0 {
        return Err(empty(increment, known, "the list of keys", place));
    }
    Ok(Some(listing.listed))
}

/// Deletions are never inferred from nothing.
fn empty(increment: &Increment<'_>, known: u64, what: &str, place: &str) -> SourceError {
    let way_out = increment.previous.map_or_else(String::new, |previous| {
        format!(", or, if the table is empty, read it anew with `{}`", previous.way_out)
    });
    SourceError::corrupt(
        place,
        format!(
            "{what} is empty where {known} rows are known, so nothing is taken for deleted; mend the source{way_out}"
        ),
    )
}

fn no_windows(place: &str) -> SourceError {
    let message = "the source cannot be read in windows; remove `incremental`, or set `deletes: full` in it";
    SourceError::config(message).at(place)
}

fn field_type(schema: &Schema, name: &str, place: &str) -> Result<DataType, SourceError> {
    let field = schema
        .field_with_name(name)
        .map_err(|_| SourceError::new(ErrorKind::Internal, format!("column \"{name}\" was not asked for")).at(place));
    field.map(|field| field.data_type().clone())
}

/// Says where, unless the error says so itself.
fn at(error: SourceError, place: &str) -> SourceError {
    if error.place.is_none() { error.at(place) } else { error }
}

fn unsorted(cursor: &str, place: &str) -> SourceError {
    SourceError::config(format!(
        "cursor \"{cursor}\" is text that does not sort as it is meant (numbers of different lengths, or dates that begin with the day), so that later rows could be missed; take a number or a time instead, as by a query that casts it, or set `deletes: full`"
    ))
    .at(place)
}

/// What somebody should know of rows that did not move the mark.
fn said_of(aside: &Aside, cursor: &str, place: &str) -> String {
    let (file, row) = &aside.first;
    let (who, has, they, are) = match aside.rows {
        1 => (format!("{file}, row {row}"), "has", "it", "is"),
        rows => (format!("{rows} rows, the first of them {file}, row {row},"), "have", "they", "are"),
    };
    match aside.why {
        Why::Future => {
            format!(
                "{place}: {who} {has} a \"{cursor}\" in the future; {they} {are} read again each time until it has come"
            )
        }
        Why::OtherForm => format!(
            "{place}: {who} {has} a \"{cursor}\" of another form than most rows; {they} {are} read again each time until it is mended"
        ),
        Why::FarAbove => format!(
            "{place}: {who} {has} a \"{cursor}\" far above all others; {they} {are} read again each time, and the mark stays below"
        ),
    }
}

fn meta(increment: &Increment<'_>, schema: &Schema, mark: Option<&Mark>, last_row: u64) -> StateMeta {
    let settings = increment.settings;
    let known = increment.schema.fields().iter().chain(increment.gone).map(|field| field.name().clone()).collect();
    StateMeta::new(
        increment.table,
        &settings.cursor,
        &settings.key,
        settings.deleted.as_deref(),
        increment.identity,
        schema,
        known,
        mark,
        last_row,
    )
}

fn keep(batch: &StateBatch, stays: &BooleanArray) -> Result<StateBatch, SourceError> {
    Ok(StateBatch {
        batch: filter_record_batch(&batch.batch, stays).map_err(internal)?,
        files: filter(&batch.files, stays).map_err(internal)?.as_string::<i32>().clone(),
        rows: filter(&batch.rows, stays).map_err(internal)?.as_primitive::<Int64Type>().clone(),
    })
}

/// Where the merged table goes: on to the run, and into the new state.
struct Merged<'a> {
    writer: StateWriter,
    sink: &'a mut dyn Sink,
}

impl Merged<'_> {
    fn push(&mut self, chunk: Chunk) -> Result<(), SourceError> {
        if chunk.rows.is_empty() {
            return Ok(());
        }
        self.writer.write(&chunk)?;
        self.sink.chunk(chunk)
    }
}
