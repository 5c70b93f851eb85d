//! Known mistakes, planted around the gateway to see whether the oracle finds them.
//!
//! None is in the gateway's own text: each sits in what a run puts around it (the store, the
//! carrier of notifications, the way to the providers), and is there only in a run that asks for it.

use florin::gateway::persist::{OwedMessage, read_state, write_state};
use florin::store::{AdviceChange, CardChange, TokenStep, UnitOfWork};

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Bug {
    /// The intent is not durable before the request leaves: nothing undoes what a dead process had
    /// asked for.
    NoGuard,
    /// Silence is taken for a decline: nothing is undone.
    SilenceIsDecline,
    /// A change is acknowledged before it is on the disk.
    EarlyAcknowledgement,
    /// A commit does not look at the version that it was decided on.
    NoVersionCheck,
    /// An order id can be taken twice.
    SameIdTwice,
    /// A repeated capture has a new number, so that the host cannot know it for a repeat.
    CaptureRenumbered,
    /// A notification counts as delivered without being sent.
    ToldUnsent,
    /// The card's code outlives the authorization.
    CvcKept,
    /// The answer to a request with a key is not part of the change that it made: should the
    /// process die in between, the request is done again.
    AnswerApart,
    /// A card that is sent on a page does not look at the version that it was decided on: two
    /// windows of one payer both pay.
    WindowsApart,
    /// The acquirer's number of a chargeback is not kept: told again, it is taken again.
    CaseForgotten,
    /// A charge does not look at when the stored card was charged last: two at once both pay.
    ChargesApart,
    /// A provider that did not answer is asked to give money back under a new number, so that it
    /// cannot know that it has done so.
    RefundRenumbered,
    /// A provider that did not answer is told of a shipment in part under a new number: it pays for
    /// it once more.
    ShipmentRenumbered,
}

impl Bug {
    /// Every mistake that can be planted.
    pub const ALL: [Bug; 14] = [
        Bug::NoGuard,
        Bug::SilenceIsDecline,
        Bug::EarlyAcknowledgement,
        Bug::NoVersionCheck,
        Bug::SameIdTwice,
        Bug::CaptureRenumbered,
        Bug::ToldUnsent,
        Bug::CvcKept,
        Bug::AnswerApart,
        Bug::WindowsApart,
        Bug::CaseForgotten,
        Bug::ChargesApart,
        Bug::RefundRenumbered,
        Bug::ShipmentRenumbered,
    ];

    /// The unit as a gateway with this mistake would commit it.
    pub(crate) fn spoil(self, mut unit: UnitOfWork) -> UnitOfWork {
        match self {
            Bug::NoGuard => unit
                .advices
                .retain(|change| !matches!(change, AdviceChange::Owe(row) if row.kind == "guard")),
            Bug::SilenceIsDecline => {
                for change in &mut unit.advices {
                    if let AdviceChange::Owe(row) = change
                        && undoes_silence(&row.body)
                    {
                        *change = AdviceChange::Settle { seq: row.seq };
                    }
                }
            }
            Bug::CvcKept => {
                unit.cards.retain(|change| !matches!(change, CardChange::EraseCvc { .. }));
            }
            Bug::AnswerApart => unit.answer = None,
            Bug::CaseForgotten if unit.events.iter().any(|it| it.kind == "charged_back") => {
                forget_case(&mut unit.order.state);
            }
            Bug::ChargesApart => {
                for change in &mut unit.tokens {
                    if let TokenStep::Use { unused_since } = &mut change.step {
                        *unused_since = None;
                    }
                }
            }
            Bug::CaseForgotten
            | Bug::WindowsApart
            | Bug::EarlyAcknowledgement
            | Bug::NoVersionCheck
            | Bug::SameIdTwice
            | Bug::CaptureRenumbered
            | Bug::RefundRenumbered
            | Bug::ShipmentRenumbered
            | Bug::ToldUnsent => {}
        }
        unit
    }

    /// An owed message as a gateway with this mistake would send it again.
    pub(crate) fn renumbered(self, body: &str, attempts: i32) -> Option<String> {
        if self != Bug::CaptureRenumbered || attempts == 0 {
            return None;
        }
        let Ok(OwedMessage::Capture(mut owed)) = OwedMessage::read(body) else { return None };
        let mut trace = florin_core::payment::Trace::from(&owed.trace);
        trace.stan = trace.stan % 999_000 + 900;
        trace.rrn = format!("{}{:06}", &trace.rrn[..6], trace.stan);
        owed.trace = (&trace).into();
        Some(OwedMessage::Capture(owed).to_text())
    }
}

/// Gives the newest chargeback of a state the number that one without any gets.
fn forget_case(state: &mut String) {
    let Ok((mut order, extra)) = read_state(state) else { return };
    if let Some(case) = order.trail.chargebacks.last_mut() {
        case.reference = format!("florin-{}", case.transaction_id.0);
    }
    *state = write_state(&order, &extra);
}

/// Whether an owed message is the reversal of a request that nobody answered (message reason 4021).
fn undoes_silence(body: &str) -> bool {
    matches!(OwedMessage::read(body), Ok(OwedMessage::Reversal(owed)) if owed.reason == "4021")
}
