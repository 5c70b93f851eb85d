//! Chinese.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Chinese,
    title: "确认付款",
    bank: "测试银行",
    choose: "您的银行需要确认付款人是您本人。这是测试平台：请选择验证的结果。",
    shop: "商店",
    amount: "金额",
    card: "卡",
    outcome: "结果",
    authenticated: "已验证（Y）",
    attempted: "已尝试（A）",
    not_authenticated: "未通过验证（N）",
    unavailable: "不可用（U）",
    rejected: "已拒绝（R）",
    cancel: "取消",
    confirm: "确认",
    nothing_moves: "这里不会发生资金转移，真实的卡在这里无法使用。",
    thanks_title: "谢谢",
    thanks_text: "正在返回商店。",
    answered_title: "已有答复",
    answered_text: "这笔付款已有答复，以第一次答复为准。",
    continue_button: "继续",
    refused_title: "无法处理",
    refused_text: "请求中没有可读取的验证。",
    unknown_title: "未找到",
    unknown_text: "此测试银行没有这项验证。请返回商店。",
    expired_title: "已超时",
    expired_text: "此验证的时间已过。请返回商店。",
};
