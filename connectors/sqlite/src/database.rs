//! Opening the database, naming its tables, and saying in a sentence what SQLite complains about.

use std::io::Read as _;
use std::time::Duration;

use goldsmith_source::files::{InputFile, open_seekable};
use goldsmith_source::{ErrorKind, SourceError};
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags};

/// How long to wait for another program's lock.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// Findings of `PRAGMA quick_check` that are looked at.
const FINDINGS: u32 = 1_000;

/// One table or view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) kind: TableKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TableKind {
    /// Rows have an order by rowid.
    Rowid,
    /// Rows have an order by primary key.
    WithoutRowid,
    /// Virtual tables give rows as they come.
    Unordered,
    /// So do views, and their rows are those of tables.
    View,
}

/// Opens `file` read-only and starts the one read transaction everything is read in.
pub(crate) fn open(file: &InputFile) -> Result<Connection, SourceError> {
    let place = &*file.name;
    check_length(file)?;
    // SQLite takes a name that starts with `file:` for a URI with options of its own.
    let path = if file.path.is_absolute() { file.path.clone() } else { std::path::Path::new(".").join(&file.path) };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| explain(error, place))?;
    harden(&connection).map_err(|error| explain(error, place))?;
    Ok(connection)
}

/// Pages are of one size, and SQLite takes what the last one lacks for zeros. Beside a journal or a write-ahead log
/// the file itself may be unfinished; SQLite sees to that.
fn check_length(file: &InputFile) -> Result<(), SourceError> {
    let place = &*file.name;
    let mut opened = open_seekable(file)?;
    let mut head = Vec::new();
    let mut look = || -> std::io::Result<u64> {
        opened.by_ref().take(18).read_to_end(&mut head)?;
        Ok(opened.metadata()?.len())
    };
    let bytes =
        look().map_err(|error| SourceError::unavailable(place, "could not be read; try again").because(error))?;
    if bytes == 0 {
        return Err(SourceError::corrupt(place, "is empty, not a SQLite database; ask its owner for a complete copy"));
    }
    let Some(([b'S', b'Q', b'L', b'i', b't', b'e', ..], [high, low])) = head.split_first_chunk::<16>() else {
        return Ok(());
    };
    let page = match u64::from(u16::from_be_bytes([*high, *low])) {
        1 => 65_536,
        size => size,
    };
    if page > 0 && bytes % page != 0 && !has_content(file, "-wal") && !has_content(file, "-journal") {
        return Err(damaged(place, "it ends in the middle of a page"));
    }
    Ok(())
}

/// Whether the file beside `file` whose name ends so is there and not empty.
pub(crate) fn has_content(file: &InputFile, ending: &str) -> bool {
    let mut name = file.path.clone().into_os_string();
    name.push(ending);
    std::fs::metadata(name).is_ok_and(|found| found.len() > 0)
}

/// The database may come from anywhere: its schema must not be able to run functions with side effects, and a
/// misspelt column must be an error, not a text constant.
fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(LOCK_WAIT)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.execute_batch(
        "PRAGMA query_only = ON; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; \
         PRAGMA ignore_check_constraints = ON; BEGIN;",
    )
}

/// Walks every page. What it says about missing or repeated values is the business of quality checks, not a
/// broken container.
pub(crate) fn check(connection: &Connection, place: &str) -> Result<(), SourceError> {
    let run = || -> rusqlite::Result<Option<String>> {
        let mut statement = connection.prepare(&format!("PRAGMA quick_check({FINDINGS})"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let finding: String = row.get(0)?;
            if finding != "ok" && !finding.starts_with("NULL value in ") {
                return Ok(Some(finding));
            }
        }
        Ok(None)
    };
    match run().map_err(|error| explain(error, place))? {
        None => Ok(()),
        Some(finding) => Err(damaged(place, finding.lines().last().unwrap_or_default())),
    }
}

fn damaged(place: &str, finding: &str) -> SourceError {
    SourceError::corrupt(
        place,
        format!(
            "the database is damaged ({finding}); restore it from a backup or ask its owner for a complete copy, made \
             with `.backup` while it is in use"
        ),
    )
}

/// Tables and views in name order, without those SQLite and its extensions keep for themselves.
pub(crate) fn tables(connection: &Connection, place: &str) -> Result<Vec<Table>, SourceError> {
    let run = || -> rusqlite::Result<Vec<Table>> {
        let mut statement = connection.prepare(
            "SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main' AND type <> 'shadow' \
             AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
        )?;
        let mut rows = statement.query([])?;
        let mut tables = Vec::new();
        while let Some(row) = rows.next()? {
            let kind = match (row.get_ref(1)?, row.get::<_, bool>(2)?) {
                (ValueRef::Text(b"table"), false) => TableKind::Rowid,
                (ValueRef::Text(b"table"), true) => TableKind::WithoutRowid,
                (ValueRef::Text(b"view"), _) => TableKind::View,
                _ => TableKind::Unordered,
            };
            tables.push(Table { name: row.get(0)?, kind });
        }
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(tables)
    };
    run().map_err(|error| explain(error, place))
}

/// `name` as an SQL identifier. SQLite cannot hold a NUL in one.
pub(crate) fn quote(name: &str, place: &str) -> Result<String, SourceError> {
    if name.contains('\0') {
        let message = "a table or column has a NUL character in its name; rename it, or read it with `query`";
        return Err(SourceError::config(message).at(place));
    }
    Ok(format!("\"{}\"", name.replace('"', "\"\"")))
}

/// SQLite's complaint as an error that says who must act.
pub(crate) fn explain(error: Error, place: &str) -> SourceError {
    let failed = match &error {
        Error::SqliteFailure(failure, message) => Some((failure, message.as_ref())),
        Error::SqlInputError { error, msg, .. } => Some((error, Some(msg))),
        _ => None,
    };
    let Some((failure, message)) = failed else {
        let (kind, text) = match &error {
            Error::Utf8Error(..) | Error::FromSqlConversionFailure(..) => {
                (ErrorKind::Corrupt, "the database has a name that is not UTF-8; ask its owner for a repaired copy")
            }
            Error::NulError(_) => (ErrorKind::Config, "the path or the query has a NUL character; remove it"),
            _ => (ErrorKind::Internal, "SQLite was called in a way it refuses"),
        };
        return SourceError::new(kind, text).at(place).because(error);
    };
    let said = message.map_or_else(|| failure.to_string(), Clone::clone);
    let (kind, text) = match failure.code {
        // A short read means that the file ends before a page it names.
        ErrorCode::SystemIoFailure if failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHORT_READ => {
            return damaged(place, "it ends too early").because(error);
        }
        ErrorCode::NotADatabase => (
            ErrorKind::Corrupt,
            "is not a SQLite database, or is encrypted; check the path, or ask its owner for a plain copy".to_owned(),
        ),
        ErrorCode::DatabaseCorrupt => return damaged(place, &said).because(error),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => (
            ErrorKind::Unavailable,
            format!(
                "is locked by another program (waited {} s); run again later, or read a copy made with `.backup`",
                LOCK_WAIT.as_secs()
            ),
        ),
        ErrorCode::ReadOnly | ErrorCode::CannotOpen => (
            ErrorKind::Unavailable,
            "cannot be read without writing beside it, because its last writer stopped half-way or it keeps a \
             write-ahead log in a folder that is read-only; let its owner open it once, or read a copy made with `.backup`"
                .to_owned(),
        ),
        ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied => (
            ErrorKind::Config,
            "may not be read; grant read permission to the user who runs this".to_owned(),
        ),
        ErrorCode::SystemIoFailure => (ErrorKind::Unavailable, format!("could not be read ({said}); try again")),
        ErrorCode::OutOfMemory => (ErrorKind::Unavailable, "there is not enough memory to read it".to_owned()),
        _ => (
            ErrorKind::Corrupt,
            format!("SQLite cannot read it ({said}); ask its owner to mend the table or view, or use `query`"),
        ),
    };
    SourceError::new(kind, text).at(place).because(error)
}
