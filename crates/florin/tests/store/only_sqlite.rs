//! What only concerns a file: who may read it, what is left in it, and how its log grows.

use std::path::Path;

use florin::store::{self, CardChange, Committed};

use crate::places::Place;
use crate::rows::{SITE, new_order, next_of};

fn folder_of(place: &Place) -> &Path {
    let Place::Sqlite(folder) = place else { panic!("asked for SQLite") };
    folder.path()
}

fn files_with(folder: &Path, needle: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        let content = std::fs::read(file.path()).unwrap();
        if content.windows(needle.len()).any(|window| window == needle) {
            found.push(file.file_name().into_string().unwrap());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_cvc_leaves_no_trace_in_any_file() {
    let place = Place::sqlite();
    let store = place.open().await;
    let (pan, cvc) = (b"sealed-pan-of-the-card", b"sealed-cvc-of-the-card");
    let mut unit = new_order(1);
    unit.cards = vec![CardChange::Seal {
        card_id: 1,
        sealed_pan: pan.to_vec(),
        sealed_cvc: Some(cvc.to_vec()),
        fingerprint: [9; 32],
        key_id: 4,
    }];
    let _ = store.commit(unit).await.unwrap();
    store.checkpoint().await.unwrap();
    assert_eq!(files_with(folder_of(&place), cvc), vec!["florin.db"]);

    let mut unit = next_of(1, 1);
    unit.cards = vec![CardChange::EraseCvc { card_id: 1 }];
    let _ = store.commit(unit).await.unwrap();
    store.checkpoint().await.unwrap();
    assert_eq!(files_with(folder_of(&place), cvc), Vec::<String>::new());
    assert_eq!(files_with(folder_of(&place), pan), vec!["florin.db"]);

    let mut unit = next_of(1, 2);
    unit.cards = vec![CardChange::Erase { card_id: 1 }];
    let _ = store.commit(unit).await.unwrap();
    store.checkpoint().await.unwrap();
    assert_eq!(files_with(folder_of(&place), pan), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_of_writing_takes_room_and_gives_it_back() {
    let place = Place::sqlite();
    let store = place.open().await;
    store.try_writing().await.unwrap();
    let room = folder_of(&place).join("florin.db-room");
    assert!(!room.exists());
    // Where no room can be taken, a small change alone would still go well.
    std::fs::create_dir(&room).unwrap();
    assert!(store.try_writing().await.is_err());
    assert_eq!(store.reserve_numbers("stan", 1).await.unwrap(), 1);
    std::fs::remove_dir(&room).unwrap();
    store.try_writing().await.unwrap();
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::sqlite();
    let store = place.open().await;
    let _ = store.commit(new_order(1)).await.unwrap();
    let mut names = Vec::new();
    for file in std::fs::read_dir(folder_of(&place)).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?} has mode {mode:o}", file.file_name());
        names.push(file.file_name().into_string().unwrap());
    }
    assert!(names.contains(&"florin.db-wal".to_owned()), "{names:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_begins_anew_while_payments_go_on() {
    const WRITERS: i64 = 16;
    const ORDERS: i64 = 120;
    let place = Place::sqlite();
    let store = place.open().await;
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let store = store.clone();
        writers.push(tokio::spawn(async move {
            for number in 1..=ORDERS {
                let mut unit = new_order(writer * ORDERS + number);
                unit.order.request = "r".repeat(60_000);
                assert_eq!(store.commit(unit).await.unwrap(), Committed::Done);
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let statistics = store.statistics().await.unwrap();
    let written = WRITERS * ORDERS * 60_000;
    assert!(statistics.database_bytes > u64::try_from(written).unwrap());
    assert!(
        statistics.log_bytes < u64::try_from(written / 2).unwrap(),
        "the log kept growing: {statistics:?}"
    );
    assert!(store.order(SITE, WRITERS * ORDERS).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_no_database_is_named_as_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("florin.db");
    std::fs::write(&path, "This is a text, and quite a long one, but no database.").unwrap();
    let error = store::open_sqlite(&path).await.err().unwrap().to_string();
    assert!(error.contains("not a database"), "{error}");
    let missing = folder.path().join("missing").join("florin.db");
    let error = store::open_sqlite(&missing).await.err().unwrap().to_string();
    assert!(error.contains("open the file"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_a_newer_version_is_left_alone() {
    let place = Place::sqlite();
    place.open().await.close().await.unwrap();
    let path = folder_of(&place).join("florin.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    let sql = "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
        VALUES (9999, 'from_the_future', '2030-01-01T00:00:00Z', '1')";
    connection.execute(sql, []).unwrap();
    drop(connection);
    let error = store::open_sqlite(&path).await.err().unwrap().to_string();
    assert!(error.contains("from_the_future"), "{error}");
}
