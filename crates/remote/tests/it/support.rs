//! What a fetch gave.

use std::path::PathBuf;

use goldsmith_remote::{Address, RemoteError, RemoteErrorKind};

/// Where the program of a server is; says so where it is nowhere.
pub(crate) fn find(variable: &str, program: &str) -> Option<PathBuf> {
    goldsmith_test_servers::find_program(variable, program, "crates/remote/tests/it/main.rs")
}

/// Names and contents of the files at `address`, fetched with these variables set.
pub(crate) fn fetch(address: &str, variables: &[(&str, &str)]) -> Result<Vec<(String, Vec<u8>)>, RemoteError> {
    let environment =
        |wanted: &str| variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned());
    let fetched = Address::parse(address)?.expect("an address").fetch(&environment)?;
    let paths: Vec<PathBuf> = fetched.files().iter().map(|file| file.path.clone()).collect();
    for path in &paths {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(path.metadata().expect("a file").permissions().mode() & 0o777, 0o600, "only for this user");
        assert_eq!(path.parent().expect("a folder").metadata().expect("it").permissions().mode() & 0o777, 0o700);
    }
    let files = fetched.files().iter().map(|file| (file.name.clone(), std::fs::read(&file.path).expect("a file")));
    let files = files.collect();
    drop(fetched);
    assert!(paths.iter().all(|path| !path.exists()), "gone with their owner");
    Ok(files)
}

/// The names of the files at `address`.
pub(crate) fn names(address: &str, variables: &[(&str, &str)]) -> Vec<String> {
    fetch(address, variables).expect("files").into_iter().map(|(name, _)| name).collect()
}

/// Why nothing was fetched. No canary may show in it or in its causes.
pub(crate) fn failure(address: &str, variables: &[(&str, &str)]) -> (RemoteErrorKind, String) {
    let error = fetch(address, variables).expect_err("an error");
    let said = format!("{error} {error:?}");
    assert!(!said.contains("hunter2") && !said.contains("Signature=") && !said.contains("sig="), "{said}");
    (error.kind, error.to_string())
}
