//! Czech.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Czech,
    title: "Potvrďte platbu",
    bank: "Testovací banka",
    choose: "Vaše banka si chce ověřit, že jste to vy. Toto je testovací platforma: zvolte, jak ověření skončí.",
    shop: "Obchod",
    amount: "Částka",
    card: "Karta",
    outcome: "Výsledek",
    authenticated: "Ověřeno (Y)",
    attempted: "Pokus o ověření (A)",
    not_authenticated: "Neověřeno (N)",
    unavailable: "Nedostupné (U)",
    rejected: "Odmítnuto (R)",
    cancel: "Zrušit",
    confirm: "Potvrdit",
    nothing_moves: "Žádné peníze se zde nepřevádějí a skutečné karty zde nefungují.",
    thanks_title: "Děkujeme",
    thanks_text: "Vracíte se do obchodu.",
    answered_title: "Již zodpovězeno",
    answered_text: "Na tuto platbu již bylo odpovězeno; platí první odpověď.",
    continue_button: "Pokračovat",
    refused_title: "Takto to nejde",
    refused_text: "Požadavek neobsahuje čitelné ověření.",
    unknown_title: "Nenalezeno",
    unknown_text: "Tato testovací banka takové ověření nezná. Vraťte se prosím do obchodu.",
    expired_title: "Čas vypršel",
    expired_text: "Čas na toto ověření vypršel. Vraťte se prosím do obchodu.",
};
