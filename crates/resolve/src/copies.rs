//! Records written again and again, the same in everything: of many copies only a few are trained on.
//!
//! A thousand copies of one record make its values look common, as if they told nobody apart, though all of them are one
//! customer's. Only copies with a contact or an identifier count as such, and no placeholder is one: a thousand people may
//! bear one name and have no more written of them than the mailbox of the shop.

use hashbrown::HashMap;

use crate::placeholder;
use crate::records::{Column, ColumnBuilder, ColumnKind, Records};

/// So many copies of a record are trained on.
const MOST_COPIES: usize = 8;
/// Records are trained on as they are where further copies are less than this share of them.
const MANY_COPIES: f64 = 0.1;

/// The records without further copies, where these are many. Which copies stay does not depend on their order.
///
/// `records` are checked.
pub(crate) fn without_copies(records: &Records) -> Option<Records> {
    let enough = (records.len() as f64 * MANY_COPIES).max(1.0) as usize;
    let identifying: Vec<usize> =
        (0..records.columns.len()).filter(|&index| identifies(&records.columns[index].kind)).collect();
    // A further copy repeats a value once more, so that nearly always the frequencies say enough and no record is looked at.
    let repeated: usize = identifying
        .iter()
        .flat_map(|&index| frequencies(&records.columns[index]))
        .map(|frequency| frequency.saturating_sub(MOST_COPIES))
        .sum();
    if repeated < enough {
        return None;
    }
    // Per identifying column, whether a code is of a value that copies may have: one that is repeated and means somebody.
    let mut of_copies: Vec<Vec<bool>> = identifying
        .iter()
        .map(|&index| frequencies(&records.columns[index]).map(|frequency| frequency > MOST_COPIES).collect())
        .collect();
    for placeholder in placeholder::find(records) {
        if let Some(at) = identifying.iter().position(|&index| index == placeholder.column) {
            of_copies[at][placeholder.code as usize] = false;
        }
    }
    let may_be_copy = |row: usize| {
        let mut columns = identifying.iter().zip(&of_copies);
        columns
            .any(|(&index, of_copies)| records.columns[index].values(row).iter().any(|&code| of_copies[code as usize]))
    };
    let mut rows: Vec<usize> = (0..records.len()).collect();
    rows.sort_unstable_by_key(|&row| records.ids[row]);
    let mut copies: HashMap<Vec<&[u32]>, usize> = HashMap::new();
    rows.retain(|&row| {
        if !may_be_copy(row) {
            return true;
        }
        let values = records.columns.iter().map(|column| column.values(row)).collect();
        let copies = copies.entry(values).or_default();
        *copies += 1;
        *copies <= MOST_COPIES
    });
    (records.len() - rows.len() >= enough).then(|| {
        rows.sort_unstable();
        of_rows(records, &rows)
    })
}

/// How many records hold each value, by code.
fn frequencies(column: &Column) -> impl Iterator<Item = usize> {
    (0..column.pool.len() as u32).map(|code| column.pool.frequency(code) as usize)
}

/// Whether values of a kind are somebody's own, or those of few.
pub(crate) fn identifies(kind: &ColumnKind) -> bool {
    matches!(kind, ColumnKind::Email | ColumnKind::Phone | ColumnKind::Identifier(_))
}

fn of_rows(records: &Records, rows: &[usize]) -> Records {
    let column = |column: &Column| {
        let mut builder = ColumnBuilder::new(column.name.clone(), column.kind.clone()).for_records(rows.len());
        for &row in rows {
            builder.push_record(column.values(row).iter().map(|&code| column.pool.get(code)));
        }
        builder.finish()
    };
    Records {
        ids: rows.iter().map(|&row| records.ids[row]).collect(),
        source: rows.iter().map(|&row| records.source[row]).collect(),
        columns: records.columns.iter().map(column).collect(),
        entity: records.entity,
        duplicates_none: records.duplicates_none.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{EntityType, RecordId};

    /// Records of a name, a mailbox and a phone, `""` where there is none.
    fn records(rows: impl IntoIterator<Item = [String; 3]>) -> Records {
        let rows: Vec<[String; 3]> = rows.into_iter().collect();
        let kinds = [ColumnKind::FamilyName, ColumnKind::Email, ColumnKind::Phone];
        let column = |(index, kind): (usize, ColumnKind)| {
            let mut builder = ColumnBuilder::new(format!("{kind:?}"), kind);
            for row in &rows {
                builder.push_record(Some(row[index].as_str()).filter(|value| !value.is_empty()));
            }
            builder.finish()
        };
        Records {
            ids: (0..rows.len()).map(|row| RecordId::of("test", &row.to_string())).collect(),
            source: vec![0; rows.len()],
            columns: kinds.into_iter().enumerate().map(column).collect(),
            entity: EntityType::Person,
            duplicates_none: vec![false],
        }
    }

    fn copies(number: usize, name: &str, email: &str, phone: &str) -> Vec<[String; 3]> {
        vec![[name.to_owned(), email.to_owned(), phone.to_owned()]; number]
    }

    /// Everybody with a name, a mailbox and a phone of their own.
    fn others(number: usize) -> impl Iterator<Item = [String; 3]> {
        let letters = |i: usize| [b'a' + (i / 26 % 26) as u8, b'b', b'a' + (i % 26) as u8].map(char::from);
        (0..number)
            .map(move |i| [String::from_iter(letters(i * 7)), format!("box{i}@example.org"), format!("+4930{i:07}")])
    }

    fn kept(rows: impl IntoIterator<Item = [String; 3]>) -> Option<usize> {
        without_copies(&records(rows)).map(|records| records.len())
    }

    #[test]
    fn eight_stay_where_further_ones_are_a_tenth() {
        let rows = |copied| others(90).chain(copies(copied, "keller", "anna@example.org", ""));
        assert_eq!(kept(rows(17)), None, "9 of 107");
        assert_eq!(kept(rows(18)), Some(98), "10 of 108");
    }

    #[test]
    fn copies_with_a_mailbox_and_copies_with_a_phone_are_counted_together() {
        let rows = copies(14, "keller", "anna@example.org", "").into_iter();
        let rows = rows.chain(copies(14, "roth", "", "+493012345678")).chain(others(72));
        assert_eq!(kept(rows), Some(88));
    }

    #[test]
    fn what_has_a_placeholder_alone_is_no_copy() {
        let kiosk = "kiosk@example.org";
        let strangers = || others(400).map(|[name, ..]| [name, kiosk.to_owned(), String::new()]);
        let rows = |phone| strangers().chain(others(2000)).chain(copies(400, "keller", kiosk, phone));
        assert_eq!(kept(rows("")), None);
        assert_eq!(kept(rows("+493012345678")), Some(2408));
    }
}
