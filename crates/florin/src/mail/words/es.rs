//! The mails in Spanish.

use super::super::kind::Kind;
use super::{Text, Words};

pub(super) const WORDS: Words = Words {
    greeting: "Hola, @FIRSTNAME@ @LASTNAME@:",
    regards: "Un saludo,",
    to_merchant: "Hola:",
    why_customer: "Recibe este correo por un pedido en @SITENAME@.",
    why_merchant: "Recibe este correo porque está activado para @SITENAME@.",
    colon: ":",
    order: "Pedido",
    description: "Descripción",
    amount: "Importe",
    method: "Método de pago",
    date: "Fecha",
    transaction: "Transacción",
    customer: "Cliente",
    reason: "Motivo",
    due: "Responder antes del",
    pay: "Completar el pago",
    text,
};

fn text(kind: Kind) -> Text {
    match kind {
        Kind::CompletedCustomer => Text {
            subject: "Su pago a @SITENAME@: pedido @MERCHANTTRANSACTIONID@",
            heading: "Gracias por su pago",
            paragraphs: &[
                "Hemos recibido su pago de @TOTALAMOUNT@ por el pedido @MERCHANTTRANSACTIONID@.",
            ],
        },
        Kind::CompletedMerchant => Text {
            subject: "Pagado: pedido @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Se ha pagado un pedido",
            paragraphs: &[
                "El pedido @MERCHANTTRANSACTIONID@ de @SITENAME@ se ha pagado: @TOTALAMOUNT@. Ya puede enviarlo.",
            ],
        },
        Kind::AuthorizedCustomer => Text {
            subject: "Su pedido @MERCHANTTRANSACTIONID@ en @SITENAME@",
            heading: "Su pago está reservado",
            paragraphs: &[
                "Su banco ha reservado @TOTALAMOUNT@ para el pedido @MERCHANTTRANSACTIONID@.",
                "El importe se cobrará cuando se envíe el pedido. No tiene que hacer nada.",
            ],
        },
        Kind::AuthorizedMerchant => Text {
            subject: "Reservado: pedido @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Hay un importe reservado",
            paragraphs: &[
                "Para el pedido @MERCHANTTRANSACTIONID@ de @SITENAME@ hay @TOTALAMOUNT@ reservados.",
                "Capture el importe antes de que termine la reserva; de lo contrario no se pagará nada.",
            ],
        },
        Kind::CapturedInFullCustomer => Text {
            subject: "Pago de su pedido @MERCHANTTRANSACTIONID@ en @SITENAME@",
            heading: "Se ha cobrado su pedido",
            paragraphs: &[
                "El importe reservado de @TOTALAMOUNT@ para el pedido @MERCHANTTRANSACTIONID@ se acaba de cobrar.",
            ],
        },
        Kind::CapturedInFullMerchant => Text {
            subject: "Capturado: pedido @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Una reserva se ha capturado por completo",
            paragraphs: &[
                "Se ha capturado el importe total del pedido @MERCHANTTRANSACTIONID@ de @SITENAME@: @TOTALAMOUNT@.",
            ],
        },
        Kind::CapturedInPartCustomer => Text {
            subject: "Pago de una parte de su pedido en @SITENAME@: @MERCHANTTRANSACTIONID@",
            heading: "Se ha cobrado una parte de su pedido",
            paragraphs: &[
                "Del importe reservado para su pedido se acaban de cobrar @TOTALAMOUNT@. Corresponden a la parte con el número @MERCHANTTRANSACTIONID@.",
            ],
        },
        Kind::CapturedInPartMerchant => Text {
            subject: "Capturado en parte: pedido @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Se ha capturado una parte de una reserva",
            paragraphs: &[
                "En @SITENAME@ se han capturado @TOTALAMOUNT@ de un importe reservado. La parte es el pedido @MERCHANTTRANSACTIONID@.",
            ],
        },
        Kind::RefundedCustomer => Text {
            subject: "Su reembolso de @SITENAME@: pedido @MERCHANTTRANSACTIONID@",
            heading: "Su reembolso está en camino",
            paragraphs: &[
                "@SITENAME@ le ha reembolsado @TOTALAMOUNT@ por el pedido @MERCHANTTRANSACTIONID@.",
                "El dinero vuelve a @REFUNDDESTINATION@. Según su banco, puede tardar unos días laborables en verse.",
            ],
        },
        Kind::ChargedBackMerchant => Text {
            subject: "Contracargo: pedido @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Se ha devuelto un pago",
            paragraphs: &[
                "El banco de un cliente ha retirado @TOTALAMOUNT@ del pedido @MERCHANTTRANSACTIONID@ de @SITENAME@.",
                "Si no está de acuerdo, abra una disputa y entregue sus pruebas antes del @DISPUTEDUEDATE@. Sin respuesta, el contracargo se considera aceptado. No reembolse el pedido.",
            ],
        },
        Kind::UnclearedMerchant => Text {
            subject: "Por revisar: pedido @MERCHANTTRANSACTIONID@, @TOTALAMOUNT@",
            heading: "Un pago espera una decisión",
            paragraphs: &[
                "El pedido @MERCHANTTRANSACTIONID@ de @SITENAME@ se ha pagado, pero el pago está en revisión: @TOTALAMOUNT@.",
                "No lo envíe antes de que se acepte el pago.",
            ],
        },
        Kind::SecondChanceFirst => Text {
            subject: "Su pedido en @SITENAME@ aún no está pagado",
            heading: "¿Guardamos su pedido?",
            paragraphs: &[
                "Ha hecho el pedido @MERCHANTTRANSACTIONID@ en @SITENAME@, pero el pago de @TOTALAMOUNT@ no se completó.",
                "¿Algo salió mal? Todavía puede pagar, de forma rápida y segura. Si ha cambiado de opinión, no tiene que hacer nada.",
            ],
        },
        Kind::SecondChanceSecond => Text {
            subject: "Último recordatorio de su pedido en @SITENAME@",
            heading: "Su pedido todavía le espera",
            paragraphs: &[
                "El pedido @MERCHANTTRANSACTIONID@ en @SITENAME@ aún no está pagado: @TOTALAMOUNT@.",
                "Con el enlace siguiente todavía puede completar el pago. Este es el último recordatorio de este pedido.",
            ],
        },
    }
}
