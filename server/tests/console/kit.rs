//! What every page has by the kit: roles, the part that the script swaps in, drafts, paths that were renamed.

use crate::client::{Console, EMAIL, Page};
use app::console::nav::{self, PLACES};
use axum::http::{StatusCode, header};
use engine::operators::{self, By, Role};
use serde_json::{Value, json};
use std::time::Duration;

const ROLES: [Role; 3] = [Role::Viewer, Role::Editor, Role::Owner];

/// With an owner signed in, where every page of the navigation exists.
async fn start() -> Console {
    let mailbox = json!({"vestibule": {"mailbox": {"enabled": true}}});
    Console::start_with(vec![mailbox]).await.with_operator("Grace Hopper").await
}

impl Console {
    /// As a form, or as the script sends it.
    pub(crate) async fn answer(&self, target: &str, fields: &[(&str, &str)], swap: bool) -> Page {
        match swap {
            true => self.swap(target, Some(fields)).await,
            false => self.post(target, fields).await,
        }
    }

    async fn swap(&self, target: &str, fields: Option<&[(&str, &str)]>) -> Page {
        let accept = ("accept", "application/x-swap, application/json");
        match fields {
            Some(fields) => self.post_from(target, fields, &[("origin", crate::client::BASE), accept]).await,
            None => {
                let request = axum::http::Request::get(target).header("host", "127.0.0.1:4435");
                self.send(request.header(accept.0, accept.1), "").await
            }
        }
    }
}

/// A path with its parameters filled in.
fn address(path: &str) -> String {
    path.replace("{number}", "0")
        .replace("{id}", "00000000-0000-4000-8000-000000000000")
        .replace("{name}", "limits")
}

#[tokio::test]
async fn every_page_of_the_navigation_opens_and_is_marked_as_current() {
    let console = start().await;
    for place in PLACES {
        let page = console.get(place.path).await;
        assert_eq!(page.status, StatusCode::OK, "{}: {}", place.path, page.html);
        let current = format!("<a href=\"{}\" aria-current=\"page\">", place.path);
        assert!(page.html.contains(&current), "{}: {}", place.path, page.html);
        assert_eq!(page.html.matches("<h1").count(), 1, "{}", place.path);
    }
    for entry in server::console::pages() {
        let page = console.get(&address(entry.meta.path)).await;
        assert!(
            [StatusCode::OK, StatusCode::SEE_OTHER, StatusCode::NOT_FOUND].contains(&page.status),
            "{}: {}",
            entry.meta.path,
            page.html
        );
    }
}

#[tokio::test]
async fn what_a_role_may_not_do_is_refused_on_every_page_and_is_in_the_audit() {
    let owner = start().await;
    for role in ROLES {
        let email = format!("{}@console.test", role.name());
        let console = owner.another(&email, role).await;
        for entry in server::console::pages() {
            let path = address(entry.meta.path);
            let open = console.get(&path).await;
            let opens = nav::includes(role, entry.meta.role);
            assert_eq!(open.status == StatusCode::FORBIDDEN, !opens, "{path} {role:?}: {}", open.html);
            for verb in entry.verbs {
                let may = nav::includes(role, verb.role) && opens;
                let before = console.audited().await;
                let refused = if opens { verb.refused } else { entry.meta.refused };
                let kept = (refused.to_owned(), email.clone());
                let count = |all: &[(String, String)]| all.iter().filter(|one| **one == kept).count();
                for swap in [false, true] {
                    let fields = [("action", verb.name), ("base", "99")];
                    let answer = match swap {
                        true => console.swap(&path, Some(&fields)).await,
                        false => console.post(&path, &fields).await,
                    };
                    let is = answer.status;
                    match may {
                        true => assert_ne!(is, StatusCode::FORBIDDEN, "{path} {} {role:?}", verb.name),
                        false => assert_eq!(is, StatusCode::FORBIDDEN, "{path} {} {role:?}", verb.name),
                    }
                }
                if !may {
                    let after = console.audited().await;
                    assert_eq!(count(&after), count(&before) + 2, "{path} {} {role:?}", verb.name);
                }
            }
        }
    }
}

/// The same for clients without a session, and for operators who were disabled a moment ago.
#[tokio::test]
async fn without_an_active_operator_every_page_and_action_leads_to_the_sign_in_and_does_nothing() {
    let owner = start().await;
    let disabled = owner.another("edda@console.test", Role::Owner).await;
    assert_eq!(disabled.get("/").await.status, StatusCode::OK);
    assert!(operators::disable(&owner.engine, By::CommandLine, "edda@console.test").await.unwrap());
    let nobody = Console::on(owner.world.clone(), owner.engine.clone());
    let before = owner.engine.db().rows().await.unwrap();
    for (who, console) in [("nobody", &nobody), ("a disabled operator", &disabled)] {
        for entry in server::console::pages() {
            let path = address(entry.meta.path);
            let open = console.get(&path).await;
            assert_eq!(open.status, StatusCode::SEE_OTHER, "{who} {path}: {}", open.html);
            assert!(open.location().starts_with("/sign-in"), "{who} {path}: {}", open.location());
            assert_eq!(console.swap(&path, None).await.status, StatusCode::UNAUTHORIZED, "{who} {path}");
            for verb in entry.verbs {
                let fields = [("action", verb.name), ("base", "0"), ("password", crate::client::PASSWORD)];
                let native = console.post(&path, &fields).await;
                assert!(native.location().starts_with("/sign-in"), "{who} {path} {}", verb.name);
                let swap = console.swap(&path, Some(&fields)).await;
                assert_eq!(swap.status, StatusCode::UNAUTHORIZED, "{who} {path} {}", verb.name);
            }
        }
        let function = console.post(crate::client::FUNCTION, &[]).await;
        assert_eq!(function.status, StatusCode::UNAUTHORIZED, "{who}");
    }
    assert_eq!(owner.engine.db().rows().await.unwrap(), before, "nothing is kept either");
}

#[tokio::test]
async fn the_script_gets_the_same_answer_as_a_part_of_the_page() {
    let console = start().await;
    let wrong = [("action", "create"), ("address", "ann@example.org"), ("days", "soon")];
    let native = console.post("/invitations", &wrong).await;
    let part = console.swap("/invitations", Some(&wrong)).await;
    assert_eq!(
        (native.status, part.status),
        (StatusCode::UNPROCESSABLE_ENTITY, StatusCode::UNPROCESSABLE_ENTITY)
    );
    assert_eq!(part.headers[header::CONTENT_TYPE], "application/x-swap");
    let part: Value = serde_json::from_str(&part.html).unwrap();
    let html = part["html"].as_str().unwrap();
    assert!(native.html.contains(html), "the very same markup: {html}");
    assert!(html.contains("id=\"days-problem\"") && html.contains("value=\"ann@example.org\""), "{html}");
    assert_eq!(part["title"], "Error: Invitations · Vestibule");
    assert!(!html.contains("<nav") && part["beside"].as_str().unwrap().contains("id=\"critical\""));

    let made = console.post("/invitations", &[("action", "create")]).await;
    let revoke = made.html.split("value=\"revoke:").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let fields = [("action", format!("revoke:{revoke}"))].map(|(name, value)| (name, value.leak() as &str));
    let done = console.swap("/invitations", Some(&fields)).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/invitations?done=revoked"));
    let told: Value = serde_json::from_str(&console.swap(done.location(), None).await.html).unwrap();
    assert!(told["notice"].as_str().unwrap().contains("Invitation revoked"), "{told}");
    let unknown = console.get("/invitations?done=nonsense").await;
    assert!(!unknown.html.contains("revoked") && !unknown.html.contains("nonsense"), "{}", unknown.html);
}

#[tokio::test]
async fn an_expired_session_loses_nothing_that_was_typed() {
    let mut console = start().await;
    console.world.clock.advance(Duration::from_secs(12 * 60 * 60 + 1));
    let typed = [("action", "create"), ("address", "ann@example.org"), ("password", "never kept")];
    // The page stays where it is, with everything in it.
    assert_eq!(console.swap("/invitations", Some(&typed)).await.status, StatusCode::UNAUTHORIZED);
    let led = console.post("/invitations", &typed).await;
    assert_eq!(led.location(), "/sign-in?next=%2Finvitations%3Fkept%3Dtrue");
    console.sign_in(EMAIL).await;
    let back = console.get("/invitations?kept=true").await;
    assert!(
        back.html.contains("id=\"kept\"") && back.html.contains("value=\"ann@example.org\""),
        "{}",
        back.html
    );
    assert!(!back.html.contains("never kept"));
    assert!(!console.get("/invitations").await.html.contains("id=\"kept\""));
}

#[tokio::test]
async fn a_page_with_a_parameter_in_its_path_loses_nothing_either() {
    let mut console = start().await;
    let email = json!({"traits": {"email": "ada@example.org"}});
    let ada = console.user(email).await;
    let path = format!("/users/{ada}");
    console.world.clock.advance(Duration::from_secs(12 * 60 * 60 + 1));
    let led =
        console.post(&path, &[("action", "delete"), ("typed", "ada@exam"), ("reason", "Asked to")]).await;
    assert_eq!(led.location(), format!("/sign-in?next=%2Fusers%2F{ada}%3Fkept%3Dtrue"));
    console.sign_in(EMAIL).await;
    let back = console.get(&format!("{path}?kept=true")).await;
    for part in ["id=\"kept\"", "value=\"ada@exam\"", "value=\"Asked to\""] {
        assert!(back.html.contains(part), "{part}: {}", back.html);
    }
    assert!(console.exists(ada).await, "nothing of it was done");
}

#[tokio::test]
async fn each_page_of_the_navigation_explains_itself_and_leads_to_its_documentation() {
    let console = start().await;
    for place in PLACES {
        let page = console.get(place.path).await;
        let (_, about) = page.html.split_once("About this page").unwrap_or_else(|| panic!("{}", place.path));
        let link = about.split("href=\"").nth(1).unwrap().split('"').next().unwrap();
        assert!(link.starts_with("/documentation/"), "{}: {link}", place.path);
        assert_eq!(console.get(link).await.status, StatusCode::OK, "{link}");
    }
}

#[tokio::test]
async fn paths_that_were_renamed_lead_to_where_the_pages_are() {
    let console = start().await;
    for (before, now) in [
        ("/actions", "/webhooks"),
        ("/actions/new", "/webhooks/new"),
        ("/actions/hook?hook=id%3Acrm&place=x", "/webhooks/hook?hook=id%3Acrm&place=x"),
    ] {
        let led = console.get(before).await;
        assert_eq!((led.status, led.location()), (StatusCode::PERMANENT_REDIRECT, now));
    }
    assert_eq!(console.post("/actions/new", &[]).await.location(), "/webhooks/new");
    assert_eq!(console.get("/nothing").await.status, StatusCode::NOT_FOUND);
    assert_eq!(console.post("/invitations", &[("action", "nonsense")]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(console.post("/checks", &[]).await.status, StatusCode::METHOD_NOT_ALLOWED);
}
