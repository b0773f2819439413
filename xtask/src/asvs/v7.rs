//! Chapter V7: sessions.

use super::{Row, met, not_applicable, not_met, partly};

pub(super) const ROWS: &[Row] = &[
    met("7.1.1", 2, "Lifetimes of sessions are documented", "The section “Sessions” above", &[]),
    met(
        "7.1.2",
        2,
        "It is documented how many sessions an account may have",
        "The section “Sessions” above: any number",
        &[],
    ),
    met(
        "7.1.3",
        2,
        "It is documented how sessions and those of providers hang together",
        "The section “Sessions” above",
        &[],
    ),
    met(
        "7.2.1",
        1,
        "Session tokens are verified by the server",
        "",
        &[
            "server/src/cookies.rs::a_sealed_token_opens_with_its_secrets_name_and_time_only",
            "server/tests/golden/main.rs::every_recording_is_played_and_none_was_lost",
        ],
    ),
    met(
        "7.2.2",
        1,
        "Session tokens are made for each session",
        "",
        &["server/tests/api/session_hook.rs::an_app_gets_a_token_while_the_switch_is_on"],
    ),
    met(
        "7.2.3",
        1,
        "Session tokens have at least 128 random bits",
        "190 bits from the operating system's random generator; the hash alone is stored",
        &[],
    ),
    met(
        "7.2.4",
        1,
        "Each sign-in gives a new token and ends the old one",
        "Also a sign-in again (`refresh`): the old token reads for `vestibule.session.rotation_overlap`, and changes nothing",
        &[
            "server/tests/api/unverified.rs::the_token_from_before_the_proof_is_worth_nothing_after_it",
            "server/tests/api/fresh_sign_in.rs::the_token_changes_and_the_old_one_reads_for_a_moment",
        ],
    ),
    not_met("7.3.1", 2, "Sessions that are not used end", "There is no such limit, as in Kratos"),
    met(
        "7.3.2",
        2,
        "Sessions end after a fixed time",
        "`session.lifespan`",
        &[
            "server/tests/api/unverified.rs::a_session_from_before_any_proof_is_short_and_a_refresh_does_not_extend_it",
            "server/tests/golden/main.rs::every_recording_is_played_and_none_was_lost",
        ],
    ),
    met(
        "7.4.1",
        1,
        "A session that ended is worth nothing",
        "",
        &[
            "server/tests/pages.rs::sign_up_sign_in_sign_out",
            "server/tests/golden/main.rs::every_recording_is_played_and_none_was_lost",
            "server/tests/cli/operators.rs::operators_are_disabled_and_get_reset_links",
        ],
    ),
    partly(
        "7.4.2",
        1,
        "Sessions of disabled and deleted accounts end",
        "Deleting ends them. Disabling an account is not in the admin API yet; operators are signed out at once",
        &[
            "server/tests/api/hand_over.rs::an_account_that_the_administrator_deleted_is_not_signed_in",
            "server/tests/cli/operators.rs::operators_are_disabled_and_get_reset_links",
        ],
    ),
    partly(
        "7.4.3",
        2,
        "After a change of a factor all other sessions can be ended",
        "The first verification and a reset link end them. Factors cannot be changed by users yet",
        &[
            "server/tests/api/takeover.rs::the_squatters_session_password_second_address_and_hand_over_are_dead",
            "server/tests/console/doors.rs::a_reset_link_sets_a_password_once_and_ends_older_sessions",
        ],
    ),
    met(
        "7.4.4",
        2,
        "Signing out is easy to find",
        "On the hosted page of the session and on every page of the console",
        &["server/tests/pages.rs::sign_up_sign_in_sign_out"],
    ),
    not_met(
        "7.4.5",
        2,
        "Administrators can end sessions",
        "The admin API has no sessions yet; deleting the account ends them",
    ),
    not_applicable(
        "7.5.1",
        2,
        "Changing what authentication rests on asks for a fresh sign-in",
        "Users can change none of it yet",
    ),
    partly(
        "7.5.2",
        2,
        "Users can see and end their sessions",
        "By the API, without signing in again",
        &[
            "server/tests/api/hooks.rs::signing_in_can_end_all_other_sessions",
            "server/tests/golden/main.rs::every_recording_is_played_and_none_was_lost",
        ],
    ),
    partly(
        "7.5.3",
        3,
        "Sensitive operations ask for a further verification",
        "In the console: dangerous changes, and whatever holds secrets, ask for a sign-in within five minutes",
        &[
            "engine/tests/settings/dangers.rs::a_new_danger_takes_an_owner_a_fresh_sign_in_and_a_reason",
            "engine/tests/settings/social.rs::changing_one_is_for_owners_who_have_just_signed_in",
        ],
    ),
    partly(
        "7.6.1",
        2,
        "Sessions of providers and ours end as documented",
        "As documented they are independent; a provider's logout is not listened to",
        &[],
    ),
    met(
        "7.6.2",
        2,
        "Nobody is signed in without an action of their own",
        "",
        &[
            "server/tests/api/hand_over.rs::a_mail_scanners_get_signs_nobody_in_and_takes_nothing_from_who_signed_up",
            "server/tests/api/social_trouble.rs::the_way_back_is_good_in_the_browser_that_left",
            "server/tests/api/hand_over.rs::the_session_of_somebody_else_in_that_browser_is_not_replaced",
            "server/tests/api/forms.rs::a_get_takes_no_form",
            "server/tests/api/jars.rs::a_form_that_begins_belongs_to_no_cookie_of_somebody_else",
        ],
    ),
];
