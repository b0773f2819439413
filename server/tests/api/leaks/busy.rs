//! The same while too much is going on: an attacker who fills the queue of hashes, comes while the database is held, or floods a
//! form. The public port knows no 429: what is limited is limited silently, and answers go on as before.

use super::*;
use engine::store::Db;
use std::path::Path;

const KINDS: [Kind; 3] = [Kind::Browser, Kind::Spa, Kind::Native];

/// What two visitors were told, from there on, but for what differs whoever takes part.
fn assert_alike(known: &[String], unknown: &[String], kind: Kind) {
    for (at, (known, unknown)) in known.iter().zip(unknown).enumerate() {
        assert_eq!(neutral(known, KNOWN), neutral(unknown, UNKNOWN), "{kind:?}, exchange {at}");
    }
    assert_eq!(known.len(), unknown.len(), "{kind:?}");
}

/// An attacker fills the queue of hashes and sees whose address still gets through, or is looked up before it is hashed.
#[tokio::test]
async fn an_attack_that_fills_the_hash_queue_gets_the_same_503_for_every_address() {
    for kind in KINDS {
        let place = Place::start_hashing("memory", true, json!([]), Hasher::sized(1, 0)).await;
        let mut told = Vec::new();
        for email in [KNOWN, UNKNOWN] {
            let mut visitor = Visitor::new(&place, kind);
            let flow = visitor.begin("registration").await;
            for password in [PASSWORD, "short", PASSWORD] {
                let answer = visitor.fill(&flow, email, password).await;
                // What needs no hash is told as always.
                if password != "short" {
                    is_sent_away(&mut visitor, &answer).await;
                }
            }
            visitor.read("registration", &flow).await;
            let answer = visitor.sign_in(email, PASSWORD).await;
            is_sent_away(&mut visitor, &answer).await;
            told.push(visitor.told);
        }
        assert_alike(&told[0], &told[1], kind);
        assert!(place.mails().await.is_empty(), "{kind:?}");
        assert_eq!(place.accounts().await.len(), 1, "{kind:?}");
    }
}

/// Sent away with 503 and a time to come back, on a page of its own in a browser.
async fn is_sent_away(visitor: &mut Visitor<'_>, answer: &Answer) {
    if visitor.kind != Kind::Browser {
        assert_eq!((answer.status, answer.header("retry-after").is_some()), (503, true));
        return;
    }
    let to = answer.header("location").expect("a way on").to_owned();
    let (_, id) = to.split_once("/error?id=").unwrap_or_else(|| panic!("{to}"));
    let error = visitor.ask("GET", &format!("/self-service/errors?id={id}"), JSON, None).await;
    assert_eq!(document(&error)["error"]["code"], 503);
    visitor.look(answer).await;
}

/// An attacker comes while somebody else holds the database: an answer that needs no writing for one of two addresses would tell.
#[tokio::test]
async fn an_attack_while_the_database_is_held_gets_the_same_503_for_every_address() {
    for kind in KINDS {
        let folder = tempfile::tempdir().expect("a folder");
        let dsn = format!("sqlite://{}?_busy_timeout=100", folder.path().join("x.sqlite").display());
        let place = Place::start(&dsn, true).await;
        let mut visitors = Vec::new();
        for email in [KNOWN, UNKNOWN] {
            let mut visitor = Visitor::new(&place, kind);
            let waiting = visitor.sign_up(email, PASSWORD).await;
            let mut forms = Vec::new();
            for flow in ["registration", "login", "verification"] {
                forms.push(visitor.begin(flow).await);
            }
            visitors.push((visitor, email, waiting, forms));
        }
        let other = Db::connect(Some(&dsn), Path::new("unused")).await.expect("the file opens twice");
        let held = other.write().await.expect("the lock");
        let mut told = Vec::new();
        for (mut visitor, email, waiting, forms) in visitors {
            let [registration, login, verification] = &forms[..] else { panic!("three forms") };
            let sign_in = [("method", "password"), ("password", PASSWORD), ("identifier", email)];
            let send_again = [("method", "code"), ("email", email)];
            let answers = [
                visitor.fill(registration, email, PASSWORD).await,
                visitor.send("login", login, &sign_in).await,
                visitor.code(&waiting, WRONG).await,
                visitor.send("verification", &waiting, &send_again).await,
                visitor.send("verification", verification, &send_again).await,
            ];
            for answer in answers {
                assert_eq!((answer.status, answer.header("retry-after").is_some()), (503, true), "{kind:?}");
            }
            told.push(visitor.told);
        }
        drop(held);
        assert_alike(&told[0], &told[1], kind);
    }
}

/// An attacker floods the forms until every limit is reached: sign-ups, new codes, wrong codes over several forms, sign-ins.
#[tokio::test]
async fn a_flood_reaches_the_same_silent_limits_for_every_address() {
    for kind in KINDS {
        let place = Place::start("memory", true).await;
        let mut told = Vec::new();
        for email in [KNOWN, UNKNOWN] {
            let mut visitor = Visitor::new(&place, kind);
            let mut said = Vec::new();
            for _ in 0..4 {
                let waiting = visitor.sign_up(email, PASSWORD).await;
                for _ in 0..4 {
                    let answer = visitor.code(&waiting, WRONG).await;
                    assert_ne!(answer.status, 429);
                    let form = visitor.read("verification", &waiting).await;
                    said.push(form["ui"]["messages"].as_array().and_then(|all| all.last()?["id"].as_u64()));
                }
                visitor.send("verification", &waiting, &[("method", "code"), ("email", email)]).await;
                place.mails().await;
            }
            let wrong = said.iter().filter(|id| **id == Some(4_070_006)).count();
            assert_eq!(wrong, 10, "{kind:?}: ten an hour are compared: {said:?}");
            for _ in 0..6 {
                let answer = visitor.sign_in(email, PASSWORD).await;
                assert!(![200, 429].contains(&answer.status), "{kind:?}: {}", answer.status);
            }
            told.push(visitor.told);
        }
        assert_alike(&told[0], &told[1], kind);
        let mails = place.mails().await;
        for email in [KNOWN, UNKNOWN] {
            let sent = mails.iter().filter(|mail| mail.to == email).count();
            assert_eq!(sent, 6, "{kind:?}: five an hour, and one more for a form that had one");
        }
    }
}
