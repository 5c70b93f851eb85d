//! A row of SQLite, column after column.

use rusqlite::Row;
use rusqlite::types::{FromSql, Type};

use super::super::cells::Cells;

pub(super) struct RowCells<'a, 's> {
    row: &'a Row<'s>,
    at: usize,
}

impl<'a, 's> RowCells<'a, 's> {
    pub(super) fn of(row: &'a Row<'s>) -> RowCells<'a, 's> {
        RowCells { row, at: 0 }
    }

    fn next<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        self.at += 1;
        self.row.get(self.at - 1)
    }
}

impl Cells for RowCells<'_, '_> {
    type Error = rusqlite::Error;

    fn whole(&mut self) -> rusqlite::Result<i64> {
        self.next()
    }

    fn maybe_whole(&mut self) -> rusqlite::Result<Option<i64>> {
        self.next()
    }

    fn small(&mut self) -> rusqlite::Result<i32> {
        self.next()
    }

    fn text(&mut self) -> rusqlite::Result<String> {
        self.next()
    }

    fn maybe_text(&mut self) -> rusqlite::Result<Option<String>> {
        self.next()
    }

    fn bytes(&mut self) -> rusqlite::Result<Vec<u8>> {
        self.next()
    }

    fn maybe_bytes(&mut self) -> rusqlite::Result<Option<Vec<u8>>> {
        self.next()
    }

    fn unknown(&self, what: &'static str) -> rusqlite::Error {
        rusqlite::Error::FromSqlConversionFailure(self.at - 1, Type::Text, what.into())
    }
}
