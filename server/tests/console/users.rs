//! *Users*: the list, its search and filters, and one user.

use crate::client::Console;
use axum::http::StatusCode;
use base64::Engine as _;
use engine::admin::{self, Create};
use engine::identity::State;
use engine::ids::IdentityId;
use engine::store::identities;
use serde_json::{Value, json};

pub(crate) const UNKNOWN: &str = "/users/00000000-0000-4000-8000-000000000000";

impl Console {
    pub(crate) async fn with_users() -> Self {
        Self::start_with(vec![schema()]).await.with_operator("Grace Hopper").await
    }

    /// An account as the admin API makes it.
    pub(crate) async fn user(&self, create: Value) -> IdentityId {
        let create: Create = serde_json::from_value(create).unwrap();
        admin::create(&self.engine.begin(), create).await.unwrap().0.id
    }

    pub(crate) async fn verified(&self, email: &str) -> IdentityId {
        let address = json!({"value": email, "via": "email", "verified": true});
        self.user(json!({
            "traits": {"email": email}, "verifiable_addresses": [address],
            "credentials": {"password": {"config": {"hashed_password": HASH}}},
        }))
        .await
    }
}

pub(crate) const HASH: &str = "$2a$04$GjJ1FqNx1Yp1V9bXr3vXeOL0L3nq8m5Q3d1jF7r5mYhKX0u1j2f3K";

/// An email, a name in two parts, and what no form has a field for.
fn schema() -> Value {
    let mark = json!({"credentials": {"password": {"identifier": true}}, "verification": {"via": "email"}, "recovery": {"via": "email"}});
    let text = |title: &str| json!({"type": "string", "title": title});
    let traits = json!({
        "email": {"type": "string", "format": "email", "title": "Email", "ory.sh/kratos": mark},
        "name": {"type": "object", "properties": {"first": text("First name"), "last": text("Last name")}},
        "news": {"type": "boolean", "title": "Newsletter"},
        "pets": {"type": "array", "title": "Pets", "items": {"type": "object", "properties": {"name": text("Name")}}},
    });
    let schema =
        json!({"type": "object", "properties": {"traits": {"type": "object", "properties": traits}}});
    let url = base64::engine::general_purpose::STANDARD.encode(schema.to_string());
    json!({
        "identity": {"default_schema_id": "person", "schemas": [{"id": "person", "url": format!("base64://{url}")}]},
        "courier": {"smtp": {"connection_uri": "smtp://127.0.0.1:1/?disable_starttls=true"}},
        "selfservice": {
            "methods": {"code": {"enabled": true}, "link": {"enabled": true}},
            "flows": {"verification": {"enabled": true}, "recovery": {"enabled": true}},
        },
    })
}

/// IDs of the rows, in their order.
pub(crate) fn rows(html: &str) -> Vec<String> {
    html.split("data-testid=\"user-").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

/// The address behind a link of that name.
pub(crate) fn link(html: &str, name: &str) -> String {
    let at = html.find(&format!(">{name}</a>")).unwrap_or_else(|| panic!("no {name} in {html}"));
    let href = html[..at].rsplit("href=\"").next().unwrap().split('"').next().unwrap();
    href.replace("&amp;", "&")
}

#[tokio::test]
async fn a_list_without_users_says_so_and_one_without_matches_something_else() {
    let console = Console::with_users().await;
    let none = console.get("/users").await;
    assert!(none.status == StatusCode::OK && none.html.contains("No users yet."), "{}", none.html);
    assert!(none.html.contains(">Open the sign-up page</a>"), "{}", none.html);
    console.verified("ada@example.org").await;
    for filter in ["state=disabled", "verification=unverified", "q=bob", "state=nonsense"] {
        let page = console.get(&format!("/users?{filter}")).await;
        assert!(page.html.contains("No matches.") && rows(&page.html).is_empty(), "{filter}: {}", page.html);
    }
}

#[tokio::test]
async fn users_are_listed_newest_first_page_by_page() {
    let console = Console::with_users().await;
    let mut ids = Vec::new();
    for number in 0..53 {
        ids.push(
            console
                .user(json!({"traits": {"email": format!("user{number:02}@example.org")}}))
                .await
                .to_string(),
        );
        console.world.clock.advance(std::time::Duration::from_secs(1));
    }
    ids.reverse();
    let first = console.get("/users").await;
    assert_eq!(rows(&first.html), ids[..50]);
    assert!(first.html.contains("53 users. Newest first."), "{}", first.html);
    assert!(!first.html.contains(">First page</a>"));
    let second = console.get(&link(&first.html, "Next page")).await;
    assert_eq!(rows(&second.html), ids[50..]);
    assert!(!second.html.contains(">Next page</a>") && link(&second.html, "First page") == "/users");
    // A place that is none is the beginning.
    for after in
        ["nonsense", "1.x", "99999999999999999999.y", "%00", "1.00000000-0000-4000-8000-000000000000"]
    {
        let page = console.get(&format!("/users?after={after}")).await;
        assert_eq!(page.status, StatusCode::OK, "{after}");
    }
    // The user that a page ended with is deleted meanwhile.
    let last: IdentityId = ids[49].parse().unwrap();
    admin::delete(&console.engine.begin(), last).await.unwrap();
    assert_eq!(rows(&console.get(&link(&first.html, "Next page")).await.html), ids[50..]);
    // A search goes on from page to page in the order of identifiers.
    let found = console.get("/users?q=user").await;
    let next = console.get(&link(&found.html, "Next page")).await;
    let mut all = rows(&found.html);
    all.extend(rows(&next.html));
    let mut expected = ids.clone();
    expected.retain(|id| *id != last.to_string());
    expected.reverse();
    assert_eq!(all, expected);
}

#[tokio::test]
async fn a_search_finds_what_begins_so_and_filters_narrow_it() {
    let console = Console::with_users().await;
    let ann = console.verified("ann@example.org").await.to_string();
    let anna = console
        .user(json!({"traits": {"email": "anna@example.org", "name": {"first": "دنا", "last": "<b>"}}, "state": "inactive"}))
        .await
        .to_string();
    let odd = console.user(json!({"traits": {"email": "an_n%@example.org"}})).await.to_string();
    let provider = json!({"provider": "acme", "subject": "Ann-7"});
    let linked = console
        .user(json!({"traits": {}, "credentials": {"oidc": {"config": {"providers": [provider]}}}}))
        .await
        .to_string();
    for (query, expected) in [
        ("q=ann", vec![&ann, &anna]),
        ("q=+ANN%40example.org+", vec![&ann]),
        ("q=an_", vec![&odd]),
        ("q=an_n%25", vec![&odd]),
        ("q=%25", vec![]),
        ("q=_", vec![]),
        ("q=a%00", vec![]),
        ("q=acme%3AAnn", vec![&linked]),
        ("q=acme%3Aann", vec![]),
        ("q=nn", vec![]),
        (&format!("q={anna}"), vec![&anna]),
        (&format!("q={anna}&state=active"), vec![]),
        ("q=ann&state=active", vec![&ann]),
        ("q=an&verification=unverified", vec![&odd, &anna]),
        ("state=disabled", vec![&anna]),
        ("verification=verified", vec![&ann]),
        ("state=active&verification=verified", vec![&ann]),
    ] {
        let page = console.get(&format!("/users?{query}")).await;
        assert_eq!(rows(&page.html).iter().collect::<Vec<_>>(), expected, "{query}: {}", page.html);
    }
    let page = console.get("/users?q=anna").await;
    assert!(
        page.html.contains("<bdi>دنا &lt;b></bdi>") || page.html.contains("<bdi>دنا &lt;b&gt;</bdi>"),
        "{}",
        page.html
    );
    assert!(
        page.html.contains("<bdi>anna@example.org</bdi>") && page.html.contains("Disabled"),
        "{}",
        page.html
    );
    let long = "x".repeat(3000);
    assert_eq!(console.get(&format!("/users?q={long}")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_user_with_several_matching_names_is_listed_once() {
    let console = Console::with_users().await;
    let address = |value: &str| json!({"value": value, "via": "email"});
    let create = json!({"traits": {"email": "sam@example.org"}, "verifiable_addresses": [address("sam2@example.org")], "recovery_addresses": [address("sam3@example.org")]});
    let sam = console.user(create).await.to_string();
    for search in ["sam", "sam2", "s"] {
        assert_eq!(rows(&console.get(&format!("/users?q={search}")).await.html), [sam.as_str()], "{search}");
    }
}

#[tokio::test]
async fn a_search_that_reads_much_goes_on_where_it_stopped() {
    let console = Console::with_users().await;
    let id = console.verified("zz@example.org").await;
    let mut tx = console.engine.db().write().await.unwrap();
    let identity = identities::get(&mut tx, id).await.unwrap().unwrap();
    // 1,050 users whose only name begins so, and one that is disabled behind them.
    for number in 0..1051_u32 {
        let mut one = identity.clone();
        one.id = console.engine.effects().identity_id();
        one.verifiable_addresses.clear();
        one.recovery_addresses[0].id = console.engine.effects().uuid();
        one.recovery_addresses[0].value = format!("many{number:05}");
        if number == 1050 {
            one.state = State::Inactive;
        }
        let _ = identities::insert(&mut tx, &one, &[]).await.unwrap();
    }
    tx.commit().await.unwrap();
    let page = console.get("/users?q=many&state=disabled").await;
    assert!(rows(&page.html).is_empty() && page.html.contains("No matches on this page."), "{}", page.html);
    let next = console.get(&link(&page.html, "Next page")).await;
    assert_eq!(rows(&next.html).len(), 1, "{}", next.html);
    assert!(!next.html.contains(">Next page</a>"));
}

#[tokio::test]
async fn one_user_is_shown_with_everything_that_belongs_to_the_account() {
    let mut console = Console::with_users().await;
    let long = format!("{}@example.org", "x".repeat(60));
    let traits = json!({
        "email": long, "name": {"first": "נועה", "last": "לוי"}, "news": true, "pets": [{"name": "Rex"}], "unknown": "<script>",
    });
    let id = console
        .user(json!({
            "traits": traits, "external_id": "crm-7",
            "credentials": {"password": {"config": {"hashed_password": HASH}}, "oidc": {"config": {"providers": [{"provider": "acme", "subject": "s-1"}]}}},
        }))
        .await;
    console.becomes_viewer().await;
    let page = console.get(&format!("/users/{id}")).await;
    assert_eq!(page.status, StatusCode::OK, "a viewer reads it: {}", page.html);
    for part in [
        "<h1><bdi>נועה לוי</bdi></h1>",
        "<dt><bdi>First name</bdi></dt><dd><bdi>נועה</bdi></dd>",
        "<dt><bdi>Newsletter</bdi></dt><dd>Yes</dd>",
        "<dt><bdi>pets</bdi></dt>",
        "&lt;script",
        "crm-7",
        "Not verified",
        "<b>Password</b>",
        "acme",
        "s-1",
        "This user is not signed in anywhere.",
        &id.to_string(),
        &long,
    ] {
        assert!(page.html.contains(part), "{part}: {}", page.html);
    }
    assert!(!page.html.contains(HASH) && !page.html.contains("<script>"), "{}", page.html);
    for unknown in [UNKNOWN, "/users/nonsense", "/users/%00", "/users/1"] {
        assert_eq!(console.get(unknown).await.status, StatusCode::NOT_FOUND, "{unknown}");
    }
}
