//! From the raw columns of a query to normalised ones: which column is made of which, and how.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::datatypes::{Field, Schema};
use arrow::error::ArrowError;
use goldsmith_columns::{Reading, lists, person_name, scalar};
use goldsmith_config::attributes::AttributeKind;

use super::layout;
use crate::extract::landing::OWN;
use crate::pipeline::RunError;

/// How the normalised columns of one record type are made.
#[derive(Default)]
pub(super) struct StandardForm {
    pub columns: Vec<StandardColumn>,
    /// For the records of persons the raw column of each of [`layout::NAME_PARTS`], where it is mapped.
    pub name: Option<[Option<String>; 6]>,
}

/// One normalised column.
pub(super) struct StandardColumn {
    pub name: String,
    pub making: Making,
}

/// How a column is made.
pub(super) enum Making {
    /// As it is in the query.
    Same,
    /// Of one raw column.
    Scalar { kind: AttributeKind, raw: String, reading: Reading },
    /// Of the raw columns of its entries.
    List { kind: AttributeKind, raw: Vec<String>, entries: Vec<Vec<String>>, reading: Reading, sorted: bool },
}

/// The column with a normalised part of a person's name. Its name is the program's own, because the values a row came
/// with do not have it.
pub(super) fn name_column(part: &str) -> String {
    format!("{OWN}{part}")
}

impl StandardForm {
    /// The normalised columns of rows of the query.
    ///
    /// # Errors
    /// Where the query lost a column.
    pub(super) fn of(&self, raw: &RecordBatch) -> Result<RecordBatch, RunError> {
        let rows = raw.num_rows();
        let column = |name: &str| {
            let found = raw.column_by_name(name).cloned();
            found.ok_or_else(|| ArrowError::SchemaError(format!("the query lost its column {name}")))
        };
        let mut made: Vec<(String, ArrayRef)> = Vec::new();
        for name in [layout::SOURCE_KEY, layout::KEPT, layout::UPDATED_AT, layout::RECORD_HASH] {
            made.push((name.to_owned(), column(name)?));
        }
        if let Some(parts) = &self.name {
            let given: Vec<Option<ArrayRef>> =
                parts.iter().map(|part| part.as_deref().map(column).transpose()).collect::<Result<_, _>>()?;
            let parts = person_name::normalize(&given, rows)?;
            made.extend(layout::NAME_PARTS.iter().map(|part| name_column(part)).zip(parts));
        }
        for StandardColumn { name, making } in &self.columns {
            let values = match making {
                Making::Same => column(name)?,
                Making::Scalar { kind, raw, reading } => scalar::normalize(*kind, &column(raw)?, reading)?,
                Making::List { kind, raw, .. } if raw.is_empty() => new_null_array(&layout::data_type(*kind), rows),
                Making::List { kind, raw, entries, reading, sorted } => {
                    let parts: Vec<ArrayRef> = raw.iter().map(|name| column(name)).collect::<Result<_, _>>()?;
                    lists::normalize(*kind, entries, &parts, rows, reading, *sorted)?
                }
            };
            made.push((name.clone(), values));
        }
        let fields: Vec<Field> =
            made.iter().map(|(name, values)| Field::new(name, values.data_type().clone(), true)).collect();
        let columns = made.into_iter().map(|(_, values)| values).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)?)
    }
}
