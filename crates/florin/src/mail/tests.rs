//! Every default mail in every language, and what settings and messages refuse.

use super::kind::{Kind, Language};
use super::layout::default_template;
use super::message::{Outgoing, parse_address};
use super::settings::{MailSettings, OwnTemplate};
use super::template::{Template, Value, Values, escaped};

/// What a real order fills in.
fn values(language: Language) -> Values {
    let amount = super::format::amount(
        florin_core::money::Money::new(123_450, florin_core::money::Currency::EUR),
        language,
    );
    let date = super::format::day(1_795_694_400_000, "Europe/Amsterdam", language);
    let text = |text: &str| Value::Text(text.to_owned());
    [
        ("FIRSTNAME", text("Ada")),
        ("LASTNAME", text("de Vries")),
        ("EMAIL", text("ada@shop.example")),
        ("MERCHANTTRANSACTIONID", text("order-1")),
        ("TRANSACTIONID", text("1709630130123456")),
        ("DESCRIPTION", text("Twee fietsen")),
        ("TOTALAMOUNT", Value::Text(amount)),
        ("PAYMENTMETHOD", text("Visa •••• 1111")),
        ("REFUNDDESTINATION", text("Visa •••• 1111")),
        ("CURRENTDATE", Value::Text(date)),
        ("PAYLINK", Value::Url("https://pay.example/connect/abc/?lang=nl_NL".to_owned())),
        ("SITENAME", text("De Fietsenwinkel")),
        ("SITEURL", Value::Url("https://shop.example/".to_owned())),
        ("DISPUTEREASON", text("13.1 Merchandise or services not received")),
        ("DISPUTEDUEDATE", text("25 april 2027")),
    ]
    .into_iter()
    .collect()
}

#[test]
fn the_mails_of_each_language_are_as_they_were_read_and_found_good() {
    for language in Language::ALL {
        let mails = Kind::ALL.map(|kind| {
            let mail = default_template(kind, language).filled(&values(language));
            format!("=== {}\nSubject: {}\n\n{}", kind.name(), mail.subject, mail.plain)
        });
        insta::assert_snapshot!(format!("mails_{}", language.code()), mails.join("\n"));
    }
}

#[test]
fn the_form_of_a_mail_is_as_it_was_looked_at() {
    for (kind, language) in [
        (Kind::CompletedCustomer, Language::Nl),
        (Kind::ChargedBackMerchant, Language::En),
        (Kind::SecondChanceFirst, Language::De),
    ] {
        let mail = default_template(kind, language).filled(&values(language));
        insta::assert_snapshot!(format!("form_{}", kind.name()), mail.html);
    }
}

/// The HTML says what the text says, and nothing is left over.
#[test]
fn both_texts_say_the_same() {
    for language in Language::ALL {
        for kind in Kind::ALL {
            let values = values(language);
            let mail = default_template(kind, language).filled(&values);
            let html = mail.html.replace("<br>", "\n");
            for line in mail.plain.lines().filter(|line| !line.is_empty() && *line != "--") {
                let parts: Vec<&str> = match line.split_once(": ") {
                    Some((label, value)) if label.len() < 24 => {
                        vec![label.trim_end_matches('\u{a0}'), value]
                    }
                    _ => vec![line.trim_end_matches(':').trim_end_matches('\u{a0}')],
                };
                // The shop's address stands in the text alone, where there is nothing to press.
                let is_address = line == "https://shop.example/";
                for part in parts {
                    let is_there = html.contains(&escaped(part));
                    assert!(is_there || is_address, "{kind:?} {language:?}: {part:?}\n{html}");
                }
            }
            for text in [&mail.subject, &mail.plain, &mail.html] {
                assert!(!text.contains("  @") && !text.contains("@@"), "{text}");
                let placeholders = Template { html: text.clone(), ..mail.clone() };
                assert_eq!(placeholders.filled(&Values::new()).html, *text, "one is left");
            }
        }
    }
}

/// No two languages say the same, which a forgotten translation would.
#[test]
fn every_text_is_translated() {
    for kind in Kind::ALL {
        let subjects = Language::ALL.map(|language| default_template(kind, language).subject);
        let texts = Language::ALL.map(|language| default_template(kind, language).plain);
        for (index, text) in texts.iter().enumerate() {
            assert!(!texts[..index].contains(text), "{kind:?}: {text}");
            assert!(!subjects[..index].contains(&subjects[index]), "{kind:?}");
        }
    }
}

#[test]
fn a_payer_reads_his_language_or_the_shops_or_english() {
    let own = |language| OwnTemplate {
        kind: Kind::CompletedCustomer,
        language,
        subject: Some("Own".to_owned()),
        plain: None,
        html: None,
    };
    let mut settings = MailSettings::default();
    let spoken =
        |settings: &MailSettings, locale| settings.language(Kind::CompletedCustomer, locale).code();
    assert_eq!(spoken(&settings, Some("nl_BE")), "nl");
    assert_eq!(spoken(&settings, Some("ja_JP")), "en");
    assert_eq!(spoken(&settings, None), "en");
    settings.templates.push(own(Language::It));
    assert_eq!(spoken(&settings, Some("ja_JP")), "it");
    assert_eq!(spoken(&settings, Some("fr_FR")), "fr");
    let italian = settings.template(Kind::CompletedCustomer, Language::It);
    assert_eq!(italian.subject, "Own");
    assert!(italian.plain.contains("Abbiamo ricevuto"), "what is left out is as it comes");
    settings.templates.push(own(Language::Es));
    assert_eq!(spoken(&settings, Some("ja_JP")), "en");
    assert_eq!(settings.language(Kind::ChargedBackMerchant, Some("nl_NL")).code(), "en");
}

#[test]
fn settings_that_cannot_be_used_are_refused() {
    let fault = |change: fn(&mut MailSettings)| {
        let mut settings = MailSettings::all();
        change(&mut settings);
        settings.check().err().map(|(name, _)| name)
    };
    assert_eq!(fault(|_| {}), None);
    assert_eq!(fault(|it| it.from_address = "shop@shop.example".to_owned()), None);
    assert_eq!(fault(|it| it.from_address = "a@b\r\nBcc: x@y".to_owned()), Some("from_address"));
    let many = |it: &mut MailSettings| it.merchant_addresses = vec!["nobody".to_owned()];
    assert_eq!(fault(many), Some("merchant_addresses"));
    assert_eq!(fault(|it| it.logo_url = "http://x.example/a".to_owned()), Some("logo_url"));
    let twice = |it: &mut MailSettings| {
        let own = OwnTemplate {
            kind: Kind::RefundedCustomer,
            language: Language::Nl,
            subject: None,
            plain: None,
            html: None,
        };
        it.templates = vec![own.clone(), own];
    };
    assert_eq!(fault(twice), Some("templates"));
}

fn outgoing(recipient: &str, from_name: &str, subject: &str) -> Outgoing {
    Outgoing {
        from_address: "shop@shop.example".to_owned(),
        from_name: from_name.to_owned(),
        recipients: vec![recipient.to_owned()],
        content: Template {
            subject: subject.to_owned(),
            plain: "one\ntwo\n.\nthree".to_owned(),
            html: "<p>one</p>".to_owned(),
        },
        number: "1.2.completed".to_owned(),
        at: 1_795_694_400_000,
    }
}

#[test]
fn nobody_adds_a_header_or_a_recipient() {
    for odd in ["Shop\r\nBcc: x@evil.example", "Shop\nX-Odd: 1", "Shop\r\n\r\nbody", "a\u{2028}b"] {
        let message = outgoing("ada@shop.example", odd, odd).to_message().unwrap();
        let bytes = message.formatted();
        let text = String::from_utf8(bytes).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        let names = head.lines().filter(|line| !line.starts_with([' ', '\t']));
        let names: Vec<&str> = names.map(|line| line.split(':').next().unwrap()).collect();
        let expected = [
            "From",
            "Date",
            "Message-ID",
            "Subject",
            "Auto-Submitted",
            "To",
            "MIME-Version",
            "Content-Type",
        ];
        assert_eq!(names, expected, "{head}");
        assert_eq!(message.envelope().to().len(), 1);
    }
    for odd in [
        "ada@shop.example\r\nRCPT TO:<x@evil.example>",
        "ada@shop.example, x@evil.example",
        "Ada <ada@shop.example>",
        "ada",
        "",
        "@shop.example",
        "ada@shop.example\0",
    ] {
        assert!(parse_address(odd).is_none(), "{odd:?}");
        assert!(outgoing(odd, "Shop", "Hi").to_message().is_none());
    }
    assert!(parse_address(&format!("{}@shop.example", "a".repeat(300))).is_none());
}
