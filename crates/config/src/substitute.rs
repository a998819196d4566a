//! `${NAME}` and `${NAME:-default}` inside scalars, after parsing, so that no value changes the structure.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use crate::mistakes::Mistake;
use crate::nearest::did_you_mean;
use crate::place::Path;
use crate::yaml::{Kind, Node, short};

/// Fills in every scalar of `root` but those under `vars:`, which name the variables.
///
/// A name is looked up in `overrides`, then in `vars:`, then in `process_env`. The values under `vars:` themselves may
/// use overrides and the process environment, not each other. `$$` stands for `$`.
pub(crate) fn substitute(
    root: &mut Node,
    overrides: &[(String, String)],
    process_env: &dyn Fn(&str) -> Option<String>,
    mistakes: &mut Vec<Mistake>,
) {
    let mut vars: HashMap<String, String> = HashMap::new();
    let found = mistakes.len();
    let asked: RefCell<BTreeSet<String>> = RefCell::default();
    let outside = |name: &str| {
        asked.borrow_mut().insert(name.to_owned());
        let given = overrides.iter().rev().find(|(given, _)| given == name).map(|(_, value)| value.clone());
        given.or_else(|| process_env(name))
    };
    let Kind::Map(entries) = &mut root.kind else {
        return;
    };
    for entry in entries.iter_mut().filter(|entry| entry.key == "vars") {
        let top = Path::Root;
        fill(&mut entry.value, &top.key("vars"), &outside, mistakes);
        for var in entry.value.entries() {
            if let Some(scalar) = var.value.scalar() {
                vars.insert(var.key.clone(), scalar.text.clone());
            }
        }
    }
    let look_up = |name: &str| {
        asked.borrow_mut().insert(name.to_owned());
        let given = overrides.iter().rev().find(|(given, _)| given == name).map(|(_, value)| value.clone());
        given.or_else(|| vars.get(name).cloned()).or_else(|| process_env(name))
    };
    for entry in entries.iter_mut().filter(|entry| entry.key != "vars") {
        let top = Path::Root;
        fill(&mut entry.value, &top.key(&entry.key), &look_up, mistakes);
    }
    if mistakes.len() > found {
        // What follows a mistake in a value was not looked at.
        return;
    }
    let mut known = asked.take();
    known.extend(vars.into_keys());
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    for (name, _) in overrides.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
        let hint = did_you_mean(name, &known, "the variables are");
        let message = format!("the file has no variable `{}` to be set{hint}", short(name));
        mistakes.push(Mistake { place: None, path: String::new(), message, redacted: false });
    }
}

fn fill(node: &mut Node, path: &Path<'_>, look_up: &dyn Fn(&str) -> Option<String>, mistakes: &mut Vec<Mistake>) {
    match &mut node.kind {
        Kind::Scalar(scalar) if scalar.text.contains('$') => match expand(&scalar.text, look_up) {
            Ok(Expanded { text, from_variable }) => {
                let written = std::mem::replace(&mut scalar.text, text);
                scalar.written = from_variable.then_some(written);
            }
            Err(message) => {
                scalar.unfilled = true;
                mistakes.push(Mistake::at(&node.place, path.to_string(), message));
            }
        },
        Kind::Scalar(_) => {}
        Kind::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                fill(item, &path.item(index), look_up, mistakes);
            }
        }
        Kind::Map(entries) => {
            for entry in entries {
                fill(&mut entry.value, &path.key(&entry.key), look_up, mistakes);
            }
        }
    }
}

#[derive(Debug, PartialEq)]
struct Expanded {
    text: String,
    from_variable: bool,
}

fn expand(text: &str, look_up: &dyn Fn(&str) -> Option<String>) -> Result<Expanded, String> {
    let mut expanded = Expanded { text: String::with_capacity(text.len()), from_variable: false };
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.text.push_str(before);
        if let Some(escaped) = after.strip_prefix('$') {
            expanded.text.push('$');
            rest = escaped;
        } else if let Some(inside) = after.strip_prefix('{') {
            let Some((reference, after)) = inside.split_once('}') else {
                return Err("`${` is not closed by `}`; for the characters themselves write `$${`".to_owned());
            };
            let (name, default) = match reference.split_once(":-") {
                Some((name, default)) => (name, Some(default)),
                None => (reference, None),
            };
            if !is_name(name) {
                return Err(format!(
                    "`${{{}}}` does not name a variable; write `${{NAME}}` or `${{NAME:-default}}`, and `$${{` for the characters themselves",
                    short(name)
                ));
            }
            // As in a shell, `:-` also replaces an empty value.
            let value = look_up(name).filter(|value| default.is_none() || !value.is_empty());
            let Some(value) = value.or_else(|| default.map(str::to_owned)) else {
                return Err(format!(
                    "the variable `{name}` is not set; set it in the environment or under `vars:`, or write `${{{name}:-default}}`"
                ));
            };
            expanded.text.push_str(&value);
            expanded.from_variable = true;
            rest = after;
        } else {
            expanded.text.push('$');
            rest = after;
        }
    }
    expanded.text.push_str(rest);
    Ok(expanded)
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look_up(name: &str) -> Option<String> {
        match name {
            "A" => Some("alpha".to_owned()),
            "EMPTY" => Some(String::new()),
            "NESTED" => Some("${A}".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn table() {
        for (text, expected) in [
            ("${A}", "alpha"),
            ("x-${A}-${A}", "x-alpha-alpha"),
            ("${B:-beta}", "beta"),
            ("${B:-}", ""),
            ("${A:-beta}", "alpha"),
            ("${EMPTY:-beta}", "beta"),
            ("${EMPTY}", ""),
            ("${NESTED}", "${A}"),
            ("$$", "$"),
            ("$${A}", "${A}"),
            ("$$${A}", "$alpha"),
            ("$.data", "$.data"),
            ("$A", "$A"),
            ("5$", "5$"),
            ("${B:-a:-b}", "a:-b"),
            ("${B:-é}", "é"),
        ] {
            assert_eq!(expand(text, &look_up).map(|expanded| expanded.text), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn wrong() {
        for (text, sentence) in [
            (
                "${B}",
                "the variable `B` is not set; set it in the environment or under `vars:`, or write `${B:-default}`",
            ),
            ("${A", "`${` is not closed by `}`; for the characters themselves write `$${`"),
            (
                "${a b}",
                "`${a b}` does not name a variable; write `${NAME}` or `${NAME:-default}`, and `$${` for the characters themselves",
            ),
            (
                "${}",
                "`${}` does not name a variable; write `${NAME}` or `${NAME:-default}`, and `$${` for the characters themselves",
            ),
        ] {
            assert_eq!(expand(text, &look_up), Err(sentence.to_owned()), "{text}");
        }
    }
}
