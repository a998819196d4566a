//! What exact rules reach: records with the same e-mail, the same telephone, or the same name and birth date are one
//! customer, and whoever is linked to them too. A careful rule writer's version: well-known junk links nobody.

use std::collections::HashMap;

use super::read::Record;

/// Pairs of records.
#[derive(Debug)]
pub(crate) struct Score {
    pub(crate) correct: u64,
    pub(crate) claimed: u64,
    pub(crate) true_pairs: u64,
}

impl Score {
    pub(crate) fn recall(&self) -> f64 {
        self.correct as f64 / self.true_pairs as f64
    }

    pub(crate) fn f1(&self) -> f64 {
        2.0 * self.correct as f64 / (self.claimed + self.true_pairs) as f64
    }
}

const JUNK_EMAILS: [&str; 6] =
    ["test@test.com", "noemail@noemail.com", "none@none.com", "unknown@unknown.com", "n/a", "no@email.com"];
const JUNK_BIRTHS: [&str; 2] = ["1900-01-01", "1970-01-01"];

pub(crate) fn score(records: &[Record], truth: &HashMap<String, String>) -> Score {
    let mut parents: Vec<usize> = (0..records.len()).collect();
    let mut holders: HashMap<String, usize> = HashMap::new();
    for (at, record) in records.iter().enumerate() {
        for key in keys(record) {
            let other = *holders.entry(key).or_insert(at);
            let (a, b) = (root(&mut parents, at), root(&mut parents, other));
            parents[a] = b;
        }
    }
    let clusters: Vec<usize> = (0..records.len()).map(|at| root(&mut parents, at)).collect();
    let owners: Vec<&str> = records.iter().map(|record| truth[&record.id].as_str()).collect();
    Score {
        correct: pairs(clusters.iter().zip(&owners)),
        claimed: pairs(clusters.iter()),
        true_pairs: pairs(owners.iter()),
    }
}

fn keys(record: &Record) -> Vec<String> {
    let mut keys = Vec::new();
    for email in &record.emails {
        let email = email.to_lowercase();
        if !JUNK_EMAILS.contains(&email.as_str()) {
            keys.push(format!("e {email}"));
        }
    }
    for phone in &record.phones {
        // The last nine digits are the same however the country is written.
        let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
        let tail = &digits[digits.len().saturating_sub(9)..];
        let one_digit = tail.bytes().skip(1).all(|digit| digit == tail.as_bytes()[1]);
        if tail.len() >= 8 && !one_digit && tail != "234567890" {
            keys.push(format!("p {tail}"));
        }
    }
    let (given, family) = (fold(&record.given), fold(&record.family));
    if given.len() > 1
        && !family.is_empty()
        && !record.birth.is_empty()
        && !JUNK_BIRTHS.contains(&record.birth.as_str())
    {
        keys.push(format!("n {given} {family} {}", record.birth));
    }
    keys
}

/// Lower-case ASCII letters, umlauts like their vowels.
fn fold(name: &str) -> String {
    let plain = deunicode::deunicode(name).to_lowercase();
    let plain = plain.replace("ae", "a").replace("oe", "o").replace("ue", "u");
    plain.chars().filter(char::is_ascii_lowercase).collect()
}

fn root(parents: &mut [usize], mut at: usize) -> usize {
    while parents[at] != at {
        parents[at] = parents[parents[at]];
        at = parents[at];
    }
    at
}

fn pairs<T: std::hash::Hash + Eq>(labels: impl Iterator<Item = T>) -> u64 {
    let mut counts: HashMap<T, u64> = HashMap::new();
    for label in labels {
        *counts.entry(label).or_default() += 1;
    }
    counts.values().map(|count| count * (count - 1) / 2).sum()
}
