//! Files that are the one table of their source, which is named after it.

use std::path::PathBuf;

use crate::files::{InputFile, Paths};
use crate::{OpenContext, SourceError, request};

/// The table and the files it is read from.
pub struct FileTable {
    path: Paths,
    base_dir: PathBuf,
    names: Vec<String>,
}

impl FileTable {
    #[must_use]
    pub fn new(path: Paths, context: &OpenContext) -> Self {
        Self { path, base_dir: context.base_dir.clone(), names: vec![context.source_name.clone()] }
    }

    /// Its files, as they are shown.
    #[must_use]
    pub fn locator(&self) -> String {
        self.path.locator()
    }

    /// Its name, as the list of all tables.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    /// Its files, in order, where it is the table `requested`.
    ///
    /// # Errors
    /// Another table than this; files that are not there.
    pub fn files(&self, requested: Option<&str>) -> Result<Vec<InputFile>, SourceError> {
        request::table(requested, &self.names, &self.locator())?;
        self.path.files(&self.base_dir)
    }
}
