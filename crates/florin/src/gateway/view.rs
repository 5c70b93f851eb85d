//! What shops see of an order: a stored record as the contract's order object.

use florin_core::decision::Event;
use florin_core::payment::{AuthenticationFlow, Payment, State};
use serde_json::json;

use super::record::Record;
use super::risk::report::RiskReport;
use super::site::ApiYear;
use crate::api::contract::answer::{ApiVersion, AuthenticationView, OrderView};

/// `reason` of an order whose payer has to be authenticated (the contract's own words).
const REASON_WAITING: &str = "3D Secure Authorization";
/// `reason_code` of an approval.
const REASON_CODE_APPROVED: &str = "1000";

/// The year whose types the site reads.
pub fn api_version(record: &Record) -> ApiVersion {
    match record.site.settings.api_version {
        ApiYear::Current => ApiVersion::Current,
        ApiYear::Y2020 => ApiVersion::Y2020_01,
    }
}

/// The order object.
pub fn order_view(record: &Record) -> OrderView {
    let payment = &record.order.payment;
    let transaction_id = payment.transaction_id.0;
    let mut view = OrderView::new(&record.request, Some(transaction_id), record.extra.created_at);
    let (status, financial_status) = payment.status();
    let (reason, reason_code) = reason(payment);
    view.created = payment.opened_at;
    view.modified = payment.modified_at;
    view.completed = payment.completed_at;
    view.status = status.to_owned();
    view.financial_status = Some(financial_status.to_owned());
    view.reason = reason;
    view.reason_code = Some(reason_code);
    if let Some(details) = &mut view.payment_details {
        details.authentication = authentication(record);
        details.issuer_bin = Some(record.extra.bin.clone()).filter(|bin| !bin.is_empty());
        details.mcc = Some(record.site.settings.acceptor.mcc.clone());
        if let Some(facts) = &payment.answer {
            details.response_code = Some(facts.response_code.clone());
            details.authorization_code.clone_from(&facts.approval_code);
            details.card_verification_result.clone_from(&facts.cvc_result);
            details.cavv_results_code.clone_from(&facts.cavv_result);
            details.card_funding.clone_from(&facts.card_funding);
            details.card_product.clone_from(&facts.card_product);
            details.issuer_country_code.clone_from(&facts.issuer_country);
            details.scheme_reference_id.clone_from(&facts.network_reference);
        } else if let State::Declined(reason) = &payment.state {
            details.response_code.clone_from(&reason.response_code);
        }
        details.external_transaction_id =
            payment.authorization().map(|authorization| authorization.trace.rrn.clone());
    }
    view
}

/// The bytes that a notification carries and signs: the same as GET shows.
pub fn notification_body(record: &Record) -> Vec<u8> {
    order_view(record).to_json(api_version(record))
}

fn reason(payment: &Payment) -> (Option<String>, String) {
    match &payment.state {
        State::Authenticating(_) => (Some(REASON_WAITING.to_owned()), String::new()),
        State::Opened | State::Authorizing { .. } => (Some(String::new()), String::new()),
        State::Completed { .. } | State::Uncleared { .. } | State::Void(_) => {
            (None, REASON_CODE_APPROVED.to_owned())
        }
        State::Declined(reason) => (Some(reason.text.clone()), reason.code.clone()),
        State::Expired => (Some(String::new()), String::new()),
    }
}

fn authentication(record: &Record) -> Option<AuthenticationView> {
    let result = record.order.payment.authentication.as_ref()?;
    let flow = match result.flow {
        AuthenticationFlow::Frictionless => "frictionless",
        AuthenticationFlow::Challenge => "challenge",
    };
    Some(AuthenticationView {
        flow: Some(flow.to_owned()),
        exemption: None,
        status: Some(result.status.letter().to_owned()),
        eci: result.eci.clone(),
        cavv: result.value.clone(),
        acs_transaction_id: result.acs_trans_id.clone(),
        ds_transaction_id: result.ds_trans_id.clone(),
        version: result.version.clone(),
        transaction_status_reason: result.status_reason.clone(),
        challenge_cancel: result.challenge_cancel.clone(),
    })
}

/// What the history keeps of an event, as JSON: enough to explain it, no card data.
pub(super) fn event_data(event: &Event, risk: Option<&RiskReport>) -> String {
    let data = match event {
        Event::Opened(opened) => json!({
            "transaction_id": opened.transaction_id.0,
            "amount": opened.amount.minor,
            "currency": opened.amount.currency.code(),
        }),
        Event::AuthenticationFinished(result) => json!({
            "status": result.status.letter(),
            "status_reason": result.status_reason,
            "challenge_cancel": result.challenge_cancel,
        }),
        Event::AuthorizationRequested { trace, .. } => {
            json!({ "rrn": trace.rrn, "stan": trace.stan })
        }
        Event::Completed { facts, .. } | Event::SteppedUp { facts } => {
            json!({ "response_code": facts.response_code })
        }
        Event::Held { review, .. } => json!({
            "score": review.score,
            "until": review.until,
            "hits": risk.map(RiskReport::hits_json),
        }),
        Event::Declined { reason, facts } => json!({
            "code": reason.code,
            "reason": reason.text,
            "response_code": facts.as_ref().map(|facts| facts.response_code.as_str()),
        }),
        Event::ReviewAccepted { by, .. } | Event::ReviewDeclined { by } => {
            json!({ "by": by.name() })
        }
        Event::AuthenticationStarted(_)
        | Event::Expired
        | Event::CvcKept
        | Event::CvcErased
        | Event::Announced => return String::new(),
    };
    data.to_string()
}
