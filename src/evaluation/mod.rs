//! A published version against the truth: how good the profiles are, whether probabilities hold what they claim, and
//! which mistakes are the largest. Numbers and identifiers in and out, no value of a record.
//!
//! ```text
//!  truth ──┐
//!          ├─ records ──▶ scores of each clustering ──▶ wrong profiles, split customers
//!  cross_reference        match_pairs ──▶ pairs ──▶ curve, reliability, mistakes ◀── match_patterns
//! ```

mod mistakes;
mod pairs;
mod records;
mod text;
mod truth;

use goldsmith_resolve::PROBABLE;
use goldsmith_resolve::evaluate::{Band, Cut, Evaluation, evaluate};
use serde::Serialize;

pub use mistakes::{FalsePairs, MissedPairs, Mistakes, Pair, SplitCustomer, WrongProfile};
pub use records::Joined;
pub use truth::Truth;

use crate::pipeline::RunError;
use crate::publish::previous::Version;

/// Everything there is to say about a version.
#[derive(Debug, Serialize)]
pub struct Report {
    pub records: usize,
    /// Records of the truth that the version does not have; each counts as a customer of its own.
    pub records_missing: usize,
    /// Sources the truth names and the version has no record of.
    pub sources_missing: Vec<String>,
    /// Records of the version that the truth does not know; left out.
    pub records_unknown_to_truth: usize,
    /// Rows of the truth without a record or a customer; left out.
    pub truth_rows_incomplete: usize,
    pub true_customers: usize,
    pub golden_profiles: usize,
    /// The golden profiles.
    #[serde(flatten)]
    pub evaluation: Scores,
    pub clusterings: Clusterings,
    pub match_pairs: PairTable,
    pub curve: Vec<Cut>,
    /// A band below `complete_from` of which the sample has no row says nothing.
    pub reliability: Vec<Band>,
    pub mistakes: Mistakes,
}

/// The scores of one clustering.
#[derive(Debug, Clone, Serialize)]
pub struct Scores {
    pub true_pairs: u64,
    pub found_pairs: u64,
    pub correct_pairs: u64,
    pub pairwise: goldsmith_resolve::evaluate::Score,
    pub b_cubed: goldsmith_resolve::evaluate::Score,
    pub exact_clusters: goldsmith_resolve::evaluate::Score,
}

impl From<Evaluation> for Scores {
    fn from(found: Evaluation) -> Self {
        Self {
            true_pairs: found.true_pairs,
            found_pairs: found.found_pairs,
            correct_pairs: found.correct_pairs,
            pairwise: found.pairwise,
            b_cubed: found.b_cubed,
            exact_clusters: found.exact_clusters,
        }
    }
}

/// The clusterings a version publishes beside its profiles.
#[derive(Debug, Serialize)]
pub struct Clusterings {
    pub conservative: Scores,
    pub balanced: Scores,
    pub wide: Scores,
}

/// What of the compared pairs is published.
#[derive(Debug, Default, Clone, Serialize)]
pub struct PairTable {
    pub rows: u64,
    /// Rows both of whose records the truth knows.
    pub rows_judged: u64,
    /// Rows that stand for others too.
    pub rows_sampled: u64,
    /// One such row stands for this many pairs.
    pub pairs_per_sampled_row: f64,
    /// From this probability up every compared pair has a row.
    pub complete_from: f64,
    /// Pairs that were compared, published or not.
    pub candidates: u64,
}

/// How a report is made.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// From this probability up, and from [`PROBABLE`], every compared pair is published.
    pub review_from: f64,
    /// How many of the largest mistakes of each kind are listed.
    pub mistakes: usize,
}

/// Holds a version against the truth, of which `incomplete` rows were left out.
///
/// # Errors
/// A truth that says nothing about the version or contradicts itself; a table that is missing or broken.
pub fn report(
    version: Version<'_>,
    truth: &[Truth],
    incomplete: usize,
    settings: Settings,
) -> Result<Report, RunError> {
    let joined = records::join(version, truth)?;
    let score = |clusters: &[u32]| Scores::from(evaluate(&joined.customer, clusters));
    let profiles = score(&joined.golden);
    let mut listed = mistakes::Listed::new(&joined, settings.mistakes);
    let mut found = pairs::read(version, &joined, &mut listed)?;
    found.table.complete_from = settings.review_from.min(PROBABLE);
    let mistakes = listed.finish(version, &joined, &found, &profiles)?;
    Ok(Report {
        records: joined.customer.len(),
        records_missing: joined.missing,
        sources_missing: joined.absent_sources,
        records_unknown_to_truth: joined.unknown,
        truth_rows_incomplete: incomplete,
        true_customers: joined.customers,
        golden_profiles: joined.profiles,
        clusterings: Clusterings {
            conservative: score(&joined.conservative),
            balanced: score(&joined.balanced),
            wide: score(&joined.wide),
        },
        curve: found.curve.curve(profiles.true_pairs),
        reliability: found.reliability.bands().into_iter().map(|band| known(band, found.table.complete_from)).collect(),
        match_pairs: found.table,
        evaluation: profiles,
        mistakes,
    })
}

/// A band without the shares, where the sample has none of its pairs.
fn known(band: Band, complete_from: f64) -> Band {
    if band.from < complete_from && band.sampled_rows == 0 {
        Band { claimed: None, true_share: None, difference: None, ..band }
    } else {
        band
    }
}
