//! Takes a card for an order: authenticates the payer where that is asked for, authorizes, and
//! owes the capture.

use std::sync::Arc;

use florin_core::authentication::{CardUse, Facts, Plan, Wish, plan};
use florin_core::card::Brand;
use florin_core::decision::{Command, Context, Effect, Opening, Refusal, Verification, decide};
use florin_core::decline::GatewayDecline;
use florin_core::money::Money;
use florin_core::payment::{Reason, Rules, TransactionId, Unauthenticated};
use florin_core::session::Entry;

use super::charges::{ChargeRefusal, ChargedBy};
use super::draft::{Asked, draft, is_repeated};
use super::persist::{Credential, Extra};
use super::rails::{AuthenticationStep, Browser};
use super::record::{CardSecrets, Change, Owed, Record};
use super::risk::{Screening, TooMany};
use super::session::page_locale;
use super::site::Site;
use super::{Failure, Gateway, operations};
use crate::api::contract::card_input::{Card, CardFault, CardInput};
use crate::api::contract::customer::plain_locale;
use crate::api::contract::{OrderRequest, StoredRequest};
use crate::limits::{CONFLICT_ROUNDS_MAX, PAYMENT_EXPIRES_MS};

/// What an attempt to pay comes to.
pub enum Created {
    /// The order as it stands now.
    Order(Box<Record>),
    /// The order id belongs to a payment that was made, is held, or is on its way.
    OrderIdTaken,
    /// The order was declined before anybody was asked, for card data that cannot be right.
    FaultyCard,
    /// The stored card is not charged; nothing was recorded.
    NotCharged(ChargeRefusal),
    /// Too much was tried from one address, with one BIN, or at the site; nothing was recorded.
    TooMany { retry_after_s: u32 },
    /// The session of the page is over; nothing was recorded.
    SessionOver,
    /// The form of the page, or the request with its idempotency key, has begun what is there;
    /// nothing was recorded.
    Repeated(Box<Record>),
}

/// A card with which an order is to be paid.
pub(super) struct Attempt {
    pub(super) site: Arc<Site>,
    pub(super) key_id: i64,
    pub(super) request_key: Option<String>,
    /// The order with what is kept of the card.
    pub(super) request: StoredRequest,
    pub(super) card: CardInput,
    /// What the card has to pay: what gift cards have paid is less to pay.
    pub(super) due: Money,
    /// The stored card that is charged, if it is one.
    pub(super) charged: Option<Credential>,
    /// None where the shop itself sent the card.
    pub(super) page: Option<PageForm>,
}

/// The form on the page of a session with which a card was sent.
#[derive(Clone, Debug)]
pub struct PageForm {
    /// The session's number.
    pub session: TransactionId,
    /// How the payer came to it.
    pub entry: Entry,
    /// The number of the form.
    pub form: String,
    /// The locale that the page was read in.
    pub locale: String,
}

impl PageForm {
    /// The locale, where it is not the one in which the order would be shown.
    pub(super) fn chosen_locale(&self, request: &StoredRequest) -> Option<String> {
        let chosen = plain_locale(&self.locale)?;
        (chosen != page_locale(&request.details.customer)).then(|| chosen.to_owned())
    }
}

impl Gateway {
    /// Takes a direct card order whose request has passed the contract's checks.
    ///
    /// # Errors
    /// A [`Failure`] when the order could not be recorded, or its outcome could not.
    pub async fn create(
        self: &Arc<Gateway>,
        site: Arc<Site>,
        key_id: i64,
        request_key: Option<String>,
        mut request: OrderRequest,
    ) -> Result<Created, Failure> {
        let mut charged = None;
        if let Some(token) = request.details.recurring_id.clone() {
            let cvc = request.cvc.take();
            let by = ChargedBy::Shop;
            match self.charge(&site, &request.details, &token, cvc, by).await? {
                Ok(charge) => {
                    request.card = Some(charge.input);
                    charged = Some(charge.credential);
                }
                Err(refusal) => return Ok(Created::NotCharged(refusal)),
            }
        }
        let stored = StoredRequest::from(&request);
        let Some(card) = request.card else {
            return Err(Failure::Damaged("a direct card order without a card".to_owned()));
        };
        let due = stored.details.amount;
        let attempt =
            Attempt { site, key_id, request_key, request: stored, card, due, charged, page: None };
        self.try_to_pay(attempt).await
    }

    /// Tries to pay an order with a card.
    pub(super) async fn try_to_pay(
        self: &Arc<Gateway>,
        attempt: Attempt,
    ) -> Result<Created, Failure> {
        let Attempt { site, key_id, request_key, request, card: input, due: amount, charged, page } =
            attempt;
        let rails = self.rails_of(&site)?;
        let now = self.now();
        let stored = Arc::new(request);
        let manual_capture = stored.details.manual_capture;
        let (moto, flexible) = (input.moto, input.flexible_3d);
        let (brand, card, faulty) = match input.card {
            Ok(card) => (Some(card.brand), Some(self.secrets(card)), None),
            Err(faulty) => (faulty.brand, None, Some(fault_reason(faulty.fault))),
        };
        let by_mail = moto && brand == Some(Brand::Maestro);
        if by_mail {
            let country = card.as_ref().and_then(|card| self.risk.tables.of_card(card));
            if !super::tokens::maestro_by_mail(&site, country) {
                return Ok(Created::NotCharged(ChargeRefusal::Unavailable));
            }
        }
        let screening = match (&card, brand) {
            (Some(card), Some(brand)) => match self
                .screen(&site, &stored, (card, brand), amount)
                .await?
            {
                Ok(screening) => screening,
                Err(TooMany { retry_after_s }) => return Ok(Created::TooMany { retry_after_s }),
            },
            _ => Screening::default(),
        };
        let Screening { refused, report, under_way, repeat: _repeat } = screening;
        let refused = faulty.or(refused);
        let credential = match (charged, &card) {
            (Some(charged), _) => Some(charged),
            (None, Some(card)) if refused.is_none() => {
                self.credential_to_make(&site, &stored, card).await?
            }
            (None, _) => None,
        };
        let wanted = match (&card, brand) {
            (Some(_), Some(brand)) if refused.is_none() => plan(&Facts {
                brand,
                amount,
                moto,
                card: match &credential {
                    // Who pays on a page is there to be asked.
                    Some(credential) if credential.is_charge() => match page {
                        Some(_) => CardUse::Once,
                        None => CardUse::Charged,
                    },
                    Some(_) => CardUse::Stored,
                    None => CardUse::Once,
                },
                flexible,
                policy: site.settings.three_ds.policy_for(amount.minor),
                // A stored card is to be paid with at one click, if its issuer agrees.
                wish: match (&page, &credential) {
                    (Some(_), Some(credential)) if credential.is_charge() => Wish::Nothing,
                    (Some(_), _) if site.settings.three_ds.challenge_on_page => Wish::Challenge,
                    _ => Wish::Nothing,
                },
            }),
            _ => Plan::Skip,
        };
        let payer_present = !moto && !credential.as_ref().is_some_and(Credential::is_merchants);
        let transaction_id = self.transaction_ids.next(now);
        let asked =
            Asked { key_id, request_key, at: site.time(now), link: rails.link_name().to_owned() };
        let mut draft = draft(site.clone(), transaction_id, stored, asked);
        draft.order.payment.amount = amount;
        draft.fingerprint = card.as_ref().map(|card| card.fingerprint);
        draft.extra = Extra {
            bin: card.as_ref().map(|card| card.pan.bin().to_owned()).unwrap_or_default(),
            challenge_wanted: wanted == Plan::Challenge,
            risk: report,
            form: page.as_ref().map(|page| page.form.clone()),
            locale: page.as_ref().and_then(|page| page.chosen_locale(&draft.request)),
            credential,
            ..draft.extra
        };
        let verification = match (wanted, &card, brand) {
            (Plan::Authenticate | Plan::Challenge, Some(card), Some(brand)) => {
                if let Some(known) = self.known_before(&draft, page.as_ref()).await? {
                    return Ok(known);
                }
                let step = AuthenticationStep {
                    record: &draft,
                    transaction_id,
                    brand,
                    amount,
                    mandate: wanted == Plan::Challenge,
                    browser: Browser::FromOrder,
                };
                rails.authenticate(self, step, card).await
            }
            _ => Verification::Skipped,
        };
        let three_ds = &site.settings.three_ds;
        let opening = Opening {
            transaction_id: TransactionId(transaction_id),
            amount,
            brand,
            method: None,
            rules: Rules {
                when_unavailable: three_ds.unavailable.into(),
                when_not_enrolled: match brand {
                    // Never without authentication, whatever the site says.
                    Some(Brand::Maestro) => Unauthenticated::Decline,
                    _ => three_ds.not_enrolled.into(),
                },
                payer_present,
                expires_after_ms: PAYMENT_EXPIRES_MS,
                // Of a card that is only verified there is nothing to capture.
                manual_capture_ms: brand
                    .and_then(Brand::hold_ms)
                    .filter(|_| manual_capture && amount.minor > 0),
            },
            session: page.as_ref().map(|page| page.session),
            entry: page.as_ref().map_or(Entry::Link, |page| page.entry),
            refused: refused.clone(),
            verification,
            trace: rails.next_trace(now).await?,
        };
        let command = Command::Open(opening);
        let opened = self.open(draft, transaction_id, command, card.as_ref(), page.as_ref());
        let (record, effects, owed) = match opened.await? {
            Opened::Committed { record, effects, owed } => (record, effects, owed),
            Opened::Refused(Refusal::SessionOver) => return Ok(Created::SessionOver),
            Opened::Refused(_) => return Ok(Created::OrderIdTaken),
            Opened::Repeated(record) => return Ok(Created::Repeated(Box::new(record))),
            Opened::NotCharged(refusal) => return Ok(Created::NotCharged(refusal)),
        };
        // Whoever asks from now on finds the attempt in the store.
        drop(under_way);
        self.begin(&record, owed);
        let Some(card) = card else { return Ok(Created::FaultyCard) };
        if refused.is_some() {
            return Ok(Created::Order(Box::new(record)));
        }
        Ok(Created::Order(Box::new(self.drive(record, effects, &card).await?)))
    }

    fn secrets(&self, card: Card) -> CardSecrets {
        CardSecrets {
            fingerprint: self.vault.fingerprint(card.pan.expose().as_bytes()),
            pan: card.pan,
            expiry: Some(card.expiry.yymm()),
            cvc: card.cvc,
        }
    }

    /// Commits what begins an attempt or a session, numbered by `number`: as a new order, or under
    /// an id that was there before.
    pub(super) async fn open(
        &self,
        mut draft: Record,
        number: i64,
        command: Command,
        card: Option<&CardSecrets>,
        page: Option<&PageForm>,
    ) -> Result<Opened, Failure> {
        let site = draft.site.clone();
        let mut existing = match page {
            Some(_) => self.load_by_order_id(&site, &draft.order_id).await?,
            // Most orders are new.
            None => None,
        };
        for _ in 0..CONFLICT_ROUNDS_MAX {
            let context = Context { now: site.time(self.now()), tariff: &site.tariff };
            if let Some(repeated) = existing.take_if(|it| is_repeated(it, &draft, page)) {
                return Ok(Opened::Repeated(repeated));
            }
            let before = existing.as_ref().map(|record| &record.order);
            let decision = match decide(before, command.clone(), context) {
                Ok(decision) => decision,
                Err(refusal) => return Ok(Opened::Refused(refusal)),
            };
            let mut record = draft.clone();
            let mut expected_version = None;
            let mut alias = None;
            let mut superseded = None;
            let mut tokens = Vec::new();
            if let Some(existing) = &existing {
                record.key = existing.key;
                record.extra.created_at = existing.extra.created_at;
                record.extra.journal = existing.extra.journal.clone();
                // All of an order that an attempt finds there and that is booked.
                record.order.parts.clone_from(&existing.order.parts);
                if page.is_some() {
                    // What was said of the order before somebody paid it still holds.
                    record.extra.request_key.clone_from(&existing.extra.request_key);
                    record.extra.earlier_requests.clone_from(&existing.extra.earlier_requests);
                    record.extra.shipment.clone_from(&existing.extra.shipment);
                } else {
                    record.extra.supersede(&existing.extra);
                }
                expected_version = Some(existing.version);
                alias = Some(number);
                superseded = operations::superseded(&existing.order);
                tokens.extend(super::tokens::superseded(existing, record.site.time(self.now())));
            }
            let change = Change {
                record,
                expected_version,
                decision: &decision,
                card,
                alias,
                superseded,
                answer: None,
                files: Vec::new(),
                tokens,
            };
            if let Some((record, owed)) = self.commit(change).await? {
                return Ok(Opened::Committed { record, effects: decision.effects, owed });
            }
            // Perhaps the order is not what somebody else was faster with, but the stored card.
            match (&draft.extra.credential, card) {
                (Some(credential), _) if credential.is_charge() => {
                    let (details, token) = (&draft.request.details, &credential.token);
                    let by = ChargedBy::of(page);
                    if let Err(refusal) = self.may_charge(&site, details, token, by).await? {
                        return Ok(Opened::NotCharged(refusal));
                    }
                }
                (Some(_), Some(card)) => {
                    draft.extra.credential =
                        self.credential_to_make(&site, &draft.request, card).await?;
                }
                _ => {}
            }
            existing = self.load_by_order_id(&site, &draft.order_id).await?;
        }
        Err(Failure::Contended)
    }
}

/// What became of the commit that begins an attempt or a session.
#[allow(clippy::large_enum_variant, reason = "made, matched and dropped within one call")]
pub(super) enum Opened {
    Committed { record: Record, effects: Vec<Effect>, owed: Owed },
    Refused(Refusal),
    Repeated(Record),
    NotCharged(ChargeRefusal),
}

/// The words for card data that cannot be right.
fn fault_reason(fault: CardFault) -> Reason {
    let words = match fault {
        CardFault::Cvc => return Reason::new("4999", "Decline for CVV2 failure"),
        CardFault::Number(_)
        | CardFault::Brand
        | CardFault::OtherGateway
        | CardFault::ExpiryFormat
        | CardFault::Expiry(_) => GatewayDecline::CardData,
    };
    Reason::new(words.reason_code(), words.reason())
}
