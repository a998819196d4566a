//! A MariaDB server of the tests' own: temporary folder, free port, gone when the test process is.

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

/// `$1` port, `$2` what to do in the folder before the start; the rest are settings. Without name resolution, hosts are
/// told apart by address. A folder for temporary files is its own, or another server that
/// starts removes them.
const SCRIPT: &str = r#"
set -e
port=$1 prepare=$2; shift 2
PATH=$PATH:/usr/sbin
dir=$(mktemp -d /tmp/goldsmith-my-XXXXXX); cd "$dir"
mariadb-install-db --no-defaults --datadir="$dir/data" --skip-test-db --skip-name-resolve \
    --auth-root-authentication-method=normal > log 2>&1 || cat log >&2
printf "CREATE USER admin@'%%' IDENTIFIED BY '%s';\nGRANT ALL ON *.* TO admin@'%%' WITH GRANT OPTION;\n" "$MYSQL_PWD" > init.sql
eval "$prepare" > prepare.log 2>&1 || cat prepare.log >&2
mariadbd --no-defaults --datadir="$dir/data" --port="$port" --bind-address=127.0.0.1 --socket="$dir/socket" \
    --tmpdir="$dir" --pid-file="$dir/pid" --skip-name-resolve --innodb-flush-log-at-trx-commit=0 --max-connections=40 \
    --init-file="$dir/init.sql" "$@" >> log 2>&1 &
pid=$!
echo "$pid $dir"
read -r line || true
kill -KILL "$pid" 2> /dev/null || true
wait "$pid" 2> /dev/null || true
rm -rf "$dir"
"#;

impl Server {
    /// Starts one, or says loudly why not. With `REQUIRE_SERVERS=1` that is a failure.
    pub(crate) fn start(prepare: &str, settings: &[&str]) -> Option<Self> {
        if !installed() {
            let message = "SKIPPED: no MariaDB server is installed (Debian: apt-get install mariadb-server), so nothing was tested";
            assert!(std::env::var_os("REQUIRE_SERVERS").is_none(), "{message}");
            // Not captured, so that it is seen of a test that passes.
            std::io::stderr().write_all(format!("{message}\n").as_bytes()).unwrap();
            return None;
        }
        // A port that was free may be taken by now.
        (0..3).find_map(|_| Self::on_a_free_port(prepare, settings)).or_else(|| panic!("the server does not start"))
    }

    fn on_a_free_port(prepare: &str, settings: &[&str]) -> Option<Self> {
        let port = goldsmith_test_servers::free_port();
        let mut command = unprivileged("sh");
        command.args(["-c", SCRIPT, "sh"]).arg(port.to_string()).arg(prepare).args(settings);
        command.env("MYSQL_PWD", PASSWORD).stdin(Stdio::piped()).stdout(Stdio::piped()).current_dir("/tmp");
        let mut shell = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (pid, folder) = line.trim().split_once(' ').expect("the server did not start");
        let server = Self { shell, port, pid: pid.parse().unwrap(), folder: PathBuf::from(folder) };
        let patience = Instant::now() + Duration::from_secs(60);
        while !server.sql("mysql", "SELECT 1").0 {
            if server.log().contains("Aborting") {
                eprintln!("{}", server.log());
                return None;
            }
            assert!(Instant::now() < patience, "the server does not answer: {}", server.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Runs statements as the administrator; whether they succeeded, and what came.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> (bool, String) {
        let mut command = Command::new("mariadb");
        command.args(["--no-defaults", "--batch", "--skip-column-names", "--default-character-set=utf8mb4"]);
        command.args(["-h", "127.0.0.1", "-u", "admin", "-D", database, "-P"]).arg(self.port.to_string());
        command.env("MYSQL_PWD", PASSWORD).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A server that is not there yet does not read.
        drop(child.stdin.take().unwrap().write_all(sql.as_bytes()));
        let output = child.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    pub(crate) fn run(&self, database: &str, sql: &str) {
        let (done, said) = self.sql(database, sql);
        assert!(done, "{said}");
    }

    /// A database of its own for one test.
    pub(crate) fn database(&self, name: &str, sql: &str) {
        self.run("mysql", &format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"));
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
        assert!(Command::new("kill").args(["-KILL", &self.pid.to_string()]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        drop(self.shell.wait());
    }
}

/// A file with the password; the same for all tests, written once.
pub(crate) fn password_file() -> PathBuf {
    static FILE: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    let write = || {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mysql-password");
        std::fs::write(&path, format!("{PASSWORD}\n")).unwrap();
        path
    };
    FILE.get_or_init(write).clone()
}

fn installed() -> bool {
    let there = |program: &str| ["/usr/sbin", "/usr/bin"].iter().any(|folder| Path::new(folder).join(program).exists());
    ["mariadbd", "mariadb-install-db", "mariadb"].into_iter().all(there)
}

/// The server refuses to run as root.
fn unprivileged(program: &str) -> Command {
    let user = Command::new("id").arg("-u").output().unwrap();
    if user.stdout != b"0\n" {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=mysql", "--regid=mysql", "--clear-groups", program]);
    command
}
