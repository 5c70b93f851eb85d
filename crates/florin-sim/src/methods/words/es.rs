//! Spanish.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Spanish,
    title: "Pagar con {method}",
    provider: "Proveedor de pruebas",
    choose: "Esta es la plataforma de pruebas: elija cómo termina el pago.",
    shop: "Tienda",
    amount: "Importe",
    purpose: "Concepto",
    bank: "Banco",
    outcome: "Resultado",
    balance: "Saldo de la tarjeta regalo, en la unidad más pequeña (céntimos)",
    account: "Transferir a",
    holder: "A nombre de",
    reference: "Referencia del pago",
    confirm: "Confirmar",
    nothing_moves: "Aquí no se mueve dinero, elija lo que elija.",
    completed: "Completado",
    half_balance: "Mitad: el saldo paga la mitad del importe",
    no_balance: "Rechazado: no hay saldo",
    typed_balance: "El saldo escrito abajo",
    paid_later: "Completado más tarde: el dinero llega a los pocos días",
    never_paid: "Pendiente: el dinero no llega nunca",
    uncleared: "En revisión (uncleared) hasta el envío; se anula a los 5 días",
    uncleared_accepted: "En revisión (uncleared), completado a los 3 minutos",
    uncleared_declined: "En revisión (uncleared), anulado a los 3 minutos",
    charged_back: "Completado, reclamado a los 14 días",
    declined: "Rechazado",
    cancelled: "Cancelado",
    expired: "Caducado",
    refused_title: "Esto no funciona",
    form_wrong: "El formulario no es de esta página. Abra la página de nuevo.",
    balance_wrong: "Un saldo es un número entero en la unidad más pequeña de la moneda, desde 0. Vuelva atrás y escríbalo de nuevo.",
    unknown_title: "No encontrado",
    unknown_text: "Este proveedor de pruebas no conoce este pago. Vuelva a la tienda.",
};
