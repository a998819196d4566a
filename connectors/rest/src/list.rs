//! One list of a resource: its first request, and the one after each answer. No IO happens here.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use goldsmith_json_rows::{Node, parse, render};
use goldsmith_source::SourceError;
use url::Url;

use crate::answer::{Answer, not_json};
use crate::client::Ask;
use crate::graphql;
use crate::plan::CursorAt;
use crate::plan::{Pagination, ResourcePlan};

/// The list of a resource, or of one of its parents.
pub(crate) struct List<'a> {
    pub(crate) resource: &'a ResourcePlan,
    /// The first address, without pagination.
    url: Url,
    /// GraphQL variables besides the configured ones and the cursor.
    variables: Vec<(String, String)>,
}

/// A value of a parent's row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Bound {
    pub(crate) name: String,
    pub(crate) value: BoundValue,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum BoundValue {
    Text(String),
    Number(String),
    Bool(bool),
}

impl BoundValue {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(text) => text,
            Self::Bool(true) => "true",
            Self::Bool(false) => "false",
        }
    }

    /// As a value of a row.
    pub(crate) fn node(&self) -> Node<'_> {
        match self {
            Self::Text(text) => Node::Text(Cow::Borrowed(text)),
            Self::Number(digits) => Node::Number(digits),
            Self::Bool(value) => Node::Bool(*value),
        }
    }
}

/// What one answer held besides its rows.
pub(crate) struct Page {
    /// Rows.
    pub(crate) found: u64,
    /// The same for pages with the same rows.
    pub(crate) fingerprint: u64,
    /// The cursor or address of the next page, where the answer tells it.
    next: Option<String>,
}

impl<'a> List<'a> {
    /// The list below `bound`, from the value `from` on.
    pub(crate) fn new(resource: &'a ResourcePlan, bound: &[Bound], from: Option<&str>) -> Result<Self, SourceError> {
        let mut address = resource.address.clone();
        for Bound { name, value } in bound {
            let braced = format!("{{{name}}}");
            if !address.contains(&braced) {
                continue;
            }
            if matches!(value.text(), "" | "." | "..") {
                let message =
                    format!("needs a \"{name}\" that can stand in an address, and a row of the parent has none");
                return Err(SourceError::corrupt(&*resource.place, message));
            }
            address = address.replace(&braced, &path_segment(value.text()));
        }
        let mut url = Url::parse(&address).map_err(|_| {
            let message = "is no address with the values of a parent; check the resource's \"path\"";
            SourceError::config(message).at(&*resource.place)
        })?;
        for (name, value) in &resource.params {
            url.query_pairs_mut().append_pair(name, value);
        }
        let mut variables = Vec::new();
        if let (Some(incremental), Some(from)) = (&resource.incremental, from) {
            let value = incremental.value.replace("{from}", from);
            if resource.graphql.is_some() {
                variables.push((incremental.param.clone(), value));
            } else {
                url = with_param(&url, &incremental.param, &value);
            }
        }
        Ok(Self { resource, url, variables })
    }

    /// The first request.
    pub(crate) fn first(&self) -> Ask {
        match &self.resource.pagination {
            Pagination::Page { start, .. } => self.numbered(*start),
            Pagination::Offset { .. } => self.numbered(0),
            _ => self.ask(self.url.clone(), None),
        }
    }

    /// The request for the page, or for the rows from the one, with this number.
    pub(crate) fn numbered(&self, number: u64) -> Ask {
        let (Pagination::Page { param, size, .. } | Pagination::Offset { param, size }) = &self.resource.pagination
        else {
            return self.ask(self.url.clone(), None);
        };
        let mut url = with_param(&self.url, param, &number.to_string());
        if let Some((name, size)) = size {
            url = with_param(&url, name, &size.to_string());
        }
        self.ask(url, None)
    }

    fn ask(&self, url: Url, cursor: Option<(&str, &str)>) -> Ask {
        let body = self.resource.graphql.as_ref().map(|plan| {
            let mut variables = self.variables.clone();
            variables.extend(cursor.map(|(name, value)| (name.to_owned(), value.to_owned())));
            graphql::body(plan, &variables)
        });
        Ask { url, body, place: self.resource.place.clone() }
    }

    /// Takes the rows of an answer, in its order.
    pub(crate) fn take(
        &self,
        answer: &Answer,
        take: &mut dyn FnMut(Node<'_>) -> Result<(), SourceError>,
    ) -> Result<Page, SourceError> {
        let resource = self.resource;
        let node = parse(&answer.text).map_err(|error| not_json(&answer.text, &error, &resource.place))?;
        let rows = match resource.records.find(&node) {
            Some(Node::List(rows)) => rows,
            found => {
                let message = format!(
                    "has {} at {}, where \"records\" of \"{}\" points, not a list of rows; correct the path",
                    found.map_or("nothing", kind),
                    resource.records,
                    resource.table
                );
                return Err(SourceError::corrupt(&*resource.place, message));
            }
        };
        let next = self.next(&node, rows.last(), answer)?;
        let mut page = Page { found: rows.len() as u64, fingerprint: 0, next };
        let mut fingerprint = DefaultHasher::new();
        let mut text = String::new();
        if let Some(Node::List(rows)) = resource.records.take(node) {
            for row in rows {
                if resource.is_numbered() {
                    text.clear();
                    render(&row, &mut text);
                    text.hash(&mut fingerprint);
                }
                take(row)?;
            }
        }
        page.fingerprint = fingerprint.finish();
        Ok(page)
    }

    /// What the answer says of the next page.
    fn next(&self, node: &Node<'_>, last: Option<&Node<'_>>, answer: &Answer) -> Result<Option<String>, SourceError> {
        let scalar = |node: Option<&Node<'_>>| self.scalar(node);
        match &self.resource.pagination {
            Pagination::None | Pagination::Page { .. } | Pagination::Offset { .. } => Ok(None),
            Pagination::LinkHeader => Ok(answer.next_link.clone()),
            Pagination::NextUrl(path) => scalar(path.find(node)),
            Pagination::Cursor { at, more, .. } => {
                if let Some(more) = more
                    && !self.flag(more.find(node))?
                {
                    return Ok(None);
                }
                let cursor = match at {
                    CursorAt::Answer(path) => scalar(path.find(node))?,
                    CursorAt::LastRow(path) => scalar(last.and_then(|last| path.find(last)))?,
                };
                // Said to go on, a list without cursor would be cut; without rows there is no last one to go on from.
                if cursor.is_none() && more.is_some() {
                    return Err(
                        self.corrupt("says that there is more, and has no cursor to ask for it; check \"paginate\"")
                    );
                }
                Ok(cursor)
            }
            Pagination::Relay { connection, .. } => {
                let info = connection.find(node).and_then(|connection| connection.get("pageInfo"));
                let Some(info) = info else {
                    return Err(self.corrupt(
                        "has no pageInfo where \"graphql.connection\" points; ask for it, or correct the path",
                    ));
                };
                if !self.flag(info.get("hasNextPage"))? {
                    return Ok(None);
                }
                let cursor = scalar(info.get("endCursor"))?;
                cursor.map(Some).ok_or_else(|| self.corrupt("has a next page and no endCursor; ask for it in pageInfo"))
            }
        }
    }

    /// The request after `asked`, whose answer was `page`; `None` after the last one.
    pub(crate) fn following(&self, asked: &Ask, page: &Page) -> Result<Option<Ask>, SourceError> {
        let Some(next) = &page.next else { return Ok(None) };
        match &self.resource.pagination {
            Pagination::Cursor { param, .. } => Ok(Some(self.ask(with_param(&self.url, param, next), None))),
            Pagination::Relay { variable, .. } => Ok(Some(self.ask(self.url.clone(), Some((variable, next))))),
            _ => {
                let url = asked
                    .url
                    .join(next)
                    .map_err(|_| self.corrupt("names a next page that is not an address; tell the service's owner"))?;
                Ok(Some(self.ask(url, None)))
            }
        }
    }

    /// A cursor or address; `None` where the service says that there is no more.
    fn scalar(&self, node: Option<&Node<'_>>) -> Result<Option<String>, SourceError> {
        match node {
            None | Some(Node::Null | Node::Bool(false)) => Ok(None),
            Some(Node::Text(text)) if text.is_empty() => Ok(None),
            Some(Node::Text(text)) => Ok(Some(text.clone().into_owned())),
            Some(Node::Number(digits)) => Ok(Some((*digits).to_owned())),
            Some(other) => {
                let message = format!(
                    "has {} where the pagination of \"{}\" expects a cursor or an address; correct the path",
                    kind(other),
                    self.resource.table
                );
                Err(self.corrupt(&message))
            }
        }
    }

    /// Whether there is more.
    fn flag(&self, node: Option<&Node<'_>>) -> Result<bool, SourceError> {
        match node {
            Some(Node::Bool(value)) => Ok(*value),
            found => {
                let message = format!(
                    "has {} where the pagination of \"{}\" expects true or false; correct the path",
                    found.map_or("nothing", kind),
                    self.resource.table
                );
                Err(self.corrupt(&message))
            }
        }
    }

    fn corrupt(&self, message: &str) -> SourceError {
        SourceError::corrupt(&*self.resource.place, message)
    }
}

/// `url` with the parameter set, in place of any of the same name.
fn with_param(url: &Url, name: &str, value: &str) -> Url {
    let kept: Vec<(String, String)> =
        url.query_pairs().filter(|(known, _)| known != name).map(|(name, value)| (name.into(), value.into())).collect();
    let mut url = url.clone();
    url.query_pairs_mut().clear().extend_pairs(kept).append_pair(name, value);
    url
}

/// `text` as part of a path: everything but unreserved characters (RFC 3986, 2.3) encoded.
fn path_segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

pub(crate) fn kind(node: &Node<'_>) -> &'static str {
    match node {
        Node::Null => "null",
        Node::Bool(_) => "true or false",
        Node::Number(_) => "a number",
        Node::Text(_) => "a text",
        Node::List(_) => "a list",
        Node::Object(_) => "an object",
    }
}
