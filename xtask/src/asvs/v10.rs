//! Chapter V10: OAuth and OpenID Connect. The server is a client and a relying party only.

use super::{Row, met, not_applicable, partly};

const NO_RESOURCE: &str = "The server accepts no access tokens of OAuth";
const NO_SERVER: &str = "The server is no authorization server";

pub(super) const ROWS: &[Row] = &[
    met(
        "10.1.1",
        2,
        "Tokens go only where they are needed",
        "Provider tokens stay in the server, and are neither stored nor logged",
        &[
            "server/tests/cli/log.rs::no_secret_that_was_used_is_in_the_log",
            "server/tests/api/social_reasons.rs::each_trouble_with_a_provider_s_answer_has_a_reason_in_the_log",
        ],
    ),
    met(
        "10.1.2",
        2,
        "A callback belongs to a request of the same browser",
        "State, nonce and PKCE verifier are random, for one request, and bound to a cookie",
        &[
            "server/tests/api/social_trouble.rs::the_way_back_is_good_in_the_browser_that_left",
            "server/tests/api/social_trouble.rs::a_state_that_is_missing_wrong_or_used_leads_nowhere",
            "server/tests/api/social_trouble.rs::proof_keys_follow_the_configuration_and_the_provider",
            "server/tests/api/forms.rs::a_providers_answer_is_bound_by_its_state_whatever_page_sends_it",
        ],
    ),
    met(
        "10.2.1",
        2,
        "The callback is protected from cross-site requests",
        "",
        &[
            "server/tests/api/social_trouble.rs::a_state_that_is_missing_wrong_or_used_leads_nowhere",
            "server/tests/api/social_trouble.rs::a_code_is_worth_one_trip",
        ],
    ),
    met(
        "10.2.2",
        2,
        "Responses of one provider aren't accepted for another",
        "By its own redirect URI and, if sent, `iss`",
        &["server/tests/api/social_trouble.rs::an_answer_of_one_provider_is_not_taken_for_another_s"],
    ),
    met(
        "10.2.3",
        3,
        "Only required scopes are requested",
        "Each kind requests sign-in and the email by default",
        &["engine/tests/config/reading.rs::providers_are_read_with_what_their_kind_brings_along"],
    ),
    not_applicable("10.3.1", 2, "Access tokens are meant for this service", NO_RESOURCE),
    not_applicable("10.3.2", 2, "Decisions follow the claims of access tokens", NO_RESOURCE),
    not_applicable("10.3.3", 2, "Users are found by claims that stay theirs", NO_RESOURCE),
    not_applicable("10.3.4", 2, "Access tokens show the strength of the sign-in", NO_RESOURCE),
    not_applicable("10.3.5", 3, "Stolen access tokens are useless", NO_RESOURCE),
    not_applicable("10.4.1", 1, "Redirect URIs are compared exactly", NO_SERVER),
    not_applicable("10.4.2", 1, "Authorization codes work once", NO_SERVER),
    not_applicable("10.4.3", 1, "Authorization codes are short-lived", NO_SERVER),
    not_applicable("10.4.4", 1, "Clients use only the grants they need", NO_SERVER),
    not_applicable("10.4.5", 1, "Refresh tokens cannot be replayed", NO_SERVER),
    not_applicable("10.4.6", 2, "PKCE is required", NO_SERVER),
    not_applicable("10.4.7", 2, "Registration of clients is limited", NO_SERVER),
    not_applicable("10.4.8", 2, "Refresh tokens end", NO_SERVER),
    not_applicable("10.4.9", 2, "Users can revoke tokens", NO_SERVER),
    not_applicable("10.4.10", 2, "Confidential clients authenticate", NO_SERVER),
    not_applicable("10.4.11", 2, "Clients get only needed scopes", NO_SERVER),
    not_applicable("10.4.12", 3, "Clients use only their response mode", NO_SERVER),
    not_applicable("10.4.13", 3, "Authorization requests are pushed", NO_SERVER),
    not_applicable("10.4.14", 3, "Access tokens are bound to their sender", NO_SERVER),
    not_applicable("10.4.15", 3, "Details of an authorization come from the client's server", NO_SERVER),
    not_applicable("10.4.16", 3, "Clients authenticate by keys", NO_SERVER),
    partly(
        "10.5.1",
        2,
        "An ID token can't be replayed",
        "By its nonce, for each request. A token that an app sends signs in once, unless `vestibule.social.reusable_id_tokens` lists its provider",
        &[
            "server/tests/api/social_trouble.rs::a_provider_that_misbehaves_signs_nobody_in",
            "server/tests/api/social.rs::an_app_shows_an_id_token_that_it_got_by_itself",
        ],
    ),
    met(
        "10.5.2",
        2,
        "Users are found by `sub`",
        "Together with the provider",
        &["server/tests/api/social.rs::who_is_known_signs_in_and_who_is_not_signs_up_whatever_the_form"],
    ),
    met(
        "10.5.3",
        2,
        "Metadata of another issuer is rejected",
        "Compared exactly; Microsoft's shared tenants contain `{tenantid}`, and each token its tenant",
        &[
            "server/tests/api/social_reasons.rs::a_provider_that_is_gone_cannot_be_asked_or_is_another_has_a_reason_in_the_log",
            "server/tests/api/social_trouble.rs::a_description_does_not_lead_into_the_network",
        ],
    ),
    met(
        "10.5.4",
        2,
        "An ID token is issued for this client",
        "",
        &["server/tests/api/social_trouble.rs::a_provider_that_misbehaves_signs_nobody_in"],
    ),
    not_applicable("10.5.5", 2, "Back-channel logout is checked", "There is none"),
    not_applicable("10.6.1", 2, "Only safe response modes", NO_SERVER),
    not_applicable("10.6.2", 2, "Users can't be signed out by force", NO_SERVER),
    not_applicable("10.7.1", 2, "Users consent to each authorization", NO_SERVER),
    not_applicable("10.7.2", 2, "Consent is clear", NO_SERVER),
    not_applicable("10.7.3", 2, "Consent can be revoked", NO_SERVER),
];
