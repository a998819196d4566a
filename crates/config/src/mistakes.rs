//! What is wrong with a pipeline file: every mistake with its place, and how it is shown.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

/// A place in a file. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    /// Which of [`crate::Loaded::files`]: 0 is the pipeline file, 1 its overlay.
    pub file: usize,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// How many characters of the line are meant; at least 1.
    pub length: usize,
}

/// A file as it was read.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// As the caller named it.
    pub path: PathBuf,
    /// Its text without byte order mark.
    pub text: Arc<str>,
}

/// The text of a pipeline file can hold a secret that should not be there.
impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// Where; nothing for a file that cannot be read at all.
    pub place: Option<Place>,
    /// Where in the structure: `sources.crm.records[0].fields`. Empty for the file as a whole.
    pub path: String,
    /// What is wrong and how to mend it, in one sentence. No value that came from the environment, no secret.
    pub message: String,
    /// Whether the line must not be shown, because a secret may stand in it.
    pub redacted: bool,
}

impl Mistake {
    /// A mistake at a place. The message is made fit for a terminal: one line, no control characters, not endless.
    pub fn at(place: &Place, path: String, message: String) -> Self {
        let printable = |character: char| {
            if character.is_control() { ' ' } else { character }
        };
        let message = match message.char_indices().nth(MAX_MESSAGE) {
            Some((end, _)) => format!("{}…", message.get(..end).unwrap_or_default()),
            None => message,
        };
        let message = message.chars().map(printable).collect();
        Self { place: Some(place.clone()), path, message, redacted: false }
    }
}

/// How many characters of a message are kept; a value it quotes can be a megabyte.
const MAX_MESSAGE: usize = 600;

/// Everything that is wrong with a pipeline file, in the order of the file. Never empty.
#[derive(Debug, Clone)]
pub struct Mistakes {
    /// The files the places point into.
    pub files: Vec<SourceFile>,
    /// The mistakes.
    pub list: Vec<Mistake>,
}

impl Mistakes {
    /// Sorts by place and drops repeats.
    pub fn new(files: Vec<SourceFile>, mut list: Vec<Mistake>) -> Self {
        list.sort_by(|a, b| a.place.cmp(&b.place));
        let mut seen = std::collections::HashSet::new();
        list.retain(|mistake| seen.insert((mistake.place.clone(), mistake.message.clone())));
        Self { files, list }
    }

    /// Whether a secret may stand in the line of `place`, whichever mistake found it.
    fn is_secret(&self, place: &Place) -> bool {
        let same_line = |other: &Place| (other.file, other.line) == (place.file, place.line);
        self.list.iter().any(|mistake| mistake.redacted && mistake.place.as_ref().is_some_and(same_line))
    }

    /// For programs: `[{"file", "line", "column", "path", "message"}]`.
    pub fn to_json(&self) -> serde_json::Value {
        let entry = |mistake: &Mistake| {
            let place = mistake.place.as_ref();
            let file = self.files.get(place.map_or(0, |place| place.file));
            serde_json::json!({
                "file": file.map(|file| file.path.display().to_string()),
                "line": place.map(|place| place.line),
                "column": place.map(|place| place.column),
                "path": mistake.path,
                "message": mistake.message,
            })
        };
        self.list.iter().map(entry).collect()
    }
}

impl std::error::Error for Mistakes {}

/// As rustc shows its errors: sentence, place, line with carets.
impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<Vec<&str>> = self.files.iter().map(|file| file.text.lines().collect()).collect();
        for (number, mistake) in self.list.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            writeln!(f, "error: {}", mistake.message)?;
            let file = mistake.place.as_ref().map_or(0, |place| place.file);
            let name = self.files.get(file).map(|file| file.path.display().to_string()).unwrap_or_default();
            let Some(place) = &mistake.place else {
                writeln!(f, " --> {name}")?;
                continue;
            };
            let line_number = place.line.to_string();
            let margin = " ".repeat(line_number.len());
            let inside = if mistake.path.is_empty() { String::new() } else { format!(" ({})", mistake.path) };
            writeln!(f, "{margin}--> {name}:{}:{}{inside}", place.line, place.column)?;
            let line = texts.get(file).and_then(|lines| lines.get(place.line.saturating_sub(1)));
            let Some(line) = line.filter(|line| !self.is_secret(place) && !may_hold_secret(line)) else {
                continue;
            };
            let (shown, start) = excerpt(line, place.column - 1);
            let width = shown.chars().count();
            let length = place.length.min(width.saturating_sub(start)).max(1);
            writeln!(f, "{margin} |")?;
            writeln!(f, "{line_number} | {shown}")?;
            writeln!(f, "{margin} | {}{}", " ".repeat(start), "^".repeat(length))?;
        }
        match self.list.len() {
            0 | 1 => Ok(()),
            count => writeln!(f, "\n{count} mistakes"),
        }
    }
}

/// Words in the names of options whose values are secrets.
const SECRET_WORDS: [&str; 9] =
    ["passw", "pwd", "secret", "token", "api_key", "apikey", "bearer", "credential", "private_key"];

/// Whether a secret may stand in a line: by the name of an option in it, or as a password in an address. Whoever writes
/// one where a reference belongs makes a mistake, and that mistake must not show it.
fn may_hold_secret(line: &str) -> bool {
    let lower = line.to_lowercase();
    let in_address = lower.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '"', '\'', ' ']).next().unwrap_or_default();
        authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
    });
    in_address || SECRET_WORDS.iter().any(|word| lower.contains(word))
}

/// At most 120 characters of `line` around `column` (from 0), fit for a terminal, and the column in them.
fn excerpt(line: &str, column: usize) -> (String, usize) {
    let length = line.chars().count();
    let start = if length <= 120 { 0 } else { column.saturating_sub(40) };
    let printable = |character: char| {
        if character.is_control() { ' ' } else { character }
    };
    let shown = line.chars().skip(start).take(120).map(printable).collect();
    (shown, column - start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Vec<SourceFile> {
        vec![SourceFile { path: "pipeline.yaml".into(), text: text.into() }]
    }

    fn mistake(line: usize, column: usize, length: usize, message: &str, redacted: bool) -> Mistake {
        let place = Some(Place { file: 0, line, column, length });
        Mistake { place, path: "a.b".to_owned(), message: message.to_owned(), redacted }
    }

    #[test]
    fn shown_as_rustc_does() {
        let list =
            vec![mistake(3, 3, 2, "second", true), mistake(2, 3, 4, "first", false), mistake(2, 3, 4, "first", false)];
        let shown = Mistakes::new(file("a:\n  wrng: 1\n  secret: hunter2\n"), list).to_string();
        assert_eq!(
            shown,
            "error: first\n --> pipeline.yaml:2:3 (a.b)\n  |\n2 |   wrng: 1\n  |   ^^^^\n\n\
             error: second\n --> pipeline.yaml:3:3 (a.b)\n\n2 mistakes\n"
        );
    }

    #[test]
    fn a_secret_in_the_wrong_place_is_not_shown() {
        for line in [
            "password: hunter2",
            "  passwd: hunter2",
            "shop: {url: \"postgres://ann:hunter2@db/shop\"}",
            "secrets: {TOK: hunter2}",
        ] {
            let shown = Mistakes::new(file(line), vec![mistake(1, 1, 4, "wrong", false)]).to_string();
            assert!(shown.contains("wrong") && !shown.contains("hunter2"), "{shown}");
        }
        let shown = Mistakes::new(file("url: postgres://ann@db/shop"), vec![mistake(1, 1, 3, "wrong", false)]);
        assert!(shown.to_string().contains("ann@db"), "{shown}");
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let text = format!("{}x{}", " ".repeat(5_000), "y".repeat(1_000_000));
        let shown = Mistakes::new(file(&text), vec![mistake(1, 5_001, 900_000, "m", false)]).to_string();
        assert!(shown.len() < 600, "{}", shown.len());
        assert!(shown.contains(&format!("{}xy", " ".repeat(40))));
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let shown = Mistakes::new(file("a\u{1b}[31m\n"), vec![mistake(1, 1, 1, "m", false)]).to_string();
        assert!(!shown.contains('\u{1b}'));
    }
}
