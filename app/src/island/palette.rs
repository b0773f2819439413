//! The command palette: a dialog around what the page *Search* finds. It holds no words and no rule of its own.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    Document, Element, Event, EventTarget, Headers, HtmlDialogElement, HtmlElement, HtmlFormElement,
    HtmlInputElement, HtmlTemplateElement, KeyboardEvent, MouseEvent, RequestInit, Response, UrlSearchParams,
};

/// Milliseconds of quiet before what is typed is asked for.
const QUIET: i32 = 120;

struct Palette {
    document: Document,
    dialog: HtmlDialogElement,
    input: HtmlInputElement,
    results: Element,
    timer: Cell<Option<i32>>,
    /// Only the response to the newest question is shown.
    asked: Cell<u32>,
    shown: RefCell<Option<String>>,
}

/// Once for a page.
pub(super) fn attach(document: &Document) {
    let by_id = |id| document.get_element_by_id(id);
    let dialog = by_id("palette").and_then(|element| element.dyn_into::<HtmlDialogElement>().ok());
    let input = by_id("palette-q").and_then(|element| element.dyn_into::<HtmlInputElement>().ok());
    let (Some(dialog), Some(input), Some(results)) = (dialog, input, by_id("palette-results")) else {
        return;
    };
    let palette = Rc::new(Palette {
        document: document.clone(),
        dialog,
        input,
        results,
        timer: Cell::new(None),
        asked: Cell::new(0),
        shown: RefCell::new(None),
    });
    listen(document, "keydown", &palette, Palette::pressed);
    listen(document, "click", &palette, Palette::clicked);
    listen(&palette.input, "input", &palette, Palette::typed);
    listen(&palette.dialog, "submit", &palette, Palette::entered);
}

fn listen(to: &EventTarget, name: &str, palette: &Rc<Palette>, run: fn(&Rc<Palette>, Event)) {
    let palette = palette.clone();
    let closure = Closure::<dyn FnMut(Event)>::new(move |event| run(&palette, event));
    let _ = to.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
    // It lives as long as the page.
    closure.forget();
}

impl Palette {
    fn pressed(self: &Rc<Self>, event: Event) {
        let Some(key) = event.dyn_ref::<KeyboardEvent>() else { return };
        let command = (key.ctrl_key() || key.meta_key()) && !key.shift_key() && !key.alt_key();
        if command && key.key().eq_ignore_ascii_case("k") {
            event.prevent_default();
            self.open();
        } else if self.dialog.open() && key.key() == "Escape" {
            // A browser would empty the field first.
            event.prevent_default();
            self.dialog.close();
        } else if self.dialog.open() && matches!(key.key().as_str(), "ArrowDown" | "ArrowUp") {
            event.prevent_default();
            self.walk(key.key() == "ArrowDown");
        }
    }

    fn open(self: &Rc<Self>) {
        if !self.dialog.open() && self.dialog.show_modal().is_ok() {
            let _ = self.input.focus();
            self.input.select();
            self.ask();
        }
    }

    /// The link to the page, or the place around the dialog.
    fn clicked(self: &Rc<Self>, event: Event) {
        let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else {
            return;
        };
        let plain = event.dyn_ref::<MouseEvent>().is_some_and(|mouse| {
            mouse.button() == 0 && !(mouse.ctrl_key() || mouse.meta_key() || mouse.shift_key())
        });
        if plain && matches!(target.closest("[data-palette]"), Ok(Some(_))) {
            event.prevent_default();
            self.open();
        } else if self.dialog.open() && target.is_same_node(Some(&self.dialog)) {
            self.dialog.close();
        }
    }

    fn links(&self) -> Vec<HtmlElement> {
        let Ok(found) = self.results.query_selector_all("a[href]") else { return Vec::new() };
        (0..found.length()).filter_map(|index| found.item(index)?.dyn_into().ok()).collect()
    }

    /// From the field to the first link, from one link to the next, and back.
    fn walk(&self, down: bool) {
        let links = self.links();
        let active = self.document.active_element();
        let at = links.iter().position(|link| link.is_same_node(active.as_deref()));
        let to = match (at, down) {
            (None, true) => links.first(),
            (Some(at), true) => links.get(at + 1),
            (Some(0) | None, false) => None,
            (Some(at), false) => links.get(at - 1),
        };
        let _ = match (to, down) {
            (Some(link), _) => link.focus(),
            (None, false) => self.input.focus(),
            (None, true) => Ok(()),
        };
    }

    fn typed(self: &Rc<Self>, _: Event) {
        let Some(window) = web_sys::window() else { return };
        if let Some(timer) = self.timer.take() {
            window.clear_timeout_with_handle(timer);
        }
        let palette = self.clone();
        let ask = Closure::once_into_js(move || palette.ask());
        let timer = window.set_timeout_with_callback_and_timeout_and_arguments_0(ask.unchecked_ref(), QUIET);
        self.timer.set(timer.ok());
    }

    /// Enter follows the first link of what was typed. Where there is none, the browser opens the page.
    fn entered(self: &Rc<Self>, event: Event) {
        let current = self.shown.borrow().as_deref() == Some(self.input.value().as_str());
        if let Some(link) = self.links().first().filter(|_| current) {
            event.prevent_default();
            link.click();
        }
    }

    fn ask(self: &Rc<Self>) {
        let question = self.asked.get() + 1;
        self.asked.set(question);
        let wanted = self.input.value();
        let palette = self.clone();
        spawn_local(async move {
            let Some(html) = palette.fetch(&wanted).await else { return };
            if palette.asked.get() == question {
                palette.results.set_inner_html(&html);
                palette.shown.replace(Some(wanted));
            }
        });
    }

    /// The results in the page; without an answer what is shown stays.
    async fn fetch(&self, wanted: &str) -> Option<String> {
        let form: HtmlFormElement = self.input.form()?;
        let query = UrlSearchParams::new().ok()?;
        query.append("q", wanted);
        let headers = Headers::new().ok()?;
        headers.set("accept", "application/x-swap").ok()?;
        let init = RequestInit::new();
        init.set_headers(&headers);
        let address = format!("{}?{}", form.get_attribute("action")?, String::from(query.to_string()));
        let response =
            JsFuture::from(web_sys::window()?.fetch_with_str_and_init(&address, &init)).await.ok()?;
        let response: Response = response.dyn_into().ok()?;
        let json = JsFuture::from(response.json().ok()?).await.ok()?;
        let html = js_sys::Reflect::get(&json, &JsValue::from_str("html")).ok()?.as_string()?;
        let template =
            self.document.create_element("template").ok()?.dyn_into::<HtmlTemplateElement>().ok()?;
        template.set_inner_html(&html);
        Some(template.content().query_selector("#results").ok()??.inner_html())
    }
}
