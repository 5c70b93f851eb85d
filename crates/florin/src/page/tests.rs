//! What must hold for the pages as a whole.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use florin_core::card::Brand;
use florin_core::money::{Currency, Money};
use florin_locale::Language;
use http_body_util::BodyExt;

use super::words::words_in;
use super::*;
use crate::connect::view::{
    CardPageView, CartLine, ClosePageView, EndKind, EndPageView, Fault, Field, FormError,
    LanguageLink, PaidInPart, Shop, StoredCardView, StoredFor, WayBack, WayBackTo,
};

/// Bytes of a page with all that it loads (a shop's logo is the shop's).
const FIRST_PAINT_BYTES_MAX: usize = 50_000;

fn money(minor: i64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap())
}

/// A page with everything on it, and `text` wherever a shop or a payer has a say.
fn full(text: &str, locale: &str) -> CardPageView {
    CardPageView {
        locale: locale.to_owned(),
        shop: Shop {
            name: text.to_owned(),
            city: text.to_owned(),
            country: text.to_owned(),
            logo_url: Some(format!("https://shop.example/{text}")),
            hidden: Vec::new(),
            colours: vec![("buttons.primary.background".to_owned(), text.to_owned())],
        },
        amount: money(123_450),
        paid: Some(PaidInPart { total: money(200_000), parts: vec![("Boekenbon", money(76_550))] }),
        description: text.to_owned(),
        cart: vec![CartLine {
            name: text.to_owned(),
            quantity: text.to_owned(),
            unit_price: text.to_owned(),
            tax_percent: Some(text.to_owned()),
            total: Some(money(-1000)),
        }],
        brands: vec![Brand::Visa, Brand::Mastercard, Brand::Maestro, Brand::Amex],
        form_action: format!("pay?{text}"),
        cancel_action: format!("cancel?{text}"),
        csrf: text.to_owned(),
        form_number: text.to_owned(),
        languages: Language::ALL
            .into_iter()
            .map(|it| LanguageLink {
                language: it,
                href: format!("?lang={}{text}", it.code()),
                current: it.code() == locale,
            })
            .collect(),
        error: None,
        holder: Some(text.to_owned()),
        other_methods: Some(format!("methods?{text}")),
        stores_card: Some(StoredFor::Subscription),
        stored_cards: vec![StoredCardView {
            id: text.to_owned(),
            brand: Brand::Visa,
            last4: text.to_owned(),
            expiry: text.to_owned(),
            asks_cvc: true,
            chosen: true,
        }],
        expires_at: 0,
        test_mode: true,
        browser_fields: true,
        leads_to_http: false,
    }
}

fn secure() -> Surroundings {
    Surroundings { secure: true, framed_by: Vec::new() }
}

pub(super) async fn html(answer: Response<Body>) -> String {
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

/// Pages of every kind, the fullest one first.
pub(super) fn every_page(around: &Surroundings) -> Vec<(&'static str, Response<Body>)> {
    let mut view = full("Shop & Söhne", "en");
    view.form_action = "pay?lang=en".to_owned();
    view.shop.colours = vec![
        ("buttons.primary.background".to_owned(), "#123456".to_owned()),
        ("payment_form.background".to_owned(), "#eeeeee".to_owned()),
        ("body.text".to_owned(), "navy".to_owned()),
    ];
    let mut pages = vec![("card", card_page(&view, StatusCode::OK, around))];
    for language in Language::ALL {
        let mut plain = full("Shop", language.code());
        plain.shop.colours.clear();
        plain.form_action = "pay".to_owned();
        plain.error = Some(FormError::Fields(vec![(Field::Expiry, Fault::Expired)]));
        pages.push((language.code(), card_page(&plain, StatusCode::OK, around)));
    }
    let ways_back = vec![
        WayBack { href: "./?lang=nl".to_owned(), to: WayBackTo::Form },
        WayBack { href: "https://shop.example/?a=1&b=2".to_owned(), to: WayBackTo::Shop },
    ];
    let end = EndPageView {
        locale: "nl".to_owned(),
        shop: Some(view.shop),
        kind: EndKind::Waiting,
        ways_back,
        test_mode: true,
    };
    pages.push(("end", end_page(&end, StatusCode::GONE, around)));
    let close = ClosePageView { locale: String::new(), target: "https://shop.example/".to_owned() };
    pages.push(("close", close_page(&close, around)));
    let words = words_in(Language::English);
    for (name, script) in [("verify", VERIFY), ("submit", SUBMIT), ("method", METHOD_DONE)] {
        let step = Step {
            script,
            form: Some(Form {
                action: "https://acs.example/challenge".to_owned(),
                fields: vec![("creq", "eyJ".to_owned())],
                button: words.continue_button,
            }),
            method: Some(Method { url: "https://acs.example/m".to_owned(), data: "e".to_owned() }),
            ..Step::new(words, words.verify_title, words.verify_text)
        };
        pages.push((name, step.answer(StatusCode::OK, around)));
    }
    pages
}

async fn card(view: &CardPageView) -> String {
    html(card_page(view, StatusCode::OK, &secure())).await
}

#[tokio::test]
async fn the_first_paint_is_small_in_every_language() {
    for language in Language::ALL {
        let mut view = full("A shop & a half", language.code());
        view.error = Some(FormError::Fields(vec![
            (Field::Number, Fault::BrandNotAccepted),
            (Field::Holder, Fault::Missing),
            (Field::Expiry, Fault::Malformed),
            (Field::Cvc, Fault::Missing),
        ]));
        let page = card(&view).await;
        let bytes = page.len() + assets::SHEET.content.len() + assets::SCRIPT.content.len();
        assert!(bytes < FIRST_PAINT_BYTES_MAX, "{}: {bytes}", language.code());
        for asset in [&*assets::SHEET, &*assets::SCRIPT] {
            assert!(page.contains(&asset.path) && page.contains(&asset.integrity));
        }
        assert_eq!(page.matches(" src=").count() + page.matches("<link ").count(), 3);
        let start = format!("<html lang=\"{}\" dir=\"{}\">", language.code(), language.direction());
        assert!(page.contains(&start), "{}", language.code());
    }
}

#[tokio::test]
async fn no_text_of_a_shop_or_a_payer_is_markup() {
    for nasty in [
        "\"><script>alert(1)</script>",
        "'><img src=x onerror=alert(1)>",
        "</style><svg onload=alert(1)>",
        "{{7*7}}${7*7}",
    ] {
        for error in [FormError::Declined, FormError::Fields(vec![(Field::Number, Fault::Missing)])]
        {
            let mut view = full(nasty, nasty);
            view.error = Some(error);
            let page = card(&view).await;
            for mark in ["<script>", "<img src=x", "<svg onload", "</style><svg", "49"] {
                assert!(!page.contains(mark), "{nasty} became {mark}");
            }
        }
        let end = EndPageView {
            locale: nasty.to_owned(),
            shop: Some(full(nasty, "en").shop),
            kind: EndKind::Expired,
            ways_back: vec![WayBack {
                href: format!("https://a.example/{nasty}"),
                to: WayBackTo::Shop,
            }],
            test_mode: true,
        };
        let page = html(end_page(&end, StatusCode::GONE, &secure())).await;
        assert!(!page.contains("<script>") && !page.contains("<img src=x"), "{page}");
    }
}

#[tokio::test]
async fn each_fault_is_told_above_the_form_and_beside_its_field() {
    let mut view = full("Shop", "en");
    let faults = [
        (Field::Number, Fault::Missing),
        (Field::Number, Fault::Malformed),
        (Field::Number, Fault::BrandNotAccepted),
        (Field::Holder, Fault::Missing),
        (Field::Expiry, Fault::Missing),
        (Field::Expiry, Fault::Malformed),
        (Field::Expiry, Fault::Expired),
        (Field::Cvc, Fault::Missing),
        (Field::Cvc, Fault::Malformed),
    ];
    let mut texts = std::collections::HashSet::new();
    for (field, fault) in faults {
        view.error = Some(FormError::Fields(vec![(field, fault)]));
        let page = card(&view).await;
        let link = page.split("<li><a href=\"#").nth(1).expect("the fault is listed");
        let (id, text) = link.split_once("\">").unwrap();
        let text = text.split('<').next().unwrap();
        assert!(page.contains(&format!("id=\"{id}-fault\">{text}</p>")), "{field:?} {fault:?}");
        assert_eq!(page.matches("aria-invalid=\"true\"").count(), 1);
        assert!(texts.insert(text.to_owned()), "{text} says two things");
    }
    view.error = None;
    assert!(!card(&view).await.contains("aria-invalid=\"true\""));
}

#[tokio::test]
async fn the_payer_sees_who_is_paid_how_much_and_what_for() {
    let mut view = full("Bike & Co", "nl_NL");
    view.shop.city = "Utrecht".to_owned();
    view.shop.country = "NL".to_owned();
    view.cart[0].quantity = "2".to_owned();
    view.cart[0].unit_price = "413.22".to_owned();
    view.cart[0].tax_percent = Some("21".to_owned());
    let page = card(&view).await;
    for part in [
        "Bike &#38; Co",
        "Utrecht, NL",
        "€\u{a0}1.234,50 betalen",
        "2 × €\u{a0}413,22 + btw 21%",
        "€\u{a0}-10,00",
        "schrijft er je abonnement van af",
        "Testmodus",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    for token in ["cc-number", "cc-name", "cc-exp", "cc-csc"] {
        assert_eq!(page.matches(&format!("autocomplete=\"{token}\"")).count(), 1);
    }
}

#[tokio::test]
async fn what_the_site_hides_is_not_there() {
    let mut view = full("Shop", "en");
    let shown = card(&view).await;
    view.shop.hidden =
        ["hide_logo", "hide_flags", "hide_btn_cancel", "hide_cc_logos"].map(str::to_owned).to_vec();
    let hidden = card(&view).await;
    for part in ["class=\"logo\"", "class=\"languages\"", "class=\"leave\"", "<span data-brand="] {
        assert!(shown.contains(part) && !hidden.contains(part), "{part}");
    }
}

#[test]
fn pages_tell_the_browser_to_do_nothing_else() {
    let mut view = full("Shop", "en");
    view.shop.colours = vec![("buttons.primary.background".to_owned(), "#123456".to_owned())];
    let answer = card_page(&view, StatusCode::OK, &secure());
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    for (name, value) in headers::FIXED {
        assert_eq!(header(name), value);
    }
    let policy = header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self' 'sha256-"));
    assert!(policy.contains("img-src https://shop.example;"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
}

#[tokio::test]
async fn every_end_has_words_of_its_own_in_every_language() {
    for language in Language::ALL {
        let mut titles = std::collections::HashSet::new();
        for kind in [
            EndKind::Expired,
            EndKind::Cancelled,
            EndKind::GivenUp,
            EndKind::Paid,
            EndKind::PaidElsewhere,
            EndKind::Declined,
            EndKind::TooManyOpenings,
            EndKind::Unknown,
            EndKind::FormRefused,
            EndKind::Waiting,
            EndKind::Trouble,
        ] {
            let view = EndPageView {
                locale: language.code().to_owned(),
                shop: None,
                kind,
                ways_back: Vec::new(),
                test_mode: false,
            };
            let page = html(end_page(&view, StatusCode::OK, &secure())).await;
            assert_eq!(page.contains("http-equiv=\"refresh\""), kind == EndKind::Waiting);
            let title = page.split("<h1>").nth(1).unwrap().split("</h1>").next().unwrap();
            assert!(titles.insert(title.to_owned()), "{} {kind:?}: {title}", language.code());
        }
    }
}

/// What a foreign crate counts: the style sheet and the script are what their integrity says.
#[tokio::test]
async fn files_are_served_as_they_are_named_and_for_good() {
    use tower::ServiceExt as _;
    for asset in [&*assets::SHEET, &*assets::SCRIPT] {
        let request = axum::http::Request::get(&asset.path).body(Body::empty()).unwrap();
        let answer = routes().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(answer.headers()["cache-control"].to_str().unwrap().contains("immutable"));
        assert_eq!(html(answer).await, asset.content);
    }
    let other = axum::http::Request::get("/static/page/0000.css").body(Body::empty()).unwrap();
    assert_eq!(routes().oneshot(other).await.unwrap().status(), StatusCode::NOT_FOUND);
}
