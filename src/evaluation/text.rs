//! The report as people read it.

use std::fmt::Write;

use goldsmith_resolve::evaluate::{Band, Score};

use super::{Mistakes, Pair, Report, Scores};
use crate::counted::human;

/// Parts of a profile or customer that a line has room for.
const PARTS: usize = 6;

impl Report {
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        self.profiles(out)?;
        self.clusterings(out)?;
        if self.match_pairs.rows > 0 {
            self.curve(out)?;
            self.reliability(out)?;
            self.coverage(out)?;
        }
        self.mistakes.write(out, self.match_pairs.complete_from)
    }

    fn profiles(&self, out: &mut String) -> std::fmt::Result {
        let scores = &self.evaluation;
        writeln!(out, "                  precision   recall        F1")?;
        for (name, score) in
            [("pairwise", scores.pairwise), ("B-cubed", scores.b_cubed), ("exact clusters", scores.exact_clusters)]
        {
            writeln!(out, "  {name:<15} {:>9.4} {:>9.4} {:>9.4}", score.precision, score.recall, score.f1)?;
        }
        writeln!(
            out,
            "\n  {} records, {} true customers, {} found; {} true pairs, {} found, {} of them true",
            human(self.records as u64),
            human(self.true_customers as u64),
            human(self.golden_profiles as u64),
            human(scores.true_pairs),
            human(scores.found_pairs),
            human(scores.correct_pairs)
        )?;
        for (count, what) in [
            (self.records_missing, "records of the truth are not published; each counts as a customer of its own"),
            (self.records_unknown_to_truth, "published records are not in the truth and are left out"),
            (self.truth_rows_incomplete, "rows of the truth lack the record or the customer and are left out"),
        ] {
            if count > 0 {
                writeln!(out, "  {} {what}", human(count as u64))?;
            }
        }
        if !self.sources_missing.is_empty() {
            let sources = self.sources_missing.join(", ");
            writeln!(
                out,
                "  nothing is published of what the truth calls {sources}; it has to name sources as the pipeline does"
            )?;
        }
        Ok(())
    }

    fn clusterings(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "\n  {:<14}{:^29}{:^29}{:^29}", "clustering", "pairwise", "B-cubed", "exact clusters")?;
        writeln!(out, "  {:<14}{}", "", format!("{:>11}{:>9}{:>9}", "precision", "recall", "F1").repeat(3))?;
        let all = &self.clusterings;
        for (name, scores) in [("conservative", &all.conservative), ("balanced", &all.balanced), ("wide", &all.wide)] {
            let Scores { pairwise, b_cubed, exact_clusters, .. } = scores;
            let cells: String = [pairwise, b_cubed, exact_clusters].into_iter().map(three).collect();
            writeln!(out, "  {name:<14}{cells}")?;
        }
        Ok(())
    }

    fn curve(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "\n  if each compared pair from a probability up were a match, whatever its clusters")?;
        writeln!(out, "  {:<8}{:>12}{:>11}{:>11}{:>9}{:>9}", "from", "pairs", "expected", "precision", "recall", "F1")?;
        for cut in &self.curve {
            writeln!(
                out,
                "  {:<8}{:>12}{:>11}{:>11.4}{:>9.4}{:>9.4}",
                cut.from,
                self.count(cut.from, cut.pairs),
                maybe(cut.expected_precision),
                cut.score.precision,
                cut.score.recall,
                cut.score.f1
            )?;
        }
        Ok(())
    }

    fn reliability(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "\n  what probabilities claim, and what is true")?;
        writeln!(
            out,
            "  {:<14}{:>12}{:>12}{:>12}{:>11}{:>12}{:>12}",
            "probability", "pairs", "rows", "sampled", "claimed", "true share", "difference"
        )?;
        for Band { from, to, pairs, rows, sampled_rows, claimed, true_share, difference } in &self.reliability {
            let difference = difference.map_or_else(|| "-".to_owned(), |difference| format!("{difference:+.4}"));
            writeln!(
                out,
                "  {:<14}{:>12}{:>12}{:>12}{:>11}{:>12}{difference:>12}",
                format!("{from} to {to}"),
                self.count(*from, *pairs),
                human(*rows),
                human(*sampled_rows),
                maybe(*claimed),
                maybe(*true_share)
            )?;
        }
        Ok(())
    }

    /// A count of pairs, marked where it rests on a sample.
    fn count(&self, from: f64, pairs: f64) -> String {
        let mark = if from < self.match_pairs.complete_from && pairs > 0.0 { "~" } else { "" };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let pairs = human(pairs.round() as u64);
        format!("{mark}{pairs}")
    }

    /// What the two tables above are made of.
    fn coverage(&self, out: &mut String) -> std::fmt::Result {
        let table = &self.match_pairs;
        writeln!(
            out,
            "\n  {} of {} rows of match_pairs are about records of the truth; {} pairs were compared",
            human(table.rows_judged),
            human(table.rows),
            human(table.candidates)
        )?;
        writeln!(
            out,
            "  ~ below {} only a sample is published; a row of it stands for {:.0} pairs, so figures that rest on few\n    are coarse, and a band without one says nothing",
            table.complete_from, table.pairs_per_sampled_row
        )
    }
}

impl Mistakes {
    fn write(&self, out: &mut String, from: f64) -> std::fmt::Result {
        self.counts(out, from)?;
        if !self.largest_wrong_profiles.is_empty() {
            writeln!(out, "\n  profiles with most false pairs")?;
        }
        for profile in &self.largest_wrong_profiles {
            let parts: Vec<String> = profile.parts.iter().take(PARTS).map(|records| human(*records)).collect();
            let more = if profile.customers > parts.len() as u64 { " + …" } else { "" };
            writeln!(
                out,
                "    {}  {} records of {} customers ({}{more}), false pairs: {}",
                profile.golden_id,
                human(profile.records),
                human(profile.customers),
                parts.join(" + "),
                human(profile.false_pairs)
            )?;
            pairs(out, &profile.pairs)?;
            if profile.pairs.is_empty() {
                writeln!(out, "      none of them has a row in match_pairs: joined through other records")?;
            }
        }
        if !self.largest_split_customers.is_empty() {
            writeln!(out, "\n  customers with most missed pairs")?;
        }
        for customer in &self.largest_split_customers {
            writeln!(
                out,
                "    {} records in {} profiles, missed pairs: {}",
                human(customer.records),
                human(customer.profiles),
                human(customer.missed_pairs)
            )?;
            for part in customer.parts.iter().take(PARTS) {
                writeln!(out, "      {}  {}, such as {}", part.golden_id, records(part.records), part.record)?;
            }
            pairs(out, &customer.pairs)?;
            if let Some((left, right)) = &customer.without_row {
                writeln!(
                    out,
                    "      {left} and {right} have no row in match_pairs; `goldsmith explain` compares them"
                )?;
            }
        }
        for (title, list) in [
            ("false pairs with the best evidence", &self.most_probable_false),
            ("missed pairs with the best evidence", &self.most_probable_missed),
        ] {
            if !list.is_empty() {
                writeln!(out, "\n  {title}")?;
                pairs(out, list)?;
            }
        }
        Ok(())
    }

    fn counts(&self, out: &mut String, from: f64) -> std::fmt::Result {
        let wrong = &self.false_pairs;
        let line = |out: &mut String, count: u64, what: &str| {
            if count > 0 { writeln!(out, "  {:>10}  {what}", human(count)) } else { Ok(()) }
        };
        let profiles = human(self.wrong_profiles as u64);
        writeln!(out, "\n  {} false pairs in {profiles} profiles that hold several customers", human(wrong.pairs))?;
        line(out, wrong.matched, "have evidence of their own in match_pairs")?;
        line(out, wrong.forced, "were joined by a steward")?;
        line(out, wrong.without_row, "have no row there: joined through other records of the profile")?;
        let missed = &self.missed_pairs;
        let customers = human(self.split_customers as u64);
        writeln!(
            out,
            "\n  {} missed pairs; {customers} customers are spread over several profiles",
            human(missed.pairs)
        )?;
        line(out, missed.of_records_not_published, "are of records that are not published")?;
        line(out, missed.across_entity_types, "are of two entity types, which are never compared")?;
        for (reason, count) in &missed.cut_by_guard {
            line(out, *count, &format!("were good enough as pairs and kept apart: {}", why(reason)))?;
        }
        line(out, missed.review, "were left for review")?;
        line(out, missed.below_review, "scored below review")?;
        line(out, missed.forced_no_match, "were kept apart by a steward")?;
        let sample = match missed.others_sampled_rows {
            sampled @ 1.. => {
                let scored = missed.others_scored_estimate;
                format!("by {} of the sample about {scored:.0} of them scored below {from}", rows(sampled))
            }
            _ => "none of them is in the sample".to_owned(),
        };
        line(out, missed.others, &format!("were never compared, or scored lower still; {sample}"))
    }
}

fn pairs(out: &mut String, pairs: &[Pair]) -> std::fmt::Result {
    for pair in pairs {
        let reason = pair.cut_reason.as_deref().map(|reason| format!(": {}", why(reason))).unwrap_or_default();
        writeln!(
            out,
            "      {} and {}  probability {:.4}, {}{reason}",
            pair.left, pair.right, pair.probability, pair.decision
        )?;
        let mut evidence: Vec<String> = pair
            .levels
            .iter()
            .filter(|level| level.level != "missing")
            .map(|level| format!("{}: {} {:+.1}", level.comparison, level.level, level.weight))
            .collect();
        if pair.tf_adjust.abs() >= 0.05 {
            evidence.push(format!("how common the values are {:+.1}", pair.tf_adjust));
        }
        if !evidence.is_empty() {
            writeln!(out, "        {}", evidence.join(" · "))?;
        }
    }
    Ok(())
}

/// A reason of `cut_by_guard` in words.
fn why(reason: &str) -> &str {
    match reason {
        "bridge" => "other records of the two profiles speak against joining them",
        "cannot_link" => "name suffixes differ, or a source without duplicates has two records",
        "steward" => "a steward keeps records of the two profiles apart",
        other => other,
    }
}

fn three(score: &Score) -> String {
    format!("{:>11.4}{:>9.4}{:>9.4}", score.precision, score.recall, score.f1)
}

fn maybe(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"))
}

fn records(count: u64) -> String {
    if count == 1 { "1 record".to_owned() } else { format!("{} records", human(count)) }
}

fn rows(count: u64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{} rows", human(count)) }
}
