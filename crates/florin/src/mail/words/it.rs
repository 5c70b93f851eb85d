//! The mails in Italian.

use super::super::kind::Kind;
use super::{Text, Words};

pub(super) const WORDS: Words = Words {
    greeting: "Buongiorno @FIRSTNAME@ @LASTNAME@,",
    regards: "Cordiali saluti,",
    to_merchant: "Buongiorno,",
    why_customer: "Riceve questa e-mail per un ordine presso @SITENAME@.",
    why_merchant: "Riceve questa e-mail perché è attivata per @SITENAME@.",
    colon: ":",
    order: "Ordine",
    description: "Descrizione",
    amount: "Importo",
    method: "Metodo di pagamento",
    date: "Data",
    transaction: "Transazione",
    customer: "Cliente",
    reason: "Motivo",
    due: "Rispondere entro il",
    pay: "Completa il pagamento",
    text,
};

fn text(kind: Kind) -> Text {
    match kind {
        Kind::CompletedCustomer => Text {
            subject: "Il Suo pagamento a @SITENAME@: ordine @MERCHANTTRANSACTIONID@",
            heading: "Grazie per il Suo pagamento",
            paragraphs: &[
                "Abbiamo ricevuto il Suo pagamento di @TOTALAMOUNT@ per l’ordine @MERCHANTTRANSACTIONID@.",
            ],
        },
        Kind::CompletedMerchant => Text {
            subject: "Pagato: ordine @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Un ordine è stato pagato",
            paragraphs: &[
                "L’ordine @MERCHANTTRANSACTIONID@ di @SITENAME@ è stato pagato: @TOTALAMOUNT@. Può spedirlo.",
            ],
        },
        Kind::AuthorizedCustomer => Text {
            subject: "Il Suo ordine @MERCHANTTRANSACTIONID@ presso @SITENAME@",
            heading: "Il Suo pagamento è riservato",
            paragraphs: &[
                "La Sua banca ha riservato @TOTALAMOUNT@ per l’ordine @MERCHANTTRANSACTIONID@.",
                "L’importo verrà addebitato alla spedizione dell’ordine. Non deve fare nulla.",
            ],
        },
        Kind::AuthorizedMerchant => Text {
            subject: "Riservato: ordine @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Un importo è riservato",
            paragraphs: &[
                "Per l’ordine @MERCHANTTRANSACTIONID@ di @SITENAME@ sono riservati @TOTALAMOUNT@.",
                "Incassi l’importo prima della scadenza della riserva, altrimenti non verrà pagato nulla.",
            ],
        },
        Kind::CapturedInFullCustomer => Text {
            subject: "Pagamento del Suo ordine @MERCHANTTRANSACTIONID@ presso @SITENAME@",
            heading: "Il Suo ordine è stato addebitato",
            paragraphs: &[
                "L’importo riservato di @TOTALAMOUNT@ per l’ordine @MERCHANTTRANSACTIONID@ è stato addebitato.",
            ],
        },
        Kind::CapturedInFullMerchant => Text {
            subject: "Incassato: ordine @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Una riserva è stata incassata per intero",
            paragraphs: &[
                "L’intero importo dell’ordine @MERCHANTTRANSACTIONID@ di @SITENAME@ è stato incassato: @TOTALAMOUNT@.",
            ],
        },
        Kind::CapturedInPartCustomer => Text {
            subject: "Pagamento di una parte del Suo ordine presso @SITENAME@: @MERCHANTTRANSACTIONID@",
            heading: "Una parte del Suo ordine è stata addebitata",
            paragraphs: &[
                "Dell’importo riservato per il Suo ordine sono stati addebitati @TOTALAMOUNT@, per la parte con il numero @MERCHANTTRANSACTIONID@.",
            ],
        },
        Kind::CapturedInPartMerchant => Text {
            subject: "Incassato in parte: ordine @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Una parte di una riserva è stata incassata",
            paragraphs: &[
                "Presso @SITENAME@ sono stati incassati @TOTALAMOUNT@ di un importo riservato. La parte è l’ordine @MERCHANTTRANSACTIONID@.",
            ],
        },
        Kind::RefundedCustomer => Text {
            subject: "Il Suo rimborso da @SITENAME@: ordine @MERCHANTTRANSACTIONID@",
            heading: "Il Suo rimborso è in arrivo",
            paragraphs: &[
                "@SITENAME@ ha rimborsato @TOTALAMOUNT@ per l’ordine @MERCHANTTRANSACTIONID@.",
                "Il denaro viene restituito su @REFUNDDESTINATION@. A seconda della banca possono trascorrere alcuni giorni lavorativi prima che sia visibile.",
            ],
        },
        Kind::ChargedBackMerchant => Text {
            subject: "Chargeback: ordine @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Un pagamento è stato stornato",
            paragraphs: &[
                "La banca di un cliente ha ripreso @TOTALAMOUNT@ dell’ordine @MERCHANTTRANSACTIONID@ di @SITENAME@.",
                "Se non è d’accordo, apra una contestazione e consegni le prove entro il @DISPUTEDUEDATE@. Senza risposta il chargeback si considera accettato. Non rimborsi l’ordine.",
            ],
        },
        Kind::UnclearedMerchant => Text {
            subject: "Da verificare: ordine @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Un pagamento attende una decisione",
            paragraphs: &[
                "L’ordine @MERCHANTTRANSACTIONID@ di @SITENAME@ è stato pagato, ma il pagamento è in verifica: @TOTALAMOUNT@.",
                "Non lo spedisca prima che il pagamento sia stato accettato.",
            ],
        },
        Kind::SecondChanceFirst => Text {
            subject: "Il Suo ordine presso @SITENAME@ non è ancora stato pagato",
            heading: "Conserviamo il Suo ordine?",
            paragraphs: &[
                "Ha effettuato l’ordine @MERCHANTTRANSACTIONID@ presso @SITENAME@, ma il pagamento di @TOTALAMOUNT@ non è stato completato.",
                "Qualcosa è andato storto? Può ancora pagare, in modo rapido e sicuro. Se ha cambiato idea, non deve fare nulla.",
            ],
        },
        Kind::SecondChanceSecond => Text {
            subject: "Ultimo promemoria del Suo ordine presso @SITENAME@",
            heading: "Il Suo ordine La sta ancora aspettando",
            paragraphs: &[
                "L’ordine @MERCHANTTRANSACTIONID@ presso @SITENAME@ non è ancora stato pagato: @TOTALAMOUNT@.",
                "Con il link qui sotto può ancora completare il pagamento. Questo è l’ultimo promemoria per questo ordine.",
            ],
        },
    }
}
