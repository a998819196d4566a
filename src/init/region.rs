//! The country a source's phones and addresses are read for.

use goldsmith_standardize::{country, phone};

use super::column::{Column, Table, share_of};
use goldsmith_config::usual::column_name::{self, Header, Part, Role};

/// A country, and what it was told by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Region {
    /// ISO 3166-1 alpha-2.
    pub(super) code: String,
    /// What speaks for it; nothing where it is only the default.
    pub(super) why: Option<String>,
    /// Told by phones without country code alone, which fit several countries.
    pub(super) is_weak: bool,
}

/// Share of the phones that must be numbers of a country.
const MOST_PHONES: f64 = 0.6;
/// How much larger that share must be than that of a country tried before.
const BETTER: f64 = 0.1;

/// The country where nothing says which.
const DEFAULT: &str = "GB";

/// Countries whose numbers are tried on phones without country code, in the order that decides where several fit about
/// as well.
const TRIED: [&str; 20] = [
    "US", "GB", "DE", "FR", "AU", "ES", "IT", "NL", "AT", "CH", "BE", "PL", "SE", "DK", "IE", "CA", "IN", "BR", "MX",
    "JP",
];

/// Guesses the country of the tables of one source.
pub(super) fn guess(tables: &[Table]) -> Region {
    let columns = |wanted: &dyn Fn(Role) -> bool| -> Vec<&Column> {
        let all = tables.iter().flat_map(|table| &table.columns);
        all.filter(|column| matches!(column_name::read(&column.path), Header::Known(known) if wanted(known.role)))
            .collect()
    };
    let part = |part: Part| columns(&move |role| role == Role::Address(part));
    let postcodes = part(Part::Postcode);
    by_country(&part(Part::Country))
        .or_else(|| by_state(&part(Part::Region), &postcodes))
        .or_else(|| by_postcode(&postcodes))
        .or_else(|| by_phone(&columns(&|role| role == Role::Phone)))
        .unwrap_or_else(|| Region { code: DEFAULT.to_owned(), why: None, is_weak: false })
}

/// Whether the phones of the tables may be numbers of a country.
pub(super) fn fits(tables: &[Table], code: &str) -> bool {
    let phones: Vec<&Column> = tables.iter().flat_map(|table| &table.columns).filter(|it| is_phone(it)).collect();
    valid_share(&local_phones(&phones), code).is_some_and(|share| share >= MOST_PHONES)
}

fn is_phone(column: &Column) -> bool {
    matches!(column_name::read(&column.path), Header::Known(known) if known.role == Role::Phone)
}

fn local_phones<'a>(columns: &[&'a Column]) -> Vec<&'a str> {
    let values = columns.iter().flat_map(|column| column.values()).take(300);
    values.filter(|value| !value.starts_with('+') && !value.starts_with("00")).collect()
}

fn valid_share(local: &[&str], code: &str) -> Option<f64> {
    share_of(local, |value| phone::parse(value, code).is_some_and(|phone| phone.valid))
}

fn told(code: &str, share: f64, what: &str) -> Region {
    Region { code: code.to_owned(), why: Some(format!("{} of the {what}", percent(share))), is_weak: false }
}

/// A share as people write it.
pub(super) fn percent(share: f64) -> String {
    match share * 100.0 {
        most if most > 99.0 && most < 100.0 => "99%".to_owned(),
        percent => format!("{percent:.0}%"),
    }
}

fn by_country(columns: &[&Column]) -> Option<Region> {
    let values: Vec<&str> = columns.iter().flat_map(|column| column.values()).collect();
    let codes: Vec<&str> = values.iter().filter_map(|value| country::parse(value)).collect();
    if codes.len() * 2 < values.len().max(1) {
        return None;
    }
    let (code, share) = most(&codes)?;
    Some(told(code, share, "countries"))
}

/// The most frequent of `codes` and its share; the first in the alphabet of equals.
fn most<'a>(codes: &[&'a str]) -> Option<(&'a str, f64)> {
    let mut sorted = codes.to_vec();
    sorted.sort_unstable();
    let longest = sorted.chunk_by(|a, b| a == b).rev().max_by_key(|run| run.len())?;
    let code = *longest.first()?;
    Some((code, share_of(&sorted, |other| other == code)?))
}

fn by_state(columns: &[&Column], postcodes: &[&Column]) -> Option<Region> {
    let values: Vec<&str> = columns.iter().flat_map(|column| column.values()).collect();
    let codes: Vec<&str> = postcodes.iter().flat_map(|column| column.values()).collect();
    let states = |list: &[&str]| share_of(&values, |value| list.iter().any(|code| code.eq_ignore_ascii_case(value)));
    let digits = |wide: usize| {
        share_of(&codes, |code| code.len() == wide && code.bytes().all(|byte| byte.is_ascii_digit())).unwrap_or(0.0)
    };
    // WA is in two countries: the postcodes tell them apart.
    let mut best: Option<(f64, f64, &str)> = None;
    for (code, list, wide) in [("US", US.as_slice(), 5), ("AU", AU.as_slice(), 4), ("CA", CANADA.as_slice(), 6)] {
        let share = states(list)?;
        let score = share + digits(wide) / 2.0;
        if share >= 0.6 && best.is_none_or(|(known, ..)| score > known) {
            best = Some((score, share, code));
        }
    }
    best.map(|(_, share, code)| told(code, share, "states"))
}

fn by_postcode(columns: &[&Column]) -> Option<Region> {
    let values: Vec<&str> = columns.iter().flat_map(|column| column.values()).collect();
    let name = columns.first().map(|column| column_name::words(&column.path).concat()).unwrap_or_default();
    let like = |shape: &'static str| share_of(&values, |value| has_shape(value, shape)).unwrap_or(0.0);
    let british = share_of(&values, is_british).unwrap_or(0.0);
    let mut shapes = vec![
        ("GB", british),
        ("CA", like("A9A9A9")),
        ("NL", like("9999AA")),
        ("PT", like("9999-999")),
        ("PL", like("99-999")),
    ];
    // Five digits are written in half the world; the word for them is not.
    let language = [
        ("plz", "DE"),
        ("postleitzahl", "DE"),
        ("zip", "US"),
        ("cap", "IT"),
        ("codepostal", "FR"),
        ("codigopostal", "ES"),
    ];
    if let Some((_, code)) = language.iter().find(|(word, _)| name.contains(word)) {
        shapes.push((code, like("99999").max(if *code == "US" { like("99999-9999") } else { 0.0 })));
    }
    shapes.iter().find(|(_, share)| *share >= 0.6).map(|(code, share)| told(code, *share, "postcodes"))
}

fn is_british(value: &str) -> bool {
    let bare: String = value.chars().filter(|letter| !letter.is_whitespace()).collect();
    (5..=7).contains(&bare.len())
        && ["A99AA", "A999AA", "AA99AA", "AA999AA", "A9A9AA", "AA9A9AA"].iter().any(|shape| has_shape(&bare, shape))
}

/// `A` stands for a letter, `9` for a digit; spaces do not count.
fn has_shape(value: &str, shape: &str) -> bool {
    let mut letters = value.chars().filter(|letter| *letter != ' ');
    shape.chars().all(|wanted| match (wanted, letters.next()) {
        ('A', Some(letter)) => letter.is_ascii_alphabetic(),
        ('9', Some(letter)) => letter.is_ascii_digit(),
        (wanted, Some(letter)) => wanted == letter,
        (_, None) => false,
    }) && letters.next().is_none()
}

fn by_phone(columns: &[&Column]) -> Option<Region> {
    let values: Vec<&str> = columns.iter().flat_map(|column| column.values()).take(300).collect();
    let local = local_phones(columns);
    // Numbers with a country code say it themselves.
    if local.len() * 2 < values.len() {
        let codes: Vec<String> = values.iter().filter_map(|value| phone::parse(value, DEFAULT)?.region).collect();
        let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
        let (code, share) = most(&codes)?;
        return Some(told(code, share, "phone numbers"));
    }
    let mut best: Option<(f64, &str)> = None;
    for code in TRIED {
        let share = valid_share(&local, code)?;
        if share >= MOST_PHONES && best.is_none_or(|(known, _)| share > known + BETTER) {
            best = Some((share, code));
        }
    }
    best.map(|(share, code)| Region { is_weak: true, ..told(code, share, "phone numbers") })
}

const US: [&str; 51] = [
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY", "LA",
    "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "ND", "OH", "OK", "OR",
    "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY",
];
const AU: [&str; 8] = ["NSW", "VIC", "QLD", "WA", "SA", "TAS", "ACT", "NT"];
const CANADA: [&str; 13] = ["AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"];

#[cfg(test)]
mod tests {
    use super::super::column::Columns;
    use super::*;

    fn guessed(columns: Columns<'_>) -> (String, bool) {
        let guess = guess(&[Table::text("t", columns)]);
        (guess.code, guess.why.is_some())
    }

    #[test]
    fn the_data_says_which_country() {
        let cases: [(Columns<'_>, &str); 10] = [
            (&[("country", &["United Kingdom", "France", "UK"])], "GB"),
            (&[("state", &["nsw", "wa", "qld"]), ("postcode", &["2198", "6000", "4000"])], "AU"),
            (&[("state", &["WA", "WA", "WA"]), ("zipcode", &["98101", "98102", "98103"])], "US"),
            (&[("postcode", &["NG18 0FG", "l95ns", "SW1A 1AA"])], "GB"),
            (&[("PLZ", &["10115", "80331", "20095"])], "DE"),
            (&[("postcode", &["1234 AB", "5678CD"])], "NL"),
            (&[("phone", &["212-807-7400", "212/496-1066", "(310) 246-1501"])], "US"),
            (&[("tel", &["+49 30 901820", "+4915176419366", "+33588051570"])], "DE"),
            (&[("state", &["Bayern", "Hessen"]), ("phone", &["030 901820", "089 2180 0"])], "DE"),
            (&[("phone", &["020 7946 0958", "07434 333629", "0161 496 0000"])], "GB"),
        ];
        for (columns, expected) in cases {
            assert_eq!(guessed(columns), (expected.to_owned(), true), "{columns:?}");
        }
        assert_eq!(guessed(&[("city", &["London"])]), ("GB".to_owned(), false));
        assert_eq!(guessed(&[("phone", &[])]), ("GB".to_owned(), false));
    }

    #[test]
    fn phones_that_fit_several_countries_tell_of_none_alone() {
        let phones = [Table::text("t", &[("phone", &["07400 123456", "07434 333629", "020 7946 0958"])])];
        let guess = guess(&phones);
        assert!(guess.is_weak && guess.code == "GB", "{guess:?}");
        assert!(fits(&phones, "GB") && !fits(&phones, "US"));
        let international = super::guess(&[Table::text("t", &[("tel", &["+49 30 901820", "+4915176419366"])])]);
        assert!(!international.is_weak);
    }

    #[test]
    fn shares_are_never_rounded_to_all_or_none() {
        assert_eq!(percent(0.999), "99%");
        assert_eq!(percent(1.0), "100%");
        assert_eq!(percent(0.614), "61%");
    }
}
