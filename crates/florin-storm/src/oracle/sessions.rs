//! Pages on which orders are paid: once each, and not when they are gone.

use super::{Findings, Read, Rule};

/// Events that say that the payer has paid.
const PAID: [&str; 3] = ["completed", "authorized", "held_for_review"];

/// One order.
pub(super) fn examine(findings: &mut Findings, read: &Read<'_>) {
    let history = read.stored.events.iter().map(|event| event.kind.as_str());
    let mut page = None;
    let mut holds = true;
    for event in history {
        match (event, &mut page) {
            ("offered", page) => *page = Some(Page::default()),
            ("session_ended", Some(Page { has_ended, .. })) => *has_ended = true,
            // On the page itself nothing is opened any more, so this took its place.
            ("opened", page @ Some(Page { has_ended: true, .. })) => *page = None,
            (event, Some(Page { paid, .. })) if PAID.contains(&event) => {
                *paid += 1;
                holds &= *paid == 1;
            }
            _ => {}
        }
    }
    let has_ended = read.order.session.is_none_or(|session| session.ended.is_some());
    findings.check(Rule::SessionPaysOnce, holds && has_ended, || {
        let history: Vec<_> = read.stored.events.iter().map(|event| &event.kind).collect();
        read.name(format_args!("{:?}, {history:?}", read.order.session))
    });
}

#[derive(Default)]
struct Page {
    has_ended: bool,
    paid: usize,
}
