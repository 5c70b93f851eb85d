//! Which ways through an order's life the runs have taken: from which state, by which events, to
//! which state. Read from what was committed, and held to the list of what is possible.

use std::collections::BTreeMap;

use florin::gateway::persist::read_state;
use florin::store::OrderRow;
use florin_core::payment::{State, Waiting};

/// A way: state before, events of the commit, state after.
pub type Way = (&'static str, String, &'static str);

/// How often each way was taken.
#[derive(Clone, Debug, Default)]
pub struct Coverage(BTreeMap<Way, u64>);

/// Every way that an order can go (`florin-core/decision.rs`), state by state and command by
/// command. `nothing` is an order that is not there yet.
pub const POSSIBLE: &[(&str, &str, &str)] = &[
    // A shop opens it.
    ("nothing", "opened declined", "declined"),
    ("nothing", "opened authorization_requested", "authorizing"),
    ("nothing", "opened authentication_started", "at the page"),
    ("nothing", "opened authentication_started", "at the bank"),
    ("nothing", "opened authentication_finished authorization_requested", "authorizing"),
    ("nothing", "opened authentication_finished declined", "declined"),
    // A shop opens it again.
    ("declined", "opened declined", "declined"),
    ("declined", "opened authorization_requested", "authorizing"),
    ("declined", "opened authentication_started", "at the page"),
    ("declined", "opened authentication_started", "at the bank"),
    ("declined", "opened authentication_finished authorization_requested", "authorizing"),
    ("declined", "opened authentication_finished declined", "declined"),
    ("at the page", "opened declined", "declined"),
    ("at the page", "opened authorization_requested", "authorizing"),
    ("at the page", "opened authentication_started", "at the page"),
    ("at the page", "opened authentication_started", "at the bank"),
    ("at the page", "opened authentication_finished authorization_requested", "authorizing"),
    ("at the page", "opened authentication_finished declined", "declined"),
    ("at the bank", "opened declined", "declined"),
    ("at the bank", "opened authorization_requested", "authorizing"),
    ("at the bank", "opened authentication_started", "at the page"),
    ("at the bank", "opened authentication_started", "at the bank"),
    ("at the bank", "opened authentication_finished authorization_requested", "authorizing"),
    ("at the bank", "opened authentication_finished declined", "declined"),
    ("expired", "opened declined", "declined"),
    ("expired", "opened authorization_requested", "authorizing"),
    ("expired", "opened authentication_started", "at the page"),
    ("expired", "opened authentication_started", "at the bank"),
    ("expired", "opened authentication_finished authorization_requested", "authorizing"),
    ("expired", "opened authentication_finished declined", "declined"),
    ("void", "opened declined", "declined"),
    ("void", "opened authorization_requested", "authorizing"),
    ("void", "opened authentication_started", "at the page"),
    ("void", "opened authentication_started", "at the bank"),
    ("void", "opened authentication_finished authorization_requested", "authorizing"),
    ("void", "opened authentication_finished declined", "declined"),
    // The payer acts, or the directory server answers.
    ("at the page", "authentication_started", "at the page"),
    ("at the page", "authentication_started", "at the bank"),
    ("at the page", "authentication_finished authorization_requested", "authorizing"),
    ("at the page", "authentication_finished declined", "declined"),
    ("at the bank", "authentication_finished authorization_requested", "authorizing"),
    ("at the bank", "authentication_finished declined", "declined"),
    // The host answers, or nobody does.
    ("authorizing", "completed", "completed"),
    ("authorizing", "held_for_review", "uncleared"),
    ("authorizing", "stepped_up", "at the page"),
    ("authorizing", "declined", "declined"),
    // Time passes.
    ("at the page", "expired", "expired"),
    ("at the bank", "expired", "expired"),
    ("uncleared", "review_accepted", "completed"),
    ("uncleared", "review_declined", "void"),
];

impl Coverage {
    /// Notes the way of one commit.
    pub fn note(&mut self, before: Option<&OrderRow>, after: &OrderRow, events: &[&str]) {
        let from = before.map_or("nothing", state_of);
        let moving = events.iter().filter(|event| !ACCOMPANYING.contains(event));
        let way = moving.copied().collect::<Vec<_>>().join(" ");
        *self.0.entry((from, way, state_of(after))).or_default() += 1;
    }

    /// How often a way was taken.
    pub fn taken(&self, from: &str, event: &str, to: &str) -> u64 {
        let taken = self.0.iter().find(|((a, b, c), _)| (*a, b.as_str(), *c) == (from, event, to));
        taken.map_or(0, |(_, count)| *count)
    }

    /// How many commits were noted.
    pub fn commits(&self) -> u64 {
        self.0.values().sum()
    }

    /// Ways that were taken and are not possible.
    pub fn impossible(&self) -> impl Iterator<Item = &Way> {
        let is_possible = |way: &&Way| {
            POSSIBLE.iter().any(|(from, event, to)| (way.0, &*way.1, way.2) == (*from, *event, *to))
        };
        self.0.keys().filter(move |way| !is_possible(way))
    }

    /// Adds what another run has taken.
    pub fn add(&mut self, other: &Coverage) {
        for (way, count) in &other.0 {
            *self.0.entry(way.clone()).or_default() += count;
        }
    }
}

/// Events that say nothing of where an order goes.
const ACCOMPANYING: [&str; 3] = ["cvc_kept", "cvc_erased", "announced"];

fn state_of(row: &OrderRow) -> &'static str {
    let Ok((order, _)) = read_state(&row.state) else { return "unreadable" };
    match order.payment.state {
        State::Opened => "opened",
        State::Authenticating(Waiting::Page { .. }) => "at the page",
        State::Authenticating(Waiting::Challenge(_)) => "at the bank",
        State::Authorizing { .. } => "authorizing",
        State::Uncleared { .. } => "uncleared",
        State::Completed { .. } => "completed",
        State::Declined(_) => "declined",
        State::Expired => "expired",
        State::Void(_) => "void",
    }
}
