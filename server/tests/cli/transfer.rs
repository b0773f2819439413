//! `vestibule config import` and `export`: files of Kratos in and out.

use super::*;

/// As somebody would have it who followed Kratos' documentation, with a key of a later version.
const KRATOS: &str = "dsn: postgres://kratos:hunter2-dsn@db/kratos
identity: {default_schema_id: default, schemas: [{id: default, url: 'preset://email'}]}
selfservice:
  default_browser_return_url: https://www.example.org/
  flows:
    registration:
      after:
        hooks:
          - {hook: web_hook, config: {url: 'https://crm.example.org/all', method: POST}}
          - {hook: session}
secrets: {default: [hunter2-of-the-file]}
tomorrow: {key: true}
";

#[test]
fn a_file_of_kratos_is_imported_with_a_line_for_each_key() {
    let place = Place::new();
    place.write("kratos.yml", KRATOS);
    let printed = place.run(&["config", "import", "kratos.yml"]);
    assert_eq!(printed.status.code(), Some(0), "{}", text(&printed.stderr));
    let (file, report) = (text(&printed.stdout), text(&printed.stderr));
    assert!(!file.contains("hunter2") && !report.contains("hunter2"), "{file}{report}");
    for line in [
        "moved    selfservice.flows.registration.after.hooks[1]",
        "unknown  tomorrow",
        "kept     identity.schemas",
        "1 moved, 1 unknown, 0 refused",
    ] {
        assert!(report.contains(line), "{line}: {report}");
    }
    assert!(
        text(&place.run(&["config", "import", "kratos.yml", "--with-secrets"]).stdout)
            .contains("hunter2-of-the-file")
    );

    let write = ["config", "import", "kratos.yml", "--output", "vestibule.yml"];
    let written = place.run(&write);
    assert_eq!(written.status.code(), Some(0), "{}", text(&written.stderr));
    let output = place.folder.path().join("vestibule.yml");
    let made = std::fs::read_to_string(&output).unwrap();
    assert_eq!(mode(&output), 0o600);
    assert!(made.contains("hunter2-dsn") && made.contains("tomorrow"), "{made}");
    assert!(!text(&written.stdout).contains("hunter2"));
    assert_eq!(std::fs::read_to_string(place.folder.path().join("kratos.yml")).unwrap(), KRATOS);
    assert!(!place.data().exists(), "neither database nor data folder is needed for an import");
    // What was written can be used, and does what Kratos' code would have done.
    assert_eq!(place.run(&["config", "check", "--config", "vestibule.yml"]).status.code(), Some(0));
    let mut plan =
        place.command(&["plan", "registration", "--client", "native", "--config", "vestibule.yml"]);
    let plan = text(&plan.env("DSN", "memory").output().unwrap().stdout);
    assert!(plan.contains("crm.example.org/all") && plan.contains("session_token"), "{plan}");
    // Nothing that is there is written over, the file that was read least of all.
    for taken in ["vestibule.yml", "kratos.yml"] {
        let again = place.run(&["config", "import", "kratos.yml", "--output", taken]);
        assert_eq!(again.status.code(), Some(1), "{taken}");
        assert!(text(&again.stderr).contains("already exists"), "{}", text(&again.stderr));
    }
    assert_eq!(std::fs::read_to_string(&output).unwrap(), made);

    let strict = place.run(&["config", "import", "kratos.yml", "--strict", "--json"]);
    assert_eq!(strict.status.code(), Some(6));
    let answer: Value = serde_json::from_slice(&strict.stdout).unwrap();
    assert_eq!((&answer["counts"]["moved"], &answer["counts"]["refused"]), (&json!(1), &json!(0)));
    assert_eq!(answer["configuration"]["tomorrow"]["key"], true);
    assert!(answer["keys"].as_array().unwrap().iter().any(|key| key["outcome"] == "moved"
        && key["file"] == "kratos.yml"
        && key["text"].as_str().unwrap().contains("`password`")));
    assert!(!text(&strict.stdout).contains("hunter2"));
}

#[test]
fn what_cannot_be_imported_is_told_in_a_sentence() {
    let place = Place::new();
    let name = |name: &str| place.folder.path().join(name);
    place.write(
        "wrong.yml",
        "identity:\n  schemas: [{id: default, url: 'preset://email'}]\nsession: {lifespan: soon}\n",
    );
    place.write("broken.yml", "identity:\n  schemas: [\nselfservice: }\n");
    place.write("broken.json", "{\n  \"dsn\": memory\n}");
    place.write("broken.toml", "dsn = \"memory\"\nlog = [\n");
    place.write("half.yml", "selfservice:\n  flows:\n    login: {lifespan: \"1");
    place.write("nul.yml", "dsn: memory\nlog: {level: in\0\0\0\0");
    place.write("empty.yml", "");
    place.write("list.yml", "- dsn: memory\n");
    place.write("kratos.conf", "dsn: memory\n");
    std::fs::write(name("latin1.yml"), b"dsn: m\xe9moire\n").unwrap();
    std::fs::write(name("large.yml"), format!("# {}\n", "x".repeat(10 << 20))).unwrap();
    std::fs::create_dir(name("folder.yml")).unwrap();
    for (file, parts) in [
        ("broken.yml", &["broken.yml: line 2, column 12"][..]),
        ("broken.json", &["broken.json: line 2, column 10"]),
        ("broken.toml", &["broken.toml: line 2, column"]),
        ("half.yml", &["half.yml: line 3, column"]),
        ("nul.yml", &["line 2, column 16", "NUL"]),
        ("empty.yml", &["the file is empty"]),
        ("list.yml", &["doesn't contain keys"]),
        ("kratos.conf", &["no known extension"]),
        ("latin1.yml", &["byte 6", "UTF-8"]),
        ("large.yml", &["larger than 4 MB"]),
        ("folder.yml", &["this is a folder"]),
        ("missing.yml", &["missing.yml: the file can't be read"]),
    ] {
        let output = place.run(&["config", "import", file, "--output", "vestibule.yml"]);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{file}: {told}");
        for part in parts {
            assert!(told.contains(part), "{file}: {part}: {told}");
        }
        assert!(told.contains("Write instead: "), "{told}");
        assert!(told.len() < 1000, "{file}: what is wrong is said, and the file is not repeated: {told}");
        assert!(!name("vestibule.yml").exists(), "{file}: no half of a configuration is left");
    }
    // Two that cannot be read are told at once, and no good one beside them hides that.
    place.write("good.yml", KRATOS);
    let both = place.run(&["config", "import", "good.yml", "broken.yml", "missing.yml"]);
    assert_eq!(both.status.code(), Some(3));
    assert!(text(&both.stderr).contains("broken.yml") && text(&both.stderr).contains("missing.yml"));
    // A wrong value is kept for whoever mends it.
    let wrong = place.run(&["config", "import", "wrong.yml", "--output", "mend.yml"]);
    assert_eq!(wrong.status.code(), Some(3), "{}", text(&wrong.stderr));
    assert!(text(&wrong.stdout).contains("refused  session.lifespan"), "{}", text(&wrong.stdout));
    assert!(
        std::fs::read_to_string(name("mend.yml")).unwrap().contains("# To be corrected: session.lifespan")
    );
    for (file, code) in [("vestibule.ini", 1), ("nowhere/vestibule.yml", 1)] {
        let output = place.run(&["config", "import", "good.yml", "--output", file]);
        assert_eq!(output.status.code(), Some(code), "{file}: {}", text(&output.stderr));
    }
    assert_eq!(place.run(&["config", "import"]).status.code(), Some(2));
}

#[test]
fn a_file_that_may_not_be_read_is_told_so() {
    let place = Place::new();
    place.write("kratos.yml", KRATOS);
    set_mode(&place.folder.path().join("kratos.yml"), 0o000);
    let output = place.command_of_nobody(&["config", "import", "kratos.yml"]).output().unwrap();
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("kratos.yml: the file can't be read") && told.contains("ermission"), "{told}");
}

#[test]
fn what_applies_is_exported_for_kratos_and_comes_back() {
    let place = Place::new();
    place.write("kratos.yml", &KRATOS.replace("          - {hook: session}\n", ""));
    place.write("ours.yml", "dsn: null\nvestibule: {registration: {invite_only: true}}\n");
    let export = |more: &[&str]| {
        let files = ["config", "export", "--config", "kratos.yml", "--config", "ours.yml"];
        let output = place.run(&[&files, more].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        (text(&output.stdout), text(&output.stderr))
    };
    let (file, said) = export(&[]);
    assert!(!file.contains("hunter2") && !said.contains("hunter2"), "{file}{said}");
    assert!(!file.contains("vestibule:") && !file.contains("preset://"), "{file}");
    for part in [
        "vestibule.registration.invite_only: Kratos has no invitations",
        "tomorrow: left out",
        "dsn: a new database file",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let (json, _) = export(&["--format", "json", "--with-secrets"]);
    let document: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["secrets"]["default"][0], "hunter2-of-the-file");
    assert!(document["selfservice"]["flows"]["login"]["ui_url"].as_str().unwrap().ends_with("/login"));
    place.write("back.json", &json);
    let back = place.run(&["config", "import", "back.json", "--strict"]);
    assert_eq!(back.status.code(), Some(0), "{}", text(&back.stderr));
    assert_eq!(place.run(&["config", "export", "--format", "xml"]).status.code(), Some(2));
}
