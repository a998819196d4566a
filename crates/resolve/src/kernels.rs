//! String similarity. Bit-parallel kernels of `rapidfuzz` on bytes where both values are ASCII, on characters
//! otherwise; the tests hold them against `strsim`.

use rapidfuzz::distance::{jaro_winkler as jw, osa};

/// Jaro–Winkler similarity, 0 to 1 (Winkler 1990; prefix weight 0.1, at most four characters).
#[must_use]
pub(crate) fn jaro_winkler(a: &str, b: &str) -> f64 {
    if a.is_ascii() && b.is_ascii() {
        jw::similarity(a.bytes(), b.bytes())
    } else {
        jw::similarity(a.chars(), b.chars())
    }
}

/// Optimal string alignment distance: inserts, deletes, substitutions and swaps of neighbours.
#[must_use]
pub(crate) fn edit_distance(a: &str, b: &str) -> usize {
    if a.is_ascii() && b.is_ascii() { osa::distance(a.bytes(), b.bytes()) } else { osa::distance(a.chars(), b.chars()) }
}

/// Whether the edit distance is at most `limit`; cheap to refuse where the lengths already differ by more.
#[must_use]
pub(crate) fn within_edits(a: &str, b: &str, limit: usize) -> bool {
    // A byte length differs by at most four per character, so this refuses nothing it should not for ASCII only.
    if a.is_ascii() && b.is_ascii() && a.len().abs_diff(b.len()) > limit {
        return false;
    }
    edit_distance(a, b) <= limit
}

/// Whether `short` is a single letter and `long` a longer name beginning with it.
#[must_use]
pub(crate) fn is_initial_of(short: &str, long: &str) -> bool {
    let mut letters = short.chars();
    match (letters.next(), letters.next()) {
        (Some(initial), None) => long.starts_with(initial) && long.len() > initial.len_utf8(),
        _ => false,
    }
}

/// American Soundex of the ASCII letters of `value` (Russell 1918), packed; 0 where there is none.
#[must_use]
pub(crate) fn soundex(value: &str) -> u32 {
    const CODES: [u8; 26] = *b"01230120022455012623010202";
    let mut packed = 0u32;
    let mut length = 0;
    let mut last = b'0';
    for letter in value.bytes().filter(u8::is_ascii_alphabetic).map(|b| b.to_ascii_lowercase()) {
        let digit = CODES[usize::from(letter - b'a')];
        if length == 0 {
            packed = u32::from(letter);
            length = 1;
            last = digit;
            continue;
        }
        if digit != b'0' && digit != last {
            packed = (packed << 8) | u32::from(digit);
            length += 1;
            if length == 4 {
                break;
            }
        }
        // h and w do not separate equal codes; vowels do.
        if letter != b'h' && letter != b'w' {
            last = digit;
        }
    }
    if length == 0 { 0 } else { packed << (8 * (4 - length)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn jaro_winkler_equals_the_oracle(a in "[a-e]{0,12}", b in "[a-e]{0,12}") {
            // strsim gives the prefix bonus always, rapidfuzz above a Jaro similarity of 0.7, as Winkler did.
            let jaro = strsim::jaro(&a, &b);
            let oracle = if jaro > 0.7 { strsim::jaro_winkler(&a, &b) } else { jaro };
            prop_assert!((jaro_winkler(&a, &b) - oracle).abs() < 1e-9, "{} {}", jaro_winkler(&a, &b), oracle);
        }

        #[test]
        fn edit_distance_equals_the_oracle(a in "[a-dé]{0,12}", b in "[a-dé]{0,12}") {
            prop_assert_eq!(edit_distance(&a, &b), strsim::osa_distance(&a, &b));
            for limit in 0..4 {
                prop_assert_eq!(within_edits(&a, &b, limit), strsim::osa_distance(&a, &b) <= limit);
            }
        }
    }

    #[test]
    fn soundex_gives_the_published_codes() {
        let code = |s: &str| {
            String::from_utf8(soundex(s).to_be_bytes().iter().map(|&b| if b == 0 { b'0' } else { b }).collect())
        };
        assert_eq!(code("robert"), Ok("r163".to_owned()));
        assert_eq!(code("rupert"), Ok("r163".to_owned()));
        assert_eq!(code("ashcraft"), Ok("a261".to_owned()));
        assert_eq!(code("tymczak"), Ok("t522".to_owned()));
        assert_eq!(code("pfister"), Ok("p236".to_owned()));
        assert_eq!(soundex("王"), 0);
    }

    #[test]
    fn an_initial_is_one_letter() {
        assert!(is_initial_of("m", "mary"));
        assert!(!is_initial_of("m", "m"));
        assert!(!is_initial_of("ma", "mary"));
        assert!(!is_initial_of("", "mary"));
    }
}
