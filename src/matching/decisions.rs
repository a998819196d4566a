//! What a steward said: pairs that are the same customer, and pairs that are not. Kept in a CSV file beside the
//! pipeline, for ever, and obeyed always.

use std::path::Path;

use goldsmith_resolve::{Decisions, RecordId};

use crate::pipeline::RunError;
use crate::pipeline::error::IoContext;

const HEADER: &str = "decision,left_source,left_key,right_source,right_key";

/// Reads `decisions.csv`: a header and one decision (`same` or `not_same`) a line. Columns after the fifth (a
/// reason, a name, a date) are for people.
///
/// # Errors
/// A missing file, or a line that is no decision, with its number.
pub fn read_decisions(path: &Path) -> Result<Decisions, RunError> {
    let text = std::fs::read_to_string(path).doing(|| format!("reading the decisions {}", path.display()))?;
    let mut decisions = Decisions::default();
    let mut lines = text.lines().enumerate();
    if let Some((_, header)) = lines.next() && !header.trim_start_matches('\u{feff}').trim().starts_with(HEADER) {
        return Err(RunError::Config(format!("{}:1: the header must begin with `{HEADER}`", path.display())));
    }
    for (number, line) in lines {
        if line.trim().is_empty() {
            continue;
        }
        let fields = split(line);
        let [decision, left_source, left_key, right_source, right_key, ..] = fields.as_slice() else {
            return Err(RunError::Config(format!("{}:{}: a decision has five fields: {HEADER}", path.display(), number + 1)));
        };
        let pair = (RecordId::of(left_source, left_key), RecordId::of(right_source, right_key));
        match decision.trim() {
            "same" => decisions.same.push(pair),
            "not_same" | "not same" => decisions.not_same.push(pair),
            _ => return Err(RunError::Config(format!("{}:{}: a decision is `same` or `not_same`", path.display(), number + 1))),
        }
    }
    Ok(decisions)
}

/// Splits a line of CSV; a field may be quoted, with quotes doubled inside.
fn split(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                if let Some(field) = fields.last_mut() { field.push('"') }
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            other => if let Some(field) = fields.last_mut() { field.push(other) },
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_may_be_quoted() {
        assert_eq!(split(r#"same,crm,"a,1",shop,"say ""x""",why"#), ["same", "crm", "a,1", "shop", "say \"x\"", "why"]);
    }
}
