//! A folder with synthetic data, the sample pipeline over it, and the binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs the binary.
pub(crate) fn goldsmith(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_goldsmith")).args(arguments).output().expect("the binary runs")
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Synthetic data, written once for all tests and never changed.
fn data() -> &'static Path {
    static DATA: OnceLock<TempDir> = OnceLock::new();
    DATA.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let out = folder.path().display().to_string();
        let output = goldsmith(&["synth", "--records", "2000", "--seed", "11", "--out", &out, "--quiet"]);
        assert!(output.status.success(), "{}", stderr(&output));
        folder
    })
    .path()
}

/// A pipeline over `crm.csv`, read with `options`, that publishes people with `fields`; `rest` comes before `publish:`.
pub(crate) fn crm_pipeline(options: &[&str], fields: &[&str], rest: &str) -> String {
    let lines = |lines: &[&str], indent: usize| -> String {
        lines.iter().map(|line| format!("{:indent$}{line}\n", "")).collect()
    };
    format!(
        "version: 1\nname: own\nsources:\n  crm:\n    connector: csv\n    path: crm.csv\n{}    records:\n      - entity: person\n        key: id\n        fields:\n{}{rest}publish:\n  to: out\n",
        lines(options, 4),
        lines(fields, 10),
    )
}

/// A copy of the data with the sample pipeline over it; what it publishes is below the same folder.
pub(crate) struct Workspace {
    folder: TempDir,
}

impl Workspace {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        copy(data(), &folder.path().join("data"));
        let sample =
            std::fs::read_to_string(root().join("pipelines/customer-360/pipeline.yaml")).expect("the sample pipeline");
        let pipeline = sample
            .replace("../../sample-data", "data")
            .replace("../../out/customer-360", "out")
            .replace("rows >= 1000", "rows >= 100");
        let workspace = Self { folder };
        std::fs::write(workspace.pipeline(), pipeline).expect("the pipeline is written");
        workspace
    }

    /// A pipeline of one's own over files of one's own.
    pub(crate) fn with(pipeline: &str, files: &[(&str, &str)]) -> Self {
        let workspace = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        std::fs::write(workspace.pipeline(), pipeline).expect("the pipeline is written");
        for (name, text) in files {
            std::fs::write(workspace.path(name), text).expect("a file is written");
        }
        workspace
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    pub(crate) fn pipeline(&self) -> PathBuf {
        self.path("pipeline.yaml")
    }

    /// Changes the text of the pipeline.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.pipeline()).expect("the pipeline");
        assert!(text.contains(from), "the pipeline does not say {from:?}");
        std::fs::write(self.pipeline(), text.replacen(from, to, 1)).expect("the pipeline is written");
    }

    /// `goldsmith COMMAND pipeline.yaml ARGUMENTS…`
    pub(crate) fn command(&self, command: &str, arguments: &[&str]) -> Output {
        let pipeline = self.pipeline().display().to_string();
        let mut all = vec![command, pipeline.as_str()];
        all.extend(arguments);
        goldsmith(&all)
    }

    /// A run that has to succeed.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut all = vec!["--as-of", "2026-01-31T00:00:00Z"];
        all.extend(arguments);
        let output = self.command("run", &all);
        assert!(output.status.success(), "{}", stderr(&output));
        output
    }

    /// The answer to a question about the newest version, as CSV without the header.
    pub(crate) fn query(&self, sql: &str) -> Vec<String> {
        let pipeline = self.pipeline().display().to_string();
        let output = goldsmith(&["query", "--pipeline", &pipeline, "--format", "csv", sql]);
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output).lines().skip(1).map(str::to_owned).collect()
    }

    /// The published versions.
    pub(crate) fn versions(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.path("out/versions"))
            .map(|entries| entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
            .unwrap_or_default();
        names.sort();
        names
    }

    /// The bytes of every data table of a version that promises equal bytes for equal input.
    pub(crate) fn tables(&self, version: &str) -> Vec<(String, Vec<u8>)> {
        // These carry the run's id, or row numbers and offsets, which change with the order of the input.
        let excluded = ["run_manifest", "record_ledger", "quarantine"];
        let mut tables: Vec<(String, Vec<u8>)> = std::fs::read_dir(self.path(&format!("out/versions/{version}")))
            .expect("the version")
            .flatten()
            .filter(|entry| entry.path().join("part-00000.parquet").exists())
            .map(|entry| {
                (
                    entry.file_name().to_string_lossy().into_owned(),
                    std::fs::read(entry.path().join("part-00000.parquet")).expect("the table"),
                )
            })
            .filter(|(name, _)| !excluded.contains(&name.as_str()))
            .collect();
        tables.sort();
        assert!(tables.len() >= 14, "{} tables", tables.len());
        tables
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}
