//! Norwegian.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Norwegian,
    title: "Betal med {method}",
    provider: "Testtilbyder",
    choose: "Dette er testplattformen: velg hvordan betalingen ender.",
    shop: "Butikk",
    amount: "Beløp",
    purpose: "Gjelder",
    bank: "Bank",
    outcome: "Resultat",
    balance: "Saldo på gavekortet i minste enhet (cent)",
    account: "Overfør til",
    holder: "Kontoeier",
    reference: "Betalingsreferanse",
    confirm: "Bekreft",
    nothing_moves: "Ingen penger flyttes her, uansett hva du velger.",
    completed: "Fullført",
    half_balance: "Halvparten: saldoen betaler halve beløpet",
    no_balance: "Avvist: det er ingen saldo",
    typed_balance: "Saldoen som er skrevet nedenfor",
    paid_later: "Fullført senere: pengene kommer etter noen dager",
    never_paid: "Venter: pengene kommer aldri",
    uncleared: "Til behandling (uncleared) til butikken sender; bortfaller etter 5 dager",
    uncleared_accepted: "Til behandling (uncleared), fullført etter 3 minutter",
    uncleared_declined: "Til behandling (uncleared), bortfaller etter 3 minutter",
    charged_back: "Fullført, tilbakeført etter 14 dager",
    declined: "Avvist",
    cancelled: "Avbrutt",
    expired: "Utløpt",
    refused_title: "Dette virker ikke",
    form_wrong: "Skjemaet hører ikke til denne siden. Åpne siden på nytt.",
    balance_wrong: "En saldo er et helt tall i valutaens minste enhet, fra 0 og oppover. Gå tilbake og skriv den på nytt.",
    unknown_title: "Ikke funnet",
    unknown_text: "Denne testtilbyderen kjenner ikke betalingen. Gå tilbake til butikken.",
};
