//! The street line: house number, direction, name and type.

use std::sync::LazyLock;

use hashbrown::HashMap;

use crate::text;

use super::{Address, push_place_word, unit};

/// Reads the lines into the street parts of `address`.
pub(super) fn read(
    lines: Vec<String>,
    number: Option<String>,
    given_unit: Option<String>,
    country: &str,
    address: &mut Address,
) {
    address.unit = given_unit.as_deref().and_then(unit::normal);
    let segments: Vec<&str> = lines
        .iter()
        .flat_map(|line| line.split([',', ';']))
        .map(str::trim)
        .filter(|s| !s.is_empty())
        .collect();
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
        if street.is_none() && plain.last().is_none_or(|_| true) && is_street(&words) {
            street = Some(words);
        } else if street
            .as_ref()
            .is_some_and(|s| !s.iter().any(|w| is_house_number(w)))
            && matches!(words.as_slice(), [one] if is_house_number(one))
        {
            // "Via Roma, 12"
            if let Some(street) = &mut street {
                street.extend(words);
            }
        } else if matches!(words.as_slice(), [one] if is_house_number(one))
            && street.is_none()
            && plain.is_empty()
            && number.is_none()
        {
            // "12, rue de Rivoli"
            plain.push(words);
        } else {
            plain.push(words);
        }
    }
    let mut plain = plain.into_iter();
    let mut words = street.unwrap_or_default();
    let mut held: Option<Vec<&str>> = None;
    if words.is_empty() {
        words = plain.next().unwrap_or_default();
    }
    for segment in plain {
        if held.is_none()
            && matches!(segment.as_slice(), [one] if is_house_number(one))
            && !words.iter().any(|w| is_house_number(w))
        {
            held = Some(segment);
        } else {
            rest.push(cased(&segment));
        }
    }
    if let Some(segment) = held {
        words.splice(0..0, segment);
    }
    address.house_number = match number {
        Some(number) => {
            // The street column may repeat the number.
            let spelled = house_form(&number);
            if words.len() > 1 {
                if words
                    .first()
                    .is_some_and(|w| is_house_number(w) && house_form(w) == spelled)
                {
                    words.remove(0);
                } else if words
                    .last()
                    .is_some_and(|w| is_house_number(w) && house_form(w) == spelled)
                {
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
    segment.split(' ').any(|word| {
        key(word).is_some_and(|k| TYPES.contains_key(k.as_str())) || compound(word, "").is_some()
    })
}

/// Spellings that remain different in display but mean the same: the article-like street words of Polish are dropped.
pub(super) fn match_form(folded: &str) -> String {
    let bare = folded.strip_prefix("ulica ").unwrap_or(folded);
    bare.to_owned()
}

fn is_street(words: &[&str]) -> bool {
    words.len() > 1
        && (words.iter().any(|w| is_house_number(w)) || words.iter().any(|w| has_type_word(w)))
        || words.len() == 1 && words.iter().any(|w| compound(w, "").is_some())
}

fn line1(address: &Address, country: &str) -> Option<String> {
    match (&address.house_number, &address.street) {
        (Some(number), Some(street)) if number_first(country) => Some(format!("{number} {street}")),
        (Some(number), Some(street)) => Some(format!("{street} {number}")),
        (None, Some(street)) => Some(street.clone()),
        (number, None) => address
            .po_box
            .as_ref()
            .map(|number| format!("PO Box {number}"))
            .or_else(|| number.clone()),
    }
}

fn number_first(country: &str) -> bool {
    matches!(
        country,
        "US" | "CA" | "GB" | "AU" | "FR" | "IE" | "NZ" | "IN" | "ZA" | "SG" | "HK" | "LU" | ""
    )
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
            } else if words.len() > 2
                && next.len() == 1
                && matches!(next.as_bytes(), [b'A'..=b'D' | b'a'..=b'd'])
            {
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
    let letter = words
        .last()
        .is_some_and(|l| l.len() == 1 && l.bytes().all(|b| b.is_ascii_alphabetic()));
    if letter && count > 2 && words.get(count - 2).is_some_and(|w| is_house_number(w)) {
        let letter = words.pop().unwrap_or_default();
        let number = words.pop().unwrap_or_default();
        return Some(format!(
            "{}{}",
            house_form(number),
            letter.to_ascii_lowercase()
        ));
    }
    if words.last().is_some_and(|last| is_house_number(last)) {
        if number_first(country) && words.get(count - 2).is_some_and(|before| road(before)) {
            return None;
        }
        let last = words.pop().unwrap_or_default();
        // "nr 5", "n° 5", "No. 5"
        if words.len() > 1
            && words.last().is_some_and(|w| {
                matches!(
                    text::fold(w).as_str(),
                    "nr" | "no" | "n" | "num" | "numero" | "ndeg"
                )
            })
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
    number
        .trim_matches([',', ' ', '.'])
        .chars()
        .filter(|c| *c != ' ')
        .map(|c| c.to_ascii_lowercase())
        .collect()
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
            && (index == 0 || index == last || index + 1 == type_at)
            && (index != type_at)
            && let Some(full) = direction(word).filter(|_| index != 0 || last > 0)
        {
            out.push_str(full);
        } else if let Some((stem, ending)) = compound(word, country).filter(|_| {
            matches!(language, Language::German | Language::Dutch) || country.is_empty()
        }) {
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
            push_place_word(word, index > 0, &mut out);
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
            && (tail.eq_ignore_ascii_case(ending)
                || (ending == "straße" && tail.to_lowercase() == ending))
            && (stem.chars().count() >= 2 || (stem.is_empty() && ending.starts_with("str")))
        {
            return Some((stem, name));
        }
    }
    None
}

/// A word of ASCII letters in lower case without dots and slashes, for the tables; accents are dropped.
fn key(word: &str) -> Option<String> {
    if word.len() > 14 || word.bytes().next().is_some_and(|b| b.is_ascii_digit()) {
        return None;
    }
    if word.is_ascii() {
        return Some(
            word.bytes()
                .filter(u8::is_ascii_alphabetic)
                .map(|b| b.to_ascii_lowercase() as char)
                .collect(),
        );
    }
    let mut folded = text::fold(word);
    folded.retain(|c| c != ' ');
    Some(folded)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    English,
    German,
    Dutch,
    French,
    Spanish,
    Italian,
    Polish,
    Portuguese,
}

impl Language {
    fn of(country: &str) -> Self {
        match country {
            "DE" | "AT" | "CH" | "LI" => Self::German,
            "NL" | "BE" => Self::Dutch,
            "FR" | "LU" | "MC" => Self::French,
            "ES" | "MX" | "AR" | "CO" | "CL" | "PE" => Self::Spanish,
            "IT" => Self::Italian,
            "PL" => Self::Polish,
            "PT" | "BR" => Self::Portuguese,
            _ => Self::English,
        }
    }

    fn type_first(self) -> bool {
        matches!(
            self,
            Self::French | Self::Spanish | Self::Italian | Self::Polish | Self::Portuguese
        )
    }
}

static TYPES: LazyLock<HashMap<&'static str, Vec<(Language, &'static str)>>> =
    LazyLock::new(|| {
        let mut types: HashMap<&'static str, Vec<(Language, &'static str)>> = HashMap::new();
        for (language, name, spellings) in STREET_TYPES {
            for spelling in spellings.split(' ') {
                types.entry(spelling).or_default().push((*language, name));
            }
        }
        types
    });

/// Language, name written out, folded spellings. The English ones are the common ones of USPS Publication 28, C1.
const STREET_TYPES: &[(Language, &str, &str)] = &[
    (Language::English, "Street", "street st str strt"),
    (Language::English, "Avenue", "avenue ave av aven avn"),
    (Language::English, "Boulevard", "boulevard blvd boul bvd"),
    (Language::English, "Road", "road rd"),
    (Language::English, "Drive", "drive dr drv driv"),
    (Language::English, "Lane", "lane ln la"),
    (Language::English, "Court", "court ct crt"),
    (Language::English, "Place", "place pl"),
    (Language::English, "Circle", "circle cir circ crcle"),
    (Language::English, "Terrace", "terrace ter terr tce"),
    (Language::English, "Parkway", "parkway pkwy pky pkway"),
    (Language::English, "Highway", "highway hwy hiway"),
    (Language::English, "Square", "square sq sqr"),
    (Language::English, "Trail", "trail trl tr"),
    (Language::English, "Way", "way wy"),
    (
        Language::English,
        "Crescent",
        "crescent cres crescnt crs cr",
    ),
    (Language::English, "Close", "close cl"),
    (Language::English, "Grove", "grove gr grv gro"),
    (Language::English, "Gardens", "gardens gdns grdns"),
    (Language::English, "Mews", "mews"),
    (Language::English, "Parade", "parade pde"),
    (Language::English, "Alley", "alley aly ally"),
    (Language::English, "Loop", "loop lp"),
    (Language::English, "Pike", "pike pk"),
    (Language::English, "Plaza", "plaza plz plza"),
    (Language::English, "Point", "point pt"),
    (Language::English, "Ridge", "ridge rdg"),
    (Language::English, "Run", "run"),
    (Language::English, "Row", "row"),
    (Language::English, "Walk", "walk wlk"),
    (Language::English, "Hill", "hill hl"),
    (Language::English, "Heights", "heights hts"),
    (Language::English, "Cove", "cove cv"),
    (Language::English, "Crossing", "crossing xing crssng"),
    (Language::English, "Expressway", "expressway expy"),
    (Language::English, "Freeway", "freeway fwy"),
    (Language::English, "Turnpike", "turnpike tpke"),
    (Language::English, "Esplanade", "esplanade esp"),
    (Language::English, "Circuit", "circuit cct cct"),
    (Language::English, "Green", "green grn"),
    (Language::English, "View", "view vw"),
    (Language::English, "Valley", "valley vly"),
    (Language::English, "Station", "station stn"),
    (Language::English, "Park", "park"),
    (Language::German, "Straße", "strasse str"),
    (Language::German, "Platz", "platz pl"),
    (Language::German, "Weg", "weg"),
    (Language::German, "Allee", "allee"),
    (Language::German, "Gasse", "gasse"),
    (Language::German, "Ring", "ring"),
    (Language::German, "Ufer", "ufer"),
    (Language::German, "Damm", "damm"),
    (Language::Dutch, "Straat", "straat str"),
    (Language::Dutch, "Laan", "laan"),
    (Language::Dutch, "Plein", "plein pln"),
    (Language::Dutch, "Weg", "weg"),
    (Language::French, "Rue", "rue r"),
    (Language::French, "Avenue", "avenue av ave"),
    (Language::French, "Boulevard", "boulevard bd blvd boul bld"),
    (Language::French, "Place", "place pl"),
    (Language::French, "Chemin", "chemin che ch chem"),
    (Language::French, "Impasse", "impasse imp"),
    (Language::French, "Allée", "allee all"),
    (Language::French, "Allées", "allees"),
    (Language::French, "Route", "route rte"),
    (Language::French, "Faubourg", "faubourg fg fbg"),
    (Language::French, "Square", "square sq"),
    (Language::French, "Quai", "quai"),
    (Language::French, "Cours", "cours crs"),
    (Language::French, "Passage", "passage pass"),
    (Language::Spanish, "Calle", "calle c cl"),
    (Language::Spanish, "Avenida", "avenida av avda avd ave"),
    (Language::Spanish, "Plaza", "plaza pza pl plza"),
    (Language::Spanish, "Paseo", "paseo ps po pso"),
    (Language::Spanish, "Carretera", "carretera ctra"),
    (Language::Spanish, "Camino", "camino cmno cno"),
    (Language::Spanish, "Ronda", "ronda rda"),
    (Language::Spanish, "Travesía", "travesia trv"),
    (Language::Italian, "Via", "via v"),
    (Language::Italian, "Viale", "viale vle"),
    (Language::Italian, "Piazza", "piazza pza pzza"),
    (Language::Italian, "Piazzale", "piazzale ple"),
    (Language::Italian, "Corso", "corso cso"),
    (Language::Italian, "Largo", "largo lgo"),
    (Language::Italian, "Vicolo", "vicolo vlo"),
    (Language::Italian, "Strada", "strada str"),
    (Language::Polish, "ulica", "ulica ul"),
    (Language::Polish, "aleja", "aleja al"),
    (Language::Polish, "aleje", "aleje"),
    (Language::Polish, "plac", "plac pl"),
    (Language::Polish, "osiedle", "osiedle os"),
    (Language::Portuguese, "Rua", "rua r"),
    (Language::Portuguese, "Avenida", "avenida av"),
    (Language::Portuguese, "Praça", "praca pca"),
    (Language::Portuguese, "Travessa", "travessa tv"),
];
