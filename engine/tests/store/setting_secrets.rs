//! Secrets that settings name: one value for each name, replaced, marked as used, destroyed.

use crate::{at, id, on_both};
use engine::store::setting_secrets::{self, Row};

fn row(name: &str, number: u128) -> Row {
    Row {
        name: name.to_owned(),
        id: id(number),
        sealed: vec![1, u8::try_from(number).unwrap()],
        fingerprint: format!("•••• {number}"),
        set_at: at(1),
        set_by: "Grace".to_owned(),
        used_at: None,
    }
}

on_both! {
    async fn a_name_holds_one_value_and_a_new_one_has_not_been_used(db: Db) {
        let mut tx = db.write().await.unwrap();
        setting_secrets::put(&mut tx, &row("a", 1)).await.unwrap();
        setting_secrets::put(&mut tx, &row("b", 2)).await.unwrap();
        setting_secrets::used(&mut tx, "a", at(0), at(5)).await.unwrap();
        assert_eq!(setting_secrets::get(&mut tx, "a").await.unwrap().unwrap().used_at, Some(at(5)));
        setting_secrets::used(&mut tx, "a", at(4), at(9)).await.unwrap();
        let held = setting_secrets::get(&mut tx, "a").await.unwrap().unwrap();
        assert_eq!(held.used_at, Some(at(5)), "a use after that moment is noted already");
        setting_secrets::used(&mut tx, "a", at(6), at(9)).await.unwrap();
        let held = setting_secrets::get(&mut tx, "a").await.unwrap().unwrap();
        assert_eq!(held, Row { used_at: Some(at(9)), ..row("a", 1) });
        setting_secrets::put(&mut tx, &row("a", 3)).await.unwrap();
        assert_eq!(setting_secrets::list(&mut tx).await.unwrap(), [row("a", 3), row("b", 2)]);
    }

    async fn what_is_destroyed_is_gone(db: Db) {
        let mut tx = db.write().await.unwrap();
        setting_secrets::put(&mut tx, &row("a", 1)).await.unwrap();
        assert!(setting_secrets::destroy(&mut tx, "a").await.unwrap());
        assert!(!setting_secrets::destroy(&mut tx, "a").await.unwrap());
        assert_eq!(setting_secrets::get(&mut tx, "a").await.unwrap(), None);
    }
}
