//! What is written can be read, and nothing else is.

use florin_core::card::Brand;
use florin_core::money::{Currency, Money};
use florin_core::payment::{
    AdviceId, AnswerFacts, AuthenticationFlow, AuthenticationResult, AuthenticationStatus,
    Authorization, Challenge, Payment, Reason, Review, ReviewVerdict, Rules, State, TransactionId,
    Unauthenticated, Waiting,
};
use florin_core::provider::Visit;

use super::*;
use crate::api::contract::request::RecurringModel;

fn payment(state: State) -> Payment {
    Payment {
        transaction_id: TransactionId(1_234_567_890_123_456),
        amount: Money::new(1000, Currency::EUR),
        brand: Some(Brand::Mastercard),
        other: Some(other::sample()),
        opened_at: 1,
        modified_at: 2,
        completed_at: Some(3),
        rules: Rules {
            when_unavailable: Unauthenticated::Decline,
            when_not_enrolled: Unauthenticated::Proceed,
            payer_present: true,
            expires_after_ms: 3_600_000,
            manual_capture_ms: Some(604_800_000),
        },
        state,
        authentication: Some(AuthenticationResult {
            status: AuthenticationStatus::Attempted,
            flow: AuthenticationFlow::Challenge,
            eci: Some("01".into()),
            value: Some("AAAA".into()),
            acs_trans_id: None,
            ds_trans_id: Some("d".into()),
            version: Some("2.2.0".into()),
            status_reason: None,
            challenge_cancel: None,
        }),
        answer: Some(AnswerFacts {
            response_code: "00".into(),
            approval_code: Some("012635".into()),
            advice_code: Some("02".into()),
            ..AnswerFacts::default()
        }),
        step_ups: 1,
        announced: true,
        cvc_kept: true,
    }
}

fn trace() -> Trace {
    Trace {
        stan: 101,
        rrn: "632614000101".into(),
        transmitted_at: 5,
        terminal_id: "FLRN0001".into(),
    }
}

#[test]
fn every_state_is_read_as_it_was_written() {
    let authorization = Authorization { trace: trace(), amount: Money::new(1000, Currency::EUR) };
    let grown = Authorization { trace: trace(), amount: Money::new(1250, Currency::EUR) };
    let review = Review { score: 7, default: ReviewVerdict::Accept, until: 9 };
    let challenge = Challenge {
        server_trans_id: "s".into(),
        acs_trans_id: "a".into(),
        ds_trans_id: "d".into(),
        version: "2.2.0".into(),
        acs_url: "https://acs.example/".into(),
    };
    let states = [
        State::Offered,
        State::Lapsed,
        State::Authenticating(Waiting::Page { mandate: true }),
        State::Authenticating(Waiting::Challenge(challenge)),
        State::Authorizing { trace: trace(), advice: AdviceId(4) },
        State::Uncleared { authorization: authorization.clone(), review },
        State::Authorized(grown.clone()),
        State::Completed { authorization: authorization.clone(), capture: trace() },
        State::Completed { authorization: grown.clone(), capture: trace() },
        State::Parted(grown.clone()),
        State::Declined(Reason::new("4002", "Insufficient funds")),
        State::Expired,
        State::Cancelled,
        State::Authenticating(Waiting::Provider(Visit {
            url: "https://bank.example/1".into(),
            acted: true,
        })),
        State::Promised { until: 9 },
        State::Paid,
        State::PaidInPart,
        State::Withdrawn,
        State::Void(authorization),
        State::Void(grown),
    ];
    let extra = Extra {
        bin: "555555".into(),
        key_id: 7,
        link: "default".into(),
        challenge_wanted: true,
        created_at: 11,
        risk: Some(RiskReport::listed(7)),
        request_key: Some("key".to_owned()),
        earlier_requests: vec!["earlier".to_owned()],
        form: Some("form".to_owned()),
        locale: Some("pl".to_owned()),
        shipment: BTreeMap::from([("carrier".to_owned(), "PostNL".to_owned())]),
        journal: JournalEnd::default(),
        credential: Some(Credential {
            token: "azbkvsE0up4-_0Aa".to_owned(),
            model: RecurringModel::Unscheduled,
            used: CredentialUse::Charge {
                reference: Some("306326515610033".to_owned()),
                by_mail: true,
            },
        }),
    };
    for state in states {
        let counters = Counters { attempts: 1, advices: 2, notifications: 3, events: 4 };
        let (payment, trail) = (payment(state), trail::sample());
        let (session, parts) = (Some(session::sample()), part::sample());
        let order = Order { payment, trail, counters, session, parts };
        let text = write_state(&order, &extra);
        let read = read_state(&text).expect("what was written can be read");
        assert_eq!(read, (order, extra.clone()), "{text}");
    }
}

#[test]
fn damaged_text_is_an_error_and_not_a_guess() {
    for text in ["", "{}", "{\"v\":2}", "null"] {
        assert!(read_state(text).is_err(), "{text}");
    }
}
