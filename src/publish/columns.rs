//! Columns of the records as tables read them: found by name and given their type once a table, so that a value costs
//! an index and no search.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Int64Array, StringArray, TimestampMicrosecondArray, UInt32Array,
};
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, TimestampMicrosecondType, UInt32Type};

use super::EntityResult;
use crate::golden::RankedValue;
use crate::normalize::{EntityRecords, Places, layout};
use crate::pipeline::RunError;
use crate::pipeline::plan::Plan;

/// A text column of the records, or a text part of their list elements.
pub(super) struct Texts<'a> {
    places: &'a Places,
    /// A batch each; none where list elements have no such part.
    batches: Vec<StringArray>,
}

impl<'a> Texts<'a> {
    /// A scalar column of an attribute; what is no text is written as one.
    ///
    /// # Errors
    /// Where the records have no such column, or its values are not arranged.
    pub(super) fn column(records: &'a EntityRecords, name: &str) -> Result<Self, RunError> {
        let batches = records.column(name)?.iter().map(text_array).collect::<Result<_, _>>()?;
        Ok(Self { places: records.arranged_places()?, batches })
    }

    /// A part of the elements of a list column.
    ///
    /// # Errors
    /// Where the records have no such column, or its values are not arranged.
    pub(super) fn part(records: &'a EntityRecords, attribute: &str, part: &str) -> Result<Self, RunError> {
        let parts = records.columns.part(attribute, part)?.unwrap_or_default();
        Ok(Self {
            places: records.arranged_places()?,
            batches: parts.iter().map(text_array).collect::<Result<_, _>>()?,
        })
    }

    /// The value in a place; `None` where it is null.
    pub(super) fn of(&self, place: u32) -> Option<&str> {
        let (batch, row) = self.places.get(place as usize)?;
        text_at(self.batches.get(batch)?, row)
    }

    /// The part of a list element; `None` where it is null.
    pub(super) fn element(&self, value: &RankedValue) -> Option<&str> {
        let (batch, _) = self.places.get(value.place as usize)?;
        text_at(self.batches.get(batch)?, value.element as usize)
    }
}

fn text_array(array: &ArrayRef) -> Result<StringArray, RunError> {
    Ok(cast(array, &DataType::Utf8)?.as_string::<i32>().clone())
}

fn text_at(texts: &StringArray, at: usize) -> Option<&str> {
    (at < texts.len() && texts.is_valid(at)).then(|| texts.value(at))
}

/// The keys of records in their sources.
pub(super) struct Keys<'a> {
    places: &'a Places,
    batches: Vec<StringArray>,
}

impl<'a> Keys<'a> {
    /// # Errors
    /// Where the records have no column of keys.
    pub(super) fn of_records(records: &'a EntityRecords) -> Result<Self, RunError> {
        let batches = records.column(layout::SOURCE_KEY)?.iter().map(text_array).collect::<Result<_, _>>()?;
        Ok(Self { places: &records.places, batches })
    }

    pub(super) fn of(&self, record: u32) -> Option<&str> {
        let (batch, row) = self.places.get(record as usize)?;
        text_at(self.batches.get(batch)?, row)
    }
}

/// When the records last changed.
pub(super) struct Moments<'a> {
    places: &'a Places,
    batches: Vec<TimestampMicrosecondArray>,
}

impl<'a> Moments<'a> {
    /// # Errors
    /// Where the records have no such column.
    pub(super) fn of_records(records: &'a EntityRecords) -> Result<Self, RunError> {
        let columns = records.column(layout::UPDATED_AT)?.iter();
        let batches = columns.map(|array| array.as_primitive::<TimestampMicrosecondType>().clone()).collect();
        Ok(Self { places: &records.places, batches })
    }

    pub(super) fn of(&self, record: u32) -> Option<i64> {
        let (batch, row) = self.places.get(record as usize)?;
        let moments = self.batches.get(batch)?;
        (row < moments.len() && moments.is_valid(row)).then(|| moments.value(row))
    }
}

/// Where the records come from.
pub(super) struct Origins<'a> {
    plan: &'a Plan,
    sources: &'a [u16],
    keys: Keys<'a>,
}

impl<'a> Origins<'a> {
    /// # Errors
    /// Where the records have no column of keys.
    pub(super) fn of(plan: &'a Plan, records: &'a EntityRecords) -> Result<Self, RunError> {
        Ok(Self { plan, sources: &records.sources, keys: Keys::of_records(records)? })
    }

    /// The number of a record's source, which is its place among [`source_names`].
    pub(super) fn source(&self, record: u32) -> u32 {
        self.sources.get(record as usize).copied().map_or(u32::MAX, u32::from)
    }

    /// The name of a record's source.
    pub(super) fn source_name(&self, record: u32) -> &'a str {
        self.plan.sources.get(self.source(record) as usize).map_or("", |source| source.name.as_str())
    }

    /// A record's key in its source.
    pub(super) fn key(&self, record: u32) -> &str {
        self.keys.of(record).unwrap_or("")
    }
}

/// The texts of a column that has few, or whose texts are known beforehand: rows name them by number.
pub(super) struct Names(ArrayRef);

impl Names {
    pub(super) fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let names: Vec<&str> = names.into_iter().collect();
        Self(Arc::new(StringArray::from_iter_values(names)))
    }

    /// The names of several columns, one after the other.
    ///
    /// # Errors
    /// More than two gigabytes of them.
    pub(super) fn all(columns: &[&StringArray]) -> Result<Self, RunError> {
        let columns: Vec<&dyn Array> = columns.iter().map(|column| *column as &dyn Array).collect();
        Ok(Self(if columns.is_empty() { Arc::new(StringArray::new_null(0)) } else { concat(&columns)? }))
    }

    /// A column of one name each row.
    ///
    /// # Errors
    /// A number that no name has.
    pub(super) fn column(&self, codes: impl IntoIterator<Item = u32>) -> Result<ArrayRef, RunError> {
        self.coded(UInt32Array::from_iter_values(codes))
    }

    /// A column of a name or none each row.
    ///
    /// # Errors
    /// A number that no name has.
    pub(super) fn maybe_column(&self, codes: impl IntoIterator<Item = Option<u32>>) -> Result<ArrayRef, RunError> {
        self.coded(codes.into_iter().collect())
    }

    fn coded(&self, codes: UInt32Array) -> Result<ArrayRef, RunError> {
        Ok(Arc::new(DictionaryArray::<UInt32Type>::try_new(codes, Arc::clone(&self.0))?))
    }
}

/// The names of the plan's sources, by their number.
pub(super) fn source_names(plan: &Plan) -> Names {
    Names::of(plan.sources.iter().map(|source| source.name.as_str()))
}

/// The golden ids of an entity type, by cluster.
pub(super) fn golden_names(entity: &EntityResult) -> Names {
    Names(Arc::new(entity.golden_ids.ids.clone()))
}

/// A column of one text.
///
/// # Errors
/// None that a caller can meet.
pub(super) fn repeated(names: &Names, rows: usize) -> Result<ArrayRef, RunError> {
    names.column(std::iter::repeat_n(0, rows))
}

/// A text column without nulls.
pub(super) fn texts<'v>(values: impl ExactSizeIterator<Item = &'v str>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

/// A text column.
pub(super) fn maybe_texts<'v>(values: impl IntoIterator<Item = Option<&'v str>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<StringArray>())
}

/// A column of numbers.
pub(super) fn counts(values: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

/// A column of moments.
pub(super) fn moments(values: impl IntoIterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

/// A number of things as the tables count them.
pub(super) fn count_of(things: usize) -> i64 {
    i64::try_from(things).unwrap_or(i64::MAX)
}
