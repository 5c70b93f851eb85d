//! The store's rules, each held by both engines.
//!
//! A rule is a function that gets an empty store; `rules.rs` lists them, and each runs on SQLite and
//! on a private PostgreSQL server. `florin-storm` holds its store in memory to the same list.

#![expect(clippy::unwrap_used, reason = "a failure of a test is a panic")]

#[path = "../support/postgres.rs"]
#[allow(dead_code, reason = "other test programs use more of it")]
mod postgres_server;
#[macro_use]
mod rules;
mod places;
mod rows;
mod commits;
mod children;
mod journal;
mod attempts;
mod idempotency;
mod tokens;
mod mails;
mod lists;
mod operations;
mod dues;
mod settings;
mod schema;
mod only_sqlite;
mod only_postgres;

macro_rules! on_both_engines {
    ($($module:ident { $($rule:ident)* })*) => {
        mod sqlite {
            $(mod $module { $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $rule() {
                    crate::$module::$rule(crate::places::Place::sqlite()).await;
                }
            )* })*
        }
        mod postgres {
            $(mod $module { $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $rule() {
                    crate::$module::$rule(crate::places::Place::postgres().await).await;
                }
            )* })*
        }
    };
}

every_rule!(on_both_engines);
