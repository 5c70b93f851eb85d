//! The simulator's memory on disk: a file of records, one JSON object a line, only appended to.
//!
//! Written before an answer leaves, so a killed process has kept what it said; not synced, so a
//! power cut may lose the end. Read at start, rewritten when most of it is no longer needed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::books::Event;
use crate::limits::{
    JOURNAL_COMPACT_FACTOR, JOURNAL_COMPACT_RECORDS_MIN, JOURNAL_RECORD_BYTES_MAX,
};
use crate::methods::PaymentRecord;
use crate::threeds::ChallengeRecord;

/// A record of the journal.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Record {
    /// The host's books changed.
    Book(Event),
    /// A challenge was opened, answered or told.
    Challenge(ChallengeRecord),
    /// A payment by another method was taken on, chosen, told or given back.
    Payment(PaymentRecord),
}

/// The journal; without a file it forgets everything.
pub(crate) struct Journal {
    /// Records in the order of what they record, not yet written.
    pending: Mutex<Vec<u8>>,
    file: Mutex<Option<Open>>,
    /// Records in the file and pending.
    records: AtomicU64,
}

struct Open {
    file: File,
    path: PathBuf,
}

impl Journal {
    /// Opens the file, creates it when it is not there, and hands each record to `replay`.
    ///
    /// # Errors
    /// The file cannot be read or written, or another simulator has it open.
    pub(crate) fn open(path: Option<&Path>, mut replay: impl FnMut(Record)) -> io::Result<Journal> {
        let mut records = 0;
        let mut open = None;
        if let Some(path) = path {
            let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
            file.try_lock().map_err(|error| {
                io::Error::other(format!("the journal is in use by another process: {error}"))
            })?;
            records = read(&mut file, &mut replay)?;
            open = Some(Open { file, path: path.to_owned() });
        }
        let pending = Mutex::default();
        Ok(Journal { pending, file: Mutex::new(open), records: AtomicU64::new(records) })
    }

    /// Adds a record. The caller still holds the lock of what it changed, so that records of one
    /// thing are in its order, and calls [`Journal::flush`] before it tells anybody.
    pub(crate) fn append(&self, record: &Record) {
        let mut pending = lock(&self.pending);
        let start = pending.len();
        if let Err(error) = serde_json::to_writer(&mut *pending, record) {
            pending.truncate(start);
            tracing::error!(%error, "a record of the simulator's journal cannot be written");
            return;
        }
        pending.push(b'\n');
        self.records.fetch_add(1, Ordering::Relaxed);
    }

    /// Writes all records that were added before this call.
    pub(crate) fn flush(&self) {
        // Whoever has this lock may be writing our records; afterwards they are in the file.
        let mut file = lock(&self.file);
        let records = std::mem::take(&mut *lock(&self.pending));
        if records.is_empty() {
            return;
        }
        if let Some(open) = &mut *file
            && let Err(error) = open.file.write_all(&records)
        {
            tracing::error!(%error, "the simulator's journal cannot be written");
        }
    }

    /// Whether so much of the file is no longer needed that it is worth rewriting.
    pub(crate) fn is_mostly_dead(&self, needed: u64) -> bool {
        let records = self.records.load(Ordering::Relaxed);
        records > JOURNAL_COMPACT_RECORDS_MIN
            && records > needed.saturating_mul(JOURNAL_COMPACT_FACTOR)
    }

    /// Replaces all records by these. The caller holds the locks of everything that is recorded,
    /// so that nothing is added in between.
    ///
    /// # Errors
    /// The new file cannot be written; the old one stays.
    pub(crate) fn rewrite(&self, snapshot: impl Iterator<Item = Record>) -> io::Result<()> {
        let mut file = lock(&self.file);
        let Some(open) = &mut *file else {
            lock(&self.pending).clear();
            self.records.store(0, Ordering::Relaxed);
            return Ok(());
        };
        let beside = open.path.with_extension("new");
        let mut writer = BufWriter::new(File::create(&beside)?);
        let mut records = 0;
        for record in snapshot {
            serde_json::to_writer(&mut writer, &record).map_err(io::Error::other)?;
            writer.write_all(b"\n")?;
            records += 1;
        }
        writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        let replacement = OpenOptions::new().read(true).append(true).open(&beside)?;
        replacement.try_lock().map_err(io::Error::other)?;
        fs::rename(&beside, &open.path)?;
        open.file = replacement;
        lock(&self.pending).clear();
        self.records.store(records, Ordering::Relaxed);
        Ok(())
    }
}

/// Reads all records, and cuts off a last one that was not written to its end.
fn read(file: &mut File, replay: &mut impl FnMut(Record)) -> io::Result<u64> {
    let mut reader = BufReader::new(&*file);
    let mut records = 0;
    let mut whole_bytes = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        let bytes = reader.read_until(b'\n', &mut line)?;
        if bytes == 0 || line.last() != Some(&b'\n') {
            break;
        }
        whole_bytes += bytes as u64;
        if bytes > JOURNAL_RECORD_BYTES_MAX {
            tracing::warn!("a record of the simulator's journal is too long and left out");
            continue;
        }
        match serde_json::from_slice(&line) {
            Ok(record) => {
                replay(record);
                records += 1;
            }
            Err(error) => {
                tracing::warn!(%error, "a record of the simulator's journal is left out");
            }
        }
    }
    file.set_len(whole_bytes)?;
    file.seek(io::SeekFrom::End(0))?;
    Ok(records)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
