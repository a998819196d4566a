//! Why records could not be resolved. The fault is always in the input or the options, never in what values say.

use crate::records::RecordId;

/// Why records could not be resolved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// A column does not cover the records.
    #[error("column {column} covers {found} records where there are {expected}")]
    ColumnLength {
        /// The column.
        column: String,
        /// How many records there are.
        expected: usize,
        /// How many it covers.
        found: usize,
    },
    /// Two records have one id.
    #[error("record id {id:?} occurs twice; source and key must name one record")]
    DuplicateId {
        /// The id.
        id: RecordId,
    },
    /// An option names a comparison that does not exist.
    #[error("no comparison named {name}; there are: {valid}")]
    UnknownComparison {
        /// The name given.
        name: String,
        /// The names there are.
        valid: String,
    },
    /// An option names a blocking key that does not exist.
    #[error("no blocking key named {name}; there are: {valid}")]
    UnknownKey {
        /// The name given.
        name: String,
        /// The names there are.
        valid: String,
    },
    /// More blocking rules than a pair can tell of.
    #[error("{rules} blocking rules where {most} are the most; leave some out, or join them")]
    TooManyRules {
        /// How many there are.
        rules: usize,
        /// How many there may be.
        most: usize,
    },
    /// Nothing to compare by.
    #[error("none of the columns can be compared; map at least one attribute")]
    NothingToCompare,
    /// More comparisons than a pattern can hold.
    #[error(
        "{comparisons} comparisons do not fit into one pattern; leave some out, with `match: comparisons: [{{attribute: NAME, compare: none}}]`"
    )]
    TooManyComparisons {
        /// How many there are.
        comparisons: usize,
    },
    /// The model was made for something else.
    #[error("the model does not fit these records: {difference}")]
    ModelMismatch {
        /// What differs.
        difference: String,
    },
    /// Decisions contradict each other.
    #[error("decisions contradict: {left:?} and {right:?} are the same by one chain of decisions and not by another")]
    ContradictingDecisions {
        /// One record.
        left: RecordId,
        /// The other.
        right: RecordId,
    },
    /// The caller no longer wants the outcome.
    #[error("stopped before the end")]
    Stopped,
    /// The threads could not be started.
    #[error("cannot start {threads} threads: {reason}")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What the system said.
        reason: String,
    },
}
