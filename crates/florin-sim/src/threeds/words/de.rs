//! German.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::German,
    title: "Bestätigen Sie Ihre Zahlung",
    bank: "Testbank",
    choose: "Ihre Bank möchte sicher sein, dass Sie es sind. Dies ist die Testplattform: Wählen Sie, wie die Authentifizierung ausgeht.",
    shop: "Shop",
    amount: "Betrag",
    card: "Karte",
    outcome: "Ergebnis",
    authenticated: "Authentifiziert (Y)",
    attempted: "Versucht (A)",
    not_authenticated: "Nicht authentifiziert (N)",
    unavailable: "Nicht verfügbar (U)",
    rejected: "Abgelehnt (R)",
    cancel: "Abbrechen",
    confirm: "Bestätigen",
    nothing_moves: "Hier fließt kein Geld, und echte Karten funktionieren hier nicht.",
    thanks_title: "Vielen Dank",
    thanks_text: "Sie werden zum Shop zurückgeleitet.",
    answered_title: "Bereits beantwortet",
    answered_text: "Diese Zahlung wurde bereits beantwortet; es zählt die erste Antwort.",
    continue_button: "Weiter",
    refused_title: "Das geht so nicht",
    refused_text: "Die Anfrage enthält keine lesbare Authentifizierung.",
    unknown_title: "Nicht gefunden",
    unknown_text: "Diese Testbank kennt diese Authentifizierung nicht. Bitte gehen Sie zurück zum Shop.",
    expired_title: "Zu spät",
    expired_text: "Die Zeit für diese Authentifizierung ist abgelaufen. Bitte gehen Sie zurück zum Shop.",
};
