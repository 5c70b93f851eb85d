//! Arabic.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Arabic,
    title: "الدفع عبر {method}",
    provider: "مزوّد تجريبي",
    choose: "هذه منصة الاختبار: اختر كيف تنتهي عملية الدفع.",
    shop: "المتجر",
    amount: "المبلغ",
    purpose: "الغرض",
    bank: "البنك",
    outcome: "النتيجة",
    balance: "رصيد بطاقة الهدايا بأصغر وحدة (سنت)",
    account: "التحويل إلى",
    holder: "باسم",
    reference: "مرجع الدفع",
    confirm: "تأكيد",
    nothing_moves: "لا تنتقل أي أموال هنا مهما اخترت.",
    completed: "مكتملة",
    half_balance: "النصف: يدفع الرصيد نصف المبلغ",
    no_balance: "مرفوضة: لا يوجد رصيد",
    typed_balance: "الرصيد المكتوب أدناه",
    paid_later: "تكتمل لاحقًا: يصل المال بعد بضعة أيام",
    never_paid: "معلّقة: لا يصل المال أبدًا",
    uncleared: "قيد المراجعة (uncleared) حتى يشحن المتجر، وتُلغى بعد 5 أيام",
    uncleared_accepted: "قيد المراجعة (uncleared)، تكتمل بعد 3 دقائق",
    uncleared_declined: "قيد المراجعة (uncleared)، تُلغى بعد 3 دقائق",
    charged_back: "مكتملة، ثم يُسترد المبلغ بعد 14 يومًا",
    declined: "مرفوضة",
    cancelled: "ملغاة",
    expired: "منتهية الصلاحية",
    refused_title: "لا يمكن ذلك",
    form_wrong: "هذا النموذج ليس من هذه الصفحة. يُرجى فتح الصفحة من جديد.",
    balance_wrong: "الرصيد عدد صحيح بأصغر وحدة للعملة، ابتداءً من 0. يُرجى الرجوع وكتابته من جديد.",
    unknown_title: "غير موجود",
    unknown_text: "لا توجد عملية دفع كهذه لدى هذا المزوّد التجريبي. يُرجى العودة إلى المتجر.",
};
