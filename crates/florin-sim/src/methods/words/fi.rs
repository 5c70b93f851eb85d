//! Finnish.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Finnish,
    title: "Maksa: {method}",
    provider: "Testipalvelu",
    choose: "Tämä on testiympäristö: valitse, miten maksu päättyy.",
    shop: "Kauppa",
    amount: "Summa",
    purpose: "Selite",
    bank: "Pankki",
    outcome: "Lopputulos",
    balance: "Lahjakortin saldo pienimmissä yksiköissä (senteissä)",
    account: "Maksa tilille",
    holder: "Tilin omistaja",
    reference: "Maksun viite",
    confirm: "Vahvista",
    nothing_moves: "Rahaa ei liiku täällä, valitsitpa mitä tahansa.",
    completed: "Suoritettu",
    half_balance: "Puolet: saldo maksaa puolet summasta",
    no_balance: "Hylätty: saldoa ei ole",
    typed_balance: "Alle kirjoitettu saldo",
    paid_later: "Suoritettu myöhemmin: rahat saapuvat muutaman päivän kuluttua",
    never_paid: "Odottaa: rahat eivät saavu koskaan",
    uncleared: "Käsittelyssä (uncleared), kunnes kauppa lähettää; raukeaa 5 päivän kuluttua",
    uncleared_accepted: "Käsittelyssä (uncleared), suoritettu 3 minuutin kuluttua",
    uncleared_declined: "Käsittelyssä (uncleared), raukeaa 3 minuutin kuluttua",
    charged_back: "Suoritettu, peritty takaisin 14 päivän kuluttua",
    declined: "Hylätty",
    cancelled: "Peruutettu",
    expired: "Vanhentunut",
    refused_title: "Tämä ei onnistu",
    form_wrong: "Lomake ei kuulu tälle sivulle. Avaa sivu uudelleen.",
    balance_wrong: "Saldo on kokonaisluku valuutan pienimmissä yksiköissä, vähintään 0. Palaa takaisin ja kirjoita se uudelleen.",
    unknown_title: "Ei löydy",
    unknown_text: "Testipalvelu ei tunne tätä maksua. Palaa kauppaan.",
};
