//! Contracts: what a source promised when it was last published, held against what it is now.

use arrow::datatypes::{DataType, Schema};

use super::{ExtractedSource, Quarantined};
use crate::pipeline::plan::{ContractPlan, Drift};
use crate::publish::manifest::{Gate, SourceEntry};

/// A column as manifests keep it.
#[must_use]
pub fn columns(schema: &Schema) -> Vec<(String, String)> {
    schema.fields().iter().map(|field| (field.name().clone(), type_name(field.data_type()))).collect()
}

fn type_name(data_type: &DataType) -> String {
    data_type.to_string()
}

/// What the contracts of one source found.
#[derive(Debug, Default)]
pub struct Verdict {
    pub gates: Vec<Gate>,
    /// Sentences for people, each with the thing, the place and the way out.
    pub breaches: Vec<String>,
    /// What was taken, but somebody should know.
    pub warnings: Vec<String>,
    /// Tables whose rows go to quarantine as a whole, with the reason.
    pub quarantined_tables: Vec<(String, String)>,
}

/// Compares the schemas of a source's tables with the last published ones, before a row is read.
#[must_use]
pub fn check_columns(
    source: &str,
    contract: &ContractPlan,
    tables: &[(String, Vec<(String, String)>)],
    last: &SourceEntry,
) -> Verdict {
    let mut verdict = Verdict::default();
    for (table, now) in tables {
        let Some(before) = last.tables.iter().find(|known| known.name == *table) else { continue };
        // A table without columns has no rows either, which is for the volume to judge.
        if now.is_empty() {
            continue;
        }
        for (column, data_type) in &before.columns {
            match now.iter().find(|(name, _)| name == column) {
                None => verdict.judge(
                    contract.missing_column,
                    source,
                    table,
                    &format!("column `{column}` is gone; it was there in the last published version"),
                    "missing_column",
                ),
                Some((_, found)) if found != data_type => {
                    verdict.judge(
                        contract.retyped_column,
                        source,
                        table,
                        &format!("column `{column}` was {data_type} in the last published version and is {found} now"),
                        "retyped_column",
                    );
                }
                Some(_) => {}
            }
        }
        for (column, _) in now.iter().filter(|(name, _)| !before.columns.iter().any(|(known, _)| known == name)) {
            verdict.judge(contract.new_column, source, table, &format!("column `{column}` is new"), "new_column");
        }
    }
    verdict
}

/// Compares the row counts of a source's tables with the last published ones, and its quarantine with the limit.
#[must_use]
pub fn check_rows(contract: &ContractPlan, extracted: &ExtractedSource, last: Option<&SourceEntry>) -> Verdict {
    let mut verdict = Verdict::default();
    let source = &extracted.name;
    for (name, table) in &extracted.tables {
        // Rows that are kept out because of a column were delivered all the same.
        let refused = if table.refused { table.rejected } else { 0 };
        let rows = table.rows + refused;
        let Some(known) = last.and_then(|last| last.tables.iter().find(|known| known.name == *name)) else {
            continue;
        };
        let before = known.rows;
        if before == 0 {
            continue;
        }
        // Fewer rows, or as many of which fewer can be read: either is a source that shrank.
        let share = ratio(rows, before).min(ratio(rows + table.rejected - refused, before + known.rejected));
        let shrunk = share <= contract.min_volume && share < 1.0;
        let status = if shrunk || share > contract.max_volume { "fail" } else { "pass" };
        let expected = format!(
            "more than {:.0}% and at most {:.0}% of the last {before} rows",
            contract.min_volume * 100.0,
            contract.max_volume * 100.0
        );
        if status == "fail" {
            verdict.breaches.push(format!(
                "source `{source}`, table `{name}`: {rows} rows where the last published version had {before} ({:.0}%); allowed is {expected}. If that is right, set `contract: volume:` for the source",
                share * 100.0
            ));
        }
        verdict.gates.push(Gate {
            name: format!("volume {source}.{name}"),
            status: status.to_owned(),
            observed: rows.to_string(),
            expected,
        });
    }
    let read = extracted.rows_read();
    let quarantined = extracted.quarantined.len() as u64;
    let share = if read == 0 { 0.0 } else { ratio(quarantined, read) };
    if share > contract.max_quarantined {
        let example =
            extracted.quarantined.first().map(|row| format!("; the first: {}", row.sentence())).unwrap_or_default();
        verdict.breaches.push(format!(
            "source `{source}`: {quarantined} of {read} rows cannot be read ({:.1}%), allowed are {:.1}%{example}. Mend the data, or raise `contract: max_quarantined:`",
            share * 100.0,
            contract.max_quarantined * 100.0
        ));
    }
    if contract.max_quarantined < 1.0 {
        verdict.gates.push(Gate {
            name: format!("quarantine {source}"),
            status: if share > contract.max_quarantined { "fail" } else { "pass" }.to_owned(),
            observed: format!("{:.2}%", share * 100.0),
            expected: format!("at most {:.2}%", contract.max_quarantined * 100.0),
        });
    }
    verdict
}

#[expect(clippy::cast_precision_loss, reason = "a share of rows")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

impl Verdict {
    fn judge(&mut self, drift: Drift, source: &str, table: &str, what: &str, contract: &str) {
        let status = match drift {
            Drift::Evolve => return,
            Drift::Warn => {
                self.warnings.push(format!("source `{source}`, table `{table}`: {what}"));
                "warn"
            }
            Drift::Quarantine => {
                self.warnings.push(format!("source `{source}`, table `{table}`: {what}; its rows are in quarantine"));
                self.quarantined_tables.push((table.to_owned(), what.to_owned()));
                "warn"
            }
            Drift::Fail => {
                self.breaches.push(format!("source `{source}`, table `{table}`: {what}. Mend the source, or set `contract: {contract}:` to evolve or warn"));
                "fail"
            }
        };
        self.gates.push(Gate {
            name: format!("{contract} {source}.{table}"),
            status: status.to_owned(),
            observed: what.to_owned(),
            expected: "as in the last published version".to_owned(),
        });
    }

    /// Adds another verdict.
    pub fn merge(&mut self, other: Self) {
        self.gates.extend(other.gates);
        self.breaches.extend(other.breaches);
        self.warnings.extend(other.warnings);
        self.quarantined_tables.extend(other.quarantined_tables);
    }
}

/// A row put into quarantine because its table broke its contract.
#[must_use]
pub fn contract_row(source: &str, table: &str, file: &str, row: i64, what: &str) -> Quarantined {
    Quarantined {
        source: source.to_owned(),
        table: Some(table.to_owned()),
        file: file.to_owned(),
        row,
        byte_offset: None,
        source_key: None,
        stage: "contract",
        rule: "column_drift".to_owned(),
        attribute: None,
        message: format!("{file}, row {row}: {what}"),
        raw: Vec::new(),
    }
}
