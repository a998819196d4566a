//! Tables that delta-rs wrote, tables made from the protocol's text, and tables that are odd, hostile or broken.

mod deletion;
mod delta_rs;
mod elsewhere;
mod faults;
mod made;

use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::{concat_batches, sort_to_indices, take_record_batch};
use arrow::datatypes::Schema;
use connector_delta::Delta;
use goldsmith_source::conformance::{Collected, collect};
use goldsmith_source::{Connector as _, OpenContext, ReadRequest, Source, SourceError};
use serde_json::{Value, json};

pub(crate) fn source(folder: &Path, options: &Value) -> Box<dyn Source> {
    let context = OpenContext { source_name: "customers".to_owned(), base_dir: folder.to_owned() };
    Delta.open(options, &context).unwrap()
}

/// All rows of the table `name` in `folder`, as they come.
pub(crate) fn read(folder: &Path, name: &str) -> Result<Collected, SourceError> {
    collect(&*source(folder, &json!({ "path": name })), &ReadRequest::default())
}

pub(crate) fn refused(folder: &Path, name: &str) -> SourceError {
    match read(folder, name) {
        Ok(_) => panic!("{name} was read"),
        Err(error) => error,
    }
}

/// All rows read, in one batch.
pub(crate) fn whole(collected: &Collected, schema: &Arc<Schema>) -> RecordBatch {
    let batches: Vec<RecordBatch> = collected.chunks.iter().map(|chunk| chunk.batch.clone()).collect();
    concat_batches(schema, &batches).unwrap()
}

/// The rows in order of the first column.
pub(crate) fn sorted(batch: &RecordBatch) -> RecordBatch {
    take_record_batch(batch, &sort_to_indices(batch.column(0), None, None).unwrap()).unwrap()
}

/// The first column of everything read, which is text when shown, and the row numbers.
pub(crate) fn ids(collected: &Collected) -> Vec<(String, u64)> {
    let show = arrow::util::display::array_value_to_string;
    let rows = collected.chunks.iter().flat_map(|chunk| {
        (0..chunk.batch.num_rows()).map(|at| (show(chunk.batch.column(0), at).unwrap(), chunk.rows[at]))
    });
    rows.collect()
}
