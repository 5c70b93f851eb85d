//! What the host answers to a financial message, and what that changes in the books.
//!
//! Pure: the books are read, not written; the caller applies the event. Codes are those of DE39.

use std::time::Duration;

use crate::books::{
    Entry, EntryKind, Event, Ledger, Merchant, Operation, OperationKind, ResponseCode,
};
use crate::cards::{Issuer, TestCard};
use crate::limits::MERCHANTS_MAX;
use crate::proof;

use super::account::{self, Verdict};
use super::request::{FormatError, Kind, Request};
use super::time::HostTime;

/// The host's answer before it is a message.
#[derive(Debug)]
pub(crate) struct Decision {
    pub code: ResponseCode,
    /// The element at fault (DE44), with 30.
    pub element_at_fault: Option<u8>,
    /// DE38
    pub approval_code: Option<String>,
    /// DE48 of the answer.
    pub tags: Vec<(&'static str, String)>,
    /// What changes.
    pub event: Option<Event>,
    pub timing: Timing,
}

/// When the answer leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timing {
    AtOnce,
    Late(Duration),
    Never,
}

/// Codes that this host answers with, by their meaning.
mod code {
    pub(super) const INVALID_MERCHANT: &str = "03";
    pub(super) const INVALID_TRANSACTION: &str = "12";
    pub(super) const INVALID_AMOUNT: &str = "13";
    pub(super) const NO_SUCH_NUMBER: &str = "14";
    pub(super) const NO_ACTION_TAKEN: &str = "21";
    pub(super) const UNABLE_TO_LOCATE: &str = "25";
    pub(super) const FORMAT_ERROR: &str = "30";
    pub(super) const ORIGINAL_AMOUNT_INCORRECT: &str = "64";
    pub(super) const INCONSISTENT_REVERSAL: &str = "77";
    pub(super) const ALREADY_REVERSED: &str = "79";
    pub(super) const DUPLICATE: &str = "94";
    pub(super) const ABOVE_PREAUTHORIZED: &str = "N8";
}

/// Answers a message that cannot be read: 30, with the element at fault.
pub(crate) fn format_error(error: FormatError) -> Decision {
    Decision { element_at_fault: Some(error.0), ..Decision::plain(code::FORMAT_ERROR) }
}

/// An answer that has no effect and is not remembered.
pub(crate) fn refuse(code: &str) -> Decision {
    Decision::plain(code)
}

/// Refuses because somebody asked for it. A copy of what was answered before is a copy still; the
/// copy of a refused request will be known as one, while a refused advice may be sent again.
pub(crate) fn refuse_as_ordered(
    ledger: &Ledger,
    request: &Request<'_>,
    now: HostTime,
    code: &str,
) -> Decision {
    let books = ledger.merchant(request.merchant);
    if books.is_some_and(|books| books.answer_to(request.key).is_some()) {
        return decide(ledger, request, now);
    }
    let is_repeated = request.message.mti().is_advice() || request.kind == Kind::Reversal;
    if is_repeated || (books.is_none() && ledger.merchants_count() >= MERCHANTS_MAX) {
        return refuse(code);
    }
    Decision::refused(request, code)
}

/// Decides about a request.
pub(crate) fn decide(ledger: &Ledger, request: &Request<'_>, now: HostTime) -> Decision {
    let empty = Merchant::default();
    let books = match ledger.merchant(request.merchant) {
        Some(books) => books,
        None if ledger.merchants_count() >= MERCHANTS_MAX => {
            return Decision::plain(code::INVALID_MERCHANT);
        }
        None => &empty,
    };
    if let Some(first) = books.answer_to(request.key) {
        // A repeated advice gets its first answer again; a repeated request is told so.
        let advice = request.message.mti().is_advice();
        return Decision::plain(if advice { first.as_str() } else { code::DUPLICATE });
    }
    let decision = Deciding { ledger, books, request, now }.decide();
    decision.unwrap_or_else(|refusal| match refusal {
        Refusal::Code(code) => Decision::refused(request, code),
        Refusal::Format(error) => format_error(error),
    })
}

enum Refusal {
    Code(&'static str),
    Format(FormatError),
}

impl From<FormatError> for Refusal {
    fn from(error: FormatError) -> Refusal {
        Refusal::Format(error)
    }
}

struct Deciding<'a> {
    ledger: &'a Ledger,
    books: &'a Merchant,
    request: &'a Request<'a>,
    now: HostTime,
}

impl Deciding<'_> {
    fn decide(&self) -> Result<Decision, Refusal> {
        if self.request.kind == Kind::Reversal {
            return self.reversal();
        }
        let card = self.request.card.ok_or(Refusal::Code(code::NO_SUCH_NUMBER))?;
        if self.books.was_undone_early(self.request.key) {
            return Err(Refusal::Code(code::ALREADY_REVERSED));
        }
        if self.books.find(&self.request.rrn).is_some() {
            return Err(Refusal::Code(code::DUPLICATE));
        }
        match self.request.kind {
            Kind::Authorization => self.authorization(card),
            Kind::Purchase => self.purchase(card),
            Kind::VoiceAdvice => Ok(self.voice_advice(card)),
            Kind::Increment => self.increment(card),
            Kind::Capture => self.capture(card),
            Kind::Refund => self.refund(card),
            Kind::Reversal => self.reversal(),
        }
    }

    fn authorization(&self, card: &'static TestCard) -> Result<Decision, Refusal> {
        let kind = match self.request.tags.get("03") {
            Some("V") => EntryKind::Verification,
            Some("P") => EntryKind::PreAuthorization,
            _ => EntryKind::Normal,
        };
        // Only a verification has no amount, and it has none.
        if (kind == EntryKind::Verification) != (self.request.amount == 0) {
            return Err(Refusal::Code(code::INVALID_AMOUNT));
        }
        self.ask_account(card, kind)
    }

    fn purchase(&self, card: &'static TestCard) -> Result<Decision, Refusal> {
        if self.request.amount == 0 {
            return Err(Refusal::Code(code::INVALID_AMOUNT));
        }
        self.ask_account(card, EntryKind::SingleMessage)
    }

    fn ask_account(&self, card: &'static TestCard, kind: EntryKind) -> Result<Decision, Refusal> {
        let spent = self.books.spent(card.id, self.request.currency);
        let Verdict { decline, mut tags } = account::judge(card, self.request, spent);
        let reference = self.reference(card);
        tags.push(("63", reference.clone()));
        let timing = match card.issuer {
            Issuer::Silent => Timing::Never,
            Issuer::Slow(wait) => Timing::Late(wait),
            _ => Timing::AtOnce,
        };
        if let Some(code) = decline {
            return Ok(Decision { tags, timing, ..Decision::refused(self.request, code) });
        }
        account::describe_card(card, &mut tags);
        let verified_without_code =
            kind == EntryKind::Verification && !card.brand.is_mastercard_family();
        let approval_code = proof::approval_code(self.ledger.sequence());
        let entry = self.entry(card, kind, &approval_code, reference);
        Ok(Decision {
            // Visa and American Express have no reason to decline (85); Mastercard approves (00).
            code: parse(if verified_without_code { "85" } else { "00" }),
            element_at_fault: None,
            approval_code: (!verified_without_code).then_some(approval_code),
            tags,
            event: Some(self.authorized(entry)),
            timing,
        })
    }

    fn voice_advice(&self, card: &'static TestCard) -> Decision {
        let code = self.request.message.get(38).unwrap_or_default();
        let entry = self.entry(card, EntryKind::Voice, code, self.reference(card));
        Decision { event: Some(self.authorized(entry)), ..Decision::plain("00") }
    }

    fn increment(&self, card: &'static TestCard) -> Result<Decision, Refusal> {
        let entry = self.original(card)?;
        let request = self.request;
        if request.amount == 0 {
            return Err(Refusal::Code(code::INVALID_AMOUNT));
        }
        if entry.kind != EntryKind::PreAuthorization || entry.closed {
            return Err(Refusal::Code(code::INVALID_TRANSACTION));
        }
        let spent = self.books.spent(card.id, request.currency);
        let Verdict { decline, mut tags } = account::judge(card, request, spent);
        tags.push(("63", entry.network_reference.clone()));
        if let Some(code) = decline {
            return Ok(Decision { tags, ..Decision::refused(request, code) });
        }
        let approval_code = Some(entry.approval_code.clone());
        let event = Some(self.operated(entry, OperationKind::Increment, false));
        Ok(Decision { approval_code, tags, event, ..Decision::plain("00") })
    }

    fn capture(&self, card: &'static TestCard) -> Result<Decision, Refusal> {
        let entry = self.original(card)?;
        let request = self.request;
        if request.message.get(38).is_some_and(|code| code.trim() != entry.approval_code) {
            return Err(Refusal::Code(code::UNABLE_TO_LOCATE));
        }
        if request.amount == 0 {
            return Err(Refusal::Code(code::INVALID_AMOUNT));
        }
        if entry.reversed == entry.authorized {
            return Err(Refusal::Code(code::ALREADY_REVERSED));
        }
        if request.amount > entry.held() {
            return Err(Refusal::Code(code::ABOVE_PREAUTHORIZED));
        }
        let last = request.tags.get("10") == Some("F");
        let event = Some(self.operated(entry, OperationKind::Capture, last));
        Ok(Decision { event, ..Decision::plain("00") })
    }

    fn refund(&self, card: &'static TestCard) -> Result<Decision, Refusal> {
        let entry = self.original(card)?;
        let too_much = self.request.amount > entry.captured - entry.refunded;
        if self.request.amount == 0 || too_much {
            return Err(Refusal::Code(code::INVALID_AMOUNT));
        }
        Ok(Decision {
            approval_code: Some(proof::approval_code(self.ledger.sequence())),
            tags: vec![("63", self.reference(card))],
            event: Some(self.operated(entry, OperationKind::Refund, false)),
            ..Decision::plain("00")
        })
    }

    fn reversal(&self) -> Result<Decision, Refusal> {
        let request = self.request;
        let original = request.original_key()?;
        let remains = request.remains()?;
        let Some(found) = self.books.find(&request.rrn) else {
            if self.books.answer_to(original).is_some() {
                // It was declined: there is nothing to undo.
                return Err(Refusal::Code(code::NO_ACTION_TAKEN));
            }
            let merchant = request.merchant.to_owned();
            let event = Some(Event::UndoneEarly { merchant, original });
            return Ok(Decision { event, ..Decision::plain(code::UNABLE_TO_LOCATE) });
        };
        let (entry, operation) = (found.entry, found.operation);
        if operation.key != original {
            return Err(Refusal::Code(code::INCONSISTENT_REVERSAL));
        }
        let is_authorization = operation.kind == OperationKind::Authorization;
        let amount_fits = request.amount == operation.amount
            || (is_authorization && request.amount == entry.authorized);
        if !amount_fits || entry.currency != request.currency {
            return Err(Refusal::Code(code::ORIGINAL_AMOUNT_INCORRECT));
        }
        if operation.undone {
            return Err(Refusal::Code(code::NO_ACTION_TAKEN));
        }
        match operation.kind {
            OperationKind::Authorization => check_release(entry, remains)?,
            // Captured money is not taken out from under its refunds.
            OperationKind::Capture if entry.captured - operation.amount < entry.refunded => {
                return Err(Refusal::Code(code::ORIGINAL_AMOUNT_INCORRECT));
            }
            OperationKind::Increment if operation.amount > entry.held() => {
                return Err(Refusal::Code(code::ORIGINAL_AMOUNT_INCORRECT));
            }
            _ if remains.is_some() => return Err(Refusal::Code(code::INVALID_TRANSACTION)),
            _ => {}
        }
        let merchant = request.merchant.to_owned();
        let (key, rrn) = (request.key, request.rrn);
        let event =
            Some(Event::Reversed { merchant, key, rrn, remains, at: self.now.unix_millis() });
        Ok(Decision { event, ..Decision::plain("00") })
    }

    /// The authorization of tag 08, when card and currency are those of the message.
    fn original(&self, card: &TestCard) -> Result<&Entry, Refusal> {
        let unknown = Refusal::Code(code::UNABLE_TO_LOCATE);
        let Some(rrn) = self.request.original_rrn() else { return Err(unknown) };
        let Some(found) = self.books.find(&rrn) else { return Err(unknown) };
        let fits = found.operation.kind == OperationKind::Authorization
            && found.entry.card == card.id
            && found.entry.currency == self.request.currency;
        if fits { Ok(found.entry) } else { Err(unknown) }
    }

    fn reference(&self, card: &TestCard) -> String {
        proof::network_reference(card, self.ledger.sequence(), &self.now.month_day())
    }

    fn entry(
        &self,
        card: &TestCard,
        kind: EntryKind,
        approval_code: &str,
        network_reference: String,
    ) -> Entry {
        let request = self.request;
        let amount = request.amount;
        let captured = if kind == EntryKind::SingleMessage { amount } else { 0 };
        Entry {
            rrn: request.rrn,
            order_id: request.tags.get("06").unwrap_or_default().to_owned(),
            kind,
            card: card.id.to_owned(),
            network: request.tags.get("05").unwrap_or(card.brand.network()).to_owned(),
            approval_code: approval_code.to_owned(),
            network_reference,
            currency: request.currency,
            authorized: amount,
            captured,
            refunded: 0,
            reversed: 0,
            closed: kind == EntryKind::SingleMessage,
            authorized_at: self.now.unix_millis(),
            operations: vec![self.operation(OperationKind::Authorization)],
            reversals: Vec::new(),
        }
    }

    fn operation(&self, kind: OperationKind) -> Operation {
        let Request { rrn, key, amount, .. } = *self.request;
        Operation { rrn, key, kind, amount, at: self.now.unix_millis(), undone: false }
    }

    fn authorized(&self, entry: Entry) -> Event {
        let merchant = self.request.merchant.to_owned();
        Event::Authorized { merchant, key: self.request.key, entry }
    }

    fn operated(&self, entry: &Entry, kind: OperationKind, last: bool) -> Event {
        Event::Operated {
            merchant: self.request.merchant.to_owned(),
            key: self.request.key,
            original: entry.rrn,
            operation: self.operation(kind),
            last,
        }
    }
}

impl Decision {
    /// An answer that has no effect and is not remembered.
    fn plain(code: &str) -> Decision {
        Decision {
            code: parse(code),
            element_at_fault: None,
            approval_code: None,
            tags: Vec::new(),
            event: None,
            timing: Timing::AtOnce,
        }
    }

    /// An answer without effect that is remembered, so that a second copy is known.
    fn refused(request: &Request<'_>, code: &str) -> Decision {
        let (merchant, key) = (request.merchant.to_owned(), request.key);
        let event = Event::Answered { merchant, key, code: parse(code) };
        Decision { event: Some(event), ..Decision::plain(code) }
    }
}

/// A reversal gives back what is not captured: something, and no more than that.
fn check_release(entry: &Entry, remains: Option<i64>) -> Result<(), Refusal> {
    let single = entry.kind == EntryKind::SingleMessage;
    match remains {
        None if single && entry.refunded < entry.captured => Ok(()),
        Some(remains) if !single && remains < entry.captured => {
            Err(Refusal::Code(code::ORIGINAL_AMOUNT_INCORRECT))
        }
        Some(remains) if !single && remains > entry.authorized - entry.reversed => {
            Err(Refusal::Code(code::ORIGINAL_AMOUNT_INCORRECT))
        }
        Some(remains) if !single && remains < entry.authorized - entry.reversed => Ok(()),
        None if !single && entry.kind == EntryKind::Verification => Ok(()),
        None if !single && entry.captured + entry.reversed < entry.authorized => Ok(()),
        _ => Err(Refusal::Code(code::NO_ACTION_TAKEN)),
    }
}

fn parse(code: &str) -> ResponseCode {
    ResponseCode::parse(code).expect("codes of this file and of the card table have two characters")
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
