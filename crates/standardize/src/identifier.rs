//! Keys and numbers given by an authority or a system: customer numbers, tax numbers, document numbers.

use crate::{mask as masking, text};

/// Upper case letters and digits only, other scripts' digits and letters transliterated; `None` where none is left.
/// Leading zeros stay, since they are part of a number.
///
/// ```
/// use goldsmith_standardize::identifier::clean;
/// assert_eq!(clean(" ab-12.34/x ").as_deref(), Some("AB1234X"));
/// assert_eq!(clean("007").as_deref(), Some("007"));
/// assert_eq!(clean("--"), None);
/// ```
#[must_use]
pub fn clean(value: &str) -> Option<String> {
    let cleaned: String = if value.is_ascii() {
        value.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
    } else {
        let mut folded = text::fold(value);
        folded.retain(|c| c != ' ');
        folded.make_ascii_uppercase();
        folded
    };
    (!cleaned.is_empty()).then_some(cleaned)
}

/// A form of the identifier that is safe in a report: its first character and the class of its length.
///
/// ```
/// use goldsmith_standardize::identifier::mask;
/// assert_eq!(mask("AB1234X"), "A*****");
/// ```
#[must_use]
pub fn mask(value: &str) -> String {
    masking::mask_word(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_letters_and_digits_remain() {
        fn check(raw: &str, expected: Option<&str>) {
            assert_eq!(clean(raw).as_deref(), expected, "{raw}");
        }
        check("DE 123 456 789", Some("DE123456789"));
        check("é-１２", Some("E12"));
        check("", None);
    }

    proptest! {
        #[test]
        fn clean_is_idempotent(raw in ".{0,30}") {
            let once = clean(&raw);
            prop_assert_eq!(once.as_deref().and_then(clean), once);
        }
    }
}
