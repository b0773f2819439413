//! The console's pages, rendered on the server. A page file holds what its page loads, what its forms do and how it looks; rules are in
//! `engine::settings` and `engine::operators`, what every page needs is in `kit`, where pages are is in `nav`.

mod about;
mod account;
mod audit;
pub mod auth;
pub mod checks;
mod comparison;
mod documentation;
mod fields;
mod files;
mod history;
mod invitations;
pub mod kit;
mod limits;
mod mail;
pub mod mailbox;
pub mod nav;
mod operator;
mod operators;
mod overview;
mod plan;
mod revision;
mod search;
mod sessions;
mod settings;
mod shell;
mod social;
pub mod tester;
mod users;
mod webhooks;

pub use shell::{Assets, Shell, document, not_found, trouble};

use kit::{Entry, Listed, mount};

/// Every page of the kit.
pub fn pages() -> Vec<Entry> {
    let mut pages = vec![
        mount::<overview::Overview>(),
        mount::<users::Users>(),
        mount::<users::OneUser>(),
        mount::<sessions::Sessions>(),
        mount::<invitations::Invitations>(),
        mount::<social::Social>(),
        mount::<social::New>(),
        mount::<social::Provider>(),
        mount::<social::Test>(),
        mount::<mail::Delivery>(),
        mount::<mailbox::Mailbox>(),
        mount::<webhooks::Webhooks>(),
        mount::<webhooks::OneHook>(),
        mount::<webhooks::New>(),
        mount::<webhooks::Change>(),
        mount::<webhooks::Press>(),
        mount::<checks::Checks>(),
        mount::<files::Files>(),
        mount::<history::History>(),
        mount::<comparison::Compare>(),
        mount::<revision::OneRevision>(),
        mount::<Listed<audit::Audit>>(),
        mount::<operators::Operators>(),
        mount::<operator::OneOperator>(),
        mount::<account::Account>(),
        mount::<limits::Limits>(),
        mount::<search::Search>(),
        mount::<documentation::Index>(),
        mount::<documentation::OneChapter>(),
    ];
    pages.extend(settings::pages());
    pages
}
