//! What one part of a pipeline file says about another: attributes, parts, sources, keys.
//!
//! It walks the tree, not the model, so that these mistakes are reported beside those of the schema; what the schema
//! finds fault with is passed over here.

use crate::attributes::{Attribute, CATALOGUE, canonical, catalogued};
use crate::mistakes::{Mistake, Place};
use crate::model::values::{Percent, Ratio};
use crate::model::{Check, DEFAULT_THRESHOLD, Entity, LEAST_THRESHOLD};
use crate::nearest::{did_you_mean, listed, nearest};
use crate::place::Path;
use crate::usual::{Meant, meant, part_named};
use crate::yaml::{Entry, Kind, MAX_MISTAKES, Node, Scalar, short};

/// Every reference that leads nowhere.
pub(crate) fn check(root: &Node) -> Vec<Mistake> {
    let names = |key: &str| root.get(key).into_iter().flat_map(Node::entries).map(|entry| entry.key.as_str()).collect();
    let mut walk =
        Walk { sources: names("sources"), declared: names("attributes"), mapped: Vec::new(), mistakes: Vec::new() };
    let top = Path::Root;
    if let Some(sources) = root.get("sources") {
        let path = top.key("sources");
        for source in sources.entries() {
            walk.source(source, &path.key(&source.key));
        }
    }
    if let Some(attributes) = root.get("attributes") {
        walk.declarations(attributes, &top.key("attributes"));
    }
    if let Some(matching) = root.get("match") {
        walk.matching(matching, &top.key("match"));
    }
    if let Some(survivorship) = root.get("survivorship") {
        let path = top.key("survivorship");
        for entry in survivorship.entries() {
            let path = path.key(&entry.key);
            walk.attribute(Named::key(entry), &path);
            walk.survivorship(&entry.value, &entry.key_place, &path);
            let declared =
                root.get("attributes").and_then(|all| all.get(&entry.key)).and_then(|one| one.get("survive"));
            if let Some(declared) = declared {
                let line = declared.place.line;
                walk.add(
                    &entry.key_place,
                    &path,
                    format!("the survivorship of `{}` is given twice, first in line {line}", entry.key),
                );
            }
        }
    }
    for (index, check) in root.get("quality").into_iter().flat_map(Node::items).enumerate() {
        walk.quality(check, &top.key("quality").item(index));
    }
    let targets = root.get("coverage").and_then(|coverage| coverage.get("target"));
    for entry in targets.into_iter().flat_map(Node::entries) {
        walk.attribute(Named::key(entry), &top.key("coverage").key("target").key(&entry.key));
    }
    walk.mistakes
}

struct Walk<'t> {
    sources: Vec<&'t str>,
    declared: Vec<&'t str>,
    /// Attributes of generic records, which nobody has to declare.
    mapped: Vec<&'t str>,
    mistakes: Vec<Mistake>,
}

impl<'t> Walk<'t> {
    fn add(&mut self, place: &Place, path: &Path<'_>, message: String) {
        if self.mistakes.len() < MAX_MISTAKES {
            self.mistakes.push(Mistake::at(place, path.to_string(), message));
        }
    }

    /// The key of incremental rows, of a source or of one of its tables.
    fn key_without_cursor(&mut self, keyed: &Node, cursor: Option<&str>, path: &Path<'_>) {
        if let (Some(cursor), Some(key)) = (cursor, keyed.get("key"))
            && let Some(part) =
                std::iter::once(key).chain(key.items()).find(|part| text(part).is_some_and(|part| part == cursor))
        {
            let message = format!(
                "the cursor `{}` changes with its row, so it cannot be part of the key; name what stays the same",
                short(cursor)
            );
            self.add(&part.place, &path.key("key"), message);
        }
    }

    fn source(&mut self, source: &'t Entry, path: &Path<'_>) {
        let contract = source.value.get("contract");
        if let Some(volume) = contract.and_then(|contract| contract.get("volume")) {
            let limit = |key: &str| volume.get(key).and_then(ratio);
            if let (Some(min), Some(max)) = (limit("min"), limit("max"))
                && min > max
            {
                let message = "`min` is more than `max`: no number of rows fits".to_owned();
                self.add(&volume.place, &path.key("contract").key("volume"), message);
            }
        }
        if let Some(failure) = source.value.get("on_failure")
            && let (Some(age), Some(policy)) = (failure.get("max_age"), failure.get("policy").and_then(text))
            && policy != "last_good"
        {
            let message = format!(
                "`max_age` says how old the last good data may be; it means nothing with `policy: {}`",
                short(policy)
            );
            self.add(&age.place, &path.key("on_failure").key("max_age"), message);
        }
        if let Some(incremental) = source.value.get("incremental") {
            let path = path.key("incremental");
            let cursor = incremental.get("cursor").and_then(text);
            self.key_without_cursor(incremental, cursor, &path);
            for table in incremental.get("tables").map(Node::entries).unwrap_or_default() {
                let cursor = table.value.get("cursor").and_then(text).or(cursor);
                self.key_without_cursor(&table.value, cursor, &path.key("tables").key(&table.key));
            }
        }
        let records = source.value.get("records").map(Node::items).unwrap_or_default();
        let mut names: Vec<&str> = Vec::new();
        for (index, record) in records.iter().enumerate() {
            let path = path.key("records");
            let path = path.item(index);
            if let Some(name) = record.get("name").and_then(text) {
                if names.contains(&name) {
                    let place = record.get("name").map_or(&record.place, |node| &node.place);
                    self.add(
                        place,
                        &path.key("name"),
                        format!("another record of this source is named `{}` already", short(name)),
                    );
                }
                names.push(name);
            }
            self.record(record, &path);
        }
    }

    fn record(&mut self, record: &'t Node, path: &Path<'_>) {
        let key = record.get("key");
        let keys = key.map(Node::items).unwrap_or_default();
        for (index, column) in keys.iter().enumerate() {
            if let Some(name) = text(column)
                && keys.iter().take(index).any(|earlier| text(earlier) == Some(name))
            {
                self.add(
                    &column.place,
                    &path.key("key").item(index),
                    format!("the key names the column `{}` twice", short(name)),
                );
            }
        }
        let Some(entity) = record.get("entity").and_then(filled).and_then(entity) else {
            return;
        };
        for field in record.get("fields").into_iter().flat_map(Node::entries) {
            self.field(field, entity, &path.key("fields").key(&field.key));
        }
        for child in record.get("children").into_iter().flat_map(Node::entries) {
            let inside = path.key("children");
            let inside = inside.key(&child.key);
            match catalogued(entity, &child.key) {
                Some(attribute) if attribute.list => {
                    if let Some(fields) = child.value.get("fields") {
                        self.parts(fields, attribute, &child.key_place, &inside.key("fields"));
                    }
                }
                Some(_) => self.add(
                    &child.key_place,
                    &inside,
                    format!("`{}` holds one value, so rows of another table cannot be attached to it; map it under `fields:`", child.key),
                ),
                None => {
                    let lists: Vec<&str> = CATALOGUE
                        .iter()
                        .filter(|attribute| attribute.list && attribute.entities.contains(&entity))
                        .map(|attribute| attribute.name)
                        .collect();
                    let mend = did_you_mean(&child.key, &lists, "children can be");
                    self.add(&child.key_place, &inside, format!("`{}` is not a list attribute{mend}", short(&child.key)));
                }
            }
            if let Some(on) = child.value.get("on").filter(|on| on.scalar().is_some() && keys.len() > 1) {
                let message = format!(
                    "the record's key has {} columns; write `on` as a map from each column of the child to that of the record",
                    keys.len()
                );
                self.add(&on.place, &inside.key("on"), message);
            }
            if record.get("fields").is_some_and(|fields| fields.get(&child.key).is_some()) {
                let message = format!("`{}` is mapped under `fields:` already; map it once", child.key);
                self.add(&child.key_place, &inside, message);
            }
        }
    }

    fn field(&mut self, field: &'t Entry, entity: Entity, path: &Path<'_>) {
        let name = field.key.as_str();
        let Some(attribute) = catalogued(entity, name) else {
            if entity == Entity::Generic {
                self.mapped.push(name);
                if let Some(fault) = crate::model::values::format_fault("name", name).and_then(Result::err) {
                    self.add(&field.key_place, path, fault);
                }
            } else if !self.declared.contains(&name) {
                self.unknown_field(field, entity, path);
                return;
            }
            if !matches!(field.value.kind, Kind::Scalar(_)) {
                self.add(&field.value.place, path, format!("`{name}` holds one value; write one SQL expression"));
            }
            return;
        };
        match &field.value.kind {
            Kind::Scalar(_) => self.main_part(attribute, &field.value, path),
            Kind::List(_) | Kind::Map(_) if !attribute.list => {
                self.add(&field.value.place, path, format!("`{name}` holds one value; write one SQL expression"));
            }
            Kind::Map(_) => self.parts(&field.value, attribute, &field.key_place, path),
            Kind::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    let path = path.item(index);
                    match item.kind {
                        Kind::Scalar(_) => self.main_part(attribute, item, &path),
                        Kind::Map(_) => self.parts(item, attribute, &item.place, &path),
                        Kind::List(_) => {}
                    }
                }
            }
        }
    }

    fn unknown_field(&mut self, field: &Entry, entity: Entity, path: &Path<'_>) {
        let name = short(&field.key);
        if let Some(elsewhere) = CATALOGUE.iter().find(|attribute| attribute.name == field.key) {
            let entities: Vec<&str> = elsewhere.entities.iter().map(|entity| entity.as_str()).collect();
            let message = format!(
                "`{name}` is an attribute of {} records, not of {} ones",
                listed(&entities).replace('`', ""),
                entity.as_str()
            );
            self.add(&field.key_place, path, message);
            return;
        }
        let known =
            CATALOGUE.iter().filter(|attribute| attribute.entities.contains(&entity)).map(|attribute| attribute.name);
        let known: Vec<&str> = known.chain(self.declared.iter().copied()).collect();
        let near = nearest(&field.key, known.iter().copied()).or_else(|| {
            let plural = canonical(&field.key);
            known.contains(&plural).then_some(plural)
        });
        let meant = match meant(&field.key, entity) {
            Some(Meant::Attribute(attribute)) => Some(format!("`{attribute}`")),
            Some(Meant::PartOfAddress(part)) => Some(format!("a part of an address, `addresses: [{{ {part}: … }}]`")),
            Some(Meant::Identifier(kind)) => {
                Some(format!("an identifier, `identifiers: [{{ value: …, type: \"'{kind}'\" }}]`"))
            }
            Some(Meant::UpdatedAt) => Some("`updated_at:` beside `fields:`".to_owned()),
            None => near.map(|near| format!("`{near}`")),
        };
        let mend = match meant {
            Some(meant) => format!("did you mean {meant}? Otherwise declare it under `attributes:`"),
            None => "declare it under `attributes:`".to_owned(),
        };
        self.add(&field.key_place, path, format!("unknown attribute `{name}`; {mend}"));
    }

    /// SQL without parts has to mean one of them.
    fn main_part(&mut self, attribute: &Attribute, value: &Node, path: &Path<'_>) {
        if attribute.main_part.is_none() && !attribute.parts.is_empty() {
            let needed: Vec<&str> = attribute.parts.iter().filter(|part| part.required).map(|part| part.name).collect();
            let message = format!("`{}` needs parts: give SQL for {}", attribute.name, listed(&needed));
            self.add(&value.place, path, message);
        }
    }

    fn parts(&mut self, parts: &Node, attribute: &Attribute, owner: &Place, path: &Path<'_>) {
        if attribute.parts.is_empty() {
            self.add(
                &parts.place,
                path,
                format!("`{}` has no parts; write one SQL expression for each item", attribute.name),
            );
            return;
        }
        let known: Vec<&str> = attribute.parts.iter().map(|part| part.name).collect();
        for entry in parts.entries().iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let mend = match part_named(attribute.kind, &entry.key).filter(|part| known.contains(part)) {
                Some(part) => format!("; did you mean `{part}`?"),
                None => did_you_mean(&entry.key, &known, "its parts are"),
            };
            let message = format!("unknown part `{}` of `{}`{mend}", short(&entry.key), attribute.name);
            self.add(&entry.key_place, &path.key(&entry.key), message);
        }
        if let Kind::Map(entries) = &parts.kind {
            for part in attribute.parts.iter().filter(|part| part.required) {
                let given = |entry: &Entry| {
                    entry.key == part.name || nearest(&entry.key, known.iter().copied()) == Some(part.name)
                };
                if !entries.is_empty() && !entries.iter().any(given) {
                    self.add(owner, path, format!("`{}` needs the part `{}`", attribute.name, part.name));
                }
            }
        }
    }

    fn declarations(&mut self, attributes: &'t Node, path: &Path<'_>) {
        for entry in attributes.entries() {
            let path = path.key(&entry.key);
            if let Some(known) = CATALOGUE.iter().find(|known| known.name == entry.key) {
                let only_generic = self.mapped.contains(&entry.key.as_str());
                if known.list || !only_generic {
                    let message = format!(
                        "`{}` is an attribute every pipeline has; choose another name or leave this out",
                        known.name
                    );
                    self.add(&entry.key_place, &path, message);
                }
            }
            if let Some(survive) = entry.value.get("survive") {
                self.survivorship(survive, &survive.place, &path.key("survive"));
            }
        }
    }

    fn matching(&mut self, matching: &'t Node, path: &Path<'_>) {
        let limit = |key: &str| matching.get(key).and_then(percent);
        if let (Some(threshold), Some(node)) = (limit("threshold"), matching.get("threshold"))
            && threshold < LEAST_THRESHOLD
        {
            let message = format!(
                "a merge is at least as likely right as wrong: a threshold lies between {LEAST_THRESHOLD} and 1"
            );
            self.add(&node.place, &path.key("threshold"), message);
        }
        if let Some(review) = limit("review")
            && review > limit("threshold").unwrap_or(DEFAULT_THRESHOLD)
            && let Some(node) = matching.get("review")
        {
            let message =
                "`review` is above `threshold` (0.95 where it is left out): pairs for review lie below it".to_owned();
            self.add(&node.place, &path.key("review"), message);
        }
        for (index, rule) in matching.get("comparisons").into_iter().flat_map(Node::items).enumerate() {
            if let Some((node, name)) = rule.get("attribute").and_then(|node| Some((node, filled(node)?))) {
                self.attribute(Named::in_value(name, node), &path.key("comparisons").item(index).key("attribute"));
            }
        }
    }

    fn survivorship(&mut self, value: &'t Node, owner: &Place, path: &Path<'_>) {
        let prefer = value.get("prefer");
        let strategy = value.get("strategy").or(Some(value)).and_then(text);
        if strategy == Some("most_trusted") && prefer.is_none() {
            let message = "`most_trusted` needs to know whom to trust: add `prefer:` with sources in order".to_owned();
            self.add(owner, path, message);
        }
        let Some(prefer) = prefer else { return };
        let path = path.key("prefer");
        if prefer.scalar().is_some() {
            self.source_name(prefer, &path);
        }
        let mut seen: Vec<&str> = Vec::new();
        for (index, item) in prefer.items().iter().enumerate() {
            let Some(name) = filled(item) else { continue };
            if seen.contains(&name) {
                let shown = item.scalar().map(Scalar::shown).map(short).unwrap_or_default();
                self.add(&item.place, &path.item(index), format!("`prefer` names the source `{shown}` twice"));
            } else {
                self.source_name(item, &path.item(index));
            }
            seen.push(name);
        }
    }

    fn quality(&mut self, check: &'t Node, path: &Path<'_>) {
        if let Some(source) = check.get("source") {
            self.source_name(source, &path.key("source"));
        }
        if let Some(node) = check.get("check")
            && let Some(Ok(Check { attribute: Some(attribute), .. })) = filled(node).map(Check::parse)
        {
            self.attribute(Named::in_value(&attribute, node), &path.key("check"));
        }
    }

    /// What `named` names has to be an attribute of some record.
    fn attribute(&mut self, named: Named<'_>, path: &Path<'_>) {
        let catalogue = CATALOGUE.iter().map(|attribute| attribute.name);
        let known: Vec<&str> =
            catalogue.chain(self.declared.iter().copied()).chain(self.mapped.iter().copied()).collect();
        if known.contains(&canonical(named.name)) {
            return;
        }
        let message = match (named.written, near_attribute(named.name, &known)) {
            (Some(written), _) => format!("the value of `{}` names no attribute", short(written)),
            (None, Some(near)) => format!("unknown attribute `{}`; did you mean `{near}`?", short(named.name)),
            (None, None) => format!("unknown attribute `{}`; declare it under `attributes:`", short(named.name)),
        };
        self.add(named.place, path, message);
    }

    /// `node` has to name a source.
    fn source_name(&mut self, node: &Node, path: &Path<'_>) {
        // Without any source the file has a larger mistake, which is reported.
        let unknown = |name: &&str| !self.sources.is_empty() && !self.sources.contains(name);
        let Some(name) = filled(node).filter(unknown) else {
            return;
        };
        let message = match Named::in_value(name, node).written {
            Some(written) => {
                format!("the value of `{}` names no source; the sources are {}", short(written), listed(&self.sources))
            }
            None => format!("unknown source `{}`{}", short(name), did_you_mean(name, &self.sources, "the sources are")),
        };
        self.add(&node.place, path, message);
    }
}

/// A name, where it stands, and what stands there where a variable filled it in, so that no message tells it.
struct Named<'a> {
    name: &'a str,
    place: &'a Place,
    written: Option<&'a str>,
}

impl<'a> Named<'a> {
    fn key(entry: &'a Entry) -> Self {
        Self { name: &entry.key, place: &entry.key_place, written: None }
    }

    fn in_value(name: &'a str, node: &'a Node) -> Self {
        Self { name, place: &node.place, written: node.scalar().and_then(|scalar| scalar.written.as_deref()) }
    }
}

/// The attribute somebody meant, by its own name or by that of one item of its list.
fn near_attribute<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let items = CATALOGUE.iter().filter_map(|attribute| attribute.item_name());
    nearest(name, known.iter().copied()).or_else(|| {
        nearest(name, items).map(canonical).and_then(|list| known.iter().copied().find(|known| *known == list))
    })
}

/// The text of a scalar, variables filled in.
fn filled(node: &Node) -> Option<&str> {
    node.scalar().filter(|scalar| !scalar.unfilled).map(|scalar| scalar.text.as_str())
}

/// The text of a scalar that no variable had a part in, for messages that quote it.
fn text(node: &Node) -> Option<&str> {
    filled(node).filter(|_| node.scalar().is_some_and(|scalar| scalar.written.is_none()))
}

fn entity(name: &str) -> Option<Entity> {
    [Entity::Person, Entity::Organisation, Entity::Generic].into_iter().find(|entity| entity.as_str() == name)
}

fn percent(node: &Node) -> Option<f64> {
    let scalar = node.scalar()?;
    scalar.resolve().as_f64().or_else(|| Percent::parse(&scalar.text).ok().map(Percent::fraction))
}

fn ratio(node: &Node) -> Option<f64> {
    let scalar = node.scalar()?;
    scalar.resolve().as_f64().or_else(|| Ratio::parse(&scalar.text).ok().map(Ratio::fraction))
}
