//! SFTP, by the `sftp` program of OpenSSH: keys, agents, jump hosts and known hosts are those the user has. It asks
//! nothing, and talks to no host whose key is not known.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::fetched::{Fetched, local};
use crate::pattern::{compile, is_pattern, matches, select};
use crate::{Environment, RemoteError, variable};

/// Names another configuration file than `~/.ssh/config`.
const CONFIG_VARIABLE: &str = "GOLDSMITH_SSH_CONFIG";
/// Folders below each other that are looked into for `**`.
const MAX_DEPTH: usize = 64;

/// What an address says.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Place {
    user: Option<String>,
    host: String,
    port: Option<u16>,
    /// From the root; relative to the folder a login starts in where the address has `/~/`.
    pub(crate) path: String,
}

impl Place {
    /// The parts of `sftp://user@host/path`, where `path` has no leading slash, or what is wrong with them.
    pub(crate) fn parse(user: Option<&str>, authority: &str, path: &str) -> Result<Self, &'static str> {
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => {
                let port = port
                    .parse()
                    .map_err(|_| "has a port that is none; write a number, as in sftp://host:22/file.csv")?;
                (host, Some(port))
            }
            _ => (authority, None),
        };
        if host.is_empty() || path.is_empty() || path.ends_with('/') {
            return Err("needs a host and a path, as in \"sftp://user@host/folder/file.csv\"");
        }
        // A host or user that starts with a dash would be an option of the program.
        let plain = |text: &str, more: &str| {
            !text.starts_with('-') && text.chars().all(|c| c.is_alphanumeric() || "-._".contains(c) || more.contains(c))
        };
        if !plain(host, "[]:%") {
            return Err("has a host that is none; correct it");
        }
        if user.is_some_and(|user| user.is_empty() || !plain(user, "@\\+$")) {
            return Err("has a user that is none; correct it");
        }
        let path = path.strip_prefix("~/").map_or_else(|| format!("/{path}"), ToOwned::to_owned);
        Ok(Self { user: user.map(ToOwned::to_owned), host: host.to_owned(), port, path })
    }

    /// The address of the file at `path` without the user.
    fn shown(&self, path: &str) -> String {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        let start = if path.starts_with('/') { "" } else { "/~/" };
        format!("sftp://{}{port}{start}{path}", self.host)
    }
}

pub(crate) fn fetch(
    place: &Place,
    shown: &str,
    environment: Environment<'_>,
    fetched: &mut Fetched,
) -> Result<(), RemoteError> {
    let session =
        Session { place, shown, folder: fetched.folder().to_owned(), config: variable(environment, CONFIG_VARIABLE) };
    let paths =
        if is_pattern(&place.path) { select(&place.path, session.list()?, shown)? } else { vec![place.path.clone()] };
    session.get(&paths, fetched)
}

/// Fetches the files at `paths`, none of them a pattern, in one run.
pub(crate) fn fetch_each(
    place: &Place,
    paths: &[String],
    shown: &str,
    environment: Environment<'_>,
    fetched: &mut Fetched,
) -> Result<(), RemoteError> {
    let session =
        Session { place, shown, folder: fetched.folder().to_owned(), config: variable(environment, CONFIG_VARIABLE) };
    session.get(paths, fetched)
}

/// The names of the files directly in the folder at `path`.
pub(crate) fn list(
    place: &Place,
    path: &str,
    shown: &str,
    environment: Environment<'_>,
) -> Result<Vec<String>, RemoteError> {
    let own = Fetched::new(shown)?;
    let session =
        Session { place, shown, folder: own.folder().to_owned(), config: variable(environment, CONFIG_VARIABLE) };
    let entries = session.folders(&[path.to_owned()])?.into_iter().flatten();
    Ok(entries.filter(|entry| !entry.is_folder).map(|entry| entry.name).collect())
}

/// What runs of the program share.
struct Session<'a> {
    place: &'a Place,
    shown: &'a str,
    folder: std::path::PathBuf,
    config: Option<String>,
}

/// One line of a listing.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    name: String,
    is_folder: bool,
}

impl Session<'_> {
    /// Fetches the files at `paths`.
    fn get(&self, paths: &[String], fetched: &mut Fetched) -> Result<(), RemoteError> {
        let mut commands = String::new();
        for path in paths {
            let (here, _) = fetched.create(&self.place.shown(path), path)?;
            let here = here.to_str().ok_or_else(|| {
                let message = "cannot be kept: the path of the temporary folder is not text; set TMPDIR to another";
                RemoteError::config(self.shown, message)
            })?;
            commands.push_str(&format!("get {} {}\n", quoted(path), quoted(here)));
        }
        self.run(&commands).map(|_| ())
    }

    /// The paths of the files that the pattern may mean: its folders are listed level by level, a run for each level.
    fn list(&self) -> Result<Vec<String>, RemoteError> {
        let pattern = &self.place.path;
        let parts: Vec<&str> = pattern.split('/').collect();
        let fixed = parts.iter().take_while(|part| !is_pattern(part)).count();
        let recursive = parts.iter().position(|part| *part == "**");
        let start = parts.get(..fixed).unwrap_or_default().join("/");
        let start = match (pattern.starts_with('/'), start.is_empty()) {
            (true, true) => "/".to_owned(),
            (false, true) => ".".to_owned(),
            _ => start,
        };
        let mut files = Vec::new();
        let mut level = vec![start];
        for depth in fixed..parts.len().max(fixed + MAX_DEPTH) {
            if level.is_empty() {
                break;
            }
            let is_last = depth + 1 >= parts.len();
            let descends_into = |name: &str| match recursive {
                Some(from) if depth >= from => !name.starts_with('.'),
                _ => parts.get(depth).is_some_and(|part| {
                    !is_last && (*part == name || compile(part, self.shown).is_ok_and(|part| matches(&part, name)))
                }),
            };
            let mut next = Vec::new();
            for (folder, entries) in level.iter().zip(self.folders(&level)?) {
                for entry in entries {
                    let path = match folder.as_str() {
                        "." => entry.name.clone(),
                        "/" => format!("/{}", entry.name),
                        folder => format!("{folder}/{}", entry.name),
                    };
                    if !entry.is_folder {
                        files.push(path);
                    } else if descends_into(&entry.name) {
                        next.push(path);
                    }
                }
            }
            level = next;
        }
        Ok(files)
    }

    /// What each of `folders` holds.
    fn folders(&self, folders: &[String]) -> Result<Vec<Vec<Entry>>, RemoteError> {
        let mut commands = String::new();
        for folder in folders {
            commands.push_str(&format!("ls -lan {}\n", quoted(folder)));
        }
        let output = self.run(&commands)?;
        let text = String::from_utf8_lossy(&output.stdout);
        // The program repeats each command before its answer.
        let answers: Vec<Vec<Entry>> =
            text.split("sftp> ls -lan ").skip(1).map(|answer| answer.lines().filter_map(entry).collect()).collect();
        if answers.len() != folders.len() {
            let message = "is not listed: the sftp program answers in a form that is not known; name each file";
            return Err(RemoteError::internal(self.shown, message));
        }
        Ok(answers)
    }

    /// Runs `commands`, and says what went wrong if one of them fails.
    fn run(&self, commands: &str) -> Result<Output, RemoteError> {
        let batch = self.folder.join("commands");
        std::fs::write(&batch, commands).map_err(|error| local(self.shown, error))?;
        let child = self.command(&batch).spawn().map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                let message = "cannot be fetched: the program sftp is not there; install the OpenSSH client";
                RemoteError::config(self.shown, message)
            }
            _ => RemoteError::unavailable(self.shown, "cannot be fetched: the program sftp does not start; try again")
                .because(error),
        })?;
        let output = child.wait_with_output().map_err(|error| {
            RemoteError::unavailable(self.shown, "was not fetched: the program sftp was lost; try again").because(error)
        })?;
        if output.status.success() { Ok(output) } else { Err(self.explain(&output)) }
    }

    fn command(&self, batch: &Path) -> Command {
        let mut command = Command::new("sftp");
        if let Some(config) = &self.config {
            command.arg("-F").arg(config);
        }
        for option in [
            "BatchMode=yes",
            "StrictHostKeyChecking=yes",
            "ConnectTimeout=30",
            "ServerAliveInterval=15",
            "ServerAliveCountMax=4",
            "ClearAllForwardings=yes",
            "LogLevel=ERROR",
        ] {
            command.args(["-o", option]);
        }
        if let Some(port) = self.place.port {
            command.arg("-P").arg(port.to_string());
        }
        let user = self.place.user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
        let mut from = OsString::from("-b");
        from.push(batch);
        command.arg(from).arg(format!("{user}{}", self.place.host));
        // Messages and months are looked at, so they have to be English, and names UTF-8.
        command.env("LC_ALL", "C.UTF-8").env_remove("LANGUAGE");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// What the program complains about. Its words stay out: they may hold the user and paths of this machine.
    fn explain(&self, output: &Output) -> RemoteError {
        let text = String::from_utf8_lossy(&output.stderr);
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        // The file at fault is the one the last command asked for.
        let commands = String::from_utf8_lossy(&output.stdout);
        let at = commands.lines().rev().find_map(|line| unquoted(line.strip_prefix("sftp> get ")?));
        let at = at.map_or_else(|| self.shown.to_owned(), |path| self.place.shown(&path));
        let host = &self.place.host;
        let config = |message: String| RemoteError::config(&at, message);
        let unavailable = |message: &str| RemoteError::unavailable(&at, message);
        if says(&["REMOTE HOST IDENTIFICATION HAS CHANGED"]) {
            config(format!(
                "the key of host {host} is not the one known_hosts has; ask who runs it whether it changed, and correct known_hosts"
            ))
        } else if says(&["Host key verification failed", "host key is known for", "No matching host key"]) {
            config(format!(
                "the key of host {host} is not known; compare it with what who runs it says, and add it to known_hosts"
            ))
        } else if says(&["Could not resolve hostname"]) {
            unavailable("the host is not known to the name service; check the address and the network")
        } else if says(&[
            "Connection refused",
            "Connection timed out",
            "Operation timed out",
            "No route to host",
            "Network is unreachable",
        ]) {
            unavailable("the host cannot be reached; check the address and the network, and run again later")
        } else if says(&[
            "Bad configuration option",
            "Can't open user config file",
            "bad permissions",
            "Bad owner or permissions",
        ]) {
            config(format!(
                "the configuration of SSH is refused; correct ~/.ssh/config or the file {CONFIG_VARIABLE} names, and the permissions of the keys"
            ))
        } else if says(&["Permission denied (", "Too many authentication failures", "no mutual signature"]) {
            config(format!("host {host} refuses the login; check the user in the address, and the key or agent of SSH"))
        } else if says(&["Permission denied"]) {
            config("may not be read; grant read permission to the user who logs in".to_owned())
        } else if says(&["not found", "No such file"]) {
            RemoteError::missing(&at, "there is no such file; check the path, or whether its system delivers later")
        } else if says(&["not a regular file", "cannot download"]) {
            config("is not a file; name a file, or a pattern such as \"folder/*\"".to_owned())
        } else if says(&["No space left", "Disk quota exceeded"]) {
            local(&at, ErrorKind::StorageFull.into())
        } else if says(&["subsystem request failed"]) {
            config(format!("host {host} does not offer SFTP; ask who runs it to switch it on"))
        } else {
            unavailable("was not fetched: the connection ended before the file did; run again later")
        }
    }
}

/// `text` as one word of a command, with nothing in it that stands for something else.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The first word of what [`quoted`] made.
fn unquoted(text: &str) -> Option<String> {
    let mut characters = text.strip_prefix('"')?.chars();
    let mut word = String::new();
    loop {
        match characters.next()? {
            '"' => return Some(word),
            '\\' => word.push(characters.next()?),
            character => word.push(character),
        }
    }
}

/// `-rw-r--r--    ? 1000     1000           12 Nov 22 11:00 a file.csv`
fn entry(line: &str) -> Option<Entry> {
    let kind = line.chars().next().filter(|kind| "-dlbcps".contains(*kind))?;
    let mut rest = line;
    for _ in 0..8 {
        rest = rest.trim_start_matches(' ').split_once(' ')?.1;
    }
    let name = rest.rsplit('/').next()?;
    let is_regular = matches!(kind, '-' | 'd' | 'l') && !matches!(name, "" | "." | "..");
    is_regular.then(|| Entry { name: name.to_owned(), is_folder: kind == 'd' })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_their_parts() {
        let place = Place::parse(Some("me"), "host:2222", "in/a.csv").unwrap();
        assert_eq!(
            (place.user.as_deref(), &*place.host, place.port, &*place.path),
            (Some("me"), "host", Some(2222), "/in/a.csv")
        );
        let place = Place::parse(None, "[::1]", "~/a.csv").unwrap();
        assert_eq!((&*place.host, place.port, &*place.path), ("[::1]", None, "a.csv"));
        assert_eq!(place.shown("b.csv"), "sftp://[::1]/~/b.csv");
    }

    #[test]
    fn lines_of_a_listing_are_understood() {
        let file = |name: &str, is_folder| Some(Entry { name: name.to_owned(), is_folder });
        assert_eq!(
            entry("-rw-r--r--    ? 0        0              12 Nov 22 11:00 /in/a  b.csv"),
            file("a  b.csv", false)
        );
        assert_eq!(entry("drwxr-xr-x    ? 0        0            4096 Nov  2  2024 /in/deep"), file("deep", true));
        assert_eq!(entry("drwxr-xr-x    ? 0        0            4096 Nov  2  2024 /in/.."), None);
        assert_eq!(entry("prw-r--r--    ? 0        0               0 Nov  2  2024 /in/pipe"), None);
        assert_eq!(entry("Can't ls: nothing"), None);
    }

    #[test]
    fn words_of_commands_come_back() {
        for text in ["a b", "a\"b", "a\\b", "*?[x]", "ü"] {
            assert_eq!(unquoted(&format!("{} \"/tmp/x\"", quoted(text))).as_deref(), Some(text));
        }
    }
}
