//! The rules whose loss would hurt a user most, each with the way to break it and the tests that must notice. A rule is found by its
//! marker, a comment line directly above the code that enforces it: `// sabotage: NAME`. To add a rule, write the marker and an entry.

pub(super) struct Rule {
    /// Of the marker. `cargo xtask sabotage NAME` takes it.
    pub(super) name: &'static str,
    /// In the lines that follow the marker (see [`super::markers::REACH`]), exactly once.
    pub(super) text: &'static str,
    pub(super) instead: &'static str,
    /// Each of them must fail.
    pub(super) tests: Tests,
}

/// Tests of one binary.
#[derive(Clone, Copy)]
pub(super) struct Tests {
    pub(super) package: &'static str,
    /// `--lib`, or `--test` and the binary.
    pub(super) binary: &'static [&'static str],
    /// As libtest names them.
    pub(super) names: &'static [&'static str],
}

const fn engine(binary: &'static [&'static str], names: &'static [&'static str]) -> Tests {
    Tests { package: "engine", binary, names }
}

const fn server(binary: &'static [&'static str], names: &'static [&'static str]) -> Tests {
    Tests { package: "server", binary, names }
}

const LIB: &[&str] = &["--lib"];
const FLOWS: &[&str] = &["--test", "flows"];
const HOUSE: &[&str] = &["--test", "house"];
const SETTINGS: &[&str] = &["--test", "settings"];
const STORE: &[&str] = &["--test", "store"];
const API: &[&str] = &["--test", "api"];
const CLI: &[&str] = &["--test", "cli"];
const CONSOLE: &[&str] = &["--test", "console"];
const GOLDEN: &[&str] = &["--test", "golden"];

pub(super) const RULES: &[Rule] = &[
    // Sessions.
    Rule {
        name: "session-last",
        text: "steps.push(Step::SignIn)",
        instead: "steps.insert(1, Step::SignIn)",
        tests: engine(FLOWS, &["rules::the_session_is_handed_over_last_whatever_the_list_says"]),
    },
    Rule {
        name: "session-after-proof",
        text: "|address| address.verified",
        instead: "|_| true",
        tests: server(GOLDEN, &["require_verified_address"]),
    },
    Rule {
        name: "session-while-it-holds",
        text: "known.basis.holds(tx, known.identity.id).await?",
        instead: "true",
        tests: server(API, &["fresh_sign_in::nobody_is_signed_in_by_what_is_no_longer_so"]),
    },
    Rule {
        name: "privileged-session",
        text: "session.authenticated_at + age > ctx.effects().now()",
        instead: "session.authenticated_at + age > ctx.effects().now() || true",
        tests: server(API, &["account_settings::what_lets_somebody_in_takes_a_recent_sign_in"]),
    },
    Rule {
        name: "settings-owner",
        text: "flow.account() == Some(current.identity.id)",
        instead: "true",
        tests: server(API, &["account_settings::the_form_of_another_account_is_neither_read_nor_sent"]),
    },
    Rule {
        name: "new-address-of-an-active-session",
        text: "sessions::hold(tx, session.id, &session.token_hash, now).await?",
        instead: "true",
        tests: server(
            API,
            &["account_emails::a_change_that_waits_ends_with_its_session_and_with_another_change"],
        ),
    },
    Rule {
        name: "last-sign-in-method",
        text: "usable(config, &after.credentials) == 0",
        instead: "false",
        tests: server(API, &["account_providers::the_last_sign_in_method_stays_from_two_tabs_as_well"]),
    },
    Rule {
        name: "linked-to-one-account",
        text: "other.id != record.identity.id",
        instead: "other.id == record.identity.id",
        tests: server(
            API,
            &["account_providers::an_account_at_the_provider_that_signs_in_to_another_account_is_refused"],
        ),
    },
    Rule {
        name: "sessions-end-at-first-proof",
        text: "END_UNVERIFIED_SESSIONS, &[&identity.id.0]",
        instead: "END_UNVERIFIED_SESSIONS, &[&Uuid::nil()]",
        tests: server(API, &["unverified::a_squatters_session_ends_when_the_owner_of_the_address_proves_it"]),
    },
    Rule {
        name: "recovery-ends-sessions",
        text: "sessions::revoke_others(tx, recovered.identity.id, session.id).await?;",
        instead: "",
        tests: server(API, &["recovery::a_code_signs_in_verifies_its_email_and_ends_every_other_session"]),
    },
    Rule {
        name: "new-password-after-recovery",
        text: "was_recovered || ",
        instead: "",
        tests: server(
            API,
            &["recovery_attacked::a_sign_in_with_the_old_password_beside_a_recovery_ends_with_the_new_one"],
        ),
    },
    Rule {
        name: "link-opened-by-a-scanner",
        text: "if asks_first",
        instead: "if false && asks_first",
        tests: server(API, &["recovery_attacked::an_email_scanner_uses_no_link_up"]),
    },
    Rule {
        name: "revoked-session",
        text: "session.active && ",
        instead: "",
        tests: server(GOLDEN, &["logout"]),
    },
    Rule {
        name: "token-rotation",
        text: "set token_hash = $3",
        instead: "set token_hash = coalesce(token_hash, $3)",
        tests: server(API, &["fresh_sign_in::the_token_changes_and_the_old_one_reads_for_a_moment"]),
    },
    Rule {
        name: "token-within-session",
        text: "end > session.expires_at.timestamp() as f64",
        instead: "end > f64::MAX",
        tests: server(API, &["tokenised::a_token_ends_with_its_session"]),
    },
    // Forms.
    Rule {
        name: "form-ownership",
        text: "flow.owner(&submit.csrf_cookies)",
        instead: "submit.csrf_cookies.first()",
        tests: server(
            API,
            &["ownership::another_browser_neither_reads_nor_writes_a_form_and_uses_nothing_of_it_up"],
        ),
    },
    Rule {
        name: "csrf-token",
        text: "unmasked.ct_eq(&secret).into()",
        instead: "unmasked.len() == secret.len()",
        tests: engine(FLOWS, &["rules::a_form_token_fits_its_own_cookie_only"]),
    },
    Rule {
        name: "form-origin",
        text: "Sender::Own => next",
        instead: "Sender::Own | Sender::Foreign(_) => next",
        tests: server(API, &["forms::a_form_from_a_page_elsewhere_is_refused_before_anything_is_written"]),
    },
    Rule {
        name: "flow-version",
        text: "and version = $7",
        instead: "and version >= $7",
        tests: engine(STORE, &["records::a_flow_is_written_only_over_the_version_that_was_read::sqlite"]),
    },
    Rule {
        name: "return-address",
        text: "allows(entry, &url)",
        instead: "!entry.is_empty()",
        tests: engine(FLOWS, &["rules::only_allowed_addresses_are_returned_to"]),
    },
    // Guessing and enumeration.
    Rule {
        name: "attempt-before-comparison",
        text: "codes::attempt(",
        instead: "codes::attempts(",
        tests: server(API, &["proof::the_sixth_try_is_the_end_even_with_the_right_code"]),
    },
    Rule {
        name: "code-once",
        text: "used_at is null and expires_at",
        instead: "expires_at",
        tests: engine(STORE, &["mail::a_code_is_used_once_and_not_after_its_time::sqlite"]),
    },
    Rule {
        name: "password-throttle",
        text: "since + delay > now",
        instead: "since > now + delay",
        tests: server(API, &["guessing::guesses_at_one_account_are_delayed_for_the_client_that_guesses"]),
    },
    Rule {
        name: "enumeration-prevention",
        text: "&& config.sends_codes()",
        instead: "&& !config.sends_codes()",
        tests: server(API, &["leaks::an_app_is_told_the_same_whether_or_not_the_address_is_known"]),
    },
    Rule {
        name: "same-work-without-account",
        text: "dummy(memory, keys, password)?;",
        instead: "",
        tests: engine(LIB, &["password::tests::nobody_costs_a_hash"]),
    },
    Rule {
        name: "stored-formats",
        text: "self.formats.load().stand_in(config, identifier)",
        instead: "None::<String>",
        tests: engine(FLOWS, &["formats::an_identifier_that_nobody_has_is_compared_with_what_is_stored"]),
    },
    // Providers.
    Rule {
        name: "id-token-once",
        text: "oidc::spend(ctx, tx, work.facts.token.as_ref()).await?;",
        instead: "",
        tests: server(API, &["proven_elsewhere::an_id_token_signs_in_once"]),
    },
    Rule {
        name: "provider-browser",
        text: "with_hash(&request.browser, left)",
        instead: "request.browser.first()",
        tests: server(API, &["social_trouble::the_way_back_is_good_in_the_browser_that_left"]),
    },
    Rule {
        name: "provider-signature",
        text: "self.signed.as_bytes(), signature)",
        instead: "self.signed.as_bytes(), signature).or(Ok(()))",
        tests: server(API, &["social_trouble::a_provider_that_misbehaves_signs_nobody_in"]),
    },
    // Secrets.
    Rule {
        name: "hash-in-responses",
        text: "if include.contains(",
        instead: "if true || include.contains(",
        tests: server(API, &["admin_lists::what_a_credential_holds_is_shown_when_it_is_asked_for"]),
    },
    Rule {
        name: "encrypted-at-rest",
        text: "&sealed]",
        instead: "text]",
        tests: engine(HOUSE, &["courier::code_and_link_are_readable_to_nobody_before_and_after"]),
    },
    Rule {
        name: "password-in-a-page",
        text: "input.kind == InputKind::Password",
        instead: "input.name.is_empty()",
        tests: Tests {
            package: "app",
            binary: LIB,
            names: &["hosted::tests::a_password_is_never_written_into_a_page"],
        },
    },
    Rule {
        name: "secret-in-a-draft",
        text: "!rules::SECRETS.contains(&field)",
        instead: "!field.is_empty()",
        tests: server(
            API,
            &["social_console::saving::what_was_typed_outlives_the_session_but_for_the_secret"],
        ),
    },
    // Webhooks.
    Rule {
        name: "text-message-countries",
        text: "limits.countries.has(&country)",
        instead: "country.len() == 2",
        tests: server(
            API,
            &["text_messages::numbers_of_other_countries_get_the_same_response_and_no_message"],
        ),
    },
    Rule {
        name: "private-network",
        text: "Reach::Public => public(address)",
        instead: "Reach::Public => !address.is_unspecified()",
        tests: server(API, &["hooks::private_networks_are_refused_where_the_configuration_says_so"]),
    },
    Rule {
        name: "own-cookies-to-webhooks",
        text: "!ours(name)",
        instead: "!name.is_empty()",
        tests: server(API, &["hooks::our_own_cookies_and_tokens_never_reach_a_template"]),
    },
    // Admin API and console.
    Rule {
        name: "admin-token",
        text: "(Some(_), true) =>",
        instead: "(Some(_), true) if !requester.is_internal() =>",
        tests: server(API, &["requesters::where_the_token_is_required_every_client_sends_it_but_for_health"]),
    },
    Rule {
        name: "admin-host",
        text: "(!ours)",
        instead: "(!ours && host.is_empty())",
        tests: server(API, &["edges::the_admin_api_answers_to_its_own_names_only"]),
    },
    Rule {
        name: "console-origin",
        text: "if origin == own",
        instead: "if !origin.is_empty()",
        tests: server(CONSOLE, &["auth::a_post_from_elsewhere_changes_nothing"]),
    },
    Rule {
        name: "hosts-forbidden-by-a-file",
        text: "get(document, IN_CONSOLE) == Some(&Value::Bool(false))",
        instead: "get(document, IN_CONSOLE) == Some(&Value::Null)",
        tests: server(
            CONSOLE,
            &["webhooks::hosts::a_file_forbids_it_and_what_was_allowed_before_no_longer_counts"],
        ),
    },
    Rule {
        name: "console-role",
        text: "!operator.disabled && operator.role != Role::Viewer",
        instead: "!operator.disabled",
        tests: server(CONSOLE, &["roles::a_viewer_sees_everything_and_changes_nothing"]),
    },
    Rule {
        name: "last-owner",
        text: "self.owners > 1",
        instead: "self.owners > 0",
        tests: server(
            CONSOLE,
            &["operators::a_role_applies_from_the_next_request_and_the_last_owner_keeps_it"],
        ),
    },
    Rule {
        name: "danger-by-a-command",
        text: "=> *confirmed,",
        instead: "=> *confirmed || self.may_write(),",
        tests: server(CLI, &["settings::a_danger_takes_a_reason_and_a_yes"]),
    },
    Rule {
        name: "revision-conflict",
        text: "if number != base {",
        instead: "let base = number; if number != base {",
        tests: engine(SETTINGS, &["switches::a_save_on_an_old_base_is_a_conflict_and_changes_nothing"]),
    },
];

#[cfg(test)]
mod tests {
    use super::RULES;
    use crate::sabotage::markers;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn root() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    #[test]
    fn each_rule_has_one_marker_and_each_marker_one_rule_that_still_applies() {
        let marked = markers::all(&root()).unwrap();
        for rule in RULES {
            let of_rule: Vec<_> = marked.iter().filter(|marker| marker.name == rule.name).collect();
            assert_eq!(of_rule.len(), 1, "{}: `// sabotage: {0}` must be in the sources once", rule.name);
            let source = std::fs::read_to_string(root().join(&of_rule[0].file)).unwrap();
            let broken = markers::broken(&source, rule).unwrap_or_else(|why| panic!("{why}"));
            assert_ne!(broken, source, "{}", rule.name);
        }
        for marker in marked {
            let rules = RULES.iter().filter(|rule| rule.name == marker.name).count();
            assert_eq!(rules, 1, "{}: {} has {rules} rules", marker.file.display(), marker.name);
        }
    }

    #[test]
    fn names_are_in_small_letters() {
        let fine = |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        assert_eq!(RULES.iter().map(|rule| rule.name).find(|name| !fine(name)), None);
    }

    /// Whether a test can fail is for `cargo xtask sabotage`. That it exists is checked without compiling anything.
    #[test]
    fn every_named_test_exists() {
        for rule in RULES {
            let names: BTreeSet<&str> = rule.tests.names.iter().copied().collect();
            assert!(!names.is_empty() && names.len() == rule.tests.names.len(), "{}", rule.name);
            for name in names {
                let last = name.rsplit("::").find(|part| !["sqlite", "postgres"].contains(part)).unwrap();
                assert!(is_below(&root().join(rule.tests.package), last), "{}: no test {name}", rule.name);
            }
        }
    }

    fn is_below(folder: &Path, name: &str) -> bool {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
            if path.is_dir() {
                return is_below(&path, name);
            }
            // A function, or a line of the golden tests' list.
            path.extension().is_some_and(|extension| extension == "rs")
                && std::fs::read_to_string(&path).unwrap().lines().any(|line| {
                    line.contains(&format!("fn {name}(")) || line.contains(&format!(" {name} = "))
                })
        })
    }
}
