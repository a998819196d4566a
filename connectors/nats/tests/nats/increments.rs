//! Where a read ends and the next one begins, and what happens when messages or the server are gone.

use std::cell::Cell;

use async_nats::jetstream::stream::{Config, DiscardPolicy};
use goldsmith_source::conformance::collect;
use goldsmith_source::{Chunk, ErrorKind, FileRead, ReadRequest, RejectedRow, Sink, SourceError};
use serde_json::json;

use crate::server::Server;
use crate::{admin, cells, fill, named, open, publish, read, request, shared, stream, window, with};

/// Counts rows, and does something once when the first come.
struct Counting<F: FnMut()> {
    rows: u64,
    done: Cell<bool>,
    first: F,
}

impl<F: FnMut()> Counting<F> {
    fn new(first: F) -> Self {
        Self { rows: 0, done: Cell::new(false), first }
    }
}

impl<F: FnMut()> Sink for Counting<F> {
    fn chunk(&mut self, chunk: Chunk) -> Result<(), SourceError> {
        if self.rows == 0 {
            (self.first)();
        }
        self.rows += chunk.rows.len() as u64;
        Ok(())
    }

    fn reject(&mut self, _: RejectedRow) -> Result<(), SourceError> {
        Ok(())
    }

    fn file_done(&mut self, _: FileRead) -> Result<(), SourceError> {
        self.done.set(true);
        Ok(())
    }
}

#[test]
fn a_read_ends_where_the_stream_ended_when_it_began() {
    let Some(server) = shared() else { return };
    stream(server, named("growing"), &[]);
    fill(server, "growing", 12_300);
    // Not a multiple of what is asked for at once, so that the last answer has some of the new ones.
    let source = open(&with(server.options(), json!({"sample": 10})));
    let mut sink = Counting::new(|| fill(server, "growing", 100));
    source.read(&ReadRequest { batch_rows: 10, ..request("growing") }, &mut sink).unwrap();
    assert_eq!((sink.rows, sink.done.get()), (12_300, true));
    let rest = collect(&*source, &window("growing", 12_300, None)).unwrap();
    let sequences = cells(&rest, "_sequence");
    assert_eq!((sequences.len(), sequences[0].as_str(), sequences[100].as_str()), (101, "12300", "12400"));
}

#[test]
fn an_increment_begins_with_the_last_message_read() {
    let Some(server) = shared() else { return };
    stream(server, named("going"), &["1", "2", "3"].map(|_| ("going.x", r#"{"n":1}"#)));
    let options = with(server.options(), json!({"stream": "going", "columns": {"n": "integer"}}));
    assert_eq!(cells(&read(&options, &window("going", 3, None)).unwrap(), "_sequence"), ["3"]);
    publish(server, &[("going.x", r#"{"n":4}"#), ("going.y", r#"{"n":5}"#)]);
    let next = read(&options, &window("going", 3, None)).unwrap();
    assert_eq!(cells(&next, "_sequence"), ["3", "4", "5"]);
    assert_eq!(next.rows(), [("going".into(), 3), ("going".into(), 4), ("going".into(), 5)]);
    assert_eq!(cells(&read(&options, &window("going", 2, Some(4))).unwrap(), "_sequence"), ["2", "3"]);
    let filtered = with(options, json!({"subject": "going.y"}));
    assert_eq!(cells(&read(&filtered, &window("going", 3, None)).unwrap(), "_sequence"), ["5"]);
    let mut other = window("going", 3, None);
    other.window.as_mut().unwrap().column = "n".to_owned();
    let error = read(&filtered, &other).unwrap_err();
    assert_eq!(
        error.to_string(),
        "stream \"going\": is read by increments of \"_sequence\" alone, and not of \"n\"; write `cursor: _sequence`"
    );
}

#[test]
fn messages_that_the_limits_removed_between_reads_are_told() {
    let Some(server) = shared() else { return };
    stream(server, Config { max_messages: 3, ..named("short") }, &[]);
    fill(server, "short", 5);
    let options = with(server.options(), json!({"stream": "short"}));
    assert_eq!(cells(&read(&options, &request("short")).unwrap(), "_sequence"), ["3", "4", "5"]);
    assert_eq!(
        cells(&read(&options, &window("short", 2, None)).unwrap(), "_sequence"),
        ["3", "4", "5"],
        "the next one"
    );
    let error = read(&options, &window("short", 1, None)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Corrupt);
    assert!(
        error.to_string().contains("stream \"short\": begins with sequence 3, and 1 was the last one read"),
        "{error}"
    );
    let on = with(options.clone(), json!({"on_gap": "go_on"}));
    assert_eq!(cells(&read(&on, &window("short", 1, None)).unwrap(), "_sequence"), ["3", "4", "5"]);
    let error = read(&options, &window("short", 6, None)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Corrupt);
    assert!(error.message.starts_with("ends with sequence 5, and 6 was read before: it was deleted"), "{error}");
    // All gone, and none of them new.
    admin(&server.address(), async |context| {
        context.get_stream("short").await.unwrap().purge().await.unwrap();
    });
    assert_eq!(read(&options, &window("short", 5, None)).unwrap().rows().len(), 0);
    assert_eq!(read(&options, &window("short", 4, None)).unwrap_err().kind, ErrorKind::Corrupt);
}

#[test]
fn messages_that_the_limits_remove_during_a_read_are_told() {
    let Some(server) = shared() else { return };
    let config = Config { max_messages: 20_000, discard: DiscardPolicy::Old, ..named("racing") };
    stream(server, config, &[]);
    fill(server, "racing", 20_000);
    let source = open(&with(server.options(), json!({"sample": 10})));
    let mut sink = Counting::new(|| fill(server, "racing", 15_000));
    let error = source.read(&ReadRequest { batch_rows: 10, ..request("racing") }, &mut sink).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.message.starts_with("its limits removed messages while they were read"), "{error}");
    assert!(!sink.done.get());
    // The whole stream, so that nothing comes after.
    let mut sink = Counting::new(|| fill(server, "racing", 40_000));
    let error = source.read(&ReadRequest { batch_rows: 10, ..request("racing") }, &mut sink).unwrap_err();
    assert!(error.message.starts_with("its limits removed messages while they were read"), "{error}");
    // What is removed far behind the reader does not matter.
    let mut sink = Counting::new(|| fill(server, "racing", 10));
    source.read(&ReadRequest { batch_rows: 10, ..request("racing") }, &mut sink).unwrap();
    assert_eq!(sink.rows, 20_000);
}

#[test]
fn messages_that_were_deleted_one_by_one_are_not_missed() {
    let Some(server) = shared() else { return };
    stream(server, named("holes"), &[]);
    fill(server, "holes", 6);
    admin(&server.address(), async |context| {
        let stream = context.get_stream("holes").await.unwrap();
        for sequence in [1, 3, 6] {
            stream.delete_message(sequence).await.unwrap();
        }
    });
    assert_eq!(cells(&read(&server.options(), &request("holes")).unwrap(), "_sequence"), ["2", "4", "5"]);
}

#[test]
fn a_server_that_goes_away_fails_the_read_whole_and_serves_the_next() {
    let Some(mut server) = Server::start("", "") else { return };
    stream(&server, named("lost"), &[]);
    fill(&server, "lost", 12_000);
    let source = open(&with(server.options(), json!({"sample": 10, "timeout_seconds": 2})));
    let mut sink = Counting::new(|| server.kill());
    let error = source.read(&ReadRequest { batch_rows: 10, ..request("lost") }, &mut sink).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.message.starts_with("the server went away while it was read"), "{error}");
    assert!(!sink.done.get());
    let error = source.tables().unwrap_err();
    assert!(error.message.starts_with("nothing answers at this port"), "{error}");
    server.restart();
    let found = collect(&*source, &request("lost")).unwrap();
    assert_eq!(found.rows().len(), 12_000);
    // A connection that was idle when the server went is made anew.
    server.kill();
    server.restart();
    assert_eq!(collect(&*source, &request("lost")).unwrap().rows().len(), 12_000);
}

#[test]
fn a_server_that_is_restarted_within_a_read_does_not_halve_it() {
    let Some(server) = Server::start("", "") else { return };
    stream(&server, named("again"), &[]);
    fill(&server, "again", 12_000);
    let source = open(&with(server.options(), json!({"sample": 10, "timeout_seconds": 2})));
    let server = std::cell::RefCell::new(server);
    let mut sink = Counting::new(|| {
        server.borrow().kill();
        server.borrow_mut().restart();
    });
    match source.read(&ReadRequest { batch_rows: 10, ..request("again") }, &mut sink) {
        Ok(()) => assert_eq!(sink.rows, 12_000),
        Err(error) => assert!(error.kind == ErrorKind::Unavailable && !sink.done.get(), "{error}"),
    }
}
