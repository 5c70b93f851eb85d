//! The books as an operator sees them: `ledger verify`, `ledger reconcile`, `report transactions`.

use serde_json::{Value, json};

use super::{Data, call, complained, eventually, fail, order, run, said, succeed};

/// A gateway with a payment, a refund and a decline, and the acquirer's file about it.
struct Shop {
    data: Data,
    file: String,
    today: String,
    /// The site's number.
    site: String,
    _server: super::Server,
}

impl Shop {
    fn open() -> Shop {
        let data = Data::new();
        let server = data.serve(&[]);
        let (base, key) = (server.told("API        "), server.told("API key    "));
        let site = data.site(&["list"]).split_whitespace().next().unwrap().to_owned();
        data.site(&["set", &site, "three_ds.policy=never", "refund_settlement=at_once"]);
        // A running gateway notices within a second.
        std::thread::sleep(std::time::Duration::from_millis(1500));
        let test = base.replace("v1/json/", "test/");
        let mut sold = order("sold, \"twice\"");
        sold["description"] = json!("=HYPERLINK(\"x\")");
        let paid = call("POST", &format!("{base}orders"), &key, Some(&sold)).1;
        assert_eq!(paid["data"]["status"], "completed", "{paid}");
        let mut declined = order("declined");
        declined["gateway_info"]["card_number"] = json!("4000050000000007");
        assert_eq!(call("POST", &format!("{base}orders"), &key, Some(&declined)).0, 200);
        let path = "orders/sold%2C%20%22twice%22";
        eventually("it is captured", || {
            let books = call("GET", &format!("{test}host"), &key, None).1;
            books["data"].as_array()?.iter().any(|it| it["captured"] == 1000).then_some(())
        });
        let back = json!({ "currency": "EUR", "amount": 300, "description": "back" });
        let refunded = call("POST", &format!("{base}{path}/refunds"), &key, Some(&back));
        assert_eq!(refunded.0, 200, "{}", refunded.1);
        eventually("the refund is confirmed", || {
            let order = call("GET", &format!("{base}{path}"), &key, None).1;
            (order["data"]["amount_refunded"] == 300).then_some(())
        });
        let file = text(&format!("{test}host?format=csv"), &key);
        let today = file.lines().last().unwrap().rsplit_once(',').unwrap().1[..10].to_owned();
        Shop { data, file, today, site, _server: server }
    }

    fn with<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        [arguments, &["--data", self.data.text()]].concat()
    }

    /// What `reconcile` says of a file, and whether it is content.
    fn reconciled(&self, file: &str) -> (bool, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("host.csv");
        std::fs::write(&path, file).unwrap();
        let path = path.to_str().unwrap();
        let output = run(&self.with(&["ledger", "reconcile", "--host", path]));
        (output.status.success(), said(&output))
    }
}

fn text(url: &str, key: &str) -> String {
    let (url, key) = (url.to_owned(), key.to_owned());
    tokio::runtime::Runtime::new().unwrap().block_on(async move {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = http.get(url).header("api_key", key).send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
        String::from_utf8(answer.bytes().await.unwrap().to_vec()).unwrap()
    })
}

#[test]
fn the_books_are_verified_compared_and_reported() {
    let shop = Shop::open();
    // Verified while the gateway runs.
    let told = succeed(&shop.with(&["ledger", "verify"]));
    assert!(
        told.starts_with(&format!("site {} (", shop.site))
            && told.contains(": 2 orders, 2 entries, 0 seals"),
        "{told}"
    );
    assert!(told.contains("EUR  issuer 0.00  held 0.00  acquirer 7.00  captured -10.00"), "{told}");
    assert!(told.contains("refunded 3.00"), "{told}");
    assert_eq!(succeed(&shop.with(&["ledger", "verify", "--site", &shop.site])), told);
    assert!(fail(&shop.with(&["ledger", "verify", "--site", "9"])).contains("no site 9"));

    // The acquirer's file agrees, and each lie in it is told.
    let (is_content, told) = shop.reconciled(&shop.file);
    assert!(is_content, "{told}");
    assert_eq!(told, format!("{} lines, 1 orders, 0 differences\n", shop.file.lines().count() - 1));
    let sold = "order sold, \"twice\"";
    let (is_content, told) = shop.reconciled(&shop.file.replace(",300,", ",301,"));
    assert!(!is_content);
    let expected = format!("amounts differ: refund of {sold}: 300 EUR here, 301 there, RRN ");
    assert!(told.starts_with(&expected), "{told}");
    let without: Vec<&str> = shop.file.lines().filter(|line| !line.contains(",capture,")).collect();
    let (is_content, told) = shop.reconciled(&without.join("\n"));
    assert!(!is_content && told.contains(&format!("missing there: capture of {sold}: 1000 EUR\n")));
    assert!(told.contains("hold differs"), "{told}");
    let more =
        format!("{}000000000009,stranger,capture,EUR,5,{}T10:00:00Z\r\n", shop.file, shop.today);
    let (is_content, told) = shop.reconciled(&more);
    assert!(!is_content);
    let expected = "missing here: capture of order stranger: 5 EUR, RRN 000000000009\n";
    assert!(told.contains(expected), "{told}");
    let output = run(&shop.with(&["ledger", "reconcile", "--host", "nowhere.csv"]));
    assert!(!output.status.success() && complained(&output).contains("nowhere.csv"));

    report(&shop);
}

fn report(shop: &Shop) {
    let of = |from: &str, to: &str, format: &str| {
        let period = ["report", "transactions", "--from", from, "--to", to, "--format", format];
        succeed(&shop.with(&period))
    };
    let today = shop.today.as_str();
    let told = of(today, today, "csv");
    let lines: Vec<&str> = told.split("\r\n").collect();
    let head = "id,reference,type,created,completed,site,description,currency,amount,code,status";
    assert_eq!((lines[0], lines.len()), (head, 5), "{told}");
    // Nothing that a shop or a payer wrote is taken for a formula.
    assert!(lines[1].contains(r#","sold, ""twice""",payment,"#), "{told}");
    let end = r#","'=HYPERLINK(""x"")",EUR,1000,N002,partial_refunded"#;
    assert!(lines[1].ends_with(&format!("Z,{}{end}", shop.site)), "{told}");
    assert!(lines[2].contains(",refund,") && lines[2].ends_with(",back,EUR,-300,N097,completed"));
    assert!(
        lines[3].contains(",declined,payment,")
            && lines[3].ends_with(&format!(",,{},Order,EUR,1000,N002,declined", shop.site)),
        "{told}"
    );

    let told: Value = serde_json::from_str(&of(today, today, "json")).unwrap();
    let operations = told.as_array().unwrap();
    assert_eq!(operations.len(), 3);
    assert_eq!(operations[0]["reference"], "sold, \"twice\"");
    assert_eq!(operations[0]["description"], "=HYPERLINK(\"x\")");
    assert_eq!(
        (&operations[1]["type"], &operations[1]["amount"]),
        (&json!("refund"), &json!(-300))
    );
    assert_eq!(operations[2]["completed"], Value::Null);

    assert_eq!(of("2025-01-01", "2025-01-31", "csv"), format!("{head}\r\n"));
    assert_eq!(of("2025-01-01", "2025-01-31", "json"), "[\n]\n");
    let wrong = shop.with(&["report", "transactions", "--from", "2026-13-01", "--to", today]);
    assert!(fail(&wrong).contains("2026-13-01 is no day"));
    let reversed = shop.with(&["report", "transactions", "--from", today, "--to", "2025-01-01"]);
    assert!(fail(&reversed).contains("is before"));
}
