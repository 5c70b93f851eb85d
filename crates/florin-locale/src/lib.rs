//! What a payer's language decides: which of the languages of the pages it is, which way it runs,
//! and how it writes amounts.
//!
//! Knows no words, and nothing of payments: a currency is three letters, an amount a decimal. The
//! gateway and the simulator have their own words and share this, so that a payer who goes from
//! one's pages to the other's meets one language and one way to write money.

mod amount;
pub mod completeness;
mod language;
mod text;

pub use amount::{Amount, amount, decimal};
pub use language::Language;
pub use text::fill;
