//! Writes every hosted page, in its states, into a folder, to be looked at without a server:
//! `cargo run -p app --features ssr --example hosted -- FOLDER`

use app::hosted::{self, Restarted, Sign, Site, StoredError, Welcome, form::Rules};
use engine::ui::Container;
use serde_json::{Value, json};
use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| "target/hosted".into()));
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("hosted.css"), include_str!("../../style/hosted.css"))?;
    let ours = Site {
        name: None,
        stylesheet: "hosted.css".to_owned(),
        sign_in: "sign-in.html".to_owned(),
        sign_up: Some("sign-up.html".to_owned()),
        recovery: None,
    };
    let shop = Site { name: Some("Example Shop".to_owned()), ..ours.clone() };
    let error = |error: Value| StoredError {
        id: "7d1f6f5e-0b1c-4c43-9a55-1f0a5b1c2d3e".to_owned(),
        error,
        at: "23 Nov 2026, 21:49 UTC".to_owned(),
    };
    let welcome = Welcome {
        who: "anna@example.org".to_owned(),
        logout: ("/self-service/logout".to_owned(), "token".to_owned()),
        unverified: Some(("anna@example.org".to_owned(), "/verification".to_owned())),
        settings: "/self-service/settings/browser".to_owned(),
        since: ("2026-11-23T21:49:00Z".to_owned(), "23 Nov 2026, 21:49 UTC".to_owned()),
        until: ("2026-11-24T21:49:00Z".to_owned(), "24 Nov 2026, 21:49 UTC".to_owned()),
    };
    let long = Welcome {
        who: "a-rather-long-address-that-goes-on-and-on@subdomain.of.some.example.org".to_owned(),
        ..welcome.clone()
    };
    let pages = [
        (
            "sign-up",
            hosted::sign_up(
                &ours,
                sign(json!([
                    mail(""),
                    password("new-password"),
                    first_name(),
                    submit("password", "Create account")
                ])),
            ),
        ),
        (
            "sign-up-errors",
            hosted::sign_up(
                &shop,
                sign(json!([
                    with(
                        mail("anna@"),
                        4000040,
                        "Enter a valid email address, for example anna@example.org."
                    ),
                    with(password("new-password"), 4000032, "Use at least 8 characters. You entered 7."),
                    first_name(),
                    submit("password", "Create account"),
                ])),
            ),
        ),
        (
            "sign-up-rich",
            hosted::sign_up(&shop, Sign { continue_to: Some("shop.example.org".to_owned()), ..sign(rich()) }),
        ),
        (
            "sign-in",
            hosted::sign_in(
                &ours,
                sign(json!([identifier(""), password("current-password"), submit("password", "Sign in")])),
            ),
        ),
        (
            "sign-in-wrong",
            hosted::sign_in(
                &shop,
                with_message(
                    sign(json!([
                        identifier("anna@example.org"),
                        password("current-password"),
                        submit("password", "Sign in")
                    ])),
                    json!({"id": 4000006, "text": "Incorrect email or password.", "type": "error"}),
                ),
            ),
        ),
        (
            "sign-in-restarted",
            hosted::sign_in(
                &shop,
                Sign {
                    restarted: Some(Restarted::Expired),
                    ..sign(
                        json!([identifier(""), password("current-password"), submit("password", "Sign in"),
                {"type": "input", "group": "oidc", "attributes": {"node_type": "input", "name": "provider", "type": "submit", "value": "google", "disabled": false}, "messages": [], "meta": {"label": {"id": 1010002, "text": "Continue with Google", "type": "info"}}}]),
                    )
                },
            ),
        ),
        (
            "confirm",
            hosted::sign_in(
                &shop,
                with_message(
                    Sign {
                        refresh: true,
                        sign_out: Some("#".to_owned()),
                        ..sign(json!([password("current-password"), submit("password", "Confirm")]))
                    },
                    json!({"id": 1010003, "text": "Sign in again to continue.", "type": "info"}),
                ),
            ),
        ),
        ("welcome", hosted::welcome(&ours, welcome)),
        ("welcome-long", hosted::welcome(&shop, long)),
        ("signed-out", hosted::signed_out(&ours, None, false)),
        ("account-ready", hosted::signed_out(&shop, Some("registration"), false)),
        ("closed", hosted::closed(&Site { sign_up: None, ..shop.clone() })),
        ("cookies", hosted::cookies_blocked(&shop, "#".to_owned())),
        (
            "error",
            hosted::error(
                &shop,
                error(
                    json!({"id": "security_csrf_violation", "code": 403, "reason": "The request carries no valid CSRF token."}),
                ),
            ),
        ),
        (
            "error-ours",
            hosted::error(&ours, error(json!({"code": 500, "reason": "Something went wrong on our side."}))),
        ),
        ("error-unknown", hosted::not_here(&ours)),
    ];
    for (name, page) in pages {
        println!("{name:20} {:5} bytes", page.len());
        std::fs::write(folder.join(name).with_extension("html"), page)?;
    }
    Ok(())
}

fn sign(nodes: Value) -> Sign {
    let ui = json!({"action": "/self-service/registration?flow=1", "method": "POST", "nodes": nodes});
    let ui: Container = serde_json::from_value(ui).expect("the nodes are well-formed");
    Sign {
        ui,
        rules: Rules { min_password_length: 8, providers_first: false },
        continue_to: None,
        restarted: None,
        refresh: false,
        sign_out: None,
        to: None,
        resend: 0,
    }
}

fn with_message(mut sign: Sign, message: Value) -> Sign {
    sign.ui.messages = vec![serde_json::from_value(message).expect("the message is well-formed")];
    sign
}

fn input(attributes: Value, label: &str) -> Value {
    let mut attributes = attributes;
    attributes["node_type"] = json!("input");
    attributes["disabled"] = json!(false);
    let label = json!({"id": 1070002, "text": label, "type": "info"});
    json!({"type": "input", "group": "default", "attributes": attributes, "messages": [], "meta": {"label": label}})
}

fn with(mut node: Value, id: u64, text: &str) -> Value {
    node["messages"] = json!([{"id": id, "text": text, "type": "error"}]);
    node
}

fn mail(value: &str) -> Value {
    input(
        json!({"name": "traits.email", "type": "email", "autocomplete": "email", "required": true, "value": value}),
        "Email",
    )
}

fn identifier(value: &str) -> Value {
    input(json!({"name": "identifier", "type": "text", "required": true, "value": value}), "Email")
}

fn password(purpose: &str) -> Value {
    input(
        json!({"name": "password", "type": "password", "required": true, "autocomplete": purpose}),
        "Password",
    )
}

fn first_name() -> Value {
    input(json!({"name": "traits.name.first", "type": "text"}), "Given name")
}

fn submit(value: &str, label: &str) -> Value {
    let mut node = input(json!({"name": "method", "type": "submit", "value": value}), label);
    node["group"] = json!("password");
    node
}

fn rich() -> Value {
    json!([
        mail("anna@example.org"),
        password("new-password"),
        with(
            input(json!({"name": "traits.age", "type": "number", "value": 12}), "Age"),
            4000018,
            "Enter 16 or more."
        ),
        input(json!({"name": "traits.height", "type": "number"}), "Height"),
        input(
            json!({"name": "traits.newsletter", "type": "checkbox", "value": true}),
            "Send me the newsletter"
        ),
        input(
            json!({"name": "traits.country", "type": "text", "value": "CH", "options": [{"value": "AT"}, {"value": "CH"}, {"value": "DE"}]}),
            "Country"
        ),
        input(json!({"name": "traits.site", "type": "url", "autocomplete": "url"}), "Home page"),
        input(json!({"name": "traits.born", "type": "date"}), "Born"),
        with(
            input(json!({"name": "traits.nick", "type": "text", "required": true, "value": "Änna"}), "Nick"),
            4000004,
            "Use small letters from a to z only."
        ),
        input(json!({"name": "traits.tags", "type": "text", "value": ["red", "green"]}), "Tags"),
        submit("password", "Create account"),
    ])
}
