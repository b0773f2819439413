//! A page as a type: what it loads, what its forms do, what it shows; and the values that it and the kit exchange. It knows neither
//! how a page looks nor how it is routed to.

use super::super::fields::Fields;
use super::super::nav::{self, Place};
use super::super::shell::Shell;
use chrono::{DateTime, Utc};
use engine::operators::{FRESH, OperatorSession, Role};
use engine::settings::{Check, FieldError, Saved};
use engine::{Engine, Error};
use leptos::prelude::*;
use serde::de::DeserializeOwned;
use std::future::{Future, ready};

/// What is fixed about a page.
pub struct Meta {
    /// Its path, with parameters in braces; they are read like those of the query.
    pub path: &'static str,
    /// Its entry of the navigation, or that of the page above it.
    pub place: &'static Place,
    /// Who may open it.
    pub role: Role,
    /// What the audit calls it when somebody else tries.
    pub refused: &'static str,
    /// `Some`: what was typed waits while its operator signs in again, except for fields of which this says no.
    pub draft: Option<fn(&str) -> bool>,
}

impl Meta {
    pub const fn of(place: &'static Place) -> Self {
        Self { path: place.path, place, role: place.role, refused: "console.refused", draft: None }
    }

    /// A page below that entry of the navigation.
    pub const fn at(self, path: &'static str) -> Self {
        Self { path, ..self }
    }
}

/// Something that a form of the page does: the value of its button is `name`, or `name:argument`.
#[derive(Debug)]
pub struct Verb {
    pub name: &'static str,
    /// Who may.
    pub role: Role,
    /// The form may carry a password, for what takes a recent sign-in.
    pub confirms: bool,
    /// What the audit calls a try by somebody else.
    pub refused: &'static str,
}

impl Verb {
    pub const fn new(name: &'static str, role: Role, refused: &'static str) -> Self {
        Self { name, role, confirms: false, refused }
    }

    pub const fn confirming(self) -> Self {
        Self { confirms: true, ..self }
    }
}

/// An operator's visit: who asks, and what is around the page.
#[derive(Clone)]
pub struct Visit {
    pub engine: Engine,
    pub operator: OperatorSession,
    pub shell: Shell,
}

impl Visit {
    pub fn may(&self, role: Role) -> bool {
        nav::includes(self.operator.operator.role, role)
    }

    /// Whether the sign-in is too old for what takes a recent one.
    pub fn is_stale(&self) -> bool {
        self.engine.effects().now() - self.operator.authenticated_at > FRESH
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.engine.effects().now()
    }

    /// The configuration files decide, or this operator may only look.
    pub fn read_only(&self, needed: Role) -> Option<String> {
        let sentence = || match needed {
            Role::Owner => "Only owners can change this.",
            Role::Editor | Role::Viewer => {
                "You have read-only access. Ask an owner or editor to change settings."
            }
        };
        engine::settings::files_decide(&self.engine.begin().config)
            .or_else(|| (!self.may(needed)).then(|| sentence().to_owned()))
    }
}

/// What a GET finds.
pub enum Loaded<V> {
    View(V),
    /// There is no such page.
    Gone,
    /// Another page is the one to be shown.
    To(String),
    Download(Download),
}

impl<V> From<Option<V>> for Loaded<V> {
    fn from(found: Option<V>) -> Self {
        found.map_or(Self::Gone, Self::View)
    }
}

pub struct Download {
    pub name: String,
    pub kind: &'static str,
    pub body: String,
}

/// What became of a POST.
pub enum Acted<V> {
    /// 303 to an address of this console.
    Done(String),
    /// The page, with something to show that no address holds.
    Shown(V),
    /// The page with everything that was typed, and what is missing. 409 or 422.
    Again(V, Asks),
    /// There is no such thing.
    Gone,
}

/// What an action that was not done asks for.
#[derive(Default)]
pub struct Asks {
    pub problems: Vec<FieldError>,
    pub conflict: Option<Conflict>,
    pub confirm: Option<Confirm>,
}

/// Somebody saved in the meantime.
pub struct Conflict {
    pub by: String,
    pub at: DateTime<Utc>,
    pub revision: i64,
    /// It was the same operator, in another tab.
    pub own: bool,
    /// What that was, in words.
    pub theirs: Vec<String>,
}

pub struct Confirm {
    pub dangers: Vec<Check>,
    pub password: bool,
    /// A button in a list has no form around it to ask in: what it posted, to be posted again from a form above the list.
    pub again: Option<Fields>,
}

impl Asks {
    pub fn problems(problems: Vec<FieldError>) -> Self {
        Self { problems, ..Self::default() }
    }

    /// One sentence, next to that field.
    pub fn problem(field: &'static str, message: impl Into<String>) -> Self {
        Self::problems(vec![FieldError { field, message: message.into() }])
    }

    pub fn any(&self) -> bool {
        !self.problems.is_empty() || self.conflict.is_some() || self.confirm.is_some()
    }

    /// The sign-in is too old. The password is asked for above the page.
    pub fn password(posted: &Posted) -> Self {
        let confirm = Confirm { dangers: Vec::new(), password: true, again: None };
        Self { confirm: Some(confirm), ..Self::default() }.above(posted)
    }

    /// The questions are asked above the page, in a form that posts the same again.
    pub fn above(mut self, posted: &Posted) -> Self {
        if let Some(confirm) = &mut self.confirm {
            let mut again = posted.fields.clone();
            again.remove("reason");
            confirm.again = Some(again);
        }
        self
    }

    /// The revision that is current now and whether it is a new one, or what a Save asks for.
    ///
    /// `field`: next to which a sentence stands that is about the whole.
    pub fn of(visit: &Visit, saved: Saved, field: &'static str) -> Result<(i64, bool), Self> {
        let confirm = |dangers: Vec<Check>, password: bool| Self {
            confirm: Some(Confirm { dangers, password, again: None }),
            ..Self::default()
        };
        match saved {
            Saved::Done { revision } => Ok((revision, true)),
            Saved::Unchanged { revision } => Ok((revision, false)),
            Saved::Conflict { revision, by, at } => {
                let own = by == visit.operator.operator.name;
                Err(Self {
                    conflict: Some(Conflict { by, at, revision, own, theirs: Vec::new() }),
                    ..Self::default()
                })
            }
            Saved::Again(problems) => Err(Self::problems(problems)),
            Saved::NeedsFreshSignIn(dangers) => Err(confirm(dangers, true)),
            Saved::NeedsReason(dangers) => Err(confirm(dangers, false)),
            Saved::NeedsOwner(dangers) => {
                let titles: String = dangers.iter().map(|danger| format!("{}. ", danger.title)).collect();
                let field = dangers.iter().find_map(|danger| danger.at).unwrap_or(field);
                Err(Self::problem(field, format!("{titles}Only an owner can make this change.")))
            }
        }
    }
}

/// The address after a Save: its page says so, with the way back.
pub fn saved(path: &str, (revision, new): (i64, bool)) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}saved={revision}&new={new}")
}

/// What a form posted.
pub struct Posted {
    pub verb: &'static str,
    /// What is behind the colon of the button's value.
    pub argument: String,
    /// Without the password, which is the kit's business.
    pub fields: Fields,
    /// The revision that the form was made from.
    pub base: i64,
    pub reason: String,
}

/// What is above a page's own part.
#[derive(Default)]
pub struct Head {
    pub title: String,
    pub lead: Option<AnyView>,
    /// Below which page this one is.
    pub parent: Option<(&'static str, &'static str)>,
    /// Links at the title.
    pub actions: Option<AnyView>,
    pub read_only: Option<String>,
    /// After that sentence.
    pub read_only_more: Option<AnyView>,
}

impl Head {
    pub fn new(title: impl Into<String>, lead: &str) -> Self {
        let lead = (!lead.is_empty()).then(|| super::text::with_code(lead).into_any());
        Self { title: title.into(), lead, ..Self::default() }
    }

    pub fn below(self, place: &'static Place) -> Self {
        Self { parent: Some((place.title, place.path)), ..self }
    }
}

/// What the page's own part is given by the kit.
pub struct Frame<'a> {
    pub now: DateTime<Utc>,
    pub role: Role,
    pub asks: &'a Asks,
    /// The sign-in is too old for what takes a recent one.
    pub stale: bool,
    /// As it was typed.
    pub reason: &'a str,
    /// Why the password that was typed does not do.
    pub wrong: Option<&'a str>,
    /// What was typed was restored after a sign-in.
    pub restored: bool,
}

impl Frame<'_> {
    pub fn may(&self, role: Role) -> bool {
        nav::includes(self.role, role)
    }

    /// The block of a form that asks for reason and password, next to its button. `dangers`: what the form as it is now would cause.
    /// `takes_password`: a recent sign-in is needed whatever the form says.
    pub fn confirmation(&self, dangers: &[Check], takes_password: bool) -> AnyView {
        let asked = self.asks.confirm.as_ref().filter(|confirm| confirm.again.is_none());
        let known: &[Check] = asked.map_or(dangers, |confirm| &confirm.dangers);
        super::form::confirmation(super::form::Confirmation {
            dangers: known,
            asked: asked.is_some(),
            reason: Some(super::form::Reason { typed: self.reason, required: !known.is_empty() }),
            password: asked.is_some_and(|confirm| confirm.password) || (takes_password && self.stale),
            wrong: self.wrong,
        })
    }
}

/// A page of the console. Its methods are given by type: a page is no value, and keeps nothing between two requests.
pub trait Page: Send + Sync + 'static {
    const META: Meta;
    const VERBS: &'static [Verb] = &[];
    /// The word for a revision that a redirect to this page speaks of.
    const SAVED: &'static str = "Saved";
    /// It has a verb `undo`, which a notice of a Save offers; otherwise that leads to the history.
    const UNDO: bool = false;
    type Query: DeserializeOwned + Default + Send;
    type View: Send + 'static;

    fn load(
        visit: &Visit,
        query: Self::Query,
    ) -> impl Future<Output = engine::Result<Loaded<Self::View>>> + Send;

    /// What a role may not do never comes here.
    fn act(
        _visit: &Visit,
        _query: Self::Query,
        _posted: Posted,
    ) -> impl Future<Output = engine::Result<Acted<Self::View>>> + Send {
        ready(Ok(Acted::Gone))
    }

    /// What was typed before the operator's session expired, on top of what is current now. Nothing of it is saved.
    fn restore(
        visit: &Visit,
        query: Self::Query,
        _typed: Fields,
    ) -> impl Future<Output = engine::Result<Loaded<Self::View>>> + Send {
        Self::load(visit, query)
    }

    fn head(view: &Self::View, visit: &Visit) -> Head;

    fn body(view: Self::View, frame: &Frame<'_>) -> AnyView;

    /// Next to it, or below it on a narrow screen.
    fn aside(_view: &Self::View) -> Option<AnyView> {
        None
    }

    /// What a redirect with that word says was done.
    fn done(_word: &str) -> Option<&'static str> {
        None
    }
}

/// A request for a page.
pub struct Asked {
    /// Path and query.
    pub address: String,
    /// Parameters of the path, then those of the query.
    pub query: Vec<(String, String)>,
    /// `Some`: it is a POST.
    pub form: Option<Vec<(String, String)>>,
    /// The script asks, and swaps in a part.
    pub swap: bool,
}

impl Asked {
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn path(&self) -> &str {
        self.address.split('?').next().unwrap_or_default()
    }
}

/// What the server makes a response of.
pub enum Reply {
    Page {
        status: u16,
        html: String,
    },
    /// What the script swaps in, as JSON.
    Swap {
        status: u16,
        json: String,
    },
    See(String),
    Download(Download),
    Gone,
    Failed(Box<Error>),
}
