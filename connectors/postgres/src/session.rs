//! The connection a source keeps, inside one read-only transaction: all it reads is of one moment.

use std::time::Duration;

use goldsmith_source::SourceError;
use goldsmith_source::worker::{Gone, Worker};
use tokio::runtime::Runtime;
use tokio_postgres::Client;

use crate::connect::Connection;
use crate::explain;
use crate::target::Target;

/// A transaction holds back the server's clean-up, so an idle one is ended.
const IDLE: Duration = Duration::from_secs(60);

/// How the values are written that come as text, and the plans that give rows in the order they are stored.
const SETTINGS: &str = "SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'iso_8601'; SET LOCAL timezone = 'UTC'; \
     SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SET LOCAL standard_conforming_strings = on; \
     SET LOCAL synchronize_seqscans = off; \
     SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL lock_timeout = '10s'";

/// A transaction on a thread of its own.
pub(crate) type Session = Worker<Transaction>;

pub(crate) struct Transaction {
    pub(crate) connection: Connection,
    pub(crate) server: Server,
}

/// What of a server decides how it is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Server {
    /// As `server_version_num`: 150004 is 15.4.
    pub(crate) version: i32,
    /// The database has no encoding (SQL_ASCII), so its text may be in any.
    pub(crate) any_encoding: bool,
    /// Bytes of a block of a table.
    pub(crate) block_bytes: i64,
}

impl Transaction {
    pub(crate) fn client(&self) -> &Client {
        &self.connection.client
    }
}

/// Begins a transaction; one that sees what `snapshot`, exported by another, sees.
pub(crate) fn begin(target: &Target, snapshot: Option<String>) -> Result<Session, SourceError> {
    let target = target.clone();
    let open = move |runtime: &Runtime| runtime.block_on(open(&target, snapshot));
    Worker::start(IDLE, open, |runtime, transaction| runtime.block_on(transaction.connection.close()))
}

async fn open(target: &Target, snapshot: Option<String>) -> Result<Transaction, SourceError> {
    let connection = Connection::open(target).await?;
    let failed = |error| explain::asking(error, &target.locator(), false);
    let client = &connection.client;
    let begin = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
    let import = snapshot.map(|id| format!("; SET TRANSACTION SNAPSHOT '{}'", id.replace('\'', "''")));
    client.batch_execute(&format!("{begin}{}", import.unwrap_or_default())).await.map_err(failed)?;
    client.batch_execute(SETTINGS).await.map_err(failed)?;
    let sql = "SELECT current_setting('server_version_num')::int, current_setting('server_encoding') = 'SQL_ASCII', \
               current_setting('block_size')::bigint";
    let row = client.query_one(sql, &[]).await.map_err(failed)?;
    let odd = |error| explain::asking(error, &target.locator(), false);
    let server = Server {
        version: row.try_get(0).map_err(odd)?,
        any_encoding: row.try_get(1).map_err(odd)?,
        block_bytes: row.try_get(2).map_err(odd)?,
    };
    if server.any_encoding {
        // Else the server itself gives up at the first text that is not UTF-8.
        client.batch_execute("SET LOCAL client_encoding = 'SQL_ASCII'").await.map_err(failed)?;
    }
    Ok(Transaction { connection, server })
}

/// A session that is gone is a server that is gone: the caller begins a new one, or says so.
pub(crate) fn gone(_: Gone, target: &Target) -> SourceError {
    SourceError::unavailable(target.locator(), "the connection was closed; run again")
}
