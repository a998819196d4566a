//! `*`, `?`, `[a-z]`, `**` against the names of a listing, with the meaning they have for files here.

use glob::{MatchOptions, Pattern};

use crate::RemoteError;

const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// Whether `path` may stand for several files.
pub(crate) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// What all matches of `pattern` start with.
pub(crate) fn fixed_start(pattern: &str) -> &str {
    pattern.split(['*', '?', '[']).next().unwrap_or_default()
}

/// `pattern`, compiled; `place` names it in the error.
pub(crate) fn compile(pattern: &str, place: &str) -> Result<Pattern, RemoteError> {
    Pattern::new(pattern).map_err(|error| RemoteError::config(place, format!("is not a valid pattern: {}", error.msg)))
}

/// Whether `name`, with its folders, is meant by `pattern`.
pub(crate) fn matches(pattern: &Pattern, name: &str) -> bool {
    pattern.matches_with(name, OPTIONS)
}

/// Those of `names` that are meant, sorted, each once. A file whose name has brackets is that file before it is a
/// pattern. `place` names the pattern in errors.
pub(crate) fn select(pattern: &str, mut names: Vec<String>, place: &str) -> Result<Vec<String>, RemoteError> {
    if names.iter().any(|name| name == pattern) {
        return Ok(vec![pattern.to_owned()]);
    }
    let compiled = compile(pattern, place)?;
    names.retain(|name| matches(&compiled, name));
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return Err(RemoteError::unavailable(
            place,
            "no file matches this pattern; check it, or whether its system delivers later",
        ));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_selected_as_files_are() {
        let names =
            || ["in/b.csv", "in/a.csv", "in/.h.csv", "in/deep/c.csv", "x[1].csv", "x1.csv"].map(str::to_owned).to_vec();
        let select = |pattern: &str| select(pattern, names(), "s3://b").map_err(|error| error.to_string());
        assert_eq!(select("in/*.csv").unwrap(), ["in/a.csv", "in/b.csv"]);
        assert_eq!(select("**/*.csv").unwrap(), ["in/a.csv", "in/b.csv", "in/deep/c.csv", "x1.csv", "x[1].csv"]);
        assert_eq!(select("in/[a-a].csv").unwrap(), ["in/a.csv"]);
        assert_eq!(select("x[1].csv").unwrap(), ["x[1].csv"], "the file before the pattern");
        assert_eq!(select("in/?.csv").unwrap(), ["in/a.csv", "in/b.csv"]);
        let none = "s3://b: no file matches this pattern; check it, or whether its system delivers later";
        assert_eq!(select("*.xml").unwrap_err(), none);
    }

    #[test]
    fn listings_are_asked_for_what_is_fixed() {
        assert_eq!(fixed_start("exports/2024-*/x.csv"), "exports/2024-");
        assert_eq!(fixed_start("**/x.csv"), "");
    }
}
