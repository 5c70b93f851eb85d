//! Italian.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Italian,
    title: "Paga con {method}",
    provider: "Fornitore di prova",
    choose: "Questa è la piattaforma di prova: scelga come finisce il pagamento.",
    shop: "Negozio",
    amount: "Importo",
    purpose: "Causale",
    bank: "Banca",
    outcome: "Esito",
    balance: "Saldo della carta regalo, nell'unità più piccola (centesimi)",
    account: "Bonifico a",
    holder: "Intestatario",
    reference: "Riferimento del pagamento",
    confirm: "Conferma",
    nothing_moves: "Qui non si muove denaro, qualunque cosa scelga.",
    completed: "Completato",
    half_balance: "Metà: il saldo paga metà dell'importo",
    no_balance: "Rifiutato: il saldo è nullo",
    typed_balance: "Il saldo indicato sotto",
    paid_later: "Completato più tardi: il denaro arriva dopo alcuni giorni",
    never_paid: "In attesa: il denaro non arriva mai",
    uncleared: "In verifica (uncleared) fino alla spedizione; annullato dopo 5 giorni",
    uncleared_accepted: "In verifica (uncleared), completato dopo 3 minuti",
    uncleared_declined: "In verifica (uncleared), annullato dopo 3 minuti",
    charged_back: "Completato, contestato dopo 14 giorni",
    declined: "Rifiutato",
    cancelled: "Annullato",
    expired: "Scaduto",
    refused_title: "Non funziona",
    form_wrong: "Il modulo non è di questa pagina. Apra di nuovo la pagina.",
    balance_wrong: "Un saldo è un numero intero nell'unità più piccola della valuta, da 0 in su. Torni indietro e lo scriva di nuovo.",
    unknown_title: "Non trovato",
    unknown_text: "Questo fornitore di prova non conosce questo pagamento. Torni al negozio.",
};
