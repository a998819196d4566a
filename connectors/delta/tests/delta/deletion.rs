//! Deletion vectors, made from the text of the protocol. delta-rs does not write them; it reads them, and has to agree.

use roaring::RoaringTreemap;
use serde_json::{Value, json};

use crate::delta_rs::python;
use crate::made::{Made, id_and_name, people};

const Z85: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

fn bitmap(rows: &[u64]) -> Vec<u8> {
    let mut bytes = 1_681_511_377_u32.to_le_bytes().to_vec();
    RoaringTreemap::from_iter(rows.iter().copied()).serialize_into(&mut bytes).unwrap();
    bytes
}

fn z85(bytes: &[u8]) -> String {
    let groups = bytes.chunks(4).map(|group| {
        let mut four = [0; 4];
        four[..group.len()].copy_from_slice(group);
        let number = u32::from_be_bytes(four);
        (0..5).rev().map(move |place| char::from(Z85[(number / 85_u32.pow(place) % 85) as usize]))
    });
    groups.flatten().collect()
}

fn inline(rows: &[u64]) -> Value {
    let bytes = bitmap(rows);
    json!({"storageType": "i", "pathOrInlineDv": z85(&bytes), "sizeInBytes": bytes.len(), "cardinality": rows.len()})
}

/// A file of bitmaps, and where each starts.
fn file_of(bitmaps: &[Vec<u8>]) -> (Vec<u8>, Vec<usize>) {
    let (mut bytes, mut starts) = (vec![1], Vec::new());
    for bitmap in bitmaps {
        starts.push(bytes.len());
        bytes.extend_from_slice(&u32::try_from(bitmap.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(bitmap);
        bytes.extend_from_slice(&crc32fast::hash(bitmap).to_be_bytes());
    }
    (bytes, starts)
}

fn with_vector(add: &Value, vector: &Value) -> Value {
    let mut add = add.clone();
    add["add"]["deletionVector"] = vector.clone();
    add["add"]["stats"] = json!("{\"numRecords\":6}");
    add
}

fn table() -> Made {
    let features = json!(["deletionVectors"]);
    let protocol =
        json!({"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": features, "writerFeatures": features});
    Made::new(&protocol, &id_and_name(), &[], &json!({"delta.enableDeletionVectors": "true"}))
}

fn rows(rows: &[u64]) -> Vec<(String, u64)> {
    rows.iter().map(|row| ((row * 10).to_string(), *row)).collect()
}

#[test]
fn deleted_rows_do_not_come_and_the_others_keep_their_place() {
    let mut made = table();
    let add = made.file("a.parquet", &people(&[10, 20, 30, 40, 50, 60]));
    let uuid = [0xd2, 0xc6, 0x39, 0xaa, 0x88, 0x16, 0x43, 0x1a, 0xaa, 0xf6, 0xd3, 0xfe, 0x25, 0x12, 0xff, 0x61];
    let (bytes, starts) = file_of(&[bitmap(&[5]), bitmap(&[0, 1, 3])]);
    std::fs::create_dir(made.path("ab")).unwrap();
    let path = made.path("ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin");
    std::fs::write(&path, bytes).unwrap();
    let stored = |kind: &str, path: String, at: usize, rows: usize| {
        let size = bitmap(if rows == 1 { &[5] } else { &[0, 1, 3] }).len();
        json!({"storageType": kind, "pathOrInlineDv": path, "offset": starts[at], "sizeInBytes": size, "cardinality": rows})
    };
    let absolute = format!("file://{}", path.canonicalize().unwrap().display());
    let vectors = [
        (inline(&[2, 4]), rows(&[1, 2, 4, 6])),
        (inline(&[0, 1, 2, 3, 4, 5]), rows(&[])),
        (stored("u", format!("ab{}", z85(&uuid)), 0, 1), rows(&[1, 2, 3, 4, 5])),
        (stored("p", absolute, 1, 3), rows(&[3, 5, 6])),
    ];
    let mut last: Option<Value> = None;
    for (vector, expected) in vectors {
        let next = with_vector(&add, &vector);
        // The order of actions in a commit says nothing.
        let mut actions = vec![next];
        if let Some(vector) = last.replace(vector) {
            actions.push(json!({"remove": {"path": "a.parquet", "dataChange": true, "deletionVector": vector}}));
        }
        made.commit(&actions);
        assert_eq!(made.read(), expected);
        let table = crate::source(made.folder.path(), &json!({"path": "t"}));
        assert_eq!(table.row_estimate(None), Some(expected.len() as u64));
        let script = "from deltalake import DeltaTable, QueryBuilder; import pyarrow as pa\n\
                      rows = pa.table(QueryBuilder().register('t', DeltaTable('t')).execute('SELECT id FROM t')).to_pylist()\n\
                      open('ids', 'w').write(' '.join(str(id) for id in sorted(row['id'] for row in rows)))";
        if python(script, made.folder.path()) {
            let theirs = std::fs::read_to_string(made.folder.path().join("ids")).unwrap();
            let ours: Vec<String> = expected.iter().map(|(id, _)| id.clone()).collect();
            assert_eq!(theirs, ours.join(" "));
        }
    }
}

#[test]
fn a_removed_state_of_a_file_is_not_another() {
    let mut made = table();
    let add = made.file("a.parquet", &people(&[10, 20, 30, 40, 50, 60]));
    made.commit(&[with_vector(&add, &inline(&[0]))]);
    // A tombstone of the file without deleted rows is not one of the file with them.
    made.commit(&[crate::made::remove("a.parquet")]);
    assert_eq!(made.read(), rows(&[2, 3, 4, 5, 6]));
    made.commit(&[json!({"remove": {"path": "a.parquet", "dataChange": true, "deletionVector": inline(&[0])}})]);
    assert_eq!(made.read(), rows(&[]));
}

#[test]
fn a_bitmap_that_is_damaged_or_elsewhere_is_refused() {
    let uuid = z85(&[7; 16]);
    let name = "deletion_vector_07070707-0707-0707-0707-070707070707.bin";
    let good = bitmap(&[0, 1]);
    let (bytes, _) = file_of(std::slice::from_ref(&good));
    let vector =
        json!({"storageType": "u", "pathOrInlineDv": uuid, "offset": 1, "sizeInBytes": good.len(), "cardinality": 2});
    let refused = |bytes: Option<&[u8]>, vector: Value| {
        let mut made = table();
        let add = made.file("a.parquet", &people(&[10, 20, 30, 40, 50, 60]));
        if let Some(bytes) = bytes {
            std::fs::write(made.path(name), bytes).unwrap();
        }
        made.commit(&[with_vector(&add, &vector)]);
        made.refused().to_string()
    };
    let mut flipped = bytes.clone();
    flipped[20] ^= 1;
    let mut lying = bytes.clone();
    lying[1] = 0x7f;
    let with = |key: &str, value: Value| {
        let mut vector = vector.clone();
        vector[key] = value;
        vector
    };
    for (bytes, vector, expected) in [
        (Some(&flipped[..]), vector.clone(), "is damaged: its checksum is another"),
        (Some(&lying[..]), vector.clone(), "is damaged: its checksum is another"),
        (Some(&bytes[..bytes.len() - 6]), vector.clone(), "is cut short"),
        (Some(&bytes[..]), with("sizeInBytes", json!(1_u64 << 40)), "is larger than one can be"),
        (Some(&bytes[..]), with("offset", json!(1_u64 << 40)), "is cut short"),
        (Some(&bytes[..]), with("cardinality", json!(3)), "deletes another number of rows"),
        (None, vector.clone(), "is not there: a clean-up (VACUUM) has removed it"),
        (None, with("pathOrInlineDv", json!(format!("../{uuid}"))), "outside of the table"),
        (None, with("pathOrInlineDv", json!("short")), "is named by what is no UUID"),
        (None, inline(&[6]), "deletes rows that t/a.parquet does not have"),
    ] {
        let error = refused(bytes, vector);
        assert!(error.starts_with('t') && error.contains(expected), "{expected}: {error}");
    }
}
