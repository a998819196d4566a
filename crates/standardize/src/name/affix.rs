//! The small words around a name: titles, suffixes, particles, and the initials that stand for a name.

use crate::{key::Key, text};

/// The normal form of a suffix: `Jr`, `Sr`, `II`, `III`, `IV`, `V`, or a degree such as `PhD`. `None` for anything else.
///
/// ```
/// use goldsmith_standardize::name::suffix;
/// assert_eq!(suffix("junior").as_deref(), Some("Jr"));
/// assert_eq!(suffix("iii").as_deref(), Some("III"));
/// assert_eq!(suffix("Ph.D.").as_deref(), Some("PhD"));
/// assert_eq!(suffix("Smith"), None);
/// ```
#[must_use]
pub fn suffix(value: &str) -> Option<String> {
    suffix_after_comma(value.trim()).map(str::to_owned)
}

/// The words here are looked up without dots, apostrophes and hyphens. None of them has a letter outside ASCII.
fn key(word: &str) -> Option<Key> {
    if word.is_ascii() { Key::new(word, |byte| matches!(byte, b'.' | b'\'' | b'-')) } else { None }
}

/// The normal form of a title. Words that are common names as well (Don, Major, Pan, Master) are not titles.
pub(super) fn title(word: &str) -> Option<&'static str> {
    Some(match key(word)?.as_str() {
        "mr" | "mister" => "Mr",
        "mrs" => "Mrs",
        "ms" => "Ms",
        "miss" => "Miss",
        "mx" => "Mx",
        "dr" | "doctor" | "doktor" => "Dr",
        "prof" | "professor" => "Prof",
        "rev" | "reverend" => "Rev",
        "hon" => "Hon",
        "sir" => "Sir",
        "dame" => "Dame",
        "lord" => "Lord",
        "lady" => "Lady",
        "capt" | "captain" => "Capt",
        "col" | "colonel" => "Col",
        "gen" | "general" => "Gen",
        "lt" | "lieutenant" => "Lt",
        "maj" => "Maj",
        "sgt" | "sergeant" => "Sgt",
        "herr" => "Herr",
        "frau" => "Frau",
        "med" if word.ends_with('.') => "med",
        "dipling" => "Dipl-Ing",
        "hc" if word.contains('.') => "h.c.",
        "familie" => "Familie",
        "fam" if word.ends_with('.') => "Familie",
        "eheleute" => "Eheleute",
        "mag" if word.ends_with('.') => "Mag",
        "ing" if word.ends_with('.') => "Ing",
        "mme" | "madame" => "Mme",
        "mlle" | "mademoiselle" => "Mlle",
        "monsieur" => "M",
        "me" if word.ends_with('.') => "Me",
        "sr" | "senor" => "Sr",
        "sra" | "senora" => "Sra",
        "srta" => "Srta",
        "sig" | "signor" => "Sig",
        "sigra" | "signora" => "Sig.ra",
        "dott" => "Dott",
        "dottssa" => "Dott.ssa",
        "dhr" => "Dhr",
        "mevr" | "mw" => "Mevr",
        "pani" => "Pani",
        _ => return None,
    })
}

/// The normal form of a suffix where nothing else can stand.
pub(super) fn suffix_after_comma(word: &str) -> Option<&'static str> {
    Some(match key(word)?.as_str() {
        "jr" | "jnr" | "junior" | "jun" => "Jr",
        "sr" | "snr" | "senior" | "sen" => "Sr",
        "ii" | "2nd" => "II",
        "iii" | "3rd" => "III",
        "iv" | "4th" => "IV",
        "v" | "5th" => "V",
        "phd" | "dphil" => "PhD",
        "md" => "MD",
        "esq" | "esquire" => "Esq",
        "dds" => "DDS",
        "dvm" => "DVM",
        "jd" => "JD",
        "cpa" => "CPA",
        "rn" => "RN",
        "mba" => "MBA",
        "msc" => "MSc",
        "bsc" => "BSc",
        "obe" => "OBE",
        "mbe" => "MBE",
        "cbe" => "CBE",
        "qc" => "QC",
        "kc" => "KC",
        _ => return None,
    })
}

/// A suffix as the last of `count` words. `V` may be an initial, and MD, RN, JD, KC after a single name may be the
/// other name; in two words only what cannot be a name counts.
pub(super) fn suffix_at_end(word: &str, count: usize) -> Option<&'static str> {
    let suffix = suffix_after_comma(word)?;
    let certain = is_generational(suffix)
        && suffix != "V"
        && !word.eq_ignore_ascii_case("sen")
        && !word.eq_ignore_ascii_case("jun");
    (certain || (count > 2 && suffix != "V") || matches!(suffix, "PhD" | "Esq")).then_some(suffix)
}

pub(super) fn is_generational(suffix: &str) -> bool {
    matches!(suffix, "Jr" | "Sr" | "II" | "III" | "IV" | "V")
}

/// Words that begin a family name when something follows them.
pub(super) fn is_particle(word: &str) -> bool {
    let Some(key) = key(word) else {
        return false;
    };
    is_lower_particle(key.as_str())
        || matches!(
            key.as_str(),
            "la" | "le"
                | "lo"
                | "di"
                | "della"
                | "dello"
                | "st"
                | "saint"
                | "sainte"
                | "al"
                | "el"
                | "abu"
                | "mc"
                | "mac"
                | "o"
        ) && (key.as_str().len() > 1 || word.contains('\''))
}

/// Particles that may stand after the given name in `Berg, Jan van der`. `La`, `Al` and the like may be given names there.
pub(super) fn is_trailing_particle(word: &str) -> bool {
    key(word).is_some_and(|key| {
        is_lower_particle(key.as_str()) || matches!(key.as_str(), "la" | "di") && word.starts_with(char::is_lowercase)
    })
}

/// Particles written small in their own languages. Takes the word in lower case.
pub(super) fn is_lower_particle(lower: &str) -> bool {
    matches!(
        lower,
        "van"
            | "von"
            | "vom"
            | "der"
            | "den"
            | "de"
            | "del"
            | "da"
            | "do"
            | "dos"
            | "das"
            | "des"
            | "du"
            | "ter"
            | "ten"
            | "te"
            | "zu"
            | "zum"
            | "zur"
            | "af"
            | "av"
            | "bin"
            | "bint"
            | "binti"
            | "ibn"
            | "degli"
            | "t"
    )
}

/// `y` and `e` join two family names; as capitals they are initials.
pub(super) fn is_conjunction(word: &str) -> bool {
    matches!(word, "y" | "e" | "i")
}

pub(super) fn is_and(word: &str) -> bool {
    word.eq_ignore_ascii_case("and") || word.eq_ignore_ascii_case("und")
}

/// What announces the family name before marriage.
pub(super) fn is_birth_marker(word: &str) -> bool {
    if word.is_ascii() {
        return match key(word) {
            Some(key) => {
                matches!(key.as_str(), "nee" | "geb" | "geborene" | "born" if key.as_str() != "born" || word == "born")
            }
            None => false,
        };
    }
    matches!(text::fold(word).as_str(), "nee" | "ne" if word.contains(['é', 'É']))
}

/// The letters of a word made of initials (`J.`, `J.R.`, `J.-P.`); `None` for any other word.
pub(super) fn initials(word: &str) -> Option<impl Iterator<Item = String> + '_> {
    let mut after_letter = false;
    let mut dots = 0;
    for c in word.chars() {
        if c.is_alphabetic() {
            if after_letter {
                return None;
            }
            after_letter = true;
        } else {
            if !matches!(c, '.' | '-') {
                return None;
            }
            dots += usize::from(c == '.');
            after_letter = false;
        }
    }
    (dots > 0).then(|| word.chars().filter(|c| c.is_alphabetic()).map(String::from))
}
