//! One message of a stream, and the columns that say where it stands.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray, TimestampMicrosecondArray, UInt64Array};
use arrow::datatypes::{DataType, Field, TimeUnit};
use async_nats::jetstream;
use goldsmith_messages::Message;

/// The column of the number that the server gave the message in its stream.
pub(crate) const SEQUENCE: &str = "_sequence";

/// A message of a stream.
pub(crate) struct Entry {
    pub(crate) sequence: u64,
    /// Its number among those delivered to this reader.
    pub(crate) delivered: u64,
    /// How many of those asked for come after it at the moment.
    pub(crate) pending: u64,
    /// Microseconds since 1970, UTC.
    time: i64,
    message: async_nats::Message,
}

impl Entry {
    /// `None` where the server does not say which message of the stream it is.
    pub(crate) fn new(message: jetstream::Message) -> Option<Self> {
        let info = message.info().ok()?;
        let time = i64::try_from(info.published.unix_timestamp_nanos().div_euclid(1_000)).ok()?;
        let (sequence, delivered, pending) = (info.stream_sequence, info.consumer_sequence, info.pending);
        Some(Self { sequence, delivered, pending, time, message: message.message })
    }

    pub(crate) fn bytes(&self) -> usize {
        self.message.payload.len()
    }
}

impl Message for Entry {
    fn columns() -> Vec<Field> {
        vec![
            Field::new("_subject", DataType::Utf8, true),
            Field::new(SEQUENCE, DataType::UInt64, true),
            Field::new("_time", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
        ]
    }

    fn values(at: usize, messages: &[Self]) -> ArrayRef {
        match at {
            0 => Arc::new(StringArray::from_iter_values(messages.iter().map(|entry| entry.message.subject.as_str()))),
            1 => Arc::new(UInt64Array::from_iter_values(messages.iter().map(|entry| entry.sequence))),
            _ => {
                let times = TimestampMicrosecondArray::from_iter_values(messages.iter().map(|entry| entry.time));
                Arc::new(times.with_timezone("UTC"))
            }
        }
    }

    /// A message stands in its stream where a row stands in a file.
    fn row(&self) -> u64 {
        self.sequence
    }

    fn place(&self) -> String {
        format!("sequence {}", self.sequence)
    }

    fn payload(&self) -> &[u8] {
        &self.message.payload
    }
}
