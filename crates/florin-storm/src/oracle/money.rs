//! The money: what the bank has, what the journal says, what the order's state says.

use florin::gateway::journal::{chained, read_postings};
use florin::vault::Vault;
use florin_core::ledger::{Account, Balances, is_balanced};
use florin_core::order::Order;
use florin_core::part::{Part, PartState};
use florin_core::payment::State;
use florin_core::trail::{RefundState, WHOLE};
use florin_sim::{EntryView, ProviderPayment};

use super::{Findings, Kept, Read, Rule, parts};
use crate::shop::Shop;

/// What money there is, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Money {
    held: i64,
    captured: i64,
    refunded: i64,
}

impl Money {
    /// What the bank's books have.
    fn at_the_bank<'a>(entries: impl Iterator<Item = &'a EntryView>) -> Money {
        entries.fold(Money::default(), |sum, entry| Money {
            held: sum.held + entry.held,
            captured: sum.captured + entry.captured,
            refunded: sum.refunded + entry.refunded,
        })
    }

    /// What the provider's books have of the payment that an order names. A payment that was
    /// promised, or whose money was on its way, is paid once the order says so; of one whose rest
    /// was withdrawn, what was shipped is.
    fn at_the_provider(read: &Read<'_>, payment: &ProviderPayment) -> Money {
        // What gift cards have paid in part is looked at part by part.
        if payment.part.is_some() {
            return Money::default();
        }
        let pays = match read.order.payment.state {
            State::Paid => payment.may_pay && read.order.trail.released == 0,
            _ => payment.is_paid && payment.is_taken,
        };
        let is_all = pays && !payment.is_refused;
        let captured = if is_all { payment.amount } else { payment.for_parts };
        Money { held: 0, captured, refunded: payment.refunded }
    }

    fn in_balances(balances: &Balances) -> Money {
        Money {
            held: balances.get(Account::Issuer),
            captured: -balances.get(Account::Captured),
            refunded: balances.get(Account::Refunded),
        }
    }

    /// What the order's state says, counted afresh.
    fn of_order(read: &Read<'_>) -> Money {
        let trail = &read.order.trail;
        let captured = match &read.order.payment.state {
            State::Completed { authorization, .. } => authorization.amount.minor,
            State::Paid => read.order.payment.amount.minor - trail.released,
            _ => trail.captures.iter().map(|capture| capture.amount).sum(),
        };
        let completed = |state: &RefundState| matches!(state, RefundState::Completed { .. });
        let refunded = trail.refunds.iter().filter(|refund| completed(&refund.state));
        let given_back = |part: &&Part| matches!(part.state, PartState::GivenBack { .. });
        let parts = read.order.parts.iter().filter(|part| !given_back(part));
        let captured = captured + parts.map(|part| part.amount).sum::<i64>();
        // Whatever is held when everything has ended is held for nobody.
        Money { held: 0, captured, refunded: refunded.map(|refund| refund.amount).sum() }
    }

    fn add(&mut self, more: Money) {
        self.held += more.held;
        self.captured += more.captured;
        self.refunded += more.refunded;
    }
}

/// What the journals of a shop's orders come to.
#[derive(Default)]
pub(super) struct Sums {
    journals: Money,
    providers: Money,
}

impl Sums {
    /// Against all that the bank has of the shop.
    pub(super) fn compare(&self, findings: &mut Findings, shop: &Shop, entries: &[EntryView]) {
        let mut bank = Money::at_the_bank(entries.iter());
        bank.add(self.providers);
        findings.check(Rule::SumsAreEqual, bank == self.journals, || {
            format!("{}: {bank:?} at the bank, {:?} in journals", shop.name, self.journals)
        });
    }
}

/// One order, of whose shop the providers have these payments.
pub(super) fn examine(
    findings: &mut Findings,
    read: &Read<'_>,
    (entries, payments): (&[&EntryView], &[ProviderPayment]),
    vault: &Vault,
    sums: &mut Sums,
) {
    let payment = payment_of(&read.order, payments);
    let mut bank = Money::at_the_bank(entries.iter().copied());
    let parts = parts::examine(findings, read, payments);
    bank.captured += parts;
    sums.providers.captured += parts;
    let elsewhere = payment.map(|payment| Money::at_the_provider(read, payment));
    let elsewhere = elsewhere.unwrap_or_default();
    bank.add(elsewhere);
    sums.providers.add(elsewhere);
    let balances = examine_journal(findings, read, vault);
    let journal = Money::in_balances(&balances);
    sums.journals.add(journal);
    findings.check(Rule::BooksEqualLedger, bank == journal, || {
        read.name(format_args!("{bank:?} at the bank, {journal:?} in the journal"))
    });
    let state = Money::of_order(read);
    findings.check(Rule::BooksEqualOrder, bank == state, || {
        read.name(format_args!("{bank:?} at the bank, {state:?} by its state"))
    });
    let is_within = entries.iter().all(|entry| {
        entry.refunded <= entry.captured && entry.captured + entry.reversed <= entry.authorized
    });
    let is_within = is_within && elsewhere.refunded <= elsewhere.captured;
    findings.check(Rule::RefundsWithinCaptures, is_within, || {
        read.name(format_args!("{entries:?} {payment:?}"))
    });
    let payment = payment.filter(|_| elsewhere.captured > 0);
    let sales = payment.map_or(0, |payment| {
        payment.shipments + usize::from(elsewhere.captured > payment.for_parts)
    });
    examine_counts(findings, read, entries, payment, sales);
}

/// The payment at a provider by which the order's newest attempt is paid, or was to be.
fn payment_of<'a>(order: &Order, payments: &'a [ProviderPayment]) -> Option<&'a ProviderPayment> {
    let other = order.payment.other.as_ref()?;
    payments.iter().find(|payment| payment.id == other.reference)
}

/// How often there was what; `payment` is one that the provider has taken money for, in so many
/// sales.
fn examine_counts(
    findings: &mut Findings,
    read: &Read<'_>,
    entries: &[&EntryView],
    payment: Option<&ProviderPayment>,
    sales: usize,
) {
    let elsewhere = usize::from(payment.is_some());
    let in_force = entries.iter().filter(|entry| entry.held != 0 || entry.captured != 0).count();
    let in_force = in_force + elsewhere;
    let captures = entries.iter().map(|entry| entry.captures).sum::<usize>() + sales;
    let refunds: usize = entries.iter().map(|entry| entry.refunds).sum();
    let refunds = refunds + payment.map_or(0, |payment| payment.refunds);
    let trail = &read.order.trail;
    let wanted_captures = match &read.order.payment.state {
        State::Completed { .. } => 1,
        _ => trail.captures.len() + usize::from(read.order.sale(WHOLE).is_some()),
    };
    let completed = |state: &RefundState| matches!(state, RefundState::Completed { .. });
    let wanted_refunds = trail.refunds.iter().filter(|refund| completed(&refund.state)).count();
    let once = in_force <= 1 && captures == wanted_captures && refunds == wanted_refunds;
    findings.check(Rule::PaidOnce, once, || {
        read.name(format_args!(
            "{in_force} authorizations in force; {captures} captures of {wanted_captures}, \
             {refunds} refunds of {wanted_refunds}"
        ))
    });
}

/// Adds a journal up; its entries must each sum to zero and lead from one to the next.
fn examine_journal(findings: &mut Findings, read: &Read<'_>, vault: &Vault) -> Balances {
    let row = &read.stored.row;
    let mut balances = Balances::default();
    let mut previous = [0; 32];
    let mut is_sound = true;
    for (seq, entry) in (1..).zip(&read.stored.journal) {
        let postings = read_postings(&entry.postings).unwrap_or_default();
        is_sound &= entry.seq == seq && is_balanced(&postings) && !postings.is_empty();
        is_sound &= postings.iter().all(|posting| balances.book(*posting).is_ok());
        is_sound &= chained(vault, row.site_id, row.key, entry, &previous) == entry.hash;
        previous = entry.hash;
    }
    let end = &read.extra.journal;
    is_sound &= usize::try_from(end.entries).is_ok_and(|it| it == read.stored.journal.len());
    is_sound &= end.hash().is_ok_and(|hash| hash == previous);
    findings.check(Rule::LedgerIsSound, is_sound, || {
        read.name(format_args!("{:?}", read.stored.journal))
    });
    balances
}

/// Captures in part, which shops see as orders.
pub(super) fn examine_parts(findings: &mut Findings, kept: &Kept<'_>) {
    for read in &kept.orders {
        let row = &read.stored.row;
        for capture in &read.order.trail.captures {
            let mut parts = kept.children.iter().filter(|(_, child)| {
                (child.parent, child.sale, child.refund) == (row.key, capture.number, None)
            });
            let is_there = parts.next().is_some_and(|(part, _)| {
                part.row.order_id == capture.order_id
                    && part.row.site_id == row.site_id
                    && part.row.amount == capture.amount
                    && part.row.status == read.order.status(capture.number).0
            });
            findings.check(Rule::PartsAreOrders, is_there && parts.next().is_none(), || {
                read.name(format_args!("capture {} as {}", capture.number, capture.order_id))
            });
        }
    }
    for (part, child) in &kept.children {
        let parent = kept.orders.iter().find(|read| read.stored.row.key == child.parent);
        let is_known = parent.is_some_and(|read| {
            let trail = &read.order.trail;
            match child.refund {
                Some(number) => trail.refund(number).is_some(),
                None => {
                    child.sale != WHOLE
                        && trail.captures.iter().any(|capture| capture.number == child.sale)
                }
            }
        });
        findings.check(Rule::PartsAreOrders, is_known, || {
            format!("{} belongs to nothing: {child:?}", part.row.order_id)
        });
    }
}
