//! Hebrew.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Hebrew,
    title: "אישור התשלום",
    bank: "בנק בדיקה",
    choose: "הבנק רוצה לוודא שהתשלום נעשה על ידך. זו פלטפורמת הבדיקה: יש לבחור כיצד יסתיים האימות.",
    shop: "חנות",
    amount: "סכום",
    card: "כרטיס",
    outcome: "תוצאה",
    authenticated: "אומת (Y)",
    attempted: "נעשה ניסיון אימות (A)",
    not_authenticated: "לא אומת (N)",
    unavailable: "לא זמין (U)",
    rejected: "נדחה (R)",
    cancel: "ביטול",
    confirm: "אישור",
    nothing_moves: "לא עובר כאן כסף, וכרטיסים אמיתיים אינם פועלים כאן.",
    thanks_title: "תודה",
    thanks_text: "מיד תתבצע חזרה לחנות.",
    answered_title: "כבר התקבלה תשובה",
    answered_text: "כבר התקבלה תשובה לתשלום הזה; התשובה הראשונה היא הקובעת.",
    continue_button: "המשך",
    refused_title: "זה לא עובד",
    refused_text: "הבקשה אינה מכילה אימות שאפשר לקרוא.",
    unknown_title: "לא נמצא",
    unknown_text: "אין אימות כזה בבנק הבדיקה הזה. יש לחזור לחנות.",
    expired_title: "מאוחר מדי",
    expired_text: "הזמן לאימות הזה עבר. יש לחזור לחנות.",
};
