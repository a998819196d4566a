//! The battery every connector must pass.
