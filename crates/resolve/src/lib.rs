//! Entity resolution over coded columns: which records are one entity, and why.
//!
//! ```text
//!  Records ─▶ placeholder ─▶ features ─▶ blocking ─candidate pairs─▶ score ─edges─▶ clustering ─▶ Resolution
//!                                           │                         ▲
//!                                           └─▶ fellegi_sunter ─▶ model
//! ```
//! Functions of their arguments, of which the codes are taken: no IO, no clock, no randomness without a seed, no Arrow.
//! The result does not depend on the order of rows or the number of threads: records are sorted by the sound of their
//! names and then by id, weights are fixed-point integers, ties and the samples of clusters are decided by ids, which are
//! hashes, and those of training by seeded hashes of positions.
//!
//! | module | what it holds |
//! |---|---|
//! | [`records`] | the input: [`Records`], [`Column`], [`Pool`], [`ColumnBuilder`] |
//! | `placeholder` | values that stand for "unknown", found by what they do |
//! | `features` | records in the order of their names, row by row, addresses put together |
//! | `keys`, `grouping`, `blocking` | which pairs are compared |
//! | `nicknames` | given names that stand for one another, learnt from the records |
//! | `kernels`, `letters`, `agreement`, `comparison` | from two values to a level of agreement |
//! | `entity` | the default comparisons and rules of each entity type |
//! | `pattern`, `score` | from a pair to its pattern and weight |
//! | `term_frequency` | how common values are |
//! | `fellegi_sunter`, `learn` | training without labels; the samples it looks at |
//! | `calibration` | whether claimed probabilities hold, checked without labels |
//! | `drift` | how far records are from those a model was trained on |
//! | `error` | [`ResolveError`] |
//! | [`model`] | everything global, pinned in one JSON document |
//! | `clustering`, `linkage`, `constraints` | from scored pairs to clusters: how they grow, what is judged, what is forbidden |
//! | `union_find` | [`UnionFind`]: groups that grow together |
//! | `labels` | [`Labels`]: what is known of pairs beforehand |
//! | `resolve` | the way through: [`resolve()`], [`Options`], [`Decisions`], [`Resolution`] |
//! | [`survivorship`] | which value of a cluster becomes the golden one |
//! | `explain` | [`explain()`]: the waterfall of evidence for one pair |
//! | [`evaluate`] | clusters and scored pairs against the truth |
//! | [`probability`] | probabilities, odds and weights |

pub mod records;

mod agreement;
mod blocking;
mod bounds;
mod calibration;
mod clustering;
mod comparison;
mod constraints;
mod copies;
mod drift;
mod entity;
mod error;
pub mod evaluate;
mod explain;
mod features;
mod fellegi_sunter;
mod grouping;
mod kernels;
mod keys;
mod labels;
mod learn;
mod letters;
mod linkage;
pub mod model;
mod nicknames;
mod pattern;
mod placeholder;
pub mod probability;
mod resolve;
mod score;
pub mod survivorship;
mod term_frequency;
mod union_find;

pub use blocking::{LargeBlock, RuleStats};
pub use constraints::CutReason;
pub use drift::Drift;
pub use entity::MOST_RULES;
pub use error::ResolveError;
pub use explain::{Explanation, Step, explain};
pub use labels::Labels;
pub use model::Model;
pub use pattern::MOST_COMPARISONS;
pub use placeholder::Placeholder;
pub use records::{Column, ColumnBuilder, ColumnKind, EntityType, Pool, RecordId, Records};
pub use resolve::{
    Decisions, Options, Overrides, PROBABLE, PairDecision, PatternEvidence, Progress, Resolution, ScoredPair, resolve,
    train,
};
pub use union_find::UnionFind;
