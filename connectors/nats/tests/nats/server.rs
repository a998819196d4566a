//! A NATS server of the tests' own: temporary folder, free port, gone when the test process is.

use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A running server. Its shell waits for its standard input to end, which it does however this process ends, and then
/// stops the server and removes its folder. On a line `again` it starts the server once more, after a kill.
pub(crate) struct Server {
    shell: Child,
    said: BufReader<std::process::ChildStdout>,
    pub(crate) port: u16,
    pid: u32,
    pub(crate) folder: PathBuf,
}

/// `$1` what to do in the folder before the start, `$2` the port, `$3` settings.
const SCRIPT: &str = r#"
set -e
PATH=$PATH:/usr/sbin:/usr/local/bin
dir=$(mktemp -d /tmp/goldsmith-nats-XXXXXX); cd "$dir"
eval "$1" > prepare.log 2>&1 || cat prepare.log >&2
printf 'port: %s\nhost: 127.0.0.1\njetstream { store_dir: "%s/js" }\n%s\n' "$2" "$dir" "$3" > server.conf
line=again
while [ "$line" = again ]; do
    nats-server -c server.conf >> log 2>&1 &
    pid=$!
    echo "$pid $dir"
    line=
    read -r line || true
    kill -KILL "$pid" 2> /dev/null || true
    wait "$pid" 2> /dev/null || true
done
rm -rf "$dir"
"#;

impl Server {
    /// Starts one, or says loudly why not. With `REQUIRE_SERVERS=1` that is a failure.
    pub(crate) fn start(prepare: &str, settings: &str) -> Option<Self> {
        let there = |folder: &&str| Path::new(folder).join("nats-server").exists();
        if !["/usr/sbin", "/usr/bin", "/usr/local/bin"].iter().any(there) {
            let message =
                "SKIPPED: no NATS server is installed (Debian: apt-get install nats-server), so nothing was tested";
            assert!(std::env::var_os("REQUIRE_SERVERS").is_none(), "{message}");
            // Not captured, so that it is seen of a test that passes.
            std::io::stderr().write_all(format!("{message}\n").as_bytes()).unwrap();
            return None;
        }
        // A port that was free may be taken by now.
        (0..3).find_map(|_| Self::on_a_free_port(prepare, settings)).or_else(|| panic!("the server does not start"))
    }

    fn on_a_free_port(prepare: &str, settings: &str) -> Option<Self> {
        let port = goldsmith_test_servers::free_port();
        let mut command = unprivileged("sh");
        command.args(["-c", SCRIPT, "sh", prepare]).arg(port.to_string()).arg(settings);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).current_dir("/tmp");
        let mut shell = command.spawn().unwrap();
        let mut said = BufReader::new(shell.stdout.take().unwrap());
        let (pid, folder) = started(&mut said);
        let server = Self { shell, said, port, pid, folder };
        server.answers().then_some(server)
    }

    fn answers(&self) -> bool {
        let patience = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() || !self.log().contains("Server is ready") {
            if self.log().contains("nats-server: ") || self.log().contains("[FTL]") {
                eprintln!("{}", self.log());
                return false;
            }
            assert!(Instant::now() < patience, "the server does not answer: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Options that read without TLS and login.
    pub(crate) fn options(&self) -> Value {
        json!({ "servers": [format!("127.0.0.1:{}", self.port)], "tls": "disable" })
    }

    pub(crate) fn address(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Kills the server as a crash would.
    pub(crate) fn kill(&self) {
        assert!(Command::new("kill").args(["-KILL", &self.pid.to_string()]).status().unwrap().success());
    }

    /// Starts the server again, with what it had stored.
    pub(crate) fn restart(&mut self) {
        std::fs::write(self.folder.join("log"), "").unwrap();
        self.shell.stdin.as_mut().unwrap().write_all(b"again\n").unwrap();
        self.pid = started(&mut self.said).0;
        assert!(self.answers());
    }
}

fn started(said: &mut impl BufRead) -> (u32, PathBuf) {
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let (pid, folder) = line.trim().split_once(' ').expect("the server did not start");
    (pid.parse().unwrap(), PathBuf::from(folder))
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        drop(self.shell.wait());
    }
}

/// As the user of the server where we are root.
fn unprivileged(program: &str) -> Command {
    let user = Command::new("id").arg("-u").output().unwrap();
    if user.stdout != b"0\n" {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nats", "--regid=nats", "--clear-groups", program]);
    command
}
