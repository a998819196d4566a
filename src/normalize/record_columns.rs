//! The columns of normalised records. A few are held in memory; from a size on each goes to a file of its own, so that
//! what a stage does not read takes no memory. When it is known who is who, values are brought into the order of the
//! golden profiles, so that stages read them from front to back.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, MutableArrayData, RecordBatch, RecordBatchOptions, make_array};
use arrow::compute::interleave;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use rayon::prelude::*;
use tempfile::TempDir;

use super::exact::exact_array;
use crate::pipeline::RunError;
use crate::pipeline::error::IoContext;

/// When columns go to files, and where.
#[derive(Debug, Clone)]
pub struct Spill {
    pub directory: PathBuf,
    /// The bytes that may be held before.
    pub above: u64,
}

/// The columns of one entity type, in batches.
pub struct RecordColumns {
    schema: SchemaRef,
    /// Rows by batch.
    lengths: Vec<usize>,
    kept: Kept,
    /// `None`: everything is held.
    spill: Option<Spill>,
}

enum Kept {
    /// By column an array a batch.
    Held {
        columns: Vec<Vec<ArrayRef>>,
        bytes: u64,
    },
    Spilled(Files),
}

/// A file a column, in the order of the schema.
struct Files {
    directory: TempDir,
    /// None once all is written.
    writers: Vec<(SchemaRef, StreamWriter<BufWriter<File>>)>,
}

impl RecordColumns {
    /// No records yet.
    #[must_use]
    pub fn new(schema: SchemaRef, spill: Option<Spill>) -> Self {
        let columns = vec![Vec::new(); schema.fields().len()];
        Self { schema, lengths: Vec::new(), kept: Kept::Held { columns, bytes: 0 }, spill }
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
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn push(&mut self, batch: RecordBatch) -> Result<(), RunError> {
        self.lengths.push(batch.num_rows());
        match &mut self.kept {
            Kept::Spilled(files) => {
                for (index, array) in batch.columns().iter().enumerate() {
                    files.write(index, Arc::clone(array))?;
                }
            }
            Kept::Held { columns, bytes } => {
                *bytes += batch.get_array_memory_size() as u64;
                for (column, array) in columns.iter_mut().zip(batch.columns()) {
                    column.push(Arc::clone(array));
                }
                if let Some(spill) = self.spill.as_ref().filter(|spill| *bytes > spill.above) {
                    let mut files = Files::create(&spill.directory, &self.schema)?;
                    for (index, column) in columns.drain(..).enumerate() {
                        for array in column {
                            files.write(index, array)?;
                        }
                    }
                    self.kept = Kept::Spilled(files);
                }
            }
        }
        Ok(())
    }

    /// All batches are there: files are closed.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn close(&mut self) -> Result<(), RunError> {
        match &mut self.kept {
            Kept::Held { .. } => Ok(()),
            Kept::Spilled(files) => files.close(),
        }
    }

    /// A column, an array a batch.
    ///
    /// # Errors
    /// No such column, or a file that cannot be read.
    pub fn column(&self, name: &str) -> Result<Vec<ArrayRef>, RunError> {
        self.each(name, Ok)
    }

    /// One part of the elements of a list column, an array a batch; none where the elements have no such part.
    ///
    /// # Errors
    /// No such column, or a file that cannot be read.
    pub fn part(&self, name: &str, part: &str) -> Result<Option<Vec<ArrayRef>>, RunError> {
        let spilled = matches!(self.kept, Kept::Spilled(_));
        let parts = self.each(name, |list| {
            let elements = list.as_list_opt::<i32>().and_then(|list| list.values().as_struct_opt().cloned());
            let values = elements.and_then(|elements| elements.column_by_name(part).cloned());
            // What was read of a file is one piece of memory: a copy lets go of the other parts.
            values.map(|values| if spilled { copied(&values) } else { Ok(values) }).transpose()
        })?;
        Ok(parts.into_iter().collect())
    }

    fn each<T>(&self, name: &str, take: impl Fn(ArrayRef) -> Result<T, RunError>) -> Result<Vec<T>, RunError> {
        let index = self.schema.index_of(name)?;
        match &self.kept {
            Kept::Held { columns, .. } => columns.get(index).into_iter().flatten().cloned().map(take).collect(),
            Kept::Spilled(files) => {
                let mut arrays = Vec::with_capacity(self.lengths.len());
                let mut reader = files.reader(index)?;
                for length in &self.lengths {
                    arrays.push(take(next_array(&mut reader, *length, name)?)?);
                }
                Ok(arrays)
            }
        }
    }

    /// Brings a column into another order, given for each row of it as its batch and its row there; the batches stay as
    /// long as they are.
    ///
    /// # Errors
    /// No such column, or a file that cannot be read or written.
    pub fn arrange(&mut self, name: &str, order: &[(usize, usize)]) -> Result<(), RunError> {
        let index = self.schema.index_of(name)?;
        let arrays = self.column(name)?;
        let parts: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
        let mut rest = order;
        let mut of_batch = Vec::with_capacity(self.lengths.len());
        for length in &self.lengths {
            let (rows, later) = rest.split_at_checked(*length).unwrap_or((rest, &[]));
            of_batch.push(rows);
            rest = later;
        }
        let arranged: Vec<ArrayRef> = of_batch
            .into_par_iter()
            .map(|rows| Ok(exact_array(&interleave(&parts, rows)?)?))
            .collect::<Result<_, RunError>>()?;
        match &mut self.kept {
            Kept::Held { columns, .. } => {
                if let Some(column) = columns.get_mut(index) {
                    *column = arranged;
                }
                Ok(())
            }
            Kept::Spilled(files) => files.replace(index, &self.schema, arranged),
        }
    }

    /// All columns, batch by batch, as long as none was arranged anew.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn batches(&self) -> Result<impl Iterator<Item = Result<RecordBatch, RunError>> + '_, RunError> {
        let mut readers = match &self.kept {
            Kept::Held { .. } => Vec::new(),
            Kept::Spilled(files) => {
                (0..self.schema.fields().len()).map(|index| files.reader(index)).collect::<Result<_, _>>()?
            }
        };
        Ok(self.lengths.iter().enumerate().map(move |(number, length)| match &self.kept {
            Kept::Held { columns, .. } => {
                let of_batch: Vec<ArrayRef> = columns.iter().filter_map(|column| column.get(number).cloned()).collect();
                let options = RecordBatchOptions::new().with_row_count(Some(*length));
                Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), of_batch, &options)?)
            }
            Kept::Spilled(_) => {
                let columns = readers
                    .iter_mut()
                    .zip(self.schema.fields())
                    .map(|(reader, field)| next_array(reader, *length, field.name()))
                    .collect::<Result<_, _>>()?;
                Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
            }
        }))
    }
}

type ColumnReader = StreamReader<BufReader<File>>;

impl Files {
    fn create(directory: &Path, schema: &Schema) -> Result<Self, RunError> {
        let directory = tempfile::Builder::new()
            .prefix("columns-")
            .tempdir_in(directory)
            .doing(|| format!("{}: a folder for the columns of records", directory.display()))?;
        let mut writers = Vec::with_capacity(schema.fields().len());
        for (index, field) in schema.fields().iter().enumerate() {
            let path = path_of(directory.path(), index);
            let file = File::create_new(&path).doing(|| path.display().to_string())?;
            let alone = Arc::new(Schema::new(vec![Arc::clone(field)]));
            let writer = StreamWriter::try_new(BufWriter::new(file), &alone);
            writers.push((alone, writer.map_err(|error| unwritten(directory.path(), index, error))?));
        }
        Ok(Self { directory, writers })
    }

    fn write(&mut self, index: usize, array: ArrayRef) -> Result<(), RunError> {
        let Some((schema, writer)) = self.writers.get_mut(index) else {
            return Err(RunError::Internal("the files of the records are closed".to_owned()));
        };
        let written = alone(schema, array).and_then(|column| writer.write(&column));
        written.map_err(|error| unwritten(self.directory.path(), index, error))
    }

    /// Writes a column anew. Nothing of it may be read from its file any more.
    fn replace(&self, index: usize, schema: &Schema, arrays: Vec<ArrayRef>) -> Result<(), RunError> {
        let path = path_of(self.directory.path(), index);
        let file = File::create(&path).doing(|| path.display().to_string())?;
        let schema = Arc::new(schema.project(&[index])?);
        let written = StreamWriter::try_new(BufWriter::new(file), &schema).and_then(|mut writer| {
            for array in arrays {
                writer.write(&alone(&schema, array)?)?;
            }
            writer.finish()?;
            writer.flush()
        });
        written.map_err(|error| unwritten(self.directory.path(), index, error))
    }

    fn close(&mut self) -> Result<(), RunError> {
        for (index, (_, mut writer)) in self.writers.drain(..).enumerate() {
            let ended = writer.finish().and_then(|()| writer.flush());
            ended.map_err(|error| unwritten(self.directory.path(), index, error))?;
        }
        Ok(())
    }

    fn reader(&self, index: usize) -> Result<ColumnReader, RunError> {
        let path = path_of(self.directory.path(), index);
        let file = File::open(&path).doing(|| path.display().to_string())?;
        StreamReader::try_new(BufReader::new(file), None).map_err(|error| unread(&path.display().to_string(), error))
    }
}

/// An array as a batch of one column.
fn alone(schema: &SchemaRef, array: ArrayRef) -> Result<RecordBatch, ArrowError> {
    RecordBatch::try_new(Arc::clone(schema), vec![array])
}

fn path_of(directory: &Path, index: usize) -> PathBuf {
    directory.join(format!("{index}.arrows"))
}

fn unwritten(directory: &Path, index: usize, error: ArrowError) -> RunError {
    let path = path_of(directory, index);
    match error {
        ArrowError::IoError(_, error) => RunError::Io {
            message: format!(
                "{}: the columns of records cannot be written; make room, or let a run hold more in memory with --spill-above",
                path.display()
            ),
            error,
        },
        error => RunError::Internal(format!("{}: the columns of records cannot be written: {error}", path.display())),
    }
}

fn unread(what: &str, error: ArrowError) -> RunError {
    match error {
        ArrowError::IoError(_, error) => RunError::Io { message: format!("reading {what} of the records"), error },
        error => RunError::Internal(format!("{what} of the records was changed by another program: {error}")),
    }
}

fn next_array(reader: &mut ColumnReader, length: usize, name: &str) -> Result<ArrayRef, RunError> {
    let changed = || RunError::Internal(format!("the file of column {name} was changed by another program"));
    let batch = reader.next().ok_or_else(changed)?.map_err(|error| unread(&format!("column {name}"), error))?;
    if batch.num_rows() != length {
        return Err(changed());
    }
    Ok(Arc::clone(batch.columns().first().ok_or_else(changed)?))
}

fn copied(array: &ArrayRef) -> Result<ArrayRef, RunError> {
    let data = array.to_data();
    let mut copy = MutableArrayData::new(vec![&data], false, data.len());
    copy.try_extend(0, 0, data.len())?;
    Ok(make_array(copy.freeze()))
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int32Array, ListBuilder, StringArray, StringBuilder, StructBuilder};
    use arrow::datatypes::{DataType, Field, Fields};

    use super::*;

    fn batch(rows: std::ops::Range<i32>) -> RecordBatch {
        let fields = Fields::from(vec![Field::new("value", DataType::Utf8, true)]);
        let mut lists = ListBuilder::new(StructBuilder::from_fields(fields, 0));
        for row in rows.clone() {
            for value in 0..row % 3 {
                let part = lists.values().field_builder::<StringBuilder>(0).unwrap();
                part.append_value(format!("v{row}-{value}"));
                lists.values().append(true);
            }
            lists.append(row % 4 != 0);
        }
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("number", Arc::new(Int32Array::from_iter_values(rows.clone()))),
            ("text", Arc::new(rows.map(|row| (row % 2 == 0).then(|| format!("t{row}"))).collect::<StringArray>())),
            ("list", Arc::new(lists.finish())),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
    }

    fn filled(spill: Option<Spill>) -> RecordColumns {
        let mut columns = RecordColumns::new(batch(0..0).schema(), spill);
        for start in [0, 100, 130] {
            columns.push(batch(start..start + 30 + start / 10)).unwrap();
        }
        columns.close().unwrap();
        columns
    }

    #[test]
    fn what_is_spilled_is_read_back_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let held = filled(None);
        // The first batch alone is held, then all go to files.
        let above = batch(0..30).get_array_memory_size() as u64;
        let spilled = filled(Some(Spill { directory: directory.path().to_owned(), above }));
        assert!(matches!(held.kept, Kept::Held { .. }));
        assert!(matches!(spilled.kept, Kept::Spilled(_)));
        for name in ["number", "text", "list"] {
            assert_eq!(held.column(name).unwrap(), spilled.column(name).unwrap());
        }
        let part = spilled.part("list", "value").unwrap().unwrap();
        assert_eq!(held.part("list", "value").unwrap().unwrap(), part);
        assert!(part.iter().any(|part| part.len() > 10));
        assert!(spilled.part("list", "unit").unwrap().is_none());
        let all = |columns: &RecordColumns| columns.batches().unwrap().collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(all(&held), all(&spilled));
        // Backwards, through all batches.
        let mut places: Vec<(usize, usize)> = held
            .lengths()
            .iter()
            .enumerate()
            .flat_map(|(batch, rows)| (0..*rows).map(move |row| (batch, row)))
            .collect();
        places.reverse();
        let (mut held, mut spilled) = (held, spilled);
        for columns in [&mut held, &mut spilled] {
            let before = columns.column("list").unwrap();
            for name in ["text", "list"] {
                columns.arrange(name, &places).unwrap();
            }
            let now = columns.column("list").unwrap();
            assert_eq!(now.iter().map(|array| array.len()).collect::<Vec<_>>(), columns.lengths());
            let (first, last) = (&now[0], &before[2]);
            assert_eq!(&first.slice(0, 1), &last.slice(last.len() - 1, 1));
            assert_eq!(&first.slice(29, 1), &last.slice(last.len() - 30, 1));
        }
        for name in ["number", "text", "list"] {
            assert_eq!(held.column(name).unwrap(), spilled.column(name).unwrap());
        }
        assert!(spilled.column("unit").is_err());
        drop(spilled);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_that_was_cut_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let spilled = filled(Some(Spill { directory: directory.path().to_owned(), above: 0 }));
        let Kept::Spilled(files) = &spilled.kept else { panic!("not spilled") };
        let path = path_of(files.directory.path(), 1);
        let length = std::fs::metadata(&path).unwrap().len();
        File::options().write(true).open(&path).unwrap().set_len(length / 2).unwrap();
        assert!(spilled.column("number").is_ok());
        assert!(spilled.column("text").is_err());
    }
}
