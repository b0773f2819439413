//! *Operators*: invitations, roles, access, and that one owner always remains.

use crate::client::{Console, EMAIL, PASSWORD, VIEWER};
use axum::http::StatusCode;
use engine::operators::{self, Role};
use std::time::Duration;

const NEW: &str = "quiet meadow copper lantern";

async fn start() -> Console {
    Console::signed_in("Grace").await
}

impl Console {
    /// The page of that operator.
    async fn page_of(&self, email: &str) -> String {
        let all = operators::list(&self.engine).await.unwrap();
        let operator = all.into_iter().find(|operator| operator.email == email).unwrap();
        format!("/operators/{}", operator.id)
    }

    async fn role_of(&self, email: &str) -> (Role, bool) {
        let all = operators::list(&self.engine).await.unwrap();
        let operator = all.into_iter().find(|operator| operator.email == email).unwrap();
        (operator.role, operator.disabled)
    }

    async fn audits(&self, action: &str) -> usize {
        self.audited().await.iter().filter(|(own, _)| own == action).count()
    }
}

/// Path and query of the link on the page.
fn link(html: &str) -> String {
    let value = html.split("data-testid=\"link\"").next().unwrap().rsplit("value=\"").next().unwrap();
    let url = value.split('"').next().unwrap().replace("&amp;", "&");
    url.strip_prefix("http://127.0.0.1:4435").unwrap_or_else(|| panic!("{url}")).to_owned()
}

fn secret(link: &str) -> &str {
    link.split("secret=").nth(1).unwrap()
}

#[tokio::test]
async fn an_invitation_makes_one_operator_with_the_role_that_the_owner_chose() {
    let mut console = start().await;
    let fields = [("action", "invite"), ("email", " Edda@console.test"), ("role", "viewer")];
    let made = console.post("/operators", &fields).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.html);
    let replaced = link(&made.html);
    let link = link(&console.post("/operators", &fields).await.html);
    assert!(link.starts_with("/join?secret="), "{link}");
    let list = console.get("/operators").await;
    assert!(list.html.contains("edda@console.test") && !list.html.contains("secret="), "{}", list.html);
    assert_eq!(list.html.matches("revoke:edda@console.test").count(), 1);

    console.cookie = None;
    assert_eq!(console.get(&replaced).await.status, StatusCode::GONE, "the newer one takes its place");
    let page = console.get(&link).await;
    assert!(
        page.html.contains("value=\"edda@console.test\"") && page.html.contains("“Viewer”"),
        "{}",
        page.html
    );
    assert!(!page.html.contains("<script"), "{}", page.html);
    let join = async |password: &str, email: &str| {
        let fields = [("secret", secret(&link)), ("name", "Edda"), ("password", password), ("email", email)];
        console.post("/join", &fields).await
    };
    let again = join("short", "").await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.html.contains("Use at least 15 characters") && again.html.contains("value=\"Edda\""));
    // What the browser sends as the email counts for nothing.
    let joined = join(NEW, "eve@console.test").await;
    assert_eq!(joined.status, StatusCode::SEE_OTHER, "{}", joined.html);
    assert_eq!(console.role_of("edda@console.test").await, (Role::Viewer, false));
    assert_eq!(join(NEW, "").await.status, StatusCode::GONE, "once");
    assert_eq!(console.get(&link).await.status, StatusCode::GONE);
    console.keep(&joined);
    assert_eq!(console.get("/checks").await.status, StatusCode::OK, "signed in");
    assert_eq!(console.get("/operators").await.status, StatusCode::FORBIDDEN);
    let audit = console.audited().await;
    assert!(audit.contains(&("operator.join".to_owned(), "edda@console.test".to_owned())), "{audit:?}");
    assert_eq!(console.audits("operator.invite").await, 2);
}

#[tokio::test]
async fn an_invitation_is_refused_for_operators_and_ends_with_time_revocation_and_its_sender() {
    let console = start().await;
    let invite = async |by: &Console, email: &str| {
        by.post("/operators", &[("action", "invite"), ("email", email), ("role", "editor")]).await
    };
    for (email, said) in [(EMAIL, "is already an operator"), ("edda", "Enter a valid email address")] {
        let again = invite(&console, email).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(again.html.contains(said) && again.html.contains("id=\"email-problem\""), "{}", again.html);
    }
    let fields = [("action", "invite"), ("email", "edda@console.test")];
    let again = console.post("/operators", &fields).await;
    assert!(again.html.contains("id=\"role-problem\""), "{}", again.html);

    let revoked = link(&invite(&console, "edda@console.test").await.html);
    let done = console.post("/operators", &[("action", "revoke:edda@console.test")]).await;
    assert_eq!(done.location(), "/operators?done=revoked", "{}", done.html);
    assert_eq!(console.get(&revoked).await.status, StatusCode::GONE);
    let gone = console.post("/operators", &[("action", "revoke:edda@console.test")]).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);

    let olaf = console.another("olaf@console.test", Role::Owner).await;
    let of_olaf = link(&invite(&olaf, "edda@console.test").await.html);
    assert_eq!(console.get(&of_olaf).await.status, StatusCode::OK);
    let page = console.page_of("olaf@console.test").await;
    let lowered = console.post(&page, &[("action", "role"), ("role", "editor")]).await;
    assert_eq!(lowered.status, StatusCode::SEE_OTHER, "{}", lowered.html);
    assert_eq!(console.get(&of_olaf).await.status, StatusCode::GONE, "he gives no roles any more");

    let old = link(&invite(&console, "edda@console.test").await.html);
    console.world.clock.advance(Duration::from_secs(3 * 24 * 60 * 60));
    assert_eq!(console.get(&old).await.status, StatusCode::GONE);
}

#[tokio::test]
async fn a_role_applies_from_the_next_request_and_the_last_owner_keeps_it() {
    let console = start().await;
    let edda = console.another(VIEWER, Role::Viewer).await;
    let (own, other) = (console.page_of(EMAIL).await, console.page_of(VIEWER).await);
    let alone = console.get(&own).await;
    assert!(alone.html.contains("This is the last active owner"), "{}", alone.html);
    for fields in [&[("action", "disable")][..], &[("action", "role"), ("role", "viewer")]] {
        let again = console.post(&own, fields).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(again.html.contains("Give another operator the owner role first."), "{}", again.html);
    }
    assert_eq!(console.role_of(EMAIL).await, (Role::Owner, false));

    assert_eq!(edda.get("/operators").await.status, StatusCode::FORBIDDEN);
    let done = console.post(&other, &[("action", "role"), ("role", "owner")]).await;
    assert_eq!(done.location(), format!("{other}?done=role"), "{}", done.html);
    assert_eq!(edda.get("/operators").await.status, StatusCode::OK);
    let done = edda.post(&own, &[("action", "disable")]).await;
    assert_eq!(done.location(), format!("{own}?done=disabled"), "{}", done.html);
    let out = console.get("/checks").await;
    assert_eq!(out.location(), "/sign-in?next=%2Fchecks", "signed out at once");
    // Another tab of hers, with the page from before.
    let again = edda.post(&other, &[("action", "role"), ("role", "viewer")]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", again.html);
    assert_eq!(console.role_of(VIEWER).await, (Role::Owner, false));
    let done = edda.post(&own, &[("action", "enable")]).await;
    assert_eq!(done.location(), format!("{own}?done=enabled"));
    assert_eq!(console.role_of(EMAIL).await, (Role::Owner, false));
    for (action, count) in [("operator.role", 1), ("operator.disable", 1), ("operator.enable", 1)] {
        assert_eq!(console.audits(action).await, count, "{action}");
    }
}

#[tokio::test]
async fn what_gives_or_takes_access_asks_for_the_password_after_five_minutes() {
    let console = start().await;
    let _edda = console.another(VIEWER, Role::Viewer).await;
    let other = console.page_of(VIEWER).await;
    console.world.clock.advance(Duration::from_secs(6 * 60));
    for (path, fields) in [
        ("/operators", &[("action", "invite"), ("email", "olaf@console.test"), ("role", "owner")][..]),
        (&other, &[("action", "role"), ("role", "owner")]),
        (&other, &[("action", "sign_out")]),
        (&other, &[("action", "reset_link")]),
        (&other, &[("action", "disable")]),
        (&other, &[("action", "enable")]),
    ] {
        let asked = console.post(path, fields).await;
        assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        assert!(
            asked.html.contains("id=\"confirm-password\"") && !asked.html.contains("secret="),
            "{}",
            asked.html
        );
        for (name, value) in fields {
            assert!(asked.html.contains(&format!("name=\"{name}\" value=\"{value}\"")), "{}", asked.html);
        }
    }
    assert_eq!(console.role_of(VIEWER).await, (Role::Viewer, false));
    let wrong = [("action", "role"), ("role", "owner"), ("password", "not my password 12")];
    assert_eq!(console.post(&other, &wrong).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let right = [("action", "role"), ("role", "owner"), ("password", PASSWORD)];
    assert_eq!(console.post(&other, &right).await.status, StatusCode::SEE_OTHER);
    assert_eq!(console.role_of(VIEWER).await, (Role::Owner, false));
}

#[tokio::test]
async fn an_owner_signs_operators_out_and_creates_a_link_for_a_new_password() {
    let console = start().await;
    let mut edda = console.another(VIEWER, Role::Editor).await;
    let other = console.page_of(VIEWER).await;
    assert!(console.get(&other).await.html.contains("data-testid=\"session-"));
    let done = console.post(&other, &[("action", "sign_out")]).await;
    assert_eq!(done.location(), format!("{other}?done=signed_out"));
    assert_eq!(edda.get("/checks").await.status, StatusCode::SEE_OTHER);
    assert!(console.get(&other).await.html.contains("No sessions."));
    assert_eq!(console.get("/checks").await.status, StatusCode::OK, "her own stay");

    let made = console.post(&other, &[("action", "reset_link")]).await;
    let link = link(&made.html);
    assert!(link.starts_with("/reset?secret="), "{link}");
    assert!(!console.get(&other).await.html.contains("secret="), "shown once");
    let reset = edda.post("/reset", &[("secret", secret(&link)), ("password", NEW)]).await;
    assert_eq!(reset.status, StatusCode::SEE_OTHER, "{}", reset.html);
    edda.keep(&reset);
    assert_eq!(edda.get("/checks").await.status, StatusCode::OK);
    assert_eq!((console.audits("operator.reset_link").await, console.audits("operator.reset").await), (1, 1));

    let done = console.post(&other, &[("action", "disable")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    let again = console.post(&other, &[("action", "reset_link")]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        again.html.contains("is disabled and can&#x27;t sign in")
            || again.html.contains("is disabled and can't sign in"),
        "{}",
        again.html
    );
    for path in ["/operators/nobody", "/operators/00000000-0000-4000-8000-000000000000"] {
        assert_eq!(console.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}
