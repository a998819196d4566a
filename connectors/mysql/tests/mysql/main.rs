//! The conformance battery and everything that can go wrong, against a real server.

mod contract;
mod refusals;
mod server;
mod snapshot;
mod types;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use arrow::array::{Array as _, ArrayRef, AsArray as _};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::util::display::array_value_to_string;
use connector_mysql::Mysql;
use goldsmith_source::conformance::{Collected, collect};
use goldsmith_source::{Connector as _, OpenContext, ReadRequest, Source};
use serde_json::Value;

use crate::server::Server;

/// The server most tests share.
fn shared() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(|| Server::start("", &[])).as_ref()
}

fn open(options: &Value) -> Box<dyn Source> {
    let context = OpenContext { source_name: "shop".to_owned(), base_dir: PathBuf::new() };
    Mysql.open(options, &context).unwrap()
}

/// `options` with some of them replaced.
fn with(mut options: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("not an object") };
    options.as_object_mut().unwrap().extend(more);
    options
}

fn request(table: &str) -> ReadRequest {
    ReadRequest { table: Some(table.to_owned()), ..ReadRequest::default() }
}

fn read(options: &Value, table: &str) -> Collected {
    collect(&*open(options), &request(table)).unwrap()
}

/// Every cell of a column, as Arrow prints it; nulls are `-`.
fn cells(collected: &Collected, column: &str) -> Vec<String> {
    let mut cells = Vec::new();
    for chunk in &collected.chunks {
        let array = chunk.batch.column_by_name(column).unwrap();
        // The printer knows zones as offsets alone.
        let array = match array.as_primitive_opt::<TimestampMicrosecondType>() {
            Some(moments) if moments.timezone().is_some() => {
                &(Arc::new(moments.clone().with_timezone("+00:00")) as ArrayRef)
            }
            _ => array,
        };
        cells.extend((0..array.len()).map(|row| match array.is_null(row) {
            true => "-".to_owned(),
            false => array_value_to_string(array, row).unwrap(),
        }));
    }
    cells
}
