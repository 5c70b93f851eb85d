//! `florin demo`: a throwaway gateway, a shop and a payer; the mission of the whole program told
//! step by step, with the messages on the wire.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::serve::{SAMPLE_ORDER, wait_for_the_end};
use crate::app::{self, Running};
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::gateway::site::Site;
use crate::notify::signature::{SigningKey, auth_header};
use crate::vault::SystemRandom;

/// Pages between the link and the shop, at most.
const PAGES_MAX: usize = 12;
/// How often, and at what distance, the demo looks whether capture and notification are there.
const OUTCOME_LOOKS_MAX: u32 = 200;
const OUTCOME_LOOK_PAUSE: Duration = Duration::from_millis(50);
/// Longest line of a message that is printed, in characters.
const LINE_CHARACTERS: usize = 90;
/// Longest value of a member that is printed, in characters.
const VALUE_CHARACTERS: usize = 48;
const SEPARATOR: &str = ", ";

/// Prints a line. Somebody may have stopped reading: the story goes on to its exit code.
macro_rules! say {
    ($($part:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(std::io::stdout(), $($part)*);
    }};
}

/// Notifications that the shop has had: signature good, status.
type Heard = Arc<Mutex<Vec<(bool, String)>>>;

pub(super) async fn run() -> Result<(), String> {
    let folder =
        Throwaway(std::env::temp_dir().join(format!("florin-demo-{}", std::process::id())));
    tokio::select! {
        outcome = play(&folder.0) => outcome,
        () = wait_for_the_end() => Err("interrupted".to_owned()),
    }
}

/// A folder that goes when the story ends, however it ends.
struct Throwaway(PathBuf);

impl Drop for Throwaway {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn play(folder: &Path) -> Result<(), String> {
    let settings = [
        ("FLORIN_LISTEN", "127.0.0.1:0".to_owned()),
        ("FLORIN_DATA_DIR", folder.display().to_string()),
    ];
    let settings = settings.into_iter().map(|(name, value)| (name.to_owned(), value));
    let settings = Settings::load(None, settings).map_err(|it| it.to_string())?;
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let running = app::start(&settings, clock, random).await.map_err(|it| it.to_string())?;
    let told = tell(&running).await;
    running.stop().await;
    told
}

async fn tell(running: &Running) -> Result<(), String> {
    let site = running.first_site.clone().ok_or("the demo has no test site")?;
    let heard = Heard::default();
    let shop = open_shop(heard.clone(), site.api_key.as_str().to_owned()).await?;
    // The order is a Dutch shop's; the story is told in English, and so are the bank's pages.
    let english = [(header::ACCEPT_LANGUAGE, HeaderValue::from_static("en"))];
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .default_headers(english.into_iter().collect())
        .user_agent("Mozilla/5.0 (florin demo, no scripts)")
        .build()
        .map_err(|it| it.to_string())?;
    let gateway = &running.gateway;
    let base = &gateway.public_url;
    say!("1. A gateway runs at {base}, a shop at {shop}.");

    let mut order: Value = serde_json::from_str(SAMPLE_ORDER).map_err(|it| it.to_string())?;
    order["payment_options"]["notification_url"] = json!(format!("{shop}/notify"));
    order["payment_options"]["notification_method"] = json!("POST");
    order["payment_options"]["redirect_url"] = json!(format!("{shop}/thanks"));
    order["payment_options"]["cancel_url"] = json!(format!("{shop}/cart"));
    order["payment_options"]["close_window"] = json!(false);
    say!("\n2. The shop's server sends one request: POST /v1/json/orders");
    say!("   10.00 EUR, card 555555******4444, order my-order-id-1");
    let answer =
        call(&http, base, "POST", "/v1/json/orders", site.api_key.as_str(), Some(&order)).await?;
    let data = &answer["data"];
    say!("   ← status {}, reason {}", data["status"], data["reason"]);
    let mut link =
        data["payment_url"].as_str().ok_or(format!("no payment_url: {answer}"))?.to_owned();
    say!("   ← payment_url {link}");
    let directory_site = gateway.directory.site(site.site_id).ok_or("the site is gone")?;
    let mut seen = 0;
    messages(running, &directory_site, &mut seen).await;

    say!("\n3. The payer opens the link and does what the pages ask.");
    let mut body = String::new();
    for page in 0..PAGES_MAX {
        let answer = if page == 0 || body.is_empty() {
            http.get(&link).send().await
        } else {
            http.post(&link)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body.clone())
                .send()
                .await
        }
        .map_err(|it| it.to_string())?;
        if let Some(location) = answer.headers().get("location").and_then(|it| it.to_str().ok()) {
            say!("   → back to the shop: {location}");
            messages(running, &directory_site, &mut seen).await;
            link = location.to_owned();
            break;
        }
        let page_url = answer.url().clone();
        let html = answer.text().await.map_err(|it| it.to_string())?;
        let form = form_of(&html).ok_or("a page without a form")?;
        let action = page_url.join(&form.action).map_err(|it| it.to_string())?;
        let what = if form.is_challenge {
            "chooses «Authenticated (Y)» and confirms"
        } else {
            "goes on"
        };
        say!("   page «{}»: the payer {what}", title_of(&html));
        messages(running, &directory_site, &mut seen).await;
        (link, body) = (action.into(), form.body);
    }
    if !link.starts_with(&shop) {
        return Err(format!("the payer did not arrive at the shop but at {link}"));
    }

    say!("\n4. The shop asks: GET /v1/json/orders/my-order-id-1");
    let path = "/v1/json/orders/my-order-id-1";
    let answer = call(&http, base, "GET", path, site.api_key.as_str(), None).await?;
    let data = answer["data"].clone();
    say!("   ← status {}, financial_status {}", data["status"], data["financial_status"]);

    let mut captured = false;
    for _ in 0..OUTCOME_LOOKS_MAX {
        let told = heard.lock().is_ok_and(|heard| heard.iter().any(|(_, it)| it == "completed"));
        let books = call(&http, base, "GET", "/test/host", site.api_key.as_str(), None).await?;
        captured = books["data"][0]["captured"] == order["amount"];
        if told && captured {
            say!("\n5. The shop was notified:");
            for (good, status) in heard.lock().map_err(|it| it.to_string())?.iter() {
                say!("   {status}, signature {}", if *good { "verified" } else { "WRONG" });
            }
            say!("\n6. The host's own books: {}", books["data"][0]);
            messages(running, &directory_site, &mut seen).await;
            break;
        }
        tokio::time::sleep(OUTCOME_LOOK_PAUSE).await;
    }
    let heard = heard.lock().map_err(|it| it.to_string())?;
    let told = heard.iter().any(|(good, status)| *good && status == "completed");
    if data["status"] == "completed" && told && captured {
        say!("\nPaid.");
        Ok(())
    } else {
        let status = &data["status"];
        Err(format!("not paid: status {status}, captured {captured}, notified {heard:?}"))
    }
}

/// Prints the messages on the wire that came since the last time.
async fn messages(running: &Running, site: &Site, seen: &mut usize) {
    let Some(simulator) = &running.gateway.simulator else { return };
    let Ok(answer) = simulator.messages(&site.merchant_id(), 100).await else { return };
    let list = answer.as_array().or(answer["data"].as_array()).cloned().unwrap_or_default();
    for message in list.iter().skip(*seen) {
        say!("      | {}: {}", text_of(&message["direction"]), text_of(&message["name"]));
        for line in lines_of(text_of(&message["text"])) {
            say!("      |    {line}");
        }
    }
    *seen = list.len().max(*seen);
}

/// A described message in short lines: the members of a 3-D Secure message one after the other,
/// the elements of an ISO 8583 message each on its own line, after the type.
fn lines_of(text: &str) -> Vec<String> {
    let Ok(Value::Object(members)) = serde_json::from_str(text) else {
        let lines = text.lines().skip(1).filter(|line| !line.trim().is_empty());
        return lines.map(|line| shortened(line, LINE_CHARACTERS)).collect();
    };
    let mut lines: Vec<String> = Vec::new();
    for (name, value) in members {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let member = format!("{name}: {}", shortened(&value, VALUE_CHARACTERS));
        match lines.last_mut() {
            Some(line)
                if line.chars().count() + SEPARATOR.len() + member.chars().count()
                    <= LINE_CHARACTERS =>
            {
                line.push_str(SEPARATOR);
                line.push_str(&member);
            }
            _ => lines.push(member),
        }
    }
    lines
}

fn shortened(text: &str, characters_max: usize) -> String {
    match text.char_indices().nth(characters_max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

async fn call(
    http: &reqwest::Client,
    base: &str,
    method: &str,
    path: &str,
    key: &str,
    body: Option<&Value>,
) -> Result<Value, String> {
    let method = reqwest::Method::from_bytes(method.as_bytes()).map_err(|it| it.to_string())?;
    let mut request = http.request(method, format!("{base}{path}")).header("api_key", key);
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    let answer = request.send().await.map_err(|it| it.to_string())?;
    let bytes = answer.bytes().await.map_err(|it| it.to_string())?;
    serde_json::from_slice(&bytes).map_err(|it| it.to_string())
}

/// A shop that checks the signature of each notification and answers OK.
async fn open_shop(heard: Heard, api_key: String) -> Result<String, String> {
    let listener =
        tokio::net::TcpListener::bind("127.0.0.1:0").await.map_err(|it| it.to_string())?;
    let address = listener.local_addr().map_err(|it| it.to_string())?;
    let routes = Router::new().fallback(hear).with_state((heard, Arc::new(api_key)));
    app::spawn("the demo's shop", async move {
        let _ = axum::serve(listener, routes).await;
    });
    Ok(format!("http://{address}"))
}

async fn hear(
    State((heard, api_key)): State<(Heard, Arc<String>)>,
    request: Request,
) -> &'static str {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else { return "" };
    let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let timestamp = query.into_iter().find(|(name, _)| name == "timestamp");
    let timestamp: i64 = timestamp.and_then(|(_, value)| value.parse().ok()).unwrap_or_default();
    let expected = auth_header(&SigningKey::new(&api_key), timestamp, &body);
    let given = parts.headers.get("auth").and_then(|it| it.to_str().ok());
    let order: Value = serde_json::from_slice(&body).unwrap_or_default();
    if let Ok(mut heard) = heard.lock() {
        heard.push((given == Some(expected.as_str()), text_of(&order["status"]).to_owned()));
    }
    "OK"
}

struct Form {
    action: String,
    body: String,
    is_challenge: bool,
}

/// The last form of a page, filled in as a payer who pays would.
fn form_of(html: &str) -> Option<Form> {
    let start = html.rfind("<form")?;
    let form = &html[start..start + html[start..].find("</form>")?];
    let mut fields = form_urlencoded::Serializer::new(String::new());
    for input in form.split("<input").skip(1) {
        let input = &input[..input.find('>')?];
        let value = attribute(input, "value").unwrap_or_default();
        fields.append_pair(&attribute(input, "name")?, &value);
    }
    let is_challenge = form.contains("<select");
    if is_challenge {
        fields.append_pair("outcome", "Y");
    }
    let action = attribute(&form[..form.find('>')?], "action")?;
    Some(Form { action, body: fields.finish(), is_challenge })
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let value = &tag[start..start + tag[start..].find('"')?];
    Some(
        value
            .replace("&#34;", "\"")
            .replace("&#39;", "'")
            .replace("&#38;", "&")
            .replace("&amp;", "&"),
    )
}

fn title_of(html: &str) -> &str {
    let title = html.split("<title>").nth(1).and_then(|it| it.split("</title>").next());
    title.unwrap_or("page")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_filled_in_as_a_payer_who_pays_would() {
        let page = r#"<form action="/other"></form>
            <form method="post" action="/go?a=1&amp;b=2"><input type="hidden" name="creq" value="a&#34;b c">
            <select name="outcome"><option value="Y">Y</option></select></form>"#;
        let form = form_of(page).unwrap();
        assert_eq!(form.action, "/go?a=1&b=2");
        assert_eq!(form.body, "creq=a%22b+c&outcome=Y");
        assert!(form.is_challenge);
        assert!(form_of("<p>no form</p>").is_none());
    }

    #[test]
    fn messages_are_told_in_short_lines_that_leave_no_member_out() {
        let long = "x".repeat(500);
        let members: Vec<String> = (0..30).map(|i| format!("\"name{i}\": \"value{i}\"")).collect();
        let text = format!("{{{}, \"long\": \"{long}\"}}", members.join(","));
        let lines = lines_of(&text);
        assert!(lines.iter().all(|line| line.chars().count() <= LINE_CHARACTERS), "{lines:?}");
        let whole = lines.join("\n");
        assert!((0..30).all(|i| whole.contains(&format!("name{i}: value{i}"))), "{whole}");
        assert!(lines.len() < 15 && whole.contains("x…"), "{whole}");
        assert_eq!(lines_of("0100\n  2 PAN: 411111******1111\n\n"), ["  2 PAN: 411111******1111"]);
    }
}
