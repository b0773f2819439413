//! The drawing beside the switch: what runs after a sign-up, now and with the unsaved changes. It draws what the
//! engine's planner says and knows no rule of its own.

use engine::config::hooks::Response;
use engine::config::{Algorithm, Config, Hook};
use engine::plan::{Client, Plan, Source, Step};
use engine::settings::Authentication;
use leptos::prelude::*;

/// What of the configuration in force the drawing names.
pub(super) struct Facts {
    hash: &'static str,
    cookie: String,
    password: bool,
}

impl Facts {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            hash: match config.hashers.algorithm {
                Algorithm::Argon2 => "argon2id",
                Algorithm::Bcrypt => "bcrypt",
            },
            cookie: config.session.cookie_name.clone(),
            password: config.selfservice.password.enabled,
        }
    }

    /// The methods that a person can sign up with, and whether each would sign them in.
    pub(super) fn ways(&self, plans: &[(Plan, Plan)]) -> Vec<(&'static str, bool)> {
        let signs_in = plans.first().is_some_and(|(_, would_be)| would_be.signs_in());
        if self.password { vec![("Password", signs_in)] } else { Vec::new() }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Stays,
    New,
    Gone,
}

/// `plans`: what is saved and what would be, for each kind of client.
pub(super) fn drawing(plans: &[(Plan, Plan)], values: &Authentication, facts: &Facts) -> AnyView {
    let Some((saved, would_be)) = plans.first() else { return ().into_any() };
    let source = match would_be.source {
        Source::Method => Some("The list of the method password is in force."),
        Source::Flow => Some("The flow's list is in force; the method has none of its own."),
        Source::Nothing => None,
    };
    let never: Vec<String> = would_be.never.iter().map(Hook::title).collect();
    let shadowed: Vec<String> = would_be.shadowed.iter().map(Hook::title).collect();
    view! {
        <h2 id="plan-title">"What happens after sign-up"</h2>
        <p class="soft">"With a password. Drawn by the same code that runs it."</p>
        {(!values.registration_enabled).then(|| view! { <p class="closed">"Sign-up is closed: none of this runs."</p> })}
        <ol class="steps" aria-labelledby="plan-title">
            {merged(&saved.steps, &would_be.steps).into_iter().map(|(step, mark)| {
                let (name, small) = words(&step, values, facts);
                let (class, word) = match mark {
                    Mark::Stays => ("", None),
                    Mark::New => ("new", Some("new")),
                    Mark::Gone => ("gone", Some("no longer")),
                };
                view! {
                    <li class=class>
                        <b>{name}</b>
                        {word.map(|word| view! { " "<span class="mark">{word}</span> })}
                        <small>{small}</small>
                    </li>
                }
            }).collect_view()}
        </ol>
        {source.map(|source| view! { <p class="soft">{source}</p> })}
        {(!never.is_empty()).then(|| view! {
            <p class="soft">
                "In the flow's list these never run, since they may stop the sign-up: "<code>{never.join(", ")}</code>
                ". Move them to the method's list."
            </p>
        })}
        {(!shadowed.is_empty()).then(|| view! {
            <p class="soft">"Of the flow's list these do not run: "<code>{shadowed.join(", ")}</code></p>
        })}
        <h3>"The answer"</h3>
        {plans.iter().map(|(saved, would_be)| answer(saved, would_be, facts)).collect_view()}
    }
    .into_any()
}

fn answer(saved: &Plan, would_be: &Plan, facts: &Facts) -> AnyView {
    let title = match would_be.client {
        Client::Browser => "Browser form",
        Client::Spa => "Single-page app",
        Client::Native => "Native app",
    };
    let lines = merged(&lines(saved, facts), &lines(would_be, facts));
    view! {
        <h4>{title}</h4>
        <ul class="answer">
            {lines.into_iter().map(|(line, mark)| match mark {
                Mark::Stays => view! { <li>{line}</li> }.into_any(),
                Mark::New => view! { <li><ins>{line}</ins></li> }.into_any(),
                Mark::Gone => view! { <li><del>{line}</del></li> }.into_any(),
            }).collect_view()}
        </ul>
    }
    .into_any()
}

fn lines(plan: &Plan, facts: &Facts) -> Vec<String> {
    let mut lines = vec![match &plan.answer.redirect {
        Some(target) => format!("{} → {target}", plan.answer.status),
        None => format!("{} {{{}}}", plan.answer.status, plan.answer.body.join(", ")),
    }];
    if plan.answer.session_cookie {
        lines.push(format!("Set-Cookie: {}=…", facts.cookie));
    }
    if plan.answer.hand_over_cookie {
        lines.push("Set-Cookie: vestibule_hand_over_…".to_owned());
    }
    lines
}

fn words(step: &Step, values: &Authentication, facts: &Facts) -> (&'static str, String) {
    match step {
        Step::Before(hook) => {
            ("Ask before the form", format!("{}: may keep the form from being shown", hook.name))
        }
        Step::Ask(hook) => (
            "Ask another service",
            match hook.response {
                Response::Changes => format!("{}: may change the account or stop the sign-up", hook.name),
                _ => format!("{}: may stop the sign-up", hook.name),
            },
        ),
        Step::Run(Hook::WebHook(hook)) => match hook.response {
            Response::Ignored => ("Inform another service", format!("{}: nobody waits for it", hook.name)),
            _ => (
                "Inform another service",
                format!(
                    "{}: the account is stored by then; if this fails the person sees an error",
                    hook.name
                ),
            ),
        },
        Step::Check => ("Check the form", checks(values)),
        Step::Hash => ("Hash the password", facts.hash.to_owned()),
        Step::Store => ("Store the account", "all or nothing, in one transaction".to_owned()),
        Step::SendCode => {
            ("Mail a code", "to the first address that is not confirmed, with the account".to_owned())
        }
        Step::Authenticate => ("Compare the password", String::new()),
        Step::Run(Hook::ShowVerificationUi) => {
            ("Lead to the page for the code", "where there is a code to type in".to_owned())
        }
        Step::Run(hook) => ("Run a hook", format!("{}: kept in its place, does nothing here", hook.name())),
        Step::SignInWhenProven => (
            "Sign in when the address is confirmed",
            "with the code, in the browser or app that signed up; at once where nothing is left to confirm"
                .to_owned(),
        ),
        Step::SignIn => ("Sign in", "always last: it makes the answer, so nothing runs after it".to_owned()),
    }
}

fn checks(values: &Authentication) -> String {
    let mut all = format!("identity schema, {} characters or more", values.min_password_length);
    if values.identifier_similarity_check {
        all.push_str(", not like the address");
    }
    if values.breach_check {
        all.push_str(", in no known breach");
    }
    all
}

/// Both lists in one, in run order: what only the first has is gone, what only the second has is new.
fn merged<T: PartialEq + Clone>(before: &[T], after: &[T]) -> Vec<(T, Mark)> {
    let mut list = Vec::new();
    let mut left = before;
    for item in after {
        match left.iter().position(|other| other == item) {
            Some(at) => {
                list.extend(left[..at].iter().map(|gone| (gone.clone(), Mark::Gone)));
                list.push((item.clone(), Mark::Stays));
                left = &left[at + 1..];
            }
            None => list.push((item.clone(), Mark::New)),
        }
    }
    list.extend(left.iter().map(|gone| (gone.clone(), Mark::Gone)));
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(before: &[&str], after: &[&str]) -> String {
        let sign = |mark| match mark {
            Mark::Stays => "",
            Mark::New => "+",
            Mark::Gone => "-",
        };
        merged(before, after).into_iter().map(|(item, mark)| format!("{}{item} ", sign(mark))).collect()
    }

    #[test]
    fn what_comes_and_goes_is_marked_where_it_runs() {
        assert_eq!(drawn(&["a", "b"], &["a", "b", "c"]), "a b +c ");
        assert_eq!(drawn(&["a", "b", "c"], &["a", "c"]), "a -b c ");
        assert_eq!(drawn(&["a"], &["b"]), "+b -a ");
        assert_eq!(drawn(&[], &[]), "");
    }
}
