//! The defence against card testing, and the schemes' limits for repeats, through HTTP.

use serde_json::{Value, json};

use crate::hosted_page::away;
use crate::risk::with;
use crate::world::{API_KEY, VISA, World};

const DECLINED: &str = "4000050000000007";
/// Declined for good: no such number.
const NO_SUCH_CARD: &str = "4000140000000006";

impl World {
    /// Status, error code and `Retry-After` of a create call.
    async fn try_order(&self, order: &Value) -> (u16, Value, Option<String>) {
        let request = self.http.post(format!("{}/v1/json/orders", self.base));
        let request = request.header("api_key", API_KEY).body(order.to_string());
        let answer = request.send().await.unwrap();
        let retry = answer.headers().get("retry-after").map(|it| it.to_str().unwrap().to_owned());
        let status = answer.status().as_u16();
        let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        (status, body["error_code"].clone(), retry)
    }
}

fn too_many() -> (u16, Value, Option<String>) {
    (429, json!(1000), Some("600".to_owned()))
}

fn from(order: Value, ip: &str) -> Value {
    with(order, &[("customer/ip_address", json!(ip))])
}

#[tokio::test]
async fn card_testing_is_limited_by_address_bin_and_site_on_sqlite() {
    limited(World::sqlite().await).await;
}

#[tokio::test]
async fn card_testing_is_limited_by_address_bin_and_site_on_postgresql() {
    limited(World::postgres().await).await;
}

async fn limited(world: World) {
    // Three attempts, or one that is declined: 1 + 2 × 1 + …
    let limits = |ip, bin, site| {
        json!({
            "limit_ip": ip, "limit_bin": bin, "limit_site": site,
            "decline_points": 3, "window_seconds": 600,
        })
    };
    world.set_risk(limits(4, 0, 0)).await;
    let paid = (200, Value::Null, None);
    let no = (200, json!(1024), None);
    let order = |id: &str, card: &str| world.order(id, card);
    for number in 0..4 {
        assert_eq!(world.try_order(&order(&format!("a-{number}"), VISA)).await, paid);
    }
    assert_eq!(world.try_order(&order("a-4", VISA)).await, too_many());
    assert_eq!(world.get("a-4").await, Value::Null, "nothing is stored");
    assert!(world.books("a-4").await.is_empty(), "nothing is sent");
    // Another address is another payer; a declined attempt counts for three.
    let other = |order| from(order, "203.0.113.99");
    assert_eq!(world.try_order(&other(order("b-0", DECLINED))).await, no);
    assert_eq!(world.try_order(&other(order("b-1", VISA))).await, paid);
    assert_eq!(world.try_order(&other(order("b-2", VISA))).await, too_many());
    // All addresses of one household are one.
    for number in 0..4 {
        let ip = format!("2001:db8:7::{number:x}");
        let order = from(order(&format!("c-{number}"), VISA), &ip);
        assert_eq!(world.try_order(&order).await, paid);
    }
    assert_eq!(world.try_order(&from(order("c-4", VISA), "2001:db8:7::ff")).await, too_many());
    assert_eq!(world.try_order(&from(order("c-5", VISA), "2001:db8:8::1")).await, paid);
    // An order without an address is counted by its BIN and at its site.
    let nowhere = |order| with(order, &[("customer/ip_address", Value::Null)]);
    for number in 0..6 {
        let (status, _, _) = world.try_order(&nowhere(order(&format!("d-{number}"), VISA))).await;
        assert_eq!(status, 200);
    }

    // The window passes, and everybody starts anew.
    world.advance(601).await;
    assert_eq!(world.try_order(&order("a-4", VISA)).await, paid);

    // By BIN: 400005 is tried with as many cards as there are, from everywhere.
    world.set_risk(limits(0, 6, 0)).await;
    for number in 0..2 {
        let ip = format!("203.0.113.{}", 100 + number);
        let order = from(order(&format!("e-{number}"), DECLINED), &ip);
        assert_eq!(world.try_order(&order).await, no);
    }
    assert_eq!(world.try_order(&from(order("e-2", DECLINED), "203.0.113.110")).await, too_many());
    assert_eq!(world.try_order(&order("e-3", "5555555555554444")).await, paid);

    // At the site: declines alone, whoever they came from. Two of these were just seen.
    world.set_risk(limits(0, 0, 9)).await;
    assert_eq!(world.try_order(&order("f-0", "5100050000000003")).await, no);
    assert_eq!(world.try_order(&order("f-1", VISA)).await, too_many());
    world.advance(601).await;
    for number in 0..10 {
        assert_eq!(world.try_order(&order(&format!("g-{number}"), VISA)).await, paid);
    }
}

#[tokio::test]
async fn a_burst_at_once_is_counted_while_it_is_under_way() {
    let world = World::sqlite().await;
    world.set_risk(json!({ "limit_ip": 10, "window_seconds": 600 })).await;
    let world = std::sync::Arc::new(world);
    let burst: Vec<_> = (0..60)
        .map(|number| {
            let world = world.clone();
            tokio::spawn(async move {
                world.try_order(&world.order(&format!("burst-{number}"), VISA)).await.0
            })
        })
        .collect();
    let mut statuses = std::collections::BTreeMap::new();
    for attempt in burst {
        *statuses.entry(attempt.await.unwrap()).or_insert(0) += 1;
    }
    assert_eq!(statuses.values().sum::<i32>(), 60);
    assert!((1..=10).contains(&statuses[&200]), "{statuses:?}");
    assert!(statuses[&429] >= 50, "{statuses:?}");
}

#[tokio::test]
async fn what_fails_between_us_and_the_host_is_no_suspicion() {
    let world = World::sqlite().await;
    world.set_risk(json!({ "limit_ip": 4, "decline_points": 3, "window_seconds": 600 })).await;
    world.fault(json!({ "fault": "garbage", "count": 2, "types": ["0100"] })).await;
    for number in 0..2 {
        let id = format!("garbage-{number}");
        let clock = async {
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            world.advance(100).await;
        };
        let order = world.order(&id, VISA);
        let (answer, ()) = tokio::join!(world.try_order(&order), clock);
        assert_eq!(answer.0, 200);
        world.becomes(&id, "declined").await;
    }
    // Two attempts, and not six points.
    assert_eq!(world.try_order(&world.order("third", VISA)).await.0, 200);
    assert_eq!(world.try_order(&world.order("fourth", VISA)).await.0, 200);
    assert_eq!(world.try_order(&world.order("fifth", VISA)).await.0, 429);
}

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;
const MASTERCARD_DECLINED: &str = "5100050000000003";

/// Whether the gateway refused the order, for the schemes' sake, without asking anybody.
async fn refused(world: &World, id: &str) -> bool {
    let order = world.get(id).await;
    assert_eq!(order["status"], "declined", "{order}");
    let ours = order["reason"].as_str().unwrap().starts_with("Declined by Florin: ");
    assert!(!ours || order["reason_code"] == "4999", "{order}");
    ours
}

/// Tries the card once, as an order of its own.
async fn declined_by_us(world: &World, id: &str, card: &str) -> bool {
    assert_eq!(world.try_order(&world.order(id, card)).await.1, 1024, "{id}");
    refused(world, id).await
}

#[tokio::test]
async fn declined_payments_are_not_repeated_beyond_the_schemes_limits_on_sqlite() {
    repeated(World::sqlite().await).await;
}

#[tokio::test]
async fn declined_payments_are_not_repeated_beyond_the_schemes_limits_on_postgresql() {
    repeated(World::postgres().await).await;
}

async fn repeated(world: World) {
    world.set_risk(json!({ "repeat_limits": true })).await;
    // Visa, category 1: never again, whatever the order id. Another amount is another payment.
    for (id, amount, expected) in [("n-0", 1000, false), ("n-1", 1000, true), ("n-2", 1001, false)]
    {
        let order = with(world.order(id, NO_SUCH_CARD), &[("amount", json!(amount))]);
        assert_eq!(world.try_order(&order).await.1, 1024);
        assert_eq!(refused(&world, id).await, expected, "{id}");
        assert!(world.books(id).await.is_empty(), "it was never approved");
    }
    assert_eq!(world.risk("n-1").await.1, ["repeat_never"]);
    let reason = world.get("n-1").await["reason"].clone();
    assert_eq!(reason, "Declined by Florin: the issuer does not allow this card to be tried again");
    // Visa, any other: twenty. Mastercard: ten in 24 hours, and then again.
    for number in 0..21 {
        let id = format!("v-{number}");
        assert_eq!(declined_by_us(&world, &id, DECLINED).await, number == 20, "{id}");
    }
    assert_eq!(world.risk("v-20").await.1, ["repeat_limit"]);
    let reason = world.get("v-20").await["reason"].clone();
    assert_eq!(reason, "Declined by Florin: the card scheme allows no further attempt for now");
    for number in 0..11 {
        let id = format!("m-{number}");
        assert_eq!(declined_by_us(&world, &id, MASTERCARD_DECLINED).await, number == 10, "{id}");
    }
    // What we refused ourselves is no repeat: a day after the last decline it may be tried again,
    // however often it was refused meanwhile.
    world.advance(12 * HOUR).await;
    assert!(declined_by_us(&world, "m-11", MASTERCARD_DECLINED).await);
    world.advance(12 * HOUR + 1).await;
    assert!(!declined_by_us(&world, "m-12", MASTERCARD_DECLINED).await);
    // A day is not enough for Visa, and nor are 29.
    assert!(declined_by_us(&world, "v-21", DECLINED).await);
    // Mastercard: 35 in 30 days, never ten in one. Eleven there are.
    for number in 0..24 {
        if number % 8 == 0 {
            world.advance(25 * HOUR).await;
        }
        let id = format!("w-{number}");
        assert!(!declined_by_us(&world, &id, MASTERCARD_DECLINED).await, "{id}");
    }
    assert!(declined_by_us(&world, "w-24", MASTERCARD_DECLINED).await);
    world.advance(25 * DAY).await;
    // 29 days and some hours after the first ones.
    assert!(declined_by_us(&world, "w-25", MASTERCARD_DECLINED).await);
    assert!(declined_by_us(&world, "v-22", DECLINED).await);
    world.advance(DAY).await;
    assert!(!declined_by_us(&world, "w-26", MASTERCARD_DECLINED).await);
    assert!(!declined_by_us(&world, "v-23", DECLINED).await);
    // "Never" is longer than a month.
    let order = with(world.order("n-3", NO_SUCH_CARD), &[("amount", json!(1000))]);
    assert_eq!(world.try_order(&order).await.1, 1024);
    assert!(refused(&world, "n-3").await);
}

#[tokio::test]
async fn the_issuers_advice_ends_a_mastercard() {
    let world = World::sqlite().await;
    world.set_risk(json!({ "repeat_limits": true })).await;
    for (advice, ends) in [("02", false), ("03", true), ("21", true)] {
        let amount = 1000 + advice.parse::<i64>().unwrap();
        let decline = json!({
            "fault": "decline", "code": "05", "advice": advice, "types": ["0100"],
        });
        world.fault(decline).await;
        let order =
            |id: &str| with(world.order(id, "5555555555554444"), &[("amount", json!(amount))]);
        let first = format!("first-{advice}");
        assert_eq!(world.try_order(&order(&first)).await.1, 1024);
        assert!(!refused(&world, &first).await);
        let again = format!("again-{advice}");
        let (_, answer) = world.create(&order(&again)).await;
        if ends {
            assert_eq!(answer["error_code"], 1024, "{answer}");
            assert!(refused(&world, &again).await);
            assert_eq!(world.risk(&again).await.1, ["repeat_never"]);
        } else {
            assert_eq!(answer["data"]["status"], "completed", "{answer}");
        }
    }
}

/// The scheme sees what the card is asked for, which is not what the order costs.
#[tokio::test]
async fn where_a_gift_card_pays_a_part_the_rest_is_what_is_repeated() {
    let world = World::sqlite().await;
    world.set_risk(json!({ "repeat_limits": true })).await;
    let page = world.open_to_all("tea").await;
    let gift_card = world.gift_card(&page, "BOEKENBON").await;
    let page = world.has(&gift_card, "1000").await;
    let declined = async |page: &str| {
        let form = world.card_form(page).await;
        away(world.pay(&form, NO_SUCH_CARD).await)
    };
    let page = declined(&page).await;
    assert_ne!(world.risk("tea").await.1, ["repeat_never"], "the issuer was asked");
    let page = declined(&page).await;
    assert_eq!(world.risk("tea").await.1, ["repeat_never"], "the issuer had said never");
    // An order that costs as much as the rest is the same payment to the scheme, and one that
    // costs as much as the whole is another.
    for (id, amount, expected) in [("rest", 1599, true), ("whole", 2599, false)] {
        let order = with(world.order(id, NO_SUCH_CARD), &[("amount", json!(amount))]);
        assert_eq!(world.try_order(&order).await.1, 1024);
        assert_eq!(refused(&world, id).await, expected, "{id}");
    }
    // Another card pays the rest.
    let form = world.card_form(&page).await;
    assert_eq!(away(world.pay(&form, VISA).await), world.shop.url("/thanks?transactionid=tea"));
    world.becomes("tea", "completed").await;
}

#[tokio::test]
async fn a_merchant_charges_a_stored_card_as_often_as_the_scheme_allows() {
    let world = World::sqlite().await;
    world.set_risk(json!({ "repeat_limits": true })).await;
    let mut first = world.order("agreed", VISA);
    first["recurring_model"] = json!("unscheduled");
    first["customer"]["reference"] = json!("payer-7");
    let (_, answer) = world.create(&first).await;
    let token = answer["data"]["payment_details"]["recurring_id"].as_str().unwrap().to_owned();
    let charge = |id: &str| {
        json!({
            "type": "direct", "order_id": id, "currency": "EUR", "amount": 1000,
            "description": "What was used", "recurring_id": token,
        })
    };
    world.fault(json!({ "fault": "decline", "code": "51", "count": 21, "types": ["0100"] })).await;
    for number in 0..21 {
        let id = format!("charge-{number}");
        assert_eq!(world.create(&charge(&id)).await.1["error_code"], 1024);
        assert_eq!(refused(&world, &id).await, number == 20, "{id}");
        world.advance(DAY).await;
    }
    // The first of them is 21 days old. Until it is 30 nothing is sent: one decline waits there.
    world.advance(9 * DAY - HOUR).await;
    assert_eq!(world.create(&charge("early")).await.1["error_code"], 1024);
    assert!(refused(&world, "early").await);
    assert_eq!(world.risk("early").await.1, ["repeat_limit"]);
    world.advance(2 * HOUR).await;
    assert_eq!(world.create(&charge("late")).await.1["error_code"], 1024);
    assert!(!refused(&world, "late").await, "the issuer was asked");
    // An approval is what ends it, and nothing that was never declined is refused.
    for number in 0..25 {
        let order = with(world.order(&format!("fine-{number}"), VISA), &[("amount", json!(77))]);
        assert_eq!(world.create(&order).await.1["data"]["status"], "completed");
    }
}

#[tokio::test]
async fn of_many_repeats_at_once_no_more_are_sent_than_the_scheme_allows() {
    let world = World::sqlite().await;
    world.set_risk(json!({ "repeat_limits": true })).await;
    for number in 0..15 {
        assert!(!declined_by_us(&world, &format!("before-{number}"), DECLINED).await);
    }
    let world = std::sync::Arc::new(world);
    let burst: Vec<_> = (0..30)
        .map(|number| {
            let world = world.clone();
            tokio::spawn(async move {
                declined_by_us(&world, &format!("burst-{number}"), DECLINED).await
            })
        })
        .collect();
    let mut sent = 0;
    for attempt in burst {
        sent += i32::from(!attempt.await.unwrap());
    }
    assert!((1..=5).contains(&sent), "{sent} of 30 were sent where five were left");
}

#[tokio::test]
async fn a_test_site_holds_to_no_limits_until_it_is_told_to() {
    let world = World::sqlite().await;
    world.set(&[("three_ds.policy", json!("never"))]).await;
    for number in 0..22 {
        assert!(!declined_by_us(&world, &format!("free-{number}"), DECLINED).await);
    }
}

#[tokio::test]
async fn a_site_that_counts_nothing_keeps_nothing() {
    let world = World::sqlite().await;
    world.set(&[("three_ds.policy", json!("never"))]).await;
    world.create(&world.order("quiet", VISA)).await;
    world.set_risk(json!({ "limit_ip": 1 })).await;
    assert_eq!(world.try_order(&world.order("first", VISA)).await.0, 200);
    assert_eq!(world.try_order(&world.order("second", VISA)).await.0, 429);
}
