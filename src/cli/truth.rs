//! The file with the truth: which record is of which customer.

use std::path::Path;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::execution::options::CsvReadOptions;
use datafusion::prelude::{ParquetReadOptions, SessionContext};

use super::Failure;
use crate::evaluation::Truth;
use crate::normalize::select::plain;
use crate::normalize::session;
use crate::pipeline::exit;
use crate::shown::column_names;

/// The rows of the truth, and how many lack the record or the customer.
pub(super) async fn read_truth(path: &Path) -> Result<(Vec<Truth>, usize), Failure> {
    let refuse = |what: String| Failure::config(format!("error: {}: {what}", path.display()));
    if !path.is_file() {
        let message = format!("error: {}: there is no such file; correct the path", path.display());
        return Err(Failure { message, code: exit::RETRY });
    }
    let context: SessionContext = session::session(1);
    let text = path.to_string_lossy();
    let frame = if path.extension().is_some_and(|ending| ending == "parquet") {
        context.read_parquet(text.as_ref(), ParquetReadOptions::default()).await
    } else {
        let ending = path.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
        // Keys like 007 are text; so is every other column.
        let options = CsvReadOptions::new().file_extension(&ending).schema_infer_max_records(0);
        context.read_csv(text.as_ref(), options).await
    };
    let frame = frame.map_err(|error| refuse(plain(&error)))?;
    let columns: Vec<String> = frame.schema().fields().iter().map(|field| field.name().clone()).collect();
    if columns.is_empty() {
        return Err(refuse("it is empty; write a row a record, with a header".to_owned()));
    }
    let has = column_names(&columns.iter().map(String::as_str).collect::<Vec<_>>());
    let find = |names: &[&str]| names.iter().find_map(|name| columns.iter().position(|column| column == name));
    let cluster = find(&["cluster_id", "customer_id", "entity_id"])
        .ok_or_else(|| refuse(format!("it has no column `cluster_id` or `customer_id` for a record's customer, but {has}; rename the one that says it")))?;
    let source = find(&["source"]);
    let key = source
        .and_then(|_| find(&["source_key", "source_id", "key"]))
        .or_else(|| find(&["record_id", "source_key"]))
        .ok_or_else(|| refuse(format!("it has no column `record_id`, or `source` and `source_key`, for the record, but {has}; rename those that say it")))?;
    let source = source.filter(|_| columns.get(key).is_some_and(|name| name != "record_id"));
    let (mut truth, mut incomplete) = (Vec::new(), 0);
    for batch in frame.collect().await.map_err(|error| refuse(plain(&error)))? {
        let texts =
            |index: usize| cast(batch.column(index), &DataType::Utf8).map_err(|error| refuse(error.to_string()));
        let (clusters, keys) = (texts(cluster)?, texts(key)?);
        let sources = source.map(texts).transpose()?;
        let (clusters, keys) = (clusters.as_string::<i32>(), keys.as_string::<i32>());
        let sources = sources.as_ref().map(|sources| sources.as_string::<i32>());
        for row in 0..batch.num_rows() {
            if clusters.is_null(row) || keys.is_null(row) || sources.is_some_and(|sources| sources.is_null(row)) {
                incomplete += 1;
                continue;
            }
            truth.push(Truth {
                source: sources.map(|sources| sources.value(row).to_owned()),
                key: keys.value(row).to_owned(),
                customer: clusters.value(row).to_owned(),
            });
        }
    }
    Ok((truth, incomplete))
}
