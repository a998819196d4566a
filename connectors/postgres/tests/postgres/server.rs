//! A PostgreSQL server of the tests' own: temporary folder, free port, gone when the test process is.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub(crate) const PASSWORD: &str = "hunter2-canary";

/// A running server. Its shell waits for its standard input to end, which it does however this process ends, and then
/// stops the server and removes its folder.
pub(crate) struct Server {
    shell: Child,
    pub(crate) port: u16,
    /// Process id of the server itself.
    pub(crate) pid: u32,
    pub(crate) folder: PathBuf,
}

/// `$1` programs, `$2` port, `$3` what to do in the folder before the start; the rest are settings.
const SCRIPT: &str = r#"
set -e
bin=$1 port=$2 prepare=$3; shift 3
dir=$(mktemp -d /tmp/goldsmith-pg-XXXXXX); cd "$dir"
printf '%s' "$PGPASSWORD" > password
"$bin/initdb" -D data -U admin -A scram-sha-256 --pwfile=password -E UTF8 --locale=C.UTF-8 --no-sync > log 2>&1 || cat log >&2
eval "$prepare" > prepare.log 2>&1 || cat prepare.log >&2
"$bin/postgres" -D data -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$dir" -c fsync=off \
    -c max_connections=30 "$@" >> log 2>&1 &
pid=$!
echo "$pid $dir"
read -r line || true
kill -INT "$pid" 2> /dev/null || true
wait "$pid" || true
rm -rf "$dir"
"#;

impl Server {
    /// Starts one, or says loudly why not. With `REQUIRE_SERVERS=1` that is a failure.
    pub(crate) fn start(prepare: &str, settings: &[&str]) -> Option<Self> {
        let Some(programs) = programs() else {
            let message = "SKIPPED: no PostgreSQL server is installed (Debian: apt-get install postgresql), so nothing was tested";
            assert!(std::env::var_os("REQUIRE_SERVERS").is_none(), "{message}");
            // Not captured, so that it is seen of a test that passes.
            std::io::stderr().write_all(format!("{message}\n").as_bytes()).unwrap();
            return None;
        };
        let port = goldsmith_test_servers::free_port();
        let mut command = unprivileged("sh");
        command.args(["-c", SCRIPT, "sh"]).arg(&programs).arg(port.to_string()).arg(prepare).args(settings);
        command.env("PGPASSWORD", PASSWORD).stdin(Stdio::piped()).stdout(Stdio::piped()).current_dir("/tmp");
        let mut shell = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (pid, folder) = line.trim().split_once(' ').expect("the server did not start");
        let server = Self { shell, port, pid: pid.parse().unwrap(), folder: PathBuf::from(folder) };
        let patience = Instant::now() + Duration::from_secs(60);
        while !server.psql("postgres", "SELECT 1").0 {
            assert!(Instant::now() < patience, "the server does not answer: {}", server.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Runs statements as the administrator; whether they succeeded, and what came.
    pub(crate) fn psql(&self, database: &str, sql: &str) -> (bool, String) {
        let mut command = Command::new("psql");
        command.args(["-qXAt", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "admin", "-d", database, "-p"]);
        command.arg(self.port.to_string()).env("PGPASSWORD", PASSWORD);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(sql.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    pub(crate) fn run(&self, database: &str, sql: &str) {
        let (done, said) = self.psql(database, sql);
        assert!(done, "{said}");
    }

    /// A database of its own for one test.
    pub(crate) fn database(&self, name: &str, sql: &str) {
        self.run("postgres", &format!("CREATE DATABASE {name}"));
        self.run(name, sql);
    }

    /// Options that read `database` without TLS.
    pub(crate) fn options(&self, database: &str) -> Value {
        json!({
            "host": "127.0.0.1", "port": self.port, "database": database, "user": "admin",
            "password": {"file": password_file()}, "tls": "disable",
        })
    }

    /// Kills the server as a crash would.
    pub(crate) fn kill(&self) {
        signal(self.pid, "-KILL");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        drop(self.shell.wait());
    }
}

pub(crate) fn signal(pid: u32, signal: &str) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}

/// A file with the password; the same for all tests, written once.
pub(crate) fn password_file() -> PathBuf {
    static FILE: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    let write = || {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("postgres-password");
        std::fs::write(&path, format!("{PASSWORD}\n")).unwrap();
        path
    };
    FILE.get_or_init(write).clone()
}

/// The newest server programs of Debian, or those beside `pg_config`.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).collect();
    let told = Command::new("pg_config").arg("--bindir").output();
    found.extend(told.ok().map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())));
    found.retain(|programs| programs.join("initdb").exists());
    found.sort();
    found.pop()
}

/// The server refuses to run as root.
fn unprivileged(program: &str) -> Command {
    let user = Command::new("id").arg("-u").output().unwrap();
    if user.stdout != b"0\n" {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", program]);
    command
}
