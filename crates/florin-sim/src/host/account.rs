//! What an issuer thinks of a payment with one of its cards.
//!
//! Money, verification code, proof of authentication, exemption and address, by the card's row.
//! Nothing is booked here.

use crate::cards::{Issuer, Review, TestCard};
use crate::proof;

use super::request::{Kind, Request};

/// The issuer's word: a code that declines, or none; and what it found (tags 60 to 69).
pub(crate) struct Verdict {
    pub decline: Option<&'static str>,
    pub tags: Vec<(&'static str, String)>,
}

/// Any code of the right length matches but this one, at three or four digits.
const WRONG_CODE: &str = "0000";
const DO_NOT_HONOR: &str = "05";
const INVALID_TRANSACTION: &str = "12";
const INSUFFICIENT_FUNDS: &str = "51";
const EXCEEDS_LIMIT: &str = "61";
const AUTHENTICATION_FAILED: &str = "Q1";

/// Judges an authorization, an increment or a single message. `spent` is what the card's account
/// has already spent, in minor units.
pub(crate) fn judge(card: &'static TestCard, request: &Request<'_>, spent: i64) -> Verdict {
    let code_result = card_code_result(card, request);
    let proof_result = proof_result(card, request);
    let exemption = request.tags.get("36");
    let decline = decline(card, request, spent, code_result, proof_result);
    let mut tags = vec![("60", code_result.to_string())];
    if let Some(result) = proof_result {
        tags.push(("61", result.to_string()));
    }
    if let Some(result) = address_result(request) {
        tags.push(("62", result.to_string()));
    }
    if matches!(exemption, Some("LVP" | "TRA" | "SCP" | "TRB" | "DEL")) {
        let refused = matches!(card.issuer, Issuer::WantsChallenge { .. }) && decline.is_some();
        tags.push(("69", if refused { "2" } else { "1" }.to_owned()));
    }
    if let (Some(review), None, Kind::Authorization | Kind::Purchase) =
        (card.review, decline, request.kind)
    {
        // The raw word of the acquirer's fraud screening beside an approval.
        let word = match review {
            Review::Completes => "RVC",
            Review::Voids => "RVV",
        };
        tags.push(("65", word.to_owned()));
    }
    Verdict { decline, tags }
}

/// Product, funding and country of an approved card (tags 66 to 68).
pub(crate) fn describe_card(card: &TestCard, tags: &mut Vec<(&'static str, String)>) {
    tags.push(("66", card.product.to_owned()));
    tags.push(("67", card.funding.to_owned()));
    tags.push(("68", card.country.to_owned()));
}

fn decline(
    card: &'static TestCard,
    request: &Request<'_>,
    spent: i64,
    code_result: char,
    proof_result: Option<char>,
) -> Option<&'static str> {
    if let Issuer::Declines(code) = card.issuer {
        return Some(code);
    }
    if code_result == 'N' {
        return Some(DO_NOT_HONOR);
    }
    if proof_result == Some('1') {
        return Some(AUTHENTICATION_FAILED);
    }
    if request.is_merchant_initiated() && !refers_to_first_payment(card, request) {
        return Some(INVALID_TRANSACTION);
    }
    let payer_present = !request.is_merchant_initiated()
        && request.kind != Kind::Increment
        && request.tags.get("36") != Some("MOT");
    match card.issuer {
        Issuer::WantsChallenge { code } if payer_present && !passed_challenge(request) => {
            Some(code)
        }
        Issuer::Limit { payment_max } if request.amount > payment_max => Some(EXCEEDS_LIMIT),
        Issuer::Account { open_to_buy } if spent.saturating_add(request.amount) > open_to_buy => {
            // A verification takes nothing, so that an empty account has no reason to decline it.
            (request.amount > 0).then_some(INSUFFICIENT_FUNDS)
        }
        _ if spent.saturating_add(request.amount) > crate::cards::OPEN_TO_BUY => {
            Some(INSUFFICIENT_FUNDS)
        }
        _ => None,
    }
}

/// A merchant-initiated payment names the payment at which the payer agreed (tag 07).
fn refers_to_first_payment(card: &TestCard, request: &Request<'_>) -> bool {
    request.tags.get("07").is_some_and(|reference| proof::is_reference_of(card, reference))
}

fn passed_challenge(request: &Request<'_>) -> bool {
    request.tags.get("34") == Some("Y") && request.tags.get("35") == Some("C")
}

/// Tag 60: M match, N no match, P not processed, S should be on the card.
fn card_code_result(card: &TestCard, request: &Request<'_>) -> char {
    let is_amex = card.brand == crate::cards::Brand::Amex;
    match (request.tags.get("20"), request.tags.get("21")) {
        (Some("1"), Some(code)) => {
            let length_fits = code.len() == 3 || (is_amex && code.len() == 4);
            if length_fits && !WRONG_CODE.starts_with(code) { 'M' } else { 'N' }
        }
        (Some("9"), _) if card.brand != crate::cards::Brand::Maestro => 'S',
        _ => 'P',
    }
}

/// Tag 61 in Visa's words, also for American Express: 0 could not be checked, 1 wrong,
/// 2 authentication proved, 3 attempt proved. Mastercard's answer has none when it is right.
fn proof_result(card: &TestCard, request: &Request<'_>) -> Option<char> {
    let value = request.tags.get("31")?;
    let status = request.tags.get("34").unwrap_or("Y");
    let result = match request.tags.get("32") {
        None => '0',
        Some(id) if proof::authentication_value(card, id, status) != value => '1',
        Some(_) if status == "A" => '3',
        Some(_) => '2',
    };
    (result == '1' || !card.brand.is_mastercard_family()).then_some(result)
}

/// Tag 62: Y address and postcode match, Z postcode, A address.
fn address_result(request: &Request<'_>) -> Option<char> {
    match (request.tags.get("22").is_some(), request.tags.get("23").is_some()) {
        (true, true) => Some('Y'),
        (true, false) => Some('Z'),
        (false, true) => Some('A'),
        (false, false) => None,
    }
}
