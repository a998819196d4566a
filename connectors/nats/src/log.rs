//! A stream as a log: where it begins and ends, and its messages up to a fixed sequence.

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull};
use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::stream::{ConsumerErrorKind, Info, RetentionPolicy, State, Stream};
use futures::{StreamExt as _, TryStreamExt as _};
use goldsmith_messages::{Message as _, Sample};
use goldsmith_source::request::suggestion;
use goldsmith_source::{ErrorKind, SourceError};

use crate::config::OnGap;
use crate::connect::Connection;
use crate::explain::{asking, went_away};
use crate::message::Entry;

/// Messages asked for at once.
const FETCH: u64 = 1_000;
/// Bytes of messages asked for at once, unless one message may be longer.
const FETCH_BYTES: usize = 8 << 20;
/// How long the server keeps a reader that asks for nothing: a sink may be slow.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(3_600);
/// Questions in a row that may give nothing although there is something.
const TRIES: u32 = 3;

/// The messages to read of a stream.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) stream: String,
    pub(crate) subject: Option<String>,
    /// The sequence to begin with: the last one that was read before.
    pub(crate) from: Option<u64>,
    /// The sequence to end before; in any case the read ends with the last one there when it began.
    pub(crate) until: Option<u64>,
    pub(crate) on_gap: OnGap,
    pub(crate) limit: Option<u64>,
}

/// The names of all streams that can hold rows, in order.
pub(crate) async fn names(connection: &Connection) -> Result<Vec<String>, SourceError> {
    let place = connection.target.locator();
    let names = connection.jetstream.stream_names().try_collect::<Vec<String>>().await;
    let mut names = names.map_err(|error| asking(&error, None, connection, &place))?;
    // Parts of files, and the server's own books.
    names.retain(|name| !name.starts_with("OBJ_") && !name.starts_with('$'));
    names.sort();
    names.dedup();
    Ok(names)
}

/// The stream `name` and how it stands. Only one whose messages stay when they are read.
pub(crate) async fn open(connection: &Connection, name: &str) -> Result<Stream, SourceError> {
    let place = place(connection, name);
    let found = match connection.jetstream.get_stream(name).await {
        Ok(found) => found,
        Err(error) => {
            let answer = match error.kind() {
                GetStreamErrorKind::JetStream(answer) => Some(answer),
                GetStreamErrorKind::InvalidStreamName | GetStreamErrorKind::EmptyName => {
                    return Err(SourceError::config("is no name of a stream; correct it").at(place));
                }
                GetStreamErrorKind::Request => None,
            };
            let is_missing = answer
                .as_ref()
                .is_some_and(|answer| answer.error_code() == async_nats::jetstream::ErrorCode::STREAM_NOT_FOUND);
            if !is_missing {
                return Err(asking(&error, answer.as_ref(), connection, &place));
            }
            let others = names(connection).await.unwrap_or_default();
            let message = format!("there is no stream \"{name}\"{}", suggestion(name, &others));
            return Err(SourceError::config(message).at(connection.target.locator()));
        }
    };
    let taken_by = match found.cached_info().config.retention {
        RetentionPolicy::Limits => return Ok(found),
        RetentionPolicy::WorkQueue => "a work queue",
        RetentionPolicy::Interest => "kept only for those who are interested",
    };
    let message = format!(
        "is {taken_by}, so that reading would take its messages away; let its owner mirror it, and read the mirror"
    );
    Err(SourceError::config(message).at(place))
}

pub(crate) fn place(connection: &Connection, stream: &str) -> String {
    format!("{}, stream \"{stream}\"", connection.target.locator())
}

/// Looks at `count` messages, half of them the oldest and half the newest.
pub(crate) async fn sample(
    connection: &Connection,
    stream: &str,
    subject: Option<&str>,
    count: u64,
) -> Result<Sample, SourceError> {
    let found = open(connection, stream).await?;
    let place = place(connection, stream);
    let state = found.cached_info().state.clone();
    let (mut sample, mut fault) = (Sample::default(), None);
    let mut look = async |entries: Vec<Entry>| {
        fault = entries.iter().find_map(|entry| sample.look(entry.payload(), &place).err());
        fault.is_none()
    };
    let subject = subject.map(str::to_owned);
    let is_whole = state.messages <= count;
    let limit = (!is_whole).then_some(count.div_ceil(2));
    let oldest = Reader { connection, found: &found, place: place.clone(), subject: subject.clone() };
    oldest.read(state.first_sequence, state.last_sequence, None, limit, &mut look).await?;
    if !is_whole {
        let newest = Reader { connection, found: &found, place: place.clone(), subject };
        let start = (state.last_sequence + 1).saturating_sub(count / 2).max(state.first_sequence);
        newest.read(start, state.last_sequence, None, None, &mut look).await?;
    }
    fault.map_or(Ok(sample), Err)
}

/// Reads the messages of a span in the order of their sequences, as long as `take` wants more.
///
/// # Errors
/// What the server or the network says, and where messages that belong to the span are gone.
pub(crate) async fn read(
    connection: &Connection,
    span: &Span,
    take: &mut impl AsyncFnMut(Vec<Entry>) -> bool,
) -> Result<(), SourceError> {
    let found = open(connection, &span.stream).await?;
    let place = place(connection, &span.stream);
    let state = &found.cached_info().state;
    let end = span.until.map_or(state.last_sequence, |until| until.saturating_sub(1).min(state.last_sequence));
    let mut start = state.first_sequence;
    let mut known = None;
    if let Some(from) = span.from {
        begins(state, from, span.on_gap, &place)?;
        start = from.max(state.first_sequence);
        known = Some(from.max(state.first_sequence.saturating_sub(1)));
    }
    let reader = Reader { connection, found: &found, place, subject: span.subject.clone() };
    reader.read(start.max(1), end, Some(Front { known, is_whole: span.from.is_none() }), span.limit, take).await
}

/// Whether a read can go on from sequence `from`.
fn begins(state: &State, from: u64, on_gap: OnGap, place: &str) -> Result<(), SourceError> {
    let (first, last) = (state.first_sequence, state.last_sequence);
    if last < from {
        let message = format!(
            "ends with sequence {last}, and {from} was read before: it was deleted and made anew; read it whole once \
             (--refresh)"
        );
        return Err(SourceError::corrupt(place, message));
    }
    if on_gap == OnGap::Fail && first > from.saturating_add(1) {
        let message = format!(
            "begins with sequence {first}, and {from} was the last one read, so messages between them are gone and were \
             maybe never read; raise the limits of the stream or run more often, and read what is there whole \
             (--refresh)"
        );
        return Err(SourceError::corrupt(place, message));
    }
    Ok(())
}

/// How far the messages of a stream are known, against its limits, which remove the oldest.
struct Front {
    /// The last sequence that was read or is known from before.
    known: Option<u64>,
    /// Whether the read began with the oldest message. What is removed before it comes was never part of it.
    is_whole: bool,
}

struct Reader<'a> {
    connection: &'a Connection,
    found: &'a Stream,
    place: String,
    subject: Option<String>,
}

impl Reader<'_> {
    /// Reads sequences `start` to `end`. Without a `front` it does not matter whether some are gone.
    async fn read(
        &self,
        start: u64,
        end: u64,
        front: Option<Front>,
        limit: Option<u64>,
        take: &mut impl AsyncFnMut(Vec<Entry>) -> bool,
    ) -> Result<(), SourceError> {
        if start > end || limit == Some(0) {
            return Ok(());
        }
        let consumer = self.consumer(start).await?;
        let outcome = self.read_with(&consumer, end, front, limit, take).await;
        // It would end by itself in time.
        let name = &consumer.cached_info().name;
        if outcome.is_ok() {
            drop(self.found.delete_consumer(name).await);
        }
        outcome
    }

    async fn consumer(&self, start: u64) -> Result<PullConsumer, SourceError> {
        let config = pull::Config {
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: start.max(1) },
            ack_policy: AckPolicy::None,
            filter_subject: self.subject.clone().unwrap_or_default(),
            inactive_threshold: PATIENCE,
            memory_storage: true,
            num_replicas: 1,
            description: Some("goldsmith".to_owned()),
            ..pull::Config::default()
        };
        self.found.create_consumer(config).await.map_err(|error| {
            let answer = match error.kind() {
                ConsumerErrorKind::JetStream(answer) => Some(answer),
                _ => None,
            };
            asking(&error, answer.as_ref(), self.connection, &self.place)
        })
    }

    async fn read_with(
        &self,
        consumer: &PullConsumer,
        end: u64,
        mut front: Option<Front>,
        limit: Option<u64>,
        take: &mut impl AsyncFnMut(Vec<Entry>) -> bool,
    ) -> Result<(), SourceError> {
        let mut left = limit.unwrap_or(u64::MAX);
        let (mut delivered, mut empty) = (0, 0);
        loop {
            let mut entries = self.fetch(consumer, left.min(FETCH)).await?;
            let Some(last) = entries.last() else {
                empty += 1;
                if self.pending(consumer).await? == 0 {
                    break;
                }
                if empty == TRIES {
                    return Err(went_away(&self.place));
                }
                continue;
            };
            empty = 0;
            let is_last = last.sequence >= end || last.pending == 0;
            for entry in &entries {
                delivered += 1;
                if entry.delivered != delivered {
                    return Err(went_away(&self.place));
                }
            }
            entries.retain(|entry| entry.sequence <= end);
            if let Some(front) = &mut front {
                self.hold(front, &mut entries).await?;
            }
            left = left.saturating_sub(entries.len() as u64);
            if !entries.is_empty() && !take(entries).await || left == 0 {
                return Ok(());
            }
            if is_last {
                break;
            }
        }
        match front {
            Some(Front { known: Some(known), .. }) if known < end && self.first().await? > end => Err(self.removed()),
            _ => Ok(()),
        }
    }

    /// The next messages; none where there are none at the moment.
    async fn fetch(&self, consumer: &PullConsumer, count: u64) -> Result<Vec<Entry>, SourceError> {
        let longest = self.connection.max_payload().saturating_mul(2).max(FETCH_BYTES);
        match self.fetch_within(consumer, count, longest).await? {
            // One message is longer than all that was asked for.
            None => Ok(self.fetch_within(consumer, 1, 0).await?.unwrap_or_default()),
            Some(entries) => Ok(entries),
        }
    }

    async fn fetch_within(
        &self,
        consumer: &PullConsumer,
        count: u64,
        bytes: usize,
    ) -> Result<Option<Vec<Entry>>, SourceError> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let gone = || went_away(&self.place);
        let mut batch = consumer.fetch().max_messages(count);
        if bytes > 0 {
            batch = batch.max_bytes(bytes);
        }
        let asked = batch.messages().await;
        let mut messages = asked.map_err(|error| asking(&error, None, self.connection, &self.place))?;
        let mut entries = Vec::new();
        loop {
            let next = tokio::time::timeout(self.connection.target.timeout, messages.next()).await;
            match next {
                Err(_) => return Err(self.unanswered()),
                Ok(None) => return Ok(Some(entries)),
                Ok(Some(Ok(message))) => entries.push(Entry::new(message).ok_or_else(gone)?),
                Ok(Some(Err(_))) if !entries.is_empty() => return Ok(Some(entries)),
                Ok(Some(Err(_))) if bytes > 0 => return Ok(None),
                Ok(Some(Err(_))) => return Err(gone()),
            }
        }
    }

    /// No message came, and no word that there is none.
    fn unanswered(&self) -> SourceError {
        let silence = std::io::Error::from(std::io::ErrorKind::TimedOut);
        asking(&silence, None, self.connection, &self.place)
    }

    /// How many messages asked for have not come.
    async fn pending(&self, consumer: &PullConsumer) -> Result<u64, SourceError> {
        let info = consumer.get_info().await;
        let info = info.map_err(|error| asking(&error, None, self.connection, &self.place))?;
        Ok(info.num_pending)
    }

    /// The first sequence of the stream now.
    async fn first(&self) -> Result<u64, SourceError> {
        let info: Result<Info, _> = self.found.get_info().await;
        let info = info.map_err(|error| asking(&error, None, self.connection, &self.place))?;
        Ok(info.state.first_sequence)
    }

    /// Holds messages that came against the first one there: where the limits of the stream removed what would have
    /// come next, the read is not of this stream at any time.
    async fn hold(&self, front: &mut Front, entries: &mut Vec<Entry>) -> Result<(), SourceError> {
        if front.is_whole && front.known.is_none() {
            let first = self.first().await?;
            entries.retain(|entry| entry.sequence >= first);
            front.known = entries.first().map(|entry| entry.sequence);
        }
        let mut known = front.known.unwrap_or_default();
        let mut hole = None;
        for entry in entries.iter() {
            if entry.sequence > known.saturating_add(1) && hole.is_none() {
                hole = Some(entry.sequence);
            }
            known = entry.sequence;
        }
        if let Some(after) = hole
            && self.first().await? >= after
        {
            return Err(self.removed());
        }
        if !entries.is_empty() {
            front.known = Some(known);
        }
        Ok(())
    }

    fn removed(&self) -> SourceError {
        SourceError::new(
            ErrorKind::Unavailable,
            "its limits removed messages while they were read; nothing of it was used, run again, or raise the limits of \
             the stream",
        )
        .at(&self.place)
    }
}
