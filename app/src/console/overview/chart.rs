//! The card *Last 7 days*: sign-ups and sign-ins of each day as bars, drawn on the server, with a table of the same numbers.

use engine::activity::Day;
use leptos::prelude::*;

/// Units of the drawing.
const WIDTH: i64 = 640;
const BASE: i64 = 150;
const HIGHEST: i64 = 140;
const BAR: i64 = 22;

pub(super) fn week(days: &[Day]) -> AnyView {
    let (ins, ups) = (total(days, |day| day.sign_ins), total(days, |day| day.sign_ups));
    let shown = match ins + ups {
        0 => view! { <p class="soft">"No sign-ups or sign-ins in the last 7 days."</p> }.into_any(),
        _ => view! { {bars(days)}<p class="soft" id="week-sum" data-testid="week">{sentence(ins, ups)}</p>{table(days)} }.into_any(),
    };
    view! {
        <section class="week" aria-labelledby="week">
            <div class="title">
                <h2 id="week">"Last 7 days"</h2>
                <span class="key soft"><i class="in"></i>"Sign-ins"<i class="up"></i>"Sign-ups"</span>
            </div>
            <div class="inside">{shown}</div>
        </section>
    }
    .into_any()
}

fn total(days: &[Day], of: fn(&Day) -> i64) -> i64 {
    days.iter().map(of).sum()
}

fn sentence(ins: i64, ups: i64) -> String {
    let of = |count: i64, one: &str, several: &str| match count {
        1 => format!("1 {one}"),
        many => format!("{} {several}", grouped(many)),
    };
    format!("{} and {}.", of(ins, "sign-in", "sign-ins"), of(ups, "sign-up", "sign-ups"))
}

/// `12,345`
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The height of a bar. What is more than nothing can be seen.
fn height(count: i64, most: i64) -> i64 {
    if count == 0 { 0 } else { (count * HIGHEST / most.max(1)).max(2) }
}

fn bars(days: &[Day]) -> AnyView {
    let most = days.iter().map(|day| day.sign_ins.max(day.sign_ups)).max().unwrap_or_default();
    let step = WIDTH / i64::try_from(days.len().max(1)).unwrap_or(1);
    let bar = |class: &'static str, x: i64, count: i64| {
        let height = height(count, most);
        view! { <rect class=class x=x y=BASE - height width=BAR height=height rx="3" /> }
    };
    let drawn = days.iter().zip(0_i64..).map(|(day, index)| {
        let middle = index * step + step / 2;
        view! {
            {bar("in", middle - BAR - 2, day.sign_ins)}
            {bar("up", middle + 2, day.sign_ups)}
            <text x=middle y="170" text-anchor="middle">{day.date.format("%a").to_string()}</text>
        }
    });
    view! {
        <svg class="chart" viewBox="0 0 640 178" role="img" aria-labelledby="week week-sum">
            {drawn.collect_view()}
            <line x1="0" x2="640" y1="150" y2="150"></line>
        </svg>
    }
    .into_any()
}

fn table(days: &[Day]) -> AnyView {
    view! {
        <details id="week-table">
            <summary>"Show as a table"</summary>
            <table class="numbers">
                <caption class="unseen">"Sign-ins and sign-ups of the last 7 days (UTC)"</caption>
                <thead><tr><th scope="col">"Day"</th><th scope="col">"Sign-ins"</th><th scope="col">"Sign-ups"</th></tr></thead>
                <tbody>{days.iter().map(|day| view! {
                    <tr><th scope="row">{day.date.format("%a, %-d %b").to_string()}</th><td>{grouped(day.sign_ins)}</td><td>{grouped(day.sign_ups)}</td></tr>
                }).collect_view()}</tbody>
            </table>
        </details>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas_and_sentences_their_plural() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(sentence(1, 2), "1 sign-in and 2 sign-ups.");
        assert_eq!(sentence(1372, 1), "1,372 sign-ins and 1 sign-up.");
    }

    #[test]
    fn a_bar_is_as_high_as_its_share_and_is_seen_from_one_on() {
        assert_eq!([0, 1, 500, 1000].map(|count| height(count, 1000)), [0, 2, 70, 140]);
        assert_eq!(height(0, 0), 0);
    }
}
