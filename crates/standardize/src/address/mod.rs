//! Postal addresses: taken apart, each part in its usual writing, and folded for comparison.
//!
//! The parts are read in this order: unit and PO box are taken out of the street line, the house number off its front
//! or its end, and the street type is written out (`St` → `Street`, `Str.` → `Straße`). Where postcode and locality
//! are not given apart, they are found in the last parts of the line.

mod oneline;
mod postcode;
mod region;
mod street;
mod street_type;
mod unit;

pub use postcode::postcode;
pub use region::region;

use crate::{
    country,
    key::Key,
    placeholder::{PlaceholderKind, is_placeholder},
    text,
};

/// An address as found: whichever parts the source has. All empty is fine.
#[derive(Debug, Clone, Copy, Default)]
pub struct AddressInput<'a> {
    /// First line, or the whole address in one.
    pub line1: Option<&'a str>,
    /// Second line: unit, building, or more of the street.
    pub line2: Option<&'a str>,
    /// House number, where it has its own column.
    pub house_number: Option<&'a str>,
    /// Street, where it has its own column; it may still hold the number.
    pub street: Option<&'a str>,
    /// Apartment, suite, floor.
    pub unit: Option<&'a str>,
    /// City, town or village.
    pub locality: Option<&'a str>,
    /// State, province, county.
    pub region: Option<&'a str>,
    /// Postcode.
    pub postcode: Option<&'a str>,
    /// Country in any form [`country::parse`] reads.
    pub country: Option<&'a str>,
}

/// An address in standard form. What is not there is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// House number and street in the order of the country, or the PO box.
    pub line1: Option<String>,
    /// Unit, and what else stood beside the street.
    pub line2: Option<String>,
    /// House number with its letter: `12a`, `12-14`.
    pub house_number: Option<String>,
    /// Street with its type written out: `North Main Street`, `Hauptstraße`.
    pub street: Option<String>,
    /// The street's type: `Street`, `straße`, `Rue`.
    pub street_type: Option<String>,
    /// `Apt 4B`, `Flat 2`, `Unit 7`.
    pub unit: Option<String>,
    /// Number of the PO box.
    pub po_box: Option<String>,
    /// City, town or village.
    pub locality: Option<String>,
    /// State or province: its code in the US, Canada and Australia, else its name.
    pub region: Option<String>,
    /// Postcode in the country's own writing.
    pub postal_code: Option<String>,
    /// ISO 3166 alpha-2.
    pub country: Option<String>,
}

/// The parts of an address folded for comparison, without unit words and street-type spellings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct AddressKey {
    /// House number, letters and digits only: `12a`. A PO box as `pobox12`.
    pub house_number: Option<String>,
    /// Street, type written out.
    pub street: Option<String>,
    /// Unit without its word: `4b` of `Apt 4B`.
    pub unit: Option<String>,
    /// Postcode without spaces; five digits in the US.
    pub postal_code: Option<String>,
    /// Locality, `St` written out as `saint`.
    pub locality: Option<String>,
}

/// Brings an address into standard form. `default_country` (alpha-2) holds where the address names none; where it names
/// one that nobody knows, it is read as of the default and has no country. `None` where no part but the country holds
/// anything.
///
/// ```
/// use goldsmith_standardize::address::{AddressInput, parse};
/// let input = AddressInput { line1: Some("12 N MAIN ST APT 4B, SPRINGFIELD, IL 62704"), ..Default::default() };
/// let address = parse(&input, "US").unwrap();
/// assert_eq!(address.line1.as_deref(), Some("12 North Main Street"));
/// assert_eq!(address.unit.as_deref(), Some("Apt 4B"));
/// assert_eq!(address.locality.as_deref(), Some("Springfield"));
/// assert_eq!((address.region.as_deref(), address.postal_code.as_deref()), (Some("IL"), Some("62704")));
///
/// let input = AddressInput { street: Some("Hauptstr. 5a"), postcode: Some("D-1067"), locality: Some("DRESDEN"), ..Default::default() };
/// let address = parse(&input, "DE").unwrap();
/// assert_eq!(address.line1.as_deref(), Some("Hauptstraße 5a"));
/// assert_eq!((address.postal_code.as_deref(), address.locality.as_deref()), (Some("01067"), Some("Dresden")));
/// ```
#[must_use]
pub fn parse(input: &AddressInput<'_>, default_country: &str) -> Option<Address> {
    let named = input.country.and_then(country::parse);
    let default = country::parse(default_country).unwrap_or_default();
    let mut parts = Parts {
        lines: Vec::with_capacity(3),
        house_number: value(input.house_number).map(strip_float),
        unit: value(input.unit).map(strip_float),
        locality: value(input.locality),
        region: value(input.region),
        postcode: value(input.postcode),
        country: named.unwrap_or(default),
    };
    parts.lines.extend([input.street, input.line1, input.line2].into_iter().filter_map(value));
    parts.lines.dedup();
    oneline::fill(&mut parts, named.is_some());

    let mut address = Address {
        postal_code: parts.postcode.as_deref().and_then(|raw| postcode(raw, parts.country)),
        region: parts.region.as_deref().and_then(|raw| region(raw, parts.country)),
        locality: parts.locality.as_deref().map(place_case),
        ..Address::default()
    };
    street::read(parts.lines, parts.house_number, parts.unit, parts.country, &mut address);
    if address == Address::default() {
        return None;
    }
    let unread = named.is_none() && value(input.country).is_some() && parts.country == default;
    address.country = (!parts.country.is_empty() && !unread).then(|| parts.country.to_owned());
    Some(address)
}

/// The folded parts of an address, for comparison and blocking.
///
/// ```
/// use goldsmith_standardize::address::{AddressInput, match_key, parse};
/// let key = |line| match_key(&parse(&AddressInput { line1: Some(line), ..Default::default() }, "US").unwrap());
/// assert_eq!(key("12 Main St. #4B"), key("12 MAIN STREET, APT 4B"));
/// // The second half of an American postcode is often left out.
/// assert_eq!(key("12 Main St, Springfield, IL 62704-1234"), key("12 Main St, Springfield, IL 62704"));
/// ```
#[must_use]
pub fn match_key(address: &Address) -> AddressKey {
    let folded = |part: &Option<String>| part.as_deref().map(text::fold).filter(|f| !f.is_empty());
    let joined = |part: &Option<String>| {
        folded(part).map(|mut f| {
            f.retain(|c| c != ' ');
            f
        })
    };
    AddressKey {
        house_number: joined(&address.house_number)
            .or_else(|| joined(&address.po_box).map(|number| format!("pobox{number}"))),
        street: folded(&address.street).map(|f| street::match_form(&f)),
        unit: address.unit.as_deref().and_then(unit::match_form),
        postal_code: joined(&address.postal_code.as_deref().map(|code| area_of(code).to_owned())),
        locality: folded(&address.locality).map(|f| match f.strip_prefix("st ") {
            Some(rest) => format!("saint {rest}"),
            None => f,
        }),
    }
}

/// A postcode without what some write after it: of `62704-1234`, the American form, the second half names a side of a
/// street.
fn area_of(code: &str) -> &str {
    match code.split_once('-') {
        Some((area, rest)) if area.len() == 5 && rest.len() == 4 && is_digits(area) && is_digits(rest) => area,
        _ => code,
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The parts of an address on their way from the input to the standard form.
struct Parts {
    lines: Vec<String>,
    house_number: Option<String>,
    unit: Option<String>,
    locality: Option<String>,
    region: Option<String>,
    postcode: Option<String>,
    /// Alpha-2, or empty where not known.
    country: &'static str,
}

fn value(raw: Option<&str>) -> Option<String> {
    let cleaned = text::clean(raw?)?;
    let trimmed = cleaned.trim_matches([',', ';', ' ']);
    if is_placeholder(PlaceholderKind::Address, trimmed) {
        None
    } else if trimmed.len() == cleaned.len() {
        Some(cleaned)
    } else {
        Some(trimmed.to_owned())
    }
}

/// Spreadsheets store numbers as floats: house number `12.0`.
fn strip_float(value: String) -> String {
    value.strip_suffix(".0").map(str::to_owned).unwrap_or(value)
}

/// Capitals for localities and streets: small words inside a name stay small (`Frankfurt am Main`).
fn place_case(name: &str) -> String {
    let mut cased = String::with_capacity(name.len());
    for (index, word) in name.split(' ').enumerate() {
        if index > 0 {
            cased.push(' ');
        }
        push_place_word(word, index > 0, &mut cased);
    }
    cased
}

fn push_place_word(word: &str, inner: bool, out: &mut String) {
    if !text::is_one_case(word) {
        out.push_str(word);
    } else if inner && is_small_word(word) {
        out.extend(word.chars().map(|c| c.to_ascii_lowercase()));
    } else if word.contains('-') {
        for (index, piece) in word.split('-').enumerate() {
            if index > 0 {
                out.push('-');
            }
            push_place_word(piece, index > 0, out);
        }
    } else {
        text::push_title_word(word, out);
    }
}

/// Articles and prepositions inside the names of places and streets.
fn is_small_word(word: &str) -> bool {
    word.len() <= 5
        && word.is_ascii()
        && Key::new(word, |_| false).is_some_and(|key| {
            matches!(
                key.as_str(),
                "aan"
                    | "am"
                    | "an"
                    | "auf"
                    | "bei"
                    | "da"
                    | "das"
                    | "de"
                    | "degli"
                    | "dei"
                    | "del"
                    | "della"
                    | "delle"
                    | "den"
                    | "der"
                    | "des"
                    | "di"
                    | "do"
                    | "dos"
                    | "du"
                    | "et"
                    | "im"
                    | "la"
                    | "las"
                    | "le"
                    | "les"
                    | "los"
                    | "nad"
                    | "ob"
                    | "of"
                    | "on"
                    | "op"
                    | "sur"
                    | "the"
                    | "upon"
                    | "van"
                    | "vom"
                    | "von"
                    | "y"
                    | "zu"
                    | "zum"
                    | "zur"
            )
        })
}

#[cfg(test)]
mod tests;
