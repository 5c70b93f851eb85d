//! Units of work of different orders, committed by one statement, which is put together from the
//! parts in `commit/`. A batch in which no unit has children, files, tokens or an answer does without the
//! parts about them: each part costs some time even when it has nothing to do.

use std::collections::HashSet;
use std::sync::LazyLock;

use tokio_postgres::{Client, Error, Statement};

use super::super::{OrderKey, SiteId, TokenStep, UnitOfWork};
use super::columns::Columns;
use super::committer::{Batch, Waiting};
use super::operations::{OperationColumns, with_operations};

/// Commits what nearly every unit has.
const PLAIN: &str = concat!(
    include_str!("commit/asked.sql"),
    include_str!("commit/plain.sql"),
    include_str!("commit/stored.sql"),
    "SELECT site_id, key FROM done"
);

/// The same with operations, which are part of nearly every outcome.
static PLAIN_WITH_OPERATIONS: LazyLock<String> = LazyLock::new(|| with_operations(PLAIN));

/// Commits everything that a unit can have.
const WITH_RARE_ROWS: &str = concat!(
    include_str!("commit/asked.sql"),
    include_str!("commit/looked_at.sql"),
    include_str!("commit/stored.sql"),
    include_str!("commit/rare.sql"),
    "SELECT site_id, key FROM done"
);

/// The same with operations.
static RARE_WITH_OPERATIONS: LazyLock<String> = LazyLock::new(|| with_operations(WITH_RARE_ROWS));

/// Units of work, in batches.
pub(super) struct Units;

impl Batch for Units {
    type Change = UnitOfWork;
    const DOING: &'static str = "commit an order";

    fn sql(units: &[&UnitOfWork]) -> &'static str {
        let has_operations =
            units.iter().any(|unit| !unit.operations.is_empty() || !unit.references.is_empty());
        match (units.iter().any(|unit| unit.has_rare_rows()), has_operations) {
            (false, false) => PLAIN,
            (false, true) => &PLAIN_WITH_OPERATIONS,
            (true, false) => WITH_RARE_ROWS,
            (true, true) => &RARE_WITH_OPERATIONS,
        }
    }

    fn place(unit: &UnitOfWork) -> (SiteId, OrderKey) {
        unit.place()
    }

    /// New orders can wait for each other over the merchant's name, others over the key. So new
    /// ones go first, by name, and then the others, by key: no two batches wait in a circle.
    fn sort(units: &mut [Waiting<UnitOfWork>]) {
        units.sort_by(|a, b| sequence(&a.change).cmp(&sequence(&b.change)));
    }

    /// The name of a new child can be taken between the look at it and its insertion, and so can the
    /// place of a card's token.
    fn can_race(unit: &UnitOfWork) -> bool {
        unit.children.iter().any(|child| child.is_new)
            || unit.tokens.iter().any(|it| matches!(it.step, TokenStep::Make(_)))
    }

    async fn run(
        client: &Client,
        statement: &Statement,
        units: &[&UnitOfWork],
    ) -> Result<HashSet<(SiteId, OrderKey)>, Error> {
        let mut columns = Columns::default();
        let mut operations = OperationColumns::default();
        for unit in units {
            columns.add(unit);
            operations.add(unit);
        }
        let has_rare_rows = units.iter().any(|unit| unit.has_rare_rows());
        let mut parameters = columns.in_sequence(has_rare_rows);
        if !operations.is_empty() {
            parameters.extend(operations.in_sequence());
        }
        let done = client.query(statement, &parameters).await?;
        Ok(done.iter().map(|row| (row.get(0), row.get(1))).collect())
    }
}

fn sequence(unit: &UnitOfWork) -> (bool, SiteId, &str, OrderKey) {
    let name = if unit.expected_version.is_none() { unit.order.order_id.as_str() } else { "" };
    (unit.expected_version.is_some(), unit.order.site_id, name, unit.order.key)
}
