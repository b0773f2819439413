//! A value that is never printed, and that is erased from memory when it is dropped. Used for configured passwords, tokens and keys,
//! and for values decrypted for one use.

use std::fmt;
use std::ops::Deref;
use zeroize::{Zeroize, Zeroizing};

#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret<T: Zeroize = String>(Zeroizing<T>);

impl<T: Zeroize> Secret<T> {
    pub fn new(value: T) -> Self {
        Self(Zeroizing::new(value))
    }

    pub fn expose(&self) -> &T {
        &self.0
    }
}

/// Read where a text is wanted. It has no `Display`, so no line of a log takes it by mistake.
impl Deref for Secret {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text.to_owned())
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn it_is_printed_nowhere() {
        let secrets =
            (Secret::from("hush"), vec![Some(Secret::from("hush".to_owned()))], Secret::new([7_u8; 4]));
        for text in [format!("{secrets:?}"), format!("{secrets:#?}")] {
            assert!(!text.contains("hush") && !text.contains('7'), "{text}");
        }
        assert_eq!((&*secrets.0, secrets.0.expose().as_str()), ("hush", "hush"));
    }

    struct Told(Arc<AtomicUsize>);

    impl Zeroize for Told {
        fn zeroize(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn it_is_overwritten_when_it_goes() {
        let told = Arc::new(AtomicUsize::new(0));
        let secret = Secret::new(Told(told.clone()));
        assert_eq!(told.load(Ordering::Relaxed), 0);
        drop(secret);
        assert_eq!(told.load(Ordering::Relaxed), 1);
    }
}
