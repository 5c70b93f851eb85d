//! The payment methods, one entry each: facts, no behaviour.
//!
//! Cards come first, then by kind, in the sequence in which shops are shown them.

use super::{Ability, Brand, Flows, Kind, Method, Refunds};

/// What cards are sold in; an account may have more.
const CARD_CURRENCIES: &[&str] = &[
    "AED", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EUR", "GBP",
    "HKD", "HRK", "HUF", "ILS", "INR", "ISK", "JPY", "KRW", "MXN", "MYR", "NOK", "NZD", "PEN",
    "PHP", "PLN", "RON", "RUB", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "VEF", "ZAR",
];

/// What every card scheme with its own capture can do.
const CARD: &[Ability] = &[
    Ability::Recurring,
    Ability::Component,
    Ability::Chargebacks,
    Ability::ThreeDs,
    Ability::ManualCapture,
    Ability::ZeroAuthorization,
    Ability::SecondChance,
];

/// What most methods have in common; entries say where they differ.
const PLAIN: Method = Method {
    id: "",
    aliases: &[],
    name: "",
    kind: Kind::Bank,
    flows: Flows::RedirectAndDirect,
    expiry_s: Some(3600),
    refunds: Refunds::Free,
    abilities: &[],
    countries: &[],
    currencies: &["EUR"],
    export_code: None,
};

/// What gift cards have in common.
const VOUCHER: Method = Method {
    kind: Kind::GiftCard,
    flows: Flows::RedirectOnly,
    expiry_s: None,
    refunds: Refunds::Never,
    countries: &["BE", "NL"],
    export_code: Some("N098"),
    ..PLAIN
};

/// Every method that the contract names.
pub(super) static METHODS: &[Method] = &[
    Method {
        id: "CREDITCARD",
        name: "Card payment",
        kind: Kind::Cards,
        abilities: CARD,
        currencies: CARD_CURRENCIES,
        ..PLAIN
    },
    Method {
        id: "VISA",
        name: "Visa",
        kind: Kind::Card,
        abilities: CARD,
        currencies: CARD_CURRENCIES,
        export_code: Some("N002"),
        ..PLAIN
    },
    Method {
        id: "MASTERCARD",
        name: "Mastercard",
        kind: Kind::Card,
        abilities: CARD,
        currencies: CARD_CURRENCIES,
        export_code: Some("N001"),
        ..PLAIN
    },
    Method {
        id: "MAESTRO",
        name: "Maestro",
        kind: Kind::Card,
        abilities: CARD,
        currencies: CARD_CURRENCIES,
        export_code: Some("N003"),
        ..PLAIN
    },
    Method {
        id: "AMEX",
        aliases: &["AMERICAN EXPRESS"],
        name: "American Express",
        kind: Kind::Card,
        abilities: &[
            Ability::Recurring,
            Ability::Component,
            Ability::Chargebacks,
            Ability::ThreeDs,
            Ability::SecondChance,
        ],
        currencies: &["EUR", "GBP", "USD", "CHF"],
        export_code: Some("N085"),
        ..PLAIN
    },
    Method {
        id: "MISTERCASH",
        name: "Bancontact",
        kind: Kind::LocalCard,
        flows: Flows::RedirectOnly,
        abilities: &[
            Ability::Recurring,
            Ability::Component,
            Ability::ThreeDs,
            Ability::SecondChance,
        ],
        countries: &["BE"],
        export_code: Some("N094"),
        ..PLAIN
    },
    Method {
        id: "APPLEPAY",
        name: "Apple Pay",
        kind: Kind::Wallet,
        abilities: &[
            Ability::Chargebacks,
            Ability::ThreeDs,
            Ability::SecondChance,
            Ability::OfDevice,
        ],
        currencies: CARD_CURRENCIES,
        ..PLAIN
    },
    Method {
        id: "GOOGLEPAY",
        name: "Google Pay",
        kind: Kind::Wallet,
        abilities: &[
            Ability::Recurring,
            Ability::Chargebacks,
            Ability::ThreeDs,
            Ability::SecondChance,
            Ability::OfDevice,
        ],
        currencies: CARD_CURRENCIES,
        ..PLAIN
    },
    Method {
        id: "PAYPAL",
        name: "PayPal",
        kind: Kind::Wallet,
        expiry_s: Some(1_209_600),
        abilities: &[Ability::Component, Ability::Chargebacks, Ability::SecondChance],
        currencies: &[
            "AUD", "BRL", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HKD", "HRK", "HUF", "JPY",
            "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "RUB", "SEK", "SGD", "THB", "TRY", "TWD",
            "USD",
        ],
        ..PLAIN
    },
    Method {
        id: "AMAZONBTN",
        name: "Amazon Pay",
        kind: Kind::Wallet,
        expiry_s: Some(86_400),
        refunds: Refunds::WithCart,
        abilities: &[Ability::Chargebacks, Ability::SecondChance],
        countries: &[
            "AT", "BE", "CY", "DK", "FR", "DE", "HU", "IE", "IT", "LU", "NL", "PT", "ES", "SE",
            "CH",
        ],
        currencies: &[
            "AUD", "CHF", "DKK", "EUR", "GBP", "HKD", "JPY", "NOK", "NZD", "SEK", "USD", "ZAR",
        ],
        ..PLAIN
    },
    Method {
        id: "ALIPAY",
        name: "Alipay",
        kind: Kind::Wallet,
        expiry_s: Some(18_000),
        refunds: Refunds::WithCart,
        abilities: &[Ability::SecondChance],
        currencies: &["EUR", "USD"],
        export_code: Some("N016"),
        ..PLAIN
    },
    Method {
        id: "ALIPAYPLUS",
        name: "Alipay+",
        kind: Kind::Wallet,
        refunds: Refunds::WithCart,
        abilities: &[Ability::SecondChance],
        currencies: &["EUR", "USD"],
        ..PLAIN
    },
    Method { id: "WECHAT", name: "WeChat Pay", kind: Kind::Wallet, expiry_s: Some(7_200), ..PLAIN },
    Method {
        id: "MBWAY",
        name: "MB WAY",
        kind: Kind::Wallet,
        expiry_s: Some(240),
        abilities: &[Ability::Component],
        countries: &["PT"],
        ..PLAIN
    },
    Method {
        id: "IDEAL",
        name: "iDEAL",
        kind: Kind::Bank,
        abilities: &[
            Ability::Recurring,
            Ability::Component,
            Ability::SecondChance,
            Ability::Issuers,
        ],
        countries: &["NL"],
        export_code: Some("N021"),
        ..PLAIN
    },
    Method {
        id: "IDEALQR",
        name: "iDEAL QR",
        kind: Kind::Bank,
        flows: Flows::RedirectOnly,
        expiry_s: None,
        countries: &["NL"],
        export_code: Some("N102"),
        ..PLAIN
    },
    Method {
        id: "BANKTRANS",
        name: "Bank transfer",
        kind: Kind::Bank,
        expiry_s: Some(5_184_000),
        abilities: &[Ability::Component],
        currencies: &[
            "AUD", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "JPY", "NOK", "PLN",
            "SEK", "USD",
        ],
        export_code: Some("N081"),
        ..PLAIN
    },
    Method {
        id: "BELFIUS",
        name: "Belfius",
        kind: Kind::Bank,
        expiry_s: Some(432_000),
        abilities: &[Ability::SecondChance],
        countries: &["BE"],
        export_code: Some("N102"),
        ..PLAIN
    },
    Method {
        id: "CBC",
        name: "CBC",
        kind: Kind::Bank,
        expiry_s: Some(432_000),
        abilities: &[Ability::SecondChance],
        countries: &["BE"],
        ..PLAIN
    },
    Method {
        id: "KBC",
        name: "KBC",
        kind: Kind::Bank,
        expiry_s: Some(432_000),
        abilities: &[Ability::SecondChance],
        countries: &["BE"],
        export_code: Some("N109"),
        ..PLAIN
    },
    Method {
        id: "BIZUM",
        name: "Bizum",
        kind: Kind::Bank,
        expiry_s: Some(1_800),
        refunds: Refunds::Once,
        countries: &["ES"],
        ..PLAIN
    },
    Method {
        id: "DOTPAY",
        name: "Dotpay",
        kind: Kind::Bank,
        flows: Flows::RedirectOnly,
        expiry_s: Some(259_200),
        abilities: &[Ability::SecondChance],
        countries: &["PL"],
        currencies: &["EUR", "PLN"],
        export_code: Some("N017"),
        ..PLAIN
    },
    Method {
        id: "EPS",
        name: "EPS",
        kind: Kind::Bank,
        flows: Flows::RedirectOnly,
        expiry_s: None,
        abilities: &[Ability::SecondChance],
        countries: &["AT"],
        export_code: Some("N103"),
        ..PLAIN
    },
    Method {
        id: "GIROPAY",
        name: "Giropay",
        kind: Kind::Bank,
        flows: Flows::RedirectOnly,
        expiry_s: None,
        abilities: &[Ability::SecondChance],
        countries: &["DE"],
        export_code: Some("N031"),
        ..PLAIN
    },
    Method {
        id: "MULTIBANCO",
        name: "Multibanco",
        kind: Kind::Bank,
        expiry_s: Some(259_200),
        refunds: Refunds::NotByPlugins,
        abilities: &[Ability::Component],
        countries: &["PT"],
        ..PLAIN
    },
    Method {
        id: "MYBANK",
        name: "MyBank",
        kind: Kind::Bank,
        abilities: &[Ability::Component, Ability::SecondChance, Ability::Issuers],
        countries: &["IT"],
        ..PLAIN
    },
    Method {
        id: "DBRTP",
        name: "Request to Pay",
        kind: Kind::Bank,
        abilities: &[Ability::SecondChance],
        countries: &["DE"],
        ..PLAIN
    },
    Method {
        id: "DIRECTBANK",
        name: "Sofort",
        kind: Kind::Bank,
        expiry_s: Some(86_400),
        abilities: &[Ability::Recurring, Ability::Component, Ability::SecondChance],
        countries: &["AT", "BE", "FR", "DE", "IT", "PL", "ES", "CH", "GB"],
        export_code: Some("N092"),
        ..PLAIN
    },
    Method {
        id: "DIRDEB",
        aliases: &["DIREB"],
        name: "Direct debit",
        kind: Kind::Bank,
        expiry_s: None,
        abilities: &[Ability::Recurring, Ability::Component, Ability::Debit],
        export_code: Some("N101"),
        ..PLAIN
    },
    Method {
        id: "TRUSTLY",
        name: "Trustly",
        kind: Kind::Bank,
        flows: Flows::RedirectOnly,
        expiry_s: Some(7_200),
        abilities: &[Ability::SecondChance],
        currencies: &["EUR", "GBP", "SEK"],
        export_code: Some("N108"),
        ..PLAIN
    },
    Method {
        id: "TRUSTPAY",
        name: "TrustPay",
        kind: Kind::Bank,
        flows: Flows::RedirectOnly,
        expiry_s: Some(864_000),
        abilities: &[Ability::SecondChance],
        currencies: &["CZK", "DKK", "EUR", "GBP", "NOK", "SEK"],
        ..PLAIN
    },
    Method {
        id: "AFTERPAY",
        name: "Riverty",
        kind: Kind::PayLater,
        expiry_s: Some(7_776_000),
        refunds: Refunds::WithCart,
        abilities: &[Ability::NeedsCart],
        countries: &["AT", "BE", "DE", "NL", "CH"],
        export_code: Some("N105"),
        ..PLAIN
    },
    Method {
        id: "BILLINK",
        name: "Billink",
        kind: Kind::PayLater,
        expiry_s: None,
        abilities: &[Ability::NeedsCart, Ability::Component],
        countries: &["NL", "BE", "DE"],
        ..PLAIN
    },
    Method {
        id: "EINVOICE",
        name: "E-Invoicing",
        kind: Kind::PayLater,
        expiry_s: None,
        refunds: Refunds::WithCart,
        abilities: &[Ability::NeedsCart, Ability::Component, Ability::SecondChance],
        export_code: Some("N104"),
        ..PLAIN
    },
    Method {
        id: "IN3",
        name: "in3",
        kind: Kind::PayLater,
        expiry_s: Some(7_200),
        refunds: Refunds::WithCart,
        abilities: &[Ability::NeedsCart, Ability::Component, Ability::SecondChance],
        countries: &["NL"],
        export_code: Some("N090"),
        ..PLAIN
    },
    Method {
        id: "KLARNA",
        name: "Klarna",
        kind: Kind::PayLater,
        expiry_s: Some(86_400),
        refunds: Refunds::WithCart,
        abilities: &[Ability::NeedsCart, Ability::Component, Ability::LongerPromise],
        countries: &["AT", "BE", "DK", "FI", "FR", "DE", "IT", "NL", "NO", "PT", "ES", "SE", "GB"],
        currencies: &["DKK", "EUR", "GBP", "NOK", "SEK"],
        export_code: Some("N086"),
        ..PLAIN
    },
    Method {
        id: "BNPL_MF",
        aliases: &["PAYAFTER"],
        name: "Pay After Delivery",
        kind: Kind::PayLater,
        expiry_s: Some(7_776_000),
        refunds: Refunds::WithCart,
        abilities: &[Ability::NeedsCart, Ability::Component],
        countries: &["NL"],
        export_code: Some("N088"),
        ..PLAIN
    },
    Method {
        id: "BNPL_INSTM",
        aliases: &["BNPL_INST"],
        name: "Pay After Delivery installments",
        kind: Kind::PayLater,
        expiry_s: Some(1_209_600),
        refunds: Refunds::WithCart,
        abilities: &[Ability::NeedsCart, Ability::Component],
        countries: &["NL"],
        ..PLAIN
    },
    Method {
        id: "SANTANDER",
        name: "Betaal per Maand",
        kind: Kind::PayLater,
        expiry_s: Some(86_400),
        abilities: &[Ability::NeedsCart],
        countries: &["NL"],
        export_code: Some("N089"),
        ..PLAIN
    },
    Method {
        id: "ZINIA",
        name: "Zinia",
        kind: Kind::PayLater,
        expiry_s: None,
        refunds: Refunds::WithCart,
        abilities: &[Ability::NeedsCart, Ability::SecondChance],
        countries: &["NL"],
        ..PLAIN
    },
    Method {
        id: "PSAFECARD",
        name: "Paysafecard",
        kind: Kind::Prepaid,
        flows: Flows::RedirectOnly,
        expiry_s: Some(10_800),
        refunds: Refunds::Never,
        currencies: &["EUR", "GBP", "USD"],
        ..PLAIN
    },
    Method { id: "AMSGIFT", name: "Amsterdam stadspas", ..VOUCHER },
    Method { id: "BABYCAD", name: "Baby Cadeaubon", ..VOUCHER },
    Method { id: "BEAUTYWELL", name: "Beautyandwellness", ..VOUCHER },
    Method { id: "BEAUTYCAD", name: "Beauty cadeau", ..VOUCHER },
    Method { id: "BLOEMENCAD", name: "Bloemencadeaukaart", ..VOUCHER },
    Method { id: "BOEKENBON", name: "Boekenbon", ..VOUCHER },
    Method { id: "DEGROTESPL", name: "Degrotespeelgoedwinkel", ..VOUCHER },
    Method { id: "DORDTPAS", name: "Dordtpas", ..VOUCHER },
    Method { id: "EDENCOM", name: "Edenred Ticket Compliments", ..VOUCHER },
    Method { id: "EDENCO", aliases: &["EDENECO"], name: "Edenred Ticket EcoCheque", ..VOUCHER },
    Method { id: "EDENRES", name: "Edenred Ticket Restaurant", ..VOUCHER },
    Method { id: "EDENSPORTS", name: "Edenred Ticket Sport & Culture", ..VOUCHER },
    Method { id: "FASHIONCHQ", name: "Fashioncheque", ..VOUCHER },
    Method { id: "FASHIONGFT", name: "Fashiongiftcard", ..VOUCHER },
    Method { id: "FIETSENBON", name: "Fietsenbon", ..VOUCHER },
    Method { id: "GELREPAS", name: "Gelrepas", ..VOUCHER },
    Method { id: "GEZONDHEID", name: "Gezondheidsbon", ..VOUCHER },
    Method { id: "GOOD4FUN", name: "Good4fun", ..VOUCHER },
    Method { id: "HORSESGIFT", name: "Horses & Gifts", ..VOUCHER },
    Method { id: "MONIECO", name: "Monizze eco voucher", ..VOUCHER },
    Method { id: "MONIGIFT", name: "Monizze gift voucher", ..VOUCHER },
    Method { id: "MONIMEAL", name: "Monizze meal voucher", ..VOUCHER },
    Method { id: "NATNLBIOSC", name: "Nationale bioscoopbon", ..VOUCHER },
    Method { id: "NATNLETUIN", name: "Nationale tuinbon", ..VOUCHER },
    Method { id: "PARFUMCADE", name: "Parfumcadeaukaart", ..VOUCHER },
    Method { id: "ROTGIFT", name: "Rotterdampas", ..VOUCHER },
    Method { id: "UPAS", name: "U-pas", ..VOUCHER },
    Method { id: "SPORTENFIT", name: "Sportenfit", ..VOUCHER },
    Method { id: "SODESPORTS", name: "Sodexo", ..VOUCHER },
    Method { id: "VRGIFTCARD", name: "Vuur & rook gift card", ..VOUCHER },
    Method {
        id: "VVVGIFTCRD",
        aliases: &["VVVGIFTCARD", "VVVBON"],
        name: "VVV Cadeaukaart",
        ..VOUCHER
    },
    Method { id: "WEBSHOPGFT", name: "Webshopgiftcard", ..VOUCHER },
    Method { id: "WIJNCADEAU", name: "Wijncadeau", ..VOUCHER },
    Method { id: "YOURGIFT", name: "YourGift", ..VOUCHER },
];

/// Brands that run under a scheme's gateway and are shown beside it.
pub(super) static BRANDS: &[Brand] = &[
    Brand { id: "CARTEBLEUE", name: "Cartes Bancaires", gateway: "VISA", countries: &["FR"] },
    Brand { id: "DANKORT", name: "Dankort", gateway: "VISA", countries: &["DK"] },
    Brand { id: "POSTEPAY", name: "PostePay", gateway: "VISA", countries: &["IT"] },
    Brand { id: "VPAY", name: "V Pay", gateway: "VISA", countries: &[] },
];
