//! Same input, same bytes: whatever the number of threads and the order of the rows.

use std::io::{Read, Write};

use crate::support::{Workspace, stderr};

fn assert_same(a: &[(String, Vec<u8>)], b: &[(String, Vec<u8>)]) {
    for ((name, left), (other, right)) in a.iter().zip(b) {
        assert_eq!(name, other);
        assert!(left == right, "{name} differs");
    }
    assert_eq!(a.len(), b.len());
}

#[test]
fn threads_do_not_matter() {
    let one = Workspace::new();
    one.run(&["--threads", "1"]);
    let two = Workspace::new();
    two.run(&["--threads", "2"]);
    assert_same(&one.tables("1"), &two.tables("1"));
}

/// Nothing that small needs a file: the allocator is told to begin with less.
#[test]
#[cfg(target_os = "linux")]
fn memory_in_a_file_gives_the_same() {
    let held = Workspace::new();
    held.run(&[]);
    let bounded = Workspace::new();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_goldsmith"))
        .args(["run", "--memory", "1500MB", "--as-of", "2026-01-31T00:00:00Z", "--json"])
        .arg(bounded.pipeline())
        .env("MIMALLOC_ARENA_RESERVE", "32768")
        .output()
        .expect("the binary runs");
    if stderr(&output).contains("its file system is not one of") {
        eprintln!("not tested: {}", stderr(&output));
        return;
    }
    assert!(output.status.success(), "{}", stderr(&output));
    let manifest: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a manifest");
    // How soon the file is needed depends on when threads give back what they took.
    let in_file: Vec<u64> =
        manifest["stages"].as_array().into_iter().flatten().filter_map(|stage| stage["in_file"].as_u64()).collect();
    assert!(in_file.iter().any(|bytes| *bytes > 1 << 20), "{in_file:?} bytes in a file");
    assert_same(&held.tables("1"), &bounded.tables("1"));
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let straight = Workspace::new();
    straight.run(&[]);
    let shuffled = Workspace::new();
    shuffle_csv(&shuffled);
    shuffle_ndjson(&shuffled);
    shuffle_sqlite(&shuffled);
    let output = shuffled.run(&[]);
    assert!(stderr(&output).contains("version 1 published"));
    assert_same(&straight.tables("1"), &shuffled.tables("1"));
}

/// Reverses the rows and then swaps the halves: neither end stays where it was.
fn shuffled<T>(mut rows: Vec<T>) -> Vec<T> {
    rows.reverse();
    let half = rows.len() / 2;
    rows.rotate_left(half);
    rows
}

fn shuffle_csv(workspace: &Workspace) {
    let path = workspace.path("data/crm/customers.csv.gz");
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(&path).expect("the file"))
        .read_to_end(&mut bytes)
        .expect("gzip");
    let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let header = lines.remove(0);
    let mut encoder =
        flate2::write::GzEncoder::new(std::fs::File::create(&path).expect("the file"), flate2::Compression::fast());
    encoder.write_all(header).expect("written");
    for line in shuffled(lines) {
        encoder.write_all(line).expect("written");
        if !line.ends_with(b"\n") {
            encoder.write_all(b"\n").expect("written");
        }
    }
    encoder.finish().expect("written");
}

fn shuffle_ndjson(workspace: &Workspace) {
    let path = workspace.path("data/support/contacts.ndjson");
    let text = std::fs::read_to_string(&path).expect("the file");
    let lines = shuffled(text.lines().collect::<Vec<_>>());
    std::fs::write(&path, lines.join("\n") + "\n").expect("written");
}

/// Child rows are read in the order of their rowids; giving them new ones reorders them.
fn shuffle_sqlite(workspace: &Workspace) {
    let database = rusqlite::Connection::open(workspace.path("data/shop.db")).expect("the database");
    database
        .execute_batch(
            "UPDATE addresses SET id = -id; UPDATE addresses SET id = id + 1000000;
             CREATE TABLE reversed AS SELECT * FROM marketing_consent ORDER BY rowid DESC;
             DELETE FROM marketing_consent; INSERT INTO marketing_consent SELECT * FROM reversed; DROP TABLE reversed;",
        )
        .expect("reordered");
}
