//! `goldsmith query`

use std::path::PathBuf;

use arrow::array::RecordBatch;
use clap::{Args, ValueEnum};
use datafusion::prelude::ParquetReadOptions;

use super::{Failure, print_data, published, runtime, threads};
use crate::normalize::attempt::kind_of;
use crate::normalize::select::{plain, tables_of};
use crate::normalize::session;
use crate::pipeline::check::{FileOptions, load_plan};
use crate::pipeline::exit;
use crate::publish::Store;
use crate::publish::previous::Version;
use crate::shown::harmless;

/// Ask the published tables a question in SQL.
///
/// All functions of DataFusion are there, and goldsmith's own (`phone`, `email`, `person_name` …; see `goldsmith
/// reference`). Without a pipeline it is a calculator for those functions.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  goldsmith query --pipeline pipeline.yaml \"SELECT source, count(*) FROM cross_reference GROUP BY source\"\n  goldsmith query \"SELECT phone('020 7946 0018', 'GB')\""
)]
pub(super) struct Arguments {
    /// The question.
    sql: String,
    /// The pipeline whose newest version is asked.
    #[arg(long, short, value_name = "PIPELINE")]
    pipeline: Option<PathBuf>,
    /// Lay the overlay of an environment over the file.
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// Set a variable of the file; may be repeated.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = super::parse_variable)]
    vars: Vec<(String, String)>,
    /// A version other than the newest.
    #[arg(long, value_name = "N")]
    version: Option<i64>,
    /// How the answer is written.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// The same as `--format json`.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A drawn table.
    Table,
    /// Comma-separated, with a header.
    Csv,
    /// One JSON object a line.
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let threads = threads(None);
    let context = session::session(threads);
    let runtime = runtime(threads)?;
    runtime.block_on(async {
        let mut tables: Vec<String> = Vec::new();
        if let Some(pipeline) = &arguments.pipeline {
            let checked =
                load_plan(pipeline, &FileOptions { env: arguments.env.clone(), vars: arguments.vars.clone() })?;
            let store = Store::new(checked.plan.publish.to.clone());
            let manifest = published(&store, arguments.version, pipeline)?;
            let version = Version { store: &store, manifest: &manifest };
            let asked = tables_of(&context, &arguments.sql);
            for table in &manifest.tables {
                tables.push(table.table.clone());
                let path = if asked.contains(&table.table) {
                    version.table(&table.table)?
                } else {
                    version.directory().join(&table.path)
                };
                let registered = context
                    .register_parquet(table.table.as_str(), path.to_string_lossy(), ParquetReadOptions::default())
                    .await;
                // A table nobody asks for need not be whole.
                if asked.contains(&table.table) {
                    registered.map_err(|error| fault(&error))?;
                }
            }
        }
        let frame = match session::select(&context, &arguments.sql).await {
            Ok(frame) => frame,
            Err(error) => return Err(unknown_table(&tables, &error).unwrap_or_else(|| fault(&error))),
        };
        let schema = std::sync::Arc::new(frame.schema().as_arrow().clone());
        let mut batches = frame.collect().await.map_err(|error| of_values(&error))?;
        if batches.is_empty() {
            batches.push(RecordBatch::new_empty(schema));
        }
        let rendered = render(&batches, if arguments.json { Format::Json } else { arguments.format })?;
        // No rows are no lines.
        if rendered.is_empty() { Ok(()) } else { print_data(&rendered) }
    })?;
    Ok(exit::OK)
}

fn fault(error: &datafusion::error::DataFusionError) -> Failure {
    Failure::config(format!("error: {}", plain(error)))
}

/// A fault met on the values, which its words may hold.
fn of_values(error: &datafusion::error::DataFusionError) -> Failure {
    match kind_of(error) {
        Some(kind) => Failure::config(format!("error: {kind}; try_cast(value AS type) gives null where it is none")),
        None => fault(error),
    }
}

/// A question about a table that is not there.
fn unknown_table(tables: &[String], error: &datafusion::error::DataFusionError) -> Option<Failure> {
    let message = plain(error);
    // As the query engine says it, with the names of its catalogue and schema.
    let unknown = message.strip_prefix("table 'datafusion.public.")?.strip_suffix("' not found")?;
    let mend = if tables.is_empty() {
        "name the pipeline whose tables are asked with --pipeline".to_owned()
    } else {
        format!("there are: {}; `goldsmith reference tables` tells their columns", tables.join(", "))
    };
    Some(Failure::config(format!("error: there is no table `{unknown}`; {mend}")))
}

fn render(batches: &[RecordBatch], format: Format) -> Result<String, Failure> {
    if let Format::Csv = format
        && let Some(nested) =
            batches.iter().flat_map(|batch| batch.schema_ref().fields()).find(|f| f.data_type().is_nested())
    {
        let name = nested.name();
        return Err(Failure::config(format!(
            "error: CSV has no place for the list in {name}; choose --format json, or write array_to_string({name}, ', ') in the query"
        )));
    }
    let rendered = match format {
        Format::Table => arrow::util::pretty::pretty_format_batches(batches).map(|table| harmless(&table.to_string())),
        Format::Csv => {
            let mut writer = arrow::csv::Writer::new(Vec::new());
            batches
                .iter()
                .try_for_each(|batch| writer.write(batch))
                .map(|()| String::from_utf8_lossy(&writer.into_inner()).into_owned())
        }
        Format::Json => {
            let mut writer = arrow::json::LineDelimitedWriter::new(Vec::new());
            batches
                .iter()
                .try_for_each(|batch| writer.write(batch))
                .and_then(|()| writer.finish())
                .map(|()| String::from_utf8_lossy(&writer.into_inner()).into_owned())
        }
    };
    rendered.map_err(|error| Failure {
        message: format!("error: the answer cannot be written as {format:?}: {error}; try another --format"),
        code: exit::CONFIG,
    })
}
