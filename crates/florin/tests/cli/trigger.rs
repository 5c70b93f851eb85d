//! `florin trigger`, against a gateway that runs.

use super::{Data, Server, call, complained, florin, run, said};

const KEY: &str = "a-key-for-triggers";

pub(crate) fn address(server: &Server) -> String {
    server.told("API        ").trim_end_matches("/v1/json/").to_owned()
}

#[test]
fn a_payment_reaches_every_state_that_can_be_asked_for() {
    let data = Data::new();
    let server = data.serve(&[("FLORIN_TEST_API_KEY", KEY)]);
    let url = address(&server);
    for (target, status) in [
        ("initialized", "initialized"),
        ("completed", "completed"),
        ("declined", "declined"),
        ("uncleared", "uncleared"),
        ("shipped", "shipped"),
        ("chargedback", "chargedback"),
        ("cancelled", "void"),
        ("void", "void"),
        ("expired", "expired"),
        ("refunded", "refunded"),
        ("partial_refunded", "partial_refunded"),
    ] {
        let arguments = ["trigger", target, "--url", &url];
        let output = florin().args(arguments).env("FLORIN_TEST_API_KEY", KEY).output().unwrap();
        assert!(output.status.success(), "{target}: {}{}", said(&output), complained(&output));
        let told = said(&output);
        let id = told.strip_prefix("order ").unwrap().lines().next().unwrap();
        let (_, order) = call("GET", &format!("{url}/v1/json/orders/{id}"), KEY, None);
        assert_eq!(order["data"]["status"], status, "{target}: {order}");
        assert!(told.ends_with(&format!("{id} is {status}\n")), "{told}");
    }
}

#[test]
fn an_order_of_ones_own_is_sent_and_a_wrong_key_is_told() {
    let data = Data::new();
    let server = data.serve(&[("FLORIN_TEST_API_KEY", KEY)]);
    let url = address(&server);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("order.json");
    let mut order = super::order("replaced");
    order["amount"] = 4321.into();
    std::fs::write(&path, order.to_string()).unwrap();
    let file = path.to_str().unwrap();
    let told =
        super::succeed(&["trigger", "completed", "--order", file, "--url", &url, "--key", KEY]);
    let id = told.strip_prefix("order ").unwrap().lines().next().unwrap();
    let (_, found) = call("GET", &format!("{url}/v1/json/orders/{id}"), KEY, None);
    assert_eq!(found["data"]["amount"], 4321, "{found}");

    let output = run(&["trigger", "completed", "--url", &url, "--key", "not-the-key"]);
    assert!(!output.status.success());
    assert!(complained(&output).contains("1032"), "{}", complained(&output));
}

#[test]
fn with_no_gateway_running_it_says_how_to_start_one() {
    let output = run(&["trigger", "completed", "--url", "http://127.0.0.1:9", "--key", KEY]);
    assert!(!output.status.success());
    assert!(complained(&output).contains("florin serve"), "{}", complained(&output));
}
