//! One resource, checked.

use std::sync::Arc;

use goldsmith_json_rows::{Kind, Members};
use goldsmith_source::{SourceError, request};
use serde_json::{Map, Value};
use url::Url;

use super::fault;
use crate::config::{ColumnType, GraphQl, Incremental, Paginate, Parent, Preset, Resource, Scalar};
use crate::path::JsonPath;
use crate::presets::{Ready, ready};

/// One table: where its rows are and how to go on.
pub(crate) struct ResourcePlan {
    /// The table's name.
    pub(crate) table: String,
    /// The address without parameters; names in braces stand for values of the parent.
    pub(crate) address: String,
    /// The same, for messages: it never holds a value of a row.
    pub(crate) place: Arc<str>,
    /// Parameters of the first request.
    pub(crate) params: Vec<(String, String)>,
    pub(crate) records: JsonPath,
    pub(crate) pagination: Pagination,
    pub(crate) parent: Option<ParentPlan>,
    pub(crate) incremental: Option<IncrementalPlan>,
    pub(crate) graphql: Option<GraphQlPlan>,
    /// The columns declared.
    pub(crate) columns: Option<Members>,
}

pub(crate) enum Pagination {
    None,
    Page {
        param: String,
        start: u64,
        size: Option<(String, u64)>,
    },
    Offset {
        param: String,
        size: Option<(String, u64)>,
    },
    Cursor {
        at: CursorAt,
        param: String,
        more: Option<JsonPath>,
    },
    LinkHeader,
    NextUrl(JsonPath),
    /// The connection with `pageInfo`, and the variable that takes the cursor.
    Relay {
        connection: JsonPath,
        variable: String,
    },
}

/// Where a cursor is.
pub(crate) enum CursorAt {
    Answer(JsonPath),
    LastRow(JsonPath),
}

pub(crate) struct ParentPlan {
    /// Its place in the list of resources.
    pub(crate) resource: usize,
    /// The names, and where the values of each are in a row of the parent.
    pub(crate) columns: Vec<(String, JsonPath)>,
}

pub(crate) struct IncrementalPlan {
    pub(crate) param: String,
    /// With `{from}` for the value.
    pub(crate) value: String,
    /// Where `None`, any.
    pub(crate) column: Option<String>,
}

pub(crate) struct GraphQlPlan {
    pub(crate) query: String,
    pub(crate) variables: Map<String, Value>,
}

impl ResourcePlan {
    /// `before` are the resources further up.
    pub(crate) fn new(
        options: Resource,
        base: &Url,
        preset: Option<Preset>,
        before: &[Self],
    ) -> Result<Self, SourceError> {
        let table = options.name.unwrap_or_else(|| table_name(&options.path));
        let wrong = |option: &str, message: &str| fault(&format!("resources[{}].{option}", before.len()), message);
        if table.is_empty() {
            return Err(wrong("name", "is empty; write the name of a table"));
        }
        if before.iter().any(|known| known.table == table) {
            return Err(wrong("name", &format!("is \"{table}\" as that of a resource before it; give it another")));
        }
        let path = options.path.trim_start_matches('/');
        let address = format!("{}/{path}", base.as_str().trim_end_matches('/'));
        check_path(&address, base).map_err(|message| wrong("path", message))?;
        let parent = options.parent.map(|parent| self::parent(parent, path, before, &wrong)).transpose()?;
        if parent.is_none() && path.contains(['{', '}']) {
            return Err(wrong("path", "has a name in braces, which needs \"parent\" with a column of that name"));
        }
        if let (Some(parent), Some(columns)) = (&parent, &options.columns)
            && let Some((name, _)) = parent.columns.iter().find(|(name, _)| !columns.contains_key(name))
        {
            return Err(wrong("columns", &format!("lacks \"{name}\", a column of \"parent\"; declare it too")));
        }
        let ready = match (&options.graphql, preset) {
            (None, Some(preset)) => self::ready(preset, &table),
            _ => Ready { records: "$".to_owned(), paginate: Paginate::None, params: &[] },
        };
        let (graphql, pagination, records) = match options.graphql {
            Some(_) if options.paginate.is_some() => {
                return Err(wrong(
                    "paginate",
                    "stands beside \"graphql\", whose lists go on by \"connection\"; remove it",
                ));
            }
            Some(graphql) => self::graphql(graphql, &wrong)?,
            None => (None, pagination(options.paginate.unwrap_or(ready.paginate), &wrong)?, None),
        };
        let records = match (options.records, records) {
            (Some(text), _) => json_path("records", &text, &wrong)?,
            (None, Some(records)) => records,
            (None, None) => json_path("records", &ready.records, &wrong)?,
        };
        let defaults = ready.params.iter().filter(|(name, _)| !options.params.contains_key(*name));
        let mut params: Vec<(String, String)> =
            defaults.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        params.extend(options.params.into_iter().map(|(name, Scalar(value))| (name, value)));
        Ok(Self {
            place: address.as_str().into(),
            address,
            params,
            records,
            pagination,
            parent,
            incremental: options.incremental.map(incremental),
            graphql,
            columns: options
                .columns
                .map(|columns| Members::declared(columns.into_iter().map(|(name, column)| (name, kind(column))))),
            table,
        })
    }

    pub(crate) fn is_numbered(&self) -> bool {
        matches!(self.pagination, Pagination::Page { .. } | Pagination::Offset { .. })
    }
}

/// The last part of the path, without a file ending.
fn table_name(path: &str) -> String {
    let last = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or("data");
    last.strip_suffix(".json").unwrap_or(last).to_owned()
}

fn check_path(address: &str, base: &Url) -> Result<(), &'static str> {
    // Braces stand for values; any will do to see whether the rest is an address.
    let url = Url::parse(&address.replace(['{', '}'], "")).ok().filter(|url| url.origin() == base.origin());
    let url = url.ok_or("is not the path of an address; write it as in \"/contacts\"")?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has a query or a fragment; write parameters under \"params\"");
    }
    Ok(())
}

type Wrong<'a> = dyn Fn(&str, &str) -> SourceError + 'a;

fn parent(options: Parent, path: &str, before: &[ResourcePlan], wrong: &Wrong<'_>) -> Result<ParentPlan, SourceError> {
    let Some(resource) = before.iter().position(|known| known.table == options.resource) else {
        let names: Vec<&str> = before.iter().map(|known| known.table.as_str()).collect();
        let near = request::suggestion(&options.resource, &names);
        return Err(wrong(
            "parent.resource",
            &format!("is \"{}\", which no resource before it is called{near}", options.resource),
        ));
    };
    let columns: Result<Vec<(String, JsonPath)>, SourceError> = options
        .columns
        .into_iter()
        .map(|(name, path)| Ok((name, json_path("parent.columns", &path, wrong)?)))
        .collect();
    let columns = columns?;
    let mut rest = path.to_owned();
    for (name, _) in &columns {
        rest = rest.replace(&format!("{{{name}}}"), "");
    }
    if rest == path {
        return Err(wrong("path", "holds no column of \"parent\" in braces, as in \"/contacts/{contact_id}/notes\""));
    }
    if rest.contains(['{', '}']) {
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let message = format!("has a name in braces that is no column of \"parent\"; those are: {}", names.join(", "));
        return Err(wrong("path", &message));
    }
    Ok(ParentPlan { resource, columns })
}

fn incremental(options: Incremental) -> IncrementalPlan {
    let value = options.value.unwrap_or_else(|| "{from}".to_owned());
    IncrementalPlan { param: options.param, value, column: options.column }
}

fn graphql(
    options: GraphQl,
    wrong: &Wrong<'_>,
) -> Result<(Option<GraphQlPlan>, Pagination, Option<JsonPath>), SourceError> {
    let plan = GraphQlPlan { query: options.query, variables: options.variables };
    let Some(connection) = options.connection else { return Ok((Some(plan), Pagination::None, None)) };
    let connection = json_path("graphql.connection", &connection, wrong)?;
    let nodes = connection.member("nodes");
    Ok((Some(plan), Pagination::Relay { connection, variable: options.cursor }, Some(nodes)))
}

fn pagination(paginate: Paginate, wrong: &Wrong<'_>) -> Result<Pagination, SourceError> {
    let sized = |option: &str, param: Option<String>, size: Option<u64>| match (param, size) {
        (None, None) => Ok(None),
        (Some(param), Some(size)) if size > 0 => Ok(Some((param, size))),
        _ => Err(wrong(option, "needs size_param and size together, and a size above 0")),
    };
    let path = |option: &str, text: &str| json_path(option, text, wrong);
    Ok(match paginate {
        Paginate::None => Pagination::None,
        Paginate::Page { param, start, size_param, size } => {
            Pagination::Page { param, start, size: sized("paginate.page", size_param, size)? }
        }
        Paginate::Offset { param, size_param, size } => {
            Pagination::Offset { param, size: sized("paginate.offset", size_param, size)? }
        }
        Paginate::Cursor { next, last_row, param, more } => {
            let at = match (next, last_row) {
                (Some(next), None) => CursorAt::Answer(path("paginate.cursor.next", &next)?),
                (None, Some(last_row)) => CursorAt::LastRow(path("paginate.cursor.last_row", &last_row)?),
                _ => return Err(wrong("paginate.cursor", "needs either next or last_row, the path of the cursor")),
            };
            let more = more.map(|more| path("paginate.cursor.more", &more)).transpose()?;
            Pagination::Cursor { at, param, more }
        }
        Paginate::LinkHeader => Pagination::LinkHeader,
        Paginate::NextUrl { path: text } => Pagination::NextUrl(path("paginate.next_url.path", &text)?),
    })
}

fn kind(column: ColumnType) -> Kind {
    match column {
        ColumnType::Text => Kind::Text,
        ColumnType::Integer => Kind::Int { wide: true },
        ColumnType::Number => Kind::Float,
        ColumnType::Boolean => Kind::Bool,
    }
}

fn json_path(option: &str, text: &str, wrong: &Wrong<'_>) -> Result<JsonPath, SourceError> {
    JsonPath::parse(text)
        .ok_or_else(|| wrong(option, "is not a path; write it as in \"$.data.items\" or \"$['@odata.nextLink']\""))
}
