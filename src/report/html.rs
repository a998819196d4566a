//! The report as one HTML page that needs nothing else: no script, no font, no network.
//!
//! Every value that comes from data or from names is escaped by the template engine, whatever the template says
//! about itself; numbers are written by the filters below.

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use super::Document;
use super::format::{days, decimal, number, one_in, percent, probability, ratio, signed, whole_percent};
use crate::pipeline::RunError;

const TEMPLATE: &str = include_str!("template.html");

/// The page. The same document gives the same bytes.
///
/// # Errors
/// A fault of the template.
pub fn html(document: &Document) -> Result<Vec<u8>, RunError> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_filter("num", number);
    environment.add_filter("pct", percent);
    environment.add_filter("pct0", whole_percent);
    environment.add_filter("dec", decimal);
    environment.add_filter("days", days);
    environment.add_filter("prob", probability);
    environment.add_filter("one_in", one_in);
    environment.add_filter("signed", signed);
    environment.add_filter("ratio", ratio);
    environment.add_filter("share", share);
    environment.add_filter("heat", heat);
    environment.add_filter("width", width);
    environment.add_filter("logwidth", log_width);
    environment.add_filter("people", people);
    let page = environment
        .template_from_named_str("report.html", TEMPLATE)
        .and_then(|template| template.render(minijinja::context! { d => Serde(document) }))
        .map_err(|error| RunError::Internal(format!("the report could not be rendered: {error:#}")))?;
    Ok(page.into_bytes())
}

fn share(of: f64, all: f64) -> Option<f64> {
    (all > 0.0).then(|| of / all)
}

/// The colour of a share, 0 to 10.
fn heat(share: Option<f64>) -> u8 {
    (share.unwrap_or(0.0).clamp(0.0, 1.0) * 10.0) as u8
}

/// A share as a CSS percentage without its sign. What is there at all can be seen.
fn width(share: Option<f64>) -> String {
    let share = share.filter(|share| share.is_finite()).unwrap_or(0.0).clamp(0.0, 1.0) * 100.0;
    let seen = if share > 0.0 { share.max(0.4) } else { 0.0 };
    format!("{seen:.2}")
}

/// The logarithm of a count as part of that of the largest.
fn log_width(count: f64, largest: f64) -> String {
    width(Some((1.0 + count.max(0.0)).ln() / (2.0 + largest.max(0.0)).ln()))
}

fn people(entity_type: &str) -> &'static str {
    match entity_type {
        "person" => "Persons",
        "organisation" => "Organisations",
        _ => "Records",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::document::sample;
    use super::*;

    /// Tags by name, and every attribute name, as a browser's tokeniser would see them.
    fn tags(page: &[u8]) -> (BTreeMap<String, usize>, Vec<String>) {
        let page = std::str::from_utf8(page).unwrap();
        let mut names = BTreeMap::new();
        let mut attributes = Vec::new();
        let mut rest = page;
        while let Some(at) = rest.find('<') {
            rest = &rest[at + 1..];
            if !rest.starts_with(|first: char| first.is_ascii_alphabetic()) {
                continue;
            }
            let name: String = rest.chars().take_while(|character| character.is_ascii_alphanumeric()).collect();
            rest = &rest[name.len()..];
            *names.entry(name).or_insert(0) += 1;
            // Attributes up to the end of the tag; quotes may hold anything.
            loop {
                rest = rest.trim_start();
                if rest.starts_with('>') || rest.is_empty() {
                    break;
                }
                let end = rest.find(['=', '>', ' ']).unwrap_or(rest.len());
                attributes.push(rest[..end].to_owned());
                rest = &rest[end..];
                if let Some(quoted) = rest.strip_prefix("=\"") {
                    rest = &quoted[quoted.find('"').unwrap() + 1..];
                }
            }
        }
        (names, attributes)
    }

    /// The sample with an attack wherever a name, a file or a message comes from outside.
    fn attacked(attack: &str) -> Document {
        let mut document = sample::document();
        document.pipeline = attack.to_owned();
        for source in &mut document.sources {
            source.name = attack.to_owned();
            source.locator = attack.to_owned();
        }
        for fate in &mut document.fates {
            fate.source = attack.to_owned();
        }
        for target in &mut document.targets {
            target.attribute = attack.to_owned();
        }
        for check in &mut document.checks {
            check.text = attack.to_owned();
            check.source = Some(attack.to_owned());
        }
        for gate in &mut document.gates {
            (gate.name, gate.status, gate.observed, gate.expected) =
                (attack.to_owned(), attack.to_owned(), attack.to_owned(), attack.to_owned());
        }
        for group in &mut document.quarantine.groups {
            group.source = attack.to_owned();
            group.rule = attack.to_owned();
            for example in &mut group.examples {
                example.file = format!("{attack}.csv");
                example.message = attack.to_owned();
            }
        }
        for entity in &mut document.entities {
            for source in &mut entity.sources {
                *source = attack.to_owned();
            }
            for line in &mut entity.coverage {
                line.attribute = attack.to_owned();
                line.description = attack.to_owned();
            }
            for row in &mut entity.retire {
                row.source = attack.to_owned();
                for loss in &mut row.losses {
                    loss.attribute = attack.to_owned();
                }
            }
            for line in &mut entity.overlap.pairs {
                line.source = attack.to_owned();
            }
            for line in &mut entity.quality {
                line.attribute = attack.to_owned();
            }
            for rule in &mut entity.matching.blocking {
                rule.rule = attack.to_owned();
            }
            for placeholder in &mut entity.matching.placeholders {
                placeholder.attribute = attack.to_owned();
                placeholder.masked = attack.to_owned();
            }
            for comparison in &mut entity.matching.comparisons {
                comparison.name = attack.to_owned();
            }
        }
        document.run.run_id = attack.to_owned();
        document
    }

    #[test]
    fn names_cannot_become_markup() {
        let (expected, attributes) = tags(&html(&sample::document()).unwrap());
        assert!(expected["table"] > 10 && !expected.contains_key("script"));
        for attack in [
            "<script>alert(1)</script>",
            "\"><img src=x onerror=alert(1)>",
            "' onmouseover='alert(1)",
            "\" onmouseover=\"alert(1)",
            "</style><svg onload=alert(1)>",
            "{{ 7 * 7 }}{% for %}",
            "=HYPERLINK(\"http://evil.example\",\"x\")",
            "&lt;b&gt;<!--",
        ] {
            let page = html(&attacked(attack)).unwrap();
            let (found, found_attributes) = tags(&page);
            assert_eq!(found, expected, "{attack}");
            assert_eq!(found_attributes, attributes, "{attack}");
            assert!(!attack.contains('<') || !std::str::from_utf8(&page).unwrap().contains(attack), "{attack}");
        }
    }

    #[test]
    fn nothing_is_loaded_or_run() {
        let (_, attributes) = tags(&html(&sample::document()).unwrap());
        assert!(!attributes.iter().any(|name| name.starts_with("on") || name == "src"));
        let page = String::from_utf8(html(&sample::document()).unwrap()).unwrap();
        assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'"));
        assert!(page.split("href=\"").skip(1).all(|link| link.starts_with('#')), "links stay on the page");
        assert!(
            !page.contains("url(") && !page.contains("@import") && !page.contains("http:") && !page.contains("https:")
        );
    }

    #[test]
    fn the_same_document_gives_the_same_bytes() {
        assert_eq!(html(&sample::document()).unwrap(), html(&sample::document()).unwrap());
        assert_eq!(super::super::json(&sample::document()), super::super::json(&sample::document()));
    }

    #[test]
    fn an_empty_document_is_still_a_page() {
        let mut document = sample::document();
        document.sources.clear();
        document.fates.clear();
        document.targets.clear();
        document.checks.clear();
        document.gates.clear();
        document.entities.clear();
        document.quarantine = Default::default();
        document.run.stages.clear();
        let page = String::from_utf8(html(&document).unwrap()).unwrap();
        assert!(page.contains("Every row could be read.") && page.ends_with("</html>"));
    }

    #[test]
    fn shares_have_a_colour_and_a_width() {
        assert_eq!(
            [heat(None), heat(Some(0.0)), heat(Some(0.55)), heat(Some(1.0)), heat(Some(7.0))],
            [0, 0, 5, 10, 10]
        );
        assert_eq!(
            [width(None), width(Some(0.5)), width(Some(0.000_1)), width(Some(3.0))],
            ["0.00", "50.00", "0.40", "100.00"]
        );
        assert_eq!(log_width(0.0, 100.0), "0.00");
    }
}
