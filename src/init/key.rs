//! Which columns identify a row, and which say when it changed.

use hashbrown::HashSet;

use super::assess::Assessed;
use super::column::{Column, Native, Shape, Table};
use super::draft::Noted;
use super::region::percent;
use crate::counted::human;
use goldsmith_config::usual::column_name::{self, Role};

/// Share of the rows of a column that is called a key which have to have a value of their own: sources hold a row
/// twice now and then, and a run keeps the newest.
const NEARLY_UNIQUE: f64 = 0.95;

/// The columns that identify a row, by position, and how they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) columns: Vec<usize>,
    pub(super) sql: Vec<Noted>,
    /// It is called a key, so it says nothing else about the row.
    pub(super) named: bool,
}

/// Finds the key of a table. Every table has one, if only all of its columns together.
pub(super) fn choose(table: &Table, assessed: &[Assessed]) -> Key {
    let candidates: Vec<usize> = (0..table.columns.len()).filter(|at| can_be_key(table, assessed, *at)).collect();
    let of = |at: usize| table.columns.get(at);
    // By its name first, then by being unique, the least personal column first.
    let mut ranked: Vec<(u8, usize)> = Vec::new();
    for &at in &candidates {
        let (Some(column), role) = (of(at), assessed.get(at).and_then(Assessed::role)) else { continue };
        let unique = uniqueness(table, &[at]);
        let named = name_rank(column, &table.name, role);
        match named {
            Some(rank) if unique >= NEARLY_UNIQUE => ranked.push((rank, at)),
            _ if unique >= 1.0 => ranked.push((rank_of_role(column, role), at)),
            _ => {}
        }
    }
    if let Some((rank, at)) = ranked.iter().min() {
        let unique = uniqueness(table, &[*at]);
        let note = if unique >= 1.0 {
            format!("unique in {} rows", human(table.rows as u64))
        } else {
            format!(
                "{} of {} rows have one of their own; of the others the newest counts",
                percent(unique),
                human(table.rows as u64)
            )
        };
        let sql = of(*at).map(|column| Noted::new(column.sql(), note)).into_iter().collect();
        return Key { columns: vec![*at], sql, named: *rank < UNNAMED };
    }
    composite(table, &candidates)
}

/// The shortest run of columns, from the left, that is unique together; all of them where none is.
fn composite(table: &Table, candidates: &[usize]) -> Key {
    let mut columns: Vec<usize> = Vec::new();
    let mut unique = 0.0;
    for at in candidates {
        columns.push(*at);
        let now = uniqueness(table, &columns);
        // A column that adds nothing is left out.
        if now <= unique && columns.len() > 1 {
            columns.pop();
        }
        unique = now.max(unique);
        if unique >= 1.0 {
            break;
        }
    }
    if unique < 1.0 {
        columns = candidates.to_vec();
    }
    let note = if unique >= 1.0 {
        format!("no column is unique; together these are, in {} rows", human(table.rows as u64))
    } else {
        "no columns identify a row: equal rows become one; add a key to the source if you can".to_owned()
    };
    let mut sql: Vec<Noted> = columns.iter().filter_map(|at| table.columns.get(*at)).map(never_null).collect();
    if let Some(first) = sql.first_mut() {
        first.note = note;
    }
    Key { columns, sql, named: false }
}

/// A part of a composite key: null would make the whole key null.
fn never_null(column: &Column) -> Noted {
    let sql = column.sql();
    if column.cells.iter().all(|cell| !cell.is_empty()) {
        return Noted::plain(sql);
    }
    Noted::plain(match column.native {
        Native::Text => format!("coalesce({sql}, '')"),
        _ => format!("coalesce(CAST({sql} AS VARCHAR), '')"),
    })
}

fn can_be_key(table: &Table, assessed: &[Assessed], at: usize) -> bool {
    table
        .columns
        .get(at)
        .is_some_and(|column| column.shape == Shape::One && column.native != Native::Opaque && column.filled() > 0)
        // When a row changed tells which it is until it changes again.
        && !matches!(assessed.get(at).and_then(Assessed::role), Some(Role::Updated(_)))
}

/// Share of the rows that the values at `columns`, together, tell from the rows before them; a row without value in a
/// single column counts as not told.
#[expect(clippy::cast_precision_loss, reason = "a sample is small")]
fn uniqueness(table: &Table, columns: &[usize]) -> f64 {
    let mut seen: HashSet<Vec<Option<&str>>> = HashSet::with_capacity(table.rows);
    let mut told = 0_usize;
    for row in 0..table.rows {
        let values: Vec<Option<&str>> =
            columns.iter().map(|at| table.columns.get(*at).and_then(|column| column.value(row))).collect();
        let empty = values.iter().all(Option::is_none);
        if !empty && seen.insert(values) {
            told += 1;
        }
    }
    told as f64 / table.rows.max(1) as f64
}

/// How clearly a name says that the column identifies the row.
fn name_rank(column: &Column, table: &str, role: Option<Role>) -> Option<u8> {
    // Numbers of the state, of a house or of a phone identify something else.
    if matches!(role, Some(Role::Identifier(kind)) if kind != "loyalty")
        || matches!(role, Some(Role::Phone | Role::Fax | Role::Email | Role::Address(_)))
    {
        return None;
    }
    let words = column_name::words(&column.path);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["id" | "key" | "uuid" | "guid" | "pk" | "rowid"] => Some(0),
        ["record" | "row" | "unique", "id" | "key"] | ["record", "number" | "no"] => Some(0),
        [.., last] if is_key_word(last) => {
            let table = column_name::words(&[table.to_owned()]).concat();
            let owner = words.iter().take(words.len() - 1).copied().collect::<String>();
            let own = !owner.is_empty() && (table == owner || table.trim_end_matches('s') == owner);
            Some(if own { 1 } else { 2 })
        }
        [only]
            if ["kundennummer", "kundennr", "mitgliedsnummer", "nummer", "number", "no", "nr", "code"]
                .contains(only) =>
        {
            Some(1)
        }
        _ => None,
    }
}

fn is_key_word(word: &str) -> bool {
    matches!(
        word,
        "id" | "key" | "uuid" | "guid" | "no" | "number" | "nr" | "num" | "nummer" | "code" | "ref" | "reference"
    )
}

/// Any unique column can be the key; those that say something about the customer least of all.
fn rank_of_role(column: &Column, role: Option<Role>) -> u8 {
    match (role, column.native) {
        (None, Native::Text | Native::Integer) => UNNAMED,
        (Some(Role::Identifier(_)), _) => UNNAMED + 1,
        (Some(Role::Email), _) => UNNAMED + 2,
        (None, _) => UNNAMED + 3,
        (Some(_), _) => UNNAMED + 4,
    }
}

/// The rank from which on a column is a key only because it is unique.
const UNNAMED: u8 = 10;

/// The column that says when a row changed.
pub(super) fn updated_at(table: &Table, assessed: &[Assessed]) -> Option<usize> {
    let mut best: Option<(u8, usize)> = None;
    for (at, (column, found)) in table.columns.iter().zip(assessed).enumerate() {
        if !column.is_single() {
            continue;
        }
        if let Some(Role::Updated(rank)) = found.role()
            && best.is_none_or(|(known, _)| rank < known)
        {
            best = Some((rank, at));
        }
    }
    best.map(|(_, at)| at)
}

#[cfg(test)]
mod tests {
    use super::super::assess::assess;
    use super::super::column::Columns;
    use super::*;

    fn key_of(columns: Columns<'_>) -> Vec<String> {
        let table = Table::text("customers", columns);
        choose(&table, &assess(&table, "GB")).sql.into_iter().map(|part| part.text).collect()
    }

    #[test]
    fn keys_by_name_then_by_values() {
        let cases: [(Columns<'_>, &[&str]); 8] = [
            (&[("name", &["a", "b"]), ("id", &["1", "2"])], &["id"]),
            (&[("store_id", &["7", "8"]), ("customer_id", &["1", "2"])], &["customer_id"]),
            (&[("ssn", &["111-22-3333", "222-33-4444"]), ("Record ID", &["1", "2"])], &["\"Record ID\""]),
            (&[("email", &["a@example.com", "b@example.com"]), ("slug", &["x", "y"])], &["slug"]),
            (&[("id", &["1", "1"]), ("code", &["x", "y"])], &["code"]),
            (&[("a", &["1", "1", "2"]), ("b", &["x", "x", "x"]), ("c", &["x", "y", ""])], &["a", "coalesce(c, '')"]),
            (&[("a", &["1", "1"]), ("b", &["2", "2"])], &["a", "b"]),
            (&[("email", &["a@example.com", "b@example.com"])], &["email"]),
        ];
        for (columns, expected) in cases {
            assert_eq!(key_of(columns), expected, "{columns:?}");
        }
    }

    #[test]
    fn a_few_repeated_rows_leave_the_key_a_key() {
        let ids: Vec<String> = (0..100).map(|id| (id % 98).to_string()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        assert_eq!(key_of(&[("customer_id", &ids), ("unique", &ids)]), ["customer_id"]);
    }
}
