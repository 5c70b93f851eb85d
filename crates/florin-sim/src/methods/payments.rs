//! Payments that providers have taken on: the state and its journal records; no HTTP.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::table::{self, Direct, Family, Later, Row, Scenario, Word};
use crate::limits::PROVIDER_PAYMENTS_MAX;

/// What a gateway wants paid.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Wanted {
    /// The id of the method, in capitals.
    pub(crate) method: String,
    /// What payers call it.
    pub(crate) method_name: String,
    /// The merchant's number at the acquirer; clearing a merchant forgets his payments.
    pub(crate) merchant: String,
    pub(crate) shop: String,
    /// Minor units.
    pub(crate) amount: i64,
    /// Letters of ISO 4217.
    pub(crate) currency: String,
    pub(crate) description: String,
    /// The payer's language, such as `nl_NL`. Any text: it only chooses among what there is.
    #[serde(default)]
    pub(crate) locale: String,
    /// The gateway's number of the payment.
    pub(crate) reference: String,
    /// The order came without its payer.
    #[serde(default)]
    pub(crate) direct: bool,
    #[serde(default)]
    pub(crate) issuer: Option<String>,
    #[serde(default)]
    pub(crate) payer: Payer,
    /// Where the payer's browser goes afterwards.
    pub(crate) return_url: String,
    /// Where the result goes.
    pub(crate) result_url: String,
    pub(crate) key: ResultKey,
}

/// Signs the result of one payment. It does not print.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ResultKey(String);

impl ResultKey {
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl std::fmt::Debug for ResultKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("ResultKey")
    }
}

/// What the shop knows of the payer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Payer {
    pub(crate) name: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) birthday: Option<String>,
}

/// A payment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Payment {
    pub(crate) id: String,
    /// What a form on its page carries.
    pub(crate) form: String,
    pub(crate) wanted: Wanted,
    #[serde(default)]
    pub(crate) scenario: Option<Scenario>,
    /// Minor units that were on the gift card.
    #[serde(default)]
    pub(crate) balance: Option<i64>,
    /// The payer himself chose it.
    #[serde(default)]
    pub(crate) chosen: bool,
    /// The gateway knows what is said first.
    #[serde(default)]
    pub(crate) told: bool,
    /// What comes later has been said: the money has arrived, or will not.
    #[serde(default)]
    pub(crate) settled: bool,
    /// It has taken the result that was brought to it.
    #[serde(default)]
    pub(crate) taken: bool,
    /// The gateway did not want it any more.
    #[serde(default)]
    pub(crate) refused: bool,
    /// What it had promised is paid, for the shop has shipped.
    #[serde(default)]
    pub(crate) shipped: bool,
    /// Minor units that are paid for shipments of parts, by the gateway's number of the shipment.
    #[serde(default)]
    pub(crate) shipments: BTreeMap<String, i64>,
    /// Minor units by the gateway's number of the refund.
    #[serde(default)]
    pub(crate) refunds: BTreeMap<String, i64>,
}

/// A change of a payment, as the journal keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum PaymentRecord {
    Opened {
        payment: Box<Payment>,
    },
    Chosen {
        id: String,
        scenario: Scenario,
        issuer: Option<String>,
        #[serde(default)]
        balance: Option<i64>,
    },
    Told {
        id: String,
        taken: bool,
    },
    /// The gateway has asked, and was answered: whether it heard that, nobody knows.
    Answered {
        id: String,
    },
    /// It has asked once more, and was told what came later.
    Settled {
        id: String,
    },
    /// What was promised is paid, for the shop has shipped.
    Shipped {
        id: String,
    },
    /// A part of it is, for the shop has shipped that.
    ShippedInPart {
        id: String,
        shipment: String,
        amount: i64,
    },
    Refunded {
        id: String,
        refund: String,
        amount: i64,
    },
    Cleared {
        merchant: String,
    },
}

/// All payments that are remembered.
#[derive(Default)]
pub(crate) struct Payments {
    by_id: HashMap<String, Payment>,
    /// The newest with a merchant's and a gateway's number.
    by_reference: HashMap<(String, String), String>,
    order: VecDeque<String>,
}

impl Wanted {
    /// What a gateway knows it by.
    fn name(&self) -> (String, String) {
        (self.merchant.clone(), self.reference.clone())
    }

    /// The row of its method.
    pub(crate) fn row(&self) -> Option<&'static Row> {
        table::find(&self.method)
    }
}

impl Payment {
    /// Takes a payment on, unless there is no such method.
    pub(crate) fn open(id: String, form: String, wanted: Wanted) -> Option<Payment> {
        let row = wanted.row()?;
        let given = |text: &Option<String>| text.as_ref().is_some_and(|it| !it.is_empty());
        let scenario = match row.direct {
            _ if !wanted.direct => None,
            Direct::Always(scenario) => Some(scenario),
            Direct::WithAccount(scenario) => given(&wanted.payer.account).then_some(scenario),
            Direct::WithBirthday(scenario) => given(&wanted.payer.birthday).then_some(scenario),
            Direct::Page => None,
        };
        Some(Payment {
            id,
            form,
            wanted,
            scenario,
            balance: None,
            chosen: false,
            // The answer to the gateway tells it.
            told: scenario.is_some(),
            settled: false,
            taken: false,
            refused: false,
            shipped: false,
            shipments: BTreeMap::new(),
            refunds: BTreeMap::new(),
        })
    }

    /// Whether it would be opened for what is wanted.
    pub(crate) fn is_for_the_same(&self, wanted: &Wanted) -> bool {
        let what = |it: &Wanted| (it.method.clone(), it.amount, it.currency.clone());
        what(&self.wanted) == what(wanted)
    }

    fn family(&self) -> Family {
        self.wanted.row().map_or(Family::Plain, |row| row.family)
    }

    /// What is said first.
    pub(crate) fn word(&self) -> Word {
        match self.balance {
            None if self.shipped => Word::Paid,
            Some(balance) if balance >= self.wanted.amount => Word::Paid,
            Some(balance) if balance > 0 => Word::PaidInPart,
            Some(_) => Word::Declined,
            None => self.scenario.map_or(Word::Open, Scenario::word),
        }
    }

    /// Minor units that were paid, where that is less than what was asked for.
    pub(crate) fn part(&self) -> Option<i64> {
        self.balance.filter(|_| self.word() == Word::PaidInPart)
    }

    /// Why it was declined, where that is said.
    pub(crate) fn reason(&self) -> Option<&'static str> {
        let has_nothing = self.balance.is_some() && self.word() == Word::Declined;
        has_nothing.then_some("insufficient_balance")
    }

    /// What is yet to come.
    pub(crate) fn later(&self) -> Option<Later> {
        self.family().later(self.scenario?).filter(|_| !self.shipped)
    }

    /// Whether it is promised, and neither paid nor withdrawn since.
    pub(crate) fn is_promised(&self) -> bool {
        self.word() == Word::Promised && !self.refused && !self.settled
    }

    /// Whether the payer can still choose.
    pub(crate) fn waits(&self) -> bool {
        let is_open = !self.chosen && !self.refused && !self.settled;
        is_open && matches!(self.word(), Word::Open | Word::Underway)
    }

    /// What an answer to the gateway changes, if it changes anything.
    pub(crate) fn answered(&self) -> Option<PaymentRecord> {
        self.scenario?;
        let id = self.id.clone();
        match (self.told, self.later()) {
            (false, _) => Some(PaymentRecord::Answered { id }),
            (true, Some(_)) if !self.settled => Some(PaymentRecord::Settled { id }),
            _ => None,
        }
    }

    /// Minor units that are paid for shipments of parts.
    pub(crate) fn paid_for_parts(&self) -> i64 {
        self.shipments.values().sum()
    }

    /// Minor units that are promised, and not paid yet.
    pub(crate) fn promised(&self) -> i64 {
        if self.is_promised() { self.wanted.amount - self.paid_for_parts() } else { 0 }
    }

    /// Minor units that can be given back.
    pub(crate) fn refundable(&self) -> i64 {
        let late = self.later().map(|(_, word)| word);
        let paid = |word| matches!(word, Word::Paid | Word::PaidInPart | Word::Promised);
        let is_paid = !self.refused && (paid(self.word()) || late.is_some_and(paid));
        let all = self.part().unwrap_or(self.wanted.amount);
        let paid = if is_paid { all } else { self.paid_for_parts() };
        paid - self.refunds.values().sum::<i64>()
    }

    /// What is told of payer and account, by the names of the gateway's contract.
    pub(crate) fn account(&self) -> BTreeMap<&'static str, String> {
        let mut facts = BTreeMap::new();
        let name = self.wanted.payer.name.clone().filter(|name| !name.is_empty());
        let holder = name.unwrap_or_else(|| "Test payer".to_owned());
        // The example of ISO 13616 for the Netherlands.
        let iban = || "NL91ABNA0417164300".to_owned();
        match self.family() {
            Family::Plain if self.wanted.row().is_some_and(|row| row.has_issuers) => {
                facts.insert("account_holder_name", holder);
                facts.insert("account_iban", iban());
                facts.extend(self.wanted.issuer.clone().map(|issuer| ("issuer_id", issuer)));
            }
            Family::Debit => {
                facts.insert("account_holder_name", holder);
                let account = self.wanted.payer.account.clone();
                facts.insert("account_iban", account.unwrap_or_else(iban));
            }
            Family::Transfer => {
                facts.insert("destination_holder_name", "Test provider".to_owned());
                facts.insert("destination_holder_city", "Amsterdam".to_owned());
                facts.insert("destination_holder_country", "NL".to_owned());
                facts.insert("destination_holder_iban", iban());
                facts.insert("destination_holder_swift", "ABNANL2A".to_owned());
                facts.insert("reference", self.wanted.reference.clone());
            }
            Family::GiftCard => {
                facts.insert("coupon_brand", self.wanted.method.clone());
            }
            Family::Plain | Family::Reversible | Family::PayLater => {
                facts.insert("account_holder_name", holder);
            }
        }
        facts
    }
}

impl Payments {
    /// The payment with this number.
    pub(crate) fn get(&self, id: &str) -> Option<&Payment> {
        self.by_id.get(id)
    }

    /// The payment that this is wanted for, if it was taken on before: a gateway that asks again
    /// under the same number has not heard the answer.
    pub(crate) fn known(&self, wanted: &Wanted) -> Option<&Payment> {
        let id = self.by_reference.get(&wanted.name())?;
        self.get(id).filter(|it| it.wanted.result_url == wanted.result_url)
    }

    /// Every payment, oldest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Payment> {
        self.order.iter().filter_map(|id| self.by_id.get(id))
    }

    /// Every payment, newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Payment> {
        self.order.iter().rev().filter_map(|id| self.by_id.get(id))
    }

    /// The change that a payer's choice makes, if he can still choose. The caller applies it before
    /// anybody else can.
    pub(crate) fn choice(
        &self,
        id: &str,
        scenario: Scenario,
        issuer: Option<String>,
        typed: Option<i64>,
    ) -> Option<PaymentRecord> {
        let payment = self.get(id).filter(|payment| payment.waits())?;
        let balance = scenario.balance(payment.wanted.amount, typed);
        Some(PaymentRecord::Chosen { id: id.to_owned(), scenario, issuer, balance })
    }

    /// Repeats a change of the journal.
    pub(crate) fn apply(&mut self, record: PaymentRecord) {
        match record {
            PaymentRecord::Opened { payment } => {
                if self.order.len() >= PROVIDER_PAYMENTS_MAX
                    && let Some(oldest) = self.order.pop_front()
                    && let Some(gone) = self.by_id.remove(&oldest)
                    && self.by_reference.get(&gone.wanted.name()) == Some(&oldest)
                {
                    self.by_reference.remove(&gone.wanted.name());
                }
                self.order.push_back(payment.id.clone());
                self.by_reference.insert(payment.wanted.name(), payment.id.clone());
                self.by_id.insert(payment.id.clone(), *payment);
            }
            PaymentRecord::Chosen { id, scenario, issuer, balance } => {
                if let Some(payment) = self.by_id.get_mut(&id) {
                    payment.scenario = Some(scenario);
                    payment.balance = balance;
                    payment.wanted.issuer = issuer.or(payment.wanted.issuer.take());
                    (payment.chosen, payment.told, payment.taken) = (true, false, false);
                }
            }
            PaymentRecord::Told { id, taken } => {
                if let Some(payment) = self.by_id.get_mut(&id) {
                    (payment.told, payment.taken, payment.refused) = (true, taken, !taken);
                }
            }
            PaymentRecord::Answered { id } => {
                if let Some(payment) = self.by_id.get_mut(&id) {
                    payment.told = true;
                }
            }
            PaymentRecord::Settled { id } => {
                if let Some(payment) = self.by_id.get_mut(&id) {
                    payment.settled = true;
                }
            }
            PaymentRecord::Shipped { id } => {
                if let Some(payment) = self.by_id.get_mut(&id) {
                    payment.shipped = true;
                }
            }
            PaymentRecord::ShippedInPart { id, shipment, amount } => {
                if let Some(payment) = self.by_id.get_mut(&id) {
                    payment.shipments.insert(shipment, amount);
                    payment.shipped = payment.paid_for_parts() >= payment.wanted.amount;
                }
            }
            PaymentRecord::Refunded { id, refund, amount } => {
                if let Some(payment) = self.by_id.get_mut(&id) {
                    payment.refunds.insert(refund, amount);
                }
            }
            PaymentRecord::Cleared { merchant } => {
                self.by_id.retain(|_, payment| payment.wanted.merchant != merchant);
                self.by_reference.retain(|_, id| self.by_id.contains_key(id));
                self.order.retain(|id| self.by_id.contains_key(id));
            }
        }
    }

    /// How many records it takes to write all payments down.
    pub(crate) fn records_needed(&self) -> u64 {
        self.by_id.len() as u64
    }

    /// The fewest records that lead to these payments.
    pub(crate) fn snapshot(&self) -> impl Iterator<Item = PaymentRecord> + '_ {
        let known = self.order.iter().filter_map(|id| self.by_id.get(id));
        known.map(|payment| PaymentRecord::Opened { payment: Box::new(payment.clone()) })
    }
}
