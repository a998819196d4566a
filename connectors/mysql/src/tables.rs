//! The tables and views of a database, their columns and keys, and how names and text are written in SQL.

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error, Row, Value};

use crate::value::whole;

/// One table or view.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// Whether rows are stored in it, and so have an order.
    pub(crate) stored: bool,
    /// About how many rows, where rows are stored.
    pub(crate) rows: Option<u64>,
}

/// Sequences are tables too, but not data.
const LIST: &str = "SELECT TABLE_NAME, TABLE_TYPE, TABLE_ROWS FROM information_schema.TABLES \
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW')";

const COLUMNS: &str = "SELECT COLUMN_NAME, PRIVILEGES FROM information_schema.COLUMNS \
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION";

/// The columns of unique indexes, the primary key first.
const KEYS: &str = "SELECT INDEX_NAME, COLUMN_NAME, NULLABLE, SUB_PART FROM information_schema.STATISTICS \
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND NON_UNIQUE = 0 \
     ORDER BY INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX";

/// All tables, in the order of their names.
pub(crate) async fn list(connection: &mut Conn) -> Result<Vec<Table>, Error> {
    let rows: Vec<Row> = connection.exec(LIST, ()).await?;
    let mut tables: Vec<Table> = rows.iter().filter_map(table).collect();
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(tables)
}

fn table(row: &Row) -> Option<Table> {
    let stored = text(row, 1)? != "VIEW";
    let rows = row.as_ref(2).and_then(whole).and_then(|rows| u64::try_from(rows).ok());
    Some(Table { name: text(row, 0)?, stored, rows: rows.filter(|_| stored) })
}

/// Names of the columns that may be read, in the table's order.
pub(crate) async fn columns(connection: &mut Conn, table: &str) -> Result<Vec<String>, Error> {
    let rows: Vec<Row> = connection.exec(COLUMNS, (table,)).await?;
    let readable = |row: &Row| {
        let may = text(row, 1)?.split(',').any(|privilege| privilege.trim() == "select");
        may.then(|| text(row, 0))?
    };
    Ok(rows.iter().filter_map(readable).collect())
}

/// The columns whose values tell every row from every other: those of the primary key, else of the first unique index
/// by name. Null, a part of a column and an expression tell nothing.
pub(crate) async fn key(connection: &mut Conn, table: &str, columns: &[String]) -> Result<Vec<String>, Error> {
    let rows: Vec<Row> = connection.exec(KEYS, (table,)).await?;
    let mut keys: Vec<(String, Option<Vec<String>>)> = Vec::new();
    for row in &rows {
        let Some(index) = text(row, 0) else { continue };
        let whole_column = text(row, 2).is_none_or(|nullable| nullable != "YES") && row.as_ref(3) == Some(&Value::NULL);
        let column = text(row, 1).filter(|column| whole_column && columns.contains(column));
        match keys.last_mut().filter(|(name, _)| *name == index) {
            Some((_, known)) => {
                *known = known.take().zip(column).map(|(mut known, column)| {
                    known.push(column);
                    known
                });
            }
            None => keys.push((index, column.map(|column| vec![column]))),
        }
    }
    Ok(keys.into_iter().find_map(|(_, columns)| columns).unwrap_or_default())
}

fn text(row: &Row, at: usize) -> Option<String> {
    match row.as_ref(at)? {
        Value::Bytes(bytes) => String::from_utf8(bytes.clone()).ok(),
        _ => None,
    }
}

/// `name` as an SQL identifier.
pub(crate) fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// `text` as an SQL literal, in a session whose `sql_mode` is empty.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}
