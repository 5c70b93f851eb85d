//! The one phrase that only test platforms show: the way to methods that are no cards.

/// "Other payment methods", in the language with this `lang` attribute.
pub(in crate::page) fn other_methods(code: &str) -> &'static str {
    match code {
        "ar" => "طرق دفع أخرى",
        "cs" => "Další způsoby platby",
        "da" => "Andre betalingsmetoder",
        "de" => "Weitere Zahlungsarten",
        "es" => "Otros métodos de pago",
        "fi" => "Muut maksutavat",
        "fr" => "Autres moyens de paiement",
        "he" => "אמצעי תשלום אחרים",
        "it" => "Altri metodi di pagamento",
        "ja" => "その他のお支払い方法",
        "nb" => "Andre betalingsmåter",
        "nl" => "Andere betaalmethoden",
        "pl" => "Inne metody płatności",
        "pt" => "Outros métodos de pagamento",
        "ru" => "Другие способы оплаты",
        "sv" => "Andra betalningssätt",
        "tr" => "Diğer ödeme yöntemleri",
        "zh" => "其他支付方式",
        _ => "Other payment methods",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::words::ALL;

    #[test]
    fn every_language_has_the_phrase() {
        let phrases: std::collections::BTreeSet<&str> =
            ALL.iter().map(|words| other_methods(words.code)).collect();
        assert_eq!(phrases.len(), ALL.len());
    }
}
