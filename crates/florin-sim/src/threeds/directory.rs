//! The directory servers: one path for each network, JSON in, JSON out (EMV 3DS, AReq and PReq).
//!
//! They know the card ranges of their network and ask the access control server, which is in the
//! same process. Results do not come in here: only our own ACS sends them, see `result`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use emv3ds::{
    Areq, CardRange, Component, Erro, ErrorCode, Incoming, Preq, Pres, TransStatus, TransactionIds,
    Version, action,
};

use crate::cards::{self, Authentication, Brand, CARDS, TestCard};
use crate::faults::Fault;
use crate::journal::Record;
use crate::limits::ACS_SILENCE;
use crate::shared::{Shared, lock};

use super::challenge::{Challenge, ChallengeRecord};
use super::issuer::{self, Identities};
use super::{method, page};

/// The networks that have a directory server here.
const BRANDS: [Brand; 4] = [Brand::Visa, Brand::Mastercard, Brand::Amex, Brand::Maestro];
/// Oldest and newest version that the directory servers speak.
const OLDEST: Version = Version::V210;
const NEWEST: Version = Version::V231;
/// What the access control servers can do: authenticate, and prove attempts.
const ACS_INFO: [&str; 2] = ["01", "02"];

/// Takes a message of a 3DS Server.
pub(crate) async fn receive(
    State(shared): State<Arc<Shared>>,
    Path(network): Path<String>,
    body: Bytes,
) -> Response {
    let Some(brand) = BRANDS.into_iter().find(|brand| is_named(*brand, &network)) else {
        let detail = "there is no directory server of this network";
        let erro = erro(ErrorCode::AccessDenied, Version::default(), detail);
        return json(StatusCode::NOT_FOUND, erro.to_json());
    };
    match Incoming::parse(&body) {
        Ok(Incoming::Areq(areq)) => authenticate(&shared, brand, &areq, &body).await,
        Ok(Incoming::Preq(preq)) => json(StatusCode::OK, prepare(&shared, brand, &preq)),
        Ok(other) => {
            let detail = "a directory server takes AReq and PReq";
            let erro = erro(ErrorCode::MessageInvalid, Version::default(), detail)
                .about(other.message_type(), other.ids());
            json(StatusCode::OK, erro.to_json())
        }
        Err(error) => json(StatusCode::OK, error.to_erro(Component::DirectoryServer).to_json()),
    }
}

async fn authenticate(shared: &Shared, brand: Brand, areq: &Areq, body: &[u8]) -> Response {
    let merchant = areq.acquirer_merchant_id.clone().unwrap_or_default();
    shared.transcript.json(&merchant, shared.now(), "3DS Server to directory server", body);
    match shared.faults.take_acs(&merchant) {
        Some(Fault::AcsSilent) => {
            tokio::time::sleep(ACS_SILENCE).await;
            return StatusCode::GATEWAY_TIMEOUT.into_response();
        }
        Some(Fault::AcsGarbage) => {
            let garbage = b"{\"messageType\":\"ARes\",".to_vec();
            return json(StatusCode::OK, garbage);
        }
        _ => {}
    }
    let answer = match &shared.results_prefix {
        Some(prefix) if !areq.three_ds_server_url.starts_with(prefix) => {
            let detail = "threeDSServerURL";
            let erro = erro(ErrorCode::AccessDenied, areq.message_version, detail);
            erro.about("AReq", areq.ids()).to_json()
        }
        _ => answer(shared, brand, areq),
    };
    shared.transcript.json(&merchant, shared.now(), "directory server to 3DS Server", &answer);
    json(StatusCode::OK, answer)
}

fn answer(shared: &Shared, brand: Brand, areq: &Areq) -> Vec<u8> {
    let identities = Identities {
        acs_trans_id: shared.around.new_id().to_string(),
        ds_trans_id: shared.around.new_id().to_string(),
    };
    let card = cards::by_number(areq.acct_number.expose());
    let card = card.filter(|card| card.brand == brand && is_enrolled(card));
    if let Some(card) = card
        && !issuer::speaks(card, areq.message_version)
    {
        let (oldest, newest) = issuer::versions(card);
        let detail = format!("{oldest},{newest}");
        let ids = TransactionIds { ds: Some(identities.ds_trans_id), ..areq.ids() };
        let code = ErrorCode::VersionNotSupported;
        let erro = Erro::new(code, Component::Acs, areq.message_version, detail);
        return erro.about("AReq", ids).to_json();
    }
    let ares = issuer::respond(card, areq, identities, shared.url(page::PATH));
    if let (Some(TransStatus::C), Some(card)) = (ares.trans_status, card) {
        let now = shared.now().unix_millis();
        if let Some(challenge) = Challenge::open(areq, &ares, card.id, now) {
            let record = ChallengeRecord::Opened { challenge: Box::new(challenge) };
            let mut challenges = lock(&shared.challenges);
            challenges.apply(record.clone());
            shared.journal.append(&Record::Challenge(record));
        }
        shared.journal.flush();
    }
    ares.to_json()
}

/// All card ranges, or none when the 3DS Server has the newest.
fn prepare(shared: &Shared, brand: Brand, preq: &Preq) -> Vec<u8> {
    let ranges = card_ranges(shared, brand);
    let serial = serial_number(&ranges);
    let unchanged = preq.serial_num.as_ref() == Some(&serial);
    if preq.serial_num.is_some() && !unchanged {
        // What the ranges were before is not kept: the 3DS Server starts again without a number.
        let detail = "serialNum";
        let erro = erro(ErrorCode::SerialNumberInvalid, preq.message_version, detail);
        return erro.about("PReq", preq.ids()).to_json();
    }
    let pres = Pres {
        message_version: preq.message_version,
        three_ds_server_trans_id: preq.three_ds_server_trans_id.clone(),
        ds_trans_id: shared.around.new_id().to_string(),
        serial_num: Some(serial),
        ds_start_protocol_version: OLDEST.to_string(),
        ds_end_protocol_version: NEWEST.to_string(),
        card_range_data: (!unchanged).then_some(ranges),
        ..Pres::default()
    };
    pres.to_json()
}

fn card_ranges(shared: &Shared, brand: Brand) -> Vec<CardRange> {
    let enrolled = CARDS.iter().filter(|card| card.brand == brand && is_enrolled(card));
    enrolled
        .map(|card| {
            let (oldest, newest) = issuer::versions(card);
            CardRange {
                start_range: card.number.to_owned(),
                end_range: card.number.to_owned(),
                action_ind: Some(action::ADD.to_owned()),
                acs_start_protocol_version: oldest.to_string(),
                acs_end_protocol_version: newest.to_string(),
                acs_info_ind: Some(ACS_INFO.map(str::to_owned).to_vec()),
                three_ds_method_url: card.method.then(|| shared.url(method::PATH)),
                ..CardRange::default()
            }
        })
        .collect()
}

/// A number that changes when the ranges do.
fn serial_number(ranges: &[CardRange]) -> String {
    let text = serde_json::to_vec(ranges).unwrap_or_default();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &text);
    hex::encode(&digest.as_ref()[..8])
}

fn is_enrolled(card: &TestCard) -> bool {
    card.authentication != Authentication::NotEnrolled
}

/// A network is named by its code on the acquirer link or by its brand, in any case.
fn is_named(brand: Brand, network: &str) -> bool {
    network.eq_ignore_ascii_case(brand.network()) || network.eq_ignore_ascii_case(brand.name())
}

fn erro(code: ErrorCode, version: Version, detail: &str) -> Erro {
    Erro::new(code, Component::DirectoryServer, version, detail)
}

fn json(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response()
}
