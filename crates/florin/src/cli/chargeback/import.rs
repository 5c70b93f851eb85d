//! `florin chargeback import`: an acquirer's file of chargebacks, line by line.
//!
//! A file that cannot be read as a whole does nothing. Otherwise each line is one commit of one
//! order, or a refusal that says why, and the file can be imported again after what was wrong
//! has been put right.

use std::path::Path;
use std::sync::Arc;

use florin_core::decision::Refusal;
use florin_core::money::{Currency, Money};

use super::super::csv::{self, Row};
use super::{Day, read_time, sites};
use crate::api::contract::{scalars, timestamp};
use crate::app::Clerk;
use crate::gateway::change::Changed;
use crate::gateway::dispute::{Case, News, refusal_words};
use crate::gateway::record::Record;
use crate::gateway::rrn::ByRrn;
use crate::gateway::site::Site;
use crate::gateway::{Failure, Gateway};

/// Largest file that is read.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Most characters of references and reason codes.
const CODE_CHARS_MAX: usize = 64;

/// Where each value stands in a row.
struct Columns {
    reference: usize,
    order_id: Option<usize>,
    rrn: Option<usize>,
    amount: usize,
    currency: usize,
    reason_code: usize,
    at: Option<usize>,
    due: Option<usize>,
}

/// A line that makes sense by itself.
struct Line {
    order_id: Option<String>,
    rrn: Option<String>,
    currency: Currency,
    news: News,
}

/// What became of a line.
enum Report {
    Taken(String),
    Known,
    Refused(String),
}

pub(super) async fn run(clerk: &mut Clerk, file: &Path, site: Option<i64>) -> Result<(), String> {
    let sites = sites(clerk, site)?;
    let mut rows = csv::read(&read_file(file)?)?.into_iter();
    let columns = Columns::of(&rows.next().ok_or("the file is empty")?)?;
    let (mut taken, mut known, mut refused) = (0_u32, 0_u32, 0_u32);
    for row in rows {
        clerk.stay().await.map_err(|it| it.to_string())?;
        let reference = columns.value(&row, Some(columns.reference)).unwrap_or("no reference");
        // Nothing after a line whose fate is unknown: the whole file is simply imported again.
        let report = import(clerk, &sites, &columns, &row)
            .await
            .map_err(|failure| format!("line {}, {reference}: {failure}", row.line))?;
        let words = match report {
            Report::Taken(words) => {
                taken += 1;
                words
            }
            Report::Known => {
                known += 1;
                "known already".to_owned()
            }
            Report::Refused(words) => {
                refused += 1;
                format!("refused: {words}")
            }
        };
        println!("line {}, {reference}: {words}", row.line);
    }
    println!("{taken} charged back, {known} known already, {refused} refused");
    match refused {
        0 => Ok(()),
        1 => Err("a line was refused".to_owned()),
        _ => Err(format!("{refused} lines were refused")),
    }
}

fn read_file(path: &Path) -> Result<String, String> {
    let cannot = |error: std::io::Error| format!("cannot read {}: {error}", path.display());
    if std::fs::metadata(path).map_err(cannot)?.len() > FILE_BYTES_MAX {
        return Err(format!("{} has more than {FILE_BYTES_MAX} bytes", path.display()));
    }
    let bytes = std::fs::read(path).map_err(cannot)?;
    String::from_utf8(bytes).map_err(|_| format!("{} is not UTF-8", path.display()))
}

async fn import(
    clerk: &Clerk,
    sites: &[Arc<Site>],
    columns: &Columns,
    row: &Row,
) -> Result<Report, Failure> {
    let line = match columns.line(row) {
        Ok(line) => line,
        Err(words) => return Ok(Report::Refused(words)),
    };
    let record = match find(&clerk.gateway, sites, &line).await? {
        Ok(record) => record,
        Err(words) => return Ok(Report::Refused(words)),
    };
    let currency = record.order.payment.amount.currency;
    if line.currency != currency {
        let words = format!("the order is in {}", currency.code());
        return Ok(Report::Refused(words));
    }
    Ok(match clerk.gateway.charge_back(record, line.news).await? {
        Changed::Done(case) => Report::Taken(told(&case)),
        Changed::Refused(Refusal::AlreadySo) => Report::Known,
        Changed::Refused(refusal) => Report::Refused(refusal_words(refusal, None)),
        Changed::NameTaken => Report::Refused("the name is taken".to_owned()),
    })
}

/// The one sale that is meant, or why there is none.
async fn find(
    gateway: &Gateway,
    sites: &[Arc<Site>],
    line: &Line,
) -> Result<Result<Record, String>, Failure> {
    let mut found = Vec::new();
    for site in sites {
        match (&line.order_id, &line.rrn) {
            (Some(order_id), _) => found.extend(gateway.load_by_order_id(site, order_id).await?),
            (None, Some(rrn)) => match gateway.sale_by_rrn(site, rrn).await? {
                ByRrn::Sale(record) => found.push(*record),
                ByRrn::Nothing => {}
                ByRrn::Several => return Ok(Err("several orders have this RRN".to_owned())),
            },
            (None, None) => {}
        }
    }
    let record = found.pop();
    Ok(match record {
        None => Err("there is no such order".to_owned()),
        Some(_) if !found.is_empty() => {
            Err("several sites have such an order; name one with --site".to_owned())
        }
        Some(record) => Ok(record),
    })
}

fn told(case: &Case) -> String {
    let (record, chargeback) = (&case.record, case.chargeback());
    let amount = Money::new(chargeback.amount, record.order.payment.amount.currency);
    let (major, code) = (amount.to_major(), amount.currency.code());
    let (order, number) = (record.shown_order_id(), chargeback.transaction_id.0);
    let next = match chargeback.credit() {
        Some(_) => "won at once, for the issuer bears fraud".to_owned(),
        None => format!("due {}", timestamp::to_date(chargeback.due)),
    };
    format!("{major} {code} of order {order} charged back, transaction {number}, {next}")
}

impl Columns {
    fn of(head: &Row) -> Result<Columns, String> {
        let names: Vec<String> =
            head.fields.iter().map(|name| name.trim().to_ascii_lowercase()).collect();
        let find = |name: &str| {
            let mut places = names.iter().enumerate().filter(|(_, it)| *it == name);
            match (places.next(), places.next()) {
                (_, Some(_)) => Err(format!("there are two columns {name}")),
                (place, None) => Ok(place.map(|(at, _)| at)),
            }
        };
        let need = |name: &str| find(name)?.ok_or(format!("there is no column {name}"));
        let columns = Columns {
            reference: need("reference")?,
            order_id: find("order_id")?,
            rrn: find("rrn")?,
            amount: need("amount")?,
            currency: need("currency")?,
            reason_code: need("reason_code")?,
            at: find("at")?,
            due: find("due")?,
        };
        if columns.order_id.is_none() && columns.rrn.is_none() {
            return Err("there is neither a column order_id nor a column rrn".to_owned());
        }
        Ok(columns)
    }

    /// The value in a column, if there is one.
    fn value<'a>(&self, row: &'a Row, column: Option<usize>) -> Option<&'a str> {
        let value = row.fields.get(column?)?.trim();
        (!value.is_empty()).then_some(value)
    }

    fn line(&self, row: &Row) -> Result<Line, String> {
        let code = |column: usize, name: &str| {
            let value = self.value(row, Some(column)).ok_or(format!("{name} is missing"))?;
            let good = value.chars().count() <= CODE_CHARS_MAX && !value.contains(char::is_control);
            if good { Ok(value.to_owned()) } else { Err(format!("{name} is too long, or no text")) }
        };
        let time = |column: Option<usize>, day: Day| {
            self.value(row, column).map(|text| read_time(text, day)).transpose()
        };
        let (at, due) = (time(self.at, Day::Begin)?, time(self.due, Day::End)?);
        if at.zip(due).is_some_and(|(at, due)| due < at) {
            return Err("due is before at".to_owned());
        }
        let order_id = self.value(row, self.order_id).map(str::to_owned);
        let rrn = self.value(row, self.rrn).map(str::to_owned);
        if order_id.is_none() && rrn.is_none() {
            return Err("order_id and rrn are missing".to_owned());
        }
        if order_id.as_ref().is_some_and(|order_id| order_id.contains('\0')) {
            return Err("there is no such order".to_owned());
        }
        let amount = code(self.amount, "amount")?;
        let amount = scalars::whole(&amount).ok_or("amount is not in whole minor units")?;
        let currency = Currency::parse(&code(self.currency, "currency")?)
            .map_err(|_| "currency is unknown".to_owned())?;
        let news = News {
            amount: Some(amount),
            reason_code: code(self.reason_code, "reason_code")?,
            reference: Some(code(self.reference, "reference")?),
            at,
            due,
        };
        Ok(Line { order_id, rrn, currency, news })
    }
}
