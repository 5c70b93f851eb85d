//! A payer's browser without scripts: follows forms and redirections, types cards, chooses at the
//! bank, gives up half way, presses twice, pays in two windows.

use std::time::Duration;

use crate::elsewhere;
use crate::forms::{asks_for_card, form_of, link_to_methods, shows_parts, stored_cards};
use crate::front::GATEWAY;
use crate::mood::Who;
use crate::network::calls::{self, Call, NoReply, Reply};
use crate::outside::BANK;
use crate::parts::Part;
use crate::purchase::{Begun, code_of};
use crate::shop::Shops;

/// Pages that a payer looks at, at most.
const PAGES_MAX: usize = 16;
/// How long a browser waits for a page.
const PATIENCE: Duration = Duration::from_secs(60);
/// What payers choose at the bank, by weight.
const CHOICES: [(u32, &str); 6] =
    [(75, "Y"), (5, "A"), (6, "N"), (4, "U"), (4, "R"), (6, "cancel")];

/// What a payer does at the form for the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Pay,
    /// Sends one form twice at once.
    PayTwice,
    /// Opens the page once more and sends both forms at once.
    TwoWindows,
    /// Goes back to the shop by the page's own button.
    Return,
}

const DEEDS: [(u32, Deed); 4] =
    [(82, Deed::Pay), (6, Deed::PayTwice), (7, Deed::TwoWindows), (5, Deed::Return)];
/// Payers with stored cards who take one of them, in permille.
const ONE_CLICK: u32 = 600;
/// Payers who have paid a part and rather want it back, in permille.
const BACK: u32 = 250;

/// Goes where the shop sends the payer.
pub async fn go(shops: &Shops, begun: &Begun, url: &str) {
    let world = &shops.world;
    let mut call = Call::get(url);
    let mut at_once = None;
    for _ in 0..PAGES_MAX {
        if world.chance.is(80) {
            world.count("payer: gave up");
            return;
        }
        // Some take their time.
        let think_ms = match shops.part_of(begun) {
            None => *world.chance.weighted(&[(80, 3_000), (20, 60_000)]),
            // The time for the rest may run out.
            Some(_) => *world.chance.weighted(&[(50, 3_000), (50, 120_000)]),
        };
        tokio::time::sleep(Duration::from_millis(world.chance.below(think_ms))).await;
        let again = world.chance.is(60).then(|| call.clone());
        let url = call.url.clone();
        let reply = match at_once.take() {
            None => open(shops, call).await,
            Some(other) => tokio::join!(open(shops, call), open(shops, other)).0,
        };
        let Ok(reply) = reply else { return };
        if let Some(again) = again {
            world.count("payer: pressed twice");
            let _ = open(shops, again).await;
        }
        let page = String::from_utf8_lossy(&reply.body);
        let next = match &reply.location {
            Some(location) => Some(Call::get(location)),
            None if asks_for_card(&page) && elsewhere::goes_there(&world.chance, &page) => {
                link_to_methods(&url, &page)
            }
            None if asks_for_card(&page) => {
                let Some((next, other)) = at_the_form(shops, begun, &url, &page).await else {
                    return;
                };
                at_once = other;
                Some(next)
            }
            None => {
                // A page that waits looks again by itself.
                let looks_again = page.contains("http-equiv=\"refresh\"").then(|| Call::get(&url));
                let chosen = |name: &str| match name {
                    "outcome" => Some((*world.chance.weighted(&CHOICES)).to_owned()),
                    "method" if page.contains("type=\"radio\"") => {
                        world.count("payer: chose another method");
                        elsewhere::chosen(&world.chance, &page)
                    }
                    "balance" => Some(elsewhere::balance(&world.chance)),
                    "issuer" => Some("9001".to_owned()),
                    "scenario" => {
                        world.count("payer: was at a provider");
                        elsewhere::scenario(&world.chance, &page)
                    }
                    _ => None,
                };
                let chooses = page.contains(" name=\"method\"") && !goes_back(shops, begun, &page);
                let field = chooses.then_some("method");
                form_of(&url, &page, field, chosen).or(looks_again)
            }
        };
        match next {
            Some(next) if [GATEWAY, BANK].iter().any(|base| next.url.starts_with(base)) => {
                call = next;
            }
            // Back at the shop, or nowhere.
            _ => return,
        }
    }
}

/// What a payer sends from a page with the form for the card, and what he sends at the same time.
async fn at_the_form(
    shops: &Shops,
    begun: &Begun,
    url: &str,
    page: &str,
) -> Option<(Call, Option<Call>)> {
    let world = &shops.world;
    let deed = match goes_back(shops, begun, page) {
        true => Deed::Return,
        false => *world.chance.weighted(&DEEDS),
    };
    match deed {
        Deed::Pay => world.count("payer: sent a card"),
        Deed::PayTwice => world.count("payer: sent one form twice at once"),
        Deed::TwoWindows => world.count("payer: paid in two windows"),
        Deed::Return => world.count("payer: went back to the shop"),
    }
    if deed == Deed::Return {
        return Some((form_of(url, page, None, |_| None)?, None));
    }
    let form = filled_in(shops, begun, url, page)?;
    let other = match deed {
        Deed::PayTwice => Some(form.clone()),
        Deed::TwoWindows => {
            let second = open(shops, Call::get(url)).await.ok();
            second.and_then(|reply| {
                let page = String::from_utf8_lossy(&reply.body);
                filled_in(shops, begun, url, &page)
            })
        }
        Deed::Pay | Deed::Return => None,
    };
    Some((form, other))
}

/// Whether a payer who has paid a part gives up; the part comes back to him.
fn goes_back(shops: &Shops, begun: &Begun, page: &str) -> bool {
    if !shows_parts(page) {
        return false;
    }
    shops.note_part(begun, Part::Paid);
    let goes = shops.world.chance.is(BACK);
    if goes {
        shops.world.count("payer: wanted a part back");
        shops.note_part(begun, Part::WantedBack);
    }
    goes
}

fn filled_in(shops: &Shops, begun: &Begun, url: &str, page: &str) -> Option<Call> {
    let chance = &shops.world.chance;
    let stored = stored_cards(page);
    if !stored.is_empty() && chance.is(ONE_CLICK) {
        shops.world.count("payer: paid with a stored card");
        let (name, digits) = chance.one_of(&stored);
        return form_of(url, page, Some("card_number"), |field| match field {
            "stored_card" => Some(name.clone()),
            "card_cvc" => Some("1234"[..(*digits).min(4)].to_owned()),
            _ => None,
        });
    }
    let card = begun.card(chance);
    let number = Begun::typed(chance, card);
    form_of(url, page, Some("card_number"), |name| {
        Some(match name {
            "card_number" => number.clone(),
            "card_holder_name" => "T Storm".to_owned(),
            "card_expiry" => "12/31".to_owned(),
            "card_cvc" => code_of(card).to_owned(),
            // One that is typed, whatever is stored.
            "stored_card" => String::new(),
            _ => return None,
        })
    })
}

async fn open(shops: &Shops, mut call: Call) -> Result<Reply, NoReply> {
    if call.url.starts_with(GATEWAY) {
        return shops.front.call(call, PATIENCE).await;
    }
    call.url = call.url.trim_start_matches(BANK).to_owned();
    let answer = || calls::serve(shops.bank.clone(), call.clone());
    let called = calls::carry(&shops.world, Some(Who::Bank), None, answer);
    tokio::time::timeout(PATIENCE, called).await.unwrap_or(Err(NoReply::TimedOut))
}
