//! Plays one scenario: sends what it says, captures, makes neutral, compares.

use crate::compare::{Difference, Labels, sort_unordered};
use crate::differences;
use crate::normalise::{Normaliser, observe};
use crate::scenario::{self, Capture, Mail, OfMail, Request, Scenario, Step, Vars, fill, fill_text};
use crate::support::http::{self, Answer};
use crate::support::sink::{Received, Says, Sink};
use crate::support::stand::{Ports, Stand};
use engine::password::Hasher;
use regex::Regex;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// Needs no server: redirects are never followed.
const UI: &str = "http://127.0.0.1:14437";

/// The letters of this run; each scenario has a database of its own.
const RUN: &str = "ghjkmnpq";

/// Headers that must be absent when a recording has headers and does not list them.
const EXCLUSIVE: [&str; 3] = ["location", "set-cookie", "x-kratos-authenticated-identity-id"];

/// Between two requests, so that what was made later is later.
const TICK: Duration = Duration::from_millis(50);

/// # Panics
/// When an answer differs, with every place; when another number of answers than `answers` was checked.
pub(crate) async fn play(name: &str, answers: usize) {
    let scenario = scenario::named(name);
    let meant = differences::of(name);
    let mut player = Player::start(&scenario).await;
    let mut checked = 0;
    let mut report = String::new();
    for (number, step) in scenario.steps.iter().enumerate() {
        let found = match player.step(&scenario, step).await {
            Ok(found) => found,
            Err(broken) => vec![Difference {
                at: String::new(),
                expected: "a step that can be played".to_owned(),
                got: broken,
            }],
        };
        checked += usize::from(step.expect.is_some());
        let left = differences::without_meant(&meant, number, found);
        if !left.is_empty() {
            let request = step
                .request
                .as_ref()
                .map(|request| format!("{} {}", request.method, request.path))
                .unwrap_or_default();
            report.push_str(&format!("\nstep {number} [{}] {request} ({})\n", step.client, step.note));
            for Difference { at, expected, got } in left {
                report.push_str(&format!("  {at}\n    expected {expected}\n    got      {got}\n"));
            }
        }
    }
    assert!(report.is_empty(), "{name} differs:\n{report}");
    assert_eq!(checked, answers, "answers that were checked");
    let beyond: Vec<_> = meant.iter().filter(|meant| meant.step >= scenario.steps.len()).collect();
    assert!(beyond.is_empty(), "no such step: {beyond:?}");
}

struct Player {
    stand: Stand,
    sink: Sink,
    public: String,
    admin: String,
    vars: Vars,
    jars: HashMap<String, BTreeMap<String, String>>,
    patches: Vec<Value>,
    normaliser: Normaliser,
    labels: Labels,
    /// Mails that a step has taken, by address.
    taken: HashMap<String, usize>,
}

impl Player {
    async fn start(scenario: &Scenario) -> Self {
        let sink = Sink::start().await;
        let ports = Ports::take().await;
        let (public, admin) = (format!("http://{}", ports.public()), format!("http://{}", ports.admin()));
        let vars: Vars = [
            ("public", json!(public)),
            ("admin", json!(admin)),
            ("ui", json!(UI)),
            ("sink", json!(sink.base)),
            ("run", json!(RUN)),
            ("RUN", json!(RUN.to_uppercase())),
            ("smtp", json!("smtp://127.0.0.1:14436/?disable_starttls=true")),
            ("public_host", json!(ports.public().ip().to_string())),
            ("public_port", json!(ports.public().port())),
            ("admin_host", json!(ports.admin().ip().to_string())),
            ("admin_port", json!(ports.admin().port())),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        let config =
            scenario::config(scenario, &[], &vars).expect("the configuration has no captured placeholder");
        let stand = Stand::start(ports, "memory", config, Hasher::sized(2, 256)).await;
        let bases = [
            (public.as_str(), "public"),
            (admin.as_str(), "admin"),
            (UI, "ui"),
            (sink.base.as_str(), "sink"),
        ];
        let normaliser = Normaliser::new(&bases, RUN);
        for (path, says) in scenario.sink.iter().filter_map(Value::as_object).flatten() {
            let says = fill(says, &vars).expect("no captured placeholder");
            let status = says["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
            let body = match (&says["json"], says["text"].as_str()) {
                (Value::Null, text) => text.unwrap_or_default().to_owned(),
                (document, _) => document.to_string(),
            };
            sink.says(path, Says::This(status, body));
        }
        Self {
            stand,
            sink,
            vars,
            jars: HashMap::new(),
            patches: Vec::new(),
            normaliser,
            labels: Labels::default(),
            taken: HashMap::new(),
            public,
            admin,
        }
    }

    /// What differs; `Err` when the step cannot be played.
    async fn step(&mut self, scenario: &Scenario, step: &Step) -> Result<Vec<Difference>, String> {
        if let Some(millis) = step.wait_ms {
            self.stand.world.clock.advance(Duration::from_millis(millis));
            return Ok(vec![]);
        }
        if let Some(patch) = &step.config {
            self.patches.push(patch.clone());
            let document = scenario::config(scenario, &self.patches, &self.vars)?;
            self.stand.engine.publish(self.stand.world.config(vec![document]));
            return Ok(vec![]);
        }
        if step.totp.is_some() {
            return Err("totp steps come with second factors".to_owned());
        }
        let expect = step.expect.as_ref().ok_or("a step without anything to expect")?;
        if step.sink.is_some() {
            // Whoever waited for an answer has it, so the calls have been made.
            let received: Vec<Value> = self.sink.take().iter().map(Received::summary).collect();
            let seen = json!({"count": received.len(), "requests": received});
            return Ok(self.labels.diff(expect, &self.normaliser.json(&seen)));
        }
        if let Some(mail) = &step.mail {
            let seen = self.mail(mail, &step.capture).await?;
            return Ok(self.labels.diff(expect, &seen));
        }
        let request = step.request.as_ref().ok_or("a step of an unknown kind")?;
        self.stand.world.clock.advance(TICK);
        let answer = self.send(&step.client, request).await?;
        let now = self.stand.engine.effects().now().timestamp() as f64;
        let mut seen = observe(&self.normaliser, &answer, &step.ignore, now);
        let mut expect = expect.clone();
        narrow(step, &mut expect, &mut seen);
        let mut found = self.labels.diff(&expect, &Value::Object(seen));
        for (name, capture) in &step.capture {
            match self.capture(&step.client, capture, &answer) {
                Some(value) => {
                    self.vars.insert(name.clone(), value);
                }
                None => {
                    self.vars.remove(name);
                    let at = format!("capture of {name}");
                    found.push(Difference {
                        at,
                        expected: "something to capture".to_owned(),
                        got: "nothing".to_owned(),
                    });
                }
            }
        }
        Ok(found)
    }

    async fn send(&mut self, client: &str, request: &Request) -> Result<Answer, String> {
        let kind = client.split(':').next().unwrap_or_default();
        let accept = match kind {
            "browser" => Some("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            "spa" | "native" | "admin" => Some("application/json"),
            "raw" => None,
            other => return Err(format!("no client is called {other}")),
        };
        let keeps_cookies = matches!(kind, "browser" | "spa" | "raw");
        let path = fill_text(&request.path, &self.vars)?;
        let inside = |base: &str| path.strip_prefix(base).filter(|rest| rest.starts_with('/'));
        let to_admin = request.base.as_deref().map_or(kind == "admin", |base| base == "admin");
        let (base, path) = match (inside(&self.public), inside(&self.admin)) {
            (Some(rest), _) => (&self.public, rest),
            (_, Some(rest)) => (&self.admin, rest),
            _ if to_admin => (&self.admin, path.as_str()),
            _ => (&self.public, path.as_str()),
        };
        let authority = base.trim_start_matches("http://").to_owned();
        let mut headers: Vec<(String, String)> = vec![("Host".to_owned(), authority.clone())];
        let mut put = |name: &str, value: &str| headers.push((name.to_owned(), value.to_owned()));
        put("User-Agent", "golden-transcripts/1");
        if let Some(accept) = accept {
            put("Accept", accept);
        }
        let body = if let Some(document) = &request.json {
            put("Content-Type", "application/json");
            Some(fill(document, &self.vars)?.to_string())
        } else if let Some(pairs) = &request.form {
            put("Content-Type", "application/x-www-form-urlencoded");
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            for (name, value) in pairs {
                form.append_pair(&fill_text(name, &self.vars)?, &fill_text(value, &self.vars)?);
            }
            Some(form.finish())
        } else {
            request.text.as_ref().map(|text| fill_text(text, &self.vars)).transpose()?
        };
        let jar = self.jars.get(client).filter(|jar| keeps_cookies && !jar.is_empty());
        if let Some(jar) = jar {
            let pairs: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
            put("Cookie", &pairs.join("; "));
        }
        for (name, value) in &request.headers {
            headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
            if let Some(value) = value {
                headers.push((name.clone(), fill_text(value, &self.vars)?));
            }
        }
        let answer = http::send(
            &authority,
            &request.method,
            &encode(path),
            &headers,
            body.as_deref().map(str::as_bytes),
        )
        .await
        .map_err(|failure| failure.to_string())?;
        if keeps_cookies {
            keep_cookies(self.jars.entry(client.to_owned()).or_default(), &answer);
        }
        Ok(answer)
    }

    /// From the answer as it came.
    fn capture(&self, client: &str, capture: &Capture, answer: &Answer) -> Option<Value> {
        let document = || serde_json::from_slice::<Value>(&answer.body).ok();
        match capture {
            Capture::Json { json } => document()?.pointer(json).cloned(),
            Capture::Node { node, at } => {
                let document = document()?;
                let name = |candidate: &&Value| {
                    let attributes = &candidate["attributes"];
                    let name = attributes["name"].as_str().or_else(|| attributes["id"].as_str());
                    name == Some(node.as_str())
                };
                let found = document["ui"]["nodes"].as_array()?.iter().find(name)?;
                found.pointer(at.as_deref().unwrap_or("/attributes/value")).cloned()
            }
            Capture::Query { query } => {
                let location = answer.header("location")?;
                let parameters = location.split_once('?')?.1.split('#').next()?;
                let mut parameters = url::form_urlencoded::parse(parameters.as_bytes());
                parameters.find(|(name, _)| name == query).map(|(_, value)| Value::String(value.into_owned()))
            }
            Capture::Header { header, regexp } => {
                let value = answer.header(header)?;
                match regexp {
                    None => Some(value.into()),
                    Some(regexp) => Some(Regex::new(regexp).ok()?.captures(value)?.get(1)?.as_str().into()),
                }
            }
            Capture::Mail(_) => None,
            Capture::Cookie { cookie } => {
                self.jars.get(client)?.get(cookie).map(|value| value.as_str().into())
            }
        }
    }

    /// What the admin API's list of messages says, and what a mail server was given.
    async fn mail(&mut self, mail: &Mail, capture: &BTreeMap<String, Capture>) -> Result<Value, String> {
        let to = fill_text(&mail.to, &self.vars)?;
        while engine::courier::deliver(&self.stand.engine).await.map_err(|failure| failure.to_string())? > 0 {
        }
        let authority = self.admin.trim_start_matches("http://").to_owned();
        let recipient: String = url::form_urlencoded::byte_serialize(to.as_bytes()).collect();
        let headers =
            [("Host".to_owned(), authority.clone()), ("Accept".to_owned(), "application/json".to_owned())];
        let target = format!("/admin/courier/messages?page_size=250&recipient={recipient}");
        let answer = http::send(&authority, "GET", &target, &headers, None)
            .await
            .map_err(|failure| failure.to_string())?;
        let messages: Vec<Value> = match answer.status {
            200 => serde_json::from_slice(&answer.body).map_err(|failure| failure.to_string())?,
            _ => return Err(format!("the list of messages answers {}", answer.status)),
        };
        let taken = self.taken.get(&to).copied().unwrap_or(0);
        let new: Vec<&Value> =
            messages.iter().rev().skip(taken).map(|message| &message["template_type"]).collect();
        let mut seen = json!({"count": new.len(), "templates": new});
        self.taken.insert(to.clone(), taken + new.len());
        if mail.count == 0 {
            return Ok(seen);
        }
        let sent = self.stand.world.mailer.sent();
        let Some(last) = sent.iter().rfind(|sent| sent.to == to) else { return Ok(seen) };
        let link = Regex::new("https?://[^ \r\n]+").map_err(|failure| failure.to_string())?;
        let code = Regex::new("\\b[0-9]{6}\\b").map_err(|failure| failure.to_string())?;
        let link = link.find(&last.text).map(|found| found.as_str().to_owned());
        let code = code.find(&last.text).map(|found| found.as_str().to_owned());
        if let Some(link) = &link {
            seen["link"] = self.normaliser.text(link).into();
        }
        if code.is_some() {
            seen["code"] = "<code>".into();
        }
        for (name, capture) in capture {
            let value = match capture {
                Capture::Mail(OfMail::Code) => code.clone(),
                Capture::Mail(OfMail::Link) => link.clone(),
                _ => None,
            };
            self.vars.insert(name.clone(), value.ok_or("the mail has nothing to capture")?.into());
        }
        Ok(seen)
    }
}

/// Cuts the answer down to what the recording kept.
pub(crate) fn narrow(step: &Step, expect: &mut Value, seen: &mut Map<String, Value>) {
    let listed = expect.get("headers").and_then(Value::as_object).cloned();
    let check = step.check.as_deref().unwrap_or("full");
    if check == "status" {
        let target = seen.get("headers").and_then(|headers| headers.get("location")).cloned();
        seen.retain(|key, _| key == "status");
        if let (Some(listed), Some(target)) = (&listed, target)
            && listed.contains_key("location")
        {
            seen.insert("headers".to_owned(), json!({"location": target}));
        }
    } else if check == "headers" {
        seen.retain(|key, _| key == "status" || key == "headers");
    } else if let Some(pointer) = check.strip_prefix("json:") {
        let part = seen.get("json").and_then(|document| document.pointer(pointer)).cloned();
        seen.retain(|key, _| key == "status");
        seen.insert("pointer".to_owned(), pointer.into());
        seen.insert("json".to_owned(), part.unwrap_or_else(|| "(absent)".into()));
    }
    match (&listed, seen.get_mut("headers")) {
        (None, _) => {
            seen.shift_remove("headers");
        }
        (Some(listed), Some(Value::Object(headers))) => {
            // Kratos' page links have defects: they are optional.
            headers.retain(|name, _| {
                name != "link" && (listed.contains_key(name) || EXCLUSIVE.contains(&name.as_str()))
            });
        }
        _ => {}
    }
    if let Some(Value::Object(headers)) = expect.get_mut("headers") {
        headers.shift_remove("link");
    }
    if let Some(document) = seen.get_mut("json") {
        sort_unordered(document, &step.unordered);
    }
    if let Some(document) = expect.get_mut("json") {
        sort_unordered(document, &step.unordered);
    }
}

fn keep_cookies(jar: &mut BTreeMap<String, String>, answer: &Answer) {
    for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
        let mut parts = cookie.split(';');
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { continue };
        let age = parts
            .filter_map(|part| part.trim().split_once('='))
            .find(|(key, _)| key.eq_ignore_ascii_case("max-age"));
        if age.and_then(|(_, age)| age.parse::<i64>().ok()).is_some_and(|age| age <= 0) {
            jar.remove(name);
        } else {
            jar.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// Percent-encodes what may not stand in a request line, and nothing else.
fn encode(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/?&=%:;+,@!$'()*~#[]-._".contains(&byte);
    path.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(text: Value) -> Step {
        serde_json::from_value(text).unwrap()
    }

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Answer { status, headers, body: body.as_bytes().to_vec() }
    }

    /// The places where `answer` is not what `step` expects.
    fn places(step_text: Value, answer: &Answer) -> Vec<String> {
        let step = step(step_text);
        let mut seen =
            observe(&Normaliser::new(&[("http://127.0.0.1:4000", "public")], RUN), answer, &step.ignore, 0.0);
        let mut expect = step.expect.clone().unwrap();
        narrow(&step, &mut expect, &mut seen);
        Labels::default()
            .diff(&expect, &Value::Object(seen))
            .into_iter()
            .map(|difference| difference.at)
            .collect()
    }

    const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");
    const NONE: [&str; 0] = [];

    fn full() -> Value {
        json!({"expect": {"status": 200, "headers": {"content-type": "application/json; charset=utf-8"}, "json": {"a": 1}}})
    }

    #[test]
    fn a_right_answer_differs_nowhere() {
        assert_eq!(
            places(full(), &answer(200, &[JSON, ("date", "today"), ("vary", "Cookie")], r#"{"a":1}"#)),
            NONE
        );
    }

    #[test]
    fn status_header_and_body_count() {
        assert_eq!(places(full(), &answer(400, &[JSON], r#"{"a":1}"#)), ["/status"]);
        assert_eq!(places(full(), &answer(200, &[], r#"{"a":1}"#)), ["/headers/content-type"]);
        assert_eq!(places(full(), &answer(200, &[JSON], r#"{"a":2}"#)), ["/json/a"]);
        assert_eq!(places(full(), &answer(200, &[JSON], "")), ["/json", "/empty"]);
    }

    #[test]
    fn a_cookie_or_redirect_that_is_not_listed_must_be_absent() {
        for header in [("set-cookie", "a=b"), ("location", "/x"), ("x-kratos-authenticated-identity-id", "x")]
        {
            let expected = format!("/headers/{}", header.0);
            assert_eq!(places(full(), &answer(200, &[JSON, header], r#"{"a":1}"#)), [expected]);
        }
        let without_headers = json!({"expect": {"status": 200, "json": {"a": 1}}});
        assert_eq!(places(without_headers, &answer(200, &[JSON, ("set-cookie", "a=b")], r#"{"a":1}"#)), NONE);
    }

    #[test]
    fn a_step_that_prepares_is_checked_by_status_and_target() {
        let redirect =
            json!({"check": "status", "expect": {"status": 303, "headers": {"location": "<public>/x"}}});
        let moved = |to| {
            answer(303, &[("location", to), ("set-cookie", "a=b"), ("content-type", "text/html")], "<p>")
        };
        assert_eq!(places(redirect.clone(), &moved("http://127.0.0.1:4000/x")), NONE);
        assert_eq!(places(redirect.clone(), &moved("http://127.0.0.1:4000/y")), ["/headers/location"]);
        assert_eq!(places(redirect, &answer(303, &[], "")), ["/headers"]);
        let fine = json!({"check": "status", "expect": {"status": 200}});
        assert_eq!(places(fine, &answer(200, &[JSON], "{}")), NONE);
    }

    #[test]
    fn a_part_is_compared_alone() {
        let part = json!({"check": "json:/a/b", "expect": {"status": 200, "pointer": "/a/b", "json": [1]}});
        assert_eq!(places(part.clone(), &answer(200, &[JSON], r#"{"a":{"b":[1]},"c":2}"#)), NONE);
        assert_eq!(places(part, &answer(200, &[JSON], r#"{"a":{}}"#)), ["/json"]);
    }

    #[test]
    fn jars_drop_what_is_deleted() {
        let mut jar = BTreeMap::new();
        keep_cookies(
            &mut jar,
            &answer(200, &[("set-cookie", "a=1; Path=/"), ("set-cookie", "b=2=3; Max-Age=10")], ""),
        );
        assert_eq!(
            jar,
            BTreeMap::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2=3".to_owned())])
        );
        keep_cookies(
            &mut jar,
            &answer(200, &[("set-cookie", "a=; Max-Age=0"), ("set-cookie", "b=; max-age=-1")], ""),
        );
        assert!(jar.is_empty());
    }
}
