//! Portuguese.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Portuguese,
    title: "Pagar com {method}",
    provider: "Prestador de teste",
    choose: "Esta é a plataforma de teste: escolha como termina o pagamento.",
    shop: "Loja",
    amount: "Valor",
    purpose: "Descrição",
    bank: "Banco",
    outcome: "Resultado",
    balance: "Saldo do cartão-presente, na menor unidade (cêntimos)",
    account: "Transferir para",
    holder: "Em nome de",
    reference: "Referência do pagamento",
    confirm: "Confirmar",
    nothing_moves: "Nenhum dinheiro é movimentado aqui, seja qual for a sua escolha.",
    completed: "Concluído",
    half_balance: "Metade: o saldo paga metade do valor",
    no_balance: "Recusado: não há saldo",
    typed_balance: "O saldo indicado abaixo",
    paid_later: "Concluído mais tarde: o dinheiro chega após alguns dias",
    never_paid: "Pendente: o dinheiro nunca chega",
    uncleared: "Em análise (uncleared) até ao envio; anulado após 5 dias",
    uncleared_accepted: "Em análise (uncleared), concluído após 3 minutos",
    uncleared_declined: "Em análise (uncleared), anulado após 3 minutos",
    charged_back: "Concluído, contestado após 14 dias",
    declined: "Recusado",
    cancelled: "Cancelado",
    expired: "Expirado",
    refused_title: "Isto não funciona",
    form_wrong: "O formulário não é desta página. Abra a página novamente.",
    balance_wrong: "Um saldo é um número inteiro na menor unidade da moeda, a partir de 0. Volte atrás e escreva-o novamente.",
    unknown_title: "Não encontrado",
    unknown_text: "Este prestador de teste não conhece este pagamento. Volte à loja.",
};
