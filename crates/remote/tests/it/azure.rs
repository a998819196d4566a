//! Azure Blob Storage, played by Azurite, which checks signatures.

use std::process::Command;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use goldsmith_remote::RemoteErrorKind::{Config, Unavailable};
use ring::hmac;

use goldsmith_test_servers::Server;

use crate::support::{failure, fetch, find, names};

/// What the documentation of Azurite gives to everybody.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

struct Azurite {
    server: Server,
    endpoint: String,
    _folder: tempfile::TempDir,
}

fn mac(text: &str) -> String {
    STANDARD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(KEY).unwrap()), text.as_bytes()))
}

impl Azurite {
    /// A server with the closed container `crm` and the open one `open`.
    fn start() -> Option<Self> {
        let program = find("AZURITE_BLOB", "azurite-blob")?;
        let folder = tempfile::tempdir().unwrap();
        let port = goldsmith_test_servers::free_port();
        let mut command = Command::new(program);
        command.args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string(), "--silent", "--skipApiVersionCheck"]);
        command.args(["--disableTelemetry", "--location"]).arg(folder.path());
        let server = Server::start(&mut command, port);
        let azurite = Self { endpoint: format!("http://127.0.0.1:{port}/{ACCOUNT}"), server, _folder: folder };
        azurite.put("/crm?restype=container", "", "");
        azurite.put("/open?restype=container", "x-ms-blob-public-access:blob", "");
        for (path, body) in [
            ("crm/in/b.csv", "id\n2\n"),
            ("crm/in/a.csv", "id\n1\n"),
            ("crm/in/.hidden.csv", "id\n9\n"),
            ("crm/in/deep/c.csv", "id\n3\n"),
            ("crm/in/sp%20ace%20%2B%C3%BC%26.csv", "id\n4\n"),
            ("open/a.csv", "id\n7\n"),
        ] {
            azurite.put(&format!("/{path}"), "x-ms-blob-type:BlockBlob", body);
        }
        Some(azurite)
    }

    /// A signed PUT, written apart from what is tested.
    fn put(&self, target: &str, header: &str, body: &str) {
        let date = DateTime::<Utc>::from(SystemTime::now()).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let length = if body.is_empty() { String::new() } else { body.len().to_string() };
        let header = if header.is_empty() { String::new() } else { format!("{header}\n") };
        let resource = format!("/{ACCOUNT}/{ACCOUNT}{}", target.replace("?restype=", "\nrestype:"));
        let text =
            format!("PUT\n\n\n{length}\n\n\n\n\n\n\n\n\n{header}x-ms-date:{date}\nx-ms-version:2021-12-02\n{resource}");
        let headers = format!(
            "x-ms-date: {date}\r\nx-ms-version: 2021-12-02\r\n{}Authorization: SharedKey {ACCOUNT}:{}\r\n",
            header.replace(':', ": ").replace('\n', "\r\n"),
            mac(&text)
        );
        let (status, answer) = self.server.send("PUT", &format!("/{ACCOUNT}{target}"), &headers, body.as_bytes());
        // A container that is sent again is there already.
        assert!([201, 409].contains(&status), "{target}: {status} {answer}");
    }

    /// A token of the account (<https://learn.microsoft.com/en-us/rest/api/storageservices/create-account-sas>).
    fn token(permissions: &str) -> String {
        let (start, end, version) = ("2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "2018-11-09");
        let text = format!("{ACCOUNT}\n{permissions}\nb\nco\n{start}\n{end}\n\nhttps,http\n{version}\n");
        let signature: String = url::form_urlencoded::byte_serialize(mac(&text).as_bytes()).collect();
        format!("sv={version}&ss=b&srt=co&sp={permissions}&st={start}&se={end}&spr=https,http&sig={signature}")
    }
}

#[test]
fn keys_tokens_and_open_containers_are_read() {
    let Some(azurite) = Azurite::start() else { return };
    let token = Azurite::token("rl");
    let account = [("AZURE_STORAGE_ACCOUNT", ACCOUNT), ("AZURE_STORAGE_SERVICE_ENDPOINT", &*azurite.endpoint)];
    let connection = format!("AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={};", azurite.endpoint);
    for credentials in [
        vec![account[0], account[1], ("AZURE_STORAGE_KEY", KEY)],
        vec![account[0], account[1], ("AZURE_STORAGE_SAS_TOKEN", &*token)],
        vec![("AZURE_STORAGE_CONNECTION_STRING", &*connection)],
    ] {
        let one = |address: &str| fetch(address, &credentials).unwrap();
        assert_eq!(one("az://crm/in/a.csv"), [("az://crm/in/a.csv".to_owned(), b"id\n1\n".to_vec())]);
        let name = "az://crm/in/sp ace +ü&.csv";
        assert_eq!(one(name), [(name.to_owned(), b"id\n4\n".to_vec())]);
        let expected = ["az://crm/in/a.csv", "az://crm/in/b.csv", name];
        assert_eq!(names("az://crm/in/*.csv", &credentials), expected);
        assert_eq!(names("az://crm/**/c.*", &credentials), ["az://crm/in/deep/c.csv"]);
    }
    assert_eq!(fetch("az://open/a.csv", &account).unwrap(), [("az://open/a.csv".to_owned(), b"id\n7\n".to_vec())]);
}

#[test]
#[ignore = "filling the container takes a minute and a half"]
fn long_listings_are_followed_to_their_end() {
    let Some(azurite) = Azurite::start() else { return };
    // A page has at most 5,000 names.
    for number in 0..5_003 {
        azurite.put(&format!("/crm/many/{number:04}.csv"), "x-ms-blob-type:BlockBlob", "");
    }
    let token = Azurite::token("rl");
    for credentials in [("AZURE_STORAGE_KEY", KEY), ("AZURE_STORAGE_SAS_TOKEN", &*token)] {
        let variables =
            [("AZURE_STORAGE_ACCOUNT", ACCOUNT), ("AZURE_STORAGE_SERVICE_ENDPOINT", &azurite.endpoint), credentials];
        let expected = ["az://crm/many/0001.csv", "az://crm/many/5001.csv"];
        assert_eq!(names("az://crm/many/[05]001.csv", &variables), expected);
    }
}

#[test]
fn refusals_say_what_to_mend() {
    let Some(azurite) = Azurite::start() else { return };
    let account = [("AZURE_STORAGE_ACCOUNT", ACCOUNT), ("AZURE_STORAGE_SERVICE_ENDPOINT", &*azurite.endpoint)];
    let with = |name: &'static str, value: &str, address: &str| {
        let (kind, message) = failure(address, &[account[0], account[1], (name, value)]);
        (kind, message.strip_prefix(&format!("{address}: ")).unwrap().to_owned())
    };
    let missing = "there is no such file; check the path, or whether its system delivers later";
    assert_eq!(with("AZURE_STORAGE_KEY", KEY, "az://crm/no.csv"), (Unavailable, missing.to_owned()));
    let container = "there is no container \"nobody\"; check its name and AZURE_STORAGE_ACCOUNT";
    assert_eq!(with("AZURE_STORAGE_KEY", KEY, "az://nobody/a.csv"), (Config, container.to_owned()));
    assert_eq!(with("AZURE_STORAGE_KEY", KEY, "az://nobody/*.csv"), (Config, container.to_owned()));
    let (kind, message) = with("AZURE_STORAGE_KEY", "aHVudGVyMg==", "az://crm/in/a.csv");
    assert_eq!(kind, Config);
    assert!(message.starts_with("the account key is refused; correct AZURE_STORAGE_ACCOUNT"), "{message}");
    let token = Azurite::token("r").replace("sig=", "sig=hunter2");
    let (kind, message) = with("AZURE_STORAGE_SAS_TOKEN", &token, "az://crm/in/a.csv");
    assert_eq!(kind, Config);
    assert!(message.starts_with("the token in AZURE_STORAGE_SAS_TOKEN is refused"), "{message}");
    let (kind, message) = with("AZURE_STORAGE_SAS_TOKEN", &Azurite::token("r"), "az://crm/in/*.csv");
    assert_eq!(kind, Config);
    assert!(message.contains("lack permission to read (and list, for patterns)"), "{message}");
    let (kind, message) = with("AZURE_STORAGE_KEY", "", "az://crm/in/a.csv");
    assert_eq!(kind, Config, "{message}");
    assert!(message.contains("set AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN"), "{message}");
}
