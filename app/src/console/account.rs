//! *Your account*: an operator's own name, password and sessions. The rules are in `engine::operators::account`.

use super::fields::{Fields, text, trimmed};
use super::kit::form::Form;
use super::kit::{Acted, Asks, Frame, Head, Loaded, Meta, Page, Posted, Verb, Visit};
use super::{nav, operator};
use engine::operators::Role;
use engine::operators::account::{self, Open, Refused};
use leptos::prelude::*;
use std::collections::BTreeMap;

const NAME: &str = "name";
const CURRENT: &str = "current_password";
const NEW: &str = "new_password";

pub(super) struct Account;

pub(super) struct View {
    email: String,
    role: Role,
    sessions: Vec<Open>,
    typed: Fields,
}

impl Page for Account {
    const META: Meta = Meta::of(&nav::ACCOUNT);
    const VERBS: &'static [Verb] = &[
        Verb::new("rename", Role::Viewer, "operator.refused"),
        Verb::new("change", Role::Viewer, "operator.refused"),
        Verb::new("end", Role::Viewer, "operator.refused"),
        Verb::new("end_others", Role::Viewer, "operator.refused"),
    ];
    type Query = BTreeMap<String, String>;
    type View = View;

    async fn load(visit: &Visit, _: Self::Query) -> engine::Result<Loaded<View>> {
        let name = visit.operator.operator.name.clone();
        Ok(Loaded::View(view(visit, Fields::from([(NAME.to_owned(), name)])).await?))
    }

    async fn act(visit: &Visit, _: Self::Query, posted: Posted) -> engine::Result<Acted<View>> {
        let (engine, own, fields) = (&visit.engine, &visit.operator, &posted.fields);
        let done = |word: &str| Ok(Acted::Done(format!("{}?done={word}", nav::ACCOUNT.path)));
        let wrong = match posted.verb {
            "rename" => match account::rename(engine, own, text(fields, NAME)).await? {
                Ok(()) => return done("renamed"),
                Err(sentence) => (NAME, sentence),
            },
            "change" => {
                // As they were typed: blanks belong to a password.
                let current = fields.get(CURRENT).map_or("", String::as_str);
                let new = fields.get(NEW).map_or("", String::as_str);
                match account::change_password(engine, own, current, new).await? {
                    Ok(()) => return done("changed"),
                    Err(Refused::Current(sentence)) => (CURRENT, sentence),
                    Err(Refused::New(sentence)) => (NEW, sentence),
                }
            }
            "end" => match account::end(engine, own, &posted.argument).await? {
                true => return done("ended"),
                false => return Ok(Acted::Gone),
            },
            _ => {
                account::end_others(engine, own).await?;
                return done("others");
            }
        };
        let mut typed = Fields::from([(NAME.to_owned(), own.operator.name.clone())]);
        if posted.verb == "rename" {
            typed.insert(NAME.to_owned(), trimmed(fields, NAME).to_owned());
        }
        let (field, sentence) = wrong;
        Ok(Acted::Again(view(visit, typed).await?, Asks::problem(field, sentence)))
    }

    fn head(view: &View, _: &Visit) -> Head {
        let mut head = Head::new(nav::ACCOUNT.title, "");
        let (email, role) = (super::kit::text::name(view.email.clone()), nav::role_name(view.role));
        head.lead = Some(view! { "You sign in with "{email}". Your role is "{role}"." }.into_any());
        head
    }

    fn body(view: View, frame: &Frame<'_>) -> AnyView {
        let View { sessions, typed, email, .. } = view;
        let form = Form { fields: &typed, problems: &frame.asks.problems, editable: true };
        let several = sessions.len() > 1;
        let password = |name: &'static str,
                        label: &'static str,
                        autocomplete: &'static str,
                        hint: &'static str| {
            let id = super::kit::form::id(name);
            view! {
                <div class="field">
                    <label for=id.clone()>{label}</label>
                    {form.problem(name)}
                    <input id=id.clone() name=name type="password" autocomplete=autocomplete required=true
                        aria-describedby=form.described(name, !hint.is_empty()) aria-invalid=form.invalid(name) />
                    {(!hint.is_empty()).then(|| view! { <p class="hint" id=format!("{id}-hint")>{hint}</p> })}
                </div>
            }
        };
        view! {
            <h2>"Name"</h2>
            <form method="post" action=nav::ACCOUNT.path class="form card">
                {form.field(NAME, "Your name").at_most(100).hint("Other operators see it in the history.").line()}
                <p class="buttons"><button class="button main" id="rename" type="submit" name="action" value="rename">"Save name"</button></p>
            </form>
            <h2>"Password"</h2>
            <form method="post" action=nav::ACCOUNT.path class="form card">
                // For password managers: whose password it is.
                <input type="text" hidden=true name="username" autocomplete="username" value=email readonly=true />
                {password(CURRENT, "Current password", "current-password", "")}
                {password(NEW, "New password", "new-password", "At least 15 characters. A short sentence works well. You are signed out everywhere else.")}
                <p class="buttons"><button class="button main" id="change" type="submit" name="action" value="change">"Change password"</button></p>
            </form>
            <h2>"Sessions"</h2>
            {operator::list(sessions, frame.now, Some(nav::ACCOUNT.path))}
            {several.then(|| view! {
                <form method="post" action=nav::ACCOUNT.path class="below"><button class="button" id="end-others" type="submit" name="action" value="end_others">"Sign out everywhere else"</button></form>
            })}
        }
        .into_any()
    }

    fn done(word: &str) -> Option<&'static str> {
        match word {
            "renamed" => Some("Name saved."),
            "changed" => Some("Password changed. You are signed out everywhere else."),
            "ended" => Some("Session signed out."),
            "others" => Some("You are signed out everywhere else."),
            _ => None,
        }
    }
}

async fn view(visit: &Visit, typed: Fields) -> engine::Result<View> {
    let own = &visit.operator;
    Ok(View {
        email: own.operator.email.clone(),
        role: own.operator.role,
        sessions: account::sessions(&visit.engine, own.operator.id, Some(own)).await?,
        typed,
    })
}
