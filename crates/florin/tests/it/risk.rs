//! Every rule and every block list, through HTTP: the score, its reasons, and what becomes of the
//! payment.

use serde_json::{Value, json};

use crate::world::{VISA, World};

/// Addresses in the Netherlands and in Belgium, and cards that are said to be from elsewhere.
const IP_COUNTRIES: &str = "203.0.113.0,203.0.113.255,NL\n198.51.100.0/24,BE\n192.0.2.0/24,IR\n";
const BIN_COUNTRIES: &str = "401200,US\n";

impl World {
    /// Changes what the test site itself says about risk.
    pub(crate) async fn set_risk(&self, layer: Value) {
        let gateway = self.gateway();
        let mut site = gateway.store.sites().await.unwrap().remove(0);
        let mut settings: Value = serde_json::from_str(&site.settings).unwrap();
        settings["risk"] = json!({ "site": layer });
        settings["three_ds"]["policy"] = json!("never");
        site.settings = settings.to_string();
        let _ = gateway.store.update_site(site).await.unwrap();
        gateway.directory.refresh(gateway.store.as_ref(), &gateway.vault).await.unwrap();
    }

    /// Score and names of the hits.
    pub(crate) async fn risk(&self, id: &str) -> (Value, Vec<String>) {
        let (status, body) = self.get_path(&format!("/test/risk/{id}")).await;
        assert_eq!(status, 200, "{body}");
        let hits = body["data"]["hits"].as_array().unwrap().iter();
        let names = hits.map(|hit| {
            assert!(hit["why"].as_str().is_some_and(|why| !why.is_empty()), "{hit}");
            hit["rule"].as_str().unwrap().to_owned()
        });
        (body["data"]["score"].clone(), names.collect())
    }
}

/// The order with one member changed; a pointer such as `customer/ip_address`.
pub(crate) fn with(mut order: Value, changes: &[(&str, Value)]) -> Value {
    for (pointer, value) in changes {
        let (parent, last) = pointer.rsplit_once('/').unwrap_or(("", pointer));
        let mut place = &mut order;
        for name in parent.split('/').filter(|name| !name.is_empty()) {
            place = &mut place[name];
        }
        let members = place.as_object_mut().unwrap();
        match value {
            Value::Null => drop(members.remove(last)),
            some => drop(members.insert(last.to_owned(), some.clone())),
        }
    }
    order
}

/// A gateway with the operator's tables.
async fn with_tables() -> (World, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (ips, bins) = (folder.path().join("ip.csv"), folder.path().join("bin.csv"));
    std::fs::write(&ips, IP_COUNTRIES).unwrap();
    std::fs::write(&bins, BIN_COUNTRIES).unwrap();
    let world = World::with(&[
        ("FLORIN_RISK__IP_COUNTRIES", ips.to_str().unwrap()),
        ("FLORIN_RISK__BIN_COUNTRIES", bins.to_str().unwrap()),
    ])
    .await;
    (world, folder)
}

#[tokio::test]
async fn each_rule_adds_its_weight_and_says_why() {
    let (world, _folder) = with_tables().await;
    world.set_risk(json!({ "rules": { "card_country": { "weight": 2 } } })).await;
    let delivery = json!({ "first_name": "Ada", "country": "BE", "city": "Gent" });
    let cases = [
        ("clean", VISA, vec![], 1, vec![]),
        ("no-ip", VISA, vec![("customer/ip_address", Value::Null)], 4, vec!["unusable_ip"]),
        ("local", VISA, vec![("customer/ip_address", json!("127.0.0.1"))], 4, vec!["unusable_ip"]),
        (
            "abroad",
            VISA,
            vec![("customer/ip_address", json!("198.51.100.9"))],
            3,
            vec!["ip_country"],
        ),
        // The issuer's answer says NL.
        (
            "host",
            VISA,
            vec![("customer/country", json!("FR")), ("customer/ip_address", json!("8.8.8.8"))],
            3,
            vec!["card_country"],
        ),
        // The operator's table says US, before the host is heard.
        ("table", "4012001038443335", vec![], 3, vec!["card_country"]),
        (
            "thrown",
            VISA,
            vec![("customer/email", json!("a@mailinator.com"))],
            2,
            vec!["disposable_email"],
        ),
        ("shipped", VISA, vec![("delivery", delivery)], 2, vec!["shipping_country"]),
        (
            "risky",
            VISA,
            vec![("customer/ip_address", json!("192.0.2.1"))],
            5,
            vec!["ip_country", "high_risk_country"],
        ),
        // What a client says of itself counts where the shop saw nothing usable.
        (
            "proxy",
            VISA,
            vec![
                ("customer/ip_address", json!("10.0.0.1")),
                ("customer/forwarded_ip", json!("203.0.113.7")),
            ],
            1,
            vec![],
        ),
    ];
    for (id, card, changes, score, rules) in cases {
        let (status, answer) = world.create(&with(world.order(id, card), &changes)).await;
        assert_eq!((status, &answer["data"]["status"]), (200, &json!("completed")), "{answer}");
        let rules: Vec<String> = rules.into_iter().map(str::to_owned).collect();
        assert_eq!(world.risk(id).await, (json!(score), rules), "{id}");
    }
    // By mail or telephone there is no payer's address that could be missing.
    let moto = [
        ("customer/ip_address", Value::Null),
        ("gateway_info/moto", json!(true)),
        ("gateway_info/card_cvc", json!("123")),
    ];
    world.create(&with(world.order("moto", VISA), &moto)).await;
    assert_eq!(world.risk("moto").await, (json!(1), vec![]));
    // Proven payers take four off.
    world.set(&[("three_ds.policy", json!("always"))]).await;
    let away = [("customer/ip_address", json!("192.0.2.1"))];
    world.create(&with(world.order("proven", VISA), &away)).await;
    let rules = ["ip_country", "high_risk_country", "authenticated"].map(str::to_owned);
    assert_eq!(world.risk("proven").await, (json!(1), rules.to_vec()));
}

#[tokio::test]
async fn an_amount_is_unusual_by_the_sites_own_average() {
    let world = World::sqlite().await;
    world.set_risk(json!({ "rules": { "unusual_amount": { "weight": 2 } } })).await;
    let of = |id: &str, amount: i64| with(world.order(id, VISA), &[("amount", json!(amount))]);
    for number in 0..20 {
        let (_, answer) = world.create(&of(&format!("usual-{number}"), 1_000)).await;
        assert_eq!(answer["data"]["status"], "completed");
    }
    world.create(&of("nobody-knows", 99_000)).await;
    assert_eq!(world.risk("nobody-knows").await.0, 1);
    let site = world.gateway().directory.sites().remove(0);
    // 21 payments of 119,000 together.
    let now = site.time(world.gateway().now());
    world.gateway().read_average(site.id, now).await.unwrap();
    world.create(&of("five-times", 28_330)).await;
    assert_eq!(world.risk("five-times").await.0, 1);
    world.create(&of("more", 28_331)).await;
    assert_eq!(world.risk("more").await, (json!(3), vec!["unusual_amount".to_owned()]));
}

#[tokio::test]
async fn many_cards_of_one_payer_are_held_on_sqlite() {
    many_cards_are_held(World::sqlite().await).await;
}

#[tokio::test]
async fn many_cards_of_one_payer_are_held_on_postgresql() {
    many_cards_are_held(World::postgres().await).await;
}

async fn many_cards_are_held(world: World) {
    world.set_risk(json!({ "rules": { "many_cards": { "weight": 5 } } })).await;
    let cards = [VISA, "5555555555554444", "4012001038443335", "5500000000000004"];
    for (number, card) in cards.iter().enumerate() {
        let (_, answer) = world.create(&world.order(&format!("card-{number}"), card)).await;
        let expected = if number < 3 { "completed" } else { "uncleared" };
        assert_eq!(answer["data"]["status"], expected, "{number}: {answer}");
    }
    // A card that was seen already is the same as before: three others and itself.
    let (_, answer) = world.create(&world.order("again", VISA)).await;
    assert_eq!(answer["data"]["status"], "uncleared", "{answer}");
    assert_eq!(world.risk("again").await, (json!(6), vec!["many_cards".to_owned()]));
    // Somebody else pays as before, and so does the same person a day later.
    let other = [
        ("customer/ip_address", json!("203.0.113.77")),
        ("customer/email", json!("other@shop.example")),
    ];
    let (_, answer) = world.create(&with(world.order("other", VISA), &other)).await;
    assert_eq!(answer["data"]["status"], "completed", "{answer}");
    world.advance(86_401).await;
    let (_, answer) = world.create(&world.order("later", VISA)).await;
    assert_eq!(answer["data"]["status"], "completed", "{answer}");
}

#[tokio::test]
async fn ordinary_test_orders_are_not_held_on_a_new_test_site() {
    let world = World::sqlite().await;
    world.set(&[("three_ds.policy", json!("never"))]).await;
    let mut number = 0;
    for ip in [Value::Null, json!("127.0.0.1"), json!("89.20.162.110")] {
        for country in [Value::Null, json!("NL"), json!("BE"), json!("US")] {
            for delivery in [Value::Null, json!({ "country": "FR" })] {
                for card in [VISA, "4012001038443335", "5500000000000004", "5555555555554444"] {
                    number += 1;
                    let id = format!("ordinary-{number}");
                    let changes = [
                        ("customer/ip_address", ip.clone()),
                        ("customer/country", country.clone()),
                        ("delivery", delivery.clone()),
                        ("amount", json!(number * number * 10)),
                    ];
                    let order = with(world.order(&id, card), &changes);
                    let (_, answer) = world.create(&order).await;
                    assert_eq!(answer["data"]["status"], "completed", "{order}: {answer}");
                }
            }
        }
    }
    assert_eq!(number, 96);
}

#[tokio::test]
async fn what_is_on_a_block_list_is_declined_unsent() {
    let world = World::sqlite().await;
    let hash = hex::encode(world.gateway().vault.fingerprint(VISA.as_bytes()));
    let card = json!({ "cards": [{ "card": hash, "last4": "1111" }] });
    for (id, blocked, rule) in [
        ("card", card, "blocked_card"),
        ("bin", json!({ "bins": ["411111"] }), "blocked_bin"),
        ("ip", json!({ "ips": ["203.0.113.0/28", "203.0.113.16/28"] }), "blocked_ip"),
        ("email", json!({ "emails": ["ADA@shop.example"] }), "blocked_email"),
        ("domain", json!({ "emails": ["@shop.example"] }), "blocked_email"),
    ] {
        // With 3-D Secure on: not even the directory server is asked.
        world.set_risk(json!({ "blocked": blocked })).await;
        world.set(&[("three_ds.policy", json!("always"))]).await;
        let (status, answer) = world.create(&world.order(id, VISA)).await;
        let error = (status, &answer["error_code"], &answer["error_info"]);
        assert_eq!(error, (200, &json!(1024), &json!("declined")), "{id}: {answer}");
        let order = world.get(id).await;
        assert_eq!(order["status"], "declined", "{order}");
        assert_eq!(order["reason_code"], "4999");
        assert_eq!(order["reason"], "Declined by Florin");
        assert_eq!(world.risk(id).await, (json!(10), vec![rule.to_owned()]));
        assert!(world.books(id).await.is_empty(), "nothing was sent");
    }
    // The block ends, and the same order id may be tried again.
    world.set_risk(json!({})).await;
    let (_, answer) = world.create(&world.order("card", VISA)).await;
    assert_eq!(answer["data"]["status"], "completed", "{answer}");
    world.captured("card", 2599).await;
}

#[tokio::test]
async fn only_test_sites_show_their_reports() {
    let world = World::sqlite().await;
    let (status, answer) = world.get_path("/test/risk/nothing").await;
    assert_eq!((status, &answer["error_code"]), (404, &json!(1006)));
    let (status, _) = world.post("/test/risk/nothing", "{}").await;
    assert_eq!(status, 405);
    // A report names what could not be asked.
    world.create(&world.order("told", VISA)).await;
    let (_, body) = world.get_path("/test/risk/told").await;
    assert_eq!(body["data"]["not_applied"][0]["rule"], "ip_country", "{body}");
    assert!(!body.to_string().contains("411111"), "{body}");
}
