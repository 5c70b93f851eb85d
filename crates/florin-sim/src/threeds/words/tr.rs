//! Turkish.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Turkish,
    title: "Ödemenizi onaylayın",
    bank: "Test bankası",
    choose: "Bankanız ödemeyi sizin yaptığınızdan emin olmak istiyor. Bu test platformudur: doğrulamanın nasıl sonuçlanacağını seçin.",
    shop: "Mağaza",
    amount: "Tutar",
    card: "Kart",
    outcome: "Sonuç",
    authenticated: "Doğrulandı (Y)",
    attempted: "Denendi (A)",
    not_authenticated: "Doğrulanmadı (N)",
    unavailable: "Kullanılamıyor (U)",
    rejected: "Reddedildi (R)",
    cancel: "İptal",
    confirm: "Onayla",
    nothing_moves: "Burada para hareketi olmaz ve gerçek kartlar burada çalışmaz.",
    thanks_title: "Teşekkürler",
    thanks_text: "Mağazaya geri yönlendiriliyorsunuz.",
    answered_title: "Zaten yanıtlandı",
    answered_text: "Bu ödeme zaten yanıtlandı; ilk yanıt geçerlidir.",
    continue_button: "Devam et",
    refused_title: "Bu işe yaramıyor",
    refused_text: "İstek, okunabilir bir doğrulama içermiyor.",
    unknown_title: "Bulunamadı",
    unknown_text: "Bu test bankasında böyle bir doğrulama yok. Lütfen mağazaya geri dönün.",
    expired_title: "Çok geç",
    expired_text: "Bu doğrulamanın süresi doldu. Lütfen mağazaya geri dönün.",
};
