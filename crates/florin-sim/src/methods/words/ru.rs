//! Russian.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Russian,
    title: "Оплата через {method}",
    provider: "Тестовый провайдер",
    choose: "Это тестовая платформа: выберите, чем закончится платёж.",
    shop: "Магазин",
    amount: "Сумма",
    purpose: "Назначение",
    bank: "Банк",
    outcome: "Результат",
    balance: "Баланс подарочной карты в наименьших единицах (центах)",
    account: "Перевести на счёт",
    holder: "Получатель",
    reference: "Номер платежа",
    confirm: "Подтвердить",
    nothing_moves: "Деньги здесь не переводятся, что бы вы ни выбрали.",
    completed: "Завершён",
    half_balance: "Половина: баланс покрывает половину суммы",
    no_balance: "Отклонён: на карте нет денег",
    typed_balance: "Баланс, указанный ниже",
    paid_later: "Завершён позже: деньги придут через несколько дней",
    never_paid: "Ожидает: деньги не придут никогда",
    uncleared: "На проверке (uncleared) до отправки товара; аннулируется через 5 дней",
    uncleared_accepted: "На проверке (uncleared), завершён через 3 минуты",
    uncleared_declined: "На проверке (uncleared), аннулируется через 3 минуты",
    charged_back: "Завершён, оспорен через 14 дней",
    declined: "Отклонён",
    cancelled: "Отменён",
    expired: "Истёк",
    refused_title: "Так не получится",
    form_wrong: "Эта форма не с этой страницы. Откройте страницу ещё раз.",
    balance_wrong: "Баланс — целое число в наименьших единицах валюты, от 0. Вернитесь и введите его ещё раз.",
    unknown_title: "Не найдено",
    unknown_text: "Этот тестовый провайдер не знает такого платежа. Вернитесь в магазин.",
};
