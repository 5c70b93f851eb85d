//! What may come from outside, and how often each of it comes in a generated history.

use super::*;

/// What may come from outside, in any order and any number.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Open {
        refused: bool,
        verification: Ver,
        manual: bool,
    },
    /// The shop offers the order on a page that is there for so many milliseconds.
    Offer {
        is_link: bool,
        lasts_ms: i64,
    },
    /// The newest page is looked at, or the first one that there was.
    ShowPage {
        newest: bool,
    },
    /// A card is sent on it.
    PayOnPage {
        newest: bool,
        refused: bool,
        verification: Ver,
        manual: bool,
    },
    EndSession,
    Verify {
        right_transaction: bool,
        verification: Ver,
    },
    /// The host handles the request; what reaches us of its answer.
    Answer {
        host_approves: bool,
        heard: Heard,
        hold: bool,
        right_rrn: bool,
        single: bool,
    },
    Recover {
        host_had_approved: bool,
    },
    Expire,
    Review {
        accept: bool,
    },
    /// The answer to an earlier request comes after all.
    Late,
    Cancel,
    Ship {
        sale: u32,
    },
    /// `None`: all that is left.
    Capture {
        amount: Option<i64>,
    },
    Release,
    EndHold,
    Increment {
        amount: i64,
    },
    IncrementAnswer {
        host_approves: bool,
        heard: Heard,
    },
    Refund {
        sale: u32,
        amount: Option<i64>,
        now: bool,
    },
    SettleRefund {
        number: u32,
    },
    RefundAnswer {
        number: u32,
        host_approves: bool,
        heard: Heard,
    },
    VoidRefund {
        number: u32,
    },
    /// The payer's bank takes money back. References repeat, so that cases do.
    ChargeBack {
        sale: u32,
        amount: Option<i64>,
        says_fraud: bool,
        reference: u8,
    },
    Dispute {
        number: u32,
        step: DisputeStep,
    },
    /// Time passes, in milliseconds.
    Wait(i64),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Ver {
    Skipped,
    NotEnrolled,
    Page,
    Challenge,
    Finished(AuthenticationStatus),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Heard {
    Everything,
    SoftDecline,
    Nothing,
    /// The request never left.
    NotSent,
}

pub(super) fn verification() -> impl Strategy<Value = Ver> {
    use AuthenticationStatus::*;
    prop_oneof![
        3 => Just(Ver::Skipped),
        1 => Just(Ver::NotEnrolled),
        2 => Just(Ver::Page),
        2 => Just(Ver::Challenge),
        4 => prop::sample::select(vec![
            Authenticated, Attempted, Informational, Unavailable, NotAuthenticated, Rejected,
        ])
        .prop_map(Ver::Finished),
    ]
}

pub(super) fn heard() -> impl Strategy<Value = Heard> {
    prop_oneof![
        3 => Just(Heard::Everything),
        2 => Just(Heard::SoftDecline),
        1 => Just(Heard::Nothing),
        1 => Just(Heard::NotSent),
    ]
}

/// Amounts at the edges of what was ordered, and in between.
pub(super) fn amount() -> impl Strategy<Value = i64> {
    prop_oneof![
        2 => prop::sample::select(vec![-1, 0, 1, AMOUNT - 1, AMOUNT, AMOUNT + 1, i64::MAX]),
        5 => 1..AMOUNT,
    ]
}

pub(super) fn dispute_step() -> impl Strategy<Value = DisputeStep> {
    prop::sample::select(vec![
        DisputeStep::Accept,
        DisputeStep::LetPass,
        DisputeStep::Open,
        DisputeStep::AddFile,
        DisputeStep::Submit,
        DisputeStep::Submit,
        DisputeStep::AskMore { due: 86_400_000 },
        DisputeStep::Process,
        DisputeStep::Win { credit_id: TransactionId(0) },
        DisputeStep::Lose,
    ])
}

/// What comes after the authorization.
pub(super) fn later_step() -> impl Strategy<Value = Step> {
    let some = || prop::option::weighted(0.7, amount());
    prop_oneof![
        3 => some().prop_map(|amount| Step::Capture { amount }),
        1 => Just(Step::Release),
        1 => Just(Step::EndHold),
        1 => amount().prop_map(|amount| Step::Increment { amount: amount.min(AMOUNT) }),
        2 => (any::<bool>(), heard())
            .prop_map(|(host_approves, heard)| Step::IncrementAnswer { host_approves, heard }),
        1 => (0..3_u32).prop_map(|sale| Step::Ship { sale }),
        4 => (0..3_u32, some(), any::<bool>())
            .prop_map(|(sale, amount, now)| Step::Refund { sale, amount, now }),
        2 => (1..4_u32).prop_map(|number| Step::SettleRefund { number }),
        3 => (1..4_u32, any::<bool>(), heard()).prop_map(|(number, host_approves, heard)| {
            Step::RefundAnswer { number, host_approves, heard }
        }),
        1 => (1..4_u32).prop_map(|number| Step::VoidRefund { number }),
        3 => (0..3_u32, some(), any::<bool>(), 0..4_u8).prop_map(
            |(sale, amount, says_fraud, reference)| {
                Step::ChargeBack { sale, amount, says_fraud, reference }
            }
        ),
        4 => (1..4_u32, dispute_step()).prop_map(|(number, step)| Step::Dispute { number, step }),
        1 => prop::sample::select(vec![1, 60_000, 300_000, 200 * 86_400_000]).prop_map(Step::Wait),
    ]
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (prop::bool::weighted(0.1), verification(), any::<bool>()).prop_map(
            |(refused, verification, manual)| Step::Open { refused, verification, manual }
        ),
        3 => sessions::step(),
        3 => (prop::bool::weighted(0.85), verification()).prop_map(
            |(right_transaction, verification)| Step::Verify { right_transaction, verification }
        ),
        5 => (any::<bool>(), heard(), prop::bool::weighted(0.3), prop::bool::weighted(0.9), any::<bool>())
            .prop_map(|(host_approves, heard, hold, right_rrn, single)| Step::Answer {
                host_approves, heard, hold, right_rrn, single,
            }),
        1 => any::<bool>().prop_map(|host_had_approved| Step::Recover { host_had_approved }),
        1 => Just(Step::Expire),
        1 => any::<bool>().prop_map(|accept| Step::Review { accept }),
        1 => Just(Step::Late),
        1 => Just(Step::Cancel),
        9 => later_step(),
    ]
}
