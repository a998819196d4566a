//! Sound codes of names, for blocking and for names spelled by ear.

use rphonetic::{Cologne, DoubleMetaphone, Encoder};

use crate::text;

/// Length of a Double Metaphone code. Four, as in Philips's paper, takes long family names together too eagerly.
const DOUBLE_METAPHONE_LENGTH: usize = 6;

/// The primary Double Metaphone code of a name, at most six characters (L. Philips, "The Double Metaphone Search
/// Algorithm", C/C++ Users Journal, 2000). The name is folded first; a name without letters gives an empty code.
///
/// ```
/// use goldsmith_standardize::phonetic::double_metaphone;
/// assert_eq!(double_metaphone("Smith"), "SM0");
/// assert_eq!(double_metaphone("Catherine"), double_metaphone("Kathryn"));
/// ```
#[must_use]
pub fn double_metaphone(name: &str) -> String {
    DoubleMetaphone::new(Some(DOUBLE_METAPHONE_LENGTH)).encode(&letters(name))
}

/// The Cologne phonetic code of a name, made for German (H. J. Postel, "Die Kölner Phonetik", IBM-Nachrichten, 1969).
/// The name is folded first; a name without letters gives an empty code.
///
/// ```
/// use goldsmith_standardize::phonetic::cologne;
/// assert_eq!(cologne("Müller-Lüdenscheidt"), "65752682");
/// assert_eq!(cologne("Meyer"), cologne("Maier"));
/// ```
#[must_use]
pub fn cologne(name: &str) -> String {
    Cologne.encode(&letters(name))
}

/// Folded, letters only: the published methods code one word.
fn letters(name: &str) -> String {
    let mut folded = text::fold(name);
    folded.retain(|c| c.is_ascii_lowercase());
    folded
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_sound_alike_share_a_code() {
        fn check(code: fn(&str) -> String, a: &str, b: &str) {
            assert_eq!(code(a), code(b), "{a} {b}");
            assert!(!code(a).is_empty());
        }
        check(double_metaphone, "Stephen", "Steven");
        check(double_metaphone, "O'Brien", "OBrian");
        check(double_metaphone, "Jean-Luc", "Jean Luc");
        check(cologne, "Schmidt", "Schmitt");
        check(cologne, "Weiß", "Weiss");
        assert_ne!(double_metaphone("Smith"), double_metaphone("Jones"));
        assert_eq!(double_metaphone("123"), "");
    }

    proptest! {
        #[test]
        fn never_panics(raw in ".{0,30}", ascii in "[a-zA-Z' -]{0,20}") {
            for name in [raw, ascii] {
                let _ = (double_metaphone(&name), cologne(&name));
            }
        }
    }
}
