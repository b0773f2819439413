//! The filters of a list: a form that asks by GET, so that an address holds what is shown.

use super::super::fields::{Fields, trimmed};
use leptos::prelude::*;

pub struct Filter {
    pub name: &'static str,
    pub label: &'static str,
    pub kind: Kind,
}

pub enum Kind {
    /// Typed, with an example.
    Search(&'static str),
    /// Value and words; the first choice is to leave it out.
    Choice { any: &'static str, options: Vec<(String, String)> },
}

/// What was asked for, and nothing else that an address holds.
pub fn read(filters: &[Filter], query: &Fields) -> Fields {
    let values = filters.iter().filter_map(|filter| {
        let value = trimmed(query, filter.name);
        (!value.is_empty()).then(|| (filter.name.to_owned(), value.to_owned()))
    });
    values.collect()
}

/// The address of a page of the list.
pub fn address(path: &str, values: &Fields, more: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(values).extend_pairs(more);
    match query.finish() {
        empty if empty.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

pub fn bar(path: &'static str, filters: &[Filter], values: &Fields) -> Option<AnyView> {
    if filters.is_empty() {
        return None;
    }
    let controls = filters.iter().map(|filter| {
        let (id, value) = (format!("filter-{}", filter.name), trimmed(values, filter.name).to_owned());
        let control = match &filter.kind {
            Kind::Search(example) => view! { <input id=id.clone() name=filter.name type="search" value=value placeholder=*example autocomplete="off" autocapitalize="none" spellcheck="false" dir="auto" /> }.into_any(),
            Kind::Choice { any, options } => {
                // One that is not offered any more is still what is shown.
                let other = (!value.is_empty() && options.iter().all(|(option, _)| *option != value)).then(|| value.clone());
                view! {
                    <select id=id.clone() name=filter.name>
                        <option value="">{*any}</option>
                        {options.iter().map(|(option, words)| view! { <option value=option.clone() selected=*option == value>{words.clone()}</option> }).collect_view()}
                        {other.map(|other| view! { <option value=other.clone() selected=true>{other.clone()}</option> })}
                    </select>
                }
                .into_any()
            }
        };
        view! { <div><label for=id>{filter.label}</label>{control}</div> }
    });
    let clear = (!values.is_empty()).then(|| view! { <a class="button" href=path>"Clear filters"</a> });
    Some(
        view! {
            <form method="get" action=path role="search" class="filters">
                {controls.collect_view()}
                <button class="button" id="filter" type="submit">"Filter"</button>
                {clear}
            </form>
        }
        .into_any(),
    )
}
