//! Portuguese.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Portuguese,
    title: "Confirme o seu pagamento",
    bank: "Banco de teste",
    choose: "O seu banco quer ter a certeza de que é você. Esta é a plataforma de teste: escolha como termina a autenticação.",
    shop: "Loja",
    amount: "Valor",
    card: "Cartão",
    outcome: "Resultado",
    authenticated: "Autenticado (Y)",
    attempted: "Tentado (A)",
    not_authenticated: "Não autenticado (N)",
    unavailable: "Indisponível (U)",
    rejected: "Rejeitado (R)",
    cancel: "Cancelar",
    confirm: "Confirmar",
    nothing_moves: "Nenhum dinheiro é movimentado aqui e nenhum cartão real funciona aqui.",
    thanks_title: "Obrigado",
    thanks_text: "Está a voltar à loja.",
    answered_title: "Já respondido",
    answered_text: "Este pagamento já foi respondido; conta a primeira resposta.",
    continue_button: "Continuar",
    refused_title: "Isto não funciona",
    refused_text: "O pedido não contém uma autenticação que se possa ler.",
    unknown_title: "Não encontrado",
    unknown_text: "Este banco de teste não conhece esta autenticação. Volte à loja.",
    expired_title: "Demasiado tarde",
    expired_text: "O tempo para esta autenticação terminou. Volte à loja.",
};
