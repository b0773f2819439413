//! The browser's entry point: exposes the islands of `app` to the page's script.

// Without a use of the crate the linker drops the islands' exports.
use app as _;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
