//! HTML of the Markdown that the documentation uses: headings, paragraphs, lists, tables, code, bold, links. Everything else is text.

use std::fmt::Write;

/// `link` says where a link goes; without an address it is text. Titles of the first level are left out: the page has one.
pub(super) fn html(source: &str, link: fn(&str) -> Option<String>) -> String {
    let mut page = String::new();
    let lines: Vec<&str> = source.lines().collect();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let trimmed = line.trim_start();
        // Writing to a string can't fail.
        at += 1;
        if trimmed.is_empty() || line.starts_with("# ") {
            continue;
        } else if trimmed.starts_with("```") {
            let end = lines[at..].iter().position(|line| line.trim_start().starts_with("```"));
            let end = at + end.unwrap_or(lines.len() - at);
            let indent = line.len() - trimmed.len();
            let code = lines[at..end].iter().map(|line| line.get(indent..).unwrap_or_default());
            let code = code.collect::<Vec<_>>().join("\n");
            let _ = write!(page, "<pre tabindex=\"0\"><code>{}</code></pre>", escape(&code));
            at = end + 1;
        } else if let Some((level, title)) = heading(line) {
            let _ = write!(page, "<h{level} id=\"{}\">{}</h{level}>", slug(title), inline(title, link));
        } else if line.starts_with('|') {
            let end = at + lines[at..].iter().take_while(|line| line.starts_with('|')).count();
            page.push_str(&table(&lines[at - 1..end], link));
            at = end;
        } else if item(trimmed).is_some() {
            let end = at + lines[at..].iter().take_while(is_of_list).count();
            page.push_str(&list(&lines[at - 1..end], link));
            at = end;
        } else {
            let more = lines[at..].iter().take_while(|line| !line.trim().is_empty() && !begins(line)).count();
            let text = lines[at - 1..at + more].iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
            let _ = write!(page, "<p>{}</p>", inline(&text, link));
            at += more;
        }
    }
    page
}

fn heading(line: &str) -> Option<(usize, &str)> {
    let level = line.chars().take_while(|letter| *letter == '#').count();
    let title = line.get(level..)?.strip_prefix(' ')?;
    (2..=4).contains(&level).then_some((level, title))
}

/// The text behind the mark of a list item.
fn item(trimmed: &str) -> Option<&str> {
    let digits = trimmed.chars().take_while(char::is_ascii_digit).count();
    let numbered = trimmed.get(digits..).filter(|_| digits > 0).and_then(|rest| rest.strip_prefix(". "));
    trimmed.strip_prefix("- ").or(numbered)
}

fn is_of_list(line: &&&str) -> bool {
    item(line.trim_start()).is_some() || (line.starts_with("  ") && !line.trim().is_empty())
}

/// Whether a line begins something else than text.
fn begins(line: &str) -> bool {
    let trimmed = line.trim_start();
    trimmed.starts_with("```") || line.starts_with('|') || heading(line).is_some() || item(trimmed).is_some()
}

/// Items of one level, each with the lines that continue it.
fn list(lines: &[&str], link: fn(&str) -> Option<String>) -> String {
    let numbered = lines
        .first()
        .is_some_and(|line| line.trim_start().starts_with(|letter: char| letter.is_ascii_digit()));
    let name = if numbered { "ol" } else { "ul" };
    let mut items: Vec<String> = Vec::new();
    for line in lines {
        match (item(line.trim_start()), items.last_mut()) {
            (Some(text), _) => items.push(text.to_owned()),
            (None, Some(last)) => {
                last.push(' ');
                last.push_str(line.trim());
            }
            (None, None) => {}
        }
    }
    let items: String = items.iter().map(|text| format!("<li>{}</li>", inline(text, link))).collect();
    format!("<{name}>{items}</{name}>")
}

/// The first row is the head, the second one is a line. A row whose first cell is a key can be linked to by it.
fn table(lines: &[&str], link: fn(&str) -> Option<String>) -> String {
    let mut head = String::new();
    let mut body = String::new();
    for (number, line) in lines.iter().enumerate() {
        let cells = cells(line);
        match number {
            0 => {
                head = cells
                    .iter()
                    .map(|cell| format!("<th scope=\"col\">{}</th>", inline(cell, link)))
                    .collect()
            }
            1 => {}
            _ => {
                let key = cells.first().and_then(|cell| cell.strip_prefix('`')?.strip_suffix('`'));
                let key =
                    key.filter(|key| !key.contains(['`', ' '])).map(|key| format!(" id=\"{}\"", escape(key)));
                let row: String =
                    cells.iter().map(|cell| format!("<td>{}</td>", inline(cell, link))).collect();
                let _ = write!(body, "<tr{}>{row}</tr>", key.unwrap_or_default());
            }
        }
    }
    format!(
        "<div class=\"wide\" tabindex=\"0\"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
}

/// A bar in code, or behind a backslash, divides nothing.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut code = false;
    let mut letters = line.trim().trim_matches('|').chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.peek() == Some(&'|') => {
                letters.next();
                if let Some(cell) = cells.last_mut() {
                    cell.push('|');
                }
            }
            '|' if !code => cells.push(String::new()),
            _ => {
                code ^= letter == '`';
                if let Some(cell) = cells.last_mut() {
                    cell.push(letter);
                }
            }
        }
    }
    cells.into_iter().map(|cell| cell.trim().to_owned()).collect()
}

/// Code first: nothing in it means anything else.
fn inline(text: &str, link: fn(&str) -> Option<String>) -> String {
    let parts = text.split('`').enumerate();
    // A link may have code in its text, so links are found in the whole: code is put aside as `\0number\0`.
    let mut codes = Vec::new();
    let mut plain = String::new();
    for (number, part) in parts {
        match number % 2 {
            1 => {
                let _ = write!(plain, "\0{}\0", codes.len());
                codes.push(format!("<code>{}</code>", escape(part)));
            }
            _ => plain.push_str(&escape(part)),
        }
    }
    let mut html = bold(&links(&plain, link));
    for (number, code) in codes.iter().enumerate() {
        html = html.replace(&format!("\0{number}\0"), code);
    }
    html
}

fn links(text: &str, link: fn(&str) -> Option<String>) -> String {
    let mut html = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        let Some((open, (to, behind))) = before.rfind('[').zip(after.split_once(')')) else {
            html.push_str(before);
            html.push_str("](");
            rest = after;
            continue;
        };
        let (lead, words) = (&before[..open], &before[open + 1..]);
        html.push_str(lead);
        match link(to) {
            Some(to) => {
                let _ = write!(html, "<a href=\"{to}\">{words}</a>");
            }
            None => html.push_str(words),
        }
        rest = behind;
    }
    html.push_str(rest);
    html
}

fn bold(text: &str) -> String {
    let parts: Vec<&str> = text.split("**").collect();
    if parts.len().is_multiple_of(2) {
        return text.to_owned();
    }
    let part = |(number, part): (usize, &&str)| {
        if number % 2 == 1 { format!("<b>{part}</b>") } else { (*part).to_owned() }
    };
    parts.iter().enumerate().map(part).collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// As other tools make anchors of headings.
fn slug(title: &str) -> String {
    let kept = title
        .to_lowercase()
        .chars()
        .filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'))
        .collect::<String>();
    kept.replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::html;

    #[test]
    fn what_the_documentation_uses() {
        let link = |to: &str| to.strip_suffix(".md").map(|name| format!("/d/{name}"));
        for (source, expected) in [
            ("# Title\n\nOne\ntwo.\n\n## A `b` c", "<p>One two.</p><h2 id=\"a-b-c\">A <code>b</code> c</h2>"),
            ("- a **b**\n  c\n- d\n", "<ul><li>a <b>b</b> c</li><li>d</li></ul>"),
            ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
            ("See [the `x`](x.md), [y](../y).", "<p>See <a href=\"/d/x\">the <code>x</code></a>, y.</p>"),
            (
                "```sh\na <b> **c**\n```\nd",
                "<pre tabindex=\"0\"><code>a &lt;b&gt; **c**</code></pre><p>d</p>",
            ),
            ("`<script>` & \"x\"", "<p><code>&lt;script&gt;</code> &amp; &quot;x&quot;</p>"),
        ] {
            assert_eq!(html(source, link), expected, "{source}");
        }
        let table = html("| Key | T |\n|---|---|\n| `a.b` | `x|y` \\| z |", link);
        assert!(
            table.contains("<tr id=\"a.b\"><td><code>a.b</code></td><td><code>x|y</code> | z</td></tr>"),
            "{table}"
        );
    }
}
