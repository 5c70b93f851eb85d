//! Stored cards on the payment page: which are offered to whom, and what paying with one does.

use std::sync::Arc;

use florin::app::{self, Foundation};
use florin::clock::{Clock, SystemClock};
use florin::store::{AccountRow, TokenState};
use florin::vault::SystemRandom;
use serde_json::{Value, json};

use crate::hosted_page::{away, page, typed};
use crate::payer::Form;
use crate::tokens::{DAY, OWNER, REFERENCE, delete, heard, quiet, refusal, store};
use crate::world::{API_KEY, CHALLENGED, VISA, World};

const AMEX: &str = "378282246310005";

/// An order of the payer who has stored cards.
fn of_payer(world: &World, id: &str) -> Value {
    let mut order = world.offered(id);
    order["customer"]["reference"] = json!("cust/17@shop é");
    order
}

/// The names that a form has for the stored cards, in its order.
fn choices(form: &Form) -> Vec<String> {
    let chosen = form.fields.iter().filter(|(name, _)| name == "stored_card");
    chosen.map(|(_, value)| value.clone()).filter(|it| !it.is_empty()).collect()
}

/// The form with a stored card chosen and its code typed; everything else as a browser without
/// scripts sends it.
fn chosen(form: &Form, card: &str, cvc: &str) -> Form {
    let mut fields = form.fields.clone();
    fields.retain(|(name, _)| name != "stored_card" && name != "card_cvc");
    fields.push(("stored_card".to_owned(), card.to_owned()));
    fields.push(("card_cvc".to_owned(), cvc.to_owned()));
    Form { action: form.action.clone(), post: form.post, fields, is_challenge: false }
}

/// The form and the text of the page behind a link.
async fn shown(world: &World, url: &str) -> (Form, String) {
    let (status, html) = page(world.open(url).await);
    assert_eq!(status, 200, "{html}");
    (world.card_form(url).await, html)
}

/// What the page of a new order offers.
async fn offered(world: &World, order: &Value) -> Vec<String> {
    let url = world.offer(order).await;
    choices(&world.card_form(&url).await)
}

/// Another site, of this account; its key.
async fn site_of(world: &World, account_id: i64) -> String {
    let gateway = world.gateway();
    let (store, now) = (gateway.store.clone(), SystemClock.now());
    let account = AccountRow { id: account_id, name: "Another".to_owned(), created_at: now };
    let _ = store.insert_account(account).await.unwrap();
    let mut site = store.sites().await.unwrap().remove(0);
    site.id += account_id % 1000 + 50;
    site.account_id = account_id;
    let id = site.id;
    let _ = store.insert_site(site).await.unwrap();
    let foundation = Foundation {
        store,
        vault: gateway.vault.clone(),
        random: Arc::new(SystemRandom),
        clock: Arc::new(SystemClock),
        key_file_created: false,
    };
    let key = app::new_site_key(&foundation, id, "test").await.unwrap();
    gateway.directory.refresh(gateway.store.as_ref(), &gateway.vault).await.unwrap();
    key.to_string()
}

async fn create_with(world: &World, key: &str, order: &Value) -> (u16, Value) {
    let request = world.http.post(format!("{}/v1/json/orders", world.base)).header("api_key", key);
    let answer = request.body(order.to_string()).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
}

async fn paid_with_a_stored_card(world: World) {
    let world = quiet(world).await;
    let token = store(&world, "one", VISA, "cardOnFile").await;
    let url = world.offer(&of_payer(&world, "two")).await;
    let (form, html) = shown(&world, &url).await;
    for part in ["1111", "12/30", "value=\"\"", "Visa"] {
        assert!(html.contains(part), "{part} in {html}");
    }
    assert!(!html.contains(&token), "a token is the shop's: {html}");
    assert_eq!(html.matches(" checked").count(), 1);
    let cards = choices(&form);
    assert_eq!(cards.len(), 1);
    let led = world.submit(&chosen(&form, &cards[0], "123")).await;
    assert_eq!(away(led), world.shop.url("/thanks?transactionid=two"));
    let order = world.becomes("two", "completed").await;
    let details = &order["payment_details"];
    assert_eq!(details["recurring_flow"], "token");
    assert_eq!(details["recurring_id"], token);
    assert_eq!(details["recurring_model"], "cardOnFile");
    assert_eq!((&details["last4"], &details["type"]), (&json!("1111"), &json!("VISA")));
    world.captured("two", 2599).await;

    // The payer starts it, with a stored card, its code, and the reference of the first payment.
    let reference = &world.books("one").await[0]["network_reference"];
    let follows = format!("[07={}]", reference.as_str().unwrap());
    let request = heard(&world, "two").await.remove(0);
    for part in ["0100", " 22=100", " 25=59", "[01=E]", "[02=C101]", "[20=1]", &follows] {
        assert!(request.contains(part), "{part} in {request}");
    }
    assert!(!request.contains("MIT"), "{request}");

    // Another card is typed beside it, and is not stored unless the shop asks for that.
    let url = world.offer(&of_payer(&world, "three")).await;
    let form = world.card_form(&url).await;
    let mut other = typed(&form, CHALLENGED);
    other.fields.retain(|(name, _)| name != "stored_card");
    other.fields.push(("stored_card".to_owned(), String::new()));
    assert!(away(world.submit(&other).await).contains("/thanks?"));
    let details = world.becomes("three", "completed").await["payment_details"].clone();
    assert_eq!((&details["recurring_id"], &details["last4"]), (&Value::Null, &json!("4444")));
}

#[tokio::test]
async fn a_stored_card_pays_with_its_code_alone_on_sqlite() {
    paid_with_a_stored_card(World::sqlite().await).await;
}

#[tokio::test]
async fn a_stored_card_pays_with_its_code_alone_on_postgresql() {
    paid_with_a_stored_card(World::postgres().await).await;
}

#[tokio::test]
async fn a_page_offers_what_its_payer_can_use_now() {
    let world = quiet(World::sqlite().await).await;
    let visa = store(&world, "visa", VISA, "cardOnFile").await;
    store(&world, "amex", AMEX, "cardOnFile").await;
    // Stored for the shop's use, not for the payer's.
    store(&world, "sub", CHALLENGED, "subscription").await;
    let count = async |id: &str, changes: &[(&str, Value)]| {
        let order = crate::risk::with(of_payer(&world, id), changes);
        offered(&world, &order).await.len()
    };
    assert_eq!(count("all", &[]).await, 2);
    assert_eq!(count("model", &[("recurring_model", json!("cardOnFile"))]).await, 2);
    assert_eq!(count("later", &[("recurring_model", json!("subscription"))]).await, 0);
    assert_eq!(count("brand", &[("gateway", json!("AMEX"))]).await, 1);
    assert_eq!(count("currency", &[("currency", json!("SEK"))]).await, 1);
    assert_eq!(count("nothing", &[("amount", json!(0))]).await, 0);
    assert_eq!(count("stranger", &[("customer/reference", json!("cust/18"))]).await, 0);
    assert_eq!(count("nobody", &[("customer/reference", Value::Null)]).await, 0);
    assert_eq!(count("nul", &[("customer/reference", json!("a\u{0}b"))]).await, 0);
    // A first payment that is under way.
    world.set(&[("three_ds.policy", json!("always"))]).await;
    let mut pending = world.order("pending", CHALLENGED);
    pending["recurring_model"] = json!("cardOnFile");
    pending["customer"]["reference"] = json!("cust/17@shop é");
    assert_eq!(world.create(&pending).await.1["data"]["status"], "initialized");
    assert_eq!(count("pending-2", &[]).await, 2);
    world.set(&[("tokenization.cardonfile", json!(false))]).await;
    assert_eq!(count("off", &[]).await, 0);
    world.set(&[("tokenization.cardonfile", json!(true))]).await;
    // One is deleted, the other one grows old.
    delete(&world, &format!("/v1/json/recurring/{REFERENCE}/remove/{visa}")).await;
    assert_eq!(count("deleted", &[]).await, 1);
    world.advance(5 * 366 * DAY).await;
    assert_eq!(count("expired", &[]).await, 0);
}

#[tokio::test]
async fn a_card_that_is_not_offered_pays_nothing() {
    let world = quiet(World::sqlite().await).await;
    let visa = store(&world, "visa", VISA, "cardOnFile").await;
    let amex = store(&world, "amex", AMEX, "cardOnFile").await;
    let url = world.offer(&of_payer(&world, "mine")).await;
    let form = world.card_form(&url).await;
    let own = choices(&form);
    let other = world.offer(&of_payer(&world, "other")).await;
    let of_other_page = choices(&world.card_form(&other).await);
    assert_ne!(own, of_other_page, "a name is good on one page only");
    let made_up = ["x", &visa, &own[0][1..], &of_other_page[0], "\u{0}", &"a".repeat(5000)];
    for card in made_up {
        let (status, html) = page(world.submit(&chosen(&form, card, "123")).await);
        assert!(status == 422 && html.contains("href=\"#stored_card\""), "{card}: {html}");
    }
    // Deleted while the page was open.
    delete(&world, &format!("/v1/json/recurring/{REFERENCE}/remove/{amex}")).await;
    let (status, html) = page(world.submit(&chosen(&form, &own[0], "1234")).await);
    assert!(status == 422 && html.contains("href=\"#stored_card\""), "{html}");
    // The code belongs to the card that is chosen, and is asked for.
    for cvc in ["", "12", "1234", "abc"] {
        let (status, html) = page(world.submit(&chosen(&form, &own[1], cvc)).await);
        assert!(status == 422 && html.contains("href=\"#card_cvc\""), "{cvc}: {html}");
        let stays = format!("value=\"{}\" checked", own[1]);
        assert!(html.contains(&stays), "it is still chosen: {html}");
    }
    assert_eq!(world.get("mine").await["transaction_id"], Value::Null);
    assert!(world.books("mine").await.is_empty());
    assert!(away(world.submit(&chosen(&form, &own[1], "123")).await).contains("/thanks?"));
}

#[tokio::test]
async fn an_order_may_name_the_card_of_its_page() {
    let world = quiet(World::sqlite().await).await;
    let visa = store(&world, "visa", VISA, "cardOnFile").await;
    store(&world, "amex", AMEX, "cardOnFile").await;
    let subscription = store(&world, "sub", CHALLENGED, "subscription").await;
    let named = |id: &str, token: &str, changes: &[(&str, Value)]| {
        let mut order = crate::risk::with(of_payer(&world, id), changes);
        order["recurring_id"] = json!(token);
        order
    };
    // It is the first one, and chosen; the rest of the payer's come after it.
    let url = world.offer(&named("first", &visa, &[])).await;
    let (form, html) = shown(&world, &url).await;
    let cards = choices(&form);
    assert_eq!(cards.len(), 2);
    let first = html.find("1111").unwrap();
    assert!(first < html.find("0005").unwrap() && html[..first].contains(" checked"), "{html}");
    assert!(away(world.submit(&chosen(&form, &cards[0], "123")).await).contains("/thanks?"));
    let order = world.becomes("first", "completed").await;
    assert_eq!(order["payment_details"]["recurring_id"], visa);
    // Without a reference the shop vouches for its payer; with a link it is the same.
    let bare = [("customer/reference", Value::Null), ("type", json!("paymentlink"))];
    assert_eq!(offered(&world, &named("bare", &visa, &bare)).await.len(), 1);
    // Whatever a card was stored for, its owner may use it.
    let url = world.offer(&named("owner", &subscription, &[])).await;
    let form = world.card_form(&url).await;
    let card = choices(&form).remove(0);
    assert!(away(world.submit(&chosen(&form, &card, "123")).await).contains("/thanks?"));
    let details = world.becomes("owner", "completed").await["payment_details"].clone();
    assert_eq!(details["recurring_model"], "cardOnFile");
    assert_eq!(details["recurring_id"], subscription);
    let request = heard(&world, "owner").await.remove(0);
    assert!(request.contains("[02=C101]") && !request.contains("MIT"), "{request}");

    let unknown = (404, 1000, "Not found: token");
    let not_allowed = (404, 1000, "Transaction not allowed");
    for (token, changes, expected) in [
        ("AAAAAAAAAAAAAAAA", vec![], unknown),
        ("a\u{0}b", vec![], unknown),
        (&visa, vec![("customer/reference", json!("cust/18"))], unknown),
        (&visa, vec![("gateway", json!("MASTERCARD"))], not_allowed),
        (&visa, vec![("recurring_model", json!("subscription"))], not_allowed),
        (&visa, vec![("amount", json!(0))], (404, 1001, "Invalid amount")),
    ] {
        let refused = world.create(&named("refused", token, &changes)).await;
        assert_eq!(refusal(&refused), expected, "{token} {changes:?}");
        assert_eq!(world.get("refused").await, Value::Null, "{changes:?}");
    }
    delete(&world, &format!("/v1/json/recurring/{REFERENCE}/remove/{visa}")).await;
    assert_eq!(refusal(&world.create(&named("deleted", &visa, &[])).await), unknown);
}

#[tokio::test]
async fn cards_belong_to_an_account_and_all_of_its_sites() {
    let world = quiet(World::sqlite().await).await;
    let token = store(&world, "one", VISA, "cardOnFile").await;
    let (sister, stranger) =
        (site_of(&world, OWNER.account_id).await, site_of(&world, OWNER.account_id + 1).await);
    let charge = |id: &str| crate::tokens::charge(id, &token);
    let (status, answer) = create_with(&world, &sister, &charge("sister")).await;
    assert_eq!((status, &answer["data"]["status"]), (200, &json!("completed")), "{answer}");
    let refused = create_with(&world, &stranger, &charge("stranger")).await;
    assert_eq!(refusal(&refused), (404, 1000, "Not found: token"));
    let mut named = of_payer(&world, "named");
    named["recurring_id"] = json!(token);
    let refused = create_with(&world, &stranger, &named).await;
    assert_eq!(refusal(&refused), (404, 1000, "Not found: token"));
    for (key, cards) in [(API_KEY, 1), (&sister, 1), (&stranger, 0)] {
        let (status, answer) = create_with(&world, key, &of_payer(&world, "page")).await;
        assert_eq!(status, 200, "{answer}");
        let url = answer["data"]["payment_url"].as_str().unwrap();
        assert_eq!(choices(&world.card_form(url).await).len(), cards);
    }
}

#[tokio::test]
async fn the_bank_may_ask_about_a_stored_card_too() {
    let world = World::sqlite().await;
    let mut first = world.order("one", CHALLENGED);
    first["recurring_model"] = json!("cardOnFile");
    first["customer"]["reference"] = json!("cust/17@shop é");
    let (_, answer) = world.create(&first).await;
    world.walk(answer["data"]["payment_url"].as_str().unwrap(), "Y").await;
    world.becomes("one", "completed").await;

    let url = world.offer(&of_payer(&world, "two")).await;
    let form = world.card_form(&url).await;
    let card = choices(&form).remove(0);
    // The payer is not who they say: back to the form, where another card may be tried.
    let bank = away(world.submit(&chosen(&form, &card, "123")).await);
    assert!(bank.contains("/pay/"), "{bank}");
    let mut challenge = world.walk_to_challenge(&bank).await;
    challenge.choose("N");
    let html = world.back_on_the_form(challenge).await;
    assert!(html.contains("role=\"alert\"") && !html.contains("A de Vries"), "{html}");
    let form = world.card_form(&url).await;
    let card = choices(&form).remove(0);
    let bank = away(world.submit(&chosen(&form, &card, "123")).await);
    let there = world.walk(&bank, "Y").await;
    assert!(there.starts_with(&world.shop.url("/thanks")), "{there}");
    let details = world.becomes("two", "completed").await["payment_details"].clone();
    assert_eq!(details["recurring_flow"], "token");
    assert_eq!(details["card_authentication_result"]["status"], "Y");
    let requests = heard(&world, "two").await;
    let request = requests.iter().rfind(|it| it.starts_with(" 0100 ")).unwrap();
    for part in ["[02=C101]", "[07=", "[35=C]", " 22=100"] {
        assert!(request.contains(part), "{part} in {request}");
    }
}

#[tokio::test]
async fn a_declined_stored_card_stays_stored_and_another_one_pays() {
    let world = quiet(World::sqlite().await).await;
    let token = store(&world, "one", VISA, "cardOnFile").await;
    let url = world.offer(&of_payer(&world, "two")).await;
    let form = world.card_form(&url).await;
    let card = choices(&form).remove(0);
    world.fault(json!({"fault": "decline", "code": "51", "count": 1, "types": ["0100"]})).await;
    away(world.submit(&chosen(&form, &card, "123")).await);
    world.becomes("two", "declined").await;
    let (form, html) = shown(&world, &url).await;
    assert!(html.contains("role=\"alert\"") && html.contains("value=\"\" checked"), "{html}");
    let row = world.gateway().store.token(OWNER, &token).await.unwrap().unwrap();
    assert_eq!(row.state, TokenState::Active);
    let mut other = typed(&form, CHALLENGED);
    other.fields.retain(|(name, _)| name != "stored_card");
    assert!(away(world.submit(&other).await).contains("/thanks?"));
    let details = world.becomes("two", "completed").await["payment_details"].clone();
    assert_eq!((&details["recurring_id"], &details["last4"]), (&Value::Null, &json!("4444")));
}

#[tokio::test]
async fn who_pays_with_a_card_that_is_stored_is_told_so() {
    let world = quiet(World::sqlite().await).await;
    let consent = "bewaart deze kaart, zodat je een volgende keer sneller betaalt.";
    let mut order = of_payer(&world, "first");
    let url = world.offer(&of_payer(&world, "plain")).await;
    assert!(!page(world.open(&url).await).1.contains(consent));
    order["recurring_model"] = json!("cardOnFile");
    let url = world.offer(&order).await;
    let (form, html) = shown(&world, &url).await;
    assert!(html.contains(consent), "{html}");
    assert!(away(world.pay(&form, VISA).await).contains("/thanks?"));
    let details = world.becomes("first", "completed").await["payment_details"].clone();
    assert_eq!(details["recurring_flow"], "manual");
    let token = details["recurring_id"].as_str().unwrap().to_owned();
    // However soon after the last time: it is the payer who pays.
    world.set(&[("recurring.min_interval", json!(DAY))]).await;
    for id in ["next", "and-next"] {
        order["order_id"] = json!(id);
        let url = world.offer(&order).await;
        let form = world.card_form(&url).await;
        let card = choices(&form).remove(0);
        assert!(away(world.submit(&chosen(&form, &card, "123")).await).contains("/thanks?"));
        let details = world.becomes(id, "completed").await["payment_details"].clone();
        assert_eq!(details["recurring_id"], token);
    }
    let refused = world.create(&crate::tokens::charge("by-shop", &token)).await;
    assert_eq!(refusal(&refused), (404, 1000, "Transaction not allowed"));
}
