//! Lists of the admin API: each filter chooses what it says, and what is not understood is refused by name. A script that deletes
//! what it listed must not delete every account.

use crate::clients::{JSON, Kind, PASSWORD, Person, Site, sign_up, stand};
use crate::support::http::{Answer, send};
use serde_json::{Value, json};
use std::collections::BTreeSet;

async fn ask(site: &Site, method: &str, target: &str, body: Option<&Value>) -> Answer {
    let headers = [("Host".to_owned(), site.admin.clone()), ("Content-Type".to_owned(), JSON.to_owned())];
    let body = body.map(Value::to_string);
    send(&site.admin, method, target, &headers, body.as_deref().map(str::as_bytes)).await.expect("an answer")
}

fn document(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).expect("JSON")
}

/// An account, as the admin API made it.
async fn account(site: &Site, name: &str, more: Value) -> Value {
    let mut body = json!({"schema_id": "default", "traits": {"email": format!("{name}@shop.example")}});
    for (member, value) in more.as_object().expect("members") {
        body[member] = value.clone();
    }
    let made = ask(site, "POST", "/admin/identities", Some(&body)).await;
    assert_eq!(made.status, 201, "{}", document(&made));
    document(&made)
}

fn id(account: &Value) -> &str {
    account["id"].as_str().expect("an id")
}

async fn listed(site: &Site, query: &str) -> Vec<Value> {
    let answer = ask(site, "GET", &format!("/admin/identities?{query}"), None).await;
    assert_eq!(answer.status, 200, "{query}: {}", document(&answer));
    document(&answer).as_array().expect("a list").clone()
}

/// Names of those listed.
async fn names(site: &Site, query: &str) -> BTreeSet<String> {
    let list = listed(site, query).await;
    let names = list.iter().map(|one| one["traits"]["email"].as_str().expect("an address"));
    names.map(|email| email.trim_end_matches("@shop.example").to_owned()).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Links of the header, by their relation.
fn link<'a>(answer: &'a Answer, relation: &str) -> Option<&'a str> {
    let links = answer.header("link").expect("links").split(',');
    let wanted = format!("; rel=\"{relation}\"");
    links.filter_map(|link| link.strip_suffix(&wanted)).next().map(|link| link.trim_matches(['<', '>']))
}

const SHOP: &str = "0c5b2a7e-6d0f-4b5e-9a50-6f2f3ce0a001";

#[tokio::test]
async fn each_filter_chooses_what_it_says() {
    for dsn in ["memory".to_owned(), engine::testing::postgres::database().await] {
        let (_stand, site) = stand(&dsn, json!({})).await;
        let anna = account(&site, "anna", json!({"organization_id": SHOP})).await;
        let bert = account(&site, "bert", json!({})).await;
        account(&site, "annika", json!({})).await;
        assert_eq!(names(&site, "").await, set(&["anna", "annika", "bert"]));
        let (anna, bert) = (id(&anna), id(&bert));
        assert_eq!(names(&site, &format!("ids={anna}")).await, set(&["anna"]));
        assert_eq!(names(&site, &format!("ids={anna}&ids={bert}&ids={anna}")).await, set(&["anna", "bert"]));
        assert_eq!(names(&site, &format!("ids={SHOP}")).await, set(&[]));
        for exact in ["anna@shop.example", "%20ANNA@shop.example"] {
            assert_eq!(names(&site, &format!("credentials_identifier={exact}")).await, set(&["anna"]));
        }
        assert_eq!(names(&site, "credentials_identifier=ann").await, set(&[]));
        let similar = |prefix: &str| format!("preview_credentials_identifier_similar={prefix}");
        assert_eq!(names(&site, &similar("ann")).await, set(&["anna", "annika"]));
        assert_eq!(names(&site, &similar("ANNI")).await, set(&["annika"]));
        for nobody in ["%25", "_nna", "nna", "ann%00"] {
            assert_eq!(names(&site, &similar(nobody)).await, set(&[]), "{nobody}");
        }
        assert_eq!(names(&site, &format!("organization_id={SHOP}")).await, set(&["anna"]));
        assert_eq!(names(&site, &format!("organization_id={bert}")).await, set(&[]));
        assert_eq!(names(&site, "consistency=eventual").await.len(), 3);
        // A script that deletes what it listed.
        for one in listed(&site, &similar("annik")).await {
            assert_eq!(
                ask(&site, "DELETE", &format!("/admin/identities/{}", id(&one)), None).await.status,
                204
            );
        }
        assert_eq!(names(&site, "").await, set(&["anna", "bert"]));
    }
}

#[tokio::test]
async fn what_is_not_understood_is_refused_by_name() {
    let (_stand, site) = stand("memory", json!({})).await;
    let anna = account(&site, "anna", json!({})).await;
    let own = id(&anna);
    let identities = "/admin/identities";
    let messages = "/admin/courier/messages";
    let invitations = "/admin/vestibule/invitations";
    let one = format!("{identities}/{own}");
    for (path, query, named) in [
        (identities, "id=7".to_owned(), "id"),
        (identities, format!("IDS={own}"), "IDS"),
        (identities, format!("ids[]={own}"), "ids[]"),
        (identities, "credential_identifier=anna".to_owned(), "credential_identifier"),
        (identities, "limit=1".to_owned(), "limit"),
        (identities, "state=inactive".to_owned(), "state"),
        (identities, "ids=".to_owned(), "ids"),
        (identities, format!("ids={own}&ids="), "ids"),
        (identities, format!("ids={own},{own}"), "ids"),
        (identities, "ids=nonsense".to_owned(), "ids"),
        (identities, "credentials_identifier=".to_owned(), "credentials_identifier"),
        (
            identities,
            "credentials_identifier=a&credentials_identifier=b".to_owned(),
            "credentials_identifier",
        ),
        (
            identities,
            "preview_credentials_identifier_similar=".to_owned(),
            "preview_credentials_identifier_similar",
        ),
        (
            identities,
            "preview_credentials_identifier_similar=%20%20".to_owned(),
            "preview_credentials_identifier_similar",
        ),
        (identities, "organization_id=".to_owned(), "organization_id"),
        (identities, "organization_id=shop".to_owned(), "organization_id"),
        (identities, format!("ids={own}&credentials_identifier=x"), "credentials_identifier"),
        (
            identities,
            format!("organization_id={SHOP}&preview_credentials_identifier_similar=x"),
            "organization_id",
        ),
        (identities, "consistency=weak".to_owned(), "consistency"),
        (identities, "include_credential=rubbish".to_owned(), "include_credential"),
        (identities, "include_credential=".to_owned(), "include_credential"),
        (identities, "page_size=abc".to_owned(), "page_size"),
        (identities, "page_size=1.5".to_owned(), "page_size"),
        (identities, "page_size=99999999999999999999".to_owned(), "page_size"),
        (identities, "page_token=rubbish".to_owned(), "page_token"),
        (identities, "page_token=1".to_owned(), "page_token"),
        (identities, "page=abc".to_owned(), "page"),
        (identities, "page=-1".to_owned(), "page"),
        (identities, "page=11&per_page=100".to_owned(), "page_token"),
        (identities, "per_page=abc".to_owned(), "per_page"),
        (identities, "page=1&page_size=10".to_owned(), "page_size"),
        (identities, format!("per_page=10&page_token={own}"), "page_token"),
        (messages, "page=1".to_owned(), "page"),
        (messages, "template_type=x".to_owned(), "template_type"),
        (messages, "page_size=abc".to_owned(), "page_size"),
        (messages, "page_token=rubbish".to_owned(), "page_token"),
        (messages, "status=rubbish".to_owned(), "status"),
        (messages, "status=".to_owned(), "status"),
        (messages, "recipient=".to_owned(), "recipient"),
        (messages, "status=sent&status=queued".to_owned(), "status"),
        (invitations, "state=open".to_owned(), "state"),
        (invitations, "page_size=abc".to_owned(), "page_size"),
        (invitations, "page_token=rubbish".to_owned(), "page_token"),
        (invitations, format!("page_token={SHOP}"), "page_token"),
        (one.as_str(), "include_credential=rubbish".to_owned(), "include_credential"),
        (one.as_str(), "expand=1".to_owned(), "expand"),
    ] {
        let answer = ask(&site, "GET", &format!("{path}?{query}"), None).await;
        let error = document(&answer)["error"].clone();
        assert_eq!((answer.status, &error["code"]), (400, &json!(400)), "{path}?{query}: {error}");
        let reason = error["reason"].as_str().expect("a reason");
        assert!(reason.contains(named), "{path}?{query}: {reason}");
    }
    // What changes something takes no unknown wish either.
    assert_eq!(ask(&site, "DELETE", &format!("{one}?dry_run=true"), None).await.status, 400);
    assert_eq!(ask(&site, "POST", &format!("{identities}?dry_run=true"), Some(&json!({}))).await.status, 400);
    assert_eq!(names(&site, "").await, set(&["anna"]));
    // What somebody sent is shown in small measure.
    let answer = ask(&site, "GET", &format!("{identities}?{}=1", "x".repeat(5000)), None).await;
    assert!(answer.status == 400 && answer.body.len() < 1000, "{} bytes", answer.body.len());
}

#[tokio::test]
async fn sizes_are_bounded_and_nothing_means_the_usual_one() {
    let (_stand, site) = stand("memory", json!({})).await;
    for number in 0..12 {
        account(&site, &format!("p{number}"), json!({})).await;
    }
    for (path, query, size) in [
        ("/admin/identities", "", "250"),
        ("/admin/identities", "page_size=0", "250"),
        ("/admin/identities", "page_size=-3", "250"),
        ("/admin/identities", "page_size=&page_token=", "250"),
        ("/admin/identities", "page_size=501", "500"),
        ("/admin/identities", "per_page=3", "3"),
        ("/admin/courier/messages", "page_size=0", "10"),
        ("/admin/courier/messages", "page_size=5000", "1000"),
        ("/admin/vestibule/invitations", "page_size=0", "50"),
    ] {
        let answer = ask(&site, "GET", &format!("{path}?{query}"), None).await;
        assert_eq!(answer.status, 200, "{path}?{query}");
        let first = link(&answer, "first").expect("a link");
        assert!(first.contains(&format!("page_size={size}&")), "{path}?{query}: {first}");
        assert_eq!(link(&answer, "next").is_some(), size == "3", "{path}?{query}");
    }
}

/// What a client does that follows the links, or counts pages until one is empty.
#[tokio::test]
async fn all_pages_together_are_all_accounts() {
    let (_stand, site) = stand("memory", json!({})).await;
    for number in 0..11 {
        account(&site, &format!("p{number}"), json!({})).await;
    }
    account(&site, "another", json!({})).await;
    for query in ["page_size=4", "preview_credentials_identifier_similar=p&page_size=4"] {
        let expected = if query.starts_with("page") { 12 } else { 11 };
        let mut seen = Vec::new();
        let mut next = Some(format!("/admin/identities?{query}"));
        while let Some(target) = next {
            let answer = ask(&site, "GET", &target, None).await;
            seen.extend(document(&answer).as_array().expect("a list").iter().map(|one| id(one).to_owned()));
            next = link(&answer, "next").map(str::to_owned);
            assert!(seen.len() <= expected, "{query} ends");
        }
        assert_eq!(seen.len(), expected);
        assert!(seen.is_sorted());
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), expected);
    }

    let mut seen = BTreeSet::new();
    let mut page = 0;
    loop {
        let answer = ask(&site, "GET", &format!("/admin/identities?page={page}&per_page=5"), None).await;
        assert_eq!(answer.header("x-total-count"), Some("12"));
        let list = document(&answer);
        let list = list.as_array().expect("a list");
        if list.is_empty() {
            break;
        }
        seen.extend(list.iter().map(|one| id(one).to_owned()));
        let to = |number: usize| format!("/admin/identities?page={number}&per_page=5");
        assert_eq!(link(&answer, "first"), Some(to(0).as_str()));
        assert_eq!(link(&answer, "last"), Some(to(2).as_str()));
        assert_eq!(link(&answer, "next").map(str::to_owned), (page < 2).then(|| to(page + 1)));
        assert_eq!(link(&answer, "prev").map(str::to_owned), page.checked_sub(1).map(to));
        page += 1;
    }
    assert_eq!((seen.len(), page), (12, 3));
    let similar = "/admin/identities?page=0&per_page=5&preview_credentials_identifier_similar=an";
    let answer = ask(&site, "GET", similar, None).await;
    assert_eq!(answer.header("x-total-count"), Some("1"), "of those that are listed");
}

#[tokio::test]
async fn five_hundred_ids_fit_into_one_request() {
    let (_stand, site) = stand("memory", json!({})).await;
    let anna = account(&site, "anna", json!({})).await;
    let ids = |count: u128| {
        let others = (1..count).map(|number| format!("ids={}", uuid::Uuid::from_u128(number)));
        others.chain([format!("ids={}", id(&anna))]).collect::<Vec<_>>().join("&")
    };
    assert_eq!(names(&site, &ids(500)).await, set(&["anna"]));
    let answer = ask(&site, "GET", &format!("/admin/identities?{}", ids(501)), None).await;
    assert_eq!(answer.status, 400);
    assert!(document(&answer)["error"]["reason"].as_str().expect("a reason").contains("500"));
}

#[tokio::test]
async fn what_a_credential_holds_is_shown_when_it_is_asked_for() {
    let (_stand, site) = stand("memory", json!({})).await;
    let hash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    let anna = account(
        &site,
        "anna",
        json!({"credentials": {
            "password": {"config": {"hashed_password": hash}},
            "oidc": {"config": {"providers": [{"provider": "acme", "subject": "A7"}]}},
        }}),
    )
    .await;
    assert_eq!(anna["credentials"]["oidc"]["identifiers"], json!(["acme:A7"]));
    let hidden = |one: &Value| one["credentials"]["password"].get("config").is_none();
    assert!(hidden(&anna));
    let path = format!("/admin/identities/{}", id(&anna));
    assert!(hidden(&document(&ask(&site, "GET", &path, None).await)));
    assert!(listed(&site, "").await[0].get("credentials").is_none());
    for query in ["credentials_identifier=acme:A7", "preview_credentials_identifier_similar=an"] {
        let found = &listed(&site, query).await[0];
        assert!(hidden(found) && found["credentials"]["oidc"].is_object(), "{query}: {found}");
    }
    let shown = |one: &Value, kind: &str| one["credentials"][kind]["config"].clone();
    let one = document(&ask(&site, "GET", &format!("{path}?include_credential=password"), None).await);
    assert_eq!(shown(&one, "password"), json!({"hashed_password": hash}));
    assert!(one["credentials"]["oidc"].get("config").is_none(), "{one}");
    let both = &listed(&site, "include_credential=password&include_credential=oidc").await[0];
    assert_eq!(shown(both, "password")["hashed_password"], hash);
    assert_eq!(shown(both, "oidc")["providers"][0]["subject"], "A7");
    assert!(hidden(&listed(&site, "include_credential=totp").await[0]));
}

#[tokio::test]
async fn an_account_keeps_what_it_was_made_with_or_is_not_made() {
    let (_stand, site) = stand("memory", json!({})).await;
    let bare = account(&site, "bare", json!({})).await;
    assert!(bare.get("metadata_admin").is_none(), "{bare}");
    let read = document(&ask(&site, "GET", &format!("/admin/identities/{}", id(&bare)), None).await);
    assert_eq!(read.get("metadata_admin"), Some(&Value::Null), "as recorded");
    assert_eq!((&bare["metadata_public"], &bare["organization_id"]), (&Value::Null, &Value::Null));
    let full = account(&site, "full", json!({"metadata_admin": {"plan": 1}, "organization_id": SHOP})).await;
    assert_eq!((&full["metadata_admin"], &full["organization_id"]), (&json!({"plan": 1}), &json!(SHOP)));
    for (credentials, named) in [
        (json!({"totp": {"config": {"totp_url": "otpauth://totp/x"}}}), "totp"),
        (
            json!({"password": {"config": {"use_password_migration_hook": true}}}),
            "use_password_migration_hook",
        ),
        (json!({"password": {"config": {"hashed_password": "$argon3$x"}}}), "hashed_password"),
        (json!({"password": {"config": {"password": PASSWORD, "salt": "x"}}}), "salt"),
        (json!({"oidc": {"config": {"providers": [{"provider": "acme"}]}}}), "subject"),
        (json!({"oidc": {"config": {"providers": [{"provider": "acme", "subject": ""}]}}}), "subject"),
        (
            json!({"oidc": {"config": {"providers": [{"provider": "a", "subject": "b", "use_auto_link": true}]}}}),
            "use_auto_link",
        ),
    ] {
        let body = json!({"schema_id": "default", "traits": {"email": "x@shop.example"}, "credentials": credentials});
        let answer = ask(&site, "POST", "/admin/identities", Some(&body)).await;
        let error = document(&answer)["error"].clone();
        assert_eq!(answer.status, 400, "{body}: {error}");
        assert!(error["reason"].as_str().expect("a reason").contains(named), "{error}");
    }
    let body =
        json!({"schema_id": "default", "traits": {"email": "x@shop.example"}, "organization_id": "shop"});
    assert_eq!(ask(&site, "POST", "/admin/identities", Some(&body)).await.status, 400);
    assert_eq!(names(&site, "").await, set(&["bare", "full"]));
}

#[tokio::test]
async fn an_imported_hash_signs_in_and_is_replaced() {
    let (_stand, site) = stand("memory", json!({})).await;
    for (name, hash) in [
        ("ssha", "{SSHA}vySmcWOjYfKt+A8vPo0CiF/7orJzYWx0"),
        ("pbkdf2", "$pbkdf2-sha256$i=1000,l=32$c2FsdA$Swz2arsCvEGIqRQz2SA93wiUe/bMqBYoAll8kO9HGLo"),
    ] {
        let made =
            account(&site, name, json!({"credentials": {"password": {"config": {"hashed_password": hash}}}}))
                .await;
        let path = format!("/admin/identities/{}?include_credential=password", id(&made));
        let mut app = Person::new(&site, Kind::Native);
        for (password, status, kept) in [("wrong", 400, true), (PASSWORD, 200, false), (PASSWORD, 200, false)]
        {
            let begun = document(&app.ask("GET", "/self-service/login/api", JSON, &[], None).await);
            let target = format!("/self-service/login?flow={}", id(&begun));
            let form = json!({"method": "password", "identifier": format!("{name}@shop.example"), "password": password});
            assert_eq!(app.post(&target, &[], &form).await.status, status, "{name} with {password}");
            let stored = document(&ask(&site, "GET", &path, None).await);
            let stored = stored["credentials"]["password"]["config"]["hashed_password"].clone();
            assert_eq!(stored == hash, kept, "{name}: {stored}");
        }
    }
}

/// Sign-ups of people beside those of the admin API: they are on the same list.
#[tokio::test]
async fn who_signed_up_is_listed_too() {
    let (_stand, site) = stand("memory", json!({})).await;
    account(&site, "anna", json!({})).await;
    sign_up(&site, Kind::Native, "ben@shop.example").await;
    assert_eq!(names(&site, "credentials_identifier=ben@shop.example").await, set(&["ben"]));
    assert_eq!(names(&site, "page=0").await, set(&["anna", "ben"]));
}
