//! `florin chargeback …`, beside a gateway that takes payments.

use std::io::Read;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use super::*;

/// A gateway with orders that are paid, and what its operator has at hand.
struct Shop {
    data: Data,
    server: Server,
    base: String,
    key: String,
    folder: tempfile::TempDir,
}

impl Shop {
    fn open() -> Shop {
        Shop::open_on(Data::new())
    }

    fn open_on(data: Data) -> Shop {
        let server = data.serve(&[]);
        let (base, key) = (server.told("API        "), server.told("API key    "));
        let site = server.told("test site  ");
        let set = data.run(&["site", "set", &site, "three_ds.policy=never"]);
        assert!(set.status.success(), "{}", complained(&set));
        let shop = Shop { data, server, base, key, folder: tempfile::tempdir().unwrap() };
        // Until the gateway has noticed, the payer is authenticated.
        let mut probes = 0;
        eventually("the setting is noticed", || {
            probes += 1;
            let order = shop.pay(&order(&format!("probe-{probes}")));
            let details = &order["payment_details"];
            details["card_authentication_result"]["status"].is_null().then_some(())
        });
        shop
    }

    fn pay(&self, order: &Value) -> Value {
        let url = format!("{}orders", self.base);
        let (status, answer) = call("POST", &url, &self.key, Some(order));
        assert_eq!((status, &answer["data"]["status"]), (200, &json!("completed")), "{answer}");
        answer["data"].clone()
    }

    fn get(&self, id: &str) -> Value {
        call("GET", &format!("{}orders/{id}", self.base), &self.key, None).1["data"].clone()
    }

    fn chargeback(&self, arguments: &[&str]) -> Output {
        self.data.run(&[&["chargeback"], arguments].concat())
    }

    fn did(&self, arguments: &[&str]) -> String {
        let output = self.chargeback(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", complained(&output));
        said(&output)
    }

    fn import(&self, text: &str) -> Output {
        let path = self.folder.path().join("chargebacks.csv");
        std::fs::write(&path, text).unwrap();
        self.chargeback(&["import", path.to_str().unwrap()])
    }
}

/// The number behind `transaction` in a line of a report.
fn transaction(report: &str) -> String {
    let (_, rest) = report.split_once("transaction ").expect(report);
    rest.split(|letter: char| !letter.is_ascii_digit()).next().unwrap().to_owned()
}

/// Hears what is posted to it and says OK.
fn listener() -> (String, Arc<Mutex<String>>) {
    let heard: Arc<Mutex<String>> = Arc::default();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", socket.local_addr().unwrap());
    let book = heard.clone();
    std::thread::spawn(move || {
        for stream in socket.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
            let (mut text, mut bytes) = (Vec::new(), [0; 4096]);
            while let Ok(count @ 1..) = stream.read(&mut bytes) {
                text.extend_from_slice(&bytes[..count]);
            }
            book.lock().unwrap().push_str(&String::from_utf8_lossy(&text));
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK");
        }
    });
    (url, heard)
}

#[test]
fn a_file_is_imported_line_by_line_and_again_without_effect_on_sqlite() {
    imported(&Shop::open());
}

#[test]
fn a_file_is_imported_line_by_line_and_again_without_effect_on_postgresql() {
    imported(&Shop::open_on(Data::on_postgres()));
}

fn imported(shop: &Shop) {
    let (url, heard) = listener();
    let mut first = order("first");
    first["payment_options"]["notification_url"] = json!(url);
    first["payment_options"]["notification_method"] = json!("POST");
    shop.pay(&first);
    let second = shop.pay(&order("second, \"by RRN\""));
    let rrn = second["payment_details"]["external_transaction_id"].as_str().unwrap();
    let file = format!(
        "Reference,order_id,rrn,amount,currency,reason_code,at,due,remark\r\n\
         CB-1,first,,600,EUR,13.1,2026-11-01,2026-12-24,\"two,\r\nlines\"\r\n\
         CB-2,,{rrn},1000,EUR,4853,,,\r\n\
         CB-3,nobody,,1,EUR,13.1,,,\r\n\
         CB-4,first,,401,EUR,13.1,,,\r\n\
         CB-5,first,,1,USD,13.1,,,\r\n\
         CB-6,first,,1.00,EUR,13.1,,,\r\n\
         CB-7,first,,1,EUR,,,,\r\n\
         CB-8,first,,1,EUR,13.1,2026-11-02,2026-11-01,\r\n\
         ,first,,1,EUR,13.1,,,\r\n\
         CB-9,,000000000000,1,EUR,13.1,,,\r\n\
         CB-1,first,,599,EUR,13.1,,,\r\n\
         CB-1,first,,600,EUR,13.1,,,\r\n"
    );
    let output = shop.import(&file);
    let report = said(&output);
    assert!(!output.status.success(), "{report}");
    assert!(complained(&output).contains("9 lines were refused"), "{}", complained(&output));
    let lines: Vec<&str> = report.lines().collect();
    for (number, wanted) in [
        "line 2, CB-1: 6.00 EUR of order first charged back, transaction ",
        "line 4, CB-2: 10.00 EUR of order second, \"by RRN\" charged back, transaction ",
        "line 5, CB-3: refused: there is no such order",
        "line 6, CB-4: refused: the amount exceeds what was captured",
        "line 7, CB-5: refused: the order is in EUR",
        "line 8, CB-6: refused: amount is not in whole minor units",
        "line 9, CB-7: refused: reason_code is missing",
        "line 10, CB-8: refused: due is before at",
        "line 11, no reference: refused: reference is missing",
        "line 12, CB-9: refused: there is no such order",
        "line 13, CB-1: refused: the reference belongs to a chargeback with another amount",
        "line 14, CB-1: known already",
        "2 charged back, 1 known already, 9 refused",
    ]
    .into_iter()
    .enumerate()
    {
        assert!(lines[number].starts_with(wanted), "{wanted}: {report}");
    }
    assert!(lines[0].ends_with("due 2026-12-24"), "{report}");

    // The gateway that runs shows it, and tells the shop.
    let charged_back = shop.get("first");
    assert_eq!(charged_back["status"], "chargedback");
    let related = &charged_back["related_transactions"][0];
    assert_eq!((&related["amount"], &related["type"]), (&json!(600), &json!("chargeback")));
    assert_eq!(related["created"], "2026-11-01T00:00:00");
    assert_eq!(related["dispute"]["merchant_response_date"], "2026-12-24");
    eventually("the shop is told", || heard.lock().unwrap().contains("chargedback").then_some(()));

    // Nothing is done twice.
    let again = shop.import(&file);
    assert!(said(&again).ends_with("0 charged back, 3 known already, 9 refused\n"));
    let good: String = file.lines().take(4).map(|line| format!("{line}\n")).collect();
    let good = shop.import(&good);
    assert!(good.status.success(), "{}", complained(&good));
    assert_eq!(shop.get("first")["related_transactions"].as_array().unwrap().len(), 1);
}

#[test]
fn a_file_that_cannot_be_read_does_nothing() {
    let shop = Shop::open();
    shop.pay(&order("kept"));
    let head = "reference,order_id,amount,currency,reason_code\n";
    let good = "CB-1,kept,1,EUR,13.1\n";
    for (text, named) in [
        (String::new(), "empty"),
        (format!("order_id,amount,currency,reason_code\n{good}"), "no column reference"),
        (format!("reference,amount,currency,reason_code\n{good}"), "order_id nor a column rrn"),
        (format!("amount,{head}{good}"), "two columns amount"),
        (format!("{head}{good}\"CB-2,kept"), "line 3: a quote is not closed"),
    ] {
        let output = shop.import(&text);
        assert!(!output.status.success() && said(&output).is_empty(), "{text}");
        assert!(complained(&output).contains(named), "{named}: {}", complained(&output));
    }
    let nowhere = shop.chargeback(&["import", "nowhere.csv"]);
    assert!(complained(&nowhere).contains("nowhere.csv"));
    let path = shop.folder.path().join("chargebacks.csv");
    std::fs::write(&path, format!("{head}{good}")).unwrap();
    let no_site = shop.chargeback(&["import", path.to_str().unwrap(), "--site", "7"]);
    assert!(complained(&no_site).contains("there is no site 7"));
    assert_eq!(shop.get("kept")["status"], "completed");
}

#[test]
fn an_operator_lists_shows_and_moves_a_dispute_on() {
    let shop = Shop::open();
    shop.pay(&order("moved"));
    let head = "order_id;reference;amount;currency;reason_code\n";
    let report = said(&shop.import(&format!("{head}moved;CB-1;1000;EUR;13.1\n")));
    let id = transaction(&report);
    let listed = shop.did(&["list"]);
    assert!(listed.contains(&id) && listed.contains("10.00 EUR  13.1  new"), "{listed}");

    let proof = json!({"type": "PDF", "name": "../proof of delivery.pdf",
        "description": "Signed by the payer", "base64": "JVBERi0xLjcgc2lnbmVk"});
    let files = format!("{}orders/moved/files", shop.base);
    assert_eq!(call("POST", &files, &shop.key, Some(&proof)).0, 200);
    let folder = shop.folder.path().join("evidence");
    let shown = shop.did(&["show", &id, "--files-into", folder.to_str().unwrap()]);
    for wanted in ["open", "CB-1", "Merchandise or services not received", "Signed by the payer"] {
        assert!(shown.contains(wanted), "{wanted}: {shown}");
    }
    let written = std::fs::read(folder.join("1-.._proof_of_delivery.pdf")).unwrap();
    assert_eq!(written, b"%PDF-1.7 signed");

    assert!(shop.did(&["submit", &id]).contains("submitted"));
    assert_eq!(shop.did(&["list"]), "", "nobody is waited for");
    assert!(shop.did(&["list", "--all"]).contains("submitted"));
    let early = shop.chargeback(&["dispute", &id]);
    assert!(complained(&early).contains("submitted, which does not allow it"), "{early:?}");
    assert!(shop.did(&["ask-more", &id, "--due", "2099-01-31"]).contains("due 2099-01-31"));
    assert!(shop.did(&["submit", &id]).contains("submitted"));
    assert!(shop.did(&["process", &id]).contains("processed"));
    assert!(shop.did(&["close", &id, "--won"]).contains("closed"));
    let again = shop.chargeback(&["close", &id, "--won"]);
    assert!(complained(&again).contains("it is so already"));
    let order = shop.get("moved");
    assert_eq!(order["status"], "completed");
    assert_eq!(order["related_transactions"][1]["type"], "reverse-chargeback");
    assert!(shop.did(&["show", &id]).contains("came back"));

    let report = said(&shop.import(&format!("{head}moved;CB-2;500;EUR;13.1\n")));
    let second = transaction(&report);
    assert!(shop.did(&["dispute", &second]).contains("open"));
    assert!(shop.did(&["accept", &second]).contains("accepted"));
    assert_eq!(shop.get("moved")["status"], "chargedback");
    let report = said(&shop.import(&format!("{head}moved;CB-3;500;EUR;13.1\n")));
    let third = transaction(&report);
    shop.did(&["dispute", &third]);
    shop.did(&["submit", &third]);
    assert!(shop.did(&["close", &third, "--lost"]).contains("closed"));
    for bad in [&["close", &third][..], &["close", &third, "--won", "--lost"], &["show", "1"]] {
        assert!(!shop.chargeback(bad).status.success(), "{bad:?}");
    }
    drop(shop.server);
}

#[test]
fn a_due_date_that_passes_while_nobody_runs_is_noticed_at_the_next_start() {
    let shop = Shop::open();
    shop.pay(&order("later"));
    let (data, key) = (shop.data, shop.key);
    drop(shop.server);
    // Nobody runs: the operator's word is kept all the same.
    let path = shop.folder.path().join("late.csv");
    std::fs::write(
        &path,
        "reference,order_id,amount,currency,reason_code,due\nCB-1,later,1000,EUR,13.1,2026-11-01\n",
    )
    .unwrap();
    let report = succeed(&["chargeback", "import", path.to_str().unwrap(), "--data", data.text()]);
    assert!(report.contains("10.00 EUR of order later"), "{report}");
    let server = data.serve(&[]);
    let url = format!("{}orders/later", server.told("API        "));
    eventually("the due date has passed", || {
        let order = call("GET", &url, &key, None).1["data"].clone();
        let dispute = &order["related_transactions"][0]["dispute"];
        (dispute["status"] == "accepted").then_some(())
    });
}
