//! `POST /orders` and `GET /orders/{id}`.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use bytes::Bytes;
use florin_core::card::Brand;
use florin_core::money::Currency;
use florin_core::payment::{State, Waiting};
use serde_json::json;

use super::Answer;
use super::contract::answer::{CreateExtras, success};
use super::contract::payment_options::WebUrl;
use super::contract::request::{Gateway as MethodOfOrder, OrderKind, RecurringModel};
use super::contract::verification_form::{Target, verification_page};
use super::contract::{ApiError, SiteRules, read_order, rules};
use super::idempotency::RequestKey;
use super::reference::schema::{named, refusal};
use super::reference::{Group, JSON, Operation, examples};
use crate::gateway::charges::ChargeRefusal;
use crate::gateway::create::Created;
use crate::gateway::directory::Caller;
use crate::gateway::record::Record;
use crate::gateway::session::page_brands;
use crate::gateway::site::{Mode, Site};
use crate::gateway::view::{api_version, order_view};
use crate::gateway::{Failure, Gateway};
use crate::limits::CREATE_WAIT_MS;

pub(super) fn operations() -> Vec<Operation> {
    let card = |number| examples::order_request("my-order-id-1", number);
    let mut manual = examples::order_request("my-order-id-2", "4111111111111111");
    manual["capture"] = "manual".into();
    let new = |method, path, id, summary| Operation::new(Group::Orders, method, path, id, summary);
    vec![
        new(Method::POST, "/v1/json/orders", "createOrder", "Pay with a card")
            .says(
                "One request pays: brand, 3-D Secure, authorization, capture. The answer comes when \
                 the issuer has answered, or after 20 seconds with the order as it then stands. An \
                 order that is initialized has a payment_url where the payer has to go. A card that \
                 is refused is 200 with success false and code 1024, and the order is kept.",
            )
            .takes(named("OrderRequest"), [
                ("Approved at once", card("4111111111111111")),
                ("The payer is asked first", card("5555555555554444")),
                ("Authorized now, captured later", manual),
            ])
            .gives("The order", named("CreatedOrder"), examples::created_order())
            .gives_as(200, "The card was refused", JSON, refusal(&[1024]), None)
            .refuses(refusals_of_orders()),
        new(Method::GET, "/v1/json/orders/{order_id}", "getOrder", "Read an order")
            .says("By the merchant's name for it, by its transaction number, or by that of a refund.")
            .example("order_id", "my-order-id-1")
            .gives("The order", named("Order"), examples::order())
            .refuses([ApiError::invalid_order_id()]),
    ]
}

/// Everything that a request for an order may be refused with, in the order of the checks.
fn refusals_of_orders() -> Vec<ApiError> {
    vec![
        ApiError::site_inactive(),
        ApiError::account_blocked(),
        ApiError::unknown_message_type(),
        ApiError::invalid_capture(),
        ApiError::invalid_recurring_model(),
        ApiError::unknown_token(),
        ApiError::invalid_order_id(),
        ApiError::invalid_currency(),
        ApiError::invalid_amount(),
        ApiError::invalid_description(),
        ApiError::gateway_unavailable(),
        ApiError::invalid_ip_address(),
        ApiError::invalid_country(),
        ApiError::invalid_variable(),
        ApiError::cart_currencies_differ(),
        ApiError::cart_currency_not_of_order(),
        ApiError::cart_amount_differs(),
        ApiError::invalid_tax_rate(),
        ApiError::unknown_tax_table(),
        ApiError::invalid_item_currency(),
        ApiError::invalid_item_price(),
        ApiError::missing_data(),
        ApiError::too_many_requests(),
        ApiError::cannot_create(),
    ]
}

/// Takes an order.
pub(super) async fn create(
    gateway: &Arc<Gateway>,
    caller: Caller,
    key: Option<RequestKey>,
    body: Bytes,
) -> Result<Answer, Answer> {
    let site = caller.site;
    if !site.active {
        return Err(ApiError::site_inactive().into());
    }
    if !site.account_active {
        return Err(ApiError::account_blocked().into());
    }
    let now = site.time(gateway.now());
    let rules = site_rules(&site);
    let request = read_order(&body, &rules, now)?;
    drop(body);
    if let Some(error) = request.details.not_offered() {
        return Err(error.into());
    }
    let on_page = request.details.kind != OrderKind::Direct;
    let other = match request.details.gateway {
        Some(MethodOfOrder::Other(method)) => Some(method),
        _ => None,
    };
    if other.is_some() && gateway.provider_of(&site).is_none() {
        return Err(ApiError::gateway_unavailable().into());
    }
    if on_page
        && other.is_none()
        && page_brands(&request.details, request.details.gateway, &rules).is_empty()
    {
        return Err(ApiError::gateway_unavailable().into());
    }
    // What was bought and captured in one message cannot be captured later.
    if request.details.manual_capture && gateway.rails_of(&site)?.single_message() {
        return Err(ApiError::gateway_unavailable().into());
    }
    let order_id = request.details.order_id.as_str().to_owned();
    // No database stores this character, and no shop means it.
    if order_id.contains('\0') {
        return Err(ApiError::invalid_order_id().into());
    }

    if let Some(key) = &key
        && let Some(record) = gateway.load_by_order_id(&site, &order_id).await?
        && record.extra.has_done(&key.mark)
    {
        // The same request was here before and came as far as an order: that is what it has made,
        // or what has become of it since.
        return answer_create(gateway, &record);
    }
    let request_key = key.map(|key| key.mark);

    if gateway.work.writing.is_failing() {
        return Err(Failure::NotWriting.into());
    }
    let Ok(permit) = gateway.work.creates.clone().try_acquire_owned() else {
        return Err(Failure::Busy.into());
    };
    // The work goes on when the caller hangs up or the answer takes too long: what was begun is
    // brought to an end.
    let work = {
        let (gateway, site) = (gateway.clone(), site.clone());
        crate::tasks::start(async move {
            let created = if on_page {
                gateway.offer(site, caller.key_id, request_key, request).await
            } else if let Some(method) = other {
                let key_id = caller.key_id;
                gateway.pay_elsewhere(site, key_id, request_key, &request, method).await
            } else {
                gateway.create(site, caller.key_id, request_key, request).await
            };
            drop(permit);
            created
        })
    };
    let waited = tokio::time::timeout(Duration::from_millis(CREATE_WAIT_MS), work).await;
    let created = match waited {
        Ok(Ok(created)) => created?,
        Ok(Err(error)) => {
            tracing::error!(%error, "a create call panicked");
            return Err(ApiError::internal().into());
        }
        // Still under way: the order as it stands, if it got as far as being one.
        Err(_) => match gateway.load_by_order_id(&site, &order_id).await? {
            Some(record) => Created::Order(Box::new(record)),
            None => {
                return Err(Answer { retry_after: Some(5), ..ApiError::cannot_create().into() });
            }
        },
    };
    match created {
        // The last one happens on pages only.
        Created::OrderIdTaken | Created::SessionOver => Err(ApiError::invalid_order_id().into()),
        Created::NotCharged(refusal) => Err(charge_error(refusal).into()),
        Created::FaultyCard => Err(ApiError::transaction_declined().into()),
        Created::TooMany { retry_after_s } => Err(Answer {
            retry_after: Some(retry_after_s),
            ..Answer::from(ApiError::too_many_requests())
        }),
        Created::Order(record) | Created::Repeated(record) => answer_create(gateway, &record),
    }
}

fn answer_create(gateway: &Gateway, record: &Record) -> Result<Answer, Answer> {
    if let (Some(session), Some(url)) = (&record.order.session, gateway.session_url(record)) {
        return Ok(Answer::ok(success(&json!({
            "order_id": record.order_id,
            "payment_url": url,
            "session_id": gateway.session_token(record, session),
        }))));
    }
    if let State::Declined(_) = record.order.payment.state {
        return Err(ApiError::declined().into());
    }
    let extras = create_extras(gateway, record)?;
    Ok(Answer::ok(order_view(record).to_create_answer(&extras, api_version(record))))
}

fn charge_error(refusal: ChargeRefusal) -> ApiError {
    match refusal {
        ChargeRefusal::UnknownToken => ApiError::unknown_token(),
        ChargeRefusal::NotActive => ApiError::token_not_active(),
        ChargeRefusal::NotAllowed => ApiError::not_allowed(),
        ChargeRefusal::Unavailable => ApiError::gateway_unavailable(),
        ChargeRefusal::NoAmount => ApiError::invalid_amount(),
    }
}

/// The members that only the answer of a create call has.
fn create_extras(gateway: &Gateway, record: &Record) -> Result<CreateExtras, Failure> {
    let token = gateway.payer_token(record);
    let locale = record.request.details.customer.language();
    let page = format!("{}/pay/{token}?lang={locale}", gateway.public_url);
    let back = |url: Option<WebUrl>| url.map(|url| url.with_transaction_id(&record.order_id));
    let customer_verification = match &record.order.payment.state {
        State::Authenticating(Waiting::Challenge(challenge)) => {
            let form = gateway.rails_of(&record.site)?.challenge_form(record, challenge, &token);
            Some(verification_page(Target::Acs {
                url: &form.acs_url,
                creq: &form.creq,
                session_data: Some(&form.session_data),
            }))
        }
        State::Authenticating(Waiting::Page { .. }) => {
            Some(verification_page(Target::Gateway { url: &page }))
        }
        _ => None,
    };
    let waits = matches!(
        record.order.payment.state,
        State::Opened | State::Authenticating(_) | State::Authorizing { .. }
    );
    let payment_url = match back(record.redirect_url()) {
        Some(url) if !waits => url,
        _ => page,
    };
    Ok(CreateExtras {
        payment_url,
        cancel_url: back(record.cancel_url()),
        customer_verification,
        session_id: Some(token),
    })
}

/// Shows an order, by the merchant's name for it or by its transaction number.
pub(super) async fn get(
    gateway: &Arc<Gateway>,
    caller: &Caller,
    id: &str,
) -> Result<Answer, Answer> {
    Ok(show(&find(gateway, caller, id).await?))
}

/// The answer that shows an order.
pub(super) fn show(record: &Record) -> Answer {
    Answer::ok(order_view(record).to_answer(api_version(record)))
}

/// The order of the caller's site with this name or transaction number.
pub(super) async fn find(
    gateway: &Arc<Gateway>,
    caller: &Caller,
    id: &str,
) -> Result<Record, Answer> {
    let unknown = || Answer::from(ApiError::invalid_order_id());
    if id.is_empty() || id.contains('\0') || id.chars().count() > ID_CHARACTERS_MAX {
        return Err(unknown());
    }
    let mut record = gateway.load_by_order_id(&caller.site, id).await?;
    if record.is_none()
        && let Ok(transaction_id) = id.parse::<i64>()
    {
        record = gateway.load_by_transaction(&caller.site, transaction_id).await?;
    }
    record.ok_or_else(unknown)
}

/// Longest id that is looked up: an order id has 50 characters at most.
const ID_CHARACTERS_MAX: usize = 50;

/// What the contract's checks have to know of a site.
pub(crate) fn site_rules(site: &Site) -> SiteRules {
    let settings = &site.settings;
    let offered = |code: &str| site.offers(code);
    let brands = [Brand::Visa, Brand::Mastercard, Brand::Amex, Brand::Maestro];
    let currency = |code: &String| Currency::parse(code).ok();
    SiteRules {
        mode: match site.mode {
            Mode::Test => rules::Mode::Test,
            Mode::Live => rules::Mode::Live,
        },
        creditcard: offered("CREDITCARD"),
        other_methods: site.plays_other_methods(),
        brands: brands.into_iter().filter(|brand| brand.gateway().is_some_and(offered)).collect(),
        currencies: settings.currencies.iter().filter_map(currency).collect(),
        amount_max: settings
            .amount_max
            .iter()
            .filter_map(|(code, max)| Some((currency(code)?, *max)))
            .collect(),
        server_to_server: settings.server_to_server,
        moto: settings.moto,
        manual_capture: settings.manual_capture,
        zero_authorization: settings.zero_authorization,
        tokenization: RecurringModel::ALL
            .into_iter()
            .filter(|model| site.tokenizes(*model))
            .collect(),
        flexible_3d: settings.three_ds.flexible,
        refuse_past_expiry: settings.check_expiry,
    }
}
