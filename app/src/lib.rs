//! Pages: the console and the hosted pages. The browser build sees only what the one island needs, never `engine`.

#[cfg(feature = "ssr")]
pub mod hosted;
