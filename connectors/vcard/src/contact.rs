//! A contact out of its properties.

use crate::property::{Property, parts, text};

/// A contact. An empty text is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Contact {
    /// In the order of [`TEXTS`].
    pub(crate) texts: [String; TEXTS.len()],
    pub(crate) categories: Vec<String>,
    pub(crate) phones: Vec<Entry<1>>,
    pub(crate) emails: Vec<Entry<1>>,
    pub(crate) urls: Vec<Entry<1>>,
    pub(crate) addresses: Vec<Entry<7>>,
}

/// One of several values of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry<const N: usize> {
    pub(crate) values: [String; N],
    /// The types in lower case, with commas between.
    pub(crate) kind: String,
    pub(crate) preferred: bool,
}

/// The columns that hold one text.
pub(crate) const TEXTS: [&str; 19] = [
    "uid",
    "full_name",
    "family_name",
    "given_name",
    "additional_names",
    "name_prefix",
    "name_suffix",
    "nickname",
    "organization",
    "department",
    "title",
    "role",
    "birthday",
    "anniversary",
    "gender",
    "kind",
    "note",
    "revised_at",
    "version",
];
/// The parts of an address, as vCard orders them.
pub(crate) const ADDRESS: [&str; 7] =
    ["po_box", "extended_address", "street", "city", "region", "postal_code", "country"];

impl Contact {
    pub(crate) fn new(properties: &[Property]) -> Self {
        let mut contact = Self::default();
        for property in properties {
            contact.take(property, properties);
        }
        contact
    }

    fn take(&mut self, property: &Property, all: &[Property]) {
        let value = property.value.as_str();
        match property.name.as_str() {
            "UID" => self.set("uid", text(value)),
            "FN" => self.set("full_name", text(value)),
            "N" => {
                let columns = ["family_name", "given_name", "additional_names", "name_prefix", "name_suffix"];
                // A part may be a list; names go with a blank between.
                for (column, part) in columns.iter().zip(structured(value)) {
                    self.set(column, part.join(" "));
                }
            }
            "NICKNAME" => self.set("nickname", parts(value, ',').join(", ")),
            "ORG" => {
                let mut units = parts(value, ';').into_iter();
                self.set("organization", units.next().unwrap_or_default());
                self.set("department", units.filter(|unit| !unit.is_empty()).collect::<Vec<_>>().join(", "));
            }
            "TITLE" => self.set("title", text(value)),
            "ROLE" => self.set("role", text(value)),
            "BDAY" => self.set("birthday", text(value)),
            "ANNIVERSARY" | "X-ANNIVERSARY" => self.set("anniversary", text(value)),
            "GENDER" => self.set("gender", parts(value, ';').into_iter().next().unwrap_or_default()),
            "X-GENDER" => self.set("gender", text(value)),
            "KIND" => self.set("kind", text(value)),
            "NOTE" => self.add_note(&text(value)),
            "REV" => self.set("revised_at", text(value)),
            "VERSION" => self.set("version", text(value)),
            "CATEGORIES" => {
                for category in parts(value, ',') {
                    if !category.is_empty() && !self.categories.contains(&category) {
                        self.categories.push(category);
                    }
                }
            }
            "TEL" => self.phones.extend(entry(property, all, [without_scheme(&text(value), "tel:")])),
            "EMAIL" => self.emails.extend(entry(property, all, [without_scheme(&text(value), "mailto:")])),
            "URL" => self.urls.extend(entry(property, all, [text(value)])),
            "ADR" => {
                let mut parts = parts(value, ';').into_iter();
                let address = std::array::from_fn(|_| parts.next().unwrap_or_default());
                self.addresses.extend(entry(property, all, address));
            }
            _ => {}
        }
    }

    /// The first value of a column stays.
    fn set(&mut self, column: &str, value: String) {
        let at = TEXTS.iter().position(|known| *known == column);
        if let Some(slot) = at.and_then(|at| self.texts.get_mut(at)).filter(|slot| slot.is_empty()) {
            *slot = value;
        }
    }

    fn add_note(&mut self, note: &str) {
        let at = TEXTS.iter().position(|known| *known == "note");
        if let Some(slot) = at.and_then(|at| self.texts.get_mut(at)).filter(|_| !note.is_empty()) {
            if !slot.is_empty() {
                slot.push('\n');
            }
            slot.push_str(note);
        }
    }
}

/// The parts of a structured value, each a list.
fn structured(value: &str) -> Vec<Vec<String>> {
    // Split at semicolons first, with escapes kept for the split at commas.
    let mut pieces = vec![String::new()];
    let mut escaped = false;
    for letter in value.chars() {
        if letter == ';' && !escaped {
            pieces.push(String::new());
        } else if let Some(piece) = pieces.last_mut() {
            piece.push(letter);
        }
        escaped = letter == '\\' && !escaped;
    }
    let names = |piece: &String| parts(piece, ',').into_iter().filter(|name| !name.is_empty()).collect();
    pieces.iter().map(names).collect()
}

/// An entry with types and label, where any of its values is there.
fn entry<const N: usize>(property: &Property, all: &[Property], values: [String; N]) -> Option<Entry<N>> {
    if values.iter().all(String::is_empty) {
        return None;
    }
    let label =
        all.iter().find(|other| property.group.is_some() && other.group == property.group && other.name == "X-ABLABEL");
    let mut kinds = property.types.clone();
    if let Some(label) = label {
        // Labels of the address book itself stand in signs, as in _$!<HomePage>!$_.
        let label = text(&label.value).replace("_$!<", "").replace(">!$_", "").to_lowercase();
        if !label.is_empty() && !kinds.contains(&label) {
            kinds.push(label);
        }
    }
    Some(Entry { values, kind: kinds.join(","), preferred: property.preferred })
}

/// `tel:` and `mailto:` of version 4.0.
fn without_scheme(value: &str, scheme: &str) -> String {
    match value.get(..scheme.len()) {
        Some(start) if start.eq_ignore_ascii_case(scheme) => value.get(scheme.len()..).unwrap_or_default().to_owned(),
        _ => value.to_owned(),
    }
}
