//! Pages on which orders are paid: once each, and all of them end.

use std::collections::{BTreeMap, BTreeSet};

use florin::store::{OrderKey, SiteId};
use florin_core::order::Order;
use florin_core::payment::State;
use serde_json::Value;

use super::{Findings, Read, Rule};

/// The authorizations by which each session was paid, as they were committed.
#[derive(Clone, Debug, Default)]
pub struct Pages(BTreeMap<(SiteId, OrderKey, i64), BTreeSet<String>>);

impl Pages {
    /// Notes what an order has become.
    pub fn note(&mut self, place: (SiteId, OrderKey), order: &Order) {
        let Some(session) = &order.session else { return };
        let paid = self.0.entry((place.0, place.1, session.number.0)).or_default();
        if let Some(authorization) = order.payment.authorization() {
            paid.insert(authorization.trace.rrn.clone());
        }
        if let (State::Promised { .. } | State::Paid, Some(other)) =
            (&order.payment.state, &order.payment.other)
        {
            paid.insert(other.reference.clone());
        }
    }
}

/// One order.
pub(super) fn examine(findings: &mut Findings, read: &Read<'_>, pages: &Pages) {
    let row = &read.stored.row;
    let first = (row.site_id, row.key, i64::MIN);
    let last = (row.site_id, row.key, i64::MAX);
    for ((_, _, session), paid) in pages.0.range(first..=last) {
        let newest = read.order.session.filter(|it| it.number.0 == *session);
        let has_ended = newest.is_none_or(|session| session.ended.is_some());
        findings.check(Rule::SessionPaysOnce, paid.len() <= 1 && has_ended, || {
            read.name(format_args!("session {session} was paid by {paid:?}; {newest:?}"))
        });
    }
    findings.check(Rule::SessionPaysOnce, is_reopened_rightly(read), || {
        let history: Vec<_> = read.stored.events.iter().map(|event| &event.kind).collect();
        read.name(format_args!("reopened: {history:?}"))
    });
}

/// Whether each page that was opened again had been given up by the shop, and not for good.
fn is_reopened_rightly(read: &Read<'_>) -> bool {
    let mut end = None;
    read.stored.events.iter().all(|event| match event.kind.as_str() {
        "session_ended" => {
            let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
            end = data["end"].as_str().map(str::to_owned);
            true
        }
        "session_reopened" => end.take().as_deref() == Some("cancelled"),
        _ => true,
    })
}
