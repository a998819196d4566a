"""Writes tables with delta-rs, and beside each version what delta-rs reads from it: TABLE.VERSION.arrow."""

import datetime
import decimal
import os

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

UTC = datetime.timezone.utc


def plain(kind):
    """The type under the names this project gives to fields of lists and maps."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(pa.field("item", plain(kind.value_type)))
    if pa.types.is_map(kind):
        return pa.map_(plain(kind.key_type), plain(kind.item_type))
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(field.name, plain(field.type)) for field in kind])
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return pa.binary()
    if pa.types.is_dictionary(kind):
        return plain(kind.value_type)
    return kind


def expect(name, query=False):
    table = DeltaTable(name)
    if query:
        from deltalake import QueryBuilder

        rows = pa.table(QueryBuilder().register("t", table).execute("SELECT * FROM t"))
    else:
        rows = table.to_pyarrow_table()
    schema = pa.schema([pa.field(field.name, plain(field.type)) for field in rows.schema])
    rows = rows.cast(schema).sort_by("id")
    with pa.OSFile(f"{name}.{table.version()}.arrow", "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        writer.write_table(rows)


def customers(ids, **more):
    def pick(*values):
        return [values[id % len(values)] for id in ids]

    return pa.table({
        "id": pa.array(ids, pa.int64()),
        "name": pa.array(pick("Zoë", None, "Li"), pa.string()),
        "country": pa.array(pick("São Paulo/x y%", None, "a=b:c", "d'e#f?"), pa.string()),
        "day": pa.array(pick(datetime.date(2024, 2, 29), datetime.date(1969, 7, 20)), pa.date32()),
        "spent": pa.array(pick(decimal.Decimal("12.10"), None, decimal.Decimal("-0.05")), pa.decimal128(12, 2)),
        "huge": pa.array(pick(decimal.Decimal(10) ** 37 - 1, None), pa.decimal128(38, 0)),
        "at": pa.array(pick(datetime.datetime(2024, 2, 1, 13, 5, 7, 123456, UTC), None), pa.timestamp("us", "UTC")),
        "local": pa.array(pick(datetime.datetime(1960, 1, 1, 1, 2, 3, 4), None), pa.timestamp("us")),
        "vip": pa.array(pick(True, None, False), pa.bool_()),
        "small": pa.array(pick(-128, 127), pa.int8()),
        "middle": pa.array(pick(-32768, None), pa.int16()),
        "count": pa.array(pick(2**31 - 1, None), pa.int32()),
        "ratio": pa.array(pick(0.5, None), pa.float32()),
        "score": pa.array(pick(1e300, None), pa.float64()),
        "photo": pa.array(pick(b"\xff\x00", None), pa.binary()),
        "tags": pa.array(pick(["a", None], None, []), pa.list_(pa.string())),
        "address": pa.array(
            pick({"city": "Graz", "lines": [{"no": 1}]}, None), pa.struct([
                ("city", pa.string()), ("lines", pa.list_(pa.struct([("no", pa.int32())]))),
            ])),
        "attributes": pa.array(pick([("k", 1), ("l", None)], None, []), pa.map_(pa.string(), pa.int64())),
    } | more)


# Parted, appended, evolved, rows deleted, a checkpoint in between, and more.
parts = ["country", "day", "vip"]
write_deltalake("customers", customers(range(12)), partition_by=parts)
expect("customers")
write_deltalake("customers", customers(range(12, 20)), mode="append")
expect("customers")
note = customers(range(20, 24), note=pa.array(["x", None, "y", "z"]))
write_deltalake("customers", note, mode="append", schema_mode="merge")
expect("customers")
DeltaTable("customers").delete("id % 5 = 1")
expect("customers")
DeltaTable("customers").create_checkpoint()
DeltaTable("customers").update({"name": "'new'"}, predicate="id = 2")
expect("customers")
DeltaTable("customers").optimize.compact()
expect("customers")
DeltaTable("customers").restore(2)
expect("customers")

# Without partitions: three commits, three files.
for start in (0, 3, 6):
    write_deltalake("people", customers(range(start, start + 3)), mode="append")
expect("people")

# Overwritten with another schema, and old files removed.
write_deltalake("vacuumed", customers(range(3)))
write_deltalake("vacuumed", pa.table({"id": pa.array([7, 8]), "x": ["a", "b"]}), mode="overwrite", schema_mode="overwrite")
DeltaTable("vacuumed").vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
expect("vacuumed")

# The log before the checkpoint is gone, as after its retention.
for start in (0, 3, 6, 9):
    write_deltalake("cleaned", customers(range(start, start + 3)), mode="append", partition_by=["small"])
DeltaTable("cleaned").create_checkpoint()
for version in range(3):
    os.remove(f"cleaned/_delta_log/{version:020}.json")
expect("cleaned")
write_deltalake("cleaned", customers(range(12, 15)), mode="append")
expect("cleaned")

# Timestamps and binaries as partition values, and an empty table.
keyed = pa.table({
    "id": pa.array([1, 2, 3]),
    "at": pa.array([datetime.datetime(2024, 2, 1, 13, 5, 7, 123456, UTC), datetime.datetime(1960, 1, 1, tzinfo=UTC), None],
                   pa.timestamp("us", "UTC")),
    "local": pa.array([datetime.datetime(2024, 2, 1, 13, 5, 7, 5), None, datetime.datetime(1960, 1, 1)], pa.timestamp("us")),
    "amount": pa.array([decimal.Decimal("1.50"), None, decimal.Decimal("7.25")], pa.decimal128(6, 2)),
})
write_deltalake("keyed", keyed, partition_by=["at", "local", "amount"])
expect("keyed")
write_deltalake("empty", customers([]))
expect("empty")

# Columns found by name and by id; one renamed in the log alone.
for mode in ("name", "id"):
    name = f"by_{mode}"
    configuration = {"delta.columnMapping.mode": mode}
    write_deltalake(name, customers(range(6)), partition_by=["country"], configuration=configuration)
    expect(name, query=True)
    DeltaTable(name).create_checkpoint()
    write_deltalake(name, customers(range(6, 9)), mode="append")
    expect(name, query=True)

# The feature is on, and rows are deleted.
write_deltalake("vectors", customers(range(9)), configuration={"delta.enableDeletionVectors": "true"})
DeltaTable("vectors").delete("id = 4")
expect("vectors", query=True)
