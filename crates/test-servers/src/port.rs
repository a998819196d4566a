//! Ports that nobody listens on.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the ports that systems hand out by themselves, so that no connection and no listener on any port is given one of
/// these between this call and the start of the server.
const LOWEST: u16 = 20_000;
const PORTS: u16 = 10_000;

/// A port of this machine that nobody listens on. The calls of one process give different ones.
///
/// # Panics
/// Where there is none.
#[must_use]
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Processes that run beside each other, and have neighbouring numbers, begin far from each other.
    let first = (std::process::id() % u32::from(PORTS) * 7919 % u32::from(PORTS)) as u16;
    let mut ports = (0..PORTS).map(|_| LOWEST + (first + NEXT.fetch_add(1, Ordering::Relaxed) % PORTS) % PORTS);
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
}
