//! Paths into an answer: `$`, `$.data.items`, `$['@odata.nextLink']`. No filters, no wildcards.

use std::fmt;

use goldsmith_json_rows::Node;

/// The names to follow from the whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JsonPath(Vec<String>);

impl JsonPath {
    /// `None` where `text` is no such path.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut rest = text.strip_prefix('$')?;
        let mut names = Vec::new();
        while !rest.is_empty() {
            let (name, after) = if let Some(quoted) = rest.strip_prefix("['") {
                quoted.split_once("']")?
            } else {
                let plain = rest.strip_prefix('.')?;
                plain.split_at(plain.find(['.', '[']).unwrap_or(plain.len()))
            };
            if name.is_empty() {
                return None;
            }
            names.push(name.to_owned());
            rest = after;
        }
        Some(Self(names))
    }

    /// The path of the member `name` of what is here.
    pub(crate) fn member(&self, name: &str) -> Self {
        Self(self.0.iter().cloned().chain([name.to_owned()]).collect())
    }

    pub(crate) fn find<'n, 'a>(&self, node: &'n Node<'a>) -> Option<&'n Node<'a>> {
        self.0.iter().try_fold(node, |node, name| node.get(name))
    }

    /// What is there, without the rest.
    pub(crate) fn take<'a>(&self, node: Node<'a>) -> Option<Node<'a>> {
        self.0.iter().try_fold(node, |node, name| match node {
            Node::Object(members) => members.into_iter().rev().find(|(known, _)| known == name).map(|(_, value)| value),
            _ => None,
        })
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        self.0.iter().try_for_each(|name| {
            let is_plain = name.chars().all(|c| c.is_alphanumeric() || c == '_');
            if is_plain { write!(f, ".{name}") } else { write!(f, "['{name}']") }
        })
    }
}

#[cfg(test)]
mod tests {
    use goldsmith_json_rows::{parse, render};

    use super::*;

    #[test]
    fn paths_lead_to_values_or_are_refused() {
        let node = parse(r#"{"data":{"items":[1]},"@odata.nextLink":"x"}"#).unwrap();
        let find = |path: &str| {
            let path = JsonPath::parse(path)?;
            assert_eq!(path.find(&node), path.take(node.clone()).as_ref());
            Some(path.find(&node).map(|node| {
                let mut text = String::new();
                render(node, &mut text);
                text
            }))
        };
        let found = |text: &str| Some(Some(text.to_owned()));
        assert_eq!(find("$"), found(r#"{"data":{"items":[1]},"@odata.nextLink":"x"}"#));
        assert_eq!(find("$.data.items"), found("[1]"));
        assert_eq!(find("$['@odata.nextLink']"), found("\"x\""));
        assert_eq!(find("$['data'].items"), found("[1]"));
        assert_eq!(find("$.nothing"), Some(None));
        for wrong in ["", "data", "$data", "$.", "$..a", "$['a", "$.a[0]"] {
            assert_eq!(find(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_path_is_shown_as_it_is_written() {
        for path in ["$", "$.data.items", "$['@odata.nextLink'].a"] {
            assert_eq!(JsonPath::parse(path).unwrap().to_string(), path);
        }
        assert_eq!(JsonPath::parse("$.a").unwrap().member("nodes").to_string(), "$.a.nodes");
    }
}
