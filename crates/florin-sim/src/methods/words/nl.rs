//! Dutch.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Dutch,
    title: "Betalen met {method}",
    provider: "Testaanbieder",
    choose: "Dit is het testplatform: kies hoe de betaling afloopt.",
    shop: "Winkel",
    amount: "Bedrag",
    purpose: "Omschrijving",
    bank: "Bank",
    outcome: "Afloop",
    balance: "Saldo van de cadeaukaart, in de kleinste eenheid (centen)",
    account: "Overmaken naar",
    holder: "Op naam van",
    reference: "Betalingskenmerk",
    confirm: "Bevestigen",
    nothing_moves: "Er wordt geen geld overgemaakt, wat je ook kiest.",
    completed: "Voltooid",
    half_balance: "De helft: het saldo betaalt de helft van het bedrag",
    no_balance: "Geweigerd: er staat niets op de kaart",
    typed_balance: "Het saldo dat hieronder is ingevuld",
    paid_later: "Later voltooid: het geld komt na enkele dagen binnen",
    never_paid: "Open: het geld komt nooit binnen",
    uncleared: "In behandeling (uncleared) tot de winkel verzendt; vervalt na 5 dagen",
    uncleared_accepted: "In behandeling (uncleared), voltooid na 3 minuten",
    uncleared_declined: "In behandeling (uncleared), vervalt na 3 minuten",
    charged_back: "Voltooid, na 14 dagen teruggevorderd",
    declined: "Geweigerd",
    cancelled: "Geannuleerd",
    expired: "Verlopen",
    refused_title: "Dit lukt niet",
    form_wrong: "Dit formulier hoort niet bij deze pagina. Open de pagina opnieuw.",
    balance_wrong: "Een saldo is een geheel getal in de kleinste eenheid van de valuta, vanaf 0. Ga terug en vul het opnieuw in.",
    unknown_title: "Niet gevonden",
    unknown_text: "Deze testaanbieder kent deze betaling niet. Ga terug naar de winkel.",
};
