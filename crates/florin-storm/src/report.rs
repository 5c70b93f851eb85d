//! What many runs come to, as a table for people.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::coverage::{Coverage, POSSIBLE};
use crate::oracle::Checks;
use crate::run::Outcome;

/// Violations that are kept, so that a broken gateway does not fill the memory.
const FAILURES_KEPT: usize = 50;

/// The sum of many runs.
#[derive(Default)]
pub struct Totals {
    pub seeds: u64,
    pub payments: u64,
    pub failed_seeds: u64,
    /// Seeds that failed, with what was found; the first ones.
    pub failures: Vec<(u64, Vec<String>)>,
    pub checks: Checks,
    pub coverage: Coverage,
    pub counts: BTreeMap<&'static str, u64>,
    pub statuses: BTreeMap<String, u64>,
}

impl Totals {
    /// Adds a run.
    pub fn add(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        self.payments += outcome.payments as u64;
        if !outcome.violations.is_empty() {
            self.failed_seeds += 1;
            if self.failures.len() < FAILURES_KEPT {
                let found = outcome.violations.iter().map(ToString::to_string).collect();
                self.failures.push((outcome.seed, found));
            }
        }
        for (rule, count) in &outcome.checks {
            *self.checks.entry(*rule).or_default() += count;
        }
        for (name, count) in &outcome.counts {
            *self.counts.entry(name).or_default() += count;
        }
        for (status, count) in &outcome.statuses {
            *self.statuses.entry(status.clone()).or_default() += count;
        }
        self.coverage.add(&outcome.coverage);
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: Totals) {
        self.seeds += other.seeds;
        self.payments += other.payments;
        self.failed_seeds += other.failed_seeds;
        let room = FAILURES_KEPT.saturating_sub(self.failures.len());
        self.failures.extend(other.failures.into_iter().take(room));
        for (rule, count) in other.checks {
            *self.checks.entry(rule).or_default() += count;
        }
        for (name, count) in other.counts {
            *self.counts.entry(name).or_default() += count;
        }
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self.coverage.add(&other.coverage);
    }

    /// The table, for runs that took so long.
    pub fn table(&self, took: Duration) -> Table<'_> {
        Table { totals: self, took }
    }
}

/// A sum that prints as a table.
pub struct Table<'a> {
    totals: &'a Totals,
    took: Duration,
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Table { totals, took } = self;
        let mut failures: Vec<_> = totals.failures.iter().collect();
        failures.sort_by_key(|(seed, _)| *seed);
        for (seed, found) in failures {
            writeln!(out, "seed {seed}:")?;
            for what in found {
                writeln!(out, "    {what}")?;
            }
        }
        let row = |out: &mut fmt::Formatter<'_>, name: &str, count: u64| {
            writeln!(out, "{count:>12}  {name}")
        };
        writeln!(out, "\nwhat went wrong")?;
        for (name, count) in &totals.counts {
            row(out, name, *count)?;
        }
        writeln!(out, "\nhow orders ended")?;
        for (status, count) in &totals.statuses {
            row(out, status, *count)?;
        }
        writeln!(out, "\nwhat the oracle looked at")?;
        for (rule, count) in &totals.checks {
            row(out, &format!("{rule:?}"), *count)?;
        }
        writeln!(out, "\nways through an order's life")?;
        for way @ (from, event, to) in POSSIBLE.iter() {
            row(out, &format!("{from} -- {event} -> {to}"), totals.coverage.taken(way))?;
        }
        let hit = POSSIBLE.iter().filter(|way| totals.coverage.taken(way) > 0);
        writeln!(out, "\n{} of {} ways taken", hit.count(), POSSIBLE.len())?;
        let seconds = took.as_secs().max(1);
        writeln!(
            out,
            "{} seeds, {} payments, {} seeds failed, {} s, {} payments/s",
            totals.seeds,
            totals.payments,
            totals.failed_seeds,
            took.as_secs(),
            totals.payments / seconds,
        )
    }
}
