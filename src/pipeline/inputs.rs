//! One hash over everything the data tables depend on: equal hashes, equal tables.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use arrow::ipc::reader::FileReader;
use goldsmith_increments::merge::Contents;

use super::RunError;
use super::deliver::Delivered;
use super::error::IoContext;
use super::plan::Plan;
use crate::extract::LandedTable;

/// Hashes the plan, the landed rows, the decisions, the model the pipeline names and an explicit `as_of`.
///
/// # Errors
/// A file that cannot be read back.
pub fn inputs_hash(plan: &Plan, delivered: &[Delivered], as_of: Option<i64>) -> Result<String, RunError> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
    hasher.update(plan.config_hash.as_bytes());
    hasher.update(&plan.ids_key.bytes);
    hasher.update(&as_of.unwrap_or(i64::MIN).to_le_bytes());
    for path in [&plan.matching.decisions, &plan.matching.model].into_iter().flatten() {
        add_file(&mut hasher, path)?;
    }
    for (source, delivered) in plan.sources.iter().zip(delivered) {
        hasher.update(source.name.as_bytes());
        match delivered {
            Delivered::Skipped { .. } => {
                hasher.update(b"skipped");
            }
            Delivered::LastGood { .. } => {
                hasher.update(b"last good");
            }
            Delivered::Fresh(extracted) => {
                for (name, table) in &extracted.tables {
                    hasher.update(name.as_bytes());
                    match table.increment {
                        Some(_) => add_rows(&mut hasher, table)?,
                        None => add_file(&mut hasher, &table.path)?,
                    }
                }
                for row in &extracted.quarantined {
                    hasher.update(row.file.as_bytes());
                    hasher.update(&row.row.to_le_bytes());
                    hasher.update(&row.raw);
                }
            }
        }
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// A table that was merged comes in other batches than the one it was merged from, although its rows may be the same:
/// only they count.
fn add_rows(hasher: &mut blake3::Hasher, table: &LandedTable) -> Result<(), RunError> {
    let contents = Contents::new(&table.schema);
    for field in table.schema.fields() {
        hasher.update(field.name().as_bytes());
        hasher.update(field.data_type().to_string().as_bytes());
    }
    for file in &table.files {
        hasher.update(file.as_bytes());
    }
    let file = File::open(&table.path).doing(|| format!("reading {}", table.path.display()))?;
    for batch in FileReader::try_new(BufReader::new(file), None)? {
        match contents.of(&batch?).map_err(|error| RunError::Internal(error.to_string()))? {
            Some(rows) => {
                for row in rows {
                    hasher.update(&row.to_le_bytes());
                }
            }
            None => return add_file(hasher, &table.path),
        }
    }
    Ok(())
}

fn add_file(hasher: &mut blake3::Hasher, path: &Path) -> Result<(), RunError> {
    let mut file = File::open(path).doing(|| format!("reading {}", path.display()))?;
    std::io::copy(&mut file, hasher).doing(|| format!("reading {}", path.display()))?;
    Ok(())
}
