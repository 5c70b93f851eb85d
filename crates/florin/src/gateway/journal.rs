//! The journal of an order: what each commit booked, chained by keyed hashes.
//!
//! Every entry covers the one before it, and the order's state knows the last one: a line that is
//! changed, left out or added shows, to whoever has the vault's key.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use florin_core::decision::{Decision, Event};
use florin_core::ledger::{Account, Balances, Posting};
use serde::{Deserialize, Serialize};

use super::persist::Unreadable;
use crate::store::{JournalRow, OrderKey, SiteId};
use crate::vault::Vault;

/// Where the journal of an order ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEnd {
    /// How many entries it has.
    #[serde(rename = "n")]
    pub entries: u32,
    /// Hash of the last one, in base64.
    #[serde(rename = "h")]
    hash: String,
}

/// The hash before the first entry.
const BEGINNING: [u8; 32] = [0; 32];

impl JournalEnd {
    /// The hash of the last entry; of nothing, where there is none.
    ///
    /// # Errors
    /// [`Unreadable`] when the stored text is damaged.
    pub fn hash(&self) -> Result<[u8; 32], Unreadable> {
        if self.entries == 0 {
            return Ok(BEGINNING);
        }
        let bytes = STANDARD_NO_PAD.decode(&self.hash).ok();
        let hash = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        hash.ok_or_else(|| Unreadable("the end of a journal".to_owned()))
    }

    /// The journal ends with this entry.
    pub fn after(row: &JournalRow) -> JournalEnd {
        JournalEnd {
            entries: u32::try_from(row.seq).unwrap_or_default(),
            hash: STANDARD_NO_PAD.encode(row.hash),
        }
    }
}

/// What one commit books.
pub(super) struct Booking<'a> {
    pub(super) site_id: SiteId,
    pub(super) key: OrderKey,
    pub(super) currency: &'a str,
    /// The site's own time.
    pub(super) at: i64,
    /// The gateway's.
    pub(super) booked_at: i64,
}

/// The entry of a decision, if it moves money.
///
/// # Errors
/// [`Unreadable`] when the end of the journal cannot be read.
pub(super) fn entry(
    vault: &Vault,
    booking: &Booking<'_>,
    before: &Balances,
    decision: &Decision,
    end: &JournalEnd,
) -> Result<Option<JournalRow>, Unreadable> {
    let postings = Balances::of(&decision.order).since(before);
    if postings.is_empty() {
        return Ok(None);
    }
    assert!(florin_core::ledger::is_balanced(&postings), "an entry sums to zero: {postings:?}");
    let mut row = JournalRow {
        seq: i32::try_from(end.entries.saturating_add(1)).unwrap_or(i32::MAX),
        at: booking.at,
        booked_at: booking.booked_at,
        kind: kind(decision).to_owned(),
        currency: booking.currency.to_owned(),
        postings: postings_text(&postings),
        hash: BEGINNING,
    };
    row.hash = chained(vault, booking.site_id, booking.key, &row, &end.hash()?);
    Ok(Some(row))
}

/// The hash that an entry must have after one with the hash `previous`.
pub fn chained(
    vault: &Vault,
    site_id: SiteId,
    key: OrderKey,
    row: &JournalRow,
    previous: &[u8; 32],
) -> [u8; 32] {
    let JournalRow { seq, at, booked_at, kind, currency, postings, .. } = row;
    let head = format!("{site_id}\n{key}\n{seq}\n{at}\n{booked_at}\n{kind}\n{currency}\n");
    let mut covered = previous.to_vec();
    covered.extend_from_slice(head.as_bytes());
    covered.extend_from_slice(postings.as_bytes());
    vault.journal_hash(&covered)
}

/// Postings as the journal keeps them: `{"acquirer":1000,"captured":-1000}`.
fn postings_text(postings: &[Posting]) -> String {
    let by_name: BTreeMap<&str, i64> =
        postings.iter().map(|posting| (posting.account.name(), posting.minor)).collect();
    serde_json::to_string(&by_name).expect("names and numbers have a JSON form")
}

/// Reads postings of the journal.
///
/// # Errors
/// [`Unreadable`] when the text is damaged.
pub fn read_postings(text: &str) -> Result<Vec<Posting>, Unreadable> {
    let by_name: BTreeMap<String, i64> =
        serde_json::from_str(text).map_err(|error| Unreadable(error.to_string()))?;
    by_name
        .into_iter()
        .map(|(name, minor)| {
            let account = Account::from_name(&name);
            let account = account.ok_or_else(|| Unreadable(format!("account {name}")))?;
            Ok(Posting { account, minor })
        })
        .collect()
}

/// The event that moved the money gives the entry its name.
fn kind(decision: &Decision) -> &'static str {
    let moves = |event: &&Event| {
        matches!(
            event,
            Event::Completed { .. }
                | Event::Paid { .. }
                | Event::PaidInPart(_)
                | Event::PartGivenBack { .. }
                | Event::Held { .. }
                | Event::Authorized { .. }
                | Event::ReviewAccepted { .. }
                | Event::ReviewDeclined { .. }
                | Event::Captured { .. }
                | Event::CapturedInPart(_)
                | Event::Released { .. }
                | Event::HoldEnded { .. }
                | Event::Incremented { .. }
                | Event::RefundCompleted { .. }
                | Event::ChargedBack(_)
                | Event::ChargebackReversed { .. }
        )
    };
    decision.events.iter().find(moves).map_or("fee_charged", Event::name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postings_are_read_as_they_were_written() {
        let postings = vec![
            Posting { account: Account::Acquirer, minor: 1000 },
            Posting { account: Account::Captured, minor: -1000 },
        ];
        let text = postings_text(&postings);
        assert_eq!(text, r#"{"acquirer":1000,"captured":-1000}"#);
        assert_eq!(read_postings(&text).unwrap(), postings);
        assert!(read_postings(r#"{"pocket":1}"#).is_err());
        assert!(read_postings("[]").is_err());
    }
}
