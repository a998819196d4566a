//! Addresses in one line: postcode, region, locality and country found from the end.

use crate::country;

use super::{Parts, postcode, region, street};

/// Fills locality, region, postcode and country from the lines where they are not given.
pub(super) fn fill(parts: &mut Parts, country_named: bool) {
    if parts.postcode.is_none()
        && parts.locality.as_deref().is_some_and(|l| l.bytes().any(|b| b.is_ascii_digit()) || l.contains(','))
    {
        split_locality(parts);
    }
    if parts.locality.is_some() || parts.lines.is_empty() {
        return;
    }
    let joined = parts.lines.join(", ");
    let mut segments: Vec<&str> = joined.split([',', '\n', ';']).map(str::trim).filter(|s| !s.is_empty()).collect();
    if segments.len() > 1
        && !country_named
        && let Some(code) = segments.last().and_then(|last| long_country(last))
    {
        parts.country = code;
        segments.pop();
    }
    if segments.len() == 1 {
        split_words(segments.first().copied().unwrap_or_default().to_owned(), parts);
        return;
    }
    let mut found = false;
    // The last two segments may hold place, region and postcode; the first is the street.
    while segments.len() > 1 && parts.locality.is_none() {
        let Some(last) = segments.pop() else { break };
        match place(last, parts) {
            Place::Nothing if !found && !looks_like_place(last, &segments) => {
                segments.push(last);
                break;
            }
            Place::Nothing => parts.locality = Some(last.to_owned()),
            Place::Locality(locality) => parts.locality = Some(locality),
            Place::CodesOnly => {}
        }
        found = true;
    }
    if found {
        parts.lines = segments.into_iter().map(str::to_owned).collect();
    }
}

enum Place {
    /// Neither postcode nor region in it.
    Nothing,
    /// Postcode or region, and this locality beside it.
    Locality(String),
    /// Postcode or region alone.
    CodesOnly,
}

/// Reads a segment such as `IL 62704`, `10115 Berlin`, `London SW1A 1AA`, `Springfield IL 62704`.
fn place(segment: &str, parts: &mut Parts) -> Place {
    let mut words: Vec<&str> = segment.split(' ').collect();
    let mut found = false;
    if parts.postcode.is_none()
        && let Some(code) = take_postcode(&mut words, parts.country)
    {
        parts.postcode = Some(code);
        found = true;
    }
    if parts.region.is_none()
        && let Some(code) = take_region(&mut words, parts.country)
    {
        parts.region = Some(code);
        found = true;
    }
    match (found, words.is_empty()) {
        (false, _) => Place::Nothing,
        (true, true) => Place::CodesOnly,
        (true, false) => Place::Locality(words.join(" ")),
    }
}

/// A postcode of one or two words at the end or the start.
fn take_postcode(words: &mut Vec<&str>, country: &str) -> Option<String> {
    let count = words.len();
    for width in [2, 1] {
        let Some(cut) = count.checked_sub(width) else {
            continue;
        };
        let tail = words.get(cut..).unwrap_or_default().join(" ");
        if postcode::has_shape(&tail, country) && (width == 1 || has_spaced_form(country)) {
            words.truncate(cut);
            return Some(tail);
        }
    }
    for width in [2, 1] {
        let Some(head) = words.get(..width) else {
            continue;
        };
        let head = head.join(" ");
        let bare = head
            .split_once('-')
            .filter(|(prefix, _)| prefix.len() <= 2 && prefix.bytes().all(|b| b.is_ascii_alphabetic()));
        let bare = bare.map_or(head.as_str(), |(_, rest)| rest);
        if postcode::has_shape(bare, country) && (width == 1 || has_spaced_form(country)) {
            words.drain(..width);
            return Some(bare.to_owned());
        }
    }
    None
}

fn has_spaced_form(country: &str) -> bool {
    matches!(country, "GB" | "CA" | "NL" | "IE")
}

/// A region of one to three words at the end, in the countries that have codes for them.
fn take_region(words: &mut Vec<&str>, country: &str) -> Option<String> {
    for width in (1..=3.min(words.len())).rev() {
        let cut = words.len() - width;
        let tail = words.get(cut..).unwrap_or_default();
        // "New York, NY" is a city; only the whole segment or a code may be a region.
        if cut > 0 && tail.iter().any(|word| word.len() > 3) {
            continue;
        }
        let code = match tail {
            [one] => region::code(one, country),
            many => region::code(&many.join(" "), country),
        };
        if let Some(code) = code {
            words.truncate(cut);
            return Some(code.to_owned());
        }
    }
    None
}

/// `Main St 12, Springfield` ends with a place; `12 Main St, Apt 4` does not.
fn looks_like_place(last: &str, before: &[&str]) -> bool {
    !last.bytes().any(|b| b.is_ascii_digit())
        && !street::has_type_word(last)
        && before.iter().any(|s| s.bytes().any(|b| b.is_ascii_digit()))
        && last.split(' ').all(|word| super::unit::word(word).is_none())
}

/// Names and alpha-3 codes, `UK` and `US`: other two letters are more often a state.
fn long_country(segment: &str) -> Option<&'static str> {
    if (segment.len() > 2 && !segment.bytes().any(|b| b.is_ascii_digit())) || matches!(segment, "UK" | "US") {
        country::parse(segment)
    } else {
        None
    }
}

/// A locality column that holds more: `Springfield, IL 62704`, `10115 Berlin`.
fn split_locality(parts: &mut Parts) {
    let Some(whole) = parts.locality.take() else {
        return;
    };
    let mut segments: Vec<&str> = whole.split(',').map(str::trim).filter(|s| !s.is_empty()).collect();
    while let Some(last) = segments.pop() {
        match place(last, parts) {
            Place::CodesOnly => {}
            Place::Locality(locality) => {
                segments.push(&locality);
                parts.locality = Some(segments.join(", "));
                return;
            }
            Place::Nothing => {
                segments.push(last);
                parts.locality = Some(segments.join(", "));
                return;
            }
        }
    }
    // Only codes: nothing was a locality.
}

/// One line without commas: `12 Main St Springfield IL 62704`, `Hauptstr. 5 10115 Berlin`.
fn split_words(line: String, parts: &mut Parts) {
    let mut words: Vec<&str> = line.split(' ').collect();
    if parts.postcode.is_none() {
        // A postcode in the middle divides street and locality.
        let middle = (2..words.len().saturating_sub(1)).rev().find(|at| {
            words.get(*at).is_some_and(|word| postcode::has_shape(word, parts.country))
                && !has_spaced_form(parts.country)
                && parts.country != "US"
        });
        if let Some(at) = middle {
            parts.postcode = words.get(at).map(|word| (*word).to_owned());
            parts.locality = words.get(at + 1..).map(|rest| rest.join(" "));
            parts.lines = vec![words.get(..at).unwrap_or_default().join(" ")];
            return;
        }
        if words.len() < 4 {
            return;
        }
        let Some(code) = take_postcode(&mut words, parts.country) else {
            return;
        };
        parts.postcode = Some(code);
        if parts.region.is_none() {
            parts.region = take_region(&mut words, parts.country);
        }
        // The locality begins after the last street type, and what belongs to it.
        let street_end =
            words.iter().rposition(|word| street::has_type_word(word)).filter(|at| *at > 0 && at + 1 < words.len());
        if let Some(mut end) = street_end {
            while words.get(end + 1).is_some_and(|word| {
                super::unit::word(word).is_some() || word.starts_with('#') || word.bytes().any(|b| b.is_ascii_digit())
            }) {
                end += 1;
            }
            let locality = words.split_off(end + 1);
            parts.locality = (!locality.is_empty()).then(|| locality.join(" "));
        }
        parts.lines = vec![words.join(" ")];
    }
}
