//! One hash over everything the data tables depend on: equal hashes, equal tables.

use std::fs::File;
use std::path::Path;

use super::RunError;
use super::error::IoContext;
use super::plan::Plan;
use super::sources::Delivered;

/// Hashes the plan, the landed rows, the decisions, the pinned model and an explicit `as_of`.
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
                    add_file(&mut hasher, &table.path)?;
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

fn add_file(hasher: &mut blake3::Hasher, path: &Path) -> Result<(), RunError> {
    let mut file = File::open(path).doing(|| format!("reading {}", path.display()))?;
    std::io::copy(&mut file, hasher).doing(|| format!("reading {}", path.display()))?;
    Ok(())
}
