//! The report for programs.

use super::Document;

/// The document as indented JSON with a line end. Fields keep their order; the same document gives the same bytes.
#[must_use]
pub fn json(document: &Document) -> Vec<u8> {
    // A document holds nothing that JSON cannot say, so this does not fail; were it to, an empty report shows it.
    let mut bytes = serde_json::to_vec_pretty(document).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests {
    use super::super::document::sample;
    use super::json;

    #[test]
    fn the_report_is_json_that_says_what_the_page_says() {
        let bytes = json(&sample::document());
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(value["summary"]["golden_profiles"], 2_914);
        assert_eq!(value["entities"][0]["coverage"][0]["attribute"], "full_name");
        assert_eq!(value["targets"][0]["gap_customers"], 311);
        assert!(bytes.ends_with(b"}\n"));
    }
}
