//! What a steward said: pairs that are the same customer, and pairs that are not. Kept in a CSV file beside the
//! pipeline, for ever, and obeyed always.

use std::path::Path;

use goldsmith_resolve::{Decisions, RecordId, ResolveError};
use hashbrown::HashMap;

use crate::pipeline::RunError;
use crate::pipeline::error::IoContext;
use crate::publish::previous::read_small;

const COLUMNS: [&str; 5] = ["decision", "left_source", "left_key", "right_source", "right_key"];

/// The decisions of a file, and the names of the records they are about.
#[derive(Debug, Clone, Default)]
pub struct StewardDecisions {
    pub decisions: Decisions,
    /// The lines of the decisions in the file: those of `same`, then those of `not_same`.
    lines: [Vec<u64>; 2],
    /// Source and key of each record, as the file has them.
    names: HashMap<RecordId, String>,
}

impl StewardDecisions {
    /// The lines, ascending, whose decisions name a record that `known` does not know.
    pub fn unknown(&self, known: impl Fn(&RecordId) -> bool) -> Vec<u64> {
        let [same, not_same] = &self.lines;
        let pairs = self.decisions.same.iter().zip(same).chain(self.decisions.not_same.iter().zip(not_same));
        let unknown = pairs.filter(|((left, right), _)| !known(left) || !known(right));
        let mut lines: Vec<u64> = unknown.map(|(_, line)| *line).collect();
        lines.sort_unstable();
        lines
    }

    /// What the match engine says, with the records by source and key.
    #[must_use]
    pub fn explain(&self, error: ResolveError) -> String {
        let name = |id: &RecordId| self.names.get(id).map_or("a record", String::as_str);
        match &error {
            ResolveError::ContradictingDecisions { left, right } => format!(
                "decisions contradict: {} and {} are the same by one chain of decisions and not by another; mend `match: decisions:`",
                name(left),
                name(right)
            ),
            other => other.to_string(),
        }
    }
}

/// Reads `decisions.csv`: a header and one decision (`same` or `not_same`) a row. Columns after the fifth (a reason, a
/// name, a date) are for people.
///
/// # Errors
/// A file that is missing or no text, or a row that is no decision, with its line.
pub fn read_decisions(path: &Path) -> Result<StewardDecisions, RunError> {
    let bytes = read_small(path).doing(|| format!("reading the decisions {}", path.display()))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        RunError::Config(format!("{}: the decisions are not UTF-8; save them as UTF-8", path.display()))
    })?;
    parse(&text).map_err(|(line, message)| RunError::Config(format!("{}:{line}: {message}", path.display())))
}

/// The decisions of a file, or the line of the first mistake with what is wrong.
fn parse(text: &str) -> Result<StewardDecisions, (u64, String)> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header = reader.headers().map_err(|_| (1, "the header cannot be read".to_owned()))?;
    if header.iter().take(COLUMNS.len()).ne(COLUMNS) {
        return Err((1, format!("the header must begin with `{}`", COLUMNS.join(","))));
    }
    let mut steward = StewardDecisions::default();
    for row in reader.records() {
        let row = row
            .map_err(|error| (error.position().map_or(1, csv::Position::line), "the row cannot be read".to_owned()))?;
        let line = row.position().map_or(1, csv::Position::line);
        let (Some(decision), Some(left_source), Some(left_key), Some(right_source), Some(right_key)) =
            (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4))
        else {
            return Err((line, format!("a decision has five fields: {}", COLUMNS.join(","))));
        };
        let pair = (RecordId::of(left_source, left_key), RecordId::of(right_source, right_key));
        let [same_lines, not_same_lines] = &mut steward.lines;
        let (pairs, lines) = match decision {
            "same" => (&mut steward.decisions.same, same_lines),
            "not_same" | "not same" => (&mut steward.decisions.not_same, not_same_lines),
            _ => return Err((line, "a decision is `same` or `not_same`".to_owned())),
        };
        pairs.push(pair);
        lines.push(line);
        for (id, source, key) in [(pair.0, left_source, left_key), (pair.1, right_source, right_key)] {
            steward.names.entry(id).or_insert_with(|| format!("{source}:{key}"));
        }
    }
    Ok(steward)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "decision,left_source,left_key,right_source,right_key,reason\n";

    #[test]
    fn fields_may_be_quoted_and_reasons_may_have_lines() {
        let steward =
            parse(&format!("{HEADER}same,crm,\"a,1\",shop, 2 ,\"two\nlines\"\nnot_same,crm,1,crm,2,\n")).unwrap();
        assert_eq!(steward.decisions.same, [(RecordId::of("crm", "a,1"), RecordId::of("shop", "2"))]);
        assert_eq!(steward.decisions.not_same.len(), 1);
        assert_eq!(steward.unknown(|_| false), [2, 4]);
        let customer = RecordId::of("crm", "2");
        assert_eq!(steward.unknown(|id| *id != customer), [4]);
    }

    #[test]
    fn mistakes_name_their_line() {
        assert_eq!(parse("same,a,b,c,d\n").unwrap_err().0, 1);
        assert_eq!(
            parse(&format!("{HEADER}same,a,1,b,2,\nmaybe,a,1,b,2,\n")).unwrap_err(),
            (3, "a decision is `same` or `not_same`".to_owned())
        );
        assert_eq!(parse(&format!("{HEADER}same,a,1\n")).unwrap_err().0, 2);
    }
}
