//! `vestibule operator` and `settings`: who may enter the console, and what was saved there.

use super::*;

#[test]
fn the_set_up_link_opens_the_page_of_the_console() {
    let place = Place::new();
    let serving = place.serve();
    let link = std::fs::read_to_string(place.data().join("setup-link")).unwrap();
    let path = link.trim().split_once(&place.ports[2].to_string()).unwrap().1;
    let answer = get(place.ports[2], path);
    assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    assert!(serving.terminate().status.success());
}

#[test]
fn an_operator_from_the_command_line_ends_the_set_up_link() {
    let place = Place::new();
    place.serve().terminate();
    let created = place.run_with_input(&CREATE_ANN, "a long enough passphrase\n");
    assert!(created.status.success(), "{}", text(&created.stderr));
    assert_eq!(place.run_with_input(&CREATE_ANN, "a long enough passphrase\n").status.code(), Some(1));
    // The second start finds the same data folder: the operator is there, so no link is made.
    let serving = place.serve();
    assert!(!place.data().join("setup-link").exists());
    assert!(serving.terminate().status.success());
    let list = text(&place.run(&["operator", "list"]).stdout);
    assert!(list.contains("ann@example.org\tAnn\towner\tactive"), "{list}");
}

#[test]
fn operators_are_disabled_and_get_reset_links() {
    let place = Place::new();
    assert!(place.run_with_input(&CREATE_ANN, "a long enough passphrase").status.success());
    let link = place.run(&["operator", "reset-link", "--email", "ann@example.org"]);
    assert!(text(&link.stdout).contains("/reset?secret="), "{}", text(&link.stderr));
    let disable = |email: &str| place.run(&["operator", "disable", "--email", email]).status.code();
    // Nobody would be left to let anybody in again.
    assert_eq!(disable("ann@example.org"), Some(1));
    let create_ben = CREATE_ANN.map(|word| if word.starts_with("ann") { "ben@example.org" } else { word });
    assert!(place.run_with_input(&create_ben, "a long enough passphrase").status.success());
    assert_eq!(disable("ann@example.org"), Some(0));
    let list = text(&place.run(&["operator", "list"]).stdout);
    assert_eq!(list.lines().filter(|line| line.contains("disabled")).count(), 1, "{list}");
    assert_eq!(disable("eve@example.org"), Some(1));
    // What refuses her says how she gets in again.
    let way_back = "vestibule operator enable --email ann@example.org";
    let reset = place.run(&["operator", "reset-link", "--email", "ann@example.org"]);
    let create = place.run_with_input(&CREATE_ANN, "a long enough passphrase");
    for refused in [reset, create] {
        assert_eq!(refused.status.code(), Some(1));
        assert!(text(&refused.stderr).contains(way_back), "{}", text(&refused.stderr));
    }
}

#[test]
fn an_operator_who_was_disabled_can_be_let_in_again() {
    let place = Place::new();
    let ben = CREATE_ANN.map(|word| if word.starts_with("ann") { "ben@example.org" } else { word });
    for create in [&CREATE_ANN, &ben] {
        assert!(place.run_with_input(create, "a long enough passphrase").status.success());
    }
    let disabled = place.run(&["operator", "disable", "--email", "ben@example.org"]);
    let said = text(&disabled.stdout);
    assert!(said.contains("vestibule operator enable --email ben@example.org"), "{said}");
    let serving = place.serve();
    let console = place.ports[2];
    let origin = format!("http://127.0.0.1:{console}");
    let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", origin.as_str())];
    let signs_in = || {
        let body = "email=ben%40example.org&password=a+long+enough+passphrase";
        ask(console, "POST", "/sign-in", &headers, body).contains("vestibule_console=")
    };
    assert!(!signs_in());
    let enable = |email: &str| place.run(&["operator", "enable", "--email", email]);
    assert_eq!(enable("ben@example.org").status.code(), Some(0));
    assert!(signs_in(), "with the password from before, while the server runs");
    assert!(serving.terminate().status.success());
    let again = enable("ben@example.org");
    assert!(
        again.status.success() && text(&again.stdout).contains("isn't disabled"),
        "{}",
        text(&again.stdout)
    );
    assert_eq!(enable("eve@example.org").status.code(), Some(1));
}

#[test]
fn an_operator_has_the_role_that_was_asked_for() {
    let place = Place::new();
    let create = |name: &str, role: &str| {
        let email = format!("{name}@example.org");
        let words =
            ["operator", "create", "--email", &email, "--name", name, "--role", role, "--password-stdin"];
        place.run_with_input(&words, "a long enough passphrase")
    };
    let first = create("vera", "viewer");
    assert_eq!(first.status.code(), Some(1));
    assert!(text(&first.stderr).contains("no active owner"), "{}", text(&first.stderr));
    for (name, role) in [("otto", "owner"), ("edda", "editor"), ("vera", "viewer")] {
        let made = create(name, role);
        assert!(text(&made.stdout).contains(&format!("with the role {role}.")), "{}", text(&made.stderr));
        let list = text(&place.run(&["operator", "list"]).stdout);
        assert!(list.contains(&format!("{name}@example.org\t{name}\t{role}\tactive")), "{list}");
    }
    assert_eq!(create("kim", "king").status.code(), Some(2));
}

#[test]
fn an_operators_password_is_long_and_not_one_that_everybody_tries() {
    let place = Place::new();
    for (password, reason) in [
        ("passwordpassword", "easy to guess"),
        ("123456789012345", "easy to guess"),
        ("qwertyuiopasdfghjkl", "easy to guess"),
        ("vestibule1234567", "easy to guess"),
        ("plum quartz 61", "at least 15"),
    ] {
        let refused = place.run_with_input(&CREATE_ANN, &format!("{password}\n"));
        assert_eq!(refused.status.code(), Some(1), "{password}");
        let said = text(&refused.stderr);
        assert!(said.contains(reason) && !said.contains(password), "{said}");
    }
    assert!(place.run_with_input(&CREATE_ANN, "plum quartz ferry 61\n").status.success());
}

#[test]
fn an_operator_needs_a_password() {
    let place = Place::new();
    let output = place.run_with_input(&CREATE_ANN, "\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(!place.data().exists(), "nothing is made before the password is there");
}

#[test]
fn settings_begin_empty_and_unknown_revisions_are_refused() {
    let place = Place::new();
    place.begin();
    let list = place.run(&["settings", "history"]);
    assert!(list.status.success() && list.stdout.is_empty(), "{}", text(&list.stderr));
    assert_eq!(place.run(&["settings", "rollback", "7"]).status.code(), Some(1));
}

#[test]
fn a_roll_back_on_the_command_line_takes_a_save_of_the_console_back() {
    let place = Place::new();
    assert!(place.run_with_input(&CREATE_ANN, "a long enough passphrase").status.success());
    let serving = place.serve();
    let console = place.ports[2];
    let origin = format!("http://127.0.0.1:{console}");
    let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", origin.as_str())];
    let body = "email=ann%40example.org&password=a+long+enough+passphrase";
    let entered = ask(console, "POST", "/sign-in", &headers, body);
    let session = format!("vestibule_console={}", cookie(&entered, "vestibule_console"));
    let save = "action=save&base=0&registration_enabled=true&sign_in_after_registration=true&min_password_length=8\
                &reason=Asked%20for%0Aby+sales";
    let headers = [&headers[..], &[("Cookie", &session)]].concat();
    let saved = ask(console, "POST", "/settings/authentication", &headers, save);
    assert!(saved.starts_with("HTTP/1.1 303"), "{saved}");
    serving.terminate();

    let signs_in = || text(&place.run(&["config", "print"]).stdout).contains("hook: session");
    assert!(signs_in());
    let back = place.run(&["settings", "rollback", "0"]);
    assert!(back.status.success(), "{}", text(&back.stderr));
    assert!(!signs_in());
    let list = text(&place.run(&["settings", "history"]).stdout);
    let by: Vec<&str> = list.lines().filter_map(|line| line.split('\t').nth(2)).collect();
    assert_eq!(by, ["command line", "Ann"], "{list}");
    // What somebody wrote ends no line.
    assert!(list.lines().last().unwrap().ends_with("\tAsked for by sales"), "{list}");
}

#[test]
fn files_that_decide_say_so_on_the_command_line() {
    let place = Place::new();
    place.write("file.yml", "identity: {schemas: [{id: default, url: 'preset://email'}]}\nvestibule: {settings: {source: file}}\n");
    place.begin();
    let check = place.run(&["config", "check", "--config", "file.yml"]);
    assert!(check.status.success(), "{}", text(&check.stderr));
    assert!(text(&check.stdout).contains("Console settings are not applied"), "{}", text(&check.stdout));
    let back = place.run(&["settings", "rollback", "0", "--config", "file.yml"]);
    assert_eq!(back.status.code(), Some(1));
    assert!(text(&back.stderr).contains("Change file.yml"), "{}", text(&back.stderr));
}
