//! What the values of a column look like.

use chrono::Datelike;
use goldsmith_standardize::{country, date, email, name, organisation, phone, text};

use super::column::{Column, Native};

pub(super) fn is_email(value: &str) -> bool {
    value.contains('@') && email::parse(value, email::AliasRules::Keep).is_some()
}

/// A number of a phone network, written for `region`.
pub(super) fn is_phone(value: &str, region: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    digits >= 6 && !value.contains('@') && phone::parse(value, region).is_some()
}

/// A phone number that cannot be taken for another number: written as one, and handed out.
pub(super) fn is_surely_phone(value: &str, region: &str) -> bool {
    let written = value.starts_with('+') || value.contains([' ', '-', '/', '(']);
    written && is_phone(value, region) && phone::parse(value, region).is_some_and(|phone| phone.valid)
}

/// Words of letters, as a name of a person is; titles, dots, apostrophes and a comma may be there.
pub(super) fn is_name(value: &str) -> bool {
    let letters = value.chars().filter(|letter| letter.is_alphabetic()).count();
    let all = value.chars().filter(|letter| !letter.is_whitespace()).count();
    letters > 0 && letters * 10 >= all * 7 && !value.contains(['@', '/']) && value.split_whitespace().count() <= 7
}

/// A person's name of which one word is a known given name.
pub(super) fn holds_given_name(value: &str) -> bool {
    let folded = text::fold(value);
    let mut words = folded.split(' ').filter(|word| word.len() > 2);
    words.any(|word| !name::nickname_roots(word).is_empty() || !name::nicknames_of(word).is_empty())
}

pub(super) fn is_title(value: &str) -> bool {
    // The name parser knows the titles: before a name, one is taken off.
    value.len() <= 24 && name::parse_person(&format!("{value} Ada King")).is_some_and(|parsed| parsed.title.is_some())
}

pub(super) fn has_legal_form(value: &str) -> bool {
    organisation::parse(value).is_some_and(|parsed| parsed.legal_form.is_some())
}

pub(super) fn has_letters(value: &str) -> bool {
    let letters = value.chars().filter(|letter| letter.is_alphabetic()).count();
    letters * 2 > value.chars().filter(|letter| letter.is_alphanumeric()).count()
}

pub(super) fn has_digits(value: &str) -> bool {
    value.bytes().any(|byte| byte.is_ascii_digit())
}

pub(super) fn is_postcode(value: &str) -> bool {
    let letters = value.chars().filter(|letter| letter.is_alphanumeric()).count();
    (3..=10).contains(&letters) && has_digits(value)
}

pub(super) fn is_country(value: &str) -> bool {
    country::parse(value).is_some()
}

/// Yes, no, or a word for either.
pub(super) fn is_answer(value: &str) -> bool {
    matches!(
        text::fold(value).as_str(),
        "true"
            | "false"
            | "t"
            | "f"
            | "yes"
            | "no"
            | "y"
            | "n"
            | "1"
            | "0"
            | "granted"
            | "refused"
            | "withdrawn"
            | "opted in"
            | "opted out"
            | "opt in"
            | "opt out"
            | "optin"
            | "optout"
            | "in"
            | "out"
            | "denied"
            | "revoked"
    )
}

pub(super) fn is_moment(value: &str, formats: &[&str]) -> bool {
    date::parse_timestamp(value, &[]).is_some()
        || (!formats.is_empty() && date::parse_timestamp(value, formats).is_some())
}

/// The type of the values of a text column, where they have one.
pub(super) fn number_type(column: &Column) -> Option<Native> {
    // What starts with a zero is a code: as a number it would lose it.
    let integer = |value: &str| {
        let digits = value.strip_prefix('-').unwrap_or(value);
        (1..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && (digits == "0" || !digits.starts_with('0'))
    };
    let number = |value: &str| {
        let plain = value.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
        plain
            && value.ends_with(|last: char| last.is_ascii_digit())
            && value.parse::<f64>().is_ok()
            && (!value.starts_with('0') || value.starts_with("0.") || value == "0")
    };
    match column.native {
        Native::Text if column.share(integer)? >= MOST => Some(Native::Integer),
        Native::Text if column.share(number)? >= MOST => Some(Native::Number),
        Native::Text | Native::Opaque => None,
        other => Some(other),
    }
}

/// Values of a typed column that may be of another kind.
const MOST: f64 = 0.95;

/// How the dates of a column are written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DateFormats {
    /// strftime, the most frequent first.
    pub(super) formats: Vec<&'static str>,
    /// Share of the values one of them reads.
    pub(super) share: f64,
    /// Day first and month first read the values equally well; the region decided.
    pub(super) ambiguous: bool,
}

/// Finds how the dates of a column are written; nothing where less than half of the values are dates.
pub(super) fn date_formats(column: &Column, region: &str) -> Option<DateFormats> {
    let values = column.distinct();
    let values = values.get(..DATES_LOOKED_AT.min(values.len())).unwrap_or_default();
    if values.is_empty() {
        return None;
    }
    if matches!(column.native, Native::Date | Native::Timestamp) {
        return Some(DateFormats { formats: vec![ISO], share: 1.0, ambiguous: false });
    }
    let mut left: Vec<&str> = values.to_vec();
    let mut found = DateFormats { formats: Vec::new(), share: 0.0, ambiguous: false };
    while found.formats.len() < 3 {
        let mut candidates: Vec<(usize, &'static str)> = FORMATS
            .iter()
            .filter(|format| !found.formats.iter().any(|taken| twins(taken, format)))
            .map(|format| (left.iter().filter(|value| reads(value, format)).count(), *format))
            .collect();
        // The order of the list decides between equals, turned round where months come first.
        candidates.sort_by_key(|(count, format)| (usize::MAX - count, region == "US" && day_first(format)));
        let Some((count, format)) = candidates.first().copied() else { break };
        // Too few to be a second notation: mistyped dates read by accident.
        if count == 0 || (!found.formats.is_empty() && count * 20 < values.len()) {
            break;
        }
        if found.formats.is_empty() {
            found.ambiguous =
                candidates.iter().any(|(other, twin)| *other == count && *twin != format && twins(twin, format));
        }
        found.formats.push(format);
        left.retain(|value| !reads(value, format));
    }
    #[expect(clippy::cast_precision_loss, reason = "a sample is small")]
    let share = (values.len() - left.len()) as f64 / values.len() as f64;
    found.share = share;
    (share >= 0.5).then_some(found)
}

/// ISO 8601, which is read without being declared.
pub(super) const ISO: &str = "%Y-%m-%d";

const DATES_LOOKED_AT: usize = 1_000;

const FORMATS: [&str; 19] = [
    ISO,
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y%m%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d.%m.%Y",
    "%d%m%Y",
    "%m%d%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%b %d, %Y",
    "%d %B %Y",
    "%B %d, %Y",
];

fn day_first(format: &str) -> bool {
    format.starts_with("%d")
}

/// The same format, or the same but for the order of day and month.
fn twins(a: &str, b: &str) -> bool {
    let sorted = |format: &str| {
        let mut bytes = format.as_bytes().to_vec();
        bytes.sort_unstable();
        bytes
    };
    a == b || (!a.starts_with("%Y") && !b.starts_with("%Y") && sorted(a) == sorted(b))
}

fn reads(value: &str, format: &str) -> bool {
    // ISO dates are read beside every format and say nothing for any of the others.
    if format != ISO && date::parse(value, &[ISO]).is_some() {
        return false;
    }
    date::parse(value, &[format]).is_some_and(|day| (1850..=2100).contains(&day.year()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_formats_follow_the_values() {
        for (values, region, expected, ambiguous) in [
            (vec!["2001-02-03", "1999-12-31"], "GB", vec!["%Y-%m-%d"], false),
            (vec!["2001-02-03 10:11:12", "1999-12-31 00:00:00"], "GB", vec!["%Y-%m-%d"], false),
            (vec!["19280418", "19881005", "1988x005"], "AU", vec!["%Y%m%d"], false),
            (vec!["03072015", "12042018", "01312011"], "US", vec!["%m%d%Y"], false),
            (vec!["28/03/2025", "01/02/2024"], "US", vec!["%d/%m/%Y"], false),
            (vec!["03/28/2025", "01/02/2024"], "GB", vec!["%m/%d/%Y"], false),
            (vec!["03/02/2025", "01/02/2024"], "GB", vec!["%d/%m/%Y"], true),
            (vec!["03/02/2025", "01/02/2024"], "US", vec!["%m/%d/%Y"], true),
            (vec!["3.2.2025", "24.12.1980"], "DE", vec!["%d.%m.%Y"], false),
            (vec!["3 Feb 2025", "24 Dec 1980"], "GB", vec!["%d %b %Y"], false),
            (vec!["28/03/2025", "29/03/2025", "2025-01-02"], "GB", vec!["%d/%m/%Y", "%Y-%m-%d"], false),
        ] {
            let found = date_formats(&Column::text("d", &values), region).unwrap();
            assert_eq!((found.formats, found.ambiguous), (expected, ambiguous), "{values:?}");
        }
        assert_eq!(date_formats(&Column::text("d", &["7", "8", "red"]), "GB"), None);
        assert_eq!(date_formats(&Column::text("d", &[]), "GB"), None);
    }

    #[test]
    fn numbers_are_told_from_codes() {
        for (values, expected) in [
            (vec!["1", "20", "0"], Some(Native::Integer)),
            (vec!["1.5", "-20", "0.1"], Some(Native::Number)),
            (vec!["0123", "0456"], None),
            (vec!["1997.", "1998."], None),
            (vec!["a", "1"], None),
            (vec!["1e9", "inf"], None),
        ] {
            assert_eq!(number_type(&Column::text("n", &values)), expected, "{values:?}");
        }
    }

    #[test]
    fn kinds_of_values() {
        assert!(is_email("ada@example.com") && !is_email("ada at example.com"));
        assert!(is_phone("212-807-7400", "US") && !is_phone("12", "US"));
        assert!(is_surely_phone("+44 20 7946 0018", "GB") && !is_surely_phone("2079460018", "GB"));
        assert!(is_name("King, Ada") && is_name("O'Hara") && !is_name("102 Fifth Ave."));
        assert!(holds_given_name("Bob Smith") && !holds_given_name("mesa grill"));
        assert!(is_title("Mrs") && is_title("Herr") && !is_title("Selective sampling"));
        assert!(is_answer("Y") && is_answer("opted_in") && !is_answer("email"));
        assert!(
            is_moment("2016-04-27T09:18:16Z", &[]) && is_moment("28/03/2025", &["%d/%m/%Y"]) && !is_moment("x", &[])
        );
    }
}
