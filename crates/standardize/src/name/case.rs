//! Capitals of names.

use super::affix;
use crate::{
    placeholder::{PlaceholderKind, is_placeholder},
    text,
};

/// One part of a name (given, middle or family) from a column of its own: capitals restored where it is written in one
/// case, initials without dots, apostrophes alike. `None` for placeholders and values without letters.
///
/// ```
/// use goldsmith_standardize::name::person_part;
/// assert_eq!(person_part("MARY-JANE").as_deref(), Some("Mary-Jane"));
/// assert_eq!(person_part("van der berg").as_deref(), Some("van der Berg"));
/// assert_eq!(person_part("MCDONALD").as_deref(), Some("McDonald"));
/// assert_eq!(person_part("Null").as_deref(), Some("Null"));
/// assert_eq!(person_part("NULL"), None);
/// ```
#[must_use]
pub fn person_part(value: &str) -> Option<String> {
    let tidy = tidy(value)?;
    if is_placeholder(PlaceholderKind::Name, &tidy) || !tidy.chars().any(char::is_alphabetic) || tidy.contains('@') {
        return None;
    }
    let mut part = String::with_capacity(tidy.len());
    let last = tidy.split(' ').count() - 1;
    for (index, word) in tidy.split(' ').enumerate() {
        push_word(word.trim_matches(','), index < last, &mut part);
    }
    (!part.is_empty()).then_some(part)
}

/// Clean, one kind of apostrophe, no spaces around hyphens, a space after each comma.
pub(super) fn tidy(value: &str) -> Option<String> {
    let cleaned = text::clean(value)?;
    if cleaned.is_ascii() && !cleaned.bytes().any(|b| matches!(b, b'`' | b'-' | b'_' | b';' | b'\'')) {
        return Some(cleaned);
    }
    let mut tidy = String::with_capacity(cleaned.len());
    for c in cleaned.chars() {
        match c {
            _ if text::is_apostrophe(c) => tidy.push('\''),
            '-' | '\u{2010}'..='\u{2013}' => {
                if tidy.ends_with(' ') {
                    tidy.pop();
                }
                tidy.push('-');
            }
            ' ' if tidy.ends_with('-') || ends_with_elision(&tidy) => {}
            '_' => tidy.push(' '),
            ';' => tidy.push(','),
            _ => tidy.push(c),
        }
    }
    text::clean(tidy.trim_matches('-'))
}

/// `O' Brien`: a single letter and an apostrophe belong to what follows.
fn ends_with_elision(name: &str) -> bool {
    let mut back = name.chars().rev();
    back.next() == Some('\'')
        && back.next().is_some_and(|c| matches!(c, 'O' | 'o' | 'D' | 'd'))
        && back.next().is_none_or(|c| !c.is_alphabetic())
}

pub(super) fn given(words: &[&str]) -> Option<String> {
    let mut name = String::with_capacity(words.iter().map(|w| w.len() + 1).sum());
    for word in words {
        // JR and TJ as a given name are initials; NG and SRI are not without vowels by chance alone.
        let spoken = word.len() != 2 || !word.bytes().all(|b| b.is_ascii_uppercase() && !b"AEIOUY".contains(&b));
        if spoken {
            push_word(word, false, &mut name);
        } else {
            push_space(&mut name);
            name.push_str(word);
        }
    }
    (!name.is_empty()).then_some(name)
}

pub(super) fn family(words: &[&str]) -> Option<String> {
    let mut name = String::with_capacity(words.iter().map(|w| w.len() + 1).sum());
    let last = words.len().saturating_sub(1);
    for (index, word) in words.iter().enumerate() {
        push_word(word, index < last, &mut name);
    }
    (!name.is_empty()).then_some(name)
}

/// Appends one word. A particle is small only before another word.
fn push_word(word: &str, before_another: bool, out: &mut String) {
    if word.is_empty() {
        return;
    }
    let after_particle = out.ends_with(" de") || out == "de";
    push_space(out);
    if let Some(letters) = affix::initials(word) {
        for (index, letter) in letters.enumerate() {
            if index > 0 {
                out.push(if word.contains('-') { '-' } else { ' ' });
            }
            letter.chars().for_each(|c| text::push_upper(c, out));
        }
        return;
    }
    if !text::is_one_case(word) {
        out.push_str(word);
        return;
    }
    if before_another && word.len() <= 6 && word.is_ascii() {
        let lower = word.to_ascii_lowercase();
        if affix::is_lower_particle(&lower)
            || (lower.len() == 1 && affix::is_conjunction(word) && !out.is_empty())
            || (after_particle && matches!(lower.as_str(), "la" | "las" | "los" | "el" | "lo"))
        {
            out.push_str(&lower);
            return;
        }
    }
    for (index, piece) in word.split('-').enumerate() {
        if index > 0 {
            out.push('-');
        }
        push_piece(piece, out);
    }
}

fn push_piece(piece: &str, out: &mut String) {
    // A capital follows an apostrophe after one or two letters: O'Brien, D'Angelo, Dall'Oglio is not restored.
    if let Some((before, after)) = piece.split_once('\'')
        && (1..=2).contains(&before.chars().count())
        && after.chars().count() > 1
    {
        push_capitalised(before, out);
        out.push('\'');
        push_capitalised(after, out);
        return;
    }
    if piece.is_ascii() && piece.len() > 3 {
        let (head, rest) = piece.split_at(2);
        if head.eq_ignore_ascii_case("mc") {
            out.push_str("Mc");
            push_capitalised(rest, out);
            return;
        }
        let mac = piece.get(..3).is_some_and(|m| m.eq_ignore_ascii_case("mac"));
        if mac && let Some(rest) = piece.get(3..).filter(|rest| MAC.iter().any(|m| m.eq_ignore_ascii_case(rest))) {
            out.push_str("Mac");
            push_capitalised(rest, out);
            return;
        }
    }
    push_capitalised(piece, out);
}

/// What follows a capital after Mac. Most words in Mac- are not Scottish (Machado, Mack, Macias), so these are listed.
const MAC: &[&str] = &[
    "allister", "alister", "arthur", "aulay", "bride", "callum", "donald", "donell", "donnell", "dougall", "dougal",
    "duff", "farlane", "gregor", "innes", "intosh", "intyre", "iver", "kenzie", "kinnon", "kinley", "lachlan", "laren",
    "lean", "leod", "millan", "nab", "namara", "neil", "neill", "nicol", "pherson", "quarrie", "rae", "taggart",
    "tavish", "vicar",
];

fn push_capitalised(piece: &str, out: &mut String) {
    let mut start = true;
    for c in piece.chars() {
        if start && c.is_alphanumeric() {
            text::push_upper(c, out);
            start = false;
        } else {
            text::push_lower(c, out);
        }
    }
}

fn push_space(out: &mut String) {
    if !out.is_empty() {
        out.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_get_their_capitals() {
        fn check(raw: &str, expected: Option<&str>) {
            assert_eq!(person_part(raw).as_deref(), expected, "{raw}");
        }
        check("smith", Some("Smith"));
        check("SMITH - JONES", Some("Smith-Jones"));
        check("DE LA CRUZ", Some("de la Cruz"));
        check("O`NEIL", Some("O'Neil"));
        check("o' brien", Some("O'Brien"));
        check("j.r.", Some("J R"));
        check("J.-P.", Some("J-P"));
        check("LE", Some("Le"));
        check("ng", Some("Ng"));
        check("MACKENZIE", Some("MacKenzie"));
        check("MACK", Some("Mack"));
        check("weiß", Some("Weiß"));
        check("İBRAHİM", Some("İbrahim"));
        check("--", None);
        check("12", None);
    }
}
