//! The columns of tokens: what units make of stored cards. They come last in the parameters of the
//! statement, after those of `later_columns.rs`.

use tokio_postgres::types::ToSql;

use super::super::{OrderKey, SiteId, TokenChange, TokenRow, TokenStep};
use super::columns::{Places, places};

#[derive(Default)]
struct Changes<'a> {
    places: Places,
    accounts: Vec<i64>,
    live: Vec<i32>,
    tokens: Vec<&'a str>,
    steps: Vec<&'static str>,
    at: Vec<i64>,
    unused_since: Vec<Option<i64>>,
    expiries: Vec<Option<&'a str>>,
    network_references: Vec<Option<&'a str>>,
    ecis: Vec<Option<&'a str>>,
    cavvs: Vec<Option<&'a str>>,
    ds_trans_ids: Vec<Option<&'a str>>,
}

#[derive(Default)]
struct Made<'a> {
    places: Places,
    accounts: Vec<i64>,
    live: Vec<i32>,
    tokens: Vec<&'a str>,
    references: Vec<Option<&'a str>>,
    schemes: Vec<&'a str>,
    bins: Vec<&'a str>,
    last4: Vec<&'a str>,
    digits: Vec<i32>,
    expiries: Vec<&'a str>,
    sealed_holders: Vec<Option<&'a [u8]>>,
    sealed_pans: Vec<Option<&'a [u8]>>,
    fingerprints: Vec<&'a [u8]>,
    key_ids: Vec<i32>,
    models: Vec<&'a str>,
    states: Vec<&'static str>,
    by_mail: Vec<i32>,
    created_at: Vec<i64>,
}

#[derive(Default)]
pub(super) struct TokenColumns<'a> {
    changes: Changes<'a>,
    made: Made<'a>,
}

impl<'a> TokenColumns<'a> {
    pub(super) fn add(&mut self, place: (SiteId, OrderKey), change: &'a TokenChange) {
        if let TokenStep::Make(row) = &change.step {
            self.add_made(place, row);
            return;
        }
        let changes = &mut self.changes;
        changes.places.add(place);
        changes.accounts.push(change.owner.account_id);
        changes.live.push(change.owner.live());
        changes.tokens.push(&change.token);
        changes.steps.push(change.step.name());
        changes.at.push(change.at);
        let (unused_since, expiry) = match &change.step {
            TokenStep::Use { unused_since } => (*unused_since, None),
            TokenStep::Renew { expiry } => (None, Some(expiry.as_str())),
            _ => (None, None),
        };
        changes.unused_since.push(unused_since);
        changes.expiries.push(expiry);
        let first = match &change.step {
            TokenStep::Activate(first) => Some(first),
            _ => None,
        };
        changes.network_references.push(first.and_then(|it| it.network_reference.as_deref()));
        changes.ecis.push(first.and_then(|it| it.eci.as_deref()));
        changes.cavvs.push(first.and_then(|it| it.cavv.as_deref()));
        changes.ds_trans_ids.push(first.and_then(|it| it.ds_trans_id.as_deref()));
    }

    fn add_made(&mut self, place: (SiteId, OrderKey), row: &'a TokenRow) {
        let made = &mut self.made;
        made.places.add(place);
        made.accounts.push(row.owner.account_id);
        made.live.push(row.owner.live());
        made.tokens.push(&row.token);
        made.references.push(row.reference.as_deref());
        made.schemes.push(&row.scheme);
        made.bins.push(&row.bin);
        made.last4.push(&row.last4);
        made.digits.push(row.digits);
        made.expiries.push(&row.expiry);
        made.sealed_holders.push(row.sealed_holder.as_deref());
        made.sealed_pans.push(row.sealed_pan.as_deref());
        made.fingerprints.push(&row.fingerprint);
        made.key_ids.push(row.key_id);
        made.models.push(&row.model);
        made.states.push(row.state.as_str());
        made.by_mail.push(i32::from(row.by_mail));
        made.created_at.push(row.created_at);
    }

    /// Appends every column, in the order of the statement's parameters.
    pub(super) fn append_to<'c>(&'c self, columns: &mut Vec<&'c (dyn ToSql + Sync)>) {
        let TokenColumns { changes, made } = self;
        columns.extend(places(&changes.places));
        columns.extend::<[&(dyn ToSql + Sync); 11]>([
            &changes.accounts,
            &changes.live,
            &changes.tokens,
            &changes.steps,
            &changes.at,
            &changes.unused_since,
            &changes.expiries,
            &changes.network_references,
            &changes.ecis,
            &changes.cavvs,
            &changes.ds_trans_ids,
        ]);
        columns.extend(places(&made.places));
        columns.extend::<[&(dyn ToSql + Sync); 17]>([
            &made.accounts,
            &made.live,
            &made.tokens,
            &made.references,
            &made.schemes,
            &made.bins,
            &made.last4,
            &made.digits,
            &made.expiries,
            &made.sealed_holders,
            &made.sealed_pans,
            &made.fingerprints,
            &made.key_ids,
            &made.models,
            &made.states,
            &made.by_mail,
            &made.created_at,
        ]);
    }
}
