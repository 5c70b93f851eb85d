//! The table of payment methods is whole, and what it says of cards is what the rest says.

use std::collections::HashSet;

use super::*;
use crate::money::Currency;

#[test]
fn ids_and_other_spellings_name_one_method_each() {
    let mut seen = HashSet::new();
    for method in Method::all() {
        for id in std::iter::once(&method.id).chain(method.aliases) {
            assert!(seen.insert(id.to_ascii_uppercase()), "{id} is there twice");
            assert_eq!(Method::find(&id.to_lowercase()).map(|it| it.id), Some(method.id));
        }
        assert_eq!(method.id, method.id.to_ascii_uppercase());
    }
    assert_eq!(Method::all().len(), 75);
    assert_eq!(Method::find(" iDeal ").map(|it| it.name), Some("iDEAL"));
    assert_eq!(Method::find("American Express").map(|it| it.id), Some("AMEX"));
    assert_eq!(Method::find("PAYAFTER").map(|it| it.id), Some("BNPL_MF"));
    assert_eq!(Method::find("FOOBAR"), None);
    assert_eq!(Method::find(""), None);
}

#[test]
fn every_entry_can_be_shown_and_sold_somewhere() {
    for method in Method::all() {
        assert!(!method.name.is_empty() && !method.currencies.is_empty(), "{}", method.id);
        for currency in method.currencies {
            // Withdrawn from circulation, and still in the contract's list.
            let withdrawn = ["BGN", "HRK", "VEF"].contains(currency);
            assert!(Currency::parse(currency).is_ok() || withdrawn, "{}: {currency}", method.id);
        }
        for country in method.countries {
            let is_code =
                country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase());
            assert!(is_code, "{}: {country}", method.id);
        }
        assert_ne!(method.expiry_s, Some(0), "{}", method.id);
    }
}

#[test]
fn cards_are_the_brands_that_have_a_gateway() {
    let cards: Vec<&str> = Method::all().iter().filter(|it| it.is_card()).map(|it| it.id).collect();
    assert_eq!(cards, ["CREDITCARD", "VISA", "MASTERCARD", "MAESTRO", "AMEX"]);
    for id in &cards[1..] {
        let brand = crate::card::Brand::from_gateway(id).expect("a brand has this gateway");
        assert_eq!(brand.gateway(), Some(*id));
    }
    let brands: Vec<&str> = Method::find("VISA").unwrap().brands().map(|it| it.id).collect();
    assert_eq!(brands, ["CARTEBLEUE", "DANKORT", "POSTEPAY", "VPAY"]);
    assert_eq!(Method::find("AMEX").unwrap().brands().count(), 0);
}

#[test]
fn what_a_method_takes_is_asked_in_any_case() {
    let ideal = Method::find("IDEAL").unwrap();
    assert!(ideal.serves_country("nl") && !ideal.serves_country("DE"));
    assert!(ideal.takes_currency("eur") && !ideal.takes_currency("USD"));
    assert!(ideal.can(Ability::Issuers) && !ideal.can(Ability::ManualCapture));
    assert!(Method::find("VISA").unwrap().serves_country("JP"));
    let voucher = Method::find("VVVBON").unwrap();
    assert_eq!((voucher.kind, voucher.contract_type()), (Kind::GiftCard, "coupon"));
    assert_eq!((voucher.refunds, voucher.takes_direct()), (Refunds::Never, false));
    assert_eq!(Method::find("KLARNA").unwrap().refunds, Refunds::WithCart);
    assert!(Method::find("KLARNA").unwrap().can(Ability::NeedsCart));
}
