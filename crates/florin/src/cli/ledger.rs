//! `florin ledger …`: whether the books are what they say, and what an acquirer says of them. Reads
//! only; a gateway may run meanwhile.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;
use florin_core::ledger::ACCOUNTS;
use florin_core::money::{Currency, Money};
use jiff::Timestamp;

use super::{csv, days};
use crate::app::{self, Foundation};
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::gateway::audit::{Audit, audit};
use crate::gateway::reconcile::{HostKind, HostLine, Period, reconcile};
use crate::store::SiteRow;
use crate::vault::SystemRandom;

/// What can be asked of the ledger.
#[derive(Subcommand)]
pub(super) enum LedgerCommand {
    /// Recomputes every balance, hash chain and seal from the journal, and compares them with what
    /// the orders say. Ends with 1 and a line for each fault.
    Verify {
        /// Number of the site; every site when absent.
        #[arg(long)]
        site: Option<i64>,
    },
    /// Compares the journal with an acquirer's file. Ends with 1 and a line for each difference.
    Reconcile {
        /// Comma-separated values with the columns rrn, order_id, type (authorization, capture,
        /// refund, reversal), currency, amount (minor units), at (RFC 3339).
        #[arg(long, value_name = "FILE")]
        host: PathBuf,
        /// Number of the site; may be absent where there is only one.
        #[arg(long)]
        site: Option<i64>,
        /// First day that is compared, YYYY-MM-DD (UTC).
        #[arg(long, value_name = "DATE")]
        from: Option<String>,
        /// Last day that is compared.
        #[arg(long, value_name = "DATE")]
        to: Option<String>,
    },
}

pub(super) async fn run(settings: Settings, command: LedgerCommand) -> Result<(), String> {
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let foundation =
        app::lay_foundation(&settings, clock, random).await.map_err(|it| it.to_string())?;
    let done = match command {
        LedgerCommand::Verify { site } => verify(&foundation, site).await,
        LedgerCommand::Reconcile { host, site, from, to } => {
            compare(&foundation, &host, site, from.as_deref(), to.as_deref()).await
        }
    };
    foundation.store.close().await.map_err(|it| it.to_string())?;
    done
}

/// The site with this number, or all.
pub(super) async fn sites(
    foundation: &Foundation,
    site: Option<i64>,
) -> Result<Vec<SiteRow>, String> {
    let mut sites = foundation.store.sites().await.map_err(|it| it.to_string())?;
    if let Some(number) = site {
        sites.retain(|row| row.id == number);
        if sites.is_empty() {
            return Err(format!("there is no site {number}"));
        }
    }
    Ok(sites)
}

async fn verify(foundation: &Foundation, site: Option<i64>) -> Result<(), String> {
    let mut faults = 0_u64;
    for site in sites(foundation, site).await? {
        let audit = audit(foundation.store.as_ref(), &foundation.vault, site.id).await;
        let audit = audit.map_err(|it| it.to_string())?;
        print_audit(&site, &audit);
        faults += audit.faults_count;
    }
    match faults {
        0 => Ok(()),
        1 => Err("the ledger has a fault".to_owned()),
        many => Err(format!("the ledger has {many} faults")),
    }
}

fn print_audit(site: &SiteRow, audit: &Audit) {
    let Audit { orders, entries, seals, .. } = audit;
    println!("site {} ({}): {orders} orders, {entries} entries, {seals} seals", site.id, site.name);
    for (code, balances) in &audit.balances {
        let major = |minor: i64| match Currency::parse(code) {
            Ok(currency) => Money::new(minor, currency).to_major(),
            Err(_) => minor.to_string(),
        };
        let accounts = ACCOUNTS
            .iter()
            .map(|account| format!("{} {}", account.name(), major(balances.get(*account))));
        println!("  {code}  {}", accounts.collect::<Vec<_>>().join("  "));
    }
    for fault in &audit.faults {
        println!("  fault: {fault}");
    }
    let told = u64::try_from(audit.faults.len()).unwrap_or(u64::MAX);
    if audit.faults_count > told {
        println!("  and {} more", audit.faults_count - told);
    }
}

async fn compare(
    foundation: &Foundation,
    file: &Path,
    site: Option<i64>,
    from: Option<&str>,
    to: Option<&str>,
) -> Result<(), String> {
    let sites = sites(foundation, site).await?;
    let [site] = sites.as_slice() else {
        return Err("there are several sites: say which with --site".to_owned());
    };
    let period = Period {
        from: from.map(days::start).transpose()?.unwrap_or(i64::MIN),
        to: to.map(days::end).transpose()?.unwrap_or(i64::MAX),
        is_bounded: from.is_some() || to.is_some(),
    };
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let lines = host_lines(&text).map_err(|error| format!("{}: {error}", file.display()))?;
    let count = lines.len();
    let found = reconcile(foundation.store.as_ref(), site.id, lines, period).await;
    let found = found.map_err(|it| it.to_string())?;
    for difference in &found.differences {
        println!("{difference}");
    }
    println!("{count} lines, {} orders, {} differences", found.orders, found.differences.len());
    match found.differences.len() {
        0 => Ok(()),
        _ => Err("journal and file differ".to_owned()),
    }
}

const COLUMNS: [&str; 6] = ["rrn", "order_id", "type", "currency", "amount", "at"];

/// The lines of an acquirer's file, whose columns may stand in any order.
fn host_lines(text: &str) -> Result<Vec<HostLine>, String> {
    let mut rows = csv::rows(text);
    let head = rows.next().ok_or("it is empty")??.fields;
    let mut places = [0_usize; 6];
    for (place, name) in places.iter_mut().zip(COLUMNS) {
        let found = head.iter().position(|column| column.trim().eq_ignore_ascii_case(name));
        *place = found.ok_or_else(|| format!("there is no column {name}"))?;
    }
    let mut lines = Vec::new();
    for row in rows {
        let row = row?;
        let line = host_line(&row.fields, places);
        lines.push(line.map_err(|what| format!("line {}: {what}", row.line))?);
    }
    Ok(lines)
}

fn host_line(fields: &[String], places: [usize; 6]) -> Result<HostLine, String> {
    let [rrn, order_id, kind, currency, amount, at] =
        places.map(|place| fields.get(place).map_or("", String::as_str));
    let amount: i64 = amount.trim().parse().map_err(|_| format!("{amount} is no amount"))?;
    if amount < 0 {
        return Err("an amount is not negative".to_owned());
    }
    let at: Timestamp = at.trim().parse().map_err(|_| format!("{at} is no instant"))?;
    Ok(HostLine {
        rrn: rrn.trim().to_owned(),
        order_id: order_id.to_owned(),
        kind: HostKind::parse(kind.trim()).ok_or_else(|| format!("{kind} is no type"))?,
        currency: currency.trim().to_ascii_uppercase(),
        amount,
        at: at.as_millisecond(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acquirers_file_is_read_whatever_the_order_of_its_columns() {
        let text = "at,amount,currency,type,order_id,rrn,bank\r\n\
            2026-11-26T05:00:00Z,1000,eur,capture,\"a,b\",000000000001,x\r\n";
        let lines = host_lines(text).unwrap();
        assert_eq!(lines.len(), 1);
        assert_eq!((lines[0].order_id.as_str(), lines[0].amount), ("a,b", 1000));
        assert_eq!((lines[0].kind, lines[0].currency.as_str()), (HostKind::Capture, "EUR"));
        for (damaged, word) in [
            ("", "empty"),
            ("rrn,order_id,type,currency,amount\n", "column at"),
            ("rrn,order_id,type,currency,amount,at\n1,a,gift,EUR,1,2026-11-26T05:00:00Z", "type"),
            ("rrn,order_id,type,currency,amount,at\n1,a,refund,EUR,x,2026-11-26T05:00:00Z", "x"),
            ("rrn,order_id,type,currency,amount,at\n1,a,refund,EUR,-1,2026-11-26T05:00:00Z", "not"),
            ("rrn,order_id,type,currency,amount,at\n1,a,refund,EUR,1,yesterday", "yesterday"),
            ("rrn,order_id,type,currency,amount,at\n1,a", "amount"),
        ] {
            let error = host_lines(damaged).unwrap_err();
            assert!(error.contains(word), "{damaged}: {error}");
        }
    }
}
