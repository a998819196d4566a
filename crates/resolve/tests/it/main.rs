//! The engine as its callers see it.

mod adversarial;
mod calibration;
mod colleagues;
mod decisions;
mod degenerate;
mod determinism;
mod locality;
mod people;
mod scale;
mod stopping;
