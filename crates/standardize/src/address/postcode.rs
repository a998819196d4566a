//! Postcodes in the writing of their country.

use crate::text;

/// The normal form of a postcode in a country (alpha-2): upper case, the country's own spacing, leading zeros that a
/// spreadsheet has eaten put back, a country prefix (`D-`, `CH-`) dropped. A code that does not have the country's
/// shape is kept, in upper case, since a mistyped code still tells records apart. `None` for one without letters or
/// digits.
///
/// ```
/// use goldsmith_standardize::address::postcode;
/// assert_eq!(postcode("sw1a1aa", "GB").as_deref(), Some("SW1A 1AA"));
/// assert_eq!(postcode("2134", "US").as_deref(), Some("02134"));
/// assert_eq!(postcode("627041234", "US").as_deref(), Some("62704-1234"));
/// assert_eq!(postcode("D-10115", "DE").as_deref(), Some("10115"));
/// assert_eq!(postcode("1234ab", "NL").as_deref(), Some("1234 AB"));
/// assert_eq!(postcode("00950", "PL").as_deref(), Some("00-950"));
/// ```
#[must_use]
pub fn postcode(raw: &str, country: &str) -> Option<String> {
    let raw = raw.trim();
    let raw = raw.strip_suffix(".0").unwrap_or(raw);
    let mut code: String = if raw.is_ascii() {
        raw.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_uppercase() as char).collect()
    } else {
        text::fold(raw).bytes().filter(|b| *b != b' ').map(|b| b.to_ascii_uppercase() as char).collect()
    };
    if code.is_empty() || code.len() > 16 {
        return None;
    }
    if let Some(bare) = without_prefix(&code, country) {
        code = bare;
    }
    let digits = code.bytes().all(|b| b.is_ascii_digit());
    if digits && let Some(width) = digit_width(country) {
        // A US code of eight digits is one of nine without its zero.
        let width = if country == "US" && matches!(code.len(), 8 | 9) { 9 } else { width };
        if code.len() + 2 >= width && code.len() < width {
            code.insert_str(0, "00".get(..width - code.len()).unwrap_or_default());
        }
    }
    if let Some((at, separator)) = separator(&code, country)
        && code.is_char_boundary(at)
    {
        code.insert(at, separator);
    }
    Some(code)
}

/// Whether a code, without its spaces, has the shape of the country's postcodes. For countries not known here: never.
pub(super) fn has_shape(raw: &str, country: &str) -> bool {
    let shape = match country {
        "US" => return matches_shape(raw, "99999") || matches_shape(raw, "99999-9999"),
        "GB" => return is_british(raw),
        "CA" => "A9A9A9",
        "NL" => "9999AA",
        "PL" => return matches_shape(raw, "99-999"),
        "PT" => return matches_shape(raw, "9999-999"),
        "IE" => "A99XXXX",
        _ => match digit_width(country) {
            Some(width) => return raw.len() == width && raw.bytes().all(|b| b.is_ascii_digit()),
            None => return false,
        },
    };
    raw.bytes().filter(|b| *b != b' ').count() == shape.len()
        && raw.bytes().filter(|b| *b != b' ').zip(shape.bytes()).all(|(byte, wanted)| fits(byte, wanted))
}

fn matches_shape(raw: &str, shape: &str) -> bool {
    raw.len() == shape.len() && raw.bytes().zip(shape.bytes()).all(|(byte, wanted)| fits(byte, wanted))
}

const fn fits(byte: u8, wanted: u8) -> bool {
    match wanted {
        b'9' => byte.is_ascii_digit(),
        b'A' => byte.is_ascii_alphabetic(),
        b'X' => byte.is_ascii_alphanumeric(),
        _ => byte == wanted,
    }
}

/// Area of one or two letters, a digit, perhaps one more character; then a digit and two letters.
fn is_british(raw: &str) -> bool {
    let code: Vec<u8> = raw.bytes().filter(|b| *b != b' ').collect();
    let Some((outward, [digit, unit @ ..])) = code.len().checked_sub(3).and_then(|at| code.split_at_checked(at)) else {
        return false;
    };
    let letters = outward.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let rest = outward.get(letters..).unwrap_or_default();
    digit.is_ascii_digit()
        && unit.iter().all(u8::is_ascii_alphabetic)
        && (1..=2).contains(&letters)
        && (1..=2).contains(&rest.len())
        && rest.first().is_some_and(u8::is_ascii_digit)
        && rest.iter().all(u8::is_ascii_alphanumeric)
}

const fn digit_width(country: &str) -> Option<usize> {
    match country.as_bytes() {
        b"US" | b"DE" | b"FR" | b"ES" | b"IT" | b"PL" | b"SE" | b"CZ" | b"SK" | b"FI" | b"GR" | b"TR" | b"MX"
        | b"HR" | b"EE" | b"UA" => Some(5),
        b"AT" | b"CH" | b"AU" | b"BE" | b"DK" | b"NO" | b"NZ" | b"LU" | b"HU" | b"BG" | b"ZA" | b"LI" | b"SI" => {
            Some(4)
        }
        b"JP" | b"PT" => Some(7),
        b"BR" => Some(8),
        b"IN" | b"CN" | b"RU" | b"SG" | b"RO" => Some(6),
        _ => None,
    }
}

/// Where the country writes a space or hyphen, for a code of the right length.
fn separator(code: &str, country: &str) -> Option<(usize, char)> {
    let digits = code.bytes().all(|b| b.is_ascii_digit());
    match country {
        "US" if digits && code.len() == 9 => Some((5, '-')),
        "GB" if (5..=7).contains(&code.len()) && is_british(code) => Some((code.len() - 3, ' ')),
        "CA" if has_shape(code, "CA") => Some((3, ' ')),
        "NL" if has_shape(code, "NL") => Some((4, ' ')),
        "IE" if has_shape(code, "IE") => Some((3, ' ')),
        "PL" if digits && code.len() == 5 => Some((2, '-')),
        "PT" if digits && code.len() == 7 => Some((4, '-')),
        "JP" if digits && code.len() == 7 => Some((3, '-')),
        "BR" if digits && code.len() == 8 => Some((5, '-')),
        "SE" | "CZ" | "SK" | "GR" if digits && code.len() == 5 => Some((3, ' ')),
        _ => None,
    }
}

/// The code without a country prefix such as `D` or `CH`, where digits alone follow it.
fn without_prefix(code: &str, country: &str) -> Option<String> {
    let prefixes: &[&str] = match country {
        "DE" => &["DE", "D"],
        "AT" => &["AT", "A"],
        "FR" => &["FR", "F"],
        "IT" => &["IT", "I"],
        "ES" => &["ES", "E"],
        "CH" | "PL" | "SE" | "CZ" | "SK" | "FI" | "DK" | "HU" | "SI" | "LU" | "HR" => &[country],
        "BE" => &["BE", "B"],
        "NL" => &["NL"],
        "NO" => &["NO", "N"],
        _ => &[],
    };
    let rest = prefixes.iter().find_map(|prefix| code.strip_prefix(prefix))?;
    rest.bytes().next().is_some_and(|b| b.is_ascii_digit()).then(|| rest.to_owned())
}
