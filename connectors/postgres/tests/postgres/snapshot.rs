//! One moment, one order, and what becomes of a read whose server dies.

use std::time::{Duration, SystemTime};

use goldsmith_source::conformance::collect;
use goldsmith_source::{Chunk, ErrorKind, FileRead, ReadRequest, RejectedRow, Sink, SourceError};
use serde_json::json;

use crate::server::{Server, signal};
use crate::{cells, open, read, request, shared, with};

/// 40 MB in some order that is not that of any index.
const LARGE: &str = "CREATE TABLE large (id int PRIMARY KEY, filler text, n numeric(6,0)); \
     INSERT INTO large SELECT (i * 7919) % 200003, repeat('x', 180), CASE i % 50000 WHEN 7 THEN 'NaN' ELSE i::numeric END \
     FROM generate_series(1, 200000) i; VACUUM ANALYZE large;";

#[test]
fn a_large_table_comes_in_one_order_however_it_is_read() {
    let Some(server) = shared() else { return };
    server.database("large", LARGE);
    let with_connections = |connections: u8| with(server.options("large"), json!({"connections": connections}));
    let alone = read(&with_connections(1), "large");
    let expected: Vec<String> =
        (1..=200_000u64).filter(|i| i % 50_000 != 7).map(|i| ((i * 7_919) % 200_003).to_string()).collect();
    assert_eq!(cells(&alone, "id"), expected);
    let rejected: Vec<u64> = alone.rejected.iter().map(|row| row.row).collect();
    assert_eq!(rejected, [7, 50_007, 100_007, 150_007]);
    for connections in [2, 3, 16] {
        let team = read(&with_connections(connections), "large");
        assert!(cells(&team, "id") == expected, "{connections} connections");
        assert_eq!((team.rows(), &team.files), (alone.rows(), &alone.files));
        assert_eq!(team.rejected.iter().map(|row| row.row).collect::<Vec<_>>(), rejected);
    }
    let source = open(&with_connections(2));
    let narrow = ReadRequest { columns: Some(vec!["id".to_owned()]), ..request("large") };
    assert!(cells(&collect(&*source, &narrow).unwrap(), "id") == expected);
    let few = ReadRequest { limit: Some(3), ..narrow };
    assert_eq!(cells(&collect(&*source, &few).unwrap(), "id"), expected[..3]);
    assert_eq!(source.row_estimate(Some("large")), Some(200_000));
}

#[test]
fn the_order_does_not_depend_on_the_columns() {
    let Some(server) = shared() else { return };
    server.database(
        "narrow",
        "CREATE TABLE t (id int PRIMARY KEY, filler text); INSERT INTO t SELECT (i * 7919) % 20011, repeat('x', 180) \
         FROM generate_series(1, 20000) i; VACUUM ANALYZE t;",
    );
    let source = open(&server.options("narrow"));
    let all = cells(&collect(&*source, &request("t")).unwrap(), "id");
    // The index alone has this column, and would be cheaper to read.
    let narrow = ReadRequest { columns: Some(vec!["id".to_owned()]), ..request("t") };
    assert!(cells(&collect(&*source, &narrow).unwrap(), "id") == all);
    assert_eq!(all[..3], ["7919", "15838", "3746"]);
}

#[test]
fn all_tables_are_of_one_moment() {
    let Some(server) = shared() else { return };
    server.database(
        "moment",
        "CREATE TABLE a (i int); CREATE TABLE b (i int); INSERT INTO a VALUES (1); INSERT INTO b VALUES (1);",
    );
    let source = open(&server.options("moment"));
    assert_eq!(cells(&collect(&*source, &request("a")).unwrap(), "i"), ["1"]);
    server.run("moment", "INSERT INTO a VALUES (2); INSERT INTO b VALUES (2);");
    for table in ["a", "b"] {
        assert_eq!(cells(&collect(&*source, &request(table)).unwrap(), "i"), ["1"]);
    }
    assert_eq!(cells(&read(&server.options("moment"), "b"), "i"), ["1", "2"]);
    // The server ends a connection that waits between two reads: the second begins anew.
    server.run("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'goldsmith' AND datname = 'moment'");
    assert_eq!(cells(&collect(&*source, &request("a")).unwrap(), "i"), ["1", "2"]);
}

#[test]
fn the_server_tells_its_time() {
    let Some(server) = shared() else { return };
    let told = open(&server.options("postgres")).clock().unwrap().unwrap();
    let difference = SystemTime::now().duration_since(told).unwrap_or_else(|error| error.duration());
    assert!(difference < Duration::from_secs(60));
}

#[test]
fn a_locked_table_is_left_alone() {
    let Some(server) = shared() else { return };
    server.database("locked", "CREATE TABLE t (i int);");
    std::thread::scope(|scope| {
        scope.spawn(|| server.run("locked", "BEGIN; LOCK TABLE t; SELECT pg_sleep(13)"));
        std::thread::sleep(Duration::from_secs(1));
        let error = collect(&*open(&server.options("locked")), &request("t")).map(|_| ()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert!(error.message.starts_with("is locked by another program (waited 10 s)"), "{error}");
    });
}

/// Kills a process at the first chunk.
struct Killer<'a> {
    kill: &'a dyn Fn(),
    chunks: usize,
    done: usize,
}

impl Sink for Killer<'_> {
    fn chunk(&mut self, _: Chunk) -> Result<(), SourceError> {
        self.chunks += 1;
        if self.chunks == 1 {
            (self.kill)();
        }
        Ok(())
    }

    fn reject(&mut self, _: RejectedRow) -> Result<(), SourceError> {
        Ok(())
    }

    fn file_done(&mut self, _: FileRead) -> Result<(), SourceError> {
        self.done += 1;
        Ok(())
    }
}

#[test]
fn a_server_that_dies_fails_the_read_whole() {
    let Some(server) = Server::start("", &[]) else { return };
    server.database("large", LARGE);
    let backend = || {
        let (_, pid) =
            server.psql("postgres", "SELECT min(pid) FROM pg_stat_activity WHERE application_name = 'goldsmith'");
        signal(pid.trim().parse().unwrap(), "-KILL");
    };
    let end = || {
        server.run(
            "postgres",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'goldsmith'",
        );
    };
    // A backend killed alone takes the others with it, and the server starts again by itself.
    let kills: [(&str, &dyn Fn()); 3] = [("backend", &backend), ("ended", &end), ("crash", &|| server.kill())];
    for (what, kill) in kills {
        for _ in 0..200 {
            if server.psql("postgres", "SELECT 1").0 {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let source = open(&server.options("large"));
        source.schema(Some("large")).unwrap();
        let mut sink = Killer { kill, chunks: 0, done: 0 };
        // Rows one by one, so that there is much left to read when the first has gone out.
        let request = ReadRequest { batch_rows: 100, ..request("large") };
        let error = source.read(&request, &mut sink).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable, "{what}: {error}");
        assert!(error.message.contains("run again"), "{what}: {error}");
        assert_eq!(sink.done, 0, "{what}");
    }
    let error = collect(&*open(&server.options("large")), &request("large")).map(|_| ()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
}
