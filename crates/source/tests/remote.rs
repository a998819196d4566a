//! Paths that are addresses: fetched when first asked for, once, and gone with the last who can read them.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use goldsmith_source::ErrorKind;
use goldsmith_source::files::{Compression, Decompression, InputFile, Paths, read_whole};

/// A web server that answers with the target it was asked for, and how often it was asked.
fn server() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            let mut buffer = [0; 1024];
            while !head.ends_with(b"\r\n\r\n") {
                let read = stream.read(&mut buffer).unwrap();
                head.extend_from_slice(&buffer[..read]);
            }
            count.fetch_add(1, Ordering::SeqCst);
            let target = String::from_utf8(head).unwrap().split(' ').nth(1).unwrap().to_owned();
            let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", target.len());
            stream.write_all(format!("{head}{target}").as_bytes()).unwrap();
        }
    });
    (url, asked)
}

fn paths(paths: &[&str]) -> Paths {
    Paths::new(paths.iter().map(|&path| path.to_owned()).collect()).unwrap()
}

fn content(file: &InputFile) -> String {
    String::from_utf8(read_whole(file, Compression::Auto, &Decompression::default()).unwrap().0).unwrap()
}

#[test]
fn a_file_is_fetched_once_for_all_who_ask() {
    let (url, asked) = server();
    let paths = paths(&[&format!("{url}/a.csv?token=hunter2")]);
    let twin = paths.clone();
    assert_eq!(asked.load(Ordering::SeqCst), 0, "nothing is sent before somebody asks");
    let first = paths.files(Path::new("/nowhere")).unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| twin.clone())
        .map(|twin| std::thread::spawn(move || twin.files(Path::new("")).unwrap()))
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), first);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(content(&first[0]), "/a.csv?token=hunter2");
    assert_eq!(&*first[0].name, format!("{url}/a.csv"));
    assert!(first[0].path.to_str().unwrap().ends_with("a.csv"), "endings tell formats");
    assert!(first[0].is_fetched());
    for said in [paths.locator(), format!("{paths:?}"), format!("{first:?}"), paths.iter().collect()] {
        assert!(!said.contains("hunter2"), "{said}");
    }
    drop((paths, twin));
    let path = first[0].path.clone();
    assert!(path.exists(), "it is still needed");
    drop(first);
    assert!(!path.exists() && !path.parent().unwrap().exists());
}

#[test]
fn local_files_and_addresses_keep_their_order_and_their_names_differ() {
    let (url, asked) = server();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("b.csv"), "local").unwrap();
    let part = |number: u32| format!("{url}/a.csv?part={number}");
    let paths = paths(&[&part(2), "*.csv", &part(1), &part(2), &part(3)]);
    let files = paths.files(folder.path()).unwrap();
    let found: Vec<(String, String)> = files.iter().map(|file| (file.name.replace(&url, ""), content(file))).collect();
    let expected = [
        ("/a.csv", "/a.csv?part=2"),
        ("b.csv", "local"),
        ("/a.csv (2)", "/a.csv?part=1"),
        ("/a.csv (3)", "/a.csv?part=3"),
    ];
    assert_eq!(found, expected.map(|(name, content)| (name.to_owned(), content.to_owned())));
    assert_eq!(asked.load(Ordering::SeqCst), 3, "the same address twice is one file");
    assert_eq!(paths.files(folder.path()).unwrap(), files);
}

#[test]
fn addresses_are_checked_before_anything_is_sent() {
    let refused = |path: &str| {
        let error = Paths::new(vec![path.to_owned()]).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Config);
        let said = format!("{error} {error:?}");
        assert!(!said.contains("hunter2"), "{said}");
        let json = serde_json::from_value::<Paths>(serde_json::json!(path)).unwrap_err().to_string();
        assert_eq!(json, error.to_string());
        json
    };
    assert!(refused("sftp://me:hunter2@h/a.csv").starts_with("sftp://h: has a password in it"));
    assert!(refused("ftp://h/a.csv").ends_with("known are https, http, s3, az and sftp"));
    assert!(refused("http://h/*.csv").contains("web servers do not list their files"));
}
