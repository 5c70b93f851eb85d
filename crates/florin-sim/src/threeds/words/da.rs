//! Danish.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Danish,
    title: "Bekræft din betaling",
    bank: "Testbank",
    choose: "Din bank vil være sikker på, at det er dig. Dette er testplatformen: vælg, hvordan godkendelsen ender.",
    shop: "Butik",
    amount: "Beløb",
    card: "Kort",
    outcome: "Resultat",
    authenticated: "Godkendt (Y)",
    attempted: "Forsøgt (A)",
    not_authenticated: "Ikke godkendt (N)",
    unavailable: "Ikke tilgængelig (U)",
    rejected: "Afvist (R)",
    cancel: "Annuller",
    confirm: "Bekræft",
    nothing_moves: "Der flyttes ingen penge her, og ingen rigtige kort virker her.",
    thanks_title: "Tak",
    thanks_text: "Du føres tilbage til butikken.",
    answered_title: "Allerede besvaret",
    answered_text: "Betalingen er allerede besvaret; det første svar gælder.",
    continue_button: "Fortsæt",
    refused_title: "Det virker ikke",
    refused_text: "Forespørgslen indeholder ingen godkendelse, der kan læses.",
    unknown_title: "Ikke fundet",
    unknown_text: "Denne testbank kender ikke godkendelsen. Gå tilbage til butikken.",
    expired_title: "For sent",
    expired_text: "Tiden til denne godkendelse er udløbet. Gå tilbage til butikken.",
};
