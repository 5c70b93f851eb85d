//! What pages say of orders that gift cards have paid in part, as only test platforms know them.

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

/// The words in the language with this `lang` attribute.
pub(in crate::page) fn in_part(code: &str) -> InPart {
    match code {
        "ar" => words(
            "تم دفعه بالفعل",
            "المتبقي للدفع",
            "إذا ألغيت الدفع، فسيُعاد المبلغ المدفوع إلى بطاقة الهدايا.",
        ),
        "cs" => words(
            "Již zaplaceno",
            "Zbývá zaplatit",
            "Pokud platbu zrušíte, zaplacená částka se vrátí na dárkovou kartu.",
        ),
        "da" => words(
            "Allerede betalt",
            "Mangler at blive betalt",
            "Hvis du annullerer, går det betalte tilbage til gavekortet.",
        ),
        "de" => words(
            "Bereits bezahlt",
            "Noch zu zahlen",
            "Wenn Sie abbrechen, geht der gezahlte Betrag auf die Geschenkkarte zurück.",
        ),
        "es" => words(
            "Ya pagado",
            "Queda por pagar",
            "Si cancela, lo pagado vuelve a la tarjeta regalo.",
        ),
        "fi" => words(
            "Jo maksettu",
            "Maksamatta",
            "Jos peruutat, maksettu summa palautuu lahjakortille.",
        ),
        "fr" => words(
            "Déjà payé",
            "Reste à payer",
            "Si vous annulez, le montant payé est rendu à la carte cadeau.",
        ),
        "he" => words("כבר שולם", "נותר לתשלום", "אם תבטלו, הסכום ששולם יוחזר לכרטיס המתנה."),
        "it" => words(
            "Già pagato",
            "Resta da pagare",
            "Se annulla, l'importo pagato torna sulla carta regalo.",
        ),
        "ja" => words(
            "お支払い済み",
            "残りのお支払い",
            "キャンセルすると、お支払い済みの金額はギフトカードに戻ります。",
        ),
        "nb" => words(
            "Allerede betalt",
            "Gjenstår å betale",
            "Hvis du avbryter, går det betalte tilbake til gavekortet.",
        ),
        "nl" => words(
            "Al betaald",
            "Nog te betalen",
            "Als je annuleert, gaat wat je hebt betaald terug naar je cadeaukaart.",
        ),
        "pl" => words(
            "Już zapłacono",
            "Pozostało do zapłaty",
            "Po anulowaniu zapłacona kwota wróci na kartę podarunkową.",
        ),
        "pt" => words(
            "Já pago",
            "Falta pagar",
            "Se cancelar, o valor pago volta para o cartão-presente.",
        ),
        "ru" => words(
            "Уже оплачено",
            "Осталось оплатить",
            "При отмене оплаченная сумма вернётся на подарочную карту.",
        ),
        "sv" => words(
            "Redan betalat",
            "Kvar att betala",
            "Om du avbryter går det betalda tillbaka till presentkortet.",
        ),
        "tr" => words(
            "Ödenen tutar",
            "Kalan tutar",
            "İptal ederseniz ödenen tutar hediye kartınıza geri döner.",
        ),
        "zh" => words("已支付", "待支付", "如果取消，已支付的金额将退回礼品卡。"),
        _ => words(
            "Already paid",
            "Left to pay",
            "If you cancel, what you have paid goes back to your gift card.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::words::ALL;

    #[test]
    fn every_language_has_the_words() {
        let english = in_part("en");
        let own = ALL.iter().filter(|words| in_part(words.code).cancelling != english.cancelling);
        assert_eq!(own.count(), ALL.len() - 1);
    }
}
