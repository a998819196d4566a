//! Synthetic customers of five unlike systems, with the truth beside them.
