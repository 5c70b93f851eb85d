//! One entry of `GET /payment-methods`.
//!
//! The PHP client checks every member of every entry and drops the whole list over one that is
//! missing or null, so all of them are always there.

use crate::api::contract::request::RecurringModel;
use florin_core::method::{Ability, Brand, Kind, Method};
use florin_core::money::Currency;
use serde_json::{Value, json};

use super::icons;
use crate::api::contract::SiteRules;

/// What entries are made for.
pub(super) struct View<'a> {
    pub(super) public_url: &'a str,
    pub(super) rules: &'a SiteRules,
    /// Every method of the site, filtered or not: what cards are grouped from.
    pub(super) offered: &'a [&'static Method],
    pub(super) currency: Option<Currency>,
    pub(super) language: &'a str,
}

/// What payers read. Names of brands are the same everywhere.
pub(super) fn name(method: &Method, language: &str) -> &'static str {
    if method.kind != Kind::Cards {
        return method.name;
    }
    match language {
        "de" => "Kartenzahlung",
        "es" => "Pago con tarjeta",
        "fr" => "Paiement par carte",
        "it" => "Pagamento con carta",
        "nl" => "Kaartbetaling",
        _ => method.name,
    }
}

impl View<'_> {
    pub(super) fn entry(&self, method: &Method) -> Value {
        let is_card = method.is_card();
        let allowed = &self.rules.tokenization;
        let tokens = is_card && !allowed.is_empty() && method.can(Ability::Recurring);
        let models = tokens.then(|| {
            json!({
                "cardonfile": allowed.contains(&RecurringModel::CardOnFile),
                "subscription": allowed.contains(&RecurringModel::Subscription),
                "unscheduled": allowed.contains(&RecurringModel::Unscheduled),
            })
        });
        json!({
            "additional_data": {},
            "allowed_amount": {
                "min": 0,
                "max": super::amount_max(self.rules, method, self.currency),
            },
            "allowed_countries": method.countries,
            "allowed_currencies": self.currencies(method),
            "apps": {
                "fastcheckout": { "is_enabled": false, "qr": { "supported": false } },
                // Fields inside a shop's own page are not offered; plugins then send the payer to
                // the gateway's page.
                "payment_components": {
                    "has_fields": is_card && method.can(Ability::Component),
                    "is_enabled": false,
                    "qr": { "supported": false },
                },
            },
            "brands": self.brands(method),
            "icon_urls": icons::urls(self.public_url, method.id),
            "id": method.id,
            "is_wallet": method.can(Ability::OfDevice),
            // Allowed, and never done unless the order asks for it.
            "manual_capture": {
                "is_enabled": false,
                "supported": self.rules.manual_capture && method.can(Ability::ManualCapture),
            },
            "name": name(method, self.language),
            "preferred_countries": [],
            "required_customer_data": [],
            "shopping_cart_required": method.can(Ability::NeedsCart),
            "tokenization": { "is_enabled": tokens, "models": models },
            "type": method.contract_type(),
        })
    }

    fn currencies(&self, method: &Method) -> Vec<&'static str> {
        let fits = |code: &&&str| {
            let known = Currency::parse(code);
            known.is_ok_and(|currency| super::takes(self.rules, method, currency))
        };
        method.currencies.iter().filter(fits).copied().collect()
    }

    /// Under the group: every active scheme and its brands. Under a scheme: its brands.
    fn brands(&self, method: &Method) -> Vec<Value> {
        let mut brands: Vec<(&str, Value)> =
            method.brands().filter_map(|it| self.brand(it)).collect();
        if method.kind == Kind::Cards {
            for scheme in self.offered.iter().filter(|it| it.kind == Kind::Card) {
                let icons = icons::urls(self.public_url, scheme.id);
                brands.push((
                    scheme.id,
                    json!({
                        "allowed_countries": [], "icon_urls": icons,
                        "id": scheme.id, "name": scheme.name,
                    }),
                ));
                brands.extend(scheme.brands().filter_map(|it| self.brand(it)));
            }
        }
        brands.sort_by_key(|(id, _)| *id);
        brands.into_iter().map(|(_, entry)| entry).collect()
    }

    /// A brand that is a choice of its own somewhere.
    fn brand(&self, brand: &'static Brand) -> Option<(&'static str, Value)> {
        if brand.countries.is_empty() {
            return None;
        }
        let entry = json!({
            "allowed_countries": brand.countries,
            "icon_urls": icons::urls(self.public_url, brand.id),
            "id": brand.id,
            "name": brand.name,
        });
        Some((brand.id, entry))
    }
}
