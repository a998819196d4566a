//! Reads Parquet files.
