//! The page of a provider speaks the payer's language.

use serde_json::json;

use crate::hosted_page::away;
use crate::payer::Led;
use crate::provider_page::method_form;
use crate::world::World;

/// What the page says over itself, and how it writes what is to be paid, in each language.
const TITLES: [(&str, &str, &str, &str); 19] = [
    ("ar_AE", "ar", "الدفع عبر PayPal", "\u{200f}25.99\u{a0}€"),
    ("cs_CZ", "cs", "Zaplatit přes PayPal", "25,99\u{a0}€"),
    ("da_DK", "da", "Betal med PayPal", "25,99\u{a0}€"),
    ("de_DE", "de", "Mit PayPal bezahlen", "25,99\u{a0}€"),
    ("en_US", "en", "Pay with PayPal", "€25.99"),
    ("es_ES", "es", "Pagar con PayPal", "25,99\u{a0}€"),
    ("fi_FI", "fi", "Maksa: PayPal", "25,99\u{a0}€"),
    ("fr_FR", "fr", "Payer avec PayPal", "25,99\u{a0}€"),
    ("he_IL", "he", "תשלום באמצעות PayPal", "\u{200f}25.99\u{a0}\u{200f}€"),
    ("it_IT", "it", "Paga con PayPal", "25,99\u{a0}€"),
    ("ja_JP", "ja", "PayPalで支払う", "€25.99"),
    ("no_NO", "nb", "Betal med PayPal", "25,99\u{a0}€"),
    ("nl_NL", "nl", "Betalen met PayPal", "€\u{a0}25,99"),
    ("pl_PL", "pl", "Zapłać przez PayPal", "25,99\u{a0}€"),
    ("pt_PT", "pt", "Pagar com PayPal", "25,99\u{a0}€"),
    ("ru_RU", "ru", "Оплата через PayPal", "25,99\u{a0}€"),
    ("sv_SE", "sv", "Betala med PayPal", "25,99\u{a0}€"),
    ("tr_TR", "tr", "PayPal ile öde", "€25,99"),
    ("zh_CN", "zh", "使用 PayPal 付款", "€25.99"),
];

#[tokio::test]
async fn a_provider_speaks_the_language_of_the_order() {
    let world = World::sqlite().await;
    for (locale, code, title, amount) in TITLES {
        let mut order = world.order_by(locale, "PAYPAL");
        order["customer"]["locale"] = json!(locale);
        let form = world.provider_form(&world.provider_of(&order).await).await;
        let direction = if matches!(code, "ar" | "he") { "rtl" } else { "ltr" };
        let head = format!("<html lang=\"{code}\" dir=\"{direction}\">");
        assert!(form.html.contains(&head), "{locale} {}", form.html);
        assert!(form.html.contains(&format!("<h1>{title}</h1>")), "{locale} {}", form.html);
        assert!(form.html.contains(&format!(">{amount}</bdi></dd>")), "{locale} {}", form.html);
        let is_english = form.html.contains("No money moves here");
        assert_eq!(is_english, code == "en", "{}", form.html);
    }
}

#[tokio::test]
async fn a_provider_speaks_the_language_that_the_payer_chose_on_the_page() {
    let world = World::sqlite().await;
    let mut order = world.offered("order");
    order.as_object_mut().unwrap().remove("gateway");
    let page = world.offer(&order).await;
    let list = url::Url::parse(&page).unwrap().join("methods?lang=it_IT").unwrap();
    let Led::Page { html, url, .. } = world.open(list.as_str()).await else { panic!("no list") };
    let mut form = method_form(&html, &url);
    form.fields.retain(|(name, _)| name != "method");
    form.fields.push(("method".to_owned(), "BOEKENBON".to_owned()));
    let provider = away(world.open(&away(world.submit(&form).await)).await);
    let gift_card = world.provider_form(&provider).await;
    for text in ["<html lang=\"it\"", "Saldo della carta regalo", "Metà: ", ">Conferma<"] {
        assert!(gift_card.html.contains(text), "{text} {}", gift_card.html);
    }
    // What is refused is refused in it as well.
    let mut wrong = gift_card.choosing("typed_balance");
    wrong.fields.retain(|(name, _)| name != "balance");
    wrong.fields.push(("balance".to_owned(), "1,50".to_owned()));
    let led = world.submit(&wrong).await;
    let Led::Page { status: 422, html, .. } = led else { panic!("not refused: {led:?}") };
    assert!(html.contains("<html lang=\"it\"") && html.contains("Un saldo è un numero"), "{html}");
    assert!(html.contains("<strong>Fornitore di prova</strong>"), "{html}");
}

#[tokio::test]
async fn a_transfer_says_where_to_pay() {
    let world = World::sqlite().await;
    let page = world.provider_of(&world.order_by("transfer", "BANKTRANS")).await;
    let form = world.provider_form(&page).await;
    let reference = world.get("transfer").await["payment_details"]["reference"].clone();
    let reference = reference.as_str().unwrap().to_owned();
    for (name, value) in [
        ("Overmaken naar", "NL91ABNA0417164300"),
        ("Op naam van", "Test provider"),
        ("Betalingskenmerk", reference.as_str()),
    ] {
        let row = format!("<dt>{name}</dt><dd><bdi>{value}</bdi></dd>");
        assert!(form.html.contains(&row), "{row} {}", form.html);
    }
    let other = world.provider_of(&world.order_by("wallet", "PAYPAL")).await;
    let html = world.provider_form(&other).await.html;
    assert!(!html.contains("Overmaken naar"), "{html}");
}

#[tokio::test]
async fn a_payment_that_nobody_knows_is_answered_in_the_language_of_the_browser() {
    let world = World::sqlite().await;
    let page = world.provider_of(&world.order_by("order", "PAYPAL")).await;
    let nowhere = format!("{}nobody", &page[..=page.rfind('/').unwrap()]);
    for (accepted, text) in [
        ("de-AT,de;q=0.9,en;q=0.8", "Nicht gefunden"),
        ("ja", "見つかりません"),
        ("<script>", "Not found"),
    ] {
        let asked = world.http.get(&nowhere).header("accept-language", accepted);
        let answer = asked.send().await.unwrap();
        assert_eq!(answer.status(), 404);
        let html = answer.text().await.unwrap();
        assert!(html.contains(&format!("<h1>{text}</h1>")), "{accepted} {html}");
    }
}

/// Any text may be a locale in the contract; none of it is shown.
#[tokio::test]
async fn a_locale_cannot_bring_markup_to_the_page() {
    let world = World::sqlite().await;
    let mut order = world.order_by("order", "PAYPAL");
    order["customer"]["locale"] = json!("nl\"><script>");
    let form = world.provider_form(&world.provider_of(&order).await).await;
    assert!(!form.html.contains("<script"), "{}", form.html);
}
