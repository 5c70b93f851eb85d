//! The hosted payment page: what a payer does with a payment link or a redirect order, from the
//! form to the way back to the shop.
//!
//! Decides nothing about money: a card that is typed here is an attempt like any other, made by
//! the operations of `gateway`.

pub mod view;
mod fill;
mod form;
mod guard;
mod methods;
mod pay;
mod routes;
mod shop;
mod visit;

use crate::api::reference::Operation;

pub use routes::routes;
pub(crate) use shop::shop;

pub(crate) fn operations() -> Vec<Operation> {
    routes::operations().into_iter().chain(methods::operations()).collect()
}
