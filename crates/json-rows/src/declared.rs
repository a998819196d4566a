//! Columns declared beforehand, and rows that do not fit them.

use crate::build::slots;
use crate::infer::{Kind, Members};
use crate::parse::{Node, Object};
use crate::time;

impl Members {
    /// Columns known beforehand, in this order. Members of a row that have no column are left out of it.
    #[must_use]
    pub fn declared(kinds: impl IntoIterator<Item = (String, Kind)>) -> Self {
        let kinds: Vec<(String, Kind)> = kinds.into_iter().collect();
        let positions = kinds.iter().enumerate().map(|(at, (name, _))| (name.clone(), at)).collect();
        Self { kinds, positions, is_declared: true }
    }

    /// The first declared column that cannot hold its value in an object, and that value. A row without one can be
    /// pushed; which columns are wanted of it makes no difference.
    #[must_use]
    pub fn misfit<'n>(&self, object: &'n Object<'n>) -> Option<(&str, &'n Node<'n>)> {
        let slots = slots(self, object).unwrap_or_default();
        self.iter()
            .zip(slots)
            .find_map(|((name, kind), value)| value.filter(|value| !kind.fits(value)).map(|value| (name, value)))
    }
}

impl Kind {
    /// Whether columns of this kind hold `node` as it is; of a struct of declared members, without the others.
    #[must_use]
    pub fn fits(&self, node: &Node<'_>) -> bool {
        match (self, node) {
            (Self::Int { .. }, Node::Number(digits)) => whole(digits).is_some(),
            (Self::Date, Node::Text(text)) => time::date(text).is_some(),
            (Self::Timestamp, Node::Text(text)) => time::timestamp(text).is_some(),
            (Self::List(kind), Node::List(items)) => items.iter().all(|item| kind.fits(item)),
            (Self::Struct(members), Node::Object(object)) if members.is_declared => members.misfit(object).is_none(),
            _ => {
                let mut widened = self.clone();
                widened.widen(node);
                widened.data_type() == self.data_type()
            }
        }
    }
}

/// The whole number that `digits` are. `5.0` is one: programs that know floats only write it so.
pub(crate) fn whole(digits: &str) -> Option<i64> {
    let whole = match digits.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => whole,
        _ => digits,
    };
    whole.parse().ok()
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array as _, AsArray as _};
    use arrow::datatypes::{Date32Type, Int64Type, TimestampMicrosecondType};

    use super::*;
    use crate::build::Table;
    use crate::parse::parse;

    const INTEGER: Kind = Kind::Int { wide: true };

    #[test]
    fn a_declared_kind_fits_what_it_holds_as_it_is() {
        let check = |kind: Kind, fitting: &[&str], others: &[&str]| {
            for text in fitting.iter().chain(&["null"]) {
                assert!(kind.fits(&parse(text).unwrap()), "{kind:?} {text}");
            }
            for text in others {
                assert!(!kind.fits(&parse(text).unwrap()), "{kind:?} {text}");
            }
        };
        let max = "9223372036854775807";
        check(
            INTEGER,
            &["1", "5.0", "-9223372036854775808", max],
            &["1.5", "\"1\"", "true", "9223372036854775808", "[]"],
        );
        check(Kind::Float, &["1", "1.5", "1e2"], &["\"1\"", "1e999", max]);
        check(Kind::Bool, &["true"], &["1", "\"true\""]);
        check(Kind::Date, &["\"2024-02-01\""], &["\"2024-02-31\"", "19754", "{}"]);
        check(Kind::Timestamp, &["\"2024-02-01T13:05:00Z\""], &["\"soon\"", "0", "true"]);
        check(Kind::Text, &["1", "{\"a\":[]}", "\"x\""], &[]);
    }

    #[test]
    fn members_declared_inside_leave_out_others_as_well() {
        let inner =
            Members::declared([("zip".to_owned(), Kind::Text), ("lines".to_owned(), Kind::List(Box::new(INTEGER)))]);
        let kind = Kind::Struct(inner);
        for (text, fits) in [
            (r#"{"zip":"1","new":true}"#, true),
            (r#"{"lines":[1,null,5.0]}"#, true),
            (r#"{"lines":[1,"x"]}"#, false),
            ("[]", false),
        ] {
            assert_eq!(kind.fits(&parse(text).unwrap()), fits, "{text}");
        }
        let members = Members::declared([("home".to_owned(), kind)]);
        let mut table = Table::new(&members, &[0]);
        let Node::Object(object) = parse(r#"{"home":{"new":[1],"zip":"1"}}"#).unwrap() else { panic!() };
        table.push(&object).unwrap();
        let batch = table.finish().unwrap();
        assert_eq!(batch.column(0).as_struct().column(0).as_string::<i32>().value(0), "1");
    }

    #[test]
    fn a_row_is_held_against_all_columns_and_other_members_are_left_out() {
        let columns = [("id", INTEGER), ("born", Kind::Date), ("at", Kind::Timestamp)];
        let members = Members::declared(columns.map(|(name, kind)| (name.to_owned(), kind)));
        let misfit = |row: &str| {
            let Node::Object(object) = parse(row).unwrap() else { panic!("{row}") };
            members.misfit(&object).map(|(name, _)| name.to_owned())
        };
        assert_eq!(misfit(r#"{"at":"soon","id":"x"}"#).as_deref(), Some("id"), "the first of the columns");
        assert_eq!(misfit(r#"{"id":1,"born":"soon"}"#).as_deref(), Some("born"));
        assert_eq!(misfit(r#"{"id":"x","id":1}"#), None, "of several members of one name the last counts");

        let mut table = Table::new(&members, &[0, 1, 2]);
        for row in [r#"{"other":[1],"born":"1970-01-02","id":5.0}"#, r#"{"at":"1970-01-01T00:00:01Z"}"#] {
            assert_eq!(misfit(row), None, "{row}");
            let Node::Object(object) = parse(row).unwrap() else { panic!("{row}") };
            table.push(&object).unwrap();
        }
        let batch = table.finish().unwrap();
        assert_eq!(batch.column(0).as_primitive::<Int64Type>().iter().collect::<Vec<_>>(), [Some(5), None]);
        assert_eq!(batch.column(1).as_primitive::<Date32Type>().iter().collect::<Vec<_>>(), [Some(1), None]);
        let at = batch.column(2).as_primitive::<TimestampMicrosecondType>();
        assert_eq!((at.is_null(0), at.value(1), at.timezone()), (true, 1_000_000, Some("UTC")));
    }
}
