//! `florin listen`: hands the notifications of a test site on a running gateway to a program on
//! this machine, signed as the shop gets them, and tells the gateway what it answered.

use std::collections::VecDeque;

use clap::Args;
use serde_json::{Value, json};

use super::follow::{Came, Door, Follower};
use crate::notify::client::{Attempt, Outcome, WebhookClient};
use crate::notify::policy::WebhookPolicy;
use crate::notify::target::{Payload, notification_url};

/// Attempts that are remembered, so that none is handed on twice after a break.
const REMEMBERED_MAX: usize = 1_000;

/// Which site, and which program.
#[derive(Args)]
pub(super) struct ListenOptions {
    /// Where the program listens, such as http://localhost:3000/notify; `transactionid` and
    /// `timestamp` are appended as they are for the shop.
    #[arg(long, value_name = "URL")]
    forward_to: String,
    /// Where the gateway runs.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    gateway: String,
    /// Key of the test site; better given as the variable, which no process list shows.
    #[arg(long, value_name = "KEY", env = "FLORIN_TEST_API_KEY", hide_env_values = true)]
    key: String,
}

pub(super) async fn run(options: ListenOptions) -> Result<(), String> {
    let target = url::Url::parse(&options.forward_to).ok();
    if !target.is_some_and(|it| matches!(it.scheme(), "http" | "https") && it.has_host()) {
        return Err(format!("{} is no http or https URL", options.forward_to));
    }
    let door = Door::new(&options.gateway, ("api_key", options.key.clone()))?;
    let client = WebhookClient::new().map_err(|it| it.to_string())?;
    let mut follower = Follower::new(&door, "/test/notifications/stream");
    let mut handed_on: VecDeque<(String, i64)> = VecDeque::new();
    loop {
        let Came { name, data } = follower.next().await?;
        match name.as_str() {
            "hello" => {
                follower.note("since", &data["at"].to_string());
                say(&format!(
                    "Listening to site {} at {}, forwarding to {}",
                    data["site"], door.url, options.forward_to
                ));
            }
            "notification" => {
                follower.note("since", &data["at"].to_string());
                let it = (text(&data, "id").to_owned(), data["attempt"].as_i64().unwrap_or(0));
                if handed_on.contains(&it) {
                    continue;
                }
                handed_on.push_back(it);
                if handed_on.len() > REMEMBERED_MAX {
                    handed_on.pop_front();
                }
                hand_on(&door, &client, &options.forward_to, &data).await;
            }
            "missed" => say(&missed(&data)),
            _ => {}
        }
    }
}

fn text<'a>(data: &'a Value, name: &str) -> &'a str {
    data[name].as_str().unwrap_or_default()
}

/// Nobody may be reading: that is no reason to stop handing on.
fn say(line: &str) {
    use std::io::Write;
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

async fn hand_on(door: &Door, client: &WebhookClient, forward_to: &str, told: &Value) {
    let payload = match text(told, "payload_type") {
        "pretransaction" => Payload::PreTransaction,
        _ => Payload::Order,
    };
    let timestamp = told["timestamp"].as_i64().unwrap_or_default();
    let url = notification_url(forward_to, text(told, "order_id"), timestamp, payload);
    let signed = match (told["body"].as_str(), told["auth"].as_str()) {
        (Some(body), Some(auth)) => Some((body.to_owned().into(), auth.to_owned())),
        _ => None,
    };
    let attempt = client.deliver_signed(&url, WebhookPolicy::Relaxed, signed).await;
    let error = match attempt.outcome {
        Outcome::Acknowledged | Outcome::NotAcknowledged => None,
        Outcome::Failed(class) => Some(class.as_str()),
    };
    let answer = json!({
        "url": attempt.url, "http_status": attempt.http_status, "reply": attempt.reply_start,
        "latency_ms": attempt.latency_ms, "error": error,
    });
    say(&line(told, &attempt));
    let path = format!("/test/notifications/{}/answer", text(told, "id"));
    if let Err(error) = door.call(reqwest::Method::POST, &path, Some(&answer)).await {
        eprintln!("… the gateway was not told of the answer: {error}");
    }
}

/// What was handed on and what came back; texts are strangers'.
fn line(told: &Value, attempt: &Attempt) -> String {
    let outcome = match attempt.outcome {
        Outcome::Acknowledged => "acknowledged".to_owned(),
        Outcome::NotAcknowledged => format!("not acknowledged: {:?}", attempt.reply_start),
        Outcome::Failed(class) => class.as_str().replace('_', " "),
    };
    let status = attempt.http_status.map_or("no answer".to_owned(), |it| format!("HTTP {it}"));
    let again = match text(told, "trigger") {
        "auto" => String::new(),
        other => format!(" ({})", other.escape_debug()),
    };
    format!(
        "{}  {}  {}{again}  {status}  {} ms  {outcome}",
        text(told, "id").escape_debug(),
        text(told, "order_id").escape_debug(),
        text(told, "event").escape_debug(),
        attempt.latency_ms,
    )
}

fn missed(data: &Value) -> String {
    let Some(count) = data["count"].as_u64() else {
        return "Some notifications may have been missed.".to_owned();
    };
    let mut told = format!("{count} notifications were missed; `florin notifications resend ID`:");
    for one in data["notifications"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let part = |name: &str| text(one, name).escape_debug().to_string();
        told.push_str(&format!("\n  {}  {}  {}", part("id"), part("order_id"), part("event")));
    }
    told
}
