//! The reference to a secret outside the configuration: `secret://NAME`. The value is decrypted where it is used, so that no
//! snapshot, print or difference contains it.

const SCHEME: &str = "secret://";

/// What settings hold instead of the secret of that name.
pub fn reference(name: &str) -> String {
    format!("{SCHEME}{name}")
}

/// The name in a reference; `None` for a secret that stands there itself.
pub fn name_in(text: &str) -> Option<&str> {
    text.strip_prefix(SCHEME).filter(|name| !name.is_empty())
}
