//! What pages of the console are made of. A page says what it loads, what its forms do and what it shows; the kit does what every
//! page needs: the frame, roles, drafts, conflicts, confirmations, tables and controls. It knows no page.

pub mod detail;
pub mod filters;
pub mod form;
mod frame;
pub mod list;
mod mount;
pub mod page;
pub mod table;
pub mod text;

pub use list::{ListPage, Listed};
pub use mount::{Entry, mount, mount_at};
pub use page::{
    Acted, Asked, Asks, Confirm, Conflict, Download, Frame, Head, Loaded, Meta, Page, Posted, Reply, Verb,
    Visit, saved,
};
