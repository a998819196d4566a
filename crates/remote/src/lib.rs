//! Files on other machines: `https://`, `http://`, `s3://`, `az://` and `sftp://` addresses, fetched whole into a
//! private folder and read from there.
//!
//! ```text
//! Address ──fetch──▶ Fetched (a folder of its own, gone when dropped) ──▶ name and path of each file
//! ```
//!
//! Everything blocks; the network runs on a runtime in a thread of its own. Nothing is sent before
//! [`Address::fetch`]. Credentials come out of the environment the caller hands over, and appear in no error.
//!
//! | module | idea |
//! |---|---|
//! | [`address`] | what an address says, and which are refused |
//! | [`folder`] | a folder of many files, listed and fetched as they are needed |
//! | [`error`] | what can go wrong, and who must act |
//! | `fetched` | the private folder |
//! | `pattern` | `*`, `?`, `[a-z]`, `**` against the names of a listing |
//! | `client` | one HTTP download: tries, resumption, redirects |
//! | [`retry`] | how long to wait before another try, and what a failed one is called |
//! | `http` | files of web servers |
//! | `store` | what S3 and Azure share: listing, then downloading; `xml` reads their answers |
//! | `s3`, `sigv4` | S3 and its signatures |
//! | `azure` | Azure Blob Storage |
//! | `sftp` | SFTP, by the `sftp` program of OpenSSH |

pub mod address;
mod azure;
mod client;
pub mod error;
mod fetched;
pub mod folder;
mod http;
mod pattern;
pub mod retry;
mod s3;
mod sftp;
mod sigv4;
mod store;
mod xml;

pub use address::Address;
pub use error::{RemoteError, RemoteErrorKind};
pub use fetched::{Fetched, FetchedFile};
pub use folder::Folder;

/// Looks up a variable of the environment; `None` where it is not set.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The variable called `name`, unless it is empty, which means the same as not set.
fn variable(environment: Environment<'_>, name: &str) -> Option<String> {
    environment(name).filter(|value| !value.is_empty())
}
