//! Takes a direct card order: authenticates the payer where that is asked for, authorizes, and
//! owes the capture.

use std::sync::Arc;

use florin_core::authentication::{CardUse, Facts, Plan, plan};
use florin_core::card::Brand;
use florin_core::decision::{Command, Context, Opening, Refusal, Verification, decide};
use florin_core::decline::GatewayDecline;
use florin_core::money::Money;
use florin_core::payment::{Reason, Rules, TransactionId, Unauthenticated};

use super::journal::JournalEnd;
use super::persist::{Credential, Extra};
use super::rails::{AuthenticationStep, Browser};
use super::record::{CardSecrets, Change, Record};
use super::risk::{Screening, TooMany};
use super::site::Site;
use super::tokens::ChargeRefusal;
use super::{Failure, Gateway};
use crate::api::contract::card_input::{Card, CardFault};
use crate::api::contract::{OrderRequest, StoredRequest};
use crate::limits::{CONFLICT_ROUNDS_MAX, PAYMENT_EXPIRES_MS};

/// What a create call comes to.
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
            match self.charge(&site, &request.details, &token, cvc).await? {
                Ok(charge) => {
                    request.card = Some(charge.input);
                    charged = Some(charge.credential);
                }
                Err(refusal) => return Ok(Created::NotCharged(refusal)),
            }
        }
        let rails = self.rails_of(&site)?;
        let now = self.now();
        let stored = Arc::new(StoredRequest::from(&request));
        let amount = request.details.amount;
        let order_id = request.details.order_id.as_str().to_owned();
        let manual_capture = request.details.manual_capture;
        let Some(input) = request.card else {
            return Err(Failure::Damaged("a direct card order without a card".to_owned()));
        };
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
            (Some(card), Some(brand)) => match self.screen(&site, &stored, card, brand).await? {
                Ok(screening) => screening,
                Err(TooMany { retry_after_s }) => return Ok(Created::TooMany { retry_after_s }),
            },
            _ => Screening::default(),
        };
        let Screening { refused, report, under_way } = screening;
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
                    Some(credential) if credential.is_charge() => CardUse::Charged,
                    Some(_) => CardUse::Stored,
                    None => CardUse::Once,
                },
                flexible,
                policy: site.settings.three_ds.policy_for(amount.minor),
            }),
            _ => Plan::Skip,
        };
        let payer_present = !moto && !credential.as_ref().is_some_and(Credential::is_merchants);
        let transaction_id = self.transaction_ids.next(now);
        let draft = Record {
            site: site.clone(),
            key: transaction_id,
            order_id,
            version: 0,
            order: not_decided_yet(amount),
            extra: Extra {
                bin: card.as_ref().map(|card| card.pan.bin().to_owned()).unwrap_or_default(),
                key_id,
                link: rails.link_name().to_owned(),
                challenge_wanted: wanted == Plan::Challenge,
                created_at: site.time(now),
                risk: report,
                request_key,
                shipment: std::collections::BTreeMap::new(),
                journal: JournalEnd::default(),
                credential,
            },
            request: stored,
            sale: florin_core::trail::WHOLE,
            fingerprint: card.as_ref().map(|card| card.fingerprint),
        };
        let verification = match (wanted, &card, brand) {
            (Plan::Authenticate | Plan::Challenge, Some(card), Some(brand)) => {
                // An id that is taken is found out before the payer's issuer is bothered.
                let existing = self.load_by_order_id(&site, &draft.order_id).await?;
                if existing.is_some_and(|existing| existing.order.refuses_new_attempt()) {
                    return Ok(Created::OrderIdTaken);
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
            refused: refused.clone(),
            verification,
            trace: rails.next_trace(now).await?,
        };
        let (record, effects, owed) = match self.open(draft, opening, card.as_ref()).await? {
            Ok(opened) => *opened,
            Err(created) => return Ok(created),
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

    /// Commits the opening: as a new order, or as a new attempt under an id that was tried before.
    /// Otherwise says what the create call comes to.
    async fn open(
        &self,
        draft: Record,
        opening: Opening,
        card: Option<&CardSecrets>,
    ) -> Result<Result<Box<Opened>, Created>, Failure> {
        let mut existing: Option<Record> = None;
        let site = draft.site.clone();
        for _ in 0..CONFLICT_ROUNDS_MAX {
            let context = Context { now: site.time(self.now()), tariff: &site.tariff };
            let before = existing.as_ref().map(|record| &record.order);
            let decision = match decide(before, Command::Open(opening.clone()), context) {
                Ok(decision) => decision,
                Err(Refusal::OrderIdTaken) => return Ok(Err(Created::OrderIdTaken)),
                Err(refusal) => unreachable!("an opening is refused for its id only: {refusal:?}"),
            };
            let mut record = draft.clone();
            let mut expected_version = None;
            let mut alias = None;
            let mut tokens = Vec::new();
            if let Some(existing) = &existing {
                record.key = existing.key;
                record.extra.created_at = existing.extra.created_at;
                record.extra.journal = existing.extra.journal.clone();
                expected_version = Some(existing.version);
                alias = Some(opening.transaction_id.0);
                tokens.extend(super::tokens::superseded(existing, record.site.time(self.now())));
            }
            let change = Change {
                record,
                expected_version,
                decision: &decision,
                card,
                alias,
                answer: None,
                files: Vec::new(),
                tokens,
            };
            if let Some((record, owed)) = self.commit(change).await? {
                return Ok(Ok(Box::new((record, decision.effects, owed))));
            }
            // Perhaps the order is not what somebody else was faster with, but the stored card.
            if let Some(credential) = draft.extra.credential.as_ref().filter(|it| it.is_charge()) {
                let details = &draft.request.details;
                let token = &credential.token;
                if let Err(refusal) = self.may_still_charge(&site, details, token).await? {
                    return Ok(Err(Created::NotCharged(refusal)));
                }
            }
            existing = self.load_by_order_id(&site, &draft.order_id).await?;
        }
        Err(Failure::Contended)
    }
}

type Opened = (Record, Vec<florin_core::decision::Effect>, super::record::Owed);

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

/// Stands in a record until the decision that opens it is made.
fn not_decided_yet(amount: Money) -> florin_core::order::Order {
    use florin_core::order::{Counters, Order};
    use florin_core::payment::{Payment, State};
    Order {
        payment: Payment {
            transaction_id: TransactionId(0),
            amount,
            brand: None,
            opened_at: 0,
            modified_at: 0,
            completed_at: None,
            rules: Rules {
                when_unavailable: Unauthenticated::Decline,
                when_not_enrolled: Unauthenticated::Decline,
                payer_present: false,
                expires_after_ms: 0,
                manual_capture_ms: None,
            },
            state: State::Opened,
            authentication: None,
            answer: None,
            step_ups: 0,
            announced: false,
            cvc_kept: false,
        },
        trail: florin_core::trail::Trail::default(),
        counters: Counters::default(),
    }
}
