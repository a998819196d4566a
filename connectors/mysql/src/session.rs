//! The connection a source keeps, inside one read-only transaction: all it reads is of one moment.

use std::time::Duration;

use goldsmith_source::SourceError;
use goldsmith_source::worker::{Gone, Worker};
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;
use tokio::runtime::Runtime;

use crate::target::Target;
use crate::{connect, explain};

/// A transaction holds back the server's clean-up and changes of its tables, so an idle one is ended.
const IDLE: Duration = Duration::from_secs(60);

/// What the server, the database or the user has set must not change what is read: the character set and time zone of
/// values, the meaning of quotes and of zero dates, the number of rows. A sink may be slow for longer than a minute.
const SETTINGS: [&str; 4] = [
    "SET NAMES utf8mb4",
    "SET time_zone = '+00:00', sql_mode = '', sql_select_limit = 18446744073709551615, sql_big_selects = 1, \
     lock_wait_timeout = 10, net_write_timeout = 3600",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
];

/// A transaction on a thread of its own.
pub(crate) type Session = Worker<Conn>;

/// Begins a transaction.
pub(crate) fn begin(target: &Target) -> Result<Session, SourceError> {
    let target = target.clone();
    let open = move |runtime: &Runtime| runtime.block_on(open(&target));
    Worker::start(IDLE, open, |runtime, connection| runtime.block_on(connect::close(connection)))
}

async fn open(target: &Target) -> Result<Conn, SourceError> {
    let mut connection = connect::open(target).await?;
    for statement in SETTINGS {
        let done = connection.query_drop(statement).await;
        done.map_err(|error| explain::asking(error, &target.locator(), false))?;
    }
    Ok(connection)
}

/// A session that is gone is a server that is gone: the caller begins a new one, or says so.
pub(crate) fn gone(_: Gone, target: &Target) -> SourceError {
    SourceError::unavailable(target.locator(), "the connection was closed; run again")
}
