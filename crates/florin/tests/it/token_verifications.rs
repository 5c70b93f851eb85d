//! Cards that are stored without an online payment: verified with an amount of nothing, or told by
//! mail or telephone.

use serde_json::json;

use crate::payer::Led;
use crate::tokens::{charge, first, heard, quiet, refusal};
use crate::world::{CHALLENGED, VISA, World};

#[tokio::test]
async fn an_amount_of_nothing_verifies_the_card_and_moves_no_money() {
    for world in [World::sqlite().await, World::postgres().await] {
        let world = quiet(world).await;
        for (id, card) in [("visa", VISA), ("mastercard", CHALLENGED)] {
            let mut order = first(&world, id, card, "cardOnFile");
            order["amount"] = json!(0);
            order["capture"] = json!("manual");
            let (status, answer) = world.create(&order).await;
            assert_eq!(status, 200, "{answer}");
            let data = &answer["data"];
            let statuses = (&data["status"], &data["financial_status"]);
            assert_eq!(statuses, (&json!("completed"), &json!("completed")), "{answer}");
            assert_eq!((&data["amount"], &data["amount_refunded"]), (&json!(0), &json!(0)));
            assert_eq!(data["costs"], json!([]));
            let token = data["payment_details"]["recurring_id"].as_str().unwrap();
            let messages = heard(&world, id).await;
            assert_eq!(messages.len(), 1, "nothing is captured: {messages:?}");
            for part in ["0100", " 4=000000000000", " 25=51", "[03=V]", "[02=C101]"] {
                assert!(messages[0].contains(part), "{part} in {messages:?}");
            }
            let books = world.books(id).await;
            assert_eq!(
                (books[0]["captured"].as_i64(), &books[0]["kind"]),
                (Some(0), &json!("verification"))
            );
            for (path, body) in [
                ("refunds", json!({"currency": "EUR", "amount": 1})),
                ("refunds", json!({})),
                ("capture", json!({})),
            ] {
                let (status, answer) =
                    world.post(&format!("/v1/json/orders/{id}/{path}"), body.to_string()).await;
                assert_ne!(status, 200, "{path} {body}: {answer}");
            }
            let (_, answer) = world.create(&charge(&format!("{id}-2"), token)).await;
            assert_eq!(answer["data"]["status"], "completed", "{answer}");
            let site = world.gateway().directory.sites().remove(0).id;
            let row = world.gateway().store.order_by_merchant_id(site, id).await.unwrap().unwrap();
            let journal = world.gateway().store.journal(row.site_id, row.key).await.unwrap();
            assert!(journal.is_empty(), "{journal:?}");
        }
        let mut order = first(&world, "amex", "378282246310005", "cardOnFile");
        order["amount"] = json!(0);
        assert_eq!(refusal(&world.create(&order).await), (404, 1001, "Invalid amount"));
        world.set(&[("zero_authorization", json!(false))]).await;
        let mut order = first(&world, "off", VISA, "cardOnFile");
        order["amount"] = json!(0);
        assert_eq!(refusal(&world.create(&order).await), (404, 1001, "Invalid amount"));
    }
}

#[tokio::test]
async fn a_verification_passes_through_a_challenge() {
    let world = World::sqlite().await;
    let mut order = first(&world, "zero", CHALLENGED, "subscription");
    order["amount"] = json!(0);
    let (_, answer) = world.create(&order).await;
    assert_eq!(answer["data"]["status"], "initialized", "{answer}");
    let token = answer["data"]["payment_details"]["recurring_id"].as_str().unwrap().to_owned();
    let led = world.open(answer["data"]["payment_url"].as_str().unwrap()).await;
    assert!(matches!(led, Led::Page { status: 200, .. }), "{led:?}");
    world.walk(answer["data"]["payment_url"].as_str().unwrap(), "Y").await;
    let order = world.becomes("zero", "completed").await;
    assert_eq!(order["payment_details"]["card_authentication_result"]["status"], "Y", "{order}");
    let (_, answer) = world.create(&charge("next", &token)).await;
    assert_eq!(answer["data"]["status"], "completed", "{answer}");
}

#[tokio::test]
async fn by_mail_or_telephone_nobody_is_asked_and_maestro_stays_at_home() {
    let world = World::sqlite().await;
    let moto = |id: &str, card: &str| {
        let mut order = first(&world, id, card, "unscheduled");
        order["gateway_info"]["moto"] = json!(true);
        order["gateway_info"].as_object_mut().unwrap().remove("card_cvc");
        order
    };
    let (_, answer) = world.create(&moto("mail", CHALLENGED)).await;
    assert_eq!(answer["data"]["status"], "completed", "{answer}");
    let token = answer["data"]["payment_details"]["recurring_id"].as_str().unwrap();
    let request = heard(&world, "mail").await.remove(0);
    for part in [" 22=010", " 25=08", "[01=M]", "[36=MOT]", "[02=C101]", "[20=0]"] {
        assert!(request.contains(part), "{part} in {request}");
    }
    // What follows a card told by mail says so.
    let (_, answer) = world.create(&charge("later", token)).await;
    assert_eq!(answer["data"]["status"], "completed", "{answer}");
    let request = heard(&world, "later").await.remove(0);
    assert!(request.contains(" 25=08") && request.contains("[01=R]"), "{request}");

    let maestro = world.create(&moto("maestro", "6759000000005")).await;
    assert_eq!(refusal(&maestro).1, 1023);
    world.set(&[("moto", json!(false))]).await;
    assert_eq!(refusal(&world.create(&moto("off", VISA)).await).1, 1023);
}
