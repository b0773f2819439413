//! Chapter V13: configuration.

use super::{Row, met, not_applicable, not_met, partly};

pub(super) const ROWS: &[Row] = &[
    met(
        "13.1.1",
        2,
        "Services that the application calls are documented",
        "The section “Outgoing requests” above",
        &[],
    ),
    partly(
        "13.1.2",
        3,
        "Maximum connections per service, and the behavior beyond, are documented",
        "`docs/limits.md`; blocking webhook calls have a deadline, but no maximum of their own",
        &[],
    ),
    partly(
        "13.1.3",
        3,
        "Releasing resources and retrying calls is documented",
        "`docs/limits.md` and `docs/web-hooks.md`; database pools are not described",
        &[
            "engine/tests/flows/hooks.rs::a_service_that_is_away_is_tried_again_with_growing_pauses_the_same_id_and_a_fresh_time",
            "engine/tests/house/courier.rs::a_server_that_is_away_is_tried_again_with_growing_pauses_and_nothing_is_lost",
        ],
    ),
    partly(
        "13.1.4",
        2,
        "Critical secrets and their rotation are documented",
        "The section “Secrets” above, without a schedule",
        &[],
    ),
    partly(
        "13.2.1",
        2,
        "Components authenticate to each other with short-lived credentials",
        "Webhooks can be signed with a timestamp; tokens of the admin API don't expire",
        &["engine/src/hooks/request.rs::signatures_are_those_of_the_convention"],
    ),
    not_applicable(
        "13.2.2",
        2,
        "Services run with the least privileges",
        "The administrator chooses the accounts of process and database. Templates run in a process without environment",
    ),
    met(
        "13.2.3",
        2,
        "No default credentials",
        "",
        &[
            "server/tests/cli/serving.rs::generated_secrets_stay_the_same_and_are_closed_to_others",
            "server/tests/cli/operators.rs::an_operator_needs_a_password",
        ],
    ),
    partly(
        "13.2.4",
        2,
        "An allow list contains the services that the application may call",
        "For console webhooks and providers. Files can name any host, except metadata addresses and the server itself",
        &[
            "engine/tests/settings/social.rs::where_a_provider_is_asked_has_to_be_on_the_list_of_hosts",
            "engine/tests/settings/web_hooks/calling.rs::the_list_of_hosts_is_asked_again_when_the_call_is_made",
            "engine/src/effects/outbound/tests.rs::metadata_is_refused_even_where_private_networks_are_not",
            "server/tests/api/social_trouble.rs::a_description_does_not_lead_into_the_network",
        ],
    ),
    partly(
        "13.2.5",
        2,
        "The server loads only from listed sources",
        "As above; the console can't name files, and templates can't import",
        &[
            "server/tests/api/hooks.rs::neither_metadata_nor_our_own_listeners_are_called",
            "engine/src/effects/templates.rs::what_is_wrong_is_told",
        ],
    ),
    partly(
        "13.2.6",
        3,
        "Connections behave as documented",
        "Deadlines and retries do; connections to a webhook's service aren't limited",
        &[
            "server/tests/api/hooks.rs::a_hook_that_never_answers_is_given_up_and_nothing_is_stored",
            "engine/src/effects/outbound/tests.rs::redirects_are_not_followed_and_silence_ends",
            "server/tests/api/social_trouble.rs::a_slow_provider_holds_up_those_who_wait_for_it_and_nobody_else",
            "server/tests/api/hooks.rs::templates_beyond_their_number_are_sent_away_and_what_needs_none_goes_on",
        ],
    ),
    partly(
        "13.3.1",
        2,
        "Secrets are kept in a vault",
        "In files for their owner alone, or the environment; those of the console are encrypted in the database. No vault is supported",
        &[
            "server/tests/cli/serving.rs::generated_secrets_stay_the_same_and_are_closed_to_others",
            "engine/tests/settings/social.rs::the_secret_stays_out_of_everything_but_its_own_row",
        ],
    ),
    met(
        "13.3.2",
        2,
        "Access to secrets is restricted",
        "",
        &[
            "server/tests/cli/serving.rs::generated_secrets_stay_the_same_and_are_closed_to_others",
            "engine/tests/settings/web_hooks/calling.rs::secrets_are_sealed_used_and_nowhere_to_be_read",
            "server/src/cli.rs::no_argument_of_any_command_takes_a_secret",
            "server/tests/cli/secrets.rs::what_others_can_read_is_told_at_the_start_and_by_the_checks",
        ],
    ),
    not_met("13.3.3", 3, "Cryptography happens in an isolated module", "It happens in the server's process"),
    partly(
        "13.3.4",
        3,
        "Secrets expire and are rotated",
        "All can be rotated without interruption; none expires",
        &[
            "engine/tests/settings/web_hooks/calling.rs::a_signing_secret_is_made_told_once_and_exchanged_without_a_gap",
            "server/tests/api/proof.rs::a_code_outlives_an_exchange_of_secrets_and_not_the_loss_of_its_own",
        ],
    ),
    met(
        "13.4.1",
        1,
        "No source control data is deployed",
        "The binary serves embedded files, and no folder",
        &["server/src/assets.rs::what_is_not_there_is_not_found"],
    ),
    met(
        "13.4.2",
        2,
        "Debug modes are off",
        "None except the mailbox for tests, which is on by default on loopback only",
        &["engine/tests/house/courier.rs::a_mailbox_opens_by_itself_on_loopback_alone"],
    ),
    met("13.4.3", 2, "No directory listings", "", &["server/src/assets.rs::what_is_not_there_is_not_found"]),
    met(
        "13.4.4",
        2,
        "TRACE is not supported",
        "",
        &["server/tests/api/edges.rs::a_wrong_method_is_told_the_right_ones"],
    ),
    partly(
        "13.4.5",
        2,
        "Monitoring is not exposed",
        "`/health/*` is available on all listeners, as in Kratos, and only says that the server is ready",
        &[],
    ),
    not_met("13.4.6", 3, "Versions are not exposed", "`/version` is available, as in Kratos"),
    met(
        "13.4.7",
        3,
        "Only web files are served",
        "Only embedded files",
        &["server/src/assets.rs::what_is_not_there_is_not_found"],
    ),
];
