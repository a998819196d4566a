//! A pipeline: what its file says ([`build`]), what that means ([`plan`]), the way through ([`mod@run`]).

pub mod build;
pub mod check;
pub mod deliver;
pub mod doctor;
pub mod error;
pub mod estimate;
mod fates;
pub mod incremental;
pub mod inputs;
mod manifest;
pub mod memory;
pub mod model;
pub mod plan;
pub mod preview;
pub mod resolve;
pub mod run;
pub mod sources;
pub mod train;
mod warnings;

pub use error::{RunError, exit};
pub use incremental::{Backfill, Reread};
pub use memory::Memory;
pub use plan::Plan;
pub use run::{Outcome, RunOptions, run};
