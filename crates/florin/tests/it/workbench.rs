//! The page at `/`: what it shows, to whom, and what its buttons do.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{API_KEY, VISA, World, eventually};

/// What a page carries in its forms.
fn token(html: &str) -> String {
    let rest = html.split("name=\"token\" value=\"").nth(1).expect("a form");
    rest.split('"').next().unwrap().to_owned()
}

async fn page(world: &World, headers: &[(&str, &str)]) -> String {
    let mut request = world.http.get(&world.base);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    answer.text().await.unwrap()
}

fn has_data(html: &str) -> bool {
    let site = html.contains("20001") || html.contains("Test shop");
    assert_eq!(site, html.contains(API_KEY), "all or nothing: {html}");
    site
}

async fn press(world: &World, path: &str, fields: &[(&str, &str)], more: (&str, &str)) -> u16 {
    let body: String =
        form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = world.http.post(format!("{}{path}", world.base)).header(more.0, more.1);
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn it_shows_what_runs_and_what_has_happened() {
    let world = World::sqlite().await;
    let mut order = world.order("<script>alert(1)</script>", VISA);
    order["amount"] = json!(123_456);
    world.create(&order).await;
    let id = "<script>alert(1)</script>";
    eventually("told", async || !world.shop.heard(id).is_empty()).await;
    let html = page(&world, &[]).await;
    assert!(has_data(&html));
    assert!(!html.contains("<script>"), "escaped");
    assert!(html.contains("&#60;script&#62;alert(1)"), "{html}");
    assert!(html.contains("1,234.56") && html.contains("VISA") | html.contains("Visa"), "{html}");
    assert!(html.contains("SQLite, ") && html.contains("signed on"), "{html}");
    assert!(html.contains("4111 1111 1111 1111"), "test cards");
    let mails = world.http.get(format!("{}/workbench/mails", world.base)).send().await.unwrap();
    assert!(mails.text().await.unwrap().contains("ada@shop.example"));
}

#[tokio::test]
async fn strangers_see_a_page_without_data() {
    let world = World::sqlite().await;
    let port = world.base.rsplit(':').next().unwrap().to_owned();
    let rebound = format!("rebound.example:{port}");
    assert!(!has_data(&page(&world, &[("host", &rebound)]).await));
    assert!(!has_data(&page(&world, &[("x-forwarded-for", "203.0.113.1")]).await));
    assert!(has_data(&page(&world, &[("host", &format!("localhost:{port}"))]).await));
    for path in ["/workbench/mails", "/workbench/events"] {
        let request = world.http.get(format!("{}{path}", world.base)).header("host", &rebound);
        assert_eq!(request.send().await.unwrap().status(), 403, "{path}");
    }
    let events = world.http.get(format!("{}/workbench/events", world.base));
    let foreign = events.header("sec-fetch-site", "cross-site").send().await.unwrap();
    assert_eq!(foreign.status(), 403);
    for settings in
        [("FLORIN_PUBLIC_URL", "https://pay.example"), ("FLORIN_WORKBENCH__OPEN_TO", "nobody")]
    {
        let world = World::with(&[settings, ("FLORIN_SIMULATOR__ENABLED", "true")]).await;
        assert!(!has_data(&page(&world, &[]).await), "{settings:?}");
    }
}

#[tokio::test]
async fn a_gateway_without_test_sites_shows_nothing() {
    let world = World::sqlite().await;
    let gateway = world.gateway();
    let mut site = gateway.store.sites().await.unwrap().remove(0);
    site.status = "blocked".to_owned();
    let _ = gateway.store.update_site(site).await.unwrap();
    gateway.directory.refresh(gateway.store.as_ref(), &gateway.vault).await.unwrap();
    assert!(!has_data(&page(&world, &[]).await));
    let world = World::with(&[("FLORIN_SIMULATOR__ENABLED", "false")]).await;
    assert!(!has_data(&page(&world, &[]).await));
}

#[tokio::test]
async fn its_buttons_move_the_clock_and_order_faults_and_only_its_own_forms_do() {
    let world = World::sqlite().await;
    let token = token(&page(&world, &[]).await);
    let hour = [("site", "20001"), ("token", token.as_str()), ("seconds", "3600")];
    let clock = async || world.get_path("/test/clock").await.1["data"]["offset_seconds"].clone();
    let forged =
        [("site", "20001"), ("token", "0123456789abcdef0123456789abcdef"), ("seconds", "60")];
    for (fields, header) in [
        (&forged, ("x", "y")),
        (&hour, ("origin", "https://evil.example")),
        (&hour, ("sec-fetch-site", "cross-site")),
        (&hour, ("host", "rebound.example")),
    ] {
        assert_eq!(press(&world, "/workbench/clock", fields, header).await, 403, "{header:?}");
    }
    assert_eq!(clock().await, 0, "nothing has moved");
    assert_eq!(press(&world, "/workbench/clock", &hour, ("origin", &world.base)).await, 303);
    assert_eq!(clock().await, 3600);
    let back = [("site", "20001"), ("token", token.as_str()), ("seconds", "-1")];
    assert_eq!(press(&world, "/workbench/clock", &back, ("x", "y")).await, 400);

    let fault = |name| [("site", "20001"), ("token", token.as_str()), ("fault", name)];
    assert_eq!(press(&world, "/workbench/faults", &fault("no_funds"), ("x", "y")).await, 303);
    let (_, answer) = world.create(&world.order("poor", VISA)).await;
    assert_eq!(answer["error_code"], 1024, "{answer}");
    assert_eq!(press(&world, "/workbench/faults", &fault("silent"), ("x", "y")).await, 303);
    assert_eq!(world.get_path("/test/faults").await.1["data"].as_array().unwrap().len(), 1);
    assert_eq!(press(&world, "/workbench/faults", &fault("none"), ("x", "y")).await, 303);
    assert_eq!(world.get_path("/test/faults").await.1["data"], json!([]));
    assert_eq!(press(&world, "/workbench/faults", &fault("fire"), ("x", "y")).await, 400);
}

/// Events as they come.
struct Events {
    answer: reqwest::Response,
    text: String,
}

impl Events {
    async fn open(world: &World, last: Option<&str>) -> Events {
        let mut request = world.http.get(format!("{}/workbench/events?site=20001", world.base));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        Events { answer, text: String::new() }
    }

    /// The next event: its id and data.
    async fn next(&mut self) -> (String, Value) {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let line = |name| event.lines().find_map(|line: &str| line.strip_prefix(name));
                if let (Some(id), Some(data)) = (line("id: "), line("data: ")) {
                    return (id.to_owned(), serde_json::from_str(data).unwrap());
                }
                continue;
            }
            let chunk = self.answer.chunk().await.unwrap().expect("the stream goes on");
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

#[tokio::test]
async fn what_happens_comes_by_itself_and_who_comes_back_is_told_what_is_new() {
    let world = World::sqlite().await;
    let mut events = Events::open(&world, None).await;
    let (empty, seen) = events.next().await;
    assert_eq!(seen["orders"], json!([]));
    world.create(&world.order("live", VISA)).await;
    let last = loop {
        let (id, seen) = events.next().await;
        if seen["told"][0]["outcome"] == "acknowledged" {
            assert_eq!(seen["orders"][0]["id"], "live");
            assert_eq!(seen["orders"][0]["status"], "completed");
            break id;
        }
    };
    assert_ne!(empty, last);
    // Who has seen it all is told nothing until something happens.
    let mut back = Events::open(&world, Some(&last)).await;
    let nothing = tokio::time::timeout(Duration::from_secs(2), back.next()).await;
    assert!(nothing.is_err(), "{nothing:?}");
    world.advance(3600).await;
    assert_eq!(back.next().await.1["ahead_ms"], 3_600_000);
    // Who has missed something is told.
    let mut late = Events::open(&world, Some(&empty)).await;
    assert_eq!(late.next().await.1["orders"][0]["id"], "live");
    drop((events, back, late));
}

#[tokio::test]
async fn watchers_are_bounded_and_do_not_hold_up_the_end() {
    let world = World::sqlite().await;
    let mut open = Vec::new();
    for _ in 0..florin::limits::LISTENERS_MAX {
        open.push(Events::open(&world, None).await);
    }
    let url = format!("{}/workbench/events?site=20001", world.base);
    let refused = world.http.get(&url).send().await.unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "5");
    open.pop();
    eventually("a place is free", async || {
        world.http.get(&url).send().await.unwrap().status() == 200
    })
    .await;
    let begun = std::time::Instant::now();
    world.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}
