//! The browser's entry: starts the islands of `app`.
