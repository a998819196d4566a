//! The program as its users meet it: whole runs of the real binary. One test binary, because each links the engine.

mod commands;
mod configuration;
mod damage;
mod determinism;
mod documentation;
mod drift;
mod evaluation;
mod expressions;
mod incremental;
mod inspect;
mod model;
mod publishing;
mod references;
mod store;
mod support;
