//! Florin from outside: HTTP in, wire out, database after. One file a story.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod world;
mod shop;
mod payer;
mod provider_page;
#[path = "../support/postgres.rs"]
#[allow(dead_code, reason = "other test programs use more of it")]
mod postgres;

mod every_test_card;
mod challenges;
mod hosted_page;
mod hosted_page_dangers;
mod order_ids;
mod catalogue;
mod transactions;
mod risk;
mod limits;
mod reviews;
mod idempotency;
mod idempotency_lost;
mod notifications;
mod workbench;
mod calls;
mod sandboxes;
mod mails;
mod second_chance;
mod faults;
mod captures;
mod reference;
mod refunds;
mod tokens;
mod token_charges;
mod token_verifications;
mod page_tokens;
mod part_shipments;
mod page_settings;
mod changes;
mod ledger;
mod chargebacks;
mod methods;
mod promises;
mod gift_cards;
mod bank_languages;
mod provider_languages;
mod odd_provider;
mod every_method;
mod first_site;
mod account_keys;
mod bad_input;
mod card_data_at_rest;
mod foreign_host;
