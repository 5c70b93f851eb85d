//! A payment at rest: what was asked for, by which rules, and where it stands.

use florin_core::card::Brand;
use florin_core::money::{Currency, Money};
use florin_core::payment::{
    AdviceId, AnswerFacts, Authorization, Challenge, Payment, Reason, Review, ReviewVerdict, Rules,
    State, TransactionId, Unauthenticated, Waiting,
};
use florin_core::provider::Visit;
use serde::{Deserialize, Serialize};

use super::facts::{AnswerRow, AuthenticationRow};
use super::other::OtherRow;
use super::{TraceRow, Unreadable};

#[derive(Serialize, Deserialize)]
pub(super) struct PaymentRow {
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
    Referral,
    Provider {
        url: String,
        acted: bool,
    },
    Promised {
        until: i64,
    },
    Paid,
    PaidInPart,
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
    pub(super) fn read(self) -> Result<Payment, Unreadable> {
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
            // A decision never ends here: see `decision/opening.rs`.
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
            State::Authenticating(Waiting::Referral) => StateKind::Referral,
            State::Authenticating(Waiting::Provider(visit)) => {
                StateKind::Provider { url: visit.url.clone(), acted: visit.acted }
            }
            State::Promised { until } => StateKind::Promised { until: *until },
            State::Paid => StateKind::Paid,
            State::PaidInPart => StateKind::PaidInPart,
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
            StateKind::Referral => State::Authenticating(Waiting::Referral),
            StateKind::Provider { url, acted } => {
                State::Authenticating(Waiting::Provider(Visit { url, acted }))
            }
            StateKind::Promised { until } => State::Promised { until },
            StateKind::Paid => State::Paid,
            StateKind::PaidInPart => State::PaidInPart,
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
