//! German.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::German,
    title: "Mit {method} bezahlen",
    provider: "Testanbieter",
    choose: "Dies ist die Testplattform: Wählen Sie, wie die Zahlung ausgeht.",
    shop: "Shop",
    amount: "Betrag",
    purpose: "Verwendungszweck",
    bank: "Bank",
    outcome: "Ergebnis",
    balance: "Guthaben der Geschenkkarte in der kleinsten Einheit (Cent)",
    account: "Überweisen an",
    holder: "Kontoinhaber",
    reference: "Zahlungsreferenz",
    confirm: "Bestätigen",
    nothing_moves: "Hier fließt kein Geld, was auch immer Sie wählen.",
    completed: "Abgeschlossen",
    half_balance: "Hälfte: Das Guthaben bezahlt die Hälfte des Betrags",
    no_balance: "Abgelehnt: Es ist kein Guthaben vorhanden",
    typed_balance: "Das unten eingegebene Guthaben",
    paid_later: "Später abgeschlossen: Das Geld trifft nach einigen Tagen ein",
    never_paid: "Offen: Das Geld trifft nie ein",
    uncleared: "In Prüfung (uncleared) bis zum Versand; verfällt nach 5 Tagen",
    uncleared_accepted: "In Prüfung (uncleared), nach 3 Minuten abgeschlossen",
    uncleared_declined: "In Prüfung (uncleared), verfällt nach 3 Minuten",
    charged_back: "Abgeschlossen, nach 14 Tagen zurückgebucht",
    declined: "Abgelehnt",
    cancelled: "Abgebrochen",
    expired: "Abgelaufen",
    refused_title: "Das geht so nicht",
    form_wrong: "Das Formular gehört nicht zu dieser Seite. Bitte öffnen Sie die Seite erneut.",
    balance_wrong: "Ein Guthaben ist eine ganze Zahl in der kleinsten Einheit der Währung, ab 0. Bitte gehen Sie zurück und geben Sie es erneut ein.",
    unknown_title: "Nicht gefunden",
    unknown_text: "Dieser Testanbieter kennt diese Zahlung nicht. Bitte gehen Sie zurück zum Shop.",
};
