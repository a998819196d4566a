//! Gender as written in several languages.

use crate::text;

/// A gender as recorded; what is not recorded is `None` around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gender {
    /// Female.
    Female,
    /// Male.
    Male,
    /// Recorded as neither.
    Other,
}

impl Gender {
    /// `female`, `male` or `other`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
            Self::Other => "other",
        }
    }
}

/// Reads words, letters and forms of address in English, German, French, Spanish, Italian, Dutch and Polish. Digits
/// are not read: `1` is male in ISO/IEC 5218 and female in many 0/1 columns.
///
/// ```
/// use goldsmith_standardize::gender::{Gender, parse};
/// assert_eq!(parse("F"), Some(Gender::Female));
/// assert_eq!(parse("männlich").map(Gender::as_str), Some("male"));
/// assert_eq!(parse("non-binary"), Some(Gender::Other));
/// assert_eq!(parse("unknown"), None);
/// ```
#[must_use]
pub fn parse(value: &str) -> Option<Gender> {
    if value.len() > 40 {
        return None;
    }
    match text::fold(value).as_str() {
        "f" | "w" | "k" | "female" | "fem" | "woman" | "girl" | "lady" | "weiblich" | "frau" | "femme" | "feminin"
        | "mujer" | "femenino" | "femminile" | "donna" | "vrouw" | "kobieta" | "mrs" | "ms" | "miss" | "mme"
        | "mlle" | "sra" => Some(Gender::Female),
        "m" | "h" | "male" | "masc" | "man" | "boy" | "mannlich" | "maennlich" | "mann" | "herr" | "homme"
        | "masculin" | "hombre" | "masculino" | "maschile" | "uomo" | "mezczyzna" | "mr" | "monsieur" => {
            Some(Gender::Male)
        }
        "x" | "o" | "d" | "nb" | "other" | "divers" | "diverse" | "non binary" | "nonbinary" | "autre" | "otro"
        | "altro" | "anders" | "inter" => Some(Gender::Other),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_several_languages() {
        fn check(raw: &str, expected: Option<&str>) {
            assert_eq!(parse(raw).map(Gender::as_str), expected, "{raw}");
        }
        check(" Female ", Some("female"));
        check("Mężczyzna", Some("male"));
        check("Mr.", Some("male"));
        check("X", Some("other"));
        check("1", None);
        check("", None);
    }
}
