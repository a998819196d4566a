//! `goldsmith path`

use clap::Args;

use super::{Failure, PipelineArguments, print, published};
use crate::pipeline::{check, exit};
use crate::publish::Store;
use crate::publish::previous::Version;

/// Print the directory of the newest published version, or of one of its tables.
///
/// The answer is one pinned version, so tables read through it belong together.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  duckdb -c \"SELECT count(*) FROM '$(goldsmith path pipeline.yaml golden_profiles)/*.parquet'\""
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pipeline: PipelineArguments,
    /// A table; the whole version where it is left out.
    table: Option<String>,
    /// A version other than the newest.
    #[arg(long, value_name = "N")]
    version: Option<i64>,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let checked = check::load_plan(&arguments.pipeline.pipeline, &arguments.pipeline.options())?;
    let store = Store::new(checked.plan.publish.to.clone());
    let manifest = published(&store, arguments.version, &arguments.pipeline.pipeline)?;
    let version = Version { store: &store, manifest: &manifest };
    let directory = version.directory();
    let path = match &arguments.table {
        None => {
            // Reading every table would take long; that each is there does not.
            for table in &manifest.tables {
                version.there(table)?;
            }
            directory
        }
        Some(table) if manifest.tables.iter().any(|known| known.table == *table) => {
            version.table(table)?;
            directory.join(table)
        }
        Some(table) => {
            let known: Vec<&str> = manifest.tables.iter().map(|known| known.table.as_str()).collect();
            let hint = crate::normalize::select::nearest(table, &known).map_or_else(
                || format!("there are {}", known.join(", ")),
                |nearest| format!("did you mean `{nearest}`?"),
            );
            return Err(Failure::config(format!("error: version {} has no table `{table}`; {hint}", manifest.version)));
        }
    };
    let path = path.canonicalize().unwrap_or(path);
    print(&path.display().to_string())?;
    Ok(exit::OK)
}
