//! Actions out of a checkpoint in Parquet. Its rows are brought into the form commits have, so that both are
//! understood by the same code.

use arrow::array::RecordBatch;
use arrow::json::LineDelimitedWriter;
use goldsmith_parquet_file::{ParquetFile, guarded};
use goldsmith_source::SourceError;
use goldsmith_source::files::InputFile;
use goldsmith_source::lines::End;
use parquet::arrow::ProjectionMask;

use crate::action::Action;

/// Rows that are in memory at a time: with statistics of many columns, one may take kilobytes.
const BATCH_ROWS: usize = 1024;

/// Hands every action of `file` that matters for reading to `take`.
///
/// # Errors
/// Those of the file, and of `take`.
pub(crate) fn read(
    file: &InputFile,
    mut take: impl FnMut(Action) -> Result<(), SourceError>,
) -> Result<(), SourceError> {
    let opened = ParquetFile::open(file.clone())?.without_hints()?;
    let mut batches = opened.batches(
        |schema| {
            let wanted = schema.columns().iter().enumerate().filter(|(_, column)| matters(column.path().parts()));
            ProjectionMask::leaves(schema, wanted.map(|(at, _)| at))
        },
        BATCH_ROWS,
    )?;
    let mut row = 0;
    while let Some(batch) = batches.next_batch()? {
        let lines = guarded(file, || written(&batch))?;
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            row += 1;
            take(Action::parse(line, row, End::LineEnd, &file.name)?)?;
        }
    }
    Ok(())
}

/// Statistics in columns of their own and tombstones are not looked at.
fn matters(path: &[String]) -> bool {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    matches!(
        path.as_slice(),
        ["add", "path" | "partitionValues" | "size" | "stats" | "deletionVector", ..]
            | ["metaData" | "protocol" | "sidecar", ..]
    )
}

fn written(batch: &RecordBatch) -> Result<Vec<u8>, arrow::error::ArrowError> {
    let mut writer = LineDelimitedWriter::new(Vec::new());
    writer.write(batch)?;
    writer.finish()?;
    Ok(writer.into_inner())
}
