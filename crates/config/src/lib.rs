//! What a pipeline file says: its structs, its JSON Schema, and a reader that reports every mistake with its place.
//!
//! ```
//! use goldsmith_config::{LoadOptions, load_text};
//!
//! let text = "
//! version: 1
//! name: first
//! sources:
//!   crm:
//!     connector: csv
//!     path: customers.csv
//!     records:
//!       - entity: person
//!         key: id
//!         feilds:
//!           full_name: name
//! publish:
//!   to: out
//! ";
//! let options = LoadOptions { env: None, vars: Vec::new(), connectors: &[], process_env: &|_| None };
//! let mistakes = load_text(text, "pipeline.yaml".as_ref(), &options).unwrap_err();
//! assert_eq!(mistakes.list[0].message, "unknown key `feilds`; did you mean `fields`?");
//! ```
//!
//! | step | module | from → to |
//! |---|---|---|
//! | 1 | [`mod@load`] | path → text (the only module that reads files), and the order of all steps |
//! | 2 | `yaml` | text → tree whose every node knows its line and column |
//! | 3 | `substitute` | `${NAME}` inside scalars → values |
//! | 4 | [`schema`], `check` | tree against the published JSON Schema → mistakes, value |
//! | 5 | `references`, [`attributes`] | attributes, parts and sources that lead nowhere → mistakes |
//! | 6 | [`model`] | value → [`Pipeline`] |
//!
//! Invariants: no IO outside [`mod@load`]; no clock; a file is accepted or every mistake in it is reported, in its order;
//! what a variable filled in, and the line of a secret written out, stands in no message.

pub mod attributes;
mod check;
pub mod load;
pub mod mistakes;
pub mod model;
pub mod nearest;
mod node_type;
pub mod place;
mod references;
pub mod schema;
mod substitute;
pub mod usual;
mod yaml;

pub use attributes::{AttributeKind, NamePart};
pub use load::{LoadOptions, Loaded, load, load_text, resolve};
pub use mistakes::{Mistake, Mistakes, Place, SourceFile};
pub use model::Pipeline;
pub use place::Positions;
pub use schema::{ConnectorSchema, json_schema};
