//! Puts the texts of a language into the form of a mail: lines of text, and one plain table that
//! every mail program shows.

use super::kind::{Audience, Kind, Language};
use super::template::{Template, escaped};
use super::words::{Text, Words, words};

const FONT: &str = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";

/// The mail of a kind as it comes with Florin, placeholders and all.
pub fn default_template(kind: Kind, language: Language) -> Template {
    let words = words(language);
    let text = (words.text)(kind);
    Template {
        subject: text.subject.to_owned(),
        plain: plain(kind, words, &text),
        html: html(kind, language, words, &text),
    }
}

fn greeting(kind: Kind, words: &Words) -> &'static str {
    match kind.audience() {
        Audience::Customer => words.greeting,
        Audience::Merchant => words.to_merchant,
    }
}

fn why(kind: Kind, words: &Words) -> &'static str {
    match kind.audience() {
        Audience::Customer => words.why_customer,
        Audience::Merchant => words.why_merchant,
    }
}

/// What is told line by line.
fn facts(kind: Kind, words: &Words) -> Vec<(&'static str, &'static str)> {
    let mut facts = vec![
        (words.order, "@MERCHANTTRANSACTIONID@"),
        (words.description, "@DESCRIPTION@"),
        (words.amount, "@TOTALAMOUNT@"),
    ];
    if !kind.is_second_chance() {
        facts.push((words.method, "@PAYMENTMETHOD@"));
        facts.push((words.date, "@CURRENTDATE@"));
    }
    if kind.audience() == Audience::Merchant {
        facts.push((words.transaction, "@TRANSACTIONID@"));
        facts.push((words.customer, "@FIRSTNAME@ @LASTNAME@ @EMAIL@"));
    }
    if kind == Kind::ChargedBackMerchant {
        facts.push((words.reason, "@DISPUTEREASON@"));
        facts.push((words.due, "@DISPUTEDUEDATE@"));
    }
    facts
}

fn plain(kind: Kind, words: &Words, text: &Text) -> String {
    let mut lines = vec![greeting(kind, words).to_owned(), String::new()];
    for paragraph in text.paragraphs {
        lines.push((*paragraph).to_owned());
        lines.push(String::new());
    }
    if kind.is_second_chance() {
        lines.push(format!("{}{}", words.pay, words.colon));
        lines.push("@PAYLINK@".to_owned());
        lines.push(String::new());
    }
    for (label, value) in facts(kind, words) {
        lines.push(format!("{label}{} {value}", words.colon));
    }
    lines.extend(
        ["", words.regards, "@SITENAME@", "@SITEURL@", "", "--", why(kind, words)]
            .map(str::to_owned),
    );
    lines.push(String::new());
    lines.join("\n")
}

fn html(kind: Kind, language: Language, words: &Words, text: &Text) -> String {
    let cell = "padding:6px 0;border-top:1px solid #e5e7eb;vertical-align:top";
    let rows: String = facts(kind, words)
        .into_iter()
        .map(|(label, value)| {
            let label = escaped(label);
            format!(
                "<tr><td style=\"{cell};color:#6b7280;padding-right:16px\">{label}</td>\
                 <td style=\"{cell}\">{value}</td></tr>\n"
            )
        })
        .collect();
    let paragraphs: String = text
        .paragraphs
        .iter()
        .map(|it| format!("<p style=\"margin:0 0 16px\">{}</p>\n", escaped(it)))
        .collect();
    let button = if kind.is_second_chance() {
        format!(
            "<p style=\"margin:24px 0\"><a href=\"@PAYLINK@\" style=\"display:inline-block;\
             padding:12px 24px;background:#1d4ed8;color:#ffffff;border-radius:6px;\
             text-decoration:none;font-weight:600\">{}</a></p>\n",
            escaped(words.pay)
        )
    } else {
        String::new()
    };
    let content = match kind {
        Kind::CompletedCustomer | Kind::AuthorizedCustomer => "@CONTENT@",
        _ => "",
    };
    format!(
        "<!DOCTYPE html>\n<html lang=\"{code}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{heading}</title>\n\
         </head>\n<body style=\"margin:0;padding:24px 12px;background:#f3f4f6\">\n\
         <table role=\"presentation\" align=\"center\" width=\"100%\" cellpadding=\"0\" \
         cellspacing=\"0\" style=\"max-width:560px;margin:0 auto;background:#ffffff;\
         border-radius:8px\">\n<tr><td style=\"padding:32px;{FONT};color:#1f2937;font-size:16px;\
         line-height:1.5\">\n@MERCHANTLOGOHTML@\n\
         <h1 style=\"margin:0 0 16px;font-size:22px;line-height:1.3\">{heading}</h1>\n\
         <p style=\"margin:0 0 16px\">{greeting}</p>\n{paragraphs}{button}\
         <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" \
         style=\"margin:0 0 24px;font-size:15px\">\n{rows}</table>\n{content}\n\
         <p style=\"margin:0\">{regards}<br>@SITENAME@</p>\n</td></tr>\n</table>\n\
         <p style=\"max-width:560px;margin:16px auto 0;text-align:center;{FONT};\
         color:#6b7280;font-size:13px\">{why}</p>\n</body>\n</html>\n",
        code = language.code(),
        heading = escaped(text.heading),
        greeting = escaped(greeting(kind, words)),
        regards = escaped(words.regards),
        why = escaped(why(kind, words)),
    )
}
