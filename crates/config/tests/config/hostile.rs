//! Files made to hurt: each ends, soon, with a sentence.

use std::time::{Duration, Instant};

use crate::{load, said, small};

/// The first sentence, found in under a second (of a release build; others get five).
#[track_caller]
fn first(text: &str) -> String {
    let start = Instant::now();
    let said = said(text);
    let shown = load(text).err().map(|mistakes| mistakes.to_string().len() + mistakes.to_json().to_string().len());
    let limit = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 2 });
    assert!(start.elapsed() < limit, "{:?} for two loads", start.elapsed());
    assert!(shown.is_none_or(|length| length < 2_000_000), "{shown:?}");
    said.into_iter().next().unwrap_or_default()
}

#[test]
fn deep_nesting() {
    assert_eq!(first(&format!("a: {}", "[".repeat(100_000))), "1:259 maps and lists nest deeper than 64");
    assert!(first(&"- ".repeat(50_000)).contains("nest deeper than 64"));
    let steps: String = (0..10_000).map(|depth| format!("{}a:\n", " ".repeat(depth.min(500)))).collect();
    assert!(!first(&steps).is_empty());
    assert!(first(&"{a: ".repeat(100_000)).contains("nest deeper than 64"));
}

#[test]
fn billion_laughs() {
    let mut text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    assert!(first(&text).contains("anchors and aliases repeat too much"));
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), vec!["*a"; 10_000].join(", "));
    assert!(first(&long).contains("anchors and aliases repeat too much"));
    let chain: String = (0..60).map(|depth| format!("{}&x{depth} a:\n", " ".repeat(depth))).collect();
    assert!(!first(&chain).is_empty());
    assert!(!first("a: &a [*a]\n").is_empty());
    assert!(first("a: *nowhere\n").starts_with("1:4 this is not YAML"));
}

#[test]
fn huge_scalars_and_keys() {
    let long = "x".repeat(1_000_000);
    assert_eq!(first(&small("", "", &format!("description: {long}\n"))), "");
    assert!(first(&small("", "", &format!("privacy: {long}\n"))).ends_with("expected a map, found text"));
    let region = first(&small("", "", &format!("defaults:\n  region: {long}\n")));
    assert!(region.chars().count() < 700, "{}", region.len());
    assert!(!first(&format!("? {long}\n: 1\n")).is_empty());
    assert!(!first(&small("", "", &format!("quality:\n  - check: \"{long}_{long} >= 5%\"\n"))).is_empty());
    assert_eq!(first(&small("", "", &format!("description: {}\n", "$$".repeat(400_000)))), "");
}

#[test]
fn many_mistakes_and_many_keys() {
    let unknown: String = (0..4_000).map(|number| format!("key_{number}: 1\n")).collect();
    let text = small("", "", &unknown);
    first(&text);
    assert!(load(&text).unwrap_err().list.len() <= 600, "after some hundreds nobody reads on");
    let keys: String = (0..200_000).map(|number| format!("k{number}: 1\n")).collect();
    assert!(first(&keys).contains("more than 4096 keys"));
    let items = format!("a: [{}]\n", "1,".repeat(400_000));
    assert!(first(&items).contains("more than 100000 keys, items and values"));
    let sources: String =
        (0..3_000).map(|number| format!("  s{number}:\n    connector: xyz\n    records: []\n")).collect();
    assert!(!first(&format!("version: 1\nname: a\npublish:\n  to: b\nsources:\n{sources}")).is_empty());
}

#[test]
fn odd_text() {
    for text in [
        "\0",
        "\u{feff}",
        "%YAML 9.9\n---\na: 1\n",
        "? [a]\n: b\n",
        "{{{{",
        "}",
        "a: b: c",
        "'",
        "\"\\x\"",
        "|",
        "*",
        "&",
        "!",
        "- - - -",
    ] {
        assert!(!first(text).is_empty(), "{text:?}");
    }
    assert_eq!(first("a: 1\u{1b}[31m\n").matches('\u{1b}').count(), 0);
}

/// Every prefix of a file, and every file with one line dropped, ends without panic.
#[test]
fn cut_and_torn_files() {
    let text = crate::right::CUSTOMER_360;
    for end in (0..text.len()).step_by(29) {
        let _ = load(&text[..end]);
    }
    let lines: Vec<&str> = text.lines().collect();
    for dropped in 0..lines.len() {
        let rest: Vec<&str> =
            lines.iter().enumerate().filter(|(index, _)| *index != dropped).map(|(_, line)| *line).collect();
        let _ = load(&rest.join("\n"));
    }
}

/// Whatever stands where a value was: the file loads, or the schema says why not. Serde never finds what it missed.
#[test]
fn the_schema_finds_all_that_serde_would() {
    let text = crate::right::CUSTOMER_360;
    for (index, line) in text.lines().enumerate() {
        let Some((key, _)) = line.split_once(": ") else {
            continue;
        };
        for junk in [
            "[]",
            "{}",
            "[a, 1]",
            "[[a]]",
            "{a: b}",
            "{a: [1]}",
            "7",
            "-1",
            "1.5",
            "true",
            "",
            "text",
            "'9%'",
            "${NUMBER}",
        ] {
            let replaced: Vec<String> = text
                .lines()
                .enumerate()
                .map(|(other, line)| if other == index { format!("{key}: {junk}") } else { line.to_owned() })
                .collect();
            let said = said(&replaced.join("\n"));
            assert!(said.iter().all(|sentence| !sentence.contains("fault of goldsmith")), "line {}: {junk}", index + 1);
        }
    }
}
