//! Russian.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Russian,
    title: "Подтвердите платёж",
    bank: "Тестовый банк",
    choose: "Ваш банк хочет убедиться, что платите именно вы. Это тестовая платформа: выберите, чем закончится проверка.",
    shop: "Магазин",
    amount: "Сумма",
    card: "Карта",
    outcome: "Результат",
    authenticated: "Подтверждено (Y)",
    attempted: "Была попытка (A)",
    not_authenticated: "Не подтверждено (N)",
    unavailable: "Недоступно (U)",
    rejected: "Отклонено (R)",
    cancel: "Отменить",
    confirm: "Подтвердить",
    nothing_moves: "Деньги здесь не переводятся, и настоящие карты здесь не работают.",
    thanks_title: "Спасибо",
    thanks_text: "Вы возвращаетесь в магазин.",
    answered_title: "Ответ уже дан",
    answered_text: "На этот платёж уже дан ответ; учитывается первый.",
    continue_button: "Продолжить",
    refused_title: "Так не получится",
    refused_text: "В запросе нет проверки, которую можно прочитать.",
    unknown_title: "Не найдено",
    unknown_text: "Этот тестовый банк не знает такой проверки. Вернитесь в магазин.",
    expired_title: "Слишком поздно",
    expired_text: "Время на эту проверку истекло. Вернитесь в магазин.",
};
