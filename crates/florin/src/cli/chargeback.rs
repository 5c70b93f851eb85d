//! `florin chargeback …`: what the acquirer says of chargebacks, and what the merchant has to say
//! to it, on the store of gateways that may be running. They tell the shops.

mod import;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;
use florin_core::chargeback::{Chargeback, reason};
use florin_core::decision::DisputeStep;
use florin_core::money::Money;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::api::contract::timestamp;
use crate::app::{self, Clerk};
use crate::clock::{SystemClock, UnixMillis};
use crate::config::Settings;
use crate::gateway::change::Changed;
use crate::gateway::dispute::{Case, TIMERS, refusal_words};
use crate::gateway::record::Record;
use crate::gateway::site::Site;
use crate::store::LISTED_ROWS_MAX;
use crate::vault::SystemRandom;

/// What can be done with chargebacks.
#[derive(Subcommand)]
pub(super) enum ChargebackCommand {
    /// Takes on the chargebacks of an acquirer's file, and reports on each of its lines.
    #[command(after_help = IMPORT_HELP)]
    Import {
        /// The file (CSV, UTF-8).
        file: PathBuf,
        /// Number of the site whose orders these are; all sites are looked through when absent.
        #[arg(long)]
        site: Option<i64>,
    },
    /// Lists the chargebacks that wait for the merchant, those that are due first first.
    List {
        /// Number of a site; all sites when absent.
        #[arg(long)]
        site: Option<i64>,
        /// Lists those that do not wait as well. Reads every order.
        #[arg(long)]
        all: bool,
    },
    /// Shows a chargeback and the files that were handed in.
    Show {
        /// Number of its transaction.
        transaction: i64,
        /// Writes the files into this folder.
        #[arg(long, value_name = "DIR")]
        files_into: Option<PathBuf>,
    },
    /// The merchant gives the money up.
    Accept {
        /// Number of its transaction.
        transaction: i64,
    },
    /// The merchant wants to answer.
    Dispute {
        /// Number of its transaction.
        transaction: i64,
    },
    /// The merchant has said all: the answer went to the acquirer.
    Submit {
        /// Number of its transaction.
        transaction: i64,
    },
    /// The acquirer wants more evidence.
    AskMore {
        /// Number of its transaction.
        transaction: i64,
        /// Until when: a date, the end of which counts, or a time in UTC.
        #[arg(long)]
        due: String,
    },
    /// The acquirer found the evidence sound and passed it on to the scheme.
    Process {
        /// Number of its transaction.
        transaction: i64,
    },
    /// The scheme has decided, or the issuer has withdrawn the chargeback.
    Close {
        /// Number of its transaction.
        transaction: i64,
        /// The money comes back.
        #[arg(long, required_unless_present = "lost")]
        won: bool,
        /// The money stays gone.
        #[arg(long, conflicts_with = "won")]
        lost: bool,
    },
}

const IMPORT_HELP: &str = "\
The first line names the columns; their order does not matter, others are left out:
  reference    the acquirer's number of the case; a line that is known already changes nothing
  order_id     the merchant's name for the order, or for the capture; or, where it is empty,
  rrn          the acquirer's reference (DE37) of authorization or capture
  amount       whole minor units: 1250 for 12.50 EUR
  currency     three letters, those of the order
  reason_code  the scheme's code
  at           when the money was taken: a date or a time in UTC; empty for now
  due          until when the merchant can answer; empty for 23 days, 20 on American Express
Each line is done whole or not at all, and the file may be imported again.";

pub(super) async fn run(settings: Settings, command: ChargebackCommand) -> Result<(), String> {
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let foundation =
        app::lay_foundation(&settings, clock, random).await.map_err(|it| it.to_string())?;
    let mut clerk = app::clerk(&foundation).await.map_err(|it| it.to_string())?;
    let done = obey(&mut clerk, command).await;
    clerk.leave().await;
    foundation.store.close().await.map_err(|it| it.to_string())?;
    done
}

async fn obey(clerk: &mut Clerk, command: ChargebackCommand) -> Result<(), String> {
    let (transaction, step) = match command {
        ChargebackCommand::Import { file, site } => return import::run(clerk, &file, site).await,
        ChargebackCommand::List { site, all } => return list(clerk, site, all).await,
        ChargebackCommand::Show { transaction, files_into } => {
            return show(clerk, transaction, files_into.as_deref()).await;
        }
        ChargebackCommand::Accept { transaction } => (transaction, DisputeStep::Accept),
        ChargebackCommand::Dispute { transaction } => (transaction, DisputeStep::Open),
        ChargebackCommand::Submit { transaction } => (transaction, DisputeStep::Submit),
        ChargebackCommand::AskMore { transaction, due } => {
            let due = read_time(&due, Day::End)?;
            (transaction, DisputeStep::AskMore { due })
        }
        ChargebackCommand::Process { transaction } => (transaction, DisputeStep::Process),
        ChargebackCommand::Close { transaction, won: true, .. } => {
            (transaction, DisputeStep::Win { credit_id: clerk.gateway.next_credit() })
        }
        ChargebackCommand::Close { transaction, .. } => (transaction, DisputeStep::Lose),
    };
    let case = find(clerk, transaction).await?;
    let stage = case.chargeback().stage;
    match clerk.gateway.dispute(case, step).await.map_err(|it| it.to_string())? {
        Changed::Done(case) => {
            println!("{}", line(&case.record, case.chargeback()));
            Ok(())
        }
        Changed::Refused(refusal) => Err(refusal_words(refusal, Some(stage))),
        Changed::NameTaken => Err("the name is taken".to_owned()),
    }
}

/// The sites that are meant.
fn sites(clerk: &Clerk, site: Option<i64>) -> Result<Vec<Arc<Site>>, String> {
    let directory = &clerk.gateway.directory;
    match site {
        None => Ok(directory.sites()),
        Some(id) => Ok(vec![directory.site(id).ok_or(format!("there is no site {id}"))?]),
    }
}

async fn find(clerk: &Clerk, transaction: i64) -> Result<Case, String> {
    for site in sites(clerk, None)? {
        let case = clerk.gateway.case(&site, transaction).await.map_err(|it| it.to_string())?;
        if let Some(case) = case {
            return Ok(case);
        }
    }
    Err(format!("there is no chargeback {transaction}"))
}

async fn list(clerk: &Clerk, site: Option<i64>, all: bool) -> Result<(), String> {
    for site in sites(clerk, site)? {
        if all { list_all(clerk, &site).await? } else { list_waiting(clerk, &site).await? }
    }
    Ok(())
}

async fn list_waiting(clerk: &Clerk, site: &Arc<Site>) -> Result<(), String> {
    let gateway = &clerk.gateway;
    let timers = gateway.store.timers_of_kind(site.id, TIMERS, LISTED_ROWS_MAX).await;
    for (key, timer) in timers.map_err(|it| it.to_string())? {
        let record = gateway.load(site, key).await.map_err(|it| it.to_string())?;
        let number = timer.kind[TIMERS.len()..].parse().unwrap_or_default();
        if let Some(record) = record
            && let Some(case) = record.order.trail.chargeback(number)
        {
            println!("{}", line(&record, case));
        }
    }
    Ok(())
}

async fn list_all(clerk: &Clerk, site: &Arc<Site>) -> Result<(), String> {
    let gateway = &clerk.gateway;
    let mut before = None;
    loop {
        let rows = gateway.store.recent_orders(site.id, before, LISTED_ROWS_MAX).await;
        let rows = rows.map_err(|it| it.to_string())?;
        let Some(last) = rows.last() else { return Ok(()) };
        before = Some(last.key);
        for row in rows.into_iter().filter(|row| !row.request.is_empty()) {
            let record = Record::read(site.clone(), row).map_err(|it| it.to_string())?;
            for case in &record.order.trail.chargebacks {
                println!("{}", line(&record, case));
            }
        }
    }
}

async fn show(clerk: &Clerk, transaction: i64, into: Option<&Path>) -> Result<(), String> {
    let case = find(clerk, transaction).await?;
    let (record, chargeback) = (&case.record, case.chargeback());
    println!("{}", line(record, chargeback));
    println!("  reference  {}", chargeback.reference);
    let known = reason(&chargeback.reason_code).map_or("", |line| line.description);
    println!("  reason     {} {known}", chargeback.reason_code);
    println!("  at         {}", timestamp::to_text(chargeback.at));
    println!("  due        {}", timestamp::to_text(chargeback.due));
    if let Some(credit) = chargeback.credit() {
        println!(
            "  came back  {}, transaction {}",
            timestamp::to_text(credit.at),
            credit.transaction_id.0
        );
    }
    let (site, key) = (record.site.id, record.key);
    for number in &chargeback.files {
        let number = i32::try_from(*number).unwrap_or(i32::MAX);
        let file = clerk.gateway.store.file(site, key, number).await;
        let Some(file) = file.map_err(|it| it.to_string())? else { continue };
        let (size, words) = (file.bytes.len(), &file.description);
        println!("  file {number}     {} {} bytes  {}  {words}", file.kind, size, file.name);
        if let Some(folder) = into {
            std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
            let path = folder.join(safe_name(number, &file.name));
            std::fs::write(&path, &file.bytes)
                .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        }
    }
    Ok(())
}

/// A name that leads nowhere else, whatever the merchant called the file.
fn safe_name(number: i32, name: &str) -> String {
    let is_safe = |letter: char| letter.is_alphanumeric() || "._-".contains(letter);
    let name: String =
        name.chars().map(|letter| if is_safe(letter) { letter } else { '_' }).take(80).collect();
    format!("{number}-{name}")
}

/// A chargeback in a line.
fn line(record: &Record, case: &Chargeback) -> String {
    let amount = Money::new(case.amount, record.order.payment.amount.currency);
    let record = Record { sale: case.sale, ..record.clone() };
    format!(
        "{}  site {}  order {}  {} {}  {}  {}  due {}",
        case.transaction_id.0,
        record.site.id,
        record.shown_order_id(),
        amount.to_major(),
        amount.currency.code(),
        case.reason_code,
        case.stage.status(),
        timestamp::to_date(case.due),
    )
}

/// Which instant of a day is meant where only the day is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    Begin,
    End,
}

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Reads `YYYY-MM-DD`, or `YYYY-MM-DDTHH:MM:SS`, UTC where it names no zone.
fn read_time(text: &str, day: Day) -> Result<UnixMillis, String> {
    let wrong = || format!("{text} is neither a date nor a time");
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Ok(timestamp.as_millisecond());
    }
    let begins = |time: DateTime| {
        let zoned = time.to_zoned(TimeZone::UTC).map_err(|_| wrong())?;
        Ok::<i64, String>(zoned.timestamp().as_millisecond())
    };
    if text.len() == "2026-11-26".len() {
        let date: Date = text.parse().map_err(|_| wrong())?;
        let at = begins(date.at(0, 0, 0, 0))?;
        return Ok(if day == Day::End { at + DAY_MS - 1 } else { at });
    }
    begins(text.parse().map_err(|_| wrong())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_where_it_is_due_and_begins_where_it_is_not() {
        let at = |text: &str, day| read_time(text, day).map(timestamp::to_text);
        assert_eq!(at("2026-11-26", Day::Begin).as_deref(), Ok("2026-11-26T00:00:00"));
        assert_eq!(at("2026-11-26", Day::End).as_deref(), Ok("2026-11-26T23:59:59"));
        for text in ["2026-11-26T10:20:30", "2026-11-26 10:20:30", "2026-11-26T11:20:30+01:00"] {
            assert_eq!(at(text, Day::End).as_deref(), Ok("2026-11-26T10:20:30"));
        }
        for bad in ["", "26.11.2026", "2026-13-01", "2026-02-30", "soon", "2026-11-26T25:00:00"] {
            assert!(read_time(bad, Day::Begin).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_file_is_written_into_its_folder_whatever_it_is_called() {
        assert_eq!(safe_name(1, "proof.pdf"), "1-proof.pdf");
        assert_eq!(safe_name(2, "../../etc/passwd"), "2-.._.._etc_passwd");
        assert_eq!(safe_name(3, "C:\\a b"), "3-C__a_b");
    }
}
