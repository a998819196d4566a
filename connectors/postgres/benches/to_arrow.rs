//! Reads a table into an Arrow file, to be measured against `psql -c "\copy (SELECT * FROM t) TO 'FILE' CSV"`:
//!
//! ```text
//! cargo build --release -p connector-postgres --example to_arrow
//! time target/release/examples/to_arrow postgres://user@127.0.0.1:5432/shop t /tmp/t.arrow
//! ```
//!
//! The password is that of `PGPASSWORD`; `?sslmode=disable` reads without encryption.

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;

use arrow::ipc::writer::FileWriter;
use connector_postgres::Postgres;
use goldsmith_source::{Chunk, Connector as _, FileRead, OpenContext, ReadRequest, RejectedRow, Sink, SourceError};
use serde_json::Value;

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
    let [address, table, path] = arguments.as_slice() else {
        return Err("usage: to_arrow ADDRESS TABLE FILE".into());
    };
    let options = Postgres.options_for(address).ok_or("the address does not begin with postgres://")?;
    let context = OpenContext { source_name: "bench".to_owned(), base_dir: ".".into() };
    let source = Postgres.open(&Value::Object(options), &context)?;
    let schema = source.schema(Some(table))?;
    let mut writer = Writer { file: FileWriter::try_new(BufWriter::new(File::create(path)?), &schema)?, rejected: 0 };
    source.read(&ReadRequest { table: Some(table.clone()), ..ReadRequest::default() }, &mut writer)?;
    writer.file.finish()?;
    Ok(())
}
