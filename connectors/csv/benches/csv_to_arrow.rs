//! Reads a delimited file into an Arrow file, to be measured against other readers :
//!
//! ```text
//! cargo build --release -p connector-csv --example csv_to_arrow
//! time target/release/examples/csv_to_arrow customers.csv /dev/null
//! ```

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;

use arrow::ipc::writer::FileWriter;
use connector_csv::Csv;
use goldsmith_source::{Chunk, Connector as _, FileRead, OpenContext, ReadRequest, RejectedRow, Sink, SourceError};
use serde_json::json;

struct Writer {
    file: FileWriter<BufWriter<File>>,
    rejected: u64,
}

impl Sink for Writer {
    fn chunk(&mut self, chunk: Chunk) -> Result<(), SourceError> {
        self.file.write(&chunk.batch).map_err(|error| SourceError::unavailable("the Arrow file", error.to_string()))
    }

    fn reject(&mut self, _: RejectedRow) -> Result<(), SourceError> {
        self.rejected += 1;
        Ok(())
    }

    fn file_done(&mut self, done: FileRead) -> Result<(), SourceError> {
        println!("{} rows, {} of them rejected", done.rows, self.rejected);
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = arguments.as_slice() else {
        return Err("usage: csv_to_arrow FILE ARROW_FILE".into());
    };
    let context = OpenContext { source_name: "bench".to_owned(), base_dir: ".".into() };
    let source = Csv.open(&json!({ "path": from }), &context)?;
    let schema = source.schema(None)?;
    let mut writer = Writer { file: FileWriter::try_new(BufWriter::new(File::create(to)?), &schema)?, rejected: 0 };
    source.read(&ReadRequest::default(), &mut writer)?;
    writer.file.finish()?;
    Ok(())
}
