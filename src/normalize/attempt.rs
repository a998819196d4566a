//! Expressions of the pipeline file that can fail on a row. A query of DataFusion fails whole; here an expression is
//! tried on a batch and, where it fails, on ever smaller parts of it, until the rows at fault stand alone.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringArray, StructArray, new_null_array};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Field, Fields, SchemaRef};
use arrow::error::ArrowError;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ScalarUDF, Signature, Volatility};
use datafusion::physical_expr::PhysicalExpr;

use super::functions::kernel;

/// Field of an attempt: what the expression gives; null where it fails.
pub(super) const VALUE: &str = "value";
/// Field of an attempt: the expression and how it fails; null where it does not.
pub(super) const FAULT: &str = "fault";
/// Between the parts of a [`FAULT`]: the expression's path in the pipeline file and the kind of error.
const SEPARATOR: char = '\n';

/// The function that tries `expression` over columns of `schema`, its arguments. `path` is where it stands.
pub(super) fn attempt(
    expression: Arc<dyn PhysicalExpr>,
    schema: SchemaRef,
    data_type: DataType,
    path: &str,
) -> ScalarUDF {
    let fields = Fields::from(vec![Field::new(VALUE, data_type, true), Field::new(FAULT, DataType::Utf8, true)]);
    let own_path = path.to_owned();
    kernel(
        // The engine tells expressions apart by their names, so no two may share one.
        format!("attempt {path}"),
        Signature::variadic_any(Volatility::Immutable),
        DataType::Struct(fields.clone()),
        move |arguments, rows| {
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), arguments.to_vec(), &options)?;
            let mut parts = Vec::new();
            tried(expression.as_ref(), &batch, fields[0].data_type(), &mut parts)?;
            let arrays: Vec<&dyn Array> = parts.iter().map(|(values, _)| values.as_ref()).collect();
            let values = if let [values] = arrays.as_slice() { values.slice(0, rows) } else { concat(&arrays)? };
            let faults: StringArray = parts
                .iter()
                .flat_map(|(values, kind)| {
                    let fault = kind.map(|kind| format!("{own_path}{SEPARATOR}{kind}"));
                    std::iter::repeat_n(fault, values.len())
                })
                .collect();
            Ok(Arc::new(StructArray::try_new(fields.clone(), vec![values, Arc::new(faults)], None)?))
        },
    )
}

/// The path and the kind of error of a [`FAULT`].
pub(super) fn fault_parts(fault: &str) -> (&str, &str) {
    fault.split_once(SEPARATOR).unwrap_or((fault, "an error"))
}

/// The values of consecutive rows and, where there are none, why.
type Part = (ArrayRef, Option<&'static str>);

fn tried(
    expression: &dyn PhysicalExpr,
    batch: &RecordBatch,
    data_type: &DataType,
    parts: &mut Vec<Part>,
) -> Result<()> {
    let rows = batch.num_rows();
    match expression.evaluate(batch).and_then(|value| value.into_array(rows)) {
        Ok(values) => parts.push((values, None)),
        Err(error) => match kind_of(&error) {
            None => return Err(error),
            Some(kind) if rows <= 1 => parts.push((new_null_array(data_type, rows), Some(kind))),
            Some(_) => {
                let half = rows / 2;
                tried(expression, &batch.slice(0, half), data_type, parts)?;
                tried(expression, &batch.slice(half, rows - half), data_type, parts)?;
            }
        },
    }
    Ok(())
}

/// What kind of error a row caused, in words that hold none of its values; `None` where no row is at fault.
pub(crate) fn kind_of(error: &DataFusionError) -> Option<&'static str> {
    match error.find_root() {
        DataFusionError::ArrowError(error, _) => match error.as_ref() {
            ArrowError::DivideByZero => Some("division by zero"),
            ArrowError::ArithmeticOverflow(_) => Some("arithmetic overflow"),
            ArrowError::CastError(_) => Some("a value cannot be cast"),
            ArrowError::ParseError(_) => Some("a value cannot be parsed"),
            ArrowError::IoError(..) | ArrowError::MemoryError(_) => None,
            _ => Some("a function refuses a value"),
        },
        DataFusionError::IoError(_) | DataFusionError::ResourcesExhausted(_) => None,
        _ => Some("a function refuses a value"),
    }
}
