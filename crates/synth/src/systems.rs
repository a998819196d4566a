//! The five systems, each with its own format and its own way of writing names, dates, telephones and addresses.

pub(crate) mod billing;
pub(crate) mod crm;
pub(crate) mod loyalty;
pub(crate) mod shop;
pub(crate) mod support;

use crate::seen::Seen;
use crate::stock::places::Country;

/// House and street in one line, in the country's order.
pub(crate) fn street_line(house: &str, street: &str, country: Country) -> String {
    if house.is_empty() {
        return street.to_owned();
    }
    match country {
        Country::Gb | Country::Us | Country::Ie | Country::Fr => format!("{house} {street}"),
        Country::De | Country::Pl => format!("{street} {house}"),
        Country::Es | Country::It => format!("{street}, {house}"),
    }
}

/// The second line: flat, apartment, door. Empty for a whole house.
pub(crate) fn unit_line(unit: u16, country: Country) -> String {
    match (unit, country) {
        (0, _) => String::new(),
        (unit, Country::Gb | Country::Ie) => format!("Flat {unit}"),
        (unit, Country::Us) => format!("Apt {unit}"),
        (unit, Country::De) => format!("Whg. {unit}"),
        (unit, Country::Fr) => format!("Appt {unit}"),
        (unit, Country::Es) => format!("piso {unit}"),
        (unit, Country::Pl) => format!("m. {unit}"),
        (unit, Country::It) => format!("int. {unit}"),
    }
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
        (_, true) => *seen.rng.pick(&["Mrs", "Ms", "Miss", "Mrs"]),
        _ => "Mr",
    }
}
