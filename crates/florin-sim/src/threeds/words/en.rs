//! English.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::English,
    title: "Confirm your payment",
    bank: "Test bank",
    choose: "Your bank wants to know that it is you. This is the test platform: choose how the authentication ends.",
    shop: "Shop",
    amount: "Amount",
    card: "Card",
    outcome: "Outcome",
    authenticated: "Authenticated (Y)",
    attempted: "Attempted (A)",
    not_authenticated: "Not authenticated (N)",
    unavailable: "Unavailable (U)",
    rejected: "Rejected (R)",
    cancel: "Cancel",
    confirm: "Confirm",
    nothing_moves: "No money moves here, and no real card works here.",
    thanks_title: "Thank you",
    thanks_text: "You are being taken back to the shop.",
    answered_title: "Already answered",
    answered_text: "This payment was already answered; the first answer counts.",
    continue_button: "Continue",
    refused_title: "This does not work",
    refused_text: "The request does not hold a challenge that can be read.",
    unknown_title: "Not found",
    unknown_text: "There is no such authentication at this test bank. Please go back to the shop.",
    expired_title: "Too late",
    expired_text: "The time for this authentication is over. Please go back to the shop.",
};
