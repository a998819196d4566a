//! What a steward said: pairs that are the same customer, and pairs that are not. Kept in a CSV file beside the
//! pipeline, for ever, and obeyed always.

use std::path::Path;

use goldsmith_resolve::{Decisions, RecordId};

use crate::pipeline::RunError;
use crate::pipeline::error::IoContext;

const COLUMNS: [&str; 5] = ["decision", "left_source", "left_key", "right_source", "right_key"];

/// Reads `decisions.csv`: a header and one decision (`same` or `not_same`) a row. Columns after the fifth (a reason, a
/// name, a date) are for people.
///
/// # Errors
/// A missing file, or a row that is no decision, with its line.
pub fn read_decisions(path: &Path) -> Result<Decisions, RunError> {
    let text = std::fs::read_to_string(path).doing(|| format!("reading the decisions {}", path.display()))?;
    parse(&text).map_err(|(line, message)| RunError::Config(format!("{}:{line}: {message}", path.display())))
}

/// The decisions of a file, or the line of the first mistake with what is wrong.
fn parse(text: &str) -> Result<Decisions, (u64, String)> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header = reader.headers().map_err(|_| (1, "the header cannot be read".to_owned()))?;
    if header.iter().take(COLUMNS.len()).ne(COLUMNS) {
        return Err((1, format!("the header must begin with `{}`", COLUMNS.join(","))));
    }
    let mut decisions = Decisions::default();
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
        match decision {
            "same" => decisions.same.push(pair),
            "not_same" | "not same" => decisions.not_same.push(pair),
            _ => return Err((line, "a decision is `same` or `not_same`".to_owned())),
        }
    }
    Ok(decisions)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "decision,left_source,left_key,right_source,right_key,reason\n";

    #[test]
    fn fields_may_be_quoted_and_reasons_may_have_lines() {
        let decisions =
            parse(&format!("{HEADER}same,crm,\"a,1\",shop, 2 ,\"two\nlines\"\nnot_same,crm,1,crm,2,\n")).unwrap();
        assert_eq!(decisions.same, [(RecordId::of("crm", "a,1"), RecordId::of("shop", "2"))]);
        assert_eq!(decisions.not_same.len(), 1);
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
