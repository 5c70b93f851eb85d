//! The books after each kind of message: captures, refunds, reversals, duplicates.

use iso8583::{Message, Mti};

use crate::world::{
    Link, MERCHANT, VISA, World, amounts, authorization, capture, financial, refund, reversal,
};

async fn authorized(link: &mut Link, amount: u64, more: &[(&str, &str)]) -> (Message, Message) {
    let request = authorization(VISA, amount, more);
    let answer = link.exchange(&request).await;
    assert_eq!(answer.get(39), Some("00"));
    (request, answer)
}

#[tokio::test]
async fn a_payment_is_held_then_captured_then_refunded_and_never_beyond() {
    let world = World::start().await;
    let mut link = world.link().await;
    let (request, answer) = authorized(&mut link, 4995, &[]).await;
    assert_eq!(amounts(&world.only_entry().await), [4995, 0, 0, 0, 4995]);
    assert_eq!(link.code(&capture(&request, &answer, 4996, "F")).await, "N8");
    assert_eq!(link.code(&refund(&request, 1)).await, "13");
    assert_eq!(link.code(&capture(&request, &answer, 4995, "F")).await, "00");
    assert_eq!(link.code(&capture(&request, &answer, 1, "F")).await, "N8");
    assert_eq!(link.code(&refund(&request, 1500)).await, "00");
    assert_eq!(link.code(&refund(&request, 3496)).await, "13");
    assert_eq!(link.code(&refund(&request, 3495)).await, "00");
    let entry = world.only_entry().await;
    assert_eq!(amounts(&entry), [4995, 4995, 4995, 0, 0]);
    assert_eq!(entry["order_id"], "my-order");
    assert_eq!((entry["currency"].as_str(), entry["last4"].as_str()), (Some("EUR"), Some("1111")));
    assert_eq!(entry["rrn"].as_str(), request.get(37));
    assert_eq!(entry["approval_code"].as_str(), answer.get(38));
}

#[tokio::test]
async fn a_pre_authorization_grows_is_captured_in_parts_and_given_back() {
    let world = World::start().await;
    let mut link = world.link().await;
    let (request, answer) = authorized(&mut link, 10_000, &[("03", "P")]).await;
    let rrn = request.get(37).unwrap();
    let more = authorization(VISA, 2_000, &[("03", "I"), ("08", rrn), ("20", "0"), ("21", "")]);
    let grown = link.exchange(&more).await;
    assert_eq!((grown.get(39), grown.get(38)), (Some("00"), answer.get(38)));
    assert_eq!(amounts(&world.only_entry().await), [12_000, 0, 0, 0, 12_000]);
    assert_eq!(link.code(&capture(&request, &answer, 6_000, "N")).await, "00");
    // Less than what is captured, or more than is left, cannot remain.
    let partial = |remains| reversal(Mti::REVERSAL_REQUEST, &request, Some(remains));
    assert_eq!(link.code(&partial(5_999)).await, "64");
    assert_eq!(link.code(&partial(12_001)).await, "64");
    let answer_95 = link.exchange(&partial(8_000)).await;
    assert_eq!(answer_95.get(39), Some("00"));
    assert!(answer_95.get(95).is_some());
    assert_eq!(amounts(&world.only_entry().await), [12_000, 6_000, 0, 4_000, 2_000]);
    assert_eq!(link.code(&capture(&request, &answer, 2_001, "F")).await, "N8");
    assert_eq!(link.code(&capture(&request, &answer, 1_500, "F")).await, "00");
    let entry = world.only_entry().await;
    assert_eq!(amounts(&entry), [12_000, 7_500, 0, 4_000, 0], "the rest of the hold is free");
    assert_eq!(entry["captures"], 2);
}

#[tokio::test]
async fn the_acquirers_file_has_a_line_for_each_message_that_moved_money() {
    let world = World::start().await;
    let mut link = world.link().await;
    assert_eq!(world.settlement_file().await, ["rrn,order_id,type,currency,amount"]);
    let (request, answer) = authorized(&mut link, 10_000, &[("03", "P"), ("06", "a,\"b\"")]).await;
    let first = capture(&request, &answer, 6_000, "N");
    assert_eq!(link.code(&first).await, "00");
    assert_eq!(link.code(&refund(&request, 500)).await, "00");
    let partial = reversal(Mti::REVERSAL_REQUEST, &request, Some(9_000));
    assert_eq!(link.code(&partial).await, "00");
    assert_eq!(link.code(&capture(&request, &answer, 1_000, "F")).await, "00");
    let (other, _) = authorized(&mut link, 700, &[]).await;
    assert_eq!(link.code(&reversal(Mti::REVERSAL_ADVICE, &other, None)).await, "00");
    let rrn = |message: &Message| message.get(37).unwrap().to_owned();
    let lines = world.settlement_file().await;
    let expected = [
        "rrn,order_id,type,currency,amount".to_owned(),
        format!("{},\"a,\"\"b\"\"\",authorization,EUR,10000", rrn(&request)),
        format!("{},\"a,\"\"b\"\"\",capture,EUR,6000", rrn(&first)),
    ];
    assert_eq!(lines[..3], expected);
    let kinds: Vec<&str> = lines[3..]
        .iter()
        .map(|line| line.rsplit_once("\",").map_or(line.as_str(), |it| it.1))
        .collect();
    // The last capture leaves 2000 of what was promised; nobody will claim them.
    assert_eq!(
        kinds[..4],
        ["refund,EUR,500", "reversal,EUR,1000", "capture,EUR,1000", "reversal,EUR,2000"]
    );
    let last = [
        format!("{},my-order,authorization,EUR,700", rrn(&other)),
        format!("{},my-order,reversal,EUR,700", rrn(&other)),
    ];
    assert_eq!(lines[7..], last);
}

#[tokio::test]
async fn a_reversal_undoes_once_and_says_when_there_is_nothing_to_undo() {
    let world = World::start().await;
    let mut link = world.link().await;
    let (request, answer) = authorized(&mut link, 3_300, &[]).await;
    let mut wrong_original = reversal(Mti::REVERSAL_REQUEST, &request, None);
    let mut other = authorization(VISA, 3_300, &[]);
    other.set(37, request.get(37).unwrap());
    wrong_original.set(90, reversal(Mti::REVERSAL_REQUEST, &other, None).get(90).unwrap());
    assert_eq!(link.code(&wrong_original).await, "77");
    let mut wrong_amount = reversal(Mti::REVERSAL_REQUEST, &request, None);
    wrong_amount.set(4, "000000000001");
    assert_eq!(link.code(&wrong_amount).await, "64");
    assert_eq!(link.code(&reversal(Mti::REVERSAL_REQUEST, &request, None)).await, "00");
    assert_eq!(link.code(&reversal(Mti::REVERSAL_ADVICE, &request, None)).await, "21");
    assert_eq!(link.code(&capture(&request, &answer, 3_300, "F")).await, "79");
    assert_eq!(amounts(&world.only_entry().await), [3_300, 0, 0, 3_300, 0]);
    let declined = authorization(VISA, 3_300, &[("21", "000")]);
    assert_eq!(link.code(&declined).await, "05");
    assert_eq!(link.code(&reversal(Mti::REVERSAL_ADVICE, &declined, None)).await, "21");
}

#[tokio::test]
async fn a_reversal_that_overtakes_its_original_keeps_it_from_having_an_effect() {
    let world = World::start().await;
    let mut link = world.link().await;
    let late = authorization(VISA, 3_300, &[]);
    let advice = reversal(Mti::REVERSAL_ADVICE, &late, None);
    assert_eq!(link.code(&advice).await, "25");
    assert_eq!(link.code(&late).await, "79");
    assert!(world.simulator.entries(MERCHANT).is_empty());
}

#[tokio::test]
async fn captures_and_refunds_can_be_reversed_too() {
    let world = World::start().await;
    let mut link = world.link().await;
    let (request, answer) = authorized(&mut link, 5_000, &[("03", "P")]).await;
    let captured = capture(&request, &answer, 5_000, "N");
    assert_eq!(link.code(&captured).await, "00");
    let refunded = refund(&request, 2_000);
    assert_eq!(link.code(&refunded).await, "00");
    assert_eq!(link.code(&reversal(Mti::REVERSAL_ADVICE, &captured, None)).await, "64");
    assert_eq!(link.code(&reversal(Mti::REVERSAL_ADVICE, &refunded, None)).await, "00");
    assert_eq!(link.code(&reversal(Mti::REVERSAL_ADVICE, &captured, None)).await, "00");
    assert_eq!(amounts(&world.only_entry().await), [5_000, 0, 0, 0, 5_000]);
}

#[tokio::test]
async fn a_capture_or_refund_without_its_authorization_is_not_located() {
    let world = World::start().await;
    let mut link = world.link().await;
    let never_sent = authorization(VISA, 100, &[]);
    assert_eq!(link.code(&capture(&never_sent, &never_sent, 100, "F")).await, "25");
    assert_eq!(link.code(&refund(&never_sent, 100)).await, "25");
    let (request, answer) = authorized(&mut link, 100, &[]).await;
    let mut other_card = capture(&request, &answer, 100, "F");
    other_card.set(2, "4761340000000019");
    assert_eq!(link.code(&other_card).await, "25");
    let mut other_code = capture(&request, &answer, 100, "F");
    other_code.set(38, "ZZZZZZ");
    assert_eq!(link.code(&other_code).await, "25");
    assert_eq!(amounts(&world.only_entry().await), [100, 0, 0, 0, 100]);
}

#[tokio::test]
async fn a_second_copy_has_no_second_effect() {
    let world = World::start().await;
    let mut link = world.link().await;
    let (request, answer) = authorized(&mut link, 4_000, &[("03", "P")]).await;
    assert_eq!(link.code(&request).await, "94");
    let mut advice = capture(&request, &answer, 1_000, "N");
    assert_eq!(link.code(&advice).await, "00");
    advice.set_mti(Mti::FINANCIAL_ADVICE_REPEAT);
    assert_eq!(link.code(&advice).await, "00", "an advice gets its first answer again");
    let refunded = refund(&request, 400);
    assert_eq!(link.code(&refunded).await, "00");
    assert_eq!(link.code(&refunded).await, "94");
    assert_eq!(amounts(&world.only_entry().await), [4_000, 1_000, 400, 0, 3_000]);
    let mut reversed = reversal(Mti::REVERSAL_ADVICE, &request, Some(1_000));
    assert_eq!(link.code(&reversed).await, "00");
    reversed.set_mti(Mti::REVERSAL_ADVICE_REPEAT);
    assert_eq!(link.code(&reversed).await, "00");
    assert_eq!(amounts(&world.only_entry().await), [4_000, 1_000, 400, 3_000, 0]);
}

#[tokio::test]
async fn a_single_message_authorizes_and_captures_and_its_reversal_takes_both_back() {
    let world = World::start().await;
    let mut link = world.link().await;
    let tags =
        [("01", "E"), ("03", "N"), ("05", "VI"), ("06", "single"), ("20", "1"), ("21", "123")];
    let purchase = financial(Mti::FINANCIAL_REQUEST, VISA, 2_500, &tags);
    assert_eq!(link.code(&purchase).await, "00");
    assert_eq!(amounts(&world.only_entry().await), [2_500, 2_500, 0, 0, 0]);
    assert_eq!(link.code(&reversal(Mti::REVERSAL_ADVICE, &purchase, None)).await, "00");
    assert_eq!(amounts(&world.only_entry().await), [2_500, 0, 0, 2_500, 0]);
}

#[tokio::test]
async fn currencies_are_booked_with_their_letters() {
    let world = World::start().await;
    let mut link = world.link().await;
    for (numeric, letters) in [("392", "JPY"), ("048", "BHD")] {
        let mut request = authorization(VISA, 1_500, &[]);
        request.set(49, numeric);
        assert_eq!(link.code(&request).await, "00");
        let entries = world.simulator.entries(MERCHANT);
        assert_eq!(entries.last().unwrap().currency, letters);
    }
}
