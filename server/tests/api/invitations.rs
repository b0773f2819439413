//! Sign-up by invitation, from outside: who gets in, how often, with which address, and what the others are told.

use crate::clients::document;
use crate::support::http::{Answer, send};
use crate::support::stand::{Ports, Stand};
use engine::password::Hasher;
use serde_json::{Value, json};
use std::time::Duration;

const PASSWORD: &str = "Correct-Horse-9-Battery";
const ANNA: &str = "anna@vestibule.test";
const BERT: &str = "bert@vestibule.test";
const HTML: &str = "text/html,application/xhtml+xml,*/*;q=0.8";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

struct Club {
    stand: Stand,
    public: String,
    admin: String,
    document: Value,
}

impl Club {
    async fn start(dsn: &str) -> Self {
        Self::start_with(dsn, Hasher::sized(2, 256)).await
    }

    /// By invitation only; whoever signs up is signed in.
    async fn start_with(dsn: &str, hasher: Hasher) -> Self {
        let ports = Ports::take().await;
        let (public, admin) = (ports.public().to_string(), ports.admin().to_string());
        let listener = |address: std::net::SocketAddr| json!({"host": address.ip().to_string(), "port": address.port(), "base_url": format!("http://{address}/")});
        let document = json!({
            "serve": {"public": listener(ports.public()), "admin": listener(ports.admin())},
            "selfservice": {
                "methods": {"password": {"config": {"haveibeenpwned_enabled": false}}},
                "flows": {
                    "verification": {"enabled": true},
                    "registration": {"style": "unified", "after": {"password": {"hooks": [{"hook": "session"}]}}},
                },
            },
            "courier": {"smtp": {"connection_uri": "smtp://127.0.0.1:1/?disable_starttls=true"}},
            "vestibule": {"registration": {"invite_only": true}},
        });
        let stand = Stand::start(ports, dsn, document.clone(), hasher).await;
        Self { stand, public, admin, document }
    }

    async fn ask(
        &self,
        authority: &str,
        method: &str,
        target: &str,
        more: &[(&str, &str)],
        body: Option<(&str, String)>,
    ) -> Answer {
        let mut headers = vec![("Host".to_owned(), authority.to_owned())];
        headers.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        if let Some((kind, _)) = &body {
            headers.push(("Content-Type".to_owned(), (*kind).to_owned()));
        }
        let body = body.map(|(_, body)| body);
        let answer = send(authority, method, target, &headers, body.as_deref().map(str::as_bytes)).await;
        answer.expect("the server answers")
    }

    async fn admin(&self, method: &str, target: &str, body: Option<Value>) -> (u16, Value) {
        let body = body.map(|body| ("application/json", body.to_string()));
        let target = format!("/admin/vestibule/invitations{target}");
        let answer = self.ask(&self.admin, method, &target, &[], body).await;
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    /// Its id and its secret.
    async fn invite(&self, wanted: Value) -> (String, String) {
        let (status, made) = self.admin("POST", "", Some(wanted)).await;
        assert_eq!((status, &made["state"]), (201, &json!("open")), "{made}");
        let link = made["link"].as_str().expect("a link");
        let start = format!("http://{}/self-service/registration/browser?invitation=", self.public);
        let secret = link.strip_prefix(&start).expect("a link to the public port");
        assert!(secret.len() >= 43, "256 bits");
        (made["id"].as_str().expect("an id").to_owned(), secret.to_owned())
    }

    async fn json(&self, method: &str, target: &str, body: Option<Value>) -> (u16, Value) {
        let body = body.map(|body| ("application/json", body.to_string()));
        let answer = self.ask(&self.public, method, target, &[("Accept", "application/json")], body).await;
        (answer.status, document(&answer))
    }

    /// An app's form.
    async fn begin(&self, secret: &str) -> (u16, Value) {
        self.json("GET", &format!("/self-service/registration/api?invitation={secret}"), None).await
    }

    async fn finish(&self, flow: &Value, email: &str) -> (u16, Value) {
        let target = format!("/self-service/registration?flow={}", flow["id"].as_str().expect("a flow"));
        let body = json!({"method": "password", "password": PASSWORD, "traits": {"email": email}});
        self.json("POST", &target, Some(body)).await
    }

    async fn sign_up(&self, secret: &str, email: &str) -> (u16, Value) {
        let (status, flow) = self.begin(secret).await;
        assert_eq!(status, 200, "{flow}");
        self.finish(&flow, email).await
    }

    async fn accounts(&self) -> Vec<Value> {
        let answer = self.ask(&self.admin, "GET", "/admin/identities", &[], None).await;
        document(&answer).as_array().expect("a list").clone()
    }

    async fn mails(&self) -> Vec<engine::effects::Mail> {
        engine::courier::deliver(&self.stand.engine).await.expect("the courier works");
        self.stand.world.mailer.sent()
    }

    fn open_the_house(&self) {
        let mut document = self.document.clone();
        document["vestibule"]["registration"]["invite_only"] = json!(false);
        self.stand.engine.publish(self.stand.world.config(vec![document]));
    }
}

fn id_of(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["error"]["id"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn without_an_invitation_there_is_no_form_and_a_sentence_says_what_to_do() {
    let club = Club::start("memory").await;
    for way in ["api", "browser"] {
        let refused = club.json("GET", &format!("/self-service/registration/{way}"), None).await;
        assert_eq!(id_of(&refused), (403, "invitation_required"));
        assert!(refused.1["error"]["reason"].as_str().is_some_and(|reason| reason.contains("invitation")));
        let guessed = club.json("GET", &format!("/self-service/registration/{way}?invitation=x"), None).await;
        assert_eq!(id_of(&guessed), (410, "invitation_over"));
    }
    // A browser is led to a page, and no page offers a sign-up that leads nowhere.
    let target = "/self-service/registration/browser";
    let led = club.ask(&club.public, "GET", target, &[("Accept", HTML)], None).await;
    assert_eq!(led.status, 303);
    let page = led.header("location").expect("a page").to_owned();
    let path = page.strip_prefix(&format!("http://{}", club.public)).expect("our own page").to_owned();
    let page = club.ask(&club.public, "GET", &path, &[("Accept", HTML)], None).await;
    let page = String::from_utf8(page.body).expect("text");
    assert!(page.contains("Sign-up is by invitation"), "{page}");
    assert!(!page.contains("Create an account"), "{page}");
    assert!(club.accounts().await.is_empty());
}

#[tokio::test]
async fn an_invitation_lets_one_person_in_and_opening_it_burns_nothing() {
    let club = Club::start("memory").await;
    let (id, secret) = club.invite(json!({})).await;
    for _ in 0..3 {
        assert_eq!(club.begin(&secret).await.0, 200);
    }
    let (_, late) = club.begin(&secret).await;
    let (status, done) = club.sign_up(&secret, ANNA).await;
    assert_eq!((status, done["session_token"].is_string()), (200, true), "{done}");
    assert_eq!(id_of(&club.begin(&secret).await), (410, "invitation_over"));
    assert_eq!(id_of(&club.finish(&late, BERT).await), (410, "invitation_over"));
    let accounts = club.accounts().await;
    assert_eq!(accounts.len(), 1);
    let (_, list) = club.admin("GET", "", None).await;
    assert_eq!((&list[0]["id"], &list[0]["state"]), (&json!(id), &json!("used")));
    assert_eq!(list[0]["used_by"], accounts[0]["id"]);
    assert_eq!(accounts[0]["verifiable_addresses"][0]["verified"], false, "a link proves no address");
}

async fn one_of_many_gets_in(dsn: &str) {
    const RIVALS: usize = 16;
    let club = Club::start(dsn).await;
    // All have been checked and none is stored when the barrier in the breach check opens.
    let mut document = club.document.clone();
    document["selfservice"]["methods"]["password"]["config"] = json!({"ignore_network_errors": true});
    club.stand.engine.publish(club.stand.world.config(vec![document]));
    club.stand.world.outbound.gather(RIVALS);
    let (_, secret) = club.invite(json!({})).await;
    let rivals = (0..RIVALS).map(|number| {
        let (club, secret) = (&club, &secret);
        async move { club.sign_up(secret, &format!("rival-{number}@vestibule.test")).await }
    });
    let answers = futures::future::join_all(rivals).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|(status, _)| *status == 200);
    assert_eq!(won.len(), 1, "{answers:?}");
    assert!(lost.iter().all(|answer| id_of(answer) == (410, "invitation_over")), "{lost:?}");
    assert_eq!(club.accounts().await.len(), 1, "and nothing is left of the others");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_come_with_one_invitation_one_gets_in() {
    one_of_many_gets_in("memory").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_come_with_one_invitation_one_gets_in_on_postgresql() {
    one_of_many_gets_in(&engine::testing::postgres::database().await).await;
}

#[tokio::test]
async fn an_invitation_for_an_address_is_good_for_that_one_and_proves_nothing() {
    let club = Club::start("memory").await;
    let (_, secret) = club.invite(json!({"address": " Anna@Vestibule.test"})).await;
    let (_, flow) = club.begin(&secret).await;
    let field = flow["ui"]["nodes"].as_array().expect("nodes").iter();
    let field = field.clone().find(|node| node["attributes"]["name"] == "traits.email").expect("a field");
    assert_eq!(field["attributes"]["value"], ANNA, "it is filled in");
    let (status, again) = club.finish(&flow, BERT).await;
    assert_eq!((status, &again["ui"]["messages"][0]["id"]), (400, &json!(4000001)), "{again}");
    // The form still knows its invitation.
    let (status, done) = club.finish(&flow, ANNA).await;
    assert_eq!((status, done["session_token"].is_string()), (200, true), "{done}");
    let accounts = club.accounts().await;
    assert_eq!(accounts[0]["verifiable_addresses"][0]["verified"], false, "the inviter typed it");
    let mails = club.mails().await;
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, ANNA), "so a code goes to it");
}

#[tokio::test]
async fn a_mailed_invitation_proves_the_address_that_it_was_mailed_to() {
    let club = Club::start("memory").await;
    let (status, made) = club.admin("POST", "", Some(json!({"address": ANNA, "send": true}))).await;
    assert_eq!((status, &made["mailed"]), (201, &json!(true)));
    assert!(made.get("link").is_none(), "whoever sees the link could pass for its reader: {made}");
    let mails = club.mails().await;
    let (_, rest) = mails[0].text.split_once("invitation=").expect("a link");
    let secret = rest.split_whitespace().next().expect("a secret");
    assert_eq!(club.begin(secret).await.0, 200);
    assert!(club.accounts().await.is_empty(), "opening it makes nothing");
    let (status, done) = club.sign_up(secret, ANNA).await;
    assert_eq!(status, 200, "{done}");
    let address = club.accounts().await[0]["verifiable_addresses"][0].clone();
    assert_eq!((&address["verified"], &address["status"]), (&json!(true), &json!("completed")));
    assert_eq!(club.mails().await.len(), 1, "nothing is left to prove");
    // What lies in the queue afterwards cannot be used.
    let kept = club.ask(&club.admin, "GET", "/admin/courier/messages", &[], None).await;
    assert!(!String::from_utf8_lossy(&kept.body).contains(secret));
}

#[tokio::test]
async fn an_invitation_ends_with_its_time_or_when_it_is_withdrawn() {
    let club = Club::start("memory").await;
    let (_, short) = club.invite(json!({"lifespan": "1h"})).await;
    let (_, usual) = club.invite(json!({})).await;
    let (id, withdrawn) = club.invite(json!({})).await;
    let (_, open) = club.begin(&withdrawn).await;
    assert_eq!(club.admin("DELETE", &format!("/{id}"), None).await.0, 204);
    assert_eq!(club.admin("DELETE", &format!("/{id}"), None).await.0, 204, "twice is once");
    assert_eq!(id_of(&club.begin(&withdrawn).await), (410, "invitation_over"));
    assert_eq!(id_of(&club.finish(&open, ANNA).await), (410, "invitation_over"), "a form that was open too");
    club.stand.world.clock.advance(Duration::from_secs(60 * 60));
    assert_eq!(id_of(&club.begin(&short).await), (410, "invitation_over"));
    club.stand.world.clock.advance(7 * DAY - Duration::from_secs(60 * 60 + 1));
    assert_eq!(club.begin(&usual).await.0, 200);
    club.stand.world.clock.advance(Duration::from_secs(1));
    assert_eq!(id_of(&club.begin(&usual).await), (410, "invitation_over"));
    let (_, list) = club.admin("GET", "", None).await;
    let states: Vec<&str> =
        list.as_array().expect("a list").iter().filter_map(|one| one["state"].as_str()).collect();
    assert_eq!(states.iter().filter(|state| **state == "expired").count(), 2, "{states:?}");
    assert_eq!(states.iter().filter(|state| **state == "withdrawn").count(), 1, "{states:?}");
}

#[tokio::test]
async fn the_secret_is_kept_nowhere_and_told_to_nobody() {
    let club = Club::start("memory").await;
    let (_, secret) = club.invite(json!({})).await;
    let target = format!("/self-service/registration/api?invitation={secret}&x=1");
    let (_, flow) = club.json("GET", &target, None).await;
    assert!(!flow.to_string().contains(&secret), "{flow}");
    assert!(flow["request_url"].as_str().is_some_and(|url| url.ends_with("/registration/api?x=1")), "{flow}");
    let id = flow["id"].as_str().expect("an id").parse().expect("an id");
    let mut tx = club.stand.engine.db().read().await.expect("the database answers");
    let kind = engine::model::FlowKind::Registration;
    let stored = engine::store::flows::get(&mut tx, kind, id).await.expect("a row").expect("a flow");
    assert!(!serde_json::to_string(&stored).expect("JSON").contains(&secret));
    let audit = engine::store::audit::list(&mut tx, 9).await.expect("the audit");
    assert_eq!((audit[0].action.as_str(), audit[0].actor.as_str()), ("invitation.make", "admin API"));
    assert!(!audit[0].details.to_string().contains(&secret));
}

#[tokio::test]
async fn an_open_house_takes_invitations_and_asks_for_none() {
    let club = Club::start("memory").await;
    let (id, secret) = club.invite(json!({})).await;
    club.open_the_house();
    assert_eq!(club.begin("nonsense").await.0, 200, "an old link keeps nobody out");
    assert_eq!(club.sign_up(&secret, ANNA).await.0, 200);
    let (_, list) = club.admin("GET", "", None).await;
    assert_eq!((&list[0]["id"], &list[0]["state"]), (&json!(id), &json!("used")));
    let (status, _) = club.json("GET", "/self-service/registration/api", None).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_form_from_before_the_doors_were_closed_needs_an_invitation_too() {
    let club = Club::start("memory").await;
    club.open_the_house();
    let (_, flow) = club.json("GET", "/self-service/registration/api", None).await;
    club.stand.engine.publish(club.stand.world.config(vec![club.document.clone()]));
    assert_eq!(id_of(&club.finish(&flow, ANNA).await), (403, "invitation_required"));
    assert!(club.accounts().await.is_empty());
}

#[tokio::test]
async fn what_the_admin_api_cannot_do_it_says() {
    let club = Club::start("memory").await;
    for odd in [
        json!({"address": "no address"}),
        json!({"send": true}),
        json!({"lifespan": "soon"}),
        json!({"lifespan": "0s"}),
        json!({"lifespan": "10000h"}),
        json!({"adress": ANNA}),
        json!([]),
    ] {
        let (status, refused) = club.admin("POST", "", Some(odd.clone())).await;
        assert_eq!(status, 400, "{odd}");
        assert!(refused["error"]["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{refused}");
    }
    for unknown in ["/00000000-0000-4000-8000-000000000000", "/nonsense"] {
        assert_eq!(club.admin("DELETE", unknown, None).await.0, 404);
    }
    let (id, secret) = club.invite(json!({})).await;
    assert_eq!(club.sign_up(&secret, ANNA).await.0, 200);
    assert_eq!(club.admin("DELETE", &format!("/{id}"), None).await.0, 409, "it was used");
    assert_eq!(club.admin("GET", "?page_token=00000000-0000-4000-8000-000000000000", None).await.0, 400);
    club.stand.world.clock.advance(DAY);
    let (newest, _) = club.invite(json!({})).await;
    let page = club.ask(&club.admin, "GET", "/admin/vestibule/invitations?page_size=1", &[], None).await;
    assert_eq!(document(&page)[0]["id"], json!(newest));
    assert!(page.header("link").is_some_and(|link| link.contains(&format!("page_token={newest}"))));
    let (_, second) = club.admin("GET", &format!("?page_size=1&page_token={newest}"), None).await;
    assert_eq!(second[0]["id"], json!(id));
}
