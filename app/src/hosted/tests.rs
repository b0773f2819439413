//! The pages from outside: what a browser, a screen reader and a hostile value meet in the HTML.

use super::form::Rules;
use super::{
    Restarted, Sign, Site, StoredError, Welcome, closed, cookies_blocked, error, not_here, sign_in, sign_up,
    signed_out, welcome,
};
use engine::ui::Container;
use serde_json::{Value, json};

fn site() -> Site {
    Site {
        name: None,
        stylesheet: "assets/0/hosted.css".to_owned(),
        sign_in: "/self-service/login/browser?return_to=https%3A%2F%2Fapp.example%2F".to_owned(),
        sign_up: Some("/self-service/registration/browser?return_to=https%3A%2F%2Fapp.example%2F".to_owned()),
        recovery: None,
    }
}

/// A form with a button to send it, where the nodes have none.
fn with(mut nodes: Value, messages: Value) -> Sign {
    let is_button = |node: &Value| matches!(node["attributes"]["type"].as_str(), Some("submit" | "button"));
    if let Some(list) = nodes.as_array_mut().filter(|list| !list.is_empty() && !list.iter().any(is_button)) {
        list.push(submit("default", "send", "yes", "Send"));
    }
    bare(nodes, messages)
}

fn bare(nodes: Value, messages: Value) -> Sign {
    let ui = json!({
        "action": "http://127.0.0.1:4433/self-service/registration?flow=1&x=2",
        "method": "POST", "nodes": nodes, "messages": messages,
    });
    let ui: Container = serde_json::from_value(ui).unwrap();
    Sign {
        ui,
        rules: Rules { min_password_length: 9, providers_first: false },
        continue_to: None,
        restarted: None,
        refresh: false,
        sign_out: None,
        to: None,
        resend: 0,
    }
}

fn form(nodes: Value) -> String {
    sign_up(&site(), with(nodes, json!([])))
}

fn node(group: &str, mut attributes: Value, label: Option<&str>, messages: Value) -> Value {
    attributes["node_type"] = json!("input");
    if attributes.get("disabled").is_none() {
        attributes["disabled"] = json!(false);
    }
    let label = label.map(|text| json!({"id": 1070002, "type": "info", "text": text}));
    let meta = label.map_or(json!({}), |label| json!({"label": label}));
    json!({"type": "input", "group": group, "attributes": attributes, "messages": messages, "meta": meta})
}

fn input(attributes: Value) -> Value {
    node("default", attributes, Some("Label"), json!([]))
}

fn wrong(id: u64, text: &str) -> Value {
    json!([{"id": id, "type": "error", "text": text}])
}

fn mail() -> Value {
    input(json!({"name": "traits.email", "type": "email", "autocomplete": "email", "required": true}))
}

fn password(purpose: &str) -> Value {
    let attributes =
        json!({"name": "password", "type": "password", "autocomplete": purpose, "required": true});
    node("password", attributes, Some("Password"), json!([]))
}

fn submit(group: &str, name: &str, value: &str, label: &str) -> Value {
    node(group, json!({"name": name, "type": "submit", "value": value}), Some(label), json!([]))
}

/// The tag that carries a test id, without its angle brackets.
fn tag<'a>(html: &'a str, test_id: &str) -> &'a str {
    let needle = format!("data-testid=\"{test_id}\"");
    let at = html.find(&needle).unwrap_or_else(|| panic!("{test_id} is not in {html}"));
    assert_eq!(html.matches(&needle).count(), 1, "{test_id} is there once");
    let start = html[..at].rfind('<').unwrap();
    let end = at + html[at..].find('>').unwrap();
    &html[start + 1..end]
}

fn has(tag: &str, attribute: &str) -> bool {
    format!("{tag} ").contains(&format!(" {attribute} "))
}

#[test]
fn a_form_posts_where_the_engine_says() {
    let html = form(json!([submit("password", "method", "password", "Create account")]));
    assert!(
        html.contains(
            "<form action=\"http://127.0.0.1:4433/self-service/registration?flow=1&amp;x=2\" method=\"post\">"
        ),
        "{html}"
    );
    let button = tag(&html, "node/input/method");
    assert!(
        has(button, "type=\"submit\"") && has(button, "name=\"method\"") && has(button, "value=\"password\""),
        "{button}"
    );
    assert!(!has(button, "formnovalidate"), "{button}");
}

#[test]
fn hostile_values_stay_text() {
    let evil = "\"'><script>alert(1)</script><!-- & &lt;";
    let sign = Sign {
        continue_to: Some(evil.to_owned()),
        restarted: Some(Restarted::Expired),
        ..with(
            json!([
                node("default", json!({"name": evil, "type": "hidden", "value": evil}), None, wrong(1, evil)),
                node(
                    "default",
                    json!({"name": evil, "type": "text", "value": evil, "autocomplete": evil}),
                    Some(evil),
                    wrong(2, evil)
                ),
                node(
                    "default",
                    json!({"name": evil, "type": "text", "value": evil, "options": [{"value": evil}]}),
                    None,
                    json!([])
                ),
                node(
                    "default",
                    json!({"name": evil, "type": "checkbox", "value": evil}),
                    Some(evil),
                    json!([])
                ),
                node(
                    "default",
                    json!({"name": evil, "type": "text", "value": [evil, {"a": evil}]}),
                    Some(evil),
                    json!([])
                ),
                submit("password", evil, evil, evil),
            ]),
            wrong(3, evil),
        )
    };
    let site = Site {
        name: Some(evil.to_owned()),
        stylesheet: evil.to_owned(),
        sign_in: evil.to_owned(),
        sign_up: Some(evil.to_owned()),
        recovery: Some(evil.to_owned()),
    };
    let stored = StoredError {
        id: evil.to_owned(),
        error: json!({"code": 418, "reason": evil, "message": evil}),
        at: evil.to_owned(),
    };
    let pair = || (evil.to_owned(), evil.to_owned());
    let pages = [
        sign_up(&site, sign.clone()),
        sign_in(&site, Sign { refresh: true, sign_out: Some(evil.to_owned()), ..sign }),
        welcome(
            &site,
            Welcome {
                who: evil.to_owned(),
                logout: pair(),
                unverified: Some(pair()),
                settings: evil.to_owned(),
                since: pair(),
                until: pair(),
            },
        ),
        error(&site, stored),
        cookies_blocked(&site, evil.to_owned()),
        closed(&site),
        not_here(&site),
        signed_out(&site, None, false),
    ];
    for page in pages {
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains("<!--"), "{page}");
        // A value that ended its attribute would leave its rest among the tag's attributes.
        assert!(!page.contains("\"'>"), "{page}");
        assert!(page.contains("alert(1)"), "the text itself is shown");
    }
}

#[test]
fn no_page_holds_a_script_or_an_inline_style() {
    let pages = [
        form(json!([mail(), password("new-password"), submit("password", "method", "password", "Go")])),
        closed(&site()),
    ];
    for page in pages {
        for forbidden in ["<script", " style=", " on", "javascript:", "<style"] {
            // " on" also begins words of text, so only in tags.
            let tags = page.split('<').filter_map(|part| part.split('>').next());
            for tag in tags {
                assert!(!format!("<{tag}").contains(forbidden), "{forbidden} in {tag}");
            }
        }
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"), "{page}");
    }
}

#[test]
fn password_managers_know_the_fields_of_a_sign_up() {
    let html = form(json!([mail(), password("new-password")]));
    let email = tag(&html, "node/input/traits.email");
    for attribute in [
        "type=\"email\"",
        "autocomplete=\"username\"",
        "inputmode=\"email\"",
        "autocapitalize=\"none\"",
        "spellcheck=\"false\"",
        "required",
    ] {
        assert!(has(email, attribute), "{attribute} in {email}");
    }
    let password = tag(&html, "node/input/password");
    assert!(
        has(password, "autocomplete=\"new-password\"") && has(password, "type=\"password\""),
        "{password}"
    );
    assert!(html.contains("At least 9 characters."), "the length is told before anybody fails at it");
    assert!(
        has(password, "aria-describedby=\"field-2-hint\"") && html.contains("id=\"field-2-hint\""),
        "{password}"
    );
}

#[test]
fn password_managers_know_the_fields_of_a_sign_in() {
    let identifier = input(json!({"name": "identifier", "type": "text", "value": "", "required": true}));
    let html = sign_in(&site(), with(json!([identifier, password("current-password")]), json!([])));
    assert!(has(tag(&html, "node/input/identifier"), "autocomplete=\"username\""));
    let password = tag(&html, "node/input/password");
    assert!(
        has(password, "autocomplete=\"current-password\"") && !password.contains("aria-describedby"),
        "{password}"
    );
    assert!(!html.contains("At least"), "an old password may be shorter than today's rule");
}

#[test]
fn an_address_that_is_no_user_name_stays_an_address() {
    let html = form(json!([mail()]));
    assert!(has(tag(&html, "node/input/traits.email"), "autocomplete=\"email\""));
}

#[test]
fn a_password_is_never_written_into_a_page() {
    let field = node(
        "password",
        json!({"name": "password", "type": "password", "value": "hunter2-hunter2"}),
        None,
        json!([]),
    );
    assert!(!form(json!([field])).contains("hunter2"));
}

#[test]
fn what_is_wrong_is_said_at_the_field_and_in_a_summary_that_takes_the_focus() {
    let field = node(
        "default",
        json!({"name": "traits.email", "type": "email", "value": "anna@"}),
        Some("Email"),
        wrong(4000040, "Not an address."),
    );
    let html = form(json!([mail_ok(), field, password("new-password")]));
    let input = tag(&html, "node/input/traits.email");
    assert!(has(input, "aria-invalid=\"true\"") && has(input, "value=\"anna@\""), "{input}");
    assert!(has(input, "aria-describedby=\"field-2-messages\""), "{input}");
    let messages = html.find("id=\"field-2-messages\"").unwrap();
    assert!(
        html.find("data-testid=\"ui/message/4000040\"").unwrap() > messages,
        "the message is where the field points to"
    );
    assert!(html.contains("<title>Error: Create your account</title>"), "{html}");
    assert!(
        html.contains("role=\"group\" aria-labelledby=\"summary-title\" tabindex=\"-1\" autofocus"),
        "{html}"
    );
    assert!(html.contains("There is a problem"));
    assert!(html.contains("<a href=\"#field-2\"><b>Email</b>") && html.contains("id=\"field-2\""), "{html}");
    assert!(html.find("summary-title").unwrap() < html.find("<form").unwrap());
}

fn mail_ok() -> Value {
    input(json!({"name": "traits.other", "type": "email"}))
}

#[test]
fn without_errors_nothing_takes_the_focus() {
    let html = form(json!([mail(), password("new-password")]));
    assert!(
        html.contains("<title>Create your account</title>")
            && !html.contains("autofocus")
            && !html.contains("aria-invalid")
    );
}

#[test]
fn errors_of_the_whole_form_and_of_hidden_nodes_are_in_the_summary() {
    let hidden = node(
        "default",
        json!({"name": "csrf_token", "type": "hidden", "value": "x"}),
        None,
        wrong(4000002, "Needed."),
    );
    let html =
        sign_in(&site(), with(json!([hidden, password("current-password")]), wrong(4000006, "Check both.")));
    tag(&html, "ui/message/4000006");
    tag(&html, "ui/message/4000002");
    assert!(
        html.contains("<title>Error: Sign in</title>")
            && html.contains("Check both.")
            && html.contains("Needed.")
    );
}

#[test]
fn what_is_no_error_is_told_without_alarm() {
    let html = sign_in(
        &site(),
        Sign {
            refresh: true,
            ..with(
                json!([password("current-password")]),
                json!([{"id": 1010003, "type": "info", "text": "Again."}]),
            )
        },
    );
    tag(&html, "ui/message/1010003");
    assert!(html.contains("<title>Confirm it’s you</title>") && !html.contains("summary"), "{html}");
    assert!(!html.contains("Create an account"), "who confirms has an account");
}

#[test]
fn who_confirms_reads_as_whom_and_the_password_manager_knows_too() {
    let name = node(
        "default",
        json!({"name": "identifier", "type": "hidden", "value": "anna@example.org"}),
        None,
        json!([]),
    );
    let sign = with(json!([name, password("current-password")]), json!([]));
    let html = sign_in(&site(), Sign { refresh: true, ..sign });
    assert!(html.contains("as <b><bdi>anna@example.org</bdi></b>"), "{html}");
    let name = tag(&html, "node/input/identifier");
    for attribute in
        ["type=\"text\"", "autocomplete=\"username\"", "readonly", "hidden", "value=\"anna@example.org\""]
    {
        assert!(has(name, attribute), "{attribute} in {name}");
    }
}

#[test]
fn an_unticked_box_says_no_and_no_is_an_answer() {
    let html = form(json!([node(
        "default",
        json!({"name": "traits.news", "type": "checkbox", "required": true}),
        Some("News"),
        json!([])
    )]));
    let twin =
        html.find("<input type=\"hidden\" name=\"traits.news\" value=\"false\">").expect("the twin is there");
    let tick = tag(&html, "node/input/traits.news");
    assert!(twin < html.find(tick).unwrap(), "the later value wins");
    assert!(
        has(tick, "type=\"checkbox\"")
            && has(tick, "value=\"true\"")
            && !has(tick, "checked")
            && !has(tick, "required"),
        "{tick}"
    );
    for yes in [json!(true), json!("true")] {
        let html = form(json!([input(json!({"name": "traits.news", "type": "checkbox", "value": yes}))]));
        assert!(has(tag(&html, "node/input/traits.news"), "checked"));
    }
    let html = form(json!([input(json!({"name": "traits.news", "type": "checkbox", "value": false}))]));
    assert!(!has(tag(&html, "node/input/traits.news"), "checked"));
}

#[test]
fn options_are_a_list_to_choose_from() {
    let options = json!([{"value": "AT"}, {"value": "CH"}, {"value": 3}]);
    let html = form(json!([input(
        json!({"name": "traits.country", "type": "text", "value": "CH", "options": options})
    )]));
    let select = tag(&html, "node/input/traits.country");
    assert!(select.starts_with("select ") && has(select, "name=\"traits.country\""), "{select}");
    assert!(
        html.contains("<option value=\"\">Choose</option>"),
        "who need not choose can go back to nothing"
    );
    assert!(
        html.contains("<option value=\"CH\" selected>CH</option>")
            && html.contains("<option value=\"3\">3</option>"),
        "{html}"
    );
}

#[test]
fn every_kind_of_input_has_its_html() {
    for (kind, value, expected) in [
        ("text", json!("a"), "type=\"text\" name=\"n\" value=\"a\""),
        ("number", json!(1.75), "type=\"number\" name=\"n\" value=\"1.75\""),
        ("tel", json!("+43"), "type=\"tel\" name=\"n\" value=\"+43\""),
        ("url", json!("https://x.example/"), "type=\"url\" name=\"n\" value=\"https://x.example/\""),
        ("date", json!("1990-02-03"), "type=\"date\" name=\"n\" value=\"1990-02-03\""),
        (
            "datetime-local",
            json!("1990-02-03T04:05:06Z"),
            "type=\"datetime-local\" name=\"n\" value=\"1990-02-03T04:05:06\"",
        ),
        ("hidden", json!(0), "type=\"hidden\" name=\"n\" value=\"0\""),
        ("button", json!("b"), "type=\"button\" name=\"n\" value=\"b\""),
    ] {
        let html = form(json!([input(json!({"name": "n", "type": kind, "value": value}))]));
        assert!(tag(&html, "node/input/n").contains(expected), "{kind}: {html}");
    }
    let html = form(json!([input(json!({"name": "n", "type": "number"}))]));
    assert!(has(tag(&html, "node/input/n"), "step=\"any\""), "a browser must not refuse 1.75 metres");
}

#[test]
fn a_list_comes_back_whole() {
    let html =
        form(json!([input(json!({"name": "traits.tags", "type": "text", "value": ["red", "green"]}))]));
    let values: Vec<_> = ["red", "green"]
        .iter()
        .filter(|value| html.contains(&format!("name=\"traits.tags\" value=\"{value}\"")))
        .collect();
    assert_eq!(values.len(), 2, "{html}");
}

#[test]
fn fields_are_labelled_and_say_when_they_may_stay_empty() {
    let nodes = json!([
        node("default", json!({"name": "traits.given_name", "type": "text"}), None, json!([])),
        mail(),
        input(json!({"name": "traits.off", "type": "text", "disabled": true, "required": true})),
    ]);
    let html = form(nodes);
    assert!(
        html.contains("for=\"field-1\"") && html.contains("Given name") && html.contains("id=\"field-1\""),
        "{html}"
    );
    assert_eq!(html.matches(">optional<").count(), 1, "{html}");
    assert!(has(tag(&html, "node/input/traits.off"), "disabled"));
}

#[test]
fn the_enter_key_presses_the_forms_own_button() {
    let html = form(json!([
        submit("oidc", "provider", "google", "Continue with Google"),
        mail(),
        submit("code", "resend", "code", "Send a code"),
        password("new-password"),
        submit("password", "method", "password", "Create account"),
    ]));
    let at = |test_id: &str| html.find(tag(&html, test_id)).unwrap();
    let own = at("node/input/method");
    assert!(
        own < at("node/input/provider") && own < at("node/input/resend") && own > at("node/input/password")
    );
    assert!(has(tag(&html, "node/input/provider"), "formnovalidate"), "a provider needs no field filled in");
}

#[test]
fn providers_stand_above_in_a_form_of_their_own() {
    let nodes = json!([
        submit("oidc", "provider", "google", "Sign up with Google"),
        mail(),
        password("new-password"),
        submit("password", "method", "password", "Create account")
    ]);
    let mut sign = with(nodes, json!([]));
    sign.rules.providers_first = true;
    let html = sign_up(&site(), sign);
    assert_eq!(html.matches("<form").count(), 2, "{html}");
    let at = |test_id: &str| html.find(tag(&html, test_id)).unwrap();
    assert!(at("node/input/provider") < html.find("</form>").unwrap());
    assert!(at("node/input/traits.email") > html.find("</form>").unwrap());
}

#[test]
fn the_way_on_to_a_provider_is_the_form_s_own_button() {
    let mut way_on = submit("oidc", "provider", "google", "Continue");
    way_on["meta"]["label"]["id"] = 1_040_003.into();
    let html = form(json!([mail(), way_on]));
    assert!(has(tag(&html, "node/input/provider"), "class=\"main\""), "{html}");
    assert!(!has(tag(&html, "node/input/provider"), "formnovalidate"));
}

#[test]
fn a_form_for_one_provider_leads_to_the_other_methods() {
    let mut way_on = submit("oidc", "provider", "google", "Continue");
    way_on["meta"]["label"]["id"] = 1_040_003.into();
    let nodes = json!([way_on]);
    let words = "Use another sign-up method</a>";
    let open = Site { sign_up: Some("/self-service/registration/browser?return_to=x".to_owned()), ..site() };
    let html = sign_up(&open, with(nodes.clone(), json!([])));
    assert!(
        html.contains(&format!("<a href=\"/self-service/registration/browser?return_to=x\">{words}")),
        "{html}"
    );
    assert!(
        has(tag(&html, "node/input/provider"), "class=\"main\"") && !html.contains("class=\"or\""),
        "{html}"
    );
    let invited = sign_up(&Site { sign_up: None, ..site() }, with(nodes, json!([])));
    assert!(!invited.contains(words), "an invitation's form is the only one");
    let usual = json!([submit("oidc", "provider", "google", "Sign up with Google")]);
    assert!(!sign_up(&open, with(usual, json!([]))).contains(words));
}

#[test]
fn a_form_without_anything_to_do_says_so() {
    let ui = json!({"action": "/", "method": "POST", "nodes": null});
    let sign = Sign { ui: serde_json::from_value(ui).unwrap(), ..with(json!([]), json!([])) };
    assert!(sign_in(&site(), sign).contains("Sign-in is not available right now."));
    // Fields without a button that sends them would only waste somebody's time.
    let html = sign_up(&site(), bare(json!([mail()]), json!([])));
    assert!(html.contains("Sign-up is not available right now.") && !html.contains("traits.email"), "{html}");
}

#[test]
fn sign_up_and_sign_in_point_at_each_other_and_keep_where_to_go() {
    let up = form(json!([mail()]));
    assert!(
        up.contains(
            "<a href=\"/self-service/login/browser?return_to=https%3A%2F%2Fapp.example%2F\">Sign in</a>"
        ),
        "{up}"
    );
    let page = sign_in(&site(), with(json!([]), json!([])));
    assert!(page.contains("<a href=\"/self-service/registration/browser?return_to="), "{page}");
    let closed = sign_in(&Site { sign_up: None, ..site() }, with(json!([]), json!([])));
    assert!(!closed.contains("registration/browser"), "nobody is sent to a sign-up that is switched off");
}

#[test]
fn the_customers_name_comes_first_and_ours_only_where_there_is_none() {
    let ours = form(json!([]));
    assert!(ours.contains("class=\"mark\"") && ours.contains("data:image/svg+xml"), "{ours}");
    let theirs =
        sign_up(&Site { name: Some("Example Shop".to_owned()), ..site() }, with(json!([]), json!([])));
    assert!(
        theirs.contains("<p class=\"brand\"><bdi>Example Shop</bdi></p>")
            && theirs.contains("· Example Shop</title>"),
        "{theirs}"
    );
    assert!(
        !theirs.contains("class=\"mark\"")
            && !theirs.contains("data:image")
            && !theirs.to_lowercase().contains("vestibule")
    );
}

#[test]
fn a_restart_is_explained() {
    for why in [Restarted::Expired, Restarted::Unknown, Restarted::OtherBrowser] {
        let html = sign_in(&site(), Sign { restarted: Some(why), ..with(json!([]), json!([])) });
        tag(&html, "restarted");
        assert!(html.contains("Here is a new one."), "{html}");
        assert_eq!(Restarted::parse(why.name()), Some(why));
    }
}

#[test]
fn whoever_is_signed_in_reads_as_whom_and_can_sign_out() {
    let pair = |text: &str| (text.to_owned(), "23 Nov 2026, 21:49 UTC".to_owned());
    let logout = ("http://127.0.0.1:4433/self-service/logout".to_owned(), "ory_lo_1".to_owned());
    let page = Welcome {
        who: "anna@example.org".to_owned(),
        logout,
        unverified: None,
        settings: "/settings".to_owned(),
        since: pair("a"),
        until: pair("b"),
    };
    let html = welcome(&site(), page);
    assert!(
        html.contains("<h1>You are signed in</h1>") && html.contains("as <b><bdi>anna@example.org</bdi></b>"),
        "{html}"
    );
    assert!(html.contains("<form action=\"http://127.0.0.1:4433/self-service/logout\" method=\"get\"><input type=\"hidden\" name=\"token\" value=\"ory_lo_1\">"), "{html}");
}

#[test]
fn signed_out_says_which_of_the_worlds_it_is() {
    assert!(signed_out(&site(), Some("registration"), false).contains("<h1>Your account is ready</h1>"));
    let mail_first = signed_out(&site(), Some("registration"), true);
    assert!(mail_first.contains("<h1>Check your email to finish</h1>"));
    assert!(signed_out(&site(), Some("welcome"), false).contains("<h1>You are signed out</h1>"));
    assert!(signed_out(&site(), Some("login"), false).contains("Allow cookies"));
    let html = signed_out(&site(), None, false);
    assert!(html.contains("<h1>You are not signed in</h1>") && html.contains("Create an account"));
    assert!(!signed_out(&Site { sign_up: None, ..site() }, None, false).contains("Create an account"));
}

#[test]
fn an_error_is_told_in_words_with_a_way_on() {
    let page = |error: Value| {
        self::error(&site(), StoredError { id: "7d1f".to_owned(), error, at: "now".to_owned() })
    };
    let csrf = page(json!({"id": "security_csrf_violation", "code": 403, "reason": "jargon"}));
    assert!(
        csrf.contains("cookies allowed")
            && !csrf.contains("jargon")
            && csrf.contains("7d1f")
            && csrf.contains(">Sign in</a>"),
        "{csrf}"
    );
    let unknown = page(json!({"code": 400, "reason": "The parameter aal knows aal1 and aal2 only."}));
    assert!(unknown.contains("aal1 and aal2 only"), "{unknown}");
    let ours = page(json!({"code": 500, "reason": "pool timed out"}));
    assert!(ours.contains("went wrong on our side") && !ours.contains("pool"), "{ours}");
    assert!(page(json!("nonsense")).contains("went wrong on our side"));
}
