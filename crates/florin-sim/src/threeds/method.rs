//! The 3DS Method page: what the gateway loads in a hidden frame before the AReq.
//!
//! A real one looks at the browser; this one only reports that it is done (EMV 3DS, 3DS Method).

use askama::Template;
use axum::Form;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use emv3ds::MethodData;
use serde::Deserialize;

use super::words::{Words, words};
use crate::page::{self, STYLE, SUBMIT_SCRIPT, accepted};

/// Path of the page.
pub(crate) const PATH: &str = "/acs/method";

/// What the browser posts.
#[derive(Deserialize)]
pub(crate) struct MethodForm {
    #[serde(rename = "threeDSMethodData")]
    data: String,
}

#[derive(Template)]
#[template(path = "method.html")]
struct MethodPage<'a> {
    style: &'a str,
    words: &'a Words,
    script: &'a str,
    notification_url: &'a str,
    data: &'a str,
}

/// Reports to the notification URL that the method is done. Who sends something else is told in
/// English: no payer sees it.
pub(crate) async fn show(headers: HeaderMap, Form(form): Form<MethodForm>) -> Response {
    let Ok(data) = MethodData::from_form_value(&form.data) else {
        let text = "threeDSMethodData is not what a 3DS Method takes.";
        return nothing_to_do(text);
    };
    let Some(notification_url) = &data.three_ds_method_notification_url else {
        let text = "threeDSMethodData names no threeDSMethodNotificationURL.";
        return nothing_to_do(text);
    };
    let three_ds_server_trans_id = data.three_ds_server_trans_id.clone();
    let report = MethodData { three_ds_server_trans_id, three_ds_method_notification_url: None };
    let page = MethodPage {
        style: STYLE,
        words: words(accepted(&headers)),
        script: SUBMIT_SCRIPT,
        notification_url,
        data: &report.to_form_value(),
    };
    page::html(StatusCode::OK, page.render())
}

fn nothing_to_do(text: &str) -> Response {
    let words = words("en");
    page::notice(StatusCode::BAD_REQUEST, words.language, words.bank, "Nothing to do", text)
}
