//! One line of a tap's output.

use goldsmith_source::SourceError;
use goldsmith_source::lines::{End, Line, MAX_LINE_BYTES};
use serde::Deserialize;
use serde_json::Value;

/// What a line says.
pub(crate) enum Message {
    Schema {
        stream: String,
        schema: Value,
    },
    Record {
        stream: String,
        record: Value,
        version: Option<i64>,
    },
    /// From now on only records of this version count.
    ActivateVersion {
        stream: String,
        version: i64,
    },
    State,
}

#[derive(Deserialize)]
struct Written {
    #[serde(rename = "type")]
    kind: String,
    stream: Option<String>,
    schema: Option<Value>,
    record: Option<Value>,
    version: Option<i64>,
}

/// What `line` says. A line that is no message may hide a record of any stream, so it ends the read.
///
/// # Errors
/// [`goldsmith_source::ErrorKind::Corrupt`] for a line that is no message of a known type.
pub(crate) fn parse(line: &Line<'_>, place: &str) -> Result<Message, SourceError> {
    let number = line.number;
    let broken = |what: &str| Err(SourceError::corrupt(place, format!("line {number} of its output {what}")));
    if line.end == End::TooLong {
        return broken(&format!(
            "is longer than {} MiB; ask its author to write smaller records",
            MAX_LINE_BYTES >> 20
        ));
    }
    let Ok(written) = serde_json::from_slice::<Written>(line.bytes) else {
        return broken(match line.end {
            End::Stream => "has no end, so it is cut short; run again",
            End::LineEnd | End::TooLong => {
                "is no Singer message; set log: and see whether it prints other things to stdout"
            }
        });
    };
    match (written.kind.as_str(), written.stream) {
        ("SCHEMA", Some(stream)) => match written.schema {
            Some(schema @ Value::Object(_)) => Ok(Message::Schema { stream, schema }),
            Some(_) => broken("is a SCHEMA message whose schema is no object; ask the author of the tap"),
            None => broken("is a SCHEMA message without schema; ask the author of the tap"),
        },
        ("RECORD", Some(stream)) => {
            Ok(Message::Record { stream, record: written.record.unwrap_or_default(), version: written.version })
        }
        ("ACTIVATE_VERSION", Some(stream)) => match written.version {
            Some(version) => Ok(Message::ActivateVersion { stream, version }),
            None => broken("is an ACTIVATE_VERSION message without version; ask the author of the tap"),
        },
        ("STATE", _) => Ok(Message::State),
        ("BATCH", _) => broken("refers to a file of records (BATCH); remove batch_config from the tap's config"),
        ("SCHEMA" | "RECORD" | "ACTIVATE_VERSION", None) => broken("names no stream; ask the author of the tap"),
        _ => broken("is a message of a type that is not understood; ask the author of the tap"),
    }
}
