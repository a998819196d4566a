//! Values that stand for "nothing": what people type, and programs export, where they have no value.
//!
//! The lists are conservative, since a real value lost here is lost for good, while a placeholder that slips through is
//! still seen later as a value far too many records share. Only a whole value is ever a placeholder, never a part.

use std::sync::LazyLock;

use chrono::{Datelike, NaiveDate};
use hashbrown::HashSet;

/// What the column holds; each kind has its own placeholders besides the common ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlaceholderKind {
    /// Any text.
    Text,
    /// A person's name or a part of it.
    Name,
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// A date in any notation.
    Date,
    /// A postal address or a part of it.
    Address,
    /// A number that an authority or a system gave.
    Identifier,
}

/// Whether `value`, taken whole, stands for "nothing" in a column of this kind. Empty text does.
///
/// Names: people called Null, Na and Nan exist. `Null`, `Na` and `Nan` in a name's usual capitals are kept, while the
/// forms programs export (`null`, `NULL`, `na`, `NA`, `nan`, `NaN`) are not. A full name such as `Test Null` is never
/// a placeholder unless it is on the list as a whole.
///
/// Dates: 1900-01-01, 0001-01-01, 9999-12-31 and the zero dates of databases and spreadsheets count. 1970-01-01 does
/// not, since people were born that day.
///
/// ```
/// use goldsmith_standardize::placeholder::{PlaceholderKind, is_placeholder};
/// assert!(is_placeholder(PlaceholderKind::Text, " N/A "));
/// assert!(is_placeholder(PlaceholderKind::Identifier, "999-99-9999"));
/// assert!(!is_placeholder(PlaceholderKind::Identifier, "99999"));
/// assert!(!is_placeholder(PlaceholderKind::Identifier, "999-99-9998"));
/// assert!(is_placeholder(PlaceholderKind::Phone, "000-000-0000"));
/// assert!(is_placeholder(PlaceholderKind::Email, "noreply@shop.example"));
/// assert!(is_placeholder(PlaceholderKind::Date, "01/01/1900"));
/// assert!(is_placeholder(PlaceholderKind::Name, "NULL"));
/// assert!(!is_placeholder(PlaceholderKind::Name, "Null"));
/// assert!(!is_placeholder(PlaceholderKind::Name, "Christopher Null"));
/// ```
#[must_use]
pub fn is_placeholder(kind: PlaceholderKind, value: &str) -> bool {
    let value = value.trim();
    if value.len() > LONGEST && kind != PlaceholderKind::Email {
        return false;
    }
    match kind {
        PlaceholderKind::Phone => is_phone_placeholder(value),
        PlaceholderKind::Email => is_email_placeholder(value),
        PlaceholderKind::Date => is_date_placeholder(value),
        PlaceholderKind::Text => is_word_placeholder(value, None),
        PlaceholderKind::Identifier => is_one_digit_repeated(value) || is_word_placeholder(value, None),
        PlaceholderKind::Address => is_word_placeholder(value, Some(&ADDRESS_WORDS)),
        PlaceholderKind::Name => {
            !matches!(value, "Null" | "Na" | "Nan" | "NAN") && is_word_placeholder(value, Some(&NAME_WORDS))
        }
    }
}

/// Longer values are never placeholders; the longest on the lists is far shorter.
const LONGEST: usize = 32;

// Letters and digits only, lower case.
const COMMON: &[&str] = &[
    "blank",
    "donotuse",
    "dummy",
    "empty",
    "inconnu",
    "keine",
    "keineangabe",
    "missing",
    "na",
    "nan",
    "nd",
    "nichtbekannt",
    "nil",
    "none",
    "notapplicable",
    "notavailable",
    "notgiven",
    "notknown",
    "notprovided",
    "notset",
    "notspecified",
    "null",
    "ohneangabe",
    "placeholder",
    "sinespecificar",
    "tba",
    "tbc",
    "tbd",
    "test",
    "testtest",
    "unbekannt",
    "undefined",
    "unk",
    "unknown",
    "unspecified",
];
const NAME: &[&str] = &[
    "anonym",
    "anonymous",
    "customer",
    "donotuse",
    "familyname",
    "firstname",
    "firstnamelastname",
    "firstnamelnu",
    "fnu",
    "fnulnu",
    "fullname",
    "givenname",
    "guest",
    "guestuser",
    "lastname",
    "lnu",
    "name",
    "nln",
    "nfn",
    "nofirstname",
    "nolastname",
    "noname",
    "surname",
    "testcustomer",
    "testuser",
    "user",
];
const ADDRESS: &[&str] = &[
    "address",
    "noaddress",
    "noaddressgiven",
    "nofixedabode",
    "nofixedaddress",
    "same",
    "sameasabove",
    "sameasbilling",
    "street",
];
const EMAIL_LOCALS: &[&str] =
    &["donotreply", "invalid", "noemail", "nomail", "none", "noreply", "notprovided", "null", "unknown"];
/// Local parts that stand for nothing only where the domain says the same again: test@test.com, a@a.com.
const EMAIL_ECHOES: &[&str] = &["a", "aa", "aaa", "abc", "asdf", "email", "mail", "na", "no", "test", "x", "xx", "xxx"];
const DATES: &[&str] = &[
    "00000000", "00010101", "01010001", "01011753", "01011900", "11111111", "12301899", "12319999", "17530101",
    "18991230", "18991231", "19000101", "30121899", "31121899", "31129999", "99991231", "99999999",
];
const RUNS: &[&str] = &[
    "01234567890",
    "0123456789",
    "012345678",
    "1234567890",
    "123456789",
    "12345678",
    "1234567",
    "123456",
    "9876543210",
];

/// The words of a list, found by hash.
type Words = LazyLock<HashSet<&'static [u8]>>;

static COMMON_WORDS: Words = LazyLock::new(|| words(COMMON));
static NAME_WORDS: Words = LazyLock::new(|| words(NAME));
static ADDRESS_WORDS: Words = LazyLock::new(|| words(ADDRESS));

fn words(list: &[&'static str]) -> HashSet<&'static [u8]> {
    list.iter().map(|word| word.as_bytes()).collect()
}

/// The letters and digits of a short value, in lower case, on the stack.
struct Compact {
    bytes: [u8; LONGEST],
    len: usize,
}

impl Compact {
    /// `None` where the value holds letters outside ASCII: the lists have none.
    fn of(value: &str) -> Option<Self> {
        let mut compact = Self { bytes: [0; LONGEST], len: 0 };
        if !value.is_ascii() && value.chars().any(|c| !c.is_ascii() && c.is_alphanumeric()) {
            return None;
        }
        let letters = value.bytes().filter(u8::is_ascii_alphanumeric);
        for (slot, byte) in compact.bytes.iter_mut().zip(letters) {
            *slot = byte.to_ascii_lowercase();
            compact.len += 1;
        }
        Some(compact)
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// Nothing but one digit, six times or more: `999-99-9999`.
fn is_one_digit_repeated(value: &str) -> bool {
    let mut written = value.bytes().filter(u8::is_ascii_alphanumeric);
    let Some(first) = written.next().filter(u8::is_ascii_digit) else { return false };
    let mut times = 1;
    written.all(|byte| {
        times += 1;
        byte == first
    }) && times >= 6
}

fn is_word_placeholder(value: &str, own: Option<&Words>) -> bool {
    // No word on the lists has a digit, and most addresses do.
    if value.bytes().any(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let Some(compact) = Compact::of(value) else {
        return false;
    };
    let word = compact.as_bytes();
    // Nothing but punctuation, or a row of x.
    (word.is_empty() || (word.len() > 1 && word.iter().all(|b| *b == b'x')))
        || COMMON_WORDS.contains(word)
        || own.is_some_and(|own| own.contains(word))
}

fn is_phone_placeholder(value: &str) -> bool {
    let Some(compact) = Compact::of(value) else {
        return false;
    };
    let word = compact.as_bytes();
    if word.is_empty() || COMMON_WORDS.contains(word) {
        return true;
    }
    let mut digits = [0; LONGEST];
    let mut count = 0;
    for (slot, digit) in digits.iter_mut().zip(value.bytes().filter(u8::is_ascii_digit)) {
        *slot = digit;
        count += 1;
    }
    let digits = digits.get(..count).unwrap_or_default();
    let Some(&last) = digits.last() else {
        return word.iter().all(|b| *b == b'x');
    };
    let same = digits.iter().rev().take_while(|d| **d == last).count();
    let ahead = digits.len() - same;
    // All one digit; or a country code of up to three digits before nine of them, or before seven zeros.
    same == digits.len()
        || (ahead <= 3 && same >= 9)
        || (ahead <= 3 && last == b'0' && same >= 7)
        || is_run(digits.strip_prefix(b"1").filter(|rest| rest.len() == 10).unwrap_or(digits))
}

fn is_run(digits: &[u8]) -> bool {
    RUNS.iter().any(|run| run.as_bytes() == digits)
}

fn is_email_placeholder(value: &str) -> bool {
    let Some((local, domain)) = value.rsplit_once('@') else {
        return is_word_placeholder(value, None);
    };
    let Some(local) = Compact::of(local) else {
        return false;
    };
    let local = local.as_bytes();
    let label = domain.split('.').next().unwrap_or_default();
    let is_in = |list: &[&str]| list.iter().any(|known| known.as_bytes() == local);
    is_in(EMAIL_LOCALS)
        || (label.as_bytes().eq_ignore_ascii_case(local) && is_in(EMAIL_ECHOES))
        || (local == b"test" && label.eq_ignore_ascii_case("example"))
}

fn is_date_placeholder(value: &str) -> bool {
    let mut digits = [0; 8];
    let mut count = 0;
    for (slot, digit) in digits.iter_mut().zip(value.bytes().filter(u8::is_ascii_digit)) {
        *slot = digit;
        count += 1;
    }
    match digits.get(..count) {
        None | Some([]) => is_word_placeholder(value, None),
        Some(digits) => is_placeholder_digits(digits),
    }
}

/// Whether a day is one of those that stand for "nothing", whatever the notation it was read from.
#[must_use]
pub fn is_placeholder_day(day: NaiveDate) -> bool {
    let Some(year) = u32::try_from(day.year()).ok().filter(|year| *year <= 9999) else {
        return is_date_placeholder(&day.to_string());
    };
    let mut rest = year * 10_000 + day.month() * 100 + day.day();
    let mut digits = [b'0'; 8];
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789".get((rest % 10) as usize).copied().unwrap_or(b'0');
        rest /= 10;
    }
    is_placeholder_digits(&digits)
}

fn is_placeholder_digits(digits: &[u8]) -> bool {
    let said = |known: &[&str]| known.binary_search_by(|known| known.as_bytes().cmp(digits)).is_ok();
    said(DATES) || digits.iter().all(|digit| *digit == b'0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(kind: PlaceholderKind, placeholders: &[&str], real: &[&str]) {
        for value in placeholders {
            assert!(is_placeholder(kind, value), "{kind:?} {value:?} should be a placeholder");
        }
        for value in real {
            assert!(!is_placeholder(kind, value), "{kind:?} {value:?} should be real");
        }
    }

    #[test]
    fn words() {
        check(
            PlaceholderKind::Text,
            &["", "-", ".", "n/a", "N.A.", "none", "XXX", "???", "unknown"],
            &["x", "Acme", "日本", "é"],
        );
        check(
            PlaceholderKind::Name,
            &["test", "NULL", "null", "na", "n/a", "First Name", "--"],
            &["Null", "Na", "Nan", "Test Null", "Guy", "Noname Smith", "X"],
        );
        check(PlaceholderKind::Address, &["no address", "same as above", "."], &["Same Street 1", "Unknown Road"]);
    }

    #[test]
    fn emails() {
        check(
            PlaceholderKind::Email,
            &[
                "test@test.com",
                "noreply@acme.com",
                "no-reply@acme.com",
                "noreply@newsletter.a-rather-long-name.example.com",
                "a@a.com",
                "none@none.com",
                "n/a",
            ],
            &["test@acme.com", "a@acme.com", "jane@example.com"],
        );
    }

    #[test]
    fn phones() {
        check(
            PlaceholderKind::Phone,
            &["000-000-0000", "9999999999", "+1 999 999 9999", "1234567890", "+49 000 0000000", "none", "-"],
            &["202-555-0173", "+44 20 7946 0958", "0800 000 111", "1-234-567-8901"],
        );
    }

    #[test]
    fn dates() {
        check(
            PlaceholderKind::Date,
            &["1900-01-01", "01.01.1900", "1900-01-01 00:00:00", "0000-00-00", "9999-12-31", "n/a"],
            &["1970-01-01", "2001-02-03", "1900-01-02"],
        );
    }

    #[test]
    fn dates_are_sorted_for_the_search() {
        assert!(DATES.is_sorted());
    }

    #[test]
    fn no_word_has_a_digit_and_all_fit() {
        for word in COMMON.iter().chain(NAME).chain(ADDRESS) {
            assert!(word.bytes().all(|byte| byte.is_ascii_lowercase()) && word.len() < LONGEST, "{word}");
        }
    }

    proptest! {
        #[test]
        fn a_day_is_judged_as_its_iso_form(days in -800_000i32..4_000_000) {
            if let Some(day) = NaiveDate::from_num_days_from_ce_opt(days) {
                prop_assert_eq!(is_placeholder_day(day), is_placeholder(PlaceholderKind::Date, &day.to_string()));
            }
        }

        #[test]
        fn words_are_found_whatever_stands_between_their_letters(
            at in 0..COMMON.len() + NAME.len() + ADDRESS.len(),
            between in "[ ./-]{0,2}",
            tail in "[a-z0-9é]?",
        ) {
            let all: Vec<&str> = COMMON.iter().chain(NAME).chain(ADDRESS).copied().collect();
            let letters: Vec<String> = all[at].chars().map(String::from).collect();
            let value = format!("{}{tail}", letters.join(&between).to_uppercase());
            let plain = format!("{}{tail}", all[at]);
            for (own, list) in [(None, &[][..]), (Some(&NAME_WORDS), NAME), (Some(&ADDRESS_WORDS), ADDRESS)] {
                // One by one through the lists, as they are written.
                let listed = COMMON.iter().chain(list).any(|word| *word == plain);
                let is_short = plain.len() <= LONGEST;
                prop_assert_eq!(is_word_placeholder(&value, own), listed && is_short, "{}", value);
            }
        }

        #[test]
        fn never_panics(raw in ".{0,60}") {
            use PlaceholderKind::{Address, Date, Email, Name, Phone, Text};
            for kind in [Text, Name, Email, Phone, Date, Address] {
                let _ = is_placeholder(kind, &raw);
            }
        }
    }
}
