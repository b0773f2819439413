//! The form of a verification: what it asks for, what each browser sees of it, and how another flow leads to one.

mod begin;
mod browsers;
mod draw;

pub use begin::unverified;
pub(crate) use begin::{begin, for_address};
pub(crate) use browsers::{forget_code, forget_codes, keep_asked, open_in, show, show_to};
pub(crate) use draw::{address_is_missing, ask_for_address, ask_for_code, finish, wanted_url, with_token};
