//! A page that is a list: filters, columns, rows after a cursor. What is left for such a page to say is what is its own.

use super::super::fields::{Fields, trimmed};
use super::filters::{self, Filter};
use super::page::{Acted, Download, Frame, Head, Loaded, Meta, Page, Posted, Verb, Visit};
use super::table::{self, Empty, Pager, Row};
use leptos::prelude::*;
use std::future::{Future, ready};
use std::marker::PhantomData;

/// What of a list is asked for.
#[derive(Default)]
pub struct Wanted {
    pub filters: Fields,
    /// The last row of the page before, as [`ListPage::cursor`] writes it.
    pub after: Option<String>,
}

impl Wanted {
    pub fn filter(&self, name: &str) -> Option<&str> {
        Some(trimmed(&self.filters, name)).filter(|value| !value.is_empty())
    }
}

/// A list of the console. [`Listed`] makes a page of it.
pub trait ListPage: Send + Sync + 'static {
    const META: Meta;
    const VERBS: &'static [Verb] = &[];
    const LEAD: &'static str;
    const COLUMNS: &'static [&'static str];
    /// Without a filter: title and text.
    const EMPTY: (&'static str, &'static str);
    type Item: Send + 'static;

    fn filters(_visit: &Visit) -> impl Future<Output = engine::Result<Vec<Filter>>> + Send {
        ready(Ok(Vec::new()))
    }

    /// At most `limit`, those after the cursor.
    fn items(
        visit: &Visit,
        wanted: &Wanted,
        limit: i64,
    ) -> impl Future<Output = engine::Result<Vec<Self::Item>>> + Send;

    fn cursor(item: &Self::Item) -> String;

    fn row(item: Self::Item, frame: &Frame<'_>) -> Row;

    fn act(
        _visit: &Visit,
        _posted: Posted,
    ) -> impl Future<Output = engine::Result<Acted<Shown<Self::Item>>>> + Send {
        ready(Ok(Acted::Gone))
    }

    /// The name of the link that downloads what is asked for; such a list implements [`ListPage::download`].
    const DOWNLOAD: Option<&'static str> = None;

    fn download(
        _visit: &Visit,
        _wanted: &Wanted,
    ) -> impl Future<Output = engine::Result<Option<Download>>> + Send {
        ready(Ok(None))
    }

    fn done(_word: &str) -> Option<&'static str> {
        None
    }
}

pub struct Listed<L>(PhantomData<L>);

pub struct Shown<I> {
    items: Vec<I>,
    more: bool,
    filters: Vec<Filter>,
    wanted: Wanted,
}

async fn shown<L: ListPage>(visit: &Visit, query: &Fields) -> engine::Result<Shown<L::Item>> {
    let filters = L::filters(visit).await?;
    let after = Some(trimmed(query, "after")).filter(|after| !after.is_empty()).map(str::to_owned);
    let wanted = Wanted { filters: filters::read(&filters, query), after };
    let (items, more) = table::page(L::items(visit, &wanted, table::ROWS + 1).await?);
    Ok(Shown { items, more, filters, wanted })
}

impl<L: ListPage> Page for Listed<L> {
    const META: Meta = L::META;
    const VERBS: &'static [Verb] = L::VERBS;
    type Query = Fields;
    type View = Shown<L::Item>;

    async fn load(visit: &Visit, query: Fields) -> engine::Result<Loaded<Self::View>> {
        if L::DOWNLOAD.is_some() && trimmed(&query, "as") == "file" {
            let Shown { wanted, .. } = shown::<L>(visit, &query).await?;
            let download = L::download(visit, &wanted).await?;
            return Ok(download.map_or(Loaded::Gone, Loaded::Download));
        }
        Ok(Loaded::View(shown::<L>(visit, &query).await?))
    }

    fn act(
        visit: &Visit,
        _query: Fields,
        posted: Posted,
    ) -> impl Future<Output = engine::Result<Acted<Self::View>>> + Send {
        L::act(visit, posted)
    }

    fn head(view: &Self::View, _visit: &Visit) -> Head {
        let mut head = Head::new(L::META.place.title, L::LEAD);
        head.actions = L::DOWNLOAD.filter(|_| !view.items.is_empty()).map(|label| {
            let mut more = vec![("as", "file")];
            more.extend(view.wanted.after.as_deref().map(|after| ("after", after)));
            let to = filters::address(L::META.path, &view.wanted.filters, &more);
            view! { <a class="button" href=to download="">{label}</a> }.into_any()
        });
        head
    }

    fn body(view: Self::View, frame: &Frame<'_>) -> AnyView {
        let Shown { items, more, filters, wanted } = view;
        let (path, values) = (L::META.path, &wanted.filters);
        let bar = filters::bar(path, &filters, values);
        let older = items
            .last()
            .filter(|_| more)
            .map(|last| filters::address(path, values, &[("after", &L::cursor(last))]));
        let newest = wanted.after.is_some().then(|| filters::address(path, values, &[]));
        let empty = match values.is_empty() {
            true => Empty { title: L::EMPTY.0, text: L::EMPTY.1.into_any() },
            false => Empty {
                title: "No matches.",
                text: view! { "Nothing matches these filters. "<a href=path>"Clear filters"</a> }.into_any(),
            },
        };
        let rows = items.into_iter().map(|item| L::row(item, frame)).collect();
        view! { {bar}{table::table(L::META.place.title, L::COLUMNS, rows, empty, Pager { newest, older })} }
            .into_any()
    }

    fn done(word: &str) -> Option<&'static str> {
        L::done(word)
    }
}
