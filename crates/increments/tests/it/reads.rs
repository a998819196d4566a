//! What one read after another makes of a table: marks, state files, columns that come and go, refusals.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::Int64Type;
use goldsmith_increments::{
    Deletes, Increment, Lag, Mode, NewState, PreviousState, Settings, WholeBecause, read_increment,
};
use goldsmith_source::conformance::Collected;
use goldsmith_source::{ErrorKind, Source, SourceError};
use tempfile::TempDir;

use crate::table::Table;

/// 2026-01-01, in microseconds.
const NOW: i64 = 1_767_225_600_000_000;

struct Reads {
    folder: TempDir,
    settings: Settings,
    columns: Option<Vec<String>>,
    identity: &'static str,
    previous: Option<PreviousState>,
    count: u32,
}

impl Reads {
    fn new() -> Self {
        let settings = Settings {
            cursor: "at".to_owned(),
            key: vec!["id".to_owned()],
            lag: Lag::None,
            deleted: None,
            deletes: Deletes::None,
        };
        let folder = tempfile::tempdir().unwrap();
        Self { folder, settings, columns: None, identity: "crm", previous: None, count: 0 }
    }

    /// Reads and commits.
    fn read(&mut self, table: &Table, mode: &Mode) -> Result<(Collected, NewState), SourceError> {
        self.count += 1;
        let path = self.folder.path().join(format!("{}.parquet", self.count));
        let mut collected = Collected::default();
        let new = read_increment(
            &Increment {
                source: table,
                table: "customers",
                schema: &table.schema(None)?,
                columns: self.columns.as_deref(),
                gone: &[],
                settings: &self.settings,
                identity: self.identity,
                mode,
                now: NOW,
                previous: self.previous.as_ref(),
                state: &path,
                spool: &self.folder.path().join("spool"),
            },
            &mut collected,
        )?;
        assert!(!self.folder.path().join("spool").exists(), "the spool is left behind");
        let way_out = "goldsmith run pipeline.yaml --refresh crm".to_owned();
        self.previous = Some(PreviousState { path, blake3: new.file.blake3.clone(), way_out });
        Ok((collected, new))
    }

    fn live(&mut self, table: &Table) -> (Collected, NewState) {
        self.read(table, &Mode::Live).unwrap()
    }

    fn whole(&mut self, table: &Table) -> Option<WholeBecause> {
        self.live(table).1.whole
    }
}

fn ints(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn people(ids: &[i64], at: &[i64], names: &[&str]) -> Table {
    Table::of(vec![("id", ints(ids)), ("at", ints(at)), ("name", texts(names))])
}

fn merged(collected: &Collected) -> RecordBatch {
    let schema = collected.chunks.first().unwrap().batch.schema();
    collected.batch(&schema).unwrap()
}

fn ids(collected: &Collected) -> Vec<i64> {
    merged(collected).column_by_name("id").unwrap().as_primitive::<Int64Type>().values().to_vec()
}

fn names(collected: &Collected) -> Vec<Option<String>> {
    let batch = merged(collected);
    let names = batch.column_by_name("name").unwrap().as_string::<i32>();
    names.iter().map(|name| name.map(str::to_owned)).collect()
}

#[test]
fn only_what_changed_is_read_and_the_rest_keeps_its_place() {
    let mut reads = Reads::new();
    let (first, new) = reads.live(&people(&[1, 2, 3], &[10, 20, 30], &["a", "b", "c"]));
    assert_eq!((new.whole, new.counts.read, new.counts.added, new.counts.rows), (Some(WholeBecause::First), 3, 3, 3));
    assert_eq!(new.mark.unwrap().text, "30");
    assert_eq!(first.rows().iter().map(|(_, row)| *row).collect::<Vec<_>>(), [1, 2, 3]);

    let (second, new) = reads.live(&people(&[1, 2, 3, 4], &[10, 40, 30, 35], &["a", "B", "c", "d"]));
    assert_eq!(ids(&second), [1, 3, 2, 4], "the state's rows first, then those read, in their order");
    assert_eq!(second.rows().iter().map(|(_, row)| *row).collect::<Vec<_>>(), [1, 3, 4, 6], "numbers go on");
    let counts = new.counts;
    assert_eq!((counts.read, counts.added, counts.changed, counts.carried, counts.rows), (3, 1, 1, 2, 4));

    let (third, new) = reads.live(&people(&[1, 2, 3, 4], &[10, 40, 30, 35], &["a", "B", "c", "d"]));
    assert_eq!((third.rows(), merged(&third)), (second.rows(), merged(&second)), "nothing changed, nothing moved");
    assert_eq!((new.counts.read, new.counts.changed, new.counts.carried), (1, 0, 4));
}

#[test]
fn the_mark_never_falls_back() {
    let mut reads = Reads::new();
    reads.live(&people(&[1, 2], &[10, 20], &["a", "b"]));
    let (_, new) = reads.live(&people(&[1], &[10], &["a"]));
    assert_eq!((new.counts.read, new.mark.unwrap().text.as_str()), (0, "20"), "its row is gone");
    reads.settings.lag = Lag::Count(15);
    let (_, new) = reads.live(&people(&[1], &[10], &["a"]));
    assert_eq!((new.counts.read, new.mark.unwrap().text.as_str()), (1, "20"));
}

#[test]
fn the_newest_row_of_a_key_is_that_of_the_larger_cursor_and_then_the_later() {
    let mut reads = Reads::new();
    let (found, _) = reads.live(&people(&[1, 1, 2, 2], &[20, 10, 5, 5], &["new", "old", "first", "second"]));
    assert_eq!(names(&found), [Some("new".to_owned()), Some("second".to_owned())]);
    let (found, _) = reads.live(&people(&[1], &[20], &["older clock, read later"]));
    assert_eq!(names(&found), [Some("second".to_owned()), Some("older clock, read later".to_owned())]);
}

#[test]
fn a_row_without_key_is_rejected_and_one_without_cursor_always_read() {
    let table = |name| {
        Table::of(vec![
            ("id", Arc::new(Int64Array::from(vec![Some(1), None, Some(2)])) as ArrayRef),
            ("at", Arc::new(Int64Array::from(vec![Some(10), Some(11), None])) as ArrayRef),
            ("name", texts(&["a", "lost", name])),
        ])
    };
    let mut reads = Reads::new();
    let (found, new) = reads.live(&table("b"));
    assert_eq!((ids(&found), new.counts.read, new.counts.rejected), (vec![1, 2], 2, 1));
    let row = &found.rejected[0];
    assert_eq!((row.rule, row.row, row.column.as_deref()), ("no_key", 2, Some("id")));
    assert_eq!(row.message, "customers, row 2: \"id\" of the key is null, so the row cannot be merged");
    assert_eq!(String::from_utf8_lossy(&row.raw), r#"{"at":11,"name":"lost"}"#);
    let (found, new) = reads.live(&table("changed"));
    assert_eq!(names(&found), [Some("a".to_owned()), Some("changed".to_owned())]);
    assert_eq!((found.rejected.len(), new.whole), (1, Some(WholeBecause::NoMark)), "rejected in each run");
}

#[test]
fn a_known_row_that_cannot_be_read_any_more_does_not_stay_as_it_was() {
    let table = |ids: &[Option<i64>], at: &[i64], names: &[&str]| {
        Table::of(vec![
            ("id", Arc::new(Int64Array::from(ids.to_vec())) as ArrayRef),
            ("at", ints(at)),
            ("name", texts(names)),
        ])
    };
    let mut reads = Reads::new();
    reads.live(&table(&[Some(1), Some(2), Some(3)], &[10, 11, 12], &["a", "b", "c"]));
    let spoilt = table(&[Some(1), None, Some(3)], &[10, 20, 12], &["a", "b", "c"]);
    let (found, new) = reads.live(&spoilt);
    assert_eq!((ids(&found), found.rejected.len()), (vec![1, 3], 1), "a whole read has no row 2 either");
    assert_eq!((new.whole, new.mark), (Some(WholeBecause::Unreadable), None));
    let (found, new) = reads.live(&spoilt);
    assert_eq!((ids(&found), found.rejected.len()), (vec![1, 3], 1), "it is told in each run");
    assert_eq!(new.whole, Some(WholeBecause::NoMark));
    let mended = table(&[Some(1), Some(2), Some(3)], &[10, 21, 12], &["a", "B", "c"]);
    let (found, new) = reads.live(&mended);
    assert_eq!((ids(&found), new.whole), (vec![1, 2, 3], Some(WholeBecause::NoMark)));
    let (_, new) = reads.live(&mended);
    assert_eq!((new.whole, new.counts.read), (None, 1), "a part is read again");
}

#[test]
fn a_row_of_a_log_that_cannot_be_read_takes_no_other_with_it() {
    let log = |ids: &[Option<i64>], at: &[i64]| Table {
        is_log: true,
        ..Table::of(vec![("id", Arc::new(Int64Array::from(ids.to_vec())) as ArrayRef), ("at", ints(at))])
    };
    let mut reads = Reads::new();
    let (_, new) = reads.live(&log(&[Some(1), None, Some(2)], &[10, 11, 12]));
    assert_eq!((new.counts.rejected, new.mark.map(|mark| mark.text)), (1, Some("12".to_owned())));
    // The log has dropped its oldest rows, which still hold.
    let (found, new) = reads.live(&log(&[Some(2), None, Some(3)], &[12, 13, 14]));
    assert_eq!((ids(&found), found.rejected.len(), new.whole), (vec![1, 2, 3], 1, None));
    assert_eq!(new.mark.map(|mark| mark.text), Some("14".to_owned()));
    let rows: Vec<u64> = found.rejected.iter().map(|rejected| rejected.row).collect();
    assert_eq!(rows, [2], "a log's numbers are its own in each run");
}

#[test]
fn text_cursors_that_do_not_sort_are_refused() {
    let table = Table::of(vec![("id", ints(&[1, 2])), ("at", texts(&["9", "10"]))]);
    let error = Reads::new().read(&table, &Mode::Live).unwrap_err();
    assert!(error.message.contains("does not sort as it is meant"), "{error}");
}

#[test]
fn tombstones_end_a_row() {
    let table = |gone: &[&str], at: &[i64]| {
        Table::of(vec![("id", ints(&[1, 2])), ("at", ints(at)), ("deleted_at", texts(gone))])
    };
    let mut reads = Reads::new();
    reads.settings.deleted = Some("deleted_at".to_owned());
    assert_eq!(ids(&reads.live(&table(&["", ""], &[1, 2])).0), [1, 2]);
    let (found, new) = reads.live(&table(&["2026-01-01 10:00", ""], &[3, 2]));
    assert_eq!((ids(&found), new.counts.gone), (vec![2], 1));
    assert_eq!(ids(&reads.live(&table(&["no", ""], &[4, 2])).0), [2, 1], "and it can come back");
    let error = reads.read(&table(&["active", ""], &[5, 2]), &Mode::Live).unwrap_err();
    assert_eq!(
        error.to_string(),
        "customers: row 6: column \"deleted_at\" says neither yes nor no, nor holds a time, so `deleted` cannot be told by it; choose another column"
    );
}

#[test]
fn deletions_are_found_by_listing_keys_and_never_inferred_from_nothing() {
    let mut reads = Reads::new();
    reads.settings.deletes = Deletes::Keys;
    reads.live(&people(&[1, 2, 3], &[1, 2, 3], &["a", "b", "c"]));
    let (found, new) = reads.live(&people(&[2, 3], &[2, 3], &["b", "c"]));
    assert_eq!((ids(&found), new.counts.gone), (vec![2, 3], 1));

    let mut broken = people(&[3], &[3], &["c"]);
    broken.broken = 1;
    let (found, new) = reads.live(&broken);
    assert_eq!((ids(&found), new.whole), (vec![3], Some(WholeBecause::Unreadable)), "as a whole read has it");
    let empty = people(&[], &[], &[]);
    let error = reads.read(&empty, &Mode::Live).unwrap_err().to_string();
    assert!(error.contains("the read is empty where 1 rows are known"), "{error}");
    reads.live(&people(&[2, 3], &[2, 3], &["b", "c"]));
    for deletes in [Deletes::Keys, Deletes::Full] {
        reads.settings.deletes = deletes;
        let error = reads.read(&empty, &Mode::Live).unwrap_err();
        let what = if deletes == Deletes::Keys { "the list of keys" } else { "the read" };
        assert_eq!(
            (error.kind, error.to_string()),
            (
                ErrorKind::Corrupt,
                format!(
                    "table \"customers\": {what} is empty where 2 rows are known, so nothing is taken for deleted; mend the source, or, if the table is empty, read it anew with `goldsmith run pipeline.yaml --refresh crm`"
                )
            )
        );
    }
    let (found, _) = reads.read(&empty, &Mode::Refresh).unwrap();
    assert_eq!(found.rows().len(), 0);
}

#[test]
fn a_full_read_compares_and_needs_no_windows() {
    let mut reads = Reads::new();
    reads.settings.deletes = Deletes::Full;
    let mut table = people(&[1, 2, 3], &[1, 2, 3], &["a", "b", "c"]);
    table.windows = false;
    reads.live(&table);
    let mut table = people(&[3, 1], &[3, 1], &["C", "a"]);
    table.windows = false;
    let (found, new) = reads.live(&table);
    assert_eq!(found.rows().iter().map(|(_, row)| *row).collect::<Vec<_>>(), [1, 4], "1 is the same and stays");
    assert_eq!((new.whole, new.counts.changed, new.counts.gone), (Some(WholeBecause::Full), 1, 1));
    reads.settings.deletes = Deletes::Keys;
    let error = reads.read(&table, &Mode::Live).unwrap_err();
    assert_eq!(
        error.to_string(),
        "table \"customers\": the source cannot be read in windows; remove `incremental`, or set `deletes: full` in it"
    );
}

#[test]
fn a_date_in_the_future_does_not_move_the_mark() {
    let times = |times: &[i64]| -> ArrayRef {
        let micros: Vec<i64> = times.iter().map(|hours| NOW + hours * 3_600_000_000).collect();
        Arc::new(TimestampMicrosecondArray::from(micros).with_timezone("UTC"))
    };
    let table = |ids: &[i64], hours: &[i64]| Table::of(vec![("id", ints(ids)), ("at", times(hours))]);
    let mut reads = Reads::new();
    let (_, new) = reads.live(&table(&[1, 2], &[-5, 600_000]));
    assert_eq!(new.mark.unwrap().text, "2025-12-31T19:00:00Z");
    assert_eq!(
        new.warnings,
        [
            "table \"customers\": customers, row 2 has a \"at\" in the future; it is read again each time until it has come"
        ]
    );
    let (found, _) = reads.live(&table(&[1, 2, 3], &[-5, 600_000, -1]));
    assert_eq!(ids(&found), [1, 2, 3]);
    reads.settings.lag = Lag::Seconds(3 * 3_600);
    let (found, new) = reads.live(&table(&[1, 2, 3, 4, 5], &[-5, 600_000, -1, -4, -6]));
    assert_eq!((ids(&found), new.counts.read), (vec![1, 2, 3, 4], 3), "5 came later than the lag allows");
}

#[test]
fn a_cursor_unlike_the_others_does_not_end_reading() {
    let table = |ids: &[i64], at: &[&str]| Table::of(vec![("id", ints(ids)), ("at", texts(at))]);
    let mut reads = Reads::new();
    let (_, new) = reads.live(&table(&[1, 2, 3], &["2025-12-01", "unknown", "2025-12-02"]));
    assert_eq!(new.mark.unwrap().text, "2025-12-02");
    assert_eq!(
        new.warnings,
        [
            "table \"customers\": customers, row 2 has a \"at\" of another form than most rows; it is read again each time until it is mended"
        ]
    );
    let (found, new) = reads.live(&table(&[1, 2, 3, 4], &["2025-12-01", "unknown", "2025-12-02", "2025-12-03"]));
    assert_eq!((ids(&found), new.counts.read), (vec![1, 2, 3, 4], 3));
    assert_eq!(new.mark.unwrap().text, "2025-12-03");

    let mut reads = Reads::new();
    let far = 9_999_999_999;
    reads.live(&people(&[1, 2, 3, 4, 5], &[1, 2, 3, far, far], &["a", "b", "c", "d", "e"]));
    let (found, new) =
        reads.live(&people(&[1, 2, 3, 4, 5, 6], &[1, 2, 3, far, far, 4], &["a", "b", "c", "d", "e", "f"]));
    assert_eq!((ids(&found).len(), new.mark.unwrap().text.as_str()), (6, "4"));
    assert_eq!(
        new.warnings,
        [
            "table \"customers\": 2 rows, the first of them customers, row 7, have a \"at\" far above all others; they are read again each time, and the mark stays below"
        ]
    );
}

#[test]
fn blanks_of_a_text_cursor_are_part_of_it() {
    let table = |ids: &[i64], at: &[&str]| Table::of(vec![("id", ints(ids)), ("at", texts(at))]);
    let mut reads = Reads::new();
    let (_, new) = reads.live(&table(&[1], &["v1  "]));
    assert_eq!(new.mark.unwrap().text, "v1  ");
    let (_, new) = reads.live(&table(&[1, 2], &["v1  ", "v1 "]));
    assert_eq!(new.counts.read, 1, "the other one is below the mark");
}

#[test]
fn a_lag_that_cannot_count_back_is_refused_by_the_first_run() {
    let mut reads = Reads::new();
    reads.settings.lag = Lag::Seconds(60);
    let table = Table::of(vec![("id", ints(&[1])), ("at", texts(&["v17"]))]);
    let error = reads.read(&table, &Mode::Live).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Config);
    assert!(error.to_string().contains("text that is not a time in ISO 8601, so `lag` cannot count back"), "{error}");
}

#[test]
fn what_a_state_cannot_know_is_read_whole() {
    let base = || people(&[1, 2], &[1, 2], &["a", "b"]);
    let mut reads = Reads::new();
    reads.live(&base());
    assert_eq!(reads.whole(&base()), None);

    reads.identity = "another system";
    assert_eq!(reads.whole(&base()), Some(WholeBecause::OtherSource));
    let retyped = Table::of(vec![("id", ints(&[1])), ("at", ints(&[1])), ("name", ints(&[7]))]);
    assert_eq!(reads.whole(&retyped), Some(WholeBecause::Retyped("name".to_owned())));
    assert_eq!(reads.whole(&base()), Some(WholeBecause::Retyped("name".to_owned())));

    reads.columns = Some(vec!["id".to_owned(), "at".to_owned()]);
    assert_eq!(reads.whole(&base()), None, "less can be read of the same state");
    reads.columns = None;
    assert_eq!(reads.whole(&base()), Some(WholeBecause::NotInState("name".to_owned())));

    reads.settings.key = vec!["id".to_owned(), "name".to_owned()];
    assert_eq!(reads.whole(&base()), Some(WholeBecause::SettingChanged("key")));
    reads.settings.cursor = "id".to_owned();
    assert_eq!(reads.whole(&base()), Some(WholeBecause::SettingChanged("cursor")));
    reads.settings.deleted = Some("at".to_owned());
    assert_eq!(reads.whole(&base()), Some(WholeBecause::SettingChanged("deleted")));
    reads.settings.lag = Lag::Count(1);
    assert_eq!(reads.whole(&base()), None);
}

#[test]
fn a_new_column_is_null_in_what_was_read_before() {
    let mut reads = Reads::new();
    let before = Table::of(vec![("id", ints(&[1, 2])), ("at", ints(&[1, 2]))]);
    reads.live(&before);
    let (found, new) = reads.live(&people(&[1, 2], &[1, 3], &["a", "b"]));
    assert_eq!((names(&found), new.whole), (vec![None, Some("b".to_owned())], None));
    let (found, _) = reads.read(&people(&[1, 2], &[1, 3], &["a", "b"]), &Mode::Refresh).unwrap();
    assert_eq!(names(&found), [Some("a".to_owned()), Some("b".to_owned())]);
}

#[test]
fn a_backfill_reads_an_interval_and_leaves_the_mark() {
    let backfill =
        |from: &str, until: &str| Mode::Backfill { from: Some(from.to_owned()), until: Some(until.to_owned()) };
    let mut reads = Reads::new();
    let error = reads.read(&people(&[1], &[1], &["a"]), &backfill("1", "2")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "table \"customers\": there is no state to backfill into (there is no state yet); run once without --backfill, which reads everything"
    );
    reads.live(&people(&[1, 2, 3], &[1, 2, 30], &["a", "b", "c"]));
    let mended = people(&[1, 2, 3, 4], &[1, 2, 30, 99], &["A", "B", "C", "D"]);
    let (found, new) = reads.read(&mended, &backfill("2", "30")).unwrap();
    assert_eq!(names(&found), ["a", "c", "B"].map(|name| Some(name.to_owned())));
    assert_eq!(new.mark.unwrap().text, "30");
    let (found, new) = reads.read(&mended, &backfill("50", "100")).unwrap();
    assert_eq!((ids(&found).len(), new.mark.unwrap().text.as_str()), (4, "30"), "also where it reads beyond");
    let error = reads.read(&mended, &backfill("soon", "30")).unwrap_err();
    assert!(
        error.to_string().starts_with("table \"customers\": `soon` is no value of a cursor of type Int64"),
        "{error}"
    );
    reads.settings.deletes = Deletes::Full;
    let error = reads.read(&mended, &backfill("2", "30")).unwrap_err();
    assert!(error.to_string().contains("nothing to backfill"), "{error}");
    let mut reads = Reads::new();
    reads.live(&people(&[1], &[1], &["a"]));
    let turned = Mode::Backfill { from: Some("9".to_owned()), until: Some("3".to_owned()) };
    let error = reads.read(&people(&[1], &[1], &["a"]), &turned).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Config);
    assert!(error.to_string().contains("--until is not after --from"), "{error}");
}

#[test]
fn a_damaged_state_is_refused_with_the_way_out() {
    let table = people(&[1, 2], &[1, 2], &["a", "b"]);
    let mut reads = Reads::new();
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 3] = [
        ("has changed since it was published", |path| {
            let mut bytes = std::fs::read(path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(path, bytes).unwrap();
        }),
        ("has changed since it was published", |path| {
            let bytes = std::fs::read(path).unwrap();
            std::fs::write(path, &bytes[..bytes.len() - 1]).unwrap();
        }),
        ("is gone", |path| std::fs::remove_file(path).unwrap()),
    ];
    for (what, damage) in damages {
        reads.read(&table, &Mode::Refresh).unwrap();
        let path = reads.previous.as_ref().unwrap().path.clone();
        damage(&path);
        let error = reads.read(&table, &Mode::Live).unwrap_err();
        assert_eq!(
            (error.kind, error.to_string()),
            (
                ErrorKind::Corrupt,
                format!(
                    "{}: the state of an earlier read {what}; restore the file, or read everything anew with `goldsmith run pipeline.yaml --refresh crm`",
                    path.display()
                )
            )
        );
    }
    reads.read(&table, &Mode::Refresh).unwrap();
    // A file that is what the manifest says, and yet no state.
    let previous = reads.previous.as_mut().unwrap();
    std::fs::write(&previous.path, "PAR1").unwrap();
    previous.blake3 = blake3::hash(b"PAR1").to_hex().to_string();
    let error = reads.read(&table, &Mode::Live).unwrap_err();
    assert!(error.to_string().contains("an earlier read is not a state; "), "{error}");
}

#[test]
fn settings_that_do_not_fit_the_table_are_refused() {
    let table = Table::of(vec![
        ("id", ints(&[1])),
        ("at", ints(&[1])),
        ("score", Arc::new(Float64Array::from(vec![0.5])) as ArrayRef),
        ("day", Arc::new(Date32Array::from(vec![1])) as ArrayRef),
        ("small", Arc::new(Int32Array::from(vec![1])) as ArrayRef),
    ]);
    let refused = |change: fn(&mut Settings)| {
        let mut reads = Reads::new();
        change(&mut reads.settings);
        let error = reads.read(&table, &Mode::Live).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Config);
        error.to_string()
    };
    assert_eq!(
        refused(|settings| settings.cursor = "days".to_owned()),
        "table \"customers\": no column \"days\". Did you mean \"day\"?"
    );
    assert_eq!(
        refused(|settings| settings.cursor = "score".to_owned()),
        "table \"customers\": column \"score\" is of type Float64, which cannot be a cursor; choose a column of whole numbers, dates, times or text that grows with every change"
    );
    assert_eq!(
        refused(|settings| settings.lag = Lag::Seconds(1)),
        "table \"customers\": the cursor \"at\" is of type Int64, so `lag` is a number (`lag: 1000`), not a length of time"
    );
    assert_eq!(
        refused(|settings| (settings.cursor, settings.lag) = ("day".to_owned(), Lag::Count(1))),
        "table \"customers\": the cursor \"day\" is of type Date32, so `lag` is a length of time (`lag: 1h`), not a number"
    );
}
