//! The host is silent, slow, repeats itself, hangs up, or talks nonsense: silence is not a
//! decline, and no hold is left without an owner.

use serde_json::json;

use crate::world::{VISA, World};

async fn world() -> World {
    let world = World::sqlite().await;
    world.set(&[("three_ds.policy", json!("never"))]).await;
    world
}

/// Creates with the fault in force and moves the clock, so that a guard comes due at once.
async fn lost(world: &World, id: &str, fault: serde_json::Value) {
    world.fault(fault).await;
    let order = world.order(id, VISA);
    let create = world.create(&order);
    let clock = async {
        tokio::time::sleep(std::time::Duration::from_millis(800)).await;
        world.advance(120).await;
    };
    let ((status, answer), ()) = tokio::join!(create, clock);
    assert_eq!(status, 200, "{answer}");
    let order = world.becomes(id, "declined").await;
    assert_eq!(order["reason_code"], "4999", "{order}");
    world.captured(id, 0).await;
    for entry in world.books(id).await {
        assert_eq!(entry["reversed"], entry["authorized"], "undone in full: {entry}");
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_is_undone_until_the_host_confirms() {
    let world = world().await;
    lost(&world, "dropped", json!({ "fault": "drop", "count": 1, "types": ["0100"] })).await;
    assert_eq!(world.books("dropped").await.len(), 1, "the host had approved it");
}

#[tokio::test]
async fn a_cut_line_is_undone_before_and_after_the_host_has_seen_the_request() {
    let world = world().await;
    for when in ["before_processing", "before_answer"] {
        let fault = json!({ "fault": "cut", "count": 1, "when": when, "types": ["0100"] });
        lost(&world, &format!("cut-{when}"), fault).await;
    }
    // The link is back by itself.
    let (_, answer) = world.create(&world.order("after", VISA)).await;
    assert_eq!(answer["data"]["status"], "completed", "{answer}");
}

#[tokio::test]
async fn garbage_is_no_answer() {
    let world = world().await;
    lost(&world, "garbage", json!({ "fault": "garbage", "count": 1, "types": ["0100"] })).await;
}

#[tokio::test]
async fn late_and_repeated_answers_pay_once() {
    let world = world().await;
    world.fault(json!({ "fault": "delay", "ms": 1500, "count": 1 })).await;
    let (_, slow) = world.create(&world.order("slow", VISA)).await;
    assert_eq!(slow["data"]["status"], "completed", "{slow}");
    world.fault(json!({ "fault": "duplicate", "count": 4 })).await;
    let (_, twice) = world.create(&world.order("double", VISA)).await;
    assert_eq!(twice["data"]["status"], "completed", "{twice}");
    for id in ["slow", "double"] {
        world.captured(id, 2599).await;
        assert_eq!(world.books(id).await.len(), 1);
    }
}

#[tokio::test]
async fn a_capture_that_is_not_answered_is_sent_again() {
    let world = world().await;
    world.fault(json!({ "fault": "drop", "count": 1, "types": ["0220"] })).await;
    let (_, answer) = world.create(&world.order("repeat", VISA)).await;
    assert_eq!(answer["data"]["status"], "completed", "{answer}");
    world.captured("repeat", 2599).await;
    let entries = world.books("repeat").await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["captures"], 1, "a repeat is not a second capture");
}

#[tokio::test]
async fn any_answer_code_can_be_had() {
    let world = world().await;
    world.fault(json!({ "fault": "decline", "code": "51", "count": 1 })).await;
    let (_, answer) = world.create(&world.order("poor", VISA)).await;
    assert_eq!(answer["error_code"], 1024);
    let order = world.get("poor").await;
    assert_eq!(
        (&order["reason_code"], &order["reason"]),
        (&json!("4002"), &json!("Insufficient funds"))
    );
    assert_eq!(order["payment_details"]["response_code"], "51");
}
