//! Swedish.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Swedish,
    title: "Bekräfta din betalning",
    bank: "Testbank",
    choose: "Din bank vill vara säker på att det är du. Detta är testplattformen: välj hur autentiseringen slutar.",
    shop: "Butik",
    amount: "Belopp",
    card: "Kort",
    outcome: "Resultat",
    authenticated: "Autentiserad (Y)",
    attempted: "Försökt (A)",
    not_authenticated: "Inte autentiserad (N)",
    unavailable: "Inte tillgänglig (U)",
    rejected: "Avvisad (R)",
    cancel: "Avbryt",
    confirm: "Bekräfta",
    nothing_moves: "Inga pengar flyttas här, och inga riktiga kort fungerar här.",
    thanks_title: "Tack",
    thanks_text: "Du skickas tillbaka till butiken.",
    answered_title: "Redan besvarad",
    answered_text: "Betalningen är redan besvarad; det första svaret gäller.",
    continue_button: "Fortsätt",
    refused_title: "Det här fungerar inte",
    refused_text: "Begäran innehåller ingen autentisering som går att läsa.",
    unknown_title: "Hittades inte",
    unknown_text: "Den här testbanken känner inte till autentiseringen. Gå tillbaka till butiken.",
    expired_title: "För sent",
    expired_text: "Tiden för den här autentiseringen är slut. Gå tillbaka till butiken.",
};
