//! The mails in German.

use super::super::kind::Kind;
use super::{Text, Words};

pub(super) const WORDS: Words = Words {
    greeting: "Guten Tag @FIRSTNAME@ @LASTNAME@,",
    regards: "Mit freundlichen Grüßen",
    to_merchant: "Guten Tag,",
    why_customer: "Sie erhalten diese E-Mail wegen einer Bestellung bei @SITENAME@.",
    why_merchant: "Sie erhalten diese E-Mail, weil sie für @SITENAME@ eingeschaltet ist.",
    colon: ":",
    order: "Bestellung",
    description: "Beschreibung",
    amount: "Betrag",
    method: "Zahlungsart",
    date: "Datum",
    transaction: "Transaktion",
    customer: "Kunde",
    reason: "Grund",
    due: "Antwort bis",
    pay: "Zahlung abschließen",
    text,
};

fn text(kind: Kind) -> Text {
    match kind {
        Kind::CompletedCustomer => Text {
            subject: "Ihre Zahlung an @SITENAME@: Bestellung @MERCHANTTRANSACTIONID@",
            heading: "Vielen Dank für Ihre Zahlung",
            paragraphs: &[
                "Wir haben Ihre Zahlung von @TOTALAMOUNT@ für die Bestellung @MERCHANTTRANSACTIONID@ erhalten.",
            ],
        },
        Kind::CompletedMerchant => Text {
            subject: "Bezahlt: Bestellung @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Eine Bestellung wurde bezahlt",
            paragraphs: &[
                "Die Bestellung @MERCHANTTRANSACTIONID@ von @SITENAME@ wurde bezahlt: @TOTALAMOUNT@. Sie können sie versenden.",
            ],
        },
        Kind::AuthorizedCustomer => Text {
            subject: "Ihre Bestellung @MERCHANTTRANSACTIONID@ bei @SITENAME@",
            heading: "Ihre Zahlung ist vorgemerkt",
            paragraphs: &[
                "Ihre Bank hat @TOTALAMOUNT@ für die Bestellung @MERCHANTTRANSACTIONID@ vorgemerkt.",
                "Der Betrag wird abgebucht, wenn Ihre Bestellung versendet wird. Sie brauchen nichts zu tun.",
            ],
        },
        Kind::AuthorizedMerchant => Text {
            subject: "Vorgemerkt: Bestellung @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Ein Betrag ist vorgemerkt",
            paragraphs: &[
                "Für die Bestellung @MERCHANTTRANSACTIONID@ von @SITENAME@ sind @TOTALAMOUNT@ vorgemerkt.",
                "Buchen Sie den Betrag ab, bevor die Vormerkung endet, sonst wird nichts bezahlt.",
            ],
        },
        Kind::CapturedInFullCustomer => Text {
            subject: "Zahlung Ihrer Bestellung @MERCHANTTRANSACTIONID@ bei @SITENAME@",
            heading: "Ihre Bestellung wurde abgebucht",
            paragraphs: &[
                "Der vorgemerkte Betrag von @TOTALAMOUNT@ für die Bestellung @MERCHANTTRANSACTIONID@ wurde jetzt abgebucht.",
            ],
        },
        Kind::CapturedInFullMerchant => Text {
            subject: "Abgebucht: Bestellung @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Eine Vormerkung wurde vollständig abgebucht",
            paragraphs: &[
                "Der volle Betrag der Bestellung @MERCHANTTRANSACTIONID@ von @SITENAME@ wurde abgebucht: @TOTALAMOUNT@.",
            ],
        },
        Kind::CapturedInPartCustomer => Text {
            subject: "Zahlung eines Teils Ihrer Bestellung bei @SITENAME@: @MERCHANTTRANSACTIONID@",
            heading: "Ein Teil Ihrer Bestellung wurde abgebucht",
            paragraphs: &[
                "Von dem Betrag, der für Ihre Bestellung vorgemerkt war, wurden jetzt @TOTALAMOUNT@ abgebucht. Das ist für den Teil mit der Nummer @MERCHANTTRANSACTIONID@.",
            ],
        },
        Kind::CapturedInPartMerchant => Text {
            subject: "Teilweise abgebucht: Bestellung @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Ein Teil einer Vormerkung wurde abgebucht",
            paragraphs: &[
                "Bei @SITENAME@ wurden @TOTALAMOUNT@ eines vorgemerkten Betrags abgebucht. Der Teil ist die Bestellung @MERCHANTTRANSACTIONID@.",
            ],
        },
        Kind::RefundedCustomer => Text {
            subject: "Ihre Erstattung von @SITENAME@: Bestellung @MERCHANTTRANSACTIONID@",
            heading: "Ihre Erstattung ist unterwegs",
            paragraphs: &[
                "@SITENAME@ hat @TOTALAMOUNT@ für die Bestellung @MERCHANTTRANSACTIONID@ erstattet.",
                "Das Geld geht zurück an @REFUNDDESTINATION@. Je nach Bank kann es einige Werktage dauern, bis Sie es sehen.",
            ],
        },
        Kind::ChargedBackMerchant => Text {
            subject: "Rückbelastung: Bestellung @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Eine Zahlung wurde zurückbelastet",
            paragraphs: &[
                "Die Bank eines Kunden hat @TOTALAMOUNT@ der Bestellung @MERCHANTTRANSACTIONID@ von @SITENAME@ zurückgebucht.",
                "Wenn Sie nicht einverstanden sind, widersprechen Sie und reichen Sie Ihre Nachweise bis zum @DISPUTEDUEDATE@ ein. Ohne Antwort gilt die Rückbelastung als angenommen. Erstatten Sie die Bestellung nicht.",
            ],
        },
        Kind::UnclearedMerchant => Text {
            subject: "Zu prüfen: Bestellung @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Eine Zahlung wartet auf eine Entscheidung",
            paragraphs: &[
                "Die Bestellung @MERCHANTTRANSACTIONID@ von @SITENAME@ wurde bezahlt, die Zahlung wird aber noch geprüft: @TOTALAMOUNT@.",
                "Versenden Sie sie nicht, bevor die Zahlung angenommen wurde.",
            ],
        },
        Kind::SecondChanceFirst => Text {
            subject: "Ihre Bestellung bei @SITENAME@ ist noch nicht bezahlt",
            heading: "Sollen wir Ihre Bestellung aufheben?",
            paragraphs: &[
                "Sie haben bei @SITENAME@ die Bestellung @MERCHANTTRANSACTIONID@ aufgegeben, die Zahlung von @TOTALAMOUNT@ wurde aber nicht abgeschlossen.",
                "Ist etwas schiefgegangen? Sie können noch immer schnell und sicher bezahlen. Wenn Sie es sich anders überlegt haben, brauchen Sie nichts zu tun.",
            ],
        },
        Kind::SecondChanceSecond => Text {
            subject: "Letzte Erinnerung an Ihre Bestellung bei @SITENAME@",
            heading: "Ihre Bestellung wartet noch auf Sie",
            paragraphs: &[
                "Die Bestellung @MERCHANTTRANSACTIONID@ bei @SITENAME@ ist noch nicht bezahlt: @TOTALAMOUNT@.",
                "Über den folgenden Link können Sie die Zahlung noch abschließen. Dies ist die letzte Erinnerung an diese Bestellung.",
            ],
        },
    }
}
