//! Both engines have the same migrations and the same columns, so that one description fits both.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::places::Place;
use crate::postgres_server;

/// Of a column: its name, what kind of value it holds, and whether it may be missing.
type Column = (String, &'static str, bool);

#[test]
fn migrations_have_the_same_names_on_both_engines() {
    let names = |engine: &str| -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
        let files = std::fs::read_dir(folder).unwrap();
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert!(names("sqlite").contains("V1__orders_and_settings.sql"));
    assert!(names("sqlite").contains("V2__journal_and_answers.sql"));
    assert_eq!(names("sqlite"), names("postgres"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_have_the_same_columns_on_both_engines() {
    let sqlite = sqlite_tables().await;
    let postgres = postgres_tables().await;
    assert!(sqlite.len() >= 20 && sqlite["orders"].len() == 12, "{sqlite:?}");
    assert_eq!(sqlite, postgres);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgresql_every_key_of_an_order_starts_with_its_site() {
    let place = Place::postgres().await;
    let _store = place.open().await;
    let Place::Postgres(database) = &place else { panic!("asked for PostgreSQL") };
    let client = postgres_server::connect(&database.url).await.unwrap();
    let sql = "SELECT c.relname::text, a.attname::text FROM pg_index i
        JOIN pg_class c ON c.oid = i.indrelid
        JOIN pg_namespace s ON s.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
        WHERE i.indisprimary AND s.nspname = 'public'";
    let keys: BTreeMap<String, String> =
        client.query(sql, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect();
    for table in [
        "orders",
        "transactions",
        "events",
        "cards",
        "notifications",
        "deliveries",
        "timers",
        "advices",
        "journal",
        "journal_seals",
        "attempts",
        "declines",
        "idempotency",
        "operations",
        "operations_owed",
        "order_references",
        "files",
        "mails",
        "sites",
        "api_keys",
    ] {
        assert_eq!(keys[table], "site_id", "{table}");
    }
}

async fn sqlite_tables() -> BTreeMap<String, Vec<Column>> {
    let place = Place::sqlite();
    let _store = place.open().await;
    let Place::Sqlite(folder) = &place else { panic!("asked for SQLite") };
    let connection = rusqlite::Connection::open(folder.path().join("florin.db")).unwrap();
    let sql = "SELECT t.name, c.name, c.type, c.\"notnull\" FROM sqlite_schema t
        JOIN pragma_table_info(t.name) c
        WHERE t.type = 'table' AND t.name NOT LIKE 'refinery%' ORDER BY t.name, c.cid";
    let mut statement = connection.prepare(sql).unwrap();
    let mut tables: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let kind = match row.get::<_, String>(2).unwrap().as_str() {
            "INTEGER" => "number",
            "TEXT" => "text",
            "BLOB" => "bytes",
            other => panic!("a column of type {other}"),
        };
        let column = (row.get(1).unwrap(), kind, !row.get::<_, bool>(3).unwrap());
        tables.entry(row.get(0).unwrap()).or_default().push(column);
    }
    tables
}

async fn postgres_tables() -> BTreeMap<String, Vec<Column>> {
    let place = Place::postgres().await;
    let _store = place.open().await;
    let Place::Postgres(database) = &place else { panic!("asked for PostgreSQL") };
    let client = postgres_server::connect(&database.url).await.unwrap();
    let sql = "SELECT table_name::text, column_name::text, data_type::text, is_nullable::text
        FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name NOT LIKE 'refinery%'
        ORDER BY table_name, ordinal_position";
    let mut tables: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for row in client.query(sql, &[]).await.unwrap() {
        let kind = match row.get(2) {
            "bigint" | "integer" => "number",
            "text" => "text",
            "bytea" => "bytes",
            other => panic!("a column of type {other}"),
        };
        let column = (row.get(1), kind, row.get::<_, &str>(3) == "YES");
        tables.entry(row.get(0)).or_default().push(column);
    }
    tables
}
