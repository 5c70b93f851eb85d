//! What strangers send to Florin, as targets for fuzzing: bytes go in, and what must hold of any
//! bytes is asserted.
//!
//! The same targets serve two callers: the search (`src/bin/fuzz.rs`, by `cargo xtask fuzz`), which
//! looks for bytes that reach new code, and the tests, which replay what the search has kept.

mod messages;
mod frames;
mod orders;
mod changes;
mod threeds;
mod replies;
mod world;
mod calls;
mod http;
pub mod mutations;

use std::path::{Path, PathBuf};

/// Runs a target on one input. A broken promise panics.
pub type Run = Box<dyn FnMut(&[u8])>;

/// Something of Florin that reads what others write.
pub struct Target {
    /// What it is called on the command line, and its folder in the corpus.
    pub name: &'static str,
    /// Makes it ready; some need a gateway, which ends when this is dropped.
    pub open: fn() -> Run,
    /// Longer inputs tell nothing new.
    pub bytes_max: usize,
    /// Words that chance would not find.
    pub words: &'static [&'static str],
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "messages", open: messages::open, bytes_max: 1200, words: messages::WORDS },
    Target { name: "frames", open: frames::open, bytes_max: 1200, words: &[] },
    Target { name: "orders", open: orders::open, bytes_max: 3000, words: orders::WORDS },
    Target { name: "changes", open: changes::open, bytes_max: 1200, words: changes::WORDS },
    Target { name: "threeds", open: threeds::open, bytes_max: 3000, words: threeds::WORDS },
    Target { name: "replies", open: replies::open, bytes_max: 1200, words: replies::WORDS },
    Target { name: "calls", open: calls::open, bytes_max: 3000, words: orders::WORDS },
    Target { name: "http", open: http::open, bytes_max: 1500, words: http::WORDS },
];

impl Target {
    /// The target of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Target> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// Where its kept inputs are.
    #[must_use]
    pub fn corpus(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(self.name)
    }
}
