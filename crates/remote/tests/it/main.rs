//! Fetching from the real thing. Servers that are not installed are named on stderr and their tests pass;
//! `REQUIRE_SERVERS=1` makes that a failure.
//!
//! | scheme | server | to install | found by |
//! |---|---|---|---|
//! | http | `python3 -m http.server`, and a faulty one in the tests | Python 3 | `PYTHON`, or `python3` in `PATH` |
//! | s3 | moto, which checks signatures | `pip install 'moto[server]'` | `MOTO_SERVER`, or `moto_server` in `PATH` |
//! | az | Azurite | `npm install azurite` | `AZURITE_BLOB`, or `azurite-blob` in `PATH` |
//! | sftp | OpenSSH | `apt-get install openssh-server openssh-client` | `SSHD`, or `sshd` in `PATH` or `/usr/sbin`; `sftp` and `ssh-keygen` in `PATH` |
//!
//! Each server has a folder and a port of its own and ends with its test.

mod azure;
mod faulty;
mod http;
mod s3;
mod sftp;
mod support;
