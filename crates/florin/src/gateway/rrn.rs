//! Finds a sale by the acquirer's reference (RRN, DE37) of its authorization or of one of its
//! captures.
//!
//! The commit that gives an order a reference of money makes it findable by it. References are
//! unique for years on one link, but a site may have had several links.

use std::sync::Arc;

use florin_core::order::Order;
use florin_core::payment::State;
use florin_core::trail::{SaleNumber, WHOLE};

use super::operations::catch_up;
use super::record::Record;
use super::site::Site;
use super::{Failure, Gateway};
use crate::store::OrderKey;

/// What was found.
pub enum ByRrn {
    Sale(Box<Record>),
    Nothing,
    /// Several orders have it.
    Several,
}

impl Gateway {
    /// The sale of the site with this reference.
    ///
    /// # Errors
    /// A [`Failure`] when the store cannot be read.
    pub async fn sale_by_rrn(&self, site: &Arc<Site>, rrn: &str) -> Result<ByRrn, Failure> {
        let mut keys = self.store.keys_of_reference(site.id, rrn).await?;
        if keys.is_empty() && self.owes_references(site).await? {
            catch_up(self).await?;
            keys = self.store.keys_of_reference(site.id, rrn).await?;
        }
        let mut sales = self.sales_with(site, rrn, keys).await?;
        Ok(match (sales.pop(), sales.is_empty()) {
            (None, _) => ByRrn::Nothing,
            (Some(sale), true) => ByRrn::Sale(Box::new(sale)),
            (Some(_), false) => ByRrn::Several,
        })
    }

    /// Whether orders of earlier releases may not be findable yet.
    async fn owes_references(&self, site: &Site) -> Result<bool, Failure> {
        let owed = self.store.operations_owed().await?;
        Ok(owed.iter().any(|(of, _)| *of == site.id))
    }

    /// An order may have had the reference in an attempt that another one has taken the place of.
    async fn sales_with(
        &self,
        site: &Arc<Site>,
        rrn: &str,
        keys: Vec<OrderKey>,
    ) -> Result<Vec<Record>, Failure> {
        let mut sales = Vec::new();
        for row in self.store.orders_with_keys(site.id, keys).await? {
            let record = Record::read(site.clone(), row)?;
            if let Some(sale) = sale_with(&record.order, rrn) {
                sales.push(Record { sale, ..record });
            }
        }
        Ok(sales)
    }
}

/// Which sale of the order has it. That of an authorization which was captured in parts is the
/// order's: whose money it is cannot be told.
fn sale_with(order: &Order, rrn: &str) -> Option<SaleNumber> {
    references(order).find(|(_, it)| *it == rrn).map(|(sale, _)| sale)
}

/// Every reference of the order's money.
pub(super) fn of(order: &Order) -> impl Iterator<Item = &str> {
    references(order).map(|(_, rrn)| rrn)
}

/// The references that the order `before` did not have.
pub(super) fn added(before: &Order, after: &Order) -> Vec<String> {
    let is_new = |rrn: &&str| of(before).all(|known| known != *rrn);
    let mut added: Vec<String> = of(after).filter(is_new).map(str::to_owned).collect();
    // The one message of a single-message link is authorization and capture.
    added.dedup();
    added
}

fn references(order: &Order) -> impl Iterator<Item = (SaleNumber, &str)> {
    let authorization = order.payment.authorization().map(|it| it.trace.rrn.as_str());
    let capture = match &order.payment.state {
        State::Completed { capture, .. } => Some(capture.rrn.as_str()),
        _ => None,
    };
    let whole = authorization.into_iter().chain(capture).map(|rrn| (WHOLE, rrn));
    let parts = order.trail.captures.iter();
    let parts = parts.filter_map(|part| Some((part.number, part.trace.as_ref()?.rrn.as_str())));
    whole.chain(parts)
}
