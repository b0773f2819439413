//! Shared state of the handlers.

use engine::Engine;

#[derive(Clone)]
pub struct AppState {
    pub engine: Engine,
}
