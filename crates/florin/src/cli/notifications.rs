//! `florin notifications …`: what shops were told and what they answered, and telling them again.
//!
//! It works on the store of a gateway that may be running. Resending needs no wire to an acquirer,
//! so this process does it by itself; it starts no series of retries.

use std::sync::Arc;

use clap::Subcommand;

use super::risk::open;
use crate::api::contract::timestamp;
use crate::app::{self, Clerk, Foundation};
use crate::config::Settings;
use crate::gateway::site::Site;
use crate::store::{DeliveryRow, NotificationRecord, NotificationState, OrderRow};

/// What can be done with notifications.
#[derive(Subcommand)]
pub(super) enum NotificationsCommand {
    /// Lists notifications with their attempts, those of the newest order first.
    List {
        /// Only of this site.
        #[arg(long, value_name = "NUMBER")]
        site: Option<i64>,
        /// Only of this order, by the merchant's order id.
        #[arg(long, value_name = "ORDER_ID")]
        order: Option<String>,
        /// Only those whose last attempt failed.
        #[arg(long)]
        failed: bool,
        /// How many of the newest orders of each site are looked at.
        #[arg(long, value_name = "NUMBER", default_value = "100",
            value_parser = clap::value_parser!(u32).range(1..=1000))]
        orders: u32,
    },
    /// Sends a notification once more: the order as it is now, with a fresh timestamp and
    /// signature, to its current address.
    Resend {
        /// As `list` shows it.
        #[arg(value_name = "ID")]
        id: String,
    },
}

pub(super) async fn run(settings: Settings, command: NotificationsCommand) -> Result<(), String> {
    let foundation = open(&settings).await?;
    let clerk = app::clerk(&foundation).await.map_err(|it| it.to_string())?;
    let done = match command {
        NotificationsCommand::List { site, order, failed, orders } => {
            list(&foundation, &clerk, site, &Wanted { order, failed, orders }).await
        }
        NotificationsCommand::Resend { id } => resend(&clerk, &id).await,
    };
    clerk.leave().await;
    foundation.store.close().await.map_err(|it| it.to_string())?;
    done
}

/// Which notifications are listed.
struct Wanted {
    order: Option<String>,
    failed: bool,
    orders: u32,
}

async fn list(
    foundation: &Foundation,
    clerk: &Clerk,
    site: Option<i64>,
    wanted: &Wanted,
) -> Result<(), String> {
    for site in sites(clerk, site)? {
        for order in orders(foundation, site.id, wanted).await? {
            let told = foundation.store.notifications(site.id, order.key).await;
            for one in told.map_err(|it| it.to_string())? {
                if !wanted.failed || has_failed(&one) {
                    print(site.id, &order, &one);
                }
            }
        }
    }
    Ok(())
}

fn sites(clerk: &Clerk, site: Option<i64>) -> Result<Vec<Arc<Site>>, String> {
    let directory = &clerk.gateway.directory;
    match site {
        None => Ok(directory.sites()),
        Some(number) => {
            Ok(vec![directory.site(number).ok_or(format!("there is no site {number}"))?])
        }
    }
}

async fn orders(
    foundation: &Foundation,
    site: i64,
    wanted: &Wanted,
) -> Result<Vec<OrderRow>, String> {
    let found = match &wanted.order {
        Some(id) => foundation.store.order_by_merchant_id(site, id).await.map(Vec::from_iter),
        None => foundation.store.recent_orders(site, None, wanted.orders).await,
    };
    found.map_err(|it| it.to_string())
}

/// Whether the last attempt failed and nothing has made up for it since.
fn has_failed(one: &NotificationRecord) -> bool {
    let settled = [NotificationState::Acknowledged, NotificationState::Superseded];
    !settled.contains(&one.state)
        && one.deliveries.last().is_some_and(|it| it.error_class.is_some())
}

/// The order's id is the merchant's text: it must not write lines or colours of its own.
fn print(site: i64, order: &OrderRow, one: &NotificationRecord) {
    let order_id = order.order_id.escape_debug();
    let (key, seq, event) = (order.key, one.seq, &one.event);
    println!("{key}-{seq}  site {site}  {order_id}  {event}  {}", state_of(one));
    for delivery in &one.deliveries {
        println!("  {}", line_of(delivery));
    }
}

fn state_of(one: &NotificationRecord) -> String {
    match (one.state, one.due_at) {
        (NotificationState::Pending, Some(due)) => {
            format!("pending, due {}", timestamp::to_text(due))
        }
        (NotificationState::Pending, None) => "pending".to_owned(),
        (NotificationState::Acknowledged, _) => "acknowledged".to_owned(),
        (NotificationState::Superseded, _) => "superseded by a newer one".to_owned(),
        (NotificationState::Exhausted, _) => "exhausted".to_owned(),
    }
}

/// An attempt in a line: the reply is a stranger's text.
fn line_of(delivery: &DeliveryRow) -> String {
    let status = delivery.http_status.map_or("no answer".to_owned(), |it| format!("HTTP {it}"));
    let outcome = delivery.error_class.as_deref().unwrap_or("acknowledged");
    format!(
        "{}  {} {}  {status}  {outcome}  {} ms  {}  {:?}",
        timestamp::to_text(delivery.at),
        delivery.trigger,
        delivery.attempt,
        delivery.latency_ms,
        delivery.url.escape_debug(),
        delivery.reply,
    )
}

async fn resend(clerk: &Clerk, id: &str) -> Result<(), String> {
    let (key, seq) = id
        .split_once('-')
        .and_then(|(key, seq)| Some((key.parse::<i64>().ok()?, seq.parse::<i32>().ok()?)))
        .ok_or("an id looks like 1700000000000001-1; `florin notifications list` shows them")?;
    for site in clerk.gateway.directory.sites() {
        let record = clerk.gateway.load(&site, key).await.map_err(|it| it.to_string())?;
        let Some(record) = record else { continue };
        let sent = clerk.gateway.resend_notification(record, seq).await;
        let Some(delivery) = sent.map_err(|it| it.to_string())? else { break };
        println!("{}", line_of(&delivery));
        return match delivery.error_class {
            None => Ok(()),
            Some(class) => Err(format!("the shop did not acknowledge it: {class}")),
        };
    }
    Err(format!("there is no notification {id}"))
}
