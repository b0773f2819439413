//! A sample of every combination of hook lists, over HTTP: the answer, its cookies, the calls at another service and their order,
//! mails, and the next sign-in are what `engine::testing::lists` works out. All of them are played in `engine/tests/flows/combinations.rs`.

use crate::clients::{JSON, Kind, PASSWORD, Person, Site, document, stand};
use crate::support::http::Answer;
use crate::support::sink::{Says, Sink};
use crate::support::stand::Stand;
use engine::plan::Client;
use engine::testing::lists::{Case, cases};
use serde_json::{Value, json};

/// Each so-many-th: it has no divisor with the numbers of options, so that all of them come up.
const STEP: usize = 23;

struct House {
    stand: Stand,
    site: Site,
    sink: Sink,
}

impl House {
    async fn start() -> Self {
        let (stand, site) = stand("memory", json!({})).await;
        let sink = Sink::start().await;
        for place in ["method", "flow"] {
            for at in 0..2 {
                let path = format!("/{place}/{at}/changes");
                let change = json!({"identity": {"metadata_public": {"by": path}}});
                sink.says(&path, Says::This(200, change.to_string()));
            }
        }
        Self { stand, site, sink }
    }

    fn publish(&self, case: &Case) {
        let mut config = case.config(&self.sink.base);
        let listener = |authority: &String| json!({"base_url": format!("http://{authority}/")});
        config["serve"] = json!({"public": listener(&self.site.public), "admin": listener(&self.site.admin)});
        self.stand.engine.publish(self.stand.world.config(vec![config]));
    }

    async fn check(&self, number: usize, case: &Case) {
        self.publish(case);
        let email = format!("anna-{number}@vestibule.test");
        let kind = match case.client {
            Client::Browser => Kind::Browser,
            Client::Spa => Kind::Spa,
            Client::Native => Kind::Native,
        };
        let mut person = Person::new(&self.site, kind);
        let begun = person.begin().await;
        let answer = person.send(&begun, &email).await;
        self.calls(case, &email).await;
        let token = self.answer(case, &answer);

        let headers: Vec<(&str, &str)> =
            token.iter().map(|token| ("X-Session-Token", token.as_str())).collect();
        let whoami = person.ask("GET", "/sessions/whoami", JSON, &headers, None).await;
        assert_eq!(whoami.status, if case.signs_in() { 200 } else { 401 }, "{case:?}");

        while engine::courier::deliver(&self.stand.engine).await.expect("the courier works") > 0 {}
        let mails = self.stand.world.mailer.sent();
        let mails = mails.iter().filter(|mail| mail.to == email).count();
        assert_eq!(mails, usize::from(case.verification), "{case:?}: mails");

        let mut person = Person::new(&self.site, Kind::Spa);
        let (flow, csrf) = person.begin_sign_in().await;
        let fields =
            json!({"method": "password", "identifier": email, "password": PASSWORD, "csrf_token": csrf});
        let target = format!("/self-service/login?flow={flow}");
        let answer = person.post(&target, &[("Content-Type", JSON)], &fields).await;
        assert_eq!(answer.status, if case.gate { 403 } else { 200 }, "{case:?}: the next sign-in");
    }

    /// Who was called, in which order, and with what. Whoever is only informed hears of it whenever that is.
    async fn calls(&self, case: &Case, email: &str) {
        let expected = case.calls();
        let heard = self.sink.wait(expected.len() + case.ignored()).await;
        let (ignored, waited): (Vec<_>, Vec<_>) =
            heard.iter().partition(|call| call.path.ends_with("/ignored"));
        let waited: Vec<&str> = waited.iter().map(|call| call.path.as_str()).collect();
        let expected: Vec<&str> = expected.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!((waited, ignored.len()), (expected, case.ignored()), "{case:?}");
        for call in &heard {
            let body: Value = serde_json::from_slice(&call.body).expect("JSON");
            assert_eq!(body, json!({"mail": email, "session": false}), "{case:?}: nobody is signed in yet");
        }
    }

    /// An app's token.
    fn answer(&self, case: &Case, answer: &Answer) -> Option<String> {
        let sets = |name: &str| {
            answer.headers.iter().any(|(key, value)| key == "set-cookie" && value.starts_with(name))
        };
        let browser = case.client != Client::Native;
        assert_eq!(sets("ory_kratos_session="), case.signs_in() && browser, "{case:?}");
        assert_eq!(sets("vestibule_deferred_login_"), case.waits() && browser, "{case:?}");
        if case.client == Client::Browser {
            let page = if case.shows_verification() { "/verification?flow=" } else { "/welcome" };
            let led = answer.header("location").is_some_and(|to| to.contains(page));
            assert!(answer.status == 303 && led, "{case:?}: {:?}", answer.headers);
            return None;
        }
        let body = document(answer);
        assert_eq!(answer.status, 200, "{case:?}: {body}");
        assert_eq!(body.get("session").is_some(), case.signs_in(), "{case:?}");
        assert_eq!(body.get("vestibule").is_some(), case.waits() && !browser, "{case:?}");
        let token = body["session_token"].as_str().map(str::to_owned);
        assert_eq!(token.is_some(), case.signs_in() && !browser, "{case:?}");
        let items = body["continue_with"].as_array().cloned().unwrap_or_default();
        let items: Vec<&str> = items.iter().filter_map(|item| item["action"].as_str()).collect();
        let mut expected = Vec::new();
        if browser {
            expected.push("redirect_browser_to");
        }
        if case.shows_verification() {
            expected.push("show_verification_ui");
        }
        if token.is_some() {
            expected.push("set_ory_session_token");
        }
        assert_eq!(items, expected, "{case:?}");
        let changed = case.calls().into_iter().rev().find(|(path, _)| path.ends_with("/changes"));
        let changed = changed.map_or(Value::Null, |(path, _)| json!({"by": path}));
        assert_eq!(body["identity"]["metadata_public"], changed, "{case:?}");
        token
    }
}

#[tokio::test]
async fn a_sample_of_every_combination_is_seen_over_http_as_it_is_promised() {
    let house = House::start().await;
    let sample: Vec<(usize, Case)> = cases().into_iter().enumerate().step_by(STEP).collect();
    assert!(sample.len() > 150, "{}", sample.len());
    let seen = |what: &dyn Fn(&Case) -> bool| sample.iter().filter(|(_, case)| what(case)).count() > 8;
    for client in Client::ALL {
        assert!(seen(&|case| case.client == client && case.atomic), "{client:?}");
    }
    assert!(seen(&|case| case.gate) && seen(&Case::waits) && seen(&Case::shows_verification));
    for (number, case) in &sample {
        house.check(*number, case).await;
    }
}
