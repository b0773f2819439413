//! The form of a recovery: what it asks for, and what it sends.

mod draw;
mod send;

pub(crate) use draw::{
    ask_for_address, ask_for_code, ask_for_operators_code, choose, confirm, confirm_link, say_link_is_sent,
};
pub(crate) use send::{found_link, look_up, send};
