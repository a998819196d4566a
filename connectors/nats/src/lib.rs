//! The connector is being written; nothing is registered yet.
