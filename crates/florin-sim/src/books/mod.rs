//! The host's books: for each merchant what was authorized, captured, reversed and refunded.
//!
//! State and the one way to change it, [`Ledger::apply`], which a restart replays. Whether a
//! message may change it is decided elsewhere; nothing here reads a message or a clock.

pub mod entry;
pub mod event;

use std::collections::{HashMap, HashSet, VecDeque};

use crate::cards;
use crate::limits::{ENTRIES_PER_MERCHANT_MAX, KEYS_PER_MERCHANT_MAX};

pub use entry::{Entry, EntryKind, Operation, OperationKind, Reversal, Rrn};
pub use event::{Event, Key, ResponseCode};

/// The books of all merchants.
#[derive(Default)]
pub struct Ledger {
    merchants: HashMap<String, Merchant>,
    /// Counts authorizations and refunds, so that codes and references differ.
    sequence: u64,
}

/// The books of one merchant, as named by DE42.
#[derive(Default)]
pub struct Merchant {
    entries: VecDeque<Entry>,
    /// Number of the first entry that is still kept.
    first: u64,
    /// Which entry an RRN of any operation belongs to.
    by_rrn: HashMap<Rrn, u64>,
    /// What was answered to each request, by its identity.
    answered: HashMap<Key, ResponseCode>,
    answered_order: VecDeque<Key>,
    /// Originals that were reversed before they arrived.
    undone_early: HashSet<Key>,
    undone_order: VecDeque<Key>,
    /// What each card has spent here, in minor units, by card and numeric currency.
    spent: HashMap<(&'static str, u16), i64>,
}

/// Where an operation stands.
pub struct Found<'a> {
    pub entry: &'a Entry,
    pub operation: &'a Operation,
}

impl Ledger {
    /// The books of a merchant; none before its first message.
    pub fn merchant(&self, merchant: &str) -> Option<&Merchant> {
        self.merchants.get(merchant)
    }

    /// How many merchants there are books for.
    pub fn merchants_count(&self) -> usize {
        self.merchants.len()
    }

    /// How many authorizations and refunds were approved so far.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// How many journal records it takes to write these books down.
    pub fn records_needed(&self) -> u64 {
        let count = |merchant: &Merchant| {
            merchant.entries.len() + merchant.answered.len() + merchant.undone_early.len()
        };
        self.merchants.values().map(count).sum::<usize>() as u64
    }

    /// Changes the books. An event that does not fit them (its entry was forgotten) changes
    /// nothing but what was answered.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Cleared { merchant } => {
                self.merchants.remove(merchant);
            }
            Event::Sequence { sequence } => self.sequence = self.sequence.max(*sequence),
            Event::Kept { merchant, entry } => {
                if cards::by_id(&entry.card).is_none() {
                    tracing::warn!("a card of the journal is no longer a test card");
                    return;
                }
                self.books(merchant).keep(entry.clone());
            }
            Event::Authorized { merchant, key, entry } => {
                self.sequence += 1;
                let code = ResponseCode::APPROVED;
                self.books(merchant).remember(*key, code);
                self.books(merchant).keep(entry.clone());
            }
            Event::Operated { merchant, key, original, operation, last } => {
                self.sequence += 1;
                let books = self.books(merchant);
                books.remember(*key, ResponseCode::APPROVED);
                books.operate(original, operation.clone(), *last);
            }
            Event::Reversed { merchant, key, rrn, remains, at } => {
                let books = self.books(merchant);
                books.remember(*key, ResponseCode::APPROVED);
                books.reverse(rrn, *remains, *at);
            }
            Event::Answered { merchant, key, code } => self.books(merchant).remember(*key, *code),
            Event::UndoneEarly { merchant, original } => self.books(merchant).undo_early(*original),
        }
    }

    /// The fewest events that lead to these books.
    pub fn snapshot(&self) -> impl Iterator<Item = Event> + '_ {
        let sequence = std::iter::once(Event::Sequence { sequence: self.sequence });
        sequence.chain(self.merchants.iter().flat_map(|(name, books)| {
            let merchant = || name.clone();
            let answered = books.answered_order.iter().filter_map(move |key| {
                let code = *books.answered.get(key)?;
                Some(Event::Answered { merchant: merchant(), key: *key, code })
            });
            let entries = books.entries.iter();
            let kept = entries
                .map(move |entry| Event::Kept { merchant: merchant(), entry: entry.clone() });
            let early = books.undone_order.iter();
            let early =
                early.map(move |key| Event::UndoneEarly { merchant: merchant(), original: *key });
            answered.chain(kept).chain(early)
        }))
    }

    fn books(&mut self, merchant: &str) -> &mut Merchant {
        if !self.merchants.contains_key(merchant) {
            self.merchants.insert(merchant.to_owned(), Merchant::default());
        }
        self.merchants.get_mut(merchant).expect("it was just put there")
    }
}

impl Merchant {
    /// The authorizations, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.entries.iter()
    }

    /// What was answered to a request that has been here before.
    pub fn answer_to(&self, key: Key) -> Option<ResponseCode> {
        self.answered.get(&key).copied()
    }

    /// Whether this request was reversed before it arrived.
    pub fn was_undone_early(&self, key: Key) -> bool {
        self.undone_early.contains(&key)
    }

    /// The operation with this RRN, with the authorization that it belongs to.
    pub fn find(&self, rrn: &Rrn) -> Option<Found<'_>> {
        let entry = self.entry(*self.by_rrn.get(rrn)?)?;
        let operation = entry.operations.iter().find(|operation| operation.rrn == *rrn)?;
        Some(Found { entry, operation })
    }

    /// What a card has spent here: held and captured, less what was refunded.
    pub fn spent(&self, card: &'static str, currency: u16) -> i64 {
        self.spent.get(&(card, currency)).copied().unwrap_or(0)
    }

    fn entry(&self, number: u64) -> Option<&Entry> {
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.entries.get(place)
    }

    fn keep(&mut self, entry: Entry) {
        if self.entries.len() >= ENTRIES_PER_MERCHANT_MAX
            && let Some(oldest) = self.entries.pop_front()
        {
            self.first += 1;
            for operation in &oldest.operations {
                self.by_rrn.remove(&operation.rrn);
            }
            self.spend(&oldest, -oldest.exposure());
        }
        let number = self.first + self.entries.len() as u64;
        for operation in &entry.operations {
            self.by_rrn.insert(operation.rrn, number);
        }
        self.spend(&entry, entry.exposure());
        self.entries.push_back(entry);
    }

    fn operate(&mut self, original: &Rrn, operation: Operation, last: bool) {
        let rrn = operation.rrn;
        let Some(number) = self.by_rrn.get(original).copied() else { return };
        self.change(number, |entry| entry.operate(operation, last));
        self.by_rrn.insert(rrn, number);
    }

    fn reverse(&mut self, rrn: &Rrn, remains: Option<i64>, at: i64) {
        let Some(number) = self.by_rrn.get(rrn).copied() else { return };
        self.change(number, |entry| entry.reverse(rrn, remains, at));
    }

    fn change(&mut self, number: u64, change: impl FnOnce(&mut Entry)) {
        let Some(place) = number.checked_sub(self.first).and_then(|n| usize::try_from(n).ok())
        else {
            return;
        };
        let Some(entry) = self.entries.get_mut(place) else { return };
        let before = entry.exposure();
        change(entry);
        entry.assert_sound();
        let (card, currency) = (entry.card.clone(), entry.currency);
        let more = entry.exposure() - before;
        self.spend_on(&card, currency, more);
    }

    fn spend(&mut self, entry: &Entry, more: i64) {
        self.spend_on(&entry.card, entry.currency, more);
    }

    fn spend_on(&mut self, card: &str, currency: u16, more: i64) {
        if let Some(card) = cards::by_id(card) {
            *self.spent.entry((card.id, currency)).or_default() += more;
        }
    }

    fn remember(&mut self, key: Key, code: ResponseCode) {
        if self.answered.insert(key, code).is_none() {
            self.answered_order.push_back(key);
        }
        if self.answered_order.len() > KEYS_PER_MERCHANT_MAX
            && let Some(oldest) = self.answered_order.pop_front()
        {
            self.answered.remove(&oldest);
        }
    }

    fn undo_early(&mut self, original: Key) {
        if self.undone_early.insert(original) {
            self.undone_order.push_back(original);
        }
        if self.undone_order.len() > KEYS_PER_MERCHANT_MAX
            && let Some(oldest) = self.undone_order.pop_front()
        {
            self.undone_early.remove(&oldest);
        }
    }
}
