//! A pipeline file before it is written: what it says, and the comment beside each line.

use goldsmith_config::model::Entity;

/// A value with the comment beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Noted {
    pub(super) text: String,
    /// Empty for none.
    pub(super) note: String,
}

impl Noted {
    pub(super) fn new(text: impl Into<String>, note: impl Into<String>) -> Self {
        Self { text: text.into(), note: note.into() }
    }

    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self::new(text, "")
    }
}

/// The pipeline file.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) name: String,
    /// Comments about files that were left out.
    pub(super) left_out: Vec<String>,
    pub(super) region: Noted,
    pub(super) sources: Vec<SourceDraft>,
    /// Attributes of one's own: name and type.
    pub(super) attributes: Vec<(String, Noted)>,
    /// Attributes customers should have.
    pub(super) targets: Vec<&'static str>,
}

#[derive(Debug, Clone)]
pub(super) struct SourceDraft {
    pub(super) name: String,
    pub(super) connector: &'static str,
    pub(super) options: Vec<(String, Noted)>,
    /// Where it differs from that of the pipeline.
    pub(super) region: Option<Noted>,
    /// Each with the columns that are written so.
    pub(super) date_formats: Vec<Noted>,
    pub(super) records: Vec<RecordDraft>,
    /// Comments about tables and rows that were left out.
    pub(super) left_out: Vec<String>,
}

#[derive(Debug, Clone)]
pub(super) struct RecordDraft {
    pub(super) entity: Entity,
    pub(super) name: Option<String>,
    /// The table, where the source has several.
    pub(super) from: Option<String>,
    pub(super) filter: Option<Noted>,
    pub(super) key: Vec<Noted>,
    pub(super) updated_at: Option<Noted>,
    pub(super) fields: Vec<FieldDraft>,
    pub(super) children: Vec<ChildDraft>,
    /// Comments about columns that are not mapped.
    pub(super) unmapped: Vec<String>,
}

/// An attribute and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldDraft {
    pub(super) attribute: String,
    pub(super) value: FieldValue,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FieldValue {
    One(Noted),
    Items(Vec<Item>),
}

/// An item of a list attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Main(Noted),
    Parts(Vec<(&'static str, Noted)>),
}

/// Rows of another table attached to a record.
#[derive(Debug, Clone)]
pub(super) struct ChildDraft {
    pub(super) attribute: &'static str,
    pub(super) from: String,
    pub(super) on: Noted,
    pub(super) fields: Vec<(&'static str, Noted)>,
}

impl FieldDraft {
    /// A field of one value.
    pub(super) fn one(attribute: impl Into<String>, value: Noted) -> Self {
        Self { attribute: attribute.into(), value: FieldValue::One(value) }
    }

    /// A field of a list; one item that is a plain value is written as such.
    pub(super) fn list(attribute: impl Into<String>, mut items: Vec<Item>) -> Self {
        let value = match items.as_slice() {
            [Item::Main(_)] => match items.pop() {
                Some(Item::Main(only)) => FieldValue::One(only),
                other => FieldValue::Items(other.into_iter().collect()),
            },
            _ => FieldValue::Items(items),
        };
        Self { attribute: attribute.into(), value }
    }
}
