//! Whether rows are persons, organisations or something else, and how a table of both is told apart.

use goldsmith_config::model::Entity;
use goldsmith_standardize::text;

use super::assess::Assessed;
use super::column::{Column, Native, Table};
use super::draft::Noted;
use super::region::percent;
use super::values;
use goldsmith_config::usual::column_name::{self, Role};

/// One kind of record in a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RecordType {
    pub(super) entity: Entity,
    pub(super) filter: Option<Noted>,
    /// The rows of the sample it holds.
    pub(super) rows: Vec<usize>,
    /// Columns the filter asks, which say nothing more.
    pub(super) asked: Vec<usize>,
}

/// The kinds of record in a table.
pub(super) fn record_types(table: &Table, assessed: &[Assessed]) -> Vec<RecordType> {
    by_type_column(table, assessed).or_else(|| by_missing_name(table, assessed)).unwrap_or_else(|| {
        let entity = entity_of(table, assessed);
        vec![RecordType { entity, filter: None, rows: (0..table.rows).collect(), asked: Vec::new() }]
    })
}

/// A column that says of each row whether it is a person or a company.
fn by_type_column(table: &Table, assessed: &[Assessed]) -> Option<Vec<RecordType>> {
    let columns = table.columns.iter().zip(assessed).enumerate();
    let mut candidates =
        columns.filter(|(_, (column, found))| column.is_single() && found.role() == Some(Role::CustomerType));
    candidates.find_map(|(at, (column, _))| {
        let values = column.distinct();
        let person: Vec<&str> =
            values.iter().copied().filter(|value| says(value, column, &PERSON, &["person"])).collect();
        let company: Vec<&str> = values
            .iter()
            .copied()
            .filter(|value| says(value, column, &COMPANY, &["company", "business", "organisation", "organization"]))
            .collect();
        // Each value has to be understood, and there have to be both.
        if person.is_empty() || company.is_empty() || person.len() + company.len() < values.len() {
            return None;
        }
        let is_company = |row: usize| column.value(row).is_some_and(|value| company.contains(&value));
        let (of_companies, of_persons): (Vec<usize>, Vec<usize>) = (0..table.rows).partition(|row| is_company(*row));
        let literals: Vec<String> = company.iter().map(|value| literal(column, value)).collect();
        let (yes, no) = match literals.as_slice() {
            [only] => (format!("{} = {only}", column.sql()), format!("{} IS DISTINCT FROM {only}", column.sql())),
            several => {
                let list = several.join(", ");
                (format!("{} IN ({list})", column.sql()), format!("coalesce({} NOT IN ({list}), true)", column.sql()))
            }
        };
        Some(vec![
            RecordType {
                entity: Entity::Person,
                filter: Some(Noted::new(no, share(of_persons.len(), table))),
                rows: of_persons,
                asked: vec![at],
            },
            RecordType {
                entity: Entity::Organisation,
                filter: Some(Noted::new(yes, share(of_companies.len(), table))),
                rows: of_companies,
                asked: vec![at],
            },
        ])
    })
}

/// Rows with the name of a company in place of a person's.
fn by_missing_name(table: &Table, assessed: &[Assessed]) -> Option<Vec<RecordType>> {
    let first = |wanted: &dyn Fn(Role) -> bool| {
        let mut columns = table.columns.iter().zip(assessed);
        columns.find(|(column, found)| column.is_single() && found.role().is_some_and(wanted)).map(|(column, _)| column)
    };
    let company = first(&|role| role == Role::Organisation)?;
    let name = first(&|role| role == Role::Family).or_else(|| first(&|role| matches!(role, Role::FullName { .. })))?;
    let is_company = |row: usize| name.value(row).is_none() && company.value(row).is_some();
    let (of_companies, of_persons): (Vec<usize>, Vec<usize>) = (0..table.rows).partition(|row| is_company(*row));
    // A few rows without name are gaps, not companies.
    if of_companies.len() * 100 < table.rows || of_persons.is_empty() {
        return None;
    }
    let (name, company) = (name.sql(), company.sql());
    Some(vec![
        RecordType {
            entity: Entity::Person,
            filter: Some(Noted::new(
                format!("{name} IS NOT NULL OR {company} IS NULL"),
                share(of_persons.len(), table),
            )),
            rows: of_persons,
            asked: Vec::new(),
        },
        RecordType {
            entity: Entity::Organisation,
            filter: Some(Noted::new(
                format!("{name} IS NULL AND {company} IS NOT NULL"),
                share(of_companies.len(), table),
            )),
            rows: of_companies,
            asked: Vec::new(),
        },
    ])
}

#[expect(clippy::cast_precision_loss, reason = "a sample is small")]
fn share(rows: usize, table: &Table) -> String {
    format!("{} of the rows", percent(rows as f64 / table.rows.max(1) as f64))
}

fn literal(column: &Column, value: &str) -> String {
    match column.native {
        Native::Text => format!("'{}'", value.replace('\'', "''")),
        _ => value.to_owned(),
    }
}

/// Whether a value of a type column means one of `words`; a yes where the column's name asks for one of `asked`.
fn says(value: &str, column: &Column, words: &[&str], asked: &[&str]) -> bool {
    let folded = text::fold(value);
    if words.contains(&folded.as_str()) {
        return true;
    }
    let name = column_name::words(&column.path);
    if name.first().is_none_or(|first| first != "is") {
        return false;
    }
    let is_asked = name.iter().any(|word| asked.contains(&word.as_str()));
    match folded.as_str() {
        "true" | "t" | "yes" | "y" | "1" => is_asked,
        "false" | "f" | "no" | "n" | "0" => !is_asked,
        _ => false,
    }
}

const PERSON: [&str; 18] = [
    "person",
    "persons",
    "individual",
    "individuals",
    "private",
    "private person",
    "natural",
    "natural person",
    "consumer",
    "b2c",
    "p",
    "i",
    "privat",
    "privatperson",
    "privatkunde",
    "particulier",
    "particular",
    "residential",
];
const COMPANY: [&str; 20] = [
    "company",
    "companies",
    "organisation",
    "organization",
    "business",
    "corporate",
    "corporation",
    "legal",
    "legal entity",
    "b2b",
    "c",
    "o",
    "b",
    "org",
    "firma",
    "firmenkunde",
    "geschaftskunde",
    "entreprise",
    "societe",
    "empresa",
];

/// What the rows of a table are, all together.
pub(super) fn entity_of(table: &Table, assessed: &[Assessed]) -> Entity {
    let mut person = 0;
    let mut organisation = 0;
    let mut contact = 0;
    for (column, found) in table.columns.iter().zip(assessed) {
        match found.role() {
            Some(Role::Given | Role::Family | Role::BirthDate | Role::FullName { weak: false }) => person += 2,
            Some(Role::BirthYear | Role::Gender | Role::Title | Role::PreviousFamily) => person += 1,
            Some(Role::Email) => contact = 1,
            Some(Role::Organisation) => {
                let employer = found.known.as_ref().is_some_and(|known| known.purpose == Some("employer"));
                organisation += if employer { 0 } else { 2 };
            }
            Some(Role::Identifier("company_registration" | "duns" | "lei")) => organisation += 1,
            Some(Role::Identifier("social_security" | "national_id" | "passport")) => person += 1,
            Some(Role::FullName { weak: true }) => {
                person += 1;
                // The word fits a person, a shop and a thing: the names themselves have to say.
                let given = column.share(values::holds_given_name).unwrap_or(0.0);
                let firms = column.share(values::has_legal_form).unwrap_or(0.0);
                if given >= 0.3 && given > firms {
                    person += 2;
                } else if firms >= 0.3 {
                    organisation += 3;
                }
            }
            _ => {}
        }
    }
    if person > 0 && organisation < 2 {
        person += contact;
    }
    match (person, organisation) {
        // Addresses to write to and no name of a thing beside them: a mailing list.
        (0..=1, 0..=1) if contact > 0 && !has_names_of_things(table, assessed) => Entity::Person,
        (0..=1, 0..=1) => Entity::Generic,
        (person, organisation) if person >= 2 && (person >= organisation || person >= 4) => Entity::Person,
        (_, 2..) => Entity::Organisation,
        _ => Entity::Generic,
    }
}

/// Whether a column that nothing is known of holds words, most of them different.
fn has_names_of_things(table: &Table, assessed: &[Assessed]) -> bool {
    table.columns.iter().zip(assessed).any(|(column, found)| {
        found.known.is_none()
            && column.native == Native::Text
            && column.distinct().len() * 2 > column.filled()
            && column.filled() * 2 > table.rows
            && column.share(values::has_letters).unwrap_or(0.0) >= 0.5
    })
}

#[cfg(test)]
mod tests {
    use super::super::assess::assess;
    use super::super::column::Columns;
    use super::*;

    #[test]
    fn what_rows_are() {
        let cases: [(Columns<'_>, Entity); 10] = [
            (&[("first_name", &["Isla"]), ("dob", &["2024-02-28"])], Entity::Person),
            (&[("name", &["Bob Smith"]), ("phone", &["020 7946 0958"])], Entity::Person),
            (&[("name", &["Xq Zyw"]), ("email", &["x@example.com"])], Entity::Person),
            (
                &[("name", &["mesa grill"]), ("addr", &["102 fifth ave."]), ("phone", &["212-807-7400"])],
                Entity::Generic,
            ),
            (&[("title", &["Selective sampling"]), ("authors", &["y. freund"]), ("year", &["1997"])], Entity::Generic),
            (&[("company", &["Acme"]), ("vat_id", &["GB1"]), ("email", &["x@example.com"])], Entity::Organisation),
            (&[("name", &["Acme Ltd"]), ("city", &["York"])], Entity::Organisation),
            (&[("surname", &["King"]), ("first_name", &["Ada"]), ("company", &["Acme"])], Entity::Person),
            (
                &[("email", &["x@example.com", "y@example.com"]), ("since", &["2024-01-02", "2024-01-03"])],
                Entity::Person,
            ),
            (&[("Site name", &["Marillac"]), ("Email Address", &["x@example.com"])], Entity::Generic),
        ];
        for (columns, expected) in cases {
            let table = Table::text("t", columns);
            assert_eq!(entity_of(&table, &assess(&table, "GB")), expected, "{columns:?}");
        }
    }

    #[test]
    fn a_type_column_parts_persons_from_companies() {
        let cases: [(&str, &[&str], &str); 3] = [
            ("account_type", &["person", "company", ""], "account_type = 'company'"),
            ("is_company", &["0", "1", "0"], "is_company = '1'"),
            ("type", &["B2C", "B2B", "corporate"], "type IN ('B2B', 'corporate')"),
        ];
        for (name, values, expected) in cases {
            let table = Table::text("t", &[(name, values), ("holder", &["Ada King", "Acme Ltd", "Bob"])]);
            let types = record_types(&table, &assess(&table, "GB"));
            assert_eq!(types.len(), 2, "{name}");
            assert_eq!(types[1].filter.as_ref().unwrap().text, expected);
            assert_eq!(types[0].rows.len() + types[1].rows.len(), 3, "every row is one or the other");
        }
        let other = Table::text("t", &[("type", &["american", "italian", "person"]), ("name", &["a", "b", "c"])]);
        assert_eq!(record_types(&other, &assess(&other, "GB")).len(), 1);
    }

    #[test]
    fn companies_where_the_name_is_missing() {
        let table =
            Table::text("t", &[("name", &["Ada King", "", "Bob Smith"]), ("company", &["", "Acme Ltd", "Brown plc"])]);
        let types = record_types(&table, &assess(&table, "GB"));
        assert_eq!(types[1].filter.as_ref().unwrap().text, "name IS NULL AND company IS NOT NULL");
        assert_eq!((types[0].rows.clone(), types[1].rows.clone()), (vec![0, 2], vec![1]));
    }
}
