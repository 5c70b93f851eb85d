//! What each method may do, as a table: facts, no behaviour.

use serde::{Deserialize, Serialize};

/// What a payer chooses on the page: how his payment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scenario {
    Completed,
    /// The gift card has half of what is asked for.
    HalfBalance,
    /// The gift card has nothing.
    NoBalance,
    /// The gift card has what the payer types.
    TypedBalance,
    /// The money is on its way, and arrives when its time has come.
    PaidLater,
    /// The money is said to be on its way, and never arrives.
    NeverPaid,
    /// The provider waits until the shop has shipped.
    Uncleared,
    /// The provider looks at it, and pays.
    UnclearedAccepted,
    /// The provider looks at it, and does not.
    UnclearedDeclined,
    /// Paid, and taken back by the payer.
    ChargedBack,
    Declined,
    Cancelled,
    Expired,
}

/// What a provider says of a payment, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Word {
    Open,
    Underway,
    Promised,
    Paid,
    /// What was on the gift card; the rest is not paid.
    PaidInPart,
    Declined,
    Cancelled,
    Expired,
    ChargedBack,
}

/// What comes later: after how many seconds, and what is said then.
pub(crate) type Later = (u32, Word);

const MINUTE_S: u32 = 60;
const DAY_S: u32 = 24 * 60 * MINUTE_S;
/// How long a review lasts, like those of the test cards.
const REVIEW_S: u32 = 3 * MINUTE_S;

impl Scenario {
    /// Its value in forms.
    pub(crate) fn value(self) -> &'static str {
        match self {
            Scenario::Completed => "completed",
            Scenario::HalfBalance => "half_balance",
            Scenario::NoBalance => "no_balance",
            Scenario::TypedBalance => "typed_balance",
            Scenario::PaidLater => "paid_later",
            Scenario::NeverPaid => "never_paid",
            Scenario::Uncleared => "uncleared",
            Scenario::UnclearedAccepted => "uncleared_accepted",
            Scenario::UnclearedDeclined => "uncleared_declined",
            Scenario::ChargedBack => "charged_back",
            Scenario::Declined => "declined",
            Scenario::Cancelled => "cancelled",
            Scenario::Expired => "expired",
        }
    }

    /// What is on the gift card, in minor units, when `amount` is asked for; `None` where the
    /// scenario says nothing of a balance.
    pub(crate) fn balance(self, amount: i64, typed: Option<i64>) -> Option<i64> {
        match self {
            Scenario::HalfBalance => Some(amount / 2),
            Scenario::NoBalance => Some(0),
            Scenario::TypedBalance => typed,
            _ => None,
        }
    }

    /// What is said at once, where no balance decides.
    pub(crate) fn word(self) -> Word {
        match self {
            Scenario::Completed | Scenario::ChargedBack => Word::Paid,
            Scenario::HalfBalance | Scenario::TypedBalance => Word::PaidInPart,
            Scenario::PaidLater | Scenario::NeverPaid => Word::Underway,
            Scenario::Uncleared | Scenario::UnclearedAccepted | Scenario::UnclearedDeclined => {
                Word::Promised
            }
            Scenario::NoBalance | Scenario::Declined => Word::Declined,
            Scenario::Cancelled => Word::Cancelled,
            Scenario::Expired => Word::Expired,
        }
    }
}

/// How the methods of a family are paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// The payer's own bank, a wallet, a voucher: paid while the payer is there.
    Plain,
    /// The same, and the payer can have the money taken back.
    Reversible,
    /// The payer transfers the money when he likes.
    Transfer,
    /// The money is collected from the payer's account.
    Debit,
    /// The provider pays, and the payer later.
    PayLater,
    GiftCard,
}

impl Family {
    /// What payers may choose.
    pub(crate) fn scenarios(self) -> &'static [Scenario] {
        use Scenario::*;
        match self {
            Family::Plain => &[Completed, Declined, Cancelled, Expired],
            Family::GiftCard => {
                &[Completed, HalfBalance, NoBalance, TypedBalance, Declined, Cancelled, Expired]
            }
            Family::Reversible => &[Completed, ChargedBack, Declined, Cancelled, Expired],
            Family::Transfer => &[PaidLater, Completed, NeverPaid, Declined, Cancelled, Expired],
            Family::Debit => {
                &[PaidLater, Completed, ChargedBack, NeverPaid, Declined, Cancelled, Expired]
            }
            Family::PayLater => &[
                Completed,
                Uncleared,
                UnclearedAccepted,
                UnclearedDeclined,
                Declined,
                Cancelled,
                Expired,
            ],
        }
    }

    /// Whether payers may type what is on their card.
    pub(crate) fn has_balance(self) -> bool {
        self.scenarios().contains(&Scenario::TypedBalance)
    }

    /// What a scenario has yet to come.
    pub(crate) fn later(self, scenario: Scenario) -> Option<Later> {
        match scenario {
            Scenario::PaidLater if self == Family::Debit => Some((3 * DAY_S, Word::Paid)),
            Scenario::PaidLater => Some((DAY_S, Word::Paid)),
            Scenario::UnclearedAccepted => Some((REVIEW_S, Word::Paid)),
            Scenario::UnclearedDeclined => Some((REVIEW_S, Word::Declined)),
            Scenario::ChargedBack => Some((14 * DAY_S, Word::ChargedBack)),
            _ => None,
        }
    }
}

/// What a direct order of the method comes to without its payer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direct {
    /// Nothing: the payer is needed.
    Page,
    /// The payer is told where to transfer the money.
    Always(Scenario),
    /// The order has the payer's account.
    WithAccount(Scenario),
    /// The order has the payer's birthday.
    WithBirthday(Scenario),
}

/// One method.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) id: &'static str,
    pub(crate) family: Family,
    pub(crate) direct: Direct,
    /// The payer chooses one of the test banks.
    pub(crate) has_issuers: bool,
}

/// The banks of methods that have several: code and name.
pub(crate) const ISSUERS: [(&str, &str); 2] =
    [("9001", "Test bank one"), ("9002", "Test bank two")];

const fn row(id: &'static str, family: Family) -> Row {
    Row { id, family, direct: Direct::Page, has_issuers: false }
}

const fn with_issuers(id: &'static str) -> Row {
    Row { has_issuers: true, ..row(id, Family::Plain) }
}

const fn invoice(id: &'static str) -> Row {
    Row { direct: Direct::WithBirthday(Scenario::Completed), ..row(id, Family::PayLater) }
}

const fn transfer(id: &'static str) -> Row {
    Row { direct: Direct::Always(Scenario::PaidLater), ..row(id, Family::Transfer) }
}

/// Every method. Gift cards are all alike, and are listed by their ids alone.
const ROWS: &[Row] = &[
    row("MISTERCASH", Family::Plain),
    row("APPLEPAY", Family::Reversible),
    row("GOOGLEPAY", Family::Reversible),
    row("PAYPAL", Family::Reversible),
    row("AMAZONBTN", Family::Reversible),
    row("ALIPAY", Family::Plain),
    row("ALIPAYPLUS", Family::Plain),
    row("WECHAT", Family::Plain),
    row("MBWAY", Family::Plain),
    with_issuers("IDEAL"),
    row("IDEALQR", Family::Plain),
    transfer("BANKTRANS"),
    row("BELFIUS", Family::Plain),
    row("CBC", Family::Plain),
    row("KBC", Family::Plain),
    row("BIZUM", Family::Plain),
    row("DOTPAY", Family::Plain),
    row("EPS", Family::Plain),
    row("GIROPAY", Family::Plain),
    transfer("MULTIBANCO"),
    with_issuers("MYBANK"),
    row("DBRTP", Family::Transfer),
    row("DIRECTBANK", Family::Plain),
    Row { direct: Direct::WithAccount(Scenario::PaidLater), ..row("DIRDEB", Family::Debit) },
    row("TRUSTLY", Family::Plain),
    row("TRUSTPAY", Family::Transfer),
    invoice("AFTERPAY"),
    invoice("BILLINK"),
    invoice("EINVOICE"),
    invoice("IN3"),
    row("KLARNA", Family::PayLater),
    invoice("BNPL_MF"),
    invoice("BNPL_INSTM"),
    row("SANTANDER", Family::PayLater),
    row("ZINIA", Family::PayLater),
    row("PSAFECARD", Family::Plain),
];

const GIFT_CARDS: &[&str] = &[
    "AMSGIFT",
    "BABYCAD",
    "BEAUTYWELL",
    "BEAUTYCAD",
    "BLOEMENCAD",
    "BOEKENBON",
    "DEGROTESPL",
    "DORDTPAS",
    "EDENCOM",
    "EDENCO",
    "EDENRES",
    "EDENSPORTS",
    "FASHIONCHQ",
    "FASHIONGFT",
    "FIETSENBON",
    "GELREPAS",
    "GEZONDHEID",
    "GOOD4FUN",
    "HORSESGIFT",
    "MONIECO",
    "MONIGIFT",
    "MONIMEAL",
    "NATNLBIOSC",
    "NATNLETUIN",
    "PARFUMCADE",
    "ROTGIFT",
    "UPAS",
    "SPORTENFIT",
    "SODESPORTS",
    "VRGIFTCARD",
    "VVVGIFTCRD",
    "WEBSHOPGFT",
    "WIJNCADEAU",
    "YOURGIFT",
];

const GIFT_CARD: Row = row("", Family::GiftCard);

/// The method with this id, in capitals.
pub(crate) fn find(id: &str) -> Option<&'static Row> {
    let is_gift_card = || GIFT_CARDS.contains(&id).then_some(&GIFT_CARD);
    ROWS.iter().find(|row| row.id == id).or_else(is_gift_card)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAMILIES: [Family; 6] = [
        Family::Plain,
        Family::Reversible,
        Family::Transfer,
        Family::Debit,
        Family::PayLater,
        Family::GiftCard,
    ];

    #[test]
    fn every_method_can_end_in_each_of_the_four_usual_ways() {
        use Scenario::{Cancelled, Completed, Declined, Expired};
        for family in FAMILIES {
            for usual in [Completed, Declined, Cancelled, Expired] {
                assert!(family.scenarios().contains(&usual), "{family:?} {usual:?}");
            }
        }
    }

    #[test]
    fn values_are_what_the_journal_writes() {
        for family in FAMILIES {
            for scenario in family.scenarios() {
                let text = serde_json::to_value(scenario).unwrap();
                assert_eq!(text, scenario.value());
            }
        }
    }

    #[test]
    fn no_method_is_there_twice() {
        let mut ids: Vec<&str> = ROWS.iter().map(|row| row.id).chain(GIFT_CARDS.to_vec()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!((ids.len(), all), (70, 70));
        assert!(find("VISA").is_none() && find("").is_none());
    }
}
