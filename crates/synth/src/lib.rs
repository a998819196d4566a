//! Synthetic customers of five unlike systems, with the truth beside them.
//!
//! ```text
//!   seed ──▶ world::household(n)      who the customers truly are: a pure function, nothing is kept
//!                 │
//!            plan::Plan               which record is whose, in which system, in which (random) order
//!                 │
//!            seen::see                a customer as one system saw it: typos, nicknames, old addresses, gaps, junk
//!                 │
//!   systems::{crm, shop, billing, support, loyalty}      each in its own format          truth: the answer
//! ```
//! The same arguments give the same bytes, on any machine and with any number of cores. Memory holds some bytes a
//! record and never the records themselves.

mod calendar;
mod digits;
mod noise;
mod plan;
mod rng;
mod script;
mod seen;
mod stock;
mod systems;
mod truth;
mod world;

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use plan::{Plan, Source};
use world::World;

/// What to write, and where.
#[derive(Debug, Clone)]
pub struct SynthOptions {
    /// Records over all systems; exactly so many lines has the truth. 1 to 50,000,000.
    pub records: u64,
    /// Another seed gives other customers.
    pub seed: u64,
    /// Directory for the files; made if missing. Files of an earlier run are written over.
    pub out: PathBuf,
    /// Rows an Excel sheet holds, the heading included; the rest goes on to further sheets. At least 2.
    pub sheet_rows: u32,
}

impl SynthOptions {
    /// Options with what Excel holds per sheet, 1,048,576 rows.
    pub fn new(records: u64, seed: u64, out: impl Into<PathBuf>) -> Self {
        Self { records, seed, out: out.into(), sheet_rows: 1_048_576 }
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Each file with its rows: of a system the customer rows that can be read, whoever's they are.
    pub files: Vec<(PathBuf, u64)>,
    pub records: u64,
    pub customers: u64,
    pub households: u64,
    /// Rows that no reader can take, which the truth leaves out.
    pub broken_rows: u64,
    /// Rows of the CRM with status `test`, which the truth leaves out.
    pub test_rows: u64,
}

/// How far the writing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The system whose file moved on.
    pub source: &'static str,
    /// Records written over all systems so far, and to write.
    pub done: u64,
    pub total: u64,
}

/// Why the files could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SynthError {
    #[error("records is {0}; choose a number from 1 to 50,000,000")]
    Records(u64),
    #[error("sheet_rows is {0}; an Excel sheet holds 2 to 1,048,576 rows")]
    SheetRows(u32),
    #[error("{}: cannot be written; check the path, its permissions and the space on the disk", path.display())]
    Write {
        path: PathBuf,
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Writes the five systems and the truth, and tells `progress` about every few thousand records.
///
/// # Errors
/// Options out of range, or a file that cannot be written.
pub fn write(options: &SynthOptions, progress: &dyn Fn(Progress)) -> Result<Summary, SynthError> {
    if !(1..=50_000_000).contains(&options.records) {
        return Err(SynthError::Records(options.records));
    }
    if !(2..=1_048_576).contains(&options.sheet_rows) {
        return Err(SynthError::SheetRows(options.sheet_rows));
    }
    for folder in ["crm", "billing", "support", "loyalty"] {
        let path = options.out.join(folder);
        std::fs::create_dir_all(&path).map_err(|cause| SynthError::Write { path, cause: cause.into() })?;
    }
    let world = World::new(options.seed);
    let plan = Plan::new(&world, options.records);
    let (sender, receiver) = mpsc::channel();
    let work = Work { world: &world, plan: &plan, sheet_rows: options.sheet_rows };
    let files = thread::scope(|scope| {
        let running: Vec<_> = FILES
            .into_iter()
            .map(|(name, writer)| {
                let (path, work, ticker) = (options.out.join(name), &work, Ticker { sender: sender.clone() });
                scope.spawn(move || match writer(work, &path, &ticker) {
                    Ok(rows) => Ok((path, rows)),
                    Err(cause) => Err(SynthError::Write { path, cause }),
                })
            })
            .collect();
        drop(sender);
        let mut done = 0;
        for (source, rows) in receiver {
            done += rows;
            progress(Progress { source: Source::name(source), done, total: options.records });
        }
        running
            .into_iter()
            .map(|job| job.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect::<Result<Vec<_>, _>>()
    })?;
    Ok(Summary {
        files,
        records: options.records,
        customers: plan.customers(),
        households: u64::from(plan.households),
        broken_rows: (systems::crm::extra_rows(&plan).broken + systems::support::broken_rows(&plan)) as u64,
        test_rows: systems::crm::extra_rows(&plan).test as u64,
    })
}

/// What every writer needs.
struct Work<'a> {
    world: &'a World,
    plan: &'a Plan,
    sheet_rows: u32,
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Writes one file and says how many rows it holds.
type Writer = fn(&Work<'_>, &Path, &Ticker) -> Result<u64, Cause>;

const FILES: [(&str, Writer); 8] = [
    ("crm/customers.csv.gz", systems::crm::write),
    ("shop.db", systems::shop::write),
    ("billing/accounts.parquet", systems::billing::write),
    ("support/contacts.ndjson", systems::support::write),
    ("loyalty/members.xlsx", systems::loyalty::write),
    ("truth.csv", truth::write_truth_csv),
    ("truth.parquet", truth::write_truth_parquet),
    ("entities.parquet", truth::write_entities),
];

/// Sends a writer's progress to the thread that was asked to report it.
struct Ticker {
    sender: mpsc::Sender<(Source, u64)>,
}

impl Ticker {
    const STEP: usize = 4096;

    /// To be called after each row, with its place and the number of rows.
    fn row(&self, source: Source, row: usize, rows: usize) {
        if (row + 1).is_multiple_of(Self::STEP) || row + 1 == rows {
            // Nobody listening is no reason to stop writing.
            let _ = self.sender.send((source, (row % Self::STEP + 1) as u64));
        }
    }
}
