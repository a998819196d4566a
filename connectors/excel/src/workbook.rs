//! A workbook as sheets of rows of cells, whatever its format.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{
    Data, DataRef, Error, Ods, OdsError, Range, Reader, SheetType, Xls, XlsError, Xlsb, XlsbError, Xlsx, XlsxError,
};
use goldsmith_source::SourceError;
use goldsmith_source::files::{InputFile, open_seekable};

use crate::archive;

/// Bytes of an .xls file, which is read into memory.
const MAX_XLS_BYTES: u64 = 1 << 30;

/// The format of a file, told from its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Xlsx,
    Xlsb,
    Ods,
    /// Excel 97 to 2003, or an encrypted workbook of any format of Excel.
    Compound,
}

/// An opened workbook.
pub(crate) struct Workbook {
    pub(crate) input: InputFile,
    book: Book,
}

enum Book {
    Xlsx(Box<Xlsx<BufReader<File>>>),
    Xlsb(Box<Xlsb<BufReader<File>>>),
    Xls(Box<Xls<BufReader<File>>>),
    Ods(Box<Ods<BufReader<File>>>),
}

/// A cell with the numbers of its row and column, both from 0.
type Cell<'a> = (u32, u32, DataRef<'a>);
type NextCell<'a> = Box<dyn FnMut() -> Result<Option<Cell<'a>>, Error> + 'a>;

/// The format of `input`, after a check that it is whole.
pub(crate) fn check(input: &InputFile) -> Result<Format, SourceError> {
    let mut file = open_seekable(input)?;
    let mut start = Vec::new();
    let mut look = || -> std::io::Result<u64> {
        file.by_ref().take(8).read_to_end(&mut start)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file.metadata()?.len())
    };
    let bytes = look()
        .map_err(|error| SourceError::unavailable(&*input.name, "could not be read; try again").because(error))?;
    match &*start {
        [b'P', b'K', 3, 4, ..] => archive::check(input, file),
        [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1] if bytes <= MAX_XLS_BYTES => Ok(Format::Compound),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Err(corrupt(input, "it is too large for its format")),
        [] => Err(corrupt(input, "it is empty")),
        _ => Err(corrupt(input, "it is another format, such as CSV or HTML under a wrong name")),
    }
}

/// Opens `input`, which [`check`] found to be `format`.
pub(crate) fn open(input: &InputFile, format: Format) -> Result<Workbook, SourceError> {
    let file = || open_seekable(input).map(BufReader::new);
    let book = match format {
        Format::Xlsx => Book::Xlsx(guarded(input, file()?, |file| Xlsx::new(file).map(Box::new).map_err(Error::Xlsx))?),
        Format::Xlsb => Book::Xlsb(guarded(input, file()?, |file| Xlsb::new(file).map(Box::new).map_err(Error::Xlsb))?),
        Format::Ods => Book::Ods(guarded(input, file()?, |file| Ods::new(file).map(Box::new).map_err(Error::Ods))?),
        Format::Compound => {
            // An encrypted workbook of Excel 2007 or later looks like an old one until it is asked.
            if matches!(
                catch_unwind(AssertUnwindSafe(|| Xlsx::new(file()?).map_err(Fault::from))),
                Ok(Err(Fault::Encrypted))
            ) {
                return Err(encrypted(input));
            }
            Book::Xls(guarded(input, file()?, |file| Xls::new(file).map(Box::new).map_err(Error::Xls))?)
        }
    };
    Ok(Workbook { input: input.clone(), book })
}

enum Fault {
    Encrypted,
    Other,
}

impl From<XlsxError> for Fault {
    fn from(error: XlsxError) -> Self {
        if matches!(error, XlsxError::Password) { Self::Encrypted } else { Self::Other }
    }
}

impl From<SourceError> for Fault {
    fn from(_: SourceError) -> Self {
        Self::Other
    }
}

impl Workbook {
    /// The sheets that hold cells rather than a chart, in the order of the workbook.
    pub(crate) fn sheets(&self) -> Vec<String> {
        let sheets = match &self.book {
            Book::Xlsx(book) => book.sheets_metadata(),
            Book::Xlsb(book) => book.sheets_metadata(),
            Book::Xls(book) => book.sheets_metadata(),
            Book::Ods(book) => book.sheets_metadata(),
        };
        sheets.iter().filter(|sheet| sheet.typ == SheetType::WorkSheet).map(|sheet| sheet.name.clone()).collect()
    }

    /// Calls `visit` with each row that has a value: its number as the spreadsheet program shows it (from 1) and
    /// its cells with their columns (from 0), in order, without empty ones.
    pub(crate) fn rows(
        &mut self,
        sheet: &str,
        mut visit: impl FnMut(u32, &[(u32, DataRef<'_>)]) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        let input = &self.input;
        let mut range = None;
        let book = &mut self.book;
        let mut next = guarded(input, (), |()| cells(book, sheet, &mut range))?;
        let mut row: Vec<(u32, DataRef<'_>)> = Vec::new();
        let mut number = 0;
        loop {
            // The visitor is not called under the guard: what goes wrong there is not the file's fault.
            let ahead = guarded(input, (), |()| {
                loop {
                    match next()? {
                        Some((_, _, cell)) if is_blank(&cell) => {}
                        Some((at, column, cell)) if at == number => row.push((column, cell)),
                        other => return Ok(other),
                    }
                }
            })?;
            if !row.is_empty() {
                row.sort_by_key(|(column, _)| *column);
                visit(number.saturating_add(1), &row)?;
                row.clear();
            }
            match ahead {
                None => return Ok(()),
                Some((at, ..)) if at < number => {
                    return Err(corrupt(
                        input,
                        &format!("sheet \"{sheet}\": row {} comes after row {}", at + 1, number + 1),
                    ));
                }
                Some((at, column, cell)) => {
                    number = at;
                    row.push((column, cell));
                }
            }
        }
    }
}

/// Formulas and templates leave empty texts where a person sees nothing.
fn is_blank(cell: &DataRef<'_>) -> bool {
    match cell {
        DataRef::Empty => true,
        DataRef::String(text) => text.is_empty(),
        DataRef::SharedString(text) => text.is_empty(),
        _ => false,
    }
}

/// The cells of a sheet: streamed where the format allows it, from `range` where not.
fn cells<'a>(book: &'a mut Book, sheet: &str, range: &'a mut Option<Range<Data>>) -> Result<NextCell<'a>, Error> {
    let whole = match book {
        Book::Xlsx(book) => {
            let mut reader = book.worksheet_cells_reader(sheet).map_err(Error::Xlsx)?;
            return Ok(Box::new(move || {
                let cell = reader.next_cell().map_err(Error::Xlsx)?;
                Ok(cell.map(|cell| (cell.get_position().0, cell.get_position().1, cell.get_value().clone())))
            }));
        }
        Book::Xlsb(book) => {
            let mut reader = book.worksheet_cells_reader(sheet).map_err(Error::Xlsb)?;
            return Ok(Box::new(move || {
                let cell = reader.next_cell().map_err(Error::Xlsb)?;
                Ok(cell.map(|cell| (cell.get_position().0, cell.get_position().1, cell.get_value().clone())))
            }));
        }
        Book::Xls(book) => book.worksheet_range(sheet).map_err(Error::Xls)?,
        Book::Ods(book) => book.worksheet_range(sheet).map_err(Error::Ods)?,
    };
    let range = &*range.insert(whole);
    let (top, left) = range.start().unwrap_or_default();
    let mut used = range.used_cells();
    Ok(Box::new(move || {
        let cell = used.next().map(|(row, column, data)| {
            // A sheet has at most 2^20 rows and 2^14 columns.
            let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            (top.saturating_add(place(row)), left.saturating_add(place(column)), borrowed(data))
        });
        Ok(cell)
    }))
}

fn borrowed(data: &Data) -> DataRef<'_> {
    match data {
        Data::Int(value) => DataRef::Int(*value),
        Data::Float(value) => DataRef::Float(*value),
        Data::String(text) => DataRef::SharedString(text),
        Data::Bool(value) => DataRef::Bool(*value),
        Data::DateTime(value) => DataRef::DateTime(*value),
        Data::DateTimeIso(text) => DataRef::DateTimeIso(text.clone()),
        Data::DurationIso(text) => DataRef::DurationIso(text.clone()),
        Data::Error(error) => DataRef::Error(error.clone()),
        Data::Empty => DataRef::Empty,
    }
}

/// Runs the spreadsheet library. Bytes it did not expect can make it panic; that is a fault of the file, so it ends
/// the read of the file and not the program.
fn guarded<I, T>(input: &InputFile, with: I, run: impl FnOnce(I) -> Result<T, Error>) -> Result<T, SourceError> {
    match catch_unwind(AssertUnwindSafe(|| run(with))) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(
            Error::Xlsx(XlsxError::Password)
            | Error::Xlsb(XlsbError::Password)
            | Error::Xls(XlsError::Password)
            | Error::Ods(OdsError::Password),
        )) => Err(encrypted(input)),
        Ok(Err(error)) => Err(corrupt(input, fault(&error)).because(error)),
        Err(_) => Err(corrupt(input, "its bytes make no sense to the decoder")),
    }
}

/// What the library complains about, in our words: its own may repeat what stands in a cell.
fn fault(error: &Error) -> &'static str {
    match error {
        Error::Xlsx(XlsxError::Zip(_)) | Error::Xlsb(XlsbError::Zip(_)) | Error::Ods(OdsError::Zip(_)) => {
            "its archive is damaged"
        }
        Error::Xlsx(XlsxError::Xml(_) | XlsxError::XmlAttr(_) | XlsxError::XmlEof(_))
        | Error::Ods(OdsError::Xml(_)) => "one of its parts is not XML",
        Error::Xlsx(XlsxError::FileNotFound(_) | XlsxError::RelationshipNotFound | XlsxError::WorksheetNotFound(_))
        | Error::Xlsb(XlsbError::FileNotFound(_) | XlsbError::WorksheetNotFound(_))
        | Error::Ods(OdsError::FileNotFound(_)) => "it lacks a part that every workbook has",
        Error::Xls(_) => "its streams are damaged, or it is older than Excel 97",
        _ => "one of its parts is not as the format demands",
    }
}

fn encrypted(input: &InputFile) -> SourceError {
    let message =
        "is protected by a password, and passwords are not supported; ask its owner for a copy saved without one";
    SourceError::config(message).at(&*input.name)
}

pub(crate) fn corrupt(input: &InputFile, fault: &str) -> SourceError {
    let message = format!("is not a whole workbook ({fault}); save it again or ask its owner for a complete copy");
    SourceError::corrupt(&*input.name, message)
}
