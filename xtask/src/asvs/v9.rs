//! Chapter V9: self-contained tokens. The server reads those of providers and issues none.

use super::{Row, met, not_applicable, partly};

pub(super) const ROWS: &[Row] = &[
    met(
        "9.1.1",
        1,
        "Signatures are checked before a token is used",
        "",
        &["server/tests/api/social_trouble.rs::a_provider_that_misbehaves_signs_nobody_in"],
    ),
    met(
        "9.1.2",
        1,
        "Only allowed algorithms, and never none",
        "RSA and elliptic curves; nothing symmetric",
        &["server/tests/api/social_trouble.rs::a_provider_that_misbehaves_signs_nobody_in"],
    ),
    met(
        "9.1.3",
        1,
        "Keys come from the configured issuer",
        "Key URLs in the header of a token are ignored",
        &[
            "server/tests/api/social_trouble.rs::what_a_provider_says_of_itself_is_kept_and_new_keys_are_found",
            "server/tests/api/social_reasons.rs::a_provider_that_is_gone_cannot_be_asked_or_is_another_has_a_reason_in_the_log",
        ],
    ),
    met(
        "9.2.1",
        1,
        "Tokens are only valid within their validity period",
        "With 60 seconds of clock tolerance",
        &["server/tests/api/social_trouble.rs::a_provider_that_misbehaves_signs_nobody_in"],
    ),
    partly(
        "9.2.2",
        2,
        "A token is of the right type for its purpose",
        "Issuer, audience, `azp` and nonce are checked, and the header `typ` is not",
        &[
            "server/tests/api/social_reasons.rs::each_trouble_with_a_provider_s_answer_has_a_reason_in_the_log",
        ],
    ),
    met(
        "9.2.3",
        2,
        "A token is meant for this service",
        "",
        &["server/tests/api/social_trouble.rs::a_provider_that_misbehaves_signs_nobody_in"],
    ),
    not_applicable("9.2.4", 2, "Issued tokens name their audience", "None are issued yet"),
];
