//! *Users*: who has an account, newest first, or by what an identifier begins with. A search or list reads ranges of indexes only, so
//! that it is as fast with a million users.

mod one;
mod parts;
mod recovery;
mod words;

pub(super) use one::OneUser;
pub(super) use words::device;

use super::fields::{Fields, trimmed};
use super::kit::filters::{self, Filter, Kind};
use super::kit::table::{self, Empty, Pager, Row};
use super::kit::text::{name, when};
use super::kit::{Frame, Head, Loaded, Meta, Page, Visit};
use super::nav;
use engine::identity::State;
use engine::users::{self, Count, Found, User, Wanted};
use leptos::prelude::*;
use words::{methods, verification};

const SEARCH: &str = "q";
const STATE: &str = "state";
const VERIFICATION: &str = "verification";
const AFTER: &str = "after";

pub(super) struct Users;

pub(super) struct View {
    filters: Vec<Filter>,
    values: Fields,
    /// Each with the names of its sign-in methods.
    users: Vec<(User, String)>,
    next: Option<String>,
    paged: bool,
    /// `None`: a search is not counted.
    count: Option<Count>,
    sign_up: Option<String>,
}

impl Page for Users {
    const META: Meta = Meta::of(&nav::USERS);
    type Query = Fields;
    type View = View;

    async fn load(visit: &Visit, query: Fields) -> engine::Result<Loaded<View>> {
        let filters = filters();
        let values = filters::read(&filters, &query);
        let ctx = visit.engine.begin();
        let after = trimmed(&query, AFTER);
        let (found, count) = match wanted(&values, after) {
            Some(wanted) => {
                let found = users::list(&ctx, wanted, rows_of_a_page()).await?;
                let counts = wanted.search.is_empty();
                (found, if counts { Some(users::count(&ctx, wanted).await?) } else { None })
            }
            None => (Found { users: Vec::new(), next: None }, None),
        };
        let users = found.users.into_iter().map(|user| {
            let methods = methods(&ctx.config, &user).join(", ");
            (user, methods)
        });
        Ok(Loaded::View(View {
            users: users.collect(),
            next: found.next,
            paged: !after.is_empty(),
            count,
            sign_up: visit.shell.user_pages.first().map(|(_, url)| url.clone()),
            filters,
            values,
        }))
    }

    fn head(view: &View, _: &Visit) -> Head {
        let filtered = !view.values.is_empty();
        let lead = match view.count {
            None => "Sorted by identifier.".to_owned(),
            Some(Count::MoreThan(_)) if filtered => "10,000+ users match. Newest first.".to_owned(),
            Some(Count::MoreThan(_)) => "10,000+ users. Newest first.".to_owned(),
            Some(Count::Exactly(0)) => String::new(),
            Some(Count::Exactly(1)) if filtered => "1 user matches.".to_owned(),
            Some(Count::Exactly(1)) => "1 user.".to_owned(),
            Some(Count::Exactly(count)) if filtered => {
                format!("{} users match. Newest first.", grouped(count))
            }
            Some(Count::Exactly(count)) => format!("{} users. Newest first.", grouped(count)),
        };
        Head::new("Users", &lead)
    }

    fn body(view: View, frame: &Frame<'_>) -> AnyView {
        let View { filters, values, users, next, paged, sign_up, .. } = view;
        let path = nav::USERS.path;
        let empty = empty(&values, paged, next.is_some(), sign_up);
        let first = paged.then(|| filters::address(path, &values, &[]));
        let next = next.map(|next| filters::address(path, &values, &[(AFTER, &next)]));
        let pages = (first.is_some() || next.is_some()).then(|| {
            view! {
                <nav class="pages" aria-label="Pages">
                    {first.map(|to| view! { <a class="button" href=to>"First page"</a> })}
                    {next.map(|to| view! { <a class="button" href=to rel="next">"Next page"</a> })}
                </nav>
            }
        });
        let rows = users.into_iter().map(|(user, methods)| row(&user, methods, frame)).collect();
        view! {
            {filters::bar(path, &filters, &values)}
            {table::table("Users", &["User", "State", "Verification", "Sign-in methods", "Created"], rows, empty, Pager::default())}
            {pages}
        }
        .into_any()
    }

    fn done(word: &str) -> Option<&'static str> {
        match word {
            "deleted" => Some("User deleted."),
            "gone" => Some("This user no longer exists."),
            _ => None,
        }
    }
}

fn rows_of_a_page() -> usize {
    usize::try_from(table::ROWS).unwrap_or(usize::MAX)
}

fn filters() -> Vec<Filter> {
    let option = |value: &str, words: &str| (value.to_owned(), words.to_owned());
    vec![
        Filter {
            name: SEARCH,
            label: "Email, phone number, username or ID",
            kind: Kind::Search("ada@example.org"),
        },
        Filter {
            name: STATE,
            label: "State",
            kind: Kind::Choice {
                any: "Any state",
                options: vec![option("active", "Active"), option("disabled", "Disabled")],
            },
        },
        Filter {
            name: VERIFICATION,
            label: "Verification",
            kind: Kind::Choice {
                any: "Any verification",
                options: vec![option("verified", "Verified"), option("unverified", "Not verified")],
            },
        },
    ]
}

/// `None`: a value that no filter offers includes no user.
fn wanted<'a>(values: &'a Fields, after: &'a str) -> Option<Wanted<'a>> {
    let state = match trimmed(values, STATE) {
        "" => None,
        "active" => Some(State::Active),
        "disabled" => Some(State::Inactive),
        _ => return None,
    };
    let verified = match trimmed(values, VERIFICATION) {
        "" => None,
        "verified" => Some(true),
        "unverified" => Some(false),
        _ => return None,
    };
    let after = Some(after).filter(|after| !after.is_empty());
    Some(Wanted { search: trimmed(values, SEARCH), state, verified, after })
}

/// "1,234"
fn grouped(count: i64) -> String {
    match (count / 1000, count % 1000) {
        (0, rest) => rest.to_string(),
        (thousands, rest) => format!("{thousands},{rest:03}"),
    }
}

fn empty(values: &Fields, paged: bool, more: bool, sign_up: Option<String>) -> Empty {
    let path = nav::USERS.path;
    if more {
        let text = "The identifiers read so far belong to users that the other filters exclude. Go on with “Next page”.";
        return Empty { title: "No matches on this page.", text: text.into_any() };
    }
    if paged {
        return Empty {
            title: "No more users.",
            text: view! { <a href=path>"Back to the first page"</a> }.into_any(),
        };
    }
    match values.is_empty() {
        true => Empty {
            title: "No users yet.",
            text: view! { "Users appear here as soon as they sign up. "{sign_up.map(|url| view! { <a href=url>"Open the sign-up page"</a> })} }.into_any(),
        },
        false => Empty {
            title: "No matches.",
            text: view! { "No user matches these filters. "<a href=path>"Clear filters"</a> }.into_any(),
        },
    }
}

fn row(user: &User, methods: String, frame: &Frame<'_>) -> Row {
    let identity = &user.identity;
    let (title, handle) = (user.title(), user.handle());
    let beside = (title != handle).then(|| view! { <small>{name(handle)}</small> });
    let (state, word) = match identity.state {
        State::Active => ("active", "Active"),
        State::Inactive => ("disabled", "Disabled"),
    };
    Row {
        id: format!("user-{}", identity.id),
        state,
        cells: vec![
            view! { <a href=format!("{}/{}", nav::USERS.path, identity.id)>{name(title)}</a>{beside} }
                .into_any(),
            view! { <span class="mark">{word}</span> }.into_any(),
            verification(identity).into_any(),
            methods.into_any(),
            when(frame.now, identity.created_at),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn numbers_have_a_comma_after_the_thousands() {
        assert_eq!([0, 999, 1000, 9999].map(grouped), ["0", "999", "1,000", "9,999"]);
    }
}
