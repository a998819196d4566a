//! Texts of several words: titles, descriptions, organisation names.

use hashbrown::HashMap;

use super::Memo;
use crate::kernels::{jaro_winkler_from, within_edits};
use crate::records::Pool;

/// A word is rare that no more records hold than one entity may have; of a few records any word has few holders.
const MOST_HOLDERS: u32 = 4;
const MOST_SHARE: f64 = 0.002;

pub(crate) struct TokenValues {
    pub(crate) field: usize,
    /// Per value its words in order of their numbers.
    pub(crate) words: Vec<Vec<u32>>,
    pub(crate) texts: Vec<String>,
    /// Per word its weight: the rarer, the heavier.
    pub(crate) weights: Vec<f64>,
    /// Per word whether few records hold it, and whether it has a digit.
    rare: Vec<bool>,
    numbers: Vec<bool>,
}

impl TokenValues {
    pub(crate) fn new(field: usize, pool: &Pool, frequency: bool) -> Self {
        let mut numbers: HashMap<String, u32, foldhash::fast::FixedState> = HashMap::default();
        let (mut texts, mut holders) = (Vec::new(), Vec::<u32>::new());
        let mut total = 0u32;
        let words = pool
            .iter()
            .map(|(code, value)| {
                total += pool.frequency(code);
                let mut list: Vec<u32> = tokens(value)
                    .map(|word| {
                        *numbers.entry(word.clone()).or_insert_with(|| {
                            texts.push(word);
                            holders.push(0);
                            texts.len() as u32 - 1
                        })
                    })
                    .collect();
                list.sort_unstable();
                list.dedup();
                for &word in &list {
                    holders[word as usize] += if frequency { pool.frequency(code) } else { 1 };
                }
                list
            })
            .collect();
        let all = f64::from(total.max(1));
        let weights = holders.iter().map(|&n| (1.0 + all / f64::from(n.max(1))).ln()).collect();
        let rare = holders.iter().map(|&n| n <= MOST_HOLDERS && f64::from(n) <= MOST_SHARE * all).collect();
        let numbers = texts.iter().map(|text| text.bytes().any(|byte| byte.is_ascii_digit())).collect();
        Self { field, words, texts, weights, rare, numbers }
    }

    pub(super) fn level(&self, x: u32, y: u32, table: usize, memo: &mut Memo) -> u8 {
        let similar = self.similarity(x, y, table, memo);
        const LIMITS: [f64; 6] = [0.98, 0.85, 0.68, 0.5, 0.35, 0.18];
        match LIMITS.iter().position(|&limit| similar >= limit) {
            Some(0) => 1,
            band => 2 + 3 * band.map_or(5, |band| band as u8 - 1) + self.kind(x, y),
        }
    }

    /// What the words say beyond how alike the texts are: 0 where they share a rare one, as a model number is; 2 where
    /// they share no number and each has one of its own, as the next edition has; otherwise 1.
    fn kind(&self, x: u32, y: u32) -> u8 {
        let (left, right) = (&self.words[x as usize], &self.words[y as usize]);
        let number = |word: &u32| self.numbers[*word as usize];
        let (mut shares_number, mut own_number) = (false, false);
        for word in left {
            if right.binary_search(word).is_err() {
                own_number |= number(word);
            } else if self.rare[*word as usize] {
                return 0;
            } else {
                shares_number |= number(word);
            }
        }
        let differ = !shares_number && own_number && right.iter().any(number);
        if differ { 2 } else { 1 }
    }

    /// Cosine of the weighted word sets, where a word may also meet a close one (soft TF-IDF, Cohen, Ravikumar and
    /// Fienberg 2003).
    fn similarity(&self, x: u32, y: u32, table: usize, memo: &mut Memo) -> f64 {
        let (left, right) = (&self.words[x as usize], &self.words[y as usize]);
        let square = |word: u32| self.weights[word as usize] * self.weights[word as usize];
        let norm: f64 = left.iter().map(|&w| square(w)).sum::<f64>() * right.iter().map(|&w| square(w)).sum::<f64>();
        if norm == 0.0 {
            return 0.0;
        }
        let mut common = 0.0;
        let fuzzy = left.len() <= 24 && right.len() <= 24;
        let mut taken = 0u64;
        for &word in left {
            if right.binary_search(&word).is_ok() {
                common += square(word);
            }
        }
        if fuzzy {
            for &word in left.iter().filter(|word| right.binary_search(word).is_err()) {
                let other = right.iter().enumerate().find(|&(index, &other)| {
                    taken & (1 << index) == 0
                        && left.binary_search(&other).is_err()
                        && memo.get(table, word.min(other), word.max(other), || self.close(word, other)) == 1
                });
                if let Some((index, &other)) = other {
                    taken |= 1 << index;
                    common += 0.9 * self.weights[word as usize] * self.weights[other as usize];
                }
            }
        }
        common / norm.sqrt()
    }

    fn close(&self, x: u32, y: u32) -> u8 {
        let (left, right) = (&self.texts[x as usize], &self.texts[y as usize]);
        let digits = |word: &str| word.bytes().any(|b| b.is_ascii_digit());
        let shortest = left.len().min(right.len());
        if digits(left) || digits(right) || shortest < 3 {
            return 0;
        }
        let abbreviates = left.starts_with(right.as_str()) || right.starts_with(left.as_str());
        u8::from(
            abbreviates
                || (shortest >= 4 && (within_edits(left, right, 1) || jaro_winkler_from(left, right, 0.92) > 0.0)),
        )
    }
}

/// The words of a text: runs of letters or digits, lower case.
pub(crate) fn tokens(value: &str) -> impl Iterator<Item = String> {
    value.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::token_levels;
    use crate::records::{ColumnBuilder, ColumnKind};

    #[test]
    fn a_rare_word_and_other_numbers_tell_likeness_apart() {
        let texts = [
            "sony player bdp550 black",
            "sony bdp550",
            "sony player bdp360 black",
            "sony player 2 black",
            "sony player 3 black",
            "sony camera black",
        ];
        let mut column = ColumnBuilder::new("name", ColumnKind::Text);
        // Enough others that four holders are few, and that what the six have in common is no rarity.
        for text in texts.iter().chain(&texts).chain(&["sony camera"; 3_000]) {
            column.push_record([*text]);
        }
        let column = column.finish();
        let values = TokenValues::new(0, &column.pool, true);
        let code = |text: &str| column.pool.iter().find(|(_, value)| *value == text).expect("a value").0;
        let levels = token_levels();
        let label = |x: usize, y: usize| {
            let level = values.level(code(texts[x]), code(texts[y]), 0, &mut Memo::new(1));
            levels[usize::from(level)].label.as_str()
        };
        assert_eq!(label(0, 0), "same words");
        assert_eq!(label(0, 1), "half of the words the same, a rare one among them");
        assert!(label(0, 2).ends_with(", and other numbers"), "{}", label(0, 2));
        assert!(label(3, 4) == label(4, 3) && label(3, 4).ends_with(", and other numbers"), "{}", label(3, 4));
        assert!(label(0, 5) == label(5, 0) && label(0, 5).ends_with("the same"), "{}", label(0, 5));
    }

    #[test]
    fn of_few_records_no_word_is_rare() {
        let mut column = ColumnBuilder::new("name", ColumnKind::Text);
        for text in ["grand hotel", "hotel paris", "hotel rome"] {
            column.push_record([text]);
        }
        let column = column.finish();
        let values = TokenValues::new(0, &column.pool, true);
        assert_eq!(values.kind(0, 1), 1);
    }
}
