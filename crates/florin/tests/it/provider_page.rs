//! The page of a provider, as a payer without scripts uses it, and orders that lead there.

use serde_json::{Value, json};

use crate::payer::{Form, Led, form_of};
use crate::world::{World, eventually};

/// The form of a provider's page: its choices besides.
pub(crate) struct ProviderForm {
    form: Form,
    pub(crate) scenarios: Vec<String>,
    pub(crate) issuers: Vec<String>,
    pub(crate) html: String,
}

impl World {
    /// A direct order that names a method, with all that providers may want to know.
    pub(crate) fn order_by(&self, order_id: &str, method: &str) -> Value {
        let mut order = self.order(order_id, crate::world::VISA);
        order["gateway"] = json!(method);
        order.as_object_mut().unwrap().remove("gateway_info");
        order["shopping_cart"] = json!({ "items": [{
            "name": "Tea", "unit_price": 25.99, "quantity": 1, "merchant_item_id": "tea",
            "tax_table_selector": "none",
        }] });
        order["checkout_options"] = json!({ "tax_tables": {
            "default": { "rate": 0 },
            "alternate": [{ "name": "none", "rules": [{ "rate": 0 }] }],
        } });
        order
    }

    /// Creates it and returns the address of the provider's page.
    pub(crate) async fn provider_of(&self, order: &Value) -> String {
        let (status, answer) = self.create(order).await;
        assert_eq!(status, 200, "{order} {answer}");
        let data = &answer["data"];
        if order["type"] == "direct" {
            assert_eq!(data["status"], "initialized", "{data}");
        }
        let url = data["payment_url"].as_str().unwrap();
        match self.open(url).await {
            // Direct: at once.
            Led::Away(url) => url,
            // On a page: the payer goes on.
            Led::Page { status: 200, html, url } => {
                let form = method_form(&html, &url);
                let Led::Away(way) = self.submit(&form).await else { panic!("not sent on") };
                let Led::Away(url) = self.open(&way).await else { panic!("no provider: {way}") };
                url
            }
            led => panic!("no way to the provider: {led:?}"),
        }
    }

    pub(crate) async fn provider_form(&self, url: &str) -> ProviderForm {
        let led = self.open(url).await;
        let Led::Page { status: 200, html, url } = led else { panic!("no form: {led:?}") };
        assert!(url.path().contains("/methods/pay/"), "{url}");
        let options = |name: &str| {
            let select = html.split(&format!("<select id=\"{name}\"")).nth(1);
            let select = select.and_then(|it| it.split("</select>").next()).unwrap_or_default();
            let values = select.split("<option value=\"").skip(1);
            values.map(|it| it.split('"').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let (scenarios, issuers) = (options("scenario"), options("issuer"));
        ProviderForm { form: form_of(&html, &url).unwrap(), scenarios, issuers, html }
    }

    /// Chooses how the payment ends, and goes on until the shop or the page; returns where.
    pub(crate) async fn choose(&self, form: &ProviderForm, scenario: &str) -> String {
        let led = self.submit(&form.choosing(scenario)).await;
        let Led::Away(mut url) = led else { panic!("not sent back: {led:?}") };
        for _ in 0..5 {
            if !url.starts_with(&self.base) || url.contains("/connect/") {
                return url;
            }
            let led = self.open(&url).await;
            let Led::Away(next) = led else { panic!("stuck at {url}: {led:?}") };
            url = next;
        }
        panic!("the way does not end: {url}")
    }

    /// Makes an order and ends it.
    pub(crate) async fn ends(&self, order: &Value, scenario: &str) -> String {
        let url = self.provider_of(order).await;
        let form = self.provider_form(&url).await;
        self.choose(&form, scenario).await
    }

    /// The status of an order and of its money.
    pub(crate) async fn statuses(&self, id: &str) -> (String, String) {
        let order = self.get(id).await;
        let text = |name: &str| order[name].as_str().unwrap_or("none").to_owned();
        (text("status"), text("financial_status"))
    }

    /// Waits until the statuses are these.
    pub(crate) async fn rests(&self, id: &str, status: &str, financial: &str) {
        let wanted = (status.to_owned(), financial.to_owned());
        let what = format!("{id} is {wanted:?}");
        eventually(&what, async || self.statuses(id).await == wanted).await;
    }
}

impl ProviderForm {
    pub(crate) fn choosing(&self, scenario: &str) -> Form {
        let mut fields = self.form.fields.clone();
        fields.push(("scenario".to_owned(), scenario.to_owned()));
        fields.extend(self.issuers.first().map(|code| ("issuer".to_owned(), code.clone())));
        Form { action: self.form.action.clone(), post: true, fields, is_challenge: false }
    }
}

/// The form with the methods of a hosted page; the first is chosen.
pub(crate) fn method_form(html: &str, url: &url::Url) -> Form {
    let start = html.find("<form id=\"methods\"").unwrap_or_else(|| panic!("no methods: {html}"));
    let end = start + html[start..].find("</form>").unwrap() + "</form>".len();
    let mut form = form_of(&html[start..end], url).unwrap();
    let mut seen = false;
    form.fields.retain(|(name, _)| name != "method" || !std::mem::replace(&mut seen, true));
    form
}
