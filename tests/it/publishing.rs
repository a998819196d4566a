//! What a run publishes, and what the next run makes of it.

use goldsmith_config::attributes::{Attribute, CATALOGUE};
use goldsmith_config::model::Entity;

use crate::support::{Workspace, crm_pipeline, stderr};

#[test]
fn a_run_publishes_every_table_and_the_ledger_balances() {
    let workspace = Workspace::new();
    let output = workspace.run(&[]);
    assert!(stderr(&output).contains("version 1 published"), "{}", stderr(&output));
    for name in [
        "golden_profiles",
        "golden_identifiers",
        "golden_addresses",
        "consents",
        "cross_reference",
        "attribute_provenance",
        "source_records",
        "match_pairs",
        "match_patterns",
        "match_blocks",
        "quarantine",
        "record_ledger",
        "quality_metrics",
        "coverage_matrix",
        "source_overlap",
        "run_manifest",
    ] {
        assert!(workspace.path(&format!("out/versions/1/{name}/part-00000.parquet")).exists(), "{name}");
    }
    for name in ["report.html", "report.json", "models/person.json", "models/organisation.json"] {
        assert!(workspace.path(&format!("out/versions/1/{name}")).exists(), "{name}");
    }
    // One fate a row: what the ledger holds is what was read, source by source.
    let fates = workspace.query("SELECT source, count(*) FROM record_ledger GROUP BY source ORDER BY source");
    let read = workspace.query("SELECT source, rows_read FROM run_manifest ORDER BY source");
    assert_eq!(fates, read);
    let states = workspace.query("SELECT DISTINCT state FROM record_ledger ORDER BY state");
    for state in ["filtered", "linked", "quarantined", "singleton"] {
        assert!(states.iter().any(|found| found == state), "{state} in {states:?}");
    }
    // Every record has one customer, and every customer has records.
    assert_eq!(
        workspace.query("SELECT count(*) FROM cross_reference"),
        workspace.query("SELECT sum(record_count) FROM golden_profiles")
    );
    assert_eq!(
        workspace.query("SELECT count(DISTINCT golden_id) FROM cross_reference"),
        workspace.query("SELECT count(*) FROM golden_profiles")
    );
}

#[test]
fn every_golden_value_can_be_traced_to_its_record() {
    let workspace = Workspace::new();
    workspace.run(&[]);
    let sql = "SELECT count(*) FROM golden_profiles g LEFT JOIN attribute_provenance p ON p.golden_id = g.golden_id AND p.attribute = 'family_name' AND p.is_winner LEFT JOIN source_records s ON s.source = p.source AND s.source_key = p.source_key WHERE g.family_name IS DISTINCT FROM s.family_name";
    assert_eq!(workspace.query(sql), ["0"]);
    let sql = "SELECT count(*) FROM golden_profiles g LEFT JOIN golden_identifiers i ON i.golden_id = g.golden_id AND i.id_type = 'email' AND i.is_primary WHERE g.email IS DISTINCT FROM i.value_norm";
    assert_eq!(workspace.query(sql), ["0"]);
}

#[test]
fn a_second_run_over_the_same_input_publishes_nothing() {
    let workspace = Workspace::new();
    workspace.run(&[]);
    let again = workspace.run(&[]);
    assert!(stderr(&again).contains("nothing has changed since version 1"), "{}", stderr(&again));
    assert_eq!(workspace.versions(), ["1"]);
}

#[test]
fn ids_stay_when_data_is_added() {
    let workspace = Workspace::new();
    // The first version knows nothing of loyalty's members.
    let text = std::fs::read_to_string(workspace.pipeline()).expect("the pipeline");
    let (head, rest) = text.split_once("\n  loyalty:\n").expect("loyalty");
    let (_, tail) = rest.split_once("\nattributes:\n").expect("attributes");
    std::fs::write(
        workspace.pipeline(),
        format!("{head}\n\nattributes:\n{}", tail.replace("prefer: [loyalty, crm]", "prefer: [crm]")),
    )
    .expect("written");
    workspace.run(&[]);
    let before = workspace.query("SELECT source, source_key, golden_id FROM cross_reference ORDER BY 1, 2");
    std::fs::write(workspace.pipeline(), &text).expect("written");
    workspace.run(&[]);
    assert_eq!(workspace.versions(), ["1", "2"]);
    let after = workspace
        .query("SELECT source, source_key, golden_id FROM cross_reference WHERE source <> 'loyalty' ORDER BY 1, 2");
    assert_eq!(before.len(), after.len());
    let kept = before.iter().zip(&after).filter(|(before, after)| before == after).count();
    assert!(kept * 100 >= before.len() * 95, "{kept} of {} records kept their id", before.len());
    // An id that is gone either redirects, or none of its records are together any more.
    let lost = workspace.query("SELECT count(*) FROM cross_reference WHERE previous_golden_id IS NOT NULL AND previous_golden_id NOT IN (SELECT old_golden_id FROM id_redirects) AND previous_golden_id NOT IN (SELECT golden_id FROM golden_profiles)");
    assert_eq!(lost, ["0"]);
}

#[test]
fn decisions_are_obeyed() {
    let workspace = Workspace::new();
    workspace.run(&[]);
    let pair = workspace.query("SELECT a.source, a.source_key, b.source, b.source_key FROM cross_reference a JOIN cross_reference b ON a.golden_id = b.golden_id WHERE a.source = 'crm' AND b.source = 'shop' AND a.entity_type = 'person' ORDER BY 2, 4 LIMIT 1");
    let strangers = workspace.query("SELECT a.source, a.source_key, b.source, b.source_key FROM cross_reference a JOIN cross_reference b ON a.golden_id < b.golden_id WHERE a.source = 'crm' AND b.source = 'loyalty' ORDER BY 2, 4 LIMIT 1");
    let (pair, strangers) = (pair.first().expect("a pair"), strangers.first().expect("two strangers"));
    std::fs::write(
        workspace.path("decisions.csv"),
        format!("decision,left_source,left_key,right_source,right_key\nnot_same,{pair}\nsame,{strangers}\n"),
    )
    .expect("written");
    workspace.edit("survivorship:\n", "match:\n  decisions: decisions.csv\n\nsurvivorship:\n");
    workspace.run(&[]);
    let together = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let sql = format!(
            "SELECT count(DISTINCT golden_id) FROM cross_reference WHERE (source = '{}' AND source_key = '{}') OR (source = '{}' AND source_key = '{}')",
            fields[0], fields[1], fields[2], fields[3]
        );
        workspace.query(&sql) == ["1"]
    };
    assert!(!together(pair), "a steward said that {pair} are two");
    assert!(together(strangers), "a steward said that {strangers} are one");
}

#[test]
fn blocking_rules_of_ones_own_replace_those_of_the_entity_type() {
    let workspace = Workspace::new();
    workspace.edit(
        "survivorship:\n",
        "match:\n  blocking:\n    - entity: person\n      keys: [email]\n    - entity: person\n      keys: [family_sound, birth_year]\n\nsurvivorship:\n",
    );
    workspace.run(&[]);
    assert_eq!(
        workspace.query("SELECT DISTINCT rule FROM match_blocks WHERE entity_type = 'person' ORDER BY 1"),
        ["email", "family_sound + birth_year"]
    );
    assert_ne!(workspace.query("SELECT count(*) FROM match_blocks WHERE entity_type = 'organisation'"), ["0"]);
}

#[test]
fn one_writer_at_a_time() {
    let workspace = Workspace::new();
    std::fs::create_dir_all(workspace.path("out")).expect("a folder");
    let lock = std::fs::File::create(workspace.path("out/.lock")).expect("the lock file");
    lock.lock().expect("the lock");
    let output = workspace.command("run", &[]);
    assert_eq!(output.status.code(), Some(6), "{}", stderr(&output));
    drop(lock);
    workspace.run(&[]);
}

#[test]
fn old_versions_are_removed() {
    let workspace = Workspace::new();
    workspace.edit("keep: 30", "keep: 2");
    for _ in 0..3 {
        workspace.run(&["--force"]);
    }
    assert_eq!(workspace.versions(), ["2", "3"]);
    assert_eq!(std::fs::read_link(workspace.path("out/latest")).expect("a link"), std::path::Path::new("versions/3"));
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_what_is_published() {
    use std::os::unix::fs::PermissionsExt;
    let workspace = Workspace::new();
    workspace.run(&[]);
    let mut folders = vec![workspace.path("out")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let metadata = entry.path().symlink_metadata().expect("metadata");
            if metadata.is_symlink() || entry.file_name() == ".lock" {
                continue;
            }
            assert_eq!(metadata.permissions().mode() & 0o077, 0, "{}", entry.path().display());
            if metadata.is_dir() {
                folders.push(entry.path());
            }
        }
    }
}

/// Every attribute there is, mapped for each entity type that has it.
#[test]
fn every_attribute_is_published() {
    for entity in [Entity::Person, Entity::Organisation, Entity::Generic] {
        let field = |attribute: &Attribute| {
            let parts: Vec<String> = attribute.parts.iter().map(|part| format!("{}: text", part.name)).collect();
            if parts.is_empty() {
                format!("{}: text", attribute.name)
            } else {
                format!("{}: {{ {} }}", attribute.name, parts.join(", "))
            }
        };
        let attributes: Vec<&Attribute> =
            CATALOGUE.iter().filter(|attribute| attribute.entities.contains(&entity)).collect();
        let fields: Vec<String> = attributes.iter().map(|attribute| field(attribute)).collect();
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let pipeline =
            crm_pipeline(&[], &fields, "").replace("entity: person", &format!("entity: {}", entity.as_str()));
        let rows = "id,text\n1,AB 123-456\n2,2001-02-03\n3,\n";
        let workspace = Workspace::with(&pipeline, &[("crm.csv", rows)]);
        workspace.run(&[]);
        let count = workspace.query("SELECT count(*) FROM source_records");
        assert_eq!(count, ["3"], "{}", entity.as_str());
        if attributes.iter().any(|attribute| attribute.name == "national_id") {
            let masked = "SELECT national_id_masked FROM golden_profiles JOIN cross_reference USING (golden_id) WHERE source_key = '1'";
            let masked = workspace.query(masked);
            assert_eq!(masked, ["A*****"]);
            let types = workspace.query("SELECT DISTINCT id_type FROM golden_identifiers ORDER BY 1");
            assert!(types.contains(&"national_id".to_owned()), "{types:?}");
        }
    }
}
