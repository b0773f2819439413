//! Web hooks of the console: made, changed, switched off and removed while the server runs. Looked at from outside: what is called,
//! what a revision, the audit and the log hold, and what is refused.

mod calling;
mod saving;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::config::export;
use engine::config::load::{print, remap};
use engine::effects::Request;
use engine::model::MethodId;
use engine::operators::Role;
use engine::settings::web_hooks::{self, Act, Flow, Kept, Outcome, Place, Signing, Wanted, WantedAuth, When};
use engine::settings::{self, Saved, history};
use engine::store::audit;
use engine::store::deliveries::Status;
use engine::testing::{self, World, somebody};
use engine::{Engine, Kind, hooks, rehearsal, secrets};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::Duration;

const CRM: &str = "https://crm.example.org/new";
const LOG: &str = "https://log.example.org/all";

struct House {
    world: World,
    engine: Engine,
    /// Such as `anna1@vestibule.test`: nobody signs up twice.
    people: std::sync::atomic::AtomicUsize,
}

fn listing(hosts: Value) -> Value {
    json!({
        "vestibule": {"web_hooks": {"allowed_hosts": hosts}},
        "selfservice": {"methods": {"password": {"config": {"haveibeenpwned_enabled": false}}}},
    })
}

impl House {
    async fn start(config: Value) -> Self {
        let world = World::default();
        world.outbound.answer(CRM, "{}");
        world.outbound.answer(LOG, "{}");
        let engine = world.engine("memory", vec![listing(json!(["crm.example.org"])), config]).await;
        Self { world, engine, people: std::sync::atomic::AtomicUsize::new(0) }
    }

    fn revision(&self) -> i64 {
        self.engine.begin().config.revision
    }

    async fn save_on(&self, base: i64, edited: bool, wanted: Wanted) -> Kept {
        let owner = somebody(&self.engine, Role::Owner);
        web_hooks::save(&self.engine, &owner, base, edited, wanted, "as agreed").await.unwrap()
    }

    async fn make(&self, wanted: Wanted) -> Kept {
        self.save_on(self.revision(), false, wanted).await
    }

    async fn change(&self, wanted: Wanted) -> Kept {
        self.save_on(self.revision(), true, wanted).await
    }

    async fn act_on(&self, base: i64, id: &str, act: Act) -> Kept {
        let owner = somebody(&self.engine, Role::Owner);
        web_hooks::act(&self.engine, &owner, base, id, act, "as agreed").await.unwrap()
    }

    async fn act(&self, id: &str, act: Act) -> Kept {
        self.act_on(self.revision(), id, act).await
    }

    /// Somebody new; then all that is queued is called.
    async fn sign_up(&self) -> engine::Result<engine::form::outcome::Outcome> {
        let number = self.people.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let submitted = testing::sign_up(&self.engine, &format!("anna{number}@vestibule.test")).await;
        while hooks::deliver(&self.engine).await? > 0 {}
        submitted
    }

    fn sent(&self) -> Vec<Request> {
        self.world.outbound.requests()
    }

    async fn log(&self, id: &str) -> Vec<hooks::Logged> {
        hooks::log(&self.engine.begin(), &format!("id:{id}"), "", 50).await.unwrap()
    }

    /// Everything that people or files get to see of what was saved.
    async fn shown(&self) -> String {
        let config = self.engine.begin().config;
        let mut all = print(&config, false);
        all.push_str(&export(&config, false).document.to_string());
        all.push_str(&format!("{:?}", config.raw));
        for revision in settings::list(self.engine.db()).await.unwrap() {
            all.push_str(&format!("{:?} {:?} {}", revision.settings, revision.summary, revision.reason));
        }
        let mut tx = self.engine.db().read().await.unwrap();
        for entry in audit::list(&mut tx, 1000).await.unwrap() {
            all.push_str(&format!("{} {} {}", entry.action, entry.actor, entry.details));
        }
        drop(tx);
        for to in 0..self.revision() {
            let compared = history::compare(&self.engine, to, to + 1).await.unwrap().unwrap();
            all.push_str(&format!("{:?} {}", compared.changes, compared.yaml));
        }
        for id in ["crm", "other"] {
            for logged in self.log(id).await {
                all.push_str(&format!("{:?} {:?} {:?}", logged.request, logged.answer, logged.failure));
            }
        }
        all
    }
}

fn wanted(id: &str) -> Wanted {
    Wanted {
        id: id.to_owned(),
        flow: Flow::Registration,
        when: When::After,
        outcome: Outcome::Inform,
        on: true,
        methods: vec![],
        method: "POST".to_owned(),
        url: CRM.to_owned(),
        headers: vec![("X-From".to_owned(), "vestibule".to_owned())],
        body: web_hooks::ACCOUNT.to_owned(),
        auth: WantedAuth::Nothing,
        despite: false,
    }
}

fn signed(signing: Signing) -> Wanted {
    Wanted { auth: WantedAuth::Signature(signing), ..wanted("crm") }
}

fn is_done(kept: &Kept, revision: i64) {
    assert!(matches!(kept.saved, Saved::Done { revision: is } if is == revision), "{:?}", kept.saved);
}

/// The one problem of a form.
fn problem(kept: Kept) -> (&'static str, String) {
    match kept.saved {
        Saved::Again(mut problems) if problems.len() == 1 => {
            let problem = problems.remove(0);
            (problem.field, problem.message)
        }
        other => panic!("{other:?}"),
    }
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    let mut found = request.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    found.next().map_or("", |(_, value)| value.as_str())
}

/// Whether that secret signed it.
fn is_signed_by(request: &Request, secret: &str) -> bool {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(
        format!("{}.{}.", header(request, "webhook-id"), header(request, "webhook-timestamp")).as_bytes(),
    );
    mac.update(request.body.as_deref().unwrap_or_default());
    let right = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    header(request, "webhook-signature").split(' ').any(|signature| signature == right)
}

#[tokio::test]
async fn a_hook_is_made_called_switched_off_and_removed_while_the_server_runs() {
    let house = House::start(json!({})).await;
    is_done(&house.make(wanted("crm")).await, 1);
    house.sign_up().await.unwrap();
    let sent = house.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].method.as_str(), sent[0].url.as_str()), ("POST", CRM));
    assert_eq!(
        (header(&sent[0], "x-from"), header(&sent[0], "content-type")),
        ("vestibule", "application/json")
    );
    let body: Value = serde_json::from_slice(sent[0].body.as_deref().unwrap()).unwrap();
    assert_eq!(body["identity"]["traits"]["email"], "anna0@vestibule.test");
    assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["flow", "identity"]);

    is_done(&house.act("crm", Act::Off).await, 2);
    house.sign_up().await.unwrap();
    assert_eq!(house.sent().len(), 1, "it is off");
    is_done(&house.act("crm", Act::On).await, 3);
    house.sign_up().await.unwrap();
    assert_eq!(house.sent().len(), 2);
    let elsewhere = Wanted { url: format!("{CRM}?lang=en"), ..wanted("crm") };
    house.world.outbound.answer(&elsewhere.url, "{}");
    is_done(&house.change(elsewhere).await, 4);
    house.sign_up().await.unwrap();
    assert_eq!(house.sent()[2].url.query(), Some("lang=en"));
    is_done(&house.act("crm", Act::Remove).await, 5);
    house.sign_up().await.unwrap();
    assert_eq!(house.sent().len(), 3, "it is gone");
    assert_eq!(house.log("crm").await.len(), 3, "its log is not");
    let said: Vec<String> = history::entries(&house.engine, None, 10)
        .await
        .unwrap()
        .into_iter()
        .rev()
        .map(|entry| entry.changes.join(" · "))
        .collect();
    assert_eq!(
        said,
        [
            format!("Webhook crm: created (Inform, at sign-up, {CRM})"),
            "Webhook crm: turned off".to_owned(),
            "Webhook crm: turned on".to_owned(),
            format!("Webhook crm: calls {CRM}?…, was {CRM}"),
            "Webhook crm: removed".to_owned(),
        ]
    );
}
