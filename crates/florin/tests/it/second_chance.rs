//! Second Chance: who has not paid is reminded, unless there is a reason against it, and pays by
//! the reminder even what the shop has given up.

use std::sync::Arc;
use std::time::Duration;

use florin::gateway::audit::audit;
use serde_json::{Value, json};

use crate::hosted_page::{DECLINED, away, page};
use crate::mails::{server, settings};
use crate::postgres::fresh_database;
use crate::risk::with;
use crate::world::{CHALLENGED, VISA, World, all, eventually};

const HOUR: i64 = 60 * 60;
const FIRST: &str = "second_chance_first";
const SECOND: &str = "second_chance_second";

impl World {
    /// An order that is paid on a page, whose payer wants to be reminded. Every order has a payer
    /// of its own.
    fn reminded(&self, order_id: &str) -> Value {
        let mut order = self.offered(order_id);
        order["second_chance"] = json!({ "send_email": true });
        order["customer"]["email"] = json!(format!("{order_id}@payer.example"));
        order
    }

    async fn cancel(&self, order_id: &str, body: Value) {
        let path = format!("/v1/json/orders/{order_id}");
        let (status, answer) = self.patch(&path, body.to_string()).await;
        assert_eq!((status, &answer), (200, &json!({ "success": true, "data": {} })));
    }

    /// The reminders of an order: what was sent, and what was not with the reason.
    async fn reminders(&self, order_id: &str) -> Vec<(String, String)> {
        let (status, answer) = self.get_path("/test/mails").await;
        assert_eq!(status, 200, "{answer}");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let of_order = |mail: &&Value| {
            mail["order_id"] == order_id && text(&mail["type"]).starts_with("second_chance")
        };
        let list = |name: &str| answer[name].as_array().unwrap().clone();
        let sent = list("data")
            .iter()
            .filter(of_order)
            .map(|it| (text(&it["type"]), "sent".into()))
            .collect::<Vec<_>>();
        let not = list("suppressed")
            .iter()
            .filter(of_order)
            .map(|it| (text(&it["type"]), text(&it["reason"])))
            .collect::<Vec<_>>();
        let mut both = [sent, not].concat();
        both.sort();
        both
    }

    /// Waits until this has become of the reminders of an order.
    async fn reminders_are(&self, order_id: &str, expected: &[(&str, &str)]) {
        let expected: Vec<(String, String)> =
            expected.iter().map(|(kind, fate)| ((*kind).into(), (*fate).into())).collect();
        let what = format!("{order_id}: {expected:?}");
        eventually(&what, async || self.reminders(order_id).await.len() >= expected.len()).await;
        assert_eq!(self.reminders(order_id).await, expected, "{order_id}");
    }

    /// The link of the newest reminder of an order.
    async fn reminder_link(&self, order_id: &str) -> String {
        let (_, answer) = self.get_path("/test/mails").await;
        let mails = answer["data"].as_array().unwrap();
        let is_it = |mail: &&Value| {
            let kind = mail["type"].as_str().unwrap();
            mail["order_id"] == order_id && kind.starts_with("second_chance")
        };
        let plain = mails.iter().find(is_it).unwrap()["plain"].as_str().unwrap();
        let link = plain.lines().find(|line| line.contains("/connect/")).unwrap();
        link.trim().to_owned()
    }

    /// Whether the journal adds up to the orders.
    async fn assert_journal_adds_up(&self) {
        let gateway = self.gateway();
        let site = gateway.store.sites().await.unwrap()[0].id;
        let found = audit(gateway.store.as_ref(), &gateway.vault, site).await.unwrap();
        assert_eq!((found.faults_count, &found.faults), (0, &Vec::new()));
    }
}

async fn an_hour_and_a_day_after_the_session_opened(world: World) {
    let early = world.offer(&world.reminded("early")).await;
    world.advance(300).await;
    let mut alias = world.reminded("late");
    alias["second_chance"] = json!({ "send_mail": "true" });
    alias["type"] = json!("paymentlink");
    world.offer(&alias).await;
    // The one is due, the other in five minutes.
    world.advance(HOUR - 300).await;
    world.reminders_are("early", &[(FIRST, "sent")]).await;
    assert!(world.reminders("late").await.is_empty(), "not before its time");
    world.advance(300).await;
    world.reminders_are("late", &[(FIRST, "sent")]).await;

    let (_, answer) = world.get_path("/test/mails").await;
    let mail = answer["data"].as_array().unwrap().iter().find(|it| it["order_id"] == "early");
    let mail = mail.unwrap();
    assert_eq!(mail["to"], "early@payer.example");
    let html = mail["html"].as_str().unwrap();
    assert!(html.contains("<html lang=\"nl\">"), "in the payer's language: {html}");
    let link = world.reminder_link("early").await;
    assert!(link.starts_with(&early), "the same session: {link} {early}");
    assert!(html.contains(&link.replace('&', "&amp;")), "{html}");

    // Nobody moved: the second one comes, and after it none.
    world.advance(23 * HOUR - 300).await;
    world.reminders_are("early", &[(FIRST, "sent"), (SECOND, "sent")]).await;
    assert_eq!(world.reminders("late").await.len(), 1);
    world.advance(300).await;
    world.reminders_are("late", &[(FIRST, "sent"), (SECOND, "sent")]).await;
    world.advance(48 * HOUR).await;
    let form = world.card_form(&link).await;
    assert_eq!(away(world.pay(&form, VISA).await), world.shop.url("/thanks?transactionid=early"));
    world.becomes("early", "completed").await;
    world.captured("early", 2599).await;
    assert_eq!(world.reminders("early").await.len(), 2);
}

#[tokio::test]
async fn a_payer_is_reminded_an_hour_and_a_day_after_the_session_opened_on_sqlite() {
    an_hour_and_a_day_after_the_session_opened(World::sqlite().await).await;
}

#[tokio::test]
async fn a_payer_is_reminded_an_hour_and_a_day_after_the_session_opened_on_postgresql() {
    an_hour_and_a_day_after_the_session_opened(World::postgres().await).await;
}

/// An order for each reason, and some that only look like having one.
async fn reasons(world: World) {
    world.set(&[("three_ds.policy", json!("never"))]).await;
    let offer = async |order: Value| world.offer(&order).await;
    let pay = async |url: &str, card: &str| world.pay(&world.card_form(url).await, card).await;

    for id in ["paid", "shipped"] {
        let url = offer(world.reminded(id)).await;
        away(pay(&url, VISA).await);
        world.becomes(id, "completed").await;
    }
    let (status, _) = world.patch("/v1/json/orders/shipped", r#"{"status":"shipped"}"#).await;
    assert_eq!(status, 200);
    let mut reserved = world.reminded("reserved");
    reserved["capture"] = json!("manual");
    let url = offer(reserved).await;
    away(pay(&url, VISA).await);
    world.becomes("reserved", "completed").await;

    offer(world.reminded("elsewhere-paid")).await;
    let direct = world.order("elsewhere-paid", VISA);
    assert_eq!(world.create(&direct).await.1["data"]["status"], "completed");

    offer(world.reminded("other")).await;
    offer(world.reminded("given-up")).await;
    world.cancel("given-up", json!({ "status": "cancelled" })).await;
    offer(world.reminded("kept")).await;
    world.cancel("kept", json!({ "status": "cancelled", "exclude_order": false })).await;
    for (id, exclude) in [("excluded", json!(true)), ("excluded-1", json!(1))] {
        offer(world.reminded(id)).await;
        world.cancel(id, json!({ "status": "cancelled", "exclude_order": exclude })).await;
    }
    // Given up, and for good only later.
    offer(world.reminded("excluded-late")).await;
    world.cancel("excluded-late", json!({ "status": "cancelled" })).await;
    let body = json!({ "status": "cancelled", "exclude_order": true });
    world.cancel("excluded-late", body).await;
    assert_eq!(world.get("excluded-late").await["status"], "cancelled");

    offer(with(world.reminded("short"), &[("seconds_active", json!(HOUR))])).await;
    let worn = offer(with(world.reminded("worn"), &[("type", json!("paymentlink"))])).await;
    for _ in 0..20 {
        assert_eq!(page(world.open(&worn).await).0, 200);
    }
    let url = offer(world.reminded("declined")).await;
    away(pay(&url, "4000050000000007").await);
    world.becomes("declined", "declined").await;

    // Those of whom nobody wants to know anything.
    offer(with(world.reminded("unasked"), &[("second_chance", Value::Null)])).await;
    let refused = json!({ "send_email": false });
    offer(with(world.reminded("refused"), &[("second_chance", refused)])).await;
    offer(with(world.reminded("nameless"), &[("customer/email", Value::Null)])).await;
    offer(with(world.reminded("silent"), &[("customer/disable_send_email", json!(true))])).await;

    // The payer of one pays another order in time.
    let mut another = world.order("another", VISA);
    another["customer"]["email"] = json!("OTHER@payer.example");
    assert_eq!(world.create(&another).await.1["data"]["status"], "completed");

    world.advance(HOUR).await;
    let first = [
        ("paid", "paid"),
        ("shipped", "paid"),
        ("reserved", "paid"),
        ("elsewhere-paid", "paid"),
        ("other", "other_transaction"),
        ("given-up", "sent"),
        ("kept", "sent"),
        ("excluded", "excluded"),
        ("excluded-1", "excluded"),
        ("excluded-late", "excluded"),
        ("short", "session_over"),
        ("worn", "session_over"),
        ("declined", "sent"),
    ];
    for (id, fate) in first {
        world.reminders_are(id, &[(FIRST, fate)]).await;
    }
    world.advance(23 * HOUR).await;
    for (id, fate) in first {
        // What was tried elsewhere is long ago by then.
        let second = if id == "other" { "sent" } else { fate };
        world.reminders_are(id, &[(FIRST, fate), (SECOND, second)]).await;
    }
    for id in ["unasked", "refused", "nameless", "silent", "another"] {
        assert!(world.reminders(id).await.is_empty(), "{id}");
    }
    world.assert_journal_adds_up().await;
}

#[tokio::test]
async fn what_speaks_against_a_reminder_keeps_it_back_on_sqlite() {
    reasons(World::sqlite().await).await;
}

#[tokio::test]
async fn what_speaks_against_a_reminder_keeps_it_back_on_postgresql() {
    reasons(World::postgres().await).await;
}

#[tokio::test]
async fn who_is_held_for_review_is_not_reminded() {
    let world = World::sqlite().await;
    world.set_risk(json!({ "rules": { "unusable_ip": { "weight": 7 } } })).await;
    let order = with(world.reminded("held"), &[("customer/ip_address", Value::Null)]);
    let url = world.offer(&order).await;
    let form = world.card_form(&url).await;
    away(world.pay(&form, VISA).await);
    world.becomes("held", "uncleared").await;
    world.advance(HOUR).await;
    world.reminders_are("held", &[(FIRST, "uncleared")]).await;
}

#[tokio::test]
async fn only_a_site_that_wants_it_reminds() {
    let world = World::sqlite().await;
    world.offer(&world.reminded("before")).await;
    world.set(&[("mail.types", json!(["completed_customer", SECOND]))]).await;
    world.offer(&world.reminded("half")).await;
    world.advance(24 * HOUR).await;
    world.reminders_are("before", &[(FIRST, "not_wanted"), (SECOND, "sent")]).await;
    world.reminders_are("half", &[(SECOND, "sent")]).await;
    world.set(&[("mail.types", json!(["completed_customer"]))]).await;
    let url = world.offer(&world.reminded("none")).await;
    world.cancel("none", json!({ "status": "cancelled" })).await;
    assert_eq!(page(world.open(&url).await).0, 410);
    let gateway = world.gateway();
    let site = gateway.directory.sites().remove(0);
    let record = gateway.load_by_order_id(&site, "none").await.unwrap().unwrap();
    assert!(!record.order.session.unwrap().reminds);
}

async fn paid_by_the_mail(world: World) {
    let given_up = json!({ "status": "cancelled" });
    // Nobody tried; and somebody who left at his bank.
    let untouched = world.offer(&world.reminded("untouched")).await;
    world.cancel("untouched", given_up.clone()).await;
    let left = world.offer(&world.reminded("left")).await;
    let form = world.card_form(&left).await;
    let bank = away(world.pay(&form, CHALLENGED).await);
    world.walk_to_challenge(&bank).await;
    world.cancel("left", given_up.clone()).await;
    for (id, status, financial) in
        [("untouched", "cancelled", Value::Null), ("left", "void", json!("cancelled"))]
    {
        let order = world.get(id).await;
        assert_eq!((&order["status"], &order["financial_status"]), (&json!(status), &financial));
    }
    world.advance(HOUR).await;
    for (id, url) in [("untouched", untouched), ("left", left)] {
        world.reminders_are(id, &[(FIRST, "sent")]).await;
        let link = world.reminder_link(id).await;
        // The shop's own link is dead, and so is a mark that somebody made up.
        let (mark, forged) = (link.split("reminder=").nth(1).unwrap(), "0".repeat(38));
        assert_eq!(page(world.open(&url).await).0, 410, "{id}");
        assert_eq!(page(world.open(&link.replace(mark, &forged)).await).0, 410, "{id}");

        let (status, html) = page(world.open(&link).await);
        assert_eq!(status, 200, "{html}");
        // Other languages and the form keep the mark.
        assert!(html.matches(mark).count() > 19, "{html}");
        assert!(world.get(id).await["status"] != "initialized", "a look changes nothing");
        let form = world.card_form(&link).await;
        let declined = away(world.pay(&form, DECLINED).await);
        let order = world.becomes(id, "declined").await;
        assert_ne!(order["transaction_id"], Value::Null);
        let form = world.card_form(&declined).await;
        let bank = away(world.pay(&form, CHALLENGED).await);
        let arrived = world.walk(&bank, "Y").await;
        assert_eq!(arrived, world.shop.url(&format!("/thanks?transactionid={id}")));
        world.becomes(id, "completed").await;
        world.captured(id, 2599).await;
        eventually("the shop is told", async || {
            world.shop.heard(id).last().is_some_and(|it| it.order()["status"] == "completed")
        })
        .await;
        let path = format!("/v1/json/orders/{id}");
        assert_eq!(world.patch(&path, given_up.to_string()).await.0, 410, "it is paid");
        assert_eq!(away(world.open(&url).await), arrived, "its link leads to the shop");
    }
    world.advance(23 * HOUR).await;
    for id in ["untouched", "left"] {
        world.reminders_are(id, &[(FIRST, "sent"), (SECOND, "paid")]).await;
    }
    world.assert_journal_adds_up().await;
}

#[tokio::test]
async fn what_the_shop_has_given_up_is_paid_by_the_mail_on_sqlite() {
    paid_by_the_mail(World::sqlite().await).await;
}

#[tokio::test]
async fn what_the_shop_has_given_up_is_paid_by_the_mail_on_postgresql() {
    paid_by_the_mail(World::postgres().await).await;
}

#[tokio::test]
async fn a_mail_opens_nothing_that_is_excluded_or_over() {
    let world = World::sqlite().await;
    let short = json!(2 * HOUR);
    for (id, seconds) in [("excluded", json!(null)), ("over", short), ("replaced", json!(null))] {
        world.offer(&with(world.reminded(id), &[("seconds_active", seconds)])).await;
        world.cancel(id, json!({ "status": "cancelled" })).await;
    }
    world.advance(HOUR).await;
    let mut links = Vec::new();
    for id in ["excluded", "over", "replaced"] {
        world.reminders_are(id, &[(FIRST, "sent")]).await;
        let link = world.reminder_link(id).await;
        let form = world.card_form(&link).await;
        links.push((id, link, form));
    }
    world.cancel("excluded", json!({ "status": "cancelled", "exclude_order": true })).await;
    // It is offered anew: the mail was about the session before.
    world.offer(&world.reminded("replaced")).await;
    world.advance(HOUR).await;
    for (id, link, form) in links {
        assert_eq!(page(world.open(&link).await).0, 410, "{id}");
        // The form that was open all the time pays nothing either.
        let led = world.pay(&form, VISA).await;
        assert!(away(led).contains("/connect/"), "{id}");
        assert!(world.books(id).await.is_empty(), "{id}");
        assert_ne!(world.get(id).await["status"], "completed", "{id}");
    }
}

#[tokio::test]
async fn an_order_that_is_offered_again_is_reminded_of_once_from_then_on() {
    let world = World::sqlite().await;
    world.offer(&world.reminded("again")).await;
    world.offer(&world.reminded("clock")).await;
    world.advance(HOUR / 2).await;
    let newer = world.offer(&world.reminded("again")).await;
    world.advance(HOUR / 2).await;
    world.reminders_are("clock", &[(FIRST, "sent")]).await;
    assert!(world.reminders("again").await.is_empty());
    world.advance(HOUR / 2).await;
    world.reminders_are("again", &[(FIRST, "sent")]).await;
    assert!(world.reminder_link("again").await.starts_with(&newer));
    // One mail of a kind for each order, however often it is offered.
    world.offer(&world.reminded("again")).await;
    world.offer(&world.reminded("clock-2")).await;
    world.advance(HOUR).await;
    world.reminders_are("clock-2", &[(FIRST, "sent")]).await;
    assert_eq!(world.reminders("again").await.len(), 1);
}

async fn of_a_cancel_and_a_payment_by_the_mail(world: World) {
    let world = Arc::new(world);
    world.set(&[("three_ds.policy", json!("never"))]).await;
    let ids: Vec<String> = (0..16).map(|number| format!("race-{number}")).collect();
    for id in &ids {
        world.offer(&world.reminded(id)).await;
        world.cancel(id, json!({ "status": "cancelled" })).await;
    }
    world.advance(HOUR).await;
    for id in &ids {
        world.reminders_are(id, &[(FIRST, "sent")]).await;
    }
    let races = ids.into_iter().enumerate().map(|(number, id)| {
        let world = world.clone();
        async move {
            let form = world.card_form(&world.reminder_link(&id).await).await;
            let pay = async { world.pay(&form, VISA).await };
            let cancel = async {
                tokio::time::sleep(Duration::from_millis((number * number * 5) as u64)).await;
                let body = json!({ "status": "cancelled", "exclude_order": number % 2 });
                world.patch(&format!("/v1/json/orders/{id}"), body.to_string()).await.0
            };
            let (_, cancel) = tokio::join!(pay, cancel);
            (id, cancel)
        }
    });
    let done = all(races).await;
    world.advance(120).await;
    let mut paid = 0;
    for (id, cancel) in done {
        let status = world.get(&id).await["status"].clone();
        let is_paid = status == "completed";
        paid += usize::from(is_paid);
        let given_up = status == "void" || status == "cancelled";
        assert!(is_paid || given_up, "{id}: {status}");
        // An order that is given up already takes that again, before it is paid after all.
        assert!(cancel == 200 || is_paid, "{id}: the cancel was answered {cancel}");
        world.captured(&id, if is_paid { 2599 } else { 0 }).await;
    }
    assert!(paid > 0);
    world.assert_journal_adds_up().await;
}

#[tokio::test]
async fn of_a_cancel_and_a_payment_by_the_mail_one_wins_on_sqlite() {
    of_a_cancel_and_a_payment_by_the_mail(World::sqlite().await).await;
}

#[tokio::test]
async fn of_a_cancel_and_a_payment_by_the_mail_one_wins_on_postgresql() {
    of_a_cancel_and_a_payment_by_the_mail(World::postgres().await).await;
}

async fn survives_a_restart(world: World) {
    world.offer(&world.reminded("later")).await;
    world.advance(HOUR / 2).await;
    let world = world.restarted().await;
    world.advance(HOUR / 2).await;
    world.reminders_are("later", &[(FIRST, "sent")]).await;
    let world = world.restarted().await;
    world.advance(23 * HOUR).await;
    world.reminders_are("later", &[(FIRST, "sent"), (SECOND, "sent")]).await;
}

#[tokio::test]
async fn reminders_survive_a_restart_on_sqlite() {
    survives_a_restart(World::sqlite().await).await;
}

#[tokio::test]
async fn reminders_survive_a_restart_on_postgresql() {
    survives_a_restart(World::postgres().await).await;
}

#[tokio::test]
async fn of_two_processes_one_sends_each_reminder() {
    let (port, taken) = server(None).await;
    let port = port.to_string();
    let world = World::start(Some(fresh_database().await), &settings(&port)).await;
    // It has the mails to send and no host to speak to.
    let mut alone = settings(&port).to_vec();
    alone.extend([
        ("FLORIN_SIMULATOR__ENABLED", "false"),
        ("FLORIN_SIMULATOR__URL", &world.base),
        ("FLORIN_SIMULATOR__HOST", "127.0.0.1:9"),
        ("FLORIN_SIMULATOR__TOKEN", "the-token-of-no-simulator"),
    ]);
    let other = world.beside(&alone).await;
    let ids: Vec<String> = (0..12).map(|number| format!("once-{number}")).collect();
    for id in &ids {
        world.offer(&world.reminded(id)).await;
        let short = format!("short-{id}");
        let order = with(world.reminded(&short), &[("seconds_active", json!(HOUR))]);
        world.offer(&order).await;
    }
    // Of the two, one hears only a moment later that the clock was moved.
    world.advance(HOUR).await;
    for id in &ids {
        world.reminders_are(id, &[(FIRST, "sent")]).await;
        world.reminders_are(&format!("short-{id}"), &[(FIRST, "session_over")]).await;
    }
    tokio::time::sleep(Duration::from_millis(700)).await;
    let mut to: Vec<String> = taken.lock().unwrap().iter().map(|mail| recipient(mail)).collect();
    to.sort();
    let mut expected: Vec<String> = ids.iter().map(|id| format!("{id}@payer.example")).collect();
    expected.sort();
    assert_eq!(to, expected);
    other.stop().await;
}

fn recipient(mail: &str) -> String {
    let line = mail.lines().find_map(|line| line.strip_prefix("To: ")).unwrap();
    line.trim().to_owned()
}
