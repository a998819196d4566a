//! Phone numbers to E.164, through libphonenumber's rules and metadata.

use std::{cell::RefCell, str::FromStr};

use hashbrown::HashMap;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberType, Region};

use crate::placeholder::{PlaceholderKind, is_placeholder};

/// A phone number in standard form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    /// `+`, country calling code and national number, without extension: at most 16 characters.
    pub e164: String,
    /// What the numbering plan says it is.
    pub kind: PhoneKind,
    /// ISO 3166 alpha-2 code of the region the number belongs to; `None` where the number is not valid.
    pub region: Option<String>,
    /// Whether the numbering plan has handed out such numbers. One that is merely possible (right length, such as the
    /// fictitious 555 numbers of the US) still tells records apart and is kept with `false`.
    pub valid: bool,
}

/// The kinds of number that matter for a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PhoneKind {
    /// Mobile.
    Mobile,
    /// Fixed line: often shared by a household.
    FixedLine,
    /// The plan does not tell the two apart (US, Canada).
    FixedLineOrMobile,
    /// Toll-free, premium, voice over IP, or not known.
    Other,
}

impl PhoneKind {
    /// `mobile`, `fixed_line`, `fixed_line_or_mobile` or `other`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mobile => "mobile",
            Self::FixedLine => "fixed_line",
            Self::FixedLineOrMobile => "fixed_line_or_mobile",
            Self::Other => "other",
        }
    }
}

/// Reads a phone number as written in `region` (ISO 3166 alpha-2): national or international notation, `00` for `+`,
/// letters on the keys, extensions (dropped), `tel:`. `None` where no number of that length exists, and for
/// placeholders. With an unknown `region` only international notation is read.
///
/// ```
/// use goldsmith_standardize::phone::{PhoneKind, parse};
/// let phone = parse("020 7946 0958 ext. 4", "GB").unwrap();
/// assert_eq!(phone.e164, "+442079460958");
/// assert_eq!((phone.kind, phone.region.as_deref()), (PhoneKind::FixedLine, Some("GB")));
/// assert_eq!(parse("0049 30 901820", "US").unwrap().e164, "+4930901820");
/// assert_eq!(parse("(555) 123-4567", "US").unwrap().valid, false);
/// assert_eq!(parse("000-000-0000", "US"), None);
/// ```
#[must_use]
pub fn parse(raw: &str, region: &str) -> Option<Phone> {
    let raw = raw.trim();
    if raw.len() > 80 || !raw.bytes().any(|b| b.is_ascii_digit()) && raw.is_ascii() {
        return None;
    }
    if is_placeholder(PlaceholderKind::Phone, raw) || is_scientific(raw) {
        return None;
    }
    // Spreadsheets store numbers as floats.
    let raw = raw.strip_suffix(".0").unwrap_or(raw);
    let default = region_of(region);
    if let Some(phone) = north_american(raw, default) {
        return Some(phone);
    }
    let mut found = match international(raw) {
        Some(plus) => read(&plus, default).or_else(|| read(raw, default)),
        None => read(raw, default),
    }?;
    // A trunk prefix too many: reading the result again takes the zeros off one by one.
    while found.zero_led && !found.phone.valid {
        let again = read(&found.phone.e164, None)?;
        if again.phone.e164.len() >= found.phone.e164.len() {
            break;
        }
        found = again;
    }
    Some(found.phone)
}

struct Found {
    phone: Phone,
    /// Whether the national number begins with a zero: usual in Italy, a mistake nearly everywhere else.
    zero_led: bool,
}

fn read(raw: &str, default: Option<Region>) -> Option<Found> {
    let number = PHONE_NUMBER_UTIL.parse(raw, default).ok()?;
    if !PHONE_NUMBER_UTIL.is_possible_number(&number) {
        return None;
    }
    let national = rlibphonenumber::get_national_significant_number_owned(&number);
    let e164 = format!("+{}{national}", number.country_code);
    Some(Found { phone: Plan::of(&number).into_phone(e164), zero_led: national.starts_with('0') })
}

/// What the numbering plan says about a number.
#[derive(Clone, Copy)]
struct Plan {
    kind: PhoneNumberType,
    region: Option<Region>,
}

impl Plan {
    fn of(number: &PhoneNumber) -> Self {
        let kind = PHONE_NUMBER_UTIL.get_number_type(number);
        let valid = kind != PhoneNumberType::Unknown;
        Self { kind, region: if valid { PHONE_NUMBER_UTIL.get_region_for_number(number) } else { None } }
    }

    fn into_phone(self, e164: String) -> Phone {
        let valid = self.kind != PhoneNumberType::Unknown;
        Phone { e164, kind: kind_of(self.kind), region: self.region.map(code_of), valid }
    }
}

/// Ten digits of the North American plan, with or without its country code 1, and nothing but separators: read here,
/// since twenty-five countries share the plan and asking libphonenumber for each costs thirty times as much. The metadata
/// of the United States and Canada look no further than the six digits of area and exchange, so the answer for those is
/// kept, per thread; those of some islands do, so their areas go the long way.
fn north_american(raw: &str, default: Option<Region>) -> Option<Phone> {
    let plus = raw.starts_with('+');
    if !plus && !matches!(default, Some(Region::US | Region::CA)) {
        return None;
    }
    let mut digits = [0u8; 11];
    let mut count = 0;
    for (at, byte) in raw.bytes().enumerate() {
        match byte {
            b'0'..=b'9' => {
                *digits.get_mut(count)? = byte;
                count += 1;
            }
            b' ' | b'(' | b')' | b'-' | b'.' => {}
            b'+' if at == 0 => {}
            _ => return None,
        }
    }
    let national = match (plus, digits.get(..count)?) {
        (_, [b'1', national @ ..]) if national.len() == 10 => national,
        (false, national) if national.len() == 10 => national,
        _ => return None,
    };
    if !national.first().is_some_and(|first| (b'2'..=b'9').contains(first)) {
        return None;
    }
    let value = |digits: &[u8]| digits.iter().fold(0u64, |value, digit| value * 10 + u64::from(digit - b'0'));
    let exchange = u32::try_from(value(national.get(..6)?)).ok()?;
    if ISLANDS.contains(&(exchange / 1000)) {
        return None;
    }
    let plan = NORTH_AMERICA.with_borrow_mut(|known| {
        *known.entry(exchange).or_insert_with(|| {
            Plan::of(&PhoneNumber { country_code: 1, national_number: value(national), ..PhoneNumber::default() })
        })
    });
    let mut e164 = String::with_capacity(12);
    e164.push_str("+1");
    e164.extend(national.iter().map(|digit| *digit as char));
    Some(plan.into_phone(e164))
}

/// The areas of the North American plan outside the United States' mainland and Canada, in ascending order.
const ISLANDS: [u32; 27] = [
    242, 246, 264, 268, 284, 340, 345, 441, 473, 649, 658, 664, 670, 671, 684, 721, 758, 767, 784, 787, 809, 829, 849,
    868, 869, 876, 939,
];

thread_local! {
    /// By area and exchange: at most 800,000 entries.
    static NORTH_AMERICA: RefCell<HashMap<u32, Plan>> = RefCell::new(HashMap::new());
}

fn code_of(region: Region) -> String {
    match region {
        // Nearly all numbers that are read the short way.
        Region::US => "US".to_owned(),
        Region::CA => "CA".to_owned(),
        region => region.to_string(),
    }
}

const fn kind_of(kind: PhoneNumberType) -> PhoneKind {
    match kind {
        PhoneNumberType::Mobile => PhoneKind::Mobile,
        PhoneNumberType::FixedLine => PhoneKind::FixedLine,
        PhoneNumberType::FixedLineOrMobile => PhoneKind::FixedLineOrMobile,
        _ => PhoneKind::Other,
    }
}

fn region_of(region: &str) -> Option<Region> {
    let bytes = region.trim().as_bytes();
    let &[a, b] = bytes else { return None };
    if !a.is_ascii_alphabetic() || !b.is_ascii_alphabetic() {
        return None;
    }
    let code = [a.to_ascii_uppercase(), b.to_ascii_uppercase()];
    std::str::from_utf8(&code).ok().and_then(|code| Region::from_str(code).ok())
}

/// `00…` means `+…` in most of the world, and data travels to where it does not. No national number begins with two
/// zeros; Australia's own prefix 0011 is left to the metadata.
fn international(raw: &str) -> Option<String> {
    let rest = raw.strip_prefix("(00)").or_else(|| raw.strip_prefix("00"))?;
    (!rest.starts_with('0') && !rest.starts_with("11")).then(|| format!("+{rest}"))
}

/// A number a spreadsheet has rounded (`4.4207946E+11`) has lost its digits.
fn is_scientific(raw: &str) -> bool {
    raw.bytes().position(|b| matches!(b, b'e' | b'E')).is_some_and(|at| {
        let (mantissa, exponent) = raw.split_at(at);
        let exponent = exponent.get(1..).unwrap_or_default().trim_start_matches(['+', '-']);
        !exponent.is_empty()
            && exponent.len() <= 2
            && exponent.bytes().all(|b| b.is_ascii_digit())
            && !mantissa.is_empty()
            && mantissa.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn notations_of_one_number() {
        fn check(raw: &str, region: &str, expected: Option<&str>) {
            assert_eq!(parse(raw, region).map(|p| p.e164).as_deref(), expected, "{raw} in {region}");
        }
        for raw in [
            "202-555-0173",
            "(202) 555 0173",
            "+1 202.555.0173",
            "tel:+1-202-555-0173",
            "1 202 555 0173 x123",
            "2025550173.0",
            "202-555-0173 ext. 4",
            "001 202 555 0173",
        ] {
            check(raw, "US", Some("+12025550173"));
        }
        check("1-800-FLOWERS", "US", Some("+18003569377"));
        check("+44 (0)20 7946 0958", "DE", Some("+442079460958"));
        check("0170 1234567", "DE", Some("+491701234567"));
        check("0170 1234567", "de", Some("+491701234567"));
        check("0170 1234567", "", None);
        check("+33 6 12 34 56 78", "", Some("+33612345678"));
        check("06 12345678", "NL", Some("+31612345678"));
        check("２０２-555-0173", "US", Some("+12025550173"));
        check("02 1234 5678", "IT", Some("+390212345678"));
        check("12", "US", None);
        check("2.02555E+09", "US", None);
        check("unknown", "US", None);
        check("", "US", None);
    }

    #[test]
    fn kind_and_validity() {
        fn check(raw: &str, region: &str, kind: PhoneKind, of: Option<&str>) {
            let phone = parse(raw, region).expect(raw);
            assert_eq!((phone.kind, phone.region.as_deref(), phone.valid), (kind, of, of.is_some()), "{raw}");
        }
        check("07400 123456", "GB", PhoneKind::Mobile, Some("GB"));
        check("030 901820", "DE", PhoneKind::FixedLine, Some("DE"));
        check("+1 416 555 0123", "US", PhoneKind::FixedLineOrMobile, Some("CA"));
        check("800 555 0199", "US", PhoneKind::Other, Some("US"));
        check("123 456 7891", "US", PhoneKind::Other, None);
    }

    proptest! {
        #[test]
        fn never_panics(raw in ".{0,40}", region in ".{0,3}") {
            let _ = parse(&raw, &region);
        }

        #[test]
        fn a_number_is_read_alike_whatever_was_read_before(
            area in prop::sample::select(vec![246u32, 212, 416, 505, 523, 809, 876, 939, 441, 604]),
            exchange in 200u32..1000,
            before in 0u32..10_000,
            tail in 0u32..10_000,
        ) {
            let number = format!("+1{area}{exchange}{tail:04}");
            let _ = parse(&format!("+1{area}{exchange}{before:04}"), "US");
            let found = parse(&number, "US");
            let alone = std::thread::spawn(move || parse(&number, "US")).join();
            prop_assert_eq!(Some(found), alone.ok());
        }

        #[test]
        fn the_short_way_agrees_with_libphonenumber(national in "[2-9][0-9]{2}[0-9]{7}", tail in "[0-9]{4}") {
            // The second number of an exchange is answered from memory.
            for national in [national.clone(), format!("{}{tail}", &national[..6])] {
                let raw = format!("+1{national}");
                let short = north_american(&raw, None);
                let far = ISLANDS.iter().any(|area| national.starts_with(&area.to_string()));
                prop_assert_eq!(short.is_none(), far);
                prop_assert!(far || short == read(&raw, None).map(|found| found.phone));
            }
        }

        #[test]
        fn the_normal_form_gives_itself(raw in "(\\+|00|0|1)?[0-9 ()-]{6,16}", region in "US|GB|DE|FR|IT|AU|PL") {
            if let Some(phone) = parse(&raw, &region) {
                let again = parse(&phone.e164, &region);
                prop_assert_eq!(again, Some(phone));
            }
        }
    }
}
