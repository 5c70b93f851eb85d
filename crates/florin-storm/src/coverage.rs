//! Which ways through an order's life the runs have taken: from which state, by which events, to
//! which state. Read from what was committed, and held to the list of what is possible.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use florin_core::order::Order;
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
const OPENABLE: &[&str] = &[
    "nothing",
    "offered",
    "lapsed",
    "declined",
    "at the page",
    "at the bank",
    "at the provider",
    "expired",
    "void",
    "cancelled",
    "withdrawn",
    "paid in part",
];
/// States in which a page may be there on which the order can be paid, besides the one in which
/// nobody has used it.
const WITH_PAGE: &[&str] = &[
    "at the page",
    "at the bank",
    "asking a provider",
    "at the provider",
    "authorizing",
    "declined",
    "expired",
];
/// States in which a part may be paid and the rest is waited for, though nobody is under way.
const OPEN_IN_PART: &[&str] = &["paid in part", "declined", "expired", "cancelled"];
/// States in which the shop may have given a page up.
const GIVEN_UP: &[&str] = &["lapsed", "cancelled", "declined", "expired"];
/// States in which something was, or can be, sold.
const SOLD: &[&str] = &["authorized", "completed", "parted"];
/// States in which something may be charged back.
const TAKEN_BACK: &[&str] = &["authorized", "completed", "parted", "paid"];
/// States in which another method has paid something.
const PAID_ELSEWHERE: &[&str] = &["paid", "promised"];
/// States in which an attempt is under way that the merchant may give up.
const UNDER_WAY: &[&str] =
    &["at the page", "at the bank", "asking a provider", "at the provider", "authorizing"];
/// Stands for every state: a part goes back whatever has become of the order meanwhile, and nothing
/// of that is decided on its state (`florin-core/decision/part.rs`).
const A_PART: &[&str] = &["a part"];
const EVERY: &[&str] = &[
    "offered",
    "lapsed",
    "at the page",
    "at the bank",
    "asking a provider",
    "at the provider",
    "promised",
    "paid",
    "withdrawn",
    "authorizing",
    "uncleared",
    "authorized",
    "completed",
    "parted",
    "declined",
    "expired",
    "void",
    "cancelled",
    "paid in part",
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
    // A shop offers it on a page; the page of a link is shown, and is there for a time.
    (OPENABLE, "offered", "offered"),
    (&["offered"], "page_shown", "offered"),
    (WITH_PAGE, "page_shown", "="),
    (&["offered"], "session_ended", "lapsed"),
    (WITH_PAGE, "session_ended", "="),
    // A payer who was reminded comes back to what the shop has given up, unless that was for good.
    (&["lapsed", "cancelled"], "page_shown", "="),
    (&["lapsed", "cancelled"], "session_ended", "="),
    (GIVEN_UP, "opened session_reopened declined", "declined"),
    (GIVEN_UP, "opened session_reopened authorization_requested", "authorizing"),
    (GIVEN_UP, "opened session_reopened authentication_started", "at the page"),
    (GIVEN_UP, "opened session_reopened authentication_started", "at the bank"),
    (
        GIVEN_UP,
        "opened session_reopened authentication_finished authorization_requested",
        "authorizing",
    ),
    (GIVEN_UP, "opened session_reopened authentication_finished declined", "declined"),
    // Another method's provider is asked to take the payment on. It does, or nobody hears that it
    // does; and it may say at once that it is paid or under way. The core would take any word
    // there; no provider of the test platform has another one before its payer has chosen, nor
    // wants to be asked again of what nobody has begun.
    (OPENABLE, "opened referral_asked", "asking a provider"),
    (GIVEN_UP, "opened session_reopened referral_asked", "asking a provider"),
    (&["asking a provider"], "referred", "at the provider"),
    (&["asking a provider"], "referred payer_acted", "at the provider"),
    (&["asking a provider"], "referred paid", "paid"),
    (&["asking a provider"], "declined", "declined"),
    (&["asking a provider"], "cancelled", "cancelled"),
    (&["asking a provider"], "cancelled session_ended", "cancelled"),
    // It says what became of it.
    (&["at the provider"], "payer_acted", "="),
    (&["at the provider"], "promised", "promised"),
    (&["at the provider"], "promised session_ended", "promised"),
    (&["at the provider"], "paid", "paid"),
    (&["at the provider"], "paid session_ended", "paid"),
    (&["at the provider"], "declined", "declined"),
    (&["at the provider"], "cancelled", "cancelled"),
    (&["at the provider"], "cancelled session_ended", "cancelled"),
    (&["at the provider"], "expired", "expired"),
    (&["promised"], "paid", "paid"),
    (&["promised"], "paid shipped", "paid"),
    (&["promised"], "withdrawn", "withdrawn"),
    (&["promised"], "promise_prolonged", "="),
    // The shop ships a part, which the provider pays for, or not; the rest may come to nothing.
    (&["promised"], "shipment_asked", "="),
    (&["promised"], "shipment_declined", "="),
    (&["promised"], "captured_in_part shipped", "="),
    (&["promised"], "captured_in_part shipped paid", "paid"),
    (&["promised"], "withdrawn", "paid"),
    (PAID_ELSEWHERE, "refund_requested", "="),
    (PAID_ELSEWHERE, "refund_asked", "="),
    (PAID_ELSEWHERE, "refund_completed", "="),
    (PAID_ELSEWHERE, "refund_declined", "="),
    (PAID_ELSEWHERE, "refund_voided", "="),
    (&["paid"], "shipped", "paid"),
    // A gift card has paid a part. An order that comes to nothing gives its parts back, and so does
    // the payer who gives up.
    (&["at the provider"], "paid_in_part", "paid in part"),
    (&["at the provider"], "paid_in_part expired part_released", "expired"),
    (&["paid in part"], "page_shown", "="),
    (&["paid in part"], "session_ended expired part_released", "expired"),
    (&["paid in part"], "session_ended expired", "expired"),
    (&["paid in part"], "cancelled session_ended part_released", "cancelled"),
    (&["paid in part"], "cancelled session_ended", "cancelled"),
    (OPEN_IN_PART, "part_released", "="),
    (&["declined", "expired", "cancelled"], "session_ended part_released", "="),
    (UNDER_WAY, "cancelled session_ended part_released", "cancelled"),
    (UNDER_WAY, "cancelled part_released", "cancelled"),
    (&["at the page", "at the bank"], "expired part_released", "expired"),
    (&["at the page", "at the bank"], "authentication_finished declined part_released", "declined"),
    (
        &["authorizing", "asking a provider", "at the provider"],
        "declined part_released",
        "declined",
    ),
    (&["at the provider"], "expired part_released", "expired"),
    (&["uncleared"], "review_declined part_released", "void"),
    (&["promised"], "withdrawn part_released", "withdrawn"),
    (A_PART, "part_asked_back", "="),
    (A_PART, "part_given_back", "="),
    (A_PART, "part_not_given_back", "="),
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
    (&["authorizing"], "completed session_ended", "completed"),
    (&["authorizing"], "authorized", "authorized"),
    (&["authorizing"], "authorized session_ended", "authorized"),
    (&["authorizing"], "held_for_review", "uncleared"),
    (&["authorizing"], "held_for_review session_ended", "uncleared"),
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
    (&["at the page", "at the bank", "authorizing"], "cancelled session_ended", "cancelled"),
    // The merchant gives back, ships, says something.
    (SOLD, "refund_requested", "="),
    (SOLD, "refund_requested refund_sent", "="),
    (SOLD, "refund_sent", "="),
    (SOLD, "refund_completed", "="),
    (SOLD, "refund_declined", "="),
    (SOLD, "refund_voided", "="),
    (SOLD, "shipped", "="),
    (EVERY, "annotated", "="),
    // The payer's bank takes money back; refunds that wait give way, and what the issuer bears
    // comes back at once: of cards only, for without 3-D Secure no issuer bears anything.
    (TAKEN_BACK, "charged_back", "="),
    (TAKEN_BACK, "refund_voided charged_back", "="),
    (SOLD, "charged_back dispute_processed chargeback_reversed", "="),
    (SOLD, "refund_voided charged_back dispute_processed chargeback_reversed", "="),
    (TAKEN_BACK, "chargeback_accepted", "="),
    (TAKEN_BACK, "dispute_opened", "="),
    (TAKEN_BACK, "dispute_opened evidence_added", "="),
    (TAKEN_BACK, "evidence_added", "="),
    (TAKEN_BACK, "dispute_submitted", "="),
    (TAKEN_BACK, "evidence_asked", "="),
    (TAKEN_BACK, "dispute_processed", "="),
    (TAKEN_BACK, "chargeback_reversed", "="),
    (TAKEN_BACK, "dispute_lost", "="),
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
    /// Notes the way of one commit. One without events only leaves word for the gateway.
    pub fn note(&mut self, from: &'static str, to: &'static str, events: &[&str]) {
        if events.is_empty() {
            return;
        }
        let moving = events.iter().filter(|event| !ACCOMPANYING.contains(event));
        let mut moving: Vec<&str> = moving.copied().collect();
        // Several refunds that give way are as good as one.
        moving.dedup();
        let way = moving.join(" ");
        let goes_back = moving.len() == 1 && GOING_BACK.contains(&moving[0]);
        // What would lead elsewhere is not possible.
        let (from, to) = if goes_back && from == to { (A_PART[0], A_PART[0]) } else { (from, to) };
        *self.0.entry((from, way, to)).or_default() += 1;
    }

    /// How often a way was taken.
    pub fn taken(&self, way: &Way) -> u64 {
        self.0.get(way).copied().unwrap_or(0)
    }

    /// How many commits had an event.
    pub fn with_event(&self, event: &str) -> u64 {
        let has = |way: &Way| way.1.split(' ').any(|it| it == event);
        self.0.iter().filter(|(way, _)| has(way)).map(|(_, count)| count).sum()
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

/// Events of a part on its way back.
const GOING_BACK: [&str; 3] = ["part_asked_back", "part_given_back", "part_not_given_back"];

/// The state of an order that is not there yet.
pub const NOTHING: &str = "nothing";

/// The name of the state that an order is in.
pub fn state_of(order: &Order) -> &'static str {
    match order.payment.state {
        State::Offered => "offered",
        State::Lapsed => "lapsed",
        State::Opened => "opened",
        State::Authenticating(Waiting::Page { .. }) => "at the page",
        State::Authenticating(Waiting::Challenge(_)) => "at the bank",
        State::Authenticating(Waiting::Referral) => "asking a provider",
        State::Authenticating(Waiting::Provider(_)) => "at the provider",
        State::Promised { .. } => "promised",
        State::Paid => "paid",
        State::PaidInPart => "paid in part",
        State::Withdrawn => "withdrawn",
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
