//! *About this page*: what each page of the navigation is for, and the chapter of the documentation with the rest.

use super::documentation;
use super::nav::{self, Place};
use leptos::prelude::*;

/// What a page is for, in whole sentences, and the name of a chapter.
pub(super) struct About {
    sentences: &'static str,
    chapter: &'static str,
}

/// `None`: the page says it all.
pub(super) fn about(place: &Place) -> Option<About> {
    let (sentences, chapter) = match place.path {
        path if path == nav::OVERVIEW.path => (
            "Shows whether anything needs attention, and what happens when someone signs up. Counts of sign-ups and sign-ins are per day, in UTC.",
            "metrics",
        ),
        path if path == nav::USERS.path => (
            "Lists every account. Search by email, identifier or ID. Disabling a user ends all sessions at once. Every action here is in the audit.",
            "security",
        ),
        path if path == nav::SESSIONS.path => (
            "Shows where users are signed in. Signing out a session takes effect with the next request.",
            "security",
        ),
        path if path == nav::INVITATIONS.path => (
            "An invitation is a link for one sign-up. Turn on “Invite only” in Authentication settings to require one.",
            "configuration",
        ),
        path if path == nav::LIMITS.path => (
            "Shows which clients and emails are slowed down after many attempts. Clearing a limit lets them try again at once.",
            "limits",
        ),
        path if path == nav::AUTHENTICATION.path => (
            "Decides who can sign up and what happens next. The drawing shows the result, with unsaved changes, as the server runs it.",
            "settings",
        ),
        path if path == nav::EMAIL_VERIFICATION.path => (
            "Decides how users verify their email and what they can do before. Emails of existing users stay as they are.",
            "settings",
        ),
        path if path == nav::RECOVERY.path => (
            "Lets users who forgot their password get back into their account, with a code or a link by email.",
            "settings",
        ),
        path if path == nav::PASSWORD_POLICY.path => {
            ("Applies to new passwords. Existing passwords keep working.", "settings")
        }
        path if path == nav::ACCOUNT_PROTECTION.path => (
            "Protects accounts that someone else may try to find or take over before their owner signs up.",
            "leak-free",
        ),
        path if path == nav::SIGN_IN_FORMS.path => {
            ("Decides how the sign-in form asks for the email and the password.", "settings")
        }
        path if path == nav::SOCIAL.path => (
            "Each provider needs a client ID and a secret from its own console. A new provider is off until you turn it on. Test it first: the test stores nothing.",
            "social-sign-in",
        ),
        path if path == nav::DELIVERY.path => (
            "Shows whether emails reach the mail server, which are queued, and the last error. Failed emails are retried.",
            "configuration",
        ),
        path if path == nav::MAILBOX.path => (
            "Without a mail server, every email is kept here with its code and link. Only owners see it, because a code signs a user in.",
            "configuration",
        ),
        path if path == nav::WEBHOOKS.path => (
            "A webhook notifies another service, waits for it, or lets it reject a sign-up or a sign-in. Calls are signed.",
            "web-hooks",
        ),
        path if path == nav::CHECKS.path => (
            "Tests the active configuration for contradictions and risks, after every change. The number in the navigation counts errors and dangers.",
            "checks",
        ),
        path if path == nav::HISTORY.path => (
            "Every save creates a revision. Restoring one creates a new revision, so nothing is lost. Secrets aren’t part of a revision.",
            "settings",
        ),
        path if path == nav::AUDIT.path => (
            "Records what operators and commands did, also what was refused. Entries can’t be changed or deleted here.",
            "security",
        ),
        path if path == nav::OPERATORS.path => (
            "An operator is a person with console access. Viewers see, editors change settings and users, owners also manage secrets and operators.",
            "security",
        ),
        path if path == nav::TESTER.path => (
            "Signs up a test user with the real code in a temporary database. Use it to see what an app or a browser gets before users do.",
            "hosted-pages",
        ),
        _ if place.settings.is_some() => (
            "Every save creates a revision, which can be undone. Changes are live with the next request.",
            "settings",
        ),
        _ => return None,
    };
    Some(About { sentences, chapter })
}

impl About {
    pub(super) fn view(self) -> AnyView {
        let Self { sentences, chapter } = self;
        let title = documentation::title(chapter).unwrap_or_default();
        view! {
            <details class="about">
                <summary>"About this page"</summary>
                <p>{sentences}</p>
                <p><a href=documentation::address(chapter)>{format!("Documentation: {title}")}</a></p>
            </details>
        }
        .into_any()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_of_the_navigation_explains_itself_and_names_a_chapter_that_exists() {
        for place in nav::PLACES {
            let about = about(place).unwrap_or_else(|| panic!("{}", place.path));
            assert!(about.sentences.ends_with('.'), "{}", place.path);
            assert!(documentation::title(about.chapter).is_some(), "{}", about.chapter);
        }
    }
}
