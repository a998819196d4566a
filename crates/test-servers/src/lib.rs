//! Servers that tests start: which program, on which port, and requests that fill them.

mod port;
mod program;
mod server;

pub use port::free_port;
pub use program::find_program;
pub use server::Server;
