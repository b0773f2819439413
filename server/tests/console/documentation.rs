//! *Documentation*: the pages of this version, on the console.

use crate::client::Console;
use axum::http::StatusCode;

#[tokio::test]
async fn every_page_of_the_list_opens() {
    let console = Console::signed_in("Grace").await;
    let list = console.get("/documentation").await;
    let main = list.html.split("class=\"hits\"").nth(1).unwrap().split("</ul>").next().unwrap();
    let links: Vec<&str> =
        main.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(links.len() > 8, "{links:?}");
    for link in links {
        let page = console.get(link).await;
        assert_eq!(page.status, StatusCode::OK, "{link}");
        assert_eq!(page.html.matches("<h1").count(), 1, "{link}");
        assert!(page.html.contains("<h2 id=") || page.html.contains("<table>"), "{link}");
    }
    let keys = console.get("/documentation/configuration").await.html;
    assert!(keys.contains("<tr id=\"serve.public.base_url\">"), "{keys}");
    assert_eq!(console.get("/documentation/nothing").await.status, StatusCode::NOT_FOUND);
    assert!(console.get("/checks").await.html.contains("href=\"/documentation\""), "every page links to it");
}
