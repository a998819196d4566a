//! Arguments in, exit code out.

/// The system allocator hands memory back and forth between threads; this one keeps it where it was freed.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    // Connectors that speak TLS need one provider for the process; a second installation changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    goldsmith::cli::main().into()
}
