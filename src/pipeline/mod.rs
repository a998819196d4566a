//! A pipeline: what its file says ([`build`]), what that means ([`plan`]), the way through ([`mod@run`]).

pub mod build;
pub mod check;
pub mod doctor;
pub mod error;
pub mod estimate;
pub mod incremental;
pub mod inputs;
pub mod memory;
pub mod model;
pub mod plan;
pub mod preview;
pub mod run;
pub mod sources;
pub mod train;

pub use error::{RunError, exit};
pub use incremental::{Backfill, Reread};
pub use memory::Memory;
pub use plan::Plan;
pub use run::{Outcome, RunOptions, run};
