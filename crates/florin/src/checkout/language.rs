//! The words on the pages, in the languages of the contract's locales.

use florin_core::money::Money;

/// Every text that a payer can be shown.
pub(super) struct Words {
    /// The `lang` attribute.
    pub(super) code: &'static str,
    decimal: char,
    pub(super) verify_title: &'static str,
    pub(super) verify_text: &'static str,
    pub(super) continue_button: &'static str,
    pub(super) wait_title: &'static str,
    pub(super) wait_text: &'static str,
    pub(super) paid_title: &'static str,
    pub(super) paid_text: &'static str,
    pub(super) unpaid_title: &'static str,
    pub(super) unpaid_text: &'static str,
    pub(super) back_to_shop: &'static str,
    pub(super) unknown_title: &'static str,
    pub(super) unknown_text: &'static str,
    pub(super) trouble_title: &'static str,
    pub(super) trouble_text: &'static str,
}

macro_rules! words {
    ($name:ident, $code:literal, $decimal:literal, $($text:literal),* $(,)?) => {
        const $name: Words = words!(@fill $code, $decimal, [$($text),*]);
    };
    (@fill $code:literal, $decimal:literal, [$a:literal, $b:literal, $c:literal, $d:literal,
        $e:literal, $f:literal, $g:literal, $h:literal, $i:literal, $j:literal, $k:literal,
        $l:literal, $m:literal, $n:literal]) => {
        Words {
            code: $code, decimal: $decimal,
            verify_title: $a, verify_text: $b, continue_button: $c,
            wait_title: $d, wait_text: $e,
            paid_title: $f, paid_text: $g,
            unpaid_title: $h, unpaid_text: $i,
            back_to_shop: $j,
            unknown_title: $k, unknown_text: $l,
            trouble_title: $m, trouble_text: $n,
        }
    };
}

words!(
    EN,
    "en",
    '.',
    "Your bank checks this payment",
    "To keep your card safe, your bank verifies that it is you who pays.",
    "Continue",
    "One moment, please",
    "Your payment is being processed.",
    "Payment received",
    "Thank you. You can close this page.",
    "Payment not completed",
    "The payment was not completed. Nothing has been charged.",
    "Back to the shop",
    "This link is not valid",
    "Please go back to the shop and try again.",
    "Something went wrong",
    "Please try again in a moment. You are never charged twice."
);
words!(
    NL,
    "nl",
    ',',
    "Je bank controleert deze betaling",
    "Om je kaart te beschermen controleert je bank of jij het bent die betaalt.",
    "Doorgaan",
    "Een ogenblik geduld",
    "Je betaling wordt verwerkt.",
    "Betaling ontvangen",
    "Bedankt. Je kunt deze pagina sluiten.",
    "Betaling niet voltooid",
    "De betaling is niet voltooid. Er is niets afgeschreven.",
    "Terug naar de winkel",
    "Deze link is niet geldig",
    "Ga terug naar de winkel en probeer het opnieuw.",
    "Er ging iets mis",
    "Probeer het zo dadelijk opnieuw. Je betaalt nooit dubbel."
);
words!(
    DE,
    "de",
    ',',
    "Ihre Bank prüft diese Zahlung",
    "Zum Schutz Ihrer Karte prüft Ihre Bank, ob Sie es sind, der bezahlt.",
    "Weiter",
    "Einen Moment bitte",
    "Ihre Zahlung wird verarbeitet.",
    "Zahlung erhalten",
    "Vielen Dank. Sie können diese Seite schließen.",
    "Zahlung nicht abgeschlossen",
    "Die Zahlung wurde nicht abgeschlossen. Es wurde nichts abgebucht.",
    "Zurück zum Shop",
    "Dieser Link ist ungültig",
    "Bitte gehen Sie zurück zum Shop und versuchen Sie es erneut.",
    "Etwas ist schiefgegangen",
    "Bitte versuchen Sie es gleich noch einmal. Sie zahlen nie doppelt."
);
words!(
    FR,
    "fr",
    ',',
    "Votre banque vérifie ce paiement",
    "Pour protéger votre carte, votre banque vérifie que c’est bien vous qui payez.",
    "Continuer",
    "Un instant, s’il vous plaît",
    "Votre paiement est en cours de traitement.",
    "Paiement reçu",
    "Merci. Vous pouvez fermer cette page.",
    "Paiement non effectué",
    "Le paiement n’a pas abouti. Rien n’a été débité.",
    "Retour à la boutique",
    "Ce lien n’est pas valide",
    "Veuillez retourner à la boutique et réessayer.",
    "Une erreur est survenue",
    "Veuillez réessayer dans un instant. Vous ne serez jamais débité deux fois."
);
words!(
    ES,
    "es",
    ',',
    "Su banco comprueba este pago",
    "Para proteger su tarjeta, su banco comprueba que es usted quien paga.",
    "Continuar",
    "Un momento, por favor",
    "Su pago se está procesando.",
    "Pago recibido",
    "Gracias. Puede cerrar esta página.",
    "Pago no completado",
    "El pago no se ha completado. No se ha cobrado nada.",
    "Volver a la tienda",
    "Este enlace no es válido",
    "Vuelva a la tienda e inténtelo de nuevo.",
    "Algo ha fallado",
    "Inténtelo de nuevo en un momento. Nunca se le cobrará dos veces."
);
words!(
    IT,
    "it",
    ',',
    "La banca verifica questo pagamento",
    "Per proteggere la carta, la banca verifica che sia davvero lei a pagare.",
    "Continua",
    "Un momento, per favore",
    "Il pagamento è in corso.",
    "Pagamento ricevuto",
    "Grazie. Può chiudere questa pagina.",
    "Pagamento non completato",
    "Il pagamento non è stato completato. Non è stato addebitato nulla.",
    "Torna al negozio",
    "Questo link non è valido",
    "Torni al negozio e riprovi.",
    "Qualcosa è andato storto",
    "Riprovi tra un momento. Non pagherà mai due volte."
);
words!(
    DA,
    "da",
    ',',
    "Din bank kontrollerer betalingen",
    "For at beskytte dit kort kontrollerer banken, at det er dig, der betaler.",
    "Fortsæt",
    "Et øjeblik",
    "Din betaling behandles.",
    "Betaling modtaget",
    "Tak. Du kan lukke denne side.",
    "Betalingen blev ikke gennemført",
    "Betalingen blev ikke gennemført. Der er ikke trukket noget.",
    "Tilbage til butikken",
    "Linket er ikke gyldigt",
    "Gå tilbage til butikken, og prøv igen.",
    "Noget gik galt",
    "Prøv igen om et øjeblik. Du betaler aldrig to gange."
);
words!(
    SV,
    "sv",
    ',',
    "Din bank kontrollerar betalningen",
    "För att skydda ditt kort kontrollerar banken att det är du som betalar.",
    "Fortsätt",
    "Ett ögonblick",
    "Din betalning behandlas.",
    "Betalningen är mottagen",
    "Tack. Du kan stänga sidan.",
    "Betalningen slutfördes inte",
    "Betalningen slutfördes inte. Inget har dragits.",
    "Tillbaka till butiken",
    "Länken är inte giltig",
    "Gå tillbaka till butiken och försök igen.",
    "Något gick fel",
    "Försök igen om en stund. Du betalar aldrig två gånger."
);
words!(
    FI,
    "fi",
    ',',
    "Pankkisi tarkistaa maksun",
    "Korttisi suojaamiseksi pankki varmistaa, että maksaja olet sinä.",
    "Jatka",
    "Hetki, ole hyvä",
    "Maksuasi käsitellään.",
    "Maksu vastaanotettu",
    "Kiitos. Voit sulkea tämän sivun.",
    "Maksu ei valmistunut",
    "Maksu ei valmistunut. Mitään ei ole veloitettu.",
    "Takaisin kauppaan",
    "Linkki ei ole voimassa",
    "Palaa kauppaan ja yritä uudelleen.",
    "Jokin meni vikaan",
    "Yritä hetken kuluttua uudelleen. Sinua ei koskaan veloiteta kahdesti."
);
words!(
    PL,
    "pl",
    ',',
    "Twój bank sprawdza tę płatność",
    "Aby chronić Twoją kartę, bank sprawdza, czy to Ty płacisz.",
    "Dalej",
    "Chwileczkę",
    "Twoja płatność jest przetwarzana.",
    "Płatność przyjęta",
    "Dziękujemy. Możesz zamknąć tę stronę.",
    "Płatność nie została dokończona",
    "Płatność nie została dokończona. Nic nie pobrano.",
    "Wróć do sklepu",
    "Ten link jest nieprawidłowy",
    "Wróć do sklepu i spróbuj ponownie.",
    "Coś poszło nie tak",
    "Spróbuj ponownie za chwilę. Nigdy nie zapłacisz dwa razy."
);
words!(
    CS,
    "cs",
    ',',
    "Vaše banka ověřuje tuto platbu",
    "Pro ochranu vaší karty banka ověřuje, že platíte právě vy.",
    "Pokračovat",
    "Okamžik, prosím",
    "Vaše platba se zpracovává.",
    "Platba přijata",
    "Děkujeme. Stránku můžete zavřít.",
    "Platba nebyla dokončena",
    "Platba nebyla dokončena. Nic nebylo strženo.",
    "Zpět do obchodu",
    "Tento odkaz není platný",
    "Vraťte se do obchodu a zkuste to znovu.",
    "Něco se nepovedlo",
    "Zkuste to za chvíli znovu. Nikdy nezaplatíte dvakrát."
);
words!(
    ZH,
    "zh",
    '.',
    "您的银行正在验证此付款",
    "为保护您的卡片，银行需要确认付款人是您本人。",
    "继续",
    "请稍候",
    "正在处理您的付款。",
    "付款成功",
    "谢谢。您可以关闭此页面。",
    "付款未完成",
    "付款未完成，未扣除任何款项。",
    "返回商店",
    "此链接无效",
    "请返回商店重试。",
    "出现问题",
    "请稍后重试。您不会被重复扣款。"
);

const ALL: [&Words; 12] = [&EN, &NL, &DE, &FR, &ES, &IT, &DA, &SV, &FI, &PL, &CS, &ZH];

/// The words for a locale such as `nl_NL`, `nl` or `NL-be`; English where the language is not
/// among them.
pub(super) fn words(locale: &str) -> &'static Words {
    let language: String = locale.chars().take_while(char::is_ascii_alphabetic).collect();
    ALL.into_iter().find(|it| it.code.eq_ignore_ascii_case(&language)).unwrap_or(&EN)
}

impl Words {
    /// An amount as people of the language read it: `10,00 EUR`.
    pub(super) fn amount(&self, amount: Money) -> String {
        let number = amount.to_major().replace('.', &self.decimal.to_string());
        format!("{number} {}", amount.currency.code())
    }
}

#[cfg(test)]
mod tests {
    use florin_core::money::Currency;

    use super::*;

    #[test]
    fn the_nearest_language_is_spoken() {
        for (locale, code) in [
            ("nl_NL", "nl"),
            ("de-AT", "de"),
            ("FR", "fr"),
            ("pt_BR", "en"),
            ("", "en"),
            ("zh_CN", "zh"),
        ] {
            assert_eq!(words(locale).code, code, "{locale}");
        }
    }

    #[test]
    fn amounts_are_written_as_the_language_does() {
        let money = |minor, code| Money::new(minor, Currency::parse(code).unwrap());
        assert_eq!(words("nl").amount(money(1000, "EUR")), "10,00 EUR");
        assert_eq!(words("en").amount(money(1500, "JPY")), "1500 JPY");
    }
}
