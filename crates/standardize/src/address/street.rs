//! The street line: house number, direction, name and type.

use crate::{key::Key, text};

use super::{
    Address, push_place_word,
    street_type::{Language, TYPES},
    unit,
};

/// Reads the lines into the street parts of `address`.
pub(super) fn read(
    lines: Vec<String>,
    number: Option<String>,
    given_unit: Option<String>,
    country: &str,
    address: &mut Address,
) {
    address.unit = given_unit.as_deref().and_then(unit::normal);
    let segments = lines.iter().flat_map(|line| line.split([',', ';'])).map(str::trim).filter(|s| !s.is_empty());
    // The street is the first segment with a number or a street type; else the first.
    let mut rest: Vec<String> = Vec::new();
    let mut street: Option<Vec<&str>> = None;
    let mut plain: Vec<Vec<&str>> = Vec::new();
    for segment in segments {
        let mut words: Vec<&str> = segment.split(' ').filter(|w| !w.is_empty()).collect();
        if address.po_box.is_none()
            && let Some(found) = unit::take_po_box(&mut words)
        {
            address.po_box = Some(found);
        }
        if address.unit.is_none()
            && let Some(found) = unit::take(&mut words)
        {
            address.unit = Some(found);
        }
        if words.is_empty() {
            continue;
        }
        if street.is_none() && is_street(&words) {
            street = Some(words);
        } else if let Some(street) = street.as_mut().filter(|street| is_number_alone(&words) && !has_number(street)) {
            // "Via Roma, 12"
            street.extend(words);
        } else {
            plain.push(words);
        }
    }
    let mut plain = plain.into_iter();
    let mut words = street.unwrap_or_default();
    let mut held: Option<Vec<&str>> = None;
    if words.is_empty() {
        words = plain.next().unwrap_or_default();
        // "115, Woodleigh": a number and a name without a street type.
        if is_number_alone(&words) {
            words.extend(plain.next().unwrap_or_default());
        }
    }
    for segment in plain {
        if held.is_none() && is_number_alone(&segment) && !has_number(&words) {
            held = Some(segment);
        } else {
            rest.push(cased(&segment));
        }
    }
    // "12, rue de Rivoli"
    if let Some(segment) = held {
        words.splice(0..0, segment);
    }
    address.house_number = match number {
        Some(number) => {
            // The street column may repeat the number.
            let spelled = house_form(&number);
            if words.len() > 1 {
                if words.first().is_some_and(|w| is_house_number(w) && house_form(w) == spelled) {
                    words.remove(0);
                } else if words.last().is_some_and(|w| is_house_number(w) && house_form(w) == spelled) {
                    words.pop();
                }
            }
            Some(spelled)
        }
        None => take_number(&mut words, country, address),
    };
    if !words.is_empty() {
        let (street, kind) = street_form(&words, country);
        address.street_type = kind;
        address.street = Some(street);
    }
    address.line1 = line1(address, country);
    let mut line2: Vec<String> = address.unit.clone().into_iter().collect();
    line2.extend(rest);
    address.line2 = (!line2.is_empty()).then(|| line2.join(", "));
}

/// Whether a text holds a word that is a street type, or ends like one (`Hauptstr.`).
pub(super) fn has_type_word(segment: &str) -> bool {
    segment
        .split(' ')
        .any(|word| key(word).is_some_and(|k| TYPES.contains_key(k.as_str())) || compound(word, "").is_some())
}

/// Spellings that remain different in display but mean the same: the article-like street words of Polish are dropped.
pub(super) fn match_form(folded: &str) -> String {
    let bare = folded.strip_prefix("ulica ").unwrap_or(folded);
    bare.to_owned()
}

fn is_number_alone(words: &[&str]) -> bool {
    matches!(words, [one] if is_house_number(one))
}

fn has_number(words: &[&str]) -> bool {
    words.iter().any(|word| is_house_number(word))
}

fn is_street(words: &[&str]) -> bool {
    words.len() > 1 && (words.iter().any(|w| is_house_number(w)) || words.iter().any(|w| has_type_word(w)))
        || words.len() == 1 && words.iter().any(|w| compound(w, "").is_some())
}

fn line1(address: &Address, country: &str) -> Option<String> {
    match (&address.house_number, &address.street) {
        (Some(number), Some(street)) if number_first(country) => Some(format!("{number} {street}")),
        (Some(number), Some(street)) => Some(format!("{street} {number}")),
        (None, Some(street)) => Some(street.clone()),
        (number, None) => address.po_box.as_ref().map(|number| format!("PO Box {number}")).or_else(|| number.clone()),
    }
}

fn number_first(country: &str) -> bool {
    matches!(country, "US" | "CA" | "GB" | "AU" | "FR" | "IE" | "NZ" | "IN" | "ZA" | "SG" | "HK" | "LU" | "")
}

/// Takes the house number off the front, or off the end. A number after a road word (`Highway 50`) is the road's.
fn take_number(words: &mut Vec<&str>, country: &str, address: &mut Address) -> Option<String> {
    if words.len() < 2 {
        return match words.first() {
            Some(one) if is_house_number(one) => Some(house_form(words.remove(0))),
            _ => None,
        };
    }
    if words.first().is_some_and(|first| is_house_number(first)) {
        let first = words.remove(0);
        if matches!(country, "AU" | "NZ")
            && let Some((flat, number)) = first.split_once('/')
        {
            if address.unit.is_none() {
                address.unit = Some(format!("Unit {}", flat.to_ascii_uppercase()));
            }
            return Some(house_form(number));
        }
        let mut number = house_form(first);
        // "12 bis", "12 A", "12 1/2"
        if words.len() > 1
            && let Some(next) = words.first().copied()
        {
            if matches!(next, "bis" | "ter" | "BIS" | "TER" | "1/2" | "½") {
                number.push(' ');
                number.push_str(&next.to_ascii_lowercase());
                words.remove(0);
            } else if words.len() > 2 && next.len() == 1 && matches!(next.as_bytes(), [b'A'..=b'D' | b'a'..=b'd']) {
                number.push_str(&next.to_ascii_lowercase());
                words.remove(0);
            }
        }
        return Some(number);
    }
    let road = |word: &str| {
        key(word).is_some_and(|k| {
            matches!(
                k.as_str(),
                "highway"
                    | "hwy"
                    | "route"
                    | "rt"
                    | "rte"
                    | "road"
                    | "rd"
                    | "us"
                    | "county"
                    | "cr"
                    | "sr"
                    | "fm"
                    | "interstate"
                    | "line"
            )
        })
    };
    let count = words.len();
    let letter = words.last().is_some_and(|l| l.len() == 1 && l.bytes().all(|b| b.is_ascii_alphabetic()));
    if letter && count > 2 && words.get(count - 2).is_some_and(|w| is_house_number(w)) {
        let letter = words.pop().unwrap_or_default();
        let number = words.pop().unwrap_or_default();
        return Some(format!("{}{}", house_form(number), letter.to_ascii_lowercase()));
    }
    if words.last().is_some_and(|last| is_house_number(last)) {
        if number_first(country) && words.get(count - 2).is_some_and(|before| road(before)) {
            return None;
        }
        let last = words.pop().unwrap_or_default();
        // "nr 5", "n° 5", "No. 5"
        if words.len() > 1
            && words
                .last()
                .is_some_and(|w| matches!(text::fold(w).as_str(), "nr" | "no" | "n" | "num" | "numero" | "ndeg"))
        {
            words.pop();
        }
        if matches!(country, "PL" | "AT" | "CZ")
            && let Some((number, flat)) = last.split_once('/')
        {
            if address.unit.is_none() {
                address.unit = Some(flat.to_ascii_uppercase());
            }
            return Some(house_form(number));
        }
        return Some(house_form(last));
    }
    None
}

/// Digits, perhaps a range or fraction, perhaps one letter: `12`, `12a`, `12-14`, `3/12`, `12.` is none (`17. Juni`).
fn is_house_number(word: &str) -> bool {
    let word = word.trim_end_matches(',');
    if word.len() > 12 || !word.bytes().next().is_some_and(|b| b.is_ascii_digit()) {
        return false;
    }
    let mut letters = 0;
    for byte in word.bytes() {
        match byte {
            b'0'..=b'9' => letters = 0,
            b'-' | b'/' | b'+' => letters = 0,
            _ if byte.is_ascii_alphabetic() => letters += 1,
            _ => return false,
        }
        if letters > 1 {
            return false;
        }
    }
    true
}

fn house_form(number: &str) -> String {
    number.trim_matches([',', ' ', '.']).chars().filter(|c| *c != ' ').map(|c| c.to_ascii_lowercase()).collect()
}

fn cased(words: &[&str]) -> String {
    let mut out = String::new();
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        push_place_word(word, index > 0, &mut out);
    }
    out
}

/// The street with direction and type written out, and its type.
fn street_form(words: &[&str], country: &str) -> (String, Option<String>) {
    let language = Language::of(country);
    let mut out = String::with_capacity(words.iter().map(|w| w.len() + 6).sum());
    let mut kind = None;
    let last = words.len() - 1;
    // In English the type is the last word but for a direction.
    let type_at = if language.type_first() {
        0
    } else if last > 1 && words.last().is_some_and(|w| direction(w).is_some()) {
        last - 1
    } else {
        last
    };
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        if index == type_at
            && words.len() > 1
            && let Some(found) = street_type(word, language)
        {
            out.push_str(found);
            kind = Some(found.to_owned());
        } else if language == Language::English
            && words.len() > 1
            && (index == 0 || index == last)
            && index != type_at
            && let Some(full) = direction(word).filter(|_| index != 0 || last > 0)
        {
            out.push_str(full);
        } else if (matches!(language, Language::German | Language::Dutch) || country.is_empty())
            && let Some((stem, ending)) = compound(word, country)
        {
            let mut joined = String::with_capacity(word.len() + 4);
            joined.push_str(stem);
            // An ending that stands as a word of its own has a capital.
            joined.push_str(ending);
            if stem.is_empty() || text::is_one_case(stem) {
                text::push_title_word(&joined.to_lowercase(), &mut out)
            } else {
                out.push_str(&joined)
            }
            kind = Some(ending.to_owned());
        } else {
            // "US Highway 50"
            if *word == "US" { out.push_str(word) } else { push_place_word(word, index > 0, &mut out) }
        }
    }
    (out, kind)
}

fn street_type(word: &str, language: Language) -> Option<&'static str> {
    let found = TYPES.get(key(word)?.as_str())?;
    found
        .iter()
        .find(|(of, _)| *of == language)
        .or_else(|| found.iter().find(|_| language == Language::English))
        .map(|(_, name)| *name)
}

/// The usual spelling of the direction a word stands for.
fn direction(word: &str) -> Option<&'static str> {
    Some(match key(word)?.as_str() {
        "n" | "north" | "no" => "North",
        "s" | "south" | "so" => "South",
        "e" | "east" => "East",
        "w" | "west" => "West",
        "ne" | "northeast" => "Northeast",
        "nw" | "northwest" => "Northwest",
        "se" | "southeast" => "Southeast",
        "sw" | "southwest" => "Southwest",
        _ => return None,
    })
}

/// Stem and full ending of a German or Dutch compound: `Hauptstr.` → `Haupt`, `straße`.
fn compound<'a>(word: &'a str, country: &str) -> Option<(&'a str, &'static str)> {
    let bare = word.trim_end_matches('.');
    let full = match country {
        "NL" | "BE" => "straat",
        "CH" | "LI" => "strasse",
        _ => "straße",
    };
    for (ending, name) in [
        ("strasse", full),
        ("straße", full),
        ("str", full),
        ("straat", "straat"),
        ("weg", "weg"),
        ("platz", "platz"),
        ("allee", "allee"),
        ("gasse", "gasse"),
        ("laan", "laan"),
        ("plein", "plein"),
    ] {
        let Some(cut) = bare.len().checked_sub(ending.len()) else {
            continue;
        };
        if let Some((stem, tail)) = bare.split_at_checked(cut)
            && (tail.eq_ignore_ascii_case(ending) || (ending == "straße" && tail.to_lowercase() == ending))
            && (stem.chars().count() >= 2 || (stem.is_empty() && ending.starts_with("str")))
        {
            return Some((stem, name));
        }
    }
    None
}

/// A word for the tables; a number is no word.
fn key(word: &str) -> Option<Key> {
    let number = word.bytes().next().is_some_and(|b| b.is_ascii_digit());
    if number { None } else { Key::new(word, |_| true) }
}
