//! Countries to ISO 3166 alpha-2 and languages to their BCP 47 primary subtag.

use std::sync::LazyLock;

use hashbrown::HashMap;

use crate::text;

/// ISO 3166-1 (and `XK`, in use for Kosovo): alpha-2, alpha-3, English name, other names separated by `|`, among them the
/// letter that European vehicles bear (Convention on Road Traffic, 1968) and that addresses were once written with.
const COUNTRIES: &str = include_str!("../data/countries.csv");

/// The alpha-2 code of a country given by alpha-2, alpha-3, the letter its vehicles bear, its English name, or its name in
/// its own and some larger languages.
///
/// ```
/// use goldsmith_standardize::country::parse;
/// assert_eq!(parse("de"), Some("DE"));
/// assert_eq!(parse("USA"), Some("US"));
/// assert_eq!(parse("The Netherlands"), Some("NL"));
/// assert_eq!(parse("Österreich"), Some("AT"));
/// assert_eq!(parse("日本"), Some("JP"));
/// assert_eq!(parse("Atlantis"), None);
/// ```
#[must_use]
pub fn parse(value: &str) -> Option<&'static str> {
    let value = value.trim();
    if value.is_empty() || value.len() > 80 {
        return None;
    }
    if let &[a, b] = value.as_bytes()
        && let Some(code) = by_letters(a, b)
    {
        return Some(code);
    }
    // Other scripts are compared as written: romanised without vowels, Egypt in Arabic would read as Montserrat's MSR.
    let key = if is_latin(value) { text::fold(value) } else { native_form(value) };
    TABLE.names.get(key.as_str()).copied()
}

/// The BCP 47 primary subtag of a language given as a tag (`en-US`), an ISO 639 code (`eng`) or a name.
///
/// ```
/// use goldsmith_standardize::country::language;
/// assert_eq!(language("en_US").as_deref(), Some("en"));
/// assert_eq!(language("ger").as_deref(), Some("de"));
/// assert_eq!(language("Français").as_deref(), Some("fr"));
/// assert_eq!(language("??"), None);
/// ```
#[must_use]
pub fn language(value: &str) -> Option<String> {
    let value = value.trim();
    if value.len() > 40 {
        return None;
    }
    let folded = text::fold(value);
    let known = |wanted: &str| LANGUAGES.iter().find(|names| names.contains(&wanted)).and_then(|names| names.first());
    if let Some(code) = known(&folded) {
        return Some((*code).to_owned());
    }
    // A tag: what stands before the first separator is the language.
    let primary = value.split(['-', '_', '.']).next().unwrap_or_default();
    if primary.len() == value.len() && primary.len() > 3 {
        return None;
    }
    let primary = primary.to_ascii_lowercase();
    if let Some(code) = known(&primary).filter(|_| primary.len() <= 3) {
        return Some((*code).to_owned());
    }
    // Any other two letters are taken at their word.
    (primary.len() == 2 && primary.bytes().all(|b| b.is_ascii_alphabetic())).then_some(primary)
}

struct Table {
    /// By the two letters, 26 × 26; aliases such as UK included.
    letters: Vec<Option<&'static str>>,
    /// By alpha-3 or name: folded where it is in Latin letters, in lower case elsewhere.
    names: HashMap<String, &'static str>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { letters: vec![None; 26 * 26], names: HashMap::new() };
    for line in COUNTRIES.lines() {
        let mut cells = line.splitn(4, ',');
        let (Some(alpha2), Some(alpha3), Some(name), Some(others)) =
            (cells.next(), cells.next(), cells.next(), cells.next())
        else {
            continue;
        };
        let others = others.split('|').filter(|other| !other.is_empty());
        for spelled in [alpha2, alpha3, name].into_iter().chain(others) {
            if let &[a, b] = spelled.as_bytes()
                && let Some(slot) = slot(a, b).and_then(|at| table.letters.get_mut(at))
            {
                *slot = Some(alpha2);
            }
            table.names.insert(if is_latin(spelled) { text::fold(spelled) } else { native_form(spelled) }, alpha2);
        }
    }
    table
});

fn is_latin(value: &str) -> bool {
    value.chars().all(|c| {
        !c.is_alphabetic()
            || matches!(c, '\0'..='\u{02AF}' | '\u{02B0}'..='\u{02FF}' | '\u{1E00}'..='\u{1EFF}' | 'Ａ'..='ｚ')
    })
}

fn native_form(value: &str) -> String {
    text::clean(value).unwrap_or_default().to_lowercase()
}

fn by_letters(a: u8, b: u8) -> Option<&'static str> {
    TABLE.letters.get(slot(a, b)?).copied().flatten()
}

fn slot(a: u8, b: u8) -> Option<usize> {
    let at = |letter: u8| letter.is_ascii_alphabetic().then(|| usize::from(letter.to_ascii_uppercase() - b'A'));
    Some(at(a)? * 26 + at(b)?)
}

/// BCP 47 primary subtag, ISO 639-2 codes, folded names.
const LANGUAGES: &[&[&str]] = &[
    &["en", "eng", "english", "englisch", "anglais", "ingles", "inglese"],
    &["de", "deu", "ger", "german", "deutsch", "allemand", "aleman", "tedesco"],
    &["fr", "fra", "fre", "french", "francais", "franzosisch", "frances", "francese"],
    &["es", "spa", "spanish", "espanol", "castellano", "spanisch", "espagnol"],
    &["it", "ita", "italian", "italiano", "italienisch"],
    &["nl", "nld", "dut", "dutch", "nederlands", "niederlandisch"],
    &["pl", "pol", "polish", "polski", "polnisch"],
    &["pt", "por", "portuguese", "portugues", "portugiesisch"],
    &["sv", "swe", "swedish", "svenska"],
    &["da", "dan", "danish", "dansk"],
    &["no", "nor", "norwegian", "norsk"],
    &["fi", "fin", "finnish", "suomi"],
    &["cs", "ces", "cze", "czech", "cestina"],
    &["sk", "slk", "slo", "slovak", "slovencina"],
    &["hu", "hun", "hungarian", "magyar"],
    &["ro", "ron", "rum", "romanian", "romana"],
    &["bg", "bul", "bulgarian"],
    &["el", "ell", "gre", "greek"],
    &["ru", "rus", "russian", "russkii", "russisch"],
    &["uk", "ukr", "ukrainian"],
    &["hr", "hrv", "croatian", "hrvatski"],
    &["sr", "srp", "serbian", "srpski"],
    &["sl", "slv", "slovenian", "slovene"],
    &["et", "est", "estonian", "eesti"],
    &["lv", "lav", "latvian"],
    &["lt", "lit", "lithuanian"],
    &["tr", "tur", "turkish", "turkce"],
    &["ar", "ara", "arabic"],
    &["he", "heb", "hebrew"],
    &["fa", "fas", "per", "persian", "farsi"],
    &["hi", "hin", "hindi"],
    &["bn", "ben", "bengali"],
    &["ur", "urd", "urdu"],
    &["zh", "zho", "chi", "chinese", "mandarin", "zhong wen"],
    &["ja", "jpn", "japanese", "ri ben yu"],
    &["ko", "kor", "korean", "hangugeo"],
    &["vi", "vie", "vietnamese", "tieng viet"],
    &["th", "tha", "thai"],
    &["id", "ind", "indonesian"],
    &["ms", "msa", "may", "malay"],
    &["ca", "cat", "catalan", "catala"],
    &["eu", "eus", "baq", "basque"],
    &["gl", "glg", "galician"],
    &["ga", "gle", "irish"],
    &["cy", "cym", "wel", "welsh", "cymraeg"],
    &["is", "isl", "ice", "icelandic"],
    &["sq", "sqi", "alb", "albanian"],
    &["mk", "mkd", "mac", "macedonian"],
    &["af", "afr", "afrikaans"],
    &["sw", "swa", "swahili"],
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn countries() {
        fn check(raw: &str, expected: Option<&str>) {
            assert_eq!(parse(raw), expected, "{raw}");
        }
        check(" us ", Some("US"));
        check("UK", Some("GB"));
        check("U.S.A.", Some("US"));
        check("u.s.", Some("US"));
        check("DEU", Some("DE"));
        check("cote d'ivoire", Some("CI"));
        check("Россия", Some("RU"));
        check("FRANCE", Some("FR"));
        check("مصر", Some("EG"));
        check("D", Some("DE"));
        check("a", Some("AT"));
        check("ZZ", None);
        check("X", None);
        check("", None);
    }

    #[test]
    fn each_line_of_the_table_is_whole_and_says_one_thing() {
        let mut seen = HashMap::new();
        for line in COUNTRIES.lines() {
            let cells: Vec<&str> = line.split(',').collect();
            let [alpha2, alpha3, name, others] = cells[..] else { panic!("{line}") };
            assert_eq!((alpha2.len(), alpha3.len()), (2, 3), "{line}");
            for spelled in [alpha2, alpha3, name].into_iter().chain(others.split('|').filter(|o| !o.is_empty())) {
                let folded = if is_latin(spelled) { text::fold(spelled) } else { native_form(spelled) };
                assert!(!folded.is_empty(), "{line}");
                let before = seen.insert(folded, alpha2);
                assert!(before.is_none_or(|b| b == alpha2), "{spelled} is both {before:?} and {alpha2}");
            }
        }
        assert_eq!(COUNTRIES.lines().count(), 250);
    }

    #[test]
    fn languages() {
        fn check(raw: &str, expected: Option<&str>) {
            assert_eq!(language(raw).as_deref(), expected, "{raw}");
        }
        check("EN", Some("en"));
        check("zh-Hant-TW", Some("zh"));
        check("Deutsch", Some("de"));
        check("lb", Some("lb"));
        check("klingon", None);
        check("", None);
    }

    proptest! {
        #[test]
        fn never_panics(raw in ".{0,20}") {
            let _ = (parse(&raw), language(&raw));
        }
    }
}
