//! What the operator charges for a transaction, by rules that are data.
//!
//! The first rule that fits decides. Fees are whole minor units of the transaction's currency;
//! a share of the amount is rounded to the nearest unit, halves up.

use crate::card::Brand;
use crate::money::{Currency, Money};

/// What is charged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeeKind {
    /// A payment that was captured, or one capture of several.
    Payment,
    Refund,
    Chargeback,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TariffRule {
    pub kind: FeeKind,
    /// `None`: cards of every brand.
    pub brand: Option<Brand>,
    /// `None`: every currency.
    pub currency: Option<Currency>,
    /// Hundredths of a percent of the amount.
    pub basis_points: u32,
    /// Minor units on top.
    pub fixed: i64,
    /// Minor units that are charged at least.
    pub min: i64,
    /// What shops read beside the fee.
    pub description: String,
}

/// The operator's table. An empty one charges nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tariff {
    pub rules: Vec<TariffRule>,
}

impl Tariff {
    /// The fee for a transaction of `amount`, in minor units, and its description. `None` where
    /// nothing is charged.
    pub fn fee(&self, kind: FeeKind, brand: Option<Brand>, amount: Money) -> Option<(i64, &str)> {
        let rule = self.rules.iter().find(|rule| {
            rule.kind == kind
                && rule.brand.is_none_or(|of_rule| Some(of_rule) == brand)
                && rule.currency.is_none_or(|of_rule| of_rule == amount.currency)
        })?;
        let fee = share(amount.minor, rule.basis_points).saturating_add(rule.fixed).max(rule.min);
        (fee > 0).then_some((fee, rule.description.as_str()))
    }
}

/// `basis_points` of `amount`, rounded to the nearest unit, halves up.
fn share(amount: i64, basis_points: u32) -> i64 {
    let product = i128::from(amount.max(0)).saturating_mul(i128::from(basis_points));
    let rounded = product.saturating_add(5_000).checked_div(10_000).unwrap_or_default();
    i64::try_from(rounded).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(basis_points: u32, fixed: i64, min: i64) -> Tariff {
        Tariff {
            rules: vec![
                TariffRule {
                    kind: FeeKind::Payment,
                    brand: Some(Brand::Amex),
                    currency: None,
                    basis_points: 1_000,
                    fixed: 0,
                    min: 0,
                    description: "Amex".to_owned(),
                },
                TariffRule {
                    kind: FeeKind::Payment,
                    brand: None,
                    currency: Some(Currency::EUR),
                    basis_points,
                    fixed,
                    min,
                    description: "cards".to_owned(),
                },
            ],
        }
    }

    #[track_caller]
    fn check(tariff: &Tariff, brand: Brand, amount: i64, expected: Option<(i64, &str)>) {
        let amount = Money::new(amount, Currency::EUR);
        assert_eq!(tariff.fee(FeeKind::Payment, Some(brand), amount), expected);
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        check(&rule(290, 0, 0), Brand::Amex, 1_000, Some((100, "Amex")));
        check(&rule(290, 0, 0), Brand::Visa, 1_000, Some((29, "cards")));
        let refund = rule(290, 0, 0);
        let amount = Money::new(1_000, Currency::EUR);
        assert_eq!(refund.fee(FeeKind::Refund, Some(Brand::Visa), amount), None);
        assert_eq!(Tariff::default().fee(FeeKind::Payment, None, amount), None);
    }

    #[test]
    fn shares_are_rounded_halves_up_and_have_a_floor() {
        check(&rule(290, 0, 0), Brand::Visa, 17, None); // 0.493
        check(&rule(290, 0, 0), Brand::Visa, 18, Some((1, "cards"))); // 0.522
        check(&rule(50, 0, 0), Brand::Visa, 100, Some((1, "cards"))); // 0.5
        check(&rule(290, 25, 60), Brand::Visa, 1_000, Some((60, "cards")));
        check(&rule(290, 25, 0), Brand::Visa, 1_000, Some((54, "cards")));
        check(&rule(u32::MAX, 0, 0), Brand::Visa, i64::MAX, Some((i64::MAX, "cards")));
    }
}
