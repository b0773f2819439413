//! Sign-in: start, read, submit, refresh.

use super::{
    Body, ContinueWith, Flow, FlowType, HandedOver, ShowVerification, Start, Started, StoredKind, Submit,
    Submitted, already_signed_in,
    basis::Basis,
    blank, counted, csrf_token,
    envelope::{self, insert, may_submit, save_refused},
    first, linking, nodes, return_to, return_url, social, verification, webhook,
};
use crate::config::{Hook, Method};
use crate::effects::to_completion;
use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::identity::{self, Identity, VerifiableAddress, decode, normalise_identifier};
use crate::ids::FlowId;
use crate::limits::{self, Standing, passwords::Judged};
use crate::password::{Caller, Verdict};
use crate::plan::{Client, FlowKind, Plan, Step, plan};
use crate::requester::Requester;
use crate::session::{self, DeviceInfo};
use crate::social::SentToken;
use crate::store;
use crate::ui::{self, Text, text};
use serde_json::{Value, json};
use url::Url;

/// A finished sign-in.
#[derive(Debug)]
pub struct SignedIn {
    pub client: Client,
    pub identity: Identity,
    pub handed_over: HandedOver,
    pub continue_with: Vec<ContinueWith>,
    pub return_to: Url,
    /// Not for a refresh by the same person.
    pub new_csrf_cookie: bool,
}

/// Begins a sign-in.
///
/// # Errors
/// 400 for an unknown `aal`, a forbidden `return_to`, a schema that nobody may choose or an OAuth 2.0 challenge · 401 `session_aal1_required`.
pub async fn start(ctx: &Ctx, start: Start) -> Result<Started> {
    super::without_oauth2(&start.query)?;
    let wanted = first(&start.query, "return_to");
    let target = wanted.map(|wanted| return_to::check(&ctx.config, wanted)).transpose()?;
    let refresh = first(&start.query, "refresh").is_some_and(is_true);
    let aal = first(&start.query, "aal").unwrap_or("aal1").to_lowercase();
    if !matches!(aal.as_str(), "aal1" | "aal2") {
        return Err(Error::invalid("The parameter aal knows aal1 and aal2 only."));
    }
    let schema = super::registration::chosen_schema(ctx, first(&start.query, "identity_schema"))?;
    let mut flow = blank(ctx, StoredKind::Login, &start, ctx.config.selfservice.login.lifespan);
    flow.identity_schema = schema;
    flow.requested_aal = aal;
    match &start.current {
        None if flow.requested_aal == "aal2" => {
            return Err(Error::new(
                Kind::Unauthenticated,
                "A second factor can be asked for once somebody is signed in.",
            )
            .with_id("session_aal1_required"));
        }
        None => {}
        Some(current) if refresh => {
            flow.refresh = true;
            flow.requested_aal = "aal1".to_owned();
            flow.message(text::refresh());
            draw_refresh(ctx, &mut flow, &current.identity).await?;
        }
        Some(current) if flow.requested_aal > current.session.aal => flow.message(text::second_factor()),
        Some(_) => {
            return match start.kind_of_client {
                FlowType::Api => Err(already_signed_in()),
                FlowType::Browser => {
                    Ok(Started::SignedIn(target.unwrap_or_else(|| ctx.config.default_return_url())))
                }
            };
        }
    }
    if !flow.refresh && flow.requested_aal == "aal1" {
        draw(ctx, &mut flow);
    }
    limits::volume::flow(ctx, &start.requester).await?;
    super::before(ctx, &ctx.config.selfservice.login.before, &flow, &start.seen).await?;
    insert(ctx, &flow).await?;
    super::exchange::begin(ctx, &start, &mut flow).await?;
    Ok(Started::Flow(Box::new(flow)))
}

/// See [`envelope::get`].
pub async fn get(ctx: &Ctx, id: Option<FlowId>, cookies: &[String]) -> Result<Flow> {
    let id = id.ok_or_else(super::unknown)?;
    envelope::get(ctx, StoredKind::Login, id, cookies).await
}

/// Takes a form. See [`Submitted`] for what is not an error.
///
/// # Errors
/// As the contract says: 400, 401, 403, 404, 503.
pub async fn submit(ctx: &Ctx, submit: Submit) -> Result<Submitted<SignedIn>> {
    let method = counted::method_of(&submit.body);
    let outcome = Box::pin(take(ctx, submit)).await;
    counted::submitted(ctx, StoredKind::Login, method, &outcome);
    outcome
}

async fn take(ctx: &Ctx, mut submit: Submit) -> Result<Submitted<SignedIn>> {
    let Some(mut flow) = envelope::open(ctx, StoredKind::Login, &mut submit).await? else {
        return super::signed_in_already(ctx, submit.json);
    };
    let client = flow.client(submit.json);
    flow.ui.reset_messages();
    if submit.current.is_some() && !flow.refresh && flow.requested_aal == "aal1" {
        return match client {
            Client::Browser => Ok(Submitted::SignedIn(ctx.config.default_return_url())),
            Client::Spa | Client::Native => {
                again(ctx, flow, [text::generic("Somebody is signed in already. Sign out first.")]).await
            }
        };
    }
    if flow.expires_at <= ctx.effects().now() {
        return replace(ctx, &flow, &submit).await;
    }
    let body = match decoded(ctx, submit.body.clone()) {
        Ok(body) => body,
        Err(reason) => return again(ctx, flow, [text::generic(&reason)]).await,
    };
    if let Err(refused) = super::take_transient_payload(ctx, &mut flow, &body) {
        return again(ctx, flow, [refused]).await;
    }
    if social::is_meant(&body) && flow.requested_aal == "aal1" {
        return social::submit(ctx, flow, submit, &body).await;
    }
    match body.get("method").and_then(Value::as_str).and_then(Method::parse) {
        Some(Method::Password) if flow.requested_aal != "aal1" => {
            return again(ctx, flow, [text::no_login_method()]).await;
        }
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
        | None => return again(ctx, flow, [text::no_login_method()]).await,
    }
    let Some((identifier, password)) = accept(&mut flow, &submit, &body)? else {
        return comes_back(ctx, flow).await;
    };
    let who = authenticate(ctx, (&submit.requester, client), &identifier, &password).await?;
    let (identity, basis) = match who {
        Authenticated::As(identity, basis) => (*identity, basis),
        Authenticated::Wrong => return again(ctx, flow, [text::invalid_credentials()]).await,
        Authenticated::TooEarly(seconds) => return super::too_early(ctx, flow, client, seconds).await,
    };
    active(&identity)?;
    let plan = plan(&ctx.config, FlowKind::Login, Method::Password, client);
    let ctx = ctx.clone();
    let used = normalise_identifier(&identifier);
    to_completion(ctx.engine.following(), async move {
        let by = By { basis, provider: None, parked: false, token: None };
        execute(&ctx, &plan, &flow, identity, &used, submit, by).await
    })
    .await
}

/// # Errors
/// 401 for an account that is switched off.
pub(super) fn active(identity: &Identity) -> Result<()> {
    if identity.state == identity::State::Inactive {
        return Err(Error::new(
            Kind::Unauthenticated,
            "This account is switched off. Ask whoever runs this service.",
        )
        .detail("identity_id", json!(identity.id)));
    }
    Ok(())
}

/// A sign-in in the place of a sign-up whose person is known.
pub(super) async fn converted(ctx: &Ctx, from: &Flow, request: &Submit) -> Result<Flow> {
    let lifespan = ctx.config.selfservice.login.lifespan;
    let mut flow = social::turned(ctx, from, StoredKind::Login, lifespan, request);
    draw(ctx, &mut flow);
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

/// What is to be known of a proof beside its method.
pub(super) struct By<'a> {
    pub(super) basis: Basis,
    pub(super) provider: Option<&'a str>,
    /// The session is made later, when an app fetches it.
    pub(super) parked: bool,
    /// What is used up by this sign-in.
    pub(super) token: Option<&'a SentToken>,
}

/// Identifier and password, both there and sent by who may; `None`: the messages are on the form.
fn accept(flow: &mut Flow, submit: &Submit, body: &Value) -> Result<Option<(String, String)>> {
    let field = |name: &str| super::as_text(body.get(name));
    let mut identifier = field("identifier");
    if identifier.is_empty() {
        identifier = field("password_identifier");
    }
    let password = field("password");
    flow.ui.put_value("identifier", Value::from(identifier.clone()));
    if identifier.is_empty() {
        flow.ui.attach("identifier", text::required("identifier"));
    }
    if password.is_empty() {
        flow.ui.attach("password", text::required("password"));
    }
    if identifier.is_empty() || password.is_empty() {
        return Ok(None);
    }
    match may_submit(flow, submit, body.get("csrf_token").and_then(Value::as_str)) {
        Ok(()) => Ok(Some((identifier, password))),
        Err(Ok(sentence)) => {
            flow.message(text::generic(&sentence));
            Ok(None)
        }
        Err(Err(error)) => Err(error),
    }
}

/// What became of an identifier and a password.
enum Authenticated {
    As(Box<Identity>, Basis),
    /// Also for an unknown identifier, which costs a hash all the same.
    Wrong,
    /// Nothing was compared.
    TooEarly(u32),
}

async fn authenticate(
    ctx: &Ctx,
    (requester, client): (&Requester, Client),
    identifier: &str,
    password: &str,
) -> Result<Authenticated> {
    let kind = Method::Password.name();
    let read = async || {
        let mut tx = ctx.db().read().await?;
        store::identities::by_identifier(&mut tx, kind, &normalise_identifier(identifier)).await
    };
    let stored = |found: &Option<(Identity, identity::Credential)>| {
        let hash = found.as_ref()?.1.config.get("hashed_password")?.as_str();
        hash.map(str::to_owned)
    };
    let found = read().await?;
    let account = found.as_ref().map(|(identity, _)| identity.id);
    let standing = Standing::of(ctx, requester, account, client).await?;
    let judged = limits::passwords::judge(ctx, requester, standing, identifier, found.is_some()).await?;
    let attempt = match judged {
        Judged::Compare(attempt) => attempt,
        Judged::TooEarly(seconds) => return Ok(Authenticated::TooEarly(seconds)),
    };
    let (keys, caller) = (&ctx.config.hashers, Caller::of(requester));
    let hash = stored(&found);
    let verdict = match ctx.engine.hasher().verify(caller, keys, password, hash.as_deref()).await {
        Ok(verdict) => verdict,
        Err(error) => {
            attempt.undo(ctx).await?;
            return Err(error);
        }
    };
    let Some((identity, credential)) = found.filter(|_| verdict != Verdict::Wrong) else {
        return Ok(Authenticated::Wrong);
    };
    let basis = |config: Value| Basis::Credential { kind: Method::Password, config };
    let signed_in = match verdict {
        Verdict::Wrong => return Ok(Authenticated::Wrong),
        Verdict::Right => Authenticated::As(Box::new(identity), basis(credential.config)),
        Verdict::RightButOutdated => {
            let hash = ctx.engine.hasher().hash(caller, ctx.effects(), keys, password).await?;
            let config = json!({ "hashed_password": hash });
            let (was, now) = (&credential.config, ctx.effects().now());
            let mut tx = ctx.db().write().await?;
            let replaced =
                store::identities::replace_credential_config(&mut tx, identity.id, kind, was, &config, now);
            if replaced.await? {
                tx.commit().await?;
                Authenticated::As(Box::new(identity), basis(config))
            } else {
                // Another sign-in of the same person was first, or the password was changed meanwhile.
                drop(tx);
                let newest = read().await?;
                let hash = stored(&newest);
                let verdict = ctx.engine.hasher().verify(caller, keys, password, hash.as_deref()).await?;
                match newest.filter(|_| verdict != Verdict::Wrong) {
                    Some((identity, credential)) => {
                        Authenticated::As(Box::new(identity), basis(credential.config))
                    }
                    None => return Ok(Authenticated::Wrong),
                }
            }
        }
    };
    attempt.right(ctx).await?;
    Ok(signed_in)
}

/// Carries the plan out for somebody who has proven who they are.
pub(super) async fn execute(
    ctx: &Ctx,
    plan: &Plan,
    flow: &Flow,
    identity: Identity,
    used: &str,
    submit: Submit,
    by: By<'_>,
) -> Result<Submitted<SignedIn>> {
    const CHANGED: &str = "This account was changed meanwhile. Sign in again.";
    let method = plan.method.name();
    let link = match linking::waiting(ctx, flow, identity.id, &submit).await? {
        Ok(link) => link,
        Err(refused) => return again(ctx, flow.clone(), [refused]).await,
    };
    let mut return_to = return_url(&ctx.config, flow, FlowKind::Login, plan.method)?;
    // The session that will be handed over: web hooks learn of it, stored it is at the end.
    let same_person =
        submit.current.clone().filter(|current| flow.refresh && current.identity.id == identity.id);
    let refreshed = same_person.is_some();
    let mut prepared = match same_person {
        Some(mut current) => {
            let token = session::refresh(ctx, &mut current.session, method);
            HandedOver { session: current.session, token }
        }
        None => {
            let (session, token) = session::new(ctx, &identity, method, &DeviceInfo::from(&submit.requester));
            HandedOver { session, token }
        }
    };
    session::by_provider(&mut prepared.session, by.provider);
    if let Some(link) = &link {
        session::linked(&mut prepared.session, &link.provider);
    }
    let mut handed_over = None;
    let mut others_end = false;
    let mut verification = None;
    let mut shown = false;
    for step in &plan.steps {
        match step {
            Step::Before(_)
            | Step::Invitation
            | Step::Check
            | Step::Hash
            | Step::Ask(_)
            | Step::Reserve
            | Step::Pend
            | Step::Store
            | Step::SendCode
            | Step::SignInWhenProven
            | Step::Authenticate => {}
            // No wildcard: a new hook does not compile until it has its place. Those without a feature yet were named
            // when the configuration was read.
            Step::Run(Hook::RequireVerifiedAddress) => {
                if let Some(refused) = require_verified_address(ctx, flow, &identity, used, &submit).await? {
                    return Ok(Submitted::Unverified(refused));
                }
            }
            Step::Run(Hook::Verification) => {
                if let Some(address) =
                    verification::unverified(&identity).filter(|_| ctx.config.sends_codes())
                {
                    verification = Some(send_code(ctx, flow, &identity, address, &submit).await?);
                }
            }
            Step::Run(Hook::ShowVerificationUi) => shown = true,
            Step::Run(Hook::WebHook(hook)) => {
                let about = webhook::About {
                    flow,
                    identity: Some(&identity),
                    session: Some(&prepared.session),
                    method: Some(plan.method),
                    seen: &submit.seen,
                };
                // What it would change of the account is for sign-up alone (contract).
                if let webhook::Said::Refuse(messages) = webhook::call(ctx, hook, about).await? {
                    let mut flow = flow.clone();
                    flow.active = Some(method.to_owned());
                    for (name, message) in messages {
                        flow.ui.attach(&name, message);
                    }
                    return comes_back(ctx, flow).await;
                }
            }
            // With the session that is stored at the end, all or nothing.
            Step::Run(Hook::RevokeActiveSessions) => others_end = true,
            Step::Run(hook @ (Hook::Session | Hook::B2bSso)) => {
                tracing::warn!(hook = hook.name(), "this hook does nothing at login");
            }
            Step::SignIn => {
                let mut tx = ctx.db().write().await?;
                // Somebody proved the address meanwhile. They may have taken the account over, and then what was right is not any
                // more; and a session from before the proof must not begin after it.
                let before = identity.resettable || prepared.session.unverified;
                // sabotage: session-while-it-holds
                let changed = !by.basis.holds(&mut tx, identity.id).await?
                    || before && !store::identities::still_before_proof(&mut tx, &identity).await?;
                if changed {
                    drop(tx);
                    return again(ctx, flow.clone(), [text::generic(CHANGED)]).await;
                }
                // sabotage: id-token-once
                social::spend(ctx, &mut tx, by.token).await?;
                if let Some(link) = &link {
                    linking::link(&mut tx, link, ctx.effects().now()).await?;
                }
                match submit.current.as_ref().filter(|_| flow.refresh) {
                    Some(current) if refreshed => {
                        let was = &current.token;
                        if !session::store_refreshed(ctx, &mut tx, &prepared.session, was).await? {
                            drop(tx);
                            return again(ctx, flow.clone(), [text::generic(CHANGED)]).await;
                        }
                    }
                    // Somebody else takes the place of whoever was signed in, whose session would live on where nobody sees it.
                    Some(other) => {
                        store::sessions::revoke(&mut tx, other.identity.id, other.session.id).await?;
                    }
                    None => {}
                }
                if !refreshed && !by.parked {
                    store::sessions::insert(&mut tx, &prepared.session).await?;
                }
                if others_end {
                    store::sessions::revoke_others(&mut tx, identity.id, prepared.session.id).await?;
                }
                let about = webhook::About {
                    flow,
                    identity: Some(&identity),
                    session: Some(&prepared.session),
                    method: Some(plan.method),
                    seen: &submit.seen,
                };
                webhook::inform(ctx, &mut tx, plan.informed(), &about).await?;
                tx.commit().await?;
                ctx.engine.wake_hooks();
                handed_over = Some(prepared.clone());
            }
        }
    }
    let handed_over = handed_over.ok_or_else(|| Error::internal("a login plan without its last step"))?;
    let mut continue_with = match plan.client {
        Client::Spa => vec![ContinueWith::RedirectBrowserTo { redirect_browser_to: return_to.to_string() }],
        Client::Browser | Client::Native => Vec::new(),
    };
    if let Some(verification) = verification.filter(|_| shown) {
        continue_with.push(verification.item(plan.client != Client::Native));
        return_to = verification.url;
    }
    Ok(Submitted::Done(SignedIn {
        client: plan.client,
        identity,
        handed_over,
        continue_with,
        return_to,
        new_csrf_cookie: plan.client != Client::Native && !refreshed,
    }))
}

/// `None`: some address is proven, or the very one that was typed where `vestibule.login.require_verified_identifier` says so and it is
/// an address. Otherwise a code is under way, and nobody is signed in (Kratos: selfservice/hook/require_verified_address.go).
///
/// # Errors
/// 500 `invalid_configuration` for an identity without any address that could be proven.
async fn require_verified_address(
    ctx: &Ctx,
    flow: &Flow,
    identity: &Identity,
    used: &str,
    submit: &Submit,
) -> Result<Option<ShowVerification>> {
    let typed = identity.verifiable_addresses.iter().find(|address| address.value == used);
    let typed = typed.filter(|_| ctx.config.vestibule.require_verified_identifier);
    let proven = match typed {
        Some(typed) => typed.verified,
        // sabotage: session-after-proof
        None => identity.verifiable_addresses.iter().any(|address| address.verified),
    };
    if proven {
        return Ok(None);
    }
    let waits = typed.filter(|address| address.via == "email").or_else(|| verification::unverified(identity));
    let Some(address) = waits.filter(|_| ctx.config.sends_codes()) else {
        return Err(Error::new(
            Kind::Internal,
            "Signing in needs a confirmed address, and this account has none that could be confirmed. Ask whoever runs \
             this service.",
        )
        .with_id("invalid_configuration"));
    };
    send_code(ctx, flow, identity, address, submit).await.map(Some)
}

async fn send_code(
    ctx: &Ctx,
    flow: &Flow,
    identity: &Identity,
    address: &VerifiableAddress,
    submit: &Submit,
) -> Result<ShowVerification> {
    // Whoever submits need not be the browser that the flow began in.
    let cookie = match flow.kind_of_client {
        FlowType::Api => "",
        FlowType::Browser => submit.csrf_cookie.as_deref().unwrap_or(&flow.csrf_cookie),
    };
    let mut tx = ctx.db().write().await?;
    let begun =
        verification::begin(ctx, &mut tx, flow, cookie, &submit.requester, identity.id, address).await?;
    tx.commit().await?;
    Ok(begun)
}

/// The nodes of a fresh form.
fn draw(ctx: &Ctx, flow: &mut Flow) {
    let mut list = vec![nodes::csrf(&csrf_token(ctx.effects(), flow))];
    if ctx.config.selfservice.password.enabled {
        list.push(identifier_of(ctx, flow));
        list.push(nodes::password("current-password"));
        list.push(nodes::method(Method::Password, ui::Group::Password, text::sign_in_with_password()));
    }
    list.extend(social::buttons(ctx, StoredKind::Login));
    ui::sort::login(&mut list);
    flow.ui.nodes = Some(list);
}

/// The field for the identifier, as the flow's schema calls it.
pub(super) fn identifier_of(ctx: &Ctx, flow: &Flow) -> ui::Node {
    let chosen = flow.identity_schema.as_deref().and_then(|id| ctx.config.schema(id));
    let schema = chosen.or_else(|| ctx.config.default_schema());
    nodes::identifier(schema.map(|schema| schema.schema.as_ref()))
}

/// The nodes for somebody whose name is known.
async fn draw_refresh(ctx: &Ctx, flow: &mut Flow, identity: &Identity) -> Result<()> {
    let mut tx = ctx.db().read().await?;
    let credentials = store::identities::credentials(&mut tx, identity.id).await?;
    let mut list = vec![nodes::csrf(&csrf_token(ctx.effects(), flow))];
    let own = credentials.iter().find(|credential| {
        credential.kind == Method::Password.name() && credential.config.get("hashed_password").is_some()
    });
    if let Some(identifier) = own.and_then(|credential| credential.identifiers.first()) {
        list.push(nodes::hidden_identifier(identifier));
        list.push(nodes::password("current-password"));
        list.push(nodes::method(Method::Password, ui::Group::Password, text::sign_in()));
    }
    let linked = linking::providers_of(&credentials);
    for provider in ctx.config.selfservice.social.offered() {
        if linked.contains(&provider.id) {
            list.push(nodes::provider(&provider.id, text::sign_in_with(&provider.label, &provider.id)));
        }
    }
    ui::sort::login(&mut list);
    flow.ui.nodes = Some(list);
    Ok(())
}

/// Traits may come along for a sign-up that takes its place, which is one of the default schema.
fn decoded(ctx: &Ctx, body: Body) -> std::result::Result<Value, String> {
    const MEMBERS: [&str; 11] = [
        "method",
        "identifier",
        "password_identifier",
        "password",
        "csrf_token",
        "transient_payload",
        "provider",
        "upstream_parameters",
        "traits",
        "id_token",
        "id_token_nonce",
    ];
    let schema = ctx.config.default_schema().map(|schema| &*schema.schema);
    let shape = ctx.config.vestibule.requests.shape();
    match body {
        Body::Json(body) => decode::json(body, &MEMBERS, schema, shape),
        Body::Form(pairs) => Ok(decode::form(&pairs, &MEMBERS, schema, shape)),
        Body::Unreadable(reason) | Body::Unfit { reason, .. } => Err(reason),
    }
}

/// Go's idea of a true boolean (strconv.ParseBool), which Kratos reads this parameter with.
fn is_true(text: &str) -> bool {
    matches!(text, "1" | "t" | "T" | "TRUE" | "true" | "True")
}

async fn again(
    ctx: &Ctx,
    mut flow: Flow,
    texts: impl IntoIterator<Item = Text>,
) -> Result<Submitted<SignedIn>> {
    flow.ui.messages.extend(texts);
    comes_back(ctx, flow).await
}

async fn comes_back(ctx: &Ctx, mut flow: Flow) -> Result<Submitted<SignedIn>> {
    save_refused(ctx, &mut flow).await?;
    Ok(Submitted::Again(Box::new(flow)))
}

/// An expired flow gives way to a new one for the same address.
async fn replace(ctx: &Ctx, old: &Flow, submit: &Submit) -> Result<Submitted<SignedIn>> {
    let mut flow = envelope::successor(ctx, old, submit, ctx.config.selfservice.login.lifespan);
    match &submit.current {
        Some(current) if old.refresh => {
            flow.refresh = true;
            draw_refresh(ctx, &mut flow, &current.identity).await?;
        }
        Some(_) | None => draw(ctx, &mut flow),
    }
    flow.message(text::login_expired(old.expires_at));
    insert(ctx, &flow).await?;
    Ok(Submitted::Replaced { expired_at: old.expires_at, flow: Box::new(flow) })
}
