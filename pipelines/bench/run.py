#!/usr/bin/env python3
"""Runs the bench pipelines and scores what they publish against the truth.

  run.py [--only SET,SET] [--skip SET,SET] [--goldsmith PATH] [--sets DIR] [--gen DIR ...] [--score [FILE]]

Prints a Markdown table. Ends with 1 where a set is below its floor or a scorer disagrees, with 2 where nothing could be
run or a run failed. Needs Python 3 on Linux, and nothing else; the cross-check needs what its scorer needs.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SHARED = ROOT.parent / "shared" / "bench"

# What a set must reach; a set without a line is reported only. Measures: see `measures`.
FLOORS = {
    "fake_1000": {"pairwise F1": 0.935},
    "febrl3": {"pairwise F1": 0.999},
    "febrl4": {"pairwise F1": 0.999},
    "pseudopeople": {"pairwise F1": 0.985},
    "restaurants": {"pairwise F1": 0.95},
    "dblp_acm": {"pairwise F1": 0.95},
    "gen": {"pairwise F1": 0.945, "B-cubed F1": 0.965, "precision": 0.97},
}
# The floors of `gen` are those of a folder of this many records.
GEN_RECORDS = 100_000

COLUMNS = ["set", "records", "precision", "recall", "pairwise F1", "B-cubed F1", "exact clusters",
           "seconds", "CPU-s", "peak MB", "floor"]


def measures(scores):
    """The measures of a set by their names in the table."""
    return {
        "precision": scores["pairwise"]["precision"],
        "recall": scores["pairwise"]["recall"],
        "pairwise F1": scores["pairwise"]["f1"],
        "B-cubed F1": scores["b_cubed"]["f1"],
        "exact clusters": scores["exact_clusters"]["f1"],
    }


def run(goldsmith, pipeline, variables):
    """One run from nothing; its seconds, CPU seconds and peak of memory in MB."""
    shutil.rmtree(ROOT / "out" / "bench" / pipeline.stem, ignore_errors=True)
    started = time.monotonic()
    process = subprocess.Popen([goldsmith, "run", str(pipeline), "--quiet", *variables])
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"`goldsmith run {pipeline}` ended with {process.returncode}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def output(command, **options):
    """What a command prints."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, **options)
    if done.returncode != 0:
        raise RuntimeError(f"`{' '.join(map(str, command))}` ended with {done.returncode}")
    return done.stdout


def disagreements(goldsmith, pipeline, variables, truth, scorer, scores, by_source):
    """How the other scorer's figures differ from `scores`."""
    record = "source || ':' || source_key" if by_source else "source_key"
    sql = f"SELECT {record} AS record_id, golden_id AS cluster_id FROM cross_reference"
    with tempfile.TemporaryDirectory() as folder:
        clusters = pathlib.Path(folder) / "clusters.csv"
        with clusters.open("w") as file:
            command = [goldsmith, "query", "--pipeline", str(pipeline), "--format", "csv", *variables, sql]
            subprocess.run(command, stdout=file, check=True)
        other = json.loads(output([sys.executable, str(scorer), str(truth), str(clusters)]))
    names = {"pairwise": "pairwise", "b_cubed": "bcubed", "exact_clusters": "exact"}
    for ours, theirs in names.items():
        for measure in ("precision", "recall", "f1"):
            left, right = scores[ours][measure], other[theirs][measure]
            if abs(left - right) > 1e-9:
                yield f"{ours} {measure}: {left} here, {right} there"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = lambda text: [name for name in text.split(",") if name]
    parser.add_argument("--only", type=names, metavar="SET,SET", help="these sets; all that are there by default")
    parser.add_argument("--skip", type=names, default=[], metavar="SET,SET", help="not these sets")
    parser.add_argument("--goldsmith", default=str(ROOT / "target" / "release" / "goldsmith"), metavar="PATH")
    parser.add_argument("--sets", type=pathlib.Path, default=SHARED / "datasets", metavar="DIR",
                        help="the folder of the labelled sets; default: %(default)s")
    parser.add_argument("--gen", type=pathlib.Path, action="append", default=[], metavar="DIR",
                        help="a folder with the four files of the generator and truth.parquet; may be repeated")
    parser.add_argument("--score", nargs="?", type=pathlib.Path, const=SHARED / "score.py", metavar="FILE",
                        help="check the figures with a second scorer, run by this Python; default: %(const)s")
    args = parser.parse_args()

    known = sorted(path.stem for path in HERE.glob("*.yaml"))
    for name in [*(args.only or []), *args.skip]:
        if name not in known:
            parser.error(f"there is no set `{name}`; there are {', '.join(known)}")
    for folder in args.gen:
        if not (folder / "truth.parquet").exists():
            parser.error(f"there is no truth.parquet in {folder}")
    jobs = [(name, "gen", folder.resolve(), folder.resolve() / "truth.parquet")
            for folder in args.gen for name in [f"gen {folder.resolve().name}"]]
    jobs += [(name, name, args.sets.resolve() / name, args.sets.resolve() / name / "truth.csv")
             for name in known if name != "gen"]
    jobs = [job for job in jobs if job[3].exists() and job[1] not in args.skip
            and (args.only is None or job[1] in args.only)]
    if not jobs:
        print(f"run.py: no truth of any of these sets below {args.sets}", file=sys.stderr)
        return 2
    scorer = args.score if args.score and args.score.exists() else None
    if args.score and not scorer:
        print(f"run.py: no second scorer at {args.score}: the figures are not checked", file=sys.stderr)

    failed, broken = [], []
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS), flush=True)
    for name, pipeline_name, data, truth in jobs:
        pipeline = HERE / f"{pipeline_name}.yaml"
        variables = ["--var", f"DATA={data}"]
        try:
            seconds, cpu, peak = run(args.goldsmith, pipeline, variables)
            command = [args.goldsmith, "evaluate", str(pipeline), "--truth", str(truth), "--json", *variables]
            scores = json.loads(output(command))
            found = measures(scores)
            if scorer:
                by_source = pipeline_name == "gen"
                for line in disagreements(args.goldsmith, pipeline, variables, truth, scorer, scores, by_source):
                    failed.append(f"{name}: {scorer.name} disagrees: {line}")
        except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
            broken.append(f"{name}: {error}")
            continue
        floors = FLOORS.get(pipeline_name, {})
        if pipeline_name == "gen" and scores["records"] != GEN_RECORDS:
            floors = {}
        below = [f"{measure} {found[measure]:.4f} is below {floor}"
                 for measure, floor in floors.items() if found[measure] < floor]
        failed += [f"{name}: {line}" for line in below]
        verdict = ("below" if below else "held") if floors else ""
        cells = [name, f"{scores['records']:,}", *(f"{value:.4f}" for value in found.values()),
                 f"{seconds:.1f}", f"{cpu:.1f}", f"{peak:.0f}", verdict]
        print("| " + " | ".join(cells) + " |", flush=True)
    for line in [*broken, *failed]:
        print(line, file=sys.stderr)
    return 2 if broken else 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
