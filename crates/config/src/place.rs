//! Paths such as `sources.crm.records[0].fields`, and the places they stand for.

use std::fmt;

use crate::mistakes::Place;
use crate::yaml::{Kind, Node};

/// Where a walk through the tree is.
pub(crate) enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl<'a> Path<'a> {
    pub(crate) fn key(&'a self, key: &'a str) -> Path<'a> {
        Path::Key(self, key)
    }

    pub(crate) fn item(&'a self, index: usize) -> Path<'a> {
        Path::Item(self, index)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Item(parent, index) => write!(f, "{parent}[{index}]"),
            Path::Key(parent, key) if simple(key) => match parent {
                Path::Root => f.write_str(key),
                _ => write!(f, "{parent}.{key}"),
            },
            Path::Key(parent, key) => write!(f, "{parent}[{key:?}]"),
        }
    }
}

fn simple(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|next| next.is_alphanumeric() || next == '_' || next == '-')
}

/// The place of every key and value of a loaded file, for checks that come later (columns in SQL, say).
#[derive(Clone)]
pub struct Positions {
    root: Node,
}

/// The tree holds values that came from the environment.
impl fmt::Debug for Positions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Positions").finish_non_exhaustive()
    }
}

impl Positions {
    pub(crate) fn new(root: Node) -> Self {
        Self { root }
    }

    /// The place of the value at `path` (`sources.crm.records[0].fields.full_name`; a key of other characters than
    /// letters, digits, `_` and `-` is written `["…"]`), or of the nearest thing around it that exists.
    pub fn value(&self, path: &str) -> Place {
        self.find(path).0
    }

    /// The place of the key at `path`, or of the nearest thing around it that exists.
    pub fn key(&self, path: &str) -> Place {
        self.find(path).1
    }

    fn find(&self, path: &str) -> (Place, Place) {
        let mut node = &self.root;
        let mut key_place = node.place.clone();
        for step in steps(path) {
            let found = match (&node.kind, &step) {
                (Kind::Map(entries), Step::Key(key)) => {
                    entries.iter().find(|entry| entry.key == *key).map(|entry| (&entry.value, entry.key_place.clone()))
                }
                (Kind::List(items), Step::Item(index)) => items.get(*index).map(|item| (item, item.place.clone())),
                _ => None,
            };
            let Some((next, next_key)) = found else {
                // The value of a map starts at its first key, which is not what is meant.
                return (key_place.clone(), key_place);
            };
            (node, key_place) = (next, next_key);
        }
        (node.place.clone(), key_place)
    }
}

enum Step {
    Key(String),
    Item(usize),
}

fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        rest = rest.strip_prefix('.').unwrap_or(rest);
        if let Some(inside) = rest.strip_prefix('[') {
            let mut quoted = serde_json::Deserializer::from_str(inside).into_iter::<serde_json::Value>();
            let Some(Ok(value)) = quoted.next() else {
                break;
            };
            let read = quoted.byte_offset();
            match value {
                serde_json::Value::String(key) => steps.push(Step::Key(key)),
                serde_json::Value::Number(index) => {
                    steps.push(Step::Item(
                        index.as_u64().and_then(|index| usize::try_from(index).ok()).unwrap_or(usize::MAX),
                    ));
                }
                _ => break,
            }
            rest = inside.get(read..).and_then(|after| after.strip_prefix(']')).unwrap_or_default();
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (key, after) = rest.split_at(end);
            if !key.is_empty() {
                steps.push(Step::Key(key.to_owned()));
            }
            rest = after;
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_by_path() {
        let (root, mistakes) = crate::yaml::parse("a:\n  - b: 1\n    \"c d\": [x, yy]\n", 0);
        assert!(mistakes.is_empty());
        let positions = Positions::new(root.unwrap());
        let at = |path: &str| {
            let place = positions.value(path);
            (place.line, place.column, place.length)
        };
        assert_eq!(at("a[0].b"), (2, 8, 1));
        assert_eq!(at(r#"a[0]["c d"][1]"#), (3, 16, 2));
        assert_eq!(positions.key("a[0].b").column, 5);
        assert_eq!(at("a[7].b"), (1, 1, 1), "what does not exist is where its parent is");
        assert_eq!(at("a[0].zzz.deeper"), (2, 5, 1));
        assert_eq!(at("nothing[\"unclosed"), (1, 1, 1));
    }

    #[test]
    fn shown() {
        let (root, key) = (Path::Root, "sources");
        let sources = root.key(key);
        let odd = sources.key("a b");
        assert_eq!(odd.item(2).to_string(), r#"sources["a b"][2]"#);
    }
}
