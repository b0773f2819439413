//! The list: one rule of the product a line, how it is broken, and the test that must notice. To add one, append here;
//! the test below says when a text no longer stands exactly once in its file.

pub(super) struct Change {
    /// What `--only` takes.
    pub(super) name: &'static str,
    pub(super) file: &'static str,
    /// Stands exactly once in the file.
    pub(super) text: &'static str,
    pub(super) instead: &'static str,
    pub(super) test: Test,
}

/// One test, as libtest names it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Test {
    pub(super) package: &'static str,
    /// `--lib`, or `--test` and the file.
    pub(super) target: &'static [&'static str],
    pub(super) name: &'static str,
}

const fn test(package: &'static str, target: &'static [&'static str], name: &'static str) -> Test {
    Test { package, target, name }
}

const LIB: &[&str] = &["--lib"];
const API: &[&str] = &["--test", "api"];
const CONSOLE: &[&str] = &["--test", "console"];
const GOLDEN: &[&str] = &["--test", "golden"];
const CONFIG: &[&str] = &["--test", "config"];
const RULES: &[&str] = &["--test", "rules"];
const STORE: &[&str] = &["--test", "store"];
const SETTINGS: &[&str] = &["--test", "settings"];
const DANGERS: &[&str] = &["--test", "dangers"];
const CHECKS: &[&str] = &["--test", "checks"];
const CLI: &[&str] = &["--test", "cli"];

pub(super) const CHANGES: &[Change] = &[
    Change {
        name: "session-hook",
        file: "engine/src/plan.rs",
        text: "FlowKind::Registration => list.contains(&Hook::Session),",
        instead: "FlowKind::Registration => list.contains(&Hook::Session) && false,",
        test: test("server", API, "session_hook::an_app_gets_a_token_while_the_switch_is_on"),
    },
    Change {
        name: "session-not-last",
        file: "engine/src/plan.rs",
        text: "steps.push(Step::SignIn);",
        instead: "steps.insert(1, Step::SignIn);",
        test: test("engine", RULES, "the_session_is_handed_over_last_whatever_the_list_says"),
    },
    Change {
        name: "any-origin",
        file: "server/src/guard.rs",
        text: "Some(origin) if origin == own => None,",
        instead: "Some(origin) if origin == own || own.contains(\"://\") => None,",
        test: test("server", CONSOLE, "a_post_from_elsewhere_changes_nothing"),
    },
    Change {
        name: "snapshot-ignored",
        file: "engine/src/settings/revise.rs",
        text: "engine.publish(next);",
        instead: "drop(next);",
        test: test("engine", SETTINGS, "off_on_off_takes_effect_with_the_next_snapshot_only"),
    },
    Change {
        name: "carry-over-forgotten",
        file: "engine/src/config/console.rs",
        text: "own = flow.into_iter().filter(|entry| !hooks::may_stop(entry)).collect();",
        instead: "drop(flow);",
        test: test("engine", CONFIG, "a_flow_level_hook_is_carried_over_and_back"),
    },
    Change {
        name: "duplicate-signed-in",
        file: "engine/src/flow/registration.rs",
        text: "Inserted::Taken => return Ok(None),",
        instead: "Inserted::Taken => {}",
        test: test("server", GOLDEN, "registration_duplicate"),
    },
    Change {
        name: "any-form-token",
        file: "engine/src/flow/csrf.rs",
        text: "unmasked.ct_eq(&secret).into()",
        instead: "unmasked.len() == secret.len() || bool::from(unmasked.ct_eq(&secret))",
        test: test("engine", RULES, "a_form_token_fits_its_own_cookie_only"),
    },
    Change {
        name: "any-return-address",
        file: "engine/src/flow/return_to.rs",
        text: "|entry| allows(entry, &url)",
        instead: "|entry| !entry.is_empty() || allows(entry, &url)",
        test: test("engine", RULES, "only_allowed_addresses_are_returned_to"),
    },
    Change {
        name: "link-works-again",
        file: "engine/src/store/operators.rs",
        text: "update operator_links set used_at = $3",
        instead: "update operator_links set used_at = null",
        test: test("server", CONSOLE, "a_reset_link_sets_a_password_once_and_ends_older_sessions"),
    },
    Change {
        name: "nobody-costs-nothing",
        file: "engine/src/password/algorithm.rs",
        text: "    let Some(stored) = stored else {\n        dummy(memory, keys, password)?;\n",
        instead: "    let Some(stored) = stored else {\n",
        test: test("engine", LIB, "password::tests::nobody_costs_a_hash"),
    },
    Change {
        name: "revoked-still-counts",
        file: "engine/src/session.rs",
        text: "    session.active && session.expires_at > now && identity.state",
        instead: "    session.expires_at > now && identity.state",
        test: test("server", GOLDEN, "logout"),
    },
    Change {
        name: "password-cut-off",
        file: "engine/src/password/algorithm.rs",
        text: ".hash_password_into_with_memory(password.as_bytes(), ",
        instead: ".hash_password_into_with_memory(&password.as_bytes()[..password.len().min(72)], ",
        test: test("engine", LIB, "password::tests::argon2_truncates_nothing"),
    },
    Change {
        name: "viewer-saves",
        file: "engine/src/settings/revise.rs",
        text: "if !by.disabled && by.role != Role::Viewer {",
        instead: "if !by.disabled {",
        test: test("server", CONSOLE, "a_viewer_sees_everything_and_changes_nothing"),
    },
    Change {
        name: "late-save-wins",
        file: "engine/src/settings/revise.rs",
        text: "    if number != base {",
        instead: "    let base = number;\n    if number != base {",
        test: test("engine", SETTINGS, "a_save_on_an_old_base_is_a_conflict_and_changes_nothing"),
    },
    Change {
        name: "forwarded-believed",
        file: "server/src/client.rs",
        text: "    if !trusted(&peer) {",
        instead: "    if !trusted(&peer) && !headers.contains_key(\"x-forwarded-for\") {",
        test: test("server", LIB, "client::tests::forwarded_addresses_count_behind_our_own_proxies_only"),
    },
    Change {
        name: "used-code-again",
        file: "engine/src/store/codes.rs",
        text: "where id = $1 and used_at is null and expires_at > $2",
        instead: "where id = $1 and expires_at > $2",
        test: test("engine", STORE, "mail::a_code_is_used_once_and_not_after_its_time::sqlite"),
    },
    Change {
        name: "endless-tries",
        file: "engine/src/flow/code.rs",
        text: "if attempts > ctx.config",
        instead: "if attempts / 1000 > ctx.config",
        test: test("server", API, "proof::the_sixth_try_is_the_end_even_with_the_right_code"),
    },
    Change {
        name: "open-gate",
        file: "engine/src/flow/login.rs",
        text: "if identity.verifiable_addresses.iter().any(|address| address.verified) {",
        instead: "if identity.verifiable_addresses.iter().any(|address| address.verified || true) {",
        test: test("server", GOLDEN, "require_verified_address"),
    },
    Change {
        name: "mail-unsealed",
        file: "engine/src/courier/mod.rs",
        text: "Status::Queued | Status::Processing => Ok(None),",
        instead: "Status::Queued | Status::Processing => open(config, message).map(Some),",
        test: test("engine", &["--test", "courier"], "code_and_link_are_readable_to_nobody_before_and_after"),
    },
    Change {
        name: "expired-accepted",
        file: "engine/src/flow/registration.rs",
        text: "if flow.expires_at <= ctx.effects().now() {",
        instead: "if flow.expires_at < flow.issued_at {",
        test: test("server", GOLDEN, "registration_flow_expired"),
    },
    Change {
        name: "own-cookies-to-hooks",
        file: "server/src/cookies.rs",
        text: "let others = each(headers).filter(|(name, _)| !ours(name));",
        instead: "let others = each(headers).filter(|(name, _)| !ours(name) || true);",
        test: test("server", API, "hooks::our_own_cookies_and_tokens_never_reach_a_template"),
    },
    Change {
        name: "hook-after-session",
        file: "engine/src/flow/registration.rs",
        text: "filter(|_| !self.plan.waits_after_storing())",
        instead: "filter(|_| self.plan.signs_in())",
        test: test(
            "server",
            API,
            "hooks::a_failure_after_storing_is_shown_and_leaves_an_account_and_no_session",
        ),
    },
    Change {
        name: "metadata-reachable",
        file: "engine/src/effects/outbound.rs",
        text: "Reach::Private => !never(address),",
        instead: "Reach::Private => !never(address) || true,",
        test: test(
            "engine",
            LIB,
            "effects::outbound::tests::metadata_is_refused_even_where_private_networks_are_not",
        ),
    },
    Change {
        name: "provider-other-browser",
        file: "engine/src/flow/social.rs",
        text: "if !bool::from(left.ct_eq(&came)) {",
        instead: "if left.is_empty() && !bool::from(left.ct_eq(&came)) {",
        test: test("server", API, "social_trouble::the_way_back_is_good_in_the_browser_that_left"),
    },
    Change {
        name: "provider-nonce",
        file: "engine/src/social/trip.rs",
        text: "|found: Option<&Nonce>| nonce(found)) {",
        instead: "|found: Option<&Nonce>| nonce(found).or(Ok(()))) {",
        test: test("server", API, "social_trouble::a_provider_that_misbehaves_signs_nobody_in"),
    },
    Change {
        name: "provider-link-other-browser",
        file: "engine/src/flow/linking.rs",
        text: "if !here {",
        instead: "if !here && link.browser.is_empty() {",
        test: test("server", API, "social_links::a_form_of_another_browser_links_nothing"),
    },
    Change {
        name: "provider-vouching",
        file: "engine/src/social/mapper.rs",
        text: "vouched: if provider.vouches { claimed } else { Vec::new() },",
        instead: "vouched: claimed,",
        test: test("server", API, "social::a_proven_address_passes_the_gate_and_an_unproven_one_once"),
    },
    Change {
        name: "provider-signs-in",
        file: "engine/src/plan.rs",
        text: "let sign_in = sign_in || by_itself;",
        instead: "let sign_in = sign_in || (by_itself && after.hooks.len() > 99);",
        test: test("server", API, "social::signing_up_through_a_provider_signs_in_without_any_list"),
    },
    Change {
        name: "danger-by-editor",
        file: "engine/src/settings/danger.rs",
        text: "if by.operator.role != Role::Owner {",
        instead: "if by.operator.role == Role::Viewer {",
        test: test("engine", DANGERS, "a_new_danger_takes_an_owner_a_fresh_sign_in_and_a_reason"),
    },
    Change {
        name: "danger-by-an-open-console",
        file: "engine/src/settings/danger.rs",
        text: "engine.effects().now() - at <= FRESH",
        instead: "engine.effects().now() - at <= FRESH * 100",
        test: test("engine", DANGERS, "a_way_back_into_a_danger_asks_the_same"),
    },
    Change {
        name: "new-error-saved",
        file: "engine/src/settings/danger.rs",
        text: "if !errors.is_empty() {",
        instead: "if errors.len() > 99 {",
        test: test("engine", DANGERS, "a_new_error_is_refused_whoever_asks"),
    },
    Change {
        name: "fix-of-a-locked-key",
        file: "engine/src/settings/checks/fix.rs",
        text: "if let Some(reason) = locked(config, name) {",
        instead: "if let Some(reason) = locked(config, name).filter(|_| false) {",
        test: test("engine", CHECKS, "a_fix_of_a_key_that_the_environment_sets_is_refused_with_the_variable"),
    },
    Change {
        name: "secrets-in-findings",
        file: "server/src/cli/lint.rs",
        text: "value[\"file\"] = masked(config, &overlay(&check.patch));",
        instead: "value[\"file\"] = overlay(&check.patch);",
        test: test("server", CLI, "findings_for_programs_have_their_way_out_and_no_secret"),
    },
    Change {
        name: "shadowed-hook-untold",
        file: "engine/src/settings/checks/hooks.rs",
        text: "if silenced.is_empty() {",
        instead: "if !silenced.is_empty() {",
        test: test("engine", CHECKS, "every_finding_comes_up_and_stays_silent"),
    },
    Change {
        name: "wrong-password-gives-mails-up",
        file: "engine/src/effects/mailer.rs",
        text: "failure.is_permanent() && !about_us(&failure)",
        instead: "failure.is_permanent() && !(about_us(&failure) && false)",
        test: test("engine", &["--test", "mailer"], "a_wrong_password_of_ours_gives_no_mail_up"),
    },
    Change {
        name: "two-hosts",
        file: "server/src/edge.rs",
        text: ".nth(1).is_some()",
        instead: ".nth(2).is_some()",
        test: test("server", API, "edges::who_names_the_host_twice_is_not_answered"),
    },
];

#[cfg(test)]
mod tests {
    use super::CHANGES;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn read(file: &str) -> String {
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file))
            .unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    #[test]
    fn every_text_stands_exactly_once_and_changes() {
        for change in CHANGES {
            let found = read(change.file).matches(change.text).count();
            assert_eq!(found, 1, "{}: the text stands {found} times in {}", change.name, change.file);
            assert_ne!(change.text, change.instead, "{}", change.name);
        }
    }

    #[test]
    fn names_are_unique_and_said_in_small_letters() {
        let names: BTreeSet<&str> = CHANGES.iter().map(|change| change.name).collect();
        assert_eq!(names.len(), CHANGES.len());
        let fine = |name: &&str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        assert_eq!(names.iter().find(|name| !fine(name)), None);
    }

    /// Whether it can fail is for `cargo xtask sabotage`; that it is there is seen without compiling anything.
    #[test]
    fn every_named_test_exists() {
        for change in CHANGES {
            let name = change.test.name.rsplit("::").next().unwrap_or_default();
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(change.test.package);
            assert!(stands_below(&folder, name), "{}: there is no test {name}", change.name);
        }
    }

    fn stands_below(folder: &Path, name: &str) -> bool {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
            if path.is_dir() {
                return stands_below(&path, name);
            }
            // A function, or a line of the golden tests' list.
            path.extension().is_some_and(|extension| extension == "rs")
                && std::fs::read_to_string(&path).unwrap().lines().any(|line| {
                    line.contains(&format!("fn {name}(")) || line.contains(&format!(" {name} = "))
                })
        })
    }
}
