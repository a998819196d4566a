//! Files that load, and what they become.

use goldsmith_config::model::{
    Comparison, DateFormat, Deletes, Entity, FailurePolicy, FieldExpr, FieldItem, JoinOn, Keep, Lag, Metric, Relation,
    SecretRef, Severity, Strategy,
};
use goldsmith_config::{AttributeKind, attributes::kind_of};

use crate::{load, said, small};

pub(crate) const CUSTOMER_360: &str = r#"version: 1
name: customer-360
defaults:
  region: GB
sources:
  crm:
    connector: csv
    path: ../../sample-data/crm/customers.csv.gz     # relative to this file
    encoding: iso-8859-1
    defaults:
      date_format: "%d/%m/%Y"
    contract:
      new_column: warn
      missing_column: fail
      max_quarantined: 1%
    records:
      - entity: person
        where: status <> 'test'
        key: customer_id                              # composite keys: a list
        updated_at: modified_at
        fields:                                       # canonical attribute: SQL over the source's columns
          full_name: name
          birth_date: dob
          emails: [email, email_2]
          phones:
            - number: mobile
              type: "'mobile'"
            - number: landline
              type: "'home'"
          loyalty_tier: tier                          # an attribute of one's own, declared below
  shop:
    connector: sqlite
    path: ../../sample-data/shop.db
    records:
      - entity: person
        from: customers
        key: id
        fields:
          given_name: first_name
          family_name: last_name
          emails: email
        children:                                     # rows of another table of the same source, attached as a list
          addresses:
            from: addresses
            on: customer_id
            fields:
              line1: street || ' ' || house_no
              postcode: zip
              country: country
          consents:
            from: marketing_consent
            on: customer_id
            fields:
              purpose: purpose
              channel: channel
              status: "CASE WHEN opted_in THEN 'granted' ELSE 'refused' END"
              at: changed_at
  support:
    connector: rest
    base_url: ${SUPPORT_URL}
    auth:
      bearer:
        env: SUPPORT_TOKEN                            # secrets are references, never values
    resource:
      path: /v2/contacts
      records: $.data
      paginate:
        cursor: $.next
        param: after
      incremental: updated_since
    duplicates: none                                  # a fact about the source, not a tuning
    records:
      - entity: person
        key: id
        fields:
          full_name: name
          emails: contact.emails
attributes:
  loyalty_tier:
    type: string
    survive: most_recent
match:
  decisions: decisions.csv                            # what a steward said: same / not same; kept for ever
survivorship:
  emails:
    prefer: [crm, shop]
  addresses: most_recent                              # a whole address moves together
quality:
  - check: email_valid >= 95%
    source: crm
    severity: fail
coverage:
  target:
    phones: 80%
    emails: 90%
    consents: 100%
publish:
  to: ../../out/customer-360
  keep: 30
"#;

#[test]
fn customer_360_loads() {
    let loaded = load(CUSTOMER_360).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let pipeline = &loaded.pipeline;
    assert_eq!(pipeline.sources.names().collect::<Vec<_>>(), ["crm", "shop", "support"], "in the order of the file");
    assert_eq!(pipeline.defaults.region.unwrap().as_str(), "GB");

    let crm = pipeline.sources.get("crm").unwrap();
    assert_eq!(crm.options.keys().collect::<Vec<_>>(), ["path", "encoding"]);
    let formats: Vec<_> =
        crm.defaults.date_format.as_ref().unwrap().as_slice().iter().map(DateFormat::as_str).collect();
    assert_eq!(formats, ["%d/%m/%Y"]);
    assert_eq!(crm.contract.max_quarantined.unwrap().fraction(), 0.01);
    assert_eq!(crm.on_failure.policy, FailurePolicy::Fail);
    let record = &crm.records[0];
    assert_eq!((record.entity, record.key.as_slice()), (Entity::Person, &["customer_id".to_owned()][..]));
    assert_eq!(record.filter.as_deref(), Some("status <> 'test'"));
    assert_eq!(record.fields.get("full_name"), Some(&FieldExpr::Sql("name".into())));
    let Some(FieldExpr::List(phones)) = record.fields.get("phones") else { panic!("a list") };
    let FieldItem::Parts(first) = &phones[0] else { panic!("parts") };
    assert_eq!(
        first.iter().map(|(part, sql)| (part, sql.as_str())).collect::<Vec<_>>(),
        [("number", "mobile"), ("type", "'mobile'")]
    );

    let shop = pipeline.sources.get("shop").unwrap();
    assert_eq!(shop.records[0].from, Some(Relation::Table("customers".into())));
    let addresses = shop.records[0].children.get("addresses").unwrap();
    assert_eq!(addresses.on, JoinOn::Key("customer_id".into()));

    let support = pipeline.sources.get("support").unwrap();
    assert_eq!(support.options["base_url"], "https://support.example");
    assert_eq!(support.options["auth"]["bearer"]["env"], "SUPPORT_TOKEN");
    assert_eq!(support.options["resource"]["records"], "$.data");
    assert!(!format!("{loaded:?}").contains("support.example"), "what a variable filled in stays out of Debug");

    assert_eq!(pipeline.survivorship.get("emails").unwrap().strategy, Strategy::MostTrusted);
    assert_eq!(pipeline.survivorship.get("addresses").unwrap().strategy, Strategy::MostRecent);
    let check = &pipeline.quality[0];
    assert_eq!(
        (check.check.metric, check.check.comparison, check.check.limit),
        (Metric::Valid, Comparison::AtLeast, 0.95)
    );
    assert_eq!(check.severity, Severity::Fail);
    assert_eq!(pipeline.coverage.target.get("phones").unwrap().fraction(), 0.8);
    assert_eq!(pipeline.publish.keep, Some(30));
    assert_eq!(kind_of(pipeline, Entity::Person, "loyalty_tier"), Some(AttributeKind::Text));
    assert_eq!(kind_of(pipeline, Entity::Person, "birth_date"), Some(AttributeKind::Date));
    assert_eq!(kind_of(pipeline, Entity::Person, "shoe_size"), None);

    let place = loaded.positions.value("sources.crm.records[0].fields.birth_date");
    assert_eq!((place.line, place.column, place.length), (23, 23, 3));
    let shown =
        loaded.mistakes(vec![loaded.mistake("sources.crm.records[0].fields.birth_date", "no column `dob`".into())]);
    assert!(
        shown.to_string().contains("--> pipeline.yaml:23:23 (sources.crm.records[0].fields.birth_date)"),
        "{shown}"
    );
    assert_eq!(loaded.source_text(), CUSTOMER_360);
}

#[test]
fn other_forms_load() {
    let text = small(
        "    keep: all\n    on_failure:\n      policy: last_good\n      max_age: 7d\n    contract:\n      volume:\n        min: 50%\n        max: 2.0\n    defaults:\n      date_format: [\"%Y-%m-%d\", \"%d.%m.%Y\"]\n",
        "        fields:\n          full_name: name\n          emails:\n            value: mail\n            type: \"'work'\"\n",
        "      - entity: generic\n        name: book\n        from: books.sql\n        key: [isbn, copy]\n        fields:\n          title: title\n          pages: pages\n\
         attributes:\n  pages:\n    type: integer\n    sensitive: true\n\
         ids:\n  key:\n    file: /run/secrets/key\n\
         match:\n  threshold: 97%\n  review: 0.8\n  blocking:\n    - entity: person\n      keys: [family_sound, birth_year]\n    - keys: [email]\n  comparisons:\n    - attribute: title\n      compare: text\n",
    );
    let pipeline = load(&text).unwrap_or_else(|mistakes| panic!("{mistakes}")).pipeline;
    let crm = pipeline.sources.get("crm").unwrap();
    assert!(matches!(crm.keep, Keep::All(_)));
    assert_eq!(crm.on_failure.max_age.unwrap().seconds(), 7 * 86_400);
    assert_eq!(crm.contract.volume.unwrap().max.unwrap().fraction(), 2.0);
    assert_eq!(crm.records[1].key.as_slice().len(), 2);
    assert!(matches!(&crm.records[1].from, Some(Relation::SqlFile(path)) if path == "books.sql"));
    assert_eq!(kind_of(&pipeline, Entity::Generic, "title"), Some(AttributeKind::Text));
    assert_eq!(kind_of(&pipeline, Entity::Generic, "pages"), Some(AttributeKind::Integer));
    assert_eq!(pipeline.ids.key, Some(SecretRef::File("/run/secrets/key".into())));
    assert_eq!(pipeline.matching.threshold.unwrap().fraction(), 0.97);
}

#[test]
fn incremental_sources_load() {
    let incremental = |lines: &str| {
        let text = small(&format!("    incremental:\n{lines}"), "", "");
        let loaded = load(&text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let crm = loaded.pipeline.sources.get("crm").unwrap().clone();
        assert!(!crm.options.contains_key("incremental"), "no option of the connector");
        crm.incremental.unwrap()
    };
    let least = incremental("      cursor: modified_at\n      key: id\n");
    assert_eq!((least.cursor.as_str(), least.key.as_slice()), ("modified_at", &["id".to_owned()][..]));
    assert_eq!((least.lag, least.deleted, least.deletes), (Lag::None, None, Deletes::None));
    let most = incremental(
        "      cursor: modified_at\n      key: [id, shop]\n      lag: 15m\n      deleted: is_deleted\n      deletes: keys\n",
    );
    assert_eq!((most.key.as_slice().len(), most.lag, most.deletes), (2, Lag::Seconds(900), Deletes::Keys));
    assert_eq!(most.deleted.as_deref(), Some("is_deleted"));
    assert_eq!(incremental("      cursor: version\n      key: id\n      lag: 1000\n").lag, Lag::Count(1_000));
    assert_eq!(incremental("      cursor: version\n      key: id\n      lag: \"0s\"\n").lag, Lag::None);
    let tables =
        incremental("      cursor: version\n      key: id\n      tables:\n        orders: { key: [id, line] }\n")
            .tables;
    let orders = tables.get("orders").unwrap();
    assert_eq!((orders.key.as_slice().len(), &orders.cursor, &orders.deleted), (2, &None, &None));
    assert!(load(&small("", "", "")).unwrap().pipeline.sources.get("crm").unwrap().incremental.is_none());
}

/// What a variable fills in takes the type that is wanted, and never changes the structure.
#[test]
fn variables() {
    let with =
        |source: &str, vars: &str| load(&small(source, "", vars)).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let options = |source: &str, vars: &str| with(source, vars).pipeline.sources.get("crm").unwrap().options.clone();
    assert_eq!(options("    skip_rows: ${ROWS:-3}\n", "")["skip_rows"], 3);
    assert_eq!(options("    delimiter: ${D:-7}\n", "")["delimiter"], "7", "text where text is wanted");
    let vars = "vars:\n  GIVEN: from-file\n  SUPPORT_URL: from-file\n  folder: data-${NUMBER}\n";
    let path = |value: &str| {
        let text = small("", "", vars).replace("path: a.csv", &format!("path: {value}"));
        let loaded = load(&text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        loaded.pipeline.sources.get("crm").unwrap().options["path"].clone()
    };
    assert_eq!(path("${folder}/a.csv"), "data-12345/a.csv");
    assert_eq!(path("${GIVEN}"), "from-command-line", "the command line wins over the file");
    assert_eq!(path("${SUPPORT_URL}"), "from-file", "the file wins over the environment");
    assert_eq!(path("${NUMBER}"), "12345");
    assert_eq!(path("\"${X:-a: {b: [c]}\""), "a: {b: [c]", "structure comes from the file alone");
    assert_eq!(path("'$${NUMBER}'"), "${NUMBER}");
}

#[test]
fn anchors_and_aliases_load() {
    let text = small(
        "    contract: &strict\n      missing_column: fail\n",
        "",
        "  shop:\n    connector: sqlite\n    path: b\n    contract: *strict\n    records:\n      - entity: person\n        key: id\n        fields:\n          full_name: name\n",
    );
    assert_eq!(said(&text), [""; 0]);
}

#[test]
fn line_endings_and_byte_order_mark_change_nothing() {
    let windows = format!("\u{feff}{}", CUSTOMER_360.replace('\n', "\r\n"));
    let loaded = load(&windows).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let place = loaded.positions.value("sources.crm.records[0].fields.birth_date");
    assert_eq!((place.line, place.column), (23, 23));
    let wrong = windows.replace("birth_date: dob", "birth_dote: dob");
    assert_eq!(
        said(&wrong),
        ["23:11 unknown attribute `birth_dote`; did you mean `birth_date`? Otherwise declare it under `attributes:`"]
    );
}

/// Without a list of connectors any is taken as it is.
#[test]
fn unknown_connectors_pass_without_a_list() {
    let options =
        goldsmith_config::LoadOptions { env: None, vars: Vec::new(), connectors: &[], process_env: &|_| None };
    let text = small("    whatever: [1, {a: b}]\n", "", "");
    let loaded = goldsmith_config::load_text(&text, "p.yaml".as_ref(), &options).unwrap();
    assert_eq!(loaded.pipeline.sources.get("crm").unwrap().options["whatever"][1]["a"], "b");
}
