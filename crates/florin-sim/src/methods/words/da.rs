//! Danish.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Danish,
    title: "Betal med {method}",
    provider: "Testudbyder",
    choose: "Dette er testplatformen: vælg, hvordan betalingen ender.",
    shop: "Butik",
    amount: "Beløb",
    purpose: "Vedrører",
    bank: "Bank",
    outcome: "Resultat",
    balance: "Gavekortets saldo i den mindste enhed (cent)",
    account: "Overfør til",
    holder: "Kontohaver",
    reference: "Betalingsreference",
    confirm: "Bekræft",
    nothing_moves: "Der flyttes ingen penge her, uanset hvad du vælger.",
    completed: "Gennemført",
    half_balance: "Halvdelen: saldoen betaler halvdelen af beløbet",
    no_balance: "Afvist: der er ingen saldo",
    typed_balance: "Saldoen, der er skrevet nedenfor",
    paid_later: "Gennemført senere: pengene kommer efter nogle dage",
    never_paid: "Afventer: pengene kommer aldrig",
    uncleared: "Under behandling (uncleared), til butikken sender; bortfalder efter 5 dage",
    uncleared_accepted: "Under behandling (uncleared), gennemført efter 3 minutter",
    uncleared_declined: "Under behandling (uncleared), bortfalder efter 3 minutter",
    charged_back: "Gennemført, tilbageført efter 14 dage",
    declined: "Afvist",
    cancelled: "Annulleret",
    expired: "Udløbet",
    refused_title: "Det virker ikke",
    form_wrong: "Formularen hører ikke til denne side. Åbn siden igen.",
    balance_wrong: "En saldo er et helt tal i valutaens mindste enhed, fra 0 og op. Gå tilbage, og skriv den igen.",
    unknown_title: "Ikke fundet",
    unknown_text: "Denne testudbyder kender ikke betalingen. Gå tilbage til butikken.",
};
