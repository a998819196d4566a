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

/// The similarity where it is at least `least`, otherwise 0. Most strangers' values are refused by their letters alone.
#[must_use]
pub(crate) fn jaro_winkler_from(a: &str, b: &str, least: f64) -> f64 {
    if a.is_ascii() && b.is_ascii() && most_similar(a.as_bytes(), b.as_bytes()) < least {
        return 0.0;
    }
    let similarity = jaro_winkler(a, b);
    if similarity >= least { similarity } else { 0.0 }
}

/// A bound from above: as if every letter that occurs in both were matched, and none transposed.
fn most_similar(a: &[u8], b: &[u8]) -> f64 {
    let letters = |value: &[u8]| value.iter().fold(0u64, |set, byte| set | 1 << (byte % 64));
    let found = |value: &[u8], set: u64| value.iter().filter(|&byte| set >> (byte % 64) & 1 == 1).count();
    let matches = found(a, letters(b)).min(found(b, letters(a))) as f64;
    if matches == 0.0 {
        // Nothing is like nothing.
        return f64::from(u8::from(a.is_empty() && b.is_empty()));
    }
    let jaro = ((matches / a.len() as f64 + matches / b.len() as f64 + 1.0) / 3.0).min(1.0);
    let prefix = a.iter().zip(b).take(4).take_while(|(x, y)| x == y).count() as f64;
    jaro + prefix * 0.1 * (1.0 - jaro) + 1e-9
}

/// Optimal string alignment distance: inserts, deletes, substitutions and swaps of neighbours.
#[must_use]
pub(crate) fn edit_distance(a: &str, b: &str) -> usize {
    if a.is_ascii() && b.is_ascii() { osa::distance(a.bytes(), b.bytes()) } else { osa::distance(a.chars(), b.chars()) }
}

/// Whether the edit distance is at most `limit`; cheap to refuse where the lengths already differ by more.
#[must_use]
pub(crate) fn within_edits(a: &str, b: &str, limit: usize) -> bool {
    if a.is_ascii() && b.is_ascii() {
        let (a, b) = without_common_ends(a.as_bytes(), b.as_bytes());
        return match limit {
            0 => a.is_empty() && b.is_empty(),
            1 => match (a, b) {
                ([] | [_], [] | [_]) => true,
                ([p, q], [x, y]) => p == y && q == x,
                _ => false,
            },
            _ => a.len().abs_diff(b.len()) <= limit && osa::distance(a.iter().copied(), b.iter().copied()) <= limit,
        };
    }
    edit_distance(a, b) <= limit
}

/// What is left of two values without the beginning and the end they have in common; their distance is that of what is
/// left.
fn without_common_ends<'v>(a: &'v [u8], b: &'v [u8]) -> (&'v [u8], &'v [u8]) {
    let start = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[start..], &b[start..]);
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    (&a[..a.len() - end], &b[..b.len() - end])
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
        fn a_similarity_is_refused_only_where_it_is_too_low(a in "[a-eA-E1-4]{0,9}", b in "[a-eA-E1-4]{0,9}") {
            for least in [0.85, 0.9, 0.93] {
                let all = jaro_winkler(&a, &b);
                prop_assert_eq!(jaro_winkler_from(&a, &b, least), if all >= least { all } else { 0.0 });
            }
        }

        #[test]
        fn values_a_few_edits_apart_are_told(a in "[ab]{0,7}", b in "[ab]{0,7}") {
            for limit in 0..4 {
                prop_assert_eq!(within_edits(&a, &b, limit), strsim::osa_distance(&a, &b) <= limit);
            }
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
