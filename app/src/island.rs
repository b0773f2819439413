//! The one island of the console. Around any page it turns what a form or link would load into a request for the part that changes,
//! and swaps in what comes back; while somebody edits a live form it asks for a preview. It holds no rule: every word it shows was
//! rendered by the server, except where no server answers.
//!
//! Contract with the markup, all below the island's element:
//! a POST form is sent to its own `action`, or to `data-endpoint`, with `Accept: application/x-swap`; the response is the same that a
//! page load would get, as JSON: `html` for `[data-region]`, `notice` for `[role=status]`, `beside` for `[data-part]`s outside of it,
//! `title`. A redirect to another page is followed as a page load. Forms that open elsewhere (`target`) are left alone, and so is
//! everything but `data-endpoint` forms where there is no `[data-page]`. There, GET forms and links to the page's own path are
//! fetched as well, and are entries of the browser's history. Each form is busy by itself: `data-busy`, and a second press is the
//! same one.
//! `form[data-live]` has the fields, among them `base`: a revision, `&`, and what the others would send if nothing was changed;
//! `[data-part]` with an id are replaced by its preview, and controls follow it where one moves another. `[data-poll]` says after how
//! many seconds the parts are fetched again. `[data-copy]` copies the input of that id and says so in `[data-copied]`;
//! `[data-discard]` leaves without being asked; `[autofocus]` in what comes back takes the focus; `details[id]` stay open, and
//! `[data-view]` controls as they are, since they only say how something is looked at.
//! Ctrl+K or Cmd+K, or a press on `[data-palette]`, opens the dialog `#palette` of the frame, which is outside of the element: what is
//! typed in `#palette-q` is asked of the page that its form names, and the links of that page's `#results` are shown; arrows move among
//! them and Enter follows the first one.
//! `data-awake` appears on the element once all of this works, `data-busy` while a request of a form is under way, `data-dirty` while
//! the edited form says something else than is saved.

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
mod palette;

#[cfg(feature = "hydrate")]
mod live {
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;
    use wasm_bindgen::prelude::*;
    use wasm_bindgen_futures::{JsFuture, spawn_local};
    use web_sys::{
        BeforeUnloadEvent, Document, Element, Event, FormData, Headers, HtmlAnchorElement, HtmlElement,
        HtmlFormElement, HtmlInputElement, HtmlTemplateElement, KeyboardEvent, MouseEvent, NodeList,
        RequestInit, Response, SubmitEvent, Url, UrlSearchParams, Window,
    };

    const OVER: &str = "401";
    /// The page stays as it is, with everything that was typed; signing in happens beside it.
    const SIGN_IN: &str = "<p>Your session expired. <a href=\"/sign-in\" target=\"_blank\">Sign in</a> in a new tab, then \
        select the button here again. Your changes are kept.</p>";

    /// What of a form somebody sets. A password is nobody's business but the next Save's.
    const CONTROLS: &str = "input[id]:not([data-view],[type=password],[readonly]),select[id],textarea[id]";
    /// How somebody looks at the page.
    const VIEW: &str = "details[id][open],[data-view]:checked";

    /// Milliseconds of quiet after a key press before a preview is asked for.
    const QUIET: i32 = 200;

    struct Live {
        window: Window,
        document: Document,
        root: Element,
        /// How many submits are under way.
        busy: Cell<u32>,
        /// Path and query of what is shown.
        address: RefCell<String>,
        poll: Cell<Option<i32>>,
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
            busy: Cell::new(0),
            address: RefCell::new(String::new()),
            poll: Cell::new(None),
            leaving: Cell::new(false),
            timer: Cell::new(None),
            asked: Cell::new(0),
        });
        listen(&live.root, "submit", &live, Live::submitted);
        listen(&live.root, "input", &live, Live::edited);
        listen(&live.root, "click", &live, Live::clicked);
        listen(&live.document, "keydown", &live, Live::pressed);
        listen(&live.window, "beforeunload", &live, Live::left);
        listen(&live.window, "popstate", &live, Live::went_back);
        super::palette::attach(&live.document);
        live.address.replace(live.here().map(|url| relative(&url)).unwrap_or_default());
        live.follow();
        let _ = live.root.set_attribute("data-awake", "");
        // Somebody was faster than the script.
        live.mark();
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

        /// Says on the element whether something is unsaved, also where no server answers.
        fn mark(&self) {
            let _ = match self.is_dirty() {
                true => self.root.set_attribute("data-dirty", ""),
                false => self.root.remove_attribute("data-dirty"),
            };
        }

        /// The address of the page as it is.
        fn here(&self) -> Option<Url> {
            Url::new(&self.window.location().href().ok()?).ok()
        }

        /// Whether all of it is a page that can be swapped by parts.
        fn is_page(&self) -> bool {
            matches!(self.root.query_selector("[data-page]"), Ok(Some(_)))
        }

        fn submitted(self: &Rc<Self>, event: Event) {
            let Some(form) = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok())
            else {
                return;
            };
            let endpoint = form.get_attribute("data-endpoint");
            if endpoint.is_none() && (!self.is_page() || form.has_attribute("target")) {
                return;
            }
            let action = form.get_attribute("action").filter(|action| !action.is_empty());
            let Some(here) = self.here() else { return };
            let Ok(to) = Url::new_with_base(&action.unwrap_or_else(|| here.href()), &here.href()) else {
                return;
            };
            let submitter = event.clone().dyn_into::<SubmitEvent>().ok().and_then(|event| event.submitter());
            let body = encode(&form, submitter.as_ref());
            // Not its property: a control of that name hides it, as the form of a webhook has one.
            let asks = form.get_attribute("method").is_none_or(|method| method.eq_ignore_ascii_case("get"));
            if endpoint.is_none() && asks {
                if to.pathname() == here.pathname() {
                    event.prevent_default();
                    to.set_search(&body);
                    to.set_hash("");
                    self.go(to, true);
                }
                return;
            }
            event.prevent_default();
            if form.has_attribute("data-busy") || !self.may_lose(&form) {
                return;
            }
            let sent = self.controls();
            let live = self.clone();
            self.cancel_preview();
            self.under_way(&form, true);
            let endpoint = endpoint.unwrap_or_else(|| relative(&to));
            spawn_local(async move {
                match live.ask(&endpoint, Some(&body)).await {
                    Ok(answer) if live.leaves(&answer) => {}
                    Ok(answer) => live.take(&answer, &sent),
                    Err(sentence) if sentence == OVER => live.say(SIGN_IN),
                    Err(sentence) => live.say_text(&sentence),
                }
                live.under_way(&form, false);
            });
        }

        /// After a redirect the address is that of what is shown; another page is loaded as one.
        fn leaves(&self, answer: &Answer) -> bool {
            let (Some(url), Some(here)) = (&answer.redirected, self.here()) else { return false };
            self.leaving.set(true);
            if url.pathname() != here.pathname() {
                return self.window.location().assign(&url.href()).is_ok();
            }
            self.leaving.set(false);
            self.moved(url, false);
            false
        }

        /// The address of the page, without loading it.
        fn moved(&self, url: &Url, another: bool) {
            let to = relative(url);
            if let Ok(history) = self.window.history() {
                let _ = match another {
                    true => history.push_state_with_url(&JsValue::NULL, "", Some(&to)),
                    false => history.replace_state_with_url(&JsValue::NULL, "", Some(&to)),
                };
            }
            self.address.replace(to);
        }

        /// Another state of this page, by its address. `another`: as a new entry of the history.
        fn go(self: &Rc<Self>, to: Url, another: bool) {
            let live = self.clone();
            let question = self.asked.get() + 1;
            self.asked.set(question);
            let sent = self.controls();
            spawn_local(async move {
                let answer = live.ask(&relative(&to), None).await;
                if live.asked.get() != question {
                    return;
                }
                match answer {
                    Ok(answer) => {
                        if another {
                            live.moved(&to, true);
                        }
                        let focused = live.focused();
                        live.take(&answer, &sent);
                        if live.document.get_element_by_id(&focused).is_none() {
                            live.to_the_top();
                        }
                    }
                    // What cannot be swapped in can be loaded, or says why it cannot.
                    Err(_) => {
                        let _ = live.window.location().assign(&to.href());
                    }
                }
            });
        }

        fn went_back(self: &Rc<Self>, _: Event) {
            let Some(here) = self.here().filter(|_| self.is_page()) else { return };
            let address = relative(&here);
            if *self.address.borrow() != address {
                self.address.replace(address);
                self.go(here, false);
            }
        }

        fn to_the_top(&self) {
            let main =
                self.document.get_element_by_id("main").and_then(|main| main.dyn_into::<HtmlElement>().ok());
            if let Some(main) = main {
                let _ = main.focus();
                self.window.scroll_to_with_x_and_y(0.0, 0.0);
            }
        }

        fn focused(&self) -> String {
            self.document.active_element().map(|element| element.id()).unwrap_or_default()
        }

        /// Fetches the parts again after a while, where the page asks for it.
        fn follow(self: &Rc<Self>) {
            if let Some(timer) = self.poll.take() {
                self.window.clear_timeout_with_handle(timer);
            }
            let element = self.root.query_selector("[data-poll]").ok().flatten();
            let seconds = element.and_then(|element| element.get_attribute("data-poll")?.parse::<i32>().ok());
            let Some(seconds) = seconds else { return };
            let live = self.clone();
            let poll = Closure::once_into_js(move || live.polled());
            let timer = self
                .window
                .set_timeout_with_callback_and_timeout_and_arguments_0(poll.unchecked_ref(), seconds * 1000);
            self.poll.set(timer.ok());
        }

        fn polled(self: &Rc<Self>) {
            let live = self.clone();
            let address = self.address.borrow().clone();
            spawn_local(async move {
                let answer = live.ask(&address, None).await;
                if *live.address.borrow() != address {
                    return;
                }
                if let Ok(answer) = answer {
                    let view = live.looked_at();
                    live.replace_parts(&answer.html, &[]);
                    live.look_again(&view);
                    live.replace_parts(&answer.beside, &[]);
                }
                live.follow();
            });
        }

        /// Another form than the edited one, such as Undo, brings a new state: what is not saved would go with the old one.
        fn may_lose(&self, form: &HtmlFormElement) -> bool {
            let question = "Discard your unsaved changes?";
            form.has_attribute("data-live")
                || !self.is_dirty()
                || self.window.confirm_with_message(question).unwrap_or(true)
        }

        fn under_way(&self, form: &HtmlFormElement, busy: bool) {
            let now = if busy { self.busy.get() + 1 } else { self.busy.get().saturating_sub(1) };
            self.busy.set(now);
            for (element, busy) in [(form.as_ref() as &Element, busy), (&self.root, now > 0)] {
                let _ = match busy {
                    true => element.set_attribute("data-busy", ""),
                    false => element.remove_attribute("data-busy"),
                };
            }
        }

        /// Every control of the edited form, or of the page, and how it stands.
        fn controls(&self) -> Vec<Control> {
            let form = self.form().map(Element::from);
            let page = || self.root.query_selector("[data-page]").ok().flatten();
            let found = form.or_else(page).map(|around| around.query_selector_all(CONTROLS));
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
            let focused = self.focused();
            let view = self.looked_at();
            if let Ok(Some(region)) = self.root.query_selector("[data-region]") {
                region.set_inner_html(&answer.html);
            }
            self.look_again(&view);
            self.replace_parts(&answer.beside, &[]);
            self.say(&answer.notice);
            if !answer.title.is_empty() {
                self.document.set_title(&answer.title);
            }
            // Before anything takes the focus: what is shown only while something is unsaved is hidden from here on.
            self.mark();
            let wanted = "[data-region] [autofocus],[role=status] [autofocus]";
            let wanted = self.root.query_selector(wanted).ok().flatten();
            // Whatever was discarded, this is a page that nobody leaves.
            self.leaving.set(false);
            let again = || (!focused.is_empty()).then(|| self.document.get_element_by_id(&focused)).flatten();
            if let Some(element) =
                wanted.or_else(again).and_then(|element| element.dyn_into::<HtmlElement>().ok())
            {
                let _ = element.focus();
            }
            // The button that was pressed may be gone, as that of the bar is once everything is saved.
            if self.document.active_element().is_none_or(|element| element.tag_name() == "BODY")
                && let Ok(Some(status)) = self.root.query_selector("[role=status][tabindex]")
                && let Ok(status) = status.dyn_into::<HtmlElement>()
            {
                let _ = status.focus();
            }
            for control in &typed {
                control.restore(&self.document);
            }
            if !typed.is_empty() {
                self.preview();
            }
            self.mark();
            self.follow();
        }

        fn edited(self: &Rc<Self>, event: Event) {
            let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            if target.is_some_and(|target| target.has_attribute("data-view")) {
                return;
            }
            self.mark();
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
                let Ok(answer) = live.ask(&endpoint, Some(&body)).await else { return };
                if live.asked.get() == question {
                    live.replace_parts(&answer.html, &sent);
                    live.mark();
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
                    let _ = match part.get_attribute("data-poll") {
                        Some(seconds) => here.set_attribute("data-poll", &seconds),
                        None => here.remove_attribute("data-poll"),
                    };
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
            if target.as_ref().is_some_and(|target| matches!(target.closest("[data-discard]"), Ok(Some(_)))) {
                self.leaving.set(true);
            }
            let link = target.and_then(|target| target.closest("a[href]").ok().flatten());
            if let Some(link) = link.and_then(|link| link.dyn_into::<HtmlAnchorElement>().ok()) {
                self.followed(&event, &link);
            }
        }

        /// A link to another state of this page, pressed in the plain way.
        fn followed(self: &Rc<Self>, event: &Event, link: &HtmlAnchorElement) {
            let plain = event.dyn_ref::<MouseEvent>().is_some_and(|mouse| {
                mouse.button() == 0
                    && !(mouse.ctrl_key() || mouse.meta_key() || mouse.shift_key() || mouse.alt_key())
            });
            if !plain || !self.is_page() || link.has_attribute("download") || link.has_attribute("target") {
                return;
            }
            let (Ok(to), Some(here)) = (Url::new(&link.href()), self.here()) else { return };
            // One that only scrolls is the browser's.
            let scrolls = !to.hash().is_empty() && to.search() == here.search();
            if to.origin() == here.origin() && to.pathname() == here.pathname() && !scrolls {
                event.prevent_default();
                self.go(to, true);
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
                let said =
                    if JsFuture::from(copied).await.is_ok() { "Copied." } else { "Select it and copy." };
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
            let Ok(Some(menu)) = self.document.query_selector("details.open-nav[open]") else { return };
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

        /// Without a body it is a GET.
        async fn ask(&self, endpoint: &str, body: Option<&str>) -> Result<Answer, String> {
            let gone =
                |_| "The server can’t be reached. Your changes are kept. Try again in a moment.".to_owned();
            let headers = Headers::new().map_err(gone)?;
            headers.set("accept", "application/x-swap, application/json").map_err(gone)?;
            let init = RequestInit::new();
            if let Some(body) = body {
                headers.set("content-type", "application/x-www-form-urlencoded").map_err(gone)?;
                init.set_method("POST");
                init.set_body(&JsValue::from_str(body));
            }
            init.set_headers(&headers);
            let response =
                JsFuture::from(self.window.fetch_with_str_and_init(endpoint, &init)).await.map_err(gone)?;
            let response: Response = response.dyn_into().map_err(gone)?;
            let refused = || {
                match response.status() {
                    401 => OVER,
                    403 => "You don’t have access to do this. Nothing was changed. Reload the page, or ask an owner.",
                    503 => "The server is busy. Your changes are kept. Try again in a moment.",
                    _ => "The server can’t do this right now. Your changes are kept. Try again in a moment.",
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
            let redirected = response.redirected().then(|| Url::new(&response.url()).ok()).flatten();
            Ok(Answer {
                html,
                notice: part("notice"),
                beside: part("beside"),
                title: part("title"),
                redirected,
            })
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
        title: String,
        /// Where the response comes from, if it is not what was asked.
        redirected: Option<Url>,
    }

    /// Path and query.
    fn relative(url: &Url) -> String {
        url.pathname() + &url.search()
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
