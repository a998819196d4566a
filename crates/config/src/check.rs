//! The tree against the JSON Schema: every mistake, with its place and its mend, and the value serde reads.
//!
//! It knows the keywords that schemars writes for the model and the connectors' options, not all of the standard.
//! Where a schema leaves a choice (`anyOf`, `oneOf`), the branch is chosen by the type of the node, then by the
//! property that tells the branches apart, then by the fewest mistakes, so that a message speaks of what was meant.

use std::collections::{HashMap, HashSet};

use regex::Regex;
use serde_json::{Map, Value};

use crate::mistakes::{Mistake, Place};
use crate::model::values::format_fault;
use crate::nearest::{did_you_mean, listed, nearest};
use crate::node_type::{coerced, kind_name, kinds, node_is, plain_value, type_of};
use crate::place::Path;
use crate::yaml::{Entry, Kind, MAX_MISTAKES, Node, Scalar, short};

/// Checks `root` against `schema` and returns its value, which fits the schema where no mistake was found.
pub(crate) fn check(root: &Node, schema: &Value) -> (Value, Vec<Mistake>) {
    let checker = Checker { schema };
    let mut found = Found::default();
    let value = checker.node(root, schema, &Path::Root, &root.place, &mut found);
    (value, found.mistakes)
}

struct Checker<'s> {
    schema: &'s Value,
}

#[derive(Default)]
struct Found {
    mistakes: Vec<Mistake>,
}

impl Found {
    /// Whether more mistakes would be dropped anyway; naming the nearest key of each costs time.
    fn is_full(&self) -> bool {
        self.mistakes.len() >= MAX_MISTAKES
    }

    fn add(&mut self, place: &Place, path: &Path<'_>, message: String) {
        self.push(place, path, message, false);
    }

    fn push(&mut self, place: &Place, path: &Path<'_>, message: String, redacted: bool) {
        if !self.is_full() {
            let mistake = Mistake::at(place, path.to_string(), message);
            self.mistakes.push(Mistake { redacted, ..mistake });
        }
    }
}

impl Checker<'_> {
    /// Checks one node. `owner` is the place of its key, where what is missing in it is reported.
    fn node(&self, node: &Node, schema: &Value, path: &Path<'_>, owner: &Place, found: &mut Found) -> Value {
        let Some(rules) = schema.as_object() else {
            return plain_value(node);
        };
        if node.scalar().is_some_and(|scalar| scalar.unfilled) {
            return Value::Null;
        }
        if let Some(target) = self.target(rules) {
            // Siblings of a reference only narrow it (an extra `format`, a `secret` mark).
            if !self.is_secret(rules) {
                self.limits(node, rules, path, found);
                return self.node(node, target, path, owner, found);
            }
        }
        if self.is_secret(rules) && map_entries(node).is_none() {
            let message =
                "a secret is never written into a pipeline file; write `env: NAME` or `file: path` below its key";
            found.push(&node.place, path, message.to_owned(), true);
            return Value::Null;
        }
        if let Some(branches) = choices(rules) {
            return self.choice(node, branches, path, owner, found);
        }
        if let Some(target) = self.target(rules) {
            return self.node(node, target, path, owner, found);
        }
        if let Some(Value::Array(parts)) = rules.get("allOf") {
            for part in parts {
                self.node(node, part, path, owner, found);
            }
        }
        if !self.fits(node, schema) {
            found.add(&node.place, path, self.type_sentence(node, schema));
            return Value::Null;
        }
        let before = found.mistakes.len();
        self.limits(node, rules, path, found);
        match &node.kind {
            Kind::Scalar(scalar) => {
                let value = coerced(scalar, rules);
                if found.mistakes.len() == before {
                    self.scalar(node, scalar, &value, rules, path, found);
                }
                value
            }
            Kind::List(items) => {
                let any = Value::Bool(true);
                let schema = rules.get("items").unwrap_or(&any);
                let item =
                    |(index, item): (usize, &Node)| self.node(item, schema, &path.item(index), &item.place, found);
                items.iter().enumerate().map(item).collect()
            }
            Kind::Map(entries) => self.map(entries, rules, path, owner, found),
        }
    }

    fn map(
        &self,
        entries: &[Entry],
        rules: &Map<String, Value>,
        path: &Path<'_>,
        owner: &Place,
        found: &mut Found,
    ) -> Value {
        let none = Map::new();
        let properties = rules.get("properties").and_then(Value::as_object).unwrap_or(&none);
        let others = rules.get("additionalProperties");
        let present: HashSet<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
        let names = properties.keys().map(String::as_str);
        let names: Vec<&str> = names.filter(|name| !present.contains(name)).collect();
        let mut misspelt: Vec<&str> = Vec::new();
        let mut values = Map::new();
        for Entry { key, key_place, value } in entries {
            let inside = path.key(key);
            if let Some(fault) = rules.get("propertyNames").and_then(|names| name_fault(key, names)) {
                found.add(key_place, &inside, fault);
            }
            let schema = match (properties.get(key), others) {
                (Some(schema), _) => schema,
                (None, Some(Value::Bool(false))) => {
                    if found.is_full() {
                        continue;
                    }
                    let mend = did_you_mean(key, &names, "the keys here are");
                    found.add(key_place, &inside, format!("unknown key `{}`{mend}", short(key)));
                    // A misspelt key is there, and its value is checked as what was meant.
                    if let Some(meant) = nearest(key, names.iter().copied())
                        && let Some(schema) = properties.get(meant)
                    {
                        misspelt.push(meant);
                        self.node(value, schema, &inside, key_place, found);
                    }
                    continue;
                }
                (None, Some(schema)) => schema,
                (None, None) => &Value::Bool(true),
            };
            values.insert(key.clone(), self.node(value, schema, &inside, key_place, found));
        }
        for name in rules.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !present.contains(name) && !misspelt.contains(&name) {
                found.add(owner, path, format!("missing `{name}`"));
            }
        }
        Value::Object(values)
    }

    /// What counts, whatever else holds: how many entries or items there are.
    fn limits(&self, node: &Node, rules: &Map<String, Value>, path: &Path<'_>, found: &mut Found) {
        let least = |key: &str| rules.get(key).and_then(Value::as_u64).unwrap_or(0);
        match &node.kind {
            Kind::List(items) if (items.len() as u64) < least("minItems") => {
                found.add(&node.place, path, "expected at least one item, found an empty list".to_owned());
            }
            Kind::Map(entries) if (entries.len() as u64) < least("minProperties") => {
                found.add(&node.place, path, "expected at least one entry, found an empty map".to_owned());
            }
            _ => {}
        }
    }

    fn scalar(
        &self,
        node: &Node,
        scalar: &Scalar,
        value: &Value,
        rules: &Map<String, Value>,
        path: &Path<'_>,
        found: &mut Found,
    ) {
        let shown = short(scalar.shown());
        let allowed: Vec<&Value> = match (rules.get("const"), rules.get("enum")) {
            (Some(only), _) => vec![only],
            (None, Some(Value::Array(values))) => values.iter().collect(),
            _ => Vec::new(),
        };
        if !allowed.is_empty() && !allowed.contains(&value) {
            found.add(&node.place, path, enum_sentence(scalar, &allowed));
            return;
        }
        let hint = rules.get("hint").and_then(Value::as_str).map(|hint| format!("; {hint}")).unwrap_or_default();
        let limit = |name: &str| rules.get(name).and_then(Value::as_f64);
        let (least, most, below) = (limit("minimum"), limit("maximum"), limit("exclusiveMaximum"));
        let outside = |number: f64| {
            least.is_some_and(|least| number < least)
                || most.is_some_and(|most| number > most)
                || below.is_some_and(|below| number >= below)
        };
        if value.as_f64().is_some_and(outside) {
            let expected = match (least, most.or(below)) {
                (Some(least), Some(below)) if most.is_none() => format!("a number from {least} to below {below}"),
                (Some(least), Some(most)) if least == most => format!("{least}"),
                (Some(least), Some(most)) => format!("a number from {least} to {most}"),
                (Some(least), None) => format!("at least {least}"),
                (None, most) => format!("at most {}", most.unwrap_or_default()),
            };
            found.add(&node.place, path, format!("expected {expected}, found `{shown}`{hint}"));
        }
        if let Value::String(text) = value {
            let fault = match rules.get("format").and_then(Value::as_str).and_then(|format| format_fault(format, text))
            {
                Some(Ok(())) => None,
                Some(Err(fault)) if scalar.written.is_none() => Some(fault),
                // A fault names the value; one filled in by a variable is named as it stands in the file.
                Some(Err(_)) => Some(format!("the value of `{shown}` does not fit here: {}", about(rules))),
                None => rules
                    .get("pattern")
                    .and_then(Value::as_str)
                    .filter(|pattern| Regex::new(pattern).is_ok_and(|regex| !regex.is_match(text)))
                    .map(|pattern| format!("`{shown}` does not fit the pattern `{pattern}`")),
            };
            if let Some(fault) = fault {
                found.add(&node.place, path, fault);
            }
        }
    }

    fn choice(&self, node: &Node, branches: &[Value], path: &Path<'_>, owner: &Place, found: &mut Found) -> Value {
        if let (Some(variants), Some(entries)) = (self.tagged_variants(branches), map_entries(node)) {
            return self.tagged(node, entries, &variants, path, owner, found);
        }
        if let Some(words) = self.words(branches) {
            let Some(scalar) = node.scalar() else {
                found.add(
                    &node.place,
                    path,
                    format!("expected one of {}, found {}", listed_values(&words), type_of(node)),
                );
                return Value::Null;
            };
            let value = Value::String(scalar.text.clone());
            if !words.contains(&&value) {
                found.add(&node.place, path, enum_sentence(scalar, &words));
            }
            return value;
        }
        if let (Some(name), Some(entries)) = (self.discriminator(branches), map_entries(node)) {
            return self.discriminated(node, entries, &name, branches, path, owner, found);
        }
        let fitting: Vec<&Value> = branches.iter().filter(|branch| self.fits(node, branch)).collect();
        let mut best: Option<(Value, Found)> = None;
        for branch in fitting {
            let mut here = Found::default();
            let value = self.node(node, branch, path, owner, &mut here);
            if best.as_ref().is_none_or(|(_, best)| here.mistakes.len() < best.mistakes.len()) {
                best = Some((value, here));
            }
        }
        let Some((value, here)) = best else {
            if self.tagged_variants(branches).is_some_and(|variants| is_reference_to_secret(&variants)) {
                return self.node(node, &serde_json::json!({ "secret": true }), path, owner, found);
            }
            let message = self.type_sentence(node, &serde_json::json!({ "anyOf": branches }));
            found.add(&node.place, path, message);
            return Value::Null;
        };
        found.mistakes.extend(here.mistakes);
        value
    }

    /// An enum whose variants are maps of one key.
    fn tagged(
        &self,
        node: &Node,
        entries: &[Entry],
        variants: &[(&str, &Value)],
        path: &Path<'_>,
        owner: &Place,
        found: &mut Found,
    ) -> Value {
        let names: Vec<&str> = variants.iter().map(|(name, _)| *name).collect();
        let mut values = Map::new();
        for Entry { key, key_place, value } in entries {
            let inside = path.key(key);
            match variants.iter().find(|(name, _)| name == key) {
                Some((_, schema)) => {
                    values.insert(key.clone(), self.node(value, schema, &inside, key_place, found));
                }
                None => {
                    let mend = did_you_mean(key, &names, "the keys here are");
                    let message = format!("unknown key `{}`{mend}", short(key));
                    found.push(key_place, &inside, message, is_reference_to_secret(variants));
                }
            }
        }
        match entries {
            [] => found.add(owner, path, format!("expected one of {}, found an empty map", listed(&names))),
            [_] => {}
            _ => found.add(
                &node.place,
                path,
                format!("expected only one of {}, found {} keys", listed(&names), entries.len()),
            ),
        }
        Value::Object(values)
    }

    /// Branches told apart by the constant value of one property, such as `connector`.
    #[expect(clippy::too_many_arguments, reason = "the place of a node is node, path and owner throughout")]
    fn discriminated(
        &self,
        node: &Node,
        entries: &[Entry],
        name: &str,
        branches: &[Value],
        path: &Path<'_>,
        owner: &Place,
        found: &mut Found,
    ) -> Value {
        let constant = |branch: &Value| self.property(branch, name).and_then(|schema| schema.get("const")).cloned();
        let given = entries.iter().find(|entry| entry.key == name);
        let chosen = given.and_then(|given| {
            let text = given.value.scalar()?.text.as_str();
            branches.iter().find(|branch| constant(branch).is_some_and(|constant| constant == text))
        });
        if let Some(branch) = chosen {
            return self.node(node, branch, path, owner, found);
        }
        let words: Vec<Value> = branches.iter().filter_map(constant).collect();
        let words: Vec<&Value> = words.iter().collect();
        match given {
            None => found.add(owner, path, format!("missing `{name}`; it is one of {}", listed_values(&words))),
            Some(Entry { value, .. }) => match value.scalar() {
                Some(scalar) if scalar.unfilled => {}
                Some(scalar) => found.add(&value.place, &path.key(name), enum_sentence(scalar, &words)),
                None => found.add(
                    &value.place,
                    &path.key(name),
                    format!("expected one of {}, found {}", listed_values(&words), type_of(value)),
                ),
            },
        }
        // What all branches agree on can be checked without knowing which is meant.
        let Some((first, rest)) = branches.split_first() else {
            return Value::Null;
        };
        for entry in entries {
            if let Some(schema) = self.property(first, &entry.key)
                && rest.iter().all(|branch| self.property(branch, &entry.key) == Some(schema))
            {
                self.node(&entry.value, schema, &path.key(&entry.key), &entry.key_place, found);
            }
        }
        Value::Null
    }

    fn target(&self, rules: &Map<String, Value>) -> Option<&Value> {
        let name = rules.get("$ref")?.as_str()?.strip_prefix("#/")?;
        name.split('/').try_fold(self.schema, |schema, step| schema.get(step))
    }

    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        schema.as_object().and_then(|rules| self.target(rules)).unwrap_or(schema)
    }

    fn property<'a>(&'a self, branch: &'a Value, name: &str) -> Option<&'a Value> {
        self.resolved(branch).get("properties")?.get(name)
    }

    fn is_secret(&self, rules: &Map<String, Value>) -> bool {
        let marked = |rules: &Map<String, Value>| rules.get("secret") == Some(&Value::Bool(true));
        marked(rules) || self.target(rules).and_then(Value::as_object).is_some_and(marked)
    }

    /// The words of an enum whose variants carry a description each.
    fn words<'a>(&'a self, branches: &'a [Value]) -> Option<Vec<&'a Value>> {
        let mut words = Vec::new();
        for branch in branches {
            match (branch.get("const"), branch.get("enum")) {
                (Some(word), _) => words.push(word),
                (None, Some(Value::Array(several))) => words.extend(several),
                _ => return None,
            }
        }
        Some(words)
    }

    /// The variants of an enum that is written as a map of one key.
    fn tagged_variants<'a>(&'a self, branches: &'a [Value]) -> Option<Vec<(&'a str, &'a Value)>> {
        let variant = |branch: &'a Value| {
            let branch = self.resolved(branch);
            let required = branch.get("required")?.as_array()?;
            let properties = branch.get("properties")?.as_object()?;
            let (name, schema) = properties.iter().next()?;
            let alone = properties.len() == 1
                && required.len() == 1
                && branch.get("additionalProperties") == Some(&Value::Bool(false));
            (alone && schema.get("const").is_none()).then_some((name.as_str(), schema))
        };
        branches.iter().map(variant).collect()
    }

    /// The property that has another constant in each branch.
    fn discriminator(&self, branches: &[Value]) -> Option<String> {
        let constant =
            |branch, name: &str| self.property(branch, name).is_some_and(|schema| schema.get("const").is_some());
        let candidates = self.resolved(branches.first()?).get("properties")?.as_object()?;
        let name = candidates.keys().find(|name| branches.iter().all(|branch| constant(branch, name)))?;
        Some(name.clone())
    }

    /// Whether the node has a type the schema takes.
    fn fits(&self, node: &Node, schema: &Value) -> bool {
        let schema = self.resolved(schema);
        if let Some(branches) = schema.as_object().and_then(choices) {
            return branches.iter().any(|branch| self.fits(node, branch));
        }
        let kinds = kinds(schema);
        kinds.is_empty() || kinds.iter().any(|kind| node_is(node, kind))
    }

    fn type_sentence(&self, node: &Node, schema: &Value) -> String {
        let mut kinds = Vec::new();
        self.collect_kinds(schema, &mut kinds);
        let names: Vec<&str> = kinds.iter().map(|kind| kind_name(kind)).collect();
        let expected = match names.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            Some((last, _)) => (*last).to_owned(),
            None => "another value".to_owned(),
        };
        let found = type_of(node);
        let mend = match found {
            "nothing" => "; give it a value or remove the key",
            "text" | "a number" if self.is_reference(schema) => {
                "; a secret never stands in this file: say where it is kept, as in `{env: NAME}` or `{file: PATH}`"
            }
            "a number" | "a boolean" if kinds.contains(&"string") => "; put it in quotes",
            _ => "",
        };
        format!("expected {expected}, found {found}{mend}")
    }

    /// Whether the schema is that of a reference to a secret.
    fn is_reference(&self, schema: &Value) -> bool {
        let schema = self.resolved(schema);
        if let Some(branches) = schema.as_object().and_then(choices) {
            return branches.iter().any(|branch| self.is_reference(branch));
        }
        let names = schema.get("properties").and_then(Value::as_object);
        names.is_some_and(|names| names.len() == 2 && names.contains_key("env") && names.contains_key("file"))
    }

    fn collect_kinds<'a>(&'a self, schema: &'a Value, into: &mut Vec<&'a str>) {
        let schema = self.resolved(schema);
        for branch in schema.as_object().and_then(choices).into_iter().flatten() {
            self.collect_kinds(branch, into);
        }
        for kind in kinds(schema) {
            if !into.contains(&kind) {
                into.push(kind);
            }
        }
    }
}

fn choices(rules: &Map<String, Value>) -> Option<&Vec<Value>> {
    rules.get("anyOf").or_else(|| rules.get("oneOf"))?.as_array()
}

fn map_entries(node: &Node) -> Option<&[Entry]> {
    match &node.kind {
        Kind::Map(entries) => Some(entries),
        _ => None,
    }
}

fn is_reference_to_secret(variants: &[(&str, &Value)]) -> bool {
    let mut names: Vec<&str> = variants.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names == ["env", "file"]
}

fn about(rules: &Map<String, Value>) -> String {
    match (rules.get("description"), rules.get("format")) {
        (Some(Value::String(description)), _) => description.trim_end_matches('.').to_owned(),
        (_, Some(Value::String(format))) => format!("expected a {}", format.replace('_', " ")),
        _ => "another value is expected".to_owned(),
    }
}

fn name_fault(key: &str, names: &Value) -> Option<String> {
    format_fault(names.get("format")?.as_str()?, key)?.err()
}

fn enum_sentence(scalar: &Scalar, allowed: &[&Value]) -> String {
    let names: Vec<&str> = allowed.iter().filter_map(|value| value.as_str()).collect();
    let shown = short(scalar.shown());
    if scalar.text.is_empty() && scalar.plain {
        return format!("expected one of {}, found nothing; give it a value or remove the key", listed_values(allowed));
    }
    // The nearest name to a variable's value would tell the value.
    let near = if scalar.written.is_none() { scalar.text.as_str() } else { "" };
    format!("unknown value `{shown}`{}", did_you_mean(near, &names, "it is one of"))
}

fn listed_values(values: &[&Value]) -> String {
    let texts: HashMap<usize, String> = values
        .iter()
        .enumerate()
        .filter(|(_, value)| !value.is_string())
        .map(|(index, value)| (index, value.to_string()))
        .collect();
    let names: Vec<&str> = values
        .iter()
        .enumerate()
        .map(|(index, value)| value.as_str().unwrap_or_else(|| texts.get(&index).map_or("", String::as_str)))
        .collect();
    listed(&names)
}
