//! What pages say of orders that gift cards have paid in part, as only test platforms know them.

use florin_locale::Language;

/// The words of one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::page) struct InPart {
    /// Over what was paid, by which gift card.
    pub paid: &'static str,
    /// Before the rest.
    pub left: &'static str,
    /// What becomes of the parts when the payer gives up.
    pub cancelling: &'static str,
}

const fn words(paid: &'static str, left: &'static str, cancelling: &'static str) -> InPart {
    InPart { paid, left, cancelling }
}

/// The words of a language.
pub(in crate::page) fn in_part(language: Language) -> InPart {
    match language {
        Language::Arabic => words(
            "تم دفعه بالفعل",
            "المتبقي للدفع",
            "إذا ألغيت الدفع، فسيُعاد المبلغ المدفوع إلى بطاقة الهدايا.",
        ),
        Language::Czech => words(
            "Již zaplaceno",
            "Zbývá zaplatit",
            "Pokud platbu zrušíte, zaplacená částka se vrátí na dárkovou kartu.",
        ),
        Language::Danish => words(
            "Allerede betalt",
            "Mangler at blive betalt",
            "Hvis du annullerer, går det betalte tilbage til gavekortet.",
        ),
        Language::German => words(
            "Bereits bezahlt",
            "Noch zu zahlen",
            "Wenn Sie abbrechen, geht der gezahlte Betrag auf die Geschenkkarte zurück.",
        ),
        Language::Spanish => words(
            "Ya pagado",
            "Queda por pagar",
            "Si cancela, lo pagado vuelve a la tarjeta regalo.",
        ),
        Language::Finnish => words(
            "Jo maksettu",
            "Maksamatta",
            "Jos peruutat, maksettu summa palautuu lahjakortille.",
        ),
        Language::French => words(
            "Déjà payé",
            "Reste à payer",
            "Si vous annulez, le montant payé est rendu à la carte cadeau.",
        ),
        Language::Hebrew => {
            words("כבר שולם", "נותר לתשלום", "אם תבטלו, הסכום ששולם יוחזר לכרטיס המתנה.")
        }
        Language::Italian => words(
            "Già pagato",
            "Resta da pagare",
            "Se annulla, l'importo pagato torna sulla carta regalo.",
        ),
        Language::Japanese => words(
            "お支払い済み",
            "残りのお支払い",
            "キャンセルすると、お支払い済みの金額はギフトカードに戻ります。",
        ),
        Language::Norwegian => words(
            "Allerede betalt",
            "Gjenstår å betale",
            "Hvis du avbryter, går det betalte tilbake til gavekortet.",
        ),
        Language::Dutch => words(
            "Al betaald",
            "Nog te betalen",
            "Als je annuleert, gaat wat je hebt betaald terug naar je cadeaukaart.",
        ),
        Language::Polish => words(
            "Już zapłacono",
            "Pozostało do zapłaty",
            "Po anulowaniu zapłacona kwota wróci na kartę podarunkową.",
        ),
        Language::Portuguese => words(
            "Já pago",
            "Falta pagar",
            "Se cancelar, o valor pago volta para o cartão-presente.",
        ),
        Language::Russian => words(
            "Уже оплачено",
            "Осталось оплатить",
            "При отмене оплаченная сумма вернётся на подарочную карту.",
        ),
        Language::Swedish => words(
            "Redan betalat",
            "Kvar att betala",
            "Om du avbryter går det betalda tillbaka till presentkortet.",
        ),
        Language::Turkish => words(
            "Ödenen tutar",
            "Kalan tutar",
            "İptal ederseniz ödenen tutar hediye kartınıza geri döner.",
        ),
        Language::Chinese => words("已支付", "待支付", "如果取消，已支付的金额将退回礼品卡。"),
        Language::English => words(
            "Already paid",
            "Left to pay",
            "If you cancel, what you have paid goes back to your gift card.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_the_words() {
        let english = in_part(Language::English);
        let own =
            Language::ALL.into_iter().filter(|it| in_part(*it).cancelling != english.cancelling);
        assert_eq!(own.count(), Language::ALL.len() - 1);
    }
}
