//! Swedish.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Swedish,
    title: "Betala med {method}",
    provider: "Testleverantör",
    choose: "Detta är testplattformen: välj hur betalningen slutar.",
    shop: "Butik",
    amount: "Belopp",
    purpose: "Avser",
    bank: "Bank",
    outcome: "Resultat",
    balance: "Presentkortets saldo i den minsta enheten (cent)",
    account: "Överför till",
    holder: "Kontoinnehavare",
    reference: "Betalningsreferens",
    confirm: "Bekräfta",
    nothing_moves: "Inga pengar flyttas här, vad du än väljer.",
    completed: "Genomförd",
    half_balance: "Hälften: saldot betalar halva beloppet",
    no_balance: "Nekad: det finns inget saldo",
    typed_balance: "Saldot som skrivits nedan",
    paid_later: "Genomförd senare: pengarna kommer efter några dagar",
    never_paid: "Väntar: pengarna kommer aldrig",
    uncleared: "Under behandling (uncleared) tills butiken skickar; upphör efter 5 dagar",
    uncleared_accepted: "Under behandling (uncleared), genomförd efter 3 minuter",
    uncleared_declined: "Under behandling (uncleared), upphör efter 3 minuter",
    charged_back: "Genomförd, återkrävd efter 14 dagar",
    declined: "Nekad",
    cancelled: "Avbruten",
    expired: "Utgången",
    refused_title: "Det här fungerar inte",
    form_wrong: "Formuläret hör inte till den här sidan. Öppna sidan igen.",
    balance_wrong: "Ett saldo är ett heltal i valutans minsta enhet, från 0 och uppåt. Gå tillbaka och skriv det igen.",
    unknown_title: "Hittades inte",
    unknown_text: "Den här testleverantören känner inte till betalningen. Gå tillbaka till butiken.",
};
