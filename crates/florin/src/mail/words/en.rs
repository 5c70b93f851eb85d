//! The mails in English.

use super::super::kind::Kind;
use super::{Text, Words};

pub(super) const WORDS: Words = Words {
    greeting: "Dear @FIRSTNAME@ @LASTNAME@,",
    regards: "Kind regards,",
    to_merchant: "Hello,",
    why_customer: "You receive this e-mail because of an order at @SITENAME@.",
    why_merchant: "You receive this e-mail because it is switched on for @SITENAME@.",
    colon: ":",
    order: "Order",
    description: "Description",
    amount: "Amount",
    method: "Payment method",
    date: "Date",
    transaction: "Transaction",
    customer: "Customer",
    reason: "Reason",
    due: "Answer by",
    pay: "Complete your payment",
    text,
};

fn text(kind: Kind) -> Text {
    match kind {
        Kind::CompletedCustomer => Text {
            subject: "Your payment to @SITENAME@: order @MERCHANTTRANSACTIONID@",
            heading: "Thank you for your payment",
            paragraphs: &[
                "We have received your payment of @TOTALAMOUNT@ for order @MERCHANTTRANSACTIONID@.",
            ],
        },
        Kind::CompletedMerchant => Text {
            subject: "Paid: order @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "An order was paid",
            paragraphs: &[
                "Order @MERCHANTTRANSACTIONID@ of @SITENAME@ was paid: @TOTALAMOUNT@. You can ship it.",
            ],
        },
        Kind::AuthorizedCustomer => Text {
            subject: "Your order @MERCHANTTRANSACTIONID@ at @SITENAME@",
            heading: "Your payment is reserved",
            paragraphs: &[
                "Your bank has reserved @TOTALAMOUNT@ for order @MERCHANTTRANSACTIONID@.",
                "The amount is charged when your order is shipped. You need not do anything.",
            ],
        },
        Kind::AuthorizedMerchant => Text {
            subject: "Reserved: order @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "An amount is reserved",
            paragraphs: &[
                "@TOTALAMOUNT@ is reserved for order @MERCHANTTRANSACTIONID@ of @SITENAME@.",
                "Capture it before the reservation ends, or nothing is paid.",
            ],
        },
        Kind::CapturedInFullCustomer => Text {
            subject: "Payment for your order @MERCHANTTRANSACTIONID@ at @SITENAME@",
            heading: "Your order was charged",
            paragraphs: &[
                "The reserved amount of @TOTALAMOUNT@ for order @MERCHANTTRANSACTIONID@ has now been charged.",
            ],
        },
        Kind::CapturedInFullMerchant => Text {
            subject: "Captured: order @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "A reservation was captured in full",
            paragraphs: &[
                "The full amount of order @MERCHANTTRANSACTIONID@ of @SITENAME@ was captured: @TOTALAMOUNT@.",
            ],
        },
        Kind::CapturedInPartCustomer => Text {
            subject: "Payment for a part of your order at @SITENAME@: @MERCHANTTRANSACTIONID@",
            heading: "A part of your order was charged",
            paragraphs: &[
                "@TOTALAMOUNT@ of the amount that was reserved for your order has now been charged. It is for the part with number @MERCHANTTRANSACTIONID@.",
            ],
        },
        Kind::CapturedInPartMerchant => Text {
            subject: "Captured in part: order @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "A part of a reservation was captured",
            paragraphs: &[
                "@TOTALAMOUNT@ of a reserved amount was captured at @SITENAME@. The part is order @MERCHANTTRANSACTIONID@.",
            ],
        },
        Kind::RefundedCustomer => Text {
            subject: "Your refund from @SITENAME@: order @MERCHANTTRANSACTIONID@",
            heading: "Your refund is on its way",
            paragraphs: &[
                "@SITENAME@ has refunded @TOTALAMOUNT@ for order @MERCHANTTRANSACTIONID@.",
                "The money goes back to @REFUNDDESTINATION@. Depending on your bank it can take a few working days before you see it.",
            ],
        },
        Kind::ChargedBackMerchant => Text {
            subject: "Chargeback: order @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "A payment was charged back",
            paragraphs: &[
                "The bank of a customer has taken back @TOTALAMOUNT@ of order @MERCHANTTRANSACTIONID@ of @SITENAME@.",
                "If you do not agree, open a dispute and hand in your evidence by @DISPUTEDUEDATE@. Without an answer by then the chargeback counts as accepted. Do not refund the order.",
            ],
        },
        Kind::UnclearedMerchant => Text {
            subject: "To be reviewed: order @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "A payment waits for a decision",
            paragraphs: &[
                "Order @MERCHANTTRANSACTIONID@ of @SITENAME@ was paid, but the payment is held for review: @TOTALAMOUNT@.",
                "Do not ship it before the payment has been accepted.",
            ],
        },
        Kind::SecondChanceFirst => Text {
            subject: "Your order at @SITENAME@ has not been paid yet",
            heading: "Shall we keep your order?",
            paragraphs: &[
                "You placed order @MERCHANTTRANSACTIONID@ at @SITENAME@, but the payment of @TOTALAMOUNT@ was not completed.",
                "Did something go wrong? You can still pay, in a moment and safely. If you have changed your mind, you need not do anything.",
            ],
        },
        Kind::SecondChanceSecond => Text {
            subject: "A last reminder of your order at @SITENAME@",
            heading: "Your order is still waiting for you",
            paragraphs: &[
                "Order @MERCHANTTRANSACTIONID@ at @SITENAME@ has not been paid yet: @TOTALAMOUNT@.",
                "With the link below you can still complete it. This is the last reminder that you get of this order.",
            ],
        },
    }
}
