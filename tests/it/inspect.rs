//! Looking before running: what can be read (`connectors`), what is there (`discover`), whether a run would work (`doctor`), what the first rows
//! become (`preview`).

use crate::support::{Workspace, goldsmith, stderr, stdout};

const PIPELINE: &str = "version: 1
name: own
defaults: {region: GB}
sources:
  crm:
    connector: csv
    path: crm.csv
    records:
      - entity: person
        where: kind <> 'test'
        key: id
        fields:
          full_name: name
          emails: email
          phones: phone
publish:
  to: out
";
const ROWS: &str = "id,name,email,phone,kind
1, ann  LEE ,Ann@Example.com,01632 960001,real
2,Bob Ray,bob@example.com,12,test
3,torn
,Cy Poe,cy@example.com,,real
1,ann lee,ann@example.com,01632 960001,real
5,Dora Stone,dora@example.com,,real
";

#[test]
fn preview_shows_what_becomes_of_each_row() {
    let workspace = Workspace::with(PIPELINE, &[("crm.csv", ROWS)]);
    let output = workspace.command("preview", &["crm", "--json", "--rows", "4"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let shown: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let rows = shown["rows"].as_array().expect("rows");
    let numbers: Vec<i64> = rows.iter().filter_map(|row| row["row"].as_i64()).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5], "four rows that can be read, and the torn one among them");
    assert_eq!(rows[0]["raw"]["name"], " ann  LEE ");
    let repeated =
        rows[0]["becomes"][0]["repeated"]["key"].as_str().or(rows[4]["becomes"][0]["repeated"]["key"].as_str());
    assert_eq!(repeated, Some("1"), "{shown}");
    let record = rows.iter().find_map(|row| row["becomes"][0].get("record")).expect("a record");
    assert_eq!(record["key"], "1");
    assert_eq!(record["values"]["full_name"], "Ann Lee");
    assert_eq!(record["values"]["emails"][0]["value"], "ann@example.com");
    assert_eq!(record["values"]["phones"][0]["value"], "+441632960001");
    assert_eq!(rows[1]["becomes"][0], "filtered");
    assert!(rows[2]["becomes"][0]["quarantined"]["reason"].as_str().expect("a reason").contains("fields"), "{shown}");
    assert!(rows[3]["becomes"][0]["quarantined"]["reason"].as_str().expect("a reason").contains("key"), "{shown}");
    assert!(!workspace.path("out").exists(), "preview wrote something");

    let text = stdout(&workspace.command("preview", &["crm"]));
    assert!(text.contains("crm.csv, row 1") && text.contains("is left out by `where:`"), "{text}");
    let output = workspace.command("preview", &["crn"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no source `crn`. Did you mean \"crm\"?"), "{}", stderr(&output));
}

#[test]
fn preview_attaches_child_rows() {
    let workspace = Workspace::new();
    let output = workspace.command("preview", &["shop", "--rows", "3", "--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let shown: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let rows = shown["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 3, "{shown}");
    assert!(rows.iter().any(|row| row["becomes"][0]["record"]["values"]["consents"].is_array()), "{shown}");
}

#[test]
fn doctor_finds_what_would_stop_a_run() {
    let workspace = Workspace::with(PIPELINE, &[("crm.csv", ROWS)]);
    let output = workspace.command("doctor", &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(stdout(&output).contains("a run would work"), "{}", stdout(&output));
    assert!(!workspace.path("out").exists(), "doctor leaves nothing behind");

    // A column that is not there: at its place in the file.
    std::fs::write(workspace.path("crm.csv"), ROWS.replace("email,", "mail,")).expect("written");
    let output = workspace.command("doctor", &[]);
    assert_eq!(output.status.code(), Some(2));
    let said = stdout(&output);
    assert!(said.contains("FAIL  crm") && said.contains("mapping") && said.contains("pipeline.yaml:14:19"), "{said}");

    // A file that is not there: another try may help.
    std::fs::remove_file(workspace.path("crm.csv")).expect("removed");
    let output = workspace.command("doctor", &["--json"]);
    assert_eq!(output.status.code(), Some(4), "{}", stdout(&output));
    let findings: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let failed: Vec<_> = findings.as_array().expect("a list").iter().filter(|it| it["status"] == "fail").collect();
    assert_eq!(failed.len(), 1, "one cause, one finding: {findings}");
    assert_eq!(failed[0]["check"], "reach");

    // A place that cannot be written.
    std::fs::write(workspace.path("crm.csv"), ROWS).expect("written");
    std::fs::write(workspace.path("taken"), "").expect("written");
    workspace.edit("to: out", "to: taken");
    let output = workspace.command("doctor", &[]);
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    assert!(stdout(&output).contains("FAIL  pipeline"), "{}", stdout(&output));

    // A folder of other things.
    workspace.edit("to: taken", "to: .");
    for command in ["doctor", "run"] {
        let output = workspace.command(command, &[]);
        let said = stdout(&output) + &stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{command}: {said}");
        assert!(said.contains("holds other files; name a new or empty folder"), "{command}: {said}");
    }
}

#[test]
fn connectors_are_listed_with_an_example_and_what_proves_them() {
    let list = stdout(&goldsmith(&["connectors"]));
    for name in ["csv", "json", "parquet", "excel", "sqlite", "rest"] {
        assert!(list.contains(&format!("\n    connector: {name}\n")), "{name} is not in: {list}");
    }
    let one = stdout(&goldsmith(&["connectors", "csv"]));
    assert!(one.contains("| `encoding` |") && one.contains("proven by"), "{one}");
    let output = goldsmith(&["connectors", "cvs"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("Did you mean \"csv\"?"), "{}", stderr(&output));
    let json: serde_json::Value = serde_json::from_str(&stdout(&goldsmith(&["connectors", "--json"]))).expect("JSON");
    assert!(json.as_array().expect("a list").iter().all(|it| it["options"]["properties"].is_object()), "{json}");
}

#[test]
fn discover_lists_tables_and_suggests_a_mapping() {
    let workspace = Workspace::new();
    let path = workspace.path("data/shop.db").display().to_string();
    let said = stdout(&goldsmith(&["discover", &path]));
    assert!(said.contains("connector: sqlite") && said.contains("\ncustomers  ("), "{said}");
    assert!(said.contains("look like e-mail addresses") && said.contains("entity: person"), "{said}");
    let json = stdout(&goldsmith(&["discover", &path, "--json"]));
    let found: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(found["tables"].as_array().map(Vec::len), Some(4), "{found}");
    assert!(!json.contains('@'), "a value of a record is shown");
    let output = goldsmith(&["discover", "nowhere://ann:hunter2@x/y?token=hunter2"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let message = stderr(&output);
    assert!(message.contains("nowhere://x/y: no connector") && message.contains("postgres://"), "{message}");
    assert!(!message.contains("hunter2"));
    let message = stderr(&goldsmith(&["discover", "mysql://ann:hunter2@x:port/y"]));
    assert!(message.contains("PORT") && !message.contains("hunter2"), "{message}");
    let output = goldsmith(&["discover", "postgres://ann:hunter2@localhost/shop"]);
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("has a password in it") && !message.contains("hunter2"), "{message}");
}

#[test]
fn discover_maps_lists_of_objects_whose_first_members_are_empty() {
    let card = |number: u32| {
        format!(
            "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:u{number}\r\nFN:Ann Lee{number}\r\nN:Lee{number};Ann;;;\r\n\
                 ADR;TYPE=home:;;{number} High Street;Leeds;;LS1 4AB;United Kingdom\r\nEND:VCARD\r\n"
        )
    };
    let cards: String = (1..30).map(card).collect();
    let workspace = Workspace::with("", &[("people.vcf", &cards)]);
    let path = workspace.path("people.vcf").display().to_string();
    let said = stdout(&goldsmith(&["discover", &path]));
    assert!(said.contains("addresses: addresses"), "{said}");
}
