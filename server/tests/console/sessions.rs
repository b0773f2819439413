//! *Sessions*: who is signed in, found by user and state, and signed out one by one or several at once.

use crate::client::Console;
use crate::users::link;
use axum::http::StatusCode;
use engine::operators::Role;
use std::time::Duration;

/// IDs of the rows, in their order.
fn rows(html: &str) -> Vec<String> {
    html.split("data-testid=\"session-")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn sessions_are_listed_and_filtered_by_user_and_state() {
    let console = Console::with_users().await;
    let none = console.get("/sessions").await;
    assert!(none.html.contains("No active sessions."), "{}", none.html);
    let ada = console.verified("ada@example.org").await;
    let bob = console.verified("bob@example.org").await;
    let (_, first) = console.signs_in(ada, "curl/8 <b>").await;
    console.world.clock.advance(Duration::from_secs(60));
    let (_, second) = console.signs_in(bob, "").await;
    let (_, third) = console.signs_in(ada, "").await;
    let (first, second, third) = (first.to_string(), second.to_string(), third.to_string());
    console.post("/sessions", &[("action", &format!("sign-out:{third}"))]).await;
    for (query, expected) in [
        ("", vec![&second, &first]),
        ("user=ada@example.org", vec![&first]),
        (&format!("user=+{}+", bob), vec![&second]),
        ("user=ADA%40example.org", vec![&first]),
        ("user=ada", vec![]),
        ("user=%25", vec![]),
        ("user=_", vec![]),
        ("user=a%00", vec![]),
        ("state=revoked", vec![&third]),
        ("state=expired", vec![]),
        ("state=revoked&user=bob%40example.org", vec![]),
        ("after=nonsense", vec![&second, &first]),
    ] {
        let page = console.get(&format!("/sessions?{query}")).await;
        assert_eq!(rows(&page.html).iter().collect::<Vec<_>>(), expected, "{query}: {}", page.html);
        assert_eq!(page.html.contains("No matches."), expected.is_empty(), "{query}");
    }
    let page = console.get("/sessions").await;
    assert!(page.html.contains("<bdi>ada@example.org</bdi>") && page.html.contains(&format!("/users/{ada}")));
    assert!(page.html.contains("203.0.113.24") && !page.html.contains("8 <b>"), "{}", page.html);
}

#[tokio::test]
async fn several_sessions_are_signed_out_at_once_and_the_filter_stays() {
    let console = Console::with_users().await;
    let ada = console.verified("ada@example.org").await;
    let mut signed_in = Vec::new();
    for _ in 0..5 {
        signed_in.push(console.signs_in(ada, "").await);
    }
    let at = "/sessions?user=ada%40example.org";
    for (swap, chosen) in [(false, [0, 1]), (true, [2, 3])] {
        let nothing = console.answer(at, &[("action", "sign-out")], swap).await;
        assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(nothing.html.contains("Select at least one session."), "{}", nothing.html);
        let names = chosen.map(|number: usize| format!("session.{}", signed_in[number].1));
        let fields =
            [("action", "sign-out"), (&names[0], "true"), (&names[1], "true"), ("session.nonsense", "true")];
        let done = console.answer(at, &fields, swap).await;
        assert_eq!(
            (done.status, done.location()),
            (StatusCode::SEE_OTHER, format!("{at}&done=signed-out").as_str())
        );
        for number in chosen {
            assert!(!console.is_signed_in(&signed_in[number].0).await);
        }
    }
    assert!(console.is_signed_in(&signed_in[4].0).await);
    assert_eq!(console.did("user.sign_out").await, 4);
    let told = console.get(&format!("{at}&done=signed-out")).await;
    assert!(told.html.contains("<p>Signed out.</p>") && rows(&told.html).len() == 1, "{}", told.html);
    // Two operators at once: the second ends nothing, and is told no error.
    let again = console.post(at, &[("action", &format!("sign-out:{}", signed_in[0].1))]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    assert_eq!(console.did("user.sign_out").await, 4);
}

#[tokio::test]
async fn sessions_are_read_page_by_page_and_viewers_only_read() {
    let owner = Console::with_users().await;
    let ada = owner.verified("ada@example.org").await;
    let mut ids = Vec::new();
    for _ in 0..52 {
        ids.push(owner.signs_in(ada, "").await.1.to_string());
        owner.world.clock.advance(Duration::from_secs(1));
    }
    ids.reverse();
    let viewer = owner.another("vera@console.test", Role::Viewer).await;
    let first = viewer.get("/sessions").await;
    assert_eq!(rows(&first.html), ids[..50]);
    assert!(
        first.html.contains("You have read-only access") && !first.html.contains("name=\"action\""),
        "{}",
        first.html
    );
    let second = viewer.get(&link(&first.html, "Next page")).await;
    assert_eq!(rows(&second.html), ids[50..]);
    assert_eq!(link(&second.html, "First page"), "/sessions");
    let refused = viewer.post("/sessions", &[("action", &format!("sign-out:{}", ids[0]))]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(rows(&owner.get("/sessions").await.html).len(), 50);
    let page = owner.get(&format!("/users/{ada}")).await;
    assert!(page.html.contains("32 older sessions are not listed."), "{}", page.html);
}
