//! Arguments in, exit code out.

/// The system allocator hands memory back and forth between threads; this one keeps it where it was freed.
#[global_allocator]
static ALLOCATOR: goldsmith_memory::Allocator = goldsmith_memory::Allocator;

fn main() -> std::process::ExitCode {
    // Connectors that speak TLS need one provider for the process; a second installation changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // A panic is a fault of this program. Its words can hold values of a record, so only its place is said.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        goldsmith::cli::say(&format!("internal error at {place}; please report it with what you did"));
    }));
    // Planning long expressions recurses deeply: the work gets a stack of its own, of memory that is only taken when used.
    let work = std::thread::Builder::new().stack_size(512 << 20).spawn(goldsmith::cli::main);
    let code = work.ok().and_then(|work| work.join().ok());
    code.unwrap_or(goldsmith::pipeline::exit::INTERNAL).into()
}
