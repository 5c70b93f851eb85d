//! `florin report transactions`: every operation of a period, for accountants and their programs.

use std::io::{BufWriter, Write};
use std::sync::Arc;

use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::json;

use super::spreadsheet::{self, Field};
use super::{days, ledger};
use crate::app::{self, Foundation};
use crate::clock::{SystemClock, UnixMillis};
use crate::config::Settings;
use crate::gateway::report::{Operation, Report};
use crate::store::SiteRow;
use crate::vault::SystemRandom;

/// What can be reported.
#[derive(Subcommand)]
pub(super) enum ReportCommand {
    /// Prints one line for each payment, capture, refund, chargeback and fee. Amounts are in minor units; what
    /// leaves the merchant is negative.
    Transactions {
        /// First day, YYYY-MM-DD (UTC).
        #[arg(long, value_name = "DATE")]
        from: String,
        /// Last day.
        #[arg(long, value_name = "DATE")]
        to: String,
        /// How it is written.
        #[arg(long, value_enum, default_value = "csv")]
        format: Format,
        /// Number of the site; every site when absent.
        #[arg(long)]
        site: Option<i64>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Comma-separated values (RFC 4180), with a first line that names the columns.
    Csv,
    /// One array of objects.
    Json,
}

const COLUMNS: [&str; 11] = [
    "id",
    "reference",
    "type",
    "created",
    "completed",
    "site",
    "description",
    "currency",
    "amount",
    "code",
    "status",
];

pub(super) async fn run(settings: Settings, command: ReportCommand) -> Result<(), String> {
    let ReportCommand::Transactions { from, to, format, site } = command;
    let period = days::start(&from)?..days::end(&to)?;
    if period.is_empty() {
        return Err(format!("{to} is before {from}"));
    }
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let foundation =
        app::lay_foundation(&settings, clock, random).await.map_err(|it| it.to_string())?;
    let sites = ledger::sites(&foundation, site).await?;
    let written = write(&foundation, &sites, &period, format).await;
    foundation.store.close().await.map_err(|it| it.to_string())?;
    written
}

async fn write(
    foundation: &Foundation,
    sites: &[SiteRow],
    period: &std::ops::Range<UnixMillis>,
    format: Format,
) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("cannot write the report: {error}");
    let mut out = BufWriter::new(std::io::stdout());
    match format {
        Format::Csv => out.write_all(spreadsheet::line(&COLUMNS.map(Field::Text)).as_bytes()),
        Format::Json => out.write_all(b"["),
    }
    .map_err(failed)?;
    let mut is_first = true;
    for site in sites {
        let mut report = Report::new(site.id, site.clock_offset_ms, period.clone());
        while let Some(page) =
            report.next(foundation.store.as_ref()).await.map_err(|it| it.to_string())?
        {
            for operation in &page {
                match format {
                    Format::Csv => out.write_all(csv_line(site, operation).as_bytes()),
                    Format::Json => {
                        let comma = if is_first { "\n" } else { ",\n" };
                        out.write_all(format!("{comma}{}", object(site, operation)).as_bytes())
                    }
                }
                .map_err(failed)?;
                is_first = false;
            }
        }
    }
    if format == Format::Json {
        out.write_all(b"\n]\n").map_err(failed)?;
    }
    out.flush().map_err(failed)
}

fn csv_line(site: &SiteRow, operation: &Operation) -> String {
    spreadsheet::line(&[
        Field::Number(operation.transaction_id),
        Field::Text(&operation.reference),
        Field::Text(operation.kind.word()),
        Field::Text(&instant(operation.created)),
        Field::Text(&operation.completed.map(instant).unwrap_or_default()),
        Field::Number(site.id),
        Field::Text(&operation.description),
        Field::Text(&operation.currency),
        Field::Number(operation.amount),
        Field::Text(operation.code),
        Field::Text(&operation.status),
    ])
}

fn object(site: &SiteRow, operation: &Operation) -> serde_json::Value {
    json!({
        "id": operation.transaction_id,
        "reference": operation.reference,
        "type": operation.kind.word(),
        "created": instant(operation.created),
        "completed": operation.completed.map(instant),
        "site": site.id,
        "description": operation.description,
        "currency": operation.currency,
        "amount": operation.amount,
        "code": operation.code,
        "status": operation.status,
    })
}

/// RFC 3339, UTC, whole seconds.
fn instant(at: UnixMillis) -> String {
    let seconds = Timestamp::from_second(at.div_euclid(1000)).unwrap_or_default();
    seconds.to_string()
}
