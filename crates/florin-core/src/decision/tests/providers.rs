//! Payments by other methods than cards: every history of words that a provider may say, mixed
//! with what shops and clocks do.

use super::*;
use crate::ledger::{Account, Balances};
use crate::method::Method;
use crate::provider::{ProviderNews, Referral, RefundWord, ShipmentWord, Word};
use crate::tariff::Tariff;
use crate::trail::{RefundState, RefundWords};

const NUMBER: &str = "p-1";
/// How long a payer has.
const TIME: i64 = 1000;
/// What the first of several shipments costs.
const PART: i64 = 400;
const STATUSES: [(&str, &str); 9] = [
    ("initialized", "initialized"),
    ("completed", "completed"),
    ("uncleared", "uncleared"),
    ("declined", "declined"),
    ("void", "cancelled"),
    ("void", "void"),
    ("expired", "expired"),
    ("shipped", "completed"),
    ("refunded", "completed"),
];

#[derive(Clone, Debug)]
enum Turn {
    /// The provider answers to being asked to take the payment on.
    Answers(Option<Word>),
    Hears(Word),
    Cancels,
    Ships,
    ShipsPart(i64),
    ShipmentHeard(ShipmentWord),
    Prolongs,
    TimeEnds,
    Refunds,
    RefundsPart,
    RefundDay,
    RefundHeard(RefundWord),
}

fn turns() -> Vec<Turn> {
    use Word::*;
    let words = [Open, Underway, Promised, Paid, Declined, Cancelled, Expired];
    let mut turns: Vec<Turn> = words.into_iter().map(Turn::Hears).collect();
    let answers = [None, Some(Open), Some(Underway), Some(Promised), Some(Paid), Some(Declined)];
    turns.extend(answers.into_iter().map(Turn::Answers));
    turns.extend([
        Turn::Cancels,
        Turn::Ships,
        Turn::ShipsPart(PART),
        Turn::ShipsPart(AMOUNT - PART),
        Turn::ShipmentHeard(ShipmentWord::Paid),
        Turn::ShipmentHeard(ShipmentWord::Declined),
        Turn::Prolongs,
        Turn::TimeEnds,
        Turn::Refunds,
        Turn::RefundsPart,
        Turn::RefundDay,
        Turn::RefundHeard(RefundWord::Paid),
        Turn::RefundHeard(RefundWord::Declined),
    ]);
    turns
}

fn trace() -> Trace {
    Trace { stan: 1, rrn: String::new(), transmitted_at: 0, terminal_id: String::new() }
}

fn command(turn: &Turn) -> Command {
    match turn {
        Turn::Answers(word) => answered(*word),
        Turn::Hears(word) => {
            Command::Hear { reference: NUMBER.into(), news: ProviderNews::of(*word) }
        }
        Turn::Cancels => Command::Cancel,
        Turn::Ships => Command::Ship { sale: WHOLE, provider_paid: true },
        Turn::ShipsPart(amount) => ships_part(*amount),
        Turn::ShipmentHeard(word) => {
            Command::HearShipment { number: 1, word: *word, order_id: "part".into() }
        }
        Turn::Prolongs => Command::Prolong,
        Turn::TimeEnds => Command::Expire,
        Turn::Refunds => refund_of(WHOLE),
        Turn::RefundsPart => refund_of(1),
        Turn::RefundDay => Command::AskRefund { number: 1 },
        Turn::RefundHeard(word) => Command::HearRefund { number: 1, word: *word },
    }
}

fn refund_of(sale: SaleNumber) -> Command {
    Command::Refund(RefundOrder {
        sale,
        transaction_id: TransactionId(9),
        amount: None,
        words: RefundWords::default(),
        settlement: Settlement::Now(trace()),
    })
}

fn ships_part(amount: i64) -> Command {
    let sale = NewSale { transaction_id: TransactionId(20), order_id: "asked".into() };
    Command::ShipPart { amount, sale }
}

/// What the gateway hears of the payment that it wants taken on.
fn answered(word: Option<Word>) -> Command {
    let referral = word.map(|word| Referral {
        reference: NUMBER.into(),
        url: "https://bank.example/".into(),
        news: ProviderNews::of(word),
    });
    Command::Refer { transaction_id: TransactionId(1), referral }
}

/// An order that its provider has taken on.
fn taken_on(method: &'static Method, word: Word) -> Order {
    let asked = told(None, Command::Open(opening(method))).unwrap().order;
    told(Some(&asked), answered(Some(word))).unwrap().order
}

fn opening(method: &'static Method) -> Opening {
    Opening {
        transaction_id: TransactionId(1),
        amount: Money::new(AMOUNT, Currency::EUR),
        brand: None,
        method: Some(method),
        rules: Rules {
            when_unavailable: Unauthenticated::Decline,
            when_not_enrolled: Unauthenticated::Decline,
            payer_present: true,
            expires_after_ms: TIME,
            manual_capture_ms: None,
        },
        session: None,
        entry: Entry::Link,
        refused: None,
        verification: Verification::Referral,
        trace: trace(),
    }
}

fn told(order: Option<&Order>, command: Command) -> Result<Decision, Refusal> {
    told_at(5, order, command)
}

fn told_at(now: i64, order: Option<&Order>, command: Command) -> Result<Decision, Refusal> {
    let tariff = Tariff::default();
    decide(order, command, Context { now, tariff: &tariff })
}

fn promised(method: &str) -> Order {
    taken_on(Method::find(method).unwrap(), Word::Promised)
}

/// What must be true of any order that another method pays.
fn examine(order: &Order, decision: &Decision, history: &[Turn]) {
    let status = order.status(WHOLE);
    assert!(STATUSES.contains(&status), "{status:?} after {history:?}");
    assert!(!decision.effects.iter().any(Effect::is_for_the_host), "{history:?}");
    let balances = Balances::of(order);
    for account in [Account::Issuer, Account::Held, Account::Acquirer] {
        assert_eq!(balances.get(account), 0, "{account:?} after {history:?}");
    }
    // Whatever is sold is in exactly one sale, and each gives back no more than it has.
    let sold: i64 = order.sales().map(|sale| sale.amount.minor).sum();
    let whole = order.payment.state == State::Paid;
    let withdrawn = order.trail.released;
    assert_eq!(sold, if whole { AMOUNT - withdrawn } else { order.trail.captured() });
    assert!(withdrawn == 0 || order.trail.captured() > 0, "{history:?}");
    let refunded: i64 = order.sales().map(|sale| order.trail.refunded(sale.number)).sum();
    assert_eq!(balances.get(Account::Provider), sold - refunded, "{history:?}");
    for sale in order.sales() {
        assert!(order.trail.refunded(sale.number) <= sale.amount.minor, "{history:?}");
    }
    // Nobody is asked to pay what was not promised, and each who is asked is asked again.
    let asked = order.trail.shipment.as_ref().map_or(0, |it| it.amount);
    assert!(sold + asked + withdrawn <= AMOUNT, "{history:?}");
    assert!(asked == 0 || matches!(order.payment.state, State::Promised { .. }), "{history:?}");
    // The shop hears of every change of the status, but for what it did itself.
    let announced = decision.events.iter().any(|event| matches!(event, Event::Announced));
    let moves = |event: &Event| {
        matches!(
            event,
            Event::Paid { .. }
                | Event::Promised { .. }
                | Event::Withdrawn
                | Event::Declined { .. }
                | Event::Expired
                | Event::Cancelled
                | Event::CapturedInPart(_)
        )
    };
    let moved = decision.events.iter().any(moves);
    assert!(announced || !moved, "{:?} after {history:?}", decision.events);
}

fn walk(order: &Order, history: &mut Vec<Turn>, reached: &mut Vec<State>, depth: usize) {
    if !reached.contains(&order.payment.state) {
        reached.push(order.payment.state.clone());
    }
    if depth == 0 {
        return;
    }
    for turn in turns() {
        let before = order.payment.state.clone();
        let now = if matches!(turn, Turn::TimeEnds) { order.payment.opened_at + TIME } else { 5 };
        let Ok(decision) = told_at(now, Some(order), command(&turn)) else { continue };
        history.push(turn);
        let over = matches!(
            before,
            State::Paid | State::Declined(_) | State::Expired | State::Cancelled | State::Withdrawn
        );
        assert!(!over || before == decision.order.payment.state, "left {before:?}: {history:?}");
        examine(&decision.order, &decision, history);
        walk(&decision.order, history, reached, depth - 1);
        history.pop();
    }
}

#[test]
fn every_history_of_words_ends_in_a_status_and_books_what_was_paid() {
    let mut reached = Vec::new();
    for id in ["IDEAL", "KLARNA", "BOEKENBON", "BIZUM"] {
        let method = Method::find(id).unwrap();
        let decision = told(None, Command::Open(opening(method))).unwrap();
        examine(&decision.order, &decision, &[]);
        walk(&decision.order, &mut Vec::new(), &mut reached, 6);
    }
    assert!(reached.len() >= 9, "{reached:?}");
}

#[test]
fn a_promise_begins_anew_and_never_lasts_longer_than_180_days() {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let order = promised("KLARNA");
    assert_eq!(order.payment.state, State::Promised { until: 5 + 5 * DAY });
    assert_eq!(told(Some(&order), Command::Prolong), Err(Refusal::AlreadySo));
    let mut order = order;
    for day in (4..=176).step_by(4) {
        let decision = told_at(5 + day * DAY, Some(&order), Command::Prolong).unwrap();
        let until = 5 + (day + 5).min(180) * DAY;
        assert_eq!(decision.order.payment.state, State::Promised { until });
        assert_eq!(decision.effects, [Effect::StartTimer(Timer::Review, until)]);
        order = decision.order;
    }
    let last = told_at(5 + 179 * DAY, Some(&order), Command::Prolong);
    assert_eq!(last, Err(Refusal::AlreadySo));
    let over = told_at(5 + 180 * DAY, Some(&order), Command::Prolong);
    assert_eq!(over, Err(Refusal::NotInThisState));
}

#[test]
fn only_methods_that_can_prolong_what_they_promised() {
    for method in Method::all().iter().filter(|method| !method.is_card()) {
        let asked = told_at(6, Some(&promised(method.id)), Command::Prolong);
        assert_eq!(asked.is_ok(), method.id == "KLARNA", "{}", method.id);
    }
    let klarna = Method::find("KLARNA").unwrap();
    for word in [Word::Open, Word::Paid, Word::Declined] {
        let order = taken_on(klarna, word);
        let asked = told_at(6, Some(&order), Command::Prolong);
        assert_eq!(asked, Err(Refusal::NotInThisState), "{word:?}");
    }
}

/// The timer of the first date may have been claimed when a later one was committed.
#[test]
fn what_was_prolonged_does_not_lapse_at_its_first_date() {
    let order = promised("KLARNA");
    let State::Promised { until: first } = order.payment.state else { panic!("not promised") };
    let order = told_at(first - 1, Some(&order), Command::Prolong).unwrap().order;
    let lapses = Command::Hear { reference: NUMBER.into(), news: ProviderNews::of(Word::Expired) };
    assert_eq!(told_at(first, Some(&order), lapses.clone()), Err(Refusal::TooEarly));
    let State::Promised { until } = order.payment.state else { panic!("not promised") };
    let lapsed = told_at(until, Some(&order), lapses).unwrap().order;
    assert_eq!(lapsed.payment.state, State::Withdrawn);
}

#[test]
fn another_number_of_the_provider_is_another_payment() {
    let ideal = Method::find("IDEAL").unwrap();
    let order = taken_on(ideal, Word::Open);
    let news = ProviderNews::of(Word::Paid);
    let foreign = Command::Hear { reference: "p-2".into(), news: news.clone() };
    assert_eq!(told(Some(&order), foreign), Err(Refusal::NotWaiting));
    let ours = Command::Hear { reference: NUMBER.into(), news };
    assert_eq!(told(Some(&order), ours).unwrap().order.payment.state, State::Paid);
}

#[test]
fn a_payment_waits_for_its_provider_and_asks_again() {
    let ideal = Method::find("IDEAL").unwrap();
    let asked = told(None, Command::Open(opening(ideal))).unwrap();
    let again = |effect: &Effect| matches!(effect, Effect::StartTimer(Timer::Inquiry, _));
    assert!(asked.effects.iter().any(again));
    assert_eq!(asked.order.payment.state, State::Authenticating(Waiting::Referral));
    assert!(!asked.events.contains(&Event::Announced), "the shop hears of it when it is known");
    let asked = asked.order;
    // What it says of a payment of which we have no number yet is not heard.
    let early = told(Some(&asked), command(&Turn::Hears(Word::Paid)));
    assert_eq!(early, Err(Refusal::NotWaiting));
    let taken = told(Some(&asked), answered(Some(Word::Open))).unwrap();
    assert!(taken.effects.contains(&Effect::StopTimer(Timer::Inquiry)));
    assert_eq!(told(Some(&taken.order), answered(None)), Err(Refusal::AlreadySo));
    let refused = told(Some(&asked), answered(None)).unwrap().order;
    assert_eq!(refused.payment.state, State::Declined(inoperative()));
    assert_eq!(told(Some(&refused), answered(Some(Word::Paid))), Err(Refusal::NotWaiting));
}

#[test]
fn a_refund_is_marked_as_asked_before_the_provider_is() {
    let ideal = Method::find("IDEAL").unwrap();
    let order = taken_on(ideal, Word::Paid);
    let heard = command(&Turn::RefundHeard(RefundWord::Paid));
    let asked = told(Some(&order), command(&Turn::Refunds)).unwrap().order;
    assert_eq!(told(Some(&asked), heard.clone()), Err(Refusal::NotOnItsWay));
    let decision = told(Some(&asked), command(&Turn::RefundDay)).unwrap();
    let again = |effect: &Effect| matches!(effect, Effect::StartTimer(Timer::Settlement(1), _));
    assert!(decision.effects.iter().any(again), "it is asked again until there is an answer");
    let asked = decision.order;
    assert_eq!(asked.trail.refund(1).unwrap().state, RefundState::Asked);
    // Nobody can take it back any more.
    assert!(told(Some(&asked), Command::VoidRefund { number: 1 }).is_err());
    let done = told(Some(&asked), heard).unwrap().order;
    assert_eq!(done.status(WHOLE), ("refunded", "completed"));
}

/// The promise may have come after the merchant's word was read, when there was nobody to ask.
#[test]
fn nothing_is_shipped_on_a_promise_that_its_provider_was_not_asked_to_keep() {
    let order = promised("KLARNA");
    let ship = |provider_paid| Command::Ship { sale: WHOLE, provider_paid };
    assert_eq!(told(Some(&order), ship(false)), Err(Refusal::NotInThisState));
    let shipped = told(Some(&order), ship(true)).unwrap().order;
    assert_eq!(shipped.status(WHOLE), ("shipped", "completed"));
}

/// Of an order that was promised, what became of the first shipment in part.
fn part_shipped(order: &Order, amount: i64, word: ShipmentWord) -> Decision {
    let asked = told(Some(order), ships_part(amount)).unwrap();
    let again = |effect: &Effect| matches!(effect, Effect::StartTimer(Timer::Shipment, _));
    assert!(asked.effects.iter().any(again), "it is told again until there is an answer");
    assert!(!asked.events.contains(&Event::Announced), "nothing is known yet");
    let number = asked.order.trail.next_capture();
    let order_id = format!("part-{number}");
    told(Some(&asked.order), Command::HearShipment { number, word, order_id }).unwrap()
}

#[test]
fn each_shipment_is_a_sale_and_the_rest_is_the_order_itself() {
    let first = part_shipped(&promised("KLARNA"), PART, ShipmentWord::Paid);
    assert_eq!(first.order.status(1), ("shipped", "completed"));
    assert_eq!(first.order.status(WHOLE), ("uncleared", "uncleared"));
    assert_eq!(first.order.trail.captures[0].order_id, "part-1");
    assert!(first.effects.iter().any(|effect| matches!(effect, Effect::OpenSale(_))));
    let rest = AMOUNT - PART;
    assert_eq!(first.order.promised(), rest);
    for beyond in [0, rest + 1, i64::MAX, -1] {
        let asked = told(Some(&first.order), ships_part(beyond));
        assert_eq!(asked, Err(Refusal::AmountOutOfBounds), "{beyond}");
    }
    // The rest is shipped as the order, or as another part.
    let all = Command::Ship { sale: WHOLE, provider_paid: true };
    let all = told(Some(&first.order), all).unwrap().order;
    assert_eq!(all.status(WHOLE), ("shipped", "completed"));
    assert_eq!(all.sale(WHOLE).unwrap().amount.minor, rest);
    let last = part_shipped(&first.order, rest, ShipmentWord::Paid);
    assert_eq!(last.order.status(WHOLE), ("completed", "completed"));
    assert_eq!(last.order.sale(WHOLE), None);
    assert_eq!(last.order.status(2), ("shipped", "completed"));
    assert!(last.effects.contains(&Effect::StopTimer(Timer::Review)));
    assert_eq!(told(Some(&last.order), ships_part(1)), Err(Refusal::NotInThisState));
}

#[test]
fn what_is_withdrawn_after_a_shipment_leaves_that_paid() {
    let order = part_shipped(&promised("KLARNA"), PART, ShipmentWord::Paid).order;
    let order = told(Some(&order), command(&Turn::Hears(Word::Declined))).unwrap().order;
    assert_eq!(order.status(WHOLE), ("completed", "completed"));
    assert_eq!((order.sale(WHOLE), order.trail.released), (None, AMOUNT - PART));
    assert_eq!(Balances::of(&order).get(Account::Provider), PART);
    assert!(told(Some(&order), refund_of(WHOLE)).is_err());
    let refunded = told(Some(&order), refund_of(1)).unwrap().order;
    assert_eq!(refunded.trail.refunding(1), PART);
}

/// The provider may mean by it what it was asked, or something else.
#[test]
fn a_word_that_comes_while_a_shipment_is_told_of_waits_for_the_answer() {
    let order = told(Some(&promised("KLARNA")), ships_part(PART)).unwrap().order;
    for word in [Word::Paid, Word::Declined, Word::Cancelled, Word::Expired] {
        let heard = told(Some(&order), command(&Turn::Hears(word)));
        assert_eq!(heard, Err(Refusal::Unanswered), "{word:?}");
    }
    let ship = told(Some(&order), command(&Turn::Ships));
    assert_eq!(ship, Err(Refusal::Unanswered));
    assert_eq!(told(Some(&order), ships_part(PART)), Err(Refusal::NotInThisState));
    let declined = part_shipped(&promised("KLARNA"), PART, ShipmentWord::Declined).order;
    assert_eq!(declined, {
        let mut same = promised("KLARNA");
        same.counters = declined.counters;
        same.payment.modified_at = declined.payment.modified_at;
        same
    });
    let other = Command::HearShipment { number: 2, word: ShipmentWord::Paid, order_id: "x".into() };
    assert_eq!(told(Some(&order), other), Err(Refusal::NotOnItsWay));
}

/// The time of an earlier attempt is over, whose order was begun anew a moment ago.
#[test]
fn the_time_of_an_earlier_attempt_does_not_end_a_new_one() {
    let ideal = Method::find("IDEAL").unwrap();
    let first = taken_on(ideal, Word::Open);
    let over = first.payment.opened_at + TIME;
    let again = Opening { transaction_id: TransactionId(2), ..opening(ideal) };
    let anew = told_at(over, Some(&first), Command::Open(again)).unwrap().order;
    assert_eq!(told_at(over, Some(&anew), Command::Expire), Err(Refusal::TooEarly));
    assert_eq!(told_at(over + TIME - 1, Some(&anew), Command::Expire), Err(Refusal::TooEarly));
    let expired = told_at(over + TIME, Some(&anew), Command::Expire).unwrap().order;
    assert_eq!(expired.payment.state, State::Expired);
}
