//! Chinese.

use florin_locale::Language;

use super::Words;

pub(super) const WORDS: Words = Words {
    language: Language::Chinese,
    title: "使用 {method} 付款",
    provider: "测试服务商",
    choose: "这是测试平台：请选择付款的结果。",
    shop: "商店",
    amount: "金额",
    purpose: "用途",
    bank: "银行",
    outcome: "结果",
    balance: "礼品卡余额，以最小单位（分）计",
    account: "转账至",
    holder: "户名",
    reference: "付款编号",
    confirm: "确认",
    nothing_moves: "无论您选择什么，都不会发生资金转移。",
    completed: "已完成",
    half_balance: "一半：余额支付金额的一半",
    no_balance: "已拒绝：没有余额",
    typed_balance: "下面输入的余额",
    paid_later: "稍后完成：款项几天后到账",
    never_paid: "待处理：款项永不到账",
    uncleared: "审核中（uncleared）：直至商店发货，5 天后作废",
    uncleared_accepted: "审核中（uncleared），3 分钟后完成",
    uncleared_declined: "审核中（uncleared），3 分钟后作废",
    charged_back: "已完成，14 天后拒付",
    declined: "已拒绝",
    cancelled: "已取消",
    expired: "已过期",
    refused_title: "无法处理",
    form_wrong: "该表单不属于此页面。请重新打开页面。",
    balance_wrong: "余额是以货币最小单位计的整数，从 0 起。请返回并重新输入。",
    unknown_title: "未找到",
    unknown_text: "此测试服务商没有这笔付款。请返回商店。",
};
