//! The tables and views of a database, what to call them, and what of them may be read.

use tokio_postgres::{Client, Error};

/// One table, view or foreign table.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// The name in the contract: bare in `public`, else `schema.table`.
    pub(crate) name: String,
    pub(crate) oid: u32,
    /// Quoted for SQL, with its schema.
    pub(crate) quoted: String,
    /// Whether the user may read any column of it.
    pub(crate) readable: bool,
    /// Whether its rows are those of other tables, or come with them too, as those of an heir do with its parent.
    pub(crate) is_view: bool,
    /// Whether rows are stored in the table, in blocks, and so have an order.
    pub(crate) stored: bool,
    /// Whether the table alone has the rows, not also partitions or heirs.
    pub(crate) alone: bool,
    /// About how many rows; negative where nobody counted.
    pub(crate) rows: f32,
    /// Bytes of its blocks; 0 where it is not alone.
    pub(crate) bytes: i64,
}

/// Partitions are read as part of their table; system tables and other sessions' temporary ones are not data.
const LIST: &str = "SELECT n.nspname::text, c.relname::text, c.oid, c.relkind::text, c.relhassubclass, c.reltuples, \
     has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT'), \
     EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid), \
     CASE WHEN c.relkind IN ('r', 'm') THEN pg_relation_size(c.oid) ELSE 0 END \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND c.relpersistence <> 't' \
     AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' \
     AND ($1::text IS NULL OR n.nspname = $1)";

/// All tables, in the order of their names.
pub(crate) async fn list(client: &Client, schema: Option<&str>) -> Result<Vec<Table>, Error> {
    let mut tables = Vec::new();
    for row in client.query(LIST, &[&schema]).await? {
        let (namespace, name): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let kind: String = row.try_get(3)?;
        let has_heirs: bool = row.try_get(4)?;
        // A size is null where the table was dropped just now.
        let bytes: Option<i64> = row.try_get(8)?;
        let bare = schema.is_some() || namespace == "public";
        let stored = matches!(kind.as_str(), "r" | "m" | "p");
        tables.push(Table {
            name: if bare { part(&name) } else { format!("{}.{}", part(&namespace), part(&name)) },
            oid: row.try_get(2)?,
            quoted: format!("{}.{}", quote(&namespace), quote(&name)),
            readable: row.try_get(6)?,
            is_view: matches!(kind.as_str(), "v" | "m") || row.try_get(7)?,
            stored,
            alone: matches!(kind.as_str(), "r" | "m") && !has_heirs,
            rows: row.try_get(5)?,
            bytes: bytes.unwrap_or_default(),
        });
    }
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(tables)
}

/// Names of the columns that may be read, in the table's order.
pub(crate) async fn columns(client: &Client, oid: u32) -> Result<Vec<String>, Error> {
    let sql = "SELECT attname::text FROM pg_catalog.pg_attribute WHERE attrelid = $1 AND attnum > 0 \
               AND NOT attisdropped AND has_column_privilege(attrelid, attnum, 'SELECT') ORDER BY attnum";
    client.query(sql, &[&oid]).await?.iter().map(|row| row.try_get(0)).collect()
}

/// A name, in quotes where a dot or a quote in it would make two names look like one.
fn part(name: &str) -> String {
    if name.contains('.') || name.starts_with('"') { quote(name) } else { name.to_owned() }
}

/// `name` as an SQL identifier.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `text` as an SQL literal, in a session with standard_conforming_strings.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
