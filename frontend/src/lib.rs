//! The browser's entry: makes the islands of `app` callable from the page's script.

// Without a use of the crate the linker drops the islands' exports.
use app as _;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
