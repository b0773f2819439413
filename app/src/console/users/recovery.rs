//! A recovery that an owner creates for a user: its buttons, and what is shown once.

use super::super::kit::detail::copied;
use super::super::kit::text::on;
use super::super::nav;
use super::parts::press;
use engine::identity::Identity;
use engine::recovery::Made;
use engine::users::Recovery;
use leptos::prelude::*;

/// What can be created.
pub(super) fn offered(identity: &Identity, recoveries: Vec<Recovery>) -> AnyView {
    let path = format!("{}/{}", nav::USERS.path, identity.id);
    let lines = recoveries.into_iter().map(|with| {
        let (title, about, action, label) = match with {
            Recovery::Code => (
                "Recovery code",
                "The user enters it on the recovery page, then sets a new password.",
                "recover:code",
                "Create recovery code",
            ),
            Recovery::Link => (
                "Recovery link",
                "The user opens it, then sets a new password.",
                "recover:link",
                "Create recovery link",
            ),
        };
        view! { <li><div><b>{title}</b><small>{about}</small></div>{press(&path, action.to_owned(), label, label.to_owned())}</li> }
    });
    view! {
        <p class="none">"For a user who can’t sign in and gets no emails. Nothing is sent: give it to the user yourself."</p>
        <ul class="lines">{lines.collect_view()}</ul>
    }
    .into_any()
}

/// The code or the link.
pub(super) fn told(made: Made) -> AnyView {
    let Made { link, code, expires_at } = made;
    let (title, label, named) = match &code {
        Some(_) => ("Copy this code now. You won’t see it again.", "Page that asks for the code", "the page"),
        None => ("Copy this link now. You won’t see it again.", "Recovery link", "the recovery link"),
    };
    view! {
        <div class="note info" id="made" tabindex="-1" autofocus=true>
            <div>
                <b>{title}</b>
                <p>"Check who you give it to: anyone who has it can sign in as this user. It works once, until "{on(expires_at)}"."</p>
                {code.map(|code| copied("recovery-code", "Recovery code".into_any(), "the recovery code", code, "secret"))}
                {copied("recovery-link", label.into_any(), named, link, "link")}
            </div>
        </div>
    }
    .into_any()
}
