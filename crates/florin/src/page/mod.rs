//! How payers' pages look: from values to HTML, with the headers that keep a page from doing
//! anything else.
//!
//! Decides nothing and asks nobody: the same view is always the same page, in any of the
//! contract's languages. Nothing on a page comes from a third party but a shop's logo, and
//! without scripts all of it works.

mod amount;
mod assets;
mod card;
pub mod check;
mod colours;
mod end;
mod headers;
mod markup;
mod marks;
mod methods;
mod parts;
mod step;
pub mod words;

#[cfg(test)]
mod tests;

pub use amount::amount;
pub use assets::routes;
pub(crate) use assets::{Asset, WORKBENCH_SCRIPT, WORKBENCH_SHEET};
pub use card::card_page;
pub use end::{close_page, end_page, top};
pub use headers::{Surroundings, is_origin};
pub use methods::methods_page;
pub use step::{CLOSE, Form, METHOD_DONE, Method, SUBMIT, Sign, Step, Top, VERIFY};
