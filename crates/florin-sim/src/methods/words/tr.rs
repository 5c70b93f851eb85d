//! Turkish.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Turkish,
    title: "{method} ile öde",
    provider: "Test sağlayıcısı",
    choose: "Bu test platformudur: ödemenin nasıl sonuçlanacağını seçin.",
    shop: "Mağaza",
    amount: "Tutar",
    purpose: "Açıklama",
    bank: "Banka",
    outcome: "Sonuç",
    balance: "Hediye kartının bakiyesi, en küçük birimle (sent)",
    account: "Havale edilecek hesap",
    holder: "Hesap sahibi",
    reference: "Ödeme referansı",
    confirm: "Onayla",
    nothing_moves: "Ne seçerseniz seçin, burada para hareketi olmaz.",
    completed: "Tamamlandı",
    half_balance: "Yarısı: bakiye tutarın yarısını öder",
    no_balance: "Reddedildi: bakiye yok",
    typed_balance: "Aşağıya yazılan bakiye",
    paid_later: "Daha sonra tamamlandı: para birkaç gün sonra gelir",
    never_paid: "Bekliyor: para hiç gelmez",
    uncleared: "İncelemede (uncleared): mağaza gönderene kadar; 5 gün sonra geçersiz",
    uncleared_accepted: "İncelemede (uncleared), 3 dakika sonra tamamlandı",
    uncleared_declined: "İncelemede (uncleared), 3 dakika sonra geçersiz",
    charged_back: "Tamamlandı, 14 gün sonra itiraz edildi",
    declined: "Reddedildi",
    cancelled: "İptal edildi",
    expired: "Süresi doldu",
    refused_title: "Bu işe yaramıyor",
    form_wrong: "Form bu sayfaya ait değil. Lütfen sayfayı yeniden açın.",
    balance_wrong: "Bakiye, para biriminin en küçük birimiyle 0 veya daha büyük bir tam sayıdır. Lütfen geri dönüp yeniden yazın.",
    unknown_title: "Bulunamadı",
    unknown_text: "Bu test sağlayıcısında böyle bir ödeme yok. Lütfen mağazaya geri dönün.",
};
