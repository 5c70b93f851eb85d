//! Which answer belongs to which request, and whether it says what was asked.
//!
//! The key finds the request; the content is compared after that, so that an answer with the
//! right key and another amount is noticed instead of believed.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use iso8583::{Message, Mti, presence};
use tokio::time::Instant;

/// Keys of used answers that are remembered, to tell a second copy from a stranger.
pub const ANSWERED_KEYS_MAX: usize = 16_384;
/// Keys of unanswered requests that are remembered for late answers.
pub const UNANSWERED_KEYS_MAX: usize = 65_536;

/// What an answer must have in common with its request: type, DE7, DE11, DE32, and DE41 (which
/// 08xx messages do not have).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    answer: Mti,
    transmitted_at: [u8; 10],
    stan: [u8; 6],
    acquirer_id: [u8; 11],
    terminal_id: [u8; 8],
}

impl Key {
    /// The key under which the answer to a request will come; `None` when nothing answers this
    /// type. A repeat has the key of its first copy.
    pub fn of_request(request: &Message) -> Option<Key> {
        Some(Key::of(request, request.mti().response()?))
    }

    /// The key of an answer.
    pub fn of_answer(answer: &Message) -> Key {
        Key::of(answer, answer.mti())
    }

    fn of(message: &Message, answer: Mti) -> Key {
        let terminal_id = if answer.is_network() { None } else { message.get(41) };
        Key {
            answer,
            transmitted_at: digits(message.get(7)),
            stan: digits(message.get(11)),
            acquirer_id: digits(message.get(32)),
            terminal_id: text(terminal_id),
        }
    }

    /// DE7 of request and answer, MMDDhhmmss UTC.
    pub fn transmitted_at(&self) -> &str {
        str::from_utf8(&self.transmitted_at).unwrap_or_default()
    }

    /// DE11 of request and answer.
    pub fn stan(&self) -> &str {
        str::from_utf8(&self.stan).unwrap_or_default()
    }

    /// DE41 of request and answer.
    pub fn terminal_id(&self) -> &str {
        str::from_utf8(&self.terminal_id).unwrap_or_default()
    }
}

/// What an answer must repeat of its request, beyond the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    processing_code: [u8; 6],
    amount: [u8; 12],
    rrn: [u8; 12],
    merchant_id: [u8; 15],
    currency: [u8; 3],
}

/// DE39 of an answer that approves less than was asked: its amount is another one.
const PARTIALLY_APPROVED: &str = "10";

impl Expected {
    /// What the answer to this request must repeat.
    pub fn of(message: &Message) -> Expected {
        Expected {
            processing_code: digits(message.get(3)),
            amount: digits(message.get(4)),
            rrn: text(message.get(37)),
            merchant_id: text(message.get(42)),
            currency: digits(message.get(49)),
        }
    }

    /// Whether an answer with the right key is whole and repeats what it must.
    pub fn is_met_by(&self, answer: &Message) -> bool {
        if presence::check_received(answer).is_err() {
            return false;
        }
        let mut found = Expected::of(answer);
        if answer.get(39) == Some(PARTIALLY_APPROVED) {
            found.amount = self.amount;
        }
        found == *self
    }
}

/// What an answer without a waiting request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unexpected {
    /// Its request was given up a short while ago.
    Late,
    /// Its request was answered before.
    Duplicate,
    /// Nothing is known of it.
    Stranger,
}

/// The keys of requests that no longer wait, bounded in number and time.
pub(crate) struct Recent {
    late_window: Duration,
    answered: HashSet<Key>,
    answered_order: VecDeque<Key>,
    unanswered: HashMap<Key, Instant>,
    unanswered_order: VecDeque<(Instant, Key)>,
}

impl Recent {
    pub(crate) fn new(late_window: Duration) -> Recent {
        Recent {
            late_window,
            answered: HashSet::new(),
            answered_order: VecDeque::new(),
            unanswered: HashMap::new(),
            unanswered_order: VecDeque::new(),
        }
    }

    pub(crate) fn answered(&mut self, key: Key) {
        if self.answered.insert(key) {
            self.answered_order.push_back(key);
        }
        if self.answered_order.len() > ANSWERED_KEYS_MAX
            && let Some(oldest) = self.answered_order.pop_front()
        {
            self.answered.remove(&oldest);
        }
    }

    pub(crate) fn unanswered(&mut self, key: Key, now: Instant) {
        self.forget(now);
        let until = now + self.late_window;
        self.unanswered.insert(key, until);
        self.unanswered_order.push_back((until, key));
    }

    /// Says what an answer is that nothing waits for, and remembers it as used.
    pub(crate) fn classify(&mut self, key: Key, now: Instant) -> Unexpected {
        self.forget(now);
        if self.unanswered.remove(&key).is_some() {
            self.answered(key);
            Unexpected::Late
        } else if self.answered.contains(&key) {
            Unexpected::Duplicate
        } else {
            Unexpected::Stranger
        }
    }

    fn forget(&mut self, now: Instant) {
        while let Some((until, key)) = self.unanswered_order.front().copied() {
            if until > now && self.unanswered_order.len() < UNANSWERED_KEYS_MAX {
                break;
            }
            self.unanswered_order.pop_front();
            // The same key may have been given up once more since, with a later end.
            if self.unanswered.get(&key) == Some(&until) {
                self.unanswered.remove(&key);
            }
        }
    }
}

/// Digits to the right, zeros before them; all zero bytes when the element is absent.
fn digits<const N: usize>(value: Option<&str>) -> [u8; N] {
    let Some(value) = value else { return [0; N] };
    let mut fixed = [b'0'; N];
    let kept = value.len().min(N);
    fixed[N - kept..].copy_from_slice(&value.as_bytes()[value.len() - kept..]);
    fixed
}

/// Text to the left, spaces after it; all zero bytes when the element is absent.
fn text<const N: usize>(value: Option<&str>) -> [u8; N] {
    let Some(value) = value else { return [0; N] };
    let mut fixed = [b' '; N];
    let kept = value.len().min(N);
    fixed[..kept].copy_from_slice(&value.as_bytes()[..kept]);
    fixed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Message {
        let mut message = Message::new(Mti::AUTHORIZATION_REQUEST);
        let elements = [
            (3, "000000"),
            (4, "4995"),
            (7, "1122140509"),
            (11, "101"),
            (32, "999001"),
            (37, "632614000101"),
            (41, "T1"),
            (42, "FLORIN000000001"),
            (49, "978"),
        ];
        for (de, value) in elements {
            message.set(de, value);
        }
        message
    }

    /// As the wire pads it.
    fn answer() -> Message {
        let mut message = request();
        message.set_mti(Mti::AUTHORIZATION_RESPONSE);
        message.set(4, "000000004995");
        message.set(11, "000101");
        message.set(39, "00");
        message.set(41, "T1      ");
        message
    }

    #[test]
    fn padding_makes_no_difference() {
        assert_eq!(Key::of_request(&request()), Some(Key::of_answer(&answer())));
        assert!(Expected::of(&request()).is_met_by(&answer()));
        assert_eq!(Key::of_answer(&answer()).stan(), "000101");
        assert_eq!(Key::of_request(&answer()), None);
    }

    #[test]
    fn each_element_of_the_key_tells_answers_apart() {
        let key = Key::of_answer(&answer());
        for (de, value) in [(7, "1122140510"), (11, "000102"), (32, "999002"), (41, "T2")] {
            let mut other = answer();
            other.set(de, value);
            assert_ne!(Key::of_answer(&other), key, "element {de}");
        }
        let mut other = answer();
        other.set_mti(Mti::FINANCIAL_RESPONSE);
        assert_ne!(Key::of_answer(&other), key);
    }

    #[test]
    fn a_repeat_is_answered_under_the_key_of_its_first_copy() {
        let mut first = request();
        first.set_mti(Mti::REVERSAL_ADVICE);
        let mut repeat = first.clone();
        repeat.set_mti(Mti::REVERSAL_ADVICE_REPEAT);
        assert_eq!(Key::of_request(&first), Key::of_request(&repeat));
    }

    #[test]
    fn another_content_is_noticed() {
        let expected = Expected::of(&request());
        let changes = [(3, "200000"), (4, "1"), (37, "632614000102"), (42, "X"), (49, "840")];
        for (de, value) in changes {
            let mut other = answer();
            other.set(de, value);
            assert!(!expected.is_met_by(&other), "element {de}");
            other.remove(de);
            assert!(!expected.is_met_by(&other), "without element {de}");
        }
        let mut without_code = answer();
        without_code.remove(39);
        assert!(!expected.is_met_by(&without_code));
        let mut partial = answer();
        partial.set(39, "10");
        partial.set(4, "000000003200");
        assert!(expected.is_met_by(&partial));
    }

    #[tokio::test(start_paused = true)]
    async fn late_answers_are_known_for_the_window_and_only_once() {
        let mut recent = Recent::new(Duration::from_secs(600));
        let key = Key::of_answer(&answer());
        assert_eq!(recent.classify(key, Instant::now()), Unexpected::Stranger);
        recent.unanswered(key, Instant::now());
        tokio::time::advance(Duration::from_secs(599)).await;
        assert_eq!(recent.classify(key, Instant::now()), Unexpected::Late);
        assert_eq!(recent.classify(key, Instant::now()), Unexpected::Duplicate);
        let mut other = answer();
        other.set(11, "000102");
        let key = Key::of_answer(&other);
        recent.unanswered(key, Instant::now());
        tokio::time::advance(Duration::from_secs(600)).await;
        assert_eq!(recent.classify(key, Instant::now()), Unexpected::Stranger);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut recent = Recent::new(Duration::from_secs(600));
        let mut message = answer();
        for i in 0..UNANSWERED_KEYS_MAX + 10 {
            message.set(11, &format!("{i:06}"));
            recent.answered(Key::of_answer(&message));
            recent.unanswered(Key::of_answer(&message), Instant::now());
        }
        assert_eq!(recent.answered.len(), ANSWERED_KEYS_MAX);
        assert!(recent.unanswered.len() <= UNANSWERED_KEYS_MAX);
    }
}
