//! What a site sells with: `GET /gateways`, `/payment-methods`, `/issuers`, `/categories`, and who
//! is asking: `/me`, `/auth/api_token`.

mod categories;
mod described;
pub(crate) mod icons;
mod methods;

use florin_core::card::Brand;
use florin_core::country::Country;
use florin_core::method::{Ability, Kind, Method};
use florin_core::money::Currency;
use serde_json::{Value, json};

pub(crate) use described::operations;

use super::Answer;
use super::contract::rules::brand_takes;
use super::contract::{ApiError, SiteRules, canonical, scalars};
use super::orders::site_rules;
use super::query::Query;
use crate::gateway::Gateway;
use crate::gateway::directory::Caller;
use crate::gateway::site::Site;

/// Answers a call of the catalogue; `None` where the path is not of it.
pub(super) fn answer(
    gateway: &Gateway,
    caller: &Caller,
    path: &[&str],
    query: &Query,
) -> Option<Result<Answer, Answer>> {
    let site = &*caller.site;
    let found = match path {
        ["gateways"] => gateways(site, query),
        ["gateways", id] => gateway_of(site, id, query),
        ["payment-methods"] => payment_methods(gateway, site, query),
        ["payment-methods", id] => payment_method(gateway, site, id, query),
        ["issuers", id] => issuers(site, id),
        ["categories"] => Ok(categories::list(&query.language())),
        ["me"] => Ok(json!({
            "account_id": site.account_id, "role": "merchant", "site_id": site.id,
        })),
        ["auth", "api_token"] => Ok(json!({ "api_token": gateway.issue_api_token(site) })),
        _ => return None,
    };
    Some(found.map(|data| success(&data)).map_err(Answer::from))
}

/// The envelope of a success.
pub(super) fn success(data: &Value) -> Answer {
    Answer::ok(canonical::to_vec(&json!({ "success": true, "data": data })))
}

/// The methods that the site has switched on, in the sequence of the table. `CREDITCARD` is there
/// only beside a scheme.
fn offered(site: &Site) -> Vec<&'static Method> {
    let settings = &site.settings;
    let listed = |method: &Method| {
        let mut names = settings.gateways.iter().filter_map(|name| Method::find(name));
        names.any(|it| it.id == method.id)
    };
    let any_scheme = Method::all().iter().any(|it| it.kind == Kind::Card && listed(it));
    let is_offered = |method: &&Method| match method.kind {
        Kind::Cards => any_scheme && listed(method),
        Kind::Card => listed(method),
        // Only a test platform can play them.
        _ => site.plays_other_methods(),
    };
    Method::all().iter().filter(is_offered).collect()
}

/// What a list is narrowed down to.
struct Filter {
    country: Option<String>,
    currency: Option<Currency>,
    amount: Option<i64>,
}

impl Filter {
    fn read(query: &Query) -> Result<Filter, ApiError> {
        let country = query.one("country").map(str::to_ascii_uppercase);
        if country.as_ref().is_some_and(|it| Country::parse(it).is_err()) {
            return Err(ApiError::invalid_country());
        }
        let currency = query.one("currency").map(|it| Currency::parse(&it.to_ascii_uppercase()));
        let currency = currency.transpose().map_err(|_| ApiError::invalid_currency())?;
        let amount = match query.one("amount").map(scalars::whole) {
            Some(None | Some(i64::MIN..0)) => return Err(ApiError::invalid_amount()),
            Some(amount) => amount,
            None => None,
        };
        Ok(Filter { country, currency, amount })
    }

    fn lets_pass(&self, rules: &SiteRules, method: &Method) -> bool {
        let in_country = self.country.as_ref().is_none_or(|it| method.serves_country(it));
        let in_currency = self.currency.is_none_or(|it| takes(rules, method, it));
        let within = match (self.amount, amount_max(rules, method, self.currency)) {
            (Some(amount), Some(max)) => amount <= max,
            _ => true,
        };
        in_country && in_currency && within
    }
}

fn takes(rules: &SiteRules, method: &Method, currency: Currency) -> bool {
    if !method.is_card() {
        return method.takes_currency(currency.code());
    }
    let brand = Brand::from_gateway(method.id);
    rules.takes(currency) && brand.is_none_or(|brand| brand_takes(brand, currency))
}

/// The largest amount of a payment. `None` where nobody can say: limits of cards differ by
/// currency, and none was named.
fn amount_max(rules: &SiteRules, method: &Method, currency: Option<Currency>) -> Option<i64> {
    let only = match rules.currencies.as_slice() {
        [only] => Some(*only),
        _ => None,
    };
    let currency = currency.or(only)?;
    method.is_card().then(|| rules.amount_max(currency))
}

fn gateways(site: &Site, query: &Query) -> Result<Value, ApiError> {
    let (rules, filter) = (site_rules(site), Filter::read(query)?);
    let coupons = query.all("include").any(|it| it.eq_ignore_ascii_case("coupons"));
    let mut first_coupon = true;
    let mut listed = Vec::new();
    for method in offered(site).into_iter().filter(|it| filter.lets_pass(&rules, it)) {
        // Of the gift cards one stands for all, unless they are asked for.
        let is_coupon = method.kind == Kind::GiftCard;
        if is_coupon && !coupons && !std::mem::take(&mut first_coupon) {
            continue;
        }
        listed.push(gateway_entry(method, &query.language()));
    }
    Ok(Value::Array(listed))
}

fn gateway_entry(method: &Method, language: &str) -> Value {
    let mut entry = json!({ "id": method.id, "description": methods::name(method, language) });
    if method.kind == Kind::GiftCard {
        entry["type"] = json!(method.contract_type());
    }
    entry
}

/// The method with this id if the site offers it and it passes the filters.
fn find(site: &Site, id: &str, filter: &Filter) -> Result<&'static Method, ApiError> {
    let rules = site_rules(site);
    let asked = Method::find(id).filter(|it| filter.lets_pass(&rules, it));
    asked
        .filter(|asked| offered(site).iter().any(|it| it.id == asked.id))
        .ok_or_else(no_such_gateway)
}

fn no_such_gateway() -> ApiError {
    ApiError::new(404, 1023, "Gateway unavailable")
}

fn gateway_of(site: &Site, id: &str, query: &Query) -> Result<Value, ApiError> {
    let method = find(site, id, &Filter::read(query)?)?;
    Ok(gateway_entry(method, &query.language()))
}

fn payment_methods(gateway: &Gateway, site: &Site, query: &Query) -> Result<Value, ApiError> {
    let (rules, filter) = (site_rules(site), Filter::read(query)?);
    let (grouped, coupons) = (query.flag("group_cards"), query.flag("include_coupons"));
    let kinds: Vec<&str> = query.all("type").collect();
    let offered = offered(site);
    let is_shown = |method: &&&'static Method| {
        let by_kind = match method.kind {
            Kind::Cards => grouped,
            Kind::Card => !grouped,
            // Asking for the type asks for them as well.
            Kind::GiftCard => coupons || !kinds.is_empty(),
            _ => true,
        };
        let of_type = kinds.is_empty()
            || kinds.iter().any(|it| it.eq_ignore_ascii_case(method.contract_type()));
        by_kind && of_type && filter.lets_pass(&rules, method)
    };
    let view = methods::View {
        public_url: &gateway.public_url,
        rules: &rules,
        offered: &offered,
        currency: filter.currency,
        language: &query.language(),
    };
    Ok(offered.iter().filter(is_shown).map(|method| view.entry(method)).collect())
}

fn payment_method(
    gateway: &Gateway,
    site: &Site,
    id: &str,
    query: &Query,
) -> Result<Value, ApiError> {
    let filter = Filter::read(query)?;
    let method = find(site, id, &filter)?;
    let (rules, offered) = (site_rules(site), offered(site));
    let view = methods::View {
        public_url: &gateway.public_url,
        rules: &rules,
        offered: &offered,
        currency: filter.currency,
        language: &query.language(),
    };
    Ok(view.entry(method))
}

/// The banks of a method. Only a test platform that plays it has any.
fn issuers(site: &Site, id: &str) -> Result<Value, ApiError> {
    let method = Method::find(id).ok_or_else(no_such_gateway)?;
    let plays = offered(site).iter().any(|it| it.id == method.id);
    if !plays || !method.can(Ability::Issuers) {
        return Ok(json!([]));
    }
    Ok(json!([
        { "code": "9001", "description": "Test bank one" },
        { "code": "9002", "description": "Test bank two" },
    ]))
}
