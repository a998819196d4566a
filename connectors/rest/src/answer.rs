//! An answer, received whole and within its limit.

use goldsmith_json_rows::ParseError;
use goldsmith_source::SourceError;
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap, LINK};

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) text: String,
    /// The address with `rel="next"`, where there is one.
    pub(crate) next_link: Option<String>,
}

/// Why an answer did not arrive.
pub(crate) enum Fault {
    /// Worth another try.
    Network(reqwest::Error),
    Again(SourceError),
    Final(SourceError),
}

/// Reads the body to its end, and looks that it is JSON.
pub(crate) async fn receive(mut response: Response, most: u64, place: &str) -> Result<Answer, Fault> {
    let next_link = next_link(response.headers());
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_html = content_type.is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("text/html"));
    let mut body: Vec<u8> = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Fault::Network)? {
        if body.len() as u64 + chunk.len() as u64 > most {
            let message = format!(
                "answers with more than {most} bytes; ask for smaller pages, or raise \"limits.max_response_bytes\""
            );
            return Err(Fault::Final(SourceError::config(message).at(place)));
        }
        body.extend_from_slice(&chunk);
    }
    if is_html || body.trim_ascii_start().starts_with(b"<") {
        let message = "answers with a web page instead of JSON, as a login page or a proxy does; check \"base_url\", \
                       the resource's \"path\" and \"auth\"";
        return Err(Fault::Final(SourceError::corrupt(place, message)));
    }
    if body.starts_with(b"\xef\xbb\xbf") {
        body.drain(..3);
    }
    let text = String::from_utf8(body).map_err(|error| {
        if error.utf8_error().error_len().is_none() {
            return Fault::Again(ends_early(error.as_bytes().len(), place));
        }
        let message = "answers with bytes that are not UTF-8, which JSON has to be; tell its owner";
        Fault::Final(SourceError::corrupt(place, message))
    })?;
    // The tree borrows from the text, so it is built again where the rows are taken: by then the text is known to be JSON.
    match goldsmith_json_rows::parse(&text) {
        Ok(_) => Ok(Answer { text, next_link }),
        Err(error) if error.is_cut(&text) => Err(Fault::Again(ends_early(text.len(), place))),
        Err(error) => Err(Fault::Final(not_json(&text, &error, place))),
    }
}

fn ends_early(bytes: usize, place: &str) -> SourceError {
    SourceError::corrupt(place, format!("answers with JSON that ends early, after {bytes} bytes; tell its owner"))
}

/// The place in the answer is told, and nothing of the answer.
pub(crate) fn not_json(text: &str, error: &ParseError, place: &str) -> SourceError {
    let before = text.get(..error.at).unwrap_or_default();
    let (line, column) =
        (before.matches('\n').count() + 1, before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1);
    let message = format!(
        "answers with something that is not JSON (line {line}, column {column}: {}); check the resource's \"path\"",
        error.fault
    );
    SourceError::corrupt(place, message)
}

/// The address with `rel="next"` among the `Link` headers.
fn next_link(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split('<').skip(1)).find_map(|link| {
        let (address, parameters) = link.split_once('>')?;
        let is_next = parameters.split([';', ',']).any(|parameter| {
            let Some((name, value)) = parameter.split_once('=') else { return false };
            name.trim().eq_ignore_ascii_case("rel")
                && value.trim().trim_matches('"').split(' ').any(|relation| relation.eq_ignore_ascii_case("next"))
        });
        is_next.then(|| address.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn the_next_link_is_found_among_others() {
        let link = |value: &'static str| next_link(&HeaderMap::from_iter([(LINK, HeaderValue::from_static(value))]));
        assert_eq!(
            link("<https://a/?p=1>; rel=\"prev\", <https://a/?p=3>; rel=\"next\""),
            Some("https://a/?p=3".to_owned())
        );
        assert_eq!(link("</c?a=1,2>; title=\"x\"; rel=next"), Some("/c?a=1,2".to_owned()));
        assert_eq!(link("<https://a/?p=1>; rel=\"last\""), None);
    }
}
