//! Rows that are neither persons nor organisations: every column with content is an attribute of its own.

use goldsmith_config::attributes::CATALOGUE;
use goldsmith_config::usual::column_name::Role;

use super::column::{Column, Native};
use super::draft::{FieldDraft, Noted};
use super::fields::{Mapped, View, lists};
use super::names::{snake_case, unique};
use super::region::percent;
use super::values::number_type;
use crate::pipeline::build::is_taken;

/// The fields of generic rows and the types of the attributes they declare.
///
/// A phone or a street is a column like others here: in the published profiles it stands under its own name. Only lists
/// of e-mails, phones and addresses become the attributes that hold lists.
pub(super) fn map(view: &View<'_>) -> (Mapped, Vec<(String, Noted)>) {
    let mut mapped = Mapped::default();
    let single: Vec<usize> =
        view.table.columns.iter().enumerate().filter(|(_, column)| column.is_single()).map(|(at, _)| at).collect();
    lists(&View { taken: &single, ..*view }, &mut mapped);
    let mut attributes: Vec<(String, Noted)> = Vec::new();
    for (at, (column, found)) in view.table.columns.iter().zip(view.assessed).enumerate() {
        let is_origin = found.role() == Some(Role::Origin);
        if mapped.used.contains(&at)
            || view.taken.contains(&at)
            || is_origin
            || !column.is_single()
            || !has_content(column)
        {
            continue;
        }
        let (kind, seen) = attribute_type(column, found.dates.as_ref().map(|dates| dates.formats.join(" or ")));
        let taken = |name: &str| {
            is_taken(name)
                // What profiles make of these is not what the column holds.
                || matches!(name, "full_name" | "national_id")
                || CATALOGUE.iter().any(|known| known.list && known.name == name)
                || attributes.iter().any(|(other, _)| other == name)
        };
        let name = snake_case(&column.path.join("_"), "column");
        // What has a meaning of its own already says that it is only a column here.
        let name = if taken(&name) && !taken(&format!("{name}_value")) {
            format!("{name}_value")
        } else {
            unique(&name, &taken)
        };
        mapped.fields.push(FieldDraft::one(&name, Noted::new(column.sql(), gaps(column))));
        mapped.used.insert(at);
        attributes.push((name, Noted::new(kind, seen)));
    }
    (mapped, attributes)
}

/// A column that is always the same says nothing about which rows belong together.
fn has_content(column: &Column) -> bool {
    column.native != Native::Opaque && column.distinct().len() > 1
}

fn attribute_type(column: &Column, dates: Option<String>) -> (&'static str, String) {
    match (number_type(column), dates) {
        (Some(Native::Date), _) => ("date", String::new()),
        (Some(Native::Timestamp), _) => ("timestamp", String::new()),
        (Some(Native::Boolean), _) => ("boolean", String::new()),
        // Eight digits may be both; a declared format wins only where the name does not count something.
        (Some(Native::Integer), None) => ("integer", String::new()),
        (Some(Native::Number), None) => ("number", String::new()),
        (_, Some(formats)) if column.native == Native::Text => ("date", format!("dates like {formats}")),
        (Some(Native::Integer), _) => ("integer", String::new()),
        (Some(Native::Number), _) => ("number", String::new()),
        _ => ("string", String::new()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a sample is small")]
fn gaps(column: &Column) -> String {
    let empty = 1.0 - column.filled() as f64 / column.cells.len().max(1) as f64;
    if empty >= 0.5 { format!("{} of the rows have none", percent(empty)) } else { String::new() }
}

/// One type for an attribute that several sources have: the wider, text in doubt.
pub(super) fn common_type(a: &str, b: &str) -> &'static str {
    let either = |x: &str, y: &str| (a == x && b == y) || (a == y && b == x);
    match a {
        _ if either("integer", "number") => "number",
        _ if either("date", "timestamp") => "timestamp",
        _ if a != b => "string",
        "integer" => "integer",
        "number" => "number",
        "boolean" => "boolean",
        "date" => "date",
        "timestamp" => "timestamp",
        _ => "string",
    }
}

#[cfg(test)]
mod tests {
    use super::super::assess::assess;
    use super::super::column::{Columns, Table};
    use super::*;

    fn mapped(columns: Columns<'_>) -> Vec<String> {
        let table = Table::text("t", columns);
        let assessed = assess(&table, "US");
        let (mapped, attributes) = map(&View { table: &table, assessed: &assessed, taken: &[0] });
        let lists = mapped
            .fields
            .iter()
            .map(|field| field.attribute.clone())
            .filter(|name| !attributes.iter().any(|(own, _)| own == name));
        lists.chain(attributes.iter().map(|(name, kind)| format!("{name}:{}", kind.text))).collect()
    }

    #[test]
    fn every_column_is_an_attribute_of_its_type() {
        let cases: [(Columns<'_>, &[&str]); 5] = [
            (
                &[
                    ("id", &["1", "2"]),
                    ("name", &["mesa grill", "the savannah club"]),
                    ("addr", &["102 fifth ave.", "2420 broadway"]),
                    ("city", &["new york", "la"]),
                    ("phone", &["212-807-7400", "212/496-1066"]),
                ],
                &["name:string", "addr:string", "city:string", "phone:string"],
            ),
            (
                &[
                    ("id", &["1", "2"]),
                    ("title", &["a b", "c d"]),
                    ("price", &["9.99", "10"]),
                    ("year", &["1997", "2001"]),
                ],
                &["title:string", "price:number", "year:integer"],
            ),
            (&[("id", &["1", "2"]), ("Source", &["x.csv", "y.csv"]), ("Same", &["a", "a"]), ("Empty", &["", ""])], &[]),
            (
                &[
                    ("id", &["1", "2"]),
                    ("sources", &["a b", "c"]),
                    ("emails", &["few", "many"]),
                    ("A b", &["1x", "2x"]),
                    ("a_b", &["1x", "2x"]),
                ],
                &["sources_value:string", "emails_value:string", "a_b:string", "a_b_value:string"],
            ),
            (
                &[
                    ("id", &["1", "2"]),
                    ("address", &["cambridge, ma,", "oxford"]),
                    ("made", &["03/28/2025", "01/02/2024"]),
                ],
                &["address:string", "made:date"],
            ),
        ];
        for (columns, expected) in cases {
            assert_eq!(mapped(columns), expected, "{columns:?}");
        }
    }

    #[test]
    fn one_type_for_several_sources() {
        assert_eq!(common_type("integer", "number"), "number");
        assert_eq!(common_type("integer", "string"), "string");
        assert_eq!(common_type("date", "date"), "date");
    }
}
