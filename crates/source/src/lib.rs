//! The connector contract and the battery every connector must pass.
//!
//! A *connector* ([`Connector`]) knows one kind of system and turns options from a pipeline file into a
//! *source* ([`Source`]). A source names its tables, tells their schemas and pushes their rows, a batch at a
//! time, into a [`Sink`]. A row that cannot be read is pushed as a [`RejectedRow`] and the read goes on; a
//! container that is broken ends the read with a [`SourceError`] and nothing of the source is used.
//!
//! The contract is blocking on purpose: files and embedded databases are, and a network connector can block
//! on its own runtime. The caller gives every source a thread of its own.
//!
//! | module | idea |
//! |---|---|
//! | [`contract`] | the traits and the values that cross them |
//! | [`cursor`] | cursor columns: windows of incremental reads, the order and the text of their values |
//! | [`error`] | what can go wrong, who must act, whether another try may help |
//! | [`request`] | options, tables and columns asked for, against those there are; the nearest name for a wrong one |
//! | [`rows`] | the rows gathered for the next chunk |
//! | [`secret`] | passwords and tokens: references in the pipeline file, resolved when a source is read |
//! | [`server`] | where a server is: addresses in parts or as a URL, encrypted or not |
//! | [`files`] | paths, globs, compression and encodings: what all file connectors share |
//! | [`builders`] | what columns are built of, value by value |
//! | [`columns`] | one schema for Arrow batches of several files |
//! | [`ipc`] | whether bytes are a whole Arrow IPC stream or file |
//! | [`lines`] | lines of bounded length out of a stream |
//! | [`program`] | running a program and keeping what it writes |
//! | [`worker`] | a thread of its own for an asynchronous client, so that its connector can block |
//! | [`conformance`] | the battery: each connector's tests run it, and its own tests break each check once |

pub mod builders;
pub mod columns;
pub mod conformance;
pub mod contract;
pub mod cursor;
pub mod error;
pub mod files;
pub mod ipc;
pub mod lines;
pub mod program;
pub mod request;
pub mod rows;
pub mod secret;
pub mod server;
pub mod worker;

pub use contract::{Chunk, Connector, FileRead, Mark, OpenContext, ReadRequest, RejectedRow, Sink, Source, Window};
pub use error::{ErrorKind, SourceError};
