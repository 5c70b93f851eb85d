//! What stands for the placeholders of a mail.

use florin_core::money::Money;
use florin_core::trail::WHOLE;

use super::MailId;
use crate::clock::UnixMillis;
use crate::gateway::record::Record;
use crate::mail::format;
use crate::mail::kind::{Kind, Language};
use crate::mail::template::{Value, Values, escaped, one_line};

/// The part of the order that a mail tells of.
struct Subject {
    amount: i64,
    transaction_id: i64,
    sale: u32,
    /// Reason and last day of a chargeback.
    dispute: Option<(String, UnixMillis)>,
}

fn subject(record: &Record, id: MailId) -> Subject {
    let (payment, trail) = (&record.order.payment, &record.order.trail);
    let whole = Subject {
        amount: record.order.total().minor,
        transaction_id: payment.transaction_id.0,
        sale: WHOLE,
        dispute: None,
    };
    match id.kind {
        Kind::CapturedInPartCustomer | Kind::CapturedInPartMerchant => {
            let part = trail.captures.iter().find(|part| part.number == id.number);
            part.map_or(whole, |part| Subject {
                amount: part.amount,
                transaction_id: part.transaction_id.0,
                sale: part.number,
                dispute: None,
            })
        }
        Kind::RefundedCustomer => trail.refund(id.number).map_or(whole, |refund| Subject {
            amount: refund.amount,
            transaction_id: refund.transaction_id.0,
            sale: refund.sale,
            dispute: None,
        }),
        Kind::ChargedBackMerchant => trail.chargeback(id.number).map_or(whole, |case| {
            let known = florin_core::chargeback::reason(&case.reason_code);
            let words = known.map(|it| format!(" {}", it.description)).unwrap_or_default();
            Subject {
                amount: case.amount,
                transaction_id: case.transaction_id.0,
                sale: case.sale,
                dispute: Some((format!("{}{words}", case.reason_code), case.due)),
            }
        }),
        _ => whole,
    }
}

/// Every placeholder of the contract, as far as the order has it, and two of Florin's own
/// (`DISPUTEREASON`, `DISPUTEDUEDATE`).
pub(super) fn of(record: &Record, id: MailId, language: Language, now: UnixMillis) -> Values {
    let subject = subject(record, id);
    let details = &record.request.details;
    let (customer, address) = (&details.customer, &details.customer.address);
    let settings = &record.site.settings;
    let zone = settings.acceptor.time_zone.as_str();
    let shown = Record { sale: subject.sale, ..record.clone() };
    let money = Money::new(subject.amount, record.order.payment.amount.currency);
    let formatted = format::amount(money, language);
    let (status, financial_status) = record.order.status(subject.sale);
    let method = method(record);
    let (reason, due) = match subject.dispute {
        Some((reason, due)) => (reason, format::day(due, zone, language)),
        None => Default::default(),
    };
    let given = |text: &Option<String>| text.clone().unwrap_or_default();
    let shipment = |name: &str| record.extra.shipment.get(name).cloned().unwrap_or_default();
    let street = [given(&address.address1), given(&address.address2)].join(" ");
    let mut values: Values = [
        ("FIRSTNAME", given(&address.first_name)),
        ("LASTNAME", given(&address.last_name)),
        ("EMAIL", given(&address.email)),
        ("GENDER", given(&customer.gender)),
        ("ACCOUNTADDRESS", street),
        ("ACCOUNTADDRESSAPARTMENT", given(&address.house_number)),
        ("ACCOUNTZIPCODE", given(&address.zip_code)),
        ("ACCOUNTCITY", given(&address.city)),
        ("ACCOUNTCOUNTRY", given(&address.country)),
        ("MERCHANTTRANSACTIONID", shown.shown_order_id().to_owned()),
        ("TRANSACTIONID", subject.transaction_id.to_string()),
        ("DESCRIPTION", details.description.clone()),
        ("TOTALAMOUNT", formatted.clone()),
        ("DESTAMOUNT", money.to_major()),
        ("DESTCURRENCY", money.currency.code().to_owned()),
        ("DESTFORMATAMOUNTCUR", formatted),
        ("PAYMENTMETHOD", method.clone()),
        ("REFUNDDESTINATION", method),
        ("ORDERSTATUS", status.to_owned()),
        ("STATUS", financial_status.to_owned()),
        ("CURRENTDATE", format::day(now, zone, language)),
        ("VARA", given(&details.vars[0])),
        ("VARB", given(&details.vars[1])),
        ("VARC", given(&details.vars[2])),
        ("SITENAME", record.site.name.clone()),
        ("MERCHANTNAME", settings.acceptor.name.clone()),
        ("MERCHANTCITY", settings.acceptor.city.clone()),
        ("MERCHANTCOUNTRY", settings.acceptor.country.clone()),
        ("MERCHANTPHONESUPPORT", settings.mail.support_phone.clone()),
        ("COMPANYNAME", settings.mail.company_name.clone()),
        ("VATNUMBER", settings.mail.vat_number.clone()),
        ("DELIVERYCARRIER", shipment("carrier")),
        ("DELIVERYTRACKINGCODE", shipment("tracktrace_code")),
        ("DELIVERYSHIPDATE", shipment("ship_date")),
        ("DISPUTEREASON", reason),
        ("DISPUTEDUEDATE", due),
    ]
    .map(|(name, text)| (name, Value::Text(text)))
    .into_iter()
    .collect();
    for (name, url) in [
        ("SITEURL", settings.base_url.clone()),
        ("DELIVERYTRACKINGURL", shipment("tracktrace_url")),
        ("DELIVERYINVOICEURL", shipment("invoice_url")),
    ] {
        values.insert(name, Value::Url(url));
    }
    values.insert("CONTENT", content(record, language));
    values.insert("MERCHANTLOGOHTML", logo(record));
    values
}

/// The card that was paid with.
fn method(record: &Record) -> String {
    let brand = record.order.payment.brand.map(|brand| brand.display_name());
    let last4 = record.request.card.as_ref().and_then(|card| card.last4.as_deref());
    match (brand, last4) {
        (Some(brand), Some(last4)) => format!("{brand} •••• {last4}"),
        (Some(brand), None) => brand.to_owned(),
        (None, _) => String::new(),
    }
}

/// The cart, a line for each item.
fn content(record: &Record, language: Language) -> Value {
    let Some(cart) = &record.request.details.cart else {
        return Value::Text(String::new());
    };
    let currency = record.order.payment.amount.currency;
    let (mut plain, mut rows) = (String::new(), String::new());
    for item in &cart.items {
        let name = one_line(&item.name);
        let quantity = item.quantity.normalize();
        // A price finer than the currency's smallest coin is written as it was sent.
        let price = match Money::parse_major(&item.unit_price.normalize().to_string(), currency) {
            Ok(price) => format::amount(price, language),
            Err(_) => format!("{} {currency}", item.unit_price.normalize()),
        };
        plain.push_str(&format!("{quantity} × {name}: {price}\n"));
        rows.push_str(&format!(
            "<tr><td>{quantity} × {}</td><td align=\"right\">{}</td></tr>\n",
            escaped(&name),
            escaped(&price)
        ));
    }
    let html = format!(
        "<table role=\"presentation\" width=\"100%\" cellpadding=\"4\" cellspacing=\"0\" \
         style=\"margin:0 0 24px;font-size:15px\">\n{rows}</table>"
    );
    Value::Markup { plain, html }
}

fn logo(record: &Record) -> Value {
    let url = &record.site.settings.mail.logo_url;
    if !url.starts_with("https://") {
        return Value::Text(String::new());
    }
    let name = one_line(&record.site.name);
    let html = format!(
        "<p style=\"margin:0 0 24px\"><img src=\"{}\" alt=\"{}\" height=\"40\"></p>",
        escaped(url),
        escaped(&name)
    );
    Value::Markup { plain: name, html }
}
