//! The list of the store's rules, for each suite that holds a store to them.

/// Gives the list to a macro that makes the tests.
macro_rules! every_rule {
    ($with:ident) => {
        $with! {
            commits {
                a_new_order_is_found_by_its_three_names
                an_order_id_is_new_on_its_site_or_conflicts
                of_many_creates_of_one_order_id_exactly_one_wins
                a_commit_over_an_old_version_conflicts_and_changes_nothing
                of_many_commits_over_one_version_exactly_one_wins
                a_conflict_costs_only_its_own_unit
                a_unit_that_breaks_a_table_costs_only_itself
                a_unit_that_contradicts_itself_is_refused
                a_cvc_is_erased_and_the_card_stays_until_it_is_erased
                what_was_acknowledged_is_there_after_a_restart
                recent_orders_are_listed_newest_first_and_in_pages
                deleting_a_sites_data_spares_other_sites
                a_closed_store_says_so
                texts_of_all_kinds_come_back_as_they_were
            }
            children {
                a_child_is_an_order_and_its_parent_changes_it
                a_child_whose_name_or_key_is_taken_makes_the_whole_unit_a_conflict
                a_child_that_is_not_there_makes_the_whole_unit_a_conflict
                of_many_children_of_one_name_exactly_one_wins
                children_and_new_orders_race_for_one_name_and_one_wins
                children_cost_no_other_unit_of_their_batch
                a_unit_whose_children_contradict_each_other_is_refused
            }
            journal {
                a_journal_comes_back_as_it_was_booked
                an_entry_is_never_written_over
                a_sites_journal_is_read_by_time_and_in_pages
                journals_are_read_for_many_orders_at_once
                seals_are_numbered_once
                deleting_a_sites_data_takes_journal_and_seals
            }
            attempts {
                attempts_are_counted_by_address_person_bin_and_card
                declines_are_counted_beside_their_attempts
                declines_outlive_their_attempts_until_they_no_longer_count
                a_flood_of_attempts_is_counted_up_to_a_bound
                old_attempts_are_pruned_and_no_others
            }
            idempotency {
                a_request_is_begun_answered_and_replayed
                another_request_with_the_same_key_is_told_apart
                of_many_who_begin_one_request_exactly_one_may
                a_request_whose_process_died_is_taken_over_by_one
                an_answer_is_stored_with_the_change_or_not_at_all
                all_who_come_after_the_lease_are_told_the_answer
                an_answered_request_changes_nothing_again
                a_forgotten_request_can_be_made_again
                old_requests_are_pruned_and_no_others
                deleting_a_sites_data_takes_its_requests
            }
            tokens {
                a_token_comes_back_as_it_was_made
                a_token_lives_and_dies_with_its_first_payment
                tokens_of_a_payer_are_listed_newest_first_and_in_pages
                accounts_test_sites_and_live_sites_do_not_see_each_others_tokens
                the_token_of_a_card_is_found_while_it_lives
                a_payer_has_one_token_for_a_card_and_a_model
                a_token_ends_with_the_last_of_its_first_payments
                of_many_that_store_one_card_at_once_exactly_one_makes_the_token
                a_charge_needs_an_active_token_or_its_whole_unit_is_a_conflict
                of_many_charges_of_one_token_within_its_interval_exactly_one_wins
                charges_without_an_interval_do_not_hinder_each_other
                a_token_gets_another_date_and_is_deleted_with_its_card
                deleting_a_sites_data_takes_its_tokens
            }
            mails {
                a_mail_comes_back_as_it_was_kept
                a_mailbox_is_listed_newest_first_and_keeps_the_newest
                old_mails_are_pruned_and_go_with_their_orders
                a_person_who_tries_elsewhere_is_seen
            }
            lists {
                files_are_listed_without_content_and_read_with_it
                timers_of_a_kind_are_listed_soonest_first
                orders_between_two_keys_are_listed_in_pages
            }
            operations {
                operations_are_written_with_their_order_and_changed_by_it
                operations_are_listed_by_class_and_time_from_both_ends
                pages_of_operations_meet_whatever_comes_in_between
                operations_go_with_the_data_of_their_site
                operations_that_are_added_later_replace_none
                orders_are_found_by_the_references_of_their_money
            }
            dues {
                a_notification_is_claimed_when_it_is_due
                a_lease_that_runs_out_is_taken_by_another_worker
                notifications_of_one_order_go_one_at_a_time_oldest_first
                a_newer_notification_may_go_while_an_older_one_waits
                an_acknowledgement_drops_older_ones_that_wait
                a_stranger_to_the_lease_cannot_schedule_but_can_acknowledge
                a_manual_attempt_leaves_the_series_alone
                two_workers_never_get_the_same_notification
                two_workers_never_hold_two_notifications_of_one_order
                buckets_share_the_work_without_overlap
                a_timer_goes_off_once_and_can_be_moved_or_cancelled
                advices_of_one_chain_go_one_after_the_other
                an_advice_is_preceded_by_what_is_owed_of_its_chain_or_of_a_kind
                a_notification_is_preceded_by_older_ones_of_its_sale_that_are_due
                an_advice_is_postponed_stopped_or_settled_by_its_owner
                next_due_is_the_earliest_of_all_kinds
            }
            settings {
                settings_come_back_and_count_their_version_up
                a_site_is_deleted_with_its_keys_once_it_has_no_orders
                a_site_is_changed_over_the_version_that_was_read
                the_first_writer_of_a_key_wins
                a_sites_clock_moves_everything_pending_on_it_and_nothing_else
                a_trial_of_writing_changes_nothing_that_counts
                numbers_are_never_reused_across_a_restart
                numbers_reserved_at_once_do_not_overlap
                a_node_number_belongs_to_one_process_at_a_time
                all_node_numbers_can_be_leased_and_no_more
                several_processes_can_start_at_once
            }
        }
    };
}
