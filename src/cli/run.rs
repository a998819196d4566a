//! `goldsmith run`

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::Args;

use super::{Failure, PipelineArguments, print_json, runtime, say, threads};
use crate::counted::{counted, human};
use crate::pipeline::run::Published;
use crate::pipeline::{Backfill, Memory, Outcome, Reread, RunOptions, check, exit, run as run_plan};
use crate::progress::Progress;
use crate::publish::Manifest;
use crate::publish::manifest::StateEntry;

/// Read the sources, match their records, publish golden profiles and reports.
///
/// Publishes a complete new version or leaves the old one as it is. Where nothing has changed since the published
/// version, nothing is published.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  goldsmith run pipelines/customer-360/pipeline.yaml\n  goldsmith run pipeline.yaml --env prod --json | jq .golden_profiles",
    group(clap::ArgGroup::new("interval").multiple(true))
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pipeline: PipelineArguments,
    /// Threads to use; all cores where it is left out. The result does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// The only clock of the data tables (RFC 3339); now where it is left out.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    as_of: Option<i64>,
    /// Name of the run in manifests and logs.
    #[arg(long, value_name = "ID")]
    run_id: Option<String>,
    /// Seconds to wait for another run to end.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    wait: u64,
    /// Publish even where nothing has changed.
    #[arg(long)]
    force: bool,
    /// Train new match models instead of reusing the published ones.
    #[arg(long)]
    retrain: bool,
    /// Read this incremental source whole, as if nothing had been read of it before; may be given several times.
    #[arg(long, value_name = "SOURCE")]
    refresh: Vec<String>,
    /// Read an interval of this incremental source once more, instead of what is new in it; its mark stays.
    #[arg(long, value_name = "SOURCE", requires = "interval")]
    backfill: Option<String>,
    /// Where the interval of --backfill begins: a value of the cursor column.
    #[arg(long, value_name = "CURSOR", requires = "backfill", group = "interval")]
    from: Option<String>,
    /// Where the interval of --backfill ends; this value is not part of it.
    #[arg(long, value_name = "CURSOR", requires = "backfill", group = "interval")]
    until: Option<String>,
    /// Memory to hold at most, such as 3GB or 4GiB; 1500MB is the least. Where it is left out, seven tenths of what the
    /// machine or its container has. What is beyond lies in a file without a name beside the published versions, on a disk
    /// with ext4, XFS or F2FS. The result does not depend on it.
    #[arg(long, value_name = "SIZE", value_parser = parse_memory)]
    memory: Option<u64>,
    /// Exit with 5 where a source could not be read and its policy let the run go on.
    #[arg(long)]
    degraded_exit: bool,
    /// Print the manifest as JSON on standard output.
    #[arg(long)]
    json: bool,
}

fn parse_time(text: &str) -> Result<i64, String> {
    chrono::DateTime::parse_from_rfc3339(text)
        .map(|at| at.timestamp_micros())
        .map_err(|_| "write it as 2026-01-31T00:00:00Z".to_owned())
}

fn parse_memory(text: &str) -> Result<u64, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim_start().to_ascii_lowercase().as_str() {
        "mb" => 1_000_000,
        "mib" => 1 << 20,
        "gb" => 1_000_000_000,
        "gib" => 1 << 30,
        _ => 0,
    };
    let bytes = number.parse().ok().and_then(|number: u64| number.checked_mul(unit)).unwrap_or_default();
    match bytes {
        0 => Err("write it as 3GB, 3GiB, 3000MB or 3000MiB".to_owned()),
        bytes if bytes < goldsmith_memory::SMALLEST => Err("1500MB is the least: a gigabyte is always held".to_owned()),
        bytes => Ok(bytes),
    }
}

pub(super) fn run(arguments: &Arguments, progress: &Progress) -> Result<u8, Failure> {
    let checked = check::load_plan(&arguments.pipeline.pipeline, &arguments.pipeline.options())?;
    let options = RunOptions {
        threads: threads(arguments.threads.map(usize::from)),
        as_of: arguments.as_of,
        run_id: arguments.run_id.clone(),
        wait: Duration::from_secs(arguments.wait),
        force: arguments.force,
        retrain: arguments.retrain,
        reread: Reread {
            refresh: arguments.refresh.clone(),
            backfill: arguments.backfill.clone().map(|source| Backfill {
                source,
                from: arguments.from.clone(),
                until: arguments.until.clone(),
            }),
        },
        memory: arguments.memory.map_or(Memory::Usual, Memory::Bytes),
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build_global();
    debug_assert!(pool.is_ok(), "the pool is built once");
    let runtime = runtime(options.threads)?;
    watch_signals(&runtime, progress);
    let outcome = match runtime.block_on(run_plan(&checked.plan, &options, progress)) {
        Ok(outcome) => outcome,
        Err(error) => return Err(Failure::of_run(error, &checked)),
    };
    let degraded = match &outcome {
        Outcome::Unchanged { degraded, .. } => !degraded.is_empty(),
        Outcome::Published(published) => !published.degraded.is_empty(),
    };
    match outcome {
        Outcome::Unchanged { version, directory, degraded, warnings } => {
            progress.say(&format!(
                "nothing has changed since version {version}; it stays at {}",
                tidy(&directory).display()
            ));
            warn(&warnings, &degraded);
            if arguments.json {
                print_json(&serde_json::json!({ "version": version, "unchanged": true }))?;
            }
        }
        Outcome::Published(published) => {
            progress.say(&summary(&published, &arguments.pipeline.pipeline.display().to_string()));
            warn(&published.warnings, &published.degraded);
            if arguments.json {
                print_json(&published.manifest)?;
            }
        }
    }
    Ok(if arguments.degraded_exit && degraded { exit::DEGRADED } else { exit::OK })
}

/// What somebody should know of a run that did not fail; `degraded` are the sources it went without, and why.
fn warn(warnings: &[String], degraded: &[(String, String)]) {
    for warning in warnings {
        say(&format!("warning: {warning}"));
    }
    for (source, why) in degraded {
        say(&format!("warning: source `{source}` {why}"));
    }
}

/// The first signal asks the run to end cleanly, a second one ends the process.
fn watch_signals(runtime: &tokio::runtime::Runtime, progress: &Progress) {
    let cell = progress.signal_cell();
    runtime.spawn(async move {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let (Ok(mut terminate), Ok(mut interrupt)) =
                (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
            else {
                return;
            };
            let mut hang_up = if ignores_hang_up() { None } else { signal(SignalKind::hangup()).ok() };
            loop {
                let number = tokio::select! {
                    _ = terminate.recv() => 15,
                    _ = interrupt.recv() => 2,
                    Some(()) = async { hang_up.as_mut()?.recv().await } => 1,
                };
                if cell.swap(number, Ordering::Relaxed) != 0 {
                    std::process::exit(128 + i32::try_from(number).unwrap_or(15));
                }
            }
        }
    });
}

/// Whether it was started to outlive its terminal, as by `nohup`.
#[cfg(unix)]
fn ignores_hang_up() -> bool {
    let ignored = |status: String| {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    };
    // SIGHUP is the first signal. Where it cannot be told, the system does with it what it did.
    std::fs::read_to_string("/proc/self/status").ok().and_then(ignored).is_none_or(|mask| mask & 1 == 1)
}

/// A path as a person would write it: below the current folder where it lies there, without `..`.
fn tidy(path: &Path) -> PathBuf {
    let Ok(full) = path.canonicalize() else { return path.to_owned() };
    match std::env::current_dir().and_then(|current| current.canonicalize()) {
        Ok(current) => full.strip_prefix(&current).map(Path::to_owned).unwrap_or(full),
        Err(_) => full,
    }
}

/// The tables that were read by increments in this run: source, table, what was read.
fn increments(manifest: &Manifest) -> impl Iterator<Item = (&str, &str, &StateEntry)> {
    let fresh = manifest.sources.iter().filter(|source| source.state == "fresh");
    fresh.flat_map(|source| {
        let tables = source.tables.iter();
        tables.filter_map(|table| Some((source.name.as_str(), table.name.as_str(), table.state.as_ref()?)))
    })
}

/// What a data engineer wants to know at the end of a run.
fn summary(published: &Published, pipeline: &str) -> String {
    use std::fmt::Write;
    let manifest = &published.manifest;
    let mut text = String::new();
    let _ = writeln!(text, "\n{} version {} published", manifest.pipeline, manifest.version);
    let _ = writeln!(text, "\n  source            read    records  repeated  filtered  quarantined");
    for source in &manifest.sources {
        let counts = &source.records;
        let _ = writeln!(
            text,
            "  {:<12} {:>9}  {:>9}  {:>8}  {:>8}  {:>11}",
            source.name,
            human(counts.read),
            human(counts.records),
            human(counts.duplicate_rows + counts.superseded),
            human(counts.filtered),
            human(counts.quarantined)
        );
    }
    for ((source, rule), rows) in &published.quarantined {
        let _ = writeln!(text, "  {source:<12} {} in quarantine: {rule}", counted(*rows, "row"));
    }
    for (source, table, state) in increments(manifest) {
        let _ = writeln!(
            text,
            "  {:<12} {table}: {} rows read now ({} new, {} changed), {} carried over, {} gone",
            source,
            human(state.read),
            human(state.added),
            human(state.changed),
            human(state.carried),
            human(state.gone)
        );
    }
    let records: u64 = manifest.sources.iter().map(|source| source.records.records).sum();
    let profiles: u64 = manifest.golden_profiles.values().sum();
    let kinds: Vec<String> =
        manifest.golden_profiles.iter().map(|(entity, count)| format!("{} {entity}", human(*count))).collect();
    let _ = writeln!(
        text,
        "\n  {} became {} ({})",
        counted(records, "record"),
        counted(profiles, "golden profile"),
        kinds.join(", ")
    );
    for target in &published.measures.targets {
        let _ = writeln!(
            text,
            "  coverage  {:<14} {:>6.1}%  target {:>5.1}%  {}",
            target.attribute,
            target.measured * 100.0,
            target.target * 100.0,
            if target.met { "met".to_owned() } else { format!("{} customers short", human(target.gap_customers)) }
        );
    }
    for check in published.measures.checks.iter().filter(|check| !check.holds) {
        let _ = writeln!(text, "  warning   {}", check.sentence());
    }
    let in_file = goldsmith_memory::in_file();
    if in_file > 0 {
        let held = goldsmith_memory::peak().unwrap_or_default();
        let _ = writeln!(
            text,
            "  memory    {} MB held, {} MB in a file",
            human(held / 1_000_000),
            human(in_file / 1_000_000)
        );
    }
    if published.removed > 0 {
        let _ = writeln!(text, "  removed   {} old versions", published.removed);
    }
    let directory = tidy(&published.directory);
    let directory = directory.display();
    let _ = writeln!(text, "\n  tables  {directory}/<table>/part-*.parquet\n  report  {directory}/report.html");
    let columns = if manifest.golden_profiles.keys().all(|entity| entity == "generic") {
        "*"
    } else {
        "golden_id, full_name, email, sources, record_count"
    };
    let _ = write!(
        text,
        "  next    goldsmith query --pipeline {pipeline} \"SELECT {columns} FROM golden_profiles ORDER BY record_count DESC LIMIT 10\""
    );
    text
}

#[cfg(test)]
mod tests {
    use super::parse_memory;

    #[test]
    fn sizes_have_units_and_a_least() {
        assert_eq!(parse_memory("3GB"), Ok(3_000_000_000));
        assert_eq!(parse_memory("2 gib"), Ok(2 << 30));
        assert_eq!(parse_memory("1500MB"), Ok(1_500_000_000));
        for wrong in [
            "1499MB",
            "1GiB",
            "0GB",
            "",
            "3",
            "GB",
            "-3GB",
            "3TB",
            "3GBs",
            "99999999999999999999GB",
            "18446744073709551615GB",
        ] {
            assert!(parse_memory(wrong).is_err(), "{wrong}");
        }
    }
}
