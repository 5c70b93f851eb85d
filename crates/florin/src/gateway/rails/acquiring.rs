//! From an order to messages for the acquirer's host, and from its answers to what the core
//! decides on.

use florin_core::card::Brand;
use florin_core::country::Country;
use florin_core::decision::{DeclineKind, HostAnswer, RefundAnswer, ReversalReason};
use florin_core::decline::{
    Category, Context, Decline, GatewayDecline, Initiation, Verdict, judge,
};
use florin_core::payment::{AnswerFacts, AuthenticationFlow, Payment, Reason, Trace};
use florin_core::trail::Increment;
use iso8583::Mti;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::persist::{
    Credential, CredentialUse, OwedCapture, OwedMessage, OwedRefund, OwedReversal, reversal_reason,
};
use super::super::record::{CardSecrets, Record};
use super::Rails;
use crate::acquirer::mapping::{
    self, Acceptor, Authentication, AuthorizationAnswer, AuthorizationRequest, CaptureSequence,
    Card, Channel, Common, CompletionRequest, Condition, CvcPresence, Entry, Kind, MappingError,
    Outcome, RefundRequest, ReversalMode, ReversalRequest,
};
use crate::acquirer::{self, Advice, Next, Reply};
use crate::api::contract::request::RecurringModel;
use crate::clock::UnixMillis;

/// What an attempt to deliver an owed message came to.
pub enum AdviceOutcome {
    /// The host has it.
    Done,
    /// Again at this instant. `sent` is false when not a byte left us.
    Repeat { at: UnixMillis, sent: bool, note: String },
    /// Nothing more is sent; an operator has to look.
    Stop { note: String },
}

/// What sending a refund request came to.
pub enum RefundOutcome {
    /// The host answered, or nobody knows what it did.
    Answer(RefundAnswer),
    /// Not a byte left us; why.
    NotSent(String),
}

/// The parts of a message that are formatted from a [`Trace`]; they have to live while it is
/// being built.
struct Times {
    local_time: String,
    local_date: String,
    merchant_id: String,
    currency: String,
}

impl Rails {
    /// Sends one authorization request and says what became of it.
    pub async fn authorize(
        &self,
        record: &Record,
        trace: &Trace,
        card: &CardSecrets,
        with_code: bool,
    ) -> HostAnswer {
        let payment = &record.order.payment;
        let Some(brand) = payment.brand else {
            return HostAnswer::NotSent(reason(GatewayDecline::CardData));
        };
        let times = times(record, trace);
        let wire_trace = wire(trace);
        let eci_none = brand.eci_family().none();
        let result = payment.authentication.as_ref();
        let proof = result.filter(|result| result.ds_trans_id.is_some());
        let moto = is_moto(record);
        let credential = record.extra.credential.as_ref();
        let is_charge = credential.is_some_and(Credential::is_charge);
        let by_merchant = credential.is_some_and(Credential::is_merchants);
        let asked = AuthorizationRequest {
            trace: &wire_trace,
            common: common(record, brand, payment.amount.minor, card, &times),
            kind: match payment.rules.manual_capture_ms {
                _ if payment.amount.minor == 0 => Kind::Verification,
                Some(_) => Kind::PreAuthorization,
                None => Kind::Normal,
            },
            cvc: match (&card.cvc, with_code) {
                (Some(cvc), true) => CvcPresence::Sent(cvc.expose()),
                (None, true) if !brand.needs_cvc() && !is_charge => CvcPresence::NoneOnCard,
                _ => CvcPresence::NotSentOnPurpose,
            },
            initiator: credential.map(initiator),
            original_network_reference: credential.and_then(first_reference),
            authentication: proof.map(|result| Authentication {
                eci: result.eci.as_deref().unwrap_or(eci_none),
                value: result.value.as_deref(),
                ds_trans_id: result.ds_trans_id.as_deref().unwrap_or_default(),
                version: result.version.as_deref().unwrap_or_default(),
                status: result.status.letter(),
                flow: match result.flow {
                    AuthenticationFlow::Frictionless => "F",
                    AuthenticationFlow::Challenge => "C",
                },
            }),
            eci_without: (proof.is_none() && !moto && !by_merchant).then_some(eci_none),
            exemption: match (by_merchant, moto) {
                (true, _) => Some("MIT"),
                (false, true) => Some("MOT"),
                (false, false) => None,
            },
            accepts_partial: false,
        };
        self.ask(record, brand, &asked).await
    }

    /// Asks for more of an authorization and says what became of that.
    pub async fn increment(
        &self,
        record: &Record,
        increment: &Increment,
        card: &CardSecrets,
    ) -> HostAnswer {
        let payment = &record.order.payment;
        let (Some(brand), Some(authorization)) = (payment.brand, payment.authorization()) else {
            return HostAnswer::NotSent(reason(GatewayDecline::CardData));
        };
        let facts = payment.answer.as_ref();
        let times = times(record, &increment.trace);
        let wire_trace = wire(&increment.trace);
        let asked = AuthorizationRequest {
            trace: &wire_trace,
            common: common(record, brand, increment.amount, card, &times),
            kind: Kind::Incremental {
                original_rrn: &authorization.trace.rrn,
                approval_code: facts
                    .and_then(|facts| facts.approval_code.as_deref())
                    .unwrap_or_default(),
            },
            cvc: CvcPresence::NotSentOnPurpose,
            initiator: None,
            original_network_reference: facts.and_then(|facts| facts.network_reference.as_deref()),
            authentication: None,
            eci_without: None,
            exemption: None,
            accepts_partial: false,
        };
        self.ask(record, brand, &asked).await
    }

    async fn ask(
        &self,
        record: &Record,
        brand: Brand,
        asked: &AuthorizationRequest<'_>,
    ) -> HostAnswer {
        let config = self.link.config();
        let (payment, trace) = (&record.order.payment, asked.trace);
        let message = match mapping::authorization(config, asked) {
            Ok(message) => message,
            Err(error) => {
                tracing::error!(order.key = record.key, %error, "a request cannot be built");
                return HostAnswer::NotSent(reason(GatewayDecline::InvalidAnswer));
            }
        };
        match self.link.exchange(&message).await {
            Reply::Answered(answer) => match mapping::read_authorization(config, asked, &answer) {
                Some(answer) => read_answer(payment, brand, initiation(record), answer),
                None => HostAnswer::Unanswered {
                    reason: reason(GatewayDecline::InvalidAnswer),
                    reverse: ReversalReason::InvalidResponse,
                },
            },
            Reply::NotSent(why) => {
                tracing::warn!(order.key = record.key, ?why, "an authorization was not sent");
                HostAnswer::NotSent(reason(GatewayDecline::LinkDown))
            }
            Reply::Unanswered(why) => {
                tracing::warn!(order.key = record.key, rrn = trace.rrn, ?why, "in doubt");
                let reverse = reversal_reason(why.reversal_reason());
                let words = match reverse {
                    ReversalReason::InvalidResponse => GatewayDecline::InvalidAnswer,
                    _ => GatewayDecline::NoAnswer,
                };
                HostAnswer::Unanswered { reason: reason(words), reverse }
            }
        }
    }

    /// Sends a refund request, once, and says what became of it.
    pub async fn refund(
        &self,
        record: &Record,
        owed: &OwedRefund,
        card: &CardSecrets,
    ) -> RefundOutcome {
        let config = self.link.config();
        let trace = Trace::from(&owed.trace);
        let times = times(record, &trace);
        let brand = record.order.payment.brand.unwrap_or(Brand::Visa);
        let mut common = common(record, brand, owed.amount, card, &times);
        common.order_reference = owed.order_id.as_deref().unwrap_or(&record.order_id);
        let message = mapping::refund(
            config,
            &RefundRequest {
                trace: &wire(&trace),
                common,
                network_reference: owed.network_reference.as_deref(),
                original_rrn: &owed.original_rrn,
            },
        );
        let message = match message {
            Ok(message) => message,
            Err(error) => {
                tracing::error!(order.key = record.key, %error, "a refund cannot be built");
                return RefundOutcome::Answer(RefundAnswer::Declined {
                    response_code: "30".into(),
                });
            }
        };
        RefundOutcome::Answer(match self.link.exchange(&message).await {
            Reply::NotSent(why) => return RefundOutcome::NotSent(format!("not sent: {why:?}")),
            Reply::Unanswered(why) => {
                tracing::warn!(order.key = record.key, rrn = trace.rrn, ?why, "refund in doubt");
                RefundAnswer::Unanswered { reverse: reversal_reason(why.reversal_reason()) }
            }
            Reply::Answered(answer) => {
                let code = answer.get(39).unwrap_or_default();
                let response_code = code.to_owned();
                match code {
                    approved if config.approve_set.iter().any(|it| it == approved) => {
                        RefundAnswer::Approved
                    }
                    // It may have been booked, or an earlier copy of it may.
                    "09" | "32" | "68" | "94" => {
                        RefundAnswer::Unanswered { reverse: ReversalReason::TimeOut }
                    }
                    later if acquirer::is_repeatable(later) => {
                        RefundAnswer::Later { response_code }
                    }
                    _ => RefundAnswer::Declined { response_code },
                }
            }
        })
    }

    /// Sends an owed message once. Refunds have a way of their own: see [`Rails::refund`].
    pub async fn send_owed(
        &self,
        record: &Record,
        message: &OwedMessage,
        card: &CardSecrets,
        attempts: i32,
        first_attempt_at: UnixMillis,
        now: UnixMillis,
    ) -> AdviceOutcome {
        let config = self.link.config();
        let (kind, built) = match message {
            OwedMessage::Capture(owed) => (Advice::Completion, self.completion(record, owed, card)),
            OwedMessage::Guard(owed) | OwedMessage::Reversal(owed) => {
                (Advice::Reversal, self.reversal(record, owed, card, attempts))
            }
            OwedMessage::Refund(_) => {
                return AdviceOutcome::Stop { note: "a refund is not repeated".to_owned() };
            }
        };
        let built = match built {
            Ok(built) => built,
            Err(error) => return AdviceOutcome::Stop { note: error.to_string() },
        };
        // What began as a request goes on as an advice, whose first copy is the second attempt.
        let asked = matches!(message_of(message), Some(owed) if owed.asked);
        let first_copies = if asked { 2 } else { 1 };
        let built = if attempts >= first_copies { mapping::repeat_of(built) } else { built };
        let reply = self.link.exchange(&built).await;
        let outcome = acquirer::AdviceOutcome::of(&reply);
        let sent = !matches!(reply, Reply::NotSent(_));
        let made = u32::try_from(attempts).unwrap_or(0).saturating_add(u32::from(sent));
        let note = match &reply {
            Reply::Answered(answer) => format!("answered {}", answer.get(39).unwrap_or("nothing")),
            Reply::NotSent(why) => format!("not sent: {why:?}"),
            Reply::Unanswered(why) => format!("unanswered: {why:?}"),
        };
        let schedule = &config.store_and_forward;
        match schedule.after(kind, outcome, made, first_attempt_at, now) {
            Next::Done => AdviceOutcome::Done,
            Next::RepeatAt(at) => AdviceOutcome::Repeat { at, sent, note },
            Next::Stop(why) => AdviceOutcome::Stop { note: format!("{why:?}: {note}") },
        }
    }

    fn completion(
        &self,
        record: &Record,
        owed: &OwedCapture,
        card: &CardSecrets,
    ) -> Result<iso8583::Message, MappingError> {
        let trace = Trace::from(&owed.trace);
        let original = Trace::from(&owed.original);
        let times = times(record, &trace);
        let brand = record.order.payment.brand.unwrap_or(Brand::Visa);
        let mut common = common(record, brand, owed.amount, card, &times);
        common.order_reference = owed.order_id.as_deref().unwrap_or(&record.order_id);
        let number = u8::try_from(owed.sequence).unwrap_or(u8::MAX);
        // One capture of the whole is one of one; of several nobody knows how many there will be.
        let total = (number == 1 && !owed.more).then_some(1);
        mapping::completion(
            self.link.config(),
            &CompletionRequest {
                trace: &wire(&trace),
                common,
                original: &wire(&original),
                approval_code: owed.approval_code.as_deref().unwrap_or_default(),
                network_reference: owed.network_reference.as_deref(),
                sequence: CaptureSequence { number, total, is_final: !owed.more },
            },
        )
    }

    fn reversal(
        &self,
        record: &Record,
        owed: &OwedReversal,
        card: &CardSecrets,
        attempts: i32,
    ) -> Result<iso8583::Message, MappingError> {
        let original = Trace::from(&owed.original);
        let trace = owed.trace.as_ref().map_or_else(|| original.clone(), Trace::from);
        // DE12 and DE13 are those of the original.
        let times = times(record, &original);
        let brand = record.order.payment.brand.unwrap_or(Brand::Visa);
        let original_type = if self.single_message() || owed.of_refund {
            Mti::FINANCIAL_REQUEST
        } else {
            Mti::AUTHORIZATION_REQUEST
        };
        mapping::reversal(
            self.link.config(),
            &ReversalRequest {
                trace: &wire(&trace),
                common: common(record, brand, owed.amount, card, &times),
                original: &wire(&original),
                original_type,
                approval_code: owed.approval_code.as_deref(),
                response_code: owed.response_code.as_deref(),
                reason: &owed.reason,
                remaining_minor: owed.remains.and_then(|minor| u64::try_from(minor).ok()),
                of_refund: owed.of_refund,
                mode: if owed.asked && attempts == 0 {
                    ReversalMode::Request
                } else {
                    ReversalMode::Advice
                },
            },
        )
    }
}

fn message_of(message: &OwedMessage) -> Option<&OwedReversal> {
    match message {
        OwedMessage::Guard(owed) | OwedMessage::Reversal(owed) => Some(owed),
        OwedMessage::Capture(_) | OwedMessage::Refund(_) => None,
    }
}

fn is_moto(record: &Record) -> bool {
    record.request.card.as_ref().is_some_and(|card| card.moto)
}

fn initiation(record: &Record) -> Initiation {
    match &record.extra.credential {
        Some(credential) if credential.is_merchants() => Initiation::Merchant,
        _ if is_moto(record) => Initiation::PayerRemote,
        _ => Initiation::PayerOnline,
    }
}

/// Tag 02: who starts the payment with the stored card, or lets it be stored, and for what.
fn initiator(credential: &Credential) -> &'static str {
    match (credential.is_charge(), credential.model) {
        (_, RecurringModel::CardOnFile) | (false, RecurringModel::Unscheduled) => "C101",
        (false, RecurringModel::Subscription) => "C103",
        (true, RecurringModel::Subscription) => "M103",
        (true, RecurringModel::Unscheduled) => "M101",
    }
}

/// Tag 07: the network reference of the payment at which the card was stored.
fn first_reference(credential: &Credential) -> Option<&str> {
    match &credential.used {
        CredentialUse::Charge { reference, .. } => reference.as_deref(),
        CredentialUse::Make | CredentialUse::Share | CredentialUse::Renew => None,
    }
}

/// Channel, entry and condition of the payment, which all its messages repeat.
fn circumstances(record: &Record) -> (Channel, Entry, Condition) {
    let credential = record.extra.credential.as_ref();
    if let Some(Credential { used: CredentialUse::Charge { by_mail, .. }, .. }) = credential {
        return match (initiation(record), by_mail) {
            (Initiation::Merchant, true) => {
                (Channel::MerchantInitiated, Entry::OnFile, Condition::MailOrTelephone)
            }
            (Initiation::Merchant, false) => {
                (Channel::MerchantInitiated, Entry::OnFile, Condition::Ecommerce)
            }
            _ => (Channel::Ecommerce, Entry::OnFile, Condition::Ecommerce),
        };
    }
    let (channel, entry, condition) = match is_moto(record) {
        true => (Channel::MailOrder, Entry::KeyedByMerchant, Condition::MailOrTelephone),
        false => (Channel::Ecommerce, Entry::TypedByPayer, Condition::Ecommerce),
    };
    match record.order.payment.amount.minor {
        0 => (channel, entry, Condition::Verification),
        _ => (channel, entry, condition),
    }
}

fn common<'a>(
    record: &'a Record,
    brand: Brand,
    amount: i64,
    card: &'a CardSecrets,
    times: &'a Times,
) -> Common<'a> {
    let acceptor = &record.site.settings.acceptor;
    let (channel, entry, condition) = circumstances(record);
    Common {
        card: Card { pan: card.pan.expose(), expiry: card.expiry.as_deref() },
        amount_minor: u64::try_from(amount).unwrap_or_default(),
        currency_numeric: &times.currency,
        local_time: &times.local_time,
        local_date: &times.local_date,
        acceptor: Acceptor {
            merchant_id: &times.merchant_id,
            name: &acceptor.name,
            city: &acceptor.city,
            country: &acceptor.country,
            mcc: &acceptor.mcc,
        },
        channel,
        entry,
        condition,
        network: brand.network(),
        order_reference: &record.order_id,
    }
}

fn times(record: &Record, trace: &Trace) -> Times {
    let zone = TimeZone::get(&record.site.settings.acceptor.time_zone).unwrap_or(TimeZone::UTC);
    let local = instant(trace.transmitted_at).to_zoned(zone);
    Times {
        local_time: format!("{:02}{:02}{:02}", local.hour(), local.minute(), local.second()),
        local_date: format!("{:02}{:02}", local.month(), local.day()),
        merchant_id: record.site.merchant_id(),
        currency: record.order.payment.amount.currency.numeric_text(),
    }
}

fn instant(at: UnixMillis) -> Timestamp {
    Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A trace as the link writes it.
fn wire(trace: &Trace) -> acquirer::Trace {
    let utc = instant(trace.transmitted_at).to_zoned(TimeZone::UTC);
    acquirer::Trace {
        stan: format!("{:06}", trace.stan),
        rrn: trace.rrn.clone(),
        transmitted_at: format!(
            "{:02}{:02}{:02}{:02}{:02}",
            utc.month(),
            utc.day(),
            utc.hour(),
            utc.minute(),
            utc.second()
        ),
        terminal_id: trace.terminal_id.clone(),
    }
}

fn reason(decline: GatewayDecline) -> Reason {
    Reason::new(decline.reason_code(), decline.reason())
}

fn read_answer(
    payment: &Payment,
    brand: Brand,
    initiation: Initiation,
    answer: AuthorizationAnswer,
) -> HostAnswer {
    let numeric = answer.issuer_country_numeric.as_deref().and_then(|it| it.parse().ok());
    let facts = AnswerFacts {
        response_code: answer.response_code.clone(),
        approval_code: answer.approval_code,
        network_reference: answer.network_reference,
        cvc_result: answer.cvc_result.clone(),
        cavv_result: answer.cavv_result,
        card_product: answer.card_product,
        card_funding: answer.card_funding,
        issuer_country: numeric
            .and_then(|numeric| Country::from_numeric(numeric).ok())
            .map(|country| country.code().to_owned()),
        advice_code: answer.advice_code.clone(),
    };
    if answer.outcome == Outcome::Approved {
        return HostAnswer::Approved(facts);
    }
    let eci = payment.authentication.as_ref().and_then(|result| result.eci.as_deref());
    let context = Context {
        brand,
        initiation,
        eci,
        verifies_account: payment.amount.minor == 0,
        accepts_part: false,
        cvc_result: answer.cvc_result.as_deref(),
        advice: answer.advice_code.as_deref(),
    };
    let verdict = judge(&answer.response_code, &context);
    let (reason, kind, reverse) = match verdict {
        Verdict::Declined(Decline { category, reason_code, reason, reverse, .. }) => {
            let kind = match category {
                Category::Soft => DeclineKind::Soft,
                _ => DeclineKind::Final,
            };
            (Reason::new(reason_code, reason), kind, reverse)
        }
        // The link's own list is stricter than the table: what it does not take is undone.
        Verdict::Approved | Verdict::ApprovedInPart | Verdict::NotYet => {
            (reason(GatewayDecline::InvalidAnswer), DeclineKind::Final, true)
        }
    };
    let reverse = match answer.must_reverse {
        Some(code) => Some(reversal_reason(code)),
        None => reverse.then_some(ReversalReason::TimeOut),
    };
    HostAnswer::Declined { facts, reason, kind, reverse }
}
