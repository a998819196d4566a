"""Copies one PostgreSQL table to Parquet with dlt, or to CSV with ingestr, and tells rows a second.

    python3 -m venv peers
    peers/bin/pip install 'dlt[parquet,sql-database]' psycopg2-binary connectorx pyarrow
    peers/bin/python benches/reading/peers.py dlt-pyarrow postgresql+psycopg2://user@127.0.0.1:5432/shop customers
    peers/bin/python benches/reading/peers.py dlt-sqlalchemy postgresql+psycopg2://user@127.0.0.1:5432/shop customers

ingestr writes no Parquet to a disk, so it writes CSV. It needs an environment of its own ('ingestr<1': newer ones fetch
their program from GitHub), whose program is named last:

    peers/bin/python benches/reading/peers.py ingestr postgresql://user@127.0.0.1:5432/shop customers other/bin/ingestr
"""

import csv
import glob
import os
import resource
import subprocess
import sys
import tempfile
import time


def dlt_backend(backend, address, table, folder):
    import dlt
    from dlt.sources.sql_database import sql_table

    destination = dlt.destinations.filesystem(bucket_url="file://" + os.path.join(folder, "out"))
    pipeline = dlt.pipeline("peers", destination=destination, dataset_name="d", pipelines_dir=folder)
    rows = sql_table(credentials=address, table=table, backend=backend, chunk_size=50_000)
    pipeline.run(rows, loader_file_format="parquet", write_disposition="replace")

    def written():
        import pyarrow.parquet

        files = glob.glob(os.path.join(folder, "out", "d", table, "*.parquet"))
        return sum(pyarrow.parquet.read_metadata(file).num_rows for file in files)

    return written


def ingestr(program, address, table, folder):
    target = os.path.join(folder, "out.csv")
    command = [program, "ingest", "--yes", "--progress", "log", "--source-uri", address]
    command += ["--source-table", "public." + table, "--dest-uri", "csv://" + target, "--dest-table", "d." + table]
    subprocess.run(command, check=True, stdout=sys.stderr)

    def written():
        with open(target, newline="") as file:
            return sum(1 for _ in csv.reader(file)) - 1

    return written


def cpu():
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def main():
    tool, address, table, *program = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        start = time.time()
        if tool == "ingestr":
            written = ingestr(program[0], address, table, folder)
        else:
            written = dlt_backend(tool.removeprefix("dlt-"), address, table, folder)
        wall, used = time.time() - start, cpu()
        count = written()
    memory = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(f"{tool}: {count} rows, {wall:.1f} s wall, {used:.1f} CPU-s, {count / wall:,.0f} rows/s, {memory >> 10} MB")


main()
