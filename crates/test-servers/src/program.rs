//! The program of a server.

use std::io::Write as _;
use std::path::PathBuf;

/// Where the program is: what the variable named `variable` says, or, where it is not set, `program` in PATH or
/// `/usr/sbin`. Where it is nowhere, says on standard error that there is no test without it; `head` is where the file that tells how to install
/// it lies.
///
/// # Panics
/// Where it is nowhere and `REQUIRE_SERVERS` is 1.
#[must_use]
pub fn find_program(variable: &str, program: &str, head: &str) -> Option<PathBuf> {
    let found = match std::env::var_os(variable) {
        Some(named) => Some(PathBuf::from(named)).filter(|path| path.is_file()),
        None => {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
            folders.map(|folder| folder.join(program)).find(|path| path.is_file())
        }
    };
    if found.is_none() {
        let message = format!("NOT TESTED: {program} is not installed; see the head of {head}");
        assert!(std::env::var_os("REQUIRE_SERVERS").is_none_or(|required| required != "1"), "{message}");
        // Past the capture of the test harness.
        drop(writeln!(std::io::stderr(), "{message}"));
    }
    found
}
