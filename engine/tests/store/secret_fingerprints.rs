//! Fingerprints of the secrets that a database was used with.

use crate::{at, on_both};
use engine::store::secret_fingerprints as rows;

on_both! {
    async fn a_number_is_taken_once_and_all_are_forgotten_together(db: Db) {
        let mut tx = db.write().await.unwrap();
        assert_eq!(rows::list(&mut tx).await.unwrap(), []);
        assert!(rows::insert(&mut tx, 2, &[2, 0, 255], at(0)).await.unwrap());
        assert!(rows::insert(&mut tx, 1, &[1], at(0)).await.unwrap());
        assert!(!rows::insert(&mut tx, 1, &[9], at(1)).await.unwrap(), "somebody has that number");
        assert_eq!(rows::list(&mut tx).await.unwrap(), [(1, vec![1]), (2, vec![2, 0, 255])]);
        rows::forget(&mut tx).await.unwrap();
        assert_eq!(rows::list(&mut tx).await.unwrap(), []);
    }
}
