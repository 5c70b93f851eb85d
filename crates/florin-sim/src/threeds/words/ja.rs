//! Japanese.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Japanese,
    title: "お支払いの確認",
    bank: "テスト銀行",
    choose: "ご本人によるお支払いであることを確認します。これはテスト環境です。認証の結果を選んでください。",
    shop: "ショップ",
    amount: "金額",
    card: "カード",
    outcome: "結果",
    authenticated: "認証成功（Y）",
    attempted: "認証試行（A）",
    not_authenticated: "認証失敗（N）",
    unavailable: "認証不可（U）",
    rejected: "拒否（R）",
    cancel: "キャンセル",
    confirm: "確認",
    nothing_moves: "お金は動きません。実際のカードは使えません。",
    thanks_title: "ありがとうございます",
    thanks_text: "ショップに戻ります。",
    answered_title: "回答済み",
    answered_text: "このお支払いはすでに回答されています。最初の回答が有効です。",
    continue_button: "続ける",
    refused_title: "処理できません",
    refused_text: "リクエストに読み取れる認証がありません。",
    unknown_title: "見つかりません",
    unknown_text: "このテスト銀行にはその認証がありません。ショップにお戻りください。",
    expired_title: "時間切れ",
    expired_text: "この認証の制限時間が過ぎました。ショップにお戻りください。",
};
