//! Double entry: where the money of an order is, and what a change of the order books.
//!
//! The balances of an order follow from its state, and each pair of accounts sums to zero. What a
//! commit books is the difference between the balances after it and before it, so that a journal
//! always adds up to the state, and never to anything but zero. Amounts are signed minor units of
//! the order's currency: what is due to the shop, or has left it, is positive.

use crate::order::Order;
use crate::payment::State;
use crate::trail::WHOLE;

/// Where money is. Pairs stand beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    /// What issuers have promised, and nobody has claimed yet.
    Issuer,
    /// The other side of it: holds on cards.
    Held,
    /// What the acquirer owes the shop: captured, less refunded and charged back.
    Acquirer,
    /// The other side of it: sales.
    Captured,
    Refunded,
    ChargedBack,
    /// What the operator charges the shop.
    Fees,
    /// The other side of it.
    Operator,
    /// What the providers of other methods than cards owe the shop: sold, less refunded and taken
    /// back. The other sides are those of the acquirer.
    Provider,
}

/// Every account, in the order in which reports list them.
pub const ACCOUNTS: [Account; 9] = [
    Account::Issuer,
    Account::Held,
    Account::Acquirer,
    Account::Captured,
    Account::Refunded,
    Account::ChargedBack,
    Account::Fees,
    Account::Operator,
    Account::Provider,
];

impl Account {
    /// The name under which journals and reports show it.
    pub fn name(self) -> &'static str {
        match self {
            Account::Issuer => "issuer",
            Account::Held => "held",
            Account::Acquirer => "acquirer",
            Account::Captured => "captured",
            Account::Refunded => "refunded",
            Account::ChargedBack => "charged_back",
            Account::Fees => "fees",
            Account::Operator => "operator",
            Account::Provider => "provider",
        }
    }

    /// Reads a name.
    pub fn from_name(name: &str) -> Option<Account> {
        ACCOUNTS.into_iter().find(|account| account.name() == name)
    }
}

/// Balances of all accounts in one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balances([i64; ACCOUNTS.len()]);

/// One line of a journal entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    pub account: Account,
    /// Minor units.
    pub minor: i64,
}

/// A sum left the signed 64-bit range: the journal is damaged, for no shop sells that much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

impl Balances {
    /// What an order has in its accounts.
    pub fn of(order: &Order) -> Balances {
        let mut balances = Balances::default();
        let held = match &order.payment.state {
            State::Uncleared { authorization, .. } => authorization.amount.minor,
            State::Authorized(_) => order.capturable(),
            _ => 0,
        };
        let captured = match &order.payment.state {
            State::Completed { authorization, .. } => authorization.amount.minor,
            State::Paid => order.payment.amount.minor.saturating_sub(order.trail.released),
            _ => order.trail.captured(),
        };
        let given = order.parts.iter().filter(|part| part.state.is_with_provider());
        let in_part = given.fold(0, |sum: i64, part| sum.saturating_add(part.amount));
        let parts = order.trail.captures.iter().map(|capture| capture.number);
        let (refunded, charged_back) =
            std::iter::once(WHOLE).chain(parts).fold((0, 0), |(refunded, charged_back), sale| {
                let more = (order.trail.refunded(sale), order.trail.charged_back(sale));
                (more.0.saturating_add(refunded), more.1.saturating_add(charged_back))
            });
        let fees = order.trail.fees.iter().fold(0, |sum: i64, fee| sum.saturating_add(fee.amount));
        // Whoever pays the shop.
        let payer = match order.payment.other {
            Some(_) => Account::Provider,
            None => Account::Acquirer,
        };
        balances.pair(Account::Issuer, Account::Held, held);
        balances.pair(payer, Account::Captured, captured);
        // What is given back of an order that came to nothing was never sold.
        balances.pair(Account::Provider, Account::Captured, in_part);
        balances.pair(Account::Refunded, payer, refunded);
        balances.pair(Account::ChargedBack, payer, charged_back);
        balances.pair(Account::Fees, Account::Operator, fees);
        balances
    }

    /// What has to be booked to get from `before` to `self`: the accounts that change. Sums to
    /// zero, as both do.
    pub fn since(&self, before: &Balances) -> Vec<Posting> {
        ACCOUNTS
            .into_iter()
            .map(|account| {
                let minor = self.get(account).saturating_sub(before.get(account));
                Posting { account, minor }
            })
            .filter(|posting| posting.minor != 0)
            .collect()
    }

    /// Minor units in one account.
    pub fn get(&self, account: Account) -> i64 {
        self.0.get(index(account)).copied().unwrap_or_default()
    }

    /// Books one line.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn book(&mut self, posting: Posting) -> Result<(), Overflow> {
        let Some(balance) = self.0.get_mut(index(posting.account)) else { return Err(Overflow) };
        *balance = balance.checked_add(posting.minor).ok_or(Overflow)?;
        Ok(())
    }

    /// Whether every account is empty.
    pub fn is_zero(&self) -> bool {
        self.0.iter().all(|balance| *balance == 0)
    }

    fn pair(&mut self, plus: Account, minus: Account, minor: i64) {
        for (account, minor) in [(plus, minor), (minus, minor.saturating_neg())] {
            if let Some(balance) = self.0.get_mut(index(account)) {
                *balance = balance.saturating_add(minor);
            }
        }
    }
}

/// Whether the lines of an entry sum to zero.
pub fn is_balanced(postings: &[Posting]) -> bool {
    let sum = postings.iter().try_fold(0_i64, |sum, posting| sum.checked_add(posting.minor));
    sum == Some(0)
}

fn index(account: Account) -> usize {
    account as usize
}
