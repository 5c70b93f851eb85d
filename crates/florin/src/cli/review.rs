//! `florin review …`: payments that are held, and decisions on them.
//!
//! A decision is left in the store of a gateway that may be running; the gateway takes it up,
//! since only the gateway sends messages. The command waits a moment to see what came of it.

use std::sync::Arc;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use florin_core::payment::{Decider, ReviewVerdict, State};
use florin_core::risk::{Band, band};
use florin_core::trail::WHOLE;
use serde_json::Value;

use super::risk::open;
use crate::app::Foundation;
use crate::config::Settings;
use crate::gateway::directory::Directory;
use crate::gateway::record::Record;
use crate::gateway::risk::CountryTables;
use crate::gateway::risk::report::risk_json;
use crate::gateway::risk::review::request_kind;
use crate::gateway::site::Site;
use crate::store::{Committed, LISTED_ROWS_MAX, TimerChange, UnitOfWork};

/// What can be done with held payments.
#[derive(Subcommand)]
pub(super) enum ReviewCommand {
    /// Lists the payments that are held, the one that ends soonest first.
    List {
        /// Only of this site.
        #[arg(long, value_name = "NUMBER")]
        site: Option<i64>,
    },
    /// Shows score and hits of an order, and what was decided.
    Show(Named),
    /// Accepts a held payment: it is captured.
    Accept {
        #[command(flatten)]
        order: Named,
        /// Who decides; a merchant may not on a score above 8.
        #[arg(long = "as", value_enum, default_value = "risk")]
        role: Role,
    },
    /// Declines a held payment: its authorization is reversed.
    Decline {
        #[command(flatten)]
        order: Named,
        /// Who decides; a merchant may not on a score above 8.
        #[arg(long = "as", value_enum, default_value = "risk")]
        role: Role,
    },
}

/// An order.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct Named {
    /// The merchant's order id.
    order_id: String,
    /// Number of its site; needed where several sites have such an order.
    #[arg(long, value_name = "NUMBER")]
    site: Option<i64>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Role {
    Merchant,
    Risk,
}

/// The kind of timer that ends a review.
const REVIEW_TIMER: &str = "review";
/// How long the command waits for a gateway, and how often it looks.
const WAIT: Duration = Duration::from_secs(8);
const LOOK: Duration = Duration::from_millis(100);
/// How often an order that others change meanwhile is read again.
const ROUNDS_MAX: usize = 16;

pub(super) async fn run(settings: Settings, command: ReviewCommand) -> Result<(), String> {
    let foundation = open(&settings).await?;
    let done = match command {
        ReviewCommand::List { site } => list(&foundation, site).await,
        ReviewCommand::Show(order) => show(&foundation, &settings, &order).await,
        ReviewCommand::Accept { order, role } => {
            decide(&foundation, &order, ReviewVerdict::Accept, role).await
        }
        ReviewCommand::Decline { order, role } => {
            decide(&foundation, &order, ReviewVerdict::Decline, role).await
        }
    };
    foundation.store.close().await.map_err(|it| it.to_string())?;
    done
}

async fn sites(foundation: &Foundation, site: Option<i64>) -> Result<Vec<Arc<Site>>, String> {
    let directory = Directory::default();
    directory
        .refresh(foundation.store.as_ref(), &foundation.vault)
        .await
        .map_err(|it| it.to_string())?;
    match site {
        None => Ok(directory.sites()),
        Some(number) => {
            let found = directory.site(number).ok_or(format!("there is no site {number}"))?;
            Ok(vec![found])
        }
    }
}

async fn load(foundation: &Foundation, site: &Arc<Site>, key: i64) -> Result<Record, String> {
    let row = foundation.store.order(site.id, key).await.map_err(|it| it.to_string())?;
    let row = row.ok_or("the order is gone")?;
    Record::read(site.clone(), row).map_err(|it| it.to_string())
}

async fn list(foundation: &Foundation, site: Option<i64>) -> Result<(), String> {
    for site in sites(foundation, site).await? {
        let timers = foundation.store.timers_of_kind(site.id, REVIEW_TIMER, LISTED_ROWS_MAX);
        for (key, timer) in timers.await.map_err(|it| it.to_string())? {
            // The same prefix has the decisions that wait for a gateway.
            if timer.kind != REVIEW_TIMER {
                continue;
            }
            let record = load(foundation, &site, key).await?;
            let State::Uncleared { review, .. } = &record.order.payment.state else { continue };
            let amount = record.order.payment.amount;
            println!(
                "{}  {}  {} {}  score {}  {} decides  until {}",
                site.id,
                record.order_id,
                amount.currency.code(),
                amount.minor,
                review.score,
                if band(review.score) == Band::Risk { "Risk" } else { "merchant" },
                crate::api::contract::timestamp::to_text(review.until),
            );
        }
    }
    Ok(())
}

async fn find(foundation: &Foundation, order: &Named) -> Result<Record, String> {
    let mut found = Vec::new();
    for site in sites(foundation, order.site).await? {
        let row = foundation.store.order_by_merchant_id(site.id, &order.order_id).await;
        if let Some(row) = row.map_err(|it| it.to_string())? {
            found.push(Record::read(site, row).map_err(|it| it.to_string())?);
        }
    }
    match found.len() {
        0 => Err(format!("there is no order {}", order.order_id)),
        1 => Ok(found.remove(0)),
        _ => Err("several sites have such an order: name one with --site".to_owned()),
    }
}

async fn show(foundation: &Foundation, settings: &Settings, order: &Named) -> Result<(), String> {
    let record = find(foundation, order).await?;
    let files = &settings.risk;
    let tables =
        CountryTables::read(files.ip_countries.as_deref(), files.bin_countries.as_deref())?;
    let shown = risk_json(&record, &tables);
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        other => other.to_string(),
    };
    println!("order {} of site {}", record.order_id, record.site.id);
    println!("  status  {}", text(&shown["status"]));
    println!("  score   {}", text(&shown["score"]));
    for hit in shown["hits"].as_array().into_iter().flatten() {
        let weight = hit["weight"].as_i64().unwrap_or_default();
        println!("  {weight:+}  {}: {}", text(&hit["rule"]), text(&hit["why"]));
    }
    for rule in shown["not_applied"].as_array().into_iter().flatten() {
        println!("  not applied: {}, {}", text(&rule["rule"]), text(&rule["why"]));
    }
    if shown["review"].is_object() {
        let review = &shown["review"];
        let (decides, until) = (text(&review["decides"]), text(&review["until"]));
        println!("  {decides} decides until {until}, then it is: {}", text(&review["then"]));
    }
    for (kind, by) in decisions(foundation, &record).await? {
        println!("  {kind} by {by}");
    }
    Ok(())
}

/// How reviews of the order ended, and by whom.
async fn decisions(
    foundation: &Foundation,
    record: &Record,
) -> Result<Vec<(String, String)>, String> {
    let events = foundation.store.events(record.site.id, record.key);
    let events = events.await.map_err(|it| it.to_string())?;
    let ended = events.into_iter().filter(|it| it.kind.starts_with("review_"));
    let by = |data: &str| {
        let data: Value = serde_json::from_str(data).unwrap_or_default();
        data["by"].as_str().unwrap_or("somebody").to_owned()
    };
    Ok(ended.map(|event| (event.kind.replace('_', " "), by(&event.data))).collect())
}

async fn decide(
    foundation: &Foundation,
    order: &Named,
    verdict: ReviewVerdict,
    role: Role,
) -> Result<(), String> {
    let by = match role {
        Role::Merchant => Decider::Merchant,
        Role::Risk => Decider::Risk,
    };
    let mut record = find(foundation, order).await?;
    for _ in 0..ROUNDS_MAX {
        let State::Uncleared { review, .. } = &record.order.payment.state else {
            let status = record.order.status(WHOLE).0;
            return Err(format!("the payment is not held for review: it is {status}"));
        };
        if by == Decider::Merchant && band(review.score) == Band::Risk {
            return Err("only the Risk department decides on a score above 8".to_owned());
        }
        let row = foundation.store.order(record.site.id, record.key).await;
        let row = row.map_err(|it| it.to_string())?.ok_or("the order is gone")?;
        let mut unit = UnitOfWork::new(Some(record.version), row);
        let kind = request_kind(verdict, by);
        unit.timers.push(TimerChange::Set { kind, due_at: foundation.clock.now() });
        match foundation.store.commit(unit).await.map_err(|it| it.to_string())? {
            Committed::Done => return wait_for_outcome(foundation, record, verdict, by).await,
            Committed::Conflict => record = load(foundation, &record.site, record.key).await?,
        }
    }
    Err("others keep changing the order; try again".to_owned())
}

async fn wait_for_outcome(
    foundation: &Foundation,
    record: Record,
    verdict: ReviewVerdict,
    by: Decider,
) -> Result<(), String> {
    let begun = tokio::time::Instant::now();
    while begun.elapsed() < WAIT {
        let now = load(foundation, &record.site, record.key).await?;
        if !matches!(now.order.payment.state, State::Uncleared { .. }) {
            // A payment that is captured by hand is passed on to that.
            let wanted: &[&str] = match verdict {
                ReviewVerdict::Accept => &["review accepted", "review passed"],
                ReviewVerdict::Decline => &["review declined"],
            };
            let status = now.order.status(WHOLE).0;
            let last = decisions(foundation, &now).await?.pop();
            return match last {
                Some((kind, who)) if wanted.contains(&kind.as_str()) && who == by.name() => {
                    println!("{}: {status}", record.order_id);
                    Ok(())
                }
                Some((kind, who)) => Err(format!("somebody was faster: {kind} by {who}")),
                None => Err(format!("the payment is {status}")),
            };
        }
        tokio::time::sleep(LOOK).await;
    }
    println!("{}: decided, and waits for a gateway to run", record.order_id);
    Ok(())
}
