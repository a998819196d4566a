//! What the docs say is what the program does.

use std::path::{Path, PathBuf};

use goldsmith::normalize::functions::catalogue;
use goldsmith::{reference, registry};
use goldsmith_config::{LoadOptions, load_text};

use crate::support::{goldsmith, root, stderr, stdout};

/// Every Markdown page of the project.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md")];
    let mut folders = ["docs", "connectors", "pipelines", "sample-data"].map(|name| root().join(name)).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

fn blocks(page: &Path, language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(page).expect("the page");
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).map(|rest| rest.split("\n```").next().unwrap_or_default().to_owned()).collect()
}

/// A block may be a whole pipeline file, or the part of one below `sources:` or at the top.
#[test]
fn every_yaml_block_is_valid() {
    let connectors = registry::schemas();
    let options = LoadOptions {
        env: None,
        vars: Vec::new(),
        connectors: &connectors,
        process_env: &|_| Some("value".to_owned()),
    };
    let records = "    records:\n      - entity: person\n        key: id\n        fields:\n          full_name: name\n";
    let mut seen = 0;
    for page in pages() {
        for block in blocks(&page, "yaml") {
            seen += 1;
            let whole = if block.lines().any(|line| line.starts_with("version:")) {
                block.clone()
            } else if block.lines().any(|line| line.starts_with("connector:")) {
                let indented: String = block.lines().map(|line| format!("    {line}\n")).collect();
                let records =
                    if block.contains("records:\n      - ") || block.contains("\nrecords:\n") { "" } else { records };
                format!("version: 1\nname: example\nsources:\n  example:\n{indented}{records}publish:\n  to: out\n")
            } else if block.lines().any(|line| line.starts_with("sources:")) {
                let records = if block.contains("records:\n") { "" } else { records };
                format!("version: 1\nname: example\n{block}\n{records}publish:\n  to: out\n")
            } else {
                format!(
                    "version: 1\nname: example\nsources:\n  example:\n    connector: csv\n    path: example.csv\n{records}{block}\n{}",
                    if block.lines().any(|line| line.starts_with("publish:")) { "" } else { "publish:\n  to: out\n" }
                )
            };
            if let Err(mistakes) = load_text(&whole, Path::new("block.yaml"), &options) {
                panic!("{}: {mistakes}\n{whole}", page.display());
            }
        }
    }
    assert!(seen >= 8, "{seen} blocks");
}

#[test]
fn the_reference_is_generated_from_the_code() {
    for (name, page) in [
        ("pipeline", reference::pipeline()),
        ("attributes", reference::attributes()),
        ("functions", reference::functions()),
        ("connectors", reference::connectors()),
        ("tables", reference::tables()),
    ] {
        let path = root().join(format!("docs/reference/{name}.md"));
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == page,
            "{} is not what the code says: write it again with `goldsmith reference {name} > docs/reference/{name}.md`",
            path.display()
        );
    }
}

#[test]
fn every_function_does_what_its_example_says() {
    for function in catalogue() {
        let output = goldsmith(&["query", "--format", "csv", &format!("SELECT {}", function.example)]);
        assert!(output.status.success(), "{}: {}", function.name, stderr(&output));
        let answer = stdout(&output).lines().nth(1).unwrap_or_default().to_owned();
        assert_eq!(answer, function.result, "{}", function.example);
    }
}

#[test]
fn the_schema_knows_every_connector_and_no_option_hides_a_common_key() {
    let schema = serde_json::to_string(&goldsmith_config::json_schema(&registry::schemas())).expect("JSON");
    for connector in registry::CONNECTORS {
        assert!(schema.contains(&format!("\"{}\"", connector.name())));
        let options = connector.options_schema();
        for key in goldsmith_config::model::sources::RESERVED_SOURCE_KEYS {
            assert!(
                options.get("properties").and_then(|properties| properties.get(key)).is_none(),
                "{}: {key}",
                connector.name()
            );
        }
    }
}
