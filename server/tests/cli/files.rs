//! Files that are set with `--config` apply while the server runs.

use super::*;
use std::time::Instant;

/// What is promised is a second. This is for a machine that is busy with other tests.
const APPLIES_WITHIN: Duration = Duration::from_secs(20);

fn registration(on: bool) -> String {
    format!(
        "identity: {{schemas: [{{id: default, url: 'preset://email'}}]}}\nselfservice: {{flows: {{registration: {{enabled: {on}}}}}}}\n"
    )
}

struct Watching {
    place: Place,
    serving: Serving,
}

impl Watching {
    fn start(file: &str) -> Self {
        let place = Place::new();
        if !place.folder.path().join(file).exists() {
            place.write(file, &registration(true));
        }
        let serving = Place::serving(place.command(&["serve", "--config", file]));
        Self { place, serving }
    }

    fn digest(&self) -> String {
        let answer = get(self.place.ports[1], "/admin/health/config");
        answer.rsplit("\r\n\r\n").next().unwrap().to_owned()
    }

    fn takes_sign_ups(&self) -> bool {
        get(self.place.ports[0], "/self-service/registration/api").starts_with("HTTP/1.1 200")
    }

    /// As clients do that changed a file: asks for the digest until it is another one.
    #[track_caller]
    fn changes_from(&self, digest: &str) {
        let end = Instant::now() + APPLIES_WITHIN;
        while self.digest() == digest {
            assert!(Instant::now() < end, "the file does not apply");
        }
    }
}

#[test]
fn a_changed_file_applies_and_one_with_errors_does_not() {
    let watching = Watching::start("vestibule.yml");
    assert!(watching.takes_sign_ups());
    let first = watching.digest();
    watching.place.write("vestibule.yml", &registration(false));
    watching.changes_from(&first);
    assert!(!watching.takes_sign_ups());
    let second = watching.digest();
    // The one that has errors is judged before the next one applies, or never: both leave the second in force until then.
    watching.place.write("vestibule.yml", "selfservice: {flows: {registration: {enabled: perhaps}}}\n");
    for _ in 0..50 {
        assert_eq!(watching.digest(), second);
    }
    watching.place.write("new.yml", &registration(true));
    let folder = watching.place.folder.path();
    std::fs::rename(folder.join("new.yml"), folder.join("vestibule.yml")).unwrap();
    watching.changes_from(&second);
    assert!(watching.takes_sign_ups());
    assert_eq!(watching.digest(), first, "the same configuration has the same digest");
    let ended = watching.serving.terminate();
    assert!(ended.status.success(), "{}", ended.log);
    assert_eq!(
        ended.log.matches("the configuration files changed; they apply now").count(),
        2,
        "{}",
        ended.log
    );
}

/// As Kubernetes mounts files: the name is a link through another link, which is replaced.
#[cfg(unix)]
#[test]
fn a_file_behind_links_applies_when_a_link_is_replaced() {
    use std::os::unix::fs::symlink;
    let place = Place::new();
    let folder = place.folder.path().to_path_buf();
    for (name, on) in [("one", true), ("two", false)] {
        std::fs::create_dir(folder.join(name)).unwrap();
        std::fs::write(folder.join(name).join("vestibule.yml"), registration(on)).unwrap();
    }
    symlink("one", folder.join("..data")).unwrap();
    symlink("..data/vestibule.yml", folder.join("vestibule.yml")).unwrap();
    let serving = Place::serving(place.command(&["serve", "--config", "vestibule.yml"]));
    let watching = Watching { place, serving };
    assert!(watching.takes_sign_ups());
    let first = watching.digest();
    symlink("two", folder.join("..data_tmp")).unwrap();
    std::fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
    watching.changes_from(&first);
    assert!(!watching.takes_sign_ups());
    let ended = watching.serving.terminate();
    assert!(ended.status.success(), "{}", ended.log);
}
