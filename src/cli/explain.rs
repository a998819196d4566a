//! `goldsmith explain`

use arrow::array::{Array, AsArray, RecordBatch};
use clap::Args;
use goldsmith_resolve::{Explanation, PROBABLE, RecordId};

use super::{Failure, PipelineArguments, print, print_json, published, threads};
use crate::matching::{coded_records, read_decisions};
use crate::normalize::EntityRecords;
use crate::normalize::{LastGood, Normalized};
use crate::pipeline::plan::Plan;
use crate::pipeline::resolve::match_options;
use crate::pipeline::{check, exit};
use crate::publish::previous::Version;
use crate::publish::{Store, previous};

/// Explain why two records are one customer or why not, or what a golden profile is made of.
///
/// `explain PIPELINE GOLDEN_ID` lists the records and the origin of each golden value. `explain PIPELINE SOURCE:KEY
/// SOURCE:KEY` shows the evidence for and against, comparison by comparison, in bits: each bit doubles the odds.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  goldsmith explain pipeline.yaml crm:1042 shop:77\n  goldsmith explain pipeline.yaml p7k2m9xq4c1t8h3zd"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pipeline: PipelineArguments,
    /// A golden id, or a record as SOURCE:KEY.
    #[arg(value_name = "GOLDEN_ID|SOURCE:KEY")]
    what: String,
    /// The other record, as SOURCE:KEY.
    #[arg(value_name = "SOURCE:KEY")]
    other: Option<String>,
    /// Print the explanation as JSON on standard output.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let checked = check::load_plan(&arguments.pipeline.pipeline, &arguments.pipeline.options())?;
    let store = Store::new(checked.plan.publish.to.clone());
    let manifest = published(&store, None, &arguments.pipeline.pipeline)?;
    let version = Version { store: &store, manifest: &manifest };
    match &arguments.other {
        None if !arguments.what.contains(':') => profile(&checked.plan, version, &arguments.what, arguments.json),
        None => Err(Failure::config("error: name a second record, as SOURCE:KEY, or a golden id alone")),
        Some(other) => pair(&checked.plan, version, &arguments.what, other, arguments.json),
    }
}

/// The records of a golden profile and where its values come from.
fn profile(plan: &Plan, version: Version<'_>, id: &str, json: bool) -> Result<u8, Failure> {
    let number = version.manifest.version;
    let mut current = id.to_owned();
    for batch in previous::read_table(version, "id_redirects", &["old_golden_id", "current_golden_id"])? {
        for row in rows_where(&batch, 0, id) {
            current = text(&batch, 1, row).to_owned();
        }
    }
    let mut records = Vec::new();
    for batch in
        previous::read_table(version, "cross_reference", &["golden_id", "source", "source_key", "link_method"])?
    {
        records.extend(rows_where(&batch, 0, &current).map(|row| {
            (text(&batch, 1, row).to_owned(), text(&batch, 2, row).to_owned(), text(&batch, 3, row).to_owned())
        }));
    }
    if records.is_empty() {
        return Err(Failure::config(format!("error: version {number} has no golden profile `{id}`")));
    }
    let hidden = |attribute: &str| {
        plan.entities
            .iter()
            .flat_map(|entity| &entity.attributes)
            .any(|known| known.name == attribute && known.sensitive)
    };
    let mut values = Vec::new();
    for batch in previous::read_table(
        version,
        "attribute_provenance",
        &["golden_id", "attribute", "value", "source", "source_key", "strategy", "rank", "supported_by"],
    )? {
        for row in rows_where(&batch, 0, &current) {
            let count = |column: usize| batch.column(column).as_primitive::<arrow::datatypes::Int64Type>().value(row);
            values.push(serde_json::json!({
                "attribute": text(&batch, 1, row),
                "value": if hidden(text(&batch, 1, row)) { "(hidden)" } else { text(&batch, 2, row) }, "source": text(&batch, 3, row),
                "source_key": text(&batch, 4, row), "strategy": text(&batch, 5, row), "rank": count(6), "supported_by": count(7),
            }));
        }
    }
    if json {
        let records: Vec<_> = records.iter().map(|(source, key, method)| serde_json::json!({ "source": source, "source_key": key, "link_method": method })).collect();
        print_json(
            &serde_json::json!({ "golden_id": current, "asked_for": id, "version": number, "records": records, "values": values }),
        )?;
        return Ok(exit::OK);
    }
    let mut out = format!("{current}, version {number}\n");
    if current != id {
        out += &format!("{id} was merged into it\n");
    }
    out += "\nrecords\n";
    for (source, key, method) in &records {
        out += &format!("  {source}:{key}  {method}\n");
    }
    out += "\nvalues (the first of each attribute is the golden one)\n";
    for value in &values {
        let field = |name: &str| value.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        let mark = if value.get("rank").and_then(serde_json::Value::as_i64) == Some(1) { "*" } else { " " };
        let support = value.get("supported_by").and_then(serde_json::Value::as_i64).unwrap_or(0);
        out += &format!(
            "{mark} {:<16} {:<36} {}:{}  {}, {support} record{}\n",
            field("attribute"),
            field("value"),
            field("source"),
            field("source_key"),
            field("strategy"),
            if support == 1 { "" } else { "s" }
        );
    }
    print(&out)?;
    Ok(exit::OK)
}

/// The evidence for and against two records.
fn pair(plan: &Plan, version: Version<'_>, left: &str, right: &str, json: bool) -> Result<u8, Failure> {
    let normalized = published_records(plan, version)?;
    let place = |name: &str, wanted_entity: Option<usize>| -> Result<(usize, usize), Failure> {
        let (source, key) = name
            .split_once(':')
            .ok_or_else(|| Failure::config(format!("error: `{name}` is no record; write SOURCE:KEY")))?;
        let wanted = RecordId::of(source, key);
        // A key may be that of a person and of an organisation.
        let mut found = None;
        for (number, records) in normalized.entities.iter().enumerate() {
            if let Some(row) = record_ids(plan, records)?.iter().position(|id| *id == wanted)
                && (found.is_none() || Some(number) == wanted_entity)
            {
                found = Some((number, row));
            }
        }
        if let Some(found) = found {
            return Ok(found);
        }
        Err(Failure::config(format!(
            "error: version {} has no record `{name}`; records are named by the source's name in the pipeline and the record's key",
            version.manifest.version
        )))
    };
    let (first, _) = place(left, None)?;
    let (right_entity, right_row) = place(right, Some(first))?;
    let (left_entity, left_row) = place(left, Some(right_entity))?;
    let Some(records) = normalized.entities.get(left_entity).filter(|_| left_entity == right_entity) else {
        return Err(Failure::config(format!(
            "error: {left} and {right} are of different entity types; records are compared within one"
        )));
    };
    let (model, _) = previous::previous_model(version, &records.plan.entity)?;
    let steward = plan.matching.decisions.as_deref().map(read_decisions).transpose()?.unwrap_or_default();
    let mut coded = coded_records(plan, records)?;
    let options = match_options(&plan.matching, &records.plan.entity, threads(None));
    let explanation = goldsmith_resolve::explain(&mut coded, &options, &model, &steward.decisions, left_row, right_row)
        .map_err(|error| Failure::config(format!("error: the pair cannot be explained: {error}")))?
        .ok_or_else(|| Failure::config("error: the pair cannot be explained: a record is missing"))?;
    let together = same_customer(version, left, right)?;
    if json {
        print_json(
            &serde_json::json!({ "left": left, "right": right, "same_customer": together, "explanation": explanation }),
        )?;
    } else {
        let compared = explanation.probability < PROBABLE || was_compared(version, left, right)?;
        print(&waterfall(left, right, (together, compared), plan.matching.threshold, &explanation))?;
    }
    Ok(exit::OK)
}

/// The published records, as a run had them.
fn published_records(plan: &Plan, version: Version<'_>) -> Result<Normalized, Failure> {
    let mut normalized = Normalized::empty(plan);
    for (number, source) in plan.sources.iter().enumerate() {
        LastGood::read(version, &source.name)?.add_to(number, &mut normalized)?;
    }
    Ok(normalized)
}

fn record_ids(plan: &Plan, records: &EntityRecords) -> Result<Vec<RecordId>, Failure> {
    let mut ids = Vec::with_capacity(records.len());
    for (source, key) in records.source_names(plan).into_iter().zip(records.column("source_key")?) {
        let key = key.as_string::<i32>();
        ids.extend((0..key.len()).map(|row| RecordId::of(source, key.value(row))));
    }
    Ok(ids)
}

fn same_customer(version: Version<'_>, left: &str, right: &str) -> Result<bool, Failure> {
    let mut found = Vec::new();
    for batch in previous::read_table(version, "cross_reference", &["golden_id", "source", "source_key"])? {
        for row in 0..batch.num_rows() {
            let name = format!("{}:{}", text(&batch, 1, row), text(&batch, 2, row));
            if name == left || name == right {
                found.push(text(&batch, 0, row).to_owned());
            }
        }
    }
    Ok(left == right || (found.len() == 2 && found.first() == found.get(1)))
}

/// Whether `match_pairs`, where all pairs are that are not improbable, has this one.
fn was_compared(version: Version<'_>, left: &str, right: &str) -> Result<bool, Failure> {
    let columns = ["left_source", "left_key", "right_source", "right_key"];
    for batch in previous::read_table(version, "match_pairs", &columns)? {
        let record = |column, row| (text(&batch, column, row), text(&batch, column + 1, row));
        let (left, right) = (left.split_once(':'), right.split_once(':'));
        for row in 0..batch.num_rows() {
            let (x, y) = (Some(record(0, row)), Some(record(2, row)));
            if (x == left && y == right) || (x == right && y == left) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The evidence in words. `together` and `compared` say what became of the two.
fn waterfall(
    left: &str,
    right: &str,
    (together, compared): (bool, bool),
    threshold: f64,
    explanation: &Explanation,
) -> String {
    let bits = |weight: goldsmith_resolve::probability::Weight| f64::from(weight) / 1024.0;
    let mut out = format!("{left} and {right} are {} customer\n\n", if together { "one" } else { "not one" });
    out += &format!("  {:<28} {:<34} {:>8}\n", "comparison", "what was found", "bits");
    out += &format!("  {:<28} {:<34} {:>+8.2}\n", "two records by chance", "", bits(explanation.prior));
    for step in &explanation.steps {
        let adjust = if step.tf_adjust == 0 {
            String::new()
        } else {
            format!("  {:+.2} for how common it is", bits(step.tf_adjust))
        };
        out += &format!("  {:<28} {:<34} {:>+8.2}{adjust}\n", step.comparison, step.level, bits(step.weight));
    }
    out += &format!(
        "\n  against being unrelated {:+.2} bits, against being related (a household) {:+.2} bits\n",
        bits(explanation.against_unrelated),
        bits(explanation.against_related)
    );
    if explanation.correction != 0 {
        out += &format!(
            "  {:+.2} bits by calibration: pairs of such a score and such levels were checked against their birth dates\n",
            bits(explanation.correction)
        );
    }
    out += &format!(
        "  together {:+.2} bits: probability {:.4}; records are joined at an expected precision of {threshold:.2}\n",
        bits(explanation.weight),
        explanation.probability
    );
    let (hit, missed): (Vec<_>, Vec<_>) = explanation.rules.iter().partition(|(_, hit)| *hit);
    let names = |rules: &[&(String, bool)]| rules.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    if hit.is_empty() {
        out += &format!("  never compared: no blocking rule brings them together ({})\n", names(&missed));
    } else if compared {
        out += &format!("  brought together by {}\n", names(&hit));
    } else {
        out += &format!(
            "  never compared: too many records share what they have in common ({}); `match_blocks` tells how many\n",
            names(&hit)
        );
    }
    if let Some(constraint) = &explanation.constraint {
        out += &format!("  decided by a constraint: {constraint}\n");
    } else if !together && compared && explanation.probability >= threshold {
        out += "  good enough as a pair; other records of the two customers speak against joining them\n";
    } else if together && (!compared || explanation.probability < threshold) {
        out += "  joined through other records of the customer\n";
    }
    out
}

fn rows_where<'a>(batch: &'a RecordBatch, column: usize, wanted: &'a str) -> impl Iterator<Item = usize> + 'a {
    (0..batch.num_rows()).filter(move |row| text(batch, column, *row) == wanted)
}

fn text(batch: &RecordBatch, column: usize, row: usize) -> &str {
    let texts = batch.column(column).as_string::<i32>();
    if texts.is_valid(row) { texts.value(row) } else { "" }
}
