//! The payer's bank speaks the payer's own language: what the browser says, else the order.

use serde_json::{Value, json};

use crate::hosted_page::{away, typed};
use crate::payer::{Led, form_of};
use crate::world::{CHALLENGED, World};

impl World {
    /// From here on payers come with a browser that accepts these languages.
    fn payers_accept(&mut self, languages: &'static str) {
        let mut headers = reqwest::header::HeaderMap::new();
        headers.insert("accept-language", languages.parse().unwrap());
        self.http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .default_headers(headers)
            .build()
            .unwrap();
    }

    /// The page of the bank behind a link.
    async fn page_of_the_bank(&self, link: &str) -> String {
        let mut led = self.open(link).await;
        for _ in 0..6 {
            let Led::Page { html, url, .. } = &led else { panic!("no challenge: {led:?}") };
            let form = form_of(html, url).unwrap_or_else(|| panic!("no form: {html}"));
            if form.is_challenge {
                return html.clone();
            }
            led = self.submit(&form).await;
        }
        panic!("the way does not end: {led:?}")
    }

    async fn challenged_link(&self, order: &Value) -> String {
        let (_, answer) = self.create(order).await;
        assert_eq!(answer["data"]["status"], "initialized", "{answer}");
        answer["data"]["payment_url"].as_str().unwrap().to_owned()
    }
}

#[track_caller]
fn speaks(html: &str, code: &str, title: &str, amount: &str) {
    assert!(html.contains(&format!("<html lang=\"{code}\"")), "{html}");
    assert!(html.contains(&format!("<h1>{title}</h1>")), "{html}");
    assert!(html.contains(&format!(">{amount}</bdi></dd>")), "{html}");
}

#[tokio::test]
async fn after_the_payment_page_the_bank_speaks_the_language_of_the_browser() {
    let mut world = World::sqlite().await;
    world.payers_accept("ja,en;q=0.5");
    let link = world.offer(&world.offered("silent")).await;
    let form = world.card_form(&link).await;
    let bank = away(world.pay(&form, CHALLENGED).await);
    let html = world.page_of_the_bank(&bank).await;
    speaks(&html, "ja", "お支払いの確認", "€25.99");

    // A script tells what the browser itself is set to.
    let link = world.offer(&world.offered("scripts")).await;
    let mut form = typed(&world.card_form(&link).await, CHALLENGED);
    for (name, told) in [
        ("browser_javascript", "1"),
        ("browser_java", "0"),
        ("browser_language", "it-IT"),
        ("browser_color_depth", "24"),
        ("browser_screen_width", "390"),
        ("browser_screen_height", "844"),
        ("browser_time_zone", "-60"),
    ] {
        let field = form.fields.iter_mut().find(|(it, _)| it == name);
        told.clone_into(&mut field.unwrap_or_else(|| panic!("no {name}")).1);
    }
    let bank = away(world.submit(&form).await);
    let html = world.page_of_the_bank(&bank).await;
    speaks(&html, "it", "Confermi il pagamento", "25,99\u{a0}€");
}

#[tokio::test]
async fn after_a_direct_order_the_bank_speaks_the_language_of_the_browser() {
    let mut world = World::sqlite().await;
    let link = world.challenged_link(&world.order("nobody-says", CHALLENGED)).await;
    speaks(&world.page_of_the_bank(&link).await, "nl", "Bevestig je betaling", "€\u{a0}25,99");
    world.payers_accept("fr-CH, fr;q=0.9");
    let link = world.challenged_link(&world.order("browser", CHALLENGED)).await;
    let html = world.page_of_the_bank(&link).await;
    speaks(&html, "fr", "Confirmez votre paiement", "25.99\u{a0}€");
}

/// All languages of the pages are languages of orders, not only those of mails.
#[tokio::test]
async fn where_the_browser_says_nothing_the_bank_speaks_the_language_of_the_order() {
    let world = World::sqlite().await;
    for (locale, code, title, amount) in [
        ("he_IL", "he", "אישור התשלום", "\u{200f}25.99\u{a0}\u{200f}€"),
        ("pt_PT", "pt", "Confirme o seu pagamento", "25,99\u{a0}€"),
        ("de_DE_formal", "de", "Bestätigen Sie Ihre Zahlung", "25,99\u{a0}€"),
        ("ko_KR", "en", "Confirm your payment", "€25.99"),
    ] {
        let mut order = world.order(locale, CHALLENGED);
        order["customer"]["locale"] = json!(locale);
        let link = world.challenged_link(&order).await;
        let Led::Page { html, .. } = world.open(&link).await else { panic!("{locale}") };
        assert!(html.contains(&format!("<html lang=\"{code}\"")), "{locale} {html}");
        speaks(&world.page_of_the_bank(&link).await, code, title, amount);
    }
}

/// The order is in Dutch; its payer has chosen another language on the page.
#[tokio::test]
async fn who_has_chosen_a_language_on_the_page_keeps_it_to_the_end() {
    let world = World::sqlite().await;
    let link = world.offer(&world.offered("chosen")).await;
    let link = link.replace("lang=nl_NL", "lang=pl");
    assert!(link.contains("lang=pl"), "{link}");
    let form = world.card_form(&link).await;
    let ours = away(world.pay(&form, CHALLENGED).await);
    let Led::Page { html, .. } = world.open(&ours).await else { panic!("no page of ours") };
    assert!(html.contains("<html lang=\"pl\""), "{html}");
    let bank = world.page_of_the_bank(&ours).await;
    speaks(&bank, "pl", "Potwierdź płatność", "25,99\u{a0}€");
    // And back on the form, should the bank say no.
    let mut challenge = world.walk_to_challenge(&ours).await;
    challenge.choose("N");
    let html = world.back_on_the_form(challenge).await;
    assert!(html.contains("<html lang=\"pl\""), "{html}");
    // What the shop is told of the order's page stays as it was.
    let shown = world.get("chosen").await;
    assert_eq!(shown["customer"]["locale"], "nl_NL");
}
