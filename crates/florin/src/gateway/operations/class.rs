//! The class of an operation: everything that lists are filtered by, as one text.
//!
//! `payment|completed|completed|VISA|EUR|0`. The store sorts by it and does not know what it means.

/// What an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Payment,
    Refund,
    Chargeback,
    ReverseChargeback,
}

const KINDS: [Kind; 4] = [Kind::Payment, Kind::Refund, Kind::Chargeback, Kind::ReverseChargeback];

impl Kind {
    /// The word of the contract.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Payment => "payment",
            Kind::Refund => "refund",
            Kind::Chargeback => "chargeback",
            Kind::ReverseChargeback => "reverse_chargeback",
        }
    }

    /// `C` where the merchant is given money, `D` where it is taken.
    pub fn debit_credit(self) -> &'static str {
        match self {
            Kind::Payment | Kind::ReverseChargeback => "C",
            Kind::Refund | Kind::Chargeback => "D",
        }
    }
}

/// How long after its creation an operation was completed. A period of completion is then a period
/// of creation, as far as it can lie before: which is how lists find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delay {
    /// It is not completed.
    Never,
    /// At most so many milliseconds, by the number of the bound.
    Within(usize),
}

const HOUR_MS: i64 = 60 * 60 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// A payment at once; a refund at night; one over a weekend and holidays; a hold; anything.
const BOUNDS_MS: [i64; 5] = [HOUR_MS, 2 * DAY_MS, 8 * DAY_MS, 40 * DAY_MS, i64::MAX];

impl Delay {
    pub(super) fn between(created_at: i64, completed_at: Option<i64>) -> Delay {
        let Some(completed_at) = completed_at else { return Delay::Never };
        let took = completed_at.saturating_sub(created_at);
        let within = BOUNDS_MS.iter().position(|bound| took <= *bound);
        Delay::Within(within.unwrap_or(BOUNDS_MS.len() - 1))
    }

    /// The longest delay of the class; none where nothing is completed.
    pub(super) fn longest_ms(self) -> Option<i64> {
        match self {
            Delay::Never => None,
            Delay::Within(bound) => BOUNDS_MS.get(bound).copied(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    pub kind: Kind,
    pub status: String,
    pub financial_status: String,
    /// The id of the payment method; empty where none is known.
    pub method: String,
    pub currency: String,
    pub(super) delay: Delay,
}

impl Class {
    pub(super) fn to_text(&self) -> String {
        let delay = match self.delay {
            Delay::Never => "-".to_owned(),
            Delay::Within(bound) => bound.to_string(),
        };
        [
            self.kind.word(),
            &self.status,
            &self.financial_status,
            &self.method,
            &self.currency,
            &delay,
        ]
        .join("|")
    }

    /// `None` for a text that is none of ours.
    pub(super) fn read(text: &str) -> Option<Class> {
        let parts: Vec<&str> = text.split('|').collect();
        let [kind, status, financial_status, method, currency, delay] = parts.as_slice() else {
            return None;
        };
        let delay = match *delay {
            "-" => Delay::Never,
            bound => Delay::Within(bound.parse().ok().filter(|it| *it < BOUNDS_MS.len())?),
        };
        Some(Class {
            kind: KINDS.into_iter().find(|it| it.word() == *kind)?,
            status: (*status).to_owned(),
            financial_status: (*financial_status).to_owned(),
            method: (*method).to_owned(),
            currency: (*currency).to_owned(),
            delay,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_read_as_it_was_written() {
        for kind in KINDS {
            for completed_at in [None, Some(0), Some(DAY_MS), Some(i64::MAX)] {
                let class = Class {
                    kind,
                    status: "partial_refunded".to_owned(),
                    financial_status: "completed".to_owned(),
                    method: String::new(),
                    currency: "EUR".to_owned(),
                    delay: Delay::between(0, completed_at),
                };
                let text = class.to_text();
                assert!(text.len() < crate::store::OPERATION_CLASS_BYTES_MAX);
                assert_eq!(Class::read(&text), Some(class), "{text}");
            }
        }
        for odd in ["", "payment", "payment|a|b|c|d|9", "gift|a|b|c|d|-", "payment|a|b|c|d|-|"] {
            assert_eq!(Class::read(odd), None, "{odd}");
        }
    }

    #[test]
    fn no_operation_is_completed_later_than_its_class_says() {
        for took in [-5, 0, HOUR_MS, HOUR_MS + 1, 3 * DAY_MS, 39 * DAY_MS, 400 * DAY_MS] {
            let delay = Delay::between(1_000, Some(1_000 + took));
            assert!(took <= delay.longest_ms().unwrap(), "{took}");
        }
        assert_eq!(Delay::between(0, None).longest_ms(), None);
    }
}
