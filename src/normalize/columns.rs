//! The columns every record has beside its attributes, as functions of a query: when it changed, the hash of its raw
//! values, what is kept of its row.

use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Fields, Schema};
use datafusion::logical_expr::{ScalarUDF, Signature, Volatility};
use goldsmith_columns::{Reading, record_hash, scalar};
use goldsmith_config::attributes::AttributeKind;

use super::functions::kernel;
use super::layout;

/// The function that reads text as a moment.
#[must_use]
pub(super) fn moment_function(reading: Reading) -> ScalarUDF {
    let signature = Signature::exact(vec![DataType::Utf8], Volatility::Immutable);
    kernel("normalize_moment", signature, layout::timestamp(), move |arguments, _| match arguments {
        [values] => Ok(scalar::normalize(AttributeKind::Timestamp, values, &reading)?),
        _ => datafusion::common::internal_err!("one argument expected"),
    })
}

/// The function that hashes a record's raw values. `unordered` marks the arguments that are child rows, whose order
/// means nothing.
#[must_use]
pub(super) fn record_hash_function(unordered: Vec<bool>) -> ScalarUDF {
    let signature = Signature::variadic_any(Volatility::Immutable);
    kernel("record_hash", signature, DataType::FixedSizeBinary(32), move |arguments, rows| {
        Ok(record_hash::record_hash(arguments, &unordered, rows)?)
    })
}

/// The function that writes its arguments as a JSON object with the given names.
#[must_use]
pub(super) fn json_function(names: Vec<String>) -> ScalarUDF {
    kernel("as_json", Signature::variadic_any(Volatility::Immutable), DataType::Utf8, move |arguments, rows| {
        let fields: Fields = names
            .iter()
            .zip(arguments)
            .map(|(name, argument)| Field::new(name, argument.data_type().clone(), true))
            .collect();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arguments.to_vec())?;
        let mut writer = arrow::json::LineDelimitedWriter::new(Vec::new());
        writer.write(&batch)?;
        writer.finish()?;
        let json = writer.into_inner();
        // Line ends in values are escaped.
        let lines = json.split(|byte| *byte == b'\n').take(rows).map(|line| String::from_utf8_lossy(line).into_owned());
        Ok(Arc::new(lines.map(Some).collect::<StringArray>()))
    })
}
