//! Which ways through an order's life the runs have taken: from which state, by which events, to
//! which state. Read from what was committed, and held to the list of what is possible.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use florin::gateway::persist::read_state;
use florin::store::OrderRow;
use florin_core::payment::{State, Waiting};

/// A way: state before, events of the commit, state after. `nothing` is an order that is not
/// there yet.
pub type Way = (&'static str, String, &'static str);

/// How often each way was taken.
#[derive(Clone, Debug, Default)]
pub struct Coverage(BTreeMap<Way, u64>);

/// Ways from several states at once: states before, events, state after; `=` leaves the state.
type Ways = (&'static [&'static str], &'static str, &'static str);

/// States in which a shop may begin anew under the same id, and none at all.
const OPENABLE: &[&str] =
    &["nothing", "declined", "at the page", "at the bank", "expired", "void", "cancelled"];
/// States in which something was, or can be, sold.
const SOLD: &[&str] = &["authorized", "completed", "parted"];
const EVERY: &[&str] = &[
    "at the page",
    "at the bank",
    "authorizing",
    "uncleared",
    "authorized",
    "completed",
    "parted",
    "declined",
    "expired",
    "void",
    "cancelled",
];

/// Every way that the core allows (`florin-core/decision.rs`), command by command.
const WAYS: &[Ways] = &[
    // A shop opens the order, or opens it again.
    (OPENABLE, "opened declined", "declined"),
    (OPENABLE, "opened authorization_requested", "authorizing"),
    (OPENABLE, "opened authentication_started", "at the page"),
    (OPENABLE, "opened authentication_started", "at the bank"),
    (OPENABLE, "opened authentication_finished authorization_requested", "authorizing"),
    (OPENABLE, "opened authentication_finished declined", "declined"),
    // The payer acts, or the directory server answers.
    (&["at the page"], "authentication_started", "at the page"),
    (&["at the page"], "authentication_started", "at the bank"),
    (
        &["at the page", "at the bank"],
        "authentication_finished authorization_requested",
        "authorizing",
    ),
    (&["at the page", "at the bank"], "authentication_finished declined", "declined"),
    // The host answers, or nobody does.
    (&["authorizing"], "completed", "completed"),
    (&["authorizing"], "authorized", "authorized"),
    (&["authorizing"], "held_for_review", "uncleared"),
    (&["authorizing"], "stepped_up", "at the page"),
    (&["authorizing"], "declined", "declined"),
    // Time passes.
    (&["at the page", "at the bank"], "expired", "expired"),
    (&["uncleared"], "review_accepted", "completed"),
    (&["uncleared"], "review_passed", "authorized"),
    (&["uncleared"], "review_declined", "void"),
    (&["authorized"], "hold_ended authorization_ended", "void"),
    (&["authorized"], "hold_ended authorization_ended", "parted"),
    // The merchant claims, asks for more, gives up.
    (&["authorized"], "captured", "completed"),
    (&["authorized"], "captured_in_part", "authorized"),
    (&["authorized"], "captured_in_part authorization_ended", "parted"),
    (&["authorized"], "released authorization_ended", "void"),
    (&["authorized"], "released authorization_ended", "parted"),
    (&["authorized"], "increment_requested", "authorized"),
    (&["authorized"], "incremented", "authorized"),
    (&["authorized"], "increment_failed", "authorized"),
    (&["at the page", "at the bank", "authorizing"], "cancelled", "cancelled"),
    // The merchant gives back, ships, says something.
    (SOLD, "refund_requested", "="),
    (SOLD, "refund_requested refund_sent", "="),
    (SOLD, "refund_sent", "="),
    (SOLD, "refund_completed", "="),
    (SOLD, "refund_declined", "="),
    (SOLD, "refund_voided", "="),
    (SOLD, "shipped", "="),
    (EVERY, "annotated", "="),
];

/// Every possible way, one by one.
pub static POSSIBLE: LazyLock<Vec<Way>> = LazyLock::new(|| {
    let each = |(before, events, after): &Ways| {
        let (events, after) = (*events, *after);
        before.iter().map(move |before| {
            (*before, events.to_owned(), if after == "=" { before } else { after })
        })
    };
    WAYS.iter().flat_map(each).collect()
});

impl Coverage {
    /// Notes the way of one commit.
    pub fn note(&mut self, before: Option<&OrderRow>, after: &OrderRow, events: &[&str]) {
        let from = before.map_or("nothing", state_of);
        let moving = events.iter().filter(|event| !ACCOMPANYING.contains(event));
        let way = moving.copied().collect::<Vec<_>>().join(" ");
        *self.0.entry((from, way, state_of(after))).or_default() += 1;
    }

    /// How often a way was taken.
    pub fn taken(&self, way: &Way) -> u64 {
        self.0.get(way).copied().unwrap_or(0)
    }

    /// How many commits were noted.
    pub fn commits(&self) -> u64 {
        self.0.values().sum()
    }

    /// Ways that were taken and are not possible.
    pub fn impossible(&self) -> impl Iterator<Item = &Way> {
        self.0.keys().filter(|way| !POSSIBLE.contains(way))
    }

    /// Adds what another run has taken.
    pub fn add(&mut self, other: &Coverage) {
        for (way, count) in &other.0 {
            *self.0.entry(way.clone()).or_default() += count;
        }
    }
}

/// Events that say nothing of where an order goes.
const ACCOMPANYING: [&str; 4] = ["cvc_kept", "cvc_erased", "announced", "fee_charged"];

fn state_of(row: &OrderRow) -> &'static str {
    let Ok((order, _)) = read_state(&row.state) else { return "unreadable" };
    match order.payment.state {
        State::Offered => "offered",
        State::Lapsed => "lapsed",
        State::Opened => "opened",
        State::Authenticating(Waiting::Page { .. }) => "at the page",
        State::Authenticating(Waiting::Challenge(_)) => "at the bank",
        // Shops of storms sell by card.
        State::Authenticating(Waiting::Provider(_))
        | State::Promised { .. }
        | State::Paid
        | State::Withdrawn => "elsewhere",
        State::Authorizing { .. } => "authorizing",
        State::Uncleared { .. } => "uncleared",
        State::Authorized(_) => "authorized",
        State::Completed { .. } => "completed",
        State::Parted(_) => "parted",
        State::Cancelled => "cancelled",
        State::Declined(_) => "declined",
        State::Expired => "expired",
        State::Void(_) => "void",
    }
}
