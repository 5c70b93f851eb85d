//! The page of the test platform, at `/`: what runs, keys, test cards, what has just happened, and
//! buttons for the clock and for faults.
//!
//! For integrators, never for payers. It shows keys, so it is shown to few (`guard`), and it does
//! nothing that a site's key could not do through `/test/`.

mod guard;
mod view;
mod feed;
mod page;
mod routes;

pub use guard::OpenTo;
pub(crate) use routes::operations;
pub use routes::routes;

/// What the page says of this process, and who watches.
#[derive(Default)]
pub struct Workbench {
    /// Who is shown it.
    pub open_to: OpenTo,
    /// The parts of the process, each with where it is.
    pub parts: Vec<(&'static str, String)>,
    pub(crate) feeds: feed::Feeds,
}
