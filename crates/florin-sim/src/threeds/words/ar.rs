//! Arabic.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Arabic,
    title: "أكّد عملية الدفع",
    bank: "بنك تجريبي",
    choose: "يريد البنك التأكد من أنك أنت من يدفع. هذه منصة الاختبار: اختر كيف ينتهي التحقق.",
    shop: "المتجر",
    amount: "المبلغ",
    card: "البطاقة",
    outcome: "النتيجة",
    authenticated: "تم التحقق (Y)",
    attempted: "جرت محاولة التحقق (A)",
    not_authenticated: "لم يتم التحقق (N)",
    unavailable: "التحقق غير متاح (U)",
    rejected: "مرفوض (R)",
    cancel: "إلغاء",
    confirm: "تأكيد",
    nothing_moves: "لا تنتقل أي أموال هنا، ولا تعمل هنا أي بطاقة حقيقية.",
    thanks_title: "شكرًا لك",
    thanks_text: "جارٍ إعادتك إلى المتجر.",
    answered_title: "تمت الإجابة من قبل",
    answered_text: "سبقت الإجابة عن عملية الدفع هذه، والإجابة الأولى هي المعتمدة.",
    continue_button: "متابعة",
    refused_title: "لا يمكن ذلك",
    refused_text: "لا يتضمن الطلب عملية تحقق يمكن قراءتها.",
    unknown_title: "غير موجود",
    unknown_text: "لا توجد عملية تحقق كهذه لدى هذا البنك التجريبي. يُرجى العودة إلى المتجر.",
    expired_title: "انتهى الوقت",
    expired_text: "انتهى الوقت المخصص لهذا التحقق. يُرجى العودة إلى المتجر.",
};
