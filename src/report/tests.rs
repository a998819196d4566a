//! Measures of a hand-made entity: three sources, seven records, four customers.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Array, FixedSizeBinaryArray, ListArray, RecordBatch, StringArray, StringBuilder,
    StructArray, TimestampMicrosecondArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::DataType;
use goldsmith_config::attributes::{AttributeKind, NamePart};
use goldsmith_config::model::Compression;
use goldsmith_resolve::RecordId;

use super::attribute::{AttributeMeasures, Members, View, measure_attribute};
use super::measures::{ANY_ATTRIBUTE, CoverageRow, Metric, OverlapRow, QualityMetric};
use super::overlap::SourceSets;
use super::{coverage, overlap, quality};
use crate::golden::{Clusters, Golden, survive};
use crate::normalize::{EntityRecords, layout};
use crate::pipeline::plan::{AttributePlan, Compare, EntityPlan, IdsKey, MatchPlan, Plan, PublishPlan, Survive};

const DAY: i64 = 86_400_000_000;
const NOW: i64 = 30 * DAY;

/// One record: source, day of its last change, given name, birth date (raw, day), e-mails (raw, normal form).
type Row = (
    u16,
    Option<i64>,
    Option<&'static str>,
    (Option<&'static str>, Option<i32>),
    &'static [(&'static str, Option<&'static str>)],
);

const ROWS: [Row; 7] = [
    (0, Some(10), Some("Ann"), (Some("1980-01-01"), Some(3_652)), &[("A@x.org", Some("a@x.org")), ("n/a", None)]),
    (0, None, None, (Some(" "), None), &[]),
    (0, Some(1), Some("Bob"), (Some("31/31/80"), None), &[("b@x.org", Some("b@x.org"))]),
    (1, Some(20), Some("Ann"), (Some("1980-01-01"), Some(3_652)), &[("a@x.org", Some("a@x.org"))]),
    (
        1,
        Some(20),
        Some("Rob"),
        (Some("1980-02-02"), Some(3_684)),
        &[("c@x.org", Some("c@x.org")), ("c@x.org", Some("c@x.org"))],
    ),
    (2, Some(5), None, (None, None), &[("a@x.org", Some("a@x.org"))]),
    (2, None, None, (Some("01/01/1900"), None), &[("d@x.org", Some("d@x.org"))]),
];
/// Customers: records 0, 3 and 5; 1; 2 and 4; 6.
const CLUSTERS: [u32; 7] = [0, 1, 2, 0, 2, 0, 3];

fn attribute(name: &str, kind: AttributeKind) -> AttributePlan {
    AttributePlan {
        name: name.to_owned(),
        kind,
        description: String::new(),
        survive: Survive::MostRecent,
        prefer: Vec::new(),
        compare: Compare::None,
        compared: true,
        sensitive: true,
    }
}

fn emails(rows: &[Row]) -> ListArray {
    let (mut value, mut kind, mut raw, mut valid) =
        (StringBuilder::new(), StringBuilder::new(), StringBuilder::new(), BooleanBuilder::new());
    for (text, normal) in rows.iter().flat_map(|row| row.4) {
        value.append_option(*normal);
        kind.append_null();
        raw.append_value(text);
        valid.append_value(normal.is_some());
    }
    let item = layout::list_item(AttributeKind::Email);
    let DataType::Struct(fields) = item.data_type().clone() else { unreachable!() };
    let columns: Vec<ArrayRef> =
        vec![Arc::new(value.finish()), Arc::new(kind.finish()), Arc::new(raw.finish()), Arc::new(valid.finish())];
    ListArray::new(
        item,
        OffsetBuffer::from_lengths(rows.iter().map(|row| row.4.len())),
        Arc::new(StructArray::new(fields, columns, None)),
        None,
    )
}

/// The records, a batch for those of one source that follow each other.
fn records() -> EntityRecords {
    let plan = EntityPlan {
        entity: "person".to_owned(),
        attributes: vec![
            attribute("given_name", AttributeKind::NamePart(NamePart::Given)),
            attribute("birth_date", AttributeKind::Date),
            attribute("emails", AttributeKind::Email),
        ],
    };
    let schema = layout::record_schema(&plan);
    let mut records = EntityRecords::new(plan);
    for rows in ROWS.chunk_by(|a, b| a.0 == b.0) {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(rows.iter().map(|_| "key"))),
            Arc::new(
                rows.iter()
                    .map(|row| row.1.map(|day| day * DAY))
                    .collect::<TimestampMicrosecondArray>()
                    .with_timezone("UTC"),
            ),
            Arc::new(FixedSizeBinaryArray::try_from_iter(rows.iter().map(|_| [0_u8; 32])).unwrap()),
            // Nothing is kept beside the mapped columns.
            Arc::new(rows.iter().map(|_| None::<&str>).collect::<StringArray>()),
            Arc::new(rows.iter().map(|row| row.2).collect::<StringArray>()),
            // Given names come from a full name here: they have no raw value of their own.
            Arc::new(rows.iter().map(|_| None::<&str>).collect::<StringArray>()),
            Arc::new(rows.iter().map(|row| row.3.1).collect::<Date32Array>()),
            Arc::new(rows.iter().map(|row| row.3.0).collect::<StringArray>()),
            Arc::new(emails(rows)),
        ];
        let source = rows.first().map_or(0, |row| usize::from(row.0));
        records.push(&RecordBatch::try_new(Arc::clone(&schema), columns).unwrap(), source);
    }
    records
}

fn plan() -> Plan {
    Plan {
        name: "test".to_owned(),
        description: None,
        sources: Vec::new(),
        entities: Vec::new(),
        matching: MatchPlan {
            threshold: 0.95,
            review_from: 0.5,
            decisions: None,
            model: None,
            blocking: std::collections::BTreeMap::new(),
        },
        quality: Vec::new(),
        coverage_targets: targets(),
        publish: PublishPlan { to: PathBuf::new(), keep: None, compression: Compression::Zstd },
        keep_raw_quarantine: false,
        ids_key: IdsKey { bytes: [0; 32], secret: false },
        config_hash: String::new(),
    }
}

fn targets() -> Vec<(String, f64)> {
    vec![("email".to_owned(), 0.75), ("birth_date".to_owned(), 0.8), ("phones".to_owned(), 0.5)]
}

struct Measured {
    attributes: Vec<AttributeMeasures>,
    coverage: Vec<CoverageRow>,
    overlap: Vec<OverlapRow>,
    quality: Vec<QualityMetric>,
}

fn measure() -> Measured {
    let mut records = records();
    let clusters = Clusters::new(CLUSTERS.to_vec());
    records.arrange_values(clusters.all_members()).unwrap();
    let ids: Vec<RecordId> = (0..7).map(RecordId).collect();
    let Golden { attributes: golden } = survive(&plan(), &records, &ids, &clusters).unwrap();
    let names = ["crm", "shop", "web", "unused"].map(str::to_owned);
    let view = View {
        records: &records,
        clusters: &clusters,
        golden: &golden,
        names: &names,
        sources: vec![0, 1, 2],
        members: Members::at(NOW, &records, &clusters).unwrap(),
    };
    let sets = SourceSets::of(&records, &clusters, &view.sources);
    let attributes: Vec<AttributeMeasures> =
        golden.iter().map(|golden| measure_attribute(&view, &sets, golden).unwrap()).collect();
    Measured {
        coverage: coverage::rows(&view, &sets, &attributes, &targets()),
        overlap: overlap::rows(&view, &sets, &attributes),
        quality: quality::metrics(&view, &sets, &attributes),
        attributes,
    }
}

impl Measured {
    fn coverage(&self, source: &str, attribute: &str) -> &CoverageRow {
        self.coverage.iter().find(|row| row.source == source && row.attribute == attribute).unwrap()
    }

    fn counted(&self, source: Option<&str>, attribute: Option<&str>, metric: Metric) -> (i64, i64) {
        let found = self.quality.iter().find(|row| {
            row.source.as_deref() == source && row.attribute.as_deref() == attribute && row.metric == metric
        });
        found.map(|row| (row.numerator, row.denominator)).unwrap()
    }
}

#[test]
fn values_are_counted_by_source() {
    let measured = measure();
    for (attribute, metric, expected) in [
        ("emails", Metric::Present, (2, 3)),
        ("emails", Metric::Valid, (2, 3)),
        ("emails", Metric::Placeholder, (1, 3)),
        ("emails", Metric::Invalid, (0, 3)),
        ("birth_date", Metric::Present, (2, 3)),
        ("birth_date", Metric::Valid, (1, 2)),
        ("birth_date", Metric::Invalid, (1, 2)),
        // A name that was parsed out of the full name is there without a raw value.
        ("given_name", Metric::Present, (2, 3)),
        ("given_name", Metric::Valid, (2, 2)),
    ] {
        assert_eq!(measured.counted(Some("crm"), Some(attribute), metric), expected, "{attribute} {metric:?}");
    }
    assert_eq!(measured.counted(Some("web"), Some("birth_date"), Metric::Placeholder), (1, 1));
    assert_eq!(measured.counted(Some("shop"), Some("emails"), Metric::Valid), (3, 3), "values are counted one by one");
    assert_eq!(
        measured.counted(Some("shop"), Some("emails"), Metric::Unique),
        (2, 2),
        "and once a record for uniqueness"
    );
    assert_eq!(measured.counted(Some("crm"), None, Metric::Rows), (3, 3));
    assert_eq!(measured.counted(Some("crm"), None, Metric::Duplicates), (0, 3));
    assert_eq!(measured.counted(Some("crm"), None, Metric::FreshnessP50Days), (2, 3), "records with a date");
}

#[test]
fn golden_profiles_are_measured_too() {
    let measured = measure();
    assert_eq!(measured.counted(None, None, Metric::Rows), (4, 4));
    assert_eq!(measured.counted(None, Some("emails"), Metric::Present), (3, 4));
    assert_eq!(measured.counted(None, Some("emails"), Metric::Valid), (3, 3));
    assert_eq!(measured.counted(None, Some("emails"), Metric::Unique), (3, 3));
    assert_eq!(measured.counted(None, Some("emails"), Metric::Agreement), (1, 2));
    assert_eq!(measured.counted(None, Some("birth_date"), Metric::Agreement), (1, 1));
}

#[test]
fn a_source_covers_customers() {
    let measured = measure();
    let crm = measured.coverage("crm", "emails");
    assert_eq!((crm.records_total, crm.records_with_value, crm.records_valid), (3, 2, 2));
    assert_eq!(
        (crm.customers_total, crm.customers_covered, crm.customers_valid, crm.customers_only_here),
        (4, 2, 2, 0)
    );
    assert_eq!((crm.wins, crm.conflict_rate), (0, Some(0.5)), "the shop has changed its records since");
    assert_eq!((crm.freshness_p50_days, crm.freshness_p95_days), (Some(20.0), Some(29.0)));
    assert_eq!((crm.redundancy, crm.required), (3, true), "a target for `email` is one for `emails`");
    let web = measured.coverage("web", "emails");
    assert_eq!((web.customers_only_here, web.wins, web.conflict_rate), (1, 1, Some(0.0)));
    let shop = measured.coverage("shop", "emails");
    assert_eq!((shop.customers_valid, shop.wins, shop.conflict_rate), (2, 2, Some(0.0)));
    let dates = measured.coverage("crm", "birth_date");
    assert_eq!((dates.customers_covered, dates.customers_valid, dates.customers_only_here), (2, 1, 0));
    let none = measured.coverage("web", "given_name");
    assert_eq!(
        (none.customers_covered, none.conflict_rate, none.freshness_p50_days, none.redundancy),
        (0, None, None, 2)
    );
}

#[test]
fn a_source_has_customers_of_its_own() {
    let measured = measure();
    let of = |source: &str| {
        let row = measured.coverage(source, ANY_ATTRIBUTE);
        (row.records_total, row.customers_covered, row.customers_only_here)
    };
    assert_eq!(of("crm"), (3, 3, 1));
    assert_eq!(of("shop"), (2, 2, 0));
    assert_eq!(of("web"), (2, 2, 1));
    assert_eq!(measured.coverage("shop", ANY_ATTRIBUTE).wins, 6, "over all attributes");
    assert!(!measured.coverage.iter().any(|row| row.source == "unused"));
}

#[test]
fn sources_overlap() {
    let measured = measure();
    let rows: Vec<(String, i64, i64, i64, Option<f64>)> = measured
        .overlap
        .iter()
        .map(|row| {
            (
                row.sources.join("+"),
                row.customers_exactly,
                row.customers_at_least,
                row.values_compared,
                row.agreement_rate,
            )
        })
        .collect();
    let row =
        |set: &str, exactly, at_least, compared, agreement| (set.to_owned(), exactly, at_least, compared, agreement);
    assert_eq!(
        rows,
        [
            row("crm", 1, 3, 0, None),
            row("shop", 0, 2, 0, None),
            row("web", 1, 2, 0, None),
            // They agree on Ann's name, birth date and e-mail, not on the name and e-mail of Bob who is Rob.
            row("crm+shop", 1, 2, 5, Some(0.6)),
            row("crm+web", 0, 1, 1, Some(1.0)),
            row("shop+web", 0, 1, 1, Some(1.0)),
            row("crm+shop+web", 1, 1, 1, Some(1.0)),
        ]
    );
    assert_eq!(rows.iter().map(|row| row.1).sum::<i64>(), 4, "every customer is in exactly one set");
}

#[test]
fn targets_count_golden_profiles() {
    let measured = measure();
    let rows = coverage::targets(&targets(), &[(4, measured.attributes.as_slice())]);
    let rows: Vec<(&str, i64, i64, u64, bool)> = rows
        .iter()
        .map(|row| (row.attribute.as_str(), row.customers, row.customers_with_value, row.gap_customers, row.met))
        .collect();
    assert_eq!(rows, [("email", 4, 3, 0, true), ("birth_date", 4, 2, 2, false), ("phones", 4, 0, 2, false)]);
}
