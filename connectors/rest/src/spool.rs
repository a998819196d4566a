//! The rows of a resource in a temporary file without a name, one a line, while the rest of them is fetched: what is
//! in memory is a page and a batch, however many rows there are.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Seek as _, SeekFrom, Write as _};
use std::sync::{Mutex, PoisonError};

use goldsmith_json_rows::{MAX_COLUMNS, Members, Node, parse, render};
use goldsmith_source::{ErrorKind, SourceError};

const BUFFER: usize = 256 << 10;

/// Takes rows.
pub(crate) struct Spool {
    file: BufWriter<File>,
    line: String,
    bytes: u64,
    members: Members,
    /// Whether the members are known beforehand.
    is_declared: bool,
    place: String,
}

/// All rows of a resource.
pub(crate) struct Fetched {
    file: Mutex<File>,
    pub(crate) members: Members,
    /// Bytes of the rows as kept. Those of the answers would tell nothing: some hold how long the query took.
    pub(crate) bytes: u64,
    place: String,
}

impl Spool {
    /// `members` are widened by what comes, unless they are declared.
    pub(crate) fn new(members: Members, is_declared: bool, place: &str) -> Result<Self, SourceError> {
        let file = tempfile::tempfile().map_err(|error| no_room(place, error))?;
        let file = BufWriter::with_capacity(BUFFER, file);
        Ok(Self { file, line: String::new(), bytes: 0, members, is_declared, place: place.to_owned() })
    }

    pub(crate) fn push(&mut self, row: &Node<'_>) -> Result<(), SourceError> {
        if let Node::Object(object) = row
            && !self.is_declared
        {
            self.members.widen(object);
            if self.members.len() > MAX_COLUMNS {
                let message = format!("its rows have more than {MAX_COLUMNS} different members; are names data?");
                return Err(SourceError::corrupt(&self.place, message));
            }
        }
        self.line.clear();
        // JSON without white space has no line end in it.
        render(row, &mut self.line);
        self.line.push('\n');
        self.bytes += self.line.len() as u64;
        self.file.write_all(self.line.as_bytes()).map_err(|error| no_room(&self.place, error))
    }

    pub(crate) fn finish(self) -> Result<Fetched, SourceError> {
        let Self { file, bytes, members, place, .. } = self;
        let file = file.into_inner().map_err(|error| no_room(&place, error.into_error()))?;
        Ok(Fetched { file: Mutex::new(file), members, bytes, place })
    }
}

impl Fetched {
    /// Takes every row, in order, with the bytes it has as JSON, until `take` says that it has enough.
    pub(crate) fn each_row(
        &self,
        take: &mut dyn FnMut(&Node<'_>, usize) -> Result<bool, SourceError>,
    ) -> Result<(), SourceError> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = |error: io::Error| {
            SourceError::unavailable(&self.place, "its rows cannot be read back from the temporary folder; run again")
                .because(error)
        };
        file.seek(SeekFrom::Start(0)).map_err(lost)?;
        let mut reader = BufReader::with_capacity(BUFFER, &mut *file);
        let mut line = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line).map_err(lost)? == 0 {
                return Ok(());
            }
            let row = parse(&line).map_err(|_| {
                SourceError::new(ErrorKind::Internal, "a row was kept that is not JSON").at(&self.place)
            })?;
            if !take(&row, line.len())? {
                return Ok(());
            }
        }
    }
}

fn no_room(place: &str, error: io::Error) -> SourceError {
    let message =
        "its rows cannot be kept in the temporary folder; make room there, or name another folder with TMPDIR";
    SourceError::unavailable(place, message).because(error)
}
