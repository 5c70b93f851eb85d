//! Sequences of messages that nobody would think of: whatever comes in whatever order, no money
//! is made or lost, and a replay of the events leads to the same books.

use iso8583::elements::{OriginalData, replacement_amounts};
use iso8583::{Message, Mti};

use super::*;

const MERCHANT: &str = "SHOP";
/// Cards with different accounts; the last number is unknown.
const NUMBERS: [&str; 4] =
    ["4111111111111111", "4000510000000000", "5500000000000004", "4242424242424242"];
const SEQUENCES: u64 = 400;
const MESSAGES: usize = 25;

/// A small generator: the same seed gives the same sequence.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let sides = u64::try_from(all.len()).ok().filter(|sides| *sides > 0)?;
        all.get(usize::try_from(self.roll(sides)).ok()?)
    }
}

fn message(dice: &mut Dice, stan: usize, sent: &[Message]) -> Message {
    let original = dice.pick(sent).cloned();
    let number = NUMBERS[usize::try_from(dice.roll(4)).unwrap()];
    let amount = dice.roll(6) * 10_000;
    let kind = dice.roll(8);
    let mti = match kind {
        0 | 1 => Mti::AUTHORIZATION_REQUEST,
        2 => Mti::FINANCIAL_REQUEST,
        3 => Mti::FINANCIAL_REQUEST,
        4 | 5 => Mti::FINANCIAL_ADVICE,
        6 => Mti::REVERSAL_ADVICE,
        _ => Mti::REVERSAL_REQUEST,
    };
    let mut message = Message::new(mti);
    for (de, value) in [
        (2, number),
        (3, if kind == 3 { "200000" } else { "000000" }),
        (7, "1122140509"),
        (12, "150509"),
        (13, "1122"),
        (18, "5999"),
        (19, "528"),
        (22, "810"),
        (25, "59"),
        (32, "999001"),
        (38, "000000"),
        (41, "FLRN0001"),
        (42, MERCHANT),
        (43, "SHOP"),
        (49, "978"),
    ] {
        message.set(de, value);
    }
    message.set(4, &format!("{amount:012}"));
    message.set(11, &format!("{stan:06}"));
    message.set(37, &format!("632614{stan:06}"));
    let mut tags = vec![("01", "E".to_owned()), ("06", "order".to_owned())];
    let authorization_kind = ["N", "P", "P", "V", "I"][usize::try_from(dice.roll(5)).unwrap()];
    tags.push(("03", authorization_kind.to_owned()));
    tags.push(("10", if dice.roll(3) == 0 { "F" } else { "N" }.to_owned()));
    if let Some(original) = &original {
        message.remove(38);
        if kind > 3 {
            message.set(2, original.get(2).unwrap());
        }
        tags.push(("08", original.get(37).unwrap().to_owned()));
        if kind >= 6 {
            let data = OriginalData {
                mti: original.mti(),
                stan: original.get(11).unwrap().to_owned(),
                transmitted_at: original.get(7).unwrap().to_owned(),
                acquirer_id: original.get(32).unwrap().to_owned(),
                forwarding_id: None,
            };
            message.set(3, original.get(3).unwrap());
            message.set(4, original.get(4).unwrap());
            message.set(37, original.get(37).unwrap());
            message.set(90, &data.to_element());
            if dice.roll(3) == 0 {
                message.set(95, &replacement_amounts(dice.roll(6) * 5_000).unwrap());
            }
        }
    }
    if mti == Mti::FINANCIAL_ADVICE {
        message.set(38, "000000");
        message.set(90, &"0".repeat(42));
    }
    let tags: Vec<(&str, &str)> = tags.iter().map(|(tag, value)| (*tag, value.as_str())).collect();
    message.set_private_data(&tags).unwrap();
    message
}

fn written(ledger: &Ledger) -> Vec<String> {
    let mut events: Vec<String> =
        ledger.snapshot().map(|event| serde_json::to_string(&event).unwrap()).collect();
    events.sort();
    events
}

#[test]
fn no_sequence_of_messages_makes_or_loses_money() {
    let mut reached = std::collections::BTreeMap::<(String, String), u64>::new();
    for seed in 0..SEQUENCES {
        let mut dice = Dice(seed);
        let (mut ledger, mut replayed) = (Ledger::default(), Ledger::default());
        let mut sent: Vec<Message> = Vec::new();
        for stan in 1..=MESSAGES {
            let message = match dice.roll(10) {
                0 if !sent.is_empty() => dice.pick(&sent).unwrap().clone(),
                _ => message(&mut dice, stan, &sent),
            };
            if dice.roll(8) == 0 {
                // Lost on its way: it may still arrive, after a reversal perhaps.
                sent.push(message);
                continue;
            }
            let Ok(mut request) = Request::read(&message) else { continue };
            // The approval code of a capture is that of its authorization, mostly.
            let mut with_code = message.clone();
            if request.kind == Kind::Capture
                && let Some(found) =
                    request.original_rrn().and_then(|rrn| ledger.merchant(MERCHANT)?.find(&rrn))
            {
                with_code.set(38, &found.entry.approval_code);
                request = Request::read(&with_code).unwrap();
            }
            let decision = decide(&ledger, &request, HostTime::at(jiff::Timestamp::now()));
            let code = decision.code.as_str().to_owned();
            *reached.entry((format!("{:?}", request.kind), code)).or_default() += 1;
            if let Some(event) = &decision.event {
                ledger.apply(event);
                let text = serde_json::to_string(event).unwrap();
                replayed.apply(&serde_json::from_str(&text).unwrap());
            }
            audit(&ledger, seed);
            sent.push(message);
        }
        assert_eq!(written(&ledger), written(&replayed), "seed {seed}");
        let mut restored = Ledger::default();
        ledger.snapshot().for_each(|event| restored.apply(&event));
        assert_eq!(written(&ledger), written(&restored), "seed {seed}");
    }
    for (kind, code) in [
        ("Authorization", "00"),
        ("Authorization", "51"),
        ("Authorization", "79"),
        ("Authorization", "94"),
        ("Purchase", "00"),
        ("Increment", "00"),
        ("Capture", "00"),
        ("Capture", "N8"),
        ("Capture", "79"),
        ("Refund", "00"),
        ("Refund", "13"),
        ("Reversal", "00"),
        ("Reversal", "21"),
        ("Reversal", "25"),
        ("Reversal", "64"),
    ] {
        let key = (kind.to_owned(), code.to_owned());
        assert!(reached.contains_key(&key), "{key:?} was never reached: {reached:?}");
    }
}

/// A second opinion, from the operations instead of the running sums.
fn audit(ledger: &Ledger, seed: u64) {
    let Some(books) = ledger.merchant(MERCHANT) else { return };
    let mut spent = std::collections::HashMap::<&str, i64>::new();
    for entry in books.entries() {
        let sum = |kind: OperationKind| -> i64 {
            let of_kind = entry.operations.iter().filter(|it| it.kind == kind && !it.undone);
            of_kind.map(|it| it.amount).sum()
        };
        if entry.kind != EntryKind::SingleMessage {
            assert_eq!(entry.captured, sum(OperationKind::Capture), "seed {seed}");
        }
        assert_eq!(entry.refunded, sum(OperationKind::Refund), "seed {seed}");
        assert!(entry.held() >= 0, "seed {seed}");
        assert!(entry.refunded <= entry.captured, "seed {seed}");
        assert!(entry.captured + entry.reversed <= entry.authorized, "seed {seed}");
        *spent.entry(entry.card.as_str()).or_default() += entry.exposure();
    }
    for (id, amount) in spent {
        let card = crate::cards::by_id(id).unwrap();
        assert_eq!(books.spent(card.id, 978), amount, "seed {seed}");
        if let Issuer::Account { open_to_buy } = card.issuer {
            assert!(amount <= open_to_buy, "seed {seed}: {amount} of {open_to_buy} spent");
        }
    }
}
