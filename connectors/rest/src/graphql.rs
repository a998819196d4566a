//! What is posted to a GraphQL endpoint, and the errors in its answers, which have the status 200.

use goldsmith_json_rows::Node;
use serde_json::{Map, Value, json};

use crate::plan::GraphQlPlan;

/// Codes by which well-known services ask for patience.
const BUSY: [&str; 3] = ["THROTTLED", "RATE_LIMITED", "TOO_MANY_REQUESTS"];
/// Letters of a name that is shown at most.
const MAX_NAME: usize = 64;

/// The body of a request with these variables in place of, or besides, the configured ones.
pub(crate) fn body(plan: &GraphQlPlan, variables: &[(String, String)]) -> String {
    let mut all: Map<String, Value> = plan.variables.clone();
    all.extend(variables.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))));
    json!({ "query": plan.query, "variables": all }).to_string()
}

/// The errors of an answer.
pub(crate) struct Errors {
    /// How many, and where and of what kind the first is. Its message stays out: it may hold values.
    pub(crate) what: String,
    /// Whether the service is only busy.
    pub(crate) is_busy: bool,
}

/// The errors of `answer`, where it has any.
pub(crate) fn errors(answer: &Node<'_>) -> Option<Errors> {
    let list = match answer.get("errors")? {
        Node::List(list) if list.is_empty() => return None,
        Node::Null => return None,
        Node::List(list) => list.as_slice(),
        _ => &[],
    };
    let first = list.first();
    let code = |error: &Node<'_>| match error.get("extensions").and_then(|more| more.get("code")) {
        Some(Node::Text(code)) if is_name(code) => Some(code.clone().into_owned()),
        _ => None,
    };
    let path = first.and_then(|error| error.get("path")).and_then(shown_path);
    let first_code = first.and_then(code);
    let told: Vec<String> = [path.map(|path| format!("path {path}")), first_code.map(|code| format!("code {code}"))]
        .into_iter()
        .flatten()
        .collect();
    let count = list.len().max(1);
    let what = match (count, told.is_empty()) {
        (1, true) => "an error".to_owned(),
        (1, false) => format!("an error ({})", told.join(", ")),
        (_, true) => format!("{count} errors"),
        (_, false) => format!("{count} errors (the first: {})", told.join(", ")),
    };
    let is_busy =
        !list.is_empty() && list.iter().all(|error| code(error).is_some_and(|code| BUSY.contains(&code.as_str())));
    Some(Errors { what, is_busy })
}

/// A path of names and numbers, which are those of the query; `None` where something else stands in it.
fn shown_path(path: &Node<'_>) -> Option<String> {
    let Node::List(parts) = path else { return None };
    let parts: Option<Vec<&str>> = parts
        .iter()
        .map(|part| match part {
            Node::Text(name) if is_name(name) => Some(name.as_ref()),
            Node::Number(digits) if digits.len() <= MAX_NAME => Some(*digits),
            _ => None,
        })
        .collect();
    parts.filter(|parts| !parts.is_empty()).map(|parts| parts.join("."))
}

/// Whether `text` is a name as GraphQL has them, and no value.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_NAME && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use goldsmith_json_rows::parse;

    use super::*;

    #[test]
    fn errors_are_told_by_path_and_code_alone() {
        let what = |text: &str| errors(&parse(text).unwrap()).map(|errors| (errors.what, errors.is_busy));
        assert_eq!(what(r#"{"data":{}}"#), None);
        assert_eq!(what(r#"{"errors":[]}"#), None);
        assert_eq!(what(r#"{"errors":null}"#), None);
        let told = |text: &str, busy: bool| Some((text.to_owned(), busy));
        assert_eq!(what(r#"{"errors":"Ann Lee"}"#), told("an error", false));
        assert_eq!(what(r#"{"errors":[{"message":"no Ann Lee"}]}"#), told("an error", false));
        assert_eq!(
            what(
                r#"{"errors":[{"message":"m","path":["customers","nodes",3,"email"],"extensions":{"code":"DENIED"}},{}]}"#
            ),
            told("2 errors (the first: path customers.nodes.3.email, code DENIED)", false)
        );
        assert_eq!(
            what(r#"{"errors":[{"path":["a@b.example"],"extensions":{"code":"no such Ann"}}]}"#),
            told("an error", false)
        );
        assert_eq!(
            what(r#"{"errors":[{"extensions":{"code":"THROTTLED"}}]}"#),
            told("an error (code THROTTLED)", true)
        );
        assert_eq!(
            what(r#"{"errors":[{"extensions":{"code":"THROTTLED"}},{}]}"#),
            told("2 errors (the first: code THROTTLED)", false)
        );
    }

    #[test]
    fn variables_are_sent_beside_the_configured_ones() {
        let variables = json!({ "first": 2, "after": "configured" });
        let plan = GraphQlPlan { query: "query Q".to_owned(), variables: variables.as_object().unwrap().clone() };
        let sent: Value = serde_json::from_str(&body(&plan, &[("after".to_owned(), "c1".to_owned())])).unwrap();
        assert_eq!(sent, json!({ "query": "query Q", "variables": { "first": 2, "after": "c1" } }));
    }
}
