//! Reading files: paths, compression, encodings, and what is refused.

use std::io::{Read as _, Write as _};
use std::path::Path;

use flate2::Compression as Level;
use flate2::write::GzEncoder;
use goldsmith_source::files::{
    self, Compression, Decompression, Digest, Encoding, InputFile, Paths, digest, open, read_error, read_whole, text,
};
use goldsmith_source::{ErrorKind, SourceError};
use tempfile::TempDir;

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    folder
}

fn input(folder: &TempDir, name: &str) -> InputFile {
    InputFile::new(name, folder.path().join(name))
}

fn names(patterns: &[&str], base: &Path) -> Result<Vec<String>, SourceError> {
    let paths = Paths::new(patterns.iter().map(|&pattern| pattern.to_owned()).collect())?;
    Ok(paths.files(base)?.iter().map(|file| file.name.to_string()).collect())
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zstd(content: &[u8]) -> Vec<u8> {
    zstd::encode_all(content, 3).unwrap()
}

fn content(name: &str, bytes: &[u8], compression: Compression) -> Result<Vec<u8>, String> {
    let folder = folder(&[(name, bytes)]);
    let file = input(&folder, name);
    match read_whole(&file, compression, &Decompression::default()) {
        Ok((content, found)) => {
            let checksum = blake3::hash(bytes).to_hex().to_string();
            assert_eq!(found, Digest { bytes: bytes.len() as u64, checksum });
            assert_eq!(found, digest(&file).unwrap());
            Ok(content)
        }
        Err(error) => Err(format!("{:?} {error}", error.kind)),
    }
}

#[test]
fn patterns_are_sorted_and_each_file_comes_once() {
    let folder = folder(&[("b.csv", b""), ("a.csv", b""), ("in/c.csv", b""), (".hidden.csv", b""), ("x[1].csv", b"")]);
    let base = folder.path();
    assert_eq!(names(&["*.csv"], base).unwrap(), ["a.csv", "b.csv", "x[1].csv"]);
    assert_eq!(names(&["b.csv", "*.csv"], base).unwrap(), ["b.csv", "a.csv", "x[1].csv"]);
    assert_eq!(names(&["**/c.csv"], base).unwrap(), ["in/c.csv"]);
    assert_eq!(names(&["[ab].csv"], base).unwrap(), ["a.csv", "b.csv"]);
    assert_eq!(names(&["x[1].csv"], base).unwrap(), ["x[1].csv"]);
    assert_eq!(names(&["*"], base).unwrap(), ["a.csv", "b.csv", "x[1].csv"], "folders are passed over");
}

#[test]
fn a_file_that_is_named_in_several_ways_comes_once() {
    let folder = folder(&[("a.csv", b""), ("in/b.csv", b"")]);
    let base = folder.path().join(".");
    assert_eq!(names(&["a.csv", "[a].csv", "./a.csv", "in/../a.csv"], &base).unwrap(), ["a.csv"]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path().join("a.csv"), folder.path().join("latest.csv")).unwrap();
        assert_eq!(names(&["*.csv"], &base).unwrap(), ["a.csv"]);
        assert_eq!(names(&["latest.csv", "in/*.csv"], &base).unwrap(), ["latest.csv", "in/b.csv"]);
    }
}

#[test]
fn a_base_folder_with_brackets_is_no_pattern() {
    let folder = folder(&[("data[1]/a.csv", b"")]);
    assert_eq!(names(&["*.csv"], &folder.path().join("data[1]")).unwrap(), ["a.csv"]);
}

#[test]
fn missing_files_are_named_with_the_way_out() {
    let folder = folder(&[("customers.csv", b"")]);
    let base = folder.path();
    let message = |pattern: &str| {
        let error = names(&[pattern], base).unwrap_err();
        format!("{:?} {error}", error.kind).replace(&base.display().to_string(), "BASE")
    };
    let cases = [
        ("custmers.csv", "Unavailable custmers.csv: there is no such file; did you mean \"customers.csv\"?"),
        ("orders.db", "Unavailable orders.db: there is no such file; relative paths start from BASE"),
        ("*.db", "Unavailable *.db: no file matches this pattern; relative patterns start from BASE"),
        ("a/***", "Config a/***: is not a valid pattern: wildcards are either regular `*` or recursive `**`"),
    ];
    for (pattern, expected) in cases {
        assert_eq!(message(pattern), expected);
    }
    assert_eq!(names(&[], base).unwrap_err().to_string(), "the list of paths is empty; name at least one file");
}

#[test]
fn odd_objects_are_refused() {
    let folder = folder(&[("in/a.csv", b"")]);
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("s")).unwrap();
    let message = |path: &str| {
        let file = InputFile::new("x", folder.path().join(path));
        let error = open(&file, Compression::Auto, &Decompression::default()).err().unwrap();
        format!("{:?} {error}", error.kind)
    };
    let advice = "not a file; name a file, or a pattern such as \"folder/*\"";
    assert_eq!(message("in"), format!("Config x: is a folder, {advice}"));
    assert_eq!(message("s"), format!("Config x: is a socket, {advice}"));
    assert_eq!(message("/dev/null"), format!("Config x: is a device, {advice}"));
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("p")).status();
    if made.is_ok_and(|status| status.success()) {
        assert_eq!(message("p"), format!("Config x: is a named pipe, {advice}"));
    }
    let missing = "Unavailable x: there is no such file; check the path, or whether its system delivers later";
    assert_eq!(message("no"), missing);
    assert_eq!(message("in/a.csv/b"), missing);
}

#[test]
fn compression_is_told_from_the_bytes() {
    let plain = b"id,name\n1,Ada\n".repeat(1000);
    assert_eq!(content("a.csv", &plain, Compression::Auto).unwrap(), plain);
    assert_eq!(content("a.csv.gz", &gzip(&plain), Compression::Auto).unwrap(), plain);
    assert_eq!(content("a.csv", &gzip(&plain), Compression::Auto).unwrap(), plain, "whatever the name");
    assert_eq!(content("a.csv.zst", &zstd(&plain), Compression::Auto).unwrap(), plain);
    assert_eq!(content("a", &gzip(&plain), Compression::Gzip).unwrap(), plain);
    assert_eq!(content("a.gz", &gzip(&plain), Compression::None).unwrap(), gzip(&plain));
    assert_eq!(content("a.csv", b"", Compression::Auto).unwrap(), b"");
    let wrong = "Corrupt a.gz: should be gzip by its name but is not; deliver it again, or set compression: none";
    assert_eq!(content("a.gz", &plain, Compression::Auto).unwrap_err(), wrong);
    let wrong =
        "Corrupt a: should be zstd by its declared compression but is not; deliver it again, or set compression: none";
    assert_eq!(content("a", &plain, Compression::Zstd).unwrap_err(), wrong);
}

#[test]
fn members_are_read_as_one_file() {
    let joined = [gzip(b"one "), gzip(b""), gzip(b"two")].concat();
    assert_eq!(content("a.gz", &joined, Compression::Auto).unwrap(), b"one two");
    let padded = [gzip(b"one"), vec![0; 1000]].concat();
    assert_eq!(content("a.gz", &padded, Compression::Auto).unwrap(), b"one");
    let joined = [zstd(b"one "), zstd(b"two")].concat();
    assert_eq!(content("a.zst", &joined, Compression::Auto).unwrap(), b"one two");
}

#[test]
fn a_cut_file_is_noticed_wherever_it_is_cut() {
    let plain: Vec<u8> = (0..2000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    for (name, bytes, format) in [("a.gz", gzip(&plain), "gzip"), ("a.zst", zstd(&plain), "zstd")] {
        let expected = format!("Corrupt {name}: is cut short: its {format} data has no end; deliver it again");
        for cut in (0..200).chain((200..bytes.len()).step_by(97)).chain(bytes.len() - 20..bytes.len()) {
            assert_eq!(content(name, &bytes[..cut], Compression::Auto).unwrap_err(), expected, "cut at {cut}");
        }
    }
}

#[test]
fn rubbish_and_broken_data_are_noticed() {
    let rubbish = [gzip(b"one"), b"more".to_vec()].concat();
    let expected = "Corrupt a.gz: has other bytes after the end of its gzip data; deliver it again";
    assert_eq!(content("a.gz", &rubbish, Compression::Auto).unwrap_err(), expected);
    let mut broken = gzip(&b"some text to compress".repeat(100));
    let middle = broken.len() / 2;
    broken[middle] ^= 0xff;
    let expected = "Corrupt a.gz: holds broken gzip data; deliver it again";
    assert_eq!(content("a.gz", &broken, Compression::Auto).unwrap_err(), expected);
    let rubbish = [zstd(b"one"), b"more".to_vec()].concat();
    let expected = "Corrupt a.zst: holds broken zstd data; deliver it again";
    assert_eq!(content("a.zst", &rubbish, Compression::Auto).unwrap_err(), expected);
}

#[test]
fn bombs_are_stopped() {
    let bomb = zstd(&vec![b'0'; 300 << 20]);
    let folder = folder(&[("a.zst", &bomb)]);
    let file = input(&folder, "a.zst");
    let message = |limits: &Decompression| {
        let mut reader = open(&file, Compression::Auto, limits).unwrap();
        let copied = std::io::copy(&mut reader, &mut std::io::sink());
        copied.map_err(|error| read_error(&file, error).to_string())
    };
    assert_eq!(
        message(&Decompression::default()).unwrap_err(),
        "a.zst: decompresses to more than 250 times its size; if it is meant to, raise decompression: max_ratio of the source"
    );
    assert_eq!(
        message(&Decompression { max_bytes: 1 << 20, ..Decompression::default() }).unwrap_err(),
        "a.zst: decompresses to more than 1048576 bytes; if it is meant to, raise decompression: max_bytes of the source"
    );
    assert_eq!(message(&Decompression { max_ratio: 1 << 20, ..Decompression::default() }).unwrap(), 300 << 20);
}

/// The text, and the original bytes had back from it.
fn decoded(bytes: &[u8], encoding: &str) -> Result<(Vec<u8>, Vec<u8>), String> {
    let folder = folder(&[("a", bytes)]);
    let file = input(&folder, "a");
    let reader = open(&file, Compression::None, &Decompression::default()).unwrap();
    let mut reader =
        text(&file, reader, Encoding::named(encoding).unwrap()).map_err(|error| format!("{:?} {error}", error.kind))?;
    let mut content = Vec::new();
    reader.read_to_end(&mut content).unwrap();
    let original = reader.original(&content).into_owned();
    assert_eq!(reader.finish(&file).unwrap().bytes, bytes.len() as u64);
    Ok((content, original))
}

#[test]
fn encodings_are_decoded_and_can_be_had_back() {
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let long = "Zoë Müller 李 😀 ".repeat(20_000);
    let cases: [(&[u8], &str, &str, &[u8]); 9] = [
        (b"\xef\xbb\xbfZo\xc3\xab", "utf-8", "Zoë", b"Zo\xc3\xab"),
        (b"Zo\xeb \x80", "iso-8859-1", "Zoë €", b"Zo\xeb \x80"),
        (b"Zo\xeb", "latin1", "Zoë", b"Zo\xeb"),
        (b"\x8e\x52\x93\x63", "shift_jis", "山田", b"\x8e\x52\x93\x63"),
        (b"\xff\xfeZ\0\xeb\0", "utf-16", "Zë", b"Z\0\xeb\0"),
        (b"\xfe\xff\0Z\0\xeb", "utf-16", "Zë", b"\0Z\0\xeb"),
        (b"Z\0\xeb\0", "utf-16le", "Zë", b"Z\0\xeb\0"),
        (&utf_16(&long), "utf-16le", &long, &utf_16(&long)),
        (b"", "utf-16", "", b""),
    ];
    for (bytes, encoding, expected, original) in cases {
        let (content, back) = decoded(bytes, encoding).unwrap();
        assert!(content == expected.as_bytes(), "{encoding}: {:?}", String::from_utf8_lossy(&content));
        assert!(back == original, "{encoding}");
    }
}

#[test]
fn malformed_bytes_stay_visible_and_can_be_had_back() {
    for (bytes, encoding) in [
        (b"a\nb\x81 c\nd\x81".as_slice(), "shift_jis"),
        (b"a\0\n\0\x00\xd8b\0", "utf-16le"),
        (b"a\0\n\0b\0c", "utf-16le"),
        (b"a\nb\xff", "euc-jp"),
    ] {
        let (content, back) = decoded(bytes, encoding).unwrap();
        assert!(std::str::from_utf8(&content).is_err(), "{encoding}");
        assert!(content.starts_with(b"a\n"), "{encoding}");
        assert_eq!(back, bytes, "{encoding}");
    }
    // UTF-8 is passed on unchanged.
    assert_eq!(decoded(b"a\xff\n", "utf-8").unwrap().0, b"a\xff\n");
}

#[test]
fn a_mark_that_contradicts_the_declared_encoding_is_refused() {
    assert_eq!(
        decoded(b"\xff\xfea\0", "utf-8").unwrap_err(),
        "Config a: starts with the byte-order mark of utf-16le but is declared as utf-8; set encoding: utf-16"
    );
    assert_eq!(
        decoded(b"\xef\xbb\xbfa", "iso-8859-1").unwrap_err(),
        "Config a: starts with the byte-order mark of utf-8 but is declared as windows-1252; set encoding: utf-8"
    );
}

#[test]
fn a_file_that_may_not_be_read_is_a_matter_of_configuration() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder(&[("a", b"x")]);
    let file = input(&folder, "a");
    std::fs::set_permissions(&file.path, std::fs::Permissions::from_mode(0o000)).unwrap();
    // Root reads everything; then there is nothing to see.
    if let Err(error) = files::open_seekable(&file) {
        assert_eq!(error.kind, ErrorKind::Config);
        assert_eq!(error.to_string(), "a: may not be read; grant read permission to the user who runs this");
    }
}
