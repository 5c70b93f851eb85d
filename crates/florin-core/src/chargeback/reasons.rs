//! The reason codes of the schemes, as data: what each means, and whether it says fraud.

/// Who would bear a case with this code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// The payer says that he did not pay. With 3-D Secure that is the issuer's affair.
    Fraud,
    Authorization,
    /// Amounts, duplicates, wrong ways of processing.
    Processing,
    /// Goods and services.
    Consumer,
    /// The issuer asked, and was not answered well.
    Inquiry,
}

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReasonCode {
    pub code: &'static str,
    pub category: Category,
    /// What shops read beside the code.
    pub description: &'static str,
}

const fn line(code: &'static str, category: Category, description: &'static str) -> ReasonCode {
    ReasonCode { code, category, description }
}

const VISA: &[ReasonCode] = &[
    line("10.1", Category::Fraud, "EMV liability shift counterfeit fraud"),
    line("10.2", Category::Fraud, "EMV liability shift non-counterfeit fraud"),
    line("10.3", Category::Fraud, "Other fraud: card-present environment"),
    line("10.4", Category::Fraud, "Other fraud: card-absent environment"),
    line("10.5", Category::Fraud, "Visa fraud monitoring program"),
    line("12.2", Category::Processing, "Incorrect transaction code"),
    line("12.5", Category::Processing, "Incorrect amount"),
    line("12.6", Category::Processing, "Duplicate processing or paid by other means"),
    line("13.1", Category::Consumer, "Merchandise or services not received"),
    line("13.2", Category::Consumer, "Cancelled recurring transaction"),
    line("13.3", Category::Consumer, "Not as described or defective merchandise or services"),
    line("13.4", Category::Consumer, "Counterfeit merchandise"),
    line("13.5", Category::Consumer, "Misrepresentation"),
    line("13.6", Category::Consumer, "Credit not processed"),
    line("13.7", Category::Consumer, "Cancelled merchandise or services"),
];

const MASTERCARD: &[ReasonCode] = &[
    line("4808", Category::Authorization, "Authorization-related chargeback"),
    line("4831", Category::Processing, "Transaction amount differs"),
    line("4834", Category::Processing, "Duplicate processing"),
    line("4837", Category::Fraud, "No cardholder authorization"),
    line("4841", Category::Consumer, "Cancelled recurring or digital goods transactions"),
    line("4853", Category::Consumer, "Goods or services dispute"),
    line("4863", Category::Fraud, "Cardholder does not recognize: potential fraud"),
];

const AMEX: &[ReasonCode] = &[
    line("4512", Category::Processing, "Multiple processing"),
    line("4513", Category::Consumer, "Credit not presented"),
    line("4515", Category::Processing, "Paid by other means"),
    line("4516", Category::Inquiry, "No reply to inquiry"),
    line("4517", Category::Inquiry, "Insufficient reply to inquiry"),
    line("4526", Category::Fraud, "Missing signature"),
    line("4534", Category::Processing, "Multiple records of charge"),
    line("4540", Category::Fraud, "Card not present"),
    line("4544", Category::Consumer, "Cancelled recurring billing"),
    line("4553", Category::Consumer, "Not as described or defective merchandise"),
    line("4554", Category::Consumer, "Goods or services not received"),
    line("4573", Category::Fraud, "Fraud full recourse"),
    line("4798", Category::Fraud, "Fraud full recourse"),
    line("6006", Category::Fraud, "Unrecognized transaction"),
];

/// What is known of a code, whatever card it comes for: no two schemes use one code. `None` for
/// codes that are not in the tables, which is no fault: schemes make new ones.
pub fn reason(code: &str) -> Option<&'static ReasonCode> {
    let mut all = [VISA, MASTERCARD, AMEX].into_iter().flatten();
    all.find(|line| line.code == code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_code_says_what_it_is_about() {
        let known = |code| reason(code).map(|line| line.category);
        assert_eq!(known("10.4"), Some(Category::Fraud));
        assert_eq!(known("4837"), Some(Category::Fraud));
        assert_eq!(known("4808"), Some(Category::Authorization));
        assert_eq!(known("4554"), Some(Category::Consumer));
        for unknown in ["13.99", "", "4837 ", "10"] {
            assert_eq!(known(unknown), None);
        }
    }

    #[test]
    fn no_code_is_listed_twice_and_each_is_described() {
        let all: Vec<&ReasonCode> = [VISA, MASTERCARD, AMEX].into_iter().flatten().collect();
        let codes: BTreeSet<&str> = all.iter().map(|line| line.code).collect();
        assert_eq!(codes.len(), all.len());
        assert!(all.iter().all(|line| !line.description.is_empty()));
    }
}
