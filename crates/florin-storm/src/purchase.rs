//! What somebody wants to pay for, and the request that a shop makes of it.

use florin_sim::cards::{CARDS, TestCard};
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::elsewhere;
use crate::reminders;
use crate::shop::Shop;

/// Orders that are captured by hand, in permille.
const BY_HAND: u32 = 350;
/// Payers whom the shop knows by name, in permille.
const KNOWN: u32 = 300;
/// Of these, those whose card is stored, in permille.
const STORED: u32 = 700;
/// Payers whom shops know: few, so that they come back.
const PAYERS: u64 = 12;
/// Cards that a payer has.
const CARDS_OF_A_PAYER: u64 = 3;
/// Orders on pages that say what is bought, so that it can be paid later, in permille.
const WITH_CART: u32 = 400;
/// Shops that begin anew with another method, or with none, in permille.
const OTHER_METHOD: u32 = 850;
/// Of these, those that name one.
const NAMES_ONE: u32 = 300;
/// Models of stored cards.
const MODELS: [&str; 3] = ["cardOnFile", "subscription", "unscheduled"];

/// How an order is paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// The shop sends the card.
    Direct,
    /// The shop sends the payer to a page.
    Redirect,
    /// The shop hands a link to a page out.
    Link,
    /// The shop charges a stored card.
    Charge { token: String },
}

const WAYS: [(u32, Way); 3] = [(66, Way::Direct), (22, Way::Redirect), (12, Way::Link)];

/// How long pages are there, in seconds; none for what is usual.
const LIFETIMES: [(u32, Option<u32>); 5] =
    [(10, Some(30)), (30, Some(300)), (30, Some(1800)), (10, Some(90_000)), (20, None)];

/// The same where the order names a gift card: some end while the rest is being paid.
const LIFETIMES_IN_PART: [(u32, Option<u32>); 4] =
    [(25, Some(60)), (25, Some(120)), (25, Some(300)), (25, None)];

/// An order in the making.
#[derive(Clone, Debug)]
pub struct Begun {
    pub shop: Shop,
    pub order_id: String,
    /// Minor units.
    pub amount: i64,
    pub way: Way,
    pub(crate) with_browser: bool,
    /// The shop is told by GET.
    pub(crate) by_get: bool,
    /// The shop captures itself.
    pub(crate) by_hand: bool,
    /// How long the page is there, in seconds.
    pub(crate) seconds_active: Option<u32>,
    /// The payer, where the shop knows him.
    pub payer: Option<u64>,
    /// The model under which the card is stored.
    pub(crate) model: Option<&'static str>,
    /// The method that the order names, where that is none of cards.
    pub(crate) method: Option<&'static str>,
    /// Where its payer was sent.
    pub payment_url: Option<String>,
}

impl Begun {
    /// Draws an order of a shop.
    pub fn draw(chance: &Chance, shop: &Shop, number: usize) -> Begun {
        let payer = chance.is(KNOWN).then(|| chance.below(PAYERS));
        let model = (payer.is_some() && chance.is(STORED)).then(|| *chance.one_of(&MODELS));
        let way = chance.weighted(&WAYS).clone();
        let method = elsewhere::named(chance, way != Way::Direct);
        Begun {
            shop: shop.clone(),
            order_id: format!("order-{number}"),
            amount: i64::try_from(chance.between(100, 49_000)).unwrap_or(100),
            way,
            with_browser: chance.is(500),
            by_get: chance.is(100),
            by_hand: chance.is(BY_HAND),
            seconds_active: match method.is_some_and(elsewhere::is_gift_card) {
                true => *chance.weighted(&LIFETIMES_IN_PART),
                false => *chance.weighted(&LIFETIMES),
            },
            payer,
            model,
            method,
            payment_url: None,
        }
    }

    /// The same, paid with a stored card.
    pub fn charging(self, token: String) -> Begun {
        Begun { way: Way::Charge { token }, payer: None, model: None, method: None, ..self }
    }

    /// The same, paid in whatever way, as by a shop that begins anew.
    pub fn anew(&self, chance: &Chance) -> Begun {
        let way = chance.weighted(&WAYS).clone();
        let on_page = way != Way::Direct;
        let method = match self.method {
            // A gift card needs its payer.
            Some(method) if on_page || !elsewhere::is_gift_card(method) => Some(method),
            _ => None,
        };
        let method = match chance.is(OTHER_METHOD) {
            true => chance.is(NAMES_ONE).then(|| elsewhere::any(chance, on_page)),
            false => method,
        };
        Begun { way, method, ..self.clone() }
    }

    /// Whether it is paid on a page.
    pub fn is_on_page(&self) -> bool {
        matches!(self.way, Way::Redirect | Way::Link)
    }

    /// The card that the payer takes out: one of his own, mostly.
    pub fn card(&self, chance: &Chance) -> &'static TestCard {
        match self.payer {
            Some(payer) if chance.is(700) => {
                let own = payer * CARDS_OF_A_PAYER + chance.below(CARDS_OF_A_PAYER);
                let index = usize::try_from(own).unwrap_or_default();
                &CARDS[index % CARDS.len()]
            }
            _ => chance.one_of(CARDS),
        }
    }

    /// The number of a card as it is typed: somebody mistypes now and then.
    pub fn typed(chance: &Chance, card: &TestCard) -> String {
        if chance.is(20) { card.number.replace('0', "8") } else { card.number.to_owned() }
    }

    /// Whence the payer comes: each from somewhere else, or many cards from one place would look
    /// like somebody who tries out stolen ones.
    fn address(&self) -> String {
        let add = |sum: u64, byte: u8| sum.wrapping_mul(31).wrapping_add(u64::from(byte));
        let number = self.order_id.bytes().fold(7, add);
        format!("89.{}.{}.{}", number / 65_536 % 200 + 1, number / 256 % 256, number % 256)
    }

    /// The request for it. `mark` comes back in the stored order.
    pub fn request(&self, chance: &Chance, mark: &str) -> Value {
        let mut order = json!({
            "type": "direct", "order_id": self.order_id, "currency": "EUR", "amount": self.amount,
            "description": "storm", "var1": mark,
            "payment_options": {
                "redirect_url": "http://shop.example/thanks",
                "cancel_url": "http://shop.example/sorry",
                "notification_method": if self.by_get { "GET" } else { "POST" },
            },
        });
        if self.by_hand && self.method.is_none() {
            order["capture"] = json!("manual");
        }
        if let Way::Charge { token } = &self.way {
            order["recurring_id"] = json!(token);
            return order;
        }
        order["customer"] = self.customer();
        if let (Some(model), None) = (self.model, self.method) {
            order["recurring_model"] = json!(model);
        }
        match self.way {
            Way::Redirect => order["type"] = json!("redirect"),
            Way::Link => order["type"] = json!("paymentlink"),
            Way::Direct if self.method.is_some() => {}
            Way::Direct | Way::Charge { .. } => {
                let card = self.card(chance);
                order["gateway"] = json!("CREDITCARD");
                order["gateway_info"] = json!({
                    "card_number": Begun::typed(chance, card), "card_holder_name": "T Storm",
                    "card_expiry_date": "3112", "card_cvc": code_of(card),
                });
            }
        }
        if let Some(method) = self.method {
            elsewhere::describe(&mut order, method, self.amount);
        }
        if self.is_on_page() && self.method.is_none_or(elsewhere::is_gift_card) {
            // What a gift card leaves can be paid with any method.
            if chance.is(WITH_CART) {
                elsewhere::fill_cart(&mut order, self.amount);
            }
        }
        if self.is_on_page() {
            order["second_chance"] = reminders::wish(&self.order_id);
        }
        if self.is_on_page()
            && let Some(seconds) = self.seconds_active
        {
            order["seconds_active"] = json!(seconds);
        }
        order
    }

    fn customer(&self) -> Value {
        let mut customer = json!({
            "locale": "nl_NL", "ip_address": self.address(), "first_name": "Test",
            "last_name": "Storm", "address1": "Kraanspoor", "house_number": "39C",
            "zip_code": "1033 SC", "city": "Amsterdam", "country": "NL",
            "email": format!("{}@storm.example", self.order_id),
        });
        if let Some(payer) = self.payer {
            customer["reference"] = json!(reference_of(payer));
        }
        if self.with_browser {
            customer["browser"] = json!({
                "javascript_enabled": 1, "java_enabled": 0, "cookies_enabled": 1,
                "language": "nl", "screen_color_depth": 24, "screen_height": 1080,
                "screen_width": 1920, "time_zone": -60,
                "user_agent": "Mozilla/5.0 (Storm)", "accept_header": "text/html",
            });
        }
        customer
    }
}

/// What shops call a payer.
pub fn reference_of(payer: u64) -> String {
    format!("payer-{payer}")
}

/// The code that is printed on a card.
pub fn code_of(card: &TestCard) -> &'static str {
    if card.number.starts_with("37") { "1234" } else { "123" }
}
