//! One moment, the server's time, locks, and what becomes of a read whose server dies.

use std::time::{Duration, SystemTime};

use goldsmith_source::conformance::collect;
use goldsmith_source::{Chunk, ErrorKind, FileRead, ReadRequest, RejectedRow, Sink, SourceError};

use crate::server::Server;
use crate::{cells, open, read, request, shared};

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
    let (_, id) = server.sql("mysql", "SELECT id FROM information_schema.PROCESSLIST WHERE db = 'moment'");
    for id in id.lines() {
        server.run("mysql", &format!("KILL {id}"));
    }
    assert_eq!(cells(&collect(&*source, &request("a")).unwrap(), "i"), ["1", "2"]);
    // A table that was changed after the moment cannot be read as it was then.
    server.run("moment", "ALTER TABLE b ADD COLUMN more int DEFAULT 5");
    assert_eq!(cells(&collect(&*source, &request("b")).unwrap(), "more"), ["5", "5"]);
}

#[test]
fn the_server_tells_its_time() {
    let Some(server) = shared() else { return };
    let told = open(&server.options("mysql")).clock().unwrap().unwrap();
    let difference = SystemTime::now().duration_since(told).unwrap_or_else(|error| error.duration());
    assert!(difference < Duration::from_secs(60));
}

#[test]
fn a_locked_table_is_left_alone() {
    let Some(server) = shared() else { return };
    server.database("locked", "CREATE TABLE t (i int);");
    std::thread::scope(|scope| {
        scope.spawn(|| server.run("locked", "LOCK TABLES t WRITE; SELECT SLEEP(14)"));
        std::thread::sleep(Duration::from_secs(1));
        let error = collect(&*open(&server.options("locked")), &request("t")).map(|_| ()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert!(error.message.starts_with("is locked by another program (waited 10 s)"), "{error}");
    });
}

/// Does something at the first chunk.
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
    server.database(
        "large",
        "CREATE TABLE large (id int PRIMARY KEY, filler char(200)); \
         INSERT INTO large SELECT seq, REPEAT('x', 180) FROM seq_1_to_200000;",
    );
    let ended = || {
        let (_, id) = server.sql("mysql", "SELECT id FROM information_schema.PROCESSLIST WHERE db = 'large'");
        server.run("mysql", &format!("KILL {}", id.trim()));
    };
    let kills: [(&str, &dyn Fn()); 2] = [("ended", &ended), ("crash", &|| server.kill())];
    for (what, kill) in kills {
        let source = open(&server.options("large"));
        source.schema(Some("large")).unwrap();
        let mut sink = Killer { kill, chunks: 0, done: 0 };
        // Few rows at a time, so that there is much left to read when the first have gone out.
        let request = ReadRequest { batch_rows: 100, ..request("large") };
        let error = source.read(&request, &mut sink).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable, "{what}: {error}");
        assert!(error.message.contains("run again"), "{what}: {error}");
        assert_eq!(sink.done, 0, "{what}");
        assert!(sink.chunks < 2_000, "{what}");
    }
    let error = collect(&*open(&server.options("large")), &request("large")).map(|_| ()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
}
