//! The hosts that webhooks and providers of the console may call: the list, and what owners add to it.

use super::PATH;
use crate::console::fields::{Fields, trimmed};
use crate::console::kit::form::Form;
use crate::console::kit::text::{name, with_code};
use crate::console::kit::{Asks, Frame, Posted, Visit, saved};
use engine::settings::web_hooks::{HOST, Hosts, set_host};
use leptos::prelude::*;

/// Verbs of every page that offers it.
pub(super) const ALLOW: &str = "allow-host";
pub(super) const REMOVE: &str = "remove-host";

/// The host of a button, or of the field. Where it leads, or what it asks for.
pub(super) async fn changed(
    visit: &Visit,
    posted: &Posted,
) -> engine::Result<std::result::Result<(i64, bool), Asks>> {
    let host = match posted.argument.as_str() {
        "" => trimmed(&posted.fields, HOST),
        host => host,
    };
    let allow = posted.verb == ALLOW;
    let kept = set_host(&visit.engine, &visit.operator, host, allow, posted.reason.trim()).await?;
    Ok(Asks::of(visit, kept, HOST))
}

/// Where a change of the list leads.
pub(super) fn after(done: (i64, bool)) -> String {
    format!("{}#hosts", saved(PATH, done))
}

/// The section of the page. `place`: where a file lists them.
pub(super) fn section(
    hosts: Hosts,
    place: &str,
    typed: &Fields,
    editable: bool,
    revision: i64,
    frame: &Frame<'_>,
) -> AnyView {
    let Hosts { files, console, locked } = hosts;
    let editable = editable && locked.is_none();
    let none = files.is_empty() && console.is_empty();
    let of_files = files.into_iter().map(|host| {
        view! { <li><div><code>{name(host)}</code><small>"Defined in a file"</small></div></li> }.into_any()
    });
    let of_console = console.into_iter().map(|host| {
        let action = format!("{REMOVE}:{host}");
        let remove = editable.then(|| {
            view! {
                <form method="post" action=PATH>
                    <input type="hidden" name="base" value=revision />
                    <button class="button small" type="submit" name="action" value=action>"Remove"<span class="unseen">{format!(" {host}")}</span></button>
                </form>
            }
        });
        view! { <li><div><code>{name(host.clone())}</code><small>"Allowed here"</small></div>{remove}</li> }
            .into_any()
    });
    let form = Form { fields: typed, problems: &frame.asks.problems, editable: true };
    let add = editable.then(|| {
        view! {
            <form method="post" action=PATH class="form inside" autocomplete="off">
                <input type="hidden" name="base" value=revision />
                {form.field(HOST, "Host").mode("url").at_most(253).example("crm.example.org").hint("Without scheme, port and path. `*.example.org` allows all subdomains.").line()}
                <p class="buttons"><button class="button" type="submit" name="action" value=ALLOW>"Allow host"</button></p>
            </form>
        }
    });
    view! {
        <section aria-labelledby="hosts" data-testid="hosts">
            <h2 id="hosts">"Allowed hosts"</h2>
            <p class="none">"Webhooks created here, and providers whose URLs were entered here, may only call these hosts. The list is checked on every call."</p>
            {none.then(|| view! { <p class="none"><b>"No hosts yet."</b></p> })}
            <ul class="lines">{of_files.chain(of_console).collect_view()}</ul>
            {add}
            {locked.filter(|_| frame.may(engine::operators::Role::Owner)).map(|why| view! {
                <div class="none" id="no-hosts">
                    <p>{with_code(&why)}</p>
                    <p>"To allow hosts in a file, add "<code>"vestibule.web_hooks.allowed_hosts: [crm.example.org]"</code>", with your hosts, to "{with_code(place)}". Then restart the server."</p>
                </div>
            })}
        </section>
    }
    .into_any()
}
