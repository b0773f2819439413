//! Mails that do not leave.

use crate::client::{Console, PAGE};
use axum::http::StatusCode;
use engine::courier::{self, Letter};
use engine::effects::MailError;
use serde_json::json;

#[tokio::test]
async fn mails_that_do_not_leave_are_told_on_every_page_and_explained_on_their_own() {
    const MARK: &str = "data-testid=\"mail-stuck\"";
    let smtp = json!({"courier": {"smtp": {"connection_uri": "smtp://u:hidden-pw@mail.test:25/?disable_starttls=true"}}});
    let mut console = Console::start_with(vec![smtp]).await.with_operator("Grace").await;
    let page = console.get("/mail").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.html.contains("mail.test:25") && page.html.contains("The queue is empty."), "{}", page.html);
    assert!(!page.html.contains(MARK));

    let ctx = console.engine.begin();
    let letter =
        Letter::VerificationCode { code: "135790".into(), link: "http://x/?135790".into(), minutes: 10 };
    let mut tx = ctx.db().write().await.unwrap();
    courier::queue(&ctx, &mut tx, "<b>@mail.test", &letter).await.unwrap();
    tx.commit().await.unwrap();
    console.world.mailer.fail(Some(|| MailError::NotNow("535 <who> are you".into())));
    courier::deliver(&console.engine).await.unwrap();
    for path in [PAGE, "/settings/history", "/nowhere"] {
        assert!(console.get(path).await.html.contains(MARK), "{path}");
    }
    console.becomes_viewer().await;
    let page = console.get("/mail").await;
    assert!(page.html.contains(MARK) && page.html.contains("Email delivery is failing"), "{}", page.html);
    assert!(page.html.contains("535 &lt;who&gt; are you") && page.html.contains("&lt;b&gt;@mail.test"));
    assert!(page.html.contains("1 attempt, next in 5 seconds."), "{}", page.html);
    for secret in ["135790", "hidden-pw"] {
        assert!(!page.html.contains(secret), "{secret}");
    }

    console.world.mailer.fail(None);
    console.world.clock.advance(std::time::Duration::from_secs(5));
    courier::deliver(&console.engine).await.unwrap();
    let page = console.get("/mail").await;
    assert!(!page.html.contains(MARK) && page.html.contains("The queue is empty."), "{}", page.html);
}
