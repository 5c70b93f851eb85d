//! Tokens that a shop's server fetches for the browser of its payer.
//!
//! A token opens nothing but what is meant for payers of its site, and only for a while. It names
//! site and end and carries a keyed hash over both, so it needs no row and serves many payers.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use super::Gateway;
use super::site::Site;
use crate::clock::UnixMillis;
use crate::vault::Vault;

/// How long a token is good for.
pub const API_TOKEN_MS: i64 = 600 * 1000;

const PREFIX: &str = "pub.v2.";
/// Site and end, eight bytes each.
const SUBJECT_BYTES: usize = 16;
const MAC_BYTES: usize = 16;

impl Gateway {
    /// A token of this site. It ends by the site's clock, so that a test can wait for it.
    pub fn issue_api_token(&self, site: &Site) -> String {
        issue(&self.vault, site.id, site.time(self.now()).saturating_add(API_TOKEN_MS))
    }

    /// The site whose token this is, while it lasts.
    pub fn site_of_api_token(&self, token: &str) -> Option<std::sync::Arc<Site>> {
        let (site_id, until) = read(&self.vault, token)?;
        let site = self.directory.site(site_id)?;
        (site.time(self.now()) < until).then_some(site)
    }
}

fn issue(vault: &Vault, site_id: i64, until: UnixMillis) -> String {
    let subject = [site_id.to_be_bytes(), until.to_be_bytes()].concat();
    let mac = mac(vault, &subject);
    let bytes = [subject.as_slice(), &mac[..MAC_BYTES]].concat();
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
}

fn read(vault: &Vault, token: &str) -> Option<(i64, UnixMillis)> {
    let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX)?).ok()?;
    let (subject, tag) = bytes.split_at_checked(SUBJECT_BYTES)?;
    if !bool::from(mac(vault, subject)[..MAC_BYTES].ct_eq(tag)) {
        return None;
    }
    let (site_id, until) = subject.split_at(SUBJECT_BYTES / 2);
    let number = |bytes: &[u8]| bytes.try_into().ok().map(i64::from_be_bytes);
    Some((number(site_id)?, number(until)?))
}

/// The purpose is part of what is hashed: a token of payers' pages is worth nothing here.
fn mac(vault: &Vault, subject: &[u8]) -> [u8; 32] {
    vault.token_hash(&[b"api_token/", subject].concat())
}
