//! What handlers share.

use axum::extract::FromRef;
use engine::Engine;

#[derive(Clone)]
pub struct AppState {
    pub engine: Engine,
}

impl FromRef<AppState> for Engine {
    fn from_ref(state: &AppState) -> Self {
        state.engine.clone()
    }
}
