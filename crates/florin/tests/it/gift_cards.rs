//! Gift cards pay what is on them: with others for the rest, or back again.

use florin::gateway::audit::audit;
use florin::gateway::report::{OperationKind, Report};
use florin_core::ledger::Account;
use serde_json::{Value, json};

use crate::hosted_page::{DECLINED, away, page};
use crate::methods::steady;
use crate::payer::{Form, Led, form_of};
use crate::provider_page::{ProviderForm, method_form};
use crate::world::{VISA, World, eventually};

const OPEN: (&str, &str) = ("initialized", "initialized");

impl World {
    /// An order that can be paid with anything on a page, and its address.
    pub(crate) async fn open_to_all(&self, id: &str) -> String {
        let mut order = self.offered(id);
        order.as_object_mut().unwrap().remove("gateway");
        self.offer(&order).await
    }

    /// The form of the page with the methods.
    async fn methods_of(&self, page: &str) -> (Form, String) {
        let url = url::Url::parse(page).unwrap().join("methods?lang=nl_NL").unwrap();
        let led = self.open(url.as_str()).await;
        let Led::Page { status: 200, html, url } = led else { panic!("no list: {led:?}") };
        (method_form(&html, &url), html)
    }

    /// A payer chooses a gift card on a page; the form of its provider.
    pub(crate) async fn gift_card(&self, page: &str, id: &str) -> ProviderForm {
        let (mut form, html) = self.methods_of(page).await;
        assert!(html.contains(&format!("value=\"{id}\"")), "{html}");
        form.fields.retain(|(name, _)| name != "method");
        form.fields.push(("method".to_owned(), id.to_owned()));
        let way = away(self.submit(&form).await);
        let provider = away(self.open(&way).await);
        self.provider_form(&provider).await
    }

    /// The gift card has so much, in minor units; where the payer then is.
    pub(crate) async fn has(&self, form: &ProviderForm, balance: &str) -> String {
        let mut choice = form.choosing("typed_balance");
        choice.fields.retain(|(name, _)| name != "balance");
        choice.fields.push(("balance".to_owned(), balance.to_owned()));
        let mut url = away(self.submit(&choice).await);
        while url.starts_with(&self.base) && !url.contains("/connect/") {
            url = away(self.open(&url).await);
        }
        url
    }

    async fn is(&self, id: &str, expected: (&str, &str)) {
        let found = self.statuses(id).await;
        assert_eq!((found.0.as_str(), found.1.as_str()), expected, "{id}");
    }

    /// The ledger has no fault; what is in an account.
    pub(crate) async fn in_account(&self, account: Account) -> i64 {
        let gateway = self.gateway();
        let site = gateway.store.sites().await.unwrap()[0].id;
        let found = audit(gateway.store.as_ref(), &gateway.vault, site).await.unwrap();
        assert_eq!(found.faults, Vec::<String>::new());
        found.balances.get("EUR").map_or(0, |euros| euros.get(account))
    }

    /// Everything that was reported of an order: kind, amount, and whether money has moved.
    async fn reported(&self, id: &str) -> Vec<(OperationKind, i64, bool)> {
        let store = self.gateway().store.clone();
        let site = store.sites().await.unwrap()[0].id;
        let mut report = Report::new(site, 0, 0..i64::MAX);
        let mut found = Vec::new();
        while let Some(operations) = report.next(store.as_ref()).await.unwrap() {
            let of_order = operations.into_iter().filter(|it| it.reference == id);
            found.extend(of_order.map(|it| (it.kind, it.amount, it.completed.is_some())));
        }
        found
    }
}

/// What was paid with what: `payment_methods` without what differs from run to run.
fn paid_with(order: &Value) -> Vec<(String, i64, Value)> {
    let methods = order["payment_methods"].as_array().unwrap().iter();
    let entry = |it: &Value| {
        let name = it["type"].as_str().unwrap().to_owned();
        (name, it["amount"].as_i64().unwrap(), it["coupon_brand"].clone())
    };
    methods.map(entry).collect()
}

async fn two_gift_cards_and_a_card(world: World) {
    let url = world.open_to_all("tea").await;
    let form = world.gift_card(&url, "BOEKENBON").await;
    assert!(form.html.contains("€\u{a0}25,99"), "{}", form.html);
    let back = world.has(&form, "1000").await;
    assert!(back.contains("/connect/"), "{back}");
    world.is("tea", OPEN).await;
    let shown = world.get("tea").await;
    assert_eq!(shown["amount"], 2599);
    assert_eq!(paid_with(&shown), [("BOEKENBON".into(), 1000, json!("BOEKENBON"))]);
    eventually("the shop is told", async || {
        world.shop.heard("tea").iter().any(|it| paid_with(&it.order()).len() == 1)
    })
    .await;
    // The page says what was paid, and what is left.
    let (status, html) = page(world.open(&back).await);
    assert_eq!(status, 200);
    for text in ["Boekenbon", "€\u{a0}10,00", "Nog te betalen", "€\u{a0}15,99", "€\u{a0}25,99"]
    {
        assert!(html.contains(text), "{text}: {html}");
    }
    // The second one is asked for the rest only, and has half of it.
    let form = world.gift_card(&back, "VVVGIFTCRD").await;
    assert!(form.html.contains("€\u{a0}15,99"), "{}", form.html);
    let back = world.choose(&form, "half_balance").await;
    assert_eq!(world.get("tea").await["payment_methods"][1]["amount"], 799);
    // A card that is declined ends nothing.
    let card = world.card_form(&back).await;
    let Led::Away(again) = world.pay(&card, DECLINED).await else { panic!("taken") };
    assert!(again.contains("/connect/"), "{again}");
    world.is("tea", OPEN).await;
    assert_eq!(paid_with(&world.get("tea").await).len(), 2);
    let card = world.card_form(&again).await;
    let Led::Away(arrived) = world.pay(&card, VISA).await else { panic!("not paid") };
    assert_eq!(arrived, world.shop.url("/thanks?transactionid=tea"));
    let shown = world.becomes("tea", "completed").await;
    let expected = [
        ("BOEKENBON".into(), 1000, json!("BOEKENBON")),
        ("VVVGIFTCRD".into(), 799, json!("VVVGIFTCRD")),
        ("VISA".into(), 800, Value::Null),
    ];
    assert_eq!(paid_with(&shown), expected);
    assert_eq!(
        (&shown["amount"], &shown["payment_details"]["type"]),
        (&json!(2599), &json!("VISA"))
    );
    eventually("the shop is told of all three", async || {
        world.shop.heard("tea").iter().any(|it| paid_with(&it.order()) == expected)
    })
    .await;
    // The acquirer's host was asked for the rest only.
    world.captured("tea", 800).await;
    assert_eq!(world.in_account(Account::Provider).await, 1799);
    assert_eq!(world.in_account(Account::Acquirer).await, 800);
    assert_eq!(world.in_account(Account::Captured).await, -2599);
    let mut reported = world.reported("tea").await;
    reported.sort_by_key(|it| it.1);
    let paid = |minor| (OperationKind::Payment, minor, true);
    assert_eq!(reported, [paid(799), paid(800), paid(1000)]);
    // At most what the card paid goes back; then the order is not refunded as a whole.
    world.set(&[("refund_settlement", json!("at_once"))]).await;
    let refund = async |minor: i64| {
        let body = json!({ "currency": "EUR", "amount": minor }).to_string();
        world.post("/v1/json/orders/tea/refunds", body).await
    };
    let (status, answer) = refund(801).await;
    assert_eq!((status, &answer["error_code"]), (404, &json!(1034)), "{answer}");
    assert_eq!(refund(800).await.0, 200);
    world.rests("tea", "partial_refunded", "completed").await;
    assert_eq!(refund(1).await.1["error_code"], 1034);
    assert_eq!(world.get("tea").await["amount_refunded"], 800);
    assert_eq!(world.in_account(Account::Provider).await, 1799);
    // Lists have each payment.
    let path = "/v1/json/transactions?type=payment&status=completed";
    let (_, listed) = world.get_path(path).await;
    let amounts = listed["data"].as_array().unwrap().iter().map(|it| it["amount"].clone());
    let amounts: Vec<Value> = amounts.collect();
    assert!(amounts.contains(&json!(1000)) && amounts.contains(&json!(799)), "{listed}");
}

#[tokio::test]
async fn a_card_pays_what_two_gift_cards_leave_on_sqlite() {
    two_gift_cards_and_a_card(World::sqlite().await).await;
}

#[tokio::test]
async fn a_card_pays_what_two_gift_cards_leave_on_postgresql() {
    two_gift_cards_and_a_card(World::postgres().await).await;
}

#[tokio::test]
async fn a_gift_card_pays_what_another_one_leaves_and_is_not_refunded() {
    let world = World::sqlite().await;
    // The shop named the first one; the rest can be paid with anything.
    let mut order = world.order_by("named", "BOEKENBON");
    order["type"] = json!("redirect");
    let provider = world.provider_of(&order).await;
    let form = world.provider_form(&provider).await;
    let back = world.has(&form, "2598").await;
    let mut shown = format!("a part\n{}\n\n", steady(&world, world.get("named").await));
    let (_, html) = page(world.open(&back).await);
    assert!(html.contains("card_number") && html.contains("methods?lang="), "{html}");
    let form = world.gift_card(&back, "YOURGIFT").await;
    let arrived = world.has(&form, "100000").await;
    assert_eq!(arrived, world.shop.url("/thanks?transactionid=named"));
    let order = world.get("named").await;
    assert_eq!(order["payment_details"]["type"], "YOURGIFT");
    shown += &format!("the rest\n{}\n", steady(&world, order));
    insta::assert_snapshot!("gift_cards", shown);
    let body = json!({ "currency": "EUR", "amount": 1 }).to_string();
    let (_, answer) = world.post("/v1/json/orders/named/refunds", body).await;
    assert_eq!(answer["error_code"], 1034);
    assert_eq!(world.in_account(Account::Provider).await, 2599);
}

#[tokio::test]
async fn an_empty_gift_card_is_declined_for_that() {
    let world = World::sqlite().await;
    for (id, scenario) in [("none", "no_balance"), ("typed", "0")] {
        let url = world.open_to_all(id).await;
        let form = world.gift_card(&url, "BOEKENBON").await;
        let back = match scenario {
            "0" => world.has(&form, "0").await,
            scenario => world.choose(&form, scenario).await,
        };
        assert!(back.contains("/connect/"), "{back}");
        let shown = world.get(id).await;
        assert_eq!((&shown["status"], &shown["reason_code"]), (&json!("declined"), &json!("4002")));
        assert_eq!(shown["reason"], "Insufficient balance");
    }
    // What is no number of cents is asked for again.
    let url = world.open_to_all("odd").await;
    let form = world.gift_card(&url, "BOEKENBON").await;
    for odd in ["-1", "1.5", "", "ten", "99999999999999999999", "1 000", "+5"] {
        let mut choice = form.choosing("typed_balance");
        choice.fields.retain(|(name, _)| name != "balance");
        choice.fields.push(("balance".to_owned(), odd.to_owned()));
        let (status, _) = page(world.submit(&choice).await);
        assert_eq!(status, 422, "{odd}");
        world.is("odd", OPEN).await;
    }
    world.has(&form, "100").await;
    assert_eq!(paid_with(&world.get("odd").await)[0].1, 100);
}

/// An order of which a gift card has paid 10 euros; the address of its page.
async fn begun(world: &World, id: &str) -> String {
    let url = world.open_to_all(id).await;
    let form = world.gift_card(&url, "BOEKENBON").await;
    world.has(&form, "1000").await
}

/// The part went back: the order says so, and the books have nothing of it any more.
async fn given_back(world: &World, id: &str) {
    eventually("the part is given back", async || world.get(id).await["amount_refunded"] == 1000)
        .await;
    let shown = world.get(id).await;
    let related = &shown["related_transactions"][0];
    assert_eq!((&related["type"], &related["status"]), (&json!("refund"), &json!("completed")));
    assert_eq!(related["amount"], 1000, "{shown}");
    assert_eq!(world.in_account(Account::Provider).await, 0);
    let sum: i64 = world.reported(id).await.iter().filter(|it| it.2).map(|it| it.1).sum();
    assert_eq!(sum, 0);
    let found =
        world.get_path(&format!("/v1/json/transactions/{}", related["transaction_id"])).await;
    assert_eq!(found.1["data"]["amount"], 1000, "{found:?}");
    eventually("the shop is told", async || {
        world.shop.heard(id).iter().any(|it| it.order()["amount_refunded"] == 1000)
    })
    .await;
}

#[tokio::test]
async fn a_part_goes_back_when_the_order_comes_to_nothing() {
    let world = World::sqlite().await;
    // The shop gives it up.
    begun(&world, "cancelled").await;
    let body = json!({ "status": "cancelled" }).to_string();
    assert_eq!(world.patch("/v1/json/orders/cancelled", body).await.0, 200);
    world.is("cancelled", ("void", "cancelled")).await;
    given_back(&world, "cancelled").await;
    // Its time runs out.
    let page_url = begun(&world, "late").await;
    world.advance(31 * 86_400).await;
    world.rests("late", "expired", "expired").await;
    given_back(&world, "late").await;
    assert_eq!(page(world.open(&page_url).await).0, 410);
    // The payer gives it up, and may pay all of it with something else.
    let page_url = begun(&world, "payer").await;
    let Led::Page { html, url, .. } = world.open(&page_url).await else { panic!("no page") };
    let start = html.find("<form method=\"post\" action=\"cancel").unwrap();
    let cancel = form_of(&html[start..], &url).unwrap();
    assert!(away(world.submit(&cancel).await).starts_with(&world.shop.url("/cart")));
    world.is("payer", OPEN).await;
    given_back(&world, "payer").await;
    let card = world.card_form(&page_url).await;
    away(world.pay(&card, VISA).await);
    world.becomes("payer", "completed").await;
    world.captured("payer", 2599).await;
    assert_eq!(world.in_account(Account::Acquirer).await, 2599);
}

#[tokio::test]
async fn an_order_id_with_a_part_is_taken_until_it_went_back() {
    let world = World::sqlite().await;
    begun(&world, "again").await;
    for order in [world.order("again", VISA), world.offered("again")] {
        let (_, answer) = world.create(&order).await;
        assert_eq!(answer["error_code"], 1006, "{answer}");
    }
    let body = json!({ "status": "cancelled" }).to_string();
    world.patch("/v1/json/orders/again", body).await;
    given_back(&world, "again").await;
    let (status, answer) = world.create(&world.offered("again")).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(world.in_account(Account::Captured).await, 0);
}
