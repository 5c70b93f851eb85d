//! The mails in Dutch.

use super::super::kind::Kind;
use super::{Text, Words};

pub(super) const WORDS: Words = Words {
    greeting: "Beste @FIRSTNAME@ @LASTNAME@,",
    regards: "Met vriendelijke groet,",
    to_merchant: "Hallo,",
    why_customer: "Je ontvangt deze e-mail vanwege een bestelling bij @SITENAME@.",
    why_merchant: "Je ontvangt deze e-mail omdat die voor @SITENAME@ is ingeschakeld.",
    colon: ":",
    order: "Bestelling",
    description: "Omschrijving",
    amount: "Bedrag",
    method: "Betaalmethode",
    date: "Datum",
    transaction: "Transactie",
    customer: "Klant",
    reason: "Reden",
    due: "Reageren vóór",
    pay: "Betaling afronden",
    text,
};

fn text(kind: Kind) -> Text {
    match kind {
        Kind::CompletedCustomer => Text {
            subject: "Je betaling aan @SITENAME@: bestelling @MERCHANTTRANSACTIONID@",
            heading: "Bedankt voor je betaling",
            paragraphs: &[
                "We hebben je betaling van @TOTALAMOUNT@ voor bestelling @MERCHANTTRANSACTIONID@ ontvangen.",
            ],
        },
        Kind::CompletedMerchant => Text {
            subject: "Betaald: bestelling @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Er is een bestelling betaald",
            paragraphs: &[
                "Bestelling @MERCHANTTRANSACTIONID@ van @SITENAME@ is betaald: @TOTALAMOUNT@. Je kunt de bestelling verzenden.",
            ],
        },
        Kind::AuthorizedCustomer => Text {
            subject: "Je bestelling @MERCHANTTRANSACTIONID@ bij @SITENAME@",
            heading: "Je betaling is gereserveerd",
            paragraphs: &[
                "Je bank heeft @TOTALAMOUNT@ gereserveerd voor bestelling @MERCHANTTRANSACTIONID@.",
                "Het bedrag wordt afgeschreven zodra je bestelling wordt verzonden. Je hoeft niets te doen.",
            ],
        },
        Kind::AuthorizedMerchant => Text {
            subject: "Gereserveerd: bestelling @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Er is een bedrag gereserveerd",
            paragraphs: &[
                "Voor bestelling @MERCHANTTRANSACTIONID@ van @SITENAME@ is @TOTALAMOUNT@ gereserveerd.",
                "Int het bedrag voordat de reservering verloopt, anders wordt er niets betaald.",
            ],
        },
        Kind::CapturedInFullCustomer => Text {
            subject: "Betaling van je bestelling @MERCHANTTRANSACTIONID@ bij @SITENAME@",
            heading: "Je bestelling is afgeschreven",
            paragraphs: &[
                "Het gereserveerde bedrag van @TOTALAMOUNT@ voor bestelling @MERCHANTTRANSACTIONID@ is nu afgeschreven.",
            ],
        },
        Kind::CapturedInFullMerchant => Text {
            subject: "Geïnd: bestelling @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Een reservering is volledig geïnd",
            paragraphs: &[
                "Het volledige bedrag van bestelling @MERCHANTTRANSACTIONID@ van @SITENAME@ is geïnd: @TOTALAMOUNT@.",
            ],
        },
        Kind::CapturedInPartCustomer => Text {
            subject: "Betaling van een deel van je bestelling bij @SITENAME@: @MERCHANTTRANSACTIONID@",
            heading: "Een deel van je bestelling is afgeschreven",
            paragraphs: &[
                "Van het bedrag dat voor je bestelling was gereserveerd, is nu @TOTALAMOUNT@ afgeschreven. Dat is voor het deel met nummer @MERCHANTTRANSACTIONID@.",
            ],
        },
        Kind::CapturedInPartMerchant => Text {
            subject: "Deels geïnd: bestelling @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Een deel van een reservering is geïnd",
            paragraphs: &[
                "Bij @SITENAME@ is @TOTALAMOUNT@ van een gereserveerd bedrag geïnd. Het deel is bestelling @MERCHANTTRANSACTIONID@.",
            ],
        },
        Kind::RefundedCustomer => Text {
            subject: "Je terugbetaling van @SITENAME@: bestelling @MERCHANTTRANSACTIONID@",
            heading: "Je terugbetaling is onderweg",
            paragraphs: &[
                "@SITENAME@ heeft @TOTALAMOUNT@ terugbetaald voor bestelling @MERCHANTTRANSACTIONID@.",
                "Het geld gaat terug naar @REFUNDDESTINATION@. Afhankelijk van je bank kan het enkele werkdagen duren voordat je het ziet.",
            ],
        },
        Kind::ChargedBackMerchant => Text {
            subject: "Chargeback: bestelling @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Een betaling is teruggeboekt",
            paragraphs: &[
                "De bank van een klant heeft @TOTALAMOUNT@ van bestelling @MERCHANTTRANSACTIONID@ van @SITENAME@ teruggeboekt.",
                "Ben je het er niet mee eens? Open dan een dispuut en lever je bewijs uiterlijk op @DISPUTEDUEDATE@ in. Zonder reactie geldt de chargeback als geaccepteerd. Betaal de bestelling niet zelf terug.",
            ],
        },
        Kind::UnclearedMerchant => Text {
            subject: "Te beoordelen: bestelling @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Een betaling wacht op een beslissing",
            paragraphs: &[
                "Bestelling @MERCHANTTRANSACTIONID@ van @SITENAME@ is betaald, maar de betaling wordt eerst beoordeeld: @TOTALAMOUNT@.",
                "Verzend de bestelling niet voordat de betaling is geaccepteerd.",
            ],
        },
        Kind::SecondChanceFirst => Text {
            subject: "Je bestelling bij @SITENAME@ is nog niet betaald",
            heading: "Zullen we je bestelling bewaren?",
            paragraphs: &[
                "Je hebt bij @SITENAME@ bestelling @MERCHANTTRANSACTIONID@ geplaatst, maar de betaling van @TOTALAMOUNT@ is niet afgerond.",
                "Ging er iets mis? Je kunt nog steeds snel en veilig betalen. Ben je van gedachten veranderd, dan hoef je niets te doen.",
            ],
        },
        Kind::SecondChanceSecond => Text {
            subject: "Laatste herinnering aan je bestelling bij @SITENAME@",
            heading: "Je bestelling wacht nog op je",
            paragraphs: &[
                "Bestelling @MERCHANTTRANSACTIONID@ bij @SITENAME@ is nog niet betaald: @TOTALAMOUNT@.",
                "Met de onderstaande link kun je de betaling alsnog afronden. Dit is de laatste herinnering aan deze bestelling.",
            ],
        },
    }
}
