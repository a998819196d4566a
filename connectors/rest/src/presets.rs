//! Ready values for the lists of well-known vendors. They are values of the options anybody can write, made from the
//! documentation named with each; none was tried against the vendor's own service.

use crate::config::{Paginate, Preset};

/// What stands where a resource says nothing of its own.
pub(crate) struct Ready {
    pub(crate) records: String,
    pub(crate) paginate: Paginate,
    pub(crate) params: &'static [(&'static str, &'static str)],
}

/// The ready values for a resource whose table is called `name`.
pub(crate) fn ready(preset: Preset, name: &str) -> Ready {
    let of_name = || format!("$['{name}']");
    let next_url = |path: &str| Paginate::NextUrl { path: path.to_owned() };
    match preset {
        // https://docs.oasis-open.org/odata/odata-json-format/v4.01/odata-json-format-v4.01.html (4.5.5, 13)
        Preset::Odata => {
            Ready { records: "$.value".to_owned(), paginate: next_url("$['@odata.nextLink']"), params: &[] }
        }
        // https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_query.htm
        Preset::Salesforce => {
            Ready { records: "$.records".to_owned(), paginate: next_url("$.nextRecordsUrl"), params: &[] }
        }
        // https://developers.hubspot.com/docs/api/crm/contacts
        Preset::Hubspot => Ready {
            records: "$.results".to_owned(),
            paginate: Paginate::Cursor {
                next: Some("$.paging.next.after".to_owned()),
                last_row: None,
                param: "after".to_owned(),
                more: None,
            },
            params: &[("limit", "100")],
        },
        // https://docs.stripe.com/api/pagination
        Preset::Stripe => Ready {
            records: "$.data".to_owned(),
            paginate: Paginate::Cursor {
                next: None,
                last_row: Some("$.id".to_owned()),
                param: "starting_after".to_owned(),
                more: Some("$.has_more".to_owned()),
            },
            params: &[("limit", "100")],
        },
        // https://shopify.dev/docs/api/usage/pagination-rest
        Preset::Shopify => Ready { records: of_name(), paginate: Paginate::LinkHeader, params: &[("limit", "250")] },
        // https://developer.zendesk.com/api-reference/introduction/pagination/
        Preset::Zendesk => Ready {
            records: of_name(),
            paginate: Paginate::Cursor {
                next: Some("$.meta.after_cursor".to_owned()),
                last_row: None,
                param: "page[after]".to_owned(),
                more: Some("$.meta.has_more".to_owned()),
            },
            params: &[("page[size]", "100")],
        },
    }
}
