//! Chargebacks: what banks told, what the order and its journal have of it, and the evidence.

use florin::gateway::journal::read_postings;
use florin_core::ledger::Account;
use florin_core::payment::State;
use florin_core::trail::RefundState;

use super::{Findings, Read, Rule};
use crate::shop::Memories;

/// One order.
pub(super) fn examine(findings: &mut Findings, read: &Read<'_>, memories: &Memories) {
    let trail = &read.order.trail;
    if trail.chargebacks.is_empty() && read.stored.files.is_empty() {
        return;
    }
    for case in &trail.chargebacks {
        let name = match trail.captures.iter().find(|capture| capture.number == case.sale) {
            Some(capture) => &capture.order_id,
            None => &read.stored.row.order_id,
        };
        let told = memories.cases.iter().find(|told| {
            let told_of = (told.site_id, told.name.as_str(), told.reference.as_str());
            told_of == (read.stored.row.site_id, name.as_str(), case.reference.as_str())
        });
        // A provider tells of the whole payment, under its own number.
        let elsewhere = read.order.payment.other.as_ref();
        let by_provider = elsewhere.is_some_and(|other| other.reference == case.reference);
        let copies = trail.chargebacks.iter().filter(|it| it.reference == case.reference).count();
        let is_told =
            by_provider || told.is_some_and(|told| told.amount.is_none_or(|it| it == case.amount));
        findings.check(Rule::CaseTakenOnce, is_told && copies == 1, || {
            read.name(format_args!("{copies} of {case:?}, told {told:?}"))
        });
    }
    let taken = trail.chargebacks.iter().filter(|case| case.credit().is_none());
    let taken: i64 = taken.map(|case| case.amount).sum();
    let postings = read.stored.journal.iter().flat_map(|entry| {
        let postings = read_postings(&entry.postings).unwrap_or_default();
        postings.into_iter().filter(|posting| posting.account == Account::ChargedBack)
    });
    let booked: i64 = postings.map(|posting| posting.minor).sum();
    let completed = |state: &RefundState| matches!(state, RefundState::Completed { .. });
    let refunded = trail.refunds.iter().filter(|refund| completed(&refund.state));
    let refunded: i64 = refunded.map(|refund| refund.amount).sum();
    let captured: i64 = match &read.order.payment.state {
        State::Completed { authorization, .. } => authorization.amount.minor,
        State::Paid => read.order.payment.amount.minor,
        _ => trail.captures.iter().map(|capture| capture.amount).sum(),
    };
    let is_sound = booked == taken && taken.saturating_add(refunded) <= captured;
    findings.check(Rule::CasesAreBooked, is_sound, || {
        read.name(format_args!("{taken} taken, {booked} booked, {refunded} refunded of {captured}"))
    });
    let mut named: Vec<i32> = trail
        .chargebacks
        .iter()
        .flat_map(|case| case.files.iter().filter_map(|file| i32::try_from(*file).ok()))
        .collect();
    named.sort_unstable();
    let kept: Vec<i32> = read.stored.files.iter().map(|(number, _)| *number).collect();
    findings.check(Rule::EvidenceIsKept, named == kept, || {
        read.name(format_args!("files {named:?} of its cases, {kept:?} are there"))
    });
}
