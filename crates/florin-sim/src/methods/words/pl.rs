//! Polish.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Polish,
    title: "Zapłać przez {method}",
    provider: "Dostawca testowy",
    choose: "To jest platforma testowa: wybierz, jak zakończy się płatność.",
    shop: "Sklep",
    amount: "Kwota",
    purpose: "Tytuł",
    bank: "Bank",
    outcome: "Wynik",
    balance: "Saldo karty podarunkowej w najmniejszych jednostkach (centach)",
    account: "Przelew na",
    holder: "Właściciel rachunku",
    reference: "Numer płatności",
    confirm: "Potwierdź",
    nothing_moves: "Żadne pieniądze nie są tu przekazywane, cokolwiek wybierzesz.",
    completed: "Zakończona",
    half_balance: "Połowa: saldo pokrywa połowę kwoty",
    no_balance: "Odrzucona: brak środków na karcie",
    typed_balance: "Saldo wpisane poniżej",
    paid_later: "Zakończona później: pieniądze nadejdą po kilku dniach",
    never_paid: "Oczekująca: pieniądze nigdy nie nadejdą",
    uncleared: "W trakcie weryfikacji (uncleared) do wysyłki; anulowana po 5 dniach",
    uncleared_accepted: "W trakcie weryfikacji (uncleared), zakończona po 3 minutach",
    uncleared_declined: "W trakcie weryfikacji (uncleared), anulowana po 3 minutach",
    charged_back: "Zakończona, obciążenie zwrotne po 14 dniach",
    declined: "Odrzucona",
    cancelled: "Anulowana",
    expired: "Wygasła",
    refused_title: "To nie działa",
    form_wrong: "Formularz nie pochodzi z tej strony. Otwórz stronę ponownie.",
    balance_wrong: "Saldo to liczba całkowita w najmniejszych jednostkach waluty, od 0. Wróć i wpisz je ponownie.",
    unknown_title: "Nie znaleziono",
    unknown_text: "Ten dostawca testowy nie zna tej płatności. Wróć do sklepu.",
};
