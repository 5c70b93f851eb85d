//! Italian.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Italian,
    title: "Confermi il pagamento",
    bank: "Banca di prova",
    choose: "La sua banca vuole accertarsi che sia lei. Questa è la piattaforma di prova: scelga come finisce l’autenticazione.",
    shop: "Negozio",
    amount: "Importo",
    card: "Carta",
    outcome: "Esito",
    authenticated: "Autenticato (Y)",
    attempted: "Tentato (A)",
    not_authenticated: "Non autenticato (N)",
    unavailable: "Non disponibile (U)",
    rejected: "Rifiutato (R)",
    cancel: "Annulla",
    confirm: "Conferma",
    nothing_moves: "Qui non si muove denaro e nessuna carta vera funziona.",
    thanks_title: "Grazie",
    thanks_text: "Tra poco tornerà al negozio.",
    answered_title: "Risposta già data",
    answered_text: "Per questo pagamento è già stata data una risposta; vale la prima.",
    continue_button: "Continua",
    refused_title: "Non funziona",
    refused_text: "La richiesta non contiene un’autenticazione leggibile.",
    unknown_title: "Non trovato",
    unknown_text: "Questa banca di prova non conosce questa autenticazione. Torni al negozio.",
    expired_title: "Troppo tardi",
    expired_text: "Il tempo per questa autenticazione è scaduto. Torni al negozio.",
};
