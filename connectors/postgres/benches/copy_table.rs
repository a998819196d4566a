//! Reads a table into an Arrow file, or a Parquet one where the name ends so, to be measured against others:
//!
//! ```text
//! cargo build --release -p connector-postgres --example copy_table
//! time target/release/examples/copy_table 'postgres://user@127.0.0.1:5432/shop?sslmode=disable' t t.arrow
//! time psql -h 127.0.0.1 -U user shop -c "\copy (SELECT * FROM t) TO 't.csv' CSV"
//! ```
//!
//! The password is that of `PGPASSWORD`; without `?sslmode=disable` the connection is encrypted.

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::FileWriter;
use connector_postgres::Postgres;
use goldsmith_source::{Chunk, Connector as _, FileRead, OpenContext, ReadRequest, RejectedRow, Sink, SourceError};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use serde_json::Value;

/// As goldsmith has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

enum Target {
    Arrow(FileWriter<BufWriter<File>>),
    Parquet(ArrowWriter<File>),
}

impl Target {
    fn create(path: &str, schema: &SchemaRef) -> Result<Self, Box<dyn Error>> {
        let file = File::create(path)?;
        Ok(if path.ends_with(".parquet") {
            let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
            Self::Parquet(ArrowWriter::try_new(file, schema.clone(), Some(properties))?)
        } else {
            Self::Arrow(FileWriter::try_new(BufWriter::with_capacity(1 << 20, file), schema)?)
        })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Arrow(writer) => writer.write(batch)?,
            Self::Parquet(writer) => writer.write(batch)?,
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Arrow(mut writer) => writer.finish()?,
            Self::Parquet(writer) => drop(writer.close()?),
        }
        Ok(())
    }
}

struct Writer {
    target: Target,
    rejected: u64,
}

impl Sink for Writer {
    fn chunk(&mut self, chunk: Chunk) -> Result<(), SourceError> {
        self.target.write(&chunk.batch).map_err(|error| SourceError::unavailable("the file", error.to_string()))
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
        return Err("usage: copy_table ADDRESS TABLE FILE".into());
    };
    let options = Postgres.options_for(address).ok_or("the address does not begin with postgres://")?;
    let context = OpenContext { source_name: "bench".to_owned(), base_dir: ".".into() };
    let source = Postgres.open(&Value::Object(options), &context)?;
    let schema = source.schema(Some(table))?;
    let mut writer = Writer { target: Target::create(path, &schema)?, rejected: 0 };
    source.read(&ReadRequest { table: Some(table.clone()), ..ReadRequest::default() }, &mut writer)?;
    writer.target.finish()
}
