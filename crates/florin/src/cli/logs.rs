//! `florin logs`: the calls that a running gateway answers, without card data.

use clap::Args;
use serde_json::Value;

use super::follow::{Door, Follower};
use crate::api::contract::timestamp;

/// Which calls, and how they are shown.
#[derive(Args)]
pub(super) struct LogsOptions {
    /// Goes on with calls as they come.
    #[arg(long, short)]
    follow: bool,
    /// Shows what was sent and answered; kept for test sites only, and not under load.
    #[arg(long)]
    bodies: bool,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    /// The newest so many calls.
    #[arg(long, value_name = "NUMBER", default_value = "20",
        value_parser = clap::value_parser!(u32).range(0..=1000))]
    last: u32,
    /// Where the gateway runs.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Key of the test site whose calls are shown.
    #[arg(long, value_name = "KEY", env = "FLORIN_TEST_API_KEY", hide_env_values = true)]
    key: Option<String>,
    /// The operator's token instead, for the calls of all sites.
    #[arg(long, value_name = "TOKEN", env = "FLORIN_INTERNAL__TOKEN", hide_env_values = true)]
    token: Option<String>,
}

pub(super) async fn run(options: LogsOptions) -> Result<(), String> {
    // Who names a site's key wants that site, whatever else is set.
    let (folder, key) = match (&options.key, &options.token) {
        (Some(key), _) => ("test", ("api_key", key.clone())),
        (None, Some(token)) => ("internal", ("authorization", format!("Bearer {token}"))),
        (None, None) => {
            return Err("give the key of a test site (--key, FLORIN_TEST_API_KEY) or the \
                        operator's token (--token, FLORIN_INTERNAL__TOKEN)"
                .to_owned());
        }
    };
    let door = Door::new(&options.url, key)?;
    let bodies = options.bodies;
    let path = format!("/{folder}/calls/stream?bodies={bodies}");
    let mut follower = Follower::new(&door, &path);
    // First the stream, so that nothing is lost between the two; a call that is in both is shown
    // once, by what it is.
    if options.follow {
        follower.open().await?;
    }
    let path = format!("/{folder}/calls?limit={}&bodies={bodies}", options.last);
    let listed = door.call(reqwest::Method::GET, &path, None).await?;
    let listed = listed.as_array().cloned().unwrap_or_default();
    for call in &listed {
        show(call, options.json);
    }
    if !options.follow {
        return Ok(());
    }
    let mut shown = listed;
    loop {
        let came = follower.next().await?;
        match came.name.as_str() {
            "call" if shown.contains(&came.data) => {}
            "call" => {
                shown.clear();
                show(&came.data, options.json);
            }
            "missed" => match came.data["count"].as_u64() {
                Some(count) => eprintln!("… {count} calls were missed"),
                None => eprintln!("… the gateway was started anew; earlier calls may be missed"),
            },
            _ => {}
        }
    }
}

fn show(call: &Value, json: bool) {
    use std::io::Write;
    let text = if json { format!("{call}\n") } else { lines(call) };
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A call in a line, and its bodies below it. Texts are strangers': they write no lines or colours
/// of their own.
fn lines(call: &Value) -> String {
    let text = |name: &str| call[name].as_str().unwrap_or_default().escape_debug().to_string();
    let at = call["at"].as_i64().map(timestamp::to_text).unwrap_or_default();
    let status = call["status"].as_u64().map_or("hung up".to_owned(), |it| it.to_string());
    let site = call["site"].as_i64().map_or("no site".to_owned(), |it| it.to_string());
    let mut line =
        format!("{at}  {site}  {status}  {} ms  {} {}", call["ms"], text("method"), text("path"),);
    if call["order_id"].is_string() && !text("path").contains(&text("order_id")) {
        line.push_str(&format!("  {}", text("order_id")));
    }
    if let Some(code) = call["error_code"].as_u64() {
        line.push_str(&format!("  {code} {}", text("error_info")));
    }
    line.push('\n');
    for (name, mark) in [("request", '>'), ("answer", '<')] {
        let body = &call["bodies"][name];
        if !body.is_null() {
            let pretty = serde_json::to_string_pretty(body).unwrap_or_default();
            for row in pretty.lines() {
                line.push_str(&format!("  {mark} {row}\n"));
            }
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_call_is_a_line() {
        let call = json!({
            "at": 1_778_493_667_000_i64, "site": 20001, "method": "POST", "path": "/v1/json/orders",
            "status": 404, "ms": 3, "order_id": "o\u{1b}[31m", "error_code": 1001,
            "error_info": "Invalid amount", "bodies": { "request": {"a": 1}, "answer": "(empty)" },
        });
        assert_eq!(
            lines(&call),
            "2026-05-11T10:01:07  20001  404  3 ms  POST /v1/json/orders  o\\u{1b}[31m  1001 \
             Invalid amount\n  > {\n  >   \"a\": 1\n  > }\n  < \"(empty)\"\n"
        );
    }
}
