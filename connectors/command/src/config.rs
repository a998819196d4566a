//! What a pipeline file says about a program. No IO.

use std::collections::{BTreeMap, HashSet};

use goldsmith_json_rows::{Kind, Members};
use goldsmith_source::secret::{Secret, SecretRef};
use goldsmith_source::{SourceError, program};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Options of the `command` connector.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandConfig {
    /// The program: a name to be found in PATH, or a path, relative to the pipeline file. No shell looks at it.
    pub program: String,
    /// Its arguments, passed as they are. Secrets do not belong here, where every user of the machine sees them.
    #[serde(default)]
    pub args: Vec<String>,
    /// Variables of its environment. Beside them it sees PATH, HOME, LANG and TMPDIR, and nothing else.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Variables of its environment that hold secrets: for each where the secret is kept, `env` or `file`.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretRef>,
    /// What it writes to stdout.
    #[serde(default)]
    pub format: Format,
    /// The columns and their types, in order. By default they are found from all rows.
    #[serde(default)]
    pub columns: Option<Vec<Column>>,
    /// Whether it obeys GOLDSMITH_CURSOR_COLUMN, GOLDSMITH_CURSOR_FROM and GOLDSMITH_CURSOR_UNTIL: the rows whose
    /// column is null, or at least FROM and less than UNTIL. A bound that is not set does not limit. Needs `columns`.
    #[serde(default)]
    pub windowed: bool,
    /// The folder it runs in, relative to the pipeline file. By default that of the pipeline file.
    #[serde(default)]
    pub working_dir: String,
    /// Seconds it may take (default 3600).
    #[serde(default = "program::default_timeout_seconds")]
    pub timeout_seconds: u64,
    /// Bytes it may write, which are kept in a temporary file (default 16 GiB).
    #[serde(default = "program::default_max_bytes")]
    pub max_bytes: u64,
    /// The file that keeps the first 16 MiB of what it writes to stderr, relative to the pipeline file and made anew by
    /// each run. By default stderr is dropped.
    #[serde(default)]
    pub log: Option<String>,
}

/// What a program writes to stdout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// One JSON object a line.
    #[default]
    Ndjson,
    /// An Arrow IPC stream, with its end mark.
    Arrow,
}

/// A column as declared.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// The name of the member, or of the Arrow column.
    pub name: String,
    /// The type of its values; a row with another one is rejected.
    #[serde(default, rename = "type")]
    pub column_type: ColumnType,
}

/// The type of a declared column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// Text; numbers as written, objects and lists as JSON.
    #[default]
    Text,
    /// Whole numbers of 64 bits.
    Integer,
    /// Numbers of double precision.
    Number,
    /// `true` and `false`.
    Boolean,
    /// Days, as in `2024-02-01`.
    Date,
    /// Moments, as in `2024-02-01T13:05:00Z`, kept in UTC with microseconds.
    Timestamp,
}

impl CommandConfig {
    /// The columns declared, if they are.
    pub(crate) fn members(&self) -> Option<Members> {
        let kind = |column: &Column| (column.name.clone(), column.column_type.kind());
        self.columns.as_ref().map(|columns| Members::declared(columns.iter().map(kind)))
    }

    /// What cannot be right, and the secrets by the name of their variable.
    pub(crate) fn check(&self, connector: &str) -> Result<Vec<(String, Secret)>, SourceError> {
        let refuse = |message: String| Err(SourceError::config(message));
        program::check_options(&self.program, self.timeout_seconds, "program")?;
        if self.windowed && self.columns.is_none() {
            let message = "option \"windowed\" needs the columns and their types, because they cannot be found \
                           without reading all rows; add columns: [...]";
            return refuse(message.to_owned());
        }
        let mut seen = HashSet::new();
        if let Some(twice) = self.columns.iter().flatten().find(|column| !seen.insert(&column.name)) {
            return refuse(format!("option \"columns\" names \"{}\" twice; remove one", twice.name));
        }
        for name in self.env.keys().chain(self.secrets.keys()) {
            if name.is_empty() || name.contains(['=', '\0']) {
                return refuse(format!("\"{name}\" is no name of a variable; rename it in env or secrets"));
            }
            if name.starts_with("GOLDSMITH_CURSOR_") {
                return refuse(format!("variable {name} is set by the window of a read; rename it in env or secrets"));
            }
        }
        if let Some(name) = self.secrets.keys().find(|name| self.env.contains_key(*name)) {
            return refuse(format!("variable {name} stands in env and in secrets; remove one"));
        }
        let place = |(name, reference): (&String, &SecretRef)| {
            Ok((name.clone(), reference.clone().place(&format!("secrets.{name}"), connector)?))
        };
        self.secrets.iter().map(place).collect()
    }
}

impl ColumnType {
    fn kind(self) -> Kind {
        match self {
            Self::Text => Kind::Text,
            Self::Integer => Kind::Int { wide: true },
            Self::Number => Kind::Float,
            Self::Boolean => Kind::Bool,
            Self::Date => Kind::Date,
            Self::Timestamp => Kind::Timestamp,
        }
    }
}
