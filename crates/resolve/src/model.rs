//! The model: everything global that a decision rests on, pinned in one JSON document.

use std::collections::BTreeMap;

use crate::calibration::{CONTACTS, NAME_AND_CONTACTS, WHEREABOUTS, WITNESS, name_comparison};
use crate::comparison::{Comparison, code_levels};
use crate::pattern::{Layout, Pattern};
use crate::probability::{Weight, from_bits};
use crate::records::EntityType;

/// No correction of a weight has more bits.
const LARGEST_CORRECTION: f64 = 16.0;

/// The version of the document's shape.
pub const MODEL_VERSION: u32 = 7;

/// What is estimated from all records together. Given a model, resolving is local: records that share no blocking key with
/// any other are resolved alone as they are within the whole.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Shape of this document.
    pub version: u32,
    /// What the model is for.
    pub entity: EntityType,
    /// Probability that two random records are one entity, of those that no source keeps apart.
    pub prior_same: f64,
    /// Probability that two random records are related entities.
    pub prior_related: f64,
    /// By how much the weight of a pair is off, found with the birth date as witness; empty where there is none.
    pub calibration: Vec<CalibrationPoint>,
    /// By how much more the weight is off of pairs for which hardly anything but the name speaks.
    pub namesake_calibration: Vec<CalibrationPoint>,
    /// By how much more the weight of pairs is off that agree so in name, mailbox and phone.
    pub contact_calibration: Vec<PatternCorrection>,
    /// By how much more the weight of pairs that show a pattern is off.
    pub pattern_calibration: Vec<PatternCorrection>,
    /// What is added besides to the weight against relatives where a record has no birth date and only the given names differ,
    /// by how mailbox, phone and address agree.
    pub different_names_without_birth_date: Vec<PatternCorrection>,
    /// One entry per comparison, in the order of the pattern.
    pub comparisons: Vec<ComparisonParameters>,
    /// Blocking rules left out, because their blocks held too many pairs when the model was trained.
    pub left_out: Vec<String>,
    /// Values that are treated as missing, by column and stable hash of the value.
    pub placeholders: Vec<PinnedValue>,
    /// Given names that people were found to use for one another, besides those of the table of nicknames.
    pub nicknames: Vec<Nickname>,
    /// Frequencies of common values, by column.
    pub term_frequencies: Vec<ColumnFrequencies>,
}

/// A correction of match weights.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationPoint {
    /// The weight without the witness, in bits.
    pub weight: f64,
    /// Bits to add.
    pub correction: f64,
}

/// A correction of the pairs that show one pattern.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatternCorrection {
    /// Comparison and level, of all comparisons that count but those that are missing.
    pub levels: BTreeMap<String, String>,
    /// Bits to add.
    pub correction: f64,
}

/// A value that is pinned by hash, so that a model holds no personal data.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedValue {
    /// The column's name.
    pub column: String,
    /// Hash of the value, hexadecimal.
    pub value: String,
    /// Records that held it.
    pub records: u32,
}

/// Two given names that stand for one another. They are no personal data: people of several families bear them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nickname {
    /// The first words of both names, folded, in alphabetical order.
    pub names: [String; 2],
    /// In how many families they were met.
    pub families: u32,
}

/// How common the values of a column are.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnFrequencies {
    /// The column's name.
    pub column: String,
    /// Chance that two random records hold the same value.
    pub same_by_chance: f64,
    /// Share of records that holds a value not listed.
    pub other: f64,
    /// Hash of a value (hexadecimal) and the share of records that holds it, sorted by hash.
    pub values: Vec<(String, f64)>,
}

/// The levels of one comparison.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComparisonParameters {
    /// The comparison's name.
    pub name: String,
    /// Its levels; level 0 is "missing".
    pub levels: Vec<LevelParameters>,
}

/// The probabilities of one level.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelParameters {
    /// The level in words.
    pub level: String,
    /// Probability among pairs of one entity.
    pub m: f64,
    /// Probability among pairs of related entities.
    pub r: f64,
    /// Probability among unrelated pairs.
    pub u: f64,
    /// Bits to add where a record has no birth date.
    pub without_birth_date: f64,
    /// Share of the candidate pairs that showed it when the model was trained; what a later run sees is held against it.
    pub seen: f64,
}

impl Model {
    /// Reads a model from its JSON document.
    ///
    /// # Errors
    /// A sentence where the text is not a model, or one of another version of this program.
    pub fn from_json(text: &str) -> Result<Self, String> {
        #[derive(serde::Deserialize)]
        struct Versioned {
            version: u32,
        }
        let of_text = |error: serde_json::Error| format!("not a model: {error}");
        let Versioned { version } = serde_json::from_str(text).map_err(of_text)?;
        if version != MODEL_VERSION {
            return Err(format!("the model has version {version}, and this program reads {MODEL_VERSION}"));
        }
        let model: Self = serde_json::from_str(text).map_err(of_text)?;
        model.impossible().map_or(Ok(model), Err)
    }

    /// Says of a number that no training gives what is wrong with it.
    fn impossible(&self) -> Option<String> {
        let is_probability = |p: f64| (0.0..=1.0 + 1e-9).contains(&p);
        let is_correction = |bits: f64| bits.abs() <= LARGEST_CORRECTION;
        let wrong = |what: &str, value: f64| Some(format!("{what} cannot be {value}"));
        if !is_probability(self.prior_same)
            || !is_probability(self.prior_related)
            || !is_probability(self.prior_same + self.prior_related)
        {
            return wrong("the sum of prior_same and prior_related", self.prior_same + self.prior_related);
        }
        for comparison in &self.comparisons {
            for level in &comparison.levels {
                let probabilities = [("m", level.m), ("r", level.r), ("u", level.u), ("seen", level.seen)];
                let corrections = [("without_birth_date", level.without_birth_date)];
                let outside = probabilities.into_iter().find(|(_, p)| !is_probability(*p));
                let outside = outside.or_else(|| corrections.into_iter().find(|(_, bits)| !is_correction(*bits)));
                if let Some((name, value)) = outside {
                    return wrong(&format!("{name} of `{}` of {}", level.level, comparison.name), value);
                }
            }
        }
        let by_weight = self.calibration.iter().chain(&self.namesake_calibration).map(|point| point.correction);
        let patterns = self.contact_calibration.iter().chain(&self.pattern_calibration);
        let patterns = patterns.chain(&self.different_names_without_birth_date).map(|pattern| pattern.correction);
        if let Some(bits) = by_weight.chain(patterns).find(|bits| !is_correction(*bits)) {
            return wrong("a correction", bits);
        }
        self.term_frequencies.iter().find_map(|column| {
            let mut shares = column.values.iter().map(|(_, share)| *share).chain([column.same_by_chance]);
            shares
                .find(|share| !is_probability(*share))
                .and_then(|share| wrong(&format!("a frequency of {}", column.column), share))
        })
    }

    /// The JSON document, indented, keys in a fixed order.
    ///
    /// # Errors
    /// The serialiser's message; does not happen for finite numbers.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }

    /// Whether there were pairs to compare when the model was trained. A single source that says it holds no duplicates
    /// has none.
    #[must_use]
    pub fn has_met_pairs(&self) -> bool {
        self.comparisons.iter().flat_map(|comparison| &comparison.levels).any(|level| level.seen > 0.0)
    }

    /// Whether a column is compared word by word; `None` where the model does not compare it.
    pub(crate) fn by_words(&self, column: &str) -> Option<bool> {
        let comparison = self.comparisons.iter().find(|comparison| comparison.name == column)?;
        Some(comparison.levels.len() != code_levels().len())
    }

    /// What does not fit between the model and the comparisons of a pipeline, in words.
    pub(crate) fn mismatch(&self, entity: EntityType, comparisons: &[Comparison]) -> Option<String> {
        if self.version != MODEL_VERSION {
            return Some(format!("the model has version {}, this program reads {MODEL_VERSION}", self.version));
        }
        if self.entity != entity {
            return Some(format!("the model is for {:?}, the records are {entity:?}", self.entity));
        }
        let names = |list: Vec<&str>| list.join(", ");
        let have: Vec<&str> = self.comparisons.iter().map(|c| c.name.as_str()).collect();
        let want: Vec<&str> = comparisons.iter().map(|c| c.name.as_str()).collect();
        if have != want {
            return Some(format!("the model compares [{}], the records allow [{}]", names(have), names(want)));
        }
        for (have, want) in self.comparisons.iter().zip(comparisons) {
            let other = have.levels.iter().zip(&want.levels).find(|(have, want)| have.level != want.label);
            if let Some((have_level, want_level)) = other {
                return Some(format!(
                    "comparison {} has the level `{}` in the model and `{}` here",
                    have.name, have_level.level, want_level.label
                ));
            }
            if have.levels.len() != want.levels.len() {
                return Some(format!(
                    "comparison {} has {} levels in the model and {} here",
                    have.name,
                    have.levels.len(),
                    want.levels.len()
                ));
            }
        }
        let corrections = self.contact_calibration.iter().chain(&self.pattern_calibration);
        let corrections = corrections.chain(&self.different_names_without_birth_date);
        let mut corrected = corrections.flat_map(|correction| &correction.levels);
        corrected
            .find(|(name, level)| self.level_number(name, level).is_none())
            .map(|(name, level)| format!("the model corrects a level `{level}` of {name} that it does not have"))
    }

    /// The number of a comparison and that of one of its levels.
    fn level_number(&self, comparison: &str, level: &str) -> Option<(usize, u8)> {
        let number = self.comparisons.iter().position(|known| known.name == comparison)?;
        let levels = &self.comparisons[number].levels;
        Some((number, u8::try_from(levels.iter().position(|known| known.level == level)?).ok()?))
    }

    /// A pattern in words.
    pub(crate) fn level_names(&self, layout: &Layout, pattern: Pattern) -> BTreeMap<String, String> {
        let levels = self.comparisons.iter().zip(layout.levels(pattern));
        levels
            .filter(|&(_, level)| level > 0)
            .map(|(comparison, level)| (comparison.name.clone(), comparison.levels[usize::from(level)].level.clone()))
            .collect()
    }

    /// The comparisons that name one place where records are not of persons.
    fn place(&self) -> Option<(usize, usize)> {
        let of = |name: &str| self.comparisons.iter().position(|comparison| comparison.name == name);
        if self.entity == EntityType::Person { None } else { of("phone").zip(of("address")) }
    }

    /// The weights for scoring pairs whose patterns are laid out so.
    pub(crate) fn weights(&self, layout: &Layout) -> Weights {
        let pattern = |levels: &BTreeMap<String, String>| {
            let numbers = levels.iter().filter_map(|(name, level)| self.level_number(name, level));
            numbers.fold(0, |pattern, (comparison, level)| layout.put(pattern, comparison, level))
        };
        let patterns = |corrections: &[PatternCorrection]| {
            let mut corrections: Vec<(Pattern, Weight)> =
                corrections.iter().map(|p| (pattern(&p.levels), from_bits(p.correction))).collect();
            corrections.sort_unstable();
            corrections
        };
        let points = |points: &[CalibrationPoint]| -> Vec<(Weight, Weight)> {
            let mut points: Vec<(Weight, Weight)> =
                points.iter().map(|p| (from_bits(p.weight), from_bits(p.correction))).collect();
            points.sort_unstable();
            points
        };
        let number = |name: &str| self.comparisons.iter().position(|comparison| comparison.name == name);
        let log = |a: f64, b: f64| from_bits((a.max(1e-12) / b.max(1e-12)).log2());
        let table = |of: &dyn Fn(&LevelParameters) -> f64| {
            self.comparisons
                .iter()
                .map(|comparison| {
                    comparison
                        .levels
                        .iter()
                        .enumerate()
                        .map(|(index, level)| if index == 0 { 0 } else { log(level.m, of(level)) })
                        .collect()
                })
                .collect()
        };
        let unrelated = (1.0 - self.prior_same - self.prior_related).max(1e-9);
        Weights {
            prior_unrelated: from_bits((self.prior_same / unrelated).log2()),
            prior_related: from_bits((self.prior_same / self.prior_related).log2()),
            unrelated: table(&|level| level.u),
            related: table(&|level| level.r),
            place: self.place(),
            witness: number(WITNESS),
            calibration: points(&self.calibration),
            namesake_calibration: points(&self.namesake_calibration),
            name_and_contacts_mask: NAME_AND_CONTACTS
                .into_iter()
                .filter_map(number)
                .fold(0, |mask, c| layout.with_all(mask, c)),
            whereabouts_mask: WHEREABOUTS.into_iter().filter_map(number).fold(0, |mask, c| layout.with_all(mask, c)),
            contacts_mask: CONTACTS.into_iter().filter_map(number).fold(0, |mask, c| layout.with_all(mask, c)),
            contact_calibration: patterns(&self.contact_calibration),
            pattern_calibration: patterns(&self.pattern_calibration),
            name: name_comparison(self),
            different_without_witness: patterns(&self.different_names_without_birth_date),
            without_witness: self
                .comparisons
                .iter()
                .map(|comparison| comparison.levels.iter().map(|level| from_bits(level.without_birth_date)).collect())
                .collect(),
        }
    }
}

/// The model as fixed-point weights, ready for scoring.
#[derive(Clone, Debug, Default)]
pub(crate) struct Weights {
    pub(crate) prior_unrelated: Weight,
    pub(crate) prior_related: Weight,
    /// Per comparison and level, evidence for "same" against "unrelated".
    pub(crate) unrelated: Vec<Vec<Weight>>,
    /// Per comparison and level, evidence for "same" against "related".
    pub(crate) related: Vec<Vec<Weight>>,
    /// Two comparisons that speak of the same thing: the phone and the address of a site. Two shops in one building
    /// share both, so where both agree they are one piece of evidence.
    pub(crate) place: Option<(usize, usize)>,
    /// The comparison whose evidence the calibration does not count.
    pub(crate) witness: Option<usize>,
    /// Weights without the witness, ascending, and the correction at each.
    pub(crate) calibration: Vec<(Weight, Weight)>,
    /// The same for namesakes; the weights are those corrected by `calibration`.
    pub(crate) namesake_calibration: Vec<(Weight, Weight)>,
    /// The part of a pattern that tells how records agree in name, mailbox and phone.
    pub(crate) name_and_contacts_mask: Pattern,
    /// Such parts, ascending, and the correction of each.
    pub(crate) contact_calibration: Vec<(Pattern, Weight)>,
    /// Patterns without the witness, ascending, and the correction of each.
    pub(crate) pattern_calibration: Vec<(Pattern, Weight)>,
    /// The comparison of names.
    pub(crate) name: Option<usize>,
    /// Per comparison and level, the correction where the witness is missing.
    pub(crate) without_witness: Vec<Vec<Weight>>,
    /// The part of a pattern that tells how records agree in mailbox and phone.
    pub(crate) contacts_mask: Pattern,
    /// The part that tells how they agree in mailbox, phone and address.
    pub(crate) whereabouts_mask: Pattern,
    /// How mailbox, phone and address agree, ascending, and what is added to the weight of different given names against
    /// relatives.
    pub(crate) different_without_witness: Vec<(Pattern, Weight)>,
}

impl Weights {
    /// What is taken off where both comparisons of a place agree: the comparison, and how much.
    pub(crate) fn repeated(&self, evidence: impl Fn(usize) -> Weight) -> Option<(usize, Weight)> {
        let (phone, address) = self.place?;
        let (by_phone, by_address) = (evidence(phone), evidence(address));
        let (weaker, weight) = if by_phone <= by_address { (phone, by_phone) } else { (address, by_address) };
        (weight > 0).then_some((weaker, weight))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weaker_of_two_words_for_one_place_is_taken_off() {
        let weights = |place| Weights { place, ..Weights::default() };
        let of = |evidence: [Weight; 2]| weights(Some((0, 1))).repeated(|c| evidence[c]);
        assert_eq!(of([900, 700]), Some((1, 700)));
        assert_eq!(of([600, 700]), Some((0, 600)));
        assert_eq!(of([900, -700]), None, "what speaks against stays");
        assert_eq!(weights(None).repeated(|_| 900), None, "a person's phone and address are two things");
    }

    #[test]
    fn a_model_of_another_version_is_told_from_what_is_none() {
        let of = |text: &str| Model::from_json(text).expect_err("no model");
        assert!(of("{}").contains("not a model"));
        assert!(of(r#"{"version": 1, "shape": "of old"}"#).contains("has version 1"));
    }

    #[test]
    fn numbers_that_no_training_gives_are_refused() {
        let level = |m: f64, bits: f64| serde_json::json!({"level": "same", "m": m, "r": 0.1, "u": 0.1, "without_birth_date": bits, "seen": 0.5});
        let of = |prior: f64, m: f64, bits: f64, correction: f64| {
            let model = serde_json::json!({
                "version": MODEL_VERSION, "entity": "person", "prior_same": prior, "prior_related": 0.1,
                "calibration": [{"weight": 0.0, "correction": correction}], "namesake_calibration": [],
                "contact_calibration": [], "pattern_calibration": [], "different_names_without_birth_date": [],
                "comparisons": [{"name": "email", "levels": [level(m, bits)]}], "left_out": [], "placeholders": [],
                "nicknames": [], "term_frequencies": [],
            });
            Model::from_json(&model.to_string()).map(drop)
        };
        assert_eq!(of(0.1, 0.9, 1.0, -4.0), Ok(()));
        for (prior, m, bits, correction, what) in [
            (0.95, 0.9, 1.0, 0.0, "the sum of prior_same"),
            (-1.0, 0.9, 1.0, 0.0, "the sum of prior_same"),
            (0.1, 1e308, 1.0, 0.0, "m of `same` of email cannot be 1"),
            (0.1, 0.9, -1e308, 0.0, "without_birth_date of `same` of email"),
            (0.1, 0.9, 1.0, 1e308, "a correction cannot be"),
        ] {
            let error = of(prior, m, bits, correction).expect_err("no such training");
            assert!(error.contains(what), "{error}");
        }
    }

    #[test]
    fn levels_are_known_by_their_names() {
        use crate::comparison::*;
        for levels in [
            name_levels(),
            birth_date_levels(),
            email_levels(),
            phone_levels(),
            address_levels(),
            middle_name_levels(),
            suffix_levels(),
            gender_levels(),
            identifier_levels(),
            token_levels(),
            number_levels(),
            code_levels(),
        ] {
            let names: std::collections::HashSet<&str> = levels.iter().map(|level| level.label.as_str()).collect();
            assert_eq!(names.len(), levels.len(), "{names:?}");
        }
    }
}
