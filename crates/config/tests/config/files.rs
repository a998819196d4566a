//! What concerns files: overlays, encodings, paths.

use std::path::Path;

use goldsmith_config::{LoadOptions, Loaded, Mistakes, load, resolve};

use crate::{connectors, small};

fn load_file(path: &Path, env: Option<&str>) -> Result<Loaded, Mistakes> {
    let connectors = connectors();
    let options =
        LoadOptions { env: env.map(str::to_owned), vars: Vec::new(), connectors: &connectors, process_env: &|_| None };
    load(path, &options)
}

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn first(result: Result<Loaded, Mistakes>) -> String {
    result.unwrap_err().list.remove(0).message
}

#[test]
fn overlays() {
    let base =
        small("    contract:\n      new_column: warn\n      missing_column: warn\n", "", "vars:\n  where: test\n");
    let over = "vars:\n  where: prod\nsources:\n  crm:\n    contract:\n      missing_column: fail\npublish:\n  to: s3/${where}\n  keep: 7\n";
    let folder = folder(&[("pipeline.yaml", base.as_bytes()), ("pipeline.prod.yaml", over.as_bytes())]);
    let path = folder.path().join("pipeline.yaml");
    let plain = load_file(&path, None).unwrap().pipeline;
    assert_eq!((plain.publish.to.as_str(), plain.publish.keep), ("out", None));
    let loaded = load_file(&path, Some("prod")).unwrap();
    assert_eq!((loaded.pipeline.publish.to.as_str(), loaded.pipeline.publish.keep), ("s3/prod", Some(7)));
    let contract = &loaded.pipeline.sources.get("crm").unwrap().contract;
    assert_eq!(contract.new_column, goldsmith_config::model::ColumnPolicy::Warn, "what the overlay leaves out stays");
    assert_eq!(contract.missing_column, goldsmith_config::model::ColumnPolicy::Fail);
    assert_eq!(loaded.base_dir, folder.path());
    let place = loaded.positions.value("publish.keep");
    assert_eq!((place.file, place.line, place.column), (1, 9, 9), "places point into the overlay");
}

#[test]
fn mistakes_of_an_overlay_name_its_file() {
    let base = small("", "", "");
    let folder = folder(&[("pipeline.yaml", base.as_bytes()), ("pipeline.prod.yaml", b"publish:\n  kep: 7\n")]);
    let path = folder.path().join("pipeline.yaml");
    let mistakes = load_file(&path, Some("prod")).unwrap_err();
    assert!(
        mistakes.to_string().contains("pipeline.prod.yaml:2:3 (publish.kep)\n  |\n2 |   kep: 7\n  |   ^^^\n"),
        "{mistakes}"
    );
    let missing = first(load_file(&path, Some("dev")));
    assert!(
        missing.starts_with("the environment `dev` has no overlay: `") && missing.contains("pipeline.dev.yaml"),
        "{missing}"
    );
    for name in ["../x", "", "a b"] {
        assert!(first(load_file(&path, Some(name))).contains("cannot name an environment"), "{name}");
    }
}

#[test]
fn unreadable_files() {
    let utf16: Vec<u8> = "\u{feff}version: 1".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big = vec![b' '; 4 * 1024 * 1024 + 1];
    let folder = folder(&[("latin.yaml", b"version: 1\nname: caf\xe9\n"), ("utf16.yaml", &utf16), ("big.yaml", &big)]);
    let load = |name: &str| load_file(&folder.path().join(name), None);
    let mistakes = load("latin.yaml").unwrap_err();
    let place = mistakes.list[0].place.as_ref().unwrap();
    assert_eq!((place.line, place.column), (2, 10));
    assert_eq!(mistakes.list[0].message, "this byte is not UTF-8; save the file as UTF-8");
    assert_eq!(first(load("utf16.yaml")), "the file is UTF-16; save it as UTF-8");
    assert_eq!(first(load("big.yaml")), "the pipeline file is larger than 4 MiB");
    assert_eq!(first(load("none.yaml")), "the pipeline file does not exist; check the path");
    assert!(load("none.yaml").unwrap_err().to_string().contains("none.yaml"));
    assert!(first(load("")).starts_with("the pipeline file cannot be read: "));
}

#[test]
fn paths_start_at_the_file() {
    assert_eq!(resolve(Path::new("pipelines/a"), "../data/x.csv"), Path::new("pipelines/a/../data/x.csv"));
    assert_eq!(resolve(Path::new("pipelines"), "/data/x.csv"), Path::new("/data/x.csv"));
}
