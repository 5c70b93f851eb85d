//! What the issuer says of each card, and of what comes with a payment.

use florin_sim::cards::{self, CARDS, Issuer};
use iso8583::Mti;

use crate::world::{PATIENCE, VISA, World, authorization, financial};

#[tokio::test]
async fn every_card_answers_an_authorization_as_its_row_says() {
    let world = World::start().await;
    let mut link = world.link().await;
    for card in CARDS {
        let request = authorization(card.number, 4995, &[]);
        if card.issuer == Issuer::Silent {
            link.send(&request).await;
            assert!(link.stays_silent().await);
            continue;
        }
        let answer = link.exchange(&request).await;
        let expected = match card.issuer {
            Issuer::Declines(code) | Issuer::WantsChallenge { code } => code,
            Issuer::Account { open_to_buy } if open_to_buy < 4995 => "51",
            _ => "00",
        };
        assert_eq!(answer.get(39), Some(expected), "{}", card.id);
        assert_eq!(answer.get(38).is_some(), expected == "00", "{}", card.id);
        let tags = answer.private_data().unwrap();
        assert_eq!(tags.get("60"), Some("M"));
        assert!(tags.get("63").is_some());
        let product = (expected == "00").then_some(card.product);
        assert_eq!(tags.get("66"), product, "{}", card.id);
        assert_eq!(tags.get("67").is_some() && tags.get("68").is_some(), expected == "00");
    }
}

#[tokio::test]
async fn an_unknown_number_is_no_account() {
    let world = World::start().await;
    let mut link = world.link().await;
    assert_eq!(link.code(&authorization("4242424242424242", 100, &[])).await, "14");
}

#[tokio::test]
async fn an_account_is_spent_down_and_filled_up_by_reversals() {
    let world = World::start().await;
    let mut link = world.link().await;
    let account = cards::by_id("visa-account").unwrap().number;
    let first = authorization(account, 30_000, &[]);
    assert_eq!(link.code(&first).await, "00");
    assert_eq!(link.code(&authorization(account, 20_001, &[])).await, "51");
    assert_eq!(link.code(&authorization(account, 20_000, &[])).await, "00");
    assert_eq!(link.code(&authorization(account, 1, &[])).await, "51");
    let reversal = crate::world::reversal(Mti::REVERSAL_REQUEST, &first, None);
    assert_eq!(link.code(&reversal).await, "00");
    assert_eq!(link.code(&authorization(account, 30_000, &[])).await, "00");
    let limited = cards::by_id("visa-limit").unwrap().number;
    assert_eq!(link.code(&authorization(limited, 10_000, &[])).await, "00");
    assert_eq!(link.code(&authorization(limited, 10_001, &[])).await, "61");
}

#[tokio::test]
async fn the_verification_code_is_matched_by_length_and_value() {
    let world = World::start().await;
    let mut link = world.link().await;
    let amex = cards::by_id("amex").unwrap().number;
    for (number, presence, code, result, answered) in [
        (VISA, "1", "123", "M", "00"),
        (VISA, "1", "000", "N", "05"),
        (VISA, "1", "1234", "N", "05"),
        (VISA, "0", "", "P", "00"),
        (VISA, "9", "", "S", "00"),
        (amex, "1", "1234", "M", "00"),
        (amex, "1", "123", "M", "00"),
        (amex, "1", "0000", "N", "05"),
    ] {
        let request = authorization(number, 100, &[("20", presence), ("21", code)]);
        let answer = link.exchange(&request).await;
        assert_eq!(answer.private_data().unwrap().get("60"), Some(result), "{code}");
        assert_eq!(answer.get(39), Some(answered), "{code}");
    }
}

#[tokio::test]
async fn a_soft_decline_ends_with_a_challenge_and_does_not_bind_an_absent_payer() {
    let world = World::start().await;
    let mut link = world.link().await;
    for (id, code) in [("visa-soft-decline", "1A"), ("mastercard-soft-decline", "65")] {
        let number = cards::by_id(id).unwrap().number;
        let refused = link.exchange(&authorization(number, 100, &[("36", "TRA")])).await;
        assert_eq!(refused.get(39), Some(code));
        assert_eq!(refused.private_data().unwrap().get("69"), Some("2"));
        let frictionless = authorization(number, 100, &[("34", "Y"), ("35", "F")]);
        assert_eq!(link.code(&frictionless).await, code);
        let challenged = authorization(number, 100, &[("34", "Y"), ("35", "C")]);
        let approved = link.exchange(&challenged).await;
        assert_eq!(approved.get(39), Some("00"));
        let reference = approved.private_data().unwrap().get("63").unwrap().to_owned();
        let later = [("01", "R"), ("02", "M101"), ("07", &reference), ("20", "0"), ("21", "")];
        assert_eq!(link.code(&authorization(number, 100, &later)).await, "00");
    }
    let approved = link.exchange(&authorization(VISA, 100, &[("36", "TRA")])).await;
    assert_eq!(approved.private_data().unwrap().get("69"), Some("1"));
}

#[tokio::test]
async fn a_merchant_initiated_payment_needs_the_reference_of_its_own_card() {
    let world = World::start().await;
    let mut link = world.link().await;
    let first = link.exchange(&authorization(VISA, 100, &[("02", "C101")])).await;
    let reference = first.private_data().unwrap().get("63").unwrap().to_owned();
    assert_eq!(reference.len(), 15);
    let later = |reference: &str| {
        authorization(VISA, 100, &[("01", "R"), ("02", "M101"), ("07", reference), ("30", "")])
    };
    assert_eq!(link.code(&later(&reference)).await, "00");
    assert_eq!(link.code(&later("")).await, "12");
    assert_eq!(link.code(&later("306326507909842")).await, "12");
}

#[tokio::test]
async fn a_forged_proof_of_authentication_is_found_out() {
    let world = World::start().await;
    let mut link = world.link().await;
    let forged = authorization(
        VISA,
        100,
        &[
            ("31", "mb5bOXG6gzSMEXGtdU8s6H72s6s="),
            ("32", "36da3ecf-58d8-495a-8f24-a53e6c8b0ee0"),
            ("34", "Y"),
        ],
    );
    let answer = link.exchange(&forged).await;
    assert_eq!(answer.get(39), Some("Q1"));
    assert_eq!(answer.private_data().unwrap().get("61"), Some("1"));
}

#[tokio::test]
async fn a_verification_has_no_amount_and_holds_nothing() {
    let world = World::start().await;
    let mut link = world.link().await;
    let no_funds = cards::by_id("visa-no-funds").unwrap().number;
    let mastercard = cards::by_id("mastercard").unwrap().number;
    for (number, code) in [(VISA, "85"), (no_funds, "85"), (mastercard, "00")] {
        assert_eq!(link.code(&authorization(number, 0, &[("03", "V")])).await, code);
    }
    assert_eq!(link.code(&authorization(VISA, 100, &[("03", "V")])).await, "13");
    assert_eq!(link.code(&authorization(VISA, 0, &[])).await, "13");
}

#[tokio::test]
async fn cards_under_review_are_approved_with_the_reviews_word() {
    let world = World::start().await;
    let mut link = world.link().await;
    for (id, word) in [("visa-review-void", "RVV"), ("visa-review-complete", "RVC")] {
        let number = cards::by_id(id).unwrap().number;
        let answer = link.exchange(&authorization(number, 100, &[])).await;
        assert_eq!(answer.get(39), Some("00"));
        assert_eq!(answer.private_data().unwrap().get("65"), Some(word));
    }
}

#[tokio::test]
async fn the_slow_host_answers_after_its_time_and_holds_up_nobody() {
    let world = World::start().await;
    let mut link = world.link().await;
    let slow = authorization(cards::by_id("visa-slow").unwrap().number, 100, &[]);
    let started = std::time::Instant::now();
    link.send(&slow).await;
    assert_eq!(link.code(&authorization(VISA, 100, &[])).await, "00");
    assert!(started.elapsed() < std::time::Duration::from_secs(5));
    let answer = link.receive().await;
    assert_eq!(answer.get(11), slow.get(11));
    assert!(started.elapsed() >= std::time::Duration::from_secs(5));
    assert!(started.elapsed() < PATIENCE);
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_with_the_element_at_fault() {
    let world = World::start().await;
    let mut link = world.link().await;
    let mut missing = authorization(VISA, 100, &[]);
    missing.remove(18);
    let mut currency = authorization(VISA, 100, &[]);
    currency.set(49, "999");
    let mut tags = authorization(VISA, 100, &[]);
    tags.set(48, "0101E0399N");
    let mut processing = authorization(VISA, 100, &[]);
    processing.set(3, "090000");
    for (message, element) in
        [(missing, "018"), (currency, "049"), (tags, "048"), (processing, "003")]
    {
        let answer = link.exchange(&message).await;
        assert_eq!((answer.get(39), answer.get(44)), (Some("30"), Some(element)));
    }
}

#[tokio::test]
async fn an_advised_approval_is_taken_as_it_is() {
    let world = World::start().await;
    let mut link = world.link().await;
    let tags =
        [("01", "T"), ("03", "N"), ("05", "VI"), ("06", "voice"), ("11", "1004"), ("20", "0")];
    let mut advice = financial(Mti::AUTHORIZATION_ADVICE, VISA, 75_000, &tags);
    advice.set(38, "VO1234");
    advice.set(39, "00");
    assert_eq!(link.code(&advice).await, "00");
    let entry = world.only_entry().await;
    assert_eq!(
        (entry["approval_code"].as_str(), entry["held"].as_i64()),
        (Some("VO1234"), Some(75_000))
    );
}
