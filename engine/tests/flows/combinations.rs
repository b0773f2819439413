//! Every list of hooks up to a length, in the method's and in the flow's place, with each client, with and without
//! verification, the gate at sign-in and all or nothing: what the plan promises is held against what is seen from outside. The
//! answer, the calls and their order, what was stored by then, mails, sessions and the next sign-in. What is to be seen is worked
//! out in `testing::lists`; a sample of the same goes over HTTP in `server/tests/api/combinations.rs`.

use engine::Engine;
use engine::config::Hook;
use engine::courier;
use engine::effects::{Answer, Outbound, OutboundError, Request};
use engine::flow;
use engine::form::outcome::{ContinueWith, DeferredLogin, Outcome, Started};
use engine::form::request::{Offered, Start, Submit};
use engine::hooks;
use engine::ids::IdentityId;
use engine::model::{Client, FlowKind, FlowType, MethodId};
use engine::plan::{Step, plan};
use engine::store::messages::Filter;
use engine::store::{Db, flows, identities, sessions};
use engine::testing::lists::{Case, Entry, cases};
use engine::testing::{self, PASSWORD, World};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// Another service: agrees to everything, changes what it may, and looks at the database while it is called.
#[derive(Default)]
struct Witness {
    db: Mutex<Option<Db>>,
    heard: Arc<Mutex<Vec<(String, bool)>>>,
}

impl Outbound for Witness {
    fn send(&self, request: Request) -> BoxFuture<'static, Result<Answer, OutboundError>> {
        let (db, heard) = (self.db.lock().unwrap().clone().unwrap(), self.heard.clone());
        Box::pin(async move {
            let body: Value = serde_json::from_slice(&request.body.unwrap_or_default()).unwrap();
            assert_eq!(body["session"], false, "nobody is signed in while a web hook runs");
            let path = request.url.path().to_owned();
            let mut tx = db.single().await.unwrap();
            let mail = body["mail"].as_str().unwrap();
            let stored = identities::by_identifier(&mut tx, "password", mail).await.unwrap().is_some();
            drop(tx);
            let answer = match path.ends_with("/changes") {
                true => json!({"identity": {"metadata_public": {"by": path}}}),
                false => json!({}),
            };
            heard.lock().unwrap().push((path, stored));
            Ok(Answer { status: 200, body: answer.to_string().into_bytes() })
        })
    }
}

struct House {
    world: World,
    engine: Engine,
    witness: Arc<Witness>,
}

impl House {
    async fn start() -> Self {
        let world = World::default();
        let witness = Arc::new(Witness::default());
        world.outbound.let_through(witness.clone());
        let engine = world.engine("memory", vec![]).await;
        *witness.db.lock().unwrap() = Some(engine.db().clone());
        Self { world, engine, witness }
    }

    fn begin(&self, client: Client) -> Start {
        Start {
            kind_of_client: if client == Client::Native { FlowType::Api } else { FlowType::Browser },
            csrf_cookie: self.cookie(client),
            ..testing::start()
        }
    }

    fn cookie(&self, client: Client) -> String {
        match client {
            Client::Native => String::new(),
            Client::Browser | Client::Spa => engine::form::csrf::new_cookie(self.engine.effects()),
        }
    }

    fn form(&self, flow: &engine::model::Flow, client: Client, mut fields: Value) -> Submit {
        if client != Client::Native {
            fields["csrf_token"] = engine::form::csrf::mask(self.engine.effects(), &flow.csrf_cookie).into();
        }
        Submit {
            json: client != Client::Browser,
            cookie_names: if client == Client::Native { vec![] } else { vec!["csrf".into()] },
            csrf_cookies: Some(flow.csrf_cookie.clone())
                .filter(|_| client != Client::Native)
                .into_iter()
                .collect(),
            ..testing::form(flow.id, fields)
        }
    }

    async fn check(&self, number: usize, case: &Case) {
        let ctx = self.engine.begin();
        let mail = format!("anna-{number}-{:?}@vestibule.test", case.client).to_lowercase();
        let Started::Flow(flow) =
            flow::start(&ctx, FlowKind::Registration, self.begin(case.client)).await.unwrap()
        else {
            panic!("{case:?}: a form");
        };
        let fields = json!({"method": "password", "password": PASSWORD, "traits": {"email": mail}});
        let Outcome::SignedUp(done) =
            flow::submit(&ctx, FlowKind::Registration, self.form(&flow, case.client, fields)).await.unwrap()
        else {
            panic!("{case:?}: an account");
        };
        self.calls(case).await;

        // The answer.
        assert_eq!(done.issued.is_some(), case.signs_in(), "{case:?}");
        let mut expected = Vec::new();
        if case.client == Client::Spa {
            expected.push("redirect");
        }
        if case.shows_verification() {
            expected.push("verification");
        }
        if case.client == Client::Native && case.signs_in() {
            expected.push("token");
        }
        assert_eq!(done.deferred.is_some(), case.waits(), "{case:?}");
        let items: Vec<&str> = done
            .continue_with
            .iter()
            .map(|item| match item {
                ContinueWith::RedirectBrowserTo { .. } => "redirect",
                ContinueWith::ShowVerificationUi { .. } => "verification",
                ContinueWith::SetOrySessionToken { .. } => "token",
                ContinueWith::ShowSettingsUi { .. } => "settings",
                ContinueWith::ShowRecoveryUi { .. } => "recovery",
            })
            .collect();
        assert_eq!(items, expected, "{case:?}");
        assert_eq!(done.return_to.path() == "/verification", case.shows_verification(), "{case:?}");

        // Rows and mails.
        let changer = case.calls().iter().rev().find(|(path, _)| path.ends_with("/changes")).cloned();
        let changed = changer.map_or(Value::Null, |(path, _)| json!({"by": path}));
        let mut tx = ctx.db().read().await.unwrap();
        let stored = identities::get(&mut tx, done.identity.id).await.unwrap().unwrap();
        assert_eq!(stored.metadata_public, changed, "{case:?}");
        let nobody = engine::ids::SessionId(uuid::Uuid::nil());
        let now = ctx.effects().now();
        let held = sessions::count_others(&mut tx, stored.id, nobody, now).await.unwrap();
        assert_eq!(held, i64::from(case.signs_in()), "{case:?}: sessions that are stored");
        drop(tx);
        let filter = Filter { recipient: Some(mail.clone()), ..Filter::default() };
        let mails = courier::list(&ctx, &filter, 10).await.unwrap().len();
        assert_eq!(mails, usize::from(case.verification), "{case:?}: mails");

        self.promise(case);
        if let Some(pending) = done.deferred {
            self.prove(case, &pending, done.identity.id).await;
        }
        self.next_sign_in(case, &mail).await;
    }

    /// The code comes back with what was kept, and signs in.
    async fn prove(&self, case: &Case, pending: &DeferredLogin, id: IdentityId) {
        let ctx = self.engine.begin();
        // Mails of earlier cases leave first.
        let mine = loop {
            let sent = self.world.mailer.take();
            if let Some(mine) = sent.into_iter().find(|mail| mail.to == pending.address) {
                break mine;
            }
            assert!(courier::deliver(&self.engine).await.unwrap() > 0, "{case:?}: a mail");
        };
        let code = testing::code_in(&mine.text);
        let mut tx = ctx.db().read().await.unwrap();
        let flow = flows::get(&mut tx, FlowKind::Verification, pending.flow).await.unwrap().unwrap();
        drop(tx);
        let mut fields = json!({"method": "code", "code": code});
        if case.client == Client::Native {
            fields["vestibule"] = json!({"deferred_login": pending.secret});
        }
        let mut form = self.form(&flow, case.client, fields);
        if case.client != Client::Native {
            form.offered = Offered { secrets: vec![pending.secret.clone()], own_origin: true };
        }
        let outcome = flow::submit(&ctx, FlowKind::Verification, form).await.unwrap();
        let Outcome::Verified(done) = outcome else { panic!("{case:?}: verified") };
        let given = done.given.unwrap_or_else(|| panic!("{case:?}: a session"));
        assert_eq!(given.identity.id, id, "{case:?}");
        let mut tx = ctx.db().read().await.unwrap();
        assert!(sessions::get(&mut tx, given.issued.session.id).await.unwrap().is_some(), "{case:?}");
    }

    /// Who was called, in which order, and what was stored by then.
    async fn calls(&self, case: &Case) {
        let is_ignored = |(path, _): &(String, bool)| path.ends_with("/ignored");
        let early = self.witness.heard.lock().unwrap().iter().any(is_ignored);
        assert!(!early, "{case:?}: nobody waits for it");
        while hooks::deliver(&self.engine).await.unwrap() > 0 {}
        let heard = std::mem::take(&mut *self.witness.heard.lock().unwrap());
        let (ignored, waited): (Vec<_>, Vec<_>) = heard.into_iter().partition(is_ignored);
        assert_eq!(waited, case.calls(), "{case:?}");
        assert_eq!(ignored.len(), case.ignored(), "{case:?}");
        assert!(
            ignored.iter().all(|(_, stored)| *stored),
            "{case:?}: nobody is told of an account that is none"
        );
    }

    /// The plan says the same.
    fn promise(&self, case: &Case) {
        let config = self.engine.begin().config;
        let plan = plan(&config, FlowKind::Registration, MethodId::Password, case.client);
        assert_eq!(plan.signs_in(), case.signs_in(), "{case:?}");
        assert_eq!(plan.signs_in_when_proven(), case.waits(), "{case:?}");
        let (cookie, member) = (plan.answer.hand_over_cookie, plan.answer.body.contains(&"vestibule"));
        let expected =
            (case.waits() && case.client != Client::Native, case.waits() && case.client == Client::Native);
        assert_eq!((cookie, member), expected, "{case:?}");
        assert_eq!(
            plan.steps.iter().filter(|step| **step == Step::SignIn).count(),
            usize::from(case.signs_in())
        );
        assert_eq!(plan.answer.session_cookie, case.signs_in() && case.client != Client::Native, "{case:?}");
        let promised: Vec<(String, bool)> = plan
            .steps
            .iter()
            .filter_map(|step| match step {
                Step::Ask(hook) => Some((hook.url.path().to_owned(), false)),
                Step::Run(Hook::WebHook(hook)) => Some((hook.url.path().to_owned(), !plan.atomic)),
                _ => None,
            })
            .filter(|(path, _)| !path.ends_with("/ignored"))
            .collect();
        assert_eq!(promised, case.calls(), "{case:?}");
        let verification = plan.answer.redirect.as_deref().is_some_and(|to| to.ends_with("/verification"));
        assert_eq!(verification, case.client == Client::Browser && case.shows_verification(), "{case:?}");
        let (place, list) = case.in_force();
        let never = list.iter().filter(|entry| matches!(entry, Entry::Interrupts | Entry::Changes)).count();
        assert_eq!(plan.never.len(), if place == "flow" { never } else { 0 }, "{case:?}");
        assert_eq!(plan.shadowed.len(), if place == "flow" { 0 } else { case.flow.len() }, "{case:?}");
    }

    /// The session of the sign-up was the one exception: the gate holds for the next one.
    async fn next_sign_in(&self, case: &Case, mail: &str) {
        let ctx = self.engine.begin();
        let Started::Flow(flow) = flow::start(&ctx, FlowKind::Login, self.begin(case.client)).await.unwrap()
        else {
            panic!("{case:?}: a form");
        };
        let fields = json!({"method": "password", "password": PASSWORD, "identifier": mail});
        let outcome =
            flow::submit(&ctx, FlowKind::Login, self.form(&flow, case.client, fields)).await.unwrap();
        let refused = case.gate && !case.waits();
        assert_eq!(matches!(outcome, Outcome::Unverified(_)), refused, "{case:?}");
        assert_eq!(matches!(outcome, Outcome::SignedIn(_)), !refused, "{case:?}");
    }
}

/// Some of the configurations, each with every client, in a house of its own.
async fn hold_to_it(configurations: &[&[Case]]) {
    let house = House::start().await;
    for (number, cases) in configurations.iter().enumerate() {
        house.engine.publish(house.world.config(vec![cases[0].config("http://127.0.0.1:9")]));
        for case in *cases {
            house.check(number, case).await;
        }
    }
}

/// As many at a time as there are processors.
#[test]
fn what_the_plan_promises_is_what_is_seen() {
    let cases = cases();
    let configurations: Vec<&[Case]> = cases.chunks(Client::ALL.len()).collect();
    assert_eq!(configurations.len(), 30 * 3 * 3 * 5);
    for cases in &configurations {
        let clients: Vec<Client> = cases.iter().map(|case| case.client).collect();
        assert_eq!(clients, Client::ALL, "of one configuration");
    }
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for part in configurations.chunks(configurations.len().div_ceil(processors)) {
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(hold_to_it(part));
            });
        }
    });
}
