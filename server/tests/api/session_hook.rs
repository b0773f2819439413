//! The switch *Sign in after registration* decides for the next request, whatever was begun before.

use crate::clients::{Kind, Outcome, Person, sign_up, stand};
use engine::Engine;
use engine::operators::{Operator, Role};
use engine::settings::{self, Saved, Values};
use engine::testing::operator;
use serde_json::json;

async fn switch(engine: &Engine, by: &Operator, on: bool) {
    save(engine, by, |values| {
        values
            .clone()
            .having("sign_in_after_registration", values.ways("sign_in_after_registration").level(on))
    })
    .await;
}

/// Saves as the console does.
pub(crate) async fn save(engine: &Engine, by: &Operator, change: impl FnOnce(&Values) -> Values) {
    let current = settings::current(engine).await.expect("the settings answer");
    let values = change(&current.values);
    let saved = settings::save(engine, by, current.revision, &values, "").await.expect("the settings answer");
    assert!(matches!(saved, Saved::Done { revision } if revision == current.revision + 1), "{saved:?}");
}

async fn off_on_off(kind: Kind) {
    let (stand, site) = stand("memory", json!({})).await;
    let engine = &stand.engine;
    let ada = operator(engine, Role::Owner);
    assert_eq!(sign_up(&site, kind, "one@vestibule.test").await, Outcome::NotSignedIn);

    let mut early = Person::new(&site, kind);
    let begun = early.begin().await;
    switch(engine, &ada, true).await;
    assert_eq!(sign_up(&site, kind, "two@vestibule.test").await, Outcome::SignedIn);
    assert_eq!(
        early.finish(&begun, "early@vestibule.test").await,
        Outcome::SignedIn,
        "a form begun before the save"
    );

    let mut late = Person::new(&site, kind);
    let begun = late.begin().await;
    switch(engine, &ada, false).await;
    assert_eq!(sign_up(&site, kind, "three@vestibule.test").await, Outcome::NotSignedIn);
    assert_eq!(
        late.finish(&begun, "late@vestibule.test").await,
        Outcome::NotSignedIn,
        "a form begun before the save"
    );
}

#[tokio::test]
async fn a_browser_is_signed_in_while_the_switch_is_on() {
    off_on_off(Kind::Browser).await;
}

#[tokio::test]
async fn a_single_page_application_is_signed_in_while_the_switch_is_on() {
    off_on_off(Kind::Spa).await;
}

#[tokio::test]
async fn an_app_gets_a_token_while_the_switch_is_on() {
    off_on_off(Kind::Native).await;
}
