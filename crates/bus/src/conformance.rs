//! What every back end has to do, as tests that any of them can run.
//!
//! A back end's own tests implement [`Subject`] and make one test of each name in
//! [`conformance_cases!`](crate::conformance_cases) and, unless its tails lose records on purpose, in
//! [`conformance_tail_cases!`](crate::conformance_tail_cases):
//!
//! ```text
//! macro_rules! tests {
//!     ($($case:ident)*) => { $(
//!         #[tokio::test(flavor = "multi_thread")]
//!         async fn $case() {
//!             conformance::run(stringify!($case), &MySubject::new()).await;
//!         }
//!     )* };
//! }
//! fanfare_bus::conformance_cases!(tests);
//! fanfare_bus::conformance_tail_cases!(tests);
//! ```
//!
//! The cases suit a broker with real time: they ask the subject to let seconds pass at most, wait for what takes a
//! moment, and repeat what was answered with [`LogError::Stale`](crate::LogError::Stale) or `Unavailable`.
#![expect(clippy::unwrap_used, reason = "these are tests: they fail by a panic")]

mod append;
mod batch;
mod bus;
mod expiry;
mod history;
mod kv;
mod read;
mod request;
mod restart;
mod schedule;
mod support;
mod tail;
mod trim;
mod watch;

use crate::Handles;
use async_trait::async_trait;
use std::pin::Pin;

/// One back end under test. Each case gets a new one.
#[async_trait]
pub trait Subject: Send + Sync {
    /// Opens it: empty the first time; later with everything that the handles before, which are all dropped by then, have
    /// left behind.
    async fn open(&self) -> Handles;

    /// The time by the clock the back end reads.
    fn now_ms(&self) -> i64;

    /// Lets at least `ms` pass on that clock: moves it, or waits.
    async fn pass(&self, ms: u64);

    /// So many records are surely too many for a tail, and so many messages or changes for a subscription or a watch, that
    /// nobody reads.
    fn overflow(&self) -> usize;
}

/// Runs one case.
///
/// # Panics
///
/// When the back end fails it, or there is no such case.
pub async fn run(name: &str, subject: &dyn Subject) {
    let case = CASES.iter().find(|(known, _case)| *known == name);
    let (_name, case) = case.unwrap_or_else(|| panic!("no case is called {name}"));
    case(subject).await;
}

type Case = for<'a> fn(&'a dyn Subject) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Both macros and the table come from one list, so that a case which is not listed is dead code and warned of.
macro_rules! cases {
    (
        ($d:tt)
        cases { $($module:ident { $($case:ident)* })* }
        tail_cases { $($tail_case:ident)* }
    ) => {
        const CASES: &[(&str, Case)] = &[
            $($((stringify!($case), |subject| Box::pin($module::$case(subject))),)*)*
            $((stringify!($tail_case), |subject| Box::pin(tail::$tail_case(subject))),)*
        ];

        /// Calls the macro it is given with the names of all cases that hold with lossy tails too.
        #[macro_export]
        macro_rules! conformance_cases {
            ($d each:ident) => { $d each! { $($($case)*)* } };
        }

        /// Calls the macro it is given with the names of the cases that need a tail which loses nothing unasked.
        #[macro_export]
        macro_rules! conformance_tail_cases {
            ($d each:ident) => { $d each! { $($tail_case)* } };
        }
    };
}

cases! {
    ($)
    cases {
        append {
            ordinals_have_no_holes_under_concurrent_appends
            every_record_names_the_one_before_it
            the_chain_skips_what_was_deleted
            the_same_id_gets_the_first_answer
            the_same_id_at_the_same_time_appends_once
            an_id_belongs_to_its_channel
            one_of_many_conditional_appends_wins
            a_rejected_append_uses_no_ordinal
            a_repeated_conditional_append_is_a_duplicate_and_no_conflict
            what_is_too_large_is_refused
        }
        batch {
            a_batch_with_a_conflict_leaves_nothing
            a_batch_sees_its_own_records
            a_known_id_in_a_batch_is_a_duplicate_alone
            a_batch_is_visible_all_at_once
        }
        read {
            heads_show_every_append_that_was_answered
            heads_keep_the_order_they_were_asked_in
            a_read_reaches_upto_page_by_page
            a_read_beyond_the_head_is_refused_and_not_shortened
            a_position_of_no_such_record_is_a_mismatch
            a_position_whose_record_is_deleted_is_fine
            a_deleted_record_is_gone_and_its_ordinal_stays_used
        }
        trim {
            readers_from_before_a_trim_are_told
            a_channel_goes_on_after_everything_was_trimmed
            a_trim_below_the_start_changes_nothing
        }
        history {
            history_pages_walk_back_from_the_latest
            history_pages_walk_forward
            history_is_empty_beyond_its_ends
        }
        expiry {
            an_expired_record_is_gone_and_its_ordinal_stays_used
            the_chain_skips_what_has_expired
            a_position_whose_record_has_expired_is_fine
            a_read_steps_over_what_has_expired
        }
        schedule {
            a_scheduled_append_happens_once_and_not_early
            a_scheduled_append_in_the_past_happens_at_once
            a_cancelled_append_does_not_happen
            a_cancel_after_the_append_says_so
            the_same_key_replaces_what_was_scheduled
        }
        restart {
            what_was_answered_is_there_after_a_restart
            ids_are_remembered_across_a_restart
            the_last_ordinal_is_not_reused_after_expiry_and_restart
            a_scheduled_append_happens_once_across_restarts
            records_of_buckets_survive_a_restart
        }
        kv {
            a_record_is_read_as_it_was_written
            revisions_grow_and_differ
            one_of_many_creators_wins
            a_write_at_another_revision_is_refused
            a_delete_checks_what_it_expects
            a_batch_of_records_is_all_or_nothing
            one_of_many_batches_of_records_wins
            a_batch_of_records_sees_its_own_steps
            a_record_with_a_ttl_vanishes
            a_rewritten_record_lives_by_its_new_ttl
            a_scan_pages_through_its_prefix
            buckets_do_not_see_each_other
            bad_keys_and_large_values_are_refused
        }
        watch {
            a_watch_tells_what_is_there_then_what_changes
            a_watch_has_no_hole_between_the_two
            a_watch_tells_what_has_expired
            a_slow_watch_misses_nothing_or_begins_anew
        }
        bus {
            a_subscriber_gets_what_is_published_after_it_subscribed_in_order
            filters_match_whole_tokens
            a_slow_subscriber_is_told_that_it_lags
            a_publish_reaches_every_subscriber_and_one_of_each_group
            a_dropped_subscription_hears_nothing_and_hurts_nobody
            a_message_tells_what_its_sender_works_for
        }
        request {
            a_request_is_answered
            a_request_nobody_serves_fails_at_once
            a_request_that_is_not_answered_times_out
            each_request_goes_to_one_of_a_group
            a_group_goes_on_without_the_member_that_left
            gather_collects_from_everybody
            gather_ends_with_its_limit
            requests_run_at_the_same_time
            a_dropped_server_finishes_what_is_under_way
        }
    }
    tail_cases {
        a_tail_misses_nothing_that_was_appended_after_it_opened
        a_tail_and_heads_read_after_it_opened_leave_no_hole
        a_tail_shows_records_as_a_read_does
        a_tail_shows_a_batch_whole_and_in_order
        a_tail_shows_nothing_that_was_rejected
        a_tail_shows_a_scheduled_append
        a_slow_tail_is_told_that_it_lags
        two_tails_do_not_take_from_each_other
        a_tail_tells_what_each_append_is_part_of
    }
}
