//! What a site's payments come to on average, so that an unusual amount can be told.
//!
//! Read from the newest orders, away from the payment path, at most every ten minutes; until the
//! first reading is done nobody knows, and the rule does not apply.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use florin_core::money::Currency;

use super::super::site::Site;
use super::super::{Failure, Gateway};
use crate::clock::UnixMillis;

/// How far back orders count.
const SPAN_MS: i64 = 90 * 24 * 60 * 60 * 1000;
/// Orders that are read for one average at most: the newest ones.
const ORDERS_MAX: usize = 2_000;
/// An average of fewer payments says nothing.
const PAYMENTS_MIN: i64 = 20;
/// How long an average is used before it is read again.
const FRESH_MS: i64 = 10 * 60 * 1000;

/// The averages of the sites that take payments.
#[derive(Default)]
pub struct Averages {
    sites: Mutex<HashMap<i64, Known>>,
}

#[derive(Clone, Default)]
struct Known {
    /// When the last reading began; it may still be under way.
    read_at: UnixMillis,
    minor_units: HashMap<Currency, i64>,
}

impl Gateway {
    /// The site's average in this currency, in minor units, as far as it is known. Has it read
    /// anew in the background when it is old.
    pub(super) fn average_of(self: &Arc<Gateway>, site: &Site, currency: Currency) -> Option<i64> {
        let now = self.now();
        let mut sites = self.risk.averages.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let known = sites.entry(site.id).or_default();
        if now.saturating_sub(known.read_at) >= FRESH_MS {
            known.read_at = now;
            let (gateway, site_id, site_now) = (self.clone(), site.id, site.time(now));
            crate::app::spawn("average of a site", async move {
                if let Err(failure) = gateway.read_average(site_id, site_now).await {
                    tracing::warn!(site = site_id, %failure, "the average stays as it was");
                }
            });
        }
        known.minor_units.get(&currency).copied()
    }

    /// Reads the averages of a site from its newest orders.
    ///
    /// # Errors
    /// A [`Failure`] when the store cannot be read; what was known stays in force.
    pub async fn read_average(&self, site_id: i64, site_now: UnixMillis) -> Result<(), Failure> {
        let mut sums: HashMap<Currency, (i64, i64)> = HashMap::new();
        let mut before = None;
        let mut read = 0;
        'pages: while read < ORDERS_MAX {
            let rows = self.store.recent_orders(site_id, before, u32::MAX).await?;
            let Some(last) = rows.last() else { break };
            before = Some(last.key);
            read += rows.len();
            for row in rows {
                if row.created_at < site_now.saturating_sub(SPAN_MS) {
                    break 'pages;
                }
                let paid = row.financial_status.as_deref() == Some("completed");
                let Ok(currency) = Currency::parse(&row.currency) else { continue };
                if paid {
                    let sum = sums.entry(currency).or_default();
                    *sum = (sum.0.saturating_add(row.amount), sum.1 + 1);
                }
            }
        }
        let enough = sums.into_iter().filter(|(_, (_, count))| *count >= PAYMENTS_MIN);
        let minor_units = enough.map(|(currency, (sum, count))| (currency, sum / count)).collect();
        let mut sites = self.risk.averages.sites.lock().unwrap_or_else(PoisonError::into_inner);
        sites.entry(site_id).or_default().minor_units = minor_units;
        Ok(())
    }
}
