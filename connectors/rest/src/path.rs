//! Paths into an answer: `$`, `$.data.items`, `$['@odata.nextLink']`. No filters, no wildcards.

use serde_json::Value;

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

    pub(crate) fn find<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(value, |value, name| value.get(name))
    }

    /// Takes what is there out of `value`.
    pub(crate) fn take(&self, value: &mut Value) -> Option<Value> {
        self.0.iter().try_fold(value, |value, name| value.get_mut(name)).map(Value::take)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_to_values_or_are_refused() {
        let value = json!({ "data": { "items": [1] }, "@odata.nextLink": "x" });
        let find = |path: &str| JsonPath::parse(path).map(|path| path.find(&value).cloned());
        assert_eq!(find("$"), Some(Some(value.clone())));
        assert_eq!(find("$.data.items"), Some(Some(json!([1]))));
        assert_eq!(find("$['@odata.nextLink']"), Some(Some(json!("x"))));
        assert_eq!(find("$['data'].items"), Some(Some(json!([1]))));
        assert_eq!(find("$.nothing"), Some(None));
        for wrong in ["", "data", "$data", "$.", "$..a", "$['a", "$.a[0]"] {
            assert_eq!(find(wrong), None, "{wrong}");
        }
    }
}
