//! Several servers with one database: what is saved at one of them applies at the others.

use super::*;
use engine::testing::postgres;
use std::time::Instant;
use tokio::runtime::Runtime;

/// What is promised is a second. This is for a machine that is busy with other tests, and shorter than the silence after which a server
/// that listens reads anyway.
const APPLIES_WITHIN: Duration = Duration::from_secs(20);

/// One server of several, before it starts.
struct Node {
    place: Place,
    dsn: String,
}

impl Node {
    /// The first one begins the installation, with Ann as its owner.
    fn first(dsn: &str) -> Self {
        let node = Self { place: Place::new(), dsn: dsn.to_owned() };
        assert!(node.command(&["migrate"]).output().unwrap().status.success());
        let mut create = node.command(&CREATE_ANN);
        let mut child = create.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"a long enough passphrase").unwrap();
        assert!(child.wait().unwrap().success());
        node
    }

    fn beside(&self, dsn: &str) -> Self {
        let node = Self { place: Place::new(), dsn: dsn.to_owned() };
        std::fs::create_dir(node.place.data()).unwrap();
        std::fs::copy(self.place.data().join("secrets.json"), node.place.data().join("secrets.json"))
            .unwrap();
        node
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.place.command(arguments);
        command.env("DSN", &self.dsn);
        command
    }

    fn serve(&self) -> Serving {
        Place::serving(self.command(&["serve"]))
    }

    fn console(&self, path: &str, session: &str, body: &str) -> String {
        let port = self.place.ports[2];
        let origin = format!("http://127.0.0.1:{port}");
        let mut headers =
            vec![("Content-Type", "application/x-www-form-urlencoded"), ("Origin", origin.as_str())];
        headers.extend((!session.is_empty()).then_some(("Cookie", session)));
        ask(port, if body.is_empty() { "GET" } else { "POST" }, path, &headers, body)
    }

    /// Ann's session, which is good at all of them.
    fn sign_in(&self) -> String {
        let body = "email=ann%40example.org&password=a+long+enough+passphrase";
        let entered = self.console("/sign-in", "", body);
        format!("vestibule_console={}", cookie(&entered, "vestibule_console"))
    }

    /// Sign-up is off any more.
    fn close_registration(&self, session: &str, base: i64) {
        let body = format!(
            "action=save&base={base}&min_password_length=8&identifier_similarity_check=true&breach_check=true&reason=Because"
        );
        let saved = self.console("/settings/authentication", session, &body);
        assert!(saved.starts_with("HTTP/1.1 303"), "{saved}");
    }

    /// Waits until its console shows that revision.
    #[track_caller]
    fn shows(&self, session: &str, revision: i64) {
        let end = Instant::now() + APPLIES_WITHIN;
        loop {
            let page = self.console("/settings/authentication", session, "");
            let (_, base) = page.split_once("name=\"base\" value=\"").unwrap_or_else(|| panic!("{page}"));
            let number: String = base.chars().take_while(char::is_ascii_digit).collect();
            if number == revision.to_string() {
                return;
            }
            assert!(Instant::now() < end, "revision {revision} does not apply, {number} does");
        }
    }

    fn takes_sign_ups(&self) -> bool {
        get(self.place.ports[0], "/self-service/registration/api").starts_with("HTTP/1.1 200")
    }
}

/// A Save at `one`, and a way back and a change on the command line, apply at `other`; `between` comes after the Save.
fn each_change_applies_at(one: &Node, other: &Node, between: impl FnOnce()) {
    let session = one.sign_in();
    assert!(other.takes_sign_ups());
    one.close_registration(&session, 0);
    assert!(!one.takes_sign_ups());
    other.shows(&session, 1);
    assert!(!other.takes_sign_ups());
    between();
    let back = one.command(&["settings", "rollback", "0"]).output().unwrap();
    assert!(back.status.success(), "{}", text(&back.stderr));
    for node in [one, other] {
        node.shows(&session, 2);
        assert!(node.takes_sign_ups());
    }
    let set = one.command(&["settings", "set", "registration_enabled", "off"]).output().unwrap();
    assert!(set.status.success(), "{}", text(&set.stderr));
    for node in [one, other] {
        node.shows(&session, 3);
        assert!(!node.takes_sign_ups());
    }
}

#[test]
fn on_postgresql_a_save_applies_everywhere_also_after_the_listening_connections_were_cut() {
    let runtime = Runtime::new().unwrap();
    let dsn = runtime.block_on(postgres::database());
    let one = Node::first(&dsn);
    let other = one.beside(&dsn);
    let serving = [one.serve(), other.serve()];
    each_change_applies_at(&one, &other, || {
        assert!(runtime.block_on(postgres::cut_listeners(&dsn)) > 0);
    });
    for ended in serving.map(Serving::terminate) {
        assert!(ended.status.success(), "{}", ended.log);
    }
}

/// As behind a pooler that lends each transaction another connection: nothing is heard.
#[test]
fn where_a_server_cannot_listen_a_save_applies_all_the_same() {
    let runtime = Runtime::new().unwrap();
    let dsn = runtime.block_on(postgres::database());
    let one = Node::first(&dsn);
    let other = one.beside(&runtime.block_on(postgres::with_one_connection(&dsn)));
    let serving = [one.serve(), other.serve()];
    each_change_applies_at(&one, &other, || ());
    assert!(runtime.block_on(postgres::listeners(&dsn)) < 2, "that of the first server");
    for ended in serving.map(Serving::terminate) {
        assert!(ended.status.success(), "{}", ended.log);
    }
}

#[test]
fn processes_that_share_a_sqlite_file_take_over_what_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    let dsn = format!("sqlite://{}", folder.path().join("shared.sqlite").display());
    let one = Node::first(&dsn);
    let other = one.beside(&dsn);
    let serving = [one.serve(), other.serve()];
    each_change_applies_at(&one, &other, || ());
    for ended in serving.map(Serving::terminate) {
        assert!(ended.status.success(), "{}", ended.log);
    }
}
