//! Whole files in, a pipeline out that loads.

use std::fs;
use std::path::Path;

use super::*;
use crate::pipeline::exit;

fn proposed(folder: &Path, files: &[&str]) -> String {
    let files: Vec<PathBuf> = files.iter().map(|file| folder.join(file)).collect();
    let proposal = propose(&files, folder, None).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    // Planning recurses deeper than the stack of a test thread in a debug build allows.
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(16 << 20)
            .spawn_scoped(scope, || runtime.block_on(verify(&proposal.yaml, &folder.join("pipeline.yaml"))))
            .unwrap()
            .join()
            .unwrap()
    })
    .unwrap_or_else(|error| panic!("{error}\n{}", proposal.yaml));
    proposal.yaml
}

/// The lines without comments and indentation.
fn lines(yaml: &str) -> Vec<&str> {
    yaml.lines()
        .map(|line| line.split("  #").next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

fn has(yaml: &str, wanted: &[&str]) {
    let lines = lines(yaml);
    for line in wanted {
        assert!(lines.contains(line), "{line}\n{yaml}");
    }
}

#[test]
fn latin_1_and_dates_day_first() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("crm")).unwrap();
    let mut bytes = b"customer_id;name;dob;E-Mail;Site Code;modified_at\r\n".to_vec();
    for row in 1..=30 {
        bytes.extend(format!("C{row};M").into_bytes());
        bytes.push(0xfc);
        bytes.extend(
            format!("ller, Anna;{row:02}/03/1980;a{row}@example.com;x;0{}/01/2024\r\n", row % 9 + 1).into_bytes(),
        );
    }
    fs::write(folder.path().join("crm/customers.csv"), bytes).unwrap();
    let yaml = proposed(folder.path(), &["crm/customers.csv"]);
    has(
        &yaml,
        &[
            "name: crm",
            "path: crm/customers.csv",
            "encoding: windows-1252",
            "date_format: \"%d/%m/%Y\"",
            "key: customer_id",
            "updated_at: modified_at",
            "full_name: name",
            "birth_date: dob",
            "emails: '\"E-Mail\"'",
        ],
    );
    assert!(!yaml.contains("ller"), "no value of a record is written");
}

#[test]
fn forms_of_address_tell_the_gender_and_titles_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let written = |titles: [&str; 2]| {
        let rows = (0..40).map(|row| format!("K{row};{};Anna;Keller{row};a{row}@example.org\n", titles[row % 2]));
        let text = format!("Kundennummer;Anrede;Vorname;Nachname;E-Mail\n{}", rows.collect::<String>());
        fs::write(folder.path().join("kunden.csv"), text).unwrap();
        proposed(folder.path(), &["kunden.csv"])
    };
    has(&written(["Herr", "Frau"]), &["title: Anrede", "gender: Anrede"]);
    let titles = written(["Dr.", "Prof."]);
    assert!(!titles.contains("gender"), "{titles}");
}

#[test]
fn nested_documents_with_companies_among_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::new();
    for row in 0..20 {
        let (name, company) =
            if row % 4 == 0 { ("null".to_owned(), "\"Acme Ltd\"") } else { (format!("\"Ada King {row}\""), "null") };
        text += &format!(
            "{{\"id\":\"c{row}\",\"contact\":{{\"name\":{name},\"company\":{company},\"emails\":[\"a{row}@example.com\"],\"phones\":[{{\"number\":\"020 7946 0958\",\"type\":\"home\"}}]}},\"consent\":{{\"marketing_sms\":true}}}}\n"
        );
    }
    fs::write(folder.path().join("support.ndjson"), text).unwrap();
    let yaml = proposed(folder.path(), &["support.ndjson"]);
    has(
        &yaml,
        &[
            "- entity: person",
            "- entity: organisation",
            "full_name: contact.name",
            "organisation_name: contact.company",
            "emails: contact.emails",
            "phones: contact.phones",
            "status: consent.marketing_sms",
            "key: id",
        ],
    );
}

#[test]
fn databases_with_tables_about_the_customer() {
    let folder = tempfile::tempdir().unwrap();
    let database = rusqlite::Connection::open(folder.path().join("shop.db")).unwrap();
    database
        .execute_batch(
            "CREATE TABLE addresses (customer_id INTEGER, street TEXT, house_no TEXT, zip TEXT, city TEXT);
             CREATE TABLE customers (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, \"e mail\" TEXT);
             CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, total INTEGER);
             CREATE VIEW active_customers AS SELECT * FROM customers;
             CREATE TABLE marketing_consent (customer_id INTEGER, purpose TEXT, opted_in INTEGER, changed_at TEXT);
             INSERT INTO customers VALUES (1, 'Ada', 'King', 'a@example.com'), (2, 'Bob', 'Brown', NULL);
             INSERT INTO addresses VALUES (1, 'Park Lane', '15', 'B12 6GZ', 'Leeds'), (2, 'Castle Way', '1', 'L9 5NS', 'York');
             INSERT INTO orders VALUES (1, 1, 100);
             INSERT INTO marketing_consent VALUES (1, 'marketing', 1, '2015-08-12 13:16:06');",
        )
        .unwrap();
    drop(database);
    let yaml = proposed(folder.path(), &["shop.db"]);
    has(
        &yaml,
        &[
            "from: customers",
            "key: id",
            "given_name: first_name",
            "emails: '\"e mail\"'",
            "from: addresses",
            "on: customer_id",
            "street: street",
            "from: marketing_consent",
            "status: opted_in",
            "at: changed_at",
        ],
    );
    assert!(yaml.contains("# Not read: table orders."), "{yaml}");
    assert!(yaml.contains("# Not read: view active_customers, which would give"), "{yaml}");
    assert_eq!(yaml.matches("- entity: ").count(), 1, "{yaml}");
}

#[test]
fn things_and_answers() {
    let folder = tempfile::tempdir().unwrap();
    let restaurants = "record_id,name,addr,city,phone,Source\nr1,mesa grill,102 fifth ave.,new york,212-807-7400,a\nr2,the savannah club,2420 broadway,new york city,212/496-1066,b\n";
    fs::write(folder.path().join("restaurants.csv"), restaurants).unwrap();
    fs::write(folder.path().join("truth.csv"), "record_id,cluster_id\nr1,e1\nr2,e2\n").unwrap();
    let yaml = proposed(folder.path(), &["restaurants.csv", "truth.csv"]);
    has(
        &yaml,
        &["- entity: generic", "region: US", "name: name", "phone: phone", "addr: addr", "city: city", "type: string"],
    );
    assert!(
        yaml.contains("# truth.csv is left out") && !lines(&yaml).iter().any(|line| line.contains("Source")),
        "{yaml}"
    );
}

#[test]
fn names_of_every_kind_survive_the_way() {
    let folder = tempfile::tempdir().unwrap();
    // Quotes, dots, dollars, colons, reserved words, and a line break.
    let text = "id,\"e\"\"mail: $a\",order,\"first.name\",\"sur\nname\",${HOME}\n1,a@example.com,x,Ada,King,p\n2,b@example.com,y,Bob,Brown,q\n";
    fs::write(folder.path().join("odd $names [1].csv"), text).unwrap();
    let yaml = proposed(folder.path(), &["odd $names [1].csv"]);
    has(&yaml, &["emails: '\"e\"\"mail: $$a\"'", "given_name: '\"first.name\"'"]);
}

#[test]
fn no_header_no_key() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("list.csv"),
        "a@example.com,1980-01-02\nb@example.com,1981-01-02\nb@example.com,1981-01-02\n",
    )
    .unwrap();
    let yaml = proposed(folder.path(), &["list.csv"]);
    has(&yaml, &["header: false", "- entity: person", "emails: column_1"]);
}

#[test]
fn refusals_name_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let complaint = |file: &str| propose(&[folder.path().join(file)], folder.path(), None).unwrap_err();
    assert_eq!(complaint("missing.csv").exit_code(), exit::RETRY);
    fs::write(folder.path().join("a.docx"), "x").unwrap();
    let unknown = complaint("a.docx");
    assert!(unknown.exit_code() == exit::CONFIG && unknown.to_string().contains(".csv"), "{unknown}");
    assert!(complaint("").to_string().contains("is a folder"));
    fs::write(folder.path().join("cut.parquet"), "PAR1").unwrap();
    assert_eq!(complaint("cut.parquet").exit_code(), exit::DATA);
    fs::write(folder.path().join("truth.csv"), "record_id,cluster_id\n1,2\n").unwrap();
    assert!(complaint("truth.csv").to_string().contains("cluster_id"));
    fs::write(folder.path().join("empty.csv"), "id,name\n").unwrap();
    assert_eq!(complaint("empty.csv").exit_code(), exit::CONFIG);
}

#[test]
fn phones_that_fit_several_countries_are_read_for_that_of_the_other_sources() {
    let folder = tempfile::tempdir().unwrap();
    let mut loyalty = String::from("id,name,phone\n");
    let mut crm = String::from("id,name,postcode\n");
    for row in 10..40 {
        // Both are numbers of Germany; of Britain only the second, the first are kept for films there.
        let phone = if row % 3 == 0 { "07700 9001" } else { "07434 3336" };
        loyalty += &format!("{row},Ann Lee{row},{phone}{row}\n");
        crm += &format!("{row},Ann Lee{row},LS1 4AB\n");
    }
    fs::write(folder.path().join("loyalty.csv"), &loyalty).unwrap();
    fs::write(folder.path().join("crm.csv"), &crm).unwrap();
    let alone = proposed(folder.path(), &["loyalty.csv"]);
    assert!(alone.contains("region: DE"), "{alone}");
    let both = proposed(folder.path(), &["loyalty.csv", "crm.csv"]);
    assert!(both.contains("region: GB") && both.matches("region:").count() == 1, "{both}");
}

#[test]
fn columns_of_things_are_renamed_and_only_some_of_many_compared() {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..60).map(|column| format!("measure {column}")).collect();
    let rows: String = (0..20)
        .map(|row| {
            format!("S{row},DE,{row}x,{}\n", (0..60).map(|c| format!("w{}", row * c)).collect::<Vec<_>>().join(","))
        })
        .collect();
    let text = format!("sku,country,weight_raw,{}\n{rows}", names.join(","));
    fs::write(folder.path().join("parts.csv"), text.replacen("DE", "FR", 3)).unwrap();
    let yaml = proposed(folder.path(), &["parts.csv"]);
    has(&yaml, &["country_value: country", "weight_raw_value: weight_raw", "- attribute: measure_59", "compare: none"]);
    assert!(!yaml.contains("- attribute: measure_20"), "{yaml}");
}

#[test]
fn an_error_of_the_file_is_told_and_no_other_encoding_tried() {
    let folder = tempfile::tempdir().unwrap();
    for text in ["id,email,email\n1,a@b.org,c@d.org\n", "id,email,email\n1,a@b.org,c@de.org\n"] {
        fs::write(folder.path().join("twice.csv"), text).unwrap();
        let error = propose(&[folder.path().join("twice.csv")], folder.path(), None).unwrap_err().to_string();
        assert!(error.contains("names column \"email\" twice"), "{error}");
    }
    let wide: Vec<u8> = "\u{feff}id,name,email\n1,Zoë Lee,z@b.org\n2,Bo Ray,b@b.org\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    fs::write(folder.path().join("wide.csv"), wide).unwrap();
    has(&proposed(folder.path(), &["wide.csv"]), &["encoding: utf-16", "emails: email"]);
}

#[test]
fn a_rare_code_beside_the_genders_and_a_column_of_doctorates() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = String::from("id,Anrede,Titel,Vorname,Nachname,gender\n");
    for row in 0..60 {
        let (form, code) = [("Herr", "M"), ("Frau", "F")][row % 2];
        let title = if row % 5 == 0 { "Dr." } else { "" };
        let code = if row == 7 { "U" } else { code };
        rows += &format!("{row},{form},{title},Ann,Lee,{code}\n");
    }
    fs::write(folder.path().join("crm.csv"), &rows).unwrap();
    has(&proposed(folder.path(), &["crm.csv"]), &["title: Titel", "gender: gender"]);
    fs::write(folder.path().join("crm.csv"), rows.replace(",F\n", ",H\n")).unwrap();
    assert!(proposed(folder.path(), &["crm.csv"]).contains("gender: \"CASE upper(gender) WHEN 'H' THEN 'male'"));
    fs::write(folder.path().join("crm.csv"), rows.replace("gender", "sector")).unwrap();
    has(&proposed(folder.path(), &["crm.csv"]), &["title: Titel", "gender: Anrede"]);
}

#[test]
fn a_mailbox_is_the_name_of_no_column() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("list.csv"), "1,Ann,Lee,a@b.org\n2,Bo,Ray,b@b.org\n3,Cy,Poe,c@b.org\n").unwrap();
    let yaml = proposed(folder.path(), &["list.csv"]);
    assert!(yaml.contains("header: false") && !yaml.contains("a@b.org"), "{yaml}");
}
