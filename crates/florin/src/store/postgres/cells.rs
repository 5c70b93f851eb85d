//! A row of PostgreSQL, column after column.

use tokio_postgres::Row;
use tokio_postgres::types::FromSqlOwned;

use super::super::StoreError;
use super::super::cells::Cells;

pub(super) struct RowCells<'a> {
    doing: &'static str,
    row: &'a Row,
    at: usize,
}

impl<'a> RowCells<'a> {
    pub(super) fn of(doing: &'static str, row: &'a Row) -> RowCells<'a> {
        RowCells { doing, row, at: 0 }
    }

    fn next<T: FromSqlOwned>(&mut self) -> Result<T, StoreError> {
        self.at += 1;
        let read = self.row.try_get(self.at - 1);
        read.map_err(|error| StoreError::unavailable(self.doing, error))
    }
}

impl Cells for RowCells<'_> {
    type Error = StoreError;

    fn whole(&mut self) -> Result<i64, StoreError> {
        self.next()
    }

    fn maybe_whole(&mut self) -> Result<Option<i64>, StoreError> {
        self.next()
    }

    fn small(&mut self) -> Result<i32, StoreError> {
        self.next()
    }

    fn text(&mut self) -> Result<String, StoreError> {
        self.next()
    }

    fn maybe_text(&mut self) -> Result<Option<String>, StoreError> {
        self.next()
    }

    fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        self.next()
    }

    fn maybe_bytes(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        self.next()
    }

    fn unknown(&self, what: &'static str) -> StoreError {
        StoreError::unavailable(self.doing, what)
    }
}
