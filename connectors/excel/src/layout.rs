//! Which sheets of which workbooks make which table, and what columns it has: the first pass over all cells.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use calamine::DataRef;
use goldsmith_source::files::InputFile;
use goldsmith_source::{SourceError, request};

use crate::column::{Kinds, Value};
use crate::config::ExcelOptions;
use crate::workbook::{Format, Workbook, check, open};

/// All tables of a source.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) tables: Vec<Table>,
    /// The format of each file.
    pub(crate) formats: Vec<Format>,
}

/// Sheets with one header.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) schema: SchemaRef,
    pub(crate) parts: Vec<Part>,
}

/// One sheet of a table.
#[derive(Debug)]
pub(crate) struct Part {
    /// The position of its file among the files of the source.
    pub(crate) file: usize,
    pub(crate) sheet: String,
    /// The last row, numbered from 1, that is not data.
    pub(crate) above: u32,
    /// For each column of the table its column in the sheet, from 0, where it has one.
    pub(crate) columns: Vec<Option<u32>>,
    /// Rows of data.
    pub(crate) rows: u64,
}

/// What one sheet holds.
struct Survey {
    above: u32,
    /// The columns in order: the place in the sheet, the name, the kinds of values.
    columns: Vec<(u32, String, Kinds)>,
    /// How many of the columns the header names, which come first.
    named: usize,
    rows: u64,
}

/// A table while sheets are being added to it.
struct Draft {
    name: String,
    header: Vec<String>,
    columns: Vec<(String, Kinds)>,
    parts: Vec<(Part, Vec<(u32, String)>)>,
}

/// Reads every sheet of `files` once.
pub(crate) fn layout(files: &[InputFile], options: &ExcelOptions) -> Result<Layout, SourceError> {
    let mut drafts: Vec<Draft> = Vec::new();
    let mut formats = Vec::with_capacity(files.len());
    for (at, file) in files.iter().enumerate() {
        let format = check(file)?;
        formats.push(format);
        let mut workbook = open(file, format)?;
        for sheet in chosen(&workbook, options.sheet.as_deref())? {
            if let Some(survey) = survey(&mut workbook, &sheet, options)? {
                add(&mut drafts, survey, at, sheet, files)?;
            }
        }
    }
    Ok(Layout { tables: drafts.into_iter().map(finish).collect(), formats })
}

/// The sheets to read: the named one, or all.
fn chosen(workbook: &Workbook, named: Option<&str>) -> Result<Vec<String>, SourceError> {
    let sheets = workbook.sheets();
    let Some(name) = named else { return Ok(sheets) };
    if sheets.iter().any(|sheet| sheet == name) {
        return Ok(vec![name.to_owned()]);
    }
    let message = format!("no sheet \"{name}\"{}", request::suggestion(name, &sheets));
    Err(SourceError::config(message).at(&*workbook.input.name))
}

/// The header, the columns and the kinds of their values; `None` for an empty sheet.
fn survey(workbook: &mut Workbook, sheet: &str, options: &ExcelOptions) -> Result<Option<Survey>, SourceError> {
    let mut header: Option<(u32, Vec<(u32, String)>)> = None;
    let mut kinds: BTreeMap<u32, Kinds> = BTreeMap::new();
    let (mut rows, mut first) = (0_u64, None);
    workbook.rows(sheet, |number, cells| {
        first.get_or_insert(number);
        match &header {
            None if options.header_row.is_none_or(|wanted| wanted.get() == number) => {
                header = Some((number, names(cells)))
            }
            None => {}
            Some((at, _)) if number <= at.saturating_add(options.skip_rows) => {}
            Some(_) => {
                rows += 1;
                for (column, cell) in cells {
                    kinds.entry(*column).or_default().see(&Value::of(cell));
                }
            }
        }
        Ok(())
    })?;
    let Some((at, header)) = header else {
        let (Some(wanted), Some(first)) = (options.header_row, first) else { return Ok(None) };
        let message = format!(
            "sheet \"{sheet}\" has no column names in row {wanted} (its first row with content is {first}); correct \
             \"header_row\", or choose a sheet with \"sheet\""
        );
        return Err(SourceError::config(message).at(&*workbook.input.name));
    };
    let named = header.len();
    let mut columns: Vec<(u32, String, Kinds)> = Vec::new();
    for (column, name) in header {
        let kinds = kinds.remove(&column).unwrap_or_default();
        columns.push((column, unique(name, &columns), kinds));
    }
    // What stands under no header is data all the same.
    for (column, kinds) in kinds {
        columns.push((column, unique(format!("column_{}", u64::from(column) + 1), &columns), kinds));
    }
    Ok(Some(Survey { above: at.saturating_add(options.skip_rows), columns, named, rows }))
}

fn names(cells: &[(u32, DataRef<'_>)]) -> Vec<(u32, String)> {
    let name = |column: u32, cell: &DataRef<'_>| {
        let text = Value::of(cell).render().unwrap_or_default();
        let words: Vec<&str> = text.split_whitespace().collect();
        if words.is_empty() { format!("column_{}", u64::from(column) + 1) } else { words.join(" ") }
    };
    let mut names: Vec<(u32, String)> = cells.iter().map(|(column, cell)| (*column, name(*column, cell))).collect();
    names.dedup_by_key(|(column, _)| *column);
    names
}

/// `name`, or `name_2`, `name_3` … where it is taken.
fn unique(name: String, taken: &[(u32, String, Kinds)]) -> String {
    let is_taken = |name: &str| taken.iter().any(|(_, known, _)| known == name);
    if !is_taken(&name) {
        return name;
    }
    (2..).map(|number: u64| format!("{name}_{number}")).find(|name| !is_taken(name)).unwrap_or(name)
}

/// Adds a sheet to the table it belongs to: the first one if it has its header, else that of its own name.
fn add(
    drafts: &mut Vec<Draft>,
    survey: Survey,
    file: usize,
    sheet: String,
    files: &[InputFile],
) -> Result<(), SourceError> {
    let header: Vec<String> = survey.columns.iter().take(survey.named).map(|(_, name, _)| name.clone()).collect();
    let continues_first = drafts.first().is_some_and(|first| first.header == header);
    let at = if continues_first { Some(0) } else { drafts.iter().position(|draft| draft.name == sheet) };
    let at = at.unwrap_or_else(|| {
        drafts.push(Draft { name: sheet.clone(), header: header.clone(), columns: Vec::new(), parts: Vec::new() });
        drafts.len() - 1
    });
    let Some(draft) = drafts.get_mut(at) else { return Ok(()) };
    if draft.header != header {
        let of = |file: usize| files.get(file).map(|file| file.name.to_string()).unwrap_or_default();
        let other = draft.parts.first().map(|(part, _)| of(part.file)).unwrap_or_default();
        let message = format!(
            "the header of sheet \"{sheet}\" is not the one it has in {other}; make each workbook a source of its own, or \
             choose a sheet with \"sheet\""
        );
        return Err(SourceError::corrupt(of(file), message));
    }
    let mut places = Vec::with_capacity(survey.columns.len());
    for (column, name, kinds) in survey.columns {
        match draft.columns.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => known.merge(kinds),
            None => draft.columns.push((name.clone(), kinds)),
        }
        places.push((column, name));
    }
    draft.parts.push((Part { file, sheet, above: survey.above, columns: Vec::new(), rows: survey.rows }, places));
    Ok(())
}

fn finish(draft: Draft) -> Table {
    let place_of = |places: &[(u32, String)], name: &String| {
        places.iter().find(|(_, known)| known == name).map(|(column, _)| *column)
    };
    let parts = draft.parts.into_iter().map(|(part, places)| {
        let columns = draft.columns.iter().map(|(name, _)| place_of(&places, name)).collect();
        Part { columns, ..part }
    });
    let parts = parts.collect();
    let fields: Vec<Field> =
        draft.columns.iter().map(|(name, kinds)| Field::new(name, kinds.data_type(), true)).collect();
    Table { name: draft.name, schema: Arc::new(Schema::new(fields)), parts }
}
