//! The oracle finds what is wrong: each planted mistake shows within so many seeds.

use florin_storm::bugs::Bug;
use florin_storm::oracle::Rule;
use florin_storm::run::{Order, run};

const PAYMENTS: usize = 40;
const SEEDS: u64 = 150;

/// Plants a mistake and wants the oracle to name one of these rules.
#[track_caller]
fn check_found(bug: Bug, rules: &[Rule]) {
    for seed in 0..SEEDS {
        let outcome = run(Order { seed, payments: PAYMENTS, bug: Some(bug), prints: false });
        if outcome.violations.iter().any(|violation| rules.contains(&violation.rule)) {
            println!("{bug:?}: seed {seed}, {}", outcome.violations[0]);
            return;
        }
    }
    panic!("{bug:?} was not found in {SEEDS} seeds");
}

#[test]
fn a_request_without_a_guard_is_found() {
    check_found(Bug::NoGuard, &[Rule::EndsInAStatus, Rule::BooksEqualOrder]);
}

#[test]
fn silence_taken_for_a_decline_is_found() {
    check_found(Bug::SilenceIsDecline, &[Rule::BooksEqualOrder]);
}

#[test]
fn an_acknowledgement_before_the_disk_has_it_is_found() {
    check_found(Bug::EarlyAcknowledgement, &[Rule::AcknowledgedIsKept, Rule::BooksEqualOrder]);
}

#[test]
fn a_commit_over_any_version_is_found() {
    check_found(Bug::NoVersionCheck, &[Rule::BooksEqualOrder, Rule::GoesPossibleWays]);
}

#[test]
fn an_order_id_taken_twice_is_found() {
    check_found(Bug::SameIdTwice, &[Rule::BooksEqualOrder, Rule::PaidOnce]);
}

#[test]
fn a_repeated_capture_under_a_new_number_is_found() {
    check_found(Bug::CaptureRenumbered, &[Rule::NothingOwed, Rule::PaidOnce]);
}

#[test]
fn a_notification_that_was_never_sent_is_found() {
    check_found(Bug::ToldUnsent, &[Rule::ToldWhatIsTrue]);
}

#[test]
fn a_code_that_is_kept_is_found() {
    check_found(Bug::CvcKept, &[Rule::NoCvcLeft]);
}

#[test]
fn an_answer_that_is_not_kept_with_its_change_is_found() {
    check_found(Bug::AnswerApart, &[Rule::KeyDoesOnce, Rule::KeyAnswersOnce]);
}

#[test]
fn two_windows_that_both_pay_are_found() {
    check_found(Bug::WindowsApart, &[Rule::BooksEqualOrder, Rule::PaidOnce]);
}

#[test]
fn a_chargeback_that_is_taken_twice_is_found() {
    check_found(Bug::CaseForgotten, &[Rule::CaseTakenOnce]);
}

#[test]
fn a_provider_that_gives_money_back_twice_is_found() {
    check_found(Bug::RefundRenumbered, &[Rule::PaidOnce, Rule::PartsGoBackOnce]);
}

#[test]
fn a_stored_card_that_is_charged_twice_at_once_is_found() {
    check_found(Bug::ChargesApart, &[Rule::TokenChargedOnce]);
}
