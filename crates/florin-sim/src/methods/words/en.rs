//! English.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::English,
    title: "Pay with {method}",
    provider: "Test provider",
    choose: "This is the test platform: choose how the payment ends.",
    shop: "Shop",
    amount: "Amount",
    purpose: "For",
    bank: "Bank",
    outcome: "Outcome",
    balance: "Balance of the gift card, in the smallest units (cents)",
    account: "Transfer to",
    holder: "In the name of",
    reference: "Payment reference",
    confirm: "Confirm",
    nothing_moves: "No money moves here, whatever you choose.",
    completed: "Completed",
    half_balance: "Half: the balance pays half of the amount",
    no_balance: "Declined: the balance is nothing",
    typed_balance: "The balance typed below",
    paid_later: "Completed later: the money arrives after some days",
    never_paid: "Initialized: the money never arrives",
    uncleared: "Uncleared: until the shop ships, or void after 5 days",
    uncleared_accepted: "Uncleared, completed after 3 minutes",
    uncleared_declined: "Uncleared, void after 3 minutes",
    charged_back: "Completed, charged back after 14 days",
    declined: "Declined",
    cancelled: "Cancelled",
    expired: "Expired",
    refused_title: "This does not work",
    form_wrong: "The form is not one of this page. Please open the page again.",
    balance_wrong: "A balance is a whole number of the currency's smallest units, from 0 on. Please go back and type it again.",
    unknown_title: "Not found",
    unknown_text: "There is no such payment at this test provider. Please go back to the shop.",
};
