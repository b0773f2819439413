//! `vestibule settings`: settings by name, through the same checks, locks, revisions and audit as a Save in the console.

use super::*;
use engine::store::{Db, audit};
use std::time::Instant;

/// What is promised is a second. The rest is for a machine that is busy with other tests.
const APPLIES_WITHIN: Duration = Duration::from_secs(20);

impl Place {
    /// What a command prints that does what it was asked to do.
    #[track_caller]
    fn settings(&self, words: &[&str]) -> String {
        let ended = self.run(&[&["settings"], words].concat());
        assert!(ended.status.success(), "{words:?}: {}", text(&ended.stderr));
        text(&ended.stdout)
    }

    /// Why a command changes nothing.
    #[track_caller]
    fn refused(&self, words: &[&str]) -> String {
        let revisions = self.revisions();
        let ended = self.run(&[&["settings"], words].concat());
        assert_eq!(ended.status.code(), Some(1), "{words:?}: {}", text(&ended.stdout));
        assert_eq!(self.revisions(), revisions, "{words:?}");
        text(&ended.stderr)
    }

    fn revisions(&self) -> usize {
        self.settings(&["history"]).lines().count()
    }

    /// A row of the list as JSON.
    #[track_caller]
    fn row(&self, name: &str) -> Value {
        let rows: Value = serde_json::from_str(&self.settings(&["list", "--json"])).unwrap();
        let row = rows.as_array().unwrap().iter().find(|row| row["name"] == name);
        row.unwrap_or_else(|| panic!("{name}: {rows}")).clone()
    }

    fn audit(&self) -> Vec<audit::Entry> {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let db = Db::connect(None, &self.data()).await.unwrap();
            let mut tx = db.read().await.unwrap();
            audit::list(&mut tx, 100).await.unwrap()
        })
    }
}

#[test]
fn a_setting_is_listed_read_changed_and_reset_by_its_name() {
    let place = Place::new();
    place.begin();
    assert_eq!(place.settings(&["get", "min_password_length"]), "8\n");
    assert_eq!(place.settings(&["list", "--changed"]), "");
    assert!(place.settings(&["list"]).contains("min_password_length\t8\tdefault\n"));

    let done = place.settings(&["set", "min_password_length", "12", "--reason", "new policy"]);
    assert!(done.starts_with("Minimum password length: 12 (was 8)\nSaved as revision 1."), "{done}");
    assert_eq!(place.settings(&["get", "min_password_length"]), "12\n");
    assert_eq!(place.settings(&["list", "--changed"]), "min_password_length\t12\trevision 1\n");
    let row = place.row("min_password_length");
    let key = "selfservice.methods.password.config.min_password_length";
    assert_eq!(
        (&row["value"], &row["default"], &row["key"], &row["source"], &row["changed"], &row["locked"]),
        (&json!("12"), &json!("8"), &json!(key), &json!("revision 1"), &json!(true), &Value::Null)
    );
    assert!(text(&place.run(&["config", "print"]).stdout).contains("min_password_length: 12"));
    assert_eq!(place.settings(&["set", "min_password_length", "12"]), "No changes to save.\n");

    let history = place.settings(&["history"]);
    assert!(history.contains("\tcommand line\tMinimum password length: 12 (was 8)\tnew policy"), "{history}");
    let entry = place.audit().remove(0);
    assert_eq!((entry.action.as_str(), entry.actor.as_str()), ("settings.save", "command line"));
    assert_eq!(
        (&entry.details["reason"], &entry.details["settings"]),
        (&json!("new policy"), &json!({"min_password_length": 12}))
    );

    let back = place.settings(&["reset", "min_password_length"]);
    assert!(back.starts_with("Minimum password length: 8 (was 12)\nSaved as revision 2."), "{back}");
    assert_eq!(place.settings(&["list", "--changed"]), "");
    assert_eq!(place.settings(&["reset", "min_password_length"]), "No changes to save.\n");
    // What a file says already can be taken out, too.
    place.settings(&["set", "invite_only", "on"]);
    place.write("file.yml", "identity: {schemas: [{id: default, url: 'preset://email'}]}\nvestibule: {registration: {invite_only: true}}\n");
    let same = place.settings(&["reset", "invite_only", "--config", "file.yml"]);
    assert!(same.starts_with("Invite only: reset to file settings\n"), "{same}");
    let listed = place.settings(&["list", "--config", "file.yml"]);
    assert!(listed.contains("invite_only\ton\tfile.yml\n"), "{listed}");
}

#[test]
fn every_kind_of_value_is_set_as_it_is_printed() {
    let place = Place::new();
    place.begin();
    for (name, values) in [
        ("registration_enabled", &["off", "on"][..]),
        ("min_password_length", &["14"]),
        ("unverified_session_lifespan", &["30m", "90s", "off"]),
        ("social_buttons", &["first", "last"]),
        ("show_verification_page.password", &["off"]),
        ("after_sign_up", &["themselves"]),
    ] {
        for value in values {
            place.settings(&["set", name, value]);
            assert_eq!(place.settings(&["get", name]), format!("{value}\n"), "{name}");
        }
    }
    let revisions: Value = serde_json::from_str(&place.settings(&["list", "--changed", "--json"])).unwrap();
    let names: Vec<&str> =
        revisions.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"unverified_session_lifespan") && !names.contains(&"breach_check"), "{names:?}");
}

#[test]
fn a_value_for_each_method_is_set_for_all_of_them_or_for_one() {
    let place = Place::new();
    place.begin();
    let name = "sign_in_after_registration";
    let yes = ["--reason", "a trial", "--yes"];
    assert_eq!(place.settings(&["get", name]), "sign_in_after_registration.password\toff\n");
    place.settings(&[&["set", "sign_in_after_registration.password", "on"], &yes[..]].concat());
    assert_eq!(place.settings(&["get", name]), "sign_in_after_registration.password\ton\n");
    assert_eq!(place.settings(&["get", "sign_in_after_registration.password"]), "on\n");
    assert_eq!(place.row("sign_in_after_registration.password")["changed"], true);
    assert_eq!(place.settings(&["get", "after_sign_up"]), "at_once\n");
    place.settings(&["set", name, "off"]);
    assert_eq!(place.settings(&["get", "sign_in_after_registration.password"]), "off\n");
    place.settings(&[&["set", name, "on"], &yes[..]].concat());
    place.settings(&["reset", "sign_in_after_registration.password"]);
    assert_eq!(place.settings(&["list", "--changed"]), "", "nothing is left of it");
    assert_eq!(place.settings(&["get", "sign_in_after_registration.password"]), "off\n");

    for (words, told) in [
        (["set", "sign_in_after_registration.pigeon", "on"], "Use one of password, oidc"),
        (["set", "sign_in_after_registration.oidc", "on"], "`oidc` is not turned on"),
        (["set", "min_password_length.password", "12"], "one value for all methods"),
    ] {
        let sentence = place.refused(&words);
        assert!(sentence.contains(told), "{sentence}");
    }
}

#[test]
fn names_and_values_that_cannot_be_are_told_with_what_can() {
    let place = Place::new();
    place.begin();
    for (words, told) in [
        (&["get", "breech_check"][..], "Did you mean `breach_check`?"),
        (&["set", "min_pasword_lenght", "12"], "Did you mean `min_password_length`?"),
        (&["reset", "invite-only"], "Did you mean `invite_only`?"),
        (
            &["get", "selfservice.methods.password.config.min_password_length"],
            "Did you mean `min_password_length`?",
        ),
        (&["get", "carrier_pigeons"], "run `vestibule settings list`"),
        (&["set", "social_providers", "google"], "Change it in the console"),
        (&["set", "min_password_length", "twelve"], "Enter a whole number"),
        (&["set", "min_password_length", "5"], "6 to 1024"),
        (&["set", "invite_only", "maybe"], "Enter on or off"),
        (&["set", "unverified_session_lifespan", "soon"], "for example 30m"),
        (&["set", "unverified_session_lifespan", "0s"], "for example `1h`"),
        (&["set", "social_buttons", "middle"], "Enter one of first, last"),
        (&["set", "after_sign_up", "later"], "at_once, verification_first, when_proven, themselves"),
        (&["reset", "after_sign_up"], "several settings"),
    ] {
        let sentence = place.refused(words);
        assert!(sentence.contains(told), "{words:?}: {sentence}");
    }
    assert_eq!(place.run(&["settings", "set", "invite_only"]).status.code(), Some(2));
}

#[test]
fn what_the_environment_or_the_files_decide_stays_and_is_told() {
    let place = Place::new();
    place.begin();
    let variable = "SELFSERVICE_METHODS_PASSWORD_CONFIG_MIN_PASSWORD_LENGTH";
    let locked = |words: &[&str]| place.command(words).env(variable, "9").output().unwrap();
    let refused = locked(&["settings", "set", "min_password_length", "12"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains(variable), "{}", text(&refused.stderr));
    let rows: Value = serde_json::from_slice(&locked(&["settings", "list", "--json"]).stdout).unwrap();
    let row = rows.as_array().unwrap().iter().find(|row| row["name"] == "min_password_length").unwrap();
    assert_eq!(
        (&row["value"], &row["source"]),
        (&json!("9"), &json!(format!("environment variable {variable}")))
    );
    assert!(row["locked"].as_str().unwrap().contains(variable), "{row}");
    assert_eq!(place.revisions(), 0);

    place.write("file.yml", "identity: {schemas: [{id: default, url: 'preset://email'}]}\nvestibule: {settings: {source: file}}\n");
    for words in [&["set", "invite_only", "on"][..], &["reset", "invite_only"]] {
        let sentence = place.refused(&[words, &["--config", "file.yml"]].concat());
        assert!(sentence.contains("Change file.yml"), "{sentence}");
    }
}

#[test]
fn a_danger_takes_a_reason_and_a_yes() {
    let place = Place::new();
    place.begin();
    // Without codes nobody can verify an address.
    place.write("file.yml", "identity: {schemas: [{id: default, url: 'preset://email'}]}\n");
    let set = ["set", "require_verified_address", "on", "--config", "file.yml"];
    for (more, missing) in [
        (&[][..], "add --reason TEXT and --yes"),
        (&["--yes"], "add --reason TEXT."),
        (&["--reason", "a trial"], "add --yes."),
        (&["--reason", " ", "--yes"], "add --reason TEXT."),
    ] {
        let sentence = place.refused(&[&set[..], more].concat());
        assert!(sentence.contains("dangerous") && sentence.contains(missing), "{more:?}: {sentence}");
    }
    assert!(place.audit().is_empty(), "a command that was not said in full is no refusal");
    place.settings(&[&set[..], &["--reason", "a trial", "--yes"]].concat());
    let entry = place.audit().remove(0);
    assert_eq!(entry.details["dangers"], json!(["nobody_can_sign_in"]));
    assert!(place.settings(&["history"]).contains("\ta trial"));
    // Out of a danger it takes neither.
    place.settings(&["reset", "require_verified_address", "--config", "file.yml"]);
    assert_eq!(place.revisions(), 2);
}

#[test]
fn commands_at_the_same_time_all_take_effect() {
    let place = Place::new();
    place.begin();
    let changes = [
        ("min_password_length", "14"),
        ("invite_only", "on"),
        ("breach_check", "off"),
        ("unverified_session_lifespan", "30m"),
    ];
    let spawned = changes.map(|(name, value)| {
        let mut command = place.command(&["settings", "set", name, value]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    });
    for child in spawned {
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success(), "{}", text(&ended.stderr));
    }
    assert_eq!(place.revisions(), changes.len());
    for (name, value) in changes {
        assert_eq!(place.settings(&["get", name]), format!("{value}\n"), "{name}");
    }
}

#[test]
fn a_running_server_takes_a_change_over() {
    let place = Place::new();
    let serving = place.serve();
    let takes_sign_ups = || get(place.ports[0], "/self-service/registration/api").starts_with("HTTP/1.1 200");
    assert!(takes_sign_ups());
    for (value, takes) in [("off", false), ("on", true)] {
        place.settings(&["set", "registration_enabled", value]);
        let end = Instant::now() + APPLIES_WITHIN;
        while takes_sign_ups() != takes {
            assert!(Instant::now() < end, "registration_enabled {value} does not apply");
        }
    }
    assert!(serving.terminate().status.success());
}
