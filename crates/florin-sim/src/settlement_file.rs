//! The host's books as the file that an acquirer sends its merchants: one line for each message that
//! moved money, oldest order first, as comma-separated values (RFC 4180).

use iso_currency::Currency;
use jiff::Timestamp;

use crate::books::{Entry, EntryKind, OperationKind, Reversal};

/// The first line. `amount` is in minor units and never negative, `at` is RFC 3339 in UTC. The RRN
/// of a reversal is that of what it takes back; what the last capture leaves of an authorization
/// is given back by a reversal as well.
const HEADER: &str = "rrn,order_id,type,currency,amount,at\r\n";

/// One line of the file.
struct Line<'a> {
    rrn: &'a str,
    kind: &'static str,
    amount: i64,
    at: i64,
}

/// The lines of these authorizations, with the first one.
pub(crate) fn write<'a>(entries: impl Iterator<Item = &'a Entry>) -> String {
    let mut file = HEADER.to_owned();
    for entry in entries {
        let currency = Currency::from_numeric(entry.currency).map_or("???", |known| known.code());
        let order_id = quoted(&entry.order_id);
        for Line { rrn, kind, amount, at } in lines(entry) {
            let at = Timestamp::from_millisecond(at).unwrap_or_default();
            file.push_str(&format!("{rrn},{order_id},{kind},{currency},{amount},{at:.3}\r\n"));
        }
    }
    file
}

/// Whatever was taken back is there twice: as what it was, and as its reversal.
fn lines<'a>(entry: &'a Entry) -> Vec<Line<'a>> {
    let mut lines = Vec::with_capacity(entry.operations.len() + entry.reversals.len());
    let mut captured_at_once = (entry.kind == EntryKind::SingleMessage).then_some("capture");
    let reversals = |lines: &mut Vec<Line<'a>>, after: usize| {
        let reversals = entry.reversals.iter().filter(|reversal| reversal.after == after);
        lines.extend(reversals.map(|Reversal { rrn, amount, at, .. }| Line {
            rrn: rrn.as_str(),
            kind: "reversal",
            amount: *amount,
            at: *at,
        }));
    };
    for (before, operation) in entry.operations.iter().enumerate() {
        let (rrn, amount, at) = (operation.rrn.as_str(), operation.amount, operation.at);
        let kind = match operation.kind {
            OperationKind::Authorization | OperationKind::Increment => "authorization",
            OperationKind::Capture => "capture",
            OperationKind::Refund => "refund",
        };
        let at = if at == 0 { entry.authorized_at } else { at };
        lines.push(Line { rrn, kind, amount, at });
        if let Some(kind) = captured_at_once.take() {
            lines.push(Line { rrn, kind, amount, at });
        }
        reversals(&mut lines, before + 1);
    }
    reversals(&mut lines, 0);
    lines.retain(|line| line.amount != 0);
    // Within a millisecond the order stays that in which it happened.
    lines.sort_by_key(|line| line.at);
    lines
}

/// Quotes a field that would not be one otherwise.
fn quoted(field: &str) -> String {
    if field.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
