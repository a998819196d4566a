//! An Arrow IPC stream: batches as they come, cut to the size asked for.

use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use goldsmith_source::columns::{conform, union};
use goldsmith_source::ipc::{Fault, Form, check};
use goldsmith_source::program::{Output, OutputReader};
use goldsmith_source::{Chunk, Sink, SourceError};

use crate::read::{Ran, internal, unreadable};

/// The columns of the stream, every one nullable and without what only says how values are encoded.
pub(crate) fn schema(output: &Output, place: &str) -> Result<SchemaRef, SourceError> {
    let fault = match check(BufReader::new(output.reader())) {
        Ok(Form::Stream) => None,
        Ok(Form::File { .. }) => Some("it is an Arrow file, not a stream"),
        Err(Fault::Io(error)) => return Err(unreadable(place, error)),
        Err(Fault::CutShort) => Some("it is cut short"),
        Err(Fault::Broken(fault)) => Some(fault),
    };
    if let Some(fault) = fault {
        let message = format!("its output is no whole Arrow IPC stream: {fault}; run again, or mend the program");
        return Err(SourceError::corrupt(place, message));
    }
    let reader = open(output, place)?;
    Ok(Arc::new(union([(place, &*reader.schema())])?))
}

/// Pushes every row, with the columns at the positions `wanted`, and tells how many there were.
pub(crate) fn read(
    ran: &Ran,
    wanted: &[usize],
    table: &Arc<str>,
    place: &str,
    batch_rows: usize,
    sink: &mut dyn Sink,
) -> Result<u64, SourceError> {
    let schema = Arc::new(ran.schema.project(wanted).map_err(|error| internal(place).because(error))?);
    let mut reader = open(&ran.output, place)?;
    let lacks = ran.schema.fields().iter().find(|field| reader.schema().index_of(field.name()).is_err());
    if let Some(field) = lacks {
        let message = format!("its stream has no column \"{}\"; mend the program, or option \"columns\"", field.name());
        return Err(SourceError::corrupt(place, message));
    }
    let mut count = 0;
    while let Some(batch) = guarded(place, || reader.next().transpose())? {
        let batch = if ran.declared {
            // A stream fails whole where it does not hold what was declared, whichever columns are asked for. What
            // the cast says is dropped: it repeats the value.
            conform(&batch, &by_offset(&ran.schema)).and_then(|batch| conform(&batch, &schema)).map_err(|_| {
                SourceError::corrupt(place, "its stream has values that do not fit the declared columns; correct them")
            })?
        } else {
            guarded(place, || conform(&batch, &schema))?
        };
        let mut start = 0;
        while start < batch.num_rows() {
            let piece = batch.slice(start, batch_rows.min(batch.num_rows() - start));
            start += piece.num_rows();
            let rows: Vec<u64> = (count + 1..).take(piece.num_rows()).collect();
            count += rows.len() as u64;
            sink.chunk(Chunk { file: Arc::clone(table), rows, batch: piece })?;
        }
    }
    Ok(count)
}

/// `schema` with UTC as an offset: Arrow reads no other zone out of text unless it has the table of all zones.
fn by_offset(schema: &SchemaRef) -> SchemaRef {
    let field = |field: &Arc<Field>| match field.data_type() {
        DataType::Timestamp(unit, Some(_)) => {
            Field::new(field.name(), DataType::Timestamp(*unit, Some("+00:00".into())), true)
        }
        _ => (**field).clone(),
    };
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

fn open(output: &Output, place: &str) -> Result<StreamReader<BufReader<OutputReader>>, SourceError> {
    guarded(place, || StreamReader::try_new_buffered(output.reader(), None))
}

/// Runs the decoder. Bytes it did not expect can make it panic; that is a fault of the stream.
fn guarded<T>(place: &str, decode: impl FnOnce() -> Result<T, ArrowError>) -> Result<T, SourceError> {
    let broken = "its output is a broken Arrow IPC stream; run again, or mend the program";
    match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(result) => result.map_err(|error| SourceError::corrupt(place, broken).because(error)),
        Err(_) => Err(SourceError::corrupt(place, broken)),
    }
}
