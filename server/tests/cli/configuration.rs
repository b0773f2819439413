//! `vestibule config` and `plan`: problems, findings and their fixes, what is printed.

use super::*;

#[test]
fn all_problems_of_a_configuration_are_told_at_once() {
    let place = Place::new();
    place.write(
        "kratos.yml",
        "selfservice:
  flows:
    login:
      lifespan: soon
  methods:
    password:
      enabled: perhaps
",
    );
    let output = place.run(&["config", "check", "--config", "kratos.yml"]);
    assert_eq!(output.status.code(), Some(3));
    let stderr = text(&output.stderr);
    let keys = ["selfservice.flows.login.lifespan", "selfservice.methods.password.enabled"];
    for wanted in ["kratos.yml", keys[0], keys[1], "Write instead: "] {
        assert!(stderr.contains(wanted), "{wanted} is missing in:\n{stderr}");
    }
    // Whoever starts the server with it reads the same.
    let serve = place.run(&["serve", "--config", "kratos.yml"]);
    assert_eq!((serve.status.code(), text(&serve.stderr)), (Some(3), stderr));
}

/// `serve` would refuse them, so the check does; the password is not repeated.
#[test]
fn a_dsn_that_nothing_can_be_started_with_is_a_problem() {
    for (dsn, fine) in [
        ("mysql://root:hush-hush@tcp(db:3306)/kratos", false),
        ("cockroach://root:hush-hush@db:26257/kratos", false),
        ("postgres://ann:hush-hush@db:x/kratos", false),
        ("postgres://ann:hush-hush@/kratos?host=/var/run/postgresql", true),
        ("sqlite://accounts.sqlite?_fk=true", true),
    ] {
        let place = Place::new();
        let identity = json!({"schemas": [{"id": "default", "url": "preset://email"}]});
        place.write("dsn.json", &json!({"dsn": dsn, "identity": identity}).to_string());
        let output = place.run(&["config", "check", "--config", "dsn.json"]);
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(if fine { 0 } else { 3 }), "{dsn}: {said}");
        assert!(!said.contains("hush-hush"), "{said}");
        assert!(fine || said.contains("dsn.json: dsn:"), "{said}");
    }
}

#[test]
fn the_starter_configuration_holds() {
    let output = Place::new().run(&["config", "check"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn the_reference_page_in_the_documents_is_todays() {
    let output = Place::new().run(&["config", "reference"]);
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md")).unwrap();
    assert!(text(&output.stdout) == page, "run `vestibule config reference > docs/configuration.md`");
}

#[test]
fn config_print_masks_secrets() {
    let place = Place::new();
    let secret = "a-secret-of-thirty-two-characters";
    let starter = place.run(&["config", "print", "--with-secrets"]);
    place.write("starter.yml", &text(&starter.stdout));
    place.write("secret.yml", &format!("secrets:\n  cookie:\n    - {secret}\n"));
    let print = |more: &[&str]| {
        let files = ["config", "print", "--config", "starter.yml", "--config", "secret.yml"];
        let output = place.run(&[&files, more].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    assert!(!print(&[]).contains(secret));
    assert!(print(&["--with-secrets"]).contains(secret));
}

#[test]
fn what_is_dangerous_in_a_configuration_has_its_own_exit_code() {
    let place = Place::new();
    let file = |hook: &str| {
        format!(
            "identity: {{default_schema_id: default, schemas: [{{id: default, url: 'preset://email'}}]}}
selfservice: {{flows: {{registration: {{after: {{password: {{hooks: [{hook}]}}}}}}}}}}
"
        )
    };
    place
        .write("bad.yml", &file("{hook: web_hook, config: {url: 'https://crm.example.org/', method: POST}}"));
    place.write("good.yml", &file(""));
    place.write("void.yml", &file("{hook: show_verification_ui}"));
    let lint = |file: &str| place.run(&["config", "check", "--lint", "--config", file]);
    let bad = lint("bad.yml");
    assert_eq!(bad.status.code(), Some(5), "{}", text(&bad.stderr));
    assert!(text(&bad.stdout).contains("danger account_without_an_answer"), "{}", text(&bad.stdout));
    assert_eq!(lint("good.yml").status.code(), Some(0), "{}", text(&lint("good.yml").stdout));
    assert_eq!(lint("void.yml").status.code(), Some(7), "{}", text(&lint("void.yml").stdout));
    let from =
        |severity: &str| place.run(&["config", "check", "--lint", "--fail-on", severity]).status.code();
    assert_eq!(["error", "danger", "warning", "info"].map(from), [Some(0), Some(0), Some(8), Some(8)]);
    assert_eq!(place.run(&["config", "check", "--config", "bad.yml"]).status.code(), Some(0));
    let machine = place.run(&["config", "check", "--lint", "--json", "--config", "bad.yml"]);
    let machine: Value = serde_json::from_slice(&machine.stdout).unwrap();
    assert_eq!(machine[0]["severity"], "danger");
}

/// Two that a file can put right, one that it cannot, and a secret in a list of hooks.
const UNWISE: &str = "# Ours since 2019.
identity: {default_schema_id: default, schemas: [{id: default, url: 'preset://email'}]}
secrets:
  cookie: [PLEASE-CHANGE-ME-I-AM-VERY-INSECURE] # TODO
vestibule: {courier: {keep_bodies: true}}
selfservice: {flows: {registration: {after: {password: {hooks: [
  {hook: web_hook, config: {url: 'https://crm.example.org/new', method: POST, auth: {type: api_key, config: {in: header, name: X-Key, value: keyhole-surgery}}}},
]}}}}}
";

#[test]
fn a_further_file_puts_right_what_files_can_and_no_given_file_is_touched() {
    let place = Place::new();
    place.write("kratos.yml", UNWISE);
    let fix = |more: &[&str]| {
        place.run(&[&["config", "check", "--lint", "--fix", "--config", "kratos.yml"], more].concat())
    };
    let at = |name: &str| place.folder.path().join(name);
    let shown = fix(&[]);
    let said = text(&shown.stdout);
    assert_eq!(shown.status.code(), Some(7), "{said}");
    for part in ["- vestibule.courier.keep_bodies: true", "- secrets.cookie:", "Nothing was written"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(!said.contains("keyhole-surgery") && !said.contains("PLEASE-CHANGE"), "{said}");
    assert!(!at("kratos.fixes.yml").exists(), "without --yes nothing is written");

    let written = fix(&["--yes"]);
    let said = text(&written.stdout);
    assert_eq!(written.status.code(), Some(0), "{said} {}", text(&written.stderr));
    assert!(said.contains("Start with --config kratos.yml --config kratos.fixes.yml."), "{said}");
    assert_eq!(std::fs::read_to_string(at("kratos.yml")).unwrap(), UNWISE);
    let mode = std::fs::metadata(at("kratos.fixes.yml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it may hold the secrets of a list of hooks");

    let again = fix(&["--yes"]);
    assert_eq!(again.status.code(), Some(1), "{}", text(&again.stdout));
    assert!(text(&again.stderr).contains("kratos.fixes.yml already exists"), "{}", text(&again.stderr));
    let both = fix(&["--config", "kratos.fixes.yml", "--yes"]);
    assert_eq!(both.status.code(), Some(0), "{}", text(&both.stdout));
    assert!(text(&both.stdout).contains("No issue that a file can fix"), "{}", text(&both.stdout));
    assert!(!at("kratos.fixes-2.yml").exists());
}

#[test]
fn a_fix_says_what_it_cannot_do() {
    let place = Place::new();
    place.write("kratos.yml", UNWISE);
    let fix = ["config", "check", "--lint", "--fix", "--config", "kratos.yml"];
    let unknown = place.run(&["config", "check", "--lint", "--fix=enumerations", "--config", "kratos.yml"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(
        text(&unknown.stderr).contains("no issue is named \"enumerations\""),
        "{}",
        text(&unknown.stderr)
    );
    let absent = place.run(&["config", "check", "--lint", "--fix=enumeration", "--config", "kratos.yml"]);
    assert!(text(&absent.stdout).contains("enumeration: not found"), "{}", text(&absent.stdout));
    let locked = place.command(&fix).env("VESTIBULE_COURIER_KEEP_BODIES", "true").output().unwrap();
    let said = text(&locked.stdout);
    assert!(said.contains("managed by the environment variable VESTIBULE_COURIER_KEEP_BODIES"), "{said}");
    assert!(!said.contains("- vestibule.courier.keep_bodies"), "{said}");
    let starter = place.run(&["config", "check", "--lint", "--fix"]);
    assert_eq!(starter.status.code(), Some(1));
    assert!(text(&starter.stderr).contains("name a file with --config"), "{}", text(&starter.stderr));
    for wrong in [["--fix"].as_slice(), &["--lint", "--yes"], &["--lint", "--fix", "--json"]] {
        let output = place.run(&[&["config", "check"], wrong].concat());
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
    }
}

/// The answer to a sign-up loses its session by that fix: nobody gets it without having asked for it.
#[test]
fn a_fix_that_brings_something_up_is_written_only_when_it_is_named() {
    let place = Place::new();
    place.write(
        "kratos.yml",
        "identity: {schemas: [{id: default, url: 'preset://email'}]}
vestibule: {courier: {keep_bodies: true}}
selfservice: {flows: {verification: {enabled: true}, registration: {after: {password: {hooks: [{hook: session}]}}}}}
",
    );
    let at = |name: &str| std::fs::read_to_string(place.folder.path().join(name)).unwrap_or_default();
    let fix = |more: &[&str]| {
        let output = place.run(&[&["config", "check", "--lint", "--config", "kratos.yml"], more].concat());
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    let (code, said) = fix(&["--fix", "--yes"]);
    assert_eq!(code, Some(5), "{said}");
    assert!(at("kratos.fixes.yml").contains("keep_bodies"), "{said}");
    assert!(!at("kratos.fixes.yml").contains("prevent_enumeration"), "{said}");
    let (before, done) = said.split_once("Fixes:").unwrap();
    for part in [
        "+ vestibule.registration.prevent_enumeration: true",
        "warning nobody_is_signed_in_at_once",
        "--fix=enumeration",
    ] {
        assert!(before.contains(part) && !done.contains(part), "{part}: {said}");
    }
    assert!(
        done.contains("codes_stay_readable: ") && done.contains("- vestibule.courier.keep_bodies: true"),
        "{said}"
    );

    let (code, said) = fix(&["--config", "kratos.fixes.yml", "--fix=enumeration", "--yes"]);
    assert_eq!(code, Some(0), "{said}");
    let (_, done) = said.split_once("Fixes:").unwrap();
    assert!(done.contains("warning nobody_is_signed_in_at_once"), "it says what it brings up: {said}");
    assert!(at("kratos.fixes-2.yml").contains("prevent_enumeration: true"), "{said}");

    std::fs::remove_file(place.folder.path().join("kratos.fixes.yml")).unwrap();
    let (_, said) = fix(&["--fix", "--fix=enumeration", "--yes"]);
    let both = at("kratos.fixes.yml");
    assert!(both.contains("prevent_enumeration: true") && both.contains("keep_bodies"), "{said}{both}");

    let machine = place.run(&["config", "check", "--lint", "--json", "--config", "kratos.yml"]);
    let found: Value = serde_json::from_slice(&machine.stdout).unwrap();
    let of = |id: &str| found.as_array().unwrap().iter().find(|check| check["id"] == id).unwrap().clone();
    let enumeration = of("enumeration");
    assert_eq!(enumeration["to_be_named"], true);
    assert_eq!(enumeration["brings_up"][0]["id"], "nobody_is_signed_in_at_once");
    assert_eq!(
        (&of("codes_stay_readable")["brings_up"], &of("codes_stay_readable")["to_be_named"]),
        (&json!([]), &json!(false))
    );
}

#[test]
fn the_starter_is_printed_as_a_file_to_build_on() {
    let place = Place::new();
    let starter = place.run(&["config", "starter"]);
    assert!(starter.status.success(), "{}", text(&starter.stderr));
    place.write("vestibule.yml", &text(&starter.stdout));
    let with = |arguments: &[&str], more: &[&str]| {
        let output = place.run(&[arguments, more].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        // The first line of a print or an export says where it comes from.
        text(&output.stdout).lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n")
    };
    for command in [&["config", "export"][..], &["config", "check", "--lint"], &["plan", "registration"]] {
        assert_eq!(with(command, &["--config", "vestibule.yml"]), with(command, &[]), "{command:?}");
    }
    let served = Place::serving(place.command(&["serve", "--config", "vestibule.yml"])).terminate();
    assert!(served.status.success(), "{}", served.log);
    // Whoever wrote one key alone is told of it.
    place.write("hosts.yml", "vestibule: {web_hooks: {allowed_hosts: [crm.example.org]}}\n");
    let refused = place.run(&["config", "check", "--config", "hosts.yml"]);
    assert_eq!(refused.status.code(), Some(3));
    let told = text(&refused.stderr);
    assert!(
        told.contains("`vestibule config starter > vestibule.yml`") && told.contains("no identity schema"),
        "{told}"
    );
}

#[test]
fn a_key_that_needs_no_effect_is_told_apart_from_what_people_lose() {
    let place = Place::new();
    place.write(
        "kratos.yml",
        "version: v26.2.0
identity: {schemas: [{id: default, url: 'preset://email'}]}
log: {leak_sensitive_values: false}
selfservice: {methods: {totp: {enabled: true}, webauthn: {enabled: false}}}
",
    );
    let said = text(&place.run(&["config", "check", "--config", "kratos.yml"]).stdout);
    let of = |key: &str| said.lines().find(|line| line.contains(&format!(": {key}: "))).unwrap_or_default();
    for key in ["version", "log.leak_sensitive_values", "selfservice.methods.webauthn.enabled"] {
        assert!(of(key).contains("no effect, and none is needed: "), "{key}: {said}");
    }
    assert!(of("selfservice.methods.totp.enabled").contains("not supported yet"), "{said}");
    assert!(
        said.ends_with("The configuration is valid. 1 key has no effect. 3 keys need no effect.\n"),
        "{said}"
    );
    let report = text(&place.run(&["config", "import", "kratos.yml"]).stderr);
    for part in [
        "waiting  selfservice.methods.totp.enabled",
        "kept     selfservice.methods.webauthn.enabled",
        "kept     version",
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }
}

#[test]
fn findings_for_programs_have_their_way_out_and_no_secret() {
    let place = Place::new();
    place.write("kratos.yml", UNWISE);
    let output = place.run(&["config", "check", "--lint", "--json", "--config", "kratos.yml"]);
    assert_eq!(output.status.code(), Some(7));
    let said = text(&output.stdout);
    assert!(!said.contains("keyhole-surgery") && !said.contains("PLEASE-CHANGE"), "{said}");
    let found: Value = serde_json::from_str(&said).unwrap();
    let of = |id: &str| found.as_array().unwrap().iter().find(|check| check["id"] == id).unwrap().clone();
    assert_eq!(of("codes_stay_readable")["file"], json!({"vestibule": {"courier": {"keep_bodies": null}}}));
    assert_eq!(of("secret_of_an_example")["severity"], "error");
    assert_eq!(of("account_without_an_answer")["about"], json!(["crm.example.org/new"]));
}

#[test]
fn the_page_of_checks_is_printed() {
    let place = Place::new();
    let page = text(&place.run(&["config", "checks"]).stdout);
    assert!(page.contains("| `codes_stay_readable` |"), "{page}");
}

#[test]
fn the_plan_of_a_sign_up_is_printed_in_the_order_in_which_it_runs() {
    let place = Place::new();
    place.write(
        "kratos.yml",
        "identity: {default_schema_id: default, schemas: [{id: default, url: 'preset://email'}]}
selfservice:
  flows:
    registration:
      after:
        hooks: [{hook: web_hook, config: {url: https://crm.example.org/all, method: POST}}]
        password:
          hooks:
            - {hook: session}
            - {hook: web_hook, config: {url: https://crm.example.org/ask, method: POST, can_interrupt: true}}
            - {hook: web_hook, config: {url: https://crm.example.org/new, method: POST, response: {ignore: true}}}
",
    );
    let command = ["plan", "registration", "--config", "kratos.yml", "--client", "native"];
    let printed = text(&place.run(&command).stdout);
    let at = |part: &str| printed.find(part).unwrap_or_else(|| panic!("{part} in {printed}"));
    let order = [
        "Hash the password",
        "Call crm.example.org/ask (can block)",
        "Create the account",
        "Call crm.example.org/new",
        "Sign in",
    ];
    assert!(order.windows(2).all(|pair| at(pair[0]) < at(pair[1])), "{printed}");
    assert!(printed.contains("These don't run: web_hook crm.example.org/all"), "{printed}");
    assert!(printed.contains("200 {session, session_token, identity, continue_with}"), "{printed}");
    let machine = place.run(&[&command[..], &["--json"]].concat());
    let machine: Value = serde_json::from_slice(&machine.stdout).unwrap();
    assert_eq!(machine["steps"].as_array().unwrap().last().unwrap()["step"], "sign_in");
    assert_eq!(place.run(&["plan", "registration", "--method", "carrier-pigeon"]).status.code(), Some(1));
}

#[test]
fn the_plan_of_a_recovery_ends_in_the_settings() {
    let place = Place::new();
    place.write(
        "kratos.yml",
        "identity: {schemas: [{id: default, url: 'preset://email'}]}
selfservice: {methods: {link: {enabled: true}}, flows: {recovery: {enabled: true, use: link}}}
",
    );
    let drawn = text(&place.run(&["plan", "recovery", "--config", "kratos.yml"]).stdout);
    let at = |part: &str| drawn.find(part).unwrap_or_else(|| panic!("{part}: {drawn}"));
    assert!(at("Verify the link") < at("Revoke other sessions"));
    assert!(at("Open the settings") < at("Sign in\n"));
    assert!(
        drawn.lines().any(|line| line.contains("303 → http://") && line.ends_with("/settings")),
        "{drawn}"
    );
}
