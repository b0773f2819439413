//! Pages: the console and the hosted pages. The browser build sees only the one island, never `engine`.

#[cfg(feature = "ssr")]
pub mod console;
#[cfg(feature = "ssr")]
mod device;
#[cfg(feature = "ssr")]
pub mod hosted;
pub mod island;
