//! Dutch.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Dutch,
    title: "Bevestig je betaling",
    bank: "Testbank",
    choose: "Je bank wil zeker weten dat jij het bent. Dit is het testplatform: kies hoe de verificatie afloopt.",
    shop: "Winkel",
    amount: "Bedrag",
    card: "Kaart",
    outcome: "Afloop",
    authenticated: "Geverifieerd (Y)",
    attempted: "Geprobeerd (A)",
    not_authenticated: "Niet geverifieerd (N)",
    unavailable: "Niet beschikbaar (U)",
    rejected: "Afgewezen (R)",
    cancel: "Annuleren",
    confirm: "Bevestigen",
    nothing_moves: "Er wordt hier geen geld overgemaakt en echte kaarten werken hier niet.",
    thanks_title: "Bedankt",
    thanks_text: "Je gaat terug naar de winkel.",
    answered_title: "Al beantwoord",
    answered_text: "Deze betaling is al beantwoord; het eerste antwoord telt.",
    continue_button: "Doorgaan",
    refused_title: "Dit lukt niet",
    refused_text: "Het verzoek bevat geen verificatie die te lezen is.",
    unknown_title: "Niet gevonden",
    unknown_text: "Deze testbank kent deze verificatie niet. Ga terug naar de winkel.",
    expired_title: "Te laat",
    expired_text: "De tijd voor deze verificatie is voorbij. Ga terug naar de winkel.",
};
