//! One run: a world from a seed, a storm over it, calm, and the oracle.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use florin::app::{Foundation, new_site};
use florin::clock::UnixMillis;
use florin::gateway::persist::read_state;
use florin::gateway::site::{
    FeeEntry, FeeFor, OnDecline, OnUnauthenticated, RefundSettlement, SiteSettings, ThreeDsPolicy,
};
use florin::store::{Committed, OrderKey, OrderRow, SiteId, Store, UnitOfWork};
use florin_sim::{FaultOrder, Simulator};
use tokio::task::JoinHandle;

use crate::bugs::Bug;
use crate::coverage::{Coverage, NOTHING, state_of};
use crate::elsewhere::may_be_promised;
use crate::front::Front;
use crate::network::frames::Wires;
use crate::oracle::{self, Begins, Checks, Evidence, Pages, Rule, Uses, Violation};
use crate::outside::start_bank;
use crate::processes::{self, Surroundings, open_vault};
use crate::purchase::Begun;
use crate::receiver::Receiver;
use crate::shop::{STORM_MS, Shop, Shops};
use crate::store::{Disk, MemoryStore};
use crate::world::{ProcessClock, World};

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    pub seed: u64,
    /// Payments of the run.
    pub payments: usize,
    pub bug: Option<Bug>,
    /// Prints what happens.
    pub prints: bool,
}

/// What came of a run.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub seed: u64,
    pub payments: usize,
    pub violations: Vec<Violation>,
    pub checks: Checks,
    pub coverage: Coverage,
    pub counts: BTreeMap<&'static str, u64>,
    /// Equal for two runs in which the same happened.
    pub trace_hash: u64,
    /// How the orders ended.
    pub statuses: BTreeMap<String, u64>,
}

/// Orders that somebody comes back to when hours have passed, in permille.
const LATE: u32 = 300;

/// The same for orders that are paid later: what was promised may have been withdrawn by then.
const PROMISED: u32 = 900;

/// Pages that somebody comes back to the next day, in permille.
const NEXT_DAY: u32 = 250;

/// Seconds between two charges of one token, at shops that want some to pass.
const CHARGE_INTERVAL_S: u32 = 600;

/// What is due within so many milliseconds after the calm is done together.
const TOGETHER_MS: i64 = 600_000;

/// A little more than an hour.
const AN_HOUR_MS: i64 = 61 * 60 * 1000;

/// A little more than a day.
const A_DAY_MS: i64 = 25 * 60 * 60 * 1000;

thread_local! {
    static PANICS: Cell<u32> = const { Cell::new(0) };
}

/// Counts the panics of each thread: those of tasks would go unnoticed.
fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PANICS.with(|panics| panics.set(panics.get() + 1));
            before(info);
        }));
    });
}

/// Runs a seed from beginning to end, in this thread.
pub fn run(order: Order) -> Outcome {
    count_panics();
    PANICS.with(|panics| panics.set(0));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without threads and sockets needs nothing");
    let mut outcome = runtime.block_on(weather(order));
    drop(runtime);
    let panics = PANICS.with(Cell::get);
    *outcome.checks.entry(Rule::NoPanic).or_default() += 1;
    if panics > 0 {
        let what = format!("{panics} tasks");
        outcome.violations.push(Violation { rule: Rule::NoPanic, what });
    }
    outcome
}

async fn weather(order: Order) -> Outcome {
    let world = World::new(order.seed, order.bug, order.prints);
    world.note(format_args!("{:?}", world.weather));
    let disk = Arc::new(Disk::default());
    let receiver = Receiver::new(&world);
    let shops = open_shops(&world, &disk, &receiver).await;
    let noted = observe(&world, &disk);
    let front = Front::new(&world);
    let bank = start_bank(&world, &front);
    let around = Surroundings {
        world: world.clone(),
        disk: disk.clone(),
        front: front.clone(),
        wires: Arc::new(Wires::new(world.clone(), bank.clone())),
        bank: bank.router(),
        receiver: receiver.clone(),
    };
    for place in 0..world.weather.processes {
        tokio::spawn(processes::keep(around.clone(), place));
    }
    tokio::spawn(blow(world.clone(), around.wires.clone(), bank.clone(), shops.clone()));
    let shops = Arc::new(Shops {
        world: world.clone(),
        front,
        disk: disk.clone(),
        bank: bank.router(),
        shops,
        memories: Mutex::default(),
    });
    world.blow();
    let payments: Vec<_> =
        (0..order.payments).map(|number| tokio::spawn(shops.clone().pay(number))).collect();
    tokio::time::sleep(Duration::from_millis(STORM_MS + 120_000)).await;
    // An hour passes: payers are reminded of what they have not paid, and shops lose patience.
    world.jump(AN_HOUR_MS);
    let mut reminded = remind(&shops);
    tokio::time::sleep(Duration::from_millis(STORM_MS / 4)).await;
    // A night passes while it blows: days are settled, payers run out of time.
    world.jump(A_DAY_MS);
    let pages = shops.begun().into_iter().filter(Begun::is_on_page);
    let again: Vec<_> = pages
        .filter(|_| world.chance.is(NEXT_DAY))
        .map(|begun| tokio::spawn(shops.clone().look_again(begun)))
        .collect();
    reminded.extend(remind(&shops));
    tokio::time::sleep(Duration::from_millis(STORM_MS / 4)).await;
    world.calm_down();
    for payment in payments.into_iter().chain(reminded).chain(again) {
        let _ = payment.await;
    }
    bank.repeat_results().await;
    heal(&world, &disk).await;
    // Hours have passed. Some remember what they had begun, and it blows again.
    world.blow();
    let late: Vec<_> = shops
        .begun()
        .into_iter()
        .filter(|begun| {
            world.chance.is(if may_be_promised(begun.method) { PROMISED } else { LATE })
        })
        .map(|begun| tokio::spawn(shops.clone().come_back(begun)))
        .collect();
    tokio::time::sleep(Duration::from_millis(STORM_MS / 4)).await;
    world.calm_down();
    for payment in late {
        let _ = payment.await;
    }
    bank.repeat_results().await;
    heal(&world, &disk).await;
    // Providers bring a result until it is taken, also one that gateways have asked for.
    bank.repeat_results().await;
    heal(&world, &disk).await;
    let outcome = judge(order, &world, &disk, &bank, &shops, &receiver, &noted).await;
    // What knows each other in a circle would stay in memory, run after run.
    around.front.close();
    disk.wipe();
    outcome
}

/// Payers of pages look for the reminder that is due.
fn remind(shops: &Arc<Shops>) -> Vec<JoinHandle<()>> {
    let to_remind = shops.to_remind().into_iter();
    to_remind.map(|begun| tokio::spawn(shops.clone().remind(begun))).collect()
}

/// Lets everything that is owed happen: the clock jumps to whatever is due next.
async fn heal(world: &World, disk: &Disk) {
    // Calls that hang are given up first.
    tokio::time::sleep(Duration::from_secs(70)).await;
    for _ in 0..400 {
        // Workers look twice a second; what they begin takes a while.
        tokio::time::sleep(Duration::from_secs(3)).await;
        let Some(due) = disk.next_due() else { return };
        // What is due soon after is due as well: fewer jumps, the same work.
        world.jump((due - world.now()).max(0) + TOGETHER_MS);
    }
}

/// Moods, jumps of the clock, cuts: what happens to all at once.
async fn blow(world: Arc<World>, wires: Arc<Wires>, bank: Simulator, shops: Vec<Shop>) {
    let mut cut_at = world.weather.cut_every_ms;
    let mut passed = 0;
    loop {
        if passed % 60_000 == 0 && !world.is_calm() {
            world.moods.draw(&world.chance, world.weather.moods);
            if world.strikes(world.weather.moods, "host: refuses what follows a payment") {
                refuse(&world, &bank, world.chance.one_of(&shops));
            }
            if world.strikes(world.weather.clock_jumps / 4, "clock: all clocks jumped") {
                world.jump(i64::try_from(world.chance.below(1_200_000)).unwrap_or(0));
            }
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
        passed += 5_000;
        if world.weather.cut_every_ms > 0 && passed >= cut_at && !world.is_calm() {
            world.count("link: all connections were cut");
            wires.cut();
            cut_at = passed + world.chance.between(5_000, 2 * world.weather.cut_every_ms);
        }
    }
}

/// Has the host refuse the next refund or capture of a shop: a refund for good or for now, a
/// capture for now only, since one that is refused for good is an operator's.
fn refuse(world: &World, bank: &Simulator, shop: &Shop) {
    let (mti, code) = *world.chance.one_of(&[("0200", "05"), ("0200", "91"), ("0220", "91")]);
    let order = FaultOrder {
        merchant: format!("FLORIN{:09}", shop.site_id),
        fault: "decline".to_owned(),
        count: Some(1),
        ms: None,
        code: Some(code.to_owned()),
        advice: None,
        when: None,
        types: Some(vec![mti.to_owned()]),
    };
    bank.order_fault(order).expect("a fault that the simulator knows");
}

/// What is noted of commits.
#[derive(Clone, Default)]
struct Noted {
    coverage: Coverage,
    pages: Pages,
    uses: Uses,
    begins: Begins,
    /// The state in which each order was last seen, with its version.
    states: BTreeMap<(SiteId, OrderKey), (i64, &'static str)>,
}

impl Noted {
    fn note(
        &mut self,
        before: Option<&OrderRow>,
        after: &OrderRow,
        unit: &UnitOfWork,
        now: UnixMillis,
    ) {
        self.uses.note(unit, now);
        let place = unit.place();
        let from = match (before, self.states.get(&place)) {
            (None, _) => NOTHING,
            (Some(row), Some((version, state))) if row.version == *version => state,
            (Some(row), _) => read_state(&row.state).map_or("unreadable", |it| state_of(&it.0)),
        };
        let to = match read_state(&after.state) {
            Ok((order, extra)) => {
                self.pages.note(place, &order);
                self.begins.note(unit, &extra, now);
                state_of(&order)
            }
            Err(_) => "unreadable",
        };
        self.states.insert(place, (after.version, to));
        let events: Vec<&str> = unit.events.iter().map(|event| event.kind.as_str()).collect();
        self.coverage.note(from, to, &events);
    }
}

fn observe(world: &Arc<World>, disk: &Disk) -> Arc<Mutex<Noted>> {
    let noted = Arc::new(Mutex::new(Noted::default()));
    let (to_note, world) = (noted.clone(), world.clone());
    disk.observe(Box::new(move |before, after, unit| {
        let events: Vec<&str> = unit.events.iter().map(|event| event.kind.as_str()).collect();
        world.note(format_args!("commit {} {} {events:?}", after.order_id, after.version));
        let mut noted = to_note.lock().unwrap_or_else(PoisonError::into_inner);
        noted.note(before, after, unit, world.now());
    }));
    noted
}

/// Sites with different wishes, made while the sun still shines.
async fn open_shops(world: &Arc<World>, disk: &Arc<Disk>, receiver: &Receiver) -> Vec<Shop> {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(disk.clone()));
    let chance = Arc::new(world.chance.fork());
    let vault = open_vault(&store, chance.clone(), world.now()).await;
    let vault = Arc::new(vault.expect("a calm store has room for keys"));
    let clock = ProcessClock::new(world);
    let foundation = Foundation {
        store: store.clone(),
        vault,
        random: chance.clone(),
        clock,
        key_file_created: false,
    };
    // Some runs see the trace numbers wrap.
    if chance.is(250) {
        let before_wrap = u32::try_from(chance.between(999_000, 999_998)).unwrap_or(999_000);
        store.reserve_numbers("stan/test", before_wrap).await.expect("a calm store");
    }
    let wishes: [fn(&mut SiteSettings); 5] = [
        |settings| {
            let kinds = [(FeeFor::Payment, 25), (FeeFor::Refund, 0), (FeeFor::Chargeback, 10)];
            settings.fees = kinds.map(|(kind, basis_points)| fee(kind, basis_points)).to_vec();
        },
        |settings| {
            settings.three_ds.policy = ThreeDsPolicy::Never;
            settings.recurring.min_interval = Some(CHARGE_INTERVAL_S);
        },
        |settings| {
            settings.three_ds.policy = ThreeDsPolicy::Dynamic;
            settings.three_ds.dynamic_from = 20_000;
        },
        |settings| {
            settings.three_ds.unavailable = OnUnauthenticated::Proceed;
            settings.on_decline = OnDecline::CancelUrl;
            settings.recurring.min_interval = Some(CHARGE_INTERVAL_S);
        },
        |settings| settings.three_ds.not_enrolled = OnUnauthenticated::Decline,
    ];
    let mut shops = Vec::new();
    for (number, wish) in wishes.iter().enumerate() {
        let name = format!("shop-{number}");
        let made = new_site(&foundation, &name, "test").await.expect("a calm store has room");
        let api_key = made.api_key.as_str().to_owned();
        let address = receiver.open(&name, &api_key);
        let sites = store.sites().await.expect("a calm store answers");
        let mut row = sites.into_iter().find(|site| site.id == made.site_id).expect("just made");
        let mut settings: SiteSettings =
            serde_json::from_str(&row.settings).expect("the gateway reads what it wrote");
        settings.notification_url = Some(address);
        // Of mails only those matter that lead back to an order.
        settings.mail.types.retain(|kind| kind.is_second_chance());
        if number % 2 == 1 {
            settings.refund_settlement = RefundSettlement::AtOnce;
        }
        wish(&mut settings);
        row.settings = serde_json::to_string(&settings).expect("settings have a JSON form");
        let changed = store.update_site(row).await.expect("a calm store");
        assert_eq!(changed, Committed::Done, "nobody else changes a site");
        let charge_interval_s = settings.recurring.min_interval.unwrap_or(0);
        shops.push(Shop { site_id: made.site_id, name, api_key, charge_interval_s });
    }
    shops
}

fn fee(kind: FeeFor, basis_points: u32) -> FeeEntry {
    let description = "storm".to_owned();
    FeeEntry { kind, brand: None, currency: None, basis_points, fixed: 15, min: 0, description }
}

async fn judge(
    order: Order,
    world: &World,
    disk: &Arc<Disk>,
    bank: &Simulator,
    shops: &Shops,
    receiver: &Receiver,
    noted: &Mutex<Noted>,
) -> Outcome {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(disk.clone()));
    let vault = open_vault(&store, Arc::new(world.chance.fork()), world.now()).await;
    let vault = vault.expect("the keys are there");
    let memories = shops.memories();
    let Noted { coverage, pages, uses, begins, .. } =
        noted.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let evidence = Evidence {
        disk,
        vault: &vault,
        bank,
        shops: &shops.shops,
        memories: &memories,
        receiver,
        pages: &pages,
        uses: &uses,
        begins: &begins,
        clocks_are_steady: world.weather.clock_jumps == 0,
    };
    let mut findings = oracle::examine(&evidence);
    *findings.checks.entry(Rule::GoesPossibleWays).or_default() += coverage.commits();
    for (from, event, to) in coverage.impossible() {
        let what = format!("{from} -- {event} -> {to}");
        findings.violations.push(Violation { rule: Rule::GoesPossibleWays, what });
    }
    let mut statuses = BTreeMap::new();
    for stored in disk.orders() {
        *statuses.entry(stored.row.status).or_default() += 1;
    }
    for violation in &findings.violations {
        world.note(violation);
    }
    Outcome {
        seed: order.seed,
        payments: order.payments,
        violations: findings.violations,
        checks: findings.checks,
        coverage,
        counts: world.counts().clone(),
        trace_hash: world.trace_hash(),
        statuses,
    }
}
