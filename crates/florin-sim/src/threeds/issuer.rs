//! What the issuer's access control server says to an AReq, and at the end of a challenge.
//!
//! By the card's row and the requestor's wish; pure but for the identities that come in.

use emv3ds::{Areq, Ares, Rreq, Secret, TransStatus, Version, VersionRange};

use crate::cards::{Authentication, TestCard};
use crate::proof;

use super::challenge::{Challenge, Choice};

/// Names of this directory server and access control server in their messages.
pub(crate) const DS_REFERENCE: &str = "FLORIN-SIM-DS";
const ACS_REFERENCE: &str = "FLORIN-SIM-ACS";
const ACS_OPERATOR: &str = "florin-sim";
/// Wishes that make this issuer challenge (`threeDSRequestorChallengeInd`): requested, mandated,
/// and those of 2.3.1 that cannot be met without the payer.
const CHALLENGE_WISHES: [&str; 6] = ["03", "04", "09", "12", "13", "14"];
const MANDATED: &str = "04";
/// Dynamic authentication (`authenticationType`).
const DYNAMIC: &str = "02";

/// Reasons (`transStatusReason`).
mod reason {
    pub(super) const AUTHENTICATION_FAILED: &str = "01";
    pub(super) const SUSPECTED_FRAUD: &str = "11";
    pub(super) const NOT_ENROLLED: &str = "13";
    pub(super) const ACS_TECHNICAL_ISSUE: &str = "22";
    pub(super) const NOT_PERFORMED_BY_CARDHOLDER: &str = "26";
}

/// The identities of an authentication on this side.
pub(crate) struct Identities {
    pub acs_trans_id: String,
    pub ds_trans_id: String,
}

/// The versions that the access control server of a card speaks: oldest and newest.
pub(crate) fn versions(card: &TestCard) -> (Version, Version) {
    (Version::V210, if card.newest_version { Version::V231 } else { Version::V220 })
}

/// Whether the access control server of a card speaks this version.
pub(crate) fn speaks(card: &TestCard, version: Version) -> bool {
    let (oldest, newest) = versions(card);
    VersionRange::parse(oldest.as_str(), newest.as_str())
        .is_some_and(|range| range.contains(version))
}

/// Answers an AReq about an enrolled card; about another one, or none, it is U, reason 13.
pub(crate) fn respond(
    card: Option<&TestCard>,
    areq: &Areq,
    identities: Identities,
    challenge_url: String,
) -> Ares {
    let mut ares = Ares {
        message_version: areq.message_version,
        three_ds_server_trans_id: areq.three_ds_server_trans_id.clone(),
        acs_trans_id: identities.acs_trans_id,
        ds_trans_id: identities.ds_trans_id,
        acs_reference_number: ACS_REFERENCE.to_owned(),
        acs_operator_id: Some(ACS_OPERATOR.to_owned()),
        ds_reference_number: DS_REFERENCE.to_owned(),
        ..Ares::default()
    };
    let Some(card) = card else {
        ares.trans_status = Some(TransStatus::U);
        ares.trans_status_reason = Some(reason::NOT_ENROLLED.to_owned());
        return ares;
    };
    let (status, reason) = decide(card, areq);
    ares.trans_status = Some(status);
    ares.trans_status_reason = reason.map(str::to_owned);
    ares.eci = eci(card, status).map(str::to_owned);
    if status.carries_value() {
        ares.authentication_value = Some(value(card, &ares.ds_trans_id, status));
    }
    if status == TransStatus::C {
        let mandated =
            wishes(areq, &[MANDATED]) || card.authentication == Authentication::Challenge;
        ares.acs_challenge_mandated = Some(if mandated { "Y" } else { "N" }.to_owned());
        ares.acs_url = Some(challenge_url);
        if areq.message_version >= Version::V231 {
            ares.authentication_method = Some(vec![DYNAMIC.to_owned()]);
        } else {
            ares.authentication_type = Some(DYNAMIC.to_owned());
        }
    }
    ares
}

/// The result of a challenge: the payer's choice, or N for a card whose challenges fail.
pub(crate) fn result(card: &TestCard, challenge: &Challenge, choice: Choice) -> Rreq {
    let version = challenge.version();
    let fails = card.authentication == Authentication::Fails;
    let (status, reason) = match choice {
        _ if fails => (TransStatus::N, Some(reason::AUTHENTICATION_FAILED)),
        Choice::Y => (TransStatus::Y, None),
        Choice::A => (TransStatus::A, None),
        Choice::N => (TransStatus::N, Some(reason::AUTHENTICATION_FAILED)),
        Choice::U => (TransStatus::U, Some(technical_issue(version))),
        Choice::R => (TransStatus::R, Some(reason::SUSPECTED_FRAUD)),
        Choice::Cancel if version == Version::V210 => {
            (TransStatus::N, Some(reason::AUTHENTICATION_FAILED))
        }
        Choice::Cancel => (TransStatus::N, Some(reason::NOT_PERFORMED_BY_CARDHOLDER)),
    };
    let cancelled = choice == Choice::Cancel && !fails;
    let challenged = matches!(status, TransStatus::Y | TransStatus::N);
    Rreq {
        message_version: version,
        message_category: challenge.category.clone(),
        three_ds_server_trans_id: challenge.three_ds_server_trans_id.clone(),
        acs_trans_id: challenge.acs_trans_id.clone(),
        ds_trans_id: challenge.ds_trans_id.clone(),
        trans_status: Some(status),
        trans_status_reason: reason.map(str::to_owned),
        authentication_type: (challenged && version < Version::V231).then(|| DYNAMIC.to_owned()),
        authentication_method: (challenged && version >= Version::V231)
            .then(|| emv3ds::OneOrMany::Many(vec![DYNAMIC.to_owned()])),
        interaction_counter: if cancelled { "00" } else { "01" }.to_owned(),
        authentication_value: status
            .carries_value()
            .then(|| value(card, &challenge.ds_trans_id, status)),
        eci: eci(card, status).map(str::to_owned),
        challenge_cancel: cancelled.then(|| "01".to_owned()),
        ..Rreq::default()
    }
}

fn decide(card: &TestCard, areq: &Areq) -> (TransStatus, Option<&'static str>) {
    let version = areq.message_version;
    // Without the payer there is nobody to challenge.
    let challenged = areq.is_browser() && wishes(areq, &CHALLENGE_WISHES);
    match card.authentication {
        Authentication::NotEnrolled => (TransStatus::U, Some(reason::NOT_ENROLLED)),
        Authentication::Unavailable => (TransStatus::U, Some(technical_issue(version))),
        Authentication::Rejected => (TransStatus::R, Some(reason::SUSPECTED_FRAUD)),
        _ if challenged => (TransStatus::C, None),
        Authentication::Challenge if areq.is_browser() => (TransStatus::C, None),
        Authentication::Fails => (TransStatus::N, Some(reason::AUTHENTICATION_FAILED)),
        Authentication::Attempted => (TransStatus::A, None),
        Authentication::Informational if TransStatus::I.allowed_in_ares(version) => {
            (TransStatus::I, None)
        }
        _ => (TransStatus::Y, None),
    }
}

fn wishes(areq: &Areq, values: &[&str]) -> bool {
    let wish = areq.three_ds_requestor_challenge_ind.as_ref();
    wish.is_some_and(|wish| wish.values().any(|value| values.contains(&value)))
}

fn value(card: &TestCard, ds_trans_id: &str, status: TransStatus) -> Secret {
    Secret::from(proof::authentication_value(card, ds_trans_id, status.as_str()))
}

/// The ECI of a status, in the scheme's numbers.
fn eci(card: &TestCard, status: TransStatus) -> Option<&'static str> {
    match (status, card.brand.is_mastercard_family()) {
        (TransStatus::Y, false) => Some("05"),
        (TransStatus::Y, true) => Some("02"),
        (TransStatus::A, false) => Some("06"),
        (TransStatus::A, true) => Some("01"),
        (TransStatus::I | TransStatus::U, false) => Some("07"),
        (TransStatus::I, true) => Some("06"),
        (TransStatus::U, true) => Some("00"),
        _ => None,
    }
}

/// 22 came with 2.2.0.
fn technical_issue(version: Version) -> &'static str {
    if version >= Version::V220 { reason::ACS_TECHNICAL_ISSUE } else { "80" }
}
