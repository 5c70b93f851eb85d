//! What is kept of a judgement with the order, and how it is told.

use florin_core::payment::{ReviewVerdict, State};
use florin_core::risk::rules::{Assessment, CardsSeen, RuleKind, SCORE_MAX, SCORE_MIN};
use florin_core::risk::{Band, band};
use florin_core::trail::WHOLE;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::record::Record;
use super::CountryTables;

/// Score and reasons as they are stored with the order's state. Names are short because every
/// payment carries them through the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskReport {
    /// 1 to 10.
    #[serde(rename = "s")]
    pub score: u8,
    #[serde(rename = "h", default, skip_serializing_if = "Vec::is_empty")]
    pub hits: Vec<StoredHit>,
    /// Cards that were seen of the payer, by address and by e-mail: kept until the host answers.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<(u32, u32)>,
}

/// One reason: a rule's name, what it weighed, and a sentence without card data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredHit(pub String, pub i8, pub String);

/// The name of a hit of the review list.
const REVIEW_LIST: &str = "review_list";

impl RiskReport {
    /// What is known before the host has answered: no score yet.
    pub fn begun(seen: CardsSeen) -> RiskReport {
        let seen = Some((seen.by_address, seen.by_email));
        RiskReport { score: SCORE_MIN, hits: Vec::new(), seen }
    }

    pub fn cards_seen(&self) -> Option<CardsSeen> {
        self.seen.map(|(by_address, by_email)| CardsSeen { by_address, by_email })
    }

    /// What the rules found.
    pub fn assessed(assessment: &Assessment) -> RiskReport {
        let hits = assessment.hits.iter();
        let hits = hits.map(|it| StoredHit(it.rule.name().to_owned(), it.weight, it.why.clone()));
        RiskReport { score: assessment.score, hits: hits.collect(), seen: None }
    }

    /// The card is on the review list, which says the score itself.
    pub fn listed(score: u8) -> RiskReport {
        let why = format!("the card is on the site's review list with a score of {score}");
        RiskReport { score, hits: vec![StoredHit(REVIEW_LIST.to_owned(), 0, why)], seen: None }
    }

    /// The payment was refused unsent.
    pub fn refused(rule: &str, why: &str) -> RiskReport {
        let weight = i8::try_from(SCORE_MAX).unwrap_or(i8::MAX);
        let hits = vec![StoredHit(rule.to_owned(), weight, why.to_owned())];
        RiskReport { score: SCORE_MAX, hits, seen: None }
    }

    /// The hits for the history and for answers.
    pub fn hits_json(&self) -> Value {
        let hits = self.hits.iter();
        hits.map(
            |StoredHit(rule, weight, why)| json!({ "rule": rule, "weight": weight, "why": why }),
        )
        .collect()
    }
}

/// The name of a band in answers.
fn band_name(band: Band) -> &'static str {
    match band {
        Band::Passes => "passes",
        Band::Merchant => "merchant",
        Band::Risk => "risk",
    }
}

/// Everything that merchants and operators may know of why an order is held, or is not.
pub fn risk_json(record: &Record, tables: &CountryTables) -> Value {
    let payment = &record.order.payment;
    let report = record.extra.risk.as_ref();
    // Until the host has answered nothing is judged.
    let judged = report.filter(|report| report.seen.is_none());
    let score = judged.map(|report| report.score);
    let review = match &payment.state {
        State::Uncleared { review, .. } => json!({
            "decides": band_name(band(review.score)),
            "until": crate::api::contract::timestamp::to_text(review.until),
            "then": match review.default {
                ReviewVerdict::Accept => "accept",
                ReviewVerdict::Decline => "decline",
            },
        }),
        _ => Value::Null,
    };
    json!({
        "order_id": record.order_id,
        "transaction_id": payment.transaction_id.0,
        "status": record.order.status(WHOLE).0,
        "score": score,
        "hits": report.map_or_else(|| json!([]), RiskReport::hits_json),
        "review": review,
        "not_applied": not_applied(tables, record),
    })
}

/// The rules that count for the site and cannot be asked, with the reason.
fn not_applied(tables: &CountryTables, record: &Record) -> Value {
    let risk = &record.site.risk;
    let mut missing = Vec::new();
    if risk.uses(RuleKind::AddressCountry) && tables.addresses.is_none() {
        let why = "no table of IP addresses is configured (risk.ip_countries)";
        missing.push(json!({ "rule": RuleKind::AddressCountry.name(), "why": why }));
    }
    Value::Array(missing)
}
