//! SFTP, by the server of OpenSSH with keys and a configuration of its own.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use goldsmith_remote::Folder;
use goldsmith_remote::RemoteErrorKind::{Config, Unavailable};

use goldsmith_test_servers::Server;

use crate::support::{failure, fetch, find, names};

/// The user `nobody`: the server of a test that root runs has no more rights than that one.
const NOBODY: u32 = 65_534;

struct Sshd {
    server: Server,
    folder: tempfile::TempDir,
    /// What the SSH configuration is called that knows host and user.
    config: String,
}

fn key(path: &Path) {
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

impl Sshd {
    /// A server whose folder `data` holds a few files.
    fn start() -> Option<Self> {
        let (program, _, _) = (find("SSHD", "sshd")?, find("SFTP", "sftp")?, find("SSH_KEYGEN", "ssh-keygen")?);
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        key(&at("host"));
        key(&at("user"));
        key(&at("stranger"));
        let port = goldsmith_test_servers::free_port();
        let is_root = folder.path().metadata().unwrap().uid() == 0;
        // Without PAM the account counts as locked, because it has no password.
        let pam = if is_root { "yes" } else { "no" };
        std::fs::copy(at("user.pub"), at("authorized")).unwrap();
        let shown = |name: &str| at(name).display().to_string();
        write(
            &at("sshd_config"),
            &format!(
                "ListenAddress 127.0.0.1:{port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM {pam}\n\
                 PasswordAuthentication no\nKbdInteractiveAuthentication no\nStrictModes no\n\
                 Subsystem sftp internal-sftp\n",
                shown("host"),
                shown("authorized")
            ),
        );
        let host_key = std::fs::read_to_string(at("host.pub")).unwrap();
        write(&at("known_hosts"), &format!("[127.0.0.1]:{port} {host_key}"));
        let user = if is_root { "User nobody\n" } else { "" };
        let config = |name: &str, identity: &str, known: &str| {
            let text = format!(
                "Host exports\n HostName 127.0.0.1\n Port {port}\nHost *\n {user} IdentityFile {}\n IdentitiesOnly yes\n \
                 IdentityAgent none\n UserKnownHostsFile {}\n GlobalKnownHostsFile /dev/null\n",
                shown(identity),
                shown(known)
            );
            write(&at(name), &text);
        };
        config("config", "user", "known_hosts");
        config("config_stranger", "stranger", "known_hosts");
        config("config_unknown", "user", "nothing");
        config("config_changed", "user", "changed");
        let other_key = std::fs::read_to_string(at("stranger.pub")).unwrap();
        write(&at("changed"), &format!("[127.0.0.1]:{port} {other_key}"));
        for (name, body) in [
            ("b.csv", "id\n2\n"),
            ("a.csv", "id\n1\n"),
            (".hidden.csv", "id\n9\n"),
            ("deep/er/c.csv", "id\n3\n"),
            ("deep/d.csv", "id\n5\n"),
            ("sp  ace ü\"'\\*.csv", "id\n4\n"),
            ("x[1].csv", "id\n6\n"),
            ("x1.csv", "id\n7\n"),
            ("deep/back\\slash.txt", "id\n10\n"),
        ] {
            let path = at("data").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, body).unwrap();
        }
        let path = at("data/secret.csv");
        write(&path, "id\n8\n");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
        let mut command = Command::new(program);
        command.args(["-D", "-e", "-f"]).arg(at("sshd_config"));
        if is_root {
            for path in [folder.path().to_owned(), at("sshd_config"), at("host"), path] {
                chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
            command.uid(NOBODY).gid(NOBODY);
        }
        let server = Server::start(&mut command, port);
        Some(Self { config: shown("config"), server, folder })
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn address(&self, name: &str) -> String {
        format!("sftp://127.0.0.1:{}{}/{name}", self.server.port(), self.data().display())
    }

    fn variables(&self) -> [(&str, &str); 1] {
        [("GOLDSMITH_SSH_CONFIG", &self.config)]
    }
}

#[test]
fn files_and_patterns_are_fetched() {
    let Some(sshd) = Sshd::start() else { return };
    let variables = sshd.variables();
    let content = |name: &str| fetch(&sshd.address(name), &variables).unwrap();
    assert_eq!(content("a.csv"), [(sshd.address("a.csv"), b"id\n1\n".to_vec())]);
    let odd = "sp  ace ü\"'\\*.csv";
    assert_eq!(content(odd), [(sshd.address(odd), b"id\n4\n".to_vec())]);
    assert_eq!(content("x[1].csv"), [(sshd.address("x[1].csv"), b"id\n6\n".to_vec())], "the file before the pattern");
    let odd_too = "deep/back\\slash.txt";
    assert_eq!(content(odd_too), [(sshd.address(odd_too), b"id\n10\n".to_vec())]);
    let matching = |pattern: &str| names(&sshd.address(pattern), &variables);
    let expected = |files: &[&str]| files.iter().map(|name| sshd.address(name)).collect::<Vec<_>>();
    assert_eq!(matching("[!s]*.csv"), expected(&["a.csv", "b.csv", "x1.csv", "x[1].csv"]));
    assert_eq!(matching("sp*.csv"), expected(&[odd]));
    assert_eq!(matching("[ab].csv"), expected(&["a.csv", "b.csv"]));
    assert_eq!(matching("d*/*/c.csv"), expected(&["deep/er/c.csv"]));
    assert_eq!(matching("deep/**/*.csv"), expected(&["deep/d.csv", "deep/er/c.csv"]));
    // The host, the port and the user as the configuration has them.
    let alias = format!("sftp://exports{}/a.csv", sshd.data().display());
    assert_eq!(fetch(&alias, &variables).unwrap(), [(alias, b"id\n1\n".to_vec())]);
}

#[test]
fn folders_are_listed_and_their_files_fetched_by_name() {
    let Some(sshd) = Sshd::start() else { return };
    let environment = |name: &str| (name == "GOLDSMITH_SSH_CONFIG").then(|| sshd.config.clone());
    let folder = Folder::parse(&sshd.address("")).unwrap().unwrap();
    assert_eq!(folder.list("deep", &environment).unwrap().unwrap(), ["back\\slash.txt", "d.csv"]);
    assert!(folder.list("no", &environment).unwrap_err().missing);
    let paths = ["x[1].csv", "deep/er/c.csv"].map(str::to_owned);
    let fetched = folder.fetch(&paths, &environment).unwrap();
    let found: Vec<_> =
        fetched.files().iter().map(|file| (file.name.clone(), std::fs::read(&file.path).unwrap())).collect();
    let expected = [("x[1].csv", b"id\n6\n"), ("deep/er/c.csv", b"id\n3\n")];
    assert_eq!(found, expected.map(|(name, content)| (sshd.address(name), content.to_vec())));
    assert!(folder.fetch(&["no.csv".to_owned()], &environment).unwrap_err().missing);
    let top = [format!("{}/a.csv", sshd.data().display()).trim_start_matches('/').to_owned()];
    assert_eq!(folder.top().fetch(&top, &environment).unwrap().files()[0].name, sshd.address("a.csv"));
}

#[test]
fn refusals_say_what_to_mend() {
    let Some(sshd) = Sshd::start() else { return };
    let variables = sshd.variables();
    let missing = "there is no such file; check the path, or whether its system delivers later";
    let address = sshd.address("no.csv");
    assert_eq!(failure(&address, &variables), (Unavailable, format!("{address}: {missing}")));
    let address = sshd.address("no/*.csv");
    assert_eq!(failure(&address, &variables), (Unavailable, format!("{address}: {missing}")));
    let address = sshd.address("no*.csv");
    let none = "no file matches this pattern; check it, or whether its system delivers later";
    assert_eq!(failure(&address, &variables), (Unavailable, format!("{address}: {none}")));
    let address = sshd.address("deep");
    let folder = "is not a file; name a file, or a pattern such as \"folder/*\"";
    assert_eq!(failure(&address, &variables), (Config, format!("{address}: {folder}")));

    let address = sshd.address("secret.csv");
    let denied = "may not be read; grant read permission to the user who logs in";
    assert_eq!(failure(&address, &variables), (Config, format!("{address}: {denied}")));

    let address = sshd.address("a.csv");
    let with = |config: &str| {
        let path = sshd.folder.path().join(config).display().to_string();
        let (kind, message) = failure(&address, &[("GOLDSMITH_SSH_CONFIG", &path)]);
        (kind, message.strip_prefix(&format!("{address}: ")).unwrap().to_owned())
    };
    let login = "host 127.0.0.1 refuses the login; check the user in the address, and the key or agent of SSH";
    assert_eq!(with("config_stranger"), (Config, login.to_owned()));
    let (kind, message) = with("config_unknown");
    assert!(kind == Config && message.starts_with("the key of host 127.0.0.1 is not known;"), "{message}");
    let (kind, message) = with("config_changed");
    assert!(
        kind == Config && message.starts_with("the key of host 127.0.0.1 is not the one known_hosts has"),
        "{message}"
    );
    let (kind, message) = with("config_that_is_not_there");
    assert!(kind == Config && message.starts_with("the configuration of SSH is refused"), "{message}");
    let nobody = format!("sftp://127.0.0.1:{}/a.csv", goldsmith_test_servers::free_port());
    let (kind, message) = failure(&nobody, &variables);
    assert!(kind == Unavailable && message.contains("the host cannot be reached"), "{message}");
}
