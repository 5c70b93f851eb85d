//! Finds a sale by the acquirer's reference (RRN, DE37) of its authorization or capture.
//!
//! Orders have no index of these, for payments would pay for it and only acquirers' files use it.
//! But a reference says in which hour it was given, and orders are kept by time: so only those
//! are read that can have it.

use std::sync::Arc;

use florin_core::order::Order;
use florin_core::payment::State;
use florin_core::trail::{SaleNumber, WHOLE};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::ids::first_id_at;
use super::persist::{Child, read_state};
use super::record::Record;
use super::site::Site;
use super::{Failure, Gateway};
use crate::clock::UnixMillis;
use crate::store::{LISTED_ROWS_MAX, OrderRow};

/// What was found.
pub enum ByRrn {
    Sale(Box<Record>),
    Nothing,
    /// Several orders have it.
    Several,
}

const HOUR_MS: i64 = 60 * 60 * 1000;

/// A payer has an hour, and some more may pass until the issuer was asked.
const AUTHORIZED_WITHIN_MS: i64 = 2 * HOUR_MS;

/// Longest time from an order to the capture of its authorization: holds last 30 days.
const CAPTURED_WITHIN_MS: i64 = 31 * 24 * HOUR_MS;

impl Gateway {
    /// The sale of the site with this reference.
    ///
    /// # Errors
    /// A [`Failure`] when the store cannot be read.
    pub async fn sale_by_rrn(&self, site: &Arc<Site>, rrn: &str) -> Result<ByRrn, Failure> {
        let Some(hour) = hour_of(rrn, self.now()) else { return Ok(ByRrn::Nothing) };
        let end = hour + HOUR_MS;
        // Captures by hand are looked for only where no authorization has it.
        for from in [hour - AUTHORIZED_WITHIN_MS, hour - CAPTURED_WITHIN_MS] {
            let mut found = self.rows_with(site, rrn, from, end).await?;
            match (found.pop(), found.is_empty()) {
                (None, _) => {}
                (Some((row, sale)), true) => {
                    let record = Record::read(site.clone(), row)?;
                    return Ok(ByRrn::Sale(Box::new(Record { sale, ..record })));
                }
                (Some(_), false) => return Ok(ByRrn::Several),
            }
        }
        Ok(ByRrn::Nothing)
    }

    async fn rows_with(
        &self,
        site: &Site,
        rrn: &str,
        from: UnixMillis,
        end: UnixMillis,
    ) -> Result<Vec<(OrderRow, SaleNumber)>, Failure> {
        let (from, end) = (first_id_at(from), first_id_at(end));
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let rows =
                self.store.orders_between(site.id, from, end, after, LISTED_ROWS_MAX).await?;
            let Some(last) = rows.last() else { return Ok(found) };
            after = Some(last.key);
            for row in rows {
                if Child::read(&row.state).is_none()
                    && let Some(sale) = sale_with(&read_state(&row.state)?.0, rrn)
                {
                    found.push((row, sale));
                }
            }
        }
    }
}

/// Which sale of the order has it. That of an authorization which was captured in parts is the
/// order's: whose money it is cannot be told.
fn sale_with(order: &Order, rrn: &str) -> Option<SaleNumber> {
    let authorization = order.payment.authorization().map(|it| it.trace.rrn.as_str());
    let capture = match &order.payment.state {
        State::Completed { capture, .. } => Some(capture.rrn.as_str()),
        _ => None,
    };
    if authorization == Some(rrn) || capture == Some(rrn) {
        return Some(WHOLE);
    }
    let mut parts = order.trail.captures.iter();
    parts.find(|part| part.trace.rrn == rrn).map(|part| part.number)
}

/// When the hour began in which a reference was given: `YDDDHH` and six digits, the last time
/// before `now` that a year ended so.
fn hour_of(rrn: &str, now: UnixMillis) -> Option<UnixMillis> {
    if rrn.len() != 12 || !rrn.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |range: std::ops::Range<usize>| rrn.get(range)?.parse::<i16>().ok();
    let (digit, day, hour) = (number(0..1)?, number(1..4)?, number(4..6)?);
    let latest = Timestamp::from_millisecond(now + HOUR_MS).ok()?.to_zoned(TimeZone::UTC).year();
    let in_year = |year: i16| {
        let date = Date::new(year, 1, 1).ok()?.checked_add(i64::from(day - 1).days()).ok()?;
        if date.year() != year {
            return None;
        }
        let begins = date.at(i8::try_from(hour).ok()?, 0, 0, 0).to_zoned(TimeZone::UTC).ok()?;
        Some(begins.timestamp().as_millisecond())
    };
    if !(1..=366).contains(&day) || hour > 23 {
        return None;
    }
    let years = (0..=10).map(|back| latest - back).filter(|year| year.rem_euclid(10) == digit);
    years.filter_map(in_year).find(|begins| *begins <= now + HOUR_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UnixMillis {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[track_caller]
    fn check(rrn: &str, now: &str, hour: Option<&str>) {
        assert_eq!(hour_of(rrn, at(now)), hour.map(at), "{rrn}");
    }

    #[test]
    fn a_reference_says_in_which_hour_it_was_given() {
        check("632614000101", "2026-11-26T00:00:00Z", Some("2026-11-22T14:00:00Z"));
        check("000100000001", "2030-01-01T00:30:00Z", Some("2030-01-01T00:00:00Z"));
        // A time to come is ten years ago.
        check("636514000101", "2026-11-26T00:00:00Z", Some("2016-12-30T14:00:00Z"));
        check("536523000101", "2026-01-02T00:00:00Z", Some("2025-12-31T23:00:00Z"));
        for bad in
            ["", "63261400010", "63261400010x", "600014000101", "636799000101", "632624000101"]
        {
            check(bad, "2026-11-26T00:00:00Z", None);
        }
    }
}
