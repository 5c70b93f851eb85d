//! What gift cards have paid of an order, above the ways to pay the rest.

use florin_locale::Language;

use super::amount::amount;
use super::words::{InPart, in_part};
use crate::connect::view::PaidInPart;

/// The lines of the template `parts.html`.
pub(super) struct Parts {
    pub(super) words: InPart,
    pub(super) total: String,
    /// Gift cards, and what each has paid.
    pub(super) paid: Vec<(&'static str, String)>,
    pub(super) left: String,
}

impl Parts {
    /// Nothing where nothing was paid yet.
    pub(super) fn of(view: &Option<PaidInPart>, left: &str, locale: &str) -> Option<Parts> {
        let view = view.as_ref()?;
        let paid = view.parts.iter().map(|(name, minor)| (*name, amount(locale, *minor)));
        Some(Parts {
            words: in_part(Language::of(locale)),
            total: amount(locale, view.total),
            paid: paid.collect(),
            left: left.to_owned(),
        })
    }
}
