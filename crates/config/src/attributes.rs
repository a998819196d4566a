//! The attributes every pipeline has: what a field can be mapped to, what it means, and which kind normalises it.
//!
//! Persons and organisations have the attributes of [`CATALOGUE`]. In `generic` records the lists (`emails`, `phones`,
//! `addresses`, `identifiers`) keep their meaning; any other name is what the pipeline declares under `attributes:`,
//! or text where it declares nothing.

use serde::Serialize;

use crate::model::{AttributeType, Entity, Pipeline};

/// What kind of value an attribute or a part holds; decides how it is normalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AttributeKind {
    /// A person's whole name, in any order and notation.
    PersonName,
    /// One part of a person's name.
    NamePart(NamePart),
    /// The name of an organisation, with or without legal form.
    Organisation,
    /// A day.
    Date,
    /// A gender.
    Gender,
    /// An e-mail address.
    Email,
    /// A phone number; normalised to E.164 by region.
    Phone,
    /// A postal address; as a list attribute its parts are given.
    Address,
    /// A number somebody issued: loyalty, tax, registration.
    Identifier,
    /// A consent for a purpose and a channel.
    Consent,
    /// A country, by name or code; normalised to ISO 3166-1 alpha-2.
    Country,
    /// A language, by name or code; normalised to ISO 639-1.
    Language,
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// An exact number.
    Decimal,
    /// A floating-point number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A point in time.
    Timestamp,
}

/// A part of a person's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NamePart {
    /// Dr, Mrs.
    Title,
    /// The first name.
    Given,
    /// What stands between.
    Middle,
    /// The last name.
    Family,
    /// Jr, III.
    Suffix,
}

/// An attribute of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Attribute {
    /// The name in a pipeline file.
    pub name: &'static str,
    /// What its value, or each item of its list, is.
    pub kind: AttributeKind,
    /// Whether a record may hold several.
    pub list: bool,
    /// The parts of an item; empty where the value is one text.
    pub parts: &'static [Part],
    /// The part that is meant where a field gives SQL and no parts.
    pub main_part: Option<&'static str>,
    /// Which records have it.
    pub entities: &'static [Entity],
    /// What it means, in a sentence.
    pub description: &'static str,
}

/// A part of a composite attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The name in a pipeline file.
    pub name: &'static str,
    /// What its value is.
    pub kind: AttributeKind,
    /// Whether an item makes no sense without it.
    pub required: bool,
    /// What it means, in a sentence.
    pub description: &'static str,
}

/// What `name` is in records of `entity`; nothing for a name they do not have.
///
/// `name` is as written, so `email` (as in `email_valid`) is not found; [`canonical`] knows those.
pub fn kind_of(pipeline: &Pipeline, entity: Entity, name: &str) -> Option<AttributeKind> {
    let declared = || pipeline.attributes.get(name).map(|declaration| AttributeKind::from(declaration.type_));
    match catalogued(entity, name) {
        Some(attribute) => Some(attribute.kind),
        None if entity == Entity::Generic => Some(declared().unwrap_or(AttributeKind::Text)),
        None => declared(),
    }
}

/// The attribute of the catalogue that `name` is in records of `entity`.
pub fn catalogued(entity: Entity, name: &str) -> Option<&'static Attribute> {
    CATALOGUE.iter().find(|attribute| attribute.name == name && attribute.entities.contains(&entity))
}

impl Attribute {
    /// What one item of a list attribute is called: `email` of `emails`.
    pub fn item_name(&self) -> Option<&'static str> {
        let ending = if self.name == "addresses" { "es" } else { "s" };
        self.name.strip_suffix(ending).filter(|_| self.list)
    }
}

/// `emails` for `email`: checks and blocking keys may name one item of a list attribute. Any other name is itself.
pub fn canonical(name: &str) -> &str {
    CATALOGUE.iter().find(|attribute| attribute.item_name() == Some(name)).map_or(name, |attribute| attribute.name)
}

impl From<AttributeType> for AttributeKind {
    fn from(type_: AttributeType) -> Self {
        match type_ {
            AttributeType::String => Self::Text,
            AttributeType::Integer => Self::Integer,
            AttributeType::Decimal => Self::Decimal,
            AttributeType::Number => Self::Number,
            AttributeType::Boolean => Self::Boolean,
            AttributeType::Date => Self::Date,
            AttributeType::Timestamp => Self::Timestamp,
        }
    }
}

const PERSON: &[Entity] = &[Entity::Person];
const BOTH: &[Entity] = &[Entity::Person, Entity::Organisation];
const ALL: &[Entity] = &[Entity::Person, Entity::Organisation, Entity::Generic];

const fn one(
    name: &'static str,
    kind: AttributeKind,
    entities: &'static [Entity],
    description: &'static str,
) -> Attribute {
    Attribute { name, kind, list: false, parts: &[], main_part: None, entities, description }
}

const fn part(name: &'static str, kind: AttributeKind, description: &'static str) -> Part {
    Part { name, kind, required: false, description }
}

const fn needed(name: &'static str, kind: AttributeKind, description: &'static str) -> Part {
    Part { name, kind, required: true, description }
}

use AttributeKind as Kind;

/// The attributes of persons and organisations, in the order of the golden columns.
pub const CATALOGUE: &[Attribute] = &[
    one("full_name", Kind::PersonName, PERSON, "The whole name of a person, in any order: `Dr Ada King`, `King, Ada`."),
    one("title", Kind::NamePart(NamePart::Title), PERSON, "A title before the name: Dr, Mrs, Prof."),
    one("given_name", Kind::NamePart(NamePart::Given), PERSON, "The given (first) name."),
    one("middle_name", Kind::NamePart(NamePart::Middle), PERSON, "Names or initials between given and family name."),
    one("family_name", Kind::NamePart(NamePart::Family), PERSON, "The family (last) name, particles included."),
    one(
        "name_suffix",
        Kind::NamePart(NamePart::Suffix),
        PERSON,
        "What follows the name and tells generations apart: Jr, III.",
    ),
    one("previous_family_name", Kind::NamePart(NamePart::Family), PERSON, "A family name of earlier: the maiden name."),
    one(
        "organisation_name",
        Kind::Organisation,
        BOTH,
        "The name of the organisation, or of the one a person works for, legal form included.",
    ),
    one("birth_date", Kind::Date, PERSON, "The day of birth."),
    one("gender", Kind::Gender, PERSON, "The gender as recorded."),
    one("language", Kind::Language, BOTH, "The language the customer is addressed in."),
    one("lifecycle", Kind::Text, BOTH, "Where the relationship stands: prospect, active, lapsed, closed."),
    one("national_id", Kind::Identifier, BOTH, "The number a state issued: identity card, social security, tax."),
    one("website", Kind::Text, BOTH, "The address of the customer's web site."),
    Attribute {
        name: "emails",
        kind: Kind::Email,
        list: true,
        parts: &[
            needed("value", Kind::Email, "The e-mail address."),
            part("type", Kind::Text, "What it is for: private, work."),
        ],
        main_part: Some("value"),
        entities: ALL,
        description: "E-mail addresses.",
    },
    Attribute {
        name: "phones",
        kind: Kind::Phone,
        list: true,
        parts: &[
            needed("number", Kind::Phone, "The number, in any notation."),
            part("type", Kind::Text, "What it is for: mobile, home, work."),
        ],
        main_part: Some("number"),
        entities: ALL,
        description: "Phone numbers.",
    },
    Attribute {
        name: "addresses",
        kind: Kind::Address,
        list: true,
        parts: &[
            part("line1", Kind::Text, "The first line: street with house number."),
            part("line2", Kind::Text, "The second line: building, care of."),
            part("house_number", Kind::Text, "The house number, where it has a column of its own."),
            part("street", Kind::Text, "The street, where it has a column of its own."),
            part("unit", Kind::Text, "The flat, suite or floor."),
            part("locality", Kind::Text, "The town or city."),
            part("region", Kind::Text, "The state, province or county."),
            part("postcode", Kind::Text, "The postal code."),
            part("country", Kind::Country, "The country, by name or code."),
            part("kind", Kind::Text, "What it is for: billing, delivery, home."),
            part("valid_from", Kind::Date, "The first day it held."),
            part("valid_to", Kind::Date, "The last day it held."),
        ],
        main_part: Some("line1"),
        entities: ALL,
        description: "Postal addresses; each moves as a whole.",
    },
    Attribute {
        name: "identifiers",
        kind: Kind::Identifier,
        list: true,
        parts: &[
            needed("value", Kind::Identifier, "The number."),
            part("type", Kind::Text, "Who issued it or what for: loyalty, tax, registration."),
        ],
        main_part: Some("value"),
        entities: ALL,
        description: "Numbers that identify the customer somewhere.",
    },
    Attribute {
        name: "consents",
        kind: Kind::Consent,
        list: true,
        parts: &[
            needed("purpose", Kind::Text, "What the consent is for: marketing, profiling."),
            part("channel", Kind::Text, "By which channel: email, phone, post."),
            needed("status", Kind::Text, "granted, refused, withdrawn or unknown."),
            part("at", Kind::Timestamp, "When it was given or taken back."),
        ],
        main_part: None,
        entities: BOTH,
        description: "What the customer agreed to.",
    },
    Attribute {
        name: "segments",
        kind: Kind::Text,
        list: true,
        parts: &[],
        main_part: None,
        entities: BOTH,
        description: "Groups the customer was put in.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_item_stands_for_its_list() {
        for (name, list) in
            [("email", "emails"), ("address", "addresses"), ("consent", "consents"), ("segment", "segments")]
        {
            assert_eq!(canonical(name), list);
        }
        for same in ["emails", "birth_date", "addres", "loyalty_tier", ""] {
            assert_eq!(canonical(same), same);
        }
    }

    #[test]
    fn catalogue_is_well_formed() {
        let mut names: Vec<_> = CATALOGUE.iter().map(|attribute| attribute.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CATALOGUE.len());
        for attribute in CATALOGUE {
            assert!(attribute.description.ends_with('.'), "{}", attribute.name);
            assert!(attribute.parts.iter().all(|part| part.description.ends_with('.')), "{}", attribute.name);
            let main = attribute.main_part;
            assert!(main.is_none_or(|main| attribute.parts.iter().any(|part| part.name == main)), "{}", attribute.name);
            assert!(attribute.list || attribute.parts.is_empty(), "{}", attribute.name);
        }
        assert!(catalogued(Entity::Organisation, "given_name").is_none());
        assert!(catalogued(Entity::Generic, "title").is_none(), "the title of a book is no title of a person");
    }
}
