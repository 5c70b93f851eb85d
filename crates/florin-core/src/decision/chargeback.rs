//! The payer's bank takes captured money back, and the merchant accepts that or disputes it.
//!
//! Refunds and chargebacks together never take more than was captured. A refund that waits for its
//! day gives way to a chargeback that needs its money; one that is on its way to the host can no
//! longer be stopped, so that a chargeback which would not fit beside it is refused until its
//! outcome is known.

use super::{Decision, Draft, Effect, Event, Refusal, Timer};
use crate::chargeback::{
    CHARGEBACKS_MAX, Category, Chargeback, Credit, EVIDENCE_FILES_MAX, Outcome, Stage,
    issuer_bears_fraud, reason, response_ms,
};
use crate::method::Ability;
use crate::money::Money;
use crate::payment::{Instant, TransactionId};
use crate::provider::OtherMethod;
use crate::tariff::FeeKind;
use crate::trail::{RefundState, SaleNumber};

/// What the acquirer says of a new chargeback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub sale: SaleNumber,
    /// Numbers the chargeback.
    pub transaction_id: TransactionId,
    /// Numbers its reversal, should it be won at once.
    pub credit_id: TransactionId,
    /// Minor units; `None` for all that can be taken back.
    pub amount: Option<i64>,
    /// The scheme's code.
    pub reason_code: String,
    /// The acquirer's number of the case.
    pub reference: String,
    /// When the money was taken; `None` for now.
    pub at: Option<Instant>,
    /// Until when the merchant can answer; `None` for what is usual.
    pub due: Option<Instant>,
}

/// What is said or decided about a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisputeStep {
    /// The merchant gives the money up.
    Accept,
    /// The merchant's time is over.
    LetPass,
    /// The merchant wants to answer.
    Open,
    /// The merchant hands a file in, which opens a new case.
    AddFile,
    /// The merchant has said all.
    Submit,
    /// The scheme wants more evidence by then.
    AskMore {
        due: Instant,
    },
    /// The evidence is with the scheme.
    Process,
    /// The money comes back, in a transaction with this number.
    Win {
        credit_id: TransactionId,
    },
    Lose,
}

/// Takes a chargeback on.
pub(super) fn charge_back(mut draft: Draft<'_>, claim: Claim) -> Result<Decision, Refusal> {
    let now = draft.context.now;
    let order = &draft.order;
    let known = order.trail.chargebacks.iter().find(|case| case.reference == claim.reference);
    if let Some(known) = known {
        let same = known.sale == claim.sale
            && known.reason_code == claim.reason_code
            && claim.amount.is_none_or(|amount| amount == known.amount);
        return Err(if same { Refusal::AlreadySo } else { Refusal::ReferenceTaken });
    }
    let sold = order.sale(claim.sale).ok_or(Refusal::NotSold)?;
    let knows_none = |other: &OtherMethod| {
        !other.method.can(Ability::Chargebacks) && !other.method.can(Ability::Debit)
    };
    if order.payment.other.as_ref().is_some_and(knows_none) {
        return Err(Refusal::NotSold);
    }
    if order.trail.chargebacks.len() >= CHARGEBACKS_MAX {
        return Err(Refusal::TooMany);
    }
    let left = order.chargeable(&sold);
    let amount = claim.amount.unwrap_or(left);
    if amount < 1 {
        return Err(if left == 0 { Refusal::MoreThanLeft } else { Refusal::AmountOutOfBounds });
    }
    if amount > left {
        return Err(Refusal::MoreThanLeft);
    }
    let brand = order.payment.brand;
    let number = order.trail.next_chargeback();
    let at = claim.at.unwrap_or(now);
    let due = claim.due.unwrap_or_else(|| at.saturating_add(response_ms(brand)));
    let says_fraud =
        reason(&claim.reason_code).is_some_and(|line| line.category == Category::Fraud);
    let impossible = says_fraud && issuer_bears_fraud(&order.payment);

    draft.make_room(claim.sale, sold.amount.minor, amount);
    draft.happen(Event::ChargedBack(Chargeback {
        number,
        sale: claim.sale,
        transaction_id: claim.transaction_id,
        amount,
        reason_code: claim.reason_code,
        reference: claim.reference,
        at,
        modified_at: now,
        due,
        stage: Stage::New,
        files: Vec::new(),
    }));
    if impossible {
        // The proof of the authentication is all the evidence that it needs.
        let credit = Credit { transaction_id: claim.credit_id, at: now };
        draft.happen(Event::DisputeProcessed { number });
        draft.happen(Event::ChargebackReversed { number, credit });
    } else {
        let money = Money::new(amount, draft.order.payment.amount.currency);
        draft.effects.push(Effect::StartTimer(Timer::Dispute(number), due));
        draft.charge_for(FeeKind::Chargeback, claim.sale, claim.transaction_id, money);
    }
    draft.notify_of(claim.sale);
    Ok(draft.finish())
}

/// Moves a case on.
pub(super) fn dispute(
    mut draft: Draft<'_>,
    number: u32,
    step: DisputeStep,
) -> Result<Decision, Refusal> {
    let now = draft.context.now;
    let case = draft.order.trail.chargeback(number).ok_or(Refusal::NoChargeback)?;
    let (stage, sale, due, files) = (case.stage, case.sale, case.due, case.files.len());
    match (step, stage) {
        (DisputeStep::Accept, stage) if stage.waits() => {
            draft.happen(Event::ChargebackAccepted { number });
        }
        (DisputeStep::LetPass, stage) if stage.waits() && now >= due => {
            draft.happen(Event::ChargebackAccepted { number });
        }
        (DisputeStep::Open, Stage::New) => draft.happen(Event::DisputeOpened { number }),
        (DisputeStep::AddFile, stage) if stage.waits() => {
            if files >= EVIDENCE_FILES_MAX {
                return Err(Refusal::TooMany);
            }
            if stage == Stage::New {
                draft.happen(Event::DisputeOpened { number });
            }
            let file = draft.order.trail.next_file();
            draft.happen(Event::EvidenceAdded { number, file });
        }
        (DisputeStep::Submit, Stage::Open | Stage::Ready) => {
            draft.happen(Event::DisputeSubmitted { number });
        }
        (DisputeStep::AskMore { due }, Stage::Submitted) => {
            draft.happen(Event::EvidenceAsked { number, due });
            draft.effects.push(Effect::StartTimer(Timer::Dispute(number), due));
        }
        (DisputeStep::Process, Stage::Submitted) => {
            draft.happen(Event::DisputeProcessed { number });
        }
        (DisputeStep::Win { credit_id }, stage)
            if stage.waits() || matches!(stage, Stage::Submitted | Stage::Processed) =>
        {
            let credit = Credit { transaction_id: credit_id, at: now };
            draft.happen(Event::ChargebackReversed { number, credit });
            draft.notify_of(sale);
        }
        (DisputeStep::Lose, Stage::Submitted | Stage::Processed) => {
            draft.happen(Event::DisputeLost { number });
        }
        (DisputeStep::Accept | DisputeStep::LetPass, Stage::Accepted)
        | (DisputeStep::Open, Stage::Open)
        | (DisputeStep::Submit, Stage::Submitted)
        | (DisputeStep::AskMore { .. }, Stage::Ready)
        | (DisputeStep::Process, Stage::Processed)
        | (DisputeStep::Win { .. }, Stage::Closed(Outcome::Won(_)))
        | (DisputeStep::Lose, Stage::Closed(Outcome::Lost)) => {
            return Err(Refusal::AlreadySo);
        }
        _ => return Err(Refusal::NotInThisState),
    }
    let waits_now = draft.order.trail.chargeback(number).is_some_and(|case| case.stage.waits());
    if stage.waits() && !waits_now {
        draft.effects.push(Effect::StopTimer(Timer::Dispute(number)));
    }
    Ok(draft.finish())
}

impl Draft<'_> {
    /// Takes back refunds that wait for their day, the newest first, until `amount` fits beside
    /// what is left of them.
    fn make_room(&mut self, sale: SaleNumber, sold: i64, amount: i64) {
        let waiting: Vec<u32> = self
            .order
            .trail
            .refunds
            .iter()
            .filter(|refund| refund.sale == sale)
            .filter(|refund| matches!(refund.state, RefundState::Reserved { .. }))
            .map(|refund| refund.number)
            .collect();
        for number in waiting.into_iter().rev() {
            let trail = &self.order.trail;
            let taken = trail.refunding(sale).saturating_add(trail.charged_back(sale));
            if taken.saturating_add(amount) <= sold {
                return;
            }
            self.effects.push(Effect::StopTimer(Timer::Settlement(number)));
            self.happen(Event::RefundVoided { number });
        }
    }
}
