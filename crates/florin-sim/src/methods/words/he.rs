//! Hebrew.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Hebrew,
    title: "תשלום באמצעות {method}",
    provider: "ספק בדיקה",
    choose: "זו פלטפורמת הבדיקה: בחרו כיצד יסתיים התשלום.",
    shop: "חנות",
    amount: "סכום",
    purpose: "עבור",
    bank: "בנק",
    outcome: "תוצאה",
    balance: "יתרת כרטיס המתנה ביחידה הקטנה ביותר (סנטים)",
    account: "העברה אל",
    holder: "על שם",
    reference: "מספר התשלום",
    confirm: "אישור",
    nothing_moves: "לא עובר כאן כסף, לא משנה מה תבחרו.",
    completed: "הושלם",
    half_balance: "חצי: היתרה משלמת מחצית מהסכום",
    no_balance: "נדחה: אין יתרה",
    typed_balance: "היתרה שהוקלדה למטה",
    paid_later: "הושלם מאוחר יותר: הכסף מגיע אחרי כמה ימים",
    never_paid: "ממתין: הכסף לעולם לא מגיע",
    uncleared: "בבדיקה (uncleared) עד שהחנות שולחת; מתבטל אחרי 5 ימים",
    uncleared_accepted: "בבדיקה (uncleared), הושלם אחרי 3 דקות",
    uncleared_declined: "בבדיקה (uncleared), מתבטל אחרי 3 דקות",
    charged_back: "הושלם, והוכחש אחרי 14 ימים",
    declined: "נדחה",
    cancelled: "בוטל",
    expired: "פג תוקף",
    refused_title: "זה לא עובד",
    form_wrong: "הטופס אינו שייך לדף זה. פתחו את הדף מחדש.",
    balance_wrong: "יתרה היא מספר שלם ביחידה הקטנה ביותר של המטבע, החל מ-0. חזרו והקלידו אותה שוב.",
    unknown_title: "לא נמצא",
    unknown_text: "אין תשלום כזה אצל ספק הבדיקה הזה. חזרו לחנות.",
};
