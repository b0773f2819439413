//! The console's pages, rendered on the server. A page file holds its view struct, what loads it, what its form does and
//! its markup; rules are in `engine::settings` and `engine::operators`.

pub mod actions;
pub mod authentication;
pub mod checks;
pub mod comparison;
mod confirm;
pub mod entry;
mod fields;
pub mod history;
pub mod invitations;
pub mod mail;
pub mod mailbox;
mod plan;
mod rows;
mod shell;
pub mod social;
pub mod tester;

pub use fields::Fields;
pub use shell::{Assets, Shell, document, not_found, section, trouble};
