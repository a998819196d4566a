//! States and provinces.

use crate::text;

use super::place_case;

/// The code of a state or province in the US, Canada and Australia, from its code or its English name; elsewhere the
/// name with its capitals restored. `None` where nothing is left of it.
///
/// ```
/// use goldsmith_standardize::address::region;
/// assert_eq!(region("illinois", "US").as_deref(), Some("IL"));
/// assert_eq!(region("N.S.W.", "AU").as_deref(), Some("NSW"));
/// assert_eq!(region("GREATER LONDON", "GB").as_deref(), Some("Greater London"));
/// ```
#[must_use]
pub fn region(raw: &str, country: &str) -> Option<String> {
    if let Some(code) = code(raw, country) {
        return Some(code.to_owned());
    }
    let cleaned = text::clean(raw)?;
    let short = cleaned.len() <= 3 && cleaned.bytes().all(|b| b.is_ascii_alphanumeric());
    Some(if short { cleaned.to_ascii_uppercase() } else { place_case(&cleaned) })
}

/// The code of a known state or province.
pub(super) fn code(raw: &str, country: &str) -> Option<&'static str> {
    let table = match country {
        "US" => US,
        "CA" => CA,
        "AU" => AU,
        _ => return None,
    };
    if raw.is_ascii() && (2..=3).contains(&raw.len()) {
        return table.iter().find(|(code, _)| code.eq_ignore_ascii_case(raw)).map(|(code, _)| *code);
    }
    if raw.len() > 40 {
        return None;
    }
    let folded = text::fold(raw);
    if folded.len() <= 6 && folded.contains(' ') {
        let joined: String = folded.chars().filter(|c| *c != ' ').collect();
        return table.iter().find(|(code, _)| code.eq_ignore_ascii_case(&joined)).map(|(code, _)| *code);
    }
    table.iter().find(|(_, name)| *name == folded).map(|(code, _)| *code)
}

/// USPS state codes, with the territories and armed forces.
const US: &[(&str, &str)] = &[
    ("AL", "alabama"),
    ("AK", "alaska"),
    ("AZ", "arizona"),
    ("AR", "arkansas"),
    ("CA", "california"),
    ("CO", "colorado"),
    ("CT", "connecticut"),
    ("DE", "delaware"),
    ("DC", "district of columbia"),
    ("FL", "florida"),
    ("GA", "georgia"),
    ("HI", "hawaii"),
    ("ID", "idaho"),
    ("IL", "illinois"),
    ("IN", "indiana"),
    ("IA", "iowa"),
    ("KS", "kansas"),
    ("KY", "kentucky"),
    ("LA", "louisiana"),
    ("ME", "maine"),
    ("MD", "maryland"),
    ("MA", "massachusetts"),
    ("MI", "michigan"),
    ("MN", "minnesota"),
    ("MS", "mississippi"),
    ("MO", "missouri"),
    ("MT", "montana"),
    ("NE", "nebraska"),
    ("NV", "nevada"),
    ("NH", "new hampshire"),
    ("NJ", "new jersey"),
    ("NM", "new mexico"),
    ("NY", "new york"),
    ("NC", "north carolina"),
    ("ND", "north dakota"),
    ("OH", "ohio"),
    ("OK", "oklahoma"),
    ("OR", "oregon"),
    ("PA", "pennsylvania"),
    ("RI", "rhode island"),
    ("SC", "south carolina"),
    ("SD", "south dakota"),
    ("TN", "tennessee"),
    ("TX", "texas"),
    ("UT", "utah"),
    ("VT", "vermont"),
    ("VA", "virginia"),
    ("WA", "washington"),
    ("WV", "west virginia"),
    ("WI", "wisconsin"),
    ("WY", "wyoming"),
    ("PR", "puerto rico"),
    ("GU", "guam"),
    ("VI", "virgin islands"),
    ("AS", "american samoa"),
    ("MP", "northern mariana islands"),
    ("AA", "armed forces americas"),
    ("AE", "armed forces europe"),
    ("AP", "armed forces pacific"),
];
const CA: &[(&str, &str)] = &[
    ("AB", "alberta"),
    ("BC", "british columbia"),
    ("MB", "manitoba"),
    ("NB", "new brunswick"),
    ("NL", "newfoundland and labrador"),
    ("NS", "nova scotia"),
    ("NT", "northwest territories"),
    ("NU", "nunavut"),
    ("ON", "ontario"),
    ("PE", "prince edward island"),
    ("QC", "quebec"),
    ("SK", "saskatchewan"),
    ("YT", "yukon"),
];
const AU: &[(&str, &str)] = &[
    ("ACT", "australian capital territory"),
    ("NSW", "new south wales"),
    ("NT", "northern territory"),
    ("QLD", "queensland"),
    ("SA", "south australia"),
    ("TAS", "tasmania"),
    ("VIC", "victoria"),
    ("WA", "western australia"),
];
