//! The table of settings, and the page that describes them. The rows are in [`crate::config::console_table`], because the mapping onto
//! files reads them too.

mod reference;

pub use crate::config::console_table::{
    About, Choice, Group, Guard, Kind, Page, SETTINGS, Section, Setting, Text, Writes, label, on_page,
    sections, setting,
};
pub use reference::reference;
