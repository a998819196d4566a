//! Tables made from the text of the protocol: what delta-rs does not write.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, Date32Array, Float32Array, Int8Array, Int32Array, Int64Array, ListArray,
    RecordBatch, StringArray, StructArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema, TimestampMicrosecondType};
use goldsmith_source::ErrorKind;
use goldsmith_source::conformance::collect;
use parquet::arrow::ArrowWriter;
use parquet::data_type::{Int96, Int96Type};
use parquet::file::writer::SerializedFileWriter;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{ids, read, refused, source, whole};

/// A table `t` in a folder of its own, written by hand.
pub(crate) struct Made {
    pub(crate) folder: TempDir,
    version: u64,
}

impl Made {
    /// With nothing but its first commit: `fields` in the protocol's form.
    pub(crate) fn new(protocol: &Value, fields: &Value, partitions: &[&str], configuration: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("t/_delta_log")).unwrap();
        let mut made = Self { folder, version: 0 };
        let metadata = metadata(fields, partitions, configuration);
        made.commit(&[json!({ "protocol": protocol }), json!({ "metaData": metadata })]);
        made
    }

    /// Of reader version 1, with the columns `id` (a long) and `name` (a string).
    pub(crate) fn plain() -> Self {
        Self::new(&json!({"minReaderVersion": 1, "minWriterVersion": 2}), &id_and_name(), &[], &json!({}))
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join("t").join(below)
    }

    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.path("_delta_log").join(name)
    }

    pub(crate) fn commit(&mut self, actions: &[Value]) {
        std::fs::write(self.log(&format!("{:020}.json", self.version)), lines(actions)).unwrap();
        self.version += 1;
    }

    /// Writes a data file and gives the action that adds it, with the path as written.
    pub(crate) fn file(&self, path: &str, batch: &RecordBatch) -> Value {
        let target = self.path(path);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        parquet(&target, batch);
        add(path, target.metadata().unwrap().len())
    }

    pub(crate) fn read(&self) -> Vec<(String, u64)> {
        ids(&read(self.folder.path(), "t").unwrap())
    }

    pub(crate) fn refused(&self) -> goldsmith_source::SourceError {
        refused(self.folder.path(), "t")
    }
}

pub(crate) fn id_and_name() -> Value {
    json!([field("id", "long"), field("name", "string")])
}

pub(crate) fn field(name: &str, kind: &str) -> Value {
    json!({"name": name, "type": kind, "nullable": true, "metadata": {}})
}

pub(crate) fn metadata(fields: &Value, partitions: &[&str], configuration: &Value) -> Value {
    json!({
        "id": "af23c9d7-fff1-4a5a-a2c8-55c59bd782aa",
        "format": {"provider": "parquet", "options": {}},
        "schemaString": json!({"type": "struct", "fields": fields}).to_string(),
        "partitionColumns": partitions,
        "configuration": configuration,
    })
}

pub(crate) fn add(path: &str, size: u64) -> Value {
    json!({"add": {"path": path, "partitionValues": {}, "size": size, "modificationTime": 0, "dataChange": true}})
}

pub(crate) fn remove(path: &str) -> Value {
    json!({"remove": {"path": path, "deletionTimestamp": 0, "dataChange": true}})
}

pub(crate) fn lines(actions: &[Value]) -> String {
    actions.iter().map(|action| format!("{action}\n")).collect()
}

pub(crate) fn parquet(path: &Path, batch: &RecordBatch) {
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

pub(crate) fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

/// The columns `id` and `name` of these rows.
pub(crate) fn people(ids: &[i64]) -> RecordBatch {
    let names: Vec<String> = ids.iter().map(|id| format!("customer {id}")).collect();
    batch(vec![("id", Arc::new(Int64Array::from(ids.to_vec()))), ("name", Arc::new(StringArray::from(names)))])
}

fn id(text: &str, row: u64) -> (String, u64) {
    (text.to_owned(), row)
}

/// A checkpoint as the protocol's appendix lays it out, of `actions` in JSON.
pub(crate) fn checkpoint(path: &Path, actions: &[Value]) {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let texts = |name: &str| {
        let entries = DataType::Struct(vec![Field::new("key", DataType::Utf8, false), text("value")].into());
        Field::new(name, DataType::Map(Arc::new(Field::new("key_value", entries, false)), false), true)
    };
    let list = |name: &str| Field::new(name, DataType::new_list(DataType::Utf8, true), true);
    let of = |name: &str, fields: Vec<Field>| Field::new(name, DataType::Struct(fields.into()), true);
    let number = |name: &str| Field::new(name, DataType::Int64, true);
    let statistics = of("stats_parsed", vec![number("numRecords")]);
    let vector = of(
        "deletionVector",
        vec![
            text("storageType"),
            text("pathOrInlineDv"),
            number("offset"),
            number("sizeInBytes"),
            number("cardinality"),
        ],
    );
    let schema = Schema::new(vec![
        of("txn", vec![text("appId"), number("version")]),
        of("add", vec![text("path"), texts("partitionValues"), number("size"), text("stats"), statistics, vector]),
        of("remove", vec![text("path"), number("deletionTimestamp")]),
        of(
            "metaData",
            vec![
                text("id"),
                of("format", vec![text("provider")]),
                text("schemaString"),
                list("partitionColumns"),
                texts("configuration"),
            ],
        ),
        of("protocol", vec![number("minReaderVersion"), number("minWriterVersion"), list("readerFeatures")]),
        of("sidecar", vec![text("path"), number("sizeInBytes")]),
        of("checkpointMetadata", vec![number("version")]),
    ]);
    let mut decoder = arrow::json::ReaderBuilder::new(Arc::new(schema)).build_decoder().unwrap();
    decoder.decode(lines(actions).as_bytes()).unwrap();
    parquet(path, &decoder.flush().unwrap().unwrap());
}

pub(crate) fn first_actions(made: &Made) -> Vec<Value> {
    let text = std::fs::read_to_string(made.log("00000000000000000000.json")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_checkpoint_in_parts_is_one_when_all_are_there() {
    let mut made = Made::plain();
    let (one, two) = (made.file("a.parquet", &people(&[1, 2])), made.file("b.parquet", &people(&[3])));
    made.commit(&[one.clone(), two.clone()]);
    let part = |part: u32| made.log(&format!("00000000000000000001.checkpoint.000000000{part}.0000000002.parquet"));
    let first = first_actions(&made);
    checkpoint(&part(1), &[first[0].clone(), one, remove("z.parquet")]);
    assert_eq!(made.read().len(), 3, "by the commits");
    checkpoint(&part(2), &[first[1].clone(), two]);
    std::fs::remove_file(made.log("00000000000000000000.json")).unwrap();
    std::fs::remove_file(made.log("00000000000000000001.json")).unwrap();
    assert_eq!(made.read(), [id("1", 1), id("2", 2), id("3", 1)]);
    std::fs::remove_file(part(1)).unwrap();
    assert!(made.refused().to_string().starts_with("t: there is no Delta table"));
}

#[test]
fn checkpoints_of_the_second_specification_name_their_sidecars() {
    for ending in ["json", "parquet"] {
        let protocol = json!({"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["v2Checkpoint"], "writerFeatures": ["v2Checkpoint"]});
        let mut made = Made::new(&protocol, &id_and_name(), &[], &json!({}));
        let (one, two) = (made.file("a.parquet", &people(&[1])), made.file("b.parquet", &people(&[2])));
        let mut actions = first_actions(&made);
        actions.push(json!({"checkpointMetadata": {"version": 1}}));
        actions.push(json!({"sidecar": {"path": "x.parquet", "sizeInBytes": 1}}));
        actions.push(json!({"sidecar": {"path": "y.parquet", "sizeInBytes": 1}}));
        std::fs::create_dir(made.log("_sidecars")).unwrap();
        checkpoint(&made.log("_sidecars/x.parquet"), &[one]);
        checkpoint(&made.log("_sidecars/y.parquet"), &[two]);
        let path = made.log(&format!("00000000000000000001.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.{ending}"));
        if ending == "json" {
            std::fs::write(path, lines(&actions)).unwrap();
        } else {
            checkpoint(&path, &actions);
        }
        made.version = 2;
        made.commit(&[remove("a.parquet")]);
        std::fs::remove_file(made.log("00000000000000000000.json")).unwrap();
        assert_eq!(made.read(), [id("2", 1)], "{ending}");

        std::fs::remove_file(made.log("_sidecars/y.parquet")).unwrap();
        assert_eq!(made.refused().kind, ErrorKind::Unavailable);
    }
}

#[test]
fn a_sidecar_elsewhere_is_refused() {
    let made = Made::plain();
    let mut actions = first_actions(&made);
    actions.push(json!({"sidecar": {"path": "../../x.parquet", "sizeInBytes": 1}}));
    std::fs::write(
        made.log("00000000000000000000.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json"),
        lines(&actions),
    )
    .unwrap();
    let error = made.refused();
    assert_eq!(error.kind, ErrorKind::Corrupt);
    assert_eq!(error.to_string(), "t: its checkpoint names a file outside of _sidecars (the 1th)");
}

/// Field ids of Parquet, as the writer takes them.
fn with_id(field: Field, id: i32) -> Field {
    field.with_metadata([("PARQUET:field_id".to_owned(), id.to_string())].into())
}

#[test]
fn mapped_columns_are_found_below_structs_and_lists() {
    let mapped = |name: &str, kind: Value, id: i32| {
        let metadata = json!({"delta.columnMapping.id": id, "delta.columnMapping.physicalName": format!("col-{id}")});
        json!({"name": name, "type": kind, "nullable": true, "metadata": metadata})
    };
    let inner =
        json!({"type": "struct", "fields": [mapped("city", json!("string"), 3), mapped("added", json!("long"), 9)]});
    let list = json!({"type": "array", "elementType": inner, "containsNull": true});
    let fields = json!([mapped("id", json!("long"), 1), mapped("places", list, 2), mapped("later", json!("date"), 8)]);
    for mode in ["name", "id"] {
        let protocol = json!({"minReaderVersion": 2, "minWriterVersion": 5});
        let mut made = Made::new(&protocol, &fields, &[], &json!({"delta.columnMapping.mode": mode}));
        // In mode id names in the file say nothing; in mode name ids do not.
        let (names, ids) = match mode {
            "name" => (["col-1", "col-2", "col-3"], [8, 8, 8]),
            _ => (["col-2", "col-1", "col-9"], [1, 2, 3]),
        };
        let city = Arc::new(with_id(Field::new(names[2], DataType::Utf8, true), ids[2]));
        let cities: ArrayRef = Arc::new(StringArray::from(vec!["Graz", "Linz"]));
        let places = StructArray::from(vec![(city, cities)]);
        let item = Arc::new(Field::new("element", places.data_type().clone(), true));
        let places = ListArray::new(item, arrow::buffer::OffsetBuffer::from_lengths([0, 2]), Arc::new(places), None);
        let schema = Schema::new(vec![
            with_id(Field::new(names[0], DataType::Int64, true), ids[0]),
            with_id(Field::new(names[1], places.data_type().clone(), true), ids[1]),
        ]);
        let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(vec![1, 2])), Arc::new(places)];
        let file = made.file("a.parquet", &RecordBatch::try_new(Arc::new(schema), columns).unwrap());
        made.commit(&[file]);
        let table = source(made.folder.path(), &json!({"path": "t"}));
        let rows = whole(&collect(&*table, &Default::default()).unwrap(), &table.schema(None).unwrap());
        assert_eq!(rows.column(0).as_primitive::<Int64Type>().values(), &[1, 2], "{mode}");
        let found = rows.column(1).as_list::<i32>();
        assert_eq!(found.value(0).len(), 0);
        let found = found.value(1);
        assert_eq!(found.as_struct().column_by_name("city").unwrap().as_string::<i32>().value(1), "Linz", "{mode}");
        assert_eq!(found.as_struct().column_by_name("added").unwrap().null_count(), 2);
        assert_eq!(rows.column(2).null_count(), 2, "{mode}");
    }
}

#[test]
fn widened_columns_keep_their_values() {
    let protocol = json!({"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["typeWidening", "timestampNtz"], "writerFeatures": []});
    let fields = json!([
        field("a", "long"),
        field("b", "double"),
        field("c", "decimal(12,2)"),
        field("d", "timestamp_ntz"),
        field("e", "double"),
    ]);
    let narrow = batch(vec![
        ("a", Arc::new(Int8Array::from(vec![-128]))),
        ("b", Arc::new(Float32Array::from(vec![0.1]))),
        ("c", Arc::new(Int32Array::from(vec![i32::MIN]))),
        ("d", Arc::new(Date32Array::from(vec![-1]))),
        ("e", Arc::new(Int32Array::from(vec![i32::MAX]))),
    ]);
    let mut made = Made::new(&protocol, &fields, &[], &json!({}));
    let file = made.file("a.parquet", &narrow);
    made.commit(std::slice::from_ref(&file));
    let table = source(made.folder.path(), &json!({"path": "t"}));
    let rows = whole(&collect(&*table, &Default::default()).unwrap(), &table.schema(None).unwrap());
    let shown: Vec<String> =
        rows.columns().iter().map(|column| arrow::util::display::array_value_to_string(column, 0).unwrap()).collect();
    assert_eq!(shown, ["-128", "0.10000000149011612", "-2147483648.00", "1969-12-31T00:00:00", "2147483647.0"]);

    // Without the feature, and for a type that does not hold all values, the file is refused.
    let mut strict = Made::new(&json!({"minReaderVersion": 1, "minWriterVersion": 2}), &fields, &[], &json!({}));
    let file = strict.file("a.parquet", &narrow);
    strict.commit(&[file]);
    let error = strict.refused();
    assert_eq!(error.kind, ErrorKind::Corrupt);
    assert!(
        error.to_string().starts_with("t/a.parquet: column \"a\" is Int8 in this file and Int64 in the table;"),
        "{error}"
    );
    let fields = json!([field("c", "decimal(11,2)")]);
    let mut strict = Made::new(&protocol, &fields, &[], &json!({}));
    let file = strict.file("a.parquet", &narrow);
    strict.commit(&[file]);
    assert!(strict.refused().to_string().contains("column \"c\" is Int32 in this file"));
}

/// Timestamps of the old kind, and text that is not marked as such, as older engines write them.
#[test]
fn old_files_are_read_by_the_types_of_the_table() {
    let fields = json!([field("id", "string"), field("at", "timestamp")]);
    let mut made = Made::new(&json!({"minReaderVersion": 1, "minWriterVersion": 2}), &fields, &[], &json!({}));
    let message = "message m { optional binary id; optional int96 at; }";
    let schema = Arc::new(parquet::schema::parser::parse_message_type(message).unwrap());
    let path = made.path("old.parquet");
    let mut writer = SerializedFileWriter::new(File::create(&path).unwrap(), schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let texts = ["Zoë".as_bytes().to_vec().into(), b"Li".to_vec().into()];
    column.typed::<parquet::data_type::ByteArrayType>().write_batch(&texts, Some(&[1, 1]), None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    // Nanoseconds of the day, then the Julian day: 9999-12-31 is beyond what nanoseconds since 1970 hold.
    let moment = |nanoseconds: u64, day: u32| {
        let mut moment = Int96::new();
        moment.set_data(nanoseconds as u32, (nanoseconds >> 32) as u32, day);
        moment
    };
    let moments = [moment(1_000, 2_440_588), moment(86_399_999_999_000, 5_373_484)];
    column.typed::<Int96Type>().write_batch(&moments, Some(&[1, 1]), None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    made.commit(&[add("old.parquet", path.metadata().unwrap().len())]);
    let table = source(made.folder.path(), &json!({"path": "t"}));
    let rows = whole(&collect(&*table, &Default::default()).unwrap(), &table.schema(None).unwrap());
    assert_eq!(rows.column(0).as_string::<i32>().value(0), "Zoë");
    let at = rows.column(1).as_primitive::<TimestampMicrosecondType>();
    assert_eq!((at.value(0), at.value(1), at.timezone()), (1, 253_402_300_799_999_999, Some("UTC")));
}

#[test]
fn what_is_added_again_and_removed_counts_once() {
    let mut made = Made::plain();
    let (one, two) = (made.file("a.parquet", &people(&[1])), made.file("b%20c.parquet", &people(&[2])));
    let renamed = made.path("b c.parquet");
    std::fs::rename(made.path("b%20c.parquet"), renamed).unwrap();
    made.commit(&[one.clone(), two.clone()]);
    made.commit(&[one.clone(), json!({"commitInfo": {"any": "thing"}}), json!({"cdc": {"path": "x"}})]);
    made.commit(&[remove("b%20c.parquet")]);
    assert_eq!(made.read(), [id("1", 1)]);
    made.commit(&[two, remove("a.parquet")]);
    assert_eq!(made.read(), [id("2", 1)]);
    // A file over several commits: log compaction is passed over.
    std::fs::write(made.log("00000000000000000000.00000000000000000004.compacted.json"), "rubbish").unwrap();
    assert_eq!(made.read(), [id("2", 1)]);
}

#[test]
fn a_column_of_nothing_is_null() {
    let fields = json!([field("id", "long"), field("nothing", "void")]);
    let mut made = Made::new(&json!({"minReaderVersion": 1, "minWriterVersion": 2}), &fields, &[], &json!({}));
    let file = made.file("a.parquet", &people(&[1, 2]));
    made.commit(&[file]);
    let collected = read(made.folder.path(), "t").unwrap();
    assert_eq!(collected.chunks[0].batch.column(1).data_type(), &DataType::Null);
    assert_eq!(ids(&collected).len(), 2);
    let lists = batch(vec![("id", Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)])])))]);
    let file = made.file("b.parquet", &lists);
    made.commit(&[file]);
    assert!(made.refused().to_string().contains("column \"id\" is List(Int32"), "{}", made.refused());
}
