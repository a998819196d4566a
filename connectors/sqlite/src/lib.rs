//! Reads tables and queries of a SQLite database.
