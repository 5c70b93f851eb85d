//! What nobody asks for and everybody needs: what is too old goes, what was booked is sealed.

use super::{Failure, Gateway};
use crate::limits::{ANSWERS_KEPT_MS, HOUSEKEEPING_ROUNDS_MAX, MAILS_KEPT_MS};
use crate::store::LISTED_ROWS_MAX;

impl Gateway {
    /// Seals journals, erases sites that have ended, and deletes answers that are kept no longer, in small steps, so that payments
    /// get their turn in between. Returns how many answers.
    ///
    /// # Errors
    /// A [`Failure`] when the store cannot be used; the next round finds what is left.
    pub async fn keep_house(&self) -> Result<u64, Failure> {
        self.seal_journals().await?;
        self.erase_ended_sites().await?;
        let before = self.now().saturating_sub(ANSWERS_KEPT_MS);
        let mut deleted = 0_u64;
        for _ in 0..HOUSEKEEPING_ROUNDS_MAX {
            let some = self.store.prune_requests(before, LISTED_ROWS_MAX).await?;
            deleted = deleted.saturating_add(some);
            if some < u64::from(LISTED_ROWS_MAX) {
                break;
            }
        }
        let before = self.now().saturating_sub(MAILS_KEPT_MS);
        for _ in 0..HOUSEKEEPING_ROUNDS_MAX {
            let some = self.store.prune_mails(before, LISTED_ROWS_MAX).await?;
            if some < u64::from(LISTED_ROWS_MAX) {
                break;
            }
        }
        Ok(deleted)
    }
}
