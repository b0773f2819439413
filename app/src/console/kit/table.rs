//! A table of rows with a keyset pager. It knows neither where rows come from nor what they mean.

use leptos::prelude::*;

/// A line of the table.
pub struct Row {
    /// For tests and for the address of the row.
    pub id: String,
    /// A word that styles and tests may go by.
    pub state: &'static str,
    /// One for each column.
    pub cells: Vec<AnyView>,
}

/// What is shown instead of rows.
pub struct Empty {
    pub title: &'static str,
    pub text: AnyView,
}

/// Where further rows are.
#[derive(Default)]
pub struct Pager {
    pub newest: Option<String>,
    pub older: Option<String>,
}

/// So many rows are on one page.
pub const ROWS: i64 = 50;

/// Of [`ROWS`] and one more that were asked for those to show, and whether there are more.
pub fn page<R>(mut rows: Vec<R>) -> (Vec<R>, bool) {
    let rows_of_a_page = usize::try_from(ROWS).unwrap_or(usize::MAX);
    let more = rows.len() > rows_of_a_page;
    rows.truncate(rows_of_a_page);
    (rows, more)
}

pub fn table(
    caption: &'static str,
    columns: &[&'static str],
    rows: Vec<Row>,
    empty: Empty,
    pager: Pager,
) -> AnyView {
    let Pager { newest, older } = pager;
    let shown = match rows.is_empty() {
        true => view! { <div class="empty"><p><b>{empty.title}</b></p><p>{empty.text}</p></div> }.into_any(),
        // Roles: as blocks on a narrow screen its parts would be no table to a screen reader.
        false => view! {
            <table class="list" role="table">
                <caption class="unseen">{caption}</caption>
                <thead role="rowgroup"><tr role="row">{columns.iter().map(|title| match title.is_empty() {
                    true => view! { <td role="cell"></td> }.into_any(),
                    false => view! { <th scope="col" role="columnheader">{*title}</th> }.into_any(),
                }).collect_view()}</tr></thead>
                <tbody role="rowgroup">
                    {rows.into_iter().map(|Row { id, state, cells }| view! {
                        <tr role="row" data-testid=id data-state=state>
                            {cells.into_iter().zip(columns).map(|(cell, title)| view! { <td role="cell" data-label=*title>{cell}</td> }).collect_view()}
                        </tr>
                    }).collect_view()}
                </tbody>
            </table>
        }
        .into_any(),
    };
    let pages = (newest.is_some() || older.is_some()).then(|| {
        view! {
            <nav class="pages" aria-label="Pages">
                {newest.map(|to| view! { <a class="button" href=to>"Newest"</a> })}
                {older.map(|to| view! { <a class="button" href=to rel="next">"Older"</a> })}
            </nav>
        }
    });
    view! { <div class="rows">{shown}</div>{pages} }.into_any()
}

/// A button in a row: it posts to the page's own path.
pub fn press(path: &str, base: i64, action: String, label: &'static str, named: String) -> AnyView {
    view! {
        <form method="post" action=path.to_owned()>
            <input type="hidden" name="base" value=base />
            <button class="button small" type="submit" name="action" value=action aria-label=named>{label}</button>
        </form>
    }
    .into_any()
}
