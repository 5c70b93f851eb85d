//! Mails, as a mail server gets them and as the mailbox of a test site shows them.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::world::{API_KEY, VISA, World, eventually};

async fn mailbox(world: &World) -> Vec<Value> {
    let (status, answer) = world.get_path("/test/mails").await;
    assert_eq!(status, 200, "{answer}");
    answer["data"].as_array().unwrap().clone()
}

/// Waits for the mail of this type about the order.
async fn mail(world: &World, order_id: &str, kind: &str) -> Value {
    let found = async || {
        let mails = mailbox(world).await.into_iter();
        mails.into_iter().find(|mail| mail["order_id"] == order_id && mail["type"] == kind)
    };
    eventually(kind, async || found().await.is_some()).await;
    found().await.unwrap()
}

async fn the_mailbox_tells_what_payer_and_merchant_were_written(world: World) {
    world.set(&[("mail.merchant_addresses", json!(["owner@shop.example"]))]).await;
    world.create(&world.order("paid", VISA)).await;
    let to_customer = mail(&world, "paid", "completed_customer").await;
    assert_eq!(to_customer["to"], "ada@shop.example");
    assert_eq!(to_customer["state"], "kept");
    let subject = to_customer["subject"].as_str().unwrap();
    assert!(subject.starts_with("Je betaling aan"), "in the payer's language: {subject}");
    let plain = to_customer["plain"].as_str().unwrap();
    assert!(plain.contains("Ada de Vries") && plain.contains("€\u{a0}25,99"), "{plain}");
    assert!(to_customer["html"].as_str().unwrap().contains("<html lang=\"nl\">"));
    let to_merchant = mail(&world, "paid", "completed_merchant").await;
    assert_eq!(to_merchant["to"], "owner@shop.example");

    let refund = json!({"currency": "EUR", "amount": 1000, "description": "Back"}).to_string();
    let (status, answer) = world.post("/v1/json/orders/paid/refunds", refund).await;
    assert_eq!(status, 200, "{answer}");
    world.advance(2 * 24 * 60 * 60).await;
    let refunded = mail(&world, "paid", "refunded_customer").await;
    assert!(refunded["plain"].as_str().unwrap().contains("€\u{a0}10,00"), "{refunded}");

    let case = json!({"order_id": "paid", "reason_code": "13.1", "amount": 500}).to_string();
    let (status, answer) = world.post("/test/chargebacks", case).await;
    assert_eq!(status, 200, "{answer}");
    let case = mail(&world, "paid", "charged_back_merchant").await;
    assert!(case["plain"].as_str().unwrap().contains("13.1"), "{case}");

    // Each once, and gone when the mailbox is emptied.
    let mut kinds: Vec<Value> =
        mailbox(&world).await.into_iter().map(|mail| mail["type"].clone()).collect();
    kinds.sort_by_key(Value::to_string);
    let expected =
        ["charged_back_merchant", "completed_customer", "completed_merchant", "refunded_customer"];
    assert_eq!(kinds, expected);
    let request = world.http.delete(format!("{}/test/mails", world.base));
    let answer = request.header("api_key", API_KEY).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(mailbox(&world).await.is_empty());
}

#[tokio::test]
async fn the_mailbox_tells_what_payer_and_merchant_were_written_on_sqlite() {
    the_mailbox_tells_what_payer_and_merchant_were_written(World::sqlite().await).await;
}

#[tokio::test]
async fn the_mailbox_tells_what_payer_and_merchant_were_written_on_postgresql() {
    the_mailbox_tells_what_payer_and_merchant_were_written(World::postgres().await).await;
}

#[tokio::test]
async fn who_wants_no_mail_gets_none_and_script_stays_text() {
    let world = World::sqlite().await;
    let mut silent = world.order("silent", VISA);
    silent["customer"]["disable_send_email"] = json!(true);
    world.create(&silent).await;
    let mut odd = world.order("odd", VISA);
    let script = "<script>alert(1)</script>\r\nBcc: x@evil.example";
    for name in ["first_name", "last_name", "address1", "house_number", "zip_code", "city"] {
        odd["customer"][name] = json!(script);
    }
    odd["description"] = json!(script);
    odd["var1"] = json!(script);
    world.create(&odd).await;
    let odd = mail(&world, "odd", "completed_customer").await;
    assert!(!odd["html"].as_str().unwrap().contains("<script"), "{odd}");
    let plain = odd["plain"].as_str().unwrap();
    assert!(!plain.lines().any(|line| line.starts_with("Bcc")), "{plain}");
    assert!(mailbox(&world).await.iter().all(|mail| mail["order_id"] != "silent"));
}

/// A mail server that says yes, after it has said `first` to the first mail.
pub(crate) async fn server(first: Option<&'static str>) -> (u16, Arc<Mutex<Vec<String>>>) {
    let taken: Arc<Mutex<Vec<String>>> = Arc::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let book = taken.clone();
    let first = Arc::new(Mutex::new(first));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (book, first) = (book.clone(), first.clone());
            tokio::spawn(async move {
                let (read, mut write) = stream.into_split();
                let mut lines = BufReader::new(read).lines();
                write.write_all(b"220 sink\r\n").await.unwrap();
                let mut mail: Option<String> = None;
                while let Ok(Some(line)) = lines.next_line().await {
                    if let Some(text) = &mut mail {
                        if line != "." {
                            text.push_str(&line);
                            text.push('\n');
                            continue;
                        }
                        book.lock().unwrap().push(mail.take().unwrap());
                        write.write_all(b"250 taken\r\n").await.unwrap();
                        continue;
                    }
                    let refusal = line.starts_with("RCPT").then(|| first.lock().unwrap().take());
                    let answer = match (refusal.flatten(), line.as_str()) {
                        (Some(refusal), _) => refusal,
                        (None, "DATA") => {
                            mail = Some(String::new());
                            "354 go on"
                        }
                        (None, "QUIT") => "221 bye",
                        (None, _) => "250 yes",
                    };
                    write.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
                }
            });
        }
    });
    (port, taken)
}

/// What a gateway is told of such a server.
pub(crate) fn settings(port: &str) -> [(&str, &str); 5] {
    [
        ("FLORIN_MAIL__HOST", "127.0.0.1"),
        ("FLORIN_MAIL__PORT", port),
        ("FLORIN_MAIL__TLS", "none"),
        ("FLORIN_MAIL__FROM", "payments@florin.example"),
        ("FLORIN_MAIL__TEST_SITES", "true"),
    ]
}

async fn with_server(port: u16) -> World {
    World::with(&settings(&port.to_string())).await
}

#[tokio::test]
async fn a_mail_server_gets_each_mail_once_with_both_texts() {
    let (port, taken) = server(None).await;
    let world = with_server(port).await;
    world.create(&world.order("sent", VISA)).await;
    let row = mail(&world, "sent", "completed_customer").await;
    assert_eq!(row["state"], "sent", "{row}");
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    let taken = taken.lock().unwrap();
    assert_eq!(taken.len(), 1);
    let text = &taken[0];
    for part in [
        "payments@florin.example",
        "To: ada@shop.example",
        "Auto-Submitted: auto-generated",
        "Content-Type: multipart/alternative",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Type: text/html; charset=utf-8",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[tokio::test]
async fn a_mail_is_tried_again_until_it_is_refused_or_taken() {
    let (port, taken) = server(Some("451 later")).await;
    let world = with_server(port).await;
    world.create(&world.order("later", VISA)).await;
    let waiting = mail(&world, "later", "completed_customer").await;
    assert_eq!((&waiting["state"], taken.lock().unwrap().len()), (&json!("waiting"), 0));
    world.advance(60).await;
    eventually("taken", async || taken.lock().unwrap().len() == 1).await;

    let (port, taken) = server(Some("550 nobody")).await;
    let world = with_server(port).await;
    world.create(&world.order("never", VISA)).await;
    let refused = mail(&world, "never", "completed_customer").await;
    assert_eq!(refused["state"], "refused", "{refused}");
    world.advance(7 * 24 * 60 * 60).await;
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    assert!(taken.lock().unwrap().is_empty());
}
