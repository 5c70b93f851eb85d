//! Polish.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Polish,
    title: "Potwierdź płatność",
    bank: "Bank testowy",
    choose: "Twój bank chce mieć pewność, że to Ty. To jest platforma testowa: wybierz, jak zakończy się uwierzytelnienie.",
    shop: "Sklep",
    amount: "Kwota",
    card: "Karta",
    outcome: "Wynik",
    authenticated: "Uwierzytelniono (Y)",
    attempted: "Podjęto próbę (A)",
    not_authenticated: "Nie uwierzytelniono (N)",
    unavailable: "Niedostępne (U)",
    rejected: "Odrzucono (R)",
    cancel: "Anuluj",
    confirm: "Potwierdź",
    nothing_moves: "Żadne pieniądze nie są tu przekazywane i żadna prawdziwa karta tu nie działa.",
    thanks_title: "Dziękujemy",
    thanks_text: "Wracasz do sklepu.",
    answered_title: "Już udzielono odpowiedzi",
    answered_text: "Na tę płatność już udzielono odpowiedzi; liczy się pierwsza.",
    continue_button: "Dalej",
    refused_title: "To nie działa",
    refused_text: "Żądanie nie zawiera uwierzytelnienia, które można odczytać.",
    unknown_title: "Nie znaleziono",
    unknown_text: "Ten bank testowy nie zna tego uwierzytelnienia. Wróć do sklepu.",
    expired_title: "Za późno",
    expired_text: "Czas na to uwierzytelnienie minął. Wróć do sklepu.",
};
