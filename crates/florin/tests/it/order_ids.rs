//! An order id names one paid order of one site, by its literal text.

use serde_json::{Value, json};

use crate::world::{API_KEY, VISA, World};

#[tokio::test]
async fn of_many_creates_at_once_one_wins_on_sqlite() {
    one_wins(World::sqlite().await).await;
}

#[tokio::test]
async fn of_many_creates_at_once_one_wins_on_postgresql() {
    one_wins(World::postgres().await).await;
}

async fn one_wins(world: World) {
    for (id, policy) in [("race-1", "never"), ("race-2", "always")] {
        world.set(&[("three_ds.policy", json!(policy))]).await;
        let order = world.order(id, VISA).to_string();
        let creates: Vec<_> = (0..40)
            .map(|_| {
                let request = world.http.post(format!("{}/v1/json/orders", world.base));
                tokio::spawn(request.header("api_key", API_KEY).body(order.clone()).send())
            })
            .collect();
        let (mut won, mut taken) = (0, 0);
        for create in creates {
            let answer = create.await.unwrap().unwrap().bytes().await.unwrap();
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            match (&answer["success"], &answer["error_code"]) {
                (Value::Bool(true), _) => won += 1,
                (_, code) if *code == 1006 => taken += 1,
                _ => panic!("{answer}"),
            }
        }
        assert_eq!((won, taken), (1, 39), "{id}");
        world.captured(id, 2599).await;
        assert_eq!(world.books(id).await.len(), 1, "{id}");
    }
}

#[tokio::test]
async fn ids_are_the_literal_text_of_their_token() {
    let world = World::sqlite().await;
    for (token, text, path) in [
        ("\"1741782328.1025\"", "1741782328.1025", "1741782328.1025"),
        ("1741782329.10250", "1741782329.10250", "1741782329.10250"),
        ("10045", "10045", "10045"),
        ("\"a/b\"", "a/b", "a%2Fb"),
        ("\"caf\u{e9} &?#\"", "caf\u{e9} &?#", "caf%C3%A9%20%26%3F%23"),
        ("\"  padded \"", "padded", "padded"),
    ] {
        let order = world.order("PLACE", VISA).to_string().replace("\"PLACE\"", token);
        let (status, answer) = world.post("/v1/json/orders", order).await;
        assert_eq!((status, &answer["data"]["order_id"]), (200, &json!(text)), "{answer}");
        assert_eq!(world.get(path).await["order_id"], text);
        assert_eq!(world.get(&format!("{path}/")).await["order_id"], text, "slash at the end");
    }
}

#[tokio::test]
async fn a_declined_order_may_be_tried_again_and_a_paid_one_may_not() {
    let world = World::sqlite().await;
    let (_, declined) = world.create(&world.order("retry", "4000050000000007")).await;
    assert_eq!(declined["error_code"], 1024);
    let first = world.get("retry").await;
    let mut again = world.order("retry", VISA);
    again["amount"] = json!(1234);
    again["description"] = json!("second");
    let (_, paid) = world.create(&again).await;
    assert_eq!(paid["data"]["status"], "completed", "{paid}");
    let order = world.get("retry").await;
    assert_ne!(order["transaction_id"], first["transaction_id"]);
    assert_eq!((&order["amount"], &order["description"]), (&json!(1234), &json!("second")));
    assert_eq!(order["payment_details"]["last4"], "1111");
    assert_eq!(world.get(&first["transaction_id"].to_string()).await, order);
    let (status, refused) = world.create(&again).await;
    assert_eq!((status, &refused["error_code"]), (404, &json!(1006)));
    assert_eq!(refused["error_info"], "Invalid transaction ID");
    world.captured("retry", 1234).await;
}

#[tokio::test]
async fn orders_of_another_site_do_not_exist() {
    let world = World::sqlite().await;
    world.create(&world.order("mine", VISA)).await;
    let id = world.get("mine").await["transaction_id"].to_string();
    let gateway = world.gateway();
    let other = {
        use florin::gateway::directory::seal_key;
        let mut site = gateway.store.sites().await.unwrap().remove(0);
        site.id += 1;
        let _ = gateway.store.insert_site(site.clone()).await.unwrap();
        let key = "another-sites-key-000000000000000000000";
        let row = seal_key(&gateway.vault, site.id, 1, key, "test", 0);
        let _ = gateway.store.insert_api_key(row).await.unwrap();
        gateway.directory.refresh(gateway.store.as_ref(), &gateway.vault).await.unwrap();
        key
    };
    for id in ["mine", &id] {
        let request = world.http.get(format!("{}/v1/json/orders/{id}", world.base));
        let answer = request.header("api_key", other).send().await.unwrap();
        assert_eq!(answer.status(), 404);
        let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        assert_eq!(body["error_code"], 1006);
    }
}
