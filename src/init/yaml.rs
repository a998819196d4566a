//! Writes a draft as YAML that people like to read: one thing a line, comments in a column of their own.

use std::fmt::Write;

use serde_json::Value;

use super::draft::{ChildDraft, Draft, FieldDraft, FieldValue, Item, Noted, RecordDraft, SourceDraft};
use crate::counted::human;

/// Where comments start, unless the line is longer.
const COMMENT_COLUMN: usize = 46;
/// Width of comments that have lines of their own.
const WIDTH: usize = 110;

/// Attributes of one's own that are compared: as many surely fit into the pattern of a pair.
const MOST_COMPARED: usize = 30;

/// The whole file.
pub(super) fn render(draft: &Draft) -> String {
    let mut out = Out { text: String::new() };
    out.paragraph(
        0,
        &format!(
            "Written by `goldsmith init` from the first {} rows of each file. Read it and correct what it got wrong; \
             `goldsmith validate` finds mistakes, `goldsmith run` publishes to the folder at the end.",
            human(super::sample::ROWS as u64)
        ),
    );
    for left_out in &draft.left_out {
        out.paragraph(0, left_out);
    }
    out.line(0, "version: 1", "");
    out.line(0, &format!("name: {}", scalar(&draft.name)), "golden ids derive from it, so keep it");
    out.blank();
    out.line(0, "defaults:", "");
    out.noted(2, "region", &draft.region);
    out.blank();
    out.line(0, "sources:", "");
    for (position, source) in draft.sources.iter().enumerate() {
        if position > 0 {
            out.blank();
        }
        out.source(source);
    }
    if !draft.attributes.is_empty() {
        out.blank();
        out.line(0, "attributes:", "");
        for (name, kind) in &draft.attributes {
            out.line(2, &format!("{}:", scalar(name)), "");
            out.noted(4, "type", kind);
        }
    }
    out.blank();
    out.line(0, "match:", "");
    out.line(2, "threshold: 95%", "expected precision of a merge; higher means fewer, surer ones");
    if draft.attributes.len() > MOST_COMPARED {
        out.line(2, "comparisons:", "so many columns cannot all be compared; choose those that tell things apart");
        for (name, _) in draft.attributes.iter().skip(MOST_COMPARED) {
            out.line(4, &format!("- attribute: {}", scalar(name)), "");
            out.line(6, "compare: none", "");
        }
    }
    if !draft.targets.is_empty() {
        out.blank();
        out.line(0, "coverage:", "");
        out.line(2, "target:", "share of customers that should have each; a start, set your own");
        for target in &draft.targets {
            out.line(4, &format!("{target}: 80%"), "");
        }
    }
    out.blank();
    out.line(0, "publish:", "");
    out.line(2, &format!("to: {}", scalar(&format!("out/{}", draft.name))), "relative to this file");
    out.text
}

struct Out {
    text: String,
}

impl Out {
    fn blank(&mut self) {
        self.text.push('\n');
    }

    fn line(&mut self, indent: usize, content: &str, note: &str) {
        let start = self.text.len();
        let _ = write!(self.text, "{:indent$}{content}", "");
        if !note.is_empty() {
            let width = self.text.get(start..).map_or(0, |line| line.chars().count());
            let gap = COMMENT_COLUMN.saturating_sub(width).max(2);
            let _ = write!(self.text, "{:gap$}# {}", "", comment(note));
        }
        self.text.push('\n');
    }

    fn noted(&mut self, indent: usize, key: &str, value: &Noted) {
        self.line(indent, &format!("{key}: {}", scalar(&value.text)), &value.note);
    }

    /// A comment with lines of its own.
    fn paragraph(&mut self, indent: usize, text: &str) {
        let mut line = String::new();
        let text = comment(text);
        for word in text.split(' ') {
            if !line.is_empty() && indent + line.chars().count() + word.chars().count() + 3 > WIDTH {
                let _ = writeln!(self.text, "{:indent$}#{line}", "");
                line.clear();
            }
            line.push(' ');
            line.push_str(word);
        }
        let _ = writeln!(self.text, "{:indent$}#{line}", "");
    }

    fn source(&mut self, source: &SourceDraft) {
        self.line(2, &format!("{}:", scalar(&source.name)), "");
        for left_out in &source.left_out {
            self.paragraph(4, left_out);
        }
        self.line(4, &format!("connector: {}", source.connector), "");
        for (option, value) in &source.options {
            // Options of an address are as it gives them: a list, a mapping, a number or a text.
            let is_text = value.text != "false"
                && !matches!(
                    serde_json::from_str(&value.text),
                    Ok(Value::Number(_) | Value::Object(_) | Value::Array(_))
                );
            let text = if is_text { scalar(&value.text) } else { value.text.clone() };
            self.line(4, &format!("{option}: {text}"), &value.note);
        }
        if source.region.is_some() || !source.date_formats.is_empty() {
            self.line(4, "defaults:", "");
        }
        if let Some(region) = &source.region {
            self.noted(6, "region", region);
        }
        match source.date_formats.as_slice() {
            [] => {}
            [only] => self.line(6, &format!("date_format: {}", quoted(&only.text)), &only.note),
            several => {
                self.line(6, "date_format:", "tried in this order");
                for format in several {
                    self.line(8, &format!("- {}", quoted(&format.text)), &format.note);
                }
            }
        }
        self.line(4, "records:", "");
        for record in &source.records {
            self.record(record);
        }
    }

    fn record(&mut self, record: &RecordDraft) {
        self.line(6, &format!("- entity: {}", record.entity.as_str()), "");
        if let Some(name) = &record.name {
            self.noted(8, "name", &Noted::new(name, "keeps the keys of the record types apart"));
        }
        if let Some(from) = &record.from {
            self.noted(8, "from", &Noted::plain(from));
        }
        if let Some(filter) = &record.filter {
            self.noted(8, "where", filter);
        }
        match record.key.as_slice() {
            [only] => self.noted(8, "key", only),
            several => {
                self.line(8, "key:", "");
                for part in several {
                    self.line(10, &format!("- {}", scalar(&part.text)), &part.note);
                }
            }
        }
        if let Some(updated_at) = &record.updated_at {
            self.noted(8, "updated_at", updated_at);
        }
        self.line(8, "fields:", "");
        for field in &record.fields {
            self.field(field);
        }
        if !record.children.is_empty() {
            self.line(8, "children:", "");
            for child in &record.children {
                self.child(child);
            }
        }
        if !record.unmapped.is_empty() {
            self.paragraph(8, &format!("Not mapped: {}.", record.unmapped.join(", ")));
        }
    }

    fn field(&mut self, field: &FieldDraft) {
        let items = match &field.value {
            FieldValue::One(value) => return self.noted(10, &scalar(&field.attribute), value),
            FieldValue::Items(items) => items,
        };
        self.line(10, &format!("{}:", scalar(&field.attribute)), "");
        for item in items {
            match item {
                Item::Main(value) => self.line(12, &format!("- {}", scalar(&value.text)), &value.note),
                Item::Parts(parts) => {
                    for (position, (part, value)) in parts.iter().enumerate() {
                        let mark = if position == 0 { "- " } else { "  " };
                        self.line(12, &format!("{mark}{part}: {}", scalar(&value.text)), &value.note);
                    }
                }
            }
        }
    }

    fn child(&mut self, child: &ChildDraft) {
        self.line(10, &format!("{}:", child.attribute), "");
        self.noted(12, "from", &Noted::plain(&child.from));
        self.noted(12, "on", &child.on);
        self.line(12, "fields:", "");
        for (part, value) in &child.fields {
            self.noted(14, part, value);
        }
    }
}

/// A comment on one line, without characters that would end it or confuse a terminal.
fn comment(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// Text as a YAML scalar that stands for itself; `$` is doubled, because the file fills in variables.
fn scalar(text: &str) -> String {
    let is_plain = |letter: char| {
        letter.is_ascii_alphanumeric()
            || matches!(letter, '_' | '.' | '/' | '-' | '=' | '<' | '>' | '(' | ')' | ' ' | '$')
    };
    let plain = text.starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '_' | '/' | '.'))
        && text.chars().all(is_plain)
        && !text.ends_with(' ')
        && !SPECIAL.contains(&text.to_ascii_lowercase().as_str())
        && text.parse::<f64>().is_err();
    if plain || is_percentage(text) { text.replace('$', "$$") } else { quoted(text) }
}

fn is_percentage(text: &str) -> bool {
    text.strip_suffix('%').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Words that YAML, old or new, reads as something other than text.
const SPECIAL: [&str; 10] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", ".inf"];

/// Text in quotes: single ones around double ones, where that is enough.
fn quoted(text: &str) -> String {
    let text = text.replace('$', "$$");
    if text.contains('"') && !text.contains('\'') && !text.contains('\\') && !text.chars().any(char::is_control) {
        return format!("'{text}'");
    }
    // Every JSON string is a YAML string.
    serde_json::Value::String(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_stand_for_themselves() {
        for (text, expected) in [
            ("email", "email"),
            ("contact.name", "contact.name"),
            ("account_type = 'company'", "\"account_type = 'company'\""),
            ("\"Site name\"", "'\"Site name\"'"),
            ("'mobile'", "\"'mobile'\""),
            ("no", "\"no\""),
            ("NULL", "\"NULL\""),
            ("1e5", "\"1e5\""),
            ("a: b", "\"a: b\""),
            ("a #b", "\"a #b\""),
            ("*", "\"*\""),
            ("${HOME}", "\"$${HOME}\""),
            ("../x y/z.csv", "../x y/z.csv"),
            ("a\nb", "\"a\\nb\""),
            ("", "\"\""),
            ("é", "\"é\""),
        ] {
            assert_eq!(scalar(text), expected, "{text}");
        }
    }

    #[test]
    fn comments_stay_in_their_line() {
        let mut out = Out { text: String::new() };
        out.line(2, "a: b", "one\ntwo");
        out.paragraph(4, &"word ".repeat(60));
        assert!(out.text.lines().all(|line| line.len() <= WIDTH && line.contains('#')), "{}", out.text);
    }
}
