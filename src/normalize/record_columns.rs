//! The columns of normalised records. A few are held in memory; from a size on each goes to a file of its own, so that
//! what a stage does not read takes no memory.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, MutableArrayData, RecordBatch, make_array};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use tempfile::TempDir;

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
    Held { batches: Vec<RecordBatch>, bytes: u64 },
    Spilled(Files),
}

/// A file a column, in the order of the schema.
struct Files {
    directory: TempDir,
    /// None once all is written.
    writers: Vec<StreamWriter<BufWriter<File>>>,
}

impl RecordColumns {
    /// No records yet.
    #[must_use]
    pub fn new(schema: SchemaRef, spill: Option<Spill>) -> Self {
        Self { schema, lengths: Vec::new(), kept: Kept::Held { batches: Vec::new(), bytes: 0 }, spill }
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
            Kept::Spilled(files) => files.write(&batch)?,
            Kept::Held { batches, bytes } => {
                *bytes += batch.get_array_memory_size() as u64;
                batches.push(batch);
                if let Some(spill) = self.spill.as_ref().filter(|spill| *bytes > spill.above) {
                    let mut files = Files::create(&spill.directory, &self.schema)?;
                    for batch in batches.drain(..) {
                        files.write(&batch)?;
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
            Kept::Held { batches, .. } => batches.iter().map(|batch| take(Arc::clone(batch.column(index)))).collect(),
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

    /// All columns, batch by batch.
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
            Kept::Held { batches, .. } => batches
                .get(number)
                .cloned()
                .ok_or_else(|| RunError::Internal("a batch of records is not there".to_owned())),
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
            let alone = Schema::new(vec![Arc::clone(field)]);
            let writer = StreamWriter::try_new(BufWriter::new(file), &alone);
            writers.push(writer.map_err(|error| unwritten(directory.path(), index, error))?);
        }
        Ok(Self { directory, writers })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), RunError> {
        if self.writers.is_empty() {
            return Err(RunError::Internal("the files of the records are closed".to_owned()));
        }
        for (index, writer) in self.writers.iter_mut().enumerate() {
            let column = batch.project(&[index])?;
            writer.write(&column).map_err(|error| unwritten(self.directory.path(), index, error))?;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), RunError> {
        for (index, mut writer) in self.writers.drain(..).enumerate() {
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
