//! The link itself: sign-on, echo, framings, MAC, and bytes that are no messages.

use florin_sim::{MacConfig, SimulatorConfig};
use iso8583::frame::{Framing, LengthFormat, Tpdu};
use iso8583::{Encoding, Mti};

use crate::world::{Link, VISA, World, authorization, config, network, sign_on};

#[tokio::test]
async fn nothing_but_network_management_is_answered_before_sign_on() {
    let world = World::start().await;
    let mut link = world.unsigned_link().await;
    link.send(&authorization(VISA, 100, &[])).await;
    assert!(link.stays_silent().await);
    assert_eq!(link.code(&network("301", &[])).await, "00");
    assert_eq!(link.code(&network("001", &[("90", "OTHER/9")])).await, "12");
    let answer = link.exchange(&sign_on()).await;
    assert_eq!(answer.private_data().unwrap().get("90"), Some("FLORIN87/1.0"));
    assert_eq!(link.code(&authorization(VISA, 100, &[])).await, "00");
    assert_eq!(link.code(&network("777", &[])).await, "12");
    assert_eq!(link.code(&network("101", &[])).await, "12", "no MAC, no key to change");
    assert_eq!(link.code(&network("002", &[])).await, "00");
    link.send(&authorization(VISA, 100, &[])).await;
    assert!(link.stays_silent().await);
}

#[tokio::test]
async fn both_encodings_and_every_framing_are_served() {
    let formats =
        [LengthFormat::U16Be, LengthFormat::U16BeIncl, LengthFormat::Ascii4, LengthFormat::Bcd2];
    for encoding in [Encoding::Ascii, Encoding::Binary] {
        for length in formats {
            for tpdu in [None, Some(Tpdu { destination: 1, source: 2 })] {
                let framing = Framing { length, tpdu };
                let settings = SimulatorConfig { encoding, framing, ..config() };
                let world = World::start_with(settings).await;
                let mut link = Link::connect(&world, encoding, framing).await;
                assert_eq!(link.code(&sign_on()).await, "00", "{framing:?}");
                assert_eq!(link.code(&authorization(VISA, 100, &[])).await, "00");
            }
        }
    }
}

#[tokio::test]
async fn many_requests_in_flight_are_all_answered() {
    let world = World::start().await;
    let mut link = world.link().await;
    let requests: Vec<_> = (0..300).map(|_| authorization(VISA, 100, &[])).collect();
    for request in &requests {
        link.send(request).await;
    }
    let mut open: Vec<_> = requests.iter().map(|it| it.get(11).unwrap()).collect();
    for _ in &requests {
        let answer = link.receive().await;
        assert_eq!(answer.get(39), Some("00"));
        open.retain(|stan| Some(*stan) != answer.get(11));
    }
    assert!(open.is_empty());
}

#[tokio::test]
async fn unreadable_messages_are_borne_twice_and_the_host_lives_on() {
    let world = World::start().await;
    let mut link = world.link().await;
    link.send_bytes(b"\x00\x00").await;
    link.send_bytes(b"\x00\x05hello").await;
    link.send_bytes(b"\x00\x040100").await;
    assert_eq!(link.code(&authorization(VISA, 100, &[])).await, "00");
    link.send_bytes(b"\x00\x01x").await;
    assert!(link.is_closed().await);
    for garbage in [&b"\xff\xff"[..], b"GET / HTTP/1.1\r\n\r\n", b"\x10\x01aaaa"] {
        let mut link = world.link().await;
        link.send_bytes(garbage).await;
        assert!(link.is_closed().await);
    }
    let mut link = world.link().await;
    assert_eq!(link.code(&authorization(VISA, 100, &[])).await, "00");
}

#[tokio::test]
async fn an_answer_is_never_answered() {
    let world = World::start().await;
    let mut link = world.link().await;
    let mut answer = network("301", &[]);
    answer.set_mti(Mti::NETWORK_RESPONSE);
    answer.set(39, "00");
    link.send(&answer).await;
    assert!(link.stays_silent().await);
}

#[tokio::test]
async fn with_a_mac_a_message_without_it_is_refused() {
    let key = "101112131415161718191A1B1C1D1E1F".to_owned();
    let mac = MacConfig { key_hex: key.clone().into(), transport_key_hex: key.into() };
    let world = World::start_with(SimulatorConfig { mac: Some(mac), ..config() }).await;
    let mut link = world.unsigned_link().await;
    let refused = link.exchange(&sign_on()).await;
    assert_eq!(refused.get(39), Some("97"));
    assert!(refused.get(128).is_some(), "the host's own messages carry one");
}

#[tokio::test]
async fn a_mac_key_is_changed_on_demand_and_the_old_one_still_serves() {
    let hex_key = "101112131415161718191A1B1C1D1E1F".to_owned();
    let mac = MacConfig { key_hex: hex_key.clone().into(), transport_key_hex: hex_key.into() };
    let world = World::start_with(SimulatorConfig { mac: Some(mac), ..config() }).await;
    let mut link = world.unsigned_link().await;
    let bytes: Vec<u8> = (0x10..0x20).collect();
    let key = aws_lc_rs::cmac::Key::new(aws_lc_rs::cmac::AES_128, &bytes).unwrap();
    let mac = |bytes: &[u8]| {
        let tag = aws_lc_rs::cmac::sign(&key, bytes).unwrap();
        <[u8; 8]>::try_from(&tag.as_ref()[..8]).unwrap()
    };
    link.send_with_mac(&sign_on(), &mac).await;
    assert_eq!(link.receive_with_mac(&mac).await.get(39), Some("00"));
    link.send_with_mac(&network("101", &[]), &mac).await;
    let changed = link.receive_with_mac(&mac).await;
    assert!(changed.get(125).is_some_and(|block| block.starts_with("D0144M6AC00N0000")));
    assert_eq!(changed.private_data().unwrap().get("91"), Some("MAK"));
    link.send_with_mac(&authorization(VISA, 100, &[]), &mac).await;
    let frame = link.receive_frame().await.unwrap();
    let codec = iso8583::Codec::new(iso8583::Spec::florin87(), Encoding::Ascii);
    assert_eq!(codec.decode(&frame).unwrap().get(39), Some("00"));
    assert!(codec.verify_mac(&frame, &mac).is_err(), "the answer is under the new key");
}
