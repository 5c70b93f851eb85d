//! The mails in French.

use super::super::kind::Kind;
use super::{Text, Words};

pub(super) const WORDS: Words = Words {
    greeting: "Bonjour @FIRSTNAME@ @LASTNAME@,",
    regards: "Cordialement,",
    to_merchant: "Bonjour,",
    why_customer: "Vous recevez cet e-mail en raison d’une commande chez @SITENAME@.",
    why_merchant: "Vous recevez cet e-mail parce qu’il est activé pour @SITENAME@.",
    colon: "\u{a0}:",
    order: "Commande",
    description: "Description",
    amount: "Montant",
    method: "Moyen de paiement",
    date: "Date",
    transaction: "Transaction",
    customer: "Client",
    reason: "Motif",
    due: "Répondre avant le",
    pay: "Finaliser le paiement",
    text,
};

fn text(kind: Kind) -> Text {
    match kind {
        Kind::CompletedCustomer => Text {
            subject: "Votre paiement à @SITENAME@ : commande @MERCHANTTRANSACTIONID@",
            heading: "Merci pour votre paiement",
            paragraphs: &[
                "Nous avons bien reçu votre paiement de @TOTALAMOUNT@ pour la commande @MERCHANTTRANSACTIONID@.",
            ],
        },
        Kind::CompletedMerchant => Text {
            subject: "Payée : commande @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Une commande a été payée",
            paragraphs: &[
                "La commande @MERCHANTTRANSACTIONID@ de @SITENAME@ a été payée : @TOTALAMOUNT@. Vous pouvez l’expédier.",
            ],
        },
        Kind::AuthorizedCustomer => Text {
            subject: "Votre commande @MERCHANTTRANSACTIONID@ chez @SITENAME@",
            heading: "Votre paiement est réservé",
            paragraphs: &[
                "Votre banque a réservé @TOTALAMOUNT@ pour la commande @MERCHANTTRANSACTIONID@.",
                "Le montant sera débité lors de l’expédition de votre commande. Vous n’avez rien à faire.",
            ],
        },
        Kind::AuthorizedMerchant => Text {
            subject: "Réservée : commande @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Un montant est réservé",
            paragraphs: &[
                "@TOTALAMOUNT@ sont réservés pour la commande @MERCHANTTRANSACTIONID@ de @SITENAME@.",
                "Capturez ce montant avant la fin de la réservation, sinon rien ne sera payé.",
            ],
        },
        Kind::CapturedInFullCustomer => Text {
            subject: "Paiement de votre commande @MERCHANTTRANSACTIONID@ chez @SITENAME@",
            heading: "Votre commande a été débitée",
            paragraphs: &[
                "Le montant réservé de @TOTALAMOUNT@ pour la commande @MERCHANTTRANSACTIONID@ vient d’être débité.",
            ],
        },
        Kind::CapturedInFullMerchant => Text {
            subject: "Capturée : commande @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Une réservation a été capturée en totalité",
            paragraphs: &[
                "Le montant total de la commande @MERCHANTTRANSACTIONID@ de @SITENAME@ a été capturé : @TOTALAMOUNT@.",
            ],
        },
        Kind::CapturedInPartCustomer => Text {
            subject: "Paiement d’une partie de votre commande chez @SITENAME@ : @MERCHANTTRANSACTIONID@",
            heading: "Une partie de votre commande a été débitée",
            paragraphs: &[
                "Sur le montant réservé pour votre commande, @TOTALAMOUNT@ viennent d’être débités. Ils correspondent à la partie numéro @MERCHANTTRANSACTIONID@.",
            ],
        },
        Kind::CapturedInPartMerchant => Text {
            subject: "Capturée en partie : commande @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Une partie d’une réservation a été capturée",
            paragraphs: &[
                "@TOTALAMOUNT@ d’un montant réservé ont été capturés chez @SITENAME@. Cette partie est la commande @MERCHANTTRANSACTIONID@.",
            ],
        },
        Kind::RefundedCustomer => Text {
            subject: "Votre remboursement de @SITENAME@ : commande @MERCHANTTRANSACTIONID@",
            heading: "Votre remboursement est en route",
            paragraphs: &[
                "@SITENAME@ vous a remboursé @TOTALAMOUNT@ pour la commande @MERCHANTTRANSACTIONID@.",
                "L’argent est renvoyé vers @REFUNDDESTINATION@. Selon votre banque, il peut s’écouler quelques jours ouvrés avant qu’il n’apparaisse.",
            ],
        },
        Kind::ChargedBackMerchant => Text {
            subject: "Rétrofacturation : commande @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Un paiement a été contesté",
            paragraphs: &[
                "La banque d’un client a repris @TOTALAMOUNT@ de la commande @MERCHANTTRANSACTIONID@ de @SITENAME@.",
                "Si vous n’êtes pas d’accord, ouvrez un litige et remettez vos justificatifs avant le @DISPUTEDUEDATE@. Sans réponse, la rétrofacturation est considérée comme acceptée. Ne remboursez pas la commande.",
            ],
        },
        Kind::UnclearedMerchant => Text {
            subject: "À vérifier : commande @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Un paiement attend une décision",
            paragraphs: &[
                "La commande @MERCHANTTRANSACTIONID@ de @SITENAME@ a été payée, mais le paiement est en cours de vérification : @TOTALAMOUNT@.",
                "Ne l’expédiez pas avant que le paiement ait été accepté.",
            ],
        },
        Kind::SecondChanceFirst => Text {
            subject: "Votre commande chez @SITENAME@ n’est pas encore payée",
            heading: "Gardons-nous votre commande ?",
            paragraphs: &[
                "Vous avez passé la commande @MERCHANTTRANSACTIONID@ chez @SITENAME@, mais le paiement de @TOTALAMOUNT@ n’a pas abouti.",
                "Un problème est survenu ? Vous pouvez encore payer, rapidement et en toute sécurité. Si vous avez changé d’avis, vous n’avez rien à faire.",
            ],
        },
        Kind::SecondChanceSecond => Text {
            subject: "Dernier rappel de votre commande chez @SITENAME@",
            heading: "Votre commande vous attend toujours",
            paragraphs: &[
                "La commande @MERCHANTTRANSACTIONID@ chez @SITENAME@ n’est pas encore payée : @TOTALAMOUNT@.",
                "Le lien ci-dessous vous permet encore de finaliser le paiement. Ceci est le dernier rappel de cette commande.",
            ],
        },
    }
}
