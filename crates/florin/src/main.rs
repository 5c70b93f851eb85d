//! The one binary: everything it does is a command of `florin::cli`.

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> std::process::ExitCode {
    florin::cli::run()
}
