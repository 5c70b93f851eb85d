//! Payment methods ("gateways" in the contract): what is known of each, as one table.
//!
//! Cards are what Florin sells. The other methods are here so that an id which is known and not
//! offered can be told from one that does not exist, and so that a test platform can play them.
//! Nothing here decides what a site offers.

mod table;
#[cfg(test)]
mod tests;

/// What kind of thing the payer pays with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Every active card scheme behind one id; the scheme is found by the number.
    Cards,
    /// One card scheme.
    Card,
    /// A national card scheme that is sold as a method of its own.
    LocalCard,
    Wallet,
    Bank,
    /// Bought now, paid later.
    PayLater,
    /// A voucher with a code that is bought in a shop.
    Prepaid,
    GiftCard,
}

/// Which types of order a method takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flows {
    RedirectOnly,
    RedirectAndDirect,
}

/// How a paid order can be given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refunds {
    /// Any amount up to what was paid.
    Free,
    /// Any amount, and the refund names the lines of the cart (`checkout_data`).
    WithCart,
    /// Any amount, one time.
    Once,
    /// Any amount, but shop plugins do not offer it.
    NotByPlugins,
    Never,
}

/// What some methods can do and others cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ability {
    /// A later order can be paid by a token of an earlier one.
    Recurring,
    /// An order has to name the lines of its cart.
    NeedsCart,
    /// Its fields can be shown inside the page of a shop.
    Component,
    Chargebacks,
    /// The payer is authenticated by EMV 3-D Secure.
    ThreeDs,
    /// What was authorized can be captured later, by hand.
    ManualCapture,
    /// A card can be checked with an order of nothing.
    ZeroAuthorization,
    /// Payers who gave up can be reminded.
    SecondChance,
    /// The payer chooses among banks that are listed.
    Issuers,
    /// The money is collected from an account, whose bank may take it back on its owner's word.
    Debit,
    /// What its provider has promised can be promised for longer (`extend_expiration`).
    LongerPromise,
    /// The wallet belongs to the payer's device or browser (`is_wallet`).
    OfDevice,
}

/// One payment method.
#[derive(Debug, PartialEq, Eq)]
pub struct Method {
    /// As answers write it: upper case.
    pub id: &'static str,
    /// Other spellings that are in use for the same method.
    pub aliases: &'static [&'static str],
    /// What payers read.
    pub name: &'static str,
    pub kind: Kind,
    pub flows: Flows,
    /// Seconds until a transaction that was not finished expires: from the create call where it is
    /// direct, from the choice of the method otherwise. `None` where it does not, or nobody says.
    pub expiry_s: Option<u32>,
    pub refunds: Refunds,
    pub abilities: &'static [Ability],
    /// ISO 3166-1 alpha-2 codes of the payers that it is for; empty: everybody.
    pub countries: &'static [&'static str],
    /// ISO 4217 codes.
    pub currencies: &'static [&'static str],
    /// What accounting exports call it.
    pub export_code: Option<&'static str>,
}

/// A brand that runs under the gateway of a scheme, mostly in one country.
#[derive(Debug, PartialEq, Eq)]
pub struct Brand {
    pub id: &'static str,
    pub name: &'static str,
    /// The id of the scheme's method.
    pub gateway: &'static str,
    /// Where it is shown as a choice of its own; empty: nowhere.
    pub countries: &'static [&'static str],
}

impl Method {
    /// Every method, cards first.
    pub fn all() -> &'static [Method] {
        table::METHODS
    }

    /// The method with this id or another spelling of it, in any case.
    pub fn find(id: &str) -> Option<&'static Method> {
        let id = id.trim();
        let is_it = |it: &str| it.eq_ignore_ascii_case(id);
        Method::all().iter().find(|method| {
            method.id.eq_ignore_ascii_case(id) || method.aliases.iter().any(|it| is_it(it))
        })
    }

    /// Whether it can do this.
    pub fn can(&self, ability: Ability) -> bool {
        self.abilities.contains(&ability)
    }

    /// Whether it is paid with a card number that the gateway sends to its acquirer.
    pub fn is_card(&self) -> bool {
        matches!(self.kind, Kind::Cards | Kind::Card)
    }

    /// Whether orders of `type: direct` may name it.
    pub fn takes_direct(&self) -> bool {
        self.flows == Flows::RedirectAndDirect
    }

    /// What the contract calls the type of a method: gift cards are coupons.
    pub fn contract_type(&self) -> &'static str {
        if self.kind == Kind::GiftCard { "coupon" } else { "payment-method" }
    }

    /// Whether payers of this country (ISO 3166-1 alpha-2, any case) may use it.
    pub fn serves_country(&self, country: &str) -> bool {
        self.countries.is_empty()
            || self.countries.iter().any(|it| it.eq_ignore_ascii_case(country))
    }

    /// Whether it is sold in this currency (ISO 4217, any case).
    pub fn takes_currency(&self, currency: &str) -> bool {
        self.currencies.iter().any(|it| it.eq_ignore_ascii_case(currency))
    }

    /// The brands that run under it.
    pub fn brands(&self) -> impl Iterator<Item = &'static Brand> {
        table::BRANDS.iter().filter(|brand| brand.gateway == self.id)
    }
}
