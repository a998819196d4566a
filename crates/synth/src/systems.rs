//! The five systems, each with its own format and its own way of writing names, dates, telephones and addresses.

pub(crate) mod billing;
pub(crate) mod crm;
pub(crate) mod loyalty;
pub(crate) mod shop;
pub(crate) mod support;

use crate::digits::push_number;
use crate::seen::Seen;
use crate::stock::places::Country;

/// House and street in one line, in the country's order.
pub(crate) fn street_line(house: &str, street: &str, country: Country) -> String {
    if house.is_empty() {
        return street.to_owned();
    }
    match country {
        Country::Gb | Country::Us | Country::Ie | Country::Fr => [house, " ", street].concat(),
        Country::De | Country::Pl => [street, " ", house].concat(),
        Country::Es | Country::It => [street, ", ", house].concat(),
    }
}

/// The second line: flat, apartment, door. Empty for a whole house.
pub(crate) fn unit_line(unit: u16, country: Country) -> String {
    if unit == 0 {
        return String::new();
    }
    let word = ["Flat ", "Apt ", "Whg. ", "Appt ", "piso ", "Flat ", "m. ", "int. "][country as usize];
    let mut line = word.to_owned();
    push_number(unit.into(), 1, &mut line);
    line
}

/// `Given Middle Family Suffix`, without what is missing.
fn full_name(seen: &Seen) -> String {
    let mut name = String::with_capacity(32);
    for part in [&seen.given, &seen.middle, &seen.family, seen.suffix] {
        if !part.is_empty() {
            if !name.is_empty() {
                name.push(' ');
            }
            name.push_str(part);
        }
    }
    name
}

fn title(seen: &mut Seen) -> &'static str {
    match (seen.doctor, seen.female) {
        (true, _) => "Dr",
        (_, true) => seen.rng.pick(&["Mrs", "Ms", "Miss", "Mrs"]),
        _ => "Mr",
    }
}
