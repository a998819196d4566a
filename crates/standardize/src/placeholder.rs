//! Values that stand for "nothing": what people type, and programs export, where they have no value.
//!
//! The lists are conservative, since a real value lost here is lost for good, while a placeholder that slips through is
//! still seen later as a value far too many records share. Only a whole value is ever a placeholder, never a part.

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
        PlaceholderKind::Text => is_word_placeholder(value, &[]),
        PlaceholderKind::Address => is_word_placeholder(value, ADDRESS),
        PlaceholderKind::Name => !matches!(value, "Null" | "Na" | "Nan" | "NAN") && is_word_placeholder(value, NAME),
    }
}

/// Longer values are never placeholders; the longest on the lists is far shorter.
const LONGEST: usize = 32;

// Letters and digits only, lower case, sorted: they are looked up by binary search.
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

/// The letters and digits of a short value, in lower case, on the stack.
struct Compact {
    bytes: [u8; LONGEST],
    len: usize,
}

impl Compact {
    /// `None` where the value holds letters outside ASCII: the lists have none.
    fn of(value: &str) -> Option<Self> {
        let mut compact = Self { bytes: [0; LONGEST], len: 0 };
        for c in value.chars() {
            if c.is_ascii_alphanumeric() {
                if let Some(slot) = compact.bytes.get_mut(compact.len) {
                    *slot = c.to_ascii_lowercase() as u8;
                    compact.len += 1;
                }
            } else if !c.is_ascii() && c.is_alphanumeric() {
                return None;
            }
        }
        Some(compact)
    }

    fn as_str(&self) -> &str {
        self.bytes.get(..self.len).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or_default()
    }
}

fn is_word_placeholder(value: &str, own: &[&str]) -> bool {
    let Some(compact) = Compact::of(value) else {
        return false;
    };
    let word = compact.as_str();
    // Nothing but punctuation, or a row of x.
    (word.is_empty() || (word.len() > 1 && word.bytes().all(|b| b == b'x')))
        || COMMON.binary_search(&word).is_ok()
        || own.contains(&word)
}

fn is_phone_placeholder(value: &str) -> bool {
    let Some(compact) = Compact::of(value) else {
        return false;
    };
    let word = compact.as_str();
    if word.is_empty() || COMMON.binary_search(&word).is_ok() {
        return true;
    }
    let digits: Vec<u8> = value.bytes().filter(u8::is_ascii_digit).collect();
    let Some(&last) = digits.last() else {
        return word.bytes().all(|b| b == b'x');
    };
    let same = digits.iter().rev().take_while(|d| **d == last).count();
    let ahead = digits.len() - same;
    // All one digit; or a country code of up to three digits before nine of them, or before seven zeros.
    same == digits.len()
        || (ahead <= 3 && same >= 9)
        || (ahead <= 3 && last == b'0' && same >= 7)
        || std::str::from_utf8(&digits)
            .is_ok_and(|d| RUNS.contains(&d.strip_prefix('1').filter(|r| r.len() == 10).unwrap_or(d)))
}

fn is_email_placeholder(value: &str) -> bool {
    let Some((local, domain)) = value.rsplit_once('@') else {
        return is_word_placeholder(value, &[]);
    };
    let Some(local) = Compact::of(local) else {
        return false;
    };
    let local = local.as_str();
    let label = domain.split('.').next().unwrap_or_default();
    EMAIL_LOCALS.contains(&local)
        || (EMAIL_ECHOES.contains(&local) && label.eq_ignore_ascii_case(local))
        || (local == "test" && label.eq_ignore_ascii_case("example"))
}

fn is_date_placeholder(value: &str) -> bool {
    let digits: String = value.chars().filter(char::is_ascii_digit).take(8).collect();
    if digits.is_empty() {
        is_word_placeholder(value, &[])
    } else {
        DATES.contains(&digits.as_str()) || digits.bytes().all(|b| b == b'0')
    }
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
    fn common_words_are_sorted_for_the_search() {
        assert!(COMMON.is_sorted());
    }

    proptest! {
        #[test]
        fn never_panics(raw in ".{0,60}") {
            use PlaceholderKind::{Address, Date, Email, Name, Phone, Text};
            for kind in [Text, Name, Email, Phone, Date, Address] {
                let _ = is_placeholder(kind, &raw);
            }
        }
    }
}
