//! How many statements a sign-up costs in the transaction that stores it: each is a round trip to PostgreSQL, and on SQLite everyone
//! else who writes waits for it.

use crate::proof::Place;
use engine::testing::postgres;
use serde_json::json;

/// Account, credential, identifier and address; a verification with its code; two limits of its email, and the email. What limits count
/// in memory costs a statement once in many sign-ups.
const MOST: usize = 10;

async fn few(dsn: &str) {
    let place = Place::start(dsn).await;
    place.sign_up().await;
    let begun = place.public("GET", "/self-service/registration/api", None).await.1;
    let target = format!("/self-service/registration?flow={}", begun["id"].as_str().expect("a flow"));
    let traits = json!({"email": "bert@vestibule.test"});
    let body = json!({"method": "password", "password": "Correct-Horse-9-Battery", "traits": traits});
    assert_eq!(place.public("POST", &target, Some(body)).await.0, 200);

    let committed = place.stand.engine.db().committed();
    let stores =
        |statements: &&Vec<&str>| statements.iter().any(|sql| sql.starts_with("insert into identities "));
    let stored: Vec<_> = committed.iter().filter(stores).collect();
    assert_eq!(stored.len(), 2, "one transaction for each: {stored:#?}");
    assert!(stored[1].len() <= MOST, "{} statements: {:#?}", stored[1].len(), stored[1]);
}

#[tokio::test]
async fn a_sign_up_is_stored_with_few_statements() {
    few("memory").await;
}

#[tokio::test]
async fn a_sign_up_is_stored_with_few_statements_on_postgresql() {
    few(&postgres::database().await).await;
}
