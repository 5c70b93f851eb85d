//! A payer's browser without scripts: follows forms and redirections, chooses at the bank, gives up
//! half way, presses twice.

use std::time::Duration;

use form_urlencoded::Serializer;

use crate::front::GATEWAY;
use crate::mood::Who;
use crate::network::calls::{self, Call, FORM, NoReply, Reply};
use crate::outside::BANK;
use crate::shop::Shops;

/// Pages that a payer looks at, at most.
const PAGES_MAX: usize = 12;
/// How long a browser waits for a page.
const PATIENCE: Duration = Duration::from_secs(60);
/// What payers choose at the bank, by weight.
const CHOICES: [(u32, &str); 6] =
    [(75, "Y"), (5, "A"), (6, "N"), (4, "U"), (4, "R"), (6, "cancel")];

/// Goes where the shop sends the payer.
pub async fn go(shops: &Shops, url: &str) {
    let world = &shops.world;
    let mut call = Call::get(url);
    for _ in 0..PAGES_MAX {
        if world.chance.is(80) {
            world.count("payer: gave up");
            return;
        }
        // Some take their time.
        let think_ms = *world.chance.weighted(&[(80, 3_000), (20, 60_000)]);
        tokio::time::sleep(Duration::from_millis(world.chance.below(think_ms))).await;
        let again = world.chance.is(60).then(|| call.clone());
        let url = call.url.clone();
        let Ok(reply) = open(shops, call).await else { return };
        if let Some(again) = again {
            world.count("payer: pressed twice");
            let _ = open(shops, again).await;
        }
        let next = match &reply.location {
            Some(location) => Some(Call::get(location)),
            None => {
                let page = String::from_utf8_lossy(&reply.body);
                // A page that waits looks again by itself.
                let looks_again = page.contains("http-equiv=\"refresh\"").then(|| Call::get(&url));
                form_of(shops, &page).or(looks_again)
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

async fn open(shops: &Shops, mut call: Call) -> Result<Reply, NoReply> {
    if call.url.starts_with(GATEWAY) {
        return shops.front.call(call, PATIENCE).await;
    }
    call.url = call.url.trim_start_matches(BANK).to_owned();
    let answer = || calls::serve(shops.bank.clone(), call.clone());
    let called = calls::carry(&shops.world, Some(Who::Bank), None, answer);
    tokio::time::timeout(PATIENCE, called).await.unwrap_or(Err(NoReply::TimedOut))
}

/// The last form of a page, filled in.
fn form_of(shops: &Shops, page: &str) -> Option<Call> {
    let start = page.rfind("<form")?;
    let form = &page[start..start + page[start..].find("</form>")?];
    let mut fields = Serializer::new(String::new());
    for input in form.split("<input").skip(1) {
        let input = &input[..input.find('>')?];
        if let Some(name) = attribute(input, "name") {
            fields.append_pair(&name, &attribute(input, "value").unwrap_or_default());
        }
    }
    if form.contains("<select") {
        let choice: &&str = shops.world.chance.weighted(&CHOICES);
        fields.append_pair("outcome", choice);
    }
    let action = attribute(&form[..form.find('>')?], "action")?;
    let action = match action.split_once("://") {
        Some(_) => action,
        None if action.starts_with('/') => format!("{GATEWAY}{action}"),
        // The bank's page names its own form by a path below its folder.
        None => format!("{BANK}/acs/{action}"),
    };
    Some(Call::post(&action, FORM, fields.finish()))
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let value = &tag[start..start + tag[start..].find('"')?];
    let replaced = [("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&"), ("&amp;", "&")];
    Some(replaced.iter().fold(value.to_owned(), |text, (from, to)| text.replace(from, to)))
}
