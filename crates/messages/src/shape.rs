//! Which columns the messages of a log have: declared, or found by a sample.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use goldsmith_json_rows::{Kind, MAX_COLUMNS, Members, Node, parse};
use goldsmith_source::SourceError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::message::Message;

/// The column that says that a message stands for a deletion.
pub const DELETED: &str = "_deleted";

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// Text; everything else as JSON.
    Text,
    /// Whole numbers of 64 bits.
    Integer,
    /// Numbers, as 64-bit floats.
    Number,
    /// True and false.
    Boolean,
    /// Days, in text such as `2026-01-31`.
    Date,
    /// Moments, in text such as `2026-01-31T10:00:00Z`.
    Timestamp,
}

/// What a message without content is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EmptyMessages {
    /// No row: it is rejected.
    #[default]
    Reject,
    /// A row that is gone: it has its place and true in the column `_deleted`, which this adds, for `deleted:
    /// _deleted` of `incremental:`.
    Delete,
}

/// The columns of a log's messages.
#[derive(Debug, Clone)]
pub struct Shape {
    pub(crate) members: Members,
    /// Whether the columns were found by a sample.
    pub(crate) is_sampled: bool,
    pub(crate) empty: EmptyMessages,
}

impl Shape {
    /// Columns as the pipeline file declares them.
    ///
    /// # Errors
    /// A sentence about a column that is called like one of places.
    pub fn declared<M: Message>(columns: &BTreeMap<String, ColumnType>, empty: EmptyMessages) -> Result<Self, String> {
        if let Some(name) = columns.keys().find(|name| is_reserved::<M>(name, empty)) {
            return Err(format!(
                "option \"columns\" declares \"{name}\", which is there anyway and says where a message stands; remove it"
            ));
        }
        let kinds = columns.iter().map(|(name, column)| (name.clone(), column.kind()));
        Ok(Self { members: Members::declared(kinds), is_sampled: false, empty })
    }

    /// Columns as found in messages.
    #[must_use]
    pub fn sampled<M: Message>(sample: &Sample, empty: EmptyMessages) -> Self {
        let kinds = sample.members.iter().filter(|(name, _)| !is_reserved::<M>(name, empty));
        let members = Members::declared(kinds.map(|(name, kind)| (name.to_owned(), settled(kind))));
        Self { members, is_sampled: true, empty }
    }

    /// The columns of places, then those of content.
    #[must_use]
    pub fn schema<M: Message>(&self) -> SchemaRef {
        let mut fields: Vec<_> = M::columns().into_iter().map(Arc::new).collect();
        if self.empty == EmptyMessages::Delete {
            fields.push(Arc::new(Field::new(DELETED, DataType::Boolean, true)));
        }
        fields.extend(self.members.fields().iter().cloned());
        Arc::new(Schema::new(fields))
    }
}

impl ColumnType {
    fn kind(self) -> Kind {
        match self {
            Self::Text => Kind::Text,
            Self::Integer => Kind::Int { wide: true },
            Self::Number => Kind::Float,
            Self::Boolean => Kind::Bool,
            Self::Date => Kind::Date,
            Self::Timestamp => Kind::Timestamp,
        }
    }
}

/// Messages that tell which columns there are.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    members: Members,
}

impl Sample {
    /// Looks at the content of a message. What is no JSON object tells nothing.
    ///
    /// # Errors
    /// [`goldsmith_source::ErrorKind::Corrupt`] where there are more than [`MAX_COLUMNS`] different members.
    pub fn look(&mut self, payload: &[u8], place: &str) -> Result<(), SourceError> {
        let Ok(text) = std::str::from_utf8(payload) else { return Ok(()) };
        if let Ok(Node::Object(object)) = parse(text) {
            self.members.widen(&object);
        }
        if self.members.len() > MAX_COLUMNS {
            let message = format!("its messages have more than {MAX_COLUMNS} different members; are names data?");
            return Err(SourceError::corrupt(place, message));
        }
        Ok(())
    }
}

fn is_reserved<M: Message>(name: &str, empty: EmptyMessages) -> bool {
    (name == DELETED && empty == EmptyMessages::Delete) || M::columns().iter().any(|column| column.name() == name)
}

/// A kind that other messages can be held against: what had no value so far is text, and members inside that no
/// message of the sample had are left out, like those outside.
fn settled(kind: &Kind) -> Kind {
    match kind {
        Kind::Unknown => Kind::Text,
        Kind::List(items) => Kind::List(Box::new(settled(items))),
        Kind::Struct(members) if members.is_empty() => Kind::Text,
        Kind::Struct(members) => {
            Kind::Struct(Members::declared(members.iter().map(|(name, kind)| (name.to_owned(), settled(kind)))))
        }
        other => other.clone(),
    }
}
