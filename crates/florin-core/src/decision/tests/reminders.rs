//! Sessions of which the payer is reminded: what the merchant gives up can still be paid by a
//! reminder, what he excludes cannot, and nothing is paid twice.

use super::*;
use crate::session::{Session, SessionKind};

/// How long a session lasts.
const LASTS: Instant = 10_000_000;
const DECLINED: Step = Step::Answer {
    host_approves: false,
    heard: Heard::Everything,
    hold: false,
    right_rrn: true,
    single: false,
};

impl World {
    fn offer_with_reminders(&mut self, reminds: bool) -> Result<(), Refusal> {
        self.stan += 1;
        let number = TransactionId(i64::from(self.stan));
        let (amount, kind) = (Money::new(AMOUNT, Currency::EUR), SessionKind::Redirect);
        let expires_at = self.now + LASTS;
        self.tell(Command::Offer(Offering { number, amount, kind, expires_at, reminds }))
    }

    fn session(&self) -> Session {
        self.order.as_ref().unwrap().session.unwrap()
    }

    /// A card is sent on the page of the newest session, and is good enough to be authorized.
    fn pay(&mut self, entry: Entry) -> Result<(), Refusal> {
        let opening = self.opening(false, Ver::Skipped, false);
        let session = Some(self.session().number);
        let opening = Opening { session, entry, ..opening };
        self.tell(Command::Open(opening))
    }

    fn status(&self) -> (&'static str, &'static str) {
        self.order.as_ref().unwrap().status(WHOLE)
    }
}

fn offered(reminds: bool) -> World {
    let mut world = World::default();
    world.offer_with_reminders(reminds).unwrap();
    world
}

#[test]
fn who_comes_by_a_reminder_pays_what_the_merchant_has_given_up() {
    let mut world = offered(true);
    world.tell(Command::Cancel).unwrap();
    assert_eq!(world.status().0, "cancelled");
    assert!(world.timers.is_empty());
    assert_eq!(world.pay(Entry::Link), Err(Refusal::SessionOver));
    let number = world.session().number;
    let show = |entry| Command::ShowPage { number, entry };
    assert_eq!(world.tell(show(Entry::Link)), Err(Refusal::SessionOver));
    world.tell(show(Entry::Reminder)).unwrap();
    assert_eq!(world.status().0, "cancelled", "a look is no payment");

    world.pay(Entry::Reminder).unwrap();
    assert_eq!(world.session().ended, None);
    assert!(world.timers.contains(&Timer::Session), "it ends by its time again");
    world.step(APPROVED);
    assert_eq!(world.status(), ("completed", "completed"));
    assert_eq!(world.session().ended, Some(SessionEnd::Paid));
    world.close();
}

#[test]
fn what_is_given_up_again_after_a_decline_can_be_paid_again() {
    let mut world = offered(true);
    world.pay(Entry::Link).unwrap();
    // The payment that is on its way loses, and is undone.
    world.step(Step::Cancel);
    assert_eq!(world.status(), ("void", "cancelled"));
    world.pay(Entry::Reminder).unwrap();
    world.step(DECLINED);
    world.tell(Command::Cancel).unwrap();
    assert_eq!(world.status(), ("declined", "declined"));
    assert_eq!(world.tell(Command::Cancel), Err(Refusal::AlreadySo));
    world.pay(Entry::Reminder).unwrap();
    world.step(APPROVED);
    assert_eq!(world.status(), ("completed", "completed"));
    world.close();
}

#[test]
fn an_excluded_order_is_given_up_for_good_at_once_or_later() {
    for first in [Command::Exclude, Command::Cancel] {
        let mut world = offered(true);
        let told = |world: &World| world.notified;
        world.tell(first.clone()).unwrap();
        let heard = told(&world);
        let again = world.tell(Command::Exclude);
        assert_eq!(again.is_ok(), first == Command::Cancel);
        assert_eq!(world.session().ended, Some(SessionEnd::Excluded));
        assert_eq!(told(&world), heard, "the shop knows");
        assert_eq!(world.tell(Command::Exclude), Err(Refusal::AlreadySo));
        assert_eq!(world.tell(Command::Cancel), Err(Refusal::AlreadySo));
        assert_eq!(world.pay(Entry::Reminder), Err(Refusal::SessionOver));
        world.close();
    }
}

#[test]
fn without_reminders_or_after_its_time_what_is_given_up_stays_so() {
    let mut silent = offered(false);
    silent.tell(Command::Cancel).unwrap();
    assert_eq!(silent.pay(Entry::Reminder), Err(Refusal::SessionOver));
    let mut late = offered(true);
    late.tell(Command::Cancel).unwrap();
    late.now = late.session().expires_at;
    assert_eq!(late.pay(Entry::Reminder), Err(Refusal::SessionOver));
}

#[derive(Clone, Copy, Debug)]
enum Move {
    Offer { reminds: bool },
    Pay(Entry),
    Answer { approves: bool },
    Cancel,
    Exclude,
    EndSession,
}

/// What the payer can do with his links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Links {
    Work,
    OnlyReminder,
    Dead,
}

fn any_move() -> impl Strategy<Value = Move> {
    let entry = prop_oneof![Just(Entry::Link), Just(Entry::Reminder)];
    prop_oneof![
        1 => any::<bool>().prop_map(|reminds| Move::Offer { reminds }),
        4 => entry.prop_map(Move::Pay),
        3 => any::<bool>().prop_map(|approves| Move::Answer { approves }),
        3 => Just(Move::Cancel),
        1 => Just(Move::Exclude),
        1 => Just(Move::EndSession),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn links_work_as_long_as_they_may(
        reminds in any::<bool>(),
        moves in prop::collection::vec(any_move(), 1..14),
    ) {
        let mut world = offered(reminds);
        let (mut links, mut reminds) = (Links::Work, reminds);
        for one in moves {
            let busy = world.order.as_ref().unwrap().refuses_new_attempt();
            let paid = world.order.as_ref().unwrap().is_paid();
            match one {
                Move::Offer { reminds: again } => {
                    if world.offer_with_reminders(again).is_ok() {
                        (links, reminds) = (Links::Work, again);
                    }
                }
                Move::Pay(entry) => {
                    let may = match links {
                        Links::Work => true,
                        Links::OnlyReminder => entry == Entry::Reminder,
                        Links::Dead => false,
                    };
                    prop_assert_eq!(world.pay(entry).is_ok(), may && !busy);
                    if may && !busy {
                        links = Links::Work;
                    }
                }
                Move::Answer { approves } if world.on_its_way().is_some() => {
                    world.step(if approves { APPROVED } else { DECLINED });
                    if world.order.as_ref().unwrap().is_paid() {
                        links = Links::Dead;
                    }
                }
                Move::Answer { .. } => {}
                Move::Cancel => {
                    world.step(Step::Cancel);
                    if !paid && links == Links::Work {
                        links = if reminds { Links::OnlyReminder } else { Links::Dead };
                    }
                }
                Move::Exclude => {
                    // As a cancel, told by the model of the host.
                    world.step(Step::Cancel);
                    let _ = world.tell(Command::Exclude);
                    if !paid {
                        links = Links::Dead;
                    }
                }
                Move::EndSession => {
                    let was = world.session().ended;
                    prop_assert_eq!(world.tell_in_time(Command::EndSession).is_ok(), was.is_none());
                    if was.is_none() {
                        links = Links::Dead;
                    }
                }
            }
        }
        world.close();
    }
}
