//! Rows of either engine, read by one description: column after column, in the sequence of a list by
//! which both select.

/// The columns of one row, the next one first.
pub(super) trait Cells {
    /// What reading fails with.
    type Error;

    fn whole(&mut self) -> Result<i64, Self::Error>;
    fn maybe_whole(&mut self) -> Result<Option<i64>, Self::Error>;
    fn small(&mut self) -> Result<i32, Self::Error>;
    fn text(&mut self) -> Result<String, Self::Error>;
    fn maybe_text(&mut self) -> Result<Option<String>, Self::Error>;
    fn bytes(&mut self) -> Result<Vec<u8>, Self::Error>;
    fn maybe_bytes(&mut self) -> Result<Option<Vec<u8>>, Self::Error>;

    /// The column before holds what no version of this program writes.
    fn unknown(&self, what: &'static str) -> Self::Error;

    /// Both engines keep it as 0 or 1.
    fn flag(&mut self) -> Result<bool, Self::Error> {
        Ok(self.small()? == 1)
    }

    /// A keyed hash, which has 32 bytes.
    fn hash(&mut self) -> Result<[u8; 32], Self::Error> {
        let bytes = self.bytes()?;
        bytes.try_into().map_err(|_| self.unknown("a hash of another length"))
    }
}
