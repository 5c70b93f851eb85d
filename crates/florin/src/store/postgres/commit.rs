//! Units of work of different orders, committed by one statement: `commit.sql`.

use std::collections::HashSet;

use tokio_postgres::{Client, Error, Statement};

use super::super::{OrderKey, SiteId, UnitOfWork};
use super::columns::Columns;
use super::committer::{Batch, Waiting};

/// Units of work, in batches.
pub(super) struct Units;

impl Batch for Units {
    type Change = UnitOfWork;
    const DOING: &'static str = "commit an order";
    const SQL: &'static str = include_str!("commit.sql");

    fn place(unit: &UnitOfWork) -> (SiteId, OrderKey) {
        unit.place()
    }

    /// New orders can wait for each other over the merchant's name, others over the key. So new
    /// ones go first, by name, and then the others, by key: no two batches wait in a circle.
    fn sort(units: &mut [Waiting<UnitOfWork>]) {
        units.sort_by(|a, b| sequence(&a.change).cmp(&sequence(&b.change)));
    }

    /// The name of a new child can be taken between the look at it and its insertion.
    fn can_race(unit: &UnitOfWork) -> bool {
        unit.children.iter().any(|child| child.is_new)
    }

    async fn run(
        client: &Client,
        statement: &Statement,
        units: &[&UnitOfWork],
    ) -> Result<HashSet<(SiteId, OrderKey)>, Error> {
        let mut columns = Columns::default();
        for unit in units {
            columns.add(unit);
        }
        let done = client.query(statement, &columns.in_sequence()).await?;
        Ok(done.iter().map(|row| (row.get(0), row.get(1))).collect())
    }
}

fn sequence(unit: &UnitOfWork) -> (bool, SiteId, &str, OrderKey) {
    let name = if unit.expected_version.is_none() { unit.order.order_id.as_str() } else { "" };
    (unit.expected_version.is_some(), unit.order.site_id, name, unit.order.key)
}
