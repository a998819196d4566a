//! The conformance battery and everything that can go wrong, against a real server.

mod contract;
mod increments;
mod refusals;
mod server;

use std::path::PathBuf;
use std::sync::OnceLock;

use arrow::array::Array as _;
use arrow::util::display::array_value_to_string;
use async_nats::jetstream::Context;
use async_nats::jetstream::stream::Config;
use connector_nats::Nats;
use goldsmith_source::conformance::{Collected, collect};
use goldsmith_source::{Connector as _, Mark, OpenContext, ReadRequest, Source, SourceError, Window};
use serde_json::Value;

use crate::server::Server;

/// The server most tests share.
fn shared() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(|| Server::start("", "")).as_ref()
}

fn open(options: &Value) -> Box<dyn Source> {
    let context = OpenContext { source_name: "mq".to_owned(), base_dir: PathBuf::new() };
    Nats.open(options, &context).unwrap()
}

/// `options` with some of them replaced.
fn with(mut options: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("not an object") };
    options.as_object_mut().unwrap().extend(more);
    options
}

/// Does something with the server, as its owner.
fn admin<T>(address: &str, work: impl AsyncFnOnce(Context) -> T) -> T {
    admin_with(async_nats::ConnectOptions::new(), address, work)
}

fn admin_with<T>(login: async_nats::ConnectOptions, address: &str, work: impl AsyncFnOnce(Context) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = login.connect(address).await.unwrap();
        work(async_nats::jetstream::new(client)).await
    })
}

/// Makes a stream of the subjects `name.>`, and puts messages there.
fn stream(server: &Server, config: Config, messages: &[(&str, &str)]) {
    let subjects = vec![format!("{}.>", config.name)];
    admin(&server.address(), async |context| {
        context.create_stream(Config { subjects, ..config }).await.unwrap();
    });
    publish(server, messages);
}

fn named(name: &str) -> Config {
    Config { name: name.to_owned(), ..Config::default() }
}

fn publish(server: &Server, messages: &[(&str, &str)]) {
    admin(&server.address(), async |context| {
        for (subject, text) in messages {
            let sent = context.publish((*subject).to_owned(), (*text).to_owned().into()).await.unwrap();
            sent.await.unwrap();
        }
    });
}

/// Puts `count` numbered messages at the end of a stream.
fn fill(server: &Server, stream: &str, count: usize) {
    admin(&server.address(), async |context| {
        let mut last = None;
        for number in 1..=count {
            last = Some(context.publish(format!("{stream}.x"), format!("{{\"n\":{number}}}").into()).await.unwrap());
        }
        last.unwrap().await.unwrap();
    });
}

fn request(stream: &str) -> ReadRequest {
    ReadRequest { table: Some(stream.to_owned()), ..ReadRequest::default() }
}

/// What is at least `from` and less than `until` in sequence.
fn window(stream: &str, from: u64, until: Option<u64>) -> ReadRequest {
    let mark = |sequence: u64| Mark { text: sequence.to_string(), data_type: arrow::datatypes::DataType::UInt64 };
    let window = Window { column: "_sequence".to_owned(), from: Some(mark(from)), until: until.map(mark) };
    ReadRequest { window: Some(window), ..request(stream) }
}

fn read(options: &Value, request: &ReadRequest) -> Result<Collected, SourceError> {
    collect(&*open(options), request)
}

/// Every cell of a column, as Arrow prints it; nulls are `-`.
fn cells(collected: &Collected, column: &str) -> Vec<String> {
    let mut cells = Vec::new();
    for chunk in &collected.chunks {
        let array = chunk.batch.column_by_name(column).unwrap();
        cells.extend((0..array.len()).map(|row| match array.is_null(row) {
            true => "-".to_owned(),
            false => array_value_to_string(array, row).unwrap(),
        }));
    }
    cells
}
