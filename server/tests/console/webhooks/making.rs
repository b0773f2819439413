//! A web hook is made, changed, switched off and removed by forms: what they refuse, and what they keep of what was typed.

use super::*;
use crate::client::EMAIL;
use engine::hooks;
use engine::operators::Role;

#[tokio::test]
async fn where_only_files_list_hosts_the_page_says_what_to_write_where_and_has_no_form() {
    let console =
        Console::with_files(json!({"vestibule": {"web_hooks": {"allow_hosts_in_console": false}}})).await;
    let page = console.get(LIST).await;
    assert!(page.html.contains("vestibule.web_hooks.allowed_hosts: [crm.example.org]"), "{}", page.html);
    assert!(page.html.contains("document 1") || page.html.contains("document 2"), "{}", page.html);
    assert!(!page.html.contains(NEW));
    led(&console.get(NEW).await, LIST);
    let refused = console.make(&[]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.html.contains("may not call crm.example.org yet"), "{}", refused.html);
    assert_eq!(console.revision(), 0);
}

#[tokio::test]
async fn a_hook_is_made_shown_switched_and_removed_by_forms_alone() {
    let console = Console::where_hooks_are_made().await;
    assert!(console.get(LIST).await.html.contains(&format!("href=\"{NEW}\"")));
    let blank = console.get(NEW).await;
    assert!(blank.status == StatusCode::OK && blank.value("base") == "0", "{}", blank.html);
    led(&console.make(&[]).await, "/webhooks?saved=1&new=true#hook-crm");
    let page = console.get("/webhooks?saved=1&new=true").await;
    for said in [
        "Saved as revision 1",
        "Runs in the background after sign-up (password)",
        "Created here, last changed by <bdi>Grace</bdi>",
        "href=\"/webhooks/change?id=crm\"",
        "selfservice.<wbr>",
    ] {
        assert!(page.html.contains(said), "{said}: {}", page.html);
    }
    let form = console.get("/webhooks/change?id=crm").await;
    assert_eq!(
        (form.value("id"), form.value("url"), form.value("base")),
        ("crm".into(), CRM.into(), "1".into())
    );
    led(&console.change(1, &[("outcome", "ask")]).await, "/webhooks?saved=2&new=true#hook-crm");
    assert!(console.get(LIST).await.html.contains("Approve or reject sign-up"));
    led(&console.press("off", 2, &[]).await, "/webhooks?saved=3&new=true#hook-crm");
    assert!(console.get(LIST).await.html.contains("Off: it isn’t called at sign-up."));
    let off = console.get("/webhooks/hook?hook=id%3Acrm&place=registration.after").await;
    assert!(off.status == StatusCode::OK && off.html.contains("This webhook is off"), "{}", off.html);
    led(&console.press("off", 2, &[]).await, "/webhooks?saved=3&new=false#hook-crm");
    led(&console.press("on", 3, &[]).await, "/webhooks?saved=4&new=true#hook-crm");
    let sure = console.get("/webhooks/press?id=crm&act=remove").await;
    for said in ["crm.example.org is no longer called at sign-up", "Removed", "Call crm"] {
        assert!(sure.html.contains(said), "{said}: {}", sure.html);
    }
    assert_eq!(console.revision(), 4, "it was only asked");
    led(&console.press("remove", 4, &[]).await, "/webhooks?saved=5&new=true#hook-crm");
    led(&console.press("remove", 4, &[]).await, "/webhooks?saved=5&new=false#hook-crm");
    let page = console.get(LIST).await;
    assert!(page.html.contains("No webhooks yet"), "{}", page.html);
    let history = console.get("/settings/history").await;
    for said in ["Webhook crm: created", "Webhook crm: turned off", "Webhook crm: removed"] {
        assert!(history.html.contains(said), "{said}: {}", history.html);
    }
}

#[tokio::test]
async fn a_preview_shows_the_steps_the_dangers_and_what_is_sent_and_saves_nothing() {
    let console = Console::where_hooks_are_made().await;
    let page = console
        .send_hook(NEW, "preview", 0, &[("outcome", "change"), ("url", "http://crm.example.org/x")])
        .await;
    assert_eq!(page.status, StatusCode::OK);
    for said in [
        "id=\"previewed\"",
        "Webhook crm: created (Ask, may change the account",
        "A service decides which emails are verified",
        "A network attacker can change accounts",
        "test@example.org",
        "<b>Call crm</b>",
        ">New<",
        "(required)",
    ] {
        assert!(page.html.contains(said), "{said}: {}", page.html);
    }
    assert_eq!(page.value("url"), "http://crm.example.org/x");
    assert_eq!(console.revision(), 0);
    // A danger takes a reason, and nothing is lost over it.
    let asked = console.make(&[("outcome", "change")]).await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(asked.html.contains("Enter a reason") && asked.value("url") == CRM, "{}", asked.html);
    let saved = console.make(&[("outcome", "change"), ("reason", "our own service")]).await;
    led(&saved, "/webhooks?saved=1&new=true#hook-crm");
    assert!(console.audited().await.contains(&("hooks.look".into(), EMAIL.into())));
}

#[tokio::test]
async fn what_is_wrong_stands_beside_its_field_with_all_that_was_typed() {
    let console = Console::where_hooks_are_made().await;
    let broken = "function(ctx) {\n  a: 1,\n  b: 2 3,\n}";
    for (changed, said, field) in [
        (vec![("url", "https://evil.example/")], "may not call evil.example yet", "url"),
        (vec![("url", "http://127.0.0.1:4434/admin")], "an address of this very server", "url"),
        (vec![("body.kind", "own"), ("body", broken)], "line 3: unexpected number", "body"),
        (vec![("headers", "X-A: 1\nnonsense")], "Line 2 isn’t a header", "headers"),
        (vec![("headers", "X-A: one\rEvil: two")], "not one line", "headers"),
        (vec![("id", "Not One")], "small letters", "id"),
        (vec![("auth.kind", "basic"), ("auth.user", "us")], "Enter the password", "auth"),
        (vec![("place", "login.after"), ("outcome", "change")], "Only a sign-up can change", "outcome"),
        (vec![("place", "nowhere")], "Choose when it runs", "place"),
    ] {
        for step in ["save", "preview"] {
            let page = console.send_hook(NEW, step, 0, &changed).await;
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{changed:?}");
            let beside = page.html.split(&format!("id=\"{field}-problem\"")).nth(1).unwrap_or_default();
            assert!(beside.split("</p>").next().unwrap().contains(said), "{said}: {}", page.html);
            assert!(page.html.contains(&format!("href=\"#{field}\"")), "the summary leads there");
            if !changed.iter().any(|(name, _)| *name == "url") {
                assert_eq!(page.value("url"), CRM);
            }
        }
    }
    let both = [("body.kind", "own"), ("body", broken), ("url", "https://evil.example/")];
    let page = console.send_hook(NEW, "preview", 0, &both).await;
    assert!(page.html.contains("id=\"url-problem\"") && page.html.contains("id=\"body-problem\""), "at once");
    let page = console.send_hook(NEW, "save", 0, &[("body.kind", "own"), ("body", broken)]).await;
    assert!(page.html.contains(broken), "the template is as it was typed: {}", page.html);
    let page =
        console.send_hook(NEW, "save", 0, &[("id", "A"), ("headers", "X: </textarea><b id=out>&lt;")]).await;
    assert!(!page.html.contains("<b id=out>") && page.html.contains("X: &lt;/textarea>"), "{}", page.html);
    assert_eq!(console.revision(), 0);
    led(&console.make(&[]).await, "/webhooks?saved=1&new=true#hook-crm");
    let taken = console.make(&[("method", "PUT")]).await;
    assert!(
        taken.status == StatusCode::UNPROCESSABLE_ENTITY && taken.html.contains("already"),
        "{}",
        taken.html
    );
}

/// A hook gives a method a list of its own, which takes the flow's entries over; a list for providers may not hold all of them.
#[tokio::test]
async fn a_sign_in_hook_for_which_providers_would_lose_an_entry_is_refused_with_the_reason() {
    let mut config = listing(json!(["crm.example.org"]));
    config["selfservice"] = json!({
        "methods": {"oidc": {"enabled": true}},
        "flows": {
            "verification": {"enabled": true},
            "login": {"after": {"hooks": [{"hook": "show_verification_ui"}]}},
        },
    });
    let console = Console::with_files(config).await;
    for step in ["preview", "save"] {
        let page = console.send_hook(NEW, step, 0, &[("place", "login.after")]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{step}");
        let summary = page.html.split("id=\"problems\"").nth(1).unwrap_or_default();
        for said in
            ["selfservice.flows.login.after.oidc.hooks", "show_verification_ui", "isn't allowed in this list"]
        {
            assert!(summary.contains(said), "{step}: {said}: {}", page.html);
        }
        assert_eq!((page.value("id"), page.value("url")), ("crm".into(), CRM.into()), "{step}");
    }
    assert_eq!(console.revision(), 0);
    let only_passwords = [("place", "login.after"), ("for.password", "true")];
    led(&console.make(&only_passwords).await, "/webhooks?saved=1&new=true#hook-crm");
}

#[tokio::test]
async fn a_late_save_is_answered_with_what_others_did_and_all_that_was_typed() {
    let console = Console::where_hooks_are_made().await;
    console.make(&[]).await;
    // Made and changed from the same page, twice.
    led(&console.change(1, &[("method", "PUT")]).await, "/webhooks?saved=2&new=true#hook-crm");
    led(&console.change(1, &[("method", "PUT")]).await, "/webhooks?saved=2&new=false#hook-crm");
    let late = console.change(1, &[("method", "PATCH"), ("url", "https://crm.example.org/mine")]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    for said in [
        "Not saved. You saved changes in another tab.",
        "Webhook crm: PUT, was POST",
        "https://crm.example.org/mine",
    ] {
        assert!(late.html.contains(said), "{said}: {}", late.html);
    }
    assert_eq!(late.value("base"), "2", "a second Save is meant");
    // Another hook is none of its business.
    let other = console.make(&[("id", "other")]).await;
    led(&other, "/webhooks?saved=3&new=true#hook-other");
    led(&console.change(2, &[("method", "PATCH")]).await, "/webhooks?saved=4&new=true#hook-crm");
}

#[tokio::test]
async fn only_owners_find_a_form_and_whoever_posts_all_the_same_is_refused_and_kept() {
    let mut console = Console::where_hooks_are_made().await;
    console.make(&[]).await;
    for role in [Role::Editor, Role::Viewer] {
        let who = format!("{role:?}@console.test").to_lowercase();
        console.becomes(&who, role).await;
        let page = console.get(LIST).await;
        assert!(!page.html.contains(NEW) && !page.html.contains(PRESS), "{}", page.html);
        led(&console.get(NEW).await, LIST);
        led(&console.get("/webhooks/change?id=crm").await, LIST);
        led(&console.get("/webhooks/press?id=crm&act=remove").await, LIST);
        for page in [
            console.send_hook(NEW, "save", 1, &[("id", "other")]).await,
            console.send_hook(NEW, "preview", 1, &[("id", "other")]).await,
            console.change(1, &[("method", "PUT")]).await,
            console.press("remove", 1, &[]).await,
        ] {
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{role:?}: {}", page.html);
        }
        let kept = console.audited().await;
        assert_eq!(
            kept.iter().filter(|entry| **entry == ("settings.refused".to_owned(), who.clone())).count(),
            4
        );
    }
    assert_eq!(console.revision(), 1);
}

#[tokio::test]
async fn hooks_of_files_stay_as_they_are_and_say_where_they_come_from() {
    let flow = json!([{"hook": "web_hook", "config": {"id": "other", "url": "http://127.0.0.1:9/", "method": "POST", "response": {"ignore": true}}}]);
    let mut config = listing(json!(["crm.example.org"]));
    config["selfservice"] = json!({"flows": {"registration": {"after": {"hooks": flow}}}});
    let console = Console::with_files(config).await;
    console.make(&[]).await;
    let page = console.get(LIST).await;
    assert_eq!(
        page.html.matches("<bdi>other</bdi></a>").count(),
        1,
        "its copy is not told twice: {}",
        page.html
    );
    for said in [
        "Defined in document 2",
        "Runs in the background after sign-up (password).",
        "With password it runs from the method hooks, into which the console copied this entry.",
    ] {
        assert!(page.html.contains(said), "{said}: {}", page.html);
    }
    assert!(!page.html.contains("/webhooks/change?id=other"));
    led(&console.get("/webhooks/change?id=other").await, LIST);
    let taken = console.make(&[("id", "other")]).await;
    assert!(taken.html.contains("A webhook other already exists"), "{}", taken.html);
    let ctx = console.engine.begin();
    assert_eq!(hooks::lists(&ctx.config).iter().filter(|list| list.hooks.len() == 2).count(), 1);
}

#[tokio::test]
async fn where_files_decide_nothing_can_be_made() {
    let mut config = listing(json!(["crm.example.org"]));
    config["vestibule"]["settings"] = json!({"source": "file"});
    let console = Console::with_files(config).await;
    let page = console.get(LIST).await;
    assert!(page.html.contains("The files decide here") && !page.html.contains(NEW), "{}", page.html);
    assert_eq!(console.make(&[]).await.status, StatusCode::FORBIDDEN);
}
