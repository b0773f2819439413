//! From a request to a reply, for every page alike: parameters, roles, the password that a form carries, drafts, and what became of
//! it all. A server routes to an [`Entry`].

use super::super::fields::{Fields, text, trimmed};
use super::super::nav::Place;
use super::frame::{self, Notice, Told};
use super::page::{Acted, Asked, Asks, Loaded, Meta, Page, Posted, Reply, Verb, Visit};
use axum::extract::Query as Parameters;
use engine::operators::{self, Role};
use engine::{Error, Kind};
use serde::de::DeserializeOwned;
use std::pin::Pin;

type Answering = Pin<Box<dyn Future<Output = Reply> + Send>>;

/// A page that can be routed to, whatever its type.
pub struct Entry {
    pub meta: Meta,
    pub verbs: &'static [Verb],
    pub answer: fn(Visit, Asked) -> Answering,
}

/// GET, POST and roles of a page.
pub fn mount<P: Page>() -> Entry {
    Entry {
        meta: P::META,
        verbs: P::VERBS,
        answer: |visit, asked| {
            Box::pin(async move {
                match answer::<P>(visit, asked).await {
                    Ok(reply) => reply,
                    Err(failed) => Reply::Failed(Box::new(failed)),
                }
            })
        },
    }
}

/// The same at another place, for a page that is several.
pub fn mount_at<P: Page>(place: &'static Place) -> Entry {
    Entry { meta: Meta { path: place.path, place, role: place.role, ..P::META }, ..mount::<P>() }
}

async fn answer<P: Page>(mut visit: Visit, asked: Asked) -> engine::Result<Reply> {
    if !visit.may(P::META.role) {
        return refused(&visit, P::META.refused, P::META.role, "open").await;
    }
    let Some(query) = query::<P::Query>(&asked.query) else { return Ok(Reply::Gone) };
    let Some(form) = &asked.form else {
        return look::<P>(&visit, &asked, query).await;
    };
    let mut fields: Fields = form.iter().cloned().collect();
    let action = trimmed(&fields, "action").to_owned();
    let (name, argument) = action.split_once(':').unwrap_or((&action, ""));
    // A form with one button need not name it.
    let verb =
        if name.is_empty() { P::VERBS.first() } else { P::VERBS.iter().find(|verb| verb.name == name) };
    let Some(verb) = verb else { return Ok(Reply::Gone) };
    if !visit.may(verb.role) {
        return refused(&visit, verb.refused, verb.role, verb.name).await;
    }
    let password = fields.remove("password").unwrap_or_default();
    let mut wrong = None;
    if verb.confirms && !password.is_empty() && visit.is_stale() {
        match operators::confirm(&visit.engine, &visit.operator, &password).await? {
            Ok(fresh) => visit.operator = fresh,
            Err(sentence) => wrong = Some(sentence),
        }
    }
    let posted = Posted {
        verb: verb.name,
        argument: argument.to_owned(),
        base: trimmed(&fields, "base").parse().unwrap_or_default(),
        reason: text(&fields, "reason").to_owned(),
        fields,
    };
    let reason = posted.reason.clone();
    let told = |asks| Told { asks, reason: &reason, wrong: wrong.as_deref(), restored: false, notice: None };
    Ok(match P::act(&visit, query, posted).await? {
        Acted::Done(to) => Reply::See(to),
        Acted::Gone => Reply::Gone,
        Acted::Shown(view) => frame::show::<P>(&visit, asked.swap, view, told(Asks::default()), 200),
        Acted::Again(view, asks) => {
            let status = if asks.conflict.is_some() { 409 } else { 422 };
            frame::show::<P>(&visit, asked.swap, view, told(asks), status)
        }
    })
}

async fn look<P: Page>(visit: &Visit, asked: &Asked, query: P::Query) -> engine::Result<Reply> {
    let draft = match P::META.draft.filter(|_| asked.parameter("kept") == Some("true")) {
        Some(_) => operators::kept::kept(&visit.engine, &visit.operator.operator, asked.path()).await?,
        None => None,
    };
    let typed: Option<Fields> =
        draft.map(|draft| url::form_urlencoded::parse(draft.as_bytes()).into_owned().collect());
    let reason = typed.as_ref().map(|typed| text(typed, "reason").to_owned()).unwrap_or_default();
    let restored = typed.is_some();
    let loaded = match typed {
        Some(typed) => P::restore(visit, query, typed).await?,
        None => P::load(visit, query).await?,
    };
    Ok(match loaded {
        Loaded::Gone => Reply::Gone,
        Loaded::To(to) => Reply::See(to),
        Loaded::Download(download) => Reply::Download(download),
        Loaded::View(view) => {
            let notice = notice::<P>(visit, asked).await?;
            let told = Told { asks: Asks::default(), reason: &reason, wrong: None, restored, notice };
            frame::show::<P>(visit, asked.swap, view, told, 200)
        }
    })
}

/// What the address says was done. An old address says nothing any more once another revision is current.
async fn notice<P: Page>(visit: &Visit, asked: &Asked) -> engine::Result<Option<Notice>> {
    if let Some(said) = asked.parameter("done").and_then(P::done) {
        return Ok(Some(Notice::Said(said)));
    }
    let number = |name: &str| asked.parameter(name).and_then(|text| text.parse::<i64>().ok());
    let current = visit.engine.begin().config.revision;
    let Some(revision) = number("saved").filter(|revision| *revision == current) else { return Ok(None) };
    Ok(Some(match (asked.parameter("new"), number("undone")) {
        (Some("true"), Some(to)) if to + 2 == revision => {
            let newest = engine::settings::history::entries(&visit.engine, None, 1).await?;
            let changes = newest.into_iter().filter(|entry| entry.revision.number == revision);
            Notice::Undone { to, changes: changes.flat_map(|entry| entry.changes).collect() }
        }
        (Some("true"), _) => Notice::Saved(revision),
        _ => Notice::Unchanged,
    }))
}

fn query<Q: DeserializeOwned + Default>(pairs: &[(String, String)]) -> Option<Q> {
    let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let uri = format!("/?{text}").parse().ok()?;
    Parameters::<Q>::try_from_uri(&uri).ok().map(|Parameters(query)| query)
}

async fn refused(visit: &Visit, action: &str, needed: Role, what: &str) -> engine::Result<Reply> {
    let by = &visit.operator.operator;
    operators::refused(&visit.engine, by, action, visit.shell.address.as_str(), what).await?;
    let sentence = match needed {
        Role::Owner => "Only owners can do this.",
        Role::Editor | Role::Viewer => {
            "You have read-only access. Ask an owner or editor to change settings."
        }
    };
    let sentence = engine::settings::files_decide(&visit.engine.begin().config)
        .filter(|_| what != "open")
        .unwrap_or_else(|| sentence.to_owned());
    Ok(Reply::Failed(Box::new(Error::new(Kind::Forbidden, sentence))))
}
