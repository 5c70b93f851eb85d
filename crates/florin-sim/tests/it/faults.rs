//! Ordered faults: what a gateway sees, and what is in the books nevertheless.

use std::time::{Duration, Instant};

use florin_sim::cards;
use iso8583::Mti;

use crate::world::{MERCHANT, VISA, World, amounts, authorization, capture, refund, reversal};

fn order(fault: &str) -> String {
    format!("{{\"merchant\":\"{MERCHANT}\",{fault}}}")
}

#[tokio::test]
async fn a_dropped_answer_is_silence_over_a_booked_hold_until_it_is_reversed() {
    let world = World::start().await;
    let mut link = world.link().await;
    world.order_fault(&order(r#""fault":"drop","count":2"#)).await;
    let request = authorization(VISA, 100, &[]);
    link.send(&request).await;
    let mut advice = reversal(Mti::REVERSAL_ADVICE, &request, None);
    link.send(&advice).await;
    assert!(link.stays_silent().await);
    assert_eq!(amounts(&world.only_entry().await), [100, 0, 0, 100, 0]);
    advice.set_mti(Mti::REVERSAL_ADVICE_REPEAT);
    assert_eq!(link.code(&advice).await, "00");
}

#[tokio::test]
async fn the_silent_card_holds_money_until_it_is_reversed() {
    let world = World::start().await;
    let mut link = world.link().await;
    let request = authorization(cards::by_id("visa-silent").unwrap().number, 100, &[]);
    link.send(&request).await;
    assert!(link.stays_silent().await);
    assert_eq!(amounts(&world.only_entry().await)[4], 100);
    assert_eq!(link.code(&reversal(Mti::REVERSAL_ADVICE, &request, None)).await, "00");
    assert_eq!(amounts(&world.only_entry().await)[4], 0);
}

#[tokio::test]
async fn a_delayed_answer_is_overtaken_and_a_doubled_one_comes_twice() {
    let world = World::start().await;
    let mut link = world.link().await;
    world.order_fault(&order(r#""fault":"delay","ms":600"#)).await;
    world.order_fault(&order(r#""fault":"duplicate""#)).await;
    let (slow, doubled) = (authorization(VISA, 100, &[]), authorization(VISA, 200, &[]));
    let started = Instant::now();
    link.send(&slow).await;
    link.send(&doubled).await;
    for _ in 0..2 {
        assert_eq!(link.receive().await.get(11), doubled.get(11));
    }
    assert_eq!(link.receive().await.get(11), slow.get(11));
    assert!(started.elapsed() >= Duration::from_millis(600));
}

#[tokio::test]
async fn an_ordered_decline_books_nothing_and_only_meets_its_types() {
    let world = World::start().await;
    let mut link = world.link().await;
    world.order_fault(&order(r#""fault":"decline","code":"91","types":["0100"]"#)).await;
    let other = authorization(VISA, 100, &[]);
    assert_eq!(link.code(&reversal(Mti::REVERSAL_ADVICE, &other, None)).await, "25");
    assert_eq!(link.code(&authorization(VISA, 100, &[])).await, "91");
    assert!(world.simulator.entries(MERCHANT).is_empty());
    assert_eq!(link.code(&authorization(VISA, 100, &[])).await, "00");
}

#[tokio::test]
async fn a_refused_request_is_known_again_and_a_refused_advice_may_be_repeated() {
    let world = World::start().await;
    let mut link = world.link().await;
    let decline = |mti: &str| order(&format!(r#""fault":"decline","code":"91","types":["{mti}"]"#));
    world.order_fault(&decline("0100")).await;
    let refused = authorization(VISA, 100, &[]);
    assert_eq!(link.code(&refused).await, "91");
    assert_eq!(link.code(&refused).await, "94");
    let request = authorization(VISA, 100, &[]);
    let answer = link.exchange(&request).await;
    world.order_fault(&decline("0100")).await;
    assert_eq!(link.code(&request).await, "94", "it was approved before");
    world.order_fault(&decline("0220")).await;
    let advice = capture(&request, &answer, 100, "F");
    assert_eq!(link.code(&advice).await, "91");
    assert_eq!(link.code(&advice).await, "00");
    let refunded = refund(&request, 100);
    world.order_fault(&decline("0200")).await;
    assert_eq!(link.code(&refunded).await, "91");
    assert_eq!(link.code(&refunded).await, "94");
    assert_eq!(amounts(&world.only_entry().await), [100, 100, 0, 0, 0]);
}

#[tokio::test]
async fn a_cut_closes_every_connection_before_or_after_the_effect() {
    let world = World::start().await;
    for (when, held, answered) in [
        ("before_processing", 0, false),
        ("before_answer", 100, false),
        ("after_answer", 200, true),
    ] {
        let (mut link, mut bystander) = (world.link().await, world.link().await);
        world.order_fault(&order(&format!(r#""fault":"cut","when":"{when}""#))).await;
        link.send(&authorization(VISA, 100, &[])).await;
        if answered {
            assert_eq!(link.receive().await.get(39), Some("00"));
        }
        assert!(link.is_closed().await, "{when}");
        assert!(bystander.is_closed().await, "{when}");
        let entries = world.simulator.entries(MERCHANT);
        assert_eq!(entries.iter().map(|entry| entry.held).sum::<i64>(), held, "{when}");
    }
}

#[tokio::test]
async fn garbage_is_a_frame_that_is_no_message() {
    let world = World::start().await;
    let mut link = world.link().await;
    world.order_fault(&order(r#""fault":"garbage""#)).await;
    link.send(&authorization(VISA, 100, &[])).await;
    let frame = link.receive_frame().await.unwrap();
    let codec = iso8583::Codec::new(iso8583::Spec::florin87(), iso8583::Encoding::Ascii);
    assert!(codec.decode(&frame).is_err());
    assert_eq!(link.code(&authorization(VISA, 100, &[])).await, "00");
}

#[tokio::test]
async fn faults_are_listed_and_can_be_taken_back() {
    let world = World::start().await;
    let mut link = world.link().await;
    world.order_fault(&order(r#""fault":"drop","count":3"#)).await;
    let path = format!("/faults?merchant={MERCHANT}");
    let (_, waiting) = world.control("GET", &path, "").await;
    assert_eq!((&waiting[0]["fault"], &waiting[0]["count"]), (&"drop".into(), &3.into()));
    assert_eq!(world.control("DELETE", &path, "").await.0, 204);
    assert_eq!(link.code(&authorization(VISA, 100, &[])).await, "00");
    let (status, refusal) = world.control("POST", "/faults", &order(r#""fault":"?""#)).await;
    assert_eq!(status, 400);
    assert!(refusal["error"].as_str().unwrap().contains("one of"));
}
