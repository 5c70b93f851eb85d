//! Keys of accounts: whoever has one reads the operations of all its sites of one mode, and changes
//! nothing.

use std::collections::VecDeque;
use std::sync::Arc;

use super::operations::{Cursor, Listed, Page, Wanted};
use super::site::{Mode, Site};
use super::{Failure, Gateway};

/// Rows that are read of a site at once, at least, where several are listed together.
const STEP_ROWS_MIN: u32 = 8;

/// A caller whose key is good for an account.
#[derive(Clone, Debug)]
pub struct AccountCaller {
    pub account_id: i64,
    pub mode: Mode,
    /// Those of this mode that have not ended, in the order of their numbers.
    pub sites: Vec<Arc<Site>>,
}

/// One site of a list over several, as far as it has been read.
struct Sequence<'a> {
    site: &'a Arc<Site>,
    /// Where it goes on.
    cursor: Cursor,
    /// Newest first.
    read: VecDeque<Listed>,
    is_over: bool,
}

impl Gateway {
    /// The account that this key opens.
    pub fn account_caller(&self, key: &str) -> Option<AccountCaller> {
        let (account_id, mode) = self.directory.account(&self.vault, key)?;
        let now = self.now();
        let mut sites = self.directory.sites();
        sites.retain(|site| {
            (site.account_id, site.mode) == (account_id, mode) && !site.has_ended(now)
        });
        Some(AccountCaller { account_id, mode, sites })
    }

    /// One page of the operations of several sites, newest first: their numbers grow with time on
    /// all of them together.
    ///
    /// # Errors
    /// As [`Gateway::list_operations`].
    pub async fn list_operations_of(
        &self,
        sites: &[Arc<Site>],
        wanted: &Wanted,
    ) -> Result<Page, Failure> {
        if let [site] = sites {
            return self.list_operations(site, wanted).await;
        }
        let count = u32::try_from(sites.len()).unwrap_or(u32::MAX).max(1);
        let step = (2 * wanted.limit / count).max(STEP_ROWS_MIN).min(wanted.limit);
        let begin = |site| {
            let (cursor, read) = (wanted.cursor, VecDeque::new());
            Sequence { site, cursor, read, is_over: false }
        };
        let mut sequences: Vec<Sequence<'_>> = sites.iter().map(begin).collect();
        let limit = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
        let mut page = VecDeque::new();
        while page.len() < limit {
            for sequence in sequences.iter_mut().filter(|it| it.read.is_empty() && !it.is_over) {
                let wanted = Wanted { cursor: sequence.cursor, limit: step, ..wanted.clone() };
                let more = self.list_operations(sequence.site, &wanted).await?;
                sequence.take(more, step);
            }
            let next = sequences.iter_mut().filter(|it| !it.read.is_empty());
            // From which end a page is taken is where its cursor is.
            if matches!(wanted.cursor, Cursor::Before(_)) {
                let oldest = next.min_by_key(|it| it.read.back().map(Listed::number));
                let Some(row) = oldest.and_then(|it| it.read.pop_back()) else { break };
                page.push_front(row);
            } else {
                let newest = next.max_by_key(|it| it.read.front().map(Listed::number));
                let Some(row) = newest.and_then(|it| it.read.pop_front()) else { break };
                page.push_back(row);
            }
        }
        Ok(Page { operations: page.into() })
    }

    /// The operation with this number on one of these sites.
    ///
    /// # Errors
    /// As [`Gateway::operation`].
    pub async fn operation_of(
        &self,
        sites: &[Arc<Site>],
        transaction_id: i64,
    ) -> Result<Option<Listed>, Failure> {
        for site in sites {
            if let Some(found) = self.operation(site, transaction_id).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

impl Sequence<'_> {
    fn take(&mut self, page: Page, asked: u32) {
        let rows = page.operations;
        self.is_over = rows.len() < usize::try_from(asked).unwrap_or(usize::MAX);
        let ends = rows.first().map(Listed::number).zip(rows.last().map(Listed::number));
        if let Some((newest, oldest)) = ends {
            self.cursor = match self.cursor {
                Cursor::Newest | Cursor::After(_) => Cursor::After(oldest),
                Cursor::Before(_) => Cursor::Before(newest),
            };
        }
        self.read = rows.into();
    }
}
