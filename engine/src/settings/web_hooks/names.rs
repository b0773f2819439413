//! Names of a hook's secrets and fields, and what a form with problems is answered with.

use crate::secrets;
use crate::settings::outcome::FieldError;

/// The field of a problem with where a hook runs.
pub const PLACE: &str = "place";

/// The signing secret, and the one before it while they are exchanged.
pub(super) const SIGNATURE: &str = "signature";
pub(super) const SIGNATURE_BEFORE: &str = "signature_before";

/// What happens to which.
pub(super) type Secrets = Vec<(String, secrets::Change)>;

/// Or what is wrong with the form.
pub type Verdict<T> = std::result::Result<T, Vec<FieldError>>;

pub(super) fn secret_name(id: &str, member: &str) -> String {
    format!("hooks/{id}/{member}")
}
