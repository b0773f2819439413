//! Configuration files that change while the server runs: whole or not at all, whatever else happens meanwhile.

use engine::config::load::{Sources, load};
use engine::config::{Why, digest};
use engine::form::outcome::Started;
use engine::model::FlowKind;
use engine::operators::Role;
use engine::password::Hasher;
use engine::settings::{self, Reloaded, Saved, confirm_files, reload_files};
use engine::store::Db;
use engine::testing::{effects, operator, start};
use engine::{Engine, Kind, flow};
use std::cell::Cell;
use std::fs;
use tempfile::TempDir;
use tokio::task::yield_now;

struct House {
    folder: TempDir,
    engine: Engine,
    sources: Sources,
}

const HOOKS: &str =
    "  flows: {registration: {after: {password: {hooks: [{hook: session}]}}}, login: {lifespan: 1m}}";

/// Two values that belong together, a section, and a list of hooks.
fn text(minutes: u32) -> String {
    let hooks = HOOKS.replace("1m", &format!("{minutes}m"));
    format!(
        "identity: {{schemas: [{{id: default, url: 'preset://email'}}]}}\n\
         secrets: {{default: [a-secret-of-this-test-and-none-else]}}\n\
         session: {{lifespan: {minutes}h}}\nselfservice:\n{hooks}\n"
    )
}

impl House {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("vestibule.yml");
        fs::write(&file, text(1)).unwrap();
        let sources = Sources { files: vec![file], data: folder.path().to_path_buf(), ..Sources::default() };
        let db = Db::connect(None, folder.path()).await.unwrap();
        db.migrate().await.unwrap();
        let config = load(&sources, None).unwrap().config;
        let engine = Engine::new(db, effects(), Hasher::sized(1, 8), config);
        Self { folder, engine, sources }
    }

    /// As an editor writes it: a new file over the old one.
    fn write(&self, text: &str) {
        let new = self.folder.path().join("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, &self.sources.files[0]).unwrap();
    }

    async fn change(&self, text: &str) -> Reloaded {
        self.write(text);
        reload_files(&self.engine, &self.sources).await.unwrap()
    }

    /// Minutes of a sign-in form, and hours of a session.
    fn applies(&self) -> (u64, u64) {
        let config = self.engine.begin().config;
        (config.selfservice.login.lifespan.as_secs() / 60, config.session.lifespan.as_secs() / 3600)
    }

    fn digest(&self) -> String {
        digest(&self.engine.begin().config)
    }

    fn why(&self) -> Option<Why> {
        self.engine.files().not_applied().map(|not_applied| not_applied.why)
    }

    async fn save(&self, length: u32) -> Saved {
        let current = settings::current(&self.engine).await.unwrap();
        let values = current.values.having("min_password_length", length);
        let owner = operator(&self.engine, Role::Owner);
        settings::save(&self.engine, &owner, current.revision, &values, "").await.unwrap()
    }
}

#[tokio::test]
async fn many_changes_while_requests_run_and_operators_save() {
    let house = House::start().await;
    let over = Cell::new(false);
    let changes = async {
        for minutes in 2..=150 {
            let was = house.digest();
            assert_eq!(house.change(&text(minutes)).await, Reloaded::Applied, "{minutes}");
            assert_ne!(house.digest(), was);
            yield_now().await;
        }
        over.set(true);
    };
    let requests = async {
        let mut count = 0;
        while !over.get() {
            let (minutes, hours) = house.applies();
            assert_eq!(minutes, hours, "one configuration from start to end");
            let begun = flow::start(&house.engine.begin(), FlowKind::Login, start()).await;
            assert!(matches!(begun.unwrap(), Started::Flow(_)));
            count += 1;
            yield_now().await;
        }
        count
    };
    let saves = async {
        let mut last = (0, 0);
        let mut length = 8;
        while !over.get() {
            length = if length == 30 { 9 } else { length + 1 };
            match house.save(length).await {
                Saved::Done { revision } => last = (revision, length as usize),
                Saved::Conflict { .. } => {}
                other => panic!("{other:?}"),
            }
            let config = house.engine.begin().config;
            assert_eq!((config.revision, config.selfservice.password.min_password_length), last);
            yield_now().await;
        }
        last
    };
    let ((), requests, last) = tokio::join!(changes, requests, saves);
    assert!(requests > 100 && last.0 > 10, "{requests} {last:?}");
    assert_eq!(house.applies(), (150, 150));
    let config = house.engine.begin().config;
    assert_eq!((config.revision, config.selfservice.password.min_password_length), last);
    assert_eq!(reload_files(&house.engine, &house.sources).await.unwrap(), Reloaded::Unchanged);
}

#[tokio::test]
async fn a_file_with_errors_does_not_apply_and_the_next_complete_one_does() {
    let house = House::start().await;
    let whole = text(7);
    for broken in [&whole[..whole.len() - 3], "session: [", "", "session: {lifespan: soon}\n"] {
        let was = house.digest();
        assert_eq!(house.change(broken).await, Reloaded::NotApplied, "{broken}");
        assert!(matches!(house.why(), Some(Why::Refused(problems)) if !problems.is_empty()), "{broken}");
        assert_eq!((house.applies(), house.digest()), ((1, 1), was));
    }
    fs::remove_file(&house.sources.files[0]).unwrap();
    assert_eq!(reload_files(&house.engine, &house.sources).await.unwrap(), Reloaded::NotApplied);
    assert_eq!(house.change(&whole).await, Reloaded::Applied);
    assert_eq!((house.applies(), house.why()), ((7, 7), None));
}

#[tokio::test]
async fn a_file_that_lost_something_waits_for_an_owner() {
    let house = House::start().await;
    let whole = text(7);
    // Cut off at the end of a line, each is a valid file.
    let without_section = whole.split("session:").next().unwrap().to_owned();
    let without_hooks = whole.replace(HOOKS.replace("1m", "7m").as_str(), "  flows: {login: {lifespan: 7m}}");
    for (cut, lost) in [
        (&without_section, vec!["session", "selfservice"]),
        (&without_hooks, vec!["selfservice.flows.registration.after.password.hooks"]),
    ] {
        assert_eq!(house.change(cut).await, Reloaded::NotApplied, "{cut}");
        let lost = lost.into_iter().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!((house.why(), house.applies()), (Some(Why::Loses(lost)), (1, 1)));
    }
    let waits = house.engine.files().not_applied().unwrap().content;
    let confirm = async |role, content: &str| {
        confirm_files(&house.engine, &operator(&house.engine, role), content)
            .await
            .map_err(|error| error.kind)
    };
    assert_eq!(confirm(Role::Editor, &waits).await, Err(Kind::Forbidden));
    assert_eq!(confirm(Role::Owner, "another").await, Err(Kind::Conflict));
    assert_eq!(reload_files(&house.engine, &house.sources).await.unwrap(), Reloaded::NotApplied);
    assert_eq!(confirm(Role::Owner, &waits).await, Ok(()));
    // That confirms nothing else.
    assert_eq!(house.change(&without_section).await, Reloaded::NotApplied);
    assert_eq!(house.change(&without_hooks).await, Reloaded::Applied);
    assert_eq!((house.applies(), house.why()), ((7, 7), None));
    // An empty list is written on purpose.
    let house = House::start().await;
    let none = whole.replace("[{hook: session}]", "[]");
    assert_eq!(house.change(&none).await, Reloaded::Applied);
}

#[tokio::test]
async fn what_takes_a_restart_says_so_and_changes_nothing() {
    let house = House::start().await;
    let was = house.digest();
    for (more, key) in [
        ("serve: {public: {port: 4999}}\n", "serve.public.host, serve.public.port"),
        ("dsn: sqlite://elsewhere.sqlite\n", "dsn"),
        ("log: {format: json}\n", "log"),
        ("vestibule: {limits: {connections: {public: 77}}}\n", "vestibule.limits.connections"),
    ] {
        assert_eq!(house.change(&format!("{}{more}", text(7))).await, Reloaded::NotApplied, "{more}");
        assert_eq!(house.why(), Some(Why::NeedsRestart(vec![key])));
        assert_eq!((house.applies(), house.digest()), ((1, 1), was.clone()));
    }
    let other = text(7).replace("a-secret-of-this-test", "another-secret-of-this-test");
    assert_eq!(house.change(&other).await, Reloaded::NotApplied);
    assert_eq!(house.why(), Some(Why::NeedsRestart(vec!["secrets"])));
    assert_eq!(house.change(&text(1)).await, Reloaded::Unchanged);
    assert_eq!(house.why(), None);
}

#[tokio::test]
async fn the_digest_changes_with_the_effect_and_the_file_can_name_it() {
    let house = House::start().await;
    let was = house.digest();
    let mut lines: Vec<String> = text(1).lines().map(str::to_owned).collect();
    lines.reverse();
    // The two lines of one section stay together.
    let at = lines.iter().position(|line| line == "selfservice:").unwrap();
    lines.swap(at, at - 1);
    let other = format!("# The same in another order.\n{}\n", lines.join("\n"));
    assert_eq!(house.change(&other).await, Reloaded::Unchanged);
    assert_eq!(house.digest(), was);
    assert_eq!(house.change(&text(2)).await, Reloaded::Applied);
    let second = house.digest();
    assert_ne!(second, was);
    assert_eq!(house.change(&format!("revision: r3\n{}", text(2))).await, Reloaded::Applied);
    assert_eq!(house.digest(), "r3");
    assert_eq!(house.change(&format!("revision: r4\n{}", text(2))).await, Reloaded::Applied);
    assert_eq!(house.digest(), "r4");
    assert_eq!(house.change(&format!("revision: null\n{}", text(1))).await, Reloaded::Applied);
    assert_eq!(house.digest(), was);
}
