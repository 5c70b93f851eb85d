//! The control API: who gets in, and what the lists hold.

use florin_sim::SimulatorConfig;

use crate::world::{MERCHANT, VISA, World, authorization};

#[tokio::test]
async fn nobody_gets_in_without_the_token() {
    let world = World::start().await;
    for path in ["/host?merchant=A", "/cards", "/messages?merchant=A", "/faults?merchant=A"] {
        for token in ["", "Bearer ", "Bearer wrong"] {
            let request = world.http.get(format!("{}/control{path}", world.base));
            let answer = request.header("authorization", token).send().await.unwrap();
            assert_eq!(answer.status(), 401, "{path}");
        }
    }
    let closed = World::start_with(SimulatorConfig::default()).await;
    let request = closed.http.get(format!("{}/control/cards", closed.base));
    let answer = request.header("authorization", "Bearer ").send().await.unwrap();
    assert_eq!(answer.status(), 401);
}

#[tokio::test]
async fn the_books_of_one_merchant_are_not_another_ones() {
    let world = World::start().await;
    let mut link = world.link().await;
    let mut other = authorization(VISA, 200, &[("06", "theirs")]);
    other.set(42, "OTHER SHOP     ");
    assert_eq!(link.code(&authorization(VISA, 100, &[])).await, "00");
    assert_eq!(link.code(&other).await, "00");
    assert_eq!(world.only_entry().await["order_id"], "my-order");
    let (_, books) = world.control("GET", "/host?merchant=OTHER%20SHOP", "").await;
    assert_eq!(books[0]["order_id"], "theirs");
    let path = format!("/host?merchant={MERCHANT}&order_id=nothing");
    assert_eq!(world.control("GET", &path, "").await.1.as_array().map(Vec::len), Some(0));
    assert_eq!(world.control("GET", "/host", "").await.0, 400);
}

#[tokio::test]
async fn messages_are_told_without_card_data() {
    let world = World::start().await;
    let mut link = world.link().await;
    assert_eq!(link.code(&authorization(VISA, 100, &[("21", "987")])).await, "00");
    let path = format!("/messages?merchant={MERCHANT}&limit=10");
    let (_, messages) = world.control("GET", &path, "").await;
    let names: Vec<_> = messages.as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["0100", "0110"]);
    let text = messages.to_string();
    assert!(text.contains("411111") && text.contains("my-order"));
    assert!(!text.contains(VISA) && !text.contains("987"));
}

#[tokio::test]
async fn the_cards_are_listed_with_what_they_do() {
    let world = World::start().await;
    let (_, cards) = world.control("GET", "/cards", "").await;
    let cards = cards.as_array().unwrap();
    assert!(cards.len() >= 30);
    let review = cards.iter().find(|card| card["number"] == "4917300000000008").unwrap();
    assert_eq!(review["review"]["outcome"], "void");
    assert_eq!(review["review"]["after_seconds"], 180);
    assert!(cards.iter().all(|card| !card["description"].as_str().unwrap().is_empty()));
}
