//! Each stage and the whole, over synthetic records: `cargo bench`. The records are written once a process; their
//! number is in `GOLDSMITH_BENCH_RECORDS` (100,000 where it is not set).

use std::path::Path;
use std::sync::OnceLock;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use goldsmith::golden::{Clusters, survive};
use goldsmith::matching::coded_records;
use goldsmith::normalize::{Normalized, normalize};
use goldsmith::pipeline::check::{Checked, FileOptions, load_plan};
use goldsmith::pipeline::resolve::match_options;
use goldsmith::pipeline::{Memory, Reread, RunOptions, deliver, sources};
use goldsmith::progress::Progress;
use goldsmith_resolve::{Decisions, Resolution};
use tempfile::TempDir;

fn main() {
    divan::main();
}

/// Everything the benches share, prepared once.
struct Bench {
    folder: TempDir,
    checked: Checked,
    threads: usize,
    runtime: tokio::runtime::Runtime,
    extracted: Vec<Option<goldsmith::extract::ExtractedSource>>,
    normalized: Normalized,
    resolutions: Vec<Resolution>,
}

fn bench() -> &'static Bench {
    static BENCH: OnceLock<Bench> = OnceLock::new();
    BENCH.get_or_init(|| {
        let records =
            std::env::var("GOLDSMITH_BENCH_RECORDS").ok().and_then(|records| records.parse().ok()).unwrap_or(100_000);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options =
            goldsmith_synth::SynthOptions { records, seed: 1, out: folder.path().join("data"), sheet_rows: 1_048_576 };
        goldsmith_synth::write(&options, &|_| {}).expect("synthetic records");
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/customer-360/pipeline.yaml");
        let text = std::fs::read_to_string(sample).expect("the sample pipeline");
        let text = text.replace("../../sample-data", "data").replace("../../out/customer-360", "out");
        let pipeline = folder.path().join("pipeline.yaml");
        std::fs::write(&pipeline, text).expect("the pipeline is written");
        let checked =
            load_plan(&pipeline, &FileOptions::default()).map_err(|mistakes| mistakes.to_string()).expect("a plan");
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_stack_size(16 << 20)
            .enable_all()
            .build()
            .expect("a runtime");
        let progress = Progress::silent();
        let plan = &checked.plan;
        let sources = runtime.block_on(sources::check_sources(plan, None)).expect("sources");
        let (landing, staging) = (folder.path().join("landing"), folder.path().join("staging"));
        let directories = deliver::Directories { landing: &landing, staging: &staging, last: None };
        let (delivered, _) =
            deliver::land(plan, &sources, &directories, None, &Reread::default(), 0, &progress).expect("landed");
        let extracted: Vec<_> = delivered.into_iter().map(deliver::Delivered::into_fresh).collect();
        let normalized = runtime.block_on(normalize(plan, &extracted, &[], threads, &progress)).expect("normalised");
        let resolutions = normalized
            .entities
            .iter()
            .map(|records| {
                let mut coded = coded_records(plan, records).expect("coded");
                goldsmith_resolve::resolve(
                    &mut coded,
                    &match_options(&plan.matching, &records.plan.entity, threads),
                    None,
                    &Decisions::default(),
                    &(),
                )
                .expect("resolved")
            })
            .collect();
        Bench { folder, checked, threads, runtime, extracted, normalized, resolutions }
    })
}

fn records(bench: &Bench) -> ItemsCount {
    ItemsCount::new(bench.normalized.entities.iter().map(goldsmith::normalize::EntityRecords::len).sum::<usize>())
}

/// Rows a second from landing files to normalised records.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn normalise(bencher: Bencher<'_, '_>) {
    let bench = bench();
    bencher.counter(records(bench)).bench(|| {
        bench
            .runtime
            .block_on(normalize(&bench.checked.plan, &bench.extracted, &[], bench.threads, &Progress::silent()))
            .expect("normalised")
    });
}

/// Candidate pairs a second, training and clustering included.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn resolve(bencher: Bencher<'_, '_>) {
    let bench = bench();
    let plan = &bench.checked.plan;
    let pairs: u64 = bench.resolutions.iter().map(|resolution| resolution.candidates).sum();
    bencher.counter(ItemsCount::new(pairs)).bench(|| {
        for records in &bench.normalized.entities {
            let mut coded = coded_records(plan, records).expect("coded");
            black_box(
                goldsmith_resolve::resolve(
                    &mut coded,
                    &match_options(&plan.matching, &records.plan.entity, bench.threads),
                    None,
                    &Decisions::default(),
                    &(),
                )
                .expect("resolved"),
            );
        }
    });
}

/// Records a second from clusters to golden values.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn survivorship(bencher: Bencher<'_, '_>) {
    let bench = bench();
    let plan = &bench.checked.plan;
    let mut arranged = bench
        .runtime
        .block_on(normalize(plan, &bench.extracted, &[], bench.threads, &Progress::silent()))
        .expect("normalised");
    let inputs: Vec<_> = arranged
        .entities
        .iter_mut()
        .zip(&bench.resolutions)
        .map(|(records, resolution)| {
            let ids = coded_records(plan, records).expect("coded").ids;
            let clusters = Clusters::new(resolution.cluster_of.clone());
            records.arrange_values(clusters.all_members()).expect("arranged");
            (&*records, ids, clusters)
        })
        .collect();
    bencher.counter(records(bench)).bench(|| {
        for (records, ids, clusters) in &inputs {
            black_box(survive(plan, records, ids, clusters).expect("survived"));
        }
    });
}

/// Records a second of a whole run, from the sources to the published version.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn end_to_end(bencher: Bencher<'_, '_>) {
    let bench = bench();
    let options = RunOptions {
        threads: bench.threads,
        as_of: Some(0),
        run_id: None,
        wait: std::time::Duration::ZERO,
        force: true,
        retrain: true,
        reread: Reread::default(),
        memory: Memory::Unbounded,
    };
    bencher.counter(records(bench)).bench(|| {
        let outcome = bench
            .runtime
            .block_on(goldsmith::pipeline::run(&bench.checked.plan, &options, &Progress::silent()))
            .expect("a run");
        black_box(&outcome);
    });
    black_box(&bench.folder);
}
