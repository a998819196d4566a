//! Last stage: the tables are written into a new version, checked, and published with one atomic step.
//!
//! ```text
//! OUT/versions/<number>/<table>/part-00000.parquet   the tables of a version
//! OUT/versions/<number>/report.html, report.json     what a person reads
//! OUT/manifests/<number>.json                        a version exists once its manifest does
//! OUT/latest -> versions/<number>, OUT/latest.json   for readers that want the newest
//! ```

mod columns;
pub mod commit;
mod encoding;
mod file;
pub mod manifest;
pub mod previous;
pub mod results;
pub mod table;
pub mod tables;

pub use commit::Store;
pub use manifest::Manifest;
pub use results::{EntityResult, Results};
