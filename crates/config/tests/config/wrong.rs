//! Wrong files, and the sentences they get.

use goldsmith_config::{LoadOptions, load_text};

use crate::right::CUSTOMER_360;
use crate::{load, said, small};

/// What one change to the documentation's pipeline makes of it.
#[track_caller]
fn check(from: &str, to: &str, expected: &[&str]) {
    assert!(CUSTOMER_360.contains(from), "{from}");
    let text = CUSTOMER_360.replacen(from, to, 1);
    assert_eq!(said(&text), expected, "{from} → {to}");
}

#[test]
fn keys() {
    check("        fields:  ", "        feilds:  ", &["21:9 unknown key `feilds`; did you mean `fields`?"]);
    check("    encoding:", "    encodign:", &["9:5 unknown key `encodign`; did you mean `encoding`?"]);
    check("publish:\n", "publisch:\n", &["97:1 unknown key `publisch`; did you mean `publish`?"]);
    check("  keep: 30", "  zzz: 30", &["99:3 unknown key `zzz`; the keys here are `keep` and `compression`"]);
    check("        key: customer_id", "        # ", &["17:9 missing `key`"]);
    check("publish:\n  to: ../../out/customer-360\n  keep: 30\n", "", &["1:1 missing `publish`"]);
    check("  to: ../../out/customer-360\n", "", &["97:1 missing `to`"]);
    check("    base_url: ${SUPPORT_URL}\n", "", &["58:3 missing `base_url`"]);
    check(
        "name: customer-360\n",
        "name: customer-360\nname: again\n",
        &["3:1 the key `name` is given twice, first in line 2"],
    );
}

#[test]
fn misspelt_keys_hide_nothing() {
    check(
        "publish:\n  to: ../../out/customer-360\n  keep: 30\n",
        "publihs:\n  to: out\n  keep: many\n",
        &["97:1 unknown key `publihs`; did you mean `publish`?", "99:9 expected a whole number, found text"],
    );
}

#[test]
fn types() {
    check("  keep: 30", "  keep: many", &["99:9 expected a whole number, found text"]);
    check("  keep: 30", "  keep: \"30\"", &["99:9 expected a whole number, found text"]);
    check("  keep: 30", "  keep: 2.5", &["99:9 expected a whole number, found a number"]);
    check("  keep: 30", "  keep: 0", &["99:9 expected at least 1, found `0`"]);
    check("  keep: 30", "  keep:", &["99:7 expected a whole number, found nothing; give it a value or remove the key"]);
    check("version: 1", "version: 2", &["1:10 expected 1, found `2`"]);
    check("name: customer-360", "name: 360", &["2:7 expected text, found a number; put it in quotes"]);
    check("    phones: 80%", "    phones: [80]", &["94:13 expected text or a number, found a list"]);
    check(
        "full_name: name",
        "full_name: true",
        &["22:22 expected text, a list or a map, found a boolean; put it in quotes"],
    );
    check(
        "sources:\n",
        "sources: none\nold:\n",
        &[
            "5:10 expected a map, found text",
            "6:1 unknown key `old`; the keys here are `description`, `vars`, `ids` and `privacy`",
        ],
    );
}

#[test]
fn values() {
    check(
        "entity: person",
        "entity: human",
        &["17:17 unknown value `human`; it is one of `person`, `organisation` and `generic`"],
    );
    check("entity: person", "entity: persn", &["17:17 unknown value `persn`; did you mean `person`?"]);
    check("new_column: warn", "new_column: wran", &["13:19 unknown value `wran`; did you mean `warn`?"]);
    check("connector: csv", "connector: cvs", &["7:16 unknown value `cvs`; did you mean `csv`?"]);
    check("    connector: csv\n", "", &["6:3 missing `connector`; it is one of `csv`, `sqlite` and `rest`"]);
    check("iso-8859-1", "iso-8859-7", &["9:15 unknown value `iso-8859-7`; did you mean `iso-8859-1`?"]);
    check("region: GB", "region: UK", &["4:11 `UK` is not a country code of ISO 3166-1 alpha-2; did you mean `GB`?"]);
    check(
        "\"%d/%m/%Y\"",
        "dd/mm/yyyy",
        &["11:20 `dd/mm/yyyy` is not a date format; write it as `%d/%m/%Y` (day, month, year)"],
    );
    check("max_quarantined: 1%", "max_quarantined: 0.01", &[""; 0]);
    check(
        "max_quarantined: 1%",
        "max_quarantined: 1",
        &["15:24 expected a number from 0 to below 1, found `1`; write a percentage as `80%`, and all as `100%`"],
    );
    check(
        "max_quarantined: 1%",
        "max_quarantined: 5",
        &["15:24 expected a number from 0 to below 1, found `5`; write a percentage as `80%`, and all as `100%`"],
    );
    check(
        "max_quarantined: 1%",
        "max_quarantined: few",
        &["15:24 expected a percentage such as `80%` or a fraction such as 0.8, found `few`"],
    );
    check("phones: 80%", "phones: 180%", &["94:13 `180%` is more than 100%"]);
    check(
        "email_valid >= 95%",
        "email_vaild >= 95%",
        &["89:12 unknown metric `email_vaild`; did you mean `email_valid`?"],
    );
    check(
        "most_recent       ",
        "newest       ",
        &[
            "87:14 unknown value `newest`; it is one of `most_recent`, `most_frequent`, `most_trusted`, `longest` and `earliest`",
        ],
    );
    check("duplicates: none", "duplicates: never", &["71:17 unknown value `never`; it is one of `allowed` and `none`"]);
}

#[test]
fn a_secret_in_the_file_is_told_where_it_belongs() {
    let mend = "a secret never stands in this file: say where it is kept, as in `{env: NAME}` or `{file: PATH}`";
    for (secret, found) in [("hunter2", "text"), ("12345", "a number")] {
        let said = said(&small(&format!("    password: {secret}\n"), "", ""));
        assert_eq!(said, [format!("9:15 expected a map, found {found}; {mend}")]);
    }
}

#[test]
fn incremental() {
    let said_of = |lines: &str| said(&small(&format!("    incremental:\n{lines}"), "", ""));
    let right = "      cursor: modified_at\n      key: id\n";
    assert_eq!(said_of(right), [""; 0]);
    assert_eq!(said_of(&right.replace("cursor:", "curser:")), ["10:7 unknown key `curser`; did you mean `cursor`?"]);
    assert_eq!(said_of("      cursor: modified_at\n"), ["9:5 missing `key`"]);
    assert_eq!(said_of(&format!("{right}      deletes: key\n")), ["12:16 unknown value `key`; did you mean `keys`?"]);
    assert_eq!(
        said_of(&format!("{right}      lag: 1 hour\n")),
        ["12:12 expected a length of time such as `30s`, `15m`, `1h` or `2d`, or a whole number, found `1 hour`"]
    );
    assert_eq!(said_of(&format!("{right}      lag: -5\n")), ["12:12 expected at least 0, found `-5`"]);
    assert_eq!(said_of(&format!("{right}      deleted: ''\n")), ["12:16 expected text, found an empty text"]);
    assert_eq!(
        said_of("      cursor: version\n      key: [id, version]\n"),
        ["11:17 the cursor `version` changes with its row, so it cannot be part of the key; name what stays the same"]
    );
    assert_eq!(
        said_of("      cursor: version\n      key: id\n      tables:\n        orders:\n          key: version\n"),
        ["14:16 the cursor `version` changes with its row, so it cannot be part of the key; name what stays the same"]
    );
    assert_eq!(
        said_of(&format!("{right}      tables:\n        orders:\n          deleted: gone\n")),
        ["13:9 missing `key`"]
    );
}

#[test]
fn names() {
    check(
        "  crm:\n",
        "  CRM:\n",
        &[
            "6:3 `CRM` cannot be a name: a name is lower-case letters, digits and `_`, starts with a letter and has at most 63 of them",
            "86:14 unknown source `crm`; did you mean `CRM`?",
            "90:13 unknown source `crm`; did you mean `CRM`?",
        ],
    );
    check(
        "name: customer-360",
        "name: customer 360",
        &["2:7 `customer 360` does not fit the pattern `^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`"],
    );
}

#[test]
fn references() {
    check(
        "birth_date: dob",
        "birth_dat: dob",
        &["23:11 unknown attribute `birth_dat`; did you mean `birth_date`? Otherwise declare it under `attributes:`"],
    );
    check(
        "loyalty_tier: tier",
        "shoe_size: tier",
        &["30:11 unknown attribute `shoe_size`; declare it under `attributes:`"],
    );
    check(
        "loyalty_tier: tier",
        "city: tier",
        &[
            "30:11 unknown attribute `city`; did you mean a part of an address, `addresses: [{ locality: … }]`? Otherwise declare it under `attributes:`",
        ],
    );
    check(
        "emails: [email, email_2]",
        "email: [email, email_2]",
        &["24:11 unknown attribute `email`; did you mean `emails`? Otherwise declare it under `attributes:`"],
    );
    check(
        "entity: person",
        "entity: organisation",
        &[
            "22:11 `full_name` is an attribute of person records, not of organisation ones",
            "23:11 `birth_date` is an attribute of person records, not of organisation ones",
        ],
    );
    check(
        "birth_date: dob",
        "birth_date: [dob, dob2]",
        &["23:23 `birth_date` holds one value; write one SQL expression"],
    );
    check(
        "            - number: mobile",
        "            - nummer: mobile",
        &["26:15 unknown part `nummer` of `phones`; did you mean `number`?"],
    );
    check(
        "            - number: mobile\n              type: ",
        "            - type: ",
        &["26:15 `phones` needs the part `number`"],
    );
    check(
        "              postcode: zip",
        "              zip: zip",
        &["48:15 unknown part `zip` of `addresses`; did you mean `postcode`?"],
    );
    check("              purpose: purpose\n", "", &["50:11 `consents` needs the part `purpose`"]);
    check(
        "          addresses:\n            from",
        "          adresses:\n            from",
        &["43:11 `adresses` is not a list attribute; did you mean `addresses`?"],
    );
    check(
        "          addresses:\n            from",
        "          birth_date:\n            from",
        &[
            "43:11 `birth_date` holds one value, so rows of another table cannot be attached to it; map it under `fields:`",
        ],
    );
    check("prefer: [crm, shop]", "prefer: [crm, shpo]", &["86:19 unknown source `shpo`; did you mean `shop`?"]);
    check("prefer: [crm, shop]", "prefer: [crm, crm]", &["86:19 `prefer` names the source `crm` twice"]);
    check(
        "prefer: [crm, shop]",
        "strategy: most_trusted",
        &["85:3 `most_trusted` needs to know whom to trust: add `prefer:` with sources in order"],
    );
    check(
        "    source: crm",
        "    source: erp",
        &["90:13 unknown source `erp`; the sources are `crm`, `shop` and `support`"],
    );
    check("email_valid >=", "mail_valid >=", &["89:12 unknown attribute `mail`; did you mean `emails`?"]);
    check("email_valid >=", "emial_valid >=", &["89:12 unknown attribute `emial`; did you mean `emails`?"]);
    check("    phones: 80%", "    fones: 80%", &["94:5 unknown attribute `fones`; declare it under `attributes:`"]);
    check(
        "  addresses: most_recent",
        "  addreses: most_recent",
        &["87:3 unknown attribute `addreses`; did you mean `addresses`?"],
    );
    check(
        "survivorship:\n",
        "survivorship:\n  loyalty_tier: longest\n",
        &["85:3 the survivorship of `loyalty_tier` is given twice, first in line 81"],
    );
    check(
        "attributes:\n",
        "attributes:\n  phones:\n    type: string\n",
        &["79:3 `phones` is an attribute every pipeline has; choose another name or leave this out"],
    );
    check("key: customer_id", "key: [a, b, a]", &["19:21 the key names the column `a` twice"]);
    check(
        "        from: customers\n        key: id",
        "        from: customers\n        key: [id, shop]",
        &[
            "45:17 the record's key has 2 columns; write `on` as a map from each column of the child to that of the record",
            "52:17 the record's key has 2 columns; write `on` as a map from each column of the child to that of the record",
        ],
    );
}

#[test]
fn limits_that_contradict() {
    let volume = small("    contract:\n      volume:\n        min: 200%\n        max: 50%\n", "", "");
    assert_eq!(said(&volume), ["11:9 `min` is more than `max`: no number of rows fits"]);
    let failure = small("    on_failure:\n      policy: skip\n      max_age: 7d\n", "", "");
    assert_eq!(
        said(&failure),
        ["11:16 `max_age` says how old the last good data may be; it means nothing with `policy: skip`"]
    );
    let review = small("", "", "match:\n  threshold: 90%\n  review: 0.95\n");
    let above = "`review` is above `threshold` (0.95 where it is left out): pairs for review lie below it";
    assert_eq!(said(&review), [format!("16:11 {above}")]);
    let review = small("", "", "match:\n  review: 99%\n");
    assert_eq!(said(&review), [format!("15:11 {above}")]);
    let review = small("", "", "match:\n  review: 90%\n");
    assert!(said(&review).is_empty());
    let threshold = small("", "", "match:\n  threshold: 49%\n  review: 0.2\n");
    let least = "a merge is at least as likely right as wrong: a threshold lies between 0.5 and 1";
    assert_eq!(said(&threshold), [format!("15:14 {least}")]);
    assert!(said(&small("", "", "match:\n  threshold: 50%\n")).is_empty());
}

#[test]
fn empty_things() {
    check("emails: [email, email_2]", "emails: []", &["24:19 expected at least one item, found an empty list"]);
    let text = "version: 1\nname: a\nsources: {}\npublish:\n  to: out\n";
    assert_eq!(said(text), ["3:10 expected at least one entry, found an empty map"]);
    let text = small("", "", "").replace("records:\n", "records: []\nold:\n");
    assert_eq!(said(&text)[0], "9:14 expected at least one item, found an empty list");
    check("to: ../../out/customer-360", "to: ''", &["98:7 expected text, found an empty text"]);
    for empty in ["", "\n\n", "# only a comment\n", "---\n"] {
        assert_eq!(said(empty).len(), 1, "{empty:?}");
    }
    assert_eq!(said(""), ["1:1 the file is empty; a pipeline starts with `version: 1`"]);
}

#[test]
fn syntax() {
    assert_eq!(said("version: 1\n\tname: x\n"), ["1:10 a tab cannot indent YAML; use spaces"]);
    assert_eq!(said("version: [1\n").len(), 1);
    assert_eq!(
        said("version: 1\n---\nversion: 1\n"),
        ["2:1 a pipeline file is one YAML document; remove this `---` and what follows"]
    );
    check("name: customer-360", "name: !secret customer-360", &["2:7 tags are not part of a pipeline file; remove it"]);
    check("name: customer-360", "name: !!str 360", &[""; 0]);
    check(
        "    contract:\n",
        "    contract:\n      <<: {}\n",
        &["13:7 merge keys (`<<`) are not part of YAML 1.2; write the keys out"],
    );
    assert_eq!(said("- a\n- b\n"), ["1:1 expected a map, found a list"]);
    assert_eq!(said("just text\n"), ["1:1 expected a map, found text"]);
}

/// A secret written out is refused, and neither message nor excerpt repeats it.
#[test]
fn secrets() {
    let sentence = "a secret is never written into a pipeline file; write `env: NAME` or `file: path` below its key";
    for (from, to, place) in [
        ("      bearer:\n        env: SUPPORT_TOKEN", "      bearer: sk-12345", "62:15"),
        ("publish:\n", "ids:\n  key: sk-12345\npublish:\n", "98:8"),
    ] {
        let text = CUSTOMER_360.replacen(from, to, 1);
        assert_eq!(said(&text), [format!("{place} {sentence}")], "{to}");
        let mistakes = load(&text).unwrap_err();
        assert!(!mistakes.to_string().contains("sk-12345") && !mistakes.to_json().to_string().contains("sk-12345"));
        assert!(!format!("{mistakes:?}").contains("sk-12345"));
    }
    for secret in ["[sk-12345]", "{env: A, wrong: sk-12345}", "{baerer: 1, bearer: sk-12345}"] {
        let key = if secret.contains("bearer") { "    auth: " } else { "    auth:\n      bearer: " };
        let from = "    auth:\n      bearer:\n        env: SUPPORT_TOKEN";
        let text = CUSTOMER_360.replacen(from, &format!("{key}{secret}"), 1);
        let mistakes = load(&text).unwrap_err();
        assert!(!mistakes.to_string().contains("sk-12345"), "{mistakes}");
    }
    check("        env: SUPPORT_TOKEN", "        evn: SUPPORT_TOKEN", &["63:9 unknown key `evn`; did you mean `env`?"]);
    check(
        "        env: SUPPORT_TOKEN",
        "        env: A\n        file: b",
        &["63:9 expected only one of `env` and `file`, found 2 keys"],
    );
    check("      bearer:", "      baerer:", &["62:7 unknown key `baerer`; did you mean `bearer`?"]);
}

/// What a variable filled in is not told by any message.
#[test]
fn values_of_variables_stay_hidden() {
    for (from, to) in [
        ("entity: person", "entity: ${TOKEN}"),
        ("connector: csv", "connector: ${TOKEN}"),
        ("region: GB", "region: ${TOKEN}"),
        ("  keep: 30", "  keep: ${TOKEN}"),
        ("email_valid >= 95%", "${TOKEN}"),
        ("name: customer-360", "name: ${TOKEN} !"),
        ("phones: 80%", "phones: ${TOKEN}"),
        ("severity: fail", "severity: ${TOKEN}"),
        ("version: 1", "version: ${NUMBER}"),
        ("prefer: [crm, shop]", "prefer: '${TOKEN}'"),
        ("    source: crm", "    source: ${TOKEN}"),
        ("most_recent       ", "${TOKEN}       "),
        ("max_quarantined: 1%", "max_quarantined: ${NUMBER}"),
    ] {
        let text = CUSTOMER_360.replacen(from, to, 1);
        let Err(mistakes) = load(&text) else { panic!("{to} is accepted for {from}") };
        let shown = format!("{mistakes} {} {mistakes:?}", mistakes.to_json());
        assert!(!shown.contains("hunter2") && !shown.contains("12342"), "{shown}");
    }
}

#[test]
fn unset_variables_are_one_mistake_each() {
    check(
        "  keep: 30",
        "  keep: ${KEEP}",
        &[
            "99:9 the variable `KEEP` is not set; set it in the environment or under `vars:`, or write `${KEEP:-default}`",
        ],
    );
    check(
        "entity: person",
        "entity: ${X}",
        &["17:17 the variable `X` is not set; set it in the environment or under `vars:`, or write `${X:-default}`"],
    );
    check(
        "connector: csv",
        "connector: ${X}",
        &["7:16 the variable `X` is not set; set it in the environment or under `vars:`, or write `${X:-default}`"],
    );
}

#[test]
fn all_mistakes_at_once_in_the_order_of_the_file() {
    let text = CUSTOMER_360
        .replace("region: GB", "region: UK")
        .replace("encoding: iso-8859-1", "encodign: iso-8859-1")
        .replace("new_column: warn", "new_column: 3")
        .replace("birth_date: dob", "birthday: dob")
        .replace("        from: customers\n        key: id\n", "        from: customers\n")
        .replace("${SUPPORT_URL}", "${NOWHERE}")
        .replace("prefer: [crm, shop]", "prefer: [crm, shoop]")
        .replace("keep: 30", "keep: -1");
    assert_eq!(
        said(&text),
        [
            "4:11 `UK` is not a country code of ISO 3166-1 alpha-2; did you mean `GB`?",
            "9:5 unknown key `encodign`; did you mean `encoding`?",
            "13:19 unknown value `3`; it is one of `evolve`, `warn`, `quarantine` and `fail`",
            "23:11 unknown attribute `birthday`; did you mean `birth_date`? Otherwise declare it under `attributes:`",
            "35:9 missing `key`",
            "59:15 the variable `NOWHERE` is not set; set it in the environment or under `vars:`, or write `${NOWHERE:-default}`",
            "85:19 unknown source `shoop`; did you mean `shop`?",
            "98:9 expected at least 1, found `-1`",
        ]
    );
}

#[test]
fn a_given_variable_that_nothing_uses() {
    let text = small("", "", "").replace("path: a.csv", "path: ${FOLDER:-data}/a.csv");
    let given = |name: &str| LoadOptions {
        env: None,
        vars: vec![(name.to_owned(), "elsewhere".to_owned())],
        connectors: &[],
        process_env: &|_| None,
    };
    assert!(load_text(&text, "pipeline.yaml".as_ref(), &given("FOLDER")).is_ok());
    let mistakes = load_text(&text, "pipeline.yaml".as_ref(), &given("FOLDR")).unwrap_err();
    assert_eq!(
        mistakes.to_string(),
        "error: the file has no variable `FOLDR` to be set; did you mean `FOLDER`?\n --> pipeline.yaml\n"
    );
}

#[test]
fn shown_with_place_and_carets() {
    let text = CUSTOMER_360.replacen("        fields:  ", "        feilds:  ", 1);
    let mistakes = load(&text).unwrap_err();
    assert_eq!(
        mistakes.to_string(),
        "error: unknown key `feilds`; did you mean `fields`?\n  --> pipeline.yaml:21:9 (sources.crm.records[0].feilds)\n   |\n\
         21 |         feilds:                                       # canonical attribute: SQL over the source's columns\n   \
         |         ^^^^^^\n"
    );
    assert_eq!(
        mistakes.to_json(),
        serde_json::json!([{
            "file": "pipeline.yaml", "line": 21, "column": 9, "path": "sources.crm.records[0].feilds",
            "message": "unknown key `feilds`; did you mean `fields`?",
        }])
    );
}
