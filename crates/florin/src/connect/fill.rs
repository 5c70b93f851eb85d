//! From an order to what its page shows.

use florin_core::money::{Currency, Money};
use florin_core::part::Part;
use florin_core::payment::State;
use florin_core::session::{Entry, Session};
use florin_locale::Language;
use rust_decimal::{Decimal, RoundingStrategy};

use super::shop::shop;
use super::view::{
    CardPageView, CartLine, EndKind, EndPageView, FormError, LanguageLink, PaidInPart,
    StoredCardView, StoredFor, WayBack, WayBackTo,
};
use crate::api::contract::cart::Cart;
use crate::api::contract::customer::plain_locale;
use crate::api::contract::payment_options::WebUrl;
use crate::api::contract::request::RecurringModel;
use crate::clock::UnixMillis;
use crate::gateway::persist::Credential;
use crate::gateway::record::Record;
use crate::gateway::session::{REMINDER_PARAMETER, named_gateway, page_brands, page_locale};
use crate::gateway::site::Mode;
use crate::gateway::tokens::StoredCard;

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
    /// The cards to choose from, by the names that the page has for them.
    pub(super) stored_cards: Vec<(String, StoredCard)>,
    pub(super) again: Again,
    /// Whether there are methods that are no cards.
    pub(super) other_methods: bool,
}

/// What is remembered of the form when it is shown again.
pub(super) struct Again {
    pub(super) error: Option<FormError>,
    /// The name on the card, as it was typed.
    pub(super) holder: Option<String>,
    pub(super) chosen: Chosen,
}

/// What the form shows as chosen to pay with.
pub(super) enum Chosen {
    /// The first stored card, where there is one.
    First,
    /// A card to be typed.
    New,
    /// The stored card with this name, if it is still offered.
    Stored(String),
}

impl Again {
    /// After the order's last attempt, if it had one.
    pub(super) fn after(record: &Record) -> Again {
        let error = last_error(record);
        // Of a stored card the page shows no more than what it offers it by.
        let was_typed = !record.extra.credential.as_ref().is_some_and(Credential::is_charge);
        let card = record.request.card.as_ref().filter(|_| was_typed);
        let holder = card.and_then(|card| card.holder.as_ref());
        Again {
            chosen: if error.is_none() { Chosen::First } else { Chosen::New },
            error,
            holder: holder.map(|holder| holder.as_str().to_owned()),
        }
    }
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
        amount: record.order.due(),
        paid: paid_in_part(record),
        description: details.description.clone(),
        cart: match &details.cart {
            Some(cart) if !hides_cart => cart_lines(record, cart),
            _ => Vec::new(),
        },
        brands: page_brands(details, named_gateway(record), &rules),
        form_action: format!("pay{query}"),
        cancel_action: format!("cancel{query}"),
        csrf: form.csrf,
        form_number: form.number,
        languages: languages(&locale, form.reminder),
        error: form.again.error,
        holder: form.again.holder,
        stores_card: details.recurring_model.map(stored_for),
        stored_cards: stored_cards(form.stored_cards, &form.again.chosen),
        other_methods: form.other_methods.then(|| format!("methods{query}")),
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

/// What gift cards have paid, if they have.
pub(super) fn paid_in_part(record: &Record) -> Option<PaidInPart> {
    let order = &record.order;
    let total = order.total();
    let paid = |part: &Part| (part.by.method.name, Money::new(part.amount, total.currency));
    let parts: Vec<_> = order.kept_parts().map(paid).collect();
    (!parts.is_empty()).then_some(PaidInPart { total, parts })
}

fn stored_for(model: RecurringModel) -> StoredFor {
    match model {
        RecurringModel::CardOnFile => StoredFor::CardOnFile,
        RecurringModel::Subscription => StoredFor::Subscription,
        RecurringModel::Unscheduled => StoredFor::Unscheduled,
    }
}

fn stored_cards(cards: Vec<(String, StoredCard)>, chosen: &Chosen) -> Vec<StoredCardView> {
    let view = |(at, (id, card)): (usize, (String, StoredCard))| StoredCardView {
        chosen: match chosen {
            Chosen::First => at == 0,
            Chosen::New => false,
            Chosen::Stored(name) => *name == id,
        },
        id,
        brand: card.brand,
        last4: card.last4,
        expiry: card.expiry.yymm(),
        asks_cvc: card.brand.needs_cvc(),
    };
    cards.into_iter().enumerate().map(view).collect()
}

/// A page where the journey ends or rests. `now` is the gateway's time.
pub(super) fn end_page(
    record: &Record,
    kind: EndKind,
    lang: &str,
    reminder: Option<&str>,
    now: UnixMillis,
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
    let paid = || to_shop(record.redirect_url());
    let unpaid = || to_shop(record.cancel_url());
    let now = record.site.time(now);
    let entry = if reminder.is_some() { Entry::Reminder } else { Entry::Link };
    let is_open = record
        .order
        .session
        .is_some_and(|it| record.order.open_session(it.number, entry, now).is_some());
    let ways_back = match kind {
        EndKind::Paid | EndKind::PaidElsewhere => [paid(), None],
        EndKind::GivenUp | EndKind::FormRefused | EndKind::Trouble => [to_form(), unpaid()],
        EndKind::Declined if is_open => [to_form(), unpaid()],
        EndKind::Waiting => [None, None],
        EndKind::Expired
        | EndKind::Cancelled
        | EndKind::Declined
        | EndKind::TooManyOpenings
        | EndKind::Unknown => [unpaid(), None],
    };
    EndPageView {
        shop: Some(shop(record)),
        kind,
        ways_back: ways_back.into_iter().flatten().collect(),
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
        ways_back: Vec::new(),
        test_mode: false,
    }
}

/// Why the form is shown again, as far as the last attempt tells.
fn last_error(record: &Record) -> Option<FormError> {
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

fn languages(locale: &str, reminder: Option<&str>) -> Vec<LanguageLink> {
    let now = Language::of(locale);
    let link = |language: Language| LanguageLink {
        language,
        href: format!("./{}", query(language.code(), reminder)),
        current: language == now,
    };
    Language::ALL.into_iter().map(link).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_language_that_a_page_is_in_is_marked() {
        for (locale, code) in [
            ("nl_BE", "nl"),
            ("no_NO", "nb"),
            ("nn", "nb"),
            ("iw", "he"),
            ("ko_KR", "en"),
            ("", "en"),
        ] {
            let links = languages(locale, None);
            let marked: Vec<_> = links.iter().filter(|it| it.current).collect();
            assert!(
                matches!(marked[..], [it] if it.language.code() == code),
                "{locale} {marked:?}"
            );
            assert_eq!(marked[0].href, format!("./?lang={code}"));
        }
    }
}
