//! Whether an order has come to rest: nothing owed, nothing waiting, everybody told.

use std::collections::BTreeMap;

use florin::store::NotificationState;
use florin_core::trail::{RefundState, WHOLE};

use super::{Findings, Read, Rule};
use crate::receiver::Receiver;
use crate::shop::Shop;

/// Status and financial status in which an order may rest.
const RESTING: [(&str, &str); 10] = [
    ("completed", "completed"),
    ("shipped", "completed"),
    ("partial_refunded", "completed"),
    ("refunded", "completed"),
    ("chargedback", "completed"),
    // A page that nobody used while it was there.
    ("cancelled", ""),
    ("declined", "declined"),
    ("expired", "expired"),
    ("void", "void"),
    ("void", "cancelled"),
];
/// Attempts of a notification before it is given up (the contract: notifications).
const ATTEMPTS: usize = 4;

/// One order.
pub(super) fn examine(findings: &mut Findings, read: &Read<'_>, shop: &Shop, receiver: &Receiver) {
    let row = &read.stored.row;
    let status = (row.status.as_str(), row.financial_status.as_deref().unwrap_or_default());
    let refunds_ended = read.order.trail.refunds.iter().all(|refund| {
        matches!(
            refund.state,
            RefundState::Completed { .. } | RefundState::Declined { .. } | RefundState::Void
        )
    });
    let cases_rest = read.order.trail.chargebacks.iter().all(|case| !case.stage.waits());
    let rests = RESTING.contains(&status)
        && refunds_ended
        && cases_rest
        && read.order.trail.increment.is_none();
    findings.check(Rule::EndsInAStatus, rests, || read.name(&row.state));
    let advices = &read.stored.advices;
    findings.check(Rule::NothingOwed, advices.is_empty(), || {
        let owed = advices.iter().map(|it| (it.kind.as_str(), it.due_at, it.note.as_deref()));
        read.name(format_args!("{:?}", owed.collect::<Vec<_>>()))
    });
    findings.check(Rule::NoTimerLeft, read.stored.timers.is_empty(), || {
        read.name(format_args!("{:?}", read.stored.timers))
    });
    let has_cvc = read.stored.cards.iter().any(|card| card.sealed_cvc.is_some());
    findings.check(Rule::NoCvcLeft, !has_cvc, || read.name("a code is kept"));
    examine_notifications(findings, read, shop, receiver);
}

fn examine_notifications(
    findings: &mut Findings,
    read: &Read<'_>,
    shop: &Shop,
    receiver: &Receiver,
) {
    let notifications = &read.stored.notifications;
    findings.check(Rule::NotificationsEnded, !notifications.is_empty(), || {
        read.name("nobody was told anything")
    });
    let mut last_of_sale = BTreeMap::new();
    for notification in notifications {
        let has_ended = match notification.state {
            NotificationState::Acknowledged | NotificationState::Superseded => true,
            NotificationState::Exhausted => notification.deliveries.len() >= ATTEMPTS,
            NotificationState::Pending => false,
        };
        findings.check(Rule::NotificationsEnded, has_ended, || {
            let made = notification.deliveries.len();
            read.name(format_args!("{:?} after {made} attempts", notification.state))
        });
        last_of_sale.insert(notification.subject, notification.state);
    }
    let memory = receiver.memory();
    for (sale, state) in last_of_sale {
        let sale = u32::try_from(sale).unwrap_or(WHOLE);
        let captures = &read.order.trail.captures;
        // Of an earlier attempt's sales nothing is left to tell: it has ended without money.
        let order_id = match captures.iter().find(|capture| capture.number == sale) {
            Some(capture) => &capture.order_id,
            None => &read.stored.row.order_id,
        };
        if state != NotificationState::Acknowledged {
            continue;
        }
        let status = read.order.status(sale).0;
        let told = memory.told.get(&(shop.name.clone(), order_id.clone()));
        let heard = told.is_some_and(|told| told.iter().any(|it| it.is_empty() || it == status));
        findings.check(Rule::ToldWhatIsTrue, heard, || {
            read.name(format_args!("{order_id} is {status}, heard was {told:?}"))
        });
    }
}
