//! YAML text → a tree whose every node knows its place.
//!
//! Maps and lists come as written; scalars keep their text and whether they were plain, so that types are decided
//! late ([`Scalar::resolve`], the core schema of YAML 1.2: `no` and `NO` are text). Anchors and aliases work, within
//! a budget that a hostile file exceeds long before it costs anything. Merge keys and tags other than `!!str` are not
//! part of a pipeline file.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};
use serde_json::{Number, Value};

use crate::mistakes::{Mistake, Place};

/// The largest file that is read.
pub(crate) const MAX_BYTES: u64 = 4 * 1024 * 1024;
/// How deep maps and lists may nest.
pub(crate) const MAX_DEPTH: usize = 64;
/// How many keys, items and values a file may have; the largest pipelines have some thousands.
const MAX_EVENTS: usize = 100_000;
/// What aliases may add up to: one for each node, one for each byte of text.
const MAX_ALIASED: usize = 256 * 1024;

/// A part of the file.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) kind: Kind,
}

#[derive(Clone)]
pub(crate) enum Kind {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_place: Place,
    pub(crate) value: Node,
}

#[derive(Clone)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    /// Not quoted and not a block: its type follows from its spelling.
    pub(crate) plain: bool,
    /// As written, where variables were filled in. Messages show this, never `text`.
    pub(crate) written: Option<String>,
    /// A variable could not be filled in: that is said already, and the text means nothing.
    pub(crate) unfilled: bool,
}

impl Scalar {
    /// The text messages may show.
    pub(crate) fn shown(&self) -> &str {
        self.written.as_deref().unwrap_or(&self.text)
    }

    /// The value by the core schema.
    pub(crate) fn resolve(&self) -> Value {
        if !self.plain {
            return Value::String(self.text.clone());
        }
        match self.text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => Value::Null,
            "true" | "True" | "TRUE" => Value::Bool(true),
            "false" | "False" | "FALSE" => Value::Bool(false),
            text => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
        }
    }
}

impl Node {
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(crate) fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    pub(crate) fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }
}

/// A number as the core schema writes it. Infinities and NaN are text here: no key of a pipeline takes them.
fn number(text: &str) -> Option<Number> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') || text.len() > 64 {
        return None;
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(rest) = text.strip_prefix(prefix).filter(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            return u64::from_str_radix(rest, radix).ok().map(Number::from);
        }
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let whole = if negative {
            text.parse::<i64>().ok().map(Number::from)
        } else {
            digits.parse::<u64>().ok().map(Number::from)
        };
        return whole.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64));
    }
    let has_digit = digits.bytes().any(|byte| byte.is_ascii_digit());
    let known = digits.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    if has_digit && known { text.parse::<f64>().ok().and_then(Number::from_f64) } else { None }
}

/// Reads the one document of `text`. `file` goes into every place.
///
/// Mistakes that leave a tree (duplicate keys, tags) come with it; a syntax error leaves none.
pub(crate) fn parse(text: &str, file: usize) -> (Option<Node>, Vec<Mistake>) {
    let mut builder = Builder { file, ..Builder::default() };
    let mut parser = Parser::new_from_str(text);
    loop {
        let (event, span) = match parser.next_event() {
            None => break,
            Some(Ok(next)) => next,
            Some(Err(error)) => {
                let place = builder.place(Span::empty(*error.marker()));
                builder.fail(place, syntax_sentence(error.info(), text, error.marker().line()));
                return (None, builder.mistakes);
            }
        };
        if builder.take(event, span).is_none() {
            return (None, builder.mistakes);
        }
    }
    if builder.root.is_none() && builder.mistakes.is_empty() {
        let place = Place { file, line: 1, column: 1, length: 1 };
        builder.fail(place, "the file is empty; a pipeline starts with `version: 1`".to_owned());
    }
    (builder.root, builder.mistakes)
}

/// The parser's words, with the mend where the cause is the common one.
fn syntax_sentence(info: &str, text: &str, line: usize) -> String {
    let around = text.lines().skip(line.saturating_sub(2)).take(2);
    let tab = around.into_iter().any(|line| line.trim_start_matches(' ').starts_with('\t'));
    if tab || info.contains("tab") {
        return "a tab cannot indent YAML; use spaces".to_owned();
    }
    if info.contains("recursion limit") {
        return format!("maps and lists nest deeper than {MAX_DEPTH}");
    }
    format!("this is not YAML: {info}")
}

/// A map or list that is not closed yet.
enum Open {
    List { node: Node, anchor: usize },
    Map { node: Node, anchor: usize, key: Option<(String, Place)> },
}

#[derive(Default)]
struct Builder {
    file: usize,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    events: usize,
    anchors: HashMap<usize, Node>,
    aliased: usize,
    mistakes: Vec<Mistake>,
}

impl Builder {
    /// One event further; nothing where there is no sense in going on.
    fn take(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        let place = self.place(span);
        self.events += 1;
        if self.events > MAX_EVENTS {
            self.fail(place, format!("the file has more than {MAX_EVENTS} keys, items and values"));
            return None;
        }
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Some(()),
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents == 1 {
                    return Some(());
                }
                self.fail(place, "a pipeline file is one YAML document; remove this `---` and what follows".to_owned());
                None
            }
            Event::Alias(anchor) => {
                let Some(anchored) = self.anchors.get(&anchor) else {
                    self.fail(place, "this alias stands inside its own anchor".to_owned());
                    return None;
                };
                self.aliased = self.aliased.saturating_add(cost(anchored));
                if self.aliased > MAX_ALIASED {
                    return self.too_much(place);
                }
                let node = anchored.clone();
                if self.open.len() + depth(&node) > MAX_DEPTH {
                    return self.too_deep(place);
                }
                self.add(node)
            }
            Event::Scalar(text, style, anchor, tag) => {
                let forced = self.tag(tag.as_deref(), &place);
                let plain = style == ScalarStyle::Plain && !forced;
                let node = Node {
                    place,
                    kind: Kind::Scalar(Scalar { text: text.into_owned(), plain, written: None, unfilled: false }),
                };
                self.anchor(anchor, &node)?;
                self.add(node)
            }
            Event::SequenceStart(anchor, tag) => {
                self.tag(tag.as_deref(), &place);
                self.enter(place.clone(), Open::List { node: Node { place, kind: Kind::List(Vec::new()) }, anchor })
            }
            Event::MappingStart(anchor, tag) => {
                self.tag(tag.as_deref(), &place);
                let node = Node { place: place.clone(), kind: Kind::Map(Vec::new()) };
                self.enter(place, Open::Map { node, anchor, key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let (Open::List { node, anchor } | Open::Map { node, anchor, .. }) = self.open.pop()?;
                self.anchor(anchor, &node)?;
                self.add(node)
            }
        }
    }

    fn enter(&mut self, place: Place, open: Open) -> Option<()> {
        if self.open.len() >= MAX_DEPTH {
            return self.too_deep(place);
        }
        self.open.push(open);
        Some(())
    }

    fn too_deep(&mut self, place: Place) -> Option<()> {
        self.fail(place, format!("maps and lists nest deeper than {MAX_DEPTH}"));
        None
    }

    /// Remembers an anchored node. Anchors inside anchors are copies of copies, so they count as aliases do.
    fn anchor(&mut self, anchor: usize, node: &Node) -> Option<()> {
        if anchor > 0 {
            self.aliased = self.aliased.saturating_add(cost(node));
            if self.aliased > MAX_ALIASED {
                return self.too_much(node.place.clone());
            }
            self.anchors.insert(anchor, node.clone());
        }
        Some(())
    }

    fn too_much(&mut self, place: Place) -> Option<()> {
        self.fail(place, "anchors and aliases repeat too much of the file; write the values out".to_owned());
        None
    }

    /// Whether the tag makes text of a plain scalar.
    fn tag(&mut self, tag: Option<&Tag>, place: &Place) -> bool {
        let Some(tag) = tag else { return false };
        let text = tag.is_yaml_core_schema() && tag.suffix == "str";
        if !text {
            self.fail(place.clone(), "tags are not part of a pipeline file; remove it".to_owned());
        }
        text
    }

    /// Puts a finished node where it belongs.
    fn add(&mut self, node: Node) -> Option<()> {
        let mistake = match self.open.last_mut() {
            None => {
                self.root = Some(node);
                return Some(());
            }
            Some(Open::List { node: list, .. }) => {
                if let Kind::List(items) = &mut list.kind {
                    items.push(node);
                }
                return Some(());
            }
            Some(Open::Map { node: map, key, .. }) => match (key.take(), node.kind) {
                (None, Kind::Scalar(scalar)) if scalar.text.len() <= MAX_KEY => {
                    *key = Some((scalar.text, node.place));
                    return Some(());
                }
                (None, _) => {
                    *key = Some((String::new(), node.place.clone()));
                    (node.place, format!("a key is a text of at most {MAX_KEY} bytes, not a list or a map"))
                }
                (Some((key, key_place)), kind) => {
                    let Kind::Map(entries) = &mut map.kind else {
                        return None;
                    };
                    let first = entries.iter().find(|entry| entry.key == key);
                    let message = match first {
                        Some(first) => {
                            format!("the key `{}` is given twice, first in line {}", short(&key), first.key_place.line)
                        }
                        None if entries.len() >= MAX_KEYS => {
                            self.fail(key_place, format!("a map has more than {MAX_KEYS} keys"));
                            return None;
                        }
                        None if key == "<<" => {
                            "merge keys (`<<`) are not part of YAML 1.2; write the keys out".to_owned()
                        }
                        None => {
                            entries.push(Entry { key, key_place, value: Node { place: node.place, kind } });
                            return Some(());
                        }
                    };
                    (key_place, message)
                }
            },
        };
        self.fail(mistake.0, mistake.1);
        Some(())
    }

    fn fail(&mut self, place: Place, message: String) {
        // The same alias or key can be wrong a million times over.
        if self.mistakes.len() < MAX_MISTAKES {
            self.mistakes.push(Mistake::at(&place, String::new(), message));
        }
    }

    fn place(&self, span: Span) -> Place {
        let length =
            if span.start.line() == span.end.line() { span.end.col().saturating_sub(span.start.col()) } else { 1 };
        Place { file: self.file, line: span.start.line().max(1), column: span.start.col() + 1, length: length.max(1) }
    }
}

/// How many keys a map may have; it keeps the search for repeated keys cheap.
const MAX_KEYS: usize = 4_096;
/// How long a key may be.
const MAX_KEY: usize = 256;
/// After so many mistakes nobody reads on.
pub(crate) const MAX_MISTAKES: usize = 200;

fn cost(node: &Node) -> usize {
    1 + match &node.kind {
        Kind::Scalar(scalar) => scalar.text.len(),
        Kind::List(items) => items.iter().map(cost).sum(),
        Kind::Map(entries) => entries.iter().map(|entry| entry.key.len() + cost(&entry.value)).sum(),
    }
}

fn depth(node: &Node) -> usize {
    match &node.kind {
        Kind::Scalar(_) => 0,
        Kind::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Kind::Map(entries) => 1 + entries.iter().map(|entry| depth(&entry.value)).max().unwrap_or(0),
    }
}

/// `text`, cut to what a message can hold.
pub(crate) fn short(text: &str) -> String {
    let printable = |character: char| {
        if character.is_control() { ' ' } else { character }
    };
    let mut shown: String = text.chars().take(60).map(printable).collect();
    if text.chars().nth(60).is_some() {
        shown.push('…');
    }
    shown
}
