//! Named settings that the console changes, kept as immutable revisions and mapped onto the files anew each time. The table of all
//! of them is in [`table`].

pub mod actions;
mod addressees;
pub mod after_sign_up;
mod audit;
pub mod by_name;
pub mod checks;
mod danger;
mod files;
mod follow;
pub mod history;
mod outcome;
mod page;
pub mod presets;
mod preview;
mod provider_fields;
mod revise;
mod rollback;
pub mod social;
pub mod table;
mod values;
pub mod web_hooks;
mod words;

pub use crate::config::Named;
pub use crate::config::console_names as names;
pub use after_sign_up::AfterSignUp;
pub use checks::{Check, Severity};
pub use danger::{By, COMMAND_LINE};
pub use files::{Reloaded, confirm_files, reload_files, watch_files};
pub use follow::{follow, listen, refresh};
pub use history::undo;
pub use outcome::{FieldError, Preview, Saved};
pub use page::{Current, Provenance, current, registering, values};
pub use preview::preview;
pub use revise::{files_decide, list, load_current, save};
pub use rollback::roll_back;
pub use table::{SETTINGS, Setting, label, setting};
pub use values::{PerMethod, SettingValue, Values, change, changes, differences, in_units, parse_span, way};

use chrono::{DateTime, Utc};

pub struct Revision {
    pub number: i64,
    pub at: DateTime<Utc>,
    /// Operator's name, or "command line".
    pub by: String,
    pub base: i64,
    pub settings: Named,
    /// What changed, in words, as it was said when it was made.
    pub summary: Vec<String>,
    /// Why, in the author's words; empty without one.
    pub reason: String,
}
