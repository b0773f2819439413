//! Chapter V7: sessions.

use super::{Row, met, not_met, partly};

pub(super) const ROWS: &[Row] = &[
    met("7.1.1", 2, "Lifetimes of sessions are documented", "The section “Sessions” above", &[]),
    met(
        "7.1.2",
        2,
        "The maximum number of sessions per account is documented",
        "The section “Sessions” above: any number",
        &[],
    ),
    met(
        "7.1.3",
        2,
        "The relation between sessions here and at providers is documented",
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
        "Each session has a new token",
        "",
        &["server/tests/api/session_hook.rs::an_app_gets_a_token_while_the_switch_is_on"],
    ),
    met(
        "7.2.3",
        1,
        "Session tokens have at least 128 random bits",
        "190 bits from the operating system's random generator; only the hash is stored",
        &[],
    ),
    met(
        "7.2.4",
        1,
        "Each sign-in issues a new token and revokes the old one",
        "Also a refresh: the old token is valid for reading for `vestibule.session.rotation_overlap`, and can't change anything",
        &[
            "server/tests/api/unverified.rs::the_token_from_before_the_proof_is_worth_nothing_after_it",
            "server/tests/api/fresh_sign_in.rs::the_token_changes_and_the_old_one_reads_for_a_moment",
        ],
    ),
    not_met("7.3.1", 2, "Inactive sessions end", "There is no such limit, as in Kratos"),
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
        "A session that ended can't be used",
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
        "Deleting ends them. The admin API can't disable accounts yet; operators are signed out immediately",
        &[
            "server/tests/api/hand_over.rs::an_account_that_the_administrator_deleted_is_not_signed_in",
            "server/tests/cli/operators.rs::operators_are_disabled_and_get_reset_links",
        ],
    ),
    met(
        "7.4.3",
        2,
        "After a change of a factor, all other sessions can be revoked",
        "By a button in the settings, or always (`vestibule.password.change_ends_other_sessions`). A recovery, the first verification \
         and a reset link end them",
        &[
            "server/tests/api/account_settings.rs::the_page_ends_other_sessions_for_its_own_forms_alone",
            "server/tests/api/account_settings.rs::a_new_password_ends_other_sessions_where_the_key_says_so",
            "server/tests/api/takeover.rs::the_squatters_session_password_second_address_and_hand_over_are_dead",
            "server/tests/console/auth.rs::a_reset_link_sets_a_password_once_and_ends_older_sessions",
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
        "Administrators can revoke sessions",
        "The admin API has no sessions yet; deleting the account ends them",
    ),
    met(
        "7.5.1",
        2,
        "Changing authentication data requires a recent sign-in",
        "`selfservice.flows.settings.privileged_session_max_age`",
        &[
            "server/tests/api/account_settings.rs::what_lets_somebody_in_takes_a_recent_sign_in",
            "server/tests/api/account_providers.rs::connecting_and_disconnecting_take_a_recent_sign_in",
        ],
    ),
    partly(
        "7.5.2",
        2,
        "Users can list and revoke their sessions",
        "With the API, without signing in again",
        &[
            "server/tests/api/hooks.rs::signing_in_can_end_all_other_sessions",
            "server/tests/golden/main.rs::every_recording_is_played_and_none_was_lost",
        ],
    ),
    partly(
        "7.5.3",
        3,
        "Sensitive operations require further authentication",
        "In the console: dangerous changes, and changes with secrets, require a sign-in within the last five minutes",
        &[
            "engine/tests/settings/dangers.rs::a_new_danger_takes_an_owner_a_fresh_sign_in_and_a_reason",
            "engine/tests/settings/social.rs::changing_one_is_for_owners_who_have_just_signed_in",
        ],
    ),
    partly(
        "7.6.1",
        2,
        "Sessions here and at providers end as documented",
        "They are documented as independent; a provider's logout is ignored",
        &[],
    ),
    met(
        "7.6.2",
        2,
        "Users are signed in only by their own action",
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
