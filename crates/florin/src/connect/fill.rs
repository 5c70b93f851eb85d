//! From an order to what its page shows.

use florin_core::money::{Currency, Money};
use florin_core::payment::State;
use florin_core::session::Session;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value;

use super::view::{
    CardPageView, CartLine, EndKind, EndPageView, FormError, LanguageLink, Shop, WayBack, WayBackTo,
};
use crate::api::contract::cart::Cart;
use crate::api::contract::payment_options::WebUrl;
use crate::gateway::record::Record;
use crate::gateway::session::{REMINDER_PARAMETER, page_brands, page_locale};
use crate::gateway::site::Mode;

/// The languages of the contract's pages.
const LANGUAGES: [&str; 19] = [
    "ar", "cs", "da", "nl", "en", "fi", "fr", "de", "he", "it", "ja", "zh", "no", "pl", "pt", "ru",
    "es", "sv", "tr",
];

/// How deep a look is read, and how many of its values are kept.
const TEMPLATE_DEPTH_MAX: usize = 6;
const COLOURS_MAX: usize = 100;
/// Most characters of one of them.
const COLOUR_CHARS_MAX: usize = 64;
/// Most lines of a cart that are shown.
const CART_LINES_MAX: usize = 100;

/// The values that are not in the order.
pub(super) struct Form<'a> {
    /// What the address asks for; empty for the order's own.
    pub(super) lang: &'a str,
    /// The mark of the reminder that led here.
    pub(super) reminder: Option<&'a str>,
    pub(super) number: String,
    pub(super) csrf: String,
    pub(super) error: Option<FormError>,
    pub(super) holder: Option<String>,
}

/// The page with the card form. Addresses are relative to the page's own.
pub(super) fn card_page(record: &Record, session: &Session, form: Form<'_>) -> CardPageView {
    let details = &record.request.details;
    let locale = locale(record, form.lang);
    let query = query(&locale, form.reminder);
    let rules = crate::api::site_rules(&record.site);
    let shop = shop(record);
    let hides_cart = shop.hidden.iter().any(|name| name == "hide_cart");
    CardPageView {
        shop,
        amount: record.order.payment.amount,
        description: details.description.clone(),
        cart: match &details.cart {
            Some(cart) if !hides_cart => cart_lines(record, cart),
            _ => Vec::new(),
        },
        brands: page_brands(details, &rules),
        form_action: format!("pay{query}"),
        cancel_action: format!("cancel{query}"),
        csrf: form.csrf,
        form_number: form.number,
        languages: languages(&locale, form.reminder),
        error: form.error,
        holder: form.holder,
        // Cards are not stored yet, on any site.
        stores_card: None,
        stored_cards: Vec::new(),
        expires_at: session.expires_at,
        test_mode: record.site.mode == Mode::Test,
        browser_fields: true,
        leads_to_http: [record.redirect_url(), record.cancel_url()]
            .into_iter()
            .flatten()
            .any(|url| !url.as_str().to_ascii_lowercase().starts_with("https:")),
        locale,
    }
}

/// A page where the journey ends or rests.
pub(super) fn end_page(
    record: &Record,
    kind: EndKind,
    lang: &str,
    reminder: Option<&str>,
) -> EndPageView {
    let locale = locale(record, lang);
    let to_shop = |url: Option<WebUrl>| {
        url.map(|url| WayBack {
            href: url.with_transaction_id(&record.order_id),
            to: WayBackTo::Shop,
        })
    };
    let to_form = || {
        let href = format!("./{}", query(&locale, reminder));
        Some(WayBack { href, to: WayBackTo::Form })
    };
    let way_back = match kind {
        EndKind::Paid | EndKind::PaidElsewhere => to_shop(record.redirect_url()),
        EndKind::GivenUp | EndKind::FormRefused | EndKind::Trouble => to_form(),
        EndKind::Waiting => None,
        EndKind::Expired
        | EndKind::Cancelled
        | EndKind::Declined
        | EndKind::TooManyOpenings
        | EndKind::Unknown => to_shop(record.cancel_url()),
    };
    EndPageView {
        shop: Some(shop(record)),
        kind,
        way_back,
        test_mode: record.site.mode == Mode::Test,
        locale,
    }
}

/// A page of a link that leads nowhere.
pub(super) fn unknown_page(kind: EndKind, lang: &str) -> EndPageView {
    EndPageView {
        locale: plain_locale(lang).unwrap_or_default().to_owned(),
        shop: None,
        kind,
        way_back: None,
        test_mode: false,
    }
}

/// Why the form is shown again, as far as the last attempt tells.
pub(super) fn last_error(record: &Record) -> Option<FormError> {
    match &record.order.payment.state {
        State::Declined(_) if record.order.payment.answer.is_none() => {
            let authenticated = record.order.payment.authentication.as_ref();
            let refused = authenticated.is_some_and(|it| {
                use florin_core::payment::AuthenticationStatus::{
                    NotAuthenticated, Rejected, Unavailable,
                };
                matches!(it.status, NotAuthenticated | Rejected | Unavailable)
            });
            Some(if refused { FormError::NotAuthenticated } else { FormError::Declined })
        }
        State::Declined(_) => Some(FormError::Declined),
        _ => None,
    }
}

/// The locale of the page: what its address asks for, else what the shop sent.
pub(super) fn locale(record: &Record, lang: &str) -> String {
    plain_locale(lang).unwrap_or_else(|| page_locale(&record.request.details.customer)).to_owned()
}

/// What stands behind the path of a page: its language, and the mark of the reminder that led to it.
pub(super) fn query(locale: &str, reminder: Option<&str>) -> String {
    match reminder {
        Some(mark) => format!("?lang={locale}&{REMINDER_PARAMETER}={mark}"),
        None => format!("?lang={locale}"),
    }
}

/// A locale that can stand in an address.
fn plain_locale(lang: &str) -> Option<&str> {
    let plain = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == '-';
    ((2..=16).contains(&lang.len()) && lang.chars().all(plain)).then_some(lang)
}

fn languages(locale: &str, reminder: Option<&str>) -> Vec<LanguageLink> {
    let now = locale.get(..2).unwrap_or_default().to_ascii_lowercase();
    let now = if matches!(now.as_str(), "nb" | "nn") { "no".to_owned() } else { now };
    let link = |code: &'static str| LanguageLink {
        code,
        href: format!("./{}", query(code, reminder)),
        current: code == now,
    };
    LANGUAGES.into_iter().map(link).collect()
}

fn shop(record: &Record) -> Shop {
    let acceptor = &record.site.settings.acceptor;
    let template = record.request.details.extras.template.as_ref();
    let logo = template
        .and_then(|it| it.pointer("/header/logo/image"))
        .and_then(Value::as_str)
        .and_then(|url| WebUrl::parse(url).ok())
        .filter(|url| url.as_str().to_ascii_lowercase().starts_with("https://"));
    let settings = template.and_then(|it| it.get("settings")).and_then(Value::as_object);
    let is_set = |value: &Value| match value {
        Value::Bool(set) => *set,
        Value::Number(number) => number.as_str() == "1",
        Value::String(text) => matches!(text.as_str(), "1" | "true"),
        _ => false,
    };
    let hidden = settings.into_iter().flatten().filter(|(_, value)| is_set(value));
    let mut colours = Vec::new();
    for part in ["header", "body", "container", "cart", "payment_form", "buttons"] {
        if let Some(value) = template.and_then(|it| it.get(part)) {
            read_colours(value, part, TEMPLATE_DEPTH_MAX, &mut colours);
        }
    }
    Shop {
        name: record.site.name.clone(),
        city: acceptor.city.clone(),
        country: acceptor.country.clone(),
        logo_url: logo.map(String::from),
        hidden: hidden.map(|(name, _)| name.clone()).take(COLOURS_MAX).collect(),
        colours,
    }
}

/// Texts of a template that are no images, by their paths.
fn read_colours(value: &Value, path: &str, depth: usize, colours: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) if depth > 0 => {
            for (name, value) in members {
                read_colours(value, &format!("{path}.{name}"), depth - 1, colours);
            }
        }
        Value::String(text)
            if colours.len() < COLOURS_MAX
                && text.len() <= COLOUR_CHARS_MAX
                && !path.ends_with(".image") =>
        {
            colours.push((path.to_owned(), text.clone()));
        }
        _ => {}
    }
}

fn cart_lines(record: &Record, cart: &Cart) -> Vec<CartLine> {
    let details = &record.request.details;
    let address = details.delivery.as_ref().unwrap_or(&details.customer.address);
    let country = address.country().or(details.customer.address.country());
    let currency = record.order.payment.amount.currency;
    let lines = cart.items.iter().take(CART_LINES_MAX).map(|item| {
        let rate = cart.rate(item, country);
        let percent = rate.and_then(|rate| rate.checked_mul(Decimal::ONE_HUNDRED));
        let net = item.unit_price.checked_mul(item.quantity);
        let tax = net.zip(rate).and_then(|(net, rate)| net.checked_mul(rate));
        let gross = net.and_then(|net| net.checked_add(tax.unwrap_or_default()));
        CartLine {
            name: item.name.clone(),
            quantity: item.quantity.normalize().to_string(),
            unit_price: item.unit_price.normalize().to_string(),
            tax_percent: percent.map(|percent| percent.normalize().to_string()),
            total: gross.and_then(|gross| money(gross, currency)),
        }
    });
    lines.collect()
}

fn money(major: Decimal, currency: Currency) -> Option<Money> {
    let places = u32::from(currency.exponent());
    let rounded = major.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    let minor = rounded.checked_mul(Decimal::from(10_i64.checked_pow(places)?))?;
    Some(Money::new(i64::try_from(minor.trunc()).ok()?, currency))
}
