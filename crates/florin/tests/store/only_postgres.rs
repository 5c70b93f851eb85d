//! What only concerns a server: sessions that are lost, and servers that are not there.

use std::time::Duration;

use florin::store::{self, Committed, StoreError};

use crate::places::Place;
use crate::postgres_server;
use crate::rows::{SITE, new_order};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_session_costs_no_acknowledged_order_and_is_replaced() {
    let place = Place::postgres().await;
    let store = place.open().await;
    let Place::Postgres(database) = &place else { panic!("asked for PostgreSQL") };
    let saboteur = postgres_server::connect(&database.url).await.unwrap();
    let mut writers = Vec::new();
    for writer in 0..8_i64 {
        let store = store.clone();
        writers.push(tokio::spawn(async move {
            let mut told = Vec::new();
            for number in 1..=150_i64 {
                let key = writer * 1_000 + number;
                told.push((key, store.commit(new_order(key)).await));
            }
            told
        }));
    }
    let mut ended = 0;
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(30)).await;
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        ended += saboteur.execute(sql, &[]).await.unwrap();
    }
    assert!(ended > 2, "only {ended} sessions were ended, so little was tested");
    let (mut done, mut not_done) = (0, 0);
    for writer in writers {
        for (key, committed) in writer.await.unwrap() {
            let is_there = store.order(SITE, key).await.unwrap().is_some();
            match committed {
                Ok(Committed::Done) => {
                    assert!(is_there, "order {key} was acknowledged and is lost");
                    done += 1;
                }
                Ok(Committed::Conflict) => panic!("order {key} is new"),
                Err(StoreError::OutcomeUnknown { .. }) => not_done += 1,
                Err(StoreError::Unavailable { .. } | StoreError::Busy) => {
                    assert!(!is_there, "order {key} is there although nothing was done");
                    not_done += 1;
                }
                Err(other) => panic!("order {key}: {other}"),
            }
        }
    }
    assert!(done > 0, "nothing was committed");
    assert!(not_done < 600, "{not_done} commits failed");
    assert_eq!(store.commit(new_order(99_999)).await.unwrap(), Committed::Done);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_leads_nowhere_is_an_error_soon() {
    for url in ["postgres://", "mysql://localhost/florin", "postgres://%2Fnowhere/florin"] {
        let opening = store::open_postgres(url);
        let opened = tokio::time::timeout(Duration::from_secs(20), opening).await;
        let error = opened.expect("an answer in time").err().expect("nothing is there");
        assert!(matches!(error, StoreError::Unavailable { .. }), "{url}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_skips_the_disk_is_overruled() {
    let place = Place::postgres().await;
    let Place::Postgres(database) = &place else { panic!("asked for PostgreSQL") };
    let admin = postgres_server::connect(&database.url).await.unwrap();
    let row = admin.query_one("SELECT current_database()::text", &[]).await.unwrap();
    let name: String = row.get(0);
    let sql = format!("ALTER DATABASE {name} SET synchronous_commit = off");
    admin.batch_execute(&sql).await.unwrap();
    // The setting is visible only from inside a session, so a table notes it for each commit.
    let store = place.open().await;
    let sql = "CREATE TABLE noted (setting TEXT);
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO noted VALUES (current_setting('synchronous_commit'));
            RETURN NULL;
        END $$;
        CREATE TRIGGER note AFTER INSERT ON orders EXECUTE FUNCTION note()";
    admin.batch_execute(sql).await.unwrap();
    assert_eq!(store.commit(new_order(1)).await.unwrap(), Committed::Done);
    let noted = admin.query("SELECT DISTINCT setting FROM noted", &[]).await.unwrap();
    let noted: Vec<String> = noted.iter().map(|row| row.get(0)).collect();
    assert_eq!(noted, vec!["on"]);
}
