//! Placeholder while the console is being merged.
pub fn router(_: crate::state::AppState) -> axum::Router { axum::Router::new() }
