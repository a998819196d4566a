//! The check of windows, for sources that obey them.

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::DataType;

use super::checks::{Report, joined};
use super::{Check, Collected, Fixture, collect};
use crate::cursor::{CursorColumn, CursorValue, can_be_cursor};
use crate::{ErrorKind, ReadRequest, Source, SourceError, Window};

/// Cuts windows out of every column that can be a cursor and holds the rows against those of the whole read.
pub(super) fn windows(fixture: &Fixture<'_>, source: &dyn Source, first: &Collected, report: &mut Report) {
    if !source.obeys_windows() {
        return;
    }
    // Where the whole read gave no rows, or batches of several schemas, other checks say so.
    let Ok(Some(whole)) = joined(first) else { return };
    let schema = whole.schema();
    let mut obeyed = 0;
    for (field, array) in schema.fields().iter().zip(whole.columns()) {
        if !can_be_cursor(field.data_type()) {
            continue;
        }
        match one_column(fixture, source, &whole, (field.name(), array)) {
            Ok(None) => obeyed += 1,
            Ok(Some(fault)) => report.add(Check::Windows, fault),
            Err(error) if error.kind == ErrorKind::Config => {}
            Err(error) => report.add(Check::Windows, format!("on \"{}\": {error}", field.name())),
        }
    }
    report.expect(Check::Windows, obeyed > 0, || "no column of the fixture could be windowed by".to_owned());
}

/// What is wrong with windows on one column; nothing where all is right.
fn one_column(
    fixture: &Fixture<'_>,
    source: &dyn Source,
    whole: &RecordBatch,
    (column, array): (&str, &ArrayRef),
) -> Result<Option<String>, SourceError> {
    let cursors = CursorColumn::new(array)?;
    let values: Vec<Option<CursorValue>> = (0..array.len()).map(|row| cursors.value(row)).collect();
    let mut edges: Vec<&CursorValue> = values.iter().flatten().collect();
    edges.sort();
    edges.dedup();
    let (least, middle, most) = (edges.first().copied(), edges.get(edges.len() / 2).copied(), edges.last().copied());
    let windows = [(None, None), (middle, None), (None, middle), (least, most), (most, None), (middle, middle)];
    for (from, until) in windows {
        let wanted: BooleanArray = values
            .iter()
            .map(|value| {
                let inside = |value: &CursorValue| {
                    from.is_none_or(|from| value >= from) && until.is_none_or(|until| value < until)
                };
                Some(value.as_ref().is_none_or(inside))
            })
            .collect();
        let Ok(expected) = filter_record_batch(whole, &wanted) else {
            return Ok(Some("the rows cannot be filtered".to_owned()));
        };
        let mark = |edge: Option<&CursorValue>| edge.map(|edge| edge.mark(array.data_type())).transpose();
        let window = Window { column: column.to_owned(), from: mark(from)?, until: mark(until)? };
        let shown = describe(&window);
        for (columns, batch_rows) in [(None, 2), (Some(others(whole, column)), ReadRequest::default().batch_rows)] {
            let request = ReadRequest {
                table: fixture.table.clone(),
                columns: columns.clone(),
                batch_rows,
                window: Some(window.clone()),
                limit: None,
            };
            let found = collect(source, &request)?;
            if let Some(fault) = difference(&found, &expected, columns.as_deref()) {
                return Ok(Some(format!("{shown}: {fault}")));
            }
        }
    }
    Ok(None)
}

/// The columns without that of the window: it need not be asked for.
fn others(whole: &RecordBatch, column: &str) -> Vec<String> {
    let schema = whole.schema();
    schema.fields().iter().map(|field| field.name().clone()).filter(|name| name != column).collect()
}

fn difference(found: &Collected, expected: &RecordBatch, columns: Option<&[String]>) -> Option<String> {
    let expected = match columns {
        None => expected.clone(),
        Some(names) => {
            let schema = expected.schema();
            let places: Vec<usize> = names.iter().filter_map(|name| schema.index_of(name).ok()).collect();
            expected.project(&places).ok()?
        }
    };
    let numbers = found.rows();
    let rising = numbers
        .iter()
        .zip(numbers.iter().skip(1))
        .all(|((file, row), (next_file, next))| file != next_file || row < next);
    match found.batch(&expected.schema()) {
        Err(_) => Some("the batches have other columns".to_owned()),
        Ok(batch) if batch.num_rows() != expected.num_rows() => {
            Some(format!("{} rows came, not {}", batch.num_rows(), expected.num_rows()))
        }
        Ok(batch) if batch != expected => Some("other rows came, or in another order".to_owned()),
        Ok(_) if !rising => Some("the row numbers do not rise".to_owned()),
        Ok(_) => None,
    }
}

fn describe(window: &Window) -> String {
    let edge = |mark: &Option<crate::Mark>| mark.as_ref().map_or_else(|| "-".to_owned(), |mark| mark.text.clone());
    let kind = window.from.as_ref().or(window.until.as_ref()).map_or(DataType::Null, |mark| mark.data_type.clone());
    format!("\"{}\" ({kind}) from {} until {}", window.column, edge(&window.from), edge(&window.until))
}
