//! The form of one web hook as names and texts: what a browser sends, read into what is wanted, and what it would send for what is
//! there. A secret that was typed never comes back: the page brings it along sealed.

use crate::console::fields::{Fields, trimmed};
use engine::Ctx;
use engine::ids::OperatorId;
use engine::model::MethodId;
use engine::secrets;
use engine::settings::FieldError;
use engine::settings::web_hooks::{
    ACCOUNT, AUTH, BODY, Flow, HEADERS, Listed, MadeAuth, MadeHook, OUTCOME, Outcome, Place, Signing, VERBS,
    Wanted, WantedAuth, When,
};

/// Flow and moment, in one choice.
pub(super) const PLACE: &str = "place";
pub(super) const FOR: &str = "for";
/// `account`, `own` or `none`.
pub(super) const BODY_KIND: &str = "body.kind";
pub(super) const DESPITE: &str = "body.despite";
/// `none`, `basic`, `key` or `signature`.
pub(super) const AUTH_KIND: &str = "auth.kind";
pub(super) const USER: &str = "auth.user";
pub(super) const KEY_IN: &str = "auth.in";
pub(super) const KEY_NAME: &str = "auth.name";
/// `keep`, `make` or `given`.
pub(super) const SIGNING: &str = "auth.signing";

/// Controls that hold a secret.
pub(super) const SECRETS: [&str; 3] = ["auth.password", "auth.value", "auth.secret"];

/// The name under which a secret is brought along.
pub(super) fn sealed(name: &str) -> String {
    format!("{name}.sealed")
}

/// Whether a field of the form may wait somewhere while its operator signs in. Not even what is sealed does: it is carried by the
/// page alone.
pub(super) fn may_wait(field: &str) -> bool {
    !SECRETS.into_iter().any(|secret| field == secret || field == sealed(secret))
}

/// Every place that a hook may have, in the order a person meets them.
pub(super) const PLACES: [(Flow, When); 6] = [
    (Flow::Registration, When::Before),
    (Flow::Registration, When::After),
    (Flow::Login, When::Before),
    (Flow::Login, When::After),
    (Flow::Verification, When::Before),
    (Flow::Verification, When::After),
];

pub(super) fn place_name(flow: Flow, when: When) -> String {
    format!("{}.{}", flow.name(), when.name())
}

fn place(fields: &Fields) -> Option<(Flow, When)> {
    let (flow, when) = trimmed(fields, PLACE).split_once('.')?;
    Some((Flow::parse(flow)?, When::parse(when)?))
}

pub(super) fn has(fields: &Fields, name: &str) -> bool {
    fields.contains_key(name)
}

/// What stands in a form for a new one.
pub(super) fn blank() -> Fields {
    pairs(&[
        (PLACE, "registration.after"),
        (OUTCOME, Outcome::Inform.name()),
        ("method", VERBS[0]),
        (BODY_KIND, "account"),
        (AUTH_KIND, "signature"),
        (SIGNING, "make"),
        (KEY_IN, "header"),
        ("on", "true"),
    ])
}

fn pairs(pairs: &[(&str, &str)]) -> Fields {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// What stands in it for one that is there.
pub(super) fn of(listed: &Listed) -> Fields {
    let MadeHook { flow, when, outcome, on, method, url, headers, body, auth, methods, .. } = &listed.hook;
    let mut fields = pairs(&[
        ("id", &listed.id),
        (PLACE, &place_name(*flow, *when)),
        (OUTCOME, outcome.name()),
        ("method", method),
        ("url", url),
        (KEY_IN, "header"),
    ]);
    if *on {
        fields.insert("on".into(), "true".into());
    }
    for name in methods {
        fields.insert(format!("{FOR}.{name}"), "true".into());
    }
    let lines: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    fields.insert(HEADERS.into(), lines.join("\n"));
    let kind = match body.as_str() {
        "" => "none",
        ACCOUNT => "account",
        own => {
            fields.insert(BODY.into(), own.to_owned());
            "own"
        }
    };
    fields.insert(BODY_KIND.into(), kind.into());
    let (kind, more): (&str, Vec<(&str, &str)>) = match auth {
        None => ("none", vec![]),
        Some(MadeAuth::BasicAuth { user, .. }) => ("basic", vec![(USER, user)]),
        Some(MadeAuth::ApiKey { place, name, .. }) => (
            "key",
            vec![(KEY_NAME, name), (KEY_IN, if *place == Place::Header { "header" } else { "cookie" })],
        ),
        Some(MadeAuth::StandardWebhooks { .. }) => ("signature", vec![(SIGNING, "keep")]),
    };
    fields.insert(AUTH_KIND.into(), kind.into());
    fields.extend(pairs(&more));
    fields
}

/// As typed, or what cannot be read of it. `id`: of one that is there already.
pub(super) fn read(
    ctx: &Ctx,
    by: OperatorId,
    id: Option<&str>,
    fields: &Fields,
) -> Result<Wanted, Vec<FieldError>> {
    let mut problems = Vec::new();
    let mut wrong = |field: &'static str, message: &str| {
        problems.push(FieldError { field, message: message.to_owned() });
    };
    let place = place(fields);
    if place.is_none() {
        wrong(PLACE, "Choose when it runs.");
    }
    let outcome = Outcome::parse(trimmed(fields, OUTCOME));
    if outcome.is_none() {
        wrong(OUTCOME, "Choose what it can do.");
    }
    let headers = match headers(trimmed(fields, HEADERS)) {
        Ok(headers) => headers,
        Err(message) => {
            wrong(HEADERS, &message);
            Vec::new()
        }
    };
    let auth = auth(ctx, by, fields);
    if auth.is_none() {
        wrong(AUTH, "Choose an authentication method.");
    }
    let body = match trimmed(fields, BODY_KIND) {
        "account" => ACCOUNT.to_owned(),
        "own" => {
            // As browsers send lines, and as they were typed.
            let own = fields.get(BODY).map(|text| text.replace("\r\n", "\n")).unwrap_or_default();
            if own.trim().is_empty() {
                wrong(BODY, "Enter the template, or choose another body.");
            }
            own
        }
        "none" => String::new(),
        _ => {
            wrong(BODY, "Choose what is sent.");
            String::new()
        }
    };
    let (Some((flow, when)), Some(outcome), Some(auth), true) = (place, outcome, auth, problems.is_empty())
    else {
        return Err(problems);
    };
    let methods = MadeHook::possible_methods(flow, when).iter().copied();
    let ticked = |method: &MethodId| has(fields, &format!("{FOR}.{}", method.name()));
    Ok(Wanted {
        id: id.unwrap_or_else(|| trimmed(fields, "id")).to_owned(),
        flow,
        when,
        outcome,
        on: has(fields, "on"),
        methods: methods.filter(ticked).collect(),
        method: trimmed(fields, "method").to_owned(),
        url: trimmed(fields, "url").to_owned(),
        headers,
        body,
        auth,
        despite: has(fields, DESPITE),
    })
}

/// `Name: value` in each line.
fn headers(typed: &str) -> Result<Vec<(String, String)>, String> {
    let lines = typed.split('\n').enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| match line.strip_suffix('\r').unwrap_or(line).split_once(':') {
            Some((name, value)) => Ok((name.trim().to_owned(), value.trim().to_owned())),
            None => Err(format!("Line {} isn’t a header. Enter `Name: value`, one per line.", number + 1)),
        })
        .collect()
}

fn auth(ctx: &Ctx, by: OperatorId, fields: &Fields) -> Option<WantedAuth> {
    let secret = |name| secret(ctx, by, fields, name);
    Some(match trimmed(fields, AUTH_KIND) {
        "none" => WantedAuth::Nothing,
        "basic" => {
            WantedAuth::Basic { user: trimmed(fields, USER).to_owned(), password: secret("auth.password") }
        }
        "key" => WantedAuth::Key {
            place: if trimmed(fields, KEY_IN) == "cookie" { Place::Cookie } else { Place::Header },
            name: trimmed(fields, KEY_NAME).to_owned(),
            value: secret("auth.value"),
        },
        "signature" => WantedAuth::Signature(match trimmed(fields, SIGNING) {
            "make" => Signing::Make,
            "given" => Signing::Given(secret("auth.secret").unwrap_or_default()),
            _ => Signing::Keep,
        }),
        _ => return None,
    })
}

/// What was typed, now or before.
fn secret(ctx: &Ctx, by: OperatorId, fields: &Fields, name: &str) -> Option<String> {
    let typed = Some(trimmed(fields, name)).filter(|text| !text.is_empty());
    typed.map(str::to_owned).or_else(|| secrets::carried(ctx, by, fields.get(&sealed(name))?))
}

/// The same fields with secrets sealed, to be put into a page.
pub(super) fn shown(ctx: &Ctx, by: OperatorId, mut fields: Fields) -> engine::Result<Fields> {
    for name in SECRETS {
        let typed = secret(ctx, by, &fields, name);
        fields.remove(name);
        fields.remove(&sealed(name));
        if let Some(typed) = typed {
            fields.insert(sealed(name), secrets::carry(ctx, by, &typed)?);
        }
    }
    Ok(fields)
}
