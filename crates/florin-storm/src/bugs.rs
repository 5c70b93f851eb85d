//! Known mistakes, planted around the gateway to see whether the oracle finds them.
//!
//! None is in the gateway's own text: each sits in what a run puts around it (the store, the
//! carrier of notifications), and is there only in a run that asks for it.

use florin::gateway::persist::OwedMessage;
use florin::store::{AdviceChange, CardChange, UnitOfWork};

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
}

impl Bug {
    /// Every mistake that can be planted.
    pub const ALL: [Bug; 8] = [
        Bug::NoGuard,
        Bug::SilenceIsDecline,
        Bug::EarlyAcknowledgement,
        Bug::NoVersionCheck,
        Bug::SameIdTwice,
        Bug::CaptureRenumbered,
        Bug::ToldUnsent,
        Bug::CvcKept,
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
            Bug::EarlyAcknowledgement
            | Bug::NoVersionCheck
            | Bug::SameIdTwice
            | Bug::CaptureRenumbered
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

/// Whether an owed message is the reversal of a request that nobody answered (message reason 4021).
fn undoes_silence(body: &str) -> bool {
    matches!(OwedMessage::read(body), Ok(OwedMessage::Reversal(owed)) if owed.reason == "4021")
}
