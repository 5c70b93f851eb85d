//! The pages, for a gateway that is reached by https or not.

use axum::body::Body;
use axum::http::{Response, StatusCode};

use super::view::{CardPageView, ClosePageView, EndPageView, MethodsPageView};
use crate::page::{self, Surroundings};

fn around(secure: bool) -> Surroundings {
    Surroundings { secure, ..Surroundings::default() }
}

/// The page with the card form. `secure` is true where the gateway is reached by https.
pub(super) fn card_page(view: &CardPageView, status: StatusCode, secure: bool) -> Response<Body> {
    page::card_page(view, status, &around(secure))
}

/// The page with the methods that are no cards.
pub(super) fn methods_page(
    view: &MethodsPageView,
    status: StatusCode,
    secure: bool,
) -> Response<Body> {
    page::methods_page(view, status, &around(secure))
}

/// A page where the journey ends or rests.
pub(super) fn end_page(view: &EndPageView, status: StatusCode, secure: bool) -> Response<Body> {
    page::end_page(view, status, &around(secure))
}

/// Leaves for the shop.
pub(super) fn close_page(view: &ClosePageView, secure: bool) -> Response<Body> {
    page::close_page(view, &around(secure))
}
