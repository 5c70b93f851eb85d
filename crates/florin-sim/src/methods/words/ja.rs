//! Japanese.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Japanese,
    title: "{method}で支払う",
    provider: "テスト決済会社",
    choose: "これはテスト環境です。支払いの結果を選んでください。",
    shop: "ショップ",
    amount: "金額",
    purpose: "内容",
    bank: "銀行",
    outcome: "結果",
    balance: "ギフトカードの残高（最小単位、セントなど）",
    account: "振込先",
    holder: "口座名義",
    reference: "支払い番号",
    confirm: "確認",
    nothing_moves: "何を選んでも、お金は動きません。",
    completed: "完了",
    half_balance: "半額：残高で金額の半分を支払う",
    no_balance: "拒否：残高がない",
    typed_balance: "下に入力した残高",
    paid_later: "後で完了：数日後に入金される",
    never_paid: "保留：入金されない",
    uncleared: "審査中（uncleared）：ショップの発送まで、5日後に無効",
    uncleared_accepted: "審査中（uncleared）、3分後に完了",
    uncleared_declined: "審査中（uncleared）、3分後に無効",
    charged_back: "完了、14日後にチャージバック",
    declined: "拒否",
    cancelled: "キャンセル",
    expired: "期限切れ",
    refused_title: "処理できません",
    form_wrong: "このページのフォームではありません。もう一度ページを開いてください。",
    balance_wrong: "残高は通貨の最小単位で0以上の整数です。戻ってもう一度入力してください。",
    unknown_title: "見つかりません",
    unknown_text: "このテスト決済会社にはその支払いがありません。ショップにお戻りください。",
};
