//! The columns of normalised records. When it is known who is who, values are brought into the order of the golden
//! profiles, so that stages read them from front to back.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, RecordBatch, RecordBatchOptions, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::interleave;
use arrow::datatypes::{DataType, FieldRef, Fields, SchemaRef};
use rayon::prelude::*;

use super::exact::exact_array;
use crate::pipeline::RunError;

/// The columns of one entity type, in batches.
pub struct RecordColumns {
    schema: SchemaRef,
    /// Rows by batch.
    lengths: Vec<usize>,
    /// By column an array a batch.
    columns: Vec<Vec<ArrayRef>>,
}

impl RecordColumns {
    /// No records yet.
    #[must_use]
    pub fn new(schema: SchemaRef) -> Self {
        let columns = vec![Vec::new(); schema.fields().len()];
        Self { schema, lengths: Vec::new(), columns }
    }

    /// Every column has these types.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// How many rows each batch has.
    #[must_use]
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// Adds a batch.
    pub fn push(&mut self, batch: &RecordBatch) {
        self.lengths.push(batch.num_rows());
        for (column, array) in self.columns.iter_mut().zip(batch.columns()) {
            column.push(Arc::clone(array));
        }
    }

    /// A column, an array a batch.
    ///
    /// # Errors
    /// No such column.
    pub fn column(&self, name: &str) -> Result<&[ArrayRef], RunError> {
        Ok(self.columns.get(self.schema.index_of(name)?).map_or(&[], Vec::as_slice))
    }

    /// One part of the elements of a list column, an array a batch; none where the elements have no such part.
    ///
    /// # Errors
    /// No such column.
    pub fn part(&self, name: &str, part: &str) -> Result<Option<Vec<ArrayRef>>, RunError> {
        let part_of = |list: &ArrayRef| {
            let elements = list.as_list_opt::<i32>()?.values().as_struct_opt()?;
            elements.column_by_name(part).cloned()
        };
        Ok(self.column(name)?.iter().map(part_of).collect())
    }

    /// Brings a column into another order, given for each row of it as its batch and its row there; the batches stay as
    /// long as they are.
    ///
    /// # Errors
    /// No such column.
    pub fn arrange(&mut self, name: &str, order: &[(usize, usize)]) -> Result<(), RunError> {
        let index = self.schema.index_of(name)?;
        let Some(column) = self.columns.get_mut(index) else { return Ok(()) };
        let mut rest = order;
        let mut of_batch = Vec::with_capacity(self.lengths.len());
        for length in &self.lengths {
            let (rows, later) = rest.split_at_checked(*length).unwrap_or((rest, &[]));
            of_batch.push(rows);
            rest = later;
        }
        let arrays = std::mem::take(column);
        *column = match lists_of_parts(&arrays) {
            Some(lists) => {
                drop(arrays);
                arranged_lists(lists, &of_batch)?
            }
            None => arranged(&arrays, &of_batch)?,
        };
        Ok(())
    }

    /// All columns, batch by batch, as long as none was arranged anew.
    pub fn batches(&self) -> impl Iterator<Item = Result<RecordBatch, RunError>> + '_ {
        self.lengths.iter().enumerate().map(move |(number, length)| {
            let of_batch: Vec<ArrayRef> =
                self.columns.iter().filter_map(|column| column.get(number).cloned()).collect();
            let options = RecordBatchOptions::new().with_row_count(Some(*length));
            Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), of_batch, &options)?)
        })
    }
}

/// The values at the places of each batch.
fn arranged<P: AsRef<[(usize, usize)]> + Sync>(column: &[ArrayRef], places: &[P]) -> Result<Vec<ArrayRef>, RunError> {
    let arrays: Vec<&dyn Array> = column.iter().map(AsRef::as_ref).collect();
    let of_batch = |places: &P| Ok(exact_array(&interleave(&arrays, places.as_ref())?)?);
    places.par_iter().map(of_batch).collect()
}

/// Lists of elements of several parts, a batch each.
struct Lists {
    element: FieldRef,
    fields: Fields,
    /// By batch where each list begins and ends, and which are null.
    shapes: Vec<(OffsetBuffer<i32>, Option<NullBuffer>)>,
    /// By part an array a batch.
    parts: Vec<Vec<ArrayRef>>,
}

/// A column taken apart: one whose values are lists, none of whose elements is null, of several parts each.
fn lists_of_parts(column: &[ArrayRef]) -> Option<Lists> {
    let DataType::List(element) = column.first()?.data_type() else { return None };
    let DataType::Struct(fields) = element.data_type() else { return None };
    let mut shapes = Vec::with_capacity(column.len());
    let mut parts = vec![Vec::with_capacity(column.len()); fields.len()];
    for array in column {
        let (_, offsets, elements, nulls) = array.as_list_opt::<i32>()?.clone().into_parts();
        let (_, arrays, null_elements) = elements.as_struct_opt()?.clone().into_parts();
        if null_elements.is_some_and(|nulls| nulls.null_count() > 0) {
            return None;
        }
        shapes.push((offsets, nulls));
        for (part, array) in parts.iter_mut().zip(arrays) {
            part.push(array);
        }
    }
    Some(Lists { element: Arc::clone(element), fields: fields.clone(), shapes, parts })
}

/// Lists at the places of each batch. One part of all lists is brought into order, and let go of, before the next is:
/// values are taken from anywhere in a column, and one part of it takes a fraction of the memory that all take.
fn arranged_lists(lists: Lists, places: &[&[(usize, usize)]]) -> Result<Vec<ArrayRef>, RunError> {
    let shapes = &lists.shapes;
    let elements_of = |(batch, row): (usize, usize)| {
        let offsets = shapes.get(batch).and_then(|(offsets, _)| offsets.get(row..row + 2));
        let (start, end) = offsets.map_or((0, 0), |offsets| (offsets[0], offsets[1]));
        (start..end).map(move |element| (batch, usize::try_from(element).unwrap_or_default()))
    };
    let elements: Vec<Vec<(usize, usize)>> =
        places.par_iter().map(|places| places.iter().copied().flat_map(elements_of).collect()).collect();
    let mut parts: Vec<Vec<ArrayRef>> = vec![Vec::with_capacity(lists.parts.len()); places.len()];
    for part in lists.parts {
        for (parts, array) in parts.iter_mut().zip(arranged(&part, &elements)?) {
            parts.push(array);
        }
    }
    let of_batch = |(parts, places): (Vec<ArrayRef>, &&[(usize, usize)])| {
        let offsets = OffsetBuffer::from_lengths(places.iter().map(|place| elements_of(*place).len()));
        let is_there = |(batch, row): &(usize, usize)| {
            shapes.get(*batch).is_some_and(|(_, nulls)| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*row)))
        };
        let nulls = NullBuffer::from_iter(places.iter().map(is_there));
        let nulls = Some(nulls).filter(|nulls| nulls.null_count() > 0);
        let elements = StructArray::try_new(lists.fields.clone(), parts, None)?;
        Ok(Arc::new(ListArray::try_new(Arc::clone(&lists.element), offsets, Arc::new(elements), nulls)?) as ArrayRef)
    };
    parts.into_iter().zip(places).map(of_batch).collect()
}

#[cfg(test)]
mod tests {
    use arrow::array::{BooleanBuilder, Int32Array, ListBuilder, StringArray, StringBuilder, StructBuilder};
    use arrow::datatypes::Field;

    use super::*;

    /// Lists of a text and a flag each, both null at times; `nulls` makes some of their elements null.
    fn lists(rows: std::ops::Range<i32>, nulls: bool) -> ArrayRef {
        let fields =
            Fields::from(vec![Field::new("value", DataType::Utf8, true), Field::new("valid", DataType::Boolean, true)]);
        let mut lists = ListBuilder::new(StructBuilder::from_fields(fields, 0));
        for row in rows {
            for value in 0..row % 3 {
                let elements = lists.values();
                let text = (value + row % 5 != 0).then(|| format!("v{row}-{value}"));
                elements.field_builder::<StringBuilder>(0).unwrap().append_option(text);
                let flag = (row % 4 != value).then_some(row % 2 == 0);
                elements.field_builder::<BooleanBuilder>(1).unwrap().append_option(flag);
                elements.append(!nulls || row % 2 != 0);
            }
            lists.append(row % 4 != 0);
        }
        Arc::new(lists.finish())
    }

    fn batch(rows: std::ops::Range<i32>) -> RecordBatch {
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("number", Arc::new(Int32Array::from_iter_values(rows.clone()))),
            (
                "text",
                Arc::new(rows.clone().map(|row| (row % 2 == 0).then(|| format!("t{row}"))).collect::<StringArray>()),
            ),
            ("lists", lists(rows.clone(), false)),
            ("holed", lists(rows, true)),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
    }

    #[test]
    fn columns_are_arranged_alone() {
        let mut columns = RecordColumns::new(batch(0..0).schema());
        for start in [0, 100, 130] {
            columns.push(&batch(start..start + 30 + start / 10));
        }
        let part = columns.part("lists", "value").unwrap().unwrap();
        assert!(part.len() == 3 && part.iter().any(|part| part.len() > 10));
        assert!(columns.part("lists", "unit").unwrap().is_none());
        assert_eq!(columns.batches().map(|batch| batch.unwrap().num_rows()).collect::<Vec<_>>(), columns.lengths());
        assert!(lists_of_parts(columns.column("lists").unwrap()).is_some());
        assert!(lists_of_parts(columns.column("holed").unwrap()).is_none());
        // From the last row to the first, through all batches.
        let lengths = columns.lengths().iter().enumerate();
        let mut places: Vec<(usize, usize)> =
            lengths.flat_map(|(batch, rows)| (0..*rows).map(move |row| (batch, row))).collect();
        places.reverse();
        let number = columns.column("number").unwrap().to_vec();
        for name in ["text", "lists", "holed"] {
            let before = columns.column(name).unwrap().to_vec();
            columns.arrange(name, &places).unwrap();
            let now = columns.column(name).unwrap();
            assert_eq!(now.iter().map(|array| array.len()).collect::<Vec<_>>(), columns.lengths());
            // As the library puts them together, whole.
            let of_batch = [&places[..30], &places[30..70], &places[70..]];
            assert_eq!(now, arranged(&before, &of_batch).unwrap(), "{name}");
            assert_eq!(&now[0].slice(0, 1), &before[2].slice(before[2].len() - 1, 1), "{name}");
        }
        assert_eq!(columns.column("number").unwrap(), number);
        assert!(columns.column("unit").is_err());
    }
}
