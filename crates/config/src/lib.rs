//! What a pipeline file says: its structs, its JSON Schema, and a reader that reports every mistake with its place.

pub mod mistakes;
pub mod model;
pub mod nearest;
mod yaml;
