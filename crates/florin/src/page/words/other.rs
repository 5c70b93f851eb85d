//! The one phrase that only test platforms show: the way to methods that are no cards.

use florin_locale::Language;

/// "Other payment methods", in a language.
pub(in crate::page) fn other_methods(language: Language) -> &'static str {
    match language {
        Language::Arabic => "طرق دفع أخرى",
        Language::Czech => "Další způsoby platby",
        Language::Danish => "Andre betalingsmetoder",
        Language::German => "Weitere Zahlungsarten",
        Language::Spanish => "Otros métodos de pago",
        Language::Finnish => "Muut maksutavat",
        Language::French => "Autres moyens de paiement",
        Language::Hebrew => "אמצעי תשלום אחרים",
        Language::Italian => "Altri metodi di pagamento",
        Language::Japanese => "その他のお支払い方法",
        Language::Norwegian => "Andre betalingsmåter",
        Language::Dutch => "Andere betaalmethoden",
        Language::Polish => "Inne metody płatności",
        Language::Portuguese => "Outros métodos de pagamento",
        Language::Russian => "Другие способы оплаты",
        Language::Swedish => "Andra betalningssätt",
        Language::Turkish => "Diğer ödeme yöntemleri",
        Language::Chinese => "其他支付方式",
        Language::English => "Other payment methods",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_the_phrase() {
        let phrases: std::collections::BTreeSet<&str> =
            Language::ALL.into_iter().map(other_methods).collect();
        assert_eq!(phrases.len(), Language::ALL.len());
    }
}
