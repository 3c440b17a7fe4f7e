//! The cases of the suite. Each is given an empty store.

mod approvals;
mod compromise;
mod concurrency;
mod issuing;
mod ledger;
mod offers;
mod operation;
mod status;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use mdl_issuer::store::Store;

pub(crate) type Case = fn(Arc<dyn Store>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

macro_rules! cases {
    ($($group:ident :: $case:ident),* $(,)?) => {
        &[$((concat!(stringify!($group), "::", stringify!($case)), |store| Box::pin($group::$case(store)))),*]
    };
}

pub(crate) const CASES: &[(&str, Case)] = cases![
    offers::an_offer_is_kept_as_created,
    offers::an_offer_is_created_once,
    offers::offers_are_listed_in_pages_newest_first,
    offers::an_offer_is_cancelled_once_and_for_good,
    offers::a_code_is_traded_once,
    offers::a_redemption_is_repeatable_by_its_caller,
    offers::what_is_over_is_not_redeemed,
    offers::wrong_transaction_codes_are_counted_and_lock,
    offers::transaction_code_must_be_sent_exactly_if_asked_for,
    offers::a_used_proof_redeems_nothing,
    offers::a_grant_is_found_by_its_token,
    issuing::a_reservation_is_kept,
    issuing::a_repeated_request_finds_the_same_issuance,
    issuing::a_request_is_repeated_as_often_as_it_takes_until_it_is_issued_and_not_without_end,
    issuing::a_reservation_is_repeatable_by_its_caller,
    issuing::a_nonce_is_used_by_one_request,
    issuing::a_proof_is_used_once,
    issuing::a_grant_that_is_over_reserves_nothing,
    issuing::batches_of_a_grant_are_limited,
    issuing::documents_of_a_person_are_limited,
    issuing::a_device_key_is_in_one_document,
    issuing::a_refused_reservation_records_nothing,
    issuing::a_completion_is_in_the_ledger,
    issuing::a_repeated_completion_is_recorded_once,
    issuing::a_new_signature_over_the_same_bytes_has_an_entry_of_its_own,
    issuing::other_bytes_are_not_completed,
    issuing::another_document_signer_completes_what_was_not_completed,
    issuing::an_unknown_issuance_is_not_completed,
    issuing::a_notification_is_recorded,
    issuing::issuances_of_a_person_are_listed,
    status::a_list_is_created_once,
    status::a_batch_is_spread_over_open_lists,
    status::a_batch_gets_all_positions_or_none,
    status::only_lists_of_the_tenant_are_used,
    status::one_document_changes,
    status::a_batch_changes,
    status::a_person_changes,
    status::a_lost_device_stays_suspended_when_the_licence_is_reinstated,
    status::changes_of_a_batch_are_told,
    status::what_is_invalid_stays_invalid,
    status::a_change_is_bound_to_the_tenant,
    status::a_published_list_is_served,
    status::a_list_is_needed_until_its_last_document_ends,
    status::tokens_that_nobody_can_use_are_erased,
    status::an_older_publication_does_not_replace_a_newer,
    approvals::a_request_waits_and_changes_nothing,
    approvals::a_request_that_is_repeated_is_found,
    approvals::what_is_approved_is_done_once,
    approvals::who_asks_does_not_approve,
    approvals::another_operation_or_tenant_is_not_approved,
    approvals::a_request_that_is_over_is_not_approved,
    approvals::an_approval_is_found_by_its_operation,
    compromise::what_a_signer_signed_is_withdrawn_piece_by_piece_and_nothing_else,
    compromise::a_report_is_kept_as_first_made_and_finished_when_nothing_can_follow,
    compromise::who_lost_most_comes_first_and_once,
    compromise::nobody_waits_for_documents_that_were_no_good,
    compromise::who_has_other_documents_leaves_the_queue_and_who_lets_an_offer_pass_comes_back,
    compromise::another_compromise_queues_anew,
    compromise::who_does_not_come_is_forgotten,
    ledger::entries_are_chained,
    ledger::entries_are_appended_once,
    ledger::entries_are_read_in_pages,
    ledger::checkpoints_are_kept,
    operation::a_value_counts_once,
    operation::values_are_used_together_or_not_at_all,
    operation::a_lease_has_one_holder,
    operation::what_is_over_is_erased,
    operation::the_store_answers,
    concurrency::one_of_many_redeems_a_code,
    concurrency::one_of_many_uses_a_nonce,
    concurrency::one_request_is_one_issuance,
    concurrency::positions_are_given_once,
    concurrency::a_device_key_is_used_once,
    concurrency::limits_hold,
    concurrency::the_ledger_stays_a_chain,
    concurrency::a_lease_is_given_once,
    concurrency::one_of_many_approves,
    concurrency::one_of_many_requests_is_kept,
];
