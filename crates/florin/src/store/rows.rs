//! What the store keeps, as rows: orders with their history, and what is owed for them.
//!
//! Texts such as `state` and `request` are opaque here: the store neither reads nor checks them.
//! Every instant is real time in milliseconds, never a site's own time, unless it says so.

use std::fmt;

use crate::clock::UnixMillis;

/// Identifies a site. Every row of an order lives under its site.
pub type SiteId = i64;

/// Identifies an order inside the gateway. Time-ordered, positive, equal to the first transaction
/// id of the order, and never used for a second order.
pub type OrderKey = i64;

/// An order as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// The site that the order belongs to. Fixed.
    pub site_id: SiteId,
    /// The gateway's own name of the order. Fixed.
    pub key: OrderKey,
    /// The merchant's name of the order, unique on the site. Fixed.
    pub order_id: String,
    /// How often the order has been committed: 1 after the first time. Set by the store.
    pub version: i64,
    /// The order's status, in the contract's words.
    pub status: String,
    /// The order's financial status, in the contract's words.
    pub financial_status: Option<String>,
    /// Three-letter currency code. Fixed.
    pub currency: String,
    /// Minor units of `currency`.
    pub amount: i64,
    /// When the order was made. Fixed.
    pub created_at: UnixMillis,
    /// When the order last changed.
    pub modified_at: UnixMillis,
    /// What the merchant asked for. Fixed: written with the first commit and ignored afterwards.
    pub request: String,
    /// Where the order is in its life.
    pub state: String,
}

/// One fact of an order's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Position in the history of the order; never used twice.
    pub seq: i32,
    /// What kind of fact it is.
    pub kind: String,
    /// When it happened.
    pub at: UnixMillis,
    /// The fact itself.
    pub data: String,
}

/// Card data at rest. Everything in it is sealed by the vault before it comes here.
#[derive(Clone, PartialEq, Eq)]
pub struct CardRow {
    /// Which card of the order; attempts with other cards have other numbers.
    pub card_id: i32,
    /// The PAN, encrypted.
    pub sealed_pan: Vec<u8>,
    /// The CVC, encrypted; absent as soon as the authorization has an outcome.
    pub sealed_cvc: Option<Vec<u8>>,
    /// Keyed hash of the PAN.
    pub fingerprint: [u8; 32],
    /// The data key that sealed the PAN.
    pub key_id: i32,
}

impl fmt::Debug for CardRow {
    /// Leaves out even what is encrypted: a log is no place for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CardRow")
            .field("card_id", &self.card_id)
            .field("key_id", &self.key_id)
            .field("has_cvc", &self.sealed_cvc.is_some())
            .finish_non_exhaustive()
    }
}

/// A notification that a site is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationRow {
    /// Position among the notifications of the order; never used twice.
    pub seq: i32,
    /// Which part of the order it tells of: 0 is the order itself. A newer one that was
    /// acknowledged replaces older ones of the same part.
    pub subject: i32,
    /// What it is about.
    pub event: String,
    /// When the first attempt is due.
    pub due_at: UnixMillis,
    /// Until when it is its committer's alone, as if a worker had claimed it: the process that
    /// commits it can begin it at once. `None`: anybody's when it is due.
    pub leased_until: Option<UnixMillis>,
}

/// What has become of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotificationState {
    /// An attempt is due, waits for its time, or is under way.
    Pending,
    /// The site said OK.
    Acknowledged,
    /// A newer one of the same order was acknowledged first.
    Superseded,
    /// Every attempt failed.
    Exhausted,
}

impl NotificationState {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            NotificationState::Pending => "pending",
            NotificationState::Acknowledged => "acknowledged",
            NotificationState::Superseded => "superseded",
            NotificationState::Exhausted => "exhausted",
        }
    }

    pub(super) fn from_text(text: &str) -> Option<NotificationState> {
        [
            NotificationState::Pending,
            NotificationState::Acknowledged,
            NotificationState::Superseded,
            NotificationState::Exhausted,
        ]
        .into_iter()
        .find(|state| state.as_str() == text)
    }
}

/// A notification with everything that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationRecord {
    /// Position among the notifications of the order.
    pub seq: i32,
    /// Which part of the order it tells of.
    pub subject: i32,
    /// What it is about.
    pub event: String,
    /// What has become of it.
    pub state: NotificationState,
    /// When the next attempt is due; absent unless pending.
    pub due_at: Option<UnixMillis>,
    /// Attempts of the series that have ended.
    pub attempts: i32,
    /// When the first attempt was begun.
    pub first_attempt_at: Option<UnixMillis>,
    /// Every attempt, manual ones included, oldest first.
    pub deliveries: Vec<DeliveryRow>,
}

/// One attempt to deliver a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Number of the attempt, from 1.
    pub attempt: i32,
    /// When it was begun.
    pub at: UnixMillis,
    /// Why it was made: `auto`, `retry` or `manual`.
    pub trigger: String,
    /// `GET` or `POST`.
    pub method: String,
    /// The full address.
    pub url: String,
    /// The status that came back, if one did.
    pub http_status: Option<i32>,
    /// How long it took, in milliseconds.
    pub latency_ms: i64,
    /// The start of what came back; cut to [`DELIVERY_REPLY_CHARS_MAX`] by the store.
    pub reply: String,
    /// What went wrong, as a class; absent when the site said OK.
    pub error_class: Option<String>,
}

/// How much of a reply is kept, in characters: the part in which an acknowledgement must stand.
pub const DELIVERY_REPLY_CHARS_MAX: usize = 100;

/// A message to the acquirer that is owed until it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdviceRow {
    /// Position among the advices of the order; never used twice.
    pub seq: i32,
    /// What kind of message it is.
    pub kind: String,
    /// Name of the acquirer link that it has to leave by.
    pub link: String,
    /// Advices of one order with the same chain leave strictly one after the other, in the order
    /// of `seq`; others may overtake. The reference of the payment (RRN) is the natural choice.
    pub chain: String,
    /// When the next attempt is due; `None` once it was stopped.
    pub due_at: Option<UnixMillis>,
    /// Attempts that have ended.
    pub attempts: i32,
    /// When the first attempt was begun.
    pub first_attempt_at: Option<UnixMillis>,
    /// Why it was last postponed or stopped.
    pub note: Option<String>,
    /// The message.
    pub body: String,
    /// Until when it is its committer's alone; see [`NotificationRow::leased_until`]. Not told
    /// when it is read.
    pub leased_until: Option<UnixMillis>,
}

impl AdviceRow {
    /// An advice that has not been tried yet.
    pub fn new(seq: i32, kind: &str, link: &str, chain: &str, due_at: UnixMillis) -> AdviceRow {
        AdviceRow {
            seq,
            kind: kind.to_owned(),
            link: link.to_owned(),
            chain: chain.to_owned(),
            due_at: Some(due_at),
            attempts: 0,
            first_attempt_at: None,
            note: None,
            body: String::new(),
            leased_until: None,
        }
    }

    /// The same advice with this message.
    pub fn with_body(mut self, body: String) -> AdviceRow {
        self.body = body;
        self
    }
}

/// A timer of an order. An order has at most one of each kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimerRow {
    /// What it is for.
    pub kind: String,
    /// When it goes off.
    pub due_at: UnixMillis,
}

/// A file that was handed in for an order, such as evidence in a dispute.
#[derive(Clone, PartialEq, Eq)]
pub struct FileRow {
    /// Which file of the order; never used twice.
    pub file_id: i32,
    /// Its name, as it was handed in.
    pub name: String,
    /// What kind of file it is, such as `PDF`.
    pub kind: String,
    /// For people.
    pub description: String,
    /// When it was handed in.
    pub at: UnixMillis,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for FileRow {
    /// Leaves out what is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileRow")
            .field("file_id", &self.file_id)
            .field("kind", &self.kind)
            .field("size", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// A file without its content, for lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSummary {
    /// Which file of the order.
    pub file_id: i32,
    /// Its name, as it was handed in.
    pub name: String,
    /// What kind of file it is, such as `PDF`.
    pub kind: String,
    /// For people.
    pub description: String,
    /// When it was handed in.
    pub at: UnixMillis,
    /// How many bytes it has.
    pub size_bytes: i64,
}

/// A business that has sites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// Chosen by the caller.
    pub id: i64,
    /// For people.
    pub name: String,
    /// When it was made.
    pub created_at: UnixMillis,
}

/// A shop of an account, with its own keys and settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteRow {
    /// Chosen by the caller.
    pub id: SiteId,
    /// The account that it belongs to. Fixed.
    pub account_id: i64,
    /// For people.
    pub name: String,
    /// `test` or `live`. Fixed.
    pub mode: String,
    /// Such as `active`.
    pub status: String,
    /// JSON, opaque here.
    pub settings: String,
    /// The site's own time is real time plus this many milliseconds. Changed only by
    /// [`Settings::advance_site_clock`](super::Settings::advance_site_clock).
    pub clock_offset_ms: i64,
    /// When it was made. Fixed.
    pub created_at: UnixMillis,
    /// How often it was written: 1 after the first time. Set by the store.
    pub version: i64,
}

/// A key with which a site signs in, as it is stored: its hash, and itself only sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKeyRow {
    /// The site that it opens.
    pub site_id: SiteId,
    /// Unique on the site; chosen by the caller.
    pub id: i64,
    /// Keyed hash of the key; unique.
    pub hash: [u8; 32],
    /// The key, encrypted: notifications are signed with it.
    pub sealed: Vec<u8>,
    /// For people.
    pub label: String,
    /// Such as `active`.
    pub status: String,
    /// When it was made.
    pub created_at: UnixMillis,
}

impl fmt::Debug for ApiKeyRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyRow")
            .field("site_id", &self.site_id)
            .field("id", &self.id)
            .field("label", &self.label)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// A key that opens every site of an account that has one mode, as it is stored. It signs nothing,
/// so that it is not kept itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountKeyRow {
    /// The account whose sites it opens.
    pub account_id: i64,
    /// Unique in the account; chosen by the caller.
    pub id: i64,
    /// `test` or `live`: that of the sites.
    pub mode: String,
    /// Keyed hash of the key; unique.
    pub hash: [u8; 32],
    /// For people.
    pub label: String,
    /// Such as `active`.
    pub status: String,
    /// When it was made.
    pub created_at: UnixMillis,
}

/// A data key of the vault, wrapped under the key-encryption key.
#[derive(Clone, PartialEq, Eq)]
pub struct DataKeyRow {
    /// Unique; chosen by the caller.
    pub id: i32,
    /// What it seals.
    pub purpose: String,
    /// The wrapped key.
    pub wrapped: Vec<u8>,
    /// Such as `active`.
    pub state: String,
    /// When it was made.
    pub created_at: UnixMillis,
}

impl fmt::Debug for DataKeyRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataKeyRow")
            .field("id", &self.id)
            .field("purpose", &self.purpose)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
