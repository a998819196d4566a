//! Usual names of columns, attributes and parts of lists, whatever their capitals, blanks and underscores.

pub mod column_name;
mod dictionary;

use column_name::{Header, Part, Role};

use crate::attributes::{AttributeKind, CATALOGUE};
use crate::model::Entity;

/// What somebody probably meant by the name of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meant {
    Attribute(&'static str),
    /// A part of addresses, which are lists.
    PartOfAddress(&'static str),
    /// One of the identifiers, by its type.
    Identifier(&'static str),
    /// No field of a record, but when it changed.
    UpdatedAt,
}

/// What an unknown name of a field usually is: `birth_date` for `dob`, the part `locality` of an address for `city`.
pub(crate) fn meant(name: &str, entity: Entity) -> Option<Meant> {
    let Header::Known(known) = column_name::read(&[name.to_owned()]) else { return None };
    if known.guessed {
        return None;
    }
    let attribute = match (known.role, entity) {
        (Role::FullName { .. }, Entity::Person) => "full_name",
        (Role::FullName { .. }, Entity::Organisation) => "organisation_name",
        (Role::Title, _) => "title",
        (Role::Given, _) => "given_name",
        (Role::Middle, _) => "middle_name",
        (Role::Family, _) => "family_name",
        (Role::PreviousFamily, _) => "previous_family_name",
        (Role::Suffix, _) => "name_suffix",
        (Role::Organisation, _) => "organisation_name",
        (Role::BirthDate, _) => "birth_date",
        (Role::Gender, _) => "gender",
        (Role::Language, _) => "language",
        (Role::Lifecycle, _) => "lifecycle",
        (Role::Website, _) => "website",
        (Role::Email, _) => "emails",
        (Role::Phone, _) => "phones",
        (Role::Consent, _) => "consents",
        (Role::Identifier("social_security" | "national_id"), Entity::Person | Entity::Organisation) => "national_id",
        (Role::Identifier(kind), _) => return Some(Meant::Identifier(kind)),
        (Role::Address(part), _) => return Some(Meant::PartOfAddress(part.name())),
        (Role::Updated(_), _) => return Some(Meant::UpdatedAt),
        (Role::FullName { .. }, Entity::Generic)
        | (
            Role::BirthYear
            | Role::BirthMonth
            | Role::BirthDay
            | Role::Fax
            | Role::CustomerType
            | Role::ValidFrom
            | Role::ValidTo
            | Role::Origin,
            _,
        ) => return None,
    };
    let known = CATALOGUE.iter().find(|known| known.name == attribute)?;
    known.entities.contains(&entity).then_some(Meant::Attribute(attribute))
}

/// The part of a list that `name` is, exactly or by another usual name: `postcode` for `zip` of an address.
#[must_use]
pub fn part_named(kind: AttributeKind, name: &str) -> Option<&'static str> {
    let plain = plain(name);
    let usual = match (kind, plain.as_str()) {
        (AttributeKind::Email, "email" | "address" | "mail") => "value",
        (AttributeKind::Phone, "phone" | "value" | "phonenumber") => "number",
        // No part of a field, whose phones are read for the country of the record's address; but objects name it.
        (AttributeKind::Phone, "country" | "countrycode") => "country",
        (AttributeKind::Email | AttributeKind::Phone | AttributeKind::Identifier, "kind" | "label") => "type",
        (AttributeKind::Address, "type" | "label") => "kind",
        (AttributeKind::Address, _) if let Some(part) = part_of_address(name) => part,
        _ => {
            let attribute = CATALOGUE.iter().find(|attribute| attribute.list && attribute.kind == kind)?;
            return attribute.parts.iter().map(|part| part.name).find(|part| part.replace('_', "") == plain);
        }
    };
    Some(usual)
}

fn part_of_address(name: &str) -> Option<&'static str> {
    let Header::Known(known) = column_name::read(&[name.to_owned()]) else { return None };
    match (known.role, known.number) {
        _ if known.guessed => None,
        (Role::Address(Part::Street), Some(1)) => Some("line1"),
        (Role::Address(Part::Street), Some(2)) => Some("line2"),
        (Role::Address(part), None | Some(1)) => Some(part.name()),
        _ => None,
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_names() {
        let of_person = |name| meant(name, Entity::Person);
        assert_eq!(of_person("Last Name"), Some(Meant::Attribute("family_name")));
        assert_eq!(of_person("ZIP"), Some(Meant::PartOfAddress("postcode")));
        assert_eq!(of_person("houseNumber"), Some(Meant::PartOfAddress("house_number")));
        assert_eq!(of_person("modified_at"), Some(Meant::UpdatedAt));
        assert_eq!(of_person("ssn"), Some(Meant::Attribute("national_id")));
        assert_eq!(of_person("loyalty_no"), Some(Meant::Identifier("loyalty")));
        assert_eq!(of_person("name"), Some(Meant::Attribute("full_name")));
        assert_eq!(meant("customer_name", Entity::Organisation), Some(Meant::Attribute("organisation_name")));
        assert_eq!(meant("dob", Entity::Organisation), None);
        for name in ["shoe_size", "type", "kind", "label", "valid_from"] {
            assert_eq!(of_person(name), None, "{name}");
        }
        assert_eq!(meant("name", Entity::Generic), None);
    }

    #[test]
    fn parts_by_usual_names() {
        let part = |name| part_named(AttributeKind::Address, name);
        let names = ["zip", "houseNumber", "address1", "street2", "Ort", "apt", "label", "valid_to", "city2", "number"];
        let parts = [
            Some("postcode"),
            Some("house_number"),
            Some("line1"),
            Some("line2"),
            Some("locality"),
            Some("unit"),
            Some("kind"),
            Some("valid_to"),
            None,
            None,
        ];
        assert_eq!(names.map(part), parts);
        assert_eq!(part_named(AttributeKind::Phone, "phone_number"), Some("number"));
    }
}
