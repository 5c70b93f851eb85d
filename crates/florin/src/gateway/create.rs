//! Takes a direct card order: authenticates the payer where that is asked for, authorizes, and
//! owes the capture.

use std::sync::Arc;

use florin_core::authentication::{Facts, Plan, plan};
use florin_core::card::Brand;
use florin_core::decision::{Command, Opening, Refusal, Verification, decide};
use florin_core::payment::{Reason, Rules, TransactionId, Unauthenticated};

use super::persist::{CardFacts, Extra};
use super::rails::{AuthenticationStep, Browser};
use super::record::{CardSecrets, Change, Record};
use super::site::Site;
use super::{Failure, Gateway};
use crate::api::contract::{CardFault, CardInput, OrderRequest, StoredRequest};
use crate::limits::{CONFLICT_ROUNDS_MAX, PAYMENT_EXPIRES_MS};

/// What a create call comes to.
pub enum Created {
    /// The order as it stands now.
    Order(Box<Record>),
    /// The order id belongs to a payment that was made, is held, or is on its way.
    OrderIdTaken,
    /// The order was declined before anybody was asked, for faulty card data.
    FaultyCard(Box<Record>),
}

impl Gateway {
    /// Takes a direct order whose request has passed the contract's checks.
    ///
    /// # Errors
    /// A [`Failure`] when the order could not be recorded, or its outcome could not.
    pub async fn create(
        self: &Arc<Gateway>,
        site: Arc<Site>,
        key_id: i64,
        request: OrderRequest,
    ) -> Result<Created, Failure> {
        let rails = self.rails_of(&site)?;
        let now = self.now();
        let order_id = request.order_id.as_str().to_owned();
        let card = ReadCard::of(self, &request.card);
        let stored = Arc::new(StoredRequest::from_request(&request));

        let mut draft = Draft {
            request: &request,
            record: Record {
                site: site.clone(),
                key: 0,
                order_id,
                version: 0,
                order: placeholder(&request),
                extra: Extra {
                    card: card.facts.clone(),
                    key_id,
                    link: rails.link_name().to_owned(),
                    moto: request.moto,
                    challenge_wanted: false,
                    created_at: site.time(now),
                },
                request: stored,
            },
        };

        let wanted = match (&card.refused, card.brand) {
            (None, Some(brand)) => plan(&Facts {
                brand,
                amount: request.amount,
                moto: request.moto,
                flexible: request.flexible_3d.filter(|_| site.settings.three_ds.flexible),
                policy: site.settings.three_ds.policy_for(request.amount.minor),
            }),
            _ => Plan::Skip,
        };
        draft.record.extra.challenge_wanted = wanted == Plan::Challenge;

        // An id that is taken is found out before the payer's issuer is bothered.
        if wanted != Plan::Skip {
            let existing = self.load_by_order_id(&site, &draft.record.order_id).await?;
            if existing.is_some_and(|existing| existing.order.refuses_new_attempt()) {
                return Ok(Created::OrderIdTaken);
            }
        }

        let transaction_id = self.transaction_ids.next(now);
        draft.record.key = transaction_id;
        let verification = match (wanted, &card.secrets) {
            (Plan::Skip, _) | (_, None) => Verification::Skipped,
            (Plan::Authenticate | Plan::Challenge, Some(secrets)) => {
                let step = AuthenticationStep {
                    record: &draft.record,
                    transaction_id,
                    brand: card.brand.unwrap_or(Brand::Visa),
                    amount: request.amount,
                    mandate: wanted == Plan::Challenge,
                    browser: Browser::FromOrder,
                };
                rails.authenticate(self, step, secrets).await
            }
        };

        let trace = rails.next_trace(now).await?;
        let maestro_must = card.brand == Some(Brand::Maestro);
        let opening = Opening {
            transaction_id: TransactionId(transaction_id),
            amount: request.amount,
            brand: card.brand,
            rules: Rules {
                when_unavailable: site.settings.three_ds.unavailable.into(),
                when_not_enrolled: if maestro_must {
                    Unauthenticated::Decline
                } else {
                    site.settings.three_ds.not_enrolled.into()
                },
                payer_present: !request.moto,
                expires_after_ms: PAYMENT_EXPIRES_MS,
            },
            refused: card.refused.clone(),
            verification,
            trace,
        };

        let Some((record, effects, owed)) = self.open(draft, opening, card.secrets.as_ref()).await?
        else {
            return Ok(Created::OrderIdTaken);
        };
        self.begin(&record, owed);
        if card.refused.is_some() {
            return Ok(Created::FaultyCard(Box::new(record)));
        }
        let record = match &card.secrets {
            Some(secrets) => self.drive(record, effects, secrets).await?,
            None => record,
        };
        Ok(Created::Order(Box::new(record)))
    }

    /// Commits the opening: as a new order, or as a new attempt under an id that was tried before.
    async fn open(
        &self,
        draft: Draft<'_>,
        opening: Opening,
        card: Option<&CardSecrets>,
    ) -> Result<Option<Opened>, Failure> {
        let mut existing: Option<Record> = None;
        let site = draft.record.site.clone();
        for _ in 0..CONFLICT_ROUNDS_MAX {
            let site_now = site.time(self.now());
            let before = existing.as_ref().map(|record| &record.order);
            let decision = match decide(before, Command::Open(opening.clone()), site_now) {
                Ok(decision) => decision,
                Err(Refusal::OrderIdTaken) => return Ok(None),
                Err(refusal) => unreachable!("an opening is refused for its id only: {refusal:?}"),
            };
            let mut record = draft.record.clone();
            let mut expected_version = None;
            let mut alias = None;
            if let Some(existing) = &existing {
                record.key = existing.key;
                record.extra.created_at = existing.extra.created_at;
                expected_version = Some(existing.version);
                alias = Some(opening.transaction_id.0);
            }
            let change = Change { record, expected_version, decision: &decision, card, alias };
            if let Some((record, owed)) = self.commit(change).await? {
                return Ok(Some((record, decision.effects, owed)));
            }
            existing = self.load_by_order_id(&site, &draft.record.order_id).await?;
        }
        Err(Failure::Contended)
    }
}

type Opened = (Record, Vec<florin_core::decision::Effect>, super::record::Owed);

struct Draft<'a> {
    #[allow(dead_code, reason = "keeps the request alive for as long as the draft")]
    request: &'a OrderRequest,
    record: Record,
}

/// Stands in a record until the decision that opens it is made.
fn placeholder(request: &OrderRequest) -> florin_core::order::Order {
    use florin_core::order::{Counters, Order};
    use florin_core::payment::{Payment, State};
    Order {
        payment: Payment {
            transaction_id: TransactionId(0),
            amount: request.amount,
            brand: None,
            opened_at: 0,
            modified_at: 0,
            completed_at: None,
            rules: Rules {
                when_unavailable: Unauthenticated::Decline,
                when_not_enrolled: Unauthenticated::Decline,
                payer_present: false,
                expires_after_ms: 0,
            },
            state: State::Opened,
            authentication: None,
            answer: None,
            step_ups: 0,
            announced: false,
            cvc_kept: false,
        },
        counters: Counters::default(),
    }
}
