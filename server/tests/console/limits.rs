//! *Limits*: who is slowed down, and clearing it.

use crate::client::{Console, EMAIL, VIEWER};
use axum::http::StatusCode;
use engine::limits::Standing;
use engine::limits::passwords::{self, Judged};
use engine::requester::Requester;

impl Console {
    /// Tries passwords for that account from that address until it has to wait; after how many.
    async fn guesses(&self, email: &str, address: &str) -> usize {
        let requester = Requester::direct(address.parse().unwrap());
        let ctx = self.engine.begin();
        for tried in 0..100 {
            let judged = passwords::judge(&ctx, &requester, Standing::Stranger, email, true).await.unwrap();
            if matches!(judged, Judged::TooEarly(_)) {
                return tried;
            }
        }
        panic!("no limit");
    }
}

fn rows(html: &str) -> usize {
    html.matches("data-testid=\"limit-").count()
}

/// The value of the first button that clears something of a list with that in it.
fn button(html: &str, of: &str) -> String {
    let row = html.split("data-testid=\"limit-").find(|row| row.contains(of)).unwrap();
    let value = row.split("value=\"clear:").nth(1).unwrap_or_else(|| panic!("{row}"));
    format!("clear:{}", value.split('"').next().unwrap())
}

#[tokio::test]
async fn who_is_slowed_down_is_listed_with_the_reason_and_found_by_email_and_address() {
    let console = Console::signed_in("Grace").await;
    let empty = console.get("/limits").await;
    assert!(
        empty.status == StatusCode::OK && empty.html.contains("No one is slowed down."),
        "{}",
        empty.html
    );
    assert!(!empty.html.contains("Clear all"));
    let free = console.guesses("anna@shop.example", "203.0.113.1").await;
    console.guesses("berta@shop.example", "2001:db8:1:2::1").await;
    let page = console.get("/limits").await.html;
    assert_eq!(rows(&page), 2, "{page}");
    assert!(
        page.contains("Wrong passwords") && page.contains("a…@shop.example") && page.contains("In 1 second"),
        "{page}"
    );
    assert!(page.contains(&format!("{free} of {free}")), "{page}");
    assert!(!page.contains("anna@shop.example"), "masked");
    for (query, count) in [
        ("account=Anna%40shop.example", 1),
        ("account=carl%40shop.example", 0),
        ("client=203.0.113.1", 1),
        ("client=2001%3Adb8%3A1%3A2%3A%3Affff", 1),
        ("account=anna%40shop.example&client=203.0.113.1", 1),
        ("account=anna%40shop.example&client=203.0.113.2", 0),
    ] {
        assert_eq!(rows(&console.get(&format!("/limits?{query}")).await.html), count, "{query}");
    }
    let wrong = console.get("/limits?client=nonsense").await.html;
    assert!(rows(&wrong) == 0 && wrong.contains("Enter an IP address"), "{wrong}");
}

#[tokio::test]
async fn clearing_one_leaves_the_others_and_is_in_the_audit() {
    let mut console = Console::signed_in("Grace").await;
    let free = console.guesses("anna@shop.example", "203.0.113.1").await;
    console.guesses("berta@shop.example", "203.0.113.2").await;
    let page = console.get("/limits").await.html;
    let clear = button(&page, "a…@shop.example");
    let done = console.post("/limits", &[("action", &clear)]).await;
    assert_eq!(done.location(), "/limits?done=cleared", "{}", done.html);
    assert_eq!(rows(&console.get("/limits").await.html), 1);
    assert_eq!(console.guesses("anna@shop.example", "203.0.113.1").await, free);
    assert_eq!(console.guesses("berta@shop.example", "203.0.113.2").await, 0);
    let audit = console.get("/audit?action=limits.clear").await.html;
    assert!(audit.contains("a…@shop.example") && audit.contains(EMAIL), "{audit}");
    for odd in ["clear", "clear:subject:zz", "clear:subject:", "clear:nothing"] {
        assert_eq!(console.post("/limits", &[("action", odd)]).await.status, StatusCode::NOT_FOUND, "{odd}");
    }
    assert_eq!(rows(&console.get("/limits").await.html), 2, "nothing of that cleared anything");
    let wrong = console.post("/limits", &[("action", "clear:client:nonsense")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);

    let (mut viewer, all) =
        (Console::on(console.world.clone(), console.engine.clone()), [("action", "clear:all")]);
    viewer.cookie = console.cookie.clone();
    viewer.becomes_viewer().await;
    assert!(!viewer.get("/limits").await.html.contains("value=\"clear:"));
    assert_eq!(viewer.post("/limits", &all).await.status, StatusCode::FORBIDDEN);
    assert!(console.audited().await.contains(&("limits.refused".to_owned(), VIEWER.to_owned())));
    console.post("/limits", &all).await;
    assert_eq!(rows(&console.get("/limits").await.html), 0);
    console.cookie = None;
    assert_eq!(console.get("/limits").await.status, StatusCode::SEE_OTHER);
}
