//! What a steward said: pairs that are the same customer, and pairs that are not. Kept in a CSV file beside the
//! pipeline, for ever, and obeyed always.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use goldsmith_resolve::{Decisions, RecordId, UnionFind};
use hashbrown::HashMap;

use crate::pipeline::RunError;
use crate::pipeline::error::IoContext;
use crate::publish::previous::read_small;

const COLUMNS: [&str; 5] = ["decision", "left_source", "left_key", "right_source", "right_key"];

/// The decisions of a file. They do not contradict each other.
#[derive(Debug, Clone, Default)]
pub struct StewardDecisions {
    pub decisions: Decisions,
    /// The lines of the decisions in the file: those of `same`, then those of `not_same`.
    lines: [Vec<u64>; 2],
    /// The sources they name, each with the first line that does.
    sources: BTreeMap<String, u64>,
}

impl StewardDecisions {
    /// The lines, ascending, whose decisions are about two records that `known` does not know together.
    pub fn unknown(&self, known: impl Fn(&RecordId, &RecordId) -> bool) -> Vec<u64> {
        let [same, not_same] = &self.lines;
        let pairs = self.decisions.same.iter().zip(same).chain(self.decisions.not_same.iter().zip(not_same));
        let unknown = pairs.filter(|((left, right), _)| !known(left, right));
        let mut lines: Vec<u64> = unknown.map(|(_, line)| *line).collect();
        lines.sort_unstable();
        lines
    }

    /// The sources they name, each with the first line that does.
    pub fn sources(&self) -> impl Iterator<Item = (&str, u64)> {
        self.sources.iter().map(|(source, line)| (source.as_str(), *line))
    }

    /// Takes a row of the file for a decision, or says why it is none.
    fn take(&mut self, row: &csv::StringRecord, line: u64) -> Result<(), String> {
        let (Some(decision), Some(left_source), Some(left_key), Some(right_source), Some(right_key)) =
            (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4))
        else {
            return Err(format!("a decision has five fields: {}", COLUMNS.join(",")));
        };
        let [same_lines, not_same_lines] = &mut self.lines;
        let (pairs, lines) = match decision {
            "same" => (&mut self.decisions.same, same_lines),
            "not_same" | "not same" => (&mut self.decisions.not_same, not_same_lines),
            _ => return Err("a decision is `same` or `not_same`".to_owned()),
        };
        pairs.push((RecordId::of(left_source, left_key), RecordId::of(right_source, right_key)));
        lines.push(line);
        for source in [left_source, right_source] {
            self.sources.entry(source.to_owned()).or_insert(line);
        }
        Ok(())
    }

    /// The lines by which two records are not the same that others make the same.
    fn contradictions(&self) -> Vec<Mistake> {
        let [same_lines, not_same_lines] = &self.lines;
        let (same, not_same) = (&self.decisions.same, &self.decisions.not_same);
        let mut groups = Groups::default();
        if !not_same.is_empty() {
            same.iter().for_each(|(left, right)| groups.join(*left, *right));
        }
        let mut apart = not_same.iter().zip(not_same_lines).collect::<Vec<_>>();
        apart.retain(|((left, right), _)| groups.are_one(*left, *right));
        let mut beside: HashMap<RecordId, Vec<(RecordId, u64)>> = HashMap::new();
        if !apart.is_empty() {
            for ((left, right), line) in same.iter().zip(same_lines) {
                beside.entry(*left).or_default().push((*right, *line));
                beside.entry(*right).or_default().push((*left, *line));
            }
        }
        let told = apart.iter().enumerate().map(|(index, ((left, right), line))| {
            // A chain costs a walk through its records, and is not read where it is not shown.
            let by = if index < SHOWN { named_lines(&chain(&beside, *left, *right)) } else { "other lines".to_owned() };
            let message = if left == right {
                "a record is not the same as itself here".to_owned()
            } else {
                format!("these two are not the same here, and the same by {by}; remove one of these decisions")
            };
            (**line, message)
        });
        told.collect()
    }
}

/// A line and what is wrong there.
type Mistake = (u64, String);

/// Records that are the same, as far as was said.
#[derive(Default)]
struct Groups {
    numbers: HashMap<RecordId, u32>,
    joined: UnionFind,
}

impl Groups {
    fn join(&mut self, left: RecordId, right: RecordId) {
        let [left, right] = [left, right].map(|id| *self.numbers.entry(id).or_insert_with(|| self.joined.push()));
        self.joined.join(left, right);
    }

    fn are_one(&mut self, left: RecordId, right: RecordId) -> bool {
        let known = [left, right].map(|id| self.numbers.get(&id).copied());
        left == right || matches!(known, [Some(left), Some(right)] if self.joined.find(left) == self.joined.find(right))
    }
}

/// The lines of a shortest chain of decisions from one record to another; none where it is the same record.
fn chain(beside: &HashMap<RecordId, Vec<(RecordId, u64)>>, from: RecordId, to: RecordId) -> Vec<u64> {
    // By record the one before it, and the line that says so.
    let mut before: HashMap<RecordId, (RecordId, u64)> = HashMap::new();
    let mut next = VecDeque::from([from]);
    while let Some(record) = next.pop_front().filter(|record| *record != to) {
        for (other, line) in beside.get(&record).into_iter().flatten().filter(|(other, _)| *other != from) {
            before.entry(*other).or_insert_with(|| {
                next.push_back(*other);
                (record, *line)
            });
        }
    }
    let mut lines = Vec::new();
    let mut record = to;
    while let Some((previous, line)) = before.get(&record).filter(|_| record != from) {
        lines.push(*line);
        record = *previous;
    }
    lines.reverse();
    lines
}

/// Lines or mistakes that a message names.
const SHOWN: usize = 5;

/// Lines of a file in words: `line 3`, `lines 3, 7`, and not more of them than anybody reads.
#[must_use]
pub fn named_lines(lines: &[u64]) -> String {
    let shown: Vec<String> = lines.iter().take(SHOWN).map(u64::to_string).collect();
    let more = if lines.len() > SHOWN { format!(" and {} more", lines.len() - SHOWN) } else { String::new() };
    format!("line{} {}{more}", if lines.len() == 1 { "" } else { "s" }, shown.join(", "))
}

/// Reads `decisions.csv`: a header and one decision (`same` or `not_same`) a row. Columns after the fifth (a reason, a
/// name, a date) are for people.
///
/// # Errors
/// A file that is missing or no text; with their lines the rows that are no decisions, or that others contradict.
pub fn read_decisions(path: &Path) -> Result<StewardDecisions, RunError> {
    let bytes = read_small(path).doing(|| format!("reading the decisions {}", path.display()))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        RunError::Config(format!("{}: the decisions are not UTF-8; save them as UTF-8", path.display()))
    })?;
    parse(&text).map_err(|mistakes| {
        let shown = mistakes.iter().take(SHOWN).map(|(line, message)| format!("{}:{line}: {message}", path.display()));
        let more = mistakes.len().checked_sub(SHOWN).filter(|more| *more > 0);
        let more = more.map(|more| format!("and {more} more mistakes in this file"));
        RunError::Config(shown.chain(more).collect::<Vec<_>>().join("\n"))
    })
}

/// The decisions of a file, or all that is wrong with it; what contradicts others is told where all rows are decisions.
fn parse(text: &str) -> Result<StewardDecisions, Vec<Mistake>> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header = reader.headers().map_err(|_| vec![(1, "the header cannot be read".to_owned())])?;
    if header.iter().take(COLUMNS.len()).ne(COLUMNS) {
        return Err(vec![(1, format!("the header must begin with `{}`", COLUMNS.join(",")))]);
    }
    let (mut steward, mut mistakes) = (StewardDecisions::default(), Vec::new());
    for row in reader.records() {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                let line = error.position().map_or(1, csv::Position::line);
                mistakes.push((line, "the row cannot be read".to_owned()));
                continue;
            }
        };
        let line = row.position().map_or(1, csv::Position::line);
        if let Err(message) = steward.take(&row, line) {
            mistakes.push((line, message));
        }
    }
    if mistakes.is_empty() {
        mistakes = steward.contradictions();
    }
    if mistakes.is_empty() { Ok(steward) } else { Err(mistakes) }
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
        assert_eq!(steward.unknown(|_, _| false), [2, 4]);
        let customer = RecordId::of("crm", "2");
        assert_eq!(steward.unknown(|_, right| *right != customer), [4]);
        assert_eq!(steward.sources().collect::<Vec<_>>(), [("crm", 2), ("shop", 2)]);
    }

    #[test]
    fn contradictions_name_the_shortest_chain() {
        // From 1 to 4 by way of 5 and 6, or of 7 alone.
        let same = "same,a,1,a,5\nsame,a,5,a,6\nsame,a,6,a,4\nsame,a,1,a,7\nsame,a,4,a,7\n";
        let mistake = |rows: &str| match &parse(&format!("{HEADER}{rows}")).unwrap_err()[..] {
            [(line, message)] => (*line, message.clone()),
            several => panic!("one mistake, not {several:?}"),
        };
        let (line, message) = mistake(&format!("{same}not_same,a,8,a,9\nnot_same,a,4,a,1\n"));
        assert_eq!(line, 8);
        assert!(message.contains("the same by lines 6, 5;"), "{message}");
        let (line, message) = mistake("not_same,a,2,a,1\nsame,a,1,a,2\n");
        assert!(line == 2 && message.contains("by line 3;"), "{line}: {message}");
        let (line, message) = mistake("not_same,a,1,a,1\n");
        assert!(line == 2 && message.contains("itself"), "{line}: {message}");
        assert!(parse(&format!("{HEADER}{same}not_same,a,1,a,2\nsame,a,1,a,1\n")).is_ok());
    }

    /// Work that grew with the square of the chain would not end.
    #[test]
    fn a_long_chain_is_followed() {
        let last = 200_000;
        let mut text =
            (0..last).fold(HEADER.to_owned(), |text, number| text + &format!("same,a,{number},a,{}\n", number + 1));
        text += &format!("not_same,a,0,a,{last}\n");
        let mistakes = parse(&text).unwrap_err();
        let (line, message) = &mistakes[0];
        assert_eq!((*line, mistakes.len()), (last + 2, 1));
        assert!(message.contains("by lines 2, 3, 4, 5, 6 and 199995 more;"), "{message}");
    }

    #[test]
    fn mistakes_name_their_line() {
        let lines = |text: &str| parse(text).unwrap_err().iter().map(|(line, _)| *line).collect::<Vec<_>>();
        assert_eq!(lines("same,a,b,c,d\n"), [1]);
        let rows = "same,a,1,b,2,\nmaybe,a,1,b,2,\nsame,a,1\nnot_same,a,1,b,2\n";
        assert_eq!(lines(&format!("{HEADER}{rows}")), [3, 4], "no contradictions while rows are missing");
        assert_eq!(lines(&format!("{HEADER}same,a,1,b,2\nnot_same,a,1,b,2\nnot_same,b,2,a,1\n")), [3, 4]);
    }
}
