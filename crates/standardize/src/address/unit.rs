//! Apartments, suites and floors, and PO boxes.

use crate::{key::Key, text};

/// The usual writing of a unit word; `None` for any other word.
pub(super) fn word(raw: &str) -> Option<&'static str> {
    let raw = raw.trim_end_matches(['.', ':']);
    if !(1..=10).contains(&raw.len()) {
        return None;
    }
    let mut lower = [0u8; 10];
    let lower = lower.get_mut(..raw.len())?;
    lower.copy_from_slice(raw.as_bytes());
    lower.make_ascii_lowercase();
    Some(match std::str::from_utf8(lower).ok()? {
        "apt" | "apartment" | "appt" | "apto" | "app" => "Apt",
        "unit" => "Unit",
        "flat" => "Flat",
        "suite" | "ste" => "Suite",
        "room" | "rm" => "Room",
        "floor" => "Floor",
        "whg" | "wohnung" => "Wohnung",
        "top" => "Top",
        "piso" => "Piso",
        "lok" | "lokal" => "Lok.",
        "bus" => "Bus",
        "#" => "Unit",
        _ => return None,
    })
}

/// `FL 3` is a floor, `FL 33101` is in Florida.
fn floor_or_florida(word: &str, next: Option<&&str>) -> Option<&'static str> {
    let floor = word.trim_end_matches('.').eq_ignore_ascii_case("fl") && next.is_some_and(|next| next.len() <= 3);
    floor.then_some("Floor")
}

/// Takes the unit out of a line's words: a unit word and its value, or `#4`. The value holds a digit or is one letter.
pub(super) fn take(words: &mut Vec<&str>) -> Option<String> {
    for at in 0..words.len() {
        let Some(&found) = words.get(at) else { break };
        if let Some(number) = found.strip_prefix('#').filter(|n| is_value(n)) {
            let unit = format!("Unit {}", number.to_ascii_uppercase());
            words.remove(at);
            return Some(unit);
        }
        // "Apt#4", "Apt.4B"
        if let Some((before, number)) = found.split_once(['#', '.']).filter(|(_, number)| is_value(number))
            && let Some(name) = word(before)
        {
            let unit = format!("{name} {}", number.to_ascii_uppercase());
            words.remove(at);
            return Some(unit);
        }
        if let Some(name) = word(found).or_else(|| floor_or_florida(found, words.get(at + 1)))
            && let Some(next) = words.get(at + 1)
        {
            let next = next.trim_start_matches('#').trim_end_matches([',', '.']);
            // "Flat 3" may open a line; "Top Floor" and "Unit Road" are no units.
            if is_value(next) {
                let unit = format!("{name} {}", next.to_ascii_uppercase());
                words.drain(at..=at + 1);
                return Some(unit);
            }
            // "Apt # 4"
            if next.is_empty()
                && let Some(value) = words.get(at + 2).filter(|value| is_value(value))
            {
                let unit = format!("{name} {}", value.to_ascii_uppercase());
                words.drain(at..=at + 2);
                return Some(unit);
            }
        }
    }
    None
}

/// The normal form of a unit that has its own column; a bare value is kept as it is.
pub(super) fn normal(raw: &str) -> Option<String> {
    let mut words: Vec<&str> = raw.split([' ', ',']).filter(|w| !w.is_empty()).collect();
    match take(&mut words) {
        Some(unit) if words.is_empty() => Some(unit),
        _ => {
            let all_values = raw.split(' ').all(is_value);
            let kept = if all_values { raw.to_ascii_uppercase() } else { text::title_case(raw) };
            text::clean(&kept)
        }
    }
}

/// The value of a unit, folded: `4b` of `Apt 4B`.
pub(super) fn match_form(unit: &str) -> Option<String> {
    let value = unit.split_once(' ').filter(|(name, _)| word(name).is_some()).map_or(unit, |(_, value)| value);
    let mut folded = text::fold(value);
    folded.retain(|c| c != ' ');
    (!folded.is_empty()).then_some(folded)
}

/// The number of a PO box, where the line is one (`PO Box 12`, `Postfach 12`, `BP 12`).
pub(super) fn take_po_box(words: &mut Vec<&str>) -> Option<String> {
    // Most lines are none: one look at each word that could begin the name of a box.
    if words.len() < 2 || !words.iter().any(|word| begins_po_box(word)) {
        return None;
    }
    let keys: Vec<Option<Key>> = words.iter().map(|word| Key::new(word, |_| true)).collect();
    const NAMES: &[&[&str]] = &[
        &["po", "box"],
        &["p", "o", "box"],
        &["post", "office", "box"],
        &["pobox"],
        &["postfach"],
        &["bp"],
        &["postbus"],
        &["apartado", "de", "correos"],
        &["apartado"],
        &["casella", "postale"],
        &["skrytka", "pocztowa"],
        &["boite", "postale"],
        &["gpo", "box"],
        &["locked", "bag"],
    ];
    for at in 0..keys.len() {
        for name in NAMES {
            let after = at + name.len();
            let same = |(key, wanted): (&Option<Key>, &&str)| key.as_ref().is_some_and(|key| key.as_str() == *wanted);
            if keys.get(at..after).is_some_and(|found| found.iter().zip(*name).all(same))
                && let Some(Some(number)) = keys.get(after)
                && number.as_str().bytes().any(|b| b.is_ascii_digit())
            {
                let number = number.as_str().to_ascii_uppercase();
                words.drain(at..=after);
                return Some(number);
            }
        }
    }
    None
}

fn begins_po_box(word: &str) -> bool {
    word.as_bytes().first().is_some_and(|b| b"pPbBaAcCsSgGlL".contains(b))
        && Key::new(word, |_| true).is_some_and(|key| {
            matches!(
                key.as_str(),
                "po" | "p"
                    | "post"
                    | "pobox"
                    | "postfach"
                    | "bp"
                    | "postbus"
                    | "apartado"
                    | "casella"
                    | "skrytka"
                    | "boite"
                    | "gpo"
                    | "locked"
            )
        })
}

fn is_value(word: &str) -> bool {
    let word = word.trim_end_matches(',');
    (word.len() == 1 && word.bytes().all(|b| b.is_ascii_alphanumeric()))
        || (word.len() <= 8
            && word.bytes().any(|b| b.is_ascii_digit())
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'/')))
}
