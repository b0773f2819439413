//! What a commit promises.

/// What an answered commit promises.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Durability {
    /// It survives a power cut, and so does every commit before it.
    Durable,
    /// A power cut may take it, never a crash of this program. The next durable commit makes it durable too.
    Relaxed,
}
