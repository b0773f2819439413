//! What stands in the log of a server, and what never does.

use super::*;

#[test]
fn the_set_up_link_goes_to_a_closed_file_and_to_no_log() {
    let place = Place::new();
    let ended = place.serve().terminate();
    let file = place.data().join("setup-link");
    let link = std::fs::read_to_string(&file).unwrap();
    let secret = link.trim().split_once("secret=").unwrap().1;
    assert!(secret.len() >= 20, "{link}");
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(&place.data()), 0o700);
    assert!(ended.log.contains("setup-link"), "{}", ended.log);
    assert!(!ended.log.contains(secret) && !ended.printed.contains(secret));
}

#[test]
fn no_secret_that_was_used_is_in_the_log() {
    const DEFAULT: &str = "the-default-secret-of-this-test";
    const ADMIN: &str = "the-token-of-the-administrator";
    const PASSWORD: &str = "quiet copper meadow 73";
    const WRONG: &str = "loud iron mountain 37";
    const OPERATOR: &str = "velvet lantern harbour 41";
    const HASH: &str =
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$QmFzZTY0QmFzZTY0QmFzZTY0QmFzZTY0QmFzZTY0QmFzZTY";
    const JSON: (&str, &str) = ("Content-Type", "application/json");
    let place = Place::new();
    let mut command = place.command(&["serve"]);
    command
        .env("LOG_LEVEL", "trace")
        .env("SECRETS_DEFAULT", format!("[\"{DEFAULT}\"]"))
        .env("VESTIBULE_ADMIN_TOKEN", ADMIN);
    let serving = Place::serving(command);
    let [public, admin, console] = place.ports;
    let mut secrets: Vec<String> =
        [DEFAULT, ADMIN, PASSWORD, WRONG, OPERATOR, HASH].map(str::to_owned).into();

    // A person: sign-up, wrong and right sign-in, a verification with a code, sign-out.
    let flow = |kind: &str| {
        let flow = document(&get(public, &format!("/self-service/{kind}/api")));
        format!("/self-service/{kind}?flow={}", flow["id"].as_str().unwrap())
    };
    let post = |port: u16, target: &str, headers: &[(&str, &str)], body: Value| {
        let headers = [headers, &[JSON, ("Accept", "application/json")]].concat();
        ask(port, "POST", target, &headers, &body.to_string())
    };
    let email = "anna@vestibule.test";
    let signed_up = post(
        public,
        &flow("registration"),
        &[],
        json!({"method": "password", "password": PASSWORD, "traits": {"email": email}}),
    );
    assert!(signed_up.starts_with("HTTP/1.1 200"), "{signed_up}");
    let login = |password: &str| {
        let body = json!({"method": "password", "identifier": email, "password": password});
        post(public, &flow("login"), &[], body)
    };
    assert!(login(WRONG).starts_with("HTTP/1.1 400"));
    let token = document(&login(PASSWORD))["session_token"].as_str().unwrap().to_owned();
    let whoami = ask(public, "GET", "/sessions/whoami", &[("X-Session-Token", &token)], "");
    assert!(whoami.starts_with("HTTP/1.1 200"));
    post(public, &flow("verification"), &[], json!({"method": "code", "email": email}));
    post(public, &flow("verification"), &[], json!({"method": "code", "code": "918273"}));
    get(public, "/self-service/verification?code=918273&flow=7d1f6f5e-0b1c-4c43-9a55-1f0a5b1c2d3e");
    let browser = get(public, "/self-service/login/browser");
    let (_, csrf) = browser.split_once("csrf_token_").unwrap();
    let csrf = csrf.split_once('=').unwrap().1.split(';').next().unwrap().to_owned();
    secrets.push(csrf);
    let out = json!({"session_token": token}).to_string();
    ask(public, "DELETE", "/self-service/logout/api", &[JSON], &out);
    secrets.extend([token, "918273".to_owned()]);

    // An administrator's program: a password, a hash, a wrong token.
    let bearer = format!("Bearer {ADMIN}");
    for credential in [json!({"password": PASSWORD}), json!({"hashed_password": HASH})] {
        let person = json!({"traits": {"email": format!("{}@vestibule.test", secrets.len())},
            "credentials": {"password": {"config": credential}}});
        post(admin, "/admin/identities", &[("Authorization", &bearer)], person);
        secrets.push("unguessable-and-wrong".to_owned());
    }
    post(admin, "/admin/identities", &[("Authorization", "Bearer unguessable-and-wrong")], json!({}));

    // An operator: set-up, wrong and right sign-in, Save.
    let link = std::fs::read_to_string(place.data().join("setup-link")).unwrap();
    let secret = link.trim().split_once("secret=").unwrap().1.to_owned();
    let origin = format!("http://127.0.0.1:{console}");
    let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", origin.as_str())];
    let form = |pairs: &[(&str, &str)]| {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    };
    let set_up = form(&[
        ("secret", &secret),
        ("name", "Olga"),
        ("email", "olga@vestibule.test"),
        ("password", OPERATOR),
    ]);
    let entered = ask(console, "POST", "/setup", &headers, &set_up);
    let session = cookie(&entered, "vestibule_console").to_owned();
    for password in [WRONG, OPERATOR] {
        let body = form(&[("email", "olga@vestibule.test"), ("password", password)]);
        ask(console, "POST", "/sign-in", &headers, &body);
    }
    let with = format!("vestibule_console={session}");
    let save = form(&[("action", "save"), ("base", "0"), ("min_password_length", "12")]);
    let saved = ask(
        console,
        "POST",
        "/settings/password-policy",
        &[&headers[..], &[("Cookie", &with)]].concat(),
        &save,
    );
    assert!(saved.starts_with("HTTP/1.1 303"), "{saved}");
    assert!(get(console, "/mailbox").starts_with("HTTP/1.1 303"));
    let mails = ask(console, "GET", "/mailbox", &[("Cookie", &with)], "");
    assert!(mails.starts_with("HTTP/1.1 200"));
    secrets.extend([secret, session]);
    if let Some((_, rest)) = mails.split_once("data-testid=\"code\">") {
        secrets.push(rest[..6].to_owned());
    }

    let ended = serving.terminate();
    assert!(ended.log.contains("/self-service/registration"), "the log holds what was asked: {}", ended.log);
    for secret in &secrets {
        assert!(secret.len() >= 6, "{secret}");
        for text in [&ended.log, &ended.printed] {
            assert!(!text.contains(secret.as_str()), "{secret} is in the log");
        }
    }
}

#[test]
fn a_proxy_that_the_configuration_does_not_name_is_told_once() {
    let place = Place::new();
    let serving = place.serve();
    for _ in 0..2 {
        let flow = document(&get(place.ports[0], "/self-service/login/api"));
        let target = format!("/self-service/login?flow={}", flow["id"].as_str().unwrap());
        let headers = [("Content-Type", "application/json"), ("X-Forwarded-For", "203.0.113.9")];
        let answer = ask(place.ports[0], "POST", &target, &headers, "{}");
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    let log = serving.terminate().log;
    assert_eq!(log.matches("Add the proxy to vestibule.trusted_proxies").count(), 1, "{log}");
}

#[test]
fn a_mail_that_cannot_leave_is_in_the_log_without_the_servers_password() {
    let place = Place::new();
    let mut command = place.command(&["serve"]);
    let server = "smtp://vestibule:password-of-the-mail-server@127.0.0.1:1/?disable_starttls=true";
    command.env("LOG_LEVEL", "trace").env("COURIER_SMTP_CONNECTION_URI", server);
    let serving = Place::serving(command);
    let [public, admin, _] = place.ports;
    let flow = document(&get(public, "/self-service/registration/api"));
    let target = format!("/self-service/registration?flow={}", flow["id"].as_str().unwrap());
    let person = json!({"method": "password", "password": "quiet copper meadow 73",
        "traits": {"email": "anna@vestibule.test"}});
    ask(public, "POST", &target, &[("Content-Type", "application/json")], &person.to_string());
    let mail = document(&get(admin, "/admin/courier/messages"));
    let target = format!("/admin/courier/messages/{}", mail["id"].as_str().unwrap());
    let tried = || get(admin, &target).contains("\"status\":\"failed\"");
    assert!((0..50_000).any(|_| tried()), "the courier never tried");
    let ended = serving.terminate();
    assert!(ended.log.contains("an email can't be sent yet"), "{}", ended.log);
    assert!(!ended.log.contains("password-of-the-mail-server"), "{}", ended.log);
}
