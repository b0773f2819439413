//! *Audit*: what operators did, for those who read it.

use crate::client::{Console, EMAIL};
use axum::http::{StatusCode, header};
use engine::store::audit::{self, Entry};
use serde_json::{Value, json};

impl Console {
    /// So many entries by somebody else.
    async fn with_entries(self, count: usize) -> Self {
        let at = self.engine.effects().now();
        let mut tx = self.engine.db().write().await.unwrap();
        for number in 0..count {
            let details = json!({"number": number, "name": "דנה <b>"});
            let entry = Entry { at, actor: "ann@example.org".into(), action: "limits.clear".into(), details };
            audit::append(&mut tx, &entry).await.unwrap();
        }
        tx.commit().await.unwrap();
        self
    }
}

/// Rows of the table.
fn rows(html: &str) -> usize {
    html.matches("data-testid=\"entry-").count()
}

/// The link of that name.
fn link(html: &str, name: &str) -> String {
    let at = html.find(&format!(">{name}</a>")).unwrap_or_else(|| panic!("no {name} in {html}"));
    let href = html[..at].rsplit("href=\"").next().unwrap().split('"').next().unwrap();
    href.replace("&amp;", "&")
}

#[tokio::test]
async fn entries_are_listed_newest_first_and_filtered() {
    let mut console = Console::signed_in("Grace").await.with_entries(3).await;
    console.submit("save", "0", &[("min_password_length", "12")]).await;
    let page = console.get("/audit").await;
    assert_eq!(page.status, StatusCode::OK);
    let at = |part: &str| page.html.find(part).unwrap_or_else(|| panic!("{part} in {}", page.html));
    assert!(
        at("settings.<wbr>save") < at("limits.<wbr>clear")
            && at("limits.<wbr>clear") < at("operator.<wbr>create")
    );
    assert!(
        page.html.contains("<bdi>דנה &lt;b></bdi>") || page.html.contains("<bdi>דנה &lt;b&gt;</bdi>"),
        "{}",
        page.html
    );
    let all = rows(&page.html);
    let of_ann = console.get("/audit?operator=ann%40example.org&action=").await;
    assert_eq!(rows(&of_ann.html), 3);
    let saved = console.get("/audit?action=settings.save").await;
    assert_eq!(rows(&saved.html), 1);
    assert!(saved.html.contains("<option value=\"settings.save\" selected"), "{}", saved.html);
    let both = console.get(&format!("/audit?operator={EMAIL}&action=limits.clear")).await;
    assert!(rows(&both.html) == 0 && both.html.contains("No matches."), "{}", both.html);
    console.becomes_viewer().await;
    let read = console.get("/audit").await;
    assert!(read.status == StatusCode::OK && rows(&read.html) > all, "a viewer reads it too: {}", read.html);
}

#[tokio::test]
async fn ten_thousand_entries_are_read_page_by_page_and_downloaded() {
    let console = Console::signed_in("Grace").await.with_entries(10_010).await;
    let mut address = "/audit?operator=ann%40example.org".to_owned();
    for _ in 0..3 {
        let page = console.get(&address).await;
        assert_eq!(rows(&page.html), 50, "{address}");
        assert_eq!(page.html.contains(">Newest</a>"), address.contains("after="), "{address}");
        address = link(&page.html, "Older");
        assert!(address.contains("operator=ann%40example.org&after="), "{address}");
    }
    let page = console.get("/audit?operator=ann%40example.org").await;
    let file = console.get(&link(&page.html, "Download JSON lines")).await;
    assert_eq!(file.headers[header::CONTENT_TYPE], "application/jsonl");
    assert!(file.headers[header::CONTENT_DISPOSITION].to_str().unwrap().contains("audit.jsonl"));
    let lines: Vec<Value> = file.html.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 10_000);
    assert_eq!(
        (&lines[0]["details"]["number"], &lines[9_999]["details"]["number"]),
        (&json!(10_009), &json!(10))
    );
    let older = console.get(&format!("/audit?as=file&after={}", lines[9_999]["id"])).await;
    assert_eq!(older.html.lines().filter(|line| line.contains("limits.clear")).count(), 10);
    let export = ("audit.export".to_owned(), EMAIL.to_owned());
    assert_eq!(console.audited().await.iter().filter(|one| **one == export).count(), 2);
}

#[tokio::test]
async fn an_odd_cursor_shows_the_first_page() {
    let console = Console::signed_in("Grace").await.with_entries(1).await;
    for odd in ["after=nonsense", "after=", "after=99999999999999999999"] {
        let page = console.get(&format!("/audit?{odd}")).await;
        assert!(page.status == StatusCode::OK && rows(&page.html) > 0, "{odd}: {}", page.html);
    }
}
