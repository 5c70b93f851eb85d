//! Payment in part: any history of gift cards, a card for the rest, and ways to give up; beside it
//! what the provider of the gift cards has in its hands.

use super::*;
use crate::method::Method;
use crate::part::{PARTS_MAX, PartState};
use crate::provider::{ProviderNews, Referral, RefundWord, Word};
use crate::session::SessionKind;

#[derive(Clone, Debug)]
enum Turn {
    /// A gift card is chosen on the page, and its provider takes it on.
    Gift,
    /// A gift card is chosen, and its provider has not answered yet.
    Asks,
    /// It has taken on the newest attempt, or has not.
    TakesOn(bool),
    /// Its provider says so; of the newest attempt, or of one before.
    Says(Word, bool),
    /// A card is sent for what is due.
    Card,
    Answer(bool),
    GiveUp,
    Cancel,
    EndSession,
    Expire,
    AskBack(u32),
    HearBack(u32, RefundWord),
}

fn turn() -> impl Strategy<Value = Turn> {
    let part = || prop::sample::select(vec![-5, 0, 1, 1000, 2500, AMOUNT - 1, AMOUNT]);
    prop_oneof![
        6 => Just(Turn::Gift),
        2 => Just(Turn::Asks),
        2 => prop::bool::weighted(0.8).prop_map(Turn::TakesOn),
        8 => (part(), prop::bool::weighted(0.9)).prop_map(|(minor, newest)| {
            Turn::Says(Word::PaidInPart(Money::new(minor, Currency::EUR)), newest)
        }),
        2 => (
            prop::sample::select(vec![Word::Paid, Word::NoBalance, Word::Cancelled]),
            prop::bool::weighted(0.9),
        )
            .prop_map(|(word, newest)| Turn::Says(word, newest)),
        3 => Just(Turn::Card),
        3 => any::<bool>().prop_map(Turn::Answer),
        1 => Just(Turn::GiveUp),
        1 => Just(Turn::Cancel),
        1 => Just(Turn::EndSession),
        1 => Just(Turn::Expire),
        2 => (1..4_u32).prop_map(Turn::AskBack),
        2 => (1..4_u32, prop::bool::weighted(0.9)).prop_map(|(number, pays)| {
            Turn::HearBack(number, if pays { RefundWord::Paid } else { RefundWord::Declined })
        }),
    ]
}

/// What the gift cards' provider has, by its number of the payment.
#[derive(Default)]
struct Shelf(BTreeMap<String, i64>);

impl World {
    fn page() -> World {
        let mut world = World { now: 1, ..World::default() };
        world.offer(false, 1_000_000).unwrap();
        world
    }

    fn the_order(&self) -> &Order {
        self.order.as_ref().unwrap()
    }

    fn on_page(&mut self, gift: Option<&'static str>) -> Result<(), Refusal> {
        let opening = self.opening(false, Ver::Skipped, false);
        let verification = match gift {
            None => opening.verification,
            Some(_) => Verification::Referral,
        };
        let opening = Opening {
            amount: self.the_order().due(),
            method: gift.and_then(Method::find),
            brand: opening.brand.filter(|_| gift.is_none()),
            session: self.sessions.last().copied(),
            verification,
            ..opening
        };
        self.tell(Command::Open(opening))
    }

    fn takes_on(&mut self, takes: bool) -> Result<(), Refusal> {
        let transaction_id = self.the_order().payment.transaction_id;
        let referral = takes.then(|| Referral {
            reference: format!("p-{}", transaction_id.0),
            url: "https://gift.example/".into(),
            news: ProviderNews::of(Word::Open),
        });
        self.tell(Command::Refer { transaction_id, referral })
    }

    fn says(&mut self, word: Word, newest: bool, shelf: &mut Shelf) -> Result<(), Refusal> {
        let parts = &self.the_order().parts;
        let reference = match &self.the_order().payment.other {
            Some(other) if newest => other.reference.clone(),
            _ => parts.first().map_or_else(|| "p-0".into(), |part| part.by.reference.clone()),
        };
        let asked = self.the_order().payment.amount.minor;
        let command = Command::Hear { reference: reference.clone(), news: ProviderNews::of(word) };
        self.tell(command)?;
        match word {
            Word::PaidInPart(paid) => assert!(shelf.0.insert(reference, paid.minor).is_none()),
            Word::Paid => assert!(shelf.0.insert(reference, asked).is_none()),
            _ => {}
        }
        Ok(())
    }

    fn turn(&mut self, turn: &Turn, shelf: &mut Shelf) {
        // What is refused leaves everything as it was, which is looked at as well.
        let _ = match turn {
            Turn::Gift => self.on_page(Some("BOEKENBON")).and_then(|()| self.takes_on(true)),
            Turn::Asks => self.on_page(Some("BOEKENBON")),
            Turn::TakesOn(takes) => self.takes_on(*takes),
            Turn::Says(word, newest) => self.says(*word, *newest, shelf),
            Turn::Card => self.on_page(None),
            Turn::Answer(approves) => {
                if self.on_its_way().is_some() {
                    self.step(if *approves { APPROVED } else { DECLINED });
                }
                Ok(())
            }
            Turn::GiveUp => self.tell(Command::GiveUpParts),
            Turn::Cancel => self.tell(Command::Cancel),
            Turn::EndSession => self.tell_in_time(Command::EndSession),
            Turn::Expire => self.tell_in_time(Command::Expire),
            Turn::AskBack(number) => {
                let refund_id = TransactionId(i64::from(*number) + 9_000_000);
                self.tell(Command::AskPartBack { number: *number, refund_id })
            }
            Turn::HearBack(number, word) => {
                let heard = self.tell(Command::HearPartBack { number: *number, word: *word });
                if let (Ok(()), RefundWord::Paid) = (heard, word) {
                    let part = self.the_order().part(*number).unwrap();
                    let was = shelf.0.remove(&part.by.reference);
                    assert_eq!(was, Some(part.amount), "given back once, and what was taken");
                }
                heard
            }
        };
        self.check(shelf);
    }

    fn check(&self, shelf: &Shelf) {
        let order = self.the_order();
        let balances = Balances::of(order);
        let with_provider: i64 = shelf.0.values().sum();
        assert_eq!(balances.get(Account::Provider), with_provider, "{order:?}");
        let kept = order.paid_in_part();
        if order.is_paid() {
            assert_eq!(kept + order.payment.amount.minor, AMOUNT, "paid to the cent");
        } else if order.payment.is_final() {
            let open = order.session.is_some_and(|session| session.ended.is_none());
            assert!(open || kept == 0, "what cannot be paid any more keeps nothing: {order:?}");
            if kept > 0 {
                assert_eq!(order.status(WHOLE), ("initialized", "initialized"));
            }
        }
        assert!(kept < AMOUNT, "the rest is something");
        if let Some(authorization) = order.payment.authorization() {
            assert!(authorization.amount.minor <= AMOUNT - kept, "a card pays the rest only");
        }
        if order.payment.state == State::Authenticating(Waiting::Referral) {
            let asks_again = self.timers.contains(&Timer::Inquiry);
            assert!(asks_again, "somebody asks, should the answer be lost: {order:?}");
        }
        for part in &order.parts {
            let waits = self.timers.contains(&Timer::GiveBack(part.number));
            let owed = matches!(part.state, PartState::Owed | PartState::Asked { .. });
            assert_eq!(waits, owed, "somebody asks until there is an answer: {part:?}");
        }
        assert_eq!(order.total().minor, AMOUNT);
    }
}

const DECLINED: Step = Step::Answer {
    host_approves: false,
    heard: Heard::Everything,
    hold: false,
    right_rrn: true,
    single: false,
};

fn part(minor: i64) -> Word {
    Word::PaidInPart(Money::new(minor, Currency::EUR))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn no_part_is_lost_or_doubled_whatever_happens(turns in prop::collection::vec(turn(), 0..24)) {
        let (mut world, mut shelf) = (World::page(), Shelf::default());
        for turn in &turns {
            world.turn(turn, &mut shelf);
        }
    }
}

#[test]
fn a_card_pays_what_two_gift_cards_leave() {
    let (mut world, mut shelf) = (World::page(), Shelf::default());
    for minor in [1000, 2500] {
        world.turn(&Turn::Gift, &mut shelf);
        world.turn(&Turn::Says(part(minor), true), &mut shelf);
        assert_eq!(world.the_order().status(WHOLE), ("initialized", "initialized"));
    }
    assert_eq!(world.the_order().due().minor, AMOUNT - 3500);
    world.turn(&Turn::Card, &mut shelf);
    world.turn(&Turn::Answer(false), &mut shelf);
    assert_eq!(world.the_order().status(WHOLE), ("initialized", "initialized"), "another may pay");
    world.turn(&Turn::Card, &mut shelf);
    world.turn(&Turn::Answer(true), &mut shelf);
    let order = world.the_order();
    assert_eq!(order.status(WHOLE), ("completed", "completed"));
    assert_eq!(order.sale(WHOLE).unwrap().amount.minor, AMOUNT - 3500, "what can be refunded");
    // Each payment is charged for.
    let fees: Vec<i64> = order.trail.fees.iter().map(|fee| fee.amount).collect();
    assert_eq!(fees.len(), 3, "{fees:?}");
}

#[test]
fn a_part_is_less_than_what_is_due_and_in_its_currency() {
    let (mut world, mut shelf) = (World::page(), Shelf::default());
    world.turn(&Turn::Gift, &mut shelf);
    for minor in [i64::MIN, -1, 0, AMOUNT, AMOUNT + 1, i64::MAX] {
        let refused = world.says(part(minor), true, &mut shelf);
        assert_eq!(refused, Err(Refusal::AmountOutOfBounds), "{minor}");
    }
    let foreign = Word::PaidInPart(Money::new(1, Currency::parse("USD").unwrap()));
    assert_eq!(world.says(foreign, true, &mut shelf), Err(Refusal::AmountOutOfBounds));
    world.says(part(AMOUNT - 1), true, &mut shelf).unwrap();
    assert!(world.says(part(1), true, &mut shelf).is_err(), "one attempt pays one part");
    // What is no gift card pays the whole, or nothing.
    world.on_page(Some("IDEAL")).unwrap();
    assert!(world.says(part(1), true, &mut shelf).is_err());
}

#[test]
fn an_attempt_for_another_amount_than_what_is_due_is_refused() {
    let (mut world, mut shelf) = (World::page(), Shelf::default());
    world.turn(&Turn::Gift, &mut shelf);
    world.turn(&Turn::Says(part(1000), true), &mut shelf);
    let opening = world.opening(false, Ver::Skipped, false);
    let session = world.sessions.last().copied();
    let whole = Command::Open(Opening { session, ..opening.clone() });
    assert_eq!(world.tell(whole), Err(Refusal::NotDue));
    // Nor does a new order under the same name forget the part.
    assert_eq!(world.tell(Command::Open(opening)), Err(Refusal::OrderIdTaken));
    let offering = Offering {
        number: TransactionId(7),
        amount: Money::new(AMOUNT, Currency::EUR),
        kind: SessionKind::Redirect,
        expires_at: 99,
        reminds: false,
    };
    assert_eq!(world.tell(Command::Offer(offering.clone())), Err(Refusal::OrderIdTaken));
    for turn in [Turn::Cancel, Turn::AskBack(1), Turn::HearBack(1, RefundWord::Paid)] {
        world.turn(&turn, &mut shelf);
    }
    assert_eq!(world.the_order().status(WHOLE), ("void", "cancelled"));
    world.tell(Command::Offer(offering)).unwrap();
    assert_eq!(Balances::of(world.the_order()), Balances::default());
}

#[test]
fn a_part_goes_back_by_every_way_in_which_the_order_ends() {
    for (end, status) in [
        (Turn::Cancel, ("void", "cancelled")),
        (Turn::EndSession, ("expired", "expired")),
        (Turn::GiveUp, ("initialized", "initialized")),
    ] {
        let (mut world, mut shelf) = (World::page(), Shelf::default());
        world.turn(&Turn::Gift, &mut shelf);
        world.turn(&Turn::Says(part(1000), true), &mut shelf);
        let told = world.notified;
        world.turn(&end, &mut shelf);
        assert_eq!(world.notified, told + 1, "{end:?}");
        assert_eq!(world.the_order().status(WHOLE), status, "{end:?}");
        assert_eq!(world.the_order().parts[0].state, PartState::Owed, "{end:?}");
        world.turn(&Turn::AskBack(1), &mut shelf);
        let again = Command::AskPartBack { number: 1, refund_id: TransactionId(3) };
        assert_eq!(world.tell(again), Err(Refusal::AlreadySo), "under one number");
        world.turn(&Turn::HearBack(1, RefundWord::Paid), &mut shelf);
        assert!(shelf.0.is_empty(), "{end:?}");
    }
}

#[test]
fn an_attempt_under_way_keeps_the_parts_until_it_ends() {
    for approves in [true, false] {
        let (mut world, mut shelf) = (World::page(), Shelf::default());
        world.turn(&Turn::Gift, &mut shelf);
        world.turn(&Turn::Says(part(1000), true), &mut shelf);
        world.turn(&Turn::Card, &mut shelf);
        world.turn(&Turn::EndSession, &mut shelf);
        assert_eq!(world.the_order().parts[0].state, PartState::Kept);
        world.turn(&Turn::Answer(approves), &mut shelf);
        let expected = if approves { PartState::Kept } else { PartState::Owed };
        assert_eq!(world.the_order().parts[0].state, expected);
    }
}

#[test]
fn a_part_that_comes_after_the_session_goes_back_at_once() {
    let (mut world, mut shelf) = (World::page(), Shelf::default());
    world.turn(&Turn::Gift, &mut shelf);
    world.turn(&Turn::EndSession, &mut shelf);
    world.turn(&Turn::Says(part(1000), true), &mut shelf);
    assert_eq!(world.the_order().status(WHOLE), ("expired", "expired"));
    assert_eq!(world.the_order().parts[0].state, PartState::Owed);
    // After the order is over it is not taken at all.
    let (mut world, mut shelf) = (World::page(), Shelf::default());
    world.turn(&Turn::Gift, &mut shelf);
    world.turn(&Turn::Cancel, &mut shelf);
    assert_eq!(world.says(part(1000), true, &mut shelf), Err(Refusal::NotWaiting));
}

#[test]
fn an_order_takes_as_many_parts_as_it_may_and_no_more() {
    let (mut world, mut shelf) = (World::page(), Shelf::default());
    for _ in 0..PARTS_MAX {
        world.turn(&Turn::Gift, &mut shelf);
        world.says(part(1), true, &mut shelf).unwrap();
    }
    world.turn(&Turn::Gift, &mut shelf);
    assert_eq!(world.says(part(1), true, &mut shelf), Err(Refusal::TooMany));
}
