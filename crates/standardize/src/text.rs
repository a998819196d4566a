//! Any text: its display form ([`clean`]), its match form ([`fold`]) and [`title_case`].

use icu_normalizer::ComposingNormalizerBorrowed;

/// The display form of a text: NFKC, without control, bidirectional and zero-width characters, white space collapsed
/// to single spaces and trimmed. `None` where nothing is left. Mojibake is not repaired.
///
/// ```
/// use goldsmith_standardize::text::clean;
/// assert_eq!(clean("  Zoe\u{308}\t\u{200b}Ｌｅｅ ").as_deref(), Some("Zoë Lee"));
/// assert_eq!(clean(" \u{feff}\u{202e} "), None);
/// ```
#[must_use]
pub fn clean(value: &str) -> Option<String> {
    if is_clean_ascii(value.as_bytes()) {
        return (!value.is_empty()).then(|| value.to_owned());
    }
    if value.is_ascii() {
        return collapse(value);
    }
    // Invisible characters go first: one between a letter and its accent would hide the pair from NFKC.
    let normalizer = ComposingNormalizerBorrowed::new_nfkc();
    if value.chars().any(is_invisible) {
        let visible: String = value.chars().filter(|c| !is_invisible(*c)).collect();
        collapse(&normalizer.normalize(&visible))
    } else {
        collapse(&normalizer.normalize(value))
    }
}

/// The match form of a text: NFKC, lower case, transliterated to ASCII, apostrophes dropped, all other punctuation
/// taken as a space, spaces collapsed. Only `a-z`, `0-9` and single spaces remain; the result may be empty.
/// Transliteration runs after NFKC, so composed and decomposed spellings give the same form.
///
/// ```
/// use goldsmith_standardize::text::fold;
/// assert_eq!(fold("O’Brien-MÜLLER, Łukasz"), "obrien muller lukasz");
/// assert_eq!(fold("Straße"), "strasse");
/// assert_eq!(fold("Иванов"), "ivanov");
/// assert_eq!(fold("…"), "");
/// ```
#[must_use]
pub fn fold(value: &str) -> String {
    let mut folded = String::with_capacity(value.len());
    fold_into(value, &mut folded);
    folded
}

/// Appends [`fold`] of `value` to `out`, with a space before it where `out` already holds text.
pub(crate) fn fold_into(value: &str, out: &mut String) {
    let mut pending_space = !out.is_empty();
    if value.is_ascii() {
        for byte in value.bytes() {
            fold_byte(byte, out, &mut pending_space);
        }
        return;
    }
    let visible: String = value.chars().filter(|c| !is_invisible(*c)).collect();
    for c in ComposingNormalizerBorrowed::new_nfkc().normalize(&visible).chars() {
        if c.is_ascii() {
            fold_byte(c as u8, out, &mut pending_space);
        } else if c.is_whitespace() {
            pending_space |= !out.is_empty();
        } else if let Some(ascii) = deunicode::deunicode_char(c) {
            for byte in ascii.bytes() {
                fold_byte(byte, out, &mut pending_space);
            }
        }
    }
}

/// Capitals at the start of each word and small letters elsewhere, for words written all in one case. A word in mixed
/// case is left alone (`McDonald`), so is what follows an apostrophe unless a single letter stands before it
/// (`St John's`, but `O'Brien`).
///
/// ```
/// use goldsmith_standardize::text::title_case;
/// assert_eq!(title_case("NEW YORK"), "New York");
/// assert_eq!(title_case("bourton-on-the-water st john's"), "Bourton-On-The-Water St John's");
/// assert_eq!(title_case("McDonald o'hare"), "McDonald O'Hare");
/// ```
#[must_use]
pub fn title_case(value: &str) -> String {
    let mut cased = String::with_capacity(value.len());
    for (index, word) in value.split(' ').enumerate() {
        if index > 0 {
            cased.push(' ');
        }
        push_title_word(word, &mut cased);
    }
    cased
}

/// Appends `word` in title case to `out`, unless it is written in mixed case.
pub(crate) fn push_title_word(word: &str, out: &mut String) {
    if !is_one_case(word) {
        out.push_str(word);
        return;
    }
    if word.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let mut bytes = word.bytes();
        out.extend(bytes.next().map(|first| first.to_ascii_uppercase() as char));
        out.extend(bytes.map(|byte| byte.to_ascii_lowercase() as char));
        return;
    }
    let mut at_start = true;
    let mut letters_before = 0usize;
    for c in word.chars() {
        if c.is_alphanumeric() {
            if at_start {
                push_upper(c, out);
            } else {
                push_lower(c, out);
            }
            letters_before += 1;
            // A digit does not use up the capital only where letters make an ordinal: "5TH" is "5th", "12A" stays.
            at_start = false;
        } else {
            at_start = if is_apostrophe(c) { letters_before == 1 } else { !is_mark(c) };
            if at_start {
                letters_before = 0;
            }
            out.push(c);
        }
    }
}

/// Whether all cased letters of `word` are capitals, or all are small.
pub(crate) fn is_one_case(word: &str) -> bool {
    if word.is_ascii() {
        return !word.bytes().any(|byte| byte.is_ascii_uppercase())
            || !word.bytes().any(|byte| byte.is_ascii_lowercase());
    }
    let (mut upper, mut lower) = (false, false);
    for c in word.chars() {
        upper |= c.is_uppercase();
        lower |= c.is_lowercase();
        if upper && lower {
            return false;
        }
    }
    true
}

/// The apostrophes found in names, in the order of how often they occur.
pub(crate) const fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '`' | '\u{00B4}' | '\u{02BC}' | '\u{2018}' | '\u{02B9}')
}

pub(crate) fn push_upper(c: char, out: &mut String) {
    if c.is_ascii() {
        out.push(c.to_ascii_uppercase());
    } else if c == 'ß' {
        out.push(c);
    } else {
        out.extend(c.to_uppercase());
    }
}

pub(crate) fn push_lower(c: char, out: &mut String) {
    if c.is_ascii() {
        out.push(c.to_ascii_lowercase());
    } else if c == 'İ' {
        out.push('i');
    } else {
        out.extend(c.to_lowercase());
    }
}

fn fold_byte(byte: u8, out: &mut String, pending_space: &mut bool) {
    if byte.is_ascii_alphanumeric() {
        if *pending_space {
            out.push(' ');
            *pending_space = false;
        }
        out.push(byte.to_ascii_lowercase() as char);
    } else if !matches!(byte, b'\'' | b'`') && (byte >= b' ' || matches!(byte, b'\t'..=b'\r')) && byte != 0x7f {
        *pending_space |= !out.is_empty();
    }
}

/// Combining marks follow their letter; only those of the scripts with capital letters matter here.
const fn is_mark(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}' | '\u{0483}'..='\u{0487}')
}

/// Control, format, variation and tag characters that no reader sees. White space is not among them.
fn is_invisible(c: char) -> bool {
    match c {
        '\t'..='\r' | '\u{85}' => false,
        '\u{AD}' | '\u{034F}' | '\u{061C}' | '\u{180B}'..='\u{180F}' => true,
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' => true,
        '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' => true,
        '\u{E0000}'..='\u{E0FFF}' => true,
        _ => c.is_control(),
    }
}

/// Printable ASCII with single spaces inside only: already its own display form.
fn is_clean_ascii(bytes: &[u8]) -> bool {
    let mut before = b' ';
    for &byte in bytes {
        if !(b' '..=b'~').contains(&byte) || (byte == b' ' && before == b' ') {
            return false;
        }
        before = byte;
    }
    before != b' ' || bytes.is_empty()
}

fn collapse(value: &str) -> Option<String> {
    let mut out = String::with_capacity(value.len());
    let mut pending_space = false;
    for c in value.chars() {
        if c.is_whitespace() {
            pending_space |= !out.is_empty();
        } else if !is_invisible(c) {
            if pending_space {
                out.push(' ');
                pending_space = false;
            }
            out.push(c);
        }
    }
    (!out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn clean_gives_the_display_form() {
        fn check(raw: &str, expected: Option<&str>) {
            assert_eq!(clean(raw).as_deref(), expected, "{raw:?}");
        }
        check("", None);
        check(" \t\r\n", None);
        check("a", Some("a"));
        check("a  b", Some("a b"));
        check("a\u{0}b", Some("ab"));
        check("line\r\nline", Some("line line"));
        check("e\u{200d}\u{301}", Some("é"));
        check("ﬁne\u{a0}㎏", Some("fine kg"));
        check("caf\u{65}\u{301}", Some("café"));
        check("\u{202e}abc\u{202c}", Some("abc"));
    }

    #[test]
    fn fold_gives_the_match_form() {
        fn check(raw: &str, expected: &str) {
            assert_eq!(fold(raw), expected, "{raw:?}");
        }
        check("Jean-Luc", "jean luc");
        check("D’Angelo", "dangelo");
        check("D`Angelo", "dangelo");
        check("  A.  B. ", "a b");
        check("Ærøskøbing", "aeroskobing");
        check("北京", "bei jing");
        check("ŞİŞLİ", "sisli");
        check("Nguyễn", "nguyen");
        check("a\u{0}b", "ab");
        check("a\u{b}b", "a b");
    }

    #[test]
    fn title_case_respects_mixed_case() {
        fn check(raw: &str, expected: &str) {
            assert_eq!(title_case(raw), expected, "{raw:?}");
        }
        check("5TH AVENUE", "5th Avenue");
        check("DeVito", "DeVito");
        check("STRASSE", "Strasse");
        check("ÉCOLE DE L'EST", "École De L'Est");
        check("straße", "Straße");
    }

    proptest! {
        #[test]
        fn clean_is_idempotent(raw in "\\PC{0,40}|.{0,40}") {
            let once = clean(&raw);
            prop_assert_eq!(once.as_deref().and_then(clean), once);
        }

        #[test]
        fn fold_is_idempotent_and_ascii(raw in ".{0,40}") {
            let once = fold(&raw);
            prop_assert!(once.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b' '));
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn fold_sees_no_difference_after_clean(raw in ".{0,40}") {
            prop_assert_eq!(fold(&clean(&raw).unwrap_or_default()), fold(&raw));
        }

        #[test]
        fn title_case_never_panics(raw in ".{0,40}") {
            let _ = title_case(&raw);
        }
    }
}
