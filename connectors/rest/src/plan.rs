//! The options with everything checked that can be without asking the service. No IO happens here.

use goldsmith_source::SourceError;
use goldsmith_source::secret::{Secret, SecretRef};
use url::Url;

use crate::config::{Auth, Limits, Paginate, RestOptions, Scalar};
use crate::path::JsonPath;

/// Headers that carry credentials, which stand under `auth` as references.
const CREDENTIAL_HEADERS: [&str; 3] = ["authorization", "proxy-authorization", "cookie"];

/// What to request, and how to go on.
pub(crate) struct Plan {
    /// The first address, without pagination.
    pub(crate) url: Url,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) credentials: Credentials,
    pub(crate) records: JsonPath,
    pub(crate) pagination: Pagination,
    pub(crate) limits: Limits,
    /// The table's name.
    pub(crate) table: String,
}

pub(crate) enum Credentials {
    None,
    Bearer(Secret),
    Basic { user: String, password: Secret },
    Header { name: String, key: Secret },
}

pub(crate) enum Pagination {
    None,
    Page { param: String, start: u64, size: Option<(String, u64)> },
    Offset { param: String, size: Option<(String, u64)> },
    Cursor { next: JsonPath, param: String },
    LinkHeader,
    NextUrl(JsonPath),
}

impl Plan {
    pub(crate) fn new(options: RestOptions) -> Result<Self, SourceError> {
        let base = base_url(&options.base_url)?;
        let joined =
            format!("{}/{}", base.as_str().trim_end_matches('/'), options.resource.path.trim_start_matches('/'));
        let mut url = Url::parse(&joined)
            .ok()
            .filter(|url| url.origin() == base.origin())
            .ok_or_else(|| fault("resource.path", "is not the path of an address; write it as in \"/contacts\""))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(fault(
                "resource.path",
                "has a query or a fragment; write parameters under \"resource.params\"",
            ));
        }
        for (name, Scalar(value)) in &options.resource.params {
            url.query_pairs_mut().append_pair(name, value);
        }
        for name in options.headers.keys() {
            if CREDENTIAL_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
                let message = format!("has \"{name}\", which carries credentials; use \"auth\" with env or file");
                return Err(fault("headers", &message));
            }
        }
        let table = url.path_segments().and_then(|mut parts| parts.rfind(|part| !part.is_empty()));
        Ok(Self {
            table: table.unwrap_or("data").to_owned(),
            headers: options.headers.into_iter().map(|(name, Scalar(value))| (name, value)).collect(),
            credentials: credentials(options.auth.unwrap_or_default())?,
            records: json_path("resource.records", &options.resource.records)?,
            pagination: pagination(options.resource.paginate)?,
            limits: options.limits,
            url,
        })
    }

    /// The address without its query, which may hold what nobody should read.
    pub(crate) fn locator(&self) -> String {
        shown(&self.url)
    }
}

/// `url` without query and fragment.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

fn base_url(text: &str) -> Result<Url, SourceError> {
    let url = Url::parse(text).map_err(|error| {
        fault("base_url", &format!("is not an address ({error}); write it as in \"https://api.example.com\""))
    })?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(fault("base_url", "is not an http or https address; write it as in \"https://api.example.com\""));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(fault("base_url", "has a user or password in it; use \"auth\" with env or file"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(fault("base_url", "has a query or a fragment; write parameters under \"resource.params\""));
    }
    Ok(url)
}

fn credentials(auth: Auth) -> Result<Credentials, SourceError> {
    match (auth.bearer, auth.basic, auth.api_key) {
        (None, None, None) => Ok(Credentials::None),
        (Some(token), None, None) => Ok(Credentials::Bearer(token.place("auth.bearer", "rest")?)),
        (None, Some(basic), None) => {
            Ok(Credentials::Basic { user: basic.user, password: basic.password.place("auth.basic.password", "rest")? })
        }
        (None, None, Some(key)) => {
            let held = SecretRef { env: key.env, file: key.file };
            Ok(Credentials::Header { name: key.header, key: held.place("auth.api_key", "rest")? })
        }
        _ => Err(fault("auth", "has several kinds; keep one of bearer, basic and api_key")),
    }
}

fn pagination(paginate: Paginate) -> Result<Pagination, SourceError> {
    let sized = |option: &str, param: Option<String>, size: Option<u64>| match (param, size) {
        (None, None) => Ok(None),
        (Some(param), Some(size)) if size > 0 => Ok(Some((param, size))),
        _ => Err(fault(option, "needs size_param and size together, and a size above 0")),
    };
    Ok(match paginate {
        Paginate::None => Pagination::None,
        Paginate::Page { param, start, size_param, size } => {
            Pagination::Page { param, start, size: sized("resource.paginate.page", size_param, size)? }
        }
        Paginate::Offset { param, size_param, size } => {
            Pagination::Offset { param, size: sized("resource.paginate.offset", size_param, size)? }
        }
        Paginate::Cursor { next, param } => {
            Pagination::Cursor { next: json_path("resource.paginate.cursor.next", &next)?, param }
        }
        Paginate::LinkHeader => Pagination::LinkHeader,
        Paginate::NextUrl { path } => Pagination::NextUrl(json_path("resource.paginate.next_url.path", &path)?),
    })
}

fn json_path(option: &str, text: &str) -> Result<JsonPath, SourceError> {
    JsonPath::parse(text)
        .ok_or_else(|| fault(option, "is not a path; write it as in \"$.data.items\" or \"$['@odata.nextLink']\""))
}

fn fault(option: &str, message: &str) -> SourceError {
    SourceError::config(format!("option \"{option}\" of connector rest {message}"))
}
