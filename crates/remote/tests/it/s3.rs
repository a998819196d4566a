//! S3, played by moto, which checks signatures once it is told to.

use std::io::Write;
use std::process::Command;

use goldsmith_remote::RemoteErrorKind::{Config, Unavailable};

use goldsmith_test_servers::Server;

use crate::support::{failure, fetch, find, names};

const POLICY: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D";

struct Moto {
    _server: Server,
    endpoint: String,
    id: String,
    secret: String,
}

impl Moto {
    /// A server with buckets `crm` and `many.objects`, and one access key.
    fn start() -> Option<Self> {
        let program = find("MOTO_SERVER", "moto_server")?;
        let port = goldsmith_test_servers::free_port();
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        // Pages of three names, and no signatures until the buckets are filled.
        command.env("MOTO_S3_DEFAULT_MAX_KEYS", "3").env("INITIAL_NO_AUTH_ACTION_COUNT", "1000000");
        let server = Server::start(&mut command, port);
        for bucket in ["crm", "crm.dotted"] {
            assert_eq!(server.send("PUT", &format!("/{bucket}"), "", b"").0, 200);
        }
        for (key, body) in [
            ("in/", ""),
            ("in/b.csv", "id\n2\n"),
            ("in/a.csv", "id\n1\n"),
            ("in/.hidden.csv", ""),
            ("in/deep/c.csv", "id\n3\n"),
            ("in/deep/d.json", "{}"),
            ("in/sp%20ace%20%2B%C3%BC%25.csv", "id\n4\n"),
            ("in/x%5B1%5D.csv", "id\n5\n"),
            ("in/x1.csv", "id\n6\n"),
            ("other.csv", "id\n7\n"),
        ] {
            assert_eq!(server.send("PUT", &format!("/crm/{key}"), "", body.as_bytes()).0, 200, "{key}");
        }
        assert_eq!(server.send("PUT", "/crm.dotted/a.csv", "", b"id\n8\n").0, 200);
        let iam = |action: &str| {
            let headers = "Content-Type: application/x-www-form-urlencoded\r\nAuthorization: AWS4-HMAC-SHA256 \
                           Credential=x/20240101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=x\r\n";
            let (status, answer) =
                server.send("POST", "/", headers, format!("Version=2010-05-08&UserName=reader&{action}").as_bytes());
            assert_eq!(status, 200, "{answer}");
            answer
        };
        iam("Action=CreateUser");
        iam(&format!("Action=PutUserPolicy&PolicyName=all&PolicyDocument={POLICY}"));
        let key = iam("Action=CreateAccessKey");
        let element =
            |name: &str| key.split(&format!("<{name}>")).nth(1).unwrap().split('<').next().unwrap().to_owned();
        let (id, secret) = (element("AccessKeyId"), element("SecretAccessKey"));
        assert_eq!(server.send("POST", "/moto-api/reset-auth", "", b"0").0, 200);
        Some(Self { endpoint: format!("http://127.0.0.1:{port}"), _server: server, id, secret })
    }

    fn variables(&self) -> Vec<(&str, &str)> {
        vec![
            ("AWS_ENDPOINT_URL", &self.endpoint),
            ("AWS_ACCESS_KEY_ID", &self.id),
            ("AWS_SECRET_ACCESS_KEY", &self.secret),
            ("AWS_REGION", "eu-central-1"),
        ]
    }
}

#[test]
fn signed_requests_fetch_and_list() {
    let Some(moto) = Moto::start() else { return };
    let variables = moto.variables();
    let one = |address: &str| fetch(address, &variables).unwrap();
    assert_eq!(one("s3://crm/in/a.csv"), [("s3://crm/in/a.csv".to_owned(), b"id\n1\n".to_vec())]);
    assert_eq!(one("s3://crm.dotted/a.csv"), [("s3://crm.dotted/a.csv".to_owned(), b"id\n8\n".to_vec())]);
    let special = "s3://crm/in/sp ace +ü%.csv";
    // One that merely lies in PATH may be older than moto 5.2.5, which refuses the signatures of such names.
    if std::env::var_os("MOTO_SERVER").is_none()
        && fetch(special, &variables).is_err_and(|error| error.to_string().ends_with("correct AWS_SECRET_ACCESS_KEY"))
    {
        let message = "NOT TESTED: moto_server is older than 5.2.5; name a newer one in MOTO_SERVER";
        assert!(std::env::var_os("REQUIRE_SERVERS").is_none_or(|required| required != "1"), "{message}");
        drop(writeln!(std::io::stderr(), "{message}"));
        return;
    }
    assert_eq!(one(special), [(special.to_owned(), b"id\n4\n".to_vec())]);

    // The listing has ten names on four pages.
    let listed = names("s3://crm/in/*.csv", &variables);
    let expected = ["a", "b", "sp ace +ü%", "x1", "x[1]"].map(|name| format!("s3://crm/in/{name}.csv"));
    assert_eq!(listed, expected, "sorted, without folders and hidden files");
    assert_eq!(names("s3://crm/**/[cd].*", &variables), ["s3://crm/in/deep/c.csv", "s3://crm/in/deep/d.json"]);
    assert_eq!(names("s3://crm/**", &variables).len(), 8, "the folder in/ is no file");
    assert_eq!(names("s3://crm/in/sp ace*", &variables), ["s3://crm/in/sp ace +ü%.csv"]);
    assert_eq!(names("s3://crm/in/x[1].csv", &variables), ["s3://crm/in/x[1].csv"], "the file before the pattern");
}

#[test]
fn refusals_say_what_to_mend() {
    let Some(moto) = Moto::start() else { return };
    let variables = moto.variables();
    let changed = |name: &'static str, value: &'static str| {
        let mut variables = variables.clone();
        variables.retain(|(known, _)| *known != name);
        variables.push((name, value));
        variables
    };
    let missing = "there is no such file; check the path, or whether its system delivers later";
    assert_eq!(failure("s3://crm/no.csv", &variables), (Unavailable, format!("s3://crm/no.csv: {missing}")));
    let none = "no file matches this pattern; check it, or whether its system delivers later";
    assert_eq!(failure("s3://crm/no*.csv", &variables), (Unavailable, format!("s3://crm/no*.csv: {none}")));
    let bucket = "there is no bucket \"nobody\"; check its name and AWS_ENDPOINT_URL";
    assert_eq!(failure("s3://nobody/a.csv", &variables), (Config, format!("s3://nobody/a.csv: {bucket}")));
    assert_eq!(failure("s3://nobody/*.csv", &variables), (Config, format!("s3://nobody/*.csv: {bucket}")));
    let secret = changed("AWS_SECRET_ACCESS_KEY", "hunter2");
    let expected = "s3://crm/in/a.csv: the signature is refused; correct AWS_SECRET_ACCESS_KEY";
    assert_eq!(failure("s3://crm/in/a.csv", &secret), (Config, expected.to_owned()));
    let id = changed("AWS_ACCESS_KEY_ID", "AKIAXXXXXXXXXXXXXXXX");
    let expected = "s3://crm/in/a.csv: the access key in AWS_ACCESS_KEY_ID is not known; correct it";
    assert_eq!(failure("s3://crm/in/a.csv", &id), (Config, expected.to_owned()));
    let html = changed("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1");
    assert_eq!(failure("s3://crm/in/a.csv", &html).0, Unavailable);
}
