//! The console's pages for visitors who are not signed in: setup, sign-in, invitation, new password. They have no script.

use super::shell::{Assets, mark, page};
use leptos::prelude::*;

/// Signing in. What was typed comes back, but never the password.
#[derive(Clone, Debug, Default)]
pub struct SignIn {
    pub email: String,
    /// The path to go to afterwards.
    pub next: String,
    pub wrong: Option<String>,
    /// Nobody could sign in: there is no operator yet.
    pub nobody: bool,
}

pub fn sign_in(assets: &Assets, form: SignIn) -> String {
    let fields = view! {
        <input type="hidden" name="next" value=form.next />
        {email(form.email)}
        {password("Password", "current-password", None)}
        <button class="button main" type="submit">"Sign in"</button>
        <p class="foot">"Forgot your password? Ask an owner for a reset link, or your server administrator to run: " <code>"vestibule operator reset-link --email EMAIL"</code></p>
    };
    let lead = if form.nobody {
        "No operator account exists yet. Open the setup link that the server printed at startup. It is also in the file setup-link in the data folder."
    } else {
        "Sign in to the console"
    };
    form_page(assets, "Sign in", lead, "/sign-in", form.wrong, fields)
}

/// Making the first operator.
#[derive(Clone, Debug, Default)]
pub struct SetUp {
    pub secret: String,
    pub email: String,
    pub name: String,
    pub wrong: Option<String>,
}

pub fn set_up(assets: &Assets, form: SetUp) -> String {
    let fields = view! {
        <input type="hidden" name="secret" value=form.secret />
        {own_name(form.name)}
        {email(form.email)}
        {password("Password", "new-password", Some("At least 15 characters. A short sentence works well."))}
        <button class="button main" type="submit">"Create account"</button>
    };
    form_page(
        assets,
        "Set up the console",
        "This link works once. Your account gets the owner role.",
        "/setup",
        form.wrong,
        fields,
    )
}

/// A new operator, invited by an owner.
#[derive(Clone, Debug, Default)]
pub struct Join {
    pub secret: String,
    pub email: String,
    pub role: &'static str,
    pub name: String,
    pub wrong: Option<String>,
}

pub fn join(assets: &Assets, form: Join) -> String {
    let lead = format!("This link works once. Your account gets the role “{}”.", form.role);
    let fields = view! {
        <input type="hidden" name="secret" value=form.secret />
        <div class="field">
            <label for="email">"Email"</label>
            <input id="email" name="email" type="email" autocomplete="username" readonly=true value=form.email />
        </div>
        {own_name(form.name)}
        {password("Password", "new-password", Some("At least 15 characters. A short sentence works well."))}
        <button class="button main" type="submit">"Create account"</button>
    };
    form_page(assets, "Join the console", lead, "/join", form.wrong, fields)
}

/// A new password by a link from an owner or the command line.
#[derive(Clone, Debug, Default)]
pub struct Reset {
    pub secret: String,
    pub wrong: Option<String>,
}

pub fn reset(assets: &Assets, form: Reset) -> String {
    let fields = view! {
        <input type="hidden" name="secret" value=form.secret />
        {password("New password", "new-password", Some("At least 15 characters. A short sentence works well."))}
        <button class="button main" type="submit">"Set password"</button>
    };
    form_page(
        assets,
        "Set a new password",
        "This link works once. A new password signs you out everywhere else.",
        "/reset",
        form.wrong,
        fields,
    )
}

/// These pages have no island, so they load no script.
fn plain(assets: &Assets) -> Assets {
    Assets { script: None, ..assets.clone() }
}

/// A sentence and a way on, where there is no form to show.
pub fn notice(assets: &Assets, title: &str, text: &str) -> String {
    let (title, text) = (title.to_owned(), text.to_owned());
    page(&plain(assets), &title.clone(), move || {
        view! {
            <main class="door">
                <p class="brand">{mark()}"Vestibule"</p>
                <h1>{title}</h1>
                <p class="lead">{super::kit::text::with_code(&text)}</p>
                <p class="foot"><a href="/sign-in">"Go to sign-in"</a></p>
            </main>
        }
    })
}

fn form_page(
    assets: &Assets,
    title: &'static str,
    lead: impl Into<String>,
    action: &'static str,
    wrong: Option<String>,
    fields: impl IntoView + 'static,
) -> String {
    let lead = lead.into();
    let shown = if wrong.is_some() { format!("Error: {title}") } else { title.to_owned() };
    page(&plain(assets), &shown, move || {
        view! {
            <main class="door">
                <p class="brand">{mark()}"Vestibule"</p>
                <h1>{title}</h1>
                <p class="lead">{lead}</p>
                {wrong.map(|wrong| view! { <p class="summary" role="alert" tabindex="-1" autofocus=true>{wrong}</p> })}
                <form method="post" action=action>{fields}</form>
            </main>
        }
    })
}

fn own_name(value: String) -> AnyView {
    view! {
        <div class="field">
            <label for="name">"Your name"</label>
            <input id="name" name="name" type="text" autocomplete="name" required=true dir="auto" value=value />
        </div>
    }
    .into_any()
}

fn email(value: String) -> AnyView {
    view! {
        <div class="field">
            <label for="email">"Email"</label>
            <input id="email" name="email" type="email" autocomplete="username" required=true value=value />
        </div>
    }
    .into_any()
}

fn password(label: &'static str, autocomplete: &'static str, hint: Option<&'static str>) -> AnyView {
    let described = hint.map(|_| "password-hint");
    view! {
        <div class="field">
            <label for="password">{label}</label>
            <input id="password" name="password" type="password" autocomplete=autocomplete required=true aria-describedby=described />
            {hint.map(|hint| view! { <p class="hint" id="password-hint">{hint}</p> })}
        </div>
    }
    .into_any()
}
