//! The store in memory keeps the rules of the real ones: it runs the suite that they run.

#![expect(clippy::unwrap_used, reason = "a failure of a test is a panic")]

#[macro_use]
#[path = "../../../florin/tests/store/rules.rs"]
mod rules;
mod places;
#[path = "../../../florin/tests/store/rows.rs"]
mod rows;
#[path = "../../../florin/tests/store/commits.rs"]
mod commits;
#[path = "../../../florin/tests/store/children.rs"]
mod children;
#[path = "../../../florin/tests/store/journal.rs"]
mod journal;
#[path = "../../../florin/tests/store/attempts.rs"]
mod attempts;
#[path = "../../../florin/tests/store/idempotency.rs"]
mod idempotency;
#[path = "../../../florin/tests/store/tokens.rs"]
mod tokens;
#[path = "../../../florin/tests/store/mails.rs"]
mod mails;
#[path = "../../../florin/tests/store/lists.rs"]
mod lists;
#[path = "../../../florin/tests/store/operations.rs"]
mod operations;
#[path = "../../../florin/tests/store/dues.rs"]
mod dues;
#[path = "../../../florin/tests/store/settings.rs"]
mod settings;

macro_rules! in_memory {
    ($($module:ident { $($rule:ident)* })*) => {
        mod memory {
            $(mod $module { $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $rule() {
                    crate::$module::$rule(crate::places::Place::default()).await;
                }
            )* })*
        }
    };
}

every_rule!(in_memory);
