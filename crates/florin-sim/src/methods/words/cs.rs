//! Czech.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Czech,
    title: "Zaplatit přes {method}",
    provider: "Testovací poskytovatel",
    choose: "Toto je testovací platforma: zvolte, jak platba skončí.",
    shop: "Obchod",
    amount: "Částka",
    purpose: "Účel",
    bank: "Banka",
    outcome: "Výsledek",
    balance: "Zůstatek dárkové karty v nejmenších jednotkách (centech)",
    account: "Převést na",
    holder: "Majitel účtu",
    reference: "Číslo platby",
    confirm: "Potvrdit",
    nothing_moves: "Ať zvolíte cokoli, žádné peníze se zde nepřevádějí.",
    completed: "Dokončeno",
    half_balance: "Polovina: zůstatek zaplatí polovinu částky",
    no_balance: "Zamítnuto: na kartě nic není",
    typed_balance: "Zůstatek zadaný níže",
    paid_later: "Dokončeno později: peníze dorazí po několika dnech",
    never_paid: "Čeká: peníze nikdy nedorazí",
    uncleared: "Posuzuje se (uncleared), dokud obchod neodešle zboží; po 5 dnech zaniká",
    uncleared_accepted: "Posuzuje se (uncleared), dokončeno po 3 minutách",
    uncleared_declined: "Posuzuje se (uncleared), po 3 minutách zaniká",
    charged_back: "Dokončeno, po 14 dnech reklamováno",
    declined: "Zamítnuto",
    cancelled: "Zrušeno",
    expired: "Vypršelo",
    refused_title: "Takto to nejde",
    form_wrong: "Formulář nepatří k této stránce. Otevřete prosím stránku znovu.",
    balance_wrong: "Zůstatek je celé číslo v nejmenších jednotkách měny, od 0. Vraťte se prosím a zadejte jej znovu.",
    unknown_title: "Nenalezeno",
    unknown_text: "Tento testovací poskytovatel platbu nezná. Vraťte se prosím do obchodu.",
};
