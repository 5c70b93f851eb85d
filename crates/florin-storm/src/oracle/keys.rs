//! Idempotency keys: a request is done once and answered once, however often it is sent.

use std::collections::BTreeMap;

use florin::clock::UnixMillis;
use florin::gateway::persist::Extra;
use florin::store::{OrderKey, SiteId, UnitOfWork};
use serde_json::{Value, json};

use super::{Evidence, Findings, Kept, Rule};
use crate::keys::{Given, Keyed};

/// How long a key is certainly remembered: an hour less than the contract's day, for clocks differ.
const REMEMBERED_MS: i64 = 23 * 60 * 60 * 1000;
/// Members of an answer that name what was made.
const NAMES: [&str; 3] = ["order_id", "transaction_id", "refund_id"];

/// When each request with a key opened an attempt of an order, or offered it, by its mark.
#[derive(Clone, Debug, Default)]
pub struct Begins(BTreeMap<(SiteId, OrderKey, String), Vec<UnixMillis>>);

impl Begins {
    /// Notes what was committed at this instant.
    pub fn note(&mut self, unit: &UnitOfWork, extra: &Extra, now: UnixMillis) {
        let first = unit.events.first().map(|event| event.kind.as_str());
        // What is sent on a page is no request of the shop's.
        let is_by_shop = matches!(first, Some("opened" | "offered")) && extra.form.is_none();
        if let (true, Some(mark)) = (is_by_shop, &extra.request_key) {
            let (site, key) = unit.place();
            self.0.entry((site, key, mark.clone())).or_default().push(now);
        }
    }
}

/// Everything that was asked for under a key.
pub(super) fn examine(findings: &mut Findings, kept: &Kept<'_>, evidence: &Evidence<'_>) {
    for ((site, key, mark), begins) in &evidence.begins.0 {
        let again = begins.windows(2).find(|two| two[1] - two[0] < REMEMBERED_MS);
        findings.check(Rule::KeyDoesOnce, again.is_none(), || {
            format!("order {key} of {site} was begun by one request, {mark}, at {again:?}")
        });
    }
    let done = Done::read(kept);
    for keyed in &evidence.memories.keys {
        let Some(first) = keyed.answers.first() else { continue };
        let is_exact =
            evidence.clocks_are_steady && !evidence.disk.is_unkept(keyed.site_id, &keyed.key);
        for given in &keyed.answers {
            if given.heard_at - keyed.begun_at > REMEMBERED_MS {
                continue;
            }
            // An answer that the store did not keep is made again, of what has been done; and so
            // is one whose request was taken over by somebody with another clock.
            let is_same = if is_exact {
                (given.status, &given.body) == (first.status, &first.body)
            } else {
                is_alike(keyed, first, given)
            };
            findings.check(Rule::KeyAnswersOnce, is_same, || {
                format!("{} {}: {} and {}", keyed.key, keyed.what, text(first), text(given))
            });
        }
        for given in &keyed.mistaken {
            if !is_exact || given.heard_at - keyed.begun_at > REMEMBERED_MS {
                continue;
            }
            let is_refused = given.status == 409 && given.json()["success"] != json!(true);
            findings.check(Rule::KeyAnswersOnce, is_refused, || {
                format!("{} {}: something else was {}", keyed.key, keyed.what, text(given))
            });
        }
        examine_deeds(findings, &done, keyed);
    }
}

/// Whether the first answer and another one name the same things where both say that it was done.
fn is_alike(keyed: &Keyed, first: &Given, given: &Given) -> bool {
    let (first, given) = (first.json(), given.json());
    // Of an order that was begun anew meanwhile the newest attempt is told.
    let is_create = keyed.what.ends_with("/orders");
    let names = if is_create { &NAMES[..1] } else { &NAMES[..] };
    let both_done = [&first, &given].iter().all(|it| it["success"] == json!(true));
    let same = |name: &str| {
        let named = [&first, &given].map(|it| &it["data"][name]);
        named.contains(&&Value::Null) || named[0] == named[1]
    };
    !both_done || names.iter().all(|name| same(name))
}

fn text(given: &Given) -> String {
    format!("{} {}", given.status, String::from_utf8_lossy(&given.body))
}

/// What was done under each key, by site and key.
#[derive(Default)]
struct Done {
    refunds: Deeds,
    files: Deeds,
    parts: Deeds,
}

type Deeds = BTreeMap<(i64, String), usize>;

impl Done {
    fn read(kept: &Kept<'_>) -> Done {
        let mut done = Done::default();
        let count = |deeds: &mut Deeds, site_id: i64, key: &str| {
            *deeds.entry((site_id, key.to_owned())).or_default() += 1;
        };
        for read in &kept.orders {
            let site_id = read.stored.row.site_id;
            for refund in &read.order.trail.refunds {
                let key = refund.words.description.as_deref().unwrap_or_default();
                count(&mut done.refunds, site_id, key);
            }
            for capture in &read.order.trail.captures {
                count(&mut done.parts, site_id, capture.order_id.trim_start_matches("part-"));
            }
            for (_, name) in &read.stored.files {
                count(&mut done.files, site_id, name.trim_end_matches(".pdf"));
            }
        }
        done
    }
}

fn examine_deeds(findings: &mut Findings, done: &Done, keyed: &Keyed) {
    // A key that was used again after a day is a new one.
    if keyed.ended_at - keyed.begun_at > REMEMBERED_MS {
        return;
    }
    let what = keyed.what.rsplit('/').next().unwrap_or_default();
    let deeds = match what {
        "refunds" => &done.refunds,
        "files" => &done.files,
        "capture" => &done.parts,
        _ => return,
    };
    let deeds = deeds.get(&(keyed.site_id, keyed.key.clone())).copied().unwrap_or(0);
    let was_told = keyed.answers.iter().any(|given| given.json()["success"] == json!(true));
    // What was captured as a whole has no name of its own.
    let is_whole = what == "capture" && deeds == 0;
    let holds = deeds <= 1 && (deeds == usize::from(was_told) || is_whole);
    findings.check(Rule::KeyDoesOnce, holds, || {
        let answers: Vec<String> = keyed.answers.iter().map(text).collect();
        format!("{} {}: done {deeds} times, told {answers:?}", keyed.key, keyed.what)
    });
}
