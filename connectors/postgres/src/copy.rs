//! `COPY … TO STDOUT (FORMAT binary)`: one statement, from its start to its end.

use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use futures::StreamExt as _;
use goldsmith_source::SourceError;
use goldsmith_source::worker::fault;
use tokio_postgres::{Client, Error};

use crate::connect::Connection;
use crate::explain;
use crate::rows::{Item, Layout, Rows, Stop};

/// Reads one statement to its end, as long as somebody takes the pieces.
///
/// # Errors
/// What the server or the network says.
pub(crate) async fn copy(
    connection: &Connection,
    sql: &str,
    layout: &Arc<Layout>,
    items: &SyncSender<Item>,
) -> Result<(), SourceError> {
    connection.tap(Some(Rows::new(layout, items)));
    let outcome = without_rows(&connection.client, sql).await;
    let mut rows = connection.tap(None).ok_or_else(fault)?;
    // Rows that cannot be taken end the connection, so the cause of what the driver says stands with them.
    let ended = match (rows.stopped(), outcome) {
        (Some(stop), _) => Err(stop),
        (None, Err(error)) => Err(Stop::Failed(explain::asking(error, &layout.place, layout.is_query))),
        (None, Ok(())) => rows.end(),
    };
    match ended {
        Ok(()) => drop(items.send(Item::End)),
        Err(Stop::Deaf) => {}
        Err(Stop::Failed(error)) => return Err(error),
        Err(Stop::Malformed) => {
            let message =
                "the server sent what its types do not say; check that it is PostgreSQL, or read with \"query\"";
            return Err(SourceError::corrupt(&layout.place, message));
        }
    }
    Ok(())
}

/// The statement as the driver sees it.
async fn without_rows(client: &Client, sql: &str) -> Result<(), Error> {
    let mut stream = pin!(client.copy_out(sql).await?);
    while let Some(message) = stream.next().await {
        message?;
    }
    Ok(())
}
