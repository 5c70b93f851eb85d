//! Norwegian.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Norwegian,
    title: "Bekreft betalingen",
    bank: "Testbank",
    choose: "Banken din vil være sikker på at det er deg. Dette er testplattformen: velg hvordan autentiseringen ender.",
    shop: "Butikk",
    amount: "Beløp",
    card: "Kort",
    outcome: "Resultat",
    authenticated: "Autentisert (Y)",
    attempted: "Forsøkt (A)",
    not_authenticated: "Ikke autentisert (N)",
    unavailable: "Ikke tilgjengelig (U)",
    rejected: "Avvist (R)",
    cancel: "Avbryt",
    confirm: "Bekreft",
    nothing_moves: "Ingen penger flyttes her, og ingen ekte kort virker her.",
    thanks_title: "Takk",
    thanks_text: "Du sendes tilbake til butikken.",
    answered_title: "Allerede besvart",
    answered_text: "Betalingen er allerede besvart; det første svaret gjelder.",
    continue_button: "Fortsett",
    refused_title: "Dette virker ikke",
    refused_text: "Forespørselen inneholder ingen autentisering som kan leses.",
    unknown_title: "Ikke funnet",
    unknown_text: "Denne testbanken kjenner ikke autentiseringen. Gå tilbake til butikken.",
    expired_title: "For sent",
    expired_text: "Tiden for denne autentiseringen er ute. Gå tilbake til butikken.",
};
