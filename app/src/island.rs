//! The one island of the console. Around any form of ours it turns a submit into a request to the server function that
//! the form names, and swaps in what comes back; while somebody edits it asks the same function for a preview. It holds
//! no rule: every word it shows was rendered by the server.
//!
//! Contract with the markup, all below the island's element:
//! `form[data-live]` with `data-endpoint` and the fields, among them `base`: a revision, `&`, and what the others would send
//! if nothing was changed; `[data-region]` is replaced after a submit; `[data-part]` with an id are replaced by a preview, and
//! controls follow it where one moves another; after a submit those that stand outside of the region are, too; `[data-copy]` copies the input of that id and says so in `[data-copied]`;
//! `[role=status]` says what happened; `[data-discard]` leaves without being asked; `[autofocus]` in what comes back takes the
//! focus; `details[id]` stay open, and `[data-view]` controls as they are, since they only say how something is looked at.
//! `data-awake` appears on the element once all of this works, `data-busy` while a submit is under way.

use leptos::prelude::*;

/// Without a script it is just the form.
#[island]
pub fn LiveForm(children: Children) -> impl IntoView {
    let element = NodeRef::<leptos::html::Div>::new();
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        if let Some(element) = element.get() {
            live::attach(element.into());
        }
    });
    view! { <div class="live" node_ref=element>{children()}</div> }
}

#[cfg(feature = "hydrate")]
mod live {
    use std::cell::Cell;
    use std::rc::Rc;
    use wasm_bindgen::prelude::*;
    use wasm_bindgen_futures::{JsFuture, spawn_local};
    use web_sys::{
        BeforeUnloadEvent, Document, Element, Event, FormData, Headers, HtmlElement, HtmlFormElement,
        HtmlInputElement, HtmlTemplateElement, KeyboardEvent, NodeList, RequestInit, Response, SubmitEvent,
        UrlSearchParams, Window,
    };

    const OVER: &str = "401";
    /// The page stays as it is, with everything that was typed; signing in happens beside it.
    const SIGN_IN: &str = "<p>Your session is over. <a href=\"/sign-in\" target=\"_blank\">Sign in</a> in another tab, then \
        press Save here: what you typed stays.</p>";

    /// What of a form somebody sets. A password is nobody's business but the next Save's.
    const CONTROLS: &str = "input[id]:not([data-view],[type=password]),select[id]";
    /// How somebody looks at the page.
    const VIEW: &str = "details[id][open],[data-view]:checked";

    /// Milliseconds of quiet after a key press before a preview is asked for.
    const QUIET: i32 = 200;

    struct Live {
        window: Window,
        document: Document,
        root: Element,
        /// A submit is under way: a second click is the same one.
        busy: Cell<bool>,
        leaving: Cell<bool>,
        timer: Cell<Option<i32>>,
        /// Only the answer to the newest question counts.
        asked: Cell<u32>,
    }

    pub(super) fn attach(root: Element) {
        let Some(window) = web_sys::window() else { return };
        let Some(document) = window.document() else { return };
        let live = Rc::new(Live {
            window,
            document,
            root,
            busy: Cell::new(false),
            leaving: Cell::new(false),
            timer: Cell::new(None),
            asked: Cell::new(0),
        });
        listen(&live.root, "submit", &live, Live::submitted);
        listen(&live.root, "input", &live, Live::edited);
        listen(&live.root, "click", &live, Live::clicked);
        listen(&live.document, "keydown", &live, Live::pressed);
        listen(&live.window, "beforeunload", &live, Live::left);
        let _ = live.root.set_attribute("data-awake", "");
        // Somebody was faster than the script.
        if live.is_dirty() {
            live.preview();
        }
    }

    fn listen(to: &web_sys::EventTarget, name: &str, live: &Rc<Live>, run: fn(&Rc<Live>, Event)) {
        let live = live.clone();
        let closure = Closure::<dyn FnMut(Event)>::new(move |event| run(&live, event));
        let _ = to.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
        // It lives as long as the page.
        closure.forget();
    }

    impl Live {
        fn form(&self) -> Option<HtmlFormElement> {
            self.root.query_selector("form[data-live]").ok()??.dyn_into().ok()
        }

        fn is_dirty(&self) -> bool {
            let Some(fields) = self.form().as_ref().and_then(fields) else { return false };
            let Some(base) = fields.get("base") else { return false };
            fields.delete("base");
            base.split_once('&').is_some_and(|(_, was)| fields.to_string() != was)
        }

        fn submitted(self: &Rc<Self>, event: Event) {
            let Some(form) = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok())
            else {
                return;
            };
            let Some(endpoint) = form.get_attribute("data-endpoint") else { return };
            event.prevent_default();
            if self.busy.get() || !self.may_lose(&form) {
                return;
            }
            let submitter = event.dyn_into::<SubmitEvent>().ok().and_then(|event| event.submitter());
            let body = encode(&form, submitter.as_ref());
            let sent = self.controls();
            let live = self.clone();
            self.cancel_preview();
            self.under_way(true);
            spawn_local(async move {
                match live.ask(&endpoint, &body).await {
                    Ok(answer) => live.take(&answer, &sent),
                    Err(sentence) if sentence == OVER => live.say(SIGN_IN),
                    Err(sentence) => live.say_text(&sentence),
                }
                live.under_way(false);
            });
        }

        /// Another form than the edited one, such as Undo, brings a new state: what is not saved would go with the old one.
        fn may_lose(&self, form: &HtmlFormElement) -> bool {
            let question = "Your unsaved changes go with this. Go on all the same?";
            form.has_attribute("data-live")
                || !self.is_dirty()
                || self.window.confirm_with_message(question).unwrap_or(true)
        }

        fn under_way(&self, busy: bool) {
            self.busy.set(busy);
            let _ = if busy {
                self.root.set_attribute("data-busy", "")
            } else {
                self.root.remove_attribute("data-busy")
            };
        }

        /// Every control of the edited form and how it stands.
        fn controls(&self) -> Vec<Control> {
            let found = self.form().map(|form| form.query_selector_all(CONTROLS));
            found.map(elements).unwrap_or_default().iter().map(Control::of).collect()
        }

        fn looked_at(&self) -> Vec<String> {
            elements(self.root.query_selector_all(VIEW)).iter().map(Element::id).collect()
        }

        /// Opens and chooses again what was open and chosen.
        fn look_again(&self, ids: &[String]) {
            for element in ids.iter().filter_map(|id| self.document.get_element_by_id(id)) {
                let property = if element.tag_name() == "DETAILS" { "open" } else { "checked" };
                put(&element, property, &JsValue::TRUE);
            }
        }

        /// A new state from the server: the whole region, and what to say. What was typed while the answer was under way, and
        /// so is not in it, stays.
        fn take(self: &Rc<Self>, answer: &Answer, sent: &[Control]) {
            let typed = self.controls().into_iter().filter(|control| !sent.contains(control));
            let typed: Vec<Control> = typed.collect();
            let focused = self.document.active_element().map(|element| element.id()).unwrap_or_default();
            let view = self.looked_at();
            if let Ok(Some(region)) = self.root.query_selector("[data-region]") {
                region.set_inner_html(&answer.html);
            }
            self.look_again(&view);
            self.replace_parts(&answer.beside, &[]);
            self.say(&answer.notice);
            let wanted = self.root.query_selector("[data-region] [autofocus]").ok().flatten();
            let again = || (!focused.is_empty()).then(|| self.document.get_element_by_id(&focused)).flatten();
            if let Some(element) =
                wanted.or_else(again).and_then(|element| element.dyn_into::<HtmlElement>().ok())
            {
                let _ = element.focus();
            }
            for control in &typed {
                control.restore(&self.document);
            }
            if !typed.is_empty() {
                self.preview();
            }
        }

        fn edited(self: &Rc<Self>, event: Event) {
            let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            if target.is_some_and(|target| target.has_attribute("data-view")) {
                return;
            }
            self.cancel_preview();
            let live = self.clone();
            let preview = Closure::once_into_js(move || live.preview());
            let timer = self
                .window
                .set_timeout_with_callback_and_timeout_and_arguments_0(preview.unchecked_ref(), QUIET);
            self.timer.set(timer.ok());
        }

        fn cancel_preview(&self) {
            if let Some(timer) = self.timer.take() {
                self.window.clear_timeout_with_handle(timer);
            }
            self.asked.set(self.asked.get() + 1);
        }

        fn preview(self: &Rc<Self>) {
            let Some(form) = self.form() else { return };
            let Some(endpoint) = form.get_attribute("data-endpoint") else { return };
            let body = format!("{}&action=preview", encode(&form, None));
            let question = self.asked.get();
            let sent = self.controls();
            let live = self.clone();
            spawn_local(async move {
                // A preview that cannot be had changes nothing: the next one, or the Save, will say why.
                let Ok(answer) = live.ask(&endpoint, &body).await else { return };
                if live.asked.get() == question {
                    live.replace_parts(&answer.html, &sent);
                }
            });
        }

        fn replace_parts(&self, html: &str, sent: &[Control]) {
            let template = self.document.create_element("template").ok();
            let Some(template) = template.and_then(|element| element.dyn_into::<HtmlTemplateElement>().ok())
            else {
                return;
            };
            template.set_inner_html(html);
            let content = template.content();
            for part in elements(content.query_selector_all("[data-part]")) {
                if let Some(here) = self.document.get_element_by_id(&part.id()) {
                    here.set_inner_html(&part.inner_html());
                }
            }
            // One control may move another. What was touched since stays.
            for control in elements(content.query_selector_all(CONTROLS)).iter().map(Control::of) {
                let here = self.document.get_element_by_id(&control.id).map(|here| Control::of(&here));
                if here.is_some_and(|here| here != control && sent.contains(&here)) {
                    control.restore(&self.document);
                }
            }
        }

        fn clicked(self: &Rc<Self>, event: Event) {
            let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            if let Some(Ok(Some(button))) = target.as_ref().map(|target| target.closest("[data-copy]")) {
                self.copy(&button);
            }
            if target.is_some_and(|target| matches!(target.closest("[data-discard]"), Ok(Some(_)))) {
                self.leaving.set(true);
            }
        }

        /// The field that the button names, selected, so that it can be copied by hand where the browser does not let us.
        fn copy(&self, button: &Element) {
            let field = button.get_attribute("data-copy").and_then(|id| self.document.get_element_by_id(&id));
            let Some(field) = field.and_then(|field| field.dyn_into::<HtmlInputElement>().ok()) else {
                return;
            };
            field.select();
            let part = |of: &JsValue, name: &str| js_sys::Reflect::get(of, &JsValue::from_str(name)).ok();
            let clipboard =
                part(&self.window, "navigator").and_then(|navigator| part(&navigator, "clipboard"));
            let write = clipboard.as_ref().and_then(|clipboard| part(clipboard, "writeText"));
            let write = write.and_then(|write| write.dyn_into::<js_sys::Function>().ok());
            let (Some(clipboard), Some(write)) = (clipboard, write) else { return };
            let copied = write.call1(&clipboard, &JsValue::from_str(&field.value()));
            let Some(copied) = copied.ok().and_then(|promise| promise.dyn_into::<js_sys::Promise>().ok())
            else {
                return;
            };
            let root = self.root.clone();
            spawn_local(async move {
                let said = if JsFuture::from(copied).await.is_ok() { "Copied." } else { "Copy it by hand." };
                if let Ok(Some(status)) = root.query_selector("[data-copied]") {
                    status.set_text_content(Some(said));
                }
            });
        }

        fn pressed(self: &Rc<Self>, event: Event) {
            let Some(key) = event.dyn_ref::<KeyboardEvent>() else { return };
            if key.key() == "Escape" {
                self.close_menu();
            }
            if !(key.ctrl_key() || key.meta_key()) || key.shift_key() || key.alt_key() || key.key() != "s" {
                return;
            }
            let Some(form) = self.form() else { return };
            event.prevent_default();
            let button = form.query_selector("#save").ok().flatten();
            let button = button.and_then(|button| button.dyn_into::<HtmlElement>().ok());
            if let Some(button) = button {
                button.click();
            }
        }

        fn close_menu(&self) {
            let Ok(Some(menu)) = self.document.query_selector("details.menu[open]") else { return };
            let inside = menu.contains(self.document.active_element().as_deref());
            let _ = menu.remove_attribute("open");
            let summary = menu.query_selector("summary").ok().flatten();
            if let Some(summary) =
                summary.filter(|_| inside).and_then(|found| found.dyn_into::<HtmlElement>().ok())
            {
                let _ = summary.focus();
            }
        }

        fn left(self: &Rc<Self>, event: Event) {
            if self.is_dirty() && !self.leaving.get() {
                event.prevent_default();
                if let Some(event) = event.dyn_ref::<BeforeUnloadEvent>() {
                    event.set_return_value("unsaved");
                }
            }
        }

        fn say(&self, html: &str) {
            if let Ok(Some(status)) = self.root.query_selector("[role=status]") {
                status.set_inner_html(html);
            }
        }

        fn say_text(&self, sentence: &str) {
            if let Ok(Some(status)) = self.root.query_selector("[role=status]") {
                status.set_text_content(Some(sentence));
            }
        }

        async fn ask(&self, endpoint: &str, body: &str) -> Result<Answer, String> {
            let gone = |_| {
                "The server cannot be reached. What you typed is still here: try again in a moment."
                    .to_owned()
            };
            let headers = Headers::new().map_err(gone)?;
            headers.set("accept", "application/json").map_err(gone)?;
            headers.set("content-type", "application/x-www-form-urlencoded").map_err(gone)?;
            let init = RequestInit::new();
            init.set_method("POST");
            init.set_headers(&headers);
            init.set_body(&JsValue::from_str(body));
            let response =
                JsFuture::from(self.window.fetch_with_str_and_init(endpoint, &init)).await.map_err(gone)?;
            let response: Response = response.dyn_into().map_err(gone)?;
            let refused = || {
                match response.status() {
                    401 => OVER,
                    403 => "This was refused, and nothing was changed. Reload the page, and ask an owner if it stays so.",
                    503 => "The server is busy. What you typed is still here: try again in a moment.",
                    _ => "The server could not do this. What you typed is still here: try again in a moment.",
                }
                .to_owned()
            };
            if !matches!(response.status(), 200 | 409 | 422) {
                return Err(refused());
            }
            let json = JsFuture::from(response.json().map_err(gone)?).await.map_err(|_| refused())?;
            let text = |name: &str| {
                js_sys::Reflect::get(&json, &JsValue::from_str(name)).ok().and_then(|value| value.as_string())
            };
            // A page without HTML is an error in the framework's own form.
            let html = text("html").ok_or_else(refused)?;
            let part = |name| text(name).unwrap_or_default();
            Ok(Answer { html, notice: part("notice"), beside: part("beside") })
        }
    }

    #[derive(PartialEq)]
    struct Control {
        id: String,
        checked: bool,
        value: String,
    }

    impl Control {
        fn of(element: &Element) -> Self {
            Self {
                id: element.id(),
                checked: got(element, "checked").is_truthy(),
                value: got(element, "value").as_string().unwrap_or_default(),
            }
        }

        fn restore(&self, document: &Document) {
            if let Some(element) = document.get_element_by_id(&self.id) {
                put(&element, "checked", &self.checked.into());
                put(&element, "value", &self.value.as_str().into());
            }
        }
    }

    fn elements(found: Result<NodeList, JsValue>) -> Vec<Element> {
        let Ok(found) = found else { return Vec::new() };
        (0..found.length()).filter_map(|index| found.item(index)?.dyn_into().ok()).collect()
    }

    fn got(element: &Element, property: &str) -> JsValue {
        js_sys::Reflect::get(element, &property.into()).unwrap_or_default()
    }

    fn put(element: &Element, property: &str, value: &JsValue) {
        let _ = js_sys::Reflect::set(element, &property.into(), value);
    }

    struct Answer {
        html: String,
        notice: String,
        beside: String,
    }

    fn fields(form: &HtmlFormElement) -> Option<UrlSearchParams> {
        let data = FormData::new_with_form(form).ok()?;
        UrlSearchParams::new_with_str_sequence_sequence(&data).ok()
    }

    /// What a browser would send, with the button that was pressed.
    fn encode(form: &HtmlFormElement, submitter: Option<&HtmlElement>) -> String {
        let Some(parameters) = fields(form) else { return String::new() };
        let attribute = |name| submitter.and_then(|button| button.get_attribute(name));
        if let (Some(name), Some(value)) = (attribute("name"), attribute("value")) {
            parameters.append(&name, &value);
        }
        parameters.to_string().into()
    }
}
