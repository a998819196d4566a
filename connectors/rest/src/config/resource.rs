//! One resource: the rows of one table, and how they are asked for.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Scalar;

/// One resource: the rows of one table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// The table's name. By default the last part of the path.
    #[serde(default)]
    pub name: Option<String>,
    /// Added to `base_url`, such as `/contacts`. With `parent` it holds names in braces, such as
    /// `/contacts/{contact_id}/notes`.
    pub path: String,
    /// Parameters of the first request.
    #[serde(default)]
    pub params: BTreeMap<String, Scalar>,
    /// Where in an answer the rows are: `$` for the whole answer (the default), `$.data.items`, `$['odata.value']`.
    #[serde(default)]
    pub records: Option<String>,
    /// How the rest of the rows is asked for. By default one answer holds them all.
    #[serde(default)]
    pub paginate: Option<Paginate>,
    /// The resource each of whose rows has a list of its own here.
    #[serde(default)]
    pub parent: Option<Parent>,
    /// How the service is asked for new and changed rows only.
    #[serde(default)]
    pub incremental: Option<Incremental>,
    /// The query, where the path is that of a GraphQL endpoint.
    #[serde(default)]
    pub graphql: Option<GraphQl>,
    /// The columns and their types, where they are not to be found out by reading all rows: other members are left
    /// out, and a row with a value of another type is rejected. Lists and objects fit `text`, as JSON.
    #[serde(default)]
    pub columns: Option<BTreeMap<String, ColumnType>>,
}

/// How to ask for the next rows.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Paginate {
    /// One answer holds all rows.
    #[default]
    None,
    /// Pages are numbered, and the first one without rows ends the list.
    Page {
        /// The parameter with the number of the page.
        param: String,
        /// The number of the first page.
        #[serde(default = "one")]
        start: u64,
        /// The parameter with the number of rows wanted on a page.
        #[serde(default)]
        size_param: Option<String>,
        /// Rows wanted on a page.
        #[serde(default)]
        size: Option<u64>,
    },
    /// Rows are numbered, and the first answer without rows ends the list.
    Offset {
        /// The parameter with the number of rows to leave out.
        param: String,
        /// The parameter with the number of rows wanted.
        #[serde(default)]
        size_param: Option<String>,
        /// Rows wanted in one answer.
        #[serde(default)]
        size: Option<u64>,
    },
    /// Each answer tells what to send for the next one, and the last one does not.
    Cursor {
        /// Where in an answer the cursor is, such as `$.meta.next`.
        #[serde(default)]
        next: Option<String>,
        /// Where in the last row of an answer the cursor is, such as `$.id`; instead of `next`.
        #[serde(default)]
        last_row: Option<String>,
        /// The parameter to send it as.
        param: String,
        /// Where in an answer it says whether there is more, such as `$.has_more`. By default there is as long as
        /// there is a cursor.
        #[serde(default)]
        more: Option<String>,
    },
    /// The header `Link: <…>; rel="next"` of each answer (RFC 8288).
    LinkHeader,
    /// Each answer holds the address of the next one, such as `$['@odata.nextLink']`.
    NextUrl {
        /// Where in an answer it is.
        path: String,
    },
}

fn one() -> u64 {
    1
}

/// The resource that has to be read first.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parent {
    /// The name of a resource further up in the list.
    pub resource: String,
    /// Names, and where in a row of the parent the value of each is, such as `contact_id: $.id`. In the path a name
    /// in braces stands for the value, and each is a column of the rows that come.
    pub columns: BTreeMap<String, String>,
}

/// The parameter of an incremental read.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Incremental {
    /// The parameter (of GraphQL: the variable) that takes the value from which rows are new.
    pub param: String,
    /// What is sent, with `{from}` for the value (the default), such as `modifiedon ge {from}`.
    #[serde(default)]
    pub value: Option<String>,
    /// The column whose values the parameter takes. By default the one the pipeline file names as cursor.
    #[serde(default)]
    pub column: Option<String>,
}

/// A GraphQL query, posted to the path.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GraphQl {
    /// The query.
    pub query: String,
    /// Its variables.
    #[serde(default)]
    pub variables: serde_json::Map<String, serde_json::Value>,
    /// Where in an answer the connection is that has `pageInfo { hasNextPage endCursor }` (Relay), such as
    /// `$.data.customers`. Its `nodes` are the rows, unless `records` says otherwise. By default one answer holds all rows.
    #[serde(default)]
    pub connection: Option<String>,
    /// The variable that takes the cursor.
    #[serde(default = "after")]
    pub cursor: String,
}

fn after() -> String {
    "after".to_owned()
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// Text; everything else as JSON.
    Text,
    /// Whole numbers of 64 bits.
    Integer,
    /// Numbers, as 64-bit floats.
    Number,
    /// True and false.
    Boolean,
}
