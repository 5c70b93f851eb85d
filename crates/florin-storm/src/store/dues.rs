//! What is due, and the leases by which workers take it: the rules of `florin::store::Dues` on
//! rows in memory.

use florin::clock::UnixMillis;
use florin::store::{
    AdviceChange, Claim, ClaimedAdvice, ClaimedNotification, ClaimedTimer, Committed,
    LISTED_ROWS_MAX, NotificationNext, NotificationResult, NotificationState, TimerNext, as_kept,
};

use super::tables::{Order, Place, Tables};

/// A row that may be taken: when it became ready, and where it is.
type Ready<Name> = (UnixMillis, Place, Name);

impl Tables {
    fn orders_of(&self, claim: &Claim) -> impl Iterator<Item = (Place, &Order)> {
        let (index, of) = (claim.bucket.index(), claim.bucket.of());
        let of_bucket = move |place: &&Place| place.1 % of == index;
        self.busy
            .iter()
            .filter(of_bucket)
            .filter_map(|place| Some((*place, self.orders.get(place)?)))
    }

    pub(super) fn claim_notifications(&mut self, claim: &Claim) -> Vec<ClaimedNotification> {
        let now = claim.now;
        let mut ready: Vec<Ready<i32>> = Vec::new();
        for (place, order) in self.orders_of(claim) {
            for (seq, it) in &order.notifications {
                let Some(at) = it.ready_at().filter(|at| *at <= now) else { continue };
                let waits = order.notifications.iter().any(|(other, them)| {
                    other != seq
                        && them.due_at.is_some_and(|due| {
                            them.lease_until > now || (other < seq && due <= now)
                        })
                });
                if !waits {
                    ready.push((at, place, *seq));
                }
            }
        }
        let mut claimed = Vec::new();
        for (_, place, seq) in first_of(ready, claim) {
            let row = self.orders.get_mut(&place).and_then(|it| it.notifications.get_mut(&seq));
            let Some(row) = row else { continue };
            let first_attempt_at = *row.first_attempt_at.get_or_insert(now);
            row.lease_until = claim.lease_until;
            claimed.push(ClaimedNotification {
                site_id: place.0,
                key: place.1,
                seq,
                subject: row.subject,
                event: row.event.clone(),
                attempts: row.attempts,
                first_attempt_at,
                due_at: row.due_at.unwrap_or(now),
                lease: claim.lease_until,
            });
        }
        claimed
    }

    pub(super) fn finish_notification(&mut self, result: &NotificationResult) {
        let place = (result.site_id, result.key);
        let Some(order) = self.orders.get_mut(&place) else { return };
        let Some(row) = order.notifications.get_mut(&result.seq) else { return };
        let delivery = as_kept(result.delivery.clone());
        let attempt = delivery.attempt;
        if !row.deliveries.iter().any(|it| (it.attempt, it.at) == (attempt, delivery.at)) {
            row.deliveries.push(delivery);
        }
        let (state, due_at) = match result.next {
            NotificationNext::Unchanged => return,
            NotificationNext::Acknowledged => (NotificationState::Acknowledged, None),
            NotificationNext::RetryAt(at) => (NotificationState::Pending, Some(at)),
            NotificationNext::Exhausted => (NotificationState::Exhausted, None),
        };
        let is_acknowledged = result.next == NotificationNext::Acknowledged;
        if is_acknowledged || row.lease_until == result.lease {
            row.state = state;
            row.due_at = due_at;
            row.lease_until = 0;
            row.attempts = row.attempts.max(attempt);
        }
        let subject = row.subject;
        if is_acknowledged {
            for (_, older) in order.notifications.range_mut(..result.seq) {
                if older.due_at.is_some() && older.subject == subject {
                    older.state = NotificationState::Superseded;
                    older.due_at = None;
                    older.lease_until = 0;
                }
            }
        }
        self.look_at(place);
    }

    pub(super) fn claim_timers(&mut self, claim: &Claim) -> Vec<ClaimedTimer> {
        let mut ready: Vec<Ready<String>> = Vec::new();
        for (place, order) in self.orders_of(claim) {
            for (kind, timer) in &order.timers {
                if timer.ready_at() <= claim.now {
                    ready.push((timer.ready_at(), place, kind.clone()));
                }
            }
        }
        let mut claimed = Vec::new();
        for (_, place, kind) in first_of(ready, claim) {
            let row = self.orders.get_mut(&place).and_then(|it| it.timers.get_mut(&kind));
            let Some(row) = row else { continue };
            row.lease_until = claim.lease_until;
            claimed.push(ClaimedTimer {
                site_id: place.0,
                key: place.1,
                kind,
                due_at: row.due_at,
                lease: claim.lease_until,
            });
        }
        claimed
    }

    pub(super) fn finish_timer(&mut self, timer: &ClaimedTimer, next: TimerNext) {
        let place = (timer.site_id, timer.key);
        let Some(order) = self.orders.get_mut(&place) else { return };
        let Some(row) = order.timers.get_mut(&timer.kind) else { return };
        if row.lease_until != timer.lease {
            return;
        }
        match next {
            TimerNext::Done => {
                order.timers.remove(&timer.kind);
            }
            TimerNext::At(due_at) => {
                row.due_at = due_at;
                row.lease_until = 0;
            }
        }
        self.look_at(place);
    }

    pub(super) fn claim_advices(&mut self, claim: &Claim) -> Vec<ClaimedAdvice> {
        let mut ready: Vec<Ready<i32>> = Vec::new();
        for (place, order) in self.orders_of(claim) {
            for (seq, advice) in &order.advices {
                let at = advice.ready_at().filter(|at| *at <= claim.now);
                if let Some(at) = at
                    && !order.is_queued(*seq)
                {
                    ready.push((at, place, *seq));
                }
            }
        }
        let mut claimed = Vec::new();
        for (_, place, seq) in first_of(ready, claim) {
            let advice = self.orders.get_mut(&place).and_then(|it| it.advices.get_mut(&seq));
            let Some(advice) = advice else { continue };
            let first_attempt_at = *advice.row.first_attempt_at.get_or_insert(claim.now);
            advice.lease_until = claim.lease_until;
            claimed.push(ClaimedAdvice {
                site_id: place.0,
                key: place.1,
                seq,
                kind: advice.row.kind.clone(),
                link: advice.row.link.clone(),
                attempts: advice.row.attempts,
                first_attempt_at,
                due_at: advice.row.due_at.unwrap_or(claim.now),
                body: advice.row.body.clone(),
                lease: claim.lease_until,
            });
        }
        claimed
    }

    pub(super) fn record_advice(
        &mut self,
        place: Place,
        lease: UnixMillis,
        change: &AdviceChange,
    ) -> Committed {
        let Some(order) = self.orders.get_mut(&place) else { return Committed::Conflict };
        let is_owner =
            order.advices.get(&change.seq()).is_some_and(|advice| advice.lease_until == lease);
        if !is_owner {
            return Committed::Conflict;
        }
        order.change_advice(change);
        self.look_at(place);
        Committed::Done
    }

    pub(super) fn release_leases(&mut self, now: UnixMillis) {
        for order in self.orders.values_mut() {
            order.notifications.values_mut().for_each(|it| it.lease_until = 0);
            order.timers.values_mut().for_each(|it| it.lease_until = 0);
            for advice in order.advices.values_mut() {
                advice.lease_until = 0;
                if advice.row.kind == "guard" {
                    advice.row.due_at = advice.row.due_at.map(|due| due.min(now));
                }
            }
        }
        for request in self.requests.values_mut().filter(|request| request.answer.is_none()) {
            request.lease_until = 0;
        }
    }

    pub(super) fn next_due(&self) -> Option<UnixMillis> {
        let of_order = |order: &Order| {
            let notifications = order.notifications.iter().filter_map(|(seq, it)| {
                let at = it.ready_at()?;
                // What waits for another one of its order is not looked at before that one's end.
                let waits = order.notifications.iter().any(|(other, them)| {
                    other != seq && them.due_at.is_some() && them.lease_until > at
                });
                (!waits).then_some(at)
            });
            let timers = order.timers.values().map(super::tables::Timer::ready_at);
            let advices = order
                .advices
                .iter()
                .filter_map(|(seq, advice)| advice.ready_at().filter(|_| !order.is_queued(*seq)));
            notifications.chain(timers).chain(advices).min()
        };
        self.busy.iter().filter_map(|place| of_order(self.orders.get(place)?)).min()
    }

    /// Moves everything that is pending on a site forward in time.
    pub(super) fn move_dues(&mut self, site: i64, by_ms: i64) {
        let places = self.orders.range_mut((site, i64::MIN)..=(site, i64::MAX));
        for (_, order) in places {
            for it in order.notifications.values_mut().filter(|it| it.due_at.is_some()) {
                it.due_at = it.due_at.map(|due| due - by_ms);
                it.first_attempt_at = it.first_attempt_at.map(|at| at - by_ms);
            }
            order.timers.values_mut().for_each(|it| it.due_at -= by_ms);
            for it in order.advices.values_mut().filter(|it| it.row.due_at.is_some()) {
                it.row.due_at = it.row.due_at.map(|due| due - by_ms);
                it.row.first_attempt_at = it.row.first_attempt_at.map(|at| at - by_ms);
            }
        }
    }
}

/// The rows that have been ready for longest, as many as were asked for.
fn first_of<Name: Ord>(mut ready: Vec<Ready<Name>>, claim: &Claim) -> Vec<Ready<Name>> {
    ready.sort();
    ready.truncate(usize::try_from(claim.limit.min(LISTED_ROWS_MAX)).unwrap_or(usize::MAX));
    ready
}
