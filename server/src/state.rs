//! What handlers share.

use engine::Engine;

#[derive(Clone)]
pub struct AppState {
    pub engine: Engine,
}
