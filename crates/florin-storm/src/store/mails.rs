//! Mails and mailboxes, on rows in memory.

use async_trait::async_trait;
use florin::clock::UnixMillis;
use florin::store::{LISTED_ROWS_MAX, MailRow, MailState, Mails, OrderKey, SiteId, StoreError};

use super::tables::Tables;
use super::{Disk, MemoryStore};

impl Disk {
    /// The texts of the mails about an order, newest first, as its payer finds them.
    pub fn mail_texts(&self, site: SiteId, order_id: &str) -> Vec<String> {
        let tables = self.tables();
        let of_order = tables.mails.values().filter(|it| it.site_id == site);
        let mut mails: Vec<_> = of_order.filter(|mail| mail.order_id == order_id).collect();
        mails.sort_by_key(|mail| std::cmp::Reverse(mail.at));
        mails.into_iter().map(|mail| mail.plain.clone()).collect()
    }
}

#[async_trait]
impl Mails for MemoryStore {
    async fn mail(
        &self,
        site: SiteId,
        key: OrderKey,
        name: &str,
    ) -> Result<Option<MailRow>, StoreError> {
        let place = (site, key, name.to_owned());
        self.read("read a mail", |tables| tables.mails.get(&place).cloned()).await
    }

    async fn keep_mail(&self, mail: MailRow, newest_max: Option<u32>) -> Result<(), StoreError> {
        const DOING: &str = "keep a mail";
        if [&mail.name, &mail.subject, &mail.plain].iter().any(|text| text.contains('\0')) {
            return Err(StoreError::rejected(DOING, "a stored text has no NUL"));
        }
        self.change(DOING, move |tables| {
            let (site, place) = (mail.site_id, (mail.site_id, mail.key, mail.name.clone()));
            let at = tables.mails.get(&place).map_or(mail.at, |known| known.at);
            tables.mails.insert(place, MailRow { at, ..mail });
            let Some(newest_max) = newest_max else { return };
            let kept = usize::try_from(newest_max).unwrap_or(usize::MAX);
            if tables.mails.keys().filter(|(of, ..)| *of == site).count() <= kept {
                return;
            }
            for old in newest_first(tables, site).into_iter().skip(kept) {
                tables.mails.remove(&(site, old.key, old.name));
            }
        })
        .await
    }

    async fn mails(&self, site: SiteId, limit: u32) -> Result<Vec<MailRow>, StoreError> {
        let limit = usize::try_from(limit.min(LISTED_ROWS_MAX)).unwrap_or(usize::MAX);
        self.read("list mails", |tables| {
            let mut mails = newest_first(tables, site);
            mails.truncate(limit);
            mails
        })
        .await
    }

    async fn delete_mails(&self, site: SiteId) -> Result<u64, StoreError> {
        self.change("empty a mailbox", move |tables| {
            let before = tables.mails.len();
            tables.mails.retain(|(of, ..), mail| *of != site || mail.state == MailState::Waiting);
            (before - tables.mails.len()) as u64
        })
        .await
    }

    async fn prune_mails(&self, before: UnixMillis, limit: u32) -> Result<u64, StoreError> {
        let limit = usize::try_from(limit.min(LISTED_ROWS_MAX)).unwrap_or(usize::MAX);
        self.change("delete old mails", move |tables| {
            let is_old = |mail: &&MailRow| mail.at < before;
            let mut old: Vec<_> = tables
                .mails
                .values()
                .filter(is_old)
                .map(|mail| (mail.at, (mail.site_id, mail.key, mail.name.clone())))
                .collect();
            old.sort();
            old.truncate(limit);
            for (_, place) in &old {
                tables.mails.remove(place);
            }
            old.len() as u64
        })
        .await
    }

    async fn has_tried_elsewhere(
        &self,
        site: SiteId,
        email: [u8; 32],
        since: UnixMillis,
        except: OrderKey,
    ) -> Result<bool, StoreError> {
        self.read("look for another attempt", |tables| {
            tables.attempts.iter().any(|((of, at, key, ..), attempt)| {
                *of == site && *at >= since && *key != except && attempt.email == Some(email)
            })
        })
        .await
    }
}

fn newest_first(tables: &Tables, site: SiteId) -> Vec<MailRow> {
    let of_site = tables.mails.values().filter(|mail| mail.site_id == site);
    let mut mails: Vec<MailRow> = of_site.cloned().collect();
    mails.sort_by(|one, other| {
        (other.at, other.key, &other.name).cmp(&(one.at, one.key, &one.name))
    });
    mails
}
