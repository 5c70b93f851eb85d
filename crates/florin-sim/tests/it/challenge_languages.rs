//! The challenge page in the payer's language, as the AReq says it.

use emv3ds::{Areq, Ares, Incoming, Version};
use florin_sim::SimulatorConfig;
use florin_sim::cards;

use crate::authentication::{areq, ask};
use crate::challenge::{Listener, confirm, creq, hidden, show};
use crate::world::{World, config};

/// What a browser says of its language; the page's code, title, amount, button and thanks.
const PAGES: [[&str; 6]; 19] = [
    ["ar-SA", "ar", "أكّد عملية الدفع", "\u{200f}49.95\u{a0}€", "تأكيد", "شكرًا لك"],
    ["cs-CZ", "cs", "Potvrďte platbu", "49,95\u{a0}€", "Potvrdit", "Děkujeme"],
    ["da", "da", "Bekræft din betaling", "49,95\u{a0}€", "Bekræft", "Tak"],
    ["de-AT", "de", "Bestätigen Sie Ihre Zahlung", "€\u{a0}49,95", "Bestätigen", "Vielen Dank"],
    ["en-US", "en", "Confirm your payment", "€49.95", "Confirm", "Thank you"],
    ["es-ES", "es", "Confirme su pago", "49,95\u{a0}€", "Confirmar", "Gracias"],
    ["fi", "fi", "Vahvista maksusi", "49,95\u{a0}€", "Vahvista", "Kiitos"],
    ["fr-BE", "fr", "Confirmez votre paiement", "49,95\u{a0}€", "Confirmer", "Merci"],
    ["he-IL", "he", "אישור התשלום", "\u{200f}49.95\u{a0}\u{200f}€", "אישור", "תודה"],
    ["it", "it", "Confermi il pagamento", "49,95\u{a0}€", "Conferma", "Grazie"],
    ["ja-JP", "ja", "お支払いの確認", "€49.95", "確認", "ありがとうございます"],
    ["no", "nb", "Bekreft betalingen", "49,95\u{a0}€", "Bekreft", "Takk"],
    ["nl-NL", "nl", "Bevestig je betaling", "€\u{a0}49,95", "Bevestigen", "Bedankt"],
    ["pl", "pl", "Potwierdź płatność", "49,95\u{a0}€", "Potwierdź", "Dziękujemy"],
    ["pt-PT", "pt", "Confirme o seu pagamento", "49,95\u{a0}€", "Confirmar", "Obrigado"],
    ["ru-RU", "ru", "Подтвердите платёж", "49,95\u{a0}€", "Подтвердить", "Спасибо"],
    ["sv-SE", "sv", "Bekräfta din betalning", "49,95\u{a0}€", "Bekräfta", "Tack"],
    ["tr", "tr", "Ödemenizi onaylayın", "€49,95", "Onayla", "Teşekkürler"],
    ["zh-Hans", "zh", "确认付款", "€49.95", "确认", "谢谢"],
];

/// A challenge of a payer whose browser says this.
async fn open(world: &World, listener: &Listener, change: impl FnOnce(&mut Areq)) -> Ares {
    let card = cards::by_id("visa-231").unwrap();
    let mut request = Areq { three_ds_server_url: listener.url.clone(), ..areq(card.number, "04") };
    change(&mut request);
    match ask(world, card.brand, request.to_json()).await {
        Incoming::Ares(ares) => *ares,
        other => panic!("no ARes: {other:?}"),
    }
}

fn head(code: &str) -> String {
    let direction = if matches!(code, "ar" | "he") { "rtl" } else { "ltr" };
    format!("<html lang=\"{code}\" dir=\"{direction}\">")
}

#[tokio::test]
async fn the_bank_speaks_the_language_of_the_browser_from_the_question_to_the_way_back() {
    let world = World::start().await;
    let listener = Listener::start().await;
    for [tag, code, title, amount, button, thanks] in PAGES {
        let ares = open(&world, &listener, |it| it.browser_language = Some(tag.to_owned())).await;
        let (status, page) = show(&world, &ares).await;
        assert_eq!(status, 200, "{tag}");
        assert!(page.contains(&head(code)), "{tag} {page}");
        assert!(page.contains(&format!("<h1>{title}</h1>")), "{tag} {page}");
        assert!(page.contains(&format!("<dd><bdi>{amount}</bdi></dd>")), "{tag} {page}");
        assert!(page.contains(&format!("<button type=\"submit\">{button}</button>")), "{page}");
        // What programs look for is the same in every language.
        assert_eq!(hidden(&page, "acsTransID"), ares.acs_trans_id);
        for outcome in ["Y", "A", "N", "U", "R", "cancel"] {
            assert!(page.contains(&format!("<option value=\"{outcome}\">")), "{tag} {outcome}");
        }
        assert_eq!(page.contains("Authenticated (Y)"), code == "en", "{page}");

        let (status, page) = confirm(&world, &ares, "Y").await;
        assert_eq!(status, 200, "{tag}");
        assert!(page.contains(&head(code)), "{tag} {page}");
        assert!(page.contains(&format!("<h1>{thanks}</h1>")), "{tag} {page}");
        let (_, again) = confirm(&world, &ares, "Y").await;
        assert!(again.contains(&head(code)) && !again.contains(thanks), "{tag} {again}");
        assert_eq!(again.contains("Already answered"), code == "en", "{again}");
    }
}

/// From 2.3.1 on such a browser says what it accepts instead of one language.
#[tokio::test]
async fn without_scripts_the_first_accepted_language_that_the_bank_speaks_is_spoken() {
    let world = World::start().await;
    let listener = Listener::start().await;
    for (accepted, code) in [(&["ko-KR", "ja", "en"][..], "ja"), (&["ko"], "en"), (&["nl"], "nl")] {
        let ares = open(&world, &listener, |it| {
            it.message_version = Version::V231;
            it.browser_language = None;
            it.accept_language = Some(accepted.iter().map(|&it| it.to_owned()).collect());
            it.acquirer_country_code = Some("528".to_owned());
            it.acquirer_country_code_source = Some("01".to_owned());
            it.three_ds_requestor_challenge_ind =
                Some(emv3ds::OneOrMany::Many(vec!["04".to_owned()]));
        });
        let (status, page) = show(&world, &ares.await).await;
        assert!(status == 200 && page.contains(&head(code)), "{accepted:?} {page}");
    }
}

/// Of a challenge that is not there only the browser can say what its payer reads.
#[tokio::test]
async fn what_is_no_challenge_is_answered_in_a_language_that_the_browser_accepts() {
    let world = World::start().await;
    let listener = Listener::start().await;
    let known = open(&world, &listener, |_| ()).await;
    let stranger = Ares { acs_trans_id: known.ds_trans_id.clone(), ..known };
    for (accepted, code, unknown, unreadable) in [
        ("de-AT,de;q=0.9,en;q=0.8", "de", "Nicht gefunden", "Das geht so nicht"),
        ("ko, he;q=0.5", "he", "לא נמצא", "זה לא עובד"),
        ("*", "en", "Not found", "This does not work"),
    ] {
        for (body, status, title) in [
            (format!("creq={}", creq(&stranger)), 404, unknown),
            ("creq=%%".into(), 400, unreadable),
        ] {
            let request = world
                .http
                .post(format!("{}/acs/challenge", world.base))
                .header("content-type", "application/x-www-form-urlencoded")
                .header("accept-language", accepted)
                .body(body);
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), status);
            let page = String::from_utf8(answer.bytes().await.unwrap().to_vec()).unwrap();
            assert!(page.contains(&head(code)), "{accepted} {page}");
            assert!(page.contains(&format!("<h1>{title}</h1>")), "{accepted} {page}");
        }
    }
}

#[tokio::test]
async fn an_expired_challenge_is_told_so_in_the_language_of_its_payer() {
    let short_life = SimulatorConfig { challenge_life: std::time::Duration::ZERO, ..config() };
    let world = World::start_with(short_life).await;
    let listener = Listener::start().await;
    let ares = open(&world, &listener, |it| it.browser_language = Some("pl".to_owned())).await;
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    for (status, page) in [show(&world, &ares).await, confirm(&world, &ares, "Y").await] {
        assert!(status == 410 && page.contains(&head("pl")), "{page}");
        assert!(page.contains("<h1>Za późno</h1>"), "{page}");
    }
}
