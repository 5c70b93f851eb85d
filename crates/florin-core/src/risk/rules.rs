//! The weighted rules: what each looks at, what it weighs, and the score that comes of all.
//!
//! Pure and in whole numbers. A fact that is not known hits no rule.

use crate::country::Country;

/// Where every score starts.
pub const SCORE_BASE: i32 = 1;
/// The lowest and the highest score (the contract).
pub const SCORE_MIN: u8 = 1;
pub const SCORE_MAX: u8 = 10;
/// Bounds of a weight: one rule alone can take a payment from one end to the other.
pub const WEIGHT_MIN: i8 = -10;
pub const WEIGHT_MAX: i8 = 10;

/// What a rule looks at. The order is the one in which hits are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleKind {
    /// The payer's address is missing, private, or the shop's own.
    UnusableAddress,
    /// The payer's address is in another country than the billing address.
    AddressCountry,
    /// The card was issued in another country than the billing address.
    CardCountry,
    /// More different cards than the threshold in 24 hours, by one address or one e-mail.
    ManyCards,
    /// The e-mail's domain gives out addresses to throw away.
    DisposableEmail,
    /// The amount is more than the threshold times the site's average.
    UnusualAmount,
    /// Delivered to another country than the billing address.
    ShippingCountry,
    /// The payer's address, the card or the billing address is of a country on the list.
    HighRiskCountry,
    /// The issuer authenticated the payer (`transStatus` Y).
    Authenticated,
}

impl RuleKind {
    /// All of them, in their order.
    pub const ALL: [RuleKind; 9] = [
        RuleKind::UnusableAddress,
        RuleKind::AddressCountry,
        RuleKind::CardCountry,
        RuleKind::ManyCards,
        RuleKind::DisposableEmail,
        RuleKind::UnusualAmount,
        RuleKind::ShippingCountry,
        RuleKind::HighRiskCountry,
        RuleKind::Authenticated,
    ];

    /// The name that settings and reports use.
    pub fn name(self) -> &'static str {
        match self {
            RuleKind::UnusableAddress => "unusable_ip",
            RuleKind::AddressCountry => "ip_country",
            RuleKind::CardCountry => "card_country",
            RuleKind::ManyCards => "many_cards",
            RuleKind::DisposableEmail => "disposable_email",
            RuleKind::UnusualAmount => "unusual_amount",
            RuleKind::ShippingCountry => "shipping_country",
            RuleKind::HighRiskCountry => "high_risk_country",
            RuleKind::Authenticated => "authenticated",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<RuleKind> {
        RuleKind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether the rule compares something with its threshold.
    pub fn has_threshold(self) -> bool {
        matches!(self, RuleKind::ManyCards | RuleKind::UnusualAmount)
    }
}

/// One rule. A weight of 0 switches it off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    pub kind: RuleKind,
    /// Cards, or multiples of the average; without meaning for the other kinds.
    pub threshold: u32,
    /// What a hit adds to the score; negative where it speaks for the payment.
    pub weight: i8,
}

/// What a live site starts with.
pub const DEFAULT_RULES: [Rule; 9] = [
    Rule { kind: RuleKind::UnusableAddress, threshold: 0, weight: 3 },
    Rule { kind: RuleKind::AddressCountry, threshold: 0, weight: 2 },
    Rule { kind: RuleKind::CardCountry, threshold: 0, weight: 2 },
    Rule { kind: RuleKind::ManyCards, threshold: 3, weight: 3 },
    Rule { kind: RuleKind::DisposableEmail, threshold: 0, weight: 1 },
    Rule { kind: RuleKind::UnusualAmount, threshold: 5, weight: 2 },
    Rule { kind: RuleKind::ShippingCountry, threshold: 0, weight: 1 },
    Rule { kind: RuleKind::HighRiskCountry, threshold: 0, weight: 2 },
    Rule { kind: RuleKind::Authenticated, threshold: 0, weight: -4 },
];

/// Countries on the list unless somebody changes it: those for which the Financial Action Task
/// Force calls for action.
pub const HIGH_RISK_DEFAULT: [&str; 3] = ["IR", "KP", "MM"];

/// What is known of the address that the payer pays from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PayerAddress {
    #[default]
    Missing,
    /// Of a local network or this machine: the shop does not see its payers' addresses.
    Private,
    /// One that the shop's own servers have.
    ShopsOwn,
    Usable,
}

/// How many different cards were seen in 24 hours, this one included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CardsSeen {
    pub by_address: u32,
    pub by_email: u32,
}

/// What the rules are asked about. `None` is what nobody knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub address: PayerAddress,
    pub address_country: Option<Country>,
    pub card_country: Option<Country>,
    pub billing_country: Option<Country>,
    pub shipping_country: Option<Country>,
    pub cards_seen: Option<CardsSeen>,
    pub disposable_email: bool,
    /// Minor units.
    pub amount: i64,
    /// What the site's payments in this currency come to on average, in minor units.
    pub average: Option<i64>,
    pub authenticated: bool,
}

/// One reason of a score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    pub rule: RuleKind,
    pub weight: i8,
    /// A short sentence for merchants; no card data, no address, no e-mail.
    pub why: String,
}

/// A score with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// [`SCORE_MIN`] to [`SCORE_MAX`].
    pub score: u8,
    /// In the order of [`RuleKind`], whatever order the rules have.
    pub hits: Vec<Hit>,
}

/// Asks every rule. The outcome does not depend on the order of the rules.
pub fn assess(rules: &[Rule], high_risk: &[Country], facts: &Facts) -> Assessment {
    let mut hits: Vec<Hit> = rules
        .iter()
        .filter(|rule| rule.weight != 0)
        .filter_map(|rule| {
            let why = hit(rule, high_risk, facts)?;
            Some(Hit { rule: rule.kind, weight: rule.weight, why })
        })
        .collect();
    hits.sort_by(|one, other| {
        let key = |hit: &Hit| (hit.rule, hit.weight, hit.why.clone());
        key(one).cmp(&key(other))
    });
    let sum = hits.iter().fold(SCORE_BASE, |sum, hit| sum.saturating_add(i32::from(hit.weight)));
    let bounded = sum.clamp(i32::from(SCORE_MIN), i32::from(SCORE_MAX));
    let score = u8::try_from(bounded).expect("a number from 1 to 10 fits a byte");
    Assessment { score, hits }
}

/// Why the rule hits; `None` when it does not.
fn hit(rule: &Rule, high_risk: &[Country], facts: &Facts) -> Option<String> {
    let differ = |what: &str, one: Option<Country>, other: Option<Country>| {
        let (one, other) = (one?, other?);
        (one != other).then(|| format!("{what} {}, billing address {}", one.code(), other.code()))
    };
    match rule.kind {
        RuleKind::UnusableAddress => match facts.address {
            PayerAddress::Usable => None,
            PayerAddress::Missing => Some("the payer's IP address is missing".to_owned()),
            PayerAddress::Private => Some("the payer's IP address is a private one".to_owned()),
            PayerAddress::ShopsOwn => Some("the payer's IP address is the shop's own".to_owned()),
        },
        RuleKind::AddressCountry => {
            differ("IP address in", facts.address_country, facts.billing_country)
        }
        RuleKind::CardCountry => {
            differ("card issued in", facts.card_country, facts.billing_country)
        }
        RuleKind::ShippingCountry => {
            differ("delivered to", facts.shipping_country, facts.billing_country)
        }
        RuleKind::ManyCards => {
            let seen = facts.cards_seen?;
            let (cards, by) = if seen.by_address >= seen.by_email {
                (seen.by_address, "from one IP address")
            } else {
                (seen.by_email, "with one e-mail address")
            };
            (cards > rule.threshold).then(|| format!("{cards} cards {by} in 24 hours"))
        }
        RuleKind::DisposableEmail => facts
            .disposable_email
            .then(|| "an e-mail address of a kind that is thrown away".to_owned()),
        RuleKind::UnusualAmount => {
            let average = facts.average.filter(|average| *average > 0)?;
            let usual = average.saturating_mul(i64::from(rule.threshold));
            (facts.amount > usual).then(|| {
                format!("more than {} times the site's average of {average}", rule.threshold)
            })
        }
        RuleKind::HighRiskCountry => {
            let known = [facts.address_country, facts.card_country, facts.billing_country];
            let found = known.into_iter().flatten().find(|it| high_risk.contains(it))?;
            Some(format!("{} is on the list of countries with high risk", found.code()))
        }
        RuleKind::Authenticated => {
            facts.authenticated.then(|| "the issuer authenticated the payer".to_owned())
        }
    }
}
