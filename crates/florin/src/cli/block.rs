//! `florin block …`: cards, e-mails, addresses and BINs that are declined before anything is sent.
//! A card number is read from standard input, so that no command line or history has it.

use std::io::Read;

use clap::{Args, Subcommand};
use florin_core::card::Pan;
use florin_core::risk::blocked::{BIN_DIGITS, Network, normal_email};
use zeroize::Zeroizing;

use super::risk::{Whose, change_layer, layer_of, open, sites_of};
use crate::app::Foundation;
use crate::config::Settings;
use crate::gateway::risk::settings::{Blocked, BlockedCard, LIST_ENTRIES_MAX};
use crate::gateway::site::SiteSettings;

/// What can be done with block lists.
#[derive(Subcommand)]
pub(super) enum BlockCommand {
    /// Lists what is blocked; of a card its last four digits.
    List {
        #[command(flatten)]
        whose: Whose,
    },
    /// Blocks something.
    Add {
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        what: What,
    },
    /// Ends a block.
    Remove {
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        what: What,
    },
}

/// What is blocked: one of these.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub(super) struct What {
    /// The card whose number is read from standard input.
    #[arg(long)]
    card_number_stdin: bool,
    /// An e-mail address, or all of a domain: @example.com.
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// An IP address, or a network such as 192.0.2.0/24.
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<String>,
    /// The first 6 to 8 digits of card numbers.
    #[arg(long, value_name = "DIGITS")]
    bin: Option<String>,
}

/// One entry, read and in its one form.
enum Entry {
    Card(BlockedCard),
    Email(String),
    Ip(String),
    Bin(String),
}

/// More than the longest number with any spaces people put in it.
const CARD_TEXT_BYTES_MAX: u64 = 128;

pub(super) async fn run(settings: Settings, command: BlockCommand) -> Result<(), String> {
    let foundation = open(&settings).await?;
    let done = match command {
        BlockCommand::List { whose } => list(&foundation, &whose).await,
        BlockCommand::Add { whose, what } => match read(&foundation, &what) {
            Ok(entry) => {
                change_layer(&foundation, &whose, |layer| {
                    add(&mut layer.blocked, &entry);
                    Ok(())
                })
                .await
            }
            Err(error) => Err(error),
        },
        BlockCommand::Remove { whose, what } => match read(&foundation, &what) {
            Ok(entry) => {
                change_layer(&foundation, &whose, |layer| remove(&mut layer.blocked, &entry)).await
            }
            Err(error) => Err(error),
        },
    };
    foundation.store.close().await.map_err(|it| it.to_string())?;
    done
}

fn read(foundation: &Foundation, what: &What) -> Result<Entry, String> {
    if let Some(email) = &what.email {
        let email = normal_email(email);
        let good = email.contains('@').then_some(Entry::Email(email));
        return good.ok_or("an e-mail address has an @".to_owned());
    }
    if let Some(text) = &what.ip {
        let network = Network::parse(text).map_err(|_| format!("{text:?} is no IP address"))?;
        return Ok(Entry::Ip(network.to_string()));
    }
    if let Some(digits) = &what.bin {
        // More digits may be a whole number, which must not be repeated in an answer.
        let good =
            BIN_DIGITS.contains(&digits.len()) && digits.bytes().all(|it| it.is_ascii_digit());
        let good = good.then(|| Entry::Bin(digits.clone()));
        return good.ok_or("a BIN has 6 to 8 digits".to_owned());
    }
    let mut text = Zeroizing::new(String::new());
    std::io::stdin()
        .take(CARD_TEXT_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|_| "no card number can be read from standard input".to_owned())?;
    let pan =
        Pan::parse(text.trim()).map_err(|_| "standard input has no card number".to_owned())?;
    Ok(Entry::Card(BlockedCard::new(&foundation.vault, &pan)))
}

fn add(blocked: &mut Blocked, entry: &Entry) {
    let put = |list: &mut Vec<String>, text: &String| {
        if !list.contains(text) {
            list.push(text.clone());
        }
    };
    match entry {
        Entry::Card(card) if blocked.cards.iter().all(|it| it.card != card.card) => {
            blocked.cards.push(card.clone());
        }
        Entry::Card(_) => {}
        Entry::Email(text) => put(&mut blocked.emails, text),
        Entry::Ip(text) => put(&mut blocked.ips, text),
        Entry::Bin(text) => put(&mut blocked.bins, text),
    }
}

fn remove(blocked: &mut Blocked, entry: &Entry) -> Result<(), String> {
    let count = |blocked: &Blocked| {
        blocked.cards.len() + blocked.emails.len() + blocked.ips.len() + blocked.bins.len()
    };
    let before = count(blocked);
    match entry {
        Entry::Card(card) => blocked.cards.retain(|it| it.card != card.card),
        Entry::Email(text) => blocked.emails.retain(|it| it != text),
        Entry::Ip(text) => blocked.ips.retain(|it| it != text),
        Entry::Bin(text) => blocked.bins.retain(|it| it != text),
    }
    if count(blocked) < before { Ok(()) } else { Err("that is not on the list".to_owned()) }
}

async fn list(foundation: &Foundation, whose: &Whose) -> Result<(), String> {
    for row in sites_of(foundation, whose).await? {
        println!("site {}: at most {LIST_ENTRIES_MAX} of each", row.id);
        let mut known: SiteSettings = serde_json::from_str(&row.settings)
            .map_err(|error| format!("the settings of site {}: {error}", row.id))?;
        let blocked = &layer_of(whose, &mut known.risk).blocked;
        for card in &blocked.cards {
            println!("  card   …{}", card.last4);
        }
        for (kind, entries) in
            [("email", &blocked.emails), ("ip", &blocked.ips), ("bin", &blocked.bins)]
        {
            for entry in entries {
                println!("  {kind:<6} {entry}");
            }
        }
    }
    Ok(())
}
