//! Providers of other methods bring results here, and their payers come back.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{Method, Response, StatusCode, header};
use axum::routing::{get, post};
use florin_core::payment::{State as PaymentState, Waiting};
use serde_json::json;

use super::routes::{pages, read, show_step, trouble};
use crate::api::reference::schema::{boolean, object, text};
use crate::api::reference::{Caller, Group, JSON, Operation};
use crate::gateway::Gateway;
use crate::gateway::elsewhere::Heard;
use crate::gateway::ids::TokenPurpose;

pub(super) fn routes(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/pay/{token}/back", get(came_back))
        .route("/methods/results/{token}", post(result))
        .with_state(gateway)
}

pub(super) fn operations() -> Vec<Operation> {
    let new = |method, path, id, summary| {
        Operation::new(Group::Payers, method, path, id, summary).called_by(Caller::Anyone)
    };
    let trouble = "Something went wrong; the page says to try again";
    let taken = || object([("taken!", boolean())]);
    vec![
        new(Method::GET, "/pay/{token}/back", "providerDone", "The payer is back from a provider")
            .says("What counts is what the provider says, not where the browser comes from.")
            .sends_on(303, "On to the shop, the page, or the provider again")
            .shows(200, "A page: what has become of the payment")
            .shows(404, "There is no such payment")
            .shows(500, trouble)
            .shows(503, trouble),
        new(
            Method::POST,
            "/methods/results/{token}",
            "providerResult",
            "What became of a payment by another method",
        )
        .says("From the method's provider: a JSON Web Signature by the key of the payment.")
        .takes(object([("result!", text())]), [])
        .gives_as(200, "It is kept", JSON, taken(), Some(json!({ "taken": true })))
        .gives_as(
            409,
            "The payment is over: no money may be taken",
            JSON,
            taken(),
            Some(json!({ "taken": false })),
        )
        .gives_as(403, "It is not signed as it has to be", JSON, taken(), None)
        .gives_as(404, "There is no such payment", JSON, taken(), None)
        .gives_as(400, "The message cannot be read", JSON, taken(), None)
        .sends_on(503, "It could not be kept: send it again"),
    ]
}

/// The payer is back from a provider.
async fn came_back(
    State(gateway): State<Arc<Gateway>>,
    Path(token): Path<String>,
) -> Response<Body> {
    let (record, newest) = match gateway.by_token(&token, TokenPurpose::Payer).await {
        Ok(Some(found)) => found,
        Ok(None) => return pages(&gateway).unknown(StatusCode::NOT_FOUND, ""),
        Err(failure) => return trouble(&gateway, &failure, ""),
    };
    let waits = match &record.order.payment.state {
        PaymentState::Authenticating(Waiting::Provider(visit)) => !visit.acted,
        _ => false,
    };
    // The result may have been lost on its way to us.
    let record = match newest && waits {
        false => record,
        true => match gateway.ask_provider(record).await {
            Ok(record) => record,
            Err(failure) => return trouble(&gateway, &failure, ""),
        },
    };
    if newest && record.order.payment.is_underway() {
        // Who has done his part is told nothing else than who has paid.
        return pages(&gateway).end(&record, true);
    }
    show_step(&gateway, record, newest, &token).await
}

/// A provider brings a result.
async fn result(
    State(gateway): State<Arc<Gateway>>,
    Path(token): Path<String>,
    request: Request,
) -> Response<Body> {
    let Some(body) = read(request).await else { return told(StatusCode::BAD_REQUEST, false) };
    let heard = match gateway.by_token(&token, TokenPurpose::Provider).await {
        Ok(Some((record, newest))) => gateway.take_provider_result(record, newest, &body).await,
        Ok(None) => return told(StatusCode::NOT_FOUND, false),
        Err(failure) => Err(failure),
    };
    match heard {
        Ok(Some(Heard::Taken)) => told(StatusCode::OK, true),
        Ok(Some(Heard::TooLate)) => told(StatusCode::CONFLICT, false),
        Ok(None) => told(StatusCode::FORBIDDEN, false),
        Err(failure) => {
            tracing::error!(%failure, "a provider's result could not be taken");
            Response::builder()
                .status(StatusCode::SERVICE_UNAVAILABLE)
                .body(Body::empty())
                .expect("a status alone is a valid answer")
        }
    }
}

fn told(status: StatusCode, taken: bool) -> Response<Body> {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .header(header::CACHE_CONTROL, "no-store")
        .body(Body::from(json!({ "taken": taken }).to_string()))
        .expect("the parts of the answer are valid")
}
