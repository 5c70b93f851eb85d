//! Finnish.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Finnish,
    title: "Vahvista maksusi",
    bank: "Testipankki",
    choose: "Pankkisi haluaa varmistaa, että maksaja olet sinä. Tämä on testiympäristö: valitse, miten tunnistautuminen päättyy.",
    shop: "Kauppa",
    amount: "Summa",
    card: "Kortti",
    outcome: "Lopputulos",
    authenticated: "Tunnistettu (Y)",
    attempted: "Yritetty (A)",
    not_authenticated: "Ei tunnistettu (N)",
    unavailable: "Ei käytettävissä (U)",
    rejected: "Hylätty (R)",
    cancel: "Peruuta",
    confirm: "Vahvista",
    nothing_moves: "Rahaa ei liiku täällä, eivätkä oikeat kortit toimi täällä.",
    thanks_title: "Kiitos",
    thanks_text: "Sinut ohjataan takaisin kauppaan.",
    answered_title: "Vastattu jo",
    answered_text: "Tähän maksuun on jo vastattu; ensimmäinen vastaus on voimassa.",
    continue_button: "Jatka",
    refused_title: "Tämä ei onnistu",
    refused_text: "Pyynnössä ei ole luettavaa tunnistautumista.",
    unknown_title: "Ei löydy",
    unknown_text: "Testipankki ei tunne tätä tunnistautumista. Palaa kauppaan.",
    expired_title: "Liian myöhään",
    expired_text: "Tämän tunnistautumisen aika on päättynyt. Palaa kauppaan.",
};
