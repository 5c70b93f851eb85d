//! What a payer sent with the form: read leniently, as people type, and checked field by field.
//!
//! Numbers and codes stay in types that do not print them and wipe themselves.

use std::collections::HashMap;

use florin_core::card::{Brand, CardholderName, Cvc, Expiry, ExpiryFault, Pan};
use zeroize::{Zeroize, Zeroizing};

use super::view::{Fault, Field};
use crate::api::contract::SiteRules;
use crate::api::contract::card_input::{Card, CardInput};
use crate::clock::UnixMillis;
use crate::gateway::session::PageCard;
use crate::gateway::tokens::StoredCard;

/// The fields of a form by their names. Card data are in it until they are taken out.
pub(super) struct Fields(HashMap<String, String>);

impl Fields {
    pub(super) fn new(fields: HashMap<String, String>) -> Fields {
        Fields(fields)
    }

    /// What was typed, without blanks around it; nothing where that is nothing.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    /// The same, with the digits of other scripts as ASCII ones and without what people put
    /// between digits.
    fn digits(&self, name: &str) -> Option<Zeroizing<String>> {
        let typed = self.text(name)?;
        let mut digits = Zeroizing::new(String::with_capacity(typed.len()));
        for character in typed.chars() {
            match ascii_digit(character) {
                Some(digit) => digits.push(digit),
                None if is_separator(character) => {}
                None => digits.push(character),
            }
        }
        Some(digits)
    }
}

impl Drop for Fields {
    fn drop(&mut self) {
        self.0.values_mut().for_each(Zeroize::zeroize);
    }
}

/// Reads the card, or says what is wrong with which field. `brands` are those that the page
/// takes.
pub(super) fn read_card(
    fields: &Fields,
    brands: &[Brand],
    rules: &SiteRules,
    now: UnixMillis,
) -> Result<CardInput, Vec<(Field, Fault)>> {
    let mut faults = Vec::new();
    let mut note = |field: Field, fault: Fault| faults.push((field, fault));

    let pan = match fields.digits("card_number") {
        None => Err(Fault::Missing),
        Some(number) => Pan::parse(&number).map_err(|_| Fault::Malformed),
    };
    let brand = pan.as_ref().ok().and_then(Brand::of);
    match (&pan, brand) {
        (Err(fault), _) => note(Field::Number, *fault),
        (Ok(_), Some(brand)) if brands.contains(&brand) => {}
        (Ok(_), _) => note(Field::Number, Fault::BrandNotAccepted),
    }
    let expiry = read_expiry(fields).and_then(|expiry| {
        match expiry.check(now) {
            Ok(()) => Ok(expiry),
            Err(_) if !rules.judges_expiry() => Ok(expiry),
            // Some Maestro cards outlive their date; the issuer judges them.
            Err(ExpiryFault::Past) if brand == Some(Brand::Maestro) => Ok(expiry),
            Err(ExpiryFault::Past) => Err(Fault::Expired),
            Err(_) => Err(Fault::Malformed),
        }
    });
    if let Err(fault) = expiry {
        note(Field::Expiry, fault);
    }
    let cvc = read_cvc(fields, brand);
    if let Err(fault) = &cvc {
        note(Field::Cvc, *fault);
    }
    let holder = fields.text("card_holder_name").and_then(CardholderName::read);
    if holder.is_none() {
        note(Field::Holder, Fault::Missing);
    }
    match (pan, brand, expiry, cvc) {
        (Ok(pan), Some(brand), Ok(expiry), Ok(cvc)) if faults.is_empty() => Ok(CardInput {
            holder,
            flexible_3d: None,
            moto: false,
            term_url: None,
            card: Ok(Card { pan, brand, expiry, cvc }),
        }),
        _ => Err(faults),
    }
}

/// Reads the code of a stored card; `None` is a card that is not offered.
pub(super) fn read_stored_card(
    fields: &Fields,
    card: Option<&StoredCard>,
) -> Result<PageCard, Vec<(Field, Fault)>> {
    let card = card.ok_or_else(|| vec![(Field::StoredCard, Fault::Missing)])?;
    let cvc = read_cvc(fields, Some(card.brand)).map_err(|fault| vec![(Field::Cvc, fault)])?;
    Ok(PageCard::Stored { token: card.token.clone(), cvc })
}

/// `MM/YY`, `MMYY`, `MM/YYYY`, or month and year in fields of their own.
fn read_expiry(fields: &Fields) -> Result<Expiry, Fault> {
    let together = fields.digits("card_expiry");
    let apart = (fields.digits("card_expiry_month"), fields.digits("card_expiry_year"));
    let (month, year) = match (&together, &apart) {
        (Some(text), _) if text.is_ascii() && matches!(text.len(), 3..=6) => {
            // A month of one digit is only told apart by what follows it.
            let month = if text.len() % 2 == 0 { 2 } else { 1 };
            text.split_at(month)
        }
        (Some(_), _) => return Err(Fault::Malformed),
        (None, (Some(month), Some(year))) => (month.as_str(), year.as_str()),
        (None, _) => return Err(Fault::Missing),
    };
    let year = match year.len() {
        2 => year,
        4 => year.strip_prefix("20").ok_or(Fault::Malformed)?,
        _ => return Err(Fault::Malformed),
    };
    Expiry::parse(&format!("{year}{month:0>2}")).map_err(|_| Fault::Malformed)
}

fn read_cvc(fields: &Fields, brand: Option<Brand>) -> Result<Option<Cvc>, Fault> {
    let Some(typed) = fields.digits("card_cvc") else {
        return if brand.is_none_or(Brand::needs_cvc) { Err(Fault::Missing) } else { Ok(None) };
    };
    let cvc = Cvc::parse(&typed).map_err(|_| Fault::Malformed)?;
    match brand {
        Some(brand) if cvc.digits() != brand.cvc_digits() => Err(Fault::Malformed),
        _ => Ok(Some(cvc)),
    }
}

/// The decimal digits of the scripts that payers' keyboards type: full-width, Arabic-Indic, and
/// extended Arabic-Indic.
fn ascii_digit(character: char) -> Option<char> {
    let zero = match character {
        '0'..='9' => return Some(character),
        '\u{ff10}'..='\u{ff19}' => 0xff10,
        '\u{0660}'..='\u{0669}' => 0x0660,
        '\u{06f0}'..='\u{06f9}' => 0x06f0,
        _ => return None,
    };
    char::from_digit(u32::from(character) - zero, 10)
}

fn is_separator(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '-' | '/' | '.' | '\u{2010}'..='\u{2015}' | '\u{ff0f}' | '\u{ff0d}')
        // Marks of direction, which come along with pasted text.
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const BRANDS: [Brand; 3] = [Brand::Visa, Brand::Mastercard, Brand::Amex];

    fn read(fields: &[(&str, &str)]) -> Result<CardInput, Vec<(Field, Fault)>> {
        let usual = [
            ("card_number", "4111111111111111"),
            ("card_holder_name", "A de Vries"),
            ("card_expiry", "12/30"),
            ("card_cvc", "123"),
        ];
        let all = usual.iter().chain(fields);
        let all = all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let rules = SiteRules { refuse_past_expiry: true, ..SiteRules::test_site() };
        read_card(&Fields::new(all), &BRANDS, &rules, 1_795_000_000_000)
    }

    #[track_caller]
    fn check(fields: &[(&str, &str)], expected: Result<&str, &[(Field, Fault)]>) {
        let read = read(fields).map(|input| {
            let card = input.card.unwrap();
            format!("{} {}", card.pan.last4(), card.expiry.yymm())
        });
        let read = read.as_deref().map_err(Vec::as_slice);
        assert_eq!(read, expected, "{fields:?}");
    }

    #[test]
    fn a_card_is_read_as_people_type_it() {
        for number in [
            "4111 1111 1111 1111",
            " 4111-1111-1111-1111 ",
            "４１１１１１１１１１１１１１１１",
            "٤١١١ ١١١١ ١١١١ ١١١١",
            "\u{202a}4111\u{a0}1111\u{2009}1111 1111\u{202c}",
        ] {
            check(&[("card_number", number)], Ok("1111 3012"));
        }
        for expiry in ["12/30", "1230", "12 / 30", "12/2030", "122030", "12-30", "١٢/٣٠"] {
            check(&[("card_expiry", expiry)], Ok("1111 3012"));
        }
        check(&[("card_expiry", "1/31")], Ok("1111 3101"));
        let apart = [("card_expiry", ""), ("card_expiry_month", "3"), ("card_expiry_year", "2031")];
        check(&apart, Ok("1111 3103"));
    }

    #[test]
    fn each_field_says_what_is_wrong_with_it() {
        use Fault::{BrandNotAccepted, Expired, Malformed, Missing};
        use Field::{Cvc, Expiry, Holder, Number};
        for (field, value, fault) in [
            (("card_number", Number), "", Missing),
            (("card_number", Number), "4111111111111112", Malformed),
            (("card_number", Number), "<script>", Malformed),
            (("card_number", Number), "6759649826438453", BrandNotAccepted),
            (("card_expiry", Expiry), "", Missing),
            (("card_expiry", Expiry), "13/30", Malformed),
            (("card_expiry", Expiry), "00/30", Malformed),
            (("card_expiry", Expiry), "1", Malformed),
            (("card_expiry", Expiry), "é/30", Malformed),
            (("card_expiry", Expiry), "12/1930", Malformed),
            (("card_expiry", Expiry), "10/26", Expired),
            (("card_expiry", Expiry), "12/99", Malformed),
            (("card_cvc", Cvc), "", Missing),
            (("card_cvc", Cvc), "12", Malformed),
            (("card_cvc", Cvc), "1234", Malformed),
            (("card_holder_name", Holder), "  ", Missing),
        ] {
            check(&[(field.0, value)], Err(&[(field.1, fault)]));
        }
        let amex = [("card_number", "374500000000015"), ("card_cvc", "1234")];
        check(&amex, Ok("0015 3012"));
        check(&amex[..1], Err(&[(Cvc, Malformed)]));
        let nothing = [("card_number", ""), ("card_expiry", ""), ("card_cvc", "")];
        check(&nothing, Err(&[(Number, Missing), (Expiry, Missing), (Cvc, Missing)]));
    }
}
