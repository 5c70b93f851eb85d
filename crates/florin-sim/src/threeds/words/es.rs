//! Spanish.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Spanish,
    title: "Confirme su pago",
    bank: "Banco de pruebas",
    choose: "Su banco quiere asegurarse de que es usted. Esta es la plataforma de pruebas: elija cómo termina la autenticación.",
    shop: "Tienda",
    amount: "Importe",
    card: "Tarjeta",
    outcome: "Resultado",
    authenticated: "Autenticado (Y)",
    attempted: "Intentado (A)",
    not_authenticated: "No autenticado (N)",
    unavailable: "No disponible (U)",
    rejected: "Rechazado (R)",
    cancel: "Cancelar",
    confirm: "Confirmar",
    nothing_moves: "Aquí no se mueve dinero ni funciona ninguna tarjeta real.",
    thanks_title: "Gracias",
    thanks_text: "Le llevamos de vuelta a la tienda.",
    answered_title: "Ya respondido",
    answered_text: "Este pago ya se respondió; cuenta la primera respuesta.",
    continue_button: "Continuar",
    refused_title: "Esto no funciona",
    refused_text: "La solicitud no contiene ninguna autenticación que se pueda leer.",
    unknown_title: "No encontrado",
    unknown_text: "Este banco de pruebas no conoce esta autenticación. Vuelva a la tienda.",
    expired_title: "Demasiado tarde",
    expired_text: "El tiempo para esta autenticación ha terminado. Vuelva a la tienda.",
};
