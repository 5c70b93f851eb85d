//! What shops see of an order: a stored record as the contract's order object.

mod chargebacks;

use florin_core::decision::Event;
use florin_core::money::Money;
use florin_core::order_id::OrderId;
use florin_core::part::Part;
use florin_core::payment::{AuthenticationFlow, Payment, State, Waiting};
use florin_core::provider::OtherMethod;
use florin_core::trail::WHOLE;
use serde_json::json;

use super::record::Record;
use super::risk::report::RiskReport;
use super::site::ApiYear;
use crate::api::contract::answer::{
    ApiVersion, AuthenticationView, CaptureView, CostView, OrderView, OtherMethodView, PartView,
    RecurringView, RelatedView,
};

pub use chargebacks::dispute_view;

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

/// The order object of the sale that was asked for.
pub fn order_view(record: &Record) -> OrderView {
    let (order, payment) = (&record.order, &record.order.payment);
    let transaction_id = payment.transaction_id.0;
    let shown_id = order.has_attempt().then_some(transaction_id);
    let mut view = OrderView::new(&record.request, shown_id, record.extra.created_at);
    let (status, _) = order.status(record.sale);
    // What the last attempt came to is not what the order has come to.
    let (reason, reason_code) = match order.is_open_in_part() {
        true => (Some(String::new()), String::new()),
        false => reason(payment),
    };
    view.created = payment.opened_at;
    view.modified = payment.modified_at;
    view.completed = payment.completed_at;
    view.status = status.to_owned();
    view.financial_status = order.financial_status(record.sale).map(str::to_owned);
    view.reason = reason;
    view.reason_code = Some(reason_code);
    view.amount_refunded = order.trail.refunded(record.sale);
    if record.sale == WHOLE {
        show_parts(&mut view, record);
    }
    if let (Some(other), Some(details)) = (&payment.other, &mut view.payment_details) {
        details.other = Some(other_view(other));
    } else if let Some(details) = &mut view.payment_details {
        details.authentication = authentication(record);
        if let Some(credential) = &record.extra.credential {
            let flow = if credential.is_charge() { "token" } else { "manual" };
            details.recurring = RecurringView {
                id: Some(credential.token.clone()),
                flow: Some(flow.to_owned()),
                model: Some(credential.model),
            };
        }
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
        details.capture =
            order.trail.hold_until.map(|expiry| CaptureView { expiry, remain: order.capturable() });
    }
    if record.sale != WHOLE {
        show_part(&mut view, record);
    }
    view.costs = costs(record, view.transaction_id.unwrap_or(transaction_id));
    view.related_transactions = related(record);
    view
}

/// What gift cards have paid is shown beside what the newest attempt pays.
fn show_parts(view: &mut OrderView, record: &Record) {
    let order = &record.order;
    if order.parts.is_empty() {
        return;
    }
    view.amount_refunded = view.amount_refunded.saturating_add(order.parts_given_back());
    view.parts = order.parts.iter().map(part_view).collect();
    // A part has its entry; what failed beside parts has paid nothing.
    let pays = !order.newest_is_part() && !order.is_open_in_part();
    view.paid_last = pays.then_some(order.payment.amount.minor);
}

fn part_view(part: &Part) -> PartView {
    PartView { by: other_view(&part.by), amount: part.amount }
}

fn other_view(other: &OtherMethod) -> OtherMethodView {
    OtherMethodView {
        method: other.method,
        facts: other.facts.clone(),
        reference: Some(other.reference.clone()).filter(|it| !it.is_empty()),
    }
}

/// A capture in part is shown as an order of its own.
fn show_part(view: &mut OrderView, record: &Record) {
    let captures = &record.order.trail.captures;
    let Some(part) = captures.iter().find(|capture| capture.number == record.sale) else { return };
    let trail = &record.order.trail;
    let refunds = trail.refunds.iter().filter(|refund| refund.sale == record.sale);
    let cases = trail.chargebacks.iter().filter(|case| case.sale == record.sale);
    let changes = refunds.map(|refund| refund.modified_at).chain(cases.map(|it| it.modified_at));
    view.auth_order_id = Some(record.order_id.clone());
    view.order_id = OrderId::parse(&part.order_id).unwrap_or_else(|_| view.order_id.clone());
    view.transaction_id = Some(part.transaction_id.0);
    view.amount = Money::new(part.amount, view.amount.currency);
    view.created = part.at;
    view.modified = changes.fold(part.at, i64::max);
    view.completed = Some(part.at);
    // The cart is that of the whole.
    view.items = None;
    view.cart = None;
    if let Some(details) = &mut view.payment_details {
        details.capture = None;
        if let Some(trace) = &part.trace {
            details.external_transaction_id = Some(trace.rrn.clone());
        }
    }
}

/// Fees of one transaction.
fn costs(record: &Record, transaction_id: i64) -> Vec<CostView> {
    let currency = record.order.payment.amount.currency;
    let fees = record.order.trail.fees.iter();
    fees.filter(|fee| fee.sale == record.sale && fee.transaction_id.0 == transaction_id)
        .map(|fee| CostView {
            amount: Money::new(fee.amount, currency),
            description: fee.description.clone(),
            transaction_id: fee.transaction_id.0,
        })
        .collect()
}

/// What followed the payment: captures in part, refunds, chargebacks.
fn related(record: &Record) -> Vec<RelatedView> {
    let (payment, trail) = (&record.order.payment, &record.order.trail);
    let money = |minor: i64| Money::new(minor, payment.amount.currency);
    let whole = record.sale == WHOLE;
    let captures = trail.captures.iter().filter(|_| whole).map(|capture| RelatedView {
        amount: money(capture.amount),
        costs: None,
        created: capture.at,
        modified: capture.at,
        description: record.request.details.description.clone(),
        order_id: capture.order_id.clone(),
        reference_transaction_id: payment.transaction_id.0,
        refund_order_id: None,
        status: "completed".to_owned(),
        transaction_id: capture.transaction_id.0,
        kind: "capture",
        dispute: None,
    });
    let sold = record.order.sale(record.sale).map(|sale| sale.transaction_id.0);
    let reference = sold.unwrap_or(payment.transaction_id.0);
    let refunds = trail.refunds.iter().filter(|refund| refund.sale == record.sale);
    let refunds = refunds.map(|refund| RelatedView {
        amount: money(refund.amount),
        costs: Some(costs(record, refund.transaction_id.0)).filter(|costs| !costs.is_empty()),
        created: refund.requested_at,
        modified: refund.modified_at,
        description: match &refund.words.description {
            Some(words) => words.clone(),
            None => format!("Refund order {reference} for {}", record.site.name),
        },
        order_id: record.shown_order_id().to_owned(),
        reference_transaction_id: reference,
        refund_order_id: refund.words.order_id.clone(),
        status: refund.state.status().to_owned(),
        transaction_id: refund.transaction_id.0,
        kind: "refund",
        dispute: None,
    });
    let chargebacks = chargebacks::related(record, reference);
    let parts = record.order.parts.iter().filter(|_| whole);
    let parts = parts.filter_map(|part| part_given_back(record, part));
    let mut all: Vec<RelatedView> =
        captures.chain(refunds).chain(chargebacks).chain(parts).collect();
    all.sort_by_key(|related| related.transaction_id);
    all
}

/// A part on its way back to its gift card is a refund of the attempt that paid it.
fn part_given_back(record: &Record, part: &Part) -> Option<RelatedView> {
    Some(RelatedView {
        amount: Money::new(part.amount, record.order.payment.amount.currency),
        costs: None,
        created: part.asked_at?,
        modified: part.modified_at,
        description: format!("Refund order {} for {}", part.transaction_id.0, record.site.name),
        order_id: record.order_id.clone(),
        reference_transaction_id: part.transaction_id.0,
        refund_order_id: None,
        status: part.state.refund_status()?.to_owned(),
        transaction_id: part.state.refund_id()?.0,
        kind: "refund",
        dispute: None,
    })
}

/// The bytes that a notification carries and signs: the same as GET shows.
pub fn notification_body(record: &Record) -> Vec<u8> {
    order_view(record).to_json(api_version(record))
}

fn reason(payment: &Payment) -> (Option<String>, String) {
    match &payment.state {
        State::Authenticating(Waiting::Page { .. } | Waiting::Challenge(_)) => {
            (Some(REASON_WAITING.to_owned()), String::new())
        }
        State::Authenticating(Waiting::Referral | Waiting::Provider(_))
        | State::Offered
        | State::Lapsed
        | State::Opened
        | State::PaidInPart
        | State::Authorizing { .. } => (Some(String::new()), String::new()),
        State::Completed { .. }
        | State::Uncleared { .. }
        | State::Authorized(_)
        | State::Parted(_)
        | State::Promised { .. }
        | State::Paid
        | State::Withdrawn
        | State::Void(_) => (None, REASON_CODE_APPROVED.to_owned()),
        State::Declined(reason) => (Some(reason.text.clone()), reason.code.clone()),
        State::Expired | State::Cancelled => (Some(String::new()), String::new()),
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
        Event::Offered(offered) => json!({
            "session": offered.session.number.0,
            "amount": offered.amount.minor,
            "currency": offered.amount.currency.code(),
            "expires_at": offered.session.expires_at,
            "reminds": offered.session.reminds,
        }),
        Event::SessionEnded(end) => json!({ "end": end.name() }),
        Event::Opened(opened) => json!({
            "transaction_id": opened.transaction_id.0,
            "amount": opened.amount.minor,
            "currency": opened.amount.currency.code(),
            "method": opened.method.map(|method| method.id),
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
        Event::Authorized { until, facts, .. } => {
            json!({ "response_code": facts.response_code, "until": until })
        }
        Event::ReviewPassed { until, by } => json!({ "until": until, "by": by.name() }),
        Event::ReviewAccepted { by, .. } | Event::ReviewDeclined { by } => {
            json!({ "by": by.name() })
        }
        Event::Captured { capture } => json!({ "rrn": capture.rrn, "stan": capture.stan }),
        Event::CapturedInPart(part) => json!({
            "transaction_id": part.transaction_id.0,
            "order_id": part.order_id,
            "amount": part.amount,
            "rrn": part.trace.as_ref().map(|trace| trace.rrn.as_str()),
        }),
        Event::ShipmentAsked(shipment) => json!({
            "transaction_id": shipment.transaction_id.0,
            "amount": shipment.amount,
        }),
        Event::Released { amount }
        | Event::HoldEnded { amount }
        | Event::Incremented { amount } => {
            json!({ "amount": amount })
        }
        Event::IncrementRequested(increment) => {
            json!({ "amount": increment.amount, "rrn": increment.trace.rrn })
        }
        Event::IncrementFailed { response_code } => json!({ "response_code": response_code }),
        Event::Shipped { sale } => json!({ "sale": sale }),
        Event::RefundRequested(refund) => json!({
            "refund": refund.number,
            "transaction_id": refund.transaction_id.0,
            "amount": refund.amount,
            "sale": refund.sale,
        }),
        Event::RefundSent { number, trace, tries, .. } => {
            json!({ "refund": number, "rrn": trace.rrn, "stan": trace.stan, "tries": tries })
        }
        Event::RefundCompleted { number } | Event::RefundVoided { number } => {
            json!({ "refund": number })
        }
        Event::RefundDeclined { number, response_code } => {
            json!({ "refund": number, "response_code": response_code })
        }
        Event::ChargedBack(case) => json!({
            "chargeback": case.number,
            "transaction_id": case.transaction_id.0,
            "amount": case.amount,
            "sale": case.sale,
            "reason_code": case.reason_code,
            "reference": case.reference,
            "due": case.due,
        }),
        Event::EvidenceAdded { number, file } => json!({ "chargeback": number, "file": file }),
        Event::EvidenceAsked { number, due } => json!({ "chargeback": number, "due": due }),
        Event::ChargebackReversed { number, credit } => {
            json!({ "chargeback": number, "transaction_id": credit.transaction_id.0 })
        }
        Event::ChargebackAccepted { number }
        | Event::DisputeOpened { number }
        | Event::DisputeSubmitted { number }
        | Event::DisputeProcessed { number }
        | Event::DisputeLost { number } => json!({ "chargeback": number }),
        Event::FeeCharged(fee) => {
            json!({ "transaction_id": fee.transaction_id.0, "amount": fee.amount })
        }
        Event::PaidInPart(part) => json!({
            "part": part.number,
            "transaction_id": part.transaction_id.0,
            "amount": part.amount,
            "method": part.by.method.id,
            "reference": part.by.reference,
        }),
        Event::PartAskedBack { number, refund_id } => {
            json!({ "part": number, "transaction_id": refund_id.0 })
        }
        Event::PartReleased { number }
        | Event::PartGivenBack { number }
        | Event::PartNotGivenBack { number } => json!({ "part": number }),
        Event::Referred { reference, .. } => json!({ "reference": reference }),
        Event::Promised { until, .. } | Event::PromiseProlonged { until } => {
            json!({ "until": until })
        }
        Event::RefundAsked { number } => json!({ "refund": number }),
        Event::ShipmentDeclined { number } => json!({ "sale": number }),
        Event::ReferralAsked
        | Event::PayerActed { .. }
        | Event::Paid { .. }
        | Event::Withdrawn
        | Event::PageShown
        | Event::SessionReopened
        | Event::AuthenticationStarted(_)
        | Event::AuthorizationEnded
        | Event::Annotated
        | Event::Cancelled
        | Event::Expired
        | Event::CvcKept
        | Event::CvcErased
        | Event::Announced => return String::new(),
    };
    data.to_string()
}
