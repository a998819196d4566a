//! Forges one golden profile per customer out of the records of many systems.
//!
//! ```text
//!  pipeline file ──▶ Plan                                             src/pipeline
//!                     │
//!  EXTRACT        NORMALIZE         RESOLVE            SURVIVE         PUBLISH · REPORT
//!  src/extract    src/normalize     crates/resolve     src/golden      src/publish, src/report
//!
//!  Source ──▶ landed ──SQL──▶ EntityRecords ──▶ clusters ──▶ Golden ──▶ tables, report, manifest
//!     │                          │
//!     └──────── Quarantined ◀────┘
//! ```
//! One direction. [`mod@pipeline::run`] is the only place that knows the order of the stages and reads like the picture.
//! Arrow is for moving, coded columns (`goldsmith-resolve`) are for deciding; DataFusion is known to [`normalize`]
//! alone.

pub mod registry;

pub mod pipeline;

pub mod extract;
pub mod normalize;

pub mod matching;

pub mod golden;

pub mod publish;
pub mod report;

pub mod evaluation;

pub mod init;

pub mod cli;
pub mod counted;
pub mod progress;
pub mod reference;
mod shown;
