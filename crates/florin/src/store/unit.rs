//! A unit of work: everything about one order that has to become true together, or not at all.
//!
//! The only way in which an order and what belongs to it is changed. It knows no SQL.

use std::collections::HashSet;
use std::hash::Hash;

use super::attempts::AttemptRow;
use super::idempotency::AnsweredRequest;
use super::ledger::JournalRow;
use super::operations::{OPERATION_CLASS_BYTES_MAX, OperationRow};
use super::rows::{AdviceRow, EventRow, FileRow, NotificationRow, OrderKey, OrderRow, SiteId};
use super::tokens::TokenChange;
use crate::clock::UnixMillis;

/// One commit of one order.
#[derive(Clone, Debug)]
pub struct UnitOfWork {
    /// The version that the order was read with; `None` makes a new order, whose `order_id` must
    /// be new on the site. The order is stored with the version that follows.
    pub expected_version: Option<i64>,
    /// The order as it shall be. Its `version` is ignored.
    pub order: OrderRow,
    /// A new attempt was asked for with a request of its own, which replaces the stored one.
    /// Otherwise an update leaves the request alone.
    pub new_request: bool,
    /// Transaction ids of later attempts, by which the order shall be found as well.
    pub transactions: Vec<i64>,
    /// Facts to append to the history.
    pub events: Vec<EventRow>,
    /// Card data to keep or to destroy.
    pub cards: Vec<CardChange>,
    /// Notifications that are owed from now on.
    pub notifications: Vec<NotificationRow>,
    /// Timers to set or to cancel.
    pub timers: Vec<TimerChange>,
    /// Messages to the acquirer that are owed from now on, or no longer.
    pub advices: Vec<AdviceChange>,
    /// Entries to append to the journal.
    pub journal: Vec<JournalRow>,
    /// Orders that are kept inside this one. If one cannot be stored, the whole unit is a conflict.
    pub children: Vec<ChildRow>,
    /// Attempts to pay, to be counted later.
    pub attempts: Vec<AttemptRow>,
    /// Operations of the order that are new, or no longer what they were.
    pub operations: Vec<OperationRow>,
    /// The acquirer's references (RRN) by which the order shall be found as well.
    pub references: Vec<String>,
    /// Files that were handed in.
    pub files: Vec<FileRow>,
    /// What becomes of stored cards.
    pub tokens: Vec<TokenChange>,
    /// The answer to the request that led to this. If there is one already, which means that
    /// somebody else has made the change, the unit is a conflict.
    pub answer: Option<AnsweredRequest>,
}

/// An order inside another one, such as that of a partial capture. It is changed by units of its
/// parent only, whose version guards it as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildRow {
    /// The order, on the site of its parent. Its `version` is ignored: it is 1 at first and counts
    /// up. An update leaves currency, request, and what else is fixed, alone.
    pub order: OrderRow,
    /// Whether it is made or changed. A conflict means that its name or key is taken, or that
    /// there is no such order.
    pub is_new: bool,
}

/// A change to the card data of an order.
#[derive(Clone)]
pub enum CardChange {
    /// Keeps a card; replaces what was there under this number.
    Seal {
        /// Which card of the order.
        card_id: i32,
        /// The PAN, encrypted.
        sealed_pan: Vec<u8>,
        /// The CVC, encrypted.
        sealed_cvc: Option<Vec<u8>>,
        /// Keyed hash of the PAN.
        fingerprint: [u8; 32],
        /// The data key that sealed the PAN.
        key_id: i32,
    },
    /// Destroys the CVC.
    EraseCvc {
        /// Which card of the order.
        card_id: i32,
    },
    /// Destroys the card.
    Erase {
        /// Which card of the order.
        card_id: i32,
    },
}

impl std::fmt::Debug for CardChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self {
            CardChange::Seal { .. } => "Seal",
            CardChange::EraseCvc { .. } => "EraseCvc",
            CardChange::Erase { .. } => "Erase",
        };
        write!(f, "{name}({})", self.card_id())
    }
}

/// A change to the timers of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimerChange {
    /// Sets the timer of this kind, or moves it; whoever has claimed the old one has lost it.
    Set {
        /// What the timer is for.
        kind: String,
        /// When it goes off.
        due_at: UnixMillis,
    },
    /// Removes the timer of this kind, if there is one.
    Cancel {
        /// What the timer is for.
        kind: String,
    },
}

/// A change to the advices of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdviceChange {
    /// An advice is owed; replaces what was there under this number.
    Owe(AdviceRow),
    /// The message itself changes, while its owner still has the lease; only outside a unit.
    Rewrite {
        /// Which advice of the order.
        seq: i32,
        /// The new message.
        body: String,
    },
    /// An advice was answered: it is no longer owed.
    Settle {
        /// Which advice of the order.
        seq: i32,
    },
    /// An advice is tried again later.
    Postpone {
        /// Which advice of the order.
        seq: i32,
        /// When it is due next.
        due_at: UnixMillis,
        /// Attempts that have ended.
        attempts: i32,
        /// Why.
        note: String,
    },
    /// An advice is given up and left to a person; it stays on record.
    Stop {
        /// Which advice of the order.
        seq: i32,
        /// Why.
        note: String,
    },
}

impl UnitOfWork {
    /// A unit that does nothing but store this order: as a new one, or over `expected_version`.
    pub fn new(expected_version: Option<i64>, order: OrderRow) -> UnitOfWork {
        UnitOfWork {
            expected_version,
            order,
            new_request: false,
            transactions: Vec::new(),
            events: Vec::new(),
            cards: Vec::new(),
            notifications: Vec::new(),
            timers: Vec::new(),
            advices: Vec::new(),
            journal: Vec::new(),
            children: Vec::new(),
            attempts: Vec::new(),
            operations: Vec::new(),
            references: Vec::new(),
            files: Vec::new(),
            tokens: Vec::new(),
            answer: None,
        }
    }

    /// The order that the unit is about.
    pub fn place(&self) -> (SiteId, OrderKey) {
        (self.order.site_id, self.order.key)
    }

    /// Whether it has what few units have.
    pub(super) fn has_rare_rows(&self) -> bool {
        !self.children.is_empty()
            || !self.files.is_empty()
            || !self.tokens.is_empty()
            || self.answer.is_some()
    }

    /// The version with which the order will be stored.
    pub fn new_version(&self) -> i64 {
        self.expected_version.map_or(1, |version| version.saturating_add(1))
    }

    /// What no engine could store, or the two would store differently, is refused before it can
    /// spoil a batch: a row that is changed twice in one unit, and texts with a NUL in them.
    ///
    /// # Errors
    /// The rule that is broken, as a sentence.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.order.key <= 0 {
            return Err("an order key is positive");
        }
        if self.expected_version.is_some_and(|version| version < 1) {
            return Err("a stored version is at least 1");
        }
        let once = are_distinct(self.transactions.iter())
            && are_distinct(self.events.iter().map(|event| event.seq))
            && are_distinct(self.cards.iter().map(CardChange::card_id))
            && are_distinct(self.notifications.iter().map(|notification| notification.seq))
            && are_distinct(self.timers.iter().map(TimerChange::kind))
            && are_distinct(self.advices.iter().map(AdviceChange::seq))
            && are_distinct(self.journal.iter().map(|entry| entry.seq))
            && are_distinct(self.attempts.iter().map(|it| (it.attempt, it.outcome)))
            && are_distinct(self.operations.iter().map(|it| it.transaction_id))
            && are_distinct(self.references.iter())
            && are_distinct(self.files.iter().map(|file| file.file_id))
            && are_distinct(self.tokens.iter().map(|it| (it.owner, it.token.as_str())))
            && self.names_and_keys_are_distinct();
        if !once {
            return Err("a unit of work changes a row at most once");
        }
        if self.operations.iter().any(|it| it.class.len() > OPERATION_CLASS_BYTES_MAX) {
            return Err("the class of an operation is short");
        }
        if self.journal.iter().any(|entry| entry.seq < 1) {
            return Err("a journal begins with 1");
        }
        if self.children.iter().any(|child| child.order.site_id != self.order.site_id) {
            return Err("a child is on the site of its parent");
        }
        if self.children.iter().any(|child| child.order.key <= 0) {
            return Err("an order key is positive");
        }
        if self.advices.iter().any(|it| matches!(it, AdviceChange::Rewrite { .. })) {
            return Err("an advice is rewritten under its lease, not in a unit of work");
        }
        if self.texts().any(|text| text.contains('\0')) {
            return Err("a stored text has no NUL");
        }
        Ok(())
    }

    /// Neither two children nor a child and its parent are the same order.
    fn names_and_keys_are_distinct(&self) -> bool {
        if self.children.is_empty() {
            return true;
        }
        let orders: Vec<&OrderRow> = std::iter::once(&self.order)
            .chain(self.children.iter().map(|child| &child.order))
            .collect();
        are_distinct(orders.iter().map(|order| order.key))
            && are_distinct(orders.iter().map(|order| order.order_id.as_str()))
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        order_texts(&self.order)
            .chain(self.children.iter().flat_map(|child| order_texts(&child.order)))
            .chain(self.events.iter().flat_map(|event| [event.kind.as_str(), &event.data]))
            .chain(self.notifications.iter().map(|notification| notification.event.as_str()))
            .chain(self.timers.iter().map(TimerChange::kind))
            .chain(self.advices.iter().flat_map(AdviceChange::texts))
            .chain(
                self.journal
                    .iter()
                    .flat_map(|entry| [entry.kind.as_str(), &entry.currency, &entry.postings]),
            )
            .chain(self.attempts.iter().flat_map(|attempt| {
                [attempt.ip.as_deref().unwrap_or_default(), &attempt.bin, &attempt.currency]
            }))
            .chain(
                self.files
                    .iter()
                    .flat_map(|file| [file.name.as_str(), &file.kind, &file.description]),
            )
            .chain(self.operations.iter().map(|it| it.class.as_str()))
            .chain(self.references.iter().map(String::as_str))
            .chain(self.tokens.iter().flat_map(TokenChange::texts))
            .chain(self.answer.iter().flat_map(|answer| [answer.key.as_str(), &answer.body]))
    }
}

fn order_texts(order: &OrderRow) -> impl Iterator<Item = &str> {
    [&order.order_id, &order.status, &order.currency, &order.request, &order.state]
        .into_iter()
        .map(String::as_str)
        .chain(order.financial_status.as_deref())
}

impl CardChange {
    fn card_id(&self) -> i32 {
        match self {
            CardChange::Seal { card_id, .. }
            | CardChange::EraseCvc { card_id }
            | CardChange::Erase { card_id } => *card_id,
        }
    }
}

impl TimerChange {
    fn kind(&self) -> &str {
        match self {
            TimerChange::Set { kind, .. } | TimerChange::Cancel { kind } => kind,
        }
    }
}

impl AdviceChange {
    /// Which advice of the order.
    pub fn seq(&self) -> i32 {
        match self {
            AdviceChange::Owe(advice) => advice.seq,
            AdviceChange::Settle { seq }
            | AdviceChange::Rewrite { seq, .. }
            | AdviceChange::Postpone { seq, .. }
            | AdviceChange::Stop { seq, .. } => *seq,
        }
    }

    /// Every text that it would have stored.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let texts = match self {
            AdviceChange::Owe(advice) => vec![
                advice.kind.as_str(),
                &advice.link,
                &advice.chain,
                &advice.body,
                advice.note.as_deref().unwrap_or_default(),
            ],
            AdviceChange::Settle { .. } => Vec::new(),
            AdviceChange::Rewrite { body, .. } => vec![body.as_str()],
            AdviceChange::Postpone { note, .. } | AdviceChange::Stop { note, .. } => {
                vec![note.as_str()]
            }
        };
        texts.into_iter()
    }
}

/// Whether no item occurs twice.
fn are_distinct<T: Hash + Eq>(items: impl ExactSizeIterator<Item = T>) -> bool {
    if items.len() < 2 {
        return true;
    }
    let mut seen = HashSet::with_capacity(items.len());
    items.into_iter().all(|item| seen.insert(item))
}
