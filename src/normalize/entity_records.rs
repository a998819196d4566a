//! The normalised records of one entity type, and the values taken out of them.

use arrow::array::{Array, ArrayRef, RecordBatch, new_null_array};
use arrow::compute::interleave;
use arrow::datatypes::DataType;

use super::layout;
use super::places::Places;
use super::record_columns::RecordColumns;
use crate::golden::RankedValue;
use crate::pipeline::RunError;
use crate::pipeline::plan::{EntityPlan, Plan};

/// An index among sources or entity types; a pipeline has few.
pub(super) fn few(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}

/// The normalised records of one entity type, sorted by source and key.
pub struct EntityRecords {
    pub plan: EntityPlan,
    pub columns: RecordColumns,
    /// Where what every record has lies: its key, its hash, when it changed; and the values of its attributes until they
    /// are arranged.
    pub places: Places,
    is_arranged: bool,
    /// For each record the index of its source in the plan, ascending.
    pub sources: Vec<u16>,
}

impl EntityRecords {
    /// No records yet.
    #[must_use]
    pub fn new(plan: EntityPlan) -> Self {
        Self {
            columns: RecordColumns::new(layout::record_schema(&plan)),
            plan,
            places: Places::default(),
            is_arranged: false,
            sources: Vec::new(),
        }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Where the values of attributes lie, by the place of a record in the order that they were arranged in.
    ///
    /// # Errors
    /// They were not arranged.
    pub fn arranged_places(&self) -> Result<&Places, RunError> {
        if self.is_arranged {
            return Ok(&self.places);
        }
        Err(RunError::Internal("values are not in the order of clusters yet".to_owned()))
    }

    /// All columns, batch by batch.
    ///
    /// # Errors
    /// The values were arranged.
    pub fn batches(&self) -> Result<impl Iterator<Item = Result<RecordBatch, RunError>> + '_, RunError> {
        self.check_not_arranged()?;
        Ok(self.columns.batches())
    }

    fn check_not_arranged(&self) -> Result<(), RunError> {
        if self.is_arranged {
            return Err(RunError::Internal("values are no longer in the order of records".to_owned()));
        }
        Ok(())
    }

    /// Brings the values of all attributes into the order of these records, so that who reads them in this order reads
    /// from front to back: those of the first of them lie in the first of [`Self::places`].
    ///
    /// # Errors
    /// They were arranged before.
    pub fn arrange_values(&mut self, order: &[u32]) -> Result<(), RunError> {
        self.check_not_arranged()?;
        let places: Vec<(usize, usize)> = order.iter().filter_map(|record| self.places.get(*record as usize)).collect();
        for attribute in &self.plan.attributes {
            for field in layout::attribute_fields(attribute) {
                self.columns.arrange(field.name(), &places)?;
            }
        }
        self.is_arranged = true;
        Ok(())
    }

    /// By batch the name of the source that all its records come from.
    #[must_use]
    pub fn source_names<'p>(&self, plan: &'p Plan) -> Vec<&'p str> {
        let mut first = 0;
        let of_batch = |rows: &usize| {
            let source = self.sources.get(first).and_then(|source| plan.sources.get(usize::from(*source)));
            first += rows;
            source.map_or("", |source| source.name.as_str())
        };
        self.columns.lengths().iter().map(of_batch).collect()
    }

    /// The records of a source: they lie together.
    #[must_use]
    pub fn of_source(&self, source: usize) -> std::ops::Range<usize> {
        let before = |number: usize| self.sources.partition_point(|of| usize::from(*of) < number);
        before(source)..before(source + 1)
    }

    /// A column, an array a batch.
    ///
    /// # Errors
    /// Where the records have no such column.
    pub fn column(&self, name: &str) -> Result<&[ArrayRef], RunError> {
        self.columns.column(name)
    }

    /// A column of an attribute to take arranged values from.
    ///
    /// # Errors
    /// Where the records have no such column, or its values are not arranged.
    pub fn picker(&self, name: &str) -> Result<Picker<'_>, RunError> {
        Ok(Picker::of(self.arranged_places()?, self.column(name)?))
    }

    /// One part of the elements of a list column, to take elements from.
    ///
    /// # Errors
    /// Where the attribute has no such part, or its values are not arranged.
    pub fn part_picker(&self, attribute: &str, part: &str) -> Result<Picker<'_>, RunError> {
        let parts = self
            .columns
            .part(attribute, part)?
            .ok_or_else(|| RunError::Internal(format!("{attribute} has no part {part}")))?;
        Ok(Picker::of(self.arranged_places()?, &parts))
    }

    /// Adds a batch; `source` is the index of the one all its records come from.
    pub fn push(&mut self, batch: &RecordBatch, source: usize) {
        let (number, rows) = (self.columns.lengths().len(), batch.num_rows());
        self.places.push_batch(number, rows);
        self.sources.resize(self.sources.len() + rows, few(source));
        self.columns.push(batch);
    }
}

/// Takes values out of a column, in any order.
pub struct Picker<'a> {
    places: &'a Places,
    /// A null, then the arrays.
    arrays: Vec<ArrayRef>,
}

impl<'a> Picker<'a> {
    fn of(places: &'a Places, arrays: &[ArrayRef]) -> Self {
        let data_type = arrays.first().map_or(DataType::Utf8, |array| array.data_type().clone());
        Self { places, arrays: std::iter::once(new_null_array(&data_type, 1)).chain(arrays.iter().cloned()).collect() }
    }

    /// The golden values, in their order; null for `None`.
    ///
    /// # Errors
    /// None that a caller can meet.
    pub fn values<'v>(&self, values: impl Iterator<Item = Option<&'v RankedValue>>) -> Result<ArrayRef, RunError> {
        self.take(values.map(|value| self.places.get(value?.place as usize)))
    }

    /// A part of the list elements that are golden values, in their order; null for `None`.
    ///
    /// # Errors
    /// None that a caller can meet.
    pub fn elements<'v>(&self, values: impl Iterator<Item = Option<&'v RankedValue>>) -> Result<ArrayRef, RunError> {
        self.take(values.map(|value| {
            let value = value?;
            Some((self.places.get(value.place as usize)?.0, value.element as usize))
        }))
    }

    fn take(&self, places: impl Iterator<Item = Option<(usize, usize)>>) -> Result<ArrayRef, RunError> {
        let arrays: Vec<&dyn Array> = self.arrays.iter().map(|array| array.as_ref()).collect();
        let places: Vec<(usize, usize)> =
            places.map(|place| place.map_or((0, 0), |(batch, row)| (batch + 1, row))).collect();
        Ok(interleave(&arrays, &places)?)
    }
}
