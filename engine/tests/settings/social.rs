//! Providers as settings of the console: laid over the files by id, their secrets elsewhere, for owners who have just signed in.

use engine::Engine;
use engine::config::load::remap;
use engine::config::providers::kind;
use engine::config::social::Secret;
use engine::config::{Format, Named, export};
use engine::effects::Reach;
use engine::operators::Role;
use engine::requester::UnnamedProxies;
use engine::settings::social::{self, Arrange, Draft, From, Kept, Made, Mapper, Page, Tried};
use engine::settings::{self, Saved, history};
use engine::store::{Db, audit};
use engine::testing::{World, somebody};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

const SECRET: &str = "GOCSPX-of-this-test-alone";

struct House {
    world: World,
    engine: Engine,
}

impl House {
    async fn with(document: Value) -> Self {
        let world = World::default();
        let hosts = json!(["id.example.org", "evil.example"]);
        let listed = json!({"vestibule": {"web_hooks": {"allowed_hosts": hosts}}});
        let engine = world.engine("memory", vec![listed, document]).await;
        Self { world, engine }
    }

    async fn new() -> Self {
        Self::with(json!({})).await
    }

    async fn page(&self) -> Page {
        social::current(&self.engine).await.unwrap()
    }

    async fn save(&self, was: Option<&str>, draft: Draft) -> Saved {
        let base = self.page().await.revision;
        self.save_on(base, was, draft).await
    }

    async fn save_on(&self, base: i64, was: Option<&str>, draft: Draft) -> Saved {
        let owner = somebody(&self.engine, Role::Owner);
        social::save(&self.engine, &owner, base, (was.map(str::to_owned), draft), "").await.unwrap()
    }

    async fn arrange(&self, role: Role, wanted: Arrange) -> Saved {
        let base = self.page().await.revision;
        social::arrange(&self.engine, &somebody(&self.engine, role), base, wanted, "").await.unwrap()
    }

    async fn named(&self) -> Named {
        settings::list(self.engine.db()).await.unwrap().remove(0).settings
    }

    async fn draft(&self, id: &str) -> Draft {
        self.page().await.entry(id).unwrap().draft.clone().unwrap()
    }

    /// Whatever is written down anywhere in the clear.
    async fn everything(&self) -> String {
        let mut tx = self.engine.db().read().await.unwrap();
        let audit: Vec<String> =
            audit::list(&mut tx, 100).await.unwrap().iter().map(|entry| entry.details.to_string()).collect();
        drop(tx);
        let list = settings::list(self.engine.db()).await.unwrap();
        let revisions: Vec<String> =
            list.iter().map(|row| format!("{:?} {:?}", row.settings, row.summary)).collect();
        let config = self.engine.begin().config;
        let printed = engine::config::load::print(&config, true);
        let exported = export(&config, true).text(Format::Yaml);
        format!("{audit:?} {revisions:?} {config:?} {printed} {exported} {:?}", self.page().await)
    }

    fn offered(&self) -> Vec<String> {
        let config = self.engine.begin().config;
        config.selfservice.social.offered().iter().map(|provider| provider.id.clone()).collect()
    }
}

fn google() -> Draft {
    let mut draft = Draft::new(kind("google").unwrap());
    draft.texts.insert("client_id", "1.apps.googleusercontent.com".into());
    draft.client_secret = Secret::from(SECRET);
    draft
}

fn own(id: &str) -> Draft {
    let mut draft = Draft::new(kind("generic").unwrap());
    draft.id = id.to_owned();
    draft.texts.insert("client_id", "c".into());
    draft.texts.insert("issuer_url", "https://id.example.org".into());
    draft
}

fn file(entries: Value) -> Value {
    json!({"selfservice": {"methods": {"oidc": {"enabled": true, "config": {"providers": entries}}}}})
}

/// Without which nothing loads.
fn bare() -> Value {
    json!({"dsn": "memory", "identity": {"default_schema_id": "default", "schemas": [{"id": "default", "url": "preset://email"}]}})
}

fn of_file(id: &str) -> Value {
    json!({
        "id": id, "provider": "generic", "client_id": "of the file", "client_secret": "secret of the file",
        "issuer_url": "https://file.example.org", "mapper_url": "base64://e30=", "scope": ["openid"],
    })
}

fn problems(saved: Saved) -> Vec<(&'static str, String)> {
    match saved {
        Saved::Again(problems) => problems.into_iter().map(|one| (one.field, one.message)).collect(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn done(saved: &Saved) {
    assert!(matches!(saved, Saved::Done { .. }), "{saved:?}");
}

#[tokio::test]
async fn a_secret_whose_use_cannot_be_noted_is_used_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let dsn = format!("sqlite://{}?_busy_timeout=50", folder.path().join("x.sqlite").display());
    let world = World::default();
    let house = House { engine: world.engine(&dsn, vec![]).await, world };
    done(&house.save(None, google()).await);
    let other = Db::connect(Some(&dsn), Path::new("unused")).await.unwrap();
    let held = other.write().await.unwrap();
    let ctx = house.engine.begin();
    let opened = engine::secrets::opened(&ctx, "secret://social/google/client_secret").await.unwrap();
    assert_eq!(&*opened, SECRET);
    drop(held);
    let Kept::Held(kept) = house.page().await.entry("google").unwrap().secret.clone() else { panic!() };
    assert_eq!(kept.used_at, None, "the next use is noted");
}

#[tokio::test]
async fn the_secret_stays_out_of_everything_but_its_own_row() {
    let house = House::new().await;
    done(&house.save(None, google()).await);
    let entry = house.named().await["social_providers"]["google"].clone();
    assert_eq!(entry["client_secret"], "secret://social/google/client_secret");
    let all = house.everything().await;
    assert!(!all.contains(SECRET), "{all}");
    let Kept::Held(held) = house.page().await.entry("google").unwrap().secret.clone() else { panic!() };
    assert_eq!((held.set_by.as_str(), held.used_at), ("Grace", None));
    assert!(held.fingerprint.starts_with("••••"), "{held:?}");
    let ctx = house.engine.begin();
    let opened = engine::secrets::opened(&ctx, "secret://social/google/client_secret").await.unwrap();
    assert_eq!(&*opened, SECRET);
    // Nothing new was typed: the same row, the same value.
    let mut renamed = house.draft("google").await;
    assert_eq!(renamed.client_secret, Secret::default(), "no form gets it");
    renamed.texts.insert("label", "G".into());
    done(&house.save(Some("google"), renamed.clone()).await);
    let still = house.page().await.entry("google").unwrap().secret.clone();
    assert_eq!(
        still,
        Kept::Held(engine::secrets::Held { used_at: Some(house.engine.effects().now()), ..held.clone() })
    );
    renamed.client_secret = Secret::from("another one");
    done(&house.save(Some("google"), renamed).await);
    let Kept::Held(newer) = house.page().await.entry("google").unwrap().secret.clone() else { panic!() };
    assert_ne!(newer.fingerprint, held.fingerprint);
    let newest = settings::list(house.engine.db()).await.unwrap().remove(0);
    assert_eq!(newest.summary, ["G: a new secret"]);
    assert!(!house.everything().await.contains("another one"));
}

#[tokio::test]
async fn a_new_one_is_off_until_somebody_switches_it_on() {
    let house = House::new().await;
    done(&house.save(None, google()).await);
    assert!(!house.engine.begin().config.selfservice.social.enabled);
    assert_eq!(house.offered(), Vec::<String>::new());
    done(&house.arrange(Role::Editor, Arrange::Offer("google".into(), true)).await);
    assert_eq!(house.offered(), ["google"], "the first one brings the method along");
    assert_eq!(
        settings::list(house.engine.db()).await.unwrap()[0].summary,
        ["Social sign-in: on", "Google: on"]
    );
    done(&house.save(None, own("acme")).await);
    assert_eq!(house.offered(), ["google"], "others stay as they are");
    done(&house.arrange(Role::Editor, Arrange::Offer("google".into(), false)).await);
    assert_eq!(house.offered(), Vec::<String>::new());
    let config = house.engine.begin().config;
    assert!(config.selfservice.social.provider("google").is_none(), "nobody uses it either");
    assert!(config.selfservice.social.configured("google").is_some(), "it keeps its place");
    let same = house.arrange(Role::Editor, Arrange::Offer("google".into(), false)).await;
    assert!(matches!(same, Saved::Unchanged { .. }), "{same:?}");
}

#[tokio::test]
async fn the_first_of_several_switches_on_nothing_that_was_not_asked_for() {
    let mut document = file(json!([of_file("acme")]));
    document["selfservice"]["methods"]["oidc"]["enabled"] = false.into();
    let house = House::with(document).await;
    done(&house.save(None, google()).await);
    done(&house.arrange(Role::Owner, Arrange::Offer("google".into(), true)).await);
    assert_eq!(house.offered(), Vec::<String>::new(), "else the one of the file would appear with it");
    done(&house.arrange(Role::Owner, Arrange::Method(true)).await);
    assert_eq!(house.offered(), ["acme", "google"]);
}

#[tokio::test]
async fn changing_one_is_for_owners_who_have_just_signed_in() {
    let house = House::new().await;
    let editor = somebody(&house.engine, Role::Editor);
    let refused = social::save(&house.engine, &editor, 0, (None, google()), "").await.unwrap();
    assert!(matches!(refused, Saved::NeedsOwner(_)), "{refused:?}");
    let owner = somebody(&house.engine, Role::Owner);
    house.world.clock.advance(Duration::from_secs(5 * 60 + 1));
    let refused = social::save(&house.engine, &owner, 0, (None, google()), "").await.unwrap();
    assert!(matches!(refused, Saved::NeedsFreshSignIn(_)), "{refused:?}");
    let held = engine::secrets::held(&house.engine).await.unwrap();
    assert!(held.is_empty() && settings::list(house.engine.db()).await.unwrap().is_empty());
    let viewer = somebody(&house.engine, Role::Viewer);
    for refused in [
        social::save(&house.engine, &viewer, 0, (None, google()), "").await,
        social::arrange(&house.engine, &viewer, 0, Arrange::Method(true), "").await,
    ] {
        assert_eq!(refused.unwrap_err().kind, engine::Kind::Forbidden);
    }
    assert!(!house.everything().await.contains(SECRET));

    // Removing one, and replacing its secret alone.
    done(&house.save(None, google()).await);
    let removed = social::remove(&house.engine, &editor, 1, "google".into(), "").await.unwrap();
    assert!(matches!(removed, Saved::NeedsOwner(_)), "{removed:?}");
    let mut draft = house.draft("google").await;
    draft.client_secret = Secret::from("another one");
    let replaced = social::save(&house.engine, &editor, 1, (Some("google".into()), draft), "").await.unwrap();
    assert!(matches!(replaced, Saved::NeedsOwner(_)), "{replaced:?}");
}

#[tokio::test]
async fn what_is_laid_over_a_file_is_what_differs_and_follows_its_entry() {
    let house = House::with(file(json!([of_file("acme"), of_file("other")]))).await;
    let entry = house.page().await.entry("acme").unwrap().clone();
    assert_eq!((entry.from, entry.secret), (From::Files, Kept::InFiles));
    let mut draft = entry.draft.unwrap();
    let same = house.save(Some("acme"), draft.clone()).await;
    assert!(matches!(same, Saved::Unchanged { .. }), "{same:?}");
    draft.texts.insert("label", "Acme".into());
    draft.texts.insert("scope", String::new());
    done(&house.save(Some("acme"), draft).await);
    assert_eq!(house.named().await["social_providers"], json!({"acme": {"label": "Acme", "scope": null}}));
    assert_eq!(house.page().await.entry("acme").unwrap().from, From::Both);
    assert_eq!(house.offered(), ["acme", "other"], "one of a file stays on");

    // The file changes: another order, another client. What was not touched here follows it.
    let mut moved = of_file("acme");
    moved["client_id"] = "newer".into();
    let sources = engine::config::load::Sources {
        documents: vec![bare(), file(json!([of_file("first"), of_file("other"), moved]))],
        ..Default::default()
    };
    let named = house.named().await;
    let config = engine::config::load::load(&sources, Some((1, &named))).unwrap().config;
    let acme = config.selfservice.social.configured("acme").unwrap();
    assert_eq!((acme.label.as_str(), acme.client_id.as_str()), ("Acme", "newer"));
    assert_eq!(config.selfservice.social.configured("first").unwrap().label, "First");

    done(
        &social::remove(&house.engine, &somebody(&house.engine, Role::Owner), 1, "acme".into(), "")
            .await
            .unwrap(),
    );
    let entry = house.page().await.entry("acme").unwrap().clone();
    assert_eq!((entry.from, entry.label.as_str()), (From::Files, "Acme"), "the file alone again");
    assert_eq!(entry.draft.unwrap().text("scope"), "openid");
    let there = problems(
        social::remove(&house.engine, &somebody(&house.engine, Role::Owner), 2, "acme".into(), "")
            .await
            .unwrap(),
    );
    assert!(there[0].1.contains("file"), "{there:?}");
}

#[tokio::test]
async fn buttons_stand_in_the_order_that_was_chosen() {
    let house = House::with(file(json!([of_file("b"), of_file("a"), of_file("c")]))).await;
    assert_eq!(house.offered(), ["a", "b", "c"], "as Kratos sorts them");
    done(&house.arrange(Role::Editor, Arrange::Up("c".into())).await);
    assert_eq!(house.offered(), ["a", "c", "b"]);
    done(&house.arrange(Role::Editor, Arrange::Down("a".into())).await);
    assert_eq!(house.offered(), ["c", "a", "b"]);
    for at_the_end in [Arrange::Up("c".into()), Arrange::Down("b".into())] {
        let same = house.arrange(Role::Editor, at_the_end).await;
        assert!(matches!(same, Saved::Unchanged { .. }), "{same:?}");
    }
    assert_eq!(
        settings::list(house.engine.db()).await.unwrap()[0].summary,
        ["Order of the providers: C, A, B"]
    );
    done(&house.arrange(Role::Editor, Arrange::ButtonsFirst(true)).await);
    assert!(house.engine.begin().config.selfservice.social.buttons_first);
    // Whoever comes later follows.
    done(&house.save(None, own("aa")).await);
    let order: Vec<String> = house.page().await.entries.into_iter().map(|entry| entry.id).collect();
    assert_eq!(order, ["c", "a", "b", "aa"]);
}

#[tokio::test]
async fn whose_word_counts_follows_the_kinds_until_somebody_says_otherwise() {
    let house = House::new().await;
    done(&house.save(None, google()).await);
    assert_eq!(house.named().await.get("social_trusted_email_providers"), None, "as the kind has it");
    let mut draft = own("acme");
    draft.vouches = true;
    done(&house.save(None, draft).await);
    assert_eq!(house.named().await["social_trusted_email_providers"], json!(["google", "acme"]));
    let mut draft = google();
    draft.id = "second".into();
    done(&house.save(None, draft).await);
    assert_eq!(house.named().await["social_trusted_email_providers"], json!(["google", "acme", "second"]));
    let mut draft = house.draft("google").await;
    draft.vouches = false;
    done(&house.save(Some("google"), draft).await);
    assert_eq!(house.named().await["social_trusted_email_providers"], json!(["acme", "second"]));
    assert_eq!(
        settings::list(house.engine.db()).await.unwrap()[0].summary,
        ["Google: verified emails not trusted"]
    );
    let owner = somebody(&house.engine, Role::Owner);
    done(&social::remove(&house.engine, &owner, 4, "acme".into(), "").await.unwrap());
    assert_eq!(house.named().await["social_trusted_email_providers"], json!(["second"]));
}

#[tokio::test]
async fn another_s_save_of_something_else_is_no_conflict() {
    let house = House::with(file(json!([of_file("acme")]))).await;
    done(&house.save(None, google()).await);
    // Both began at revision 1.
    let mut mine = house.draft("google").await;
    mine.texts.insert("label", "Mine".into());
    done(&house.arrange(Role::Editor, Arrange::Offer("acme".into(), false)).await);
    let mut other = house.draft("acme").await;
    other.texts.insert("label", "Other".into());
    done(&house.save_on(1, Some("acme"), other).await);
    done(&house.save_on(1, Some("google"), mine.clone()).await);
    let page = house.page().await;
    assert_eq!(
        (page.entry("acme").unwrap().label.as_str(), page.entry("google").unwrap().label.as_str()),
        ("Other", "Mine")
    );
    assert!(page.entry("acme").unwrap().off);

    // And of the same: nothing is lost.
    mine.texts.insert("label", "Later".into());
    let clash = house.save_on(1, Some("google"), mine.clone()).await;
    assert!(matches!(clash, Saved::Conflict { revision: 4, .. }), "{clash:?}");
    let clash = social::remove(&house.engine, &somebody(&house.engine, Role::Owner), 1, "google".into(), "")
        .await
        .unwrap();
    assert!(matches!(clash, Saved::Conflict { .. }), "{clash:?}");
    done(&house.save_on(4, Some("google"), mine).await);
}

#[tokio::test]
async fn going_back_keeps_today_s_secret_and_asks_for_an_owner() {
    let house = House::new().await;
    done(&house.save(None, google()).await);
    let mut draft = house.draft("google").await;
    draft.texts.insert("label", "G".into());
    draft.client_secret = Secret::from("today's");
    done(&house.save(Some("google"), draft).await);
    let back =
        history::go_back(&house.engine, &somebody(&house.engine, Role::Editor), 2, 1, "").await.unwrap();
    assert!(matches!(back, Saved::NeedsOwner(_)), "{back:?}");
    done(&history::go_back(&house.engine, &somebody(&house.engine, Role::Owner), 2, 1, "").await.unwrap());
    let ctx = house.engine.begin();
    let provider = ctx.config.selfservice.social.configured("google").unwrap().clone();
    assert_eq!(provider.label, "Google");
    assert_eq!(&*engine::secrets::opened(&ctx, &provider.client_secret).await.unwrap(), "today's");

    // What is destroyed stays so.
    done(
        &social::remove(&house.engine, &somebody(&house.engine, Role::Owner), 3, "google".into(), "")
            .await
            .unwrap(),
    );
    assert!(engine::secrets::held(&house.engine).await.unwrap().is_empty());
    assert!(house.page().await.entries.is_empty());
    assert!(!house.named().await.contains_key("social_providers"));
    done(&history::go_back(&house.engine, &somebody(&house.engine, Role::Owner), 4, 3, "").await.unwrap());
    assert_eq!(house.page().await.entry("google").unwrap().secret, Kept::Gone);
}

#[tokio::test]
async fn a_secret_goes_to_no_address_that_it_was_not_entered_for() {
    let house = House::new().await;
    let mut draft = own("acme");
    draft.client_secret = Secret::from(SECRET);
    done(&house.save(None, draft).await);
    let mut draft = house.draft("acme").await;
    draft.texts.insert("issuer_url", "https://evil.example".into());
    let told = problems(house.save(Some("acme"), draft.clone()).await);
    assert_eq!(told[0].0, "client_secret");
    assert!(told[0].1.contains("address changed"), "{told:?}");
    draft.client_secret = Secret::from(SECRET);
    done(&house.save(Some("acme"), draft).await);
}

/// One list for all that the console makes: who may write settings must not make the server call the network it stands in.
#[tokio::test]
async fn where_a_provider_is_asked_has_to_be_on_the_list_of_hosts() {
    let house = House::new().await;
    for (field, url) in [
        ("issuer_url", "https://other.example.org"),
        ("issuer_url", "https://id.example.org.evil.test"),
        ("issuer_url", "https://id.example.org@evil.test"),
        ("token_url", "http://127.0.0.1:9/token"),
        ("token_url", "http://localhost:4434/admin/identities"),
        ("userinfo_url", "http://169.254.169.254/latest/meta-data"),
        ("userinfo_url", "http://[::ffff:10.0.0.1]/"),
    ] {
        let mut draft = own("acme");
        draft.texts.insert(field, url.to_owned());
        let told = problems(house.save(None, draft).await);
        assert_eq!(told.iter().map(|(field, _)| *field).collect::<Vec<_>>(), [field], "{url}: {told:?}");
    }
    // Whose addresses are its kind's own needs no list, and a file says what it wants.
    done(&house.save(None, google()).await);
    let house = House::with(file(json!([of_file("acme")]))).await;
    let mut draft = house.draft("acme").await;
    draft.texts.insert("label", "Another".into());
    done(&house.save(Some("acme"), draft.clone()).await);
    assert!(
        !house.engine.begin().config.selfservice.social.configured("acme").unwrap().addresses_from_console
    );
    draft.texts.insert("issuer_url", "https://other.example.org".into());
    draft.client_secret = Secret::from(SECRET);
    let told = problems(house.save(Some("acme"), draft).await);
    assert!(
        told[0].0 == "issuer_url" && told[0].1.contains("may not call other.example.org yet"),
        "{told:?}"
    );
}

/// A list that loses a host takes effect with the next request, and the checks say why nobody comes through.
#[tokio::test]
async fn a_provider_whose_host_is_listed_no_more_is_not_asked() {
    let house = House::new().await;
    done(&house.save(None, own("acme")).await);
    done(&house.arrange(Role::Owner, Arrange::Offer("acme".into(), true)).await);
    let named = house.engine.begin().config.named.clone();
    let reach = |config: &engine::config::Config, url: &str| {
        let provider = config.selfservice.social.configured("acme").unwrap().clone();
        config.reach_of_provider(&provider, &url.parse().unwrap())
    };
    let config = house.engine.begin().config;
    assert_eq!(reach(&config, "https://id.example.org/token"), Reach::Private);
    // What it says of itself is asked by the same list.
    assert_eq!(reach(&config, "https://keys.example.org/jwks"), Reach::Unlisted);
    assert_eq!(
        reach(&config, "https://evil.example/jwks"),
        Reach::Public,
        "listed, and another host than the issuer's"
    );
    let on = json!({"selfservice": {"methods": {"oidc": {"enabled": true}}}});
    let files = house.world.config(vec![json!({"vestibule": {"web_hooks": {"allowed_hosts": []}}}), on]);
    let config = remap(&files, 1, &named).unwrap();
    assert_eq!(reach(&config, "https://id.example.org/token"), Reach::Unlisted);
    let told = settings::checks::checks(&config, UnnamedProxies::default());
    let told: Vec<&str> =
        told.iter().filter(|one| one.id == "provider_host_not_listed").map(|one| one.title).collect();
    assert_eq!(told.len(), 1);
}

#[tokio::test]
async fn what_is_wrong_is_told_beside_its_field_all_at_once() {
    let house = House::new().await;
    let mut draft = own("not an id");
    draft.texts.insert("client_id", " ".into());
    draft.texts.insert("issuer_url", "id.example.org".into());
    draft.texts.insert("requested_claims", "[1]".into());
    draft.mapper = Mapper::Own;
    let told = problems(house.save(None, draft).await);
    let fields: Vec<&str> = told.iter().map(|(field, _)| *field).collect();
    assert_eq!(fields, ["id", "client_id", "issuer_url", "mapper_text", "requested_claims"]);

    let apple = Draft::new(kind("apple").unwrap());
    let fields: Vec<&str> =
        problems(house.save(None, apple).await).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["client_id", "apple_private_key", "apple_team_id", "apple_private_key_id"]);

    for (change, field) in [
        (
            Box::new(|draft: &mut Draft| draft.client_secret = Secret::default()) as Box<dyn Fn(&mut Draft)>,
            "client_secret",
        ),
        (
            Box::new(|draft: &mut Draft| {
                draft.client_secret = Secret::from("secret://social/other/client_secret")
            }),
            "client_secret",
        ),
        (
            Box::new(|draft: &mut Draft| draft.mapper = Mapper::Kept("file:///etc/passwd".into())),
            "mapper_text",
        ),
        (
            Box::new(|draft: &mut Draft| draft.mapper = Mapper::Kept("https://evil.example/mapper".into())),
            "mapper_text",
        ),
    ] {
        let mut draft = google();
        change(&mut draft);
        let told = problems(house.save(None, draft).await);
        assert_eq!(told.iter().map(|(field, _)| *field).collect::<Vec<_>>(), [field], "{told:?}");
    }
    assert!(settings::list(house.engine.db()).await.unwrap().is_empty());

    done(&house.save(None, google()).await);
    let taken = problems(house.save(None, google()).await);
    assert_eq!(taken[0].0, "id");
    let gone = problems(house.save(Some("other"), own("other")).await);
    assert!(gone[0].1.contains("removed"), "{gone:?}");
}

#[tokio::test]
async fn a_key_of_the_environment_is_not_changed_here() {
    let world = World::default();
    let sources = engine::config::load::Sources {
        documents: vec![bare()],
        environment: [("SELFSERVICE_METHODS_OIDC_ENABLED".to_owned(), "false".to_owned())].into(),
        ..Default::default()
    };
    let engine = world.engine("memory", vec![]).await;
    engine.publish(engine::config::load::load(&sources, None).unwrap().config);
    let house = House { world, engine };
    done(&house.save(None, google()).await);
    done(&house.arrange(Role::Owner, Arrange::Offer("google".into(), true)).await);
    assert_eq!(house.offered(), Vec::<String>::new());
    let told = problems(house.arrange(Role::Owner, Arrange::Method(true)).await);
    assert!(told[0].1.contains("SELFSERVICE_METHODS_OIDC_ENABLED"), "{told:?}");
    assert!(house.page().await.locked.contains_key("social_enabled"));
}

#[tokio::test]
async fn a_mapper_is_tried_on_claims_and_nothing_of_it_stays() {
    let house = House::new().await;
    let before = house.engine.db().rows().await.unwrap();
    let ctx = house.engine.begin();
    for kind in engine::config::providers::KINDS {
        let draft = Draft::new(kind);
        let claims = social::sample(kind).to_string();
        let Tried::Made(made) = social::try_mapper(&ctx, &draft, &claims).await.unwrap() else {
            panic!("{}", kind.name)
        };
        let Made { traits, messages, vouched, .. } = *made;
        assert_eq!(messages, [], "{}: a plausible person fits", kind.name);
        assert_eq!(vouched.is_empty(), social::sample(kind).get("email_verified").is_none(), "{}", kind.name);
        assert!(traits["email"].as_str().unwrap().contains('@'), "{}", kind.name);
    }
    let mut draft = own("acme");
    draft.mapper = Mapper::Own;
    for (mapper, claims, check) in [
        ("{ identity: { traits: { email: 'nobody' } } }", "{}", "messages"),
        ("{ identity: { traits: {}, verified_addresses: [] } }", "{}", "messages"),
        ("error 'no'", "{}", "failed"),
        ("{", "{}", "failed"),
        ("{ identity: { traits: 1 } }", "{}", "failed"),
        ("{}", "[]", "again"),
        ("{}", "no JSON", "again"),
    ] {
        draft.texts.insert("mapper_text", mapper.into());
        let tried = social::try_mapper(&ctx, &draft, claims).await.unwrap();
        let came = match &tried {
            Tried::Again(problem) => {
                assert_eq!(problem.field, "claims");
                "again"
            }
            Tried::Failed(_) => "failed",
            Tried::Made(made) if made.messages.is_empty() => "fits",
            Tried::Made(_) => "messages",
        };
        assert_eq!(came, check, "{mapper}: {tried:?}");
    }
    assert_eq!(house.engine.db().rows().await.unwrap(), before);
}

#[tokio::test]
async fn kratos_gets_what_is_offered_without_secrets_of_the_console() {
    let house = House::with(file(json!([of_file("acme")]))).await;
    done(&house.save(None, google()).await);
    let exported = export(&house.engine.begin().config, true);
    let list = exported.document["selfservice"]["methods"]["oidc"]["config"]["providers"].clone();
    assert_eq!(list.as_array().unwrap().len(), 1, "{list}");
    let said = |part: &str| exported.remarks.iter().any(|remark| remark.text.contains(part));
    assert!(said("`google` is turned off"), "{:?}", exported.remarks);
    done(&house.arrange(Role::Owner, Arrange::Offer("google".into(), true)).await);
    done(&house.arrange(Role::Owner, Arrange::Up("google".into())).await);
    let exported = export(&house.engine.begin().config, true);
    let list = exported.document["selfservice"]["methods"]["oidc"]["config"]["providers"].clone();
    assert_eq!(list[1]["client_secret"], "left-out-by-vestibule");
    assert_eq!(list[0]["client_secret"], "secret of the file");
    assert!(list[1]["mapper_url"].as_str().unwrap().starts_with("base64://"), "{list}");
    let said = |part: &str| exported.remarks.iter().any(|remark| remark.text.contains(part));
    assert!(
        said("this secret was entered in the console") && said("sorts providers by ID"),
        "{:?}",
        exported.remarks
    );
}
