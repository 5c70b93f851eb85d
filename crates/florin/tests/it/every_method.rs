//! Every method that is no card, with every end that its provider offers.

use florin_core::method::{Kind, Method};

use crate::world::World;

/// Status, status of the money, and where the payer arrives.
fn at_first(scenario: &str) -> (&'static str, &'static str, &'static str) {
    match scenario {
        "completed" | "charged_back" => ("completed", "completed", "/thanks"),
        "paid_later" | "never_paid" => ("initialized", "initialized", "/thanks"),
        "uncleared" | "uncleared_accepted" | "uncleared_declined" => {
            ("uncleared", "uncleared", "/thanks")
        }
        // The rest can still be paid, with another method.
        "half_balance" | "typed_balance" => ("initialized", "initialized", "/cart"),
        "declined" | "no_balance" => ("declined", "declined", "/cart"),
        "cancelled" => ("void", "cancelled", "/cart"),
        "expired" => ("expired", "expired", "/cart"),
        other => panic!("an end that nobody knows: {other}"),
    }
}

/// What has become of it after three weeks, and after three months.
fn at_last(scenario: &str) -> (&'static str, &'static str) {
    match scenario {
        "paid_later" | "uncleared_accepted" => ("completed", "completed"),
        "never_paid" | "half_balance" | "typed_balance" => ("expired", "expired"),
        "uncleared" | "uncleared_declined" => ("void", "void"),
        "charged_back" => ("chargedback", "completed"),
        other => {
            let (status, financial, _) = at_first(other);
            (status, financial)
        }
    }
}

#[tokio::test]
async fn every_method_ends_in_every_way_that_its_provider_offers() {
    let world = World::sqlite().await;
    let mut made = Vec::new();
    for method in Method::all().iter().filter(|it| !it.is_card()) {
        let mut order = world.order_by("", method.id);
        if !method.takes_direct() {
            order["type"] = "redirect".into();
            order["payment_options"].as_object_mut().unwrap().remove("close_window");
        }
        order["currency"] =
            method.currencies.iter().find(|it| **it == "EUR").unwrap_or(&"EUR").to_owned().into();
        order["order_id"] = format!("{}-offers", method.id).into();
        let page = world.provider_of(&order).await;
        let offered = world.provider_form(&page).await;
        for usual in ["completed", "declined", "cancelled", "expired"] {
            assert!(offered.scenarios.iter().any(|it| it == usual), "{} {usual}", method.id);
        }
        assert!(offered.html.contains("€\u{a0}25,99"), "{}", offered.html);
        for scenario in &offered.scenarios {
            let id = format!("{}-{scenario}", method.id);
            order["order_id"] = id.clone().into();
            let arrived = world.ends(&order, scenario).await;
            let (status, financial, place) = at_first(scenario);
            if place == "/cart" && !method.takes_direct() {
                // The order can still be paid, another way.
                assert!(arrived.contains("/connect/"), "{id}: {arrived}");
            } else {
                assert!(arrived.starts_with(&world.shop.url(place)), "{id}: {arrived}");
                assert!(arrived.contains(&format!("transactionid={id}")), "{id}: {arrived}");
            }
            let shown = world.get(&id).await;
            assert_eq!(shown["status"], status, "{id}: {shown}");
            assert_eq!(shown["financial_status"], financial, "{id}: {shown}");
            assert_eq!(shown["payment_details"]["type"], method.id, "{id}: {shown}");
            assert_eq!(shown["payment_methods"][0]["type"], method.id);
            assert_eq!(shown["payment_methods"][0]["payment_description"], method.name);
            assert_eq!(shown["completed"].is_string(), status == "completed", "{id}: {shown}");
            made.push((id, scenario.clone()));
        }
    }
    assert!(made.len() >= 70 * 4 + 10 * 3, "{}", made.len());
    // Three weeks, then what is longest to wait for.
    for seconds in [240, 86_400, 2 * 86_400, 2 * 86_400, 10 * 86_400, 80 * 86_400] {
        world.advance(seconds).await;
        for (id, scenario) in &made {
            let slow = ["paid_later", "uncleared_accepted", "uncleared_declined"];
            if seconds == 2 * 86_400 && slow.contains(&scenario.as_str()) {
                let (status, financial) = at_last(scenario);
                world.rests(id, status, financial).await;
            }
        }
    }
    for (id, scenario) in &made {
        let (status, financial) = at_last(scenario);
        world.rests(id, status, financial).await;
        // The last thing that the shop heard is what is true.
        let heard = world.shop.heard(id);
        assert!(!heard.is_empty(), "{id}");
        let told = heard.iter().map(|it| it.order()["status"].clone());
        assert!(told.clone().any(|it| it == status), "{id}: {:?}", told.collect::<Vec<_>>());
    }
    // Nothing of it has gone over the acquirer's wire.
    let (_, books) = world.get_path("/test/host").await;
    assert_eq!(books["data"].as_array().unwrap().len(), 0, "{books}");
}

#[tokio::test]
async fn a_sample_of_each_kind_ends_the_same_way_on_postgresql() {
    let world = World::postgres().await;
    let mut kinds = std::collections::HashSet::<Kind>::new();
    let others = Method::all().iter().filter(|it| !it.is_card());
    for method in others.filter(|it| kinds.insert(it.kind) || it.id == "DIRDEB") {
        for scenario in ["completed", "declined", "cancelled", "expired"] {
            let mut order = world.order_by(&format!("{}-{scenario}", method.id), method.id);
            if !method.takes_direct() {
                order["type"] = "redirect".into();
            }
            world.ends(&order, scenario).await;
            let (status, financial, _) = at_first(scenario);
            let id = order["order_id"].as_str().unwrap();
            assert_eq!(world.statuses(id).await, (status.to_owned(), financial.to_owned()), "{id}");
        }
    }
    let order = world.order_by("later", "BANKTRANS");
    world.ends(&order, "paid_later").await;
    world.advance(86_400).await;
    world.rests("later", "completed", "completed").await;
}
