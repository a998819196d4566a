//! A made-up document for tests: five systems, 5,024 rows, persons only.

use super::types::*;
use crate::publish::manifest::{Gate, StageEntry};
use crate::report::measures::{CheckOutcome, PlaceholderRow, TargetRow};

const SOURCES: [&str; 5] = ["billing", "crm", "loyalty", "shop", "support"];
const CUSTOMERS: u64 = 2_914;
const RECORDS: [u64; 5] = [812, 1_604, 590, 1_210, 793];

/// Share of a source's records with a valid value, by attribute.
const VALID: [(&str, [f64; 5]); 12] = [
    ("full_name", [0.998, 0.991, 0.987, 0.973, 0.942]),
    ("given_name", [0.996, 0.985, 0.987, 0.973, 0.861]),
    ("middle_name", [0.0, 0.213, 0.0, 0.04, 0.011]),
    ("family_name", [0.998, 0.991, 0.987, 0.973, 0.902]),
    ("birth_date", [0.0, 0.871, 0.949, 0.0, 0.0]),
    ("gender", [0.0, 0.664, 0.902, 0.0, 0.0]),
    ("language", [0.0, 0.411, 0.0, 0.995, 0.0]),
    ("emails", [0.783, 0.641, 0.877, 1.0, 0.999]),
    ("phones", [0.552, 0.718, 0.346, 0.487, 0.123]),
    ("addresses", [0.997, 0.815, 0.622, 0.908, 0.0]),
    ("consents", [0.0, 0.0, 0.0, 0.561, 0.0]),
    ("loyalty_tier", [0.0, 0.004, 1.0, 0.0, 0.0]),
];

pub(crate) fn document() -> Document {
    let entity = entity();
    let fates = fates();
    Document {
        document_version: DOCUMENT_VERSION,
        pipeline: "customer-360".to_owned(),
        description: Some("Every customer once.".to_owned()),
        version: 12,
        as_of: "2026-08-31T00:00:00Z".to_owned(),
        summary: Summary {
            sources: 5,
            rows_read: 5_024,
            child_rows: 2_388,
            records: 5_009,
            golden_profiles: CUSTOMERS,
            customers_in_several_sources: 1_207,
            quarantined: 10,
            checks_failed: 1,
            targets_met: 1,
        },
        sources: sources(),
        fates,
        targets: vec![target("phones", 0.8, 2_021), target("emails", 0.9, 2_688), target("consents", 1.0, 1_208)],
        checks: vec![
            check("email_valid >= 95%", Some("crm"), 0.9683, true, 1_528, 1_578),
            check("birth_date_present >= 99%", None, 0.612, false, 1_783, 2_914),
        ],
        gates: vec![
            gate("ledger balances", "pass", "5,024 of 5,024", "every row has one fate"),
            gate("volume of loyalty", "warn", "+38 %", "within 25 % of the last version"),
        ],
        entities: vec![entity],
        quarantine: quarantine(),
        run: RunSection {
            run_id: "019a-made-up".to_owned(),
            tool_version: "0.1.0",
            stages: vec![
                stage("extract", 0, 7_414, 0.21),
                stage("normalise", 7_414, 5_009, 0.44),
                stage("resolve", 5_009, 2_914, 0.37),
                stage("survive", 5_009, 2_914, 0.05),
            ],
        },
    }
}

fn sources() -> Vec<SourceRow> {
    let facts = [
        ("parquet", "billing/accounts.parquet", 0.011, Some((211.0, 1_302.0))),
        ("csv", "crm/customers.csv.gz", 0.043, Some((388.2, 1_804.0))),
        ("excel", "loyalty/members.xlsx", 0.002, None),
        ("sqlite", "shop.db", 0.061, Some((64.0, 702.5))),
        ("json", "support/contacts.ndjson", 0.118, Some((23.0, 311.0))),
    ];
    SOURCES
        .iter()
        .zip(RECORDS)
        .zip(facts)
        .map(|((name, records), (connector, locator, duplicates, age))| SourceRow {
            name: (*name).to_owned(),
            connector: connector.to_owned(),
            locator: locator.to_owned(),
            state: "read",
            files: 1,
            tables: 1,
            rows: records + 7,
            records,
            customers: (records as f64 * (1.0 - duplicates)) as u64,
            duplicates: Some(duplicates),
            age_p50_days: age.map(|age| age.0),
            age_p95_days: age.map(|age| age.1),
        })
        .collect()
}

fn fates() -> Vec<FateRow> {
    let mut rows: Vec<FateRow> = SOURCES
        .iter()
        .zip(RECORDS)
        .map(|(source, records)| FateRow {
            source: (*source).to_owned(),
            read: records + 3,
            linked: records * 2 / 3,
            singleton: records - records * 2 / 3,
            duplicate_row: 1,
            quarantined: 2,
            balances: true,
            ..FateRow::default()
        })
        .collect();
    let sum = |of: fn(&FateRow) -> u64| rows.iter().map(of).sum();
    rows.push(FateRow {
        source: "all".to_owned(),
        read: sum(|row| row.read),
        linked: sum(|row| row.linked),
        singleton: sum(|row| row.singleton),
        duplicate_row: sum(|row| row.duplicate_row),
        quarantined: sum(|row| row.quarantined),
        balances: true,
        ..FateRow::default()
    });
    rows
}

fn target(attribute: &str, target: f64, with_value: i64) -> TargetRow {
    let customers = CUSTOMERS as i64;
    let measured = with_value as f64 / customers as f64;
    let gap = ((target * customers as f64).ceil() as i64 - with_value).max(0);
    TargetRow {
        attribute: attribute.to_owned(),
        target,
        customers,
        customers_with_value: with_value,
        measured,
        gap_customers: gap as u64,
        met: gap == 0,
    }
}

fn check(
    text: &str,
    source: Option<&str>,
    observed: f64,
    holds: bool,
    numerator: i64,
    denominator: i64,
) -> CheckOutcome {
    CheckOutcome {
        text: text.to_owned(),
        source: source.map(str::to_owned),
        entity_type: None,
        observed: Some(observed),
        is_share: true,
        numerator,
        denominator,
        holds,
        fail: source.is_some(),
        description: source.map(|_| "Letters cannot be sent without it.".to_owned()),
    }
}

fn gate(name: &str, status: &str, observed: &str, expected: &str) -> Gate {
    Gate {
        name: name.to_owned(),
        status: status.to_owned(),
        observed: observed.to_owned(),
        expected: expected.to_owned(),
    }
}

fn stage(stage: &str, rows_in: u64, rows_out: u64, seconds: f64) -> StageEntry {
    StageEntry { stage: stage.to_owned(), rows_in, rows_out, seconds, peak_memory: Some(250_000_000), in_file: 0 }
}

fn entity() -> EntityDocument {
    EntityDocument {
        entity_type: "person".to_owned(),
        records: 5_009,
        customers: CUSTOMERS,
        sources: SOURCES.map(str::to_owned).to_vec(),
        coverage: VALID.iter().map(|(attribute, shares)| coverage(attribute, shares)).collect(),
        retire: SOURCES.iter().zip(RECORDS).map(|(source, records)| retire(source, records)).collect(),
        overlap: overlap(),
        quality: VALID.iter().map(|(attribute, shares)| quality(attribute, shares)).collect(),
        matching: matching(),
    }
}

fn coverage(attribute: &str, shares: &[f64; 5]) -> CoverageLine {
    let golden = (shares.iter().fold(1.0, |missing, share| missing * (1.0 - share * 0.55))).mul_add(-1.0, 1.0);
    CoverageLine {
        attribute: attribute.to_owned(),
        description: format!("The {attribute} of the customer."),
        target: [("phones", 0.8), ("emails", 0.9), ("consents", 1.0)]
            .iter()
            .find(|(name, _)| *name == attribute)
            .map(|(_, target)| *target),
        golden: (golden * CUSTOMERS as f64) as u64,
        golden_share: Some(golden),
        suppliers: shares.iter().filter(|share| **share > 0.0).count() as u64,
        cells: shares
            .iter()
            .zip(RECORDS)
            .map(|(share, records)| {
                let valid = (share * records as f64) as u64;
                CoverageCell {
                    supplied: *share > 0.0,
                    customers: valid,
                    customers_share: Some(valid as f64 / CUSTOMERS as f64),
                    records: valid,
                    records_share: Some(*share),
                }
            })
            .collect(),
    }
}

fn retire(source: &str, records: u64) -> RetireRow {
    let only_here = records / 3;
    RetireRow {
        source: source.to_owned(),
        customers: records,
        customers_share: Some(records as f64 / CUSTOMERS as f64),
        only_here,
        only_here_share: Some(only_here as f64 / CUSTOMERS as f64),
        golden_values: records * 7,
        losses: [("emails", 3), ("addresses", 4), ("phones", 5), ("birth_date", 9)]
            .map(|(attribute, part)| Loss {
                attribute: attribute.to_owned(),
                customers: records / part,
                share: Some(1.0 / part as f64),
            })
            .to_vec(),
        losses_left_out: 3,
    }
}

fn overlap() -> Overlap {
    let set = |members: [bool; 5], exactly: u64, agreement| SetRow {
        members: members.to_vec(),
        exactly,
        share: Some(exactly as f64 / CUSTOMERS as f64),
        at_least: exactly * 2,
        agreement,
    };
    Overlap {
        sets: vec![
            set([false, true, false, false, false], 702, None),
            set([false, false, false, true, false], 511, None),
            set([false, true, false, true, false], 388, Some(0.871)),
            set([true, true, false, false, false], 214, Some(0.912)),
            set([false, true, true, true, false], 101, Some(0.804)),
            set([true, true, true, true, true], 17, Some(0.741)),
        ],
        sets_left_out: 14,
        customers_left_out: 233,
        pairs: SOURCES
            .iter()
            .enumerate()
            .map(|(row, source)| PairLine {
                source: (*source).to_owned(),
                customers: RECORDS.get(row).copied().unwrap_or(0),
                cells: (0..5)
                    .map(|column| {
                        (column != row).then(|| {
                            let customers = 60 + 41 * ((row * 3 + column * 3) % 7) as u64;
                            PairCell {
                                customers,
                                share: Some(customers as f64 / RECORDS[row] as f64),
                                agreement: Some(0.95 - 0.03 * (row + column) as f64),
                            }
                        })
                    })
                    .collect(),
            })
            .collect(),
    }
}

fn quality(attribute: &str, shares: &[f64; 5]) -> QualityLine {
    let cell = |share: f64| QualityCell {
        supplied: share > 0.0,
        valid_records: Some(share),
        unusable_records: Some((1.0 - share) * 0.3),
        valid_values: Some(share / (share + (1.0 - share) * 0.3)),
        placeholders: ((1.0 - share) * 40.0) as u64,
        invalid: if attribute == "birth_date" { 31 } else { 0 },
        unique: Some(0.93),
    };
    QualityLine {
        attribute: attribute.to_owned(),
        cells: shares.iter().map(|share| cell(*share)).collect(),
        golden: QualityCell {
            supplied: true,
            valid_records: Some(0.94),
            unusable_records: Some(0.0),
            valid_values: Some(1.0),
            unique: Some(0.99),
            ..QualityCell::default()
        },
    }
}

fn matching() -> Matching {
    let band = |from, to, candidates, joined, review, cut| Band { from, to, candidates, joined, review, cut };
    let level = |level: &str, m: f64, u: f64| LevelRow { level: level.to_owned(), m, u, bits: (m / u).log2() };
    Matching {
        model_version: "4f0c1e9a7b22".to_owned(),
        prior: 0.000_31,
        threshold: 0.95,
        review_from: 0.5,
        candidates: 41_880,
        candidates_per_record: Some(8.36),
        decisions: vec![
            DecisionRow { decision: "match", meaning: "in one customer", pairs: 3_402 },
            DecisionRow { decision: "review", meaning: "probable, but not enough", pairs: 61 },
            DecisionRow {
                decision: "cut_by_guard",
                meaning: "good enough by itself, kept apart by other evidence",
                pairs: 12,
            },
        ],
        expected_wrong: 21.4,
        expected_missed: 40.1,
        bands: vec![
            band(0.0, 0.001, 36_410, 0, 0, 0),
            band(0.001, 0.05, 1_702, 14, 0, 0),
            band(0.05, 0.5, 288, 31, 0, 0),
            band(0.5, 0.95, 301, 204, 61, 0),
            band(0.95, 0.999, 911, 890, 0, 9),
            band(0.999, 1.0, 2_268, 2_263, 0, 3),
        ],
        clusters: vec![
            SizeBand { from: 1, to: Some(1), clusters: 1_604, records: 1_604 },
            SizeBand { from: 2, to: Some(2), clusters: 811, records: 1_622 },
            SizeBand { from: 3, to: Some(3), clusters: 322, records: 966 },
            SizeBand { from: 4, to: Some(5), clusters: 151, records: 640 },
            SizeBand { from: 6, to: Some(10), clusters: 26, records: 177 },
            SizeBand { from: 101, to: None, clusters: 0, records: 0 },
        ],
        needs_review: 44,
        largest: ["7q2m0vza41xk", "0c9f3hj8ne5t", "d41pm7wq20ys"]
            .iter()
            .enumerate()
            .map(|(index, id)| LargeCluster {
                golden_id: (*id).to_owned(),
                records: 10 - index as u64,
                sources: 5,
                confidence: 0.9713,
                needs_review: index == 0,
            })
            .collect(),
        blocking: ["email", "phone", "family_name + birth_date", "given_name + postal_code"]
            .iter()
            .enumerate()
            .map(|(index, rule)| BlockingRow {
                rule: (*rule).to_owned(),
                records: 4_000 - 700 * index as u64,
                blocks: 900,
                pairs: 12_345,
                capped: index as u64,
                pairs_skipped: 1_900 * index as u64,
                recall_loss: 0.0007 * index as f64,
            })
            .collect(),
        recall_loss: 0.0042,
        placeholders: vec![
            PlaceholderRow {
                entity_type: "person".to_owned(),
                attribute: "emails".to_owned(),
                masked: "i***@e***.com".to_owned(),
                records: 61,
                names: 58,
            },
            PlaceholderRow {
                entity_type: "person".to_owned(),
                attribute: "birth_date".to_owned(),
                masked: "1*****".to_owned(),
                records: 38,
                names: 35,
            },
        ],
        placeholders_left_out: 0,
        cuts: vec![CutRow {
            reason: "bridge",
            meaning: "the other records of the two customers speak against it",
            pairs: 12,
        }],
        comparisons: vec![ComparisonRow {
            name: "birth_date".to_owned(),
            levels: vec![
                level("missing", 0.31, 0.31),
                level("exact", 0.62, 0.000_04),
                level("one digit differs", 0.05, 0.004),
                level("else", 0.02, 0.686),
            ],
        }],
    }
}

fn quarantine() -> Quarantine {
    let example =
        |file: &str, row, message: &str| QuarantineExample { file: file.to_owned(), row, message: message.to_owned() };
    Quarantine {
        total: 10,
        groups: vec![
            QuarantineGroup {
                source: "crm".to_owned(),
                stage: "parse",
                rule: "field_count".to_owned(),
                rows: 7,
                examples: vec![
                    example("crm/customers.csv.gz", 212, "9 fields where the header has 11"),
                    example("crm/customers.csv.gz", 1_604, "the last row ends inside a quoted field"),
                ],
            },
            QuarantineGroup {
                source: "support".to_owned(),
                stage: "normalise",
                rule: "missing_key".to_owned(),
                rows: 3,
                examples: vec![example(
                    "support/contacts.ndjson",
                    77,
                    "the key is empty; a record needs one to be followed from run to run",
                )],
            },
        ],
    }
}
