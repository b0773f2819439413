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
const FLOWS: &[&str] = &["--test", "flows"];
const HOUSE: &[&str] = &["--test", "house"];
const SETTINGS: &[&str] = &["--test", "settings"];
const STORE: &[&str] = &["--test", "store"];
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
        test: test("engine", FLOWS, "rules::the_session_is_handed_over_last_whatever_the_list_says"),
    },
    Change {
        name: "identifiers-of-lists",
        file: "engine/src/identity/schema/marks.rs",
        text: "one => one,",
        instead: "_ => None,",
        test: test("engine", FLOWS, "marks::what_is_marked_is_found_wherever_it_is"),
    },
    Change {
        name: "marks-of-other-branches",
        file: "engine/src/identity/schema/marks.rs",
        text: "self.fits(branch, value)",
        instead: "self.fits(branch, value) || !branch.is_null()",
        test: test("engine", FLOWS, "marks::what_is_marked_is_found_wherever_it_is"),
    },
    Change {
        name: "hidden-characters",
        file: "engine/src/identity/address.rs",
        text: "!text.chars().any(is_unreadable)",
        instead: "!text.is_empty() || !text.chars().any(is_unreadable)",
        test: test("engine", FLOWS, "marks::identifiers_are_composed_and_readable"),
    },
    Change {
        name: "any-origin",
        file: "server/src/guard.rs",
        text: "Some(origin) if origin == own => None,",
        instead: "Some(origin) if origin == own || own.contains(\"://\") => None,",
        test: test("server", CONSOLE, "doors::a_post_from_elsewhere_changes_nothing"),
    },
    Change {
        name: "commit-not-flushed",
        file: "engine/src/store/writer.rs",
        text: "(false, Durability::Durable) => \"pragma synchronous = full; begin immediate\",",
        instead: "(false, Durability::Durable) => \"begin immediate\",",
        test: test("engine", LIB, "store::tests::sqlite_flushes_where_it_was_asked_to"),
    },
    Change {
        name: "form-from-anywhere",
        file: "server/src/origin.rs",
        text: "refused => answer(&ctx, request.headers(), &refused),",
        instead: "_ => next.run(request).await,",
        test: test(
            "server",
            API,
            "forms::a_form_from_a_page_elsewhere_is_refused_before_anything_is_written",
        ),
    },
    Change {
        name: "head-acts",
        file: "server/src/public/mod.rs",
        text: "get(handler).head(|| async { StatusCode::OK })",
        instead: "get(handler)",
        test: test("server", API, "forms::head_begins_ends_and_uses_up_nothing"),
    },
    Change {
        name: "star-names-origins",
        file: "server/src/cors.rs",
        text: "let mut named = cors.allowed_origins.iter().filter(|entry| *entry != \"*\");",
        instead: "if cors.allowed_origins.iter().any(|entry| entry == \"*\") { return true; } let mut named = cors.allowed_origins.iter();",
        test: test("server", LIB, "origin::tests::every_other_page_may_not"),
    },
    Change {
        name: "secrets-in-request-url",
        file: "engine/src/flow/mod.rs",
        text: "request_url: ctx.config.public_url(&address::without_secrets(&start.path_and_query)),",
        instead: "request_url: ctx.config.public_url(&start.path_and_query),",
        test: test("server", API, "forms::no_secret_of_an_address_is_kept_handed_on_or_logged"),
    },
    Change {
        name: "first-cookie-counts",
        file: "server/src/cookies.rs",
        text: "if values.len() < MOST && !values.contains(&value) {",
        instead: "if values.is_empty() {",
        test: test(
            "server",
            LIB,
            "cookies::tests::of_several_cookies_of_one_name_the_one_that_verifies_counts",
        ),
    },
    Change {
        name: "no-headers",
        file: "server/src/edge.rs",
        text: "        .layer(middleware::from_fn_with_state((engine.clone(), listener), crate::headers::put))\n",
        instead: "",
        test: test("server", API, "every_response::every_route_of_every_listener_answers_with_the_list"),
    },
    Change {
        name: "hsts-on-a-shared-host",
        file: "server/src/headers.rs",
        text: "if here || shared {",
        instead: "if here || (shared && false) {",
        test: test("server", LIB, "headers::tests::https_is_pinned_for_names_that_no_http_listener_shares"),
    },
    Change {
        name: "console-beside-public",
        file: "engine/src/settings/checks/listeners.rs",
        text: ".filter(|own| host(public).as_ref() == Some(own) && !is_here(console))",
        instead: ".filter(|own| host(public).as_ref() == Some(own) && is_here(console))",
        test: test("engine", SETTINGS, "checks::every_finding_comes_up_and_stays_silent"),
    },
    Change {
        name: "other-secrets-start",
        file: "engine/src/known_secrets.rs",
        text: "if let Some(unknown) = unknown(&config, &known) {",
        instead: "if let Some(unknown) = unknown(&config, &known[..0]) {",
        test: test("engine", HOUSE, "known_secrets::a_server_starts_with_secrets_that_its_database_knows"),
    },
    Change {
        name: "any-client-names-requests",
        file: "server/src/edge.rs",
        text: "given.filter(|_| trusted)",
        instead: "given.filter(|_| trusted || peer.is_some())",
        test: test(
            "server",
            API,
            "request_ids::a_client_names_no_request_and_a_trusted_proxy_does_within_reason",
        ),
    },
    Change {
        name: "end-without-what-follows",
        file: "server/src/serve.rs",
        text: "state.engine.following().settled().await;",
        instead: "drop(state.engine.following());",
        test: test("server", CLI, "serving::what_follows_a_sign_up_is_waited_for_at_the_end"),
    },
    Change {
        name: "snapshot-ignored",
        file: "engine/src/engine.rs",
        text: "engine.inner.config.store(Arc::new(next));",
        instead: "drop(next);",
        test: test("engine", SETTINGS, "switches::off_on_off_takes_effect_with_the_next_snapshot_only"),
    },
    Change {
        name: "two-reconfigure-at-once",
        file: "engine/src/engine.rs",
        text: "let _one_at_a_time = engine.inner.reconfiguring.lock().await;",
        instead: "",
        test: test(
            "engine",
            SETTINGS,
            "reconfigure::a_save_during_a_reload_of_the_files_applies_on_top_of_it",
        ),
    },
    Change {
        name: "save-unannounced",
        file: "engine/src/store/revisions.rs",
        text: "tx.announce(Topic::Settings).await?;",
        instead: "drop(tx.announce(Topic::Settings));",
        test: test(
            "engine",
            SETTINGS,
            "reconfigure::postgresql_announces_a_save_also_after_the_connection_was_cut",
        ),
    },
    Change {
        name: "carry-over-forgotten",
        file: "engine/src/config/console_lists.rs",
        text: "own = flow.into_iter().filter(|entry| self.runs_in_the_flow_s(entry)).collect();",
        instead: "drop(flow);",
        test: test("engine", CONFIG, "reading::a_flow_level_hook_is_carried_over_and_back"),
    },
    Change {
        name: "duplicate-signed-in",
        file: "engine/src/flow/registration/run.rs",
        text: "Inserted::Taken => return Ok(None),",
        instead: "Inserted::Taken => {}",
        test: test("server", GOLDEN, "registration_duplicate"),
    },
    Change {
        name: "any-form-token",
        file: "engine/src/flow/csrf.rs",
        text: "unmasked.ct_eq(&secret).into()",
        instead: "unmasked.len() == secret.len() || bool::from(unmasked.ct_eq(&secret))",
        test: test("engine", FLOWS, "rules::a_form_token_fits_its_own_cookie_only"),
    },
    Change {
        name: "any-return-address",
        file: "engine/src/flow/return_to.rs",
        text: "|entry| allows(entry, &url)",
        instead: "|entry| !entry.is_empty() || allows(entry, &url)",
        test: test("engine", FLOWS, "rules::only_allowed_addresses_are_returned_to"),
    },
    Change {
        name: "link-works-again",
        file: "engine/src/store/operators.rs",
        text: "update operator_links set used_at = $3",
        instead: "update operator_links set used_at = null",
        test: test("server", CONSOLE, "doors::a_reset_link_sets_a_password_once_and_ends_older_sessions"),
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
        text: "_ if !by.may_write() => (",
        instead: "_ if by.operator().is_some_and(|operator| operator.disabled) => (",
        test: test("server", CONSOLE, "roles::a_viewer_sees_everything_and_changes_nothing"),
    },
    Change {
        name: "late-save-wins",
        file: "engine/src/settings/revise.rs",
        text: "    if number != base {",
        instead: "    let base = number;\n    if number != base {",
        test: test("engine", SETTINGS, "switches::a_save_on_an_old_base_is_a_conflict_and_changes_nothing"),
    },
    Change {
        name: "forwarded-believed",
        file: "server/src/client.rs",
        text: "    if !trusted(peer) {",
        instead: "    if !trusted(peer) && !headers.contains_key(\"x-forwarded-for\") {",
        test: test("server", LIB, "client::tests::forwarded_addresses_count_behind_our_own_proxies_only"),
    },
    Change {
        name: "unreadable-hop",
        file: "server/src/client.rs",
        text: "None => return Client::Unknown,",
        instead: "None => break,",
        test: test("server", LIB, "client::tests::a_hop_that_cannot_be_read_makes_the_client_unknown"),
    },
    Change {
        name: "wrong-admin-token",
        file: "server/src/admin/guard.rs",
        text: "(Some(_), true) => refused(",
        instead: "(Some(_), true) if !requester.is_internal() => refused(",
        test: test(
            "server",
            LIB,
            "admin::guard::tests::a_wrong_token_is_refused_from_everywhere_once_there_is_one",
        ),
    },
    Change {
        name: "device-of-anybody",
        file: "engine/src/requester/device.rs",
        text: "digest(key, &[&subject.bytes(), &issued_at.to_be_bytes(), nonce])",
        instead: "digest(key, &[&subject.bytes()[..0], &issued_at.to_be_bytes(), nonce])",
        test: test(
            "engine",
            LIB,
            "requester::device::tests::a_device_is_known_to_the_account_that_it_signed_in_as_and_to_no_other",
        ),
    },
    Change {
        name: "one-client-takes-every-turn",
        file: "engine/src/password/threads.rs",
        text: "Share::Client(..) => 1,",
        instead: "Share::Client(..) => 1000,",
        test: test("engine", LIB, "password::threads::tests::shares_take_turns"),
    },
    Change {
        name: "operator-kept-out",
        file: "engine/src/operators/throttle.rs",
        text: "next.max(own.last_at + ALL_CLIENTS.delay(clients))",
        instead: "next.max(now + ALL_CLIENTS.delay(clients))",
        test: test(
            "engine",
            HOUSE,
            "operators::many_who_knock_make_a_new_client_wait_for_itself_and_nobody_else::sqlite",
        ),
    },
    Change {
        name: "common-password",
        file: "engine/src/password/policy.rs",
        text: "is_common(password, &words).then(text::password_common)",
        instead: "(password.is_empty() && is_common(password, &words)).then(text::password_common)",
        test: test("server", API, "common_passwords::common_passwords_are_refused_with_the_breach_check_off"),
    },
    Change {
        name: "common-password-of-an-operator",
        file: "engine/src/operators/entry.rs",
        text: "if password::is_common_for_operators(password, &words) {",
        instead: "if password::is_common_for_operators(email, &words) && email.len() > 300 {",
        test: test(
            "server",
            CLI,
            "operators::an_operators_password_is_long_and_not_one_that_everybody_tries",
        ),
    },
    Change {
        name: "several-are-near",
        file: "engine/src/requester.rs",
        text: "matches!(self.client, Client::Address(address) if is_internal(address))",
        instead: "is_internal(self.peer)",
        test: test("server", API, "requesters::a_proxy_that_is_not_named_brings_nobody_near"),
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
        file: "engine/src/otp/attempts.rs",
        text: "Ok(attempts <= most)",
        instead: "Ok(attempts / 1000 <= most)",
        test: test("server", API, "proof::the_sixth_try_is_the_end_even_with_the_right_code"),
    },
    Change {
        name: "open-gate",
        file: "engine/src/flow/login.rs",
        text: "None => identity.verifiable_addresses.iter().any(|address| address.verified),",
        instead: "None => !identity.verifiable_addresses.is_empty(),",
        test: test("server", GOLDEN, "require_verified_address"),
    },
    Change {
        name: "mail-unsealed",
        file: "engine/src/courier/mod.rs",
        text: "Status::Queued | Status::Processing => Ok(None),",
        instead: "Status::Queued | Status::Processing => open(config, message).map(Some),",
        test: test("engine", HOUSE, "courier::code_and_link_are_readable_to_nobody_before_and_after"),
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
        file: "engine/src/flow/registration/run.rs",
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
        text: "    !never(address)\n        && match reach {",
        instead: "    (reach == Reach::Private || !never(address))\n        && match reach {",
        test: test(
            "engine",
            LIB,
            "effects::outbound::tests::metadata_is_refused_even_where_private_networks_are_not",
        ),
    },
    Change {
        name: "any-answer-of-a-name-server",
        file: "engine/src/effects/outbound.rs",
        text: "found.await?.into_iter().filter(|address| allowed(reach, address.ip())).collect();",
        instead: "found.await?.into_iter().filter(|address| allowed(reach, address.ip()) || true).collect();",
        test: test(
            "engine",
            LIB,
            "effects::outbound::rebinding::a_public_name_that_is_bound_to_this_machine_after_the_check_does_not_reach_it",
        ),
    },
    Change {
        name: "nobody-waits-for-no-hash",
        file: "engine/src/flow/login.rs",
        text: "    let (keys, caller) = (&ctx.config.hashers, Caller::of(requester));",
        instead: "    if stored.is_none() {\n        return Ok(Authenticated::Wrong);\n    }\n    let (keys, caller) = (&ctx.config.hashers, Caller::of(requester));",
        test: test(
            "server",
            API,
            "leaks::busy::an_attack_that_fills_the_hash_queue_gets_the_same_503_for_every_address",
        ),
    },
    Change {
        name: "trips-fail-in-silence",
        file: "engine/src/flow/social.rs",
        text: "    failed(trouble.stage, &provider.id, flow.id, &trouble.reason);",
        instead: "    let _ = (trouble, provider, flow);",
        test: test(
            "server",
            API,
            "social_reasons::each_trouble_with_a_provider_s_answer_has_a_reason_in_the_log",
        ),
    },
    Change {
        name: "provider-other-browser",
        file: "engine/src/flow/social.rs",
        text: "let Some(own) = with_hash(&request.browser, left).cloned() else {",
        instead: "let Some(own) = request.browser.first().cloned() else {",
        test: test("server", API, "social_trouble::the_way_back_is_good_in_the_browser_that_left"),
    },
    Change {
        name: "provider-nonce",
        file: "engine/src/social/id_token.rs",
        text: "|found: Option<&Nonce>| (expected.nonce)(found)) {",
        instead: "|found: Option<&Nonce>| (expected.nonce)(found).or(Ok(()))) {",
        test: test("server", API, "social_trouble::a_provider_that_misbehaves_signs_nobody_in"),
    },
    Change {
        name: "provider-signature",
        file: "engine/src/social/id_token.rs",
        text: "self.key.verify_signature(algorithm, self.signed.as_bytes(), signature)",
        instead: "self.key.verify_signature(algorithm, self.signed.as_bytes(), signature).or(Ok(()))",
        test: test("server", API, "social_trouble::a_provider_that_misbehaves_signs_nobody_in"),
    },
    Change {
        name: "provider-audience-of-others",
        file: "engine/src/social/id_token.rs",
        text: "let shared = expected.asked_for && party",
        instead: "let shared = party",
        test: test("server", API, "social_claims::a_token_of_an_app_is_for_us_alone"),
    },
    Change {
        name: "provider-link-other-browser",
        file: "engine/src/flow/linking.rs",
        text: "if !is_here(&link, flow, request) {",
        instead: "if !is_here(&link, flow, request) && link.browser.is_empty() {",
        test: test("server", API, "oidc_links::a_form_of_another_browser_links_nothing"),
    },
    Change {
        name: "provider-vouching",
        file: "engine/src/social/mapper.rs",
        text: "vouched: if provider.vouches { mapped.vouched } else { Vec::new() },",
        instead: "vouched: if provider.vouches { mapped.vouched } else { mapped.vouched },",
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
        name: "switch-for-every-way",
        file: "engine/src/config/console.rs",
        text: "pub const REGISTERING: &[Method] = &[Method::Password, Method::Oidc];",
        instead: "pub const REGISTERING: &[Method] = &[Method::Password];",
        test: test("server", API, "social::ory_network_340_the_switch_is_for_every_way_to_sign_up"),
    },
    Change {
        name: "secret-in-the-revision",
        file: "engine/src/settings/social/mod.rs",
        text: "over.insert(member.to_owned(), reference(&name).into());",
        instead: "over.insert(member.to_owned(), format!(\"{}{value}\", reference(&name)).into());",
        test: test("engine", SETTINGS, "social::the_secret_stays_out_of_everything_but_its_own_row"),
    },
    Change {
        name: "secret-to-another-address",
        file: "engine/src/settings/social/draft.rs",
        text: "if has_one && moved && self.secret(member).is_empty() {",
        instead: "if has_one && moved && member.is_empty() && self.secret(member).is_empty() {",
        test: test("engine", SETTINGS, "social::a_secret_goes_to_no_address_that_it_was_not_entered_for"),
    },
    Change {
        name: "provider-that-is-off",
        file: "engine/src/config/social.rs",
        text: "self.configured(id).filter(|_| self.enabled && !self.is_off(id))",
        instead: "self.configured(id).filter(|_| self.enabled)",
        test: test(
            "server",
            API,
            "social_console::a_provider_is_set_up_tested_and_switched_on_without_a_file",
        ),
    },
    Change {
        name: "provider-test-of-another",
        file: "engine/src/flow/social_test.rs",
        text: "may(by) && test.operator_id == by.id.0 && test.expires_at > now",
        instead: "may(by) && !test.operator_id.is_nil() && test.expires_at > now",
        test: test(
            "server",
            API,
            "social_console::trying::a_test_is_its_operator_s_alone_counts_once_and_goes",
        ),
    },
    Change {
        name: "hand-over-to-another-site",
        file: "engine/src/flow/handover.rs",
        text: "let own = flow.kind_of_client == FlowType::Api || submit.offered.own_origin;",
        instead: "let own = flow.kind_of_client == FlowType::Api || !submit.cookie_names.is_empty();",
        test: test(
            "server",
            API,
            "hand_over::a_code_sent_by_another_site_or_without_its_token_proves_and_hands_nothing_over",
        ),
    },
    Change {
        name: "hand-over-survives-an-edit",
        file: "engine/src/flow/handover.rs",
        text: "&& row.version == version(identity, &credentials)",
        instead: "&& row.version.len() == version(identity, &credentials).len()",
        test: test("engine", FLOWS, "hand_over::an_administrators_edit_ends_what_waits"),
    },
    Change {
        name: "hand-over-survives-another-proof",
        file: "engine/src/store/identities.rs",
        text: "tx.execute(END_HAND_OVERS, &[&address.id]).await?;",
        instead: "tx.execute(END_HAND_OVERS, &[&Uuid::nil()]).await?;",
        test: test(
            "engine",
            STORE,
            "deferred_logins::a_proof_of_any_address_of_that_identity_ends_it_and_nobody_elses::sqlite",
        ),
    },
    Change {
        name: "hand-over-without-end",
        file: "engine/src/flow/handover.rs",
        text: "&& row.expires_at > ctx.effects().now()",
        instead: "&& row.expires_at > DateTime::<Utc>::MIN_UTC",
        test: test("server", API, "hand_over::another_code_does_not_make_the_wait_longer"),
    },
    Change {
        name: "hand-over-replaces-a-session",
        file: "engine/src/flow/handover.rs",
        text: "if self.current.is_some() || ",
        instead: "if ",
        test: test("server", API, "hand_over::the_session_of_somebody_else_in_that_browser_is_not_replaced"),
    },
    Change {
        name: "guesses-over-many-flows",
        file: "engine/src/limits/codes.rs",
        text: "if count.count > *most {",
        instead: "if count.count / 1000 > *most {",
        test: test("server", API, "limits::guessing_over_many_flows_ends_after_ten_wrong_codes_an_hour"),
    },
    Change {
        name: "owner-locked-out",
        file: "engine/src/otp/verify.rs",
        text: "if !is_of_link(code) {",
        instead: "if !code.is_empty() {",
        test: test("server", API, "limits::nobody_can_lock_the_owner_of_an_address_out"),
    },
    Change {
        name: "mailbox-flooded",
        file: "engine/src/limits/emails.rs",
        text: "now, since).await?.count > *most {",
        instead: "now, since).await?.count / 1000 > *most {",
        test: test("server", API, "limits::a_mailbox_cannot_be_flooded"),
    },
    Change {
        name: "passwords-guessed",
        file: "engine/src/limits/passwords.rs",
        text: "if delay > TimeDelta::zero() && since + delay > now {",
        instead: "if since > now + delay {",
        test: test("server", API, "guessing::guesses_at_one_account_are_delayed_for_the_client_that_guesses"),
    },
    Change {
        name: "owner-waits-for-attackers",
        file: "engine/src/limits/passwords.rs",
        text: "if now - own.count.last_at < WINDOW { own.count.last_at } else { now }",
        instead: "if own.count.count >= 0 { held.count.last_at } else { now }",
        test: test("server", API, "guessing::an_account_that_many_guess_at_is_never_locked_for_its_owner"),
    },
    Change {
        name: "known-device-waits-for-others",
        file: "engine/src/limits.rs",
        text: "requester.known_device(Subject::Identity(account)).map_or(Self::Stranger, Self::Device)",
        instead: "requester.known_device(Subject::Identity(account)).map_or(Self::Stranger, |_| Self::Stranger)",
        test: test("server", API, "guessing::a_known_device_is_not_slowed_down_by_what_others_do"),
    },
    Change {
        name: "passwords-sprayed",
        file: "engine/src/limits/passwords.rs",
        text: "doubling(accounts - limits.accounts_per_client * factor",
        instead: "doubling(accounts / 1000 - limits.accounts_per_client * factor",
        test: test("server", API, "guessing::one_client_cannot_try_a_password_on_every_account"),
    },
    Change {
        name: "what-was-typed-is-kept",
        file: "engine/src/limits/passwords.rs",
        text: "let label = exists.then(|| masked(identifier));",
        instead: "let label = exists.then(|| masked(identifier)).or(Some(identifier.to_owned()));",
        test: test("server", API, "guessing::operators_see_who_is_slowed_down_and_clear_it"),
    },
    Change {
        name: "any-address-at-the-gate",
        file: "engine/src/flow/login.rs",
        text: "Some(typed) => typed.verified,",
        instead: "Some(typed) => typed.verified || !used.is_empty(),",
        test: test(
            "server",
            API,
            "limits::an_address_that_was_never_proven_signs_nobody_in_where_the_used_one_counts",
        ),
    },
    Change {
        name: "unverified-session-extended",
        file: "engine/src/session.rs",
        text: "if !session.unverified {",
        instead: "if session.active {",
        test: test(
            "server",
            API,
            "unverified::a_session_from_before_any_proof_is_short_and_a_refresh_does_not_extend_it",
        ),
    },
    Change {
        name: "squatter-stays-signed-in",
        file: "engine/src/store/identities.rs",
        text: "tx.execute(END_SESSIONS, &[&address.id]).await?;",
        instead: "tx.execute(END_SESSIONS, &[&Uuid::nil()]).await?;",
        test: test(
            "server",
            API,
            "unverified::a_squatters_session_ends_when_the_owner_of_the_address_proves_it",
        ),
    },
    Change {
        name: "danger-by-editor",
        file: "engine/src/settings/danger.rs",
        text: "if !by.is_owner() {",
        instead: "if !by.may_write() {",
        test: test("engine", SETTINGS, "dangers::a_new_danger_takes_an_owner_a_fresh_sign_in_and_a_reason"),
    },
    Change {
        name: "danger-by-an-open-console",
        file: "engine/src/settings/danger.rs",
        text: "now - at <= FRESH)",
        instead: "now - at <= FRESH * 100)",
        test: test("engine", SETTINGS, "dangers::a_way_back_into_a_danger_asks_the_same"),
    },
    Change {
        name: "danger-by-a-command",
        file: "engine/src/settings/danger.rs",
        text: "Self::CommandLine { confirmed } => *confirmed,",
        instead: "Self::CommandLine { confirmed } => *confirmed || self.may_write(),",
        test: test("server", CLI, "settings::a_danger_takes_a_reason_and_a_yes"),
    },
    Change {
        name: "new-error-saved",
        file: "engine/src/settings/danger.rs",
        text: "if !errors.is_empty() {",
        instead: "if errors.len() > 99 {",
        test: test("engine", SETTINGS, "dangers::a_new_error_is_refused_whoever_asks"),
    },
    Change {
        name: "fix-of-a-locked-key",
        file: "engine/src/settings/checks/fix.rs",
        text: "if let Some(reason) = refusal(config, name, value, unsaved) {",
        instead: "if let Some(reason) = refusal(config, name, value, unsaved).filter(|_| false) {",
        test: test(
            "engine",
            SETTINGS,
            "checks::a_fix_of_a_key_that_the_environment_sets_is_refused_with_the_variable",
        ),
    },
    Change {
        name: "secrets-in-findings",
        file: "server/src/cli/lint.rs",
        text: "value[\"file\"] = masked(config, &overlay(&check.patch));",
        instead: "value[\"file\"] = overlay(&check.patch);",
        test: test("server", CLI, "configuration::findings_for_programs_have_their_way_out_and_no_secret"),
    },
    Change {
        name: "shadowed-hook-untold",
        file: "engine/src/settings/checks/hooks.rs",
        text: "if silenced.is_empty() {",
        instead: "if !silenced.is_empty() {",
        test: test("engine", SETTINGS, "checks::every_finding_comes_up_and_stays_silent"),
    },
    Change {
        name: "hook-of-another-list",
        file: "engine/src/hooks/places.rs",
        text: "std::ptr::eq(Arc::as_ptr(entry), hook)",
        instead: "entry.key() == hook.key()",
        test: test(
            "engine",
            FLOWS,
            "hooks::of_two_hooks_at_one_address_the_one_is_called_whose_list_was_in_force",
        ),
    },
    Change {
        name: "guess-in-the-link",
        file: "engine/src/flow/takeover.rs",
        text: "if !otp::is_of_link(code) {",
        instead: "if code.is_empty() {",
        test: test(
            "server",
            API,
            "takeover::a_link_that_is_none_tells_nothing_of_the_sign_up_and_a_scanner_changes_nothing",
        ),
    },
    Change {
        name: "wrong-password-gives-mails-up",
        file: "engine/src/effects/mailer.rs",
        text: "failure.is_permanent() && !about_us(&failure)",
        instead: "failure.is_permanent() && !(about_us(&failure) && false)",
        test: test("engine", HOUSE, "mailer::a_wrong_password_of_ours_gives_no_mail_up"),
    },
    Change {
        name: "two-hosts",
        file: "server/src/edge.rs",
        text: ".nth(1).is_some()",
        instead: ".nth(2).is_some()",
        test: test("server", API, "edges::who_names_the_host_twice_is_not_answered"),
    },
    Change {
        name: "hook-not-queued",
        file: "engine/src/flow/webhook.rs",
        text: "hooks::queue(ctx, tx, &about.cause(&ctx.config, hook), input.clone()).await?;",
        instead: "let _ = (about.cause(&ctx.config, hook), input.clone(), &tx);",
        test: test(
            "engine",
            FLOWS,
            "hooks::what_nobody_waits_for_is_queued_with_the_account_and_called_once",
        ),
    },
    Change {
        name: "host-list-asked-once",
        file: "engine/src/config/guard.rs",
        text: "if hook.from_console && !self.vestibule.web_hook_hosts.has(&hook.url) {",
        instead: "if hook.from_console && false {",
        test: test(
            "engine",
            SETTINGS,
            "web_hooks::calling::the_list_of_hosts_is_asked_again_when_the_call_is_made",
        ),
    },
    Change {
        name: "console-hook-silences-the-flow",
        file: "engine/src/config/console_hooks.rs",
        text: "list.put(document, entry.clone(), |entry| is_made(entry, id));",
        instead: "set(document, &format!(\"{}.{}.hooks\", list.flow, list.method), json!([entry.clone()]));",
        test: test(
            "engine",
            SETTINGS,
            "web_hooks::calling::what_the_whole_flow_calls_is_called_as_before_beside_it_and_without_it",
        ),
    },
    Change {
        name: "hook-secret-in-the-page",
        file: "app/src/console/actions/form.rs",
        text: "fields.insert(sealed(name), secrets::carry(ctx, by, &typed)?);",
        instead: "fields.insert(sealed(name), typed);",
        test: test(
            "server",
            CONSOLE,
            "actions::keeping::an_old_sign_in_is_asked_for_the_password_and_loses_nothing",
        ),
    },
    Change {
        name: "anybody-makes-hooks",
        file: "engine/src/settings/web_hooks.rs",
        text: "if by.is_owner() {",
        instead: "if by.may_write() {",
        test: test(
            "engine",
            SETTINGS,
            "web_hooks::saving::only_an_owner_who_has_just_signed_in_and_every_refusal_is_kept",
        ),
    },
    Change {
        name: "hook-id-per-try",
        file: "engine/src/hooks/request.rs",
        text: "let (id, at) = (message_id(id), ctx.effects().now().timestamp());",
        instead: "let (id, at) = (format!(\"{}{}\", message_id(id), ctx.effects().uuid()), ctx.effects().now().timestamp());",
        test: test(
            "engine",
            FLOWS,
            "hooks::a_service_that_is_away_is_tried_again_with_growing_pauses_the_same_id_and_a_fresh_time",
        ),
    },
    Change {
        name: "secrets-in-the-hook-log",
        file: "engine/src/hooks/redact.rs",
        text: "let value = if secret && !empty { REMOVED.into() } else { document(value) };",
        instead: "let value = if secret && empty { REMOVED.into() } else { document(value) };",
        test: test("engine", FLOWS, "hooks::the_log_holds_no_secret"),
    },
    Change {
        name: "own-names-called",
        file: "engine/src/config/guard.rs",
        text: "return Reach::Nowhere;",
        instead: "return Reach::Private;",
        test: test("engine", LIB, "config::guard::tests::neither_our_addresses_nor_our_names_are_called"),
    },
    Change {
        name: "provisional-seen",
        file: "engine/src/store/identities.rs",
        text: "concat!(\"not exists (select 1 from atomic_registrations p where p.identity_id = \", $id, \")\")",
        instead: "concat!(\"exists (select 1 where \", $id, \" is not null)\")",
        test: test("engine", FLOWS, "atomic::until_then_nobody_sees_the_account_and_its_address_is_taken"),
    },
    Change {
        name: "nothing-undone",
        file: "engine/src/flow/provisional.rs",
        text: "    for agreed in &row.agreed {",
        instead: "    for agreed in row.agreed.iter().take(0) {",
        test: test(
            "engine",
            FLOWS,
            "atomic::a_service_that_fails_leaves_nothing_behind_and_those_that_agreed_are_told",
        ),
    },
    Change {
        name: "anybody-tests-hooks",
        file: "engine/src/settings/actions.rs",
        text: "if !by.disabled && by.role == Role::Owner {",
        instead: "if !by.disabled {",
        test: test(
            "server",
            CONSOLE,
            "actions::calls::a_test_shows_what_would_be_sent_and_sends_it_marked_when_told_to",
        ),
    },
    Change {
        name: "invitation-not-asked-for",
        file: "engine/src/flow/invited.rs",
        text: "(true, None, None) => Err(required()),",
        instead: "(true, None, None) => Ok(None),",
        test: test(
            "server",
            API,
            "invitations::without_an_invitation_there_is_no_form_and_a_sentence_says_what_to_do",
        ),
    },
    Change {
        name: "invitation-used-twice",
        file: "engine/src/flow/invited.rs",
        text: "false => Err(over()),",
        instead: "false => Ok(()),",
        test: test("server", API, "invitations::of_many_who_come_with_one_invitation_one_gets_in"),
    },
    Change {
        name: "invitation-typed-proves",
        file: "engine/src/flow/invited.rs",
        text: "invitation.filter(|invitation| invitation.mailed)",
        instead: "invitation.filter(|_| true)",
        test: test(
            "server",
            API,
            "invitations::an_invitation_for_an_address_is_good_for_that_one_and_proves_nothing",
        ),
    },
    Change {
        name: "invitation-secret-kept",
        file: "engine/src/flow/address.rs",
        text: "    crate::invitations::PARAMETER,",
        instead: "    \"none\",",
        test: test("server", API, "invitations::the_secret_is_kept_nowhere_and_told_to_nobody"),
    },
    Change {
        name: "sign-up-tells",
        file: "engine/src/plan.rs",
        text: "let pends = config.vestibule.registration.prevent_enumeration && config.sends_codes();",
        instead: "let pends = config.vestibule.registration.prevent_enumeration && !config.sends_codes();",
        test: test("server", API, "leaks::an_app_is_told_the_same_whether_or_not_the_address_is_known"),
    },
    Change {
        name: "strangers-password-kept",
        file: "engine/src/flow/pending.rs",
        text: "brought(flow, submit).contains(&row.secret_hash)",
        instead: "brought(flow, submit).contains(&row.secret_hash) || !row.secret_hash.is_empty()",
        test: test(
            "server",
            API,
            "leaks::whoever_proves_an_address_that_a_stranger_signed_up_with_chooses_the_password",
        ),
    },
    Change {
        name: "squatter-stays",
        file: "engine/src/flow/takeover.rs",
        text: "if has_secret || signed_in {",
        instead: "if has_secret || signed_in || body.get(\"password\").is_some() {",
        test: test(
            "server",
            API,
            "takeover::the_squatters_session_password_second_address_and_hand_over_are_dead",
        ),
    },
    Change {
        name: "imported-taken-over",
        file: "engine/src/flow/takeover.rs",
        text: "reset_on_first_verification || !identity.resettable {",
        instead: "reset_on_first_verification {",
        test: test(
            "server",
            API,
            "takeover::whoever_was_imported_made_before_or_proven_before_is_not_taken_over",
        ),
    },
    Change {
        name: "code-left-in-the-squatters-form",
        file: "engine/src/flow/verification/browsers.rs",
        text: "flow.opened.iter().find(|one| Some(one.csrf_cookie.as_str()) == cookie).cloned();",
        instead: "flow.opened.last().cloned();",
        test: test(
            "server",
            API,
            "takeover::a_code_that_is_typed_into_the_squatters_form_cannot_be_read_there",
        ),
    },
    Change {
        name: "code-to-a-known-address",
        file: "engine/src/courier/deliver.rs",
        text: "let known = identities::knows(&mut tx, &message.recipient).await?;",
        instead: "let known = identities::knows(&mut tx, \"nobody\").await?;",
        test: test(
            "server",
            API,
            "leaks::the_mail_alone_says_which_it_is_and_a_known_address_is_not_flooded",
        ),
    },
    Change {
        name: "files-overruled",
        file: "engine/src/settings/revise.rs",
        text: "if !config.vestibule.settings_from_files {",
        instead: "if !config.vestibule.settings_from_files || config.revision == 0 {",
        test: test(
            "engine",
            SETTINGS,
            "history::where_the_files_decide_nothing_is_saved_or_applied_and_the_drift_is_shown",
        ),
    },
    Change {
        name: "secrets-copied",
        file: "engine/src/config/difference.rs",
        text: "redact(&mut patch, &mut |_, secret| fingerprint(to, secret));",
        instead: "let _ = (redact, fingerprint);",
        test: test(
            "engine",
            SETTINGS,
            "history::any_two_are_compared_in_words_and_as_what_to_write_into_a_file",
        ),
    },
    Change {
        name: "import-forgets-the-flow",
        file: "engine/src/config/import.rs",
        text: "console::switch_on(document, method, hook);",
        instead: "set(document, path, json!([{ \"hook\": hook }]));",
        test: test(
            "engine",
            CONFIG,
            "transfer::hooks_of_a_method_leave_the_list_of_the_flow_and_mean_the_same",
        ),
    },
    Change {
        name: "export-with-secrets",
        file: "engine/src/config/export.rs",
        text: "remove(document, \"secrets\");",
        instead: "",
        test: test("engine", CONFIG, "transfer::what_kratos_will_do_differently_is_said"),
    },
    Change {
        name: "password-kept-with-a-form",
        file: "server/src/console/kept.rs",
        text: "name != \"password\" && may_wait(name)",
        instead: "may_wait(name)",
        test: test("server", CONSOLE, "settings::a_password_is_not_kept_with_what_was_typed"),
    },
    Change {
        name: "link-takes-the-form",
        file: "engine/src/flow/verification/browsers.rs",
        text: "flow.opened.push(Opened {",
        instead: "flow.csrf_cookie = cookie.to_owned();\n    flow.opened.push(Opened {",
        test: test(
            "server",
            API,
            "hand_over::a_mail_scanners_get_signs_nobody_in_and_takes_nothing_from_who_signed_up",
        ),
    },
    Change {
        name: "token-for-strangers",
        file: "engine/src/flow/verification/browsers.rs",
        text: "cookie != Some(flow.csrf_cookie.as_str())",
        instead: "cookie == Some(\"\")",
        test: test(
            "server",
            API,
            "hand_over::whoever_knows_the_flow_is_answered_with_no_token_of_the_browser_that_signed_up",
        ),
    },
    Change {
        name: "session-from-before-the-proof",
        file: "engine/src/flow/login.rs",
        text: "let before = identity.resettable || prepared.session.unverified;",
        instead: "let before = identity.resettable;",
        test: test("server", API, "unverified::a_session_that_is_made_while_the_proof_arrives_is_not_given"),
    },
    Change {
        name: "rehearsal-mails-anybody",
        file: "engine/src/rehearsal.rs",
        text: "courier::queue_test(&ctx, &mut tx, &to, mail)",
        instead: "courier::queue_test(&ctx, &mut tx, &mail.to, mail)",
        test: test(
            "server",
            CONSOLE,
            "tester::the_mails_of_a_run_go_to_the_operator_alone_once_and_say_that_they_are_tests",
        ),
    },
    Change {
        name: "secret-kept-with-a-form",
        file: "app/src/console/social.rs",
        text: "!rules::SECRETS.contains(&field)",
        instead: "!field.is_empty()",
        test: test(
            "server",
            API,
            "social_console::saving::what_was_typed_outlives_the_session_but_for_the_secret",
        ),
    },
    Change {
        name: "hook-secret-kept-with-a-form",
        file: "app/src/console/actions/form.rs",
        text: "field == secret || field == sealed(secret)",
        instead: "field == sealed(secret)",
        test: test(
            "server",
            CONSOLE,
            "actions::keeping::what_was_typed_outlives_the_session_and_secrets_do_not",
        ),
    },
    Change {
        name: "way-back-against-an-old-snapshot",
        file: "engine/src/settings/history.rs",
        text: "Ok(Ground { config, .. }) => config,",
        instead: "Ok(Ground { .. }) => engine.begin().config,",
        test: test(
            "server",
            CONSOLE,
            "guarded::a_process_that_has_not_heard_of_a_save_yet_guards_the_way_back_from_it_all_the_same",
        ),
    },
    Change {
        name: "hook-secret-sent-elsewhere",
        file: "engine/src/settings/web_hooks/form.rs",
        text: "None if kept && moved =>",
        instead: "None if kept && moved && MOVED.is_empty() =>",
        test: test("server", CONSOLE, "guarded::a_web_hook_that_is_sent_elsewhere_takes_its_secret_again"),
    },
    Change {
        name: "way-back-sends-a-secret-elsewhere",
        file: "engine/src/settings/revise.rs",
        text: "setting_secrets::destroy(&mut tx, name).await?;",
        instead: "setting_secrets::get(&mut tx, name).await?;",
        test: test(
            "server",
            CONSOLE,
            "guarded::going_back_sends_no_secret_to_an_address_that_it_was_not_entered_for",
        ),
    },
    Change {
        name: "secret-lost-by-a-second-click",
        file: "app/src/console/social.rs",
        text: "entry.draft.as_ref().is_some_and(same) && entry.holds_secret_of(&engine.begin().config, draft)",
        instead: "entry.draft.as_ref().is_some_and(same) && engine.begin().config.revision >= 0",
        test: test("server", CONSOLE, "guarded::a_secret_that_comes_late_is_not_said_to_be_saved_and_lost"),
    },
    Change {
        name: "redirect-agrees",
        file: "engine/src/effects/mod.rs",
        text: "(200..300).contains(&self.status)",
        instead: "(200..400).contains(&self.status)",
        test: test("server", API, "hooks::only_a_status_of_success_lets_a_sign_up_through"),
    },
    Change {
        name: "provider-of-the-console-anywhere",
        file: "engine/src/config/guard.rs",
        text: "if provider.addresses_from_console && !self.vestibule.web_hook_hosts.has(url) {",
        instead: "if provider.addresses_from_console && !self.vestibule.web_hook_hosts.has(url) && false {",
        test: test("engine", SETTINGS, "social::a_provider_whose_host_is_listed_no_more_is_not_asked"),
    },
    Change {
        name: "description-leads-inside",
        file: "engine/src/config/guard.rs",
        text: "Reach::Private if provider.only_says(url) && !is_excepted(&self.clients, url) => Reach::Public,",
        instead: "Reach::Private if provider.only_says(url) && !is_excepted(&self.clients, url) => Reach::Private,",
        test: test("engine", SETTINGS, "social::a_provider_whose_host_is_listed_no_more_is_not_asked"),
    },
    Change {
        name: "unbounded-change",
        file: "engine/src/flow/webhook/answer.rs",
        text: "            changes.check()?;",
        instead: "            drop(changes.check());",
        test: test(
            "server",
            API,
            "hooks::an_answer_beyond_its_bounds_changes_nothing_and_lets_nobody_through",
        ),
    },
    Change {
        name: "one-provider-holds-up-all",
        file: "engine/src/gate.rs",
        text: "gates.entry(id.to_owned())",
        instead: "gates.entry(String::new())",
        test: test(
            "server",
            API,
            "social_trouble::a_slow_provider_holds_up_those_who_wait_for_it_and_nobody_else",
        ),
    },
    Change {
        name: "service-names-in-browsers",
        file: "server/src/admin/guard.rs",
        text: "requester.is_elsewhere() && is_cluster_name(host)",
        instead: "is_cluster_name(host)",
        test: test("server", API, "edges::other_machines_reach_the_admin_api_by_the_name_of_its_service"),
    },
    Change {
        name: "kratos-database-opened",
        file: "engine/src/store/mod.rs",
        text: "foreign::refuse_on_sqlite(&file).await?;",
        instead: "let _ = foreign::refuse_on_sqlite(&file).await;",
        test: test(
            "engine",
            STORE,
            "foreign::a_file_of_another_program_is_refused_and_not_a_byte_of_it_changes",
        ),
    },
    Change {
        name: "kratos-tables-kept-company",
        file: "engine/src/store/mod.rs",
        text: "foreign::refuse_on_postgres(&pool).await?;",
        instead: "let _ = foreign::refuse_on_postgres(&pool).await;",
        test: test("engine", STORE, "foreign::a_database_of_another_program_gets_no_table"),
    },
    Change {
        name: "password-among-arguments",
        file: "server/src/cli/migrate.rs",
        text: "if dsn.is_some_and(|dsn| has_password(dsn)) {",
        instead: "if dsn.is_some_and(|dsn| has_password(dsn) && dsn.is_empty()) {",
        test: test("server", CLI, "kratos::migrations_are_counted_and_never_taken_back"),
    },
    Change {
        name: "payload-missing-in-templates",
        file: "engine/src/flow/webhook.rs",
        text: "about.flow.transient_payload.clone().unwrap_or_else(|| json!({}))",
        instead: "about.flow.transient_payload.clone().unwrap_or_default()",
        test: test(
            "server",
            API,
            "hook_context::a_template_reads_every_member_of_a_sign_up_whatever_was_sent",
        ),
    },
    Change {
        name: "form-of-another-browser",
        file: "engine/src/flow/envelope.rs",
        text: "let Some(own) = flow.owner(&submit.csrf_cookies).cloned() else {",
        instead: "let Some(own) = submit.csrf_cookies.first().cloned() else {",
        test: test(
            "server",
            API,
            "ownership::another_browser_neither_reads_nor_writes_a_form_and_uses_nothing_of_it_up",
        ),
    },
    Change {
        name: "form-without-its-token-stored",
        file: "engine/src/flow/envelope.rs",
        text: "    if flow.untrusted {\n        return Ok(0);\n    }\n",
        instead: "",
        test: test(
            "server",
            API,
            "ownership::an_own_form_without_its_token_comes_back_and_nothing_of_it_is_stored",
        ),
    },
    Change {
        name: "tries-of-strangers-counted",
        file: "engine/src/otp/attempts.rs",
        text: "if !is_owner {",
        instead: "if !is_owner && false {",
        test: test(
            "server",
            API,
            "ownership::codes_that_others_guess_use_up_none_of_the_owners_tries_and_a_right_one_proves",
        ),
    },
    Change {
        name: "session-of-an-old-password",
        file: "engine/src/flow/login.rs",
        text: "let changed = !by.basis.holds(&mut tx, identity.id).await?",
        instead: "let changed = false",
        test: test("server", API, "fresh_sign_in::nobody_is_signed_in_by_what_is_no_longer_so"),
    },
    Change {
        name: "token-kept-at-a-fresh-sign-in",
        file: "engine/src/store/sessions.rs",
        text: "update sessions set token_hash = $3, aal = $4",
        instead: "update sessions set token_hash = coalesce(token_hash, $3), aal = $4",
        test: test("server", API, "fresh_sign_in::the_token_changes_and_the_old_one_reads_for_a_moment"),
    },
    Change {
        name: "id-token-twice",
        file: "engine/src/flow/login.rs",
        text: "social::spend(ctx, &mut tx, by.token).await?;",
        instead: "",
        test: test("server", API, "proven_elsewhere::an_id_token_signs_in_once"),
    },
    Change {
        name: "old-sign-in-at-the-provider",
        file: "engine/src/flow/landing.rs",
        text: "Some(at) => at >= self.flow.issued_at - SKEW,",
        instead: "Some(_) => true,",
        test: test("server", API, "proven_elsewhere::a_fresh_sign_in_is_one_since_it_was_asked_for"),
    },
    Change {
        name: "lists-take-all-connections",
        file: "server/src/public/sessions.rs",
        text: "let _pass = ctx.engine.gates().lists.enter(LISTS).await.map_err(Error::from)?;",
        instead: "let _ = LISTS;",
        test: test("server", API, "attacked::lists_of_sessions_wait_for_each_other_and_then_are_refused"),
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
