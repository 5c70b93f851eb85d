//! The stored form of an order's state, and of what its owed messages need.
//!
//! The core's types are not serializable on purpose: this text outlives versions of the program,
//! so it has its own types, converted by hand. Member names are short because every payment
//! carries them twice through the disk.

mod credential;
mod other;
mod owed;
mod session;
mod trail;

use florin_core::card::Brand;
use florin_core::money::{Currency, Money};
use florin_core::order::{Counters, Order};
use florin_core::payment::{
    AdviceId, AnswerFacts, AuthenticationFlow, AuthenticationResult, AuthenticationStatus,
    Authorization, Challenge, Payment, Reason, Review, ReviewVerdict, Rules, State, Trace,
    TransactionId, Unauthenticated, Waiting,
};
use florin_core::provider::Visit;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::journal::JournalEnd;
use super::risk::report::RiskReport;
pub use credential::{Credential, CredentialUse};
use other::OtherRow;
pub use owed::{CAPTURE, OwedCapture, OwedMessage, OwedRefund, OwedReversal, reversal_reason};
use session::SessionRow;
use trail::TrailRow;

/// The stored text is not of a form that this version writes or has ever written.
#[derive(Debug)]
pub struct Unreadable(pub String);

impl std::fmt::Display for Unreadable {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "stored state cannot be read: {}", self.0)
    }
}

impl std::error::Error for Unreadable {}

/// Facts of the order that the gateway keeps beside the core's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extra {
    /// First six digits of the card.
    #[serde(rename = "b", default, skip_serializing_if = "String::is_empty")]
    pub bin: String,
    /// The API key that created the attempt.
    #[serde(rename = "k")]
    pub key_id: i64,
    /// The link its messages travel on.
    #[serde(rename = "n")]
    pub link: String,
    /// The order wants a challenge whatever the issuer prefers.
    #[serde(rename = "f", default, skip_serializing_if = "std::ops::Not::not")]
    pub challenge_wanted: bool,
    /// When the first attempt was made.
    #[serde(rename = "o")]
    pub created_at: i64,
    /// How risky the attempt is, and why.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<RiskReport>,
    /// The mark of the request that opened the newest attempt, if it had an idempotency key.
    #[serde(rename = "q", default, skip_serializing_if = "Option::is_none")]
    pub request_key: Option<String>,
    /// The form on a page that opened the newest attempt, if one did.
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// What the merchant said about shipment and invoice, by member.
    #[serde(rename = "s", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shipment: BTreeMap<String, String>,
    /// Where the order's journal ends.
    #[serde(rename = "j", default, skip_serializing_if = "is_empty_journal")]
    pub journal: JournalEnd,
    /// The stored card that the newest attempt makes or charges.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Credential>,
}

fn is_empty_journal(end: &JournalEnd) -> bool {
    end.entries == 0
}

/// What the row of a child order says instead of a state: where it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Child {
    /// The key of the order that it belongs to.
    pub parent: i64,
    /// Which of its sales it is, or belongs to.
    pub sale: u32,
    /// Set where it is only the merchant's own name of a refund.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund: Option<u32>,
}

impl Child {
    pub fn to_text(self) -> String {
        serde_json::to_string(&self).expect("numbers have a JSON form")
    }

    /// `None` where the text is the state of an order.
    pub fn read(text: &str) -> Option<Child> {
        if text.starts_with("{\"parent\"") { serde_json::from_str(text).ok() } else { None }
    }
}

/// Writes the state of an order.
pub fn write_state(order: &Order, extra: &Extra) -> String {
    let row = StateRow {
        version: 1,
        payment: PaymentRow::from(&order.payment),
        counters: [
            order.counters.attempts,
            order.counters.advices,
            order.counters.notifications,
            order.counters.events,
        ],
        trail: TrailRow::from(&order.trail),
        session: order.session.as_ref().map(SessionRow::from),
        extra: extra.clone(),
    };
    serde_json::to_string(&row).expect("rows of texts and numbers have a JSON form")
}

/// Reads what [`write_state`] wrote.
///
/// # Errors
/// [`Unreadable`] when the text is damaged or of a later version.
pub fn read_state(text: &str) -> Result<(Order, Extra), Unreadable> {
    let row: StateRow =
        serde_json::from_str(text).map_err(|error| Unreadable(error.to_string()))?;
    if row.version != 1 {
        return Err(Unreadable(format!("version {}", row.version)));
    }
    let [attempts, advices, notifications, events] = row.counters;
    let counters = Counters { attempts, advices, notifications, events };
    let order = Order {
        payment: row.payment.read()?,
        trail: row.trail.read(),
        counters,
        session: row.session.map(SessionRow::read),
    };
    Ok((order, row.extra))
}

/// A [`Trace`] at rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceRow {
    #[serde(rename = "s")]
    stan: u32,
    #[serde(rename = "r")]
    rrn: String,
    #[serde(rename = "t")]
    transmitted_at: i64,
    #[serde(rename = "m")]
    terminal_id: String,
}

impl TraceRow {
    /// DE37.
    pub fn rrn(&self) -> &str {
        &self.rrn
    }
}

impl From<&Trace> for TraceRow {
    fn from(trace: &Trace) -> TraceRow {
        TraceRow {
            stan: trace.stan,
            rrn: trace.rrn.clone(),
            transmitted_at: trace.transmitted_at,
            terminal_id: trace.terminal_id.clone(),
        }
    }
}

impl From<&TraceRow> for Trace {
    fn from(row: &TraceRow) -> Trace {
        Trace {
            stan: row.stan,
            rrn: row.rrn.clone(),
            transmitted_at: row.transmitted_at,
            terminal_id: row.terminal_id.clone(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct StateRow {
    #[serde(rename = "v")]
    version: u32,
    #[serde(rename = "p")]
    payment: PaymentRow,
    #[serde(rename = "n")]
    counters: [u32; 4],
    #[serde(rename = "l", default, skip_serializing_if = "TrailRow::is_empty")]
    trail: TrailRow,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    session: Option<SessionRow>,
    #[serde(rename = "e")]
    extra: Extra,
}

#[derive(Serialize, Deserialize)]
struct PaymentRow {
    #[serde(rename = "t")]
    transaction_id: i64,
    #[serde(rename = "a")]
    amount: i64,
    #[serde(rename = "c")]
    currency: String,
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    brand: Option<String>,
    /// Set where it is no card that pays.
    #[serde(rename = "y", default, skip_serializing_if = "Option::is_none")]
    other: Option<OtherRow>,
    #[serde(rename = "o")]
    opened_at: i64,
    #[serde(rename = "m")]
    modified_at: i64,
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    completed_at: Option<i64>,
    /// Proceed when unavailable, proceed when not enrolled, payer present.
    #[serde(rename = "r")]
    rules: (bool, bool, bool, i64),
    /// The merchant captures by hand within this many milliseconds.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    manual_capture_ms: Option<i64>,
    #[serde(rename = "s")]
    state: StateKind,
    #[serde(rename = "3", default, skip_serializing_if = "Option::is_none")]
    authentication: Option<AuthenticationRow>,
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    answer: Option<AnswerRow>,
    #[serde(rename = "u", default, skip_serializing_if = "is_zero")]
    step_ups: u8,
    #[serde(rename = "q", default, skip_serializing_if = "std::ops::Not::not")]
    announced: bool,
    #[serde(rename = "k", default, skip_serializing_if = "std::ops::Not::not")]
    cvc_kept: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape that the derive macro calls")]
fn is_zero(number: &u8) -> bool {
    *number == 0
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StateKind {
    Offered,
    Lapsed,
    Page {
        mandate: bool,
    },
    Challenge {
        server: String,
        acs: String,
        ds: String,
        version: String,
        url: String,
    },
    Authorizing {
        trace: TraceRow,
        advice: u32,
    },
    Uncleared {
        auth: TraceRow,
        score: u8,
        accept: bool,
        until: i64,
    },
    Authorized {
        auth: AuthorizationRow,
    },
    Completed {
        auth: TraceRow,
        /// What was authorized, where that is not what was ordered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount: Option<i64>,
        capture: TraceRow,
    },
    Parted {
        auth: AuthorizationRow,
    },
    Declined {
        code: String,
        text: String,
        response_code: Option<String>,
    },
    Expired,
    Cancelled,
    Void {
        auth: TraceRow,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount: Option<i64>,
    },
    Provider {
        url: String,
        acted: bool,
    },
    Promised {
        until: i64,
    },
    Paid,
    Withdrawn,
}

/// An authorization that may have grown.
#[derive(Serialize, Deserialize)]
struct AuthorizationRow {
    #[serde(rename = "t")]
    trace: TraceRow,
    #[serde(rename = "a")]
    amount: i64,
}

impl From<&Authorization> for AuthorizationRow {
    fn from(authorization: &Authorization) -> AuthorizationRow {
        AuthorizationRow {
            trace: (&authorization.trace).into(),
            amount: authorization.amount.minor,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct AuthenticationRow {
    status: String,
    challenge: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    eci: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acs: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ds: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cancel: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct AnswerRow {
    #[serde(rename = "c")]
    response_code: String,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    approval_code: Option<String>,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    network_reference: Option<String>,
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    cvc_result: Option<String>,
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    cavv_result: Option<String>,
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    card_product: Option<String>,
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    card_funding: Option<String>,
    #[serde(rename = "y", default, skip_serializing_if = "Option::is_none")]
    issuer_country: Option<String>,
}

impl From<&Payment> for PaymentRow {
    fn from(payment: &Payment) -> PaymentRow {
        let rules = payment.rules;
        PaymentRow {
            transaction_id: payment.transaction_id.0,
            amount: payment.amount.minor,
            currency: payment.amount.currency.code().to_owned(),
            brand: payment.brand.map(|brand| brand.network().to_owned()),
            other: payment.other.as_ref().map(OtherRow::from),
            opened_at: payment.opened_at,
            modified_at: payment.modified_at,
            completed_at: payment.completed_at,
            rules: (
                rules.when_unavailable == Unauthenticated::Proceed,
                rules.when_not_enrolled == Unauthenticated::Proceed,
                rules.payer_present,
                rules.expires_after_ms,
            ),
            manual_capture_ms: rules.manual_capture_ms,
            state: StateKind::of(payment),
            authentication: payment.authentication.as_ref().map(AuthenticationRow::from),
            answer: payment.answer.as_ref().map(AnswerRow::from),
            step_ups: payment.step_ups,
            announced: payment.announced,
            cvc_kept: payment.cvc_kept,
        }
    }
}

impl PaymentRow {
    fn read(self) -> Result<Payment, Unreadable> {
        let currency = Currency::parse(&self.currency)
            .map_err(|_| Unreadable(format!("currency {}", self.currency)))?;
        let amount = Money::new(self.amount, currency);
        let brand = match self.brand {
            None => None,
            Some(code) => {
                let brand = Brand::from_network(&code);
                Some(brand.ok_or_else(|| Unreadable(format!("network {code}")))?)
            }
        };
        let policy =
            |proceed| if proceed { Unauthenticated::Proceed } else { Unauthenticated::Decline };
        let authentication = self.authentication.map(AuthenticationRow::read).transpose()?;
        Ok(Payment {
            transaction_id: TransactionId(self.transaction_id),
            amount,
            brand,
            other: self.other.map(OtherRow::read).transpose()?,
            opened_at: self.opened_at,
            modified_at: self.modified_at,
            completed_at: self.completed_at,
            rules: Rules {
                when_unavailable: policy(self.rules.0),
                when_not_enrolled: policy(self.rules.1),
                payer_present: self.rules.2,
                expires_after_ms: self.rules.3,
                manual_capture_ms: self.manual_capture_ms,
            },
            state: self.state.read(amount),
            authentication,
            answer: self.answer.map(AnswerFacts::from),
            step_ups: self.step_ups,
            announced: self.announced,
            cvc_kept: self.cvc_kept,
        })
    }
}

impl StateKind {
    fn of(payment: &Payment) -> StateKind {
        let grown = |authorization: &Authorization| {
            let minor = authorization.amount.minor;
            (minor != payment.amount.minor).then_some(minor)
        };
        match &payment.state {
            State::Offered => StateKind::Offered,
            State::Lapsed => StateKind::Lapsed,
            // A decision never ends here: see `decision::Draft::open`.
            State::Opened => StateKind::Page { mandate: false },
            State::Authenticating(Waiting::Page { mandate }) => {
                StateKind::Page { mandate: *mandate }
            }
            State::Authenticating(Waiting::Challenge(challenge)) => StateKind::Challenge {
                server: challenge.server_trans_id.clone(),
                acs: challenge.acs_trans_id.clone(),
                ds: challenge.ds_trans_id.clone(),
                version: challenge.version.clone(),
                url: challenge.acs_url.clone(),
            },
            State::Authenticating(Waiting::Provider(visit)) => {
                StateKind::Provider { url: visit.url.clone(), acted: visit.acted }
            }
            State::Promised { until } => StateKind::Promised { until: *until },
            State::Paid => StateKind::Paid,
            State::Withdrawn => StateKind::Withdrawn,
            State::Authorizing { trace, advice } => {
                StateKind::Authorizing { trace: trace.into(), advice: advice.0 }
            }
            State::Uncleared { authorization, review } => StateKind::Uncleared {
                auth: (&authorization.trace).into(),
                score: review.score,
                accept: review.default == ReviewVerdict::Accept,
                until: review.until,
            },
            State::Authorized(authorization) => {
                StateKind::Authorized { auth: authorization.into() }
            }
            State::Completed { authorization, capture } => StateKind::Completed {
                auth: (&authorization.trace).into(),
                amount: grown(authorization),
                capture: capture.into(),
            },
            State::Parted(authorization) => StateKind::Parted { auth: authorization.into() },
            State::Declined(reason) => StateKind::Declined {
                code: reason.code.clone(),
                text: reason.text.clone(),
                response_code: reason.response_code.clone(),
            },
            State::Expired => StateKind::Expired,
            State::Cancelled => StateKind::Cancelled,
            State::Void(authorization) => StateKind::Void {
                auth: (&authorization.trace).into(),
                amount: grown(authorization),
            },
        }
    }

    fn read(self, amount: Money) -> State {
        let authorization = |row: &TraceRow| Authorization { trace: row.into(), amount };
        let worth = |row: &TraceRow, minor: i64| Authorization {
            trace: row.into(),
            amount: Money::new(minor, amount.currency),
        };
        match self {
            StateKind::Offered => State::Offered,
            StateKind::Lapsed => State::Lapsed,
            StateKind::Page { mandate } => State::Authenticating(Waiting::Page { mandate }),
            StateKind::Challenge { server, acs, ds, version, url } => {
                State::Authenticating(Waiting::Challenge(Challenge {
                    server_trans_id: server,
                    acs_trans_id: acs,
                    ds_trans_id: ds,
                    version,
                    acs_url: url,
                }))
            }
            StateKind::Provider { url, acted } => {
                State::Authenticating(Waiting::Provider(Visit { url, acted }))
            }
            StateKind::Promised { until } => State::Promised { until },
            StateKind::Paid => State::Paid,
            StateKind::Withdrawn => State::Withdrawn,
            StateKind::Authorizing { trace, advice } => {
                State::Authorizing { trace: (&trace).into(), advice: AdviceId(advice) }
            }
            StateKind::Uncleared { auth, score, accept, until } => {
                let default = if accept { ReviewVerdict::Accept } else { ReviewVerdict::Decline };
                State::Uncleared {
                    authorization: authorization(&auth),
                    review: Review { score, default, until },
                }
            }
            StateKind::Authorized { auth } => State::Authorized(worth(&auth.trace, auth.amount)),
            StateKind::Completed { auth, amount: grown, capture } => State::Completed {
                authorization: worth(&auth, grown.unwrap_or(amount.minor)),
                capture: (&capture).into(),
            },
            StateKind::Parted { auth } => State::Parted(worth(&auth.trace, auth.amount)),
            StateKind::Declined { code, text, response_code } => {
                State::Declined(Reason { code, text, response_code })
            }
            StateKind::Expired => State::Expired,
            StateKind::Cancelled => State::Cancelled,
            StateKind::Void { auth, amount: grown } => {
                State::Void(worth(&auth, grown.unwrap_or(amount.minor)))
            }
        }
    }
}

impl From<&AuthenticationResult> for AuthenticationRow {
    fn from(result: &AuthenticationResult) -> AuthenticationRow {
        AuthenticationRow {
            status: result.status.letter().to_owned(),
            challenge: result.flow == AuthenticationFlow::Challenge,
            eci: result.eci.clone(),
            value: result.value.clone(),
            acs: result.acs_trans_id.clone(),
            ds: result.ds_trans_id.clone(),
            version: result.version.clone(),
            reason: result.status_reason.clone(),
            cancel: result.challenge_cancel.clone(),
        }
    }
}

impl AuthenticationRow {
    fn read(self) -> Result<AuthenticationResult, Unreadable> {
        let status = AuthenticationStatus::from_letter(&self.status)
            .ok_or_else(|| Unreadable(format!("transStatus {}", self.status)))?;
        let flow = if self.challenge {
            AuthenticationFlow::Challenge
        } else {
            AuthenticationFlow::Frictionless
        };
        Ok(AuthenticationResult {
            status,
            flow,
            eci: self.eci,
            value: self.value,
            acs_trans_id: self.acs,
            ds_trans_id: self.ds,
            version: self.version,
            status_reason: self.reason,
            challenge_cancel: self.cancel,
        })
    }
}

impl From<&AnswerFacts> for AnswerRow {
    fn from(facts: &AnswerFacts) -> AnswerRow {
        AnswerRow {
            response_code: facts.response_code.clone(),
            approval_code: facts.approval_code.clone(),
            network_reference: facts.network_reference.clone(),
            cvc_result: facts.cvc_result.clone(),
            cavv_result: facts.cavv_result.clone(),
            card_product: facts.card_product.clone(),
            card_funding: facts.card_funding.clone(),
            issuer_country: facts.issuer_country.clone(),
        }
    }
}

impl From<AnswerRow> for AnswerFacts {
    fn from(row: AnswerRow) -> AnswerFacts {
        AnswerFacts {
            response_code: row.response_code,
            approval_code: row.approval_code,
            network_reference: row.network_reference,
            cvc_result: row.cvc_result,
            cavv_result: row.cavv_result,
            card_product: row.card_product,
            card_funding: row.card_funding,
            issuer_country: row.issuer_country,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::contract::request::RecurringModel;

    fn payment(state: State) -> Payment {
        Payment {
            transaction_id: TransactionId(1_234_567_890_123_456),
            amount: Money::new(1000, Currency::EUR),
            brand: Some(Brand::Mastercard),
            other: Some(other::sample()),
            opened_at: 1,
            modified_at: 2,
            completed_at: Some(3),
            rules: Rules {
                when_unavailable: Unauthenticated::Decline,
                when_not_enrolled: Unauthenticated::Proceed,
                payer_present: true,
                expires_after_ms: 3_600_000,
                manual_capture_ms: Some(604_800_000),
            },
            state,
            authentication: Some(AuthenticationResult {
                status: AuthenticationStatus::Attempted,
                flow: AuthenticationFlow::Challenge,
                eci: Some("01".into()),
                value: Some("AAAA".into()),
                acs_trans_id: None,
                ds_trans_id: Some("d".into()),
                version: Some("2.2.0".into()),
                status_reason: None,
                challenge_cancel: None,
            }),
            answer: Some(AnswerFacts {
                response_code: "00".into(),
                approval_code: Some("012635".into()),
                ..AnswerFacts::default()
            }),
            step_ups: 1,
            announced: true,
            cvc_kept: true,
        }
    }

    fn trace() -> Trace {
        Trace {
            stan: 101,
            rrn: "632614000101".into(),
            transmitted_at: 5,
            terminal_id: "FLRN0001".into(),
        }
    }

    #[test]
    fn every_state_is_read_as_it_was_written() {
        let authorization =
            Authorization { trace: trace(), amount: Money::new(1000, Currency::EUR) };
        let grown = Authorization { trace: trace(), amount: Money::new(1250, Currency::EUR) };
        let review = Review { score: 7, default: ReviewVerdict::Accept, until: 9 };
        let challenge = Challenge {
            server_trans_id: "s".into(),
            acs_trans_id: "a".into(),
            ds_trans_id: "d".into(),
            version: "2.2.0".into(),
            acs_url: "https://acs.example/".into(),
        };
        let states = [
            State::Offered,
            State::Lapsed,
            State::Authenticating(Waiting::Page { mandate: true }),
            State::Authenticating(Waiting::Challenge(challenge)),
            State::Authorizing { trace: trace(), advice: AdviceId(4) },
            State::Uncleared { authorization: authorization.clone(), review },
            State::Authorized(grown.clone()),
            State::Completed { authorization: authorization.clone(), capture: trace() },
            State::Completed { authorization: grown.clone(), capture: trace() },
            State::Parted(grown.clone()),
            State::Declined(Reason::new("4002", "Insufficient funds")),
            State::Expired,
            State::Cancelled,
            State::Authenticating(Waiting::Provider(Visit {
                url: "https://bank.example/1".into(),
                acted: true,
            })),
            State::Promised { until: 9 },
            State::Paid,
            State::Withdrawn,
            State::Void(authorization),
            State::Void(grown),
        ];
        let extra = Extra {
            bin: "555555".into(),
            key_id: 7,
            link: "default".into(),
            challenge_wanted: true,
            created_at: 11,
            risk: Some(RiskReport::listed(7)),
            request_key: Some("key".to_owned()),
            form: Some("form".to_owned()),
            shipment: BTreeMap::from([("carrier".to_owned(), "PostNL".to_owned())]),
            journal: JournalEnd::default(),
            credential: Some(Credential {
                token: "azbkvsE0up4-_0Aa".to_owned(),
                model: RecurringModel::Unscheduled,
                used: CredentialUse::Charge {
                    reference: Some("306326515610033".to_owned()),
                    by_mail: true,
                },
            }),
        };
        for state in states {
            let counters = Counters { attempts: 1, advices: 2, notifications: 3, events: 4 };
            let (payment, trail) = (payment(state), trail::sample());
            let order = Order { payment, trail, counters, session: Some(session::sample()) };
            let text = write_state(&order, &extra);
            let read = read_state(&text).expect("what was written can be read");
            assert_eq!(read, (order, extra.clone()), "{text}");
        }
    }

    #[test]
    fn damaged_text_is_an_error_and_not_a_guess() {
        for text in ["", "{}", "{\"v\":2}", "null"] {
            assert!(read_state(text).is_err(), "{text}");
        }
    }
}
