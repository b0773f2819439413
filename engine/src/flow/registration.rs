//! Sign-up: start, read, submit. What runs after the form was accepted is [`crate::plan::plan`]'s word; it is done in
//! `registration/run.rs`.

mod run;

use super::{
    Body, ContinueWith, Flow, FlowType, HandedOver, ShowVerification, Start, Started, StoredKind, Submit,
    Submitted, already_signed_in, blank, counted, csrf_token,
    envelope::{self, insert, may_submit, save_refused},
    first, handover, invited, landing, linking, nodes, return_to, social,
};
use crate::config::social::Provider;
use crate::config::{IdentitySchema, Method};
use crate::effects::to_completion;
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::identity::schema::Extracted;
use crate::identity::{Identity, decode};
use crate::ids::FlowId;
use crate::limits;
use crate::password::{self, Caller};
use crate::plan::{Client, FlowKind, Step, plan};
use crate::store;
use crate::trace::Running;
use crate::ui::{self, InputKind, Text, text};
pub(super) use run::Ran;
use run::{Execution, Proof};
use serde_json::{Value, json};
use url::Url;

/// A finished sign-up.
#[derive(Debug)]
pub struct Registered {
    pub client: Client,
    pub identity: Identity,
    /// Only when the plan signs in: the engine makes no session that it does not hand over.
    pub handed_over: Option<HandedOver>,
    pub continue_with: Vec<ContinueWith>,
    pub return_to: Url,
    /// The verification that was begun. It is shown only where the hook `show_verification_ui` says so.
    pub verification: Option<ShowVerification>,
    /// Signs in when the address is proven; only when the plan waits for that.
    pub pending: Option<handover::Pending>,
    /// The browser gets this anti-forgery cookie, as whenever a session or a verification begins.
    pub new_csrf_cookie: Option<String>,
}

/// Begins a sign-up.
///
/// # Errors
/// 400 `self_service_flow_disabled`, `self_service_flow_return_to_forbidden`, a schema that nobody may choose, or an OAuth 2.0 challenge; 403 and 410 without
/// the invitation that it takes.
pub async fn start(ctx: &Ctx, start: Start) -> Result<Started> {
    enabled(ctx)?;
    super::without_oauth2(&start.query)?;
    let wanted = first(&start.query, "return_to");
    let target = wanted.map(|wanted| return_to::check(&ctx.config, wanted)).transpose()?;
    let schema_id = chosen_schema(ctx, first(&start.query, "identity_schema"))?;
    if start.current.is_some() {
        return match start.kind_of_client {
            FlowType::Api => Err(already_signed_in()),
            FlowType::Browser => {
                Ok(Started::SignedIn(target.unwrap_or_else(|| ctx.config.default_return_url())))
            }
        };
    }
    let invitation = invited::of_start(ctx, &start).await?;
    let mut flow = blank(ctx, StoredKind::Registration, &start, ctx.config.selfservice.registration.lifespan);
    flow.identity_schema = schema_id;
    draw(ctx, &mut flow)?;
    if let Some(invitation) = invitation {
        flow.invitation = Some(invitation.id);
        let schema = schema_of(ctx, &flow)?.schema.clone();
        invited::fill_in(&mut flow, &invitation, &schema);
    }
    limits::volume::flow(ctx, &start.requester).await?;
    super::before(ctx, &ctx.config.selfservice.registration.before, &flow, &start.seen).await?;
    insert(ctx, &flow).await?;
    super::exchange::begin(ctx, &start, &mut flow).await?;
    Ok(Started::Flow(Box::new(flow)))
}

/// See [`envelope::get`]; 400 when nothing is found and sign-up is off.
pub async fn get(ctx: &Ctx, id: Option<FlowId>, cookies: &[String]) -> Result<Flow> {
    enabled(ctx)?;
    let id = id.ok_or_else(super::unknown)?;
    envelope::get(ctx, StoredKind::Registration, id, cookies).await
}

/// Takes a form. See [`Submitted`] for what is not an error.
///
/// # Errors
/// As the contract says: 400, 403, 404, 503.
pub async fn submit(ctx: &Ctx, submit: Submit) -> Result<Submitted<Registered>> {
    let method = counted::method_of(&submit.body);
    let outcome = Box::pin(take(ctx, submit)).await;
    counted::submitted(ctx, StoredKind::Registration, method, &outcome);
    outcome
}

async fn take(ctx: &Ctx, mut submit: Submit) -> Result<Submitted<Registered>> {
    let Some(mut flow) = envelope::open(ctx, StoredKind::Registration, &mut submit).await? else {
        return super::signed_in_already(ctx, submit.json);
    };
    enabled(ctx)?;
    let client = flow.client(submit.json);
    if submit.current.is_some() {
        return super::signed_in_already(ctx, client != Client::Browser);
    }
    if flow.expires_at <= ctx.effects().now() {
        return replace(ctx, &flow, &submit).await;
    }
    flow.ui.reset_messages();
    if let Ok(schema) = schema_of(ctx, &flow) {
        let most = ctx.config.vestibule.requests.messages;
        flow.ui.forget_made_fields(&schema.schema.names(), most);
    }
    let body = match decoded(ctx, &flow, submit.body.clone())? {
        Ok(body) => body,
        Err(reason) => return again(ctx, flow, [text::generic(&reason)]).await,
    };
    if let Err(refused) = super::take_transient_payload(ctx, &mut flow, &body) {
        return again(ctx, flow, [refused]).await;
    }
    if social::is_meant(&body) {
        return social::submit(ctx, flow, submit, &body).await;
    }
    match body.get("method").and_then(Value::as_str).and_then(Method::parse) {
        Some(Method::Password) if ctx.config.selfservice.password.enabled => {}
        Some(Method::Password) => return Err(super::switched_off()),
        Some(
            Method::Oidc
            | Method::Code
            | Method::Link
            | Method::Totp
            | Method::Passkey
            | Method::Webauthn
            | Method::LookupSecret,
        )
        | None => return again(ctx, flow, [text::no_registration_method()]).await,
    }
    let checking = Running::begin(ctx.engine.trace(), &Step::Check);
    let form = match accept(ctx, &mut flow, &submit, &body)? {
        Ok(form) => form,
        Err(()) => return comes_back(ctx, flow).await,
    };
    let invitation = match invited::of_submit(ctx, &flow, &form.extracted).await? {
        Ok(invitation) => invitation,
        Err(refused) => {
            flow.ui.put_values(&body);
            return again(ctx, flow, [refused]).await;
        }
    };
    if let Some(refused) =
        password::check_chosen(&ctx.config, &form.password, &form.extracted.password_identifiers)
    {
        flow.ui.put_values(&body);
        flow.ui.attach("password", refused);
        return comes_back(ctx, flow).await;
    }
    checking.passed();
    if let Some(seconds) = limits::volume::sign_up(ctx, &submit.requester).await? {
        flow.ui.put_values(&body);
        return super::too_early(ctx, flow, client, seconds).await;
    }
    let plan = plan(&ctx.config, FlowKind::Registration, Method::Password, client);
    let hashing = Running::begin(ctx.engine.trace(), &Step::Hash);
    let hash = hash_beside_breach_check(ctx, Caller::of(&submit.requester), &form).await?;
    let hash = match hash {
        Ok(hash) => hash,
        Err(refused) => {
            flow.ui.put_values(&body);
            flow.ui.attach("password", refused);
            return comes_back(ctx, flow).await;
        }
    };
    hashing.passed();
    let work = Execution {
        ctx: ctx.clone(),
        plan,
        form,
        invitation,
        proof: Proof::Password(hash),
        requester: submit.requester,
        seen: submit.seen,
    };
    let extracted = work.form.extracted.clone();
    // From here on a disconnect stops nothing: what was committed is followed by what belongs to it.
    let ctx = ctx.clone();
    to_completion(ctx.engine.following(), async move {
        match work.run(&flow).await? {
            Ran::Done(done) => Ok(Submitted::Done(*done)),
            Ran::Taken => {
                // Kratos empties the form here; nothing that was typed is lost with us (docs/compatibility.md).
                flow.ui.put_values(&body);
                let told = taken(&ctx, &extracted).await?;
                again(&ctx, flow, [told]).await
            }
            Ran::Refused(messages) => {
                flow.ui.put_values(&body);
                for (name, message) in messages {
                    flow.ui.attach(&name, message);
                }
                comes_back(&ctx, flow).await
            }
        }
    })
    .await
}

/// What whoever signs up with a taken address is told; how its account signs in is its owner's business, unless the administrator
/// wants hints.
async fn taken(ctx: &Ctx, extracted: &Extracted) -> Result<Text> {
    if !ctx.config.selfservice.registration.login_hints {
        return Ok(text::identifier_exists());
    }
    // Whose it was may be gone again by now.
    let Some((identity, identifier)) = landing::conflict(ctx, extracted).await? else {
        return Ok(text::identifier_exists());
    };
    let mut tx = ctx.db().single().await?;
    let credentials = store::identities::credentials(&mut tx, identity.id).await?;
    let (kinds, providers) = (linking::kinds_of(&credentials), linking::providers_of(&credentials));
    let password = kinds.contains(&Method::Password.name()).then(|| "a password".to_owned());
    let offered = ctx.config.selfservice.social.offered();
    let labels = offered.iter().filter(|one| providers.contains(&one.id)).map(|one| one.label.clone());
    let ways: Vec<String> = password.into_iter().chain(labels).collect();
    Ok(text::identifier_exists_with_hints(&identifier, &kinds, &providers, &ways))
}

/// The part of the form that a sign-up with a password needs, checked.
struct Form {
    schema_id: String,
    traits: Value,
    extracted: Extracted,
    password: String,
}

/// Traits and required fields all at once, then the token: a request that fails both gets its form back (Kratos:
/// selfservice/strategy/password/registration.go).
fn accept(
    ctx: &Ctx,
    flow: &mut Flow,
    submit: &Submit,
    body: &Value,
) -> Result<std::result::Result<Form, ()>> {
    let schema = schema_of(ctx, flow)?;
    let mut traits = body.get("traits").cloned().unwrap_or_else(|| json!({}));
    schema.schema.nest(&mut traits);
    let password = super::as_text(body.get("password"));
    let checked = schema.schema.validate(&traits, ctx.config.vestibule.requests.violations());
    let fine = checked.is_ok() && !password.is_empty();
    if !fine {
        // Before the messages: a field that is made for a message only gets no value.
        flow.ui.put_values(body);
    }
    if password.is_empty() {
        flow.ui.attach("password", text::required("password"));
    }
    let extracted = match checked {
        Ok(extracted) => extracted,
        Err(violations) => {
            for violation in violations {
                flow.ui.attach(&violation.pointer, violation.text);
            }
            Extracted::default()
        }
    };
    if !fine {
        return Ok(Err(()));
    }
    match may_submit(flow, submit, body.get("csrf_token").and_then(Value::as_str)) {
        Ok(()) => {}
        Err(Ok(sentence)) => {
            flow.ui.put_values(body);
            flow.message(text::generic(&sentence));
            return Ok(Err(()));
        }
        Err(Err(error)) => return Err(error),
    }
    if extracted.password_identifiers.is_empty() {
        flow.ui.put_values(body);
        flow.message(text::no_identifier());
        return Ok(Err(()));
    }
    Ok(Ok(Form { schema_id: schema.id.clone(), traits, extracted, password }))
}

/// The breach check waits for the network while the hash waits for a processor.
async fn hash_beside_breach_check(
    ctx: &Ctx,
    caller: Caller,
    form: &Form,
) -> Result<std::result::Result<String, Text>> {
    let (hash, breached) = futures::join!(
        ctx.engine.hasher().hash(caller, ctx.effects(), &ctx.config.hashers, &form.password),
        password::check_breaches(ctx.effects(), &ctx.config, &form.password),
    );
    Ok(match breached? {
        Some(refused) => Err(refused),
        None => Ok(hash?),
    })
}

/// Carries the plan out for somebody who came from a provider; `accepted`: schema, traits, and what these hold.
pub(super) async fn by_provider(
    ctx: &Ctx,
    flow: &Flow,
    client: Client,
    (schema_id, traits, extracted): (String, Value, Extracted),
    arrived: landing::Arrived,
    request: &Submit,
) -> Result<Ran> {
    let invitation = match invited::of_submit(ctx, flow, &extracted).await? {
        Ok(invitation) => invitation,
        Err(refused) => return Ok(Ran::Refused(vec![(String::new(), refused)])),
    };
    if let Some(seconds) = limits::volume::sign_up(ctx, &request.requester).await? {
        return Ok(Ran::Refused(vec![(String::new(), text::too_many_attempts(seconds))]));
    }
    let work = Execution {
        ctx: ctx.clone(),
        plan: plan(&ctx.config, FlowKind::Registration, Method::Oidc, client),
        form: Form { schema_id, traits, extracted, password: String::new() },
        invitation,
        proof: Proof::Provider(Box::new(arrived)),
        requester: request.requester.clone(),
        seen: request.seen.clone(),
    };
    work.run(flow).await
}

/// A sign-up in the place of a sign-in whose person is not known yet.
pub(super) async fn converted(ctx: &Ctx, from: &Flow, request: &Submit) -> Result<Flow> {
    if ctx.config.vestibule.registration.invite_only {
        return Err(Error::invalid(
            "Sign-up needs an invitation here, and there is no account for this sign-in yet.",
        )
        .with_id("self_service_flow_disabled"));
    }
    let lifespan = ctx.config.selfservice.registration.lifespan;
    let mut flow = social::turned(ctx, from, StoredKind::Registration, lifespan, request);
    draw(ctx, &mut flow)?;
    super::before(ctx, &ctx.config.selfservice.registration.before, &flow, &request.seen).await?;
    insert(ctx, &flow).await?;
    Ok(flow)
}

/// In the place of one that has expired.
pub(super) async fn replacement(ctx: &Ctx, old: &Flow, request: &Submit) -> Result<Flow> {
    match replace(ctx, old, request).await? {
        Submitted::Replaced { flow, .. } => Ok(*flow),
        _ => Err(Error::internal("an expired flow that is not replaced")),
    }
}

/// The form with nothing but the traits and the button that goes on: the provider left something out, or what it said was refused.
pub(super) fn draw_to_go_on(ctx: &Ctx, flow: &mut Flow, provider: &Provider, traits: &Value) -> Result<()> {
    let schema = schema_of(ctx, flow)?.schema.clone();
    let mut list = vec![nodes::csrf(&csrf_token(ctx.effects(), flow))];
    list.extend(nodes::traits(&schema));
    list.push(nodes::provider(&provider.id, text::go_on_to_provider()));
    flow.ui.nodes = Some(list);
    flow.ui.put_values(&json!({ "traits": traits }));
    Ok(())
}

/// The form with the provider's button alone, after a visit there that came to nothing (Kratos: selfservice/strategy/oidc/strategy.go).
/// What was filled in before it goes along unseen: an invitation's address is part of it.
pub(super) fn draw_to_try_again(ctx: &Ctx, flow: &mut Flow, provider: &Provider, form: &Value) -> Result<()> {
    draw_to_go_on(ctx, flow, provider, &form["traits"])?;
    flow.nodes().retain_mut(|node| {
        if !node.id().starts_with("traits.") {
            return true;
        }
        node.meta.label = None;
        let Some(input) = node.input_mut() else { return false };
        (input.kind, input.required) = (InputKind::Hidden, false);
        (input.pattern, input.autocomplete) = (None, None);
        input.value.as_ref().is_some_and(|value| !value.is_null() && value != "")
    });
    Ok(())
}

pub(super) fn enabled(ctx: &Ctx) -> Result<()> {
    if ctx.config.selfservice.registration.enabled {
        return Ok(());
    }
    Err(Error::invalid(
        "Sign-up is switched off here. Sign in, or ask whoever runs this service for an account.",
    )
    .with_id("self_service_flow_disabled"))
}

/// Only the default schema and those marked `selfservice_selectable` may be chosen.
pub(super) fn chosen_schema(ctx: &Ctx, wanted: Option<&str>) -> Result<Option<String>> {
    let Some(wanted) = wanted else { return Ok(None) };
    let is_default = wanted == ctx.config.identity.default_schema_id;
    match ctx.config.schema(wanted) {
        Some(schema) if is_default || schema.selfservice_selectable => Ok(Some(wanted.to_owned())),
        Some(_) | None => Err(Error::invalid("There is no identity schema of that name to choose.")),
    }
}

pub(super) fn schema_of<'a>(ctx: &'a Ctx, flow: &Flow) -> Result<&'a IdentitySchema> {
    let id = flow.identity_schema.as_ref().unwrap_or(&ctx.config.identity.default_schema_id);
    ctx.config.schema(id).ok_or_else(|| {
        Error::invalid("The kind of account this form was made for is not offered any more. Start again.")
    })
}

/// The nodes of a fresh form.
fn draw(ctx: &Ctx, flow: &mut Flow) -> Result<()> {
    let schema = schema_of(ctx, flow)?.schema.clone();
    let mut list = vec![nodes::csrf(&csrf_token(ctx.effects(), flow))];
    let buttons = social::buttons(ctx, StoredKind::Registration);
    // As in Kratos, the methods bring the traits along: without one there is nothing to fill in.
    if ctx.config.selfservice.password.enabled || !buttons.is_empty() {
        list.extend(nodes::traits(&schema));
    }
    if ctx.config.selfservice.password.enabled {
        list.push(nodes::password("new-password"));
        list.push(nodes::method(Method::Password, ui::Group::Password, text::sign_up()));
    }
    list.extend(buttons);
    ui::sort::registration(&mut list, &schema.names());
    flow.ui.nodes = Some(list);
    Ok(())
}

/// Members of the body by name, traits nested; or why the body cannot be read.
fn decoded(ctx: &Ctx, flow: &Flow, body: Body) -> Result<std::result::Result<Value, String>> {
    const MEMBERS: [&str; 10] = [
        "method",
        "password",
        "traits",
        "csrf_token",
        "transient_payload",
        "screen",
        "provider",
        "upstream_parameters",
        "id_token",
        "id_token_nonce",
    ];
    let shape = ctx.config.vestibule.requests.shape();
    Ok(match body {
        Body::Json(body) => decode::json(body, &MEMBERS, Some(&schema_of(ctx, flow)?.schema), shape),
        Body::Form(pairs) => Ok(decode::form(&pairs, &MEMBERS, Some(&schema_of(ctx, flow)?.schema), shape)),
        Body::Unreadable(reason) | Body::Unfit { reason, .. } => Err(reason),
    })
}

async fn again(
    ctx: &Ctx,
    mut flow: Flow,
    texts: impl IntoIterator<Item = Text>,
) -> Result<Submitted<Registered>> {
    flow.ui.messages.extend(texts);
    comes_back(ctx, flow).await
}

async fn comes_back(ctx: &Ctx, mut flow: Flow) -> Result<Submitted<Registered>> {
    let names = schema_of(ctx, &flow).map(|schema| schema.schema.names()).unwrap_or_default();
    ui::sort::registration(flow.nodes(), &names);
    save_refused(ctx, &mut flow).await?;
    Ok(Submitted::Again(Box::new(flow)))
}

/// An expired flow gives way to a new one of the same kind, for the same address and schema.
async fn replace(ctx: &Ctx, old: &Flow, submit: &Submit) -> Result<Submitted<Registered>> {
    let mut flow = envelope::successor(ctx, old, submit, ctx.config.selfservice.registration.lifespan);
    draw(ctx, &mut flow)?;
    flow.message(text::registration_expired(old.expires_at));
    insert(ctx, &flow).await?;
    Ok(Submitted::Replaced { expired_at: old.expires_at, flow: Box::new(flow) })
}
