//! Operators on an engine: what the console's sign-in and the command line do, on both databases.

use engine::Engine;
use engine::operators::invite;
use engine::operators::{self, By, Enabled, Operator, Role, SignIn};
use engine::requester::{self, Client, KnownDevice, Requester, Subject};
use engine::store::audit;
use engine::testing::World;
use std::time::Duration;

const PASSWORD: &str = "correct horse battery";
const HOME: &str = "192.0.2.1";

macro_rules! on_both {
    ($($(#[$doc:meta])* async fn $name:ident($world:ident: World, $engine:ident: Engine) $body:block)+) => {
        $(mod $name {
            use super::*;

            $(#[$doc])*
            async fn body($world: World, $engine: Engine) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn sqlite() {
                let world = World::default();
                let engine = world.engine("memory", vec![]).await;
                body(world, engine).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn postgres() {
                let world = World::default();
                let engine = world.engine(&engine::testing::postgres::database().await, vec![]).await;
                body(world, engine).await;
            }
        })+
    };
}

/// The token, or a panic with the sentence.
#[track_caller]
fn token(outcome: SignIn) -> String {
    match outcome {
        SignIn::In { token, .. } => token,
        SignIn::Again(sentence) => panic!("not signed in: {sentence}"),
    }
}

/// The sentence, or a panic.
#[track_caller]
fn again(outcome: SignIn) -> String {
    match outcome {
        SignIn::Again(sentence) => sentence,
        SignIn::In { operator, .. } => panic!("{} is signed in", operator.email),
    }
}

/// For how many seconds that sign-in is refused, if it is.
async fn wait(engine: &Engine, email: &str, password: &str, requester: &Requester) -> Option<u32> {
    let early = operators::sign_in(engine, email, password, requester).await.err()?;
    assert_eq!(early.kind, engine::Kind::RateLimited);
    early.retry_after
}

/// A browser at that address which signed in as that operator before.
fn known_device(engine: &Engine, operator: &Operator, address: &str) -> Requester {
    let (secrets, now) = (engine.begin().config.secrets.cookie.clone(), engine.effects().now());
    let value = requester::remember(&secrets, None, Subject::Operator(operator.id), now, [7; 8]);
    Requester { device: KnownDevice::read(&secrets, [value.as_str()], now), ..at(address) }
}

fn at(address: &str) -> Requester {
    Requester::direct(address.parse().unwrap())
}

async fn create(engine: &Engine, name: &str) {
    operators::create(engine, &format!("{name}@example.org"), name, PASSWORD).await.unwrap().unwrap();
}

async fn sign_in(engine: &Engine, name: &str, password: &str, address: &str) -> SignIn {
    match operators::sign_in(engine, &format!("{name}@example.org"), password, &at(address)).await {
        Err(early) if early.kind == engine::Kind::RateLimited => {
            assert!(
                early.retry_after.is_some_and(|seconds| early.to_string().contains(&seconds.to_string()))
            );
            SignIn::Again(early.to_string())
        }
        outcome => outcome.unwrap(),
    }
}

/// `action actor`, oldest first.
async fn actions(engine: &Engine) -> Vec<String> {
    let mut entries = audit::list(&mut engine.db().read().await.unwrap(), 100).await.unwrap();
    entries.reverse();
    entries.into_iter().map(|entry| format!("{} {}", entry.action, entry.actor)).collect()
}

on_both! {
    async fn the_set_up_link_makes_one_owner_and_is_never_issued_again(world: World, engine: Engine) {
        let old = operators::issue_setup_link(&engine).await.unwrap().unwrap();
        let secret = operators::issue_setup_link(&engine).await.unwrap().unwrap();
        assert_eq!(secret.len(), 43, "256 bits");
        assert!(!operators::setup_link_is_valid(&engine, &old).await.unwrap(), "replaced");
        for _ in 0..3 {
            assert!(operators::setup_link_is_valid(&engine, &secret).await.unwrap(), "looking burns nothing");
        }
        let set_up = async |secret: &str, email: &str, password: &str| {
            operators::set_up(&engine, secret, email, "Ann", password).await.unwrap()
        };
        again(set_up(&old, "ann@example.org", PASSWORD).await);
        again(set_up(&secret, "nobody", PASSWORD).await);
        again(set_up(&secret, "ann@example.org", "too short 1").await);
        assert!(operators::setup_link_is_valid(&engine, &secret).await.unwrap(), "mistakes burn nothing");

        let token = token(set_up(&secret, " Ann@Example.org ", PASSWORD).await);
        let session = operators::session(&engine, &token).await.unwrap().unwrap();
        assert_eq!((session.operator.email.as_str(), session.operator.role), ("ann@example.org", Role::Owner));
        again(set_up(&secret, "bea@example.org", PASSWORD).await);
        assert!(!operators::setup_link_is_valid(&engine, &secret).await.unwrap());
        assert_eq!(operators::issue_setup_link(&engine).await.unwrap(), None);
        world.clock.advance(Duration::from_secs(60));
        assert_eq!(operators::list(&engine).await.unwrap().len(), 1);
        assert_eq!(
            actions(&engine).await,
            ["operator.setup_link system", "operator.setup_link system", "operator.set_up ann@example.org"]
        );
    }

    async fn an_old_set_up_link_and_one_overtaken_by_the_command_line_are_refused(world: World, engine: Engine) {
        let secret = operators::issue_setup_link(&engine).await.unwrap().unwrap();
        world.clock.advance(Duration::from_secs(24 * 3600));
        assert!(!operators::setup_link_is_valid(&engine, &secret).await.unwrap());
        let secret = operators::issue_setup_link(&engine).await.unwrap().unwrap();
        create(&engine, "ann").await;
        assert!(!operators::setup_link_is_valid(&engine, &secret).await.unwrap());
        again(operators::set_up(&engine, &secret, "bea@example.org", "Bea", PASSWORD).await.unwrap());
        assert_eq!(operators::list(&engine).await.unwrap().len(), 1);
    }

    async fn of_eight_who_post_the_set_up_link_one_becomes_owner(_world: World, engine: Engine) {
        let secret = operators::issue_setup_link(&engine).await.unwrap().unwrap();
        let emails: Vec<_> = (0..8).map(|number| format!("p{number}@example.org")).collect();
        let posts = emails.iter().map(|email| operators::set_up(&engine, &secret, email, "P", PASSWORD));
        let outcomes = futures::future::join_all(posts).await;
        let made = outcomes.into_iter().filter(|outcome| matches!(outcome, Ok(SignIn::In { .. }))).count();
        assert_eq!((made, operators::list(&engine).await.unwrap().len()), (1, 1));
    }

    async fn create_says_what_to_change(_world: World, engine: Engine) {
        create(&engine, "ann").await;
        let create = async |email: &str, name: &str, password: &str| {
            operators::create(&engine, email, name, password).await.unwrap().unwrap_err()
        };
        assert!(create("ANN@example.org", "Ann", PASSWORD).await.contains("already"));
        assert!(create("ann", "Ann", PASSWORD).await.contains("valid email"));
        assert!(create("bea@example.org", " ", PASSWORD).await.contains("name"));
        assert!(create("bea@example.org", "Bea", "short").await.contains("at least 15"));
        assert_eq!(actions(&engine).await, ["operator.create command line"]);
    }

    async fn a_session_lasts_twelve_hours_and_ends_at_sign_out(world: World, engine: Engine) {
        create(&engine, "ann").await;
        let first = token(sign_in(&engine, "ANN", PASSWORD, HOME).await);
        let second = token(sign_in(&engine, "ann", PASSWORD, HOME).await);
        operators::sign_out(&engine, &first).await.unwrap();
        operators::sign_out(&engine, &first).await.unwrap();
        operators::sign_out(&engine, "no token").await.unwrap();
        assert!(operators::session(&engine, &first).await.unwrap().is_none());
        world.clock.advance(Duration::from_secs(12 * 3600 - 1));
        assert!(operators::session(&engine, &second).await.unwrap().is_some());
        world.clock.advance(Duration::from_secs(1));
        assert!(operators::session(&engine, &second).await.unwrap().is_none());
        assert!(operators::session(&engine, "").await.unwrap().is_none());
        assert_eq!(
            actions(&engine).await[1..],
            ["operator.sign_in ann@example.org", "operator.sign_in ann@example.org", "operator.sign_out ann@example.org"]
        );
    }

    async fn unknown_wrong_and_disabled_are_told_the_same(_world: World, engine: Engine) {
        create(&engine, "ann").await;
        create(&engine, "bea").await;
        operators::disable(&engine, By::CommandLine, "bea@example.org").await.unwrap();
        let wrong = again(sign_in(&engine, "ann", "wrong password", HOME).await);
        assert_eq!(again(sign_in(&engine, "nobody", PASSWORD, HOME).await), wrong);
        assert_eq!(again(sign_in(&engine, "a\0", PASSWORD, HOME).await), wrong);
        assert_eq!(again(sign_in(&engine, "bea", PASSWORD, HOME).await), wrong);
        assert_eq!(again(operators::sign_in(&engine, PASSWORD, PASSWORD, &at(HOME)).await.unwrap()), wrong);

        let entries = audit::list(&mut engine.db().read().await.unwrap(), 100).await.unwrap();
        let failed: Vec<_> = entries.iter().filter(|entry| entry.action == "operator.sign_in_failed").collect();
        assert_eq!(failed.len(), 5);
        assert!(!format!("{entries:?}").contains(PASSWORD), "what was typed in the wrong field is not kept");
    }

    async fn failures_delay_and_waiting_lets_in(world: World, engine: Engine) {
        create(&engine, "ann").await;
        for _ in 0..5 {
            again(sign_in(&engine, "ann", "wrong password", HOME).await);
        }
        let told = again(sign_in(&engine, "ann", PASSWORD, HOME).await);
        assert!(told.contains("in 1 second."), "{told}");
        world.clock.advance(Duration::from_secs(1));
        again(sign_in(&engine, "ann", "wrong password", HOME).await);
        world.clock.advance(Duration::from_secs(1));
        assert!(again(sign_in(&engine, "ann", PASSWORD, HOME).await).contains("in 1 second."));
        world.clock.advance(Duration::from_secs(1));
        token(sign_in(&engine, "ann", PASSWORD, HOME).await);
        // And the count began afresh.
        again(sign_in(&engine, "ann", "wrong password", HOME).await);
        token(sign_in(&engine, "ann", PASSWORD, HOME).await);
        let failed = actions(&engine).await.iter().filter(|one| one.starts_with("operator.sign_in_failed")).count();
        assert_eq!(failed, 7, "refusals before hashing are not in the audit");
    }

    /// Otherwise an attacker with many addresses could keep an owner out.
    async fn many_who_knock_make_a_new_client_wait_for_itself_and_nobody_else(world: World, engine: Engine) {
        create(&engine, "ann").await;
        let SignIn::In { operator, .. } = sign_in(&engine, "ann", PASSWORD, HOME).await else { panic!("not signed in") };
        for number in 0..30 {
            again(sign_in(&engine, "ann", "wrong password", &format!("198.51.100.{number}")).await);
        }
        let new = at("203.0.113.9");
        assert_eq!(wait(&engine, "ann@example.org", PASSWORD, &new).await, Some(20), "no longer than that");
        token(sign_in(&engine, "ann", PASSWORD, HOME).await);
        let known = known_device(&engine, &operator, "203.0.113.77");
        token(operators::sign_in(&engine, "ann@example.org", PASSWORD, &known).await.unwrap());

        // The others go on, from addresses that are new each time; asking again makes the wait no longer.
        for second in 0..20 {
            assert_eq!(wait(&engine, "ann@example.org", PASSWORD, &new).await, Some(20 - second));
            for number in 0..5 {
                again(sign_in(&engine, "ann", "wrong password", &format!("192.0.{second}.{number}")).await);
            }
            world.clock.advance(Duration::from_secs(1));
        }
        token(operators::sign_in(&engine, "ann@example.org", PASSWORD, &new).await.unwrap());
    }

    async fn a_known_device_has_a_count_of_its_own(world: World, engine: Engine) {
        create(&engine, "ann").await;
        let SignIn::In { operator, .. } = sign_in(&engine, "ann", PASSWORD, HOME).await else { panic!("not signed in") };
        // A copied cookie buys no guesses by changing its address.
        for number in 0..5 {
            let copy = known_device(&engine, &operator, &format!("198.51.100.{number}"));
            again(operators::sign_in(&engine, "ann@example.org", "wrong password", &copy).await.unwrap());
        }
        let copy = known_device(&engine, &operator, "198.51.100.99");
        assert_eq!(wait(&engine, "ann@example.org", "wrong password", &copy).await, Some(1));
        token(sign_in(&engine, "ann", PASSWORD, HOME).await);
        world.clock.advance(Duration::from_secs(1));
        token(operators::sign_in(&engine, "ann@example.org", PASSWORD, &copy).await.unwrap());
        // For another operator it is no known device.
        create(&engine, "bea").await;
        for number in 0..11 {
            again(sign_in(&engine, "bea", "wrong password", &format!("198.51.100.{number}")).await);
        }
        assert_eq!(wait(&engine, "bea@example.org", PASSWORD, &copy).await, Some(2));
    }

    async fn clients_behind_one_address_are_delayed_together_and_a_known_device_is_not(_world: World, engine: Engine) {
        create(&engine, "ann").await;
        let SignIn::In { operator, .. } = sign_in(&engine, "ann", PASSWORD, HOME).await else { panic!("not signed in") };
        let several = Requester { client: Client::Several, ..at("172.17.0.1") };
        for _ in 0..10 {
            again(operators::sign_in(&engine, "ann@example.org", "wrong password", &several).await.unwrap());
        }
        assert_eq!(wait(&engine, "ann@example.org", PASSWORD, &several).await, Some(1));
        assert_eq!(wait(&engine, "bea@example.org", PASSWORD, &several).await, None, "another address");
        let known = Requester { client: Client::Several, ..known_device(&engine, &operator, "172.17.0.1") };
        token(operators::sign_in(&engine, "ann@example.org", PASSWORD, &known).await.unwrap());
    }

    async fn an_unknown_address_counts_like_an_operators(_world: World, engine: Engine) {
        let told = async |name: &str| {
            let mut told = Vec::new();
            for number in 0..12 {
                told.push(again(sign_in(&engine, name, "wrong password", &format!("198.51.100.{number}")).await));
            }
            told
        };
        create(&engine, "ann").await;
        let known = told("ann").await;
        assert!(known[9].contains("Incorrect") && known[10].contains("in 1 second"), "{known:?}");
        // From the same clients, whose own count is not used up yet.
        assert_eq!(told("nobody").await, known);
    }

    async fn one_address_is_delayed_whoever_it_pretends_to_be(_world: World, engine: Engine) {
        create(&engine, "ann").await;
        create(&engine, "eve").await;
        for number in 0..9 {
            again(sign_in(&engine, &format!("p{number}"), "wrong password", "2001:db8::1").await);
        }
        // A success of one's own buys nothing.
        token(sign_in(&engine, "eve", PASSWORD, "2001:db8::2").await);
        again(sign_in(&engine, "p9", "wrong password", "2001:db8::3").await);
        assert!(again(sign_in(&engine, "p10", "wrong password", "2001:db8::4").await).contains("Try again in"));
        token(sign_in(&engine, "ann", PASSWORD, HOME).await);
    }

    async fn guesses_at_once_are_counted_before_they_are_compared(_world: World, engine: Engine) {
        create(&engine, "ann").await;
        let guesses = (0..40).map(|number| {
            let engine = &engine;
            async move { again(sign_in(engine, "ann", "wrong password", &format!("198.51.100.{number}")).await) }
        });
        let told = futures::future::join_all(guesses).await;
        assert_eq!(told.iter().filter(|sentence| sentence.contains("Incorrect")).count(), 10);
        let guesses = (0..40).map(|_| {
            let engine = &engine;
            async move { again(sign_in(engine, "bea", "wrong password", HOME).await) }
        });
        let told = futures::future::join_all(guesses).await;
        assert_eq!(told.iter().filter(|sentence| sentence.contains("Incorrect")).count(), 5);
    }

    async fn an_hour_of_peace_forgets_everything(world: World, engine: Engine) {
        create(&engine, "ann").await;
        for _ in 0..5 {
            again(sign_in(&engine, "ann", "wrong password", HOME).await);
        }
        world.clock.advance(Duration::from_secs(3601));
        for _ in 0..5 {
            assert!(again(sign_in(&engine, "ann", "wrong password", HOME).await).contains("Incorrect"));
        }
    }

    async fn disabling_acts_at_once_but_leaves_an_owner(_world: World, engine: Engine) {
        create(&engine, "ann").await;
        let last = operators::disable(&engine, By::CommandLine, "ann@example.org").await.unwrap_err();
        assert_eq!(last.kind, engine::Kind::Invalid);
        assert!(last.to_string().contains("last active owner"), "{last}");
        create(&engine, "bea").await;
        let token = token(sign_in(&engine, "bea", PASSWORD, HOME).await);
        let link = operators::issue_reset_link(&engine, By::CommandLine, "bea@example.org").await.unwrap().unwrap();
        assert!(operators::disable(&engine, By::CommandLine, " BEA@example.org").await.unwrap());
        assert!(operators::disable(&engine, By::CommandLine, "bea@example.org").await.unwrap(), "a second time is no error");
        assert!(!operators::disable(&engine, By::CommandLine, "nobody@example.org").await.unwrap());
        assert!(operators::session(&engine, &token).await.unwrap().is_none());
        again(operators::reset(&engine, &link, PASSWORD).await.unwrap());
        assert_eq!(operators::issue_reset_link(&engine, By::CommandLine, "bea@example.org").await.unwrap_err().kind, engine::Kind::Invalid);
        assert!(operators::disable(&engine, By::CommandLine, "ann@example.org").await.is_err(), "bea is none any more");
    }

    async fn enabling_takes_disabling_back_and_nothing_else(_world: World, engine: Engine) {
        create(&engine, "ann").await;
        let bea = operators::create_as(&engine, Role::Viewer, "bea@example.org", "Bea", PASSWORD).await.unwrap().unwrap();
        let session = token(sign_in(&engine, "bea", PASSWORD, HOME).await);
        let link = operators::issue_reset_link(&engine, By::CommandLine, "bea@example.org").await.unwrap().unwrap();
        assert!(operators::disable(&engine, By::CommandLine, "bea@example.org").await.unwrap());
        assert_eq!(operators::enable(&engine, By::CommandLine, " BEA@example.org").await.unwrap(), Enabled::Again);
        assert!(operators::session(&engine, &session).await.unwrap().is_none(), "what was ended stays ended");
        again(operators::reset(&engine, &link, PASSWORD).await.unwrap());
        let back = token(sign_in(&engine, "bea", PASSWORD, HOME).await);
        assert_eq!(operators::session(&engine, &back).await.unwrap().unwrap().operator, bea);
        assert_eq!(operators::enable(&engine, By::CommandLine, "bea@example.org").await.unwrap(), Enabled::Already);
        assert_eq!(operators::enable(&engine, By::CommandLine, "nobody@example.org").await.unwrap(), Enabled::Nobody);
        let kept = actions(&engine).await;
        let about: Vec<&String> = kept.iter().filter(|action| action.contains("able ")).collect();
        assert_eq!(about, ["operator.disable command line", "operator.enable command line"]);
    }

    async fn the_first_operator_is_an_owner(_world: World, engine: Engine) {
        let secret = operators::issue_setup_link(&engine).await.unwrap().unwrap();
        let make = async |role: Role| {
            operators::create_as(&engine, role, "bea@example.org", "Bea", PASSWORD).await.unwrap()
        };
        assert!(make(Role::Editor).await.unwrap_err().contains("no active owner"));
        assert!(operators::setup_link_is_valid(&engine, &secret).await.unwrap(), "the link is as good as before");
        create(&engine, "ann").await;
        assert_eq!(make(Role::Editor).await.unwrap().role, Role::Editor);
    }

    async fn of_two_owners_disabled_at_once_one_stays(_world: World, engine: Engine) {
        create(&engine, "ann").await;
        create(&engine, "bea").await;
        let (one, other) = tokio::join!(
            operators::disable(&engine, By::CommandLine, "ann@example.org"),
            operators::disable(&engine, By::CommandLine, "bea@example.org"),
        );
        assert!(one.is_ok() != other.is_ok());
        let active = operators::list(&engine).await.unwrap().iter().filter(|one| !one.disabled).count();
        assert_eq!(active, 1);
    }

    async fn a_reset_link_works_once_for_an_hour(world: World, engine: Engine) {
        create(&engine, "ann").await;
        let old = token(sign_in(&engine, "ann", PASSWORD, HOME).await);
        assert_eq!(operators::issue_reset_link(&engine, By::CommandLine, "nobody@example.org").await.unwrap(), None);
        let late = operators::issue_reset_link(&engine, By::CommandLine, "ann@example.org").await.unwrap().unwrap();
        world.clock.advance(Duration::from_secs(3600));
        again(operators::reset(&engine, &late, "another long password").await.unwrap());

        let replaced = operators::issue_reset_link(&engine, By::CommandLine, "ann@example.org").await.unwrap().unwrap();
        let secret = operators::issue_reset_link(&engine, By::CommandLine, "Ann@example.org").await.unwrap().unwrap();
        again(operators::reset(&engine, &replaced, "another long password").await.unwrap());
        again(operators::reset(&engine, &secret, "short").await.unwrap());
        again(operators::reset(&engine, &secret, "Ann@example.org").await.unwrap());
        assert!(operators::reset_link_is_valid(&engine, &secret).await.unwrap(), "mistakes burn nothing");
        for _ in 0..6 {
            again(sign_in(&engine, "ann", "wrong password", HOME).await);
        }
        let new = token(operators::reset(&engine, &secret, "another long password").await.unwrap());
        assert!(operators::session(&engine, &new).await.unwrap().is_some());
        assert!(operators::session(&engine, &old).await.unwrap().is_none(), "older sessions end");
        again(operators::reset(&engine, &secret, "a third long password").await.unwrap());
        again(sign_in(&engine, "ann", PASSWORD, HOME).await);
        world.clock.advance(Duration::from_secs(60));
        token(sign_in(&engine, "ann", "another long password", HOME).await);
    }

    async fn of_two_owners_who_lower_or_disable_each_other_one_stays(_world: World, engine: Engine) {
        create(&engine, "ann").await;
        create(&engine, "bea").await;
        let session = async |name: &str| {
            let token = token(sign_in(&engine, name, PASSWORD, HOME).await);
            operators::session(&engine, &token).await.unwrap().unwrap()
        };
        let (ann, bea) = (session("ann").await, session("bea").await);
        let (one, other) = futures::join!(
            operators::set_role(&engine, By::Owner(&ann), "bea@example.org", Role::Viewer),
            operators::disable(&engine, By::Owner(&bea), "ann@example.org"),
        );
        assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
        let all = operators::list(&engine).await.unwrap();
        let owners = all.iter().filter(|operator| operator.role == Role::Owner && !operator.disabled);
        assert_eq!(owners.count(), 1);
    }

    async fn two_tabs_of_the_last_two_owners_never_leave_none(_world: World, engine: Engine) {
        create(&engine, "ann").await;
        create(&engine, "bea").await;
        let token = token(sign_in(&engine, "ann", PASSWORD, HOME).await);
        let ann = operators::session(&engine, &token).await.unwrap().unwrap();
        let (own, other) = futures::join!(
            operators::set_role(&engine, By::Owner(&ann), "ann@example.org", Role::Editor),
            operators::set_role(&engine, By::Owner(&ann), "bea@example.org", Role::Editor),
        );
        assert!(own.is_ok() != other.is_ok(), "{own:?} {other:?}");
    }

    async fn of_eight_who_post_an_invitation_one_becomes_an_operator(_world: World, engine: Engine) {
        create(&engine, "ann").await;
        let invited = invite::invite(&engine, By::CommandLine, "bea@example.org", Role::Editor);
        let secret = invited.await.unwrap().unwrap().secret;
        let posts = (0..8).map(|_| invite::join(&engine, &secret, "Bea", PASSWORD));
        let outcomes = futures::future::join_all(posts).await;
        let made = outcomes.into_iter().filter(|outcome| matches!(outcome, Ok(SignIn::In { .. }))).count();
        assert_eq!((made, operators::list(&engine).await.unwrap().len()), (1, 2));
    }
}

/// Parameters of hashing that changed are taken up at the next sign-in.
#[tokio::test]
async fn a_sign_in_hashes_anew_when_parameters_changed() {
    let world = World::default();
    let engine = world.engine("memory", vec![]).await;
    create(&engine, "ann").await;
    let stored = async || {
        let mut tx = engine.db().read().await.unwrap();
        engine::store::operators::by_email(&mut tx, "ann@example.org").await.unwrap().unwrap().1
    };
    let before = stored().await;
    token(sign_in(&engine, "ann", PASSWORD, HOME).await);
    assert_eq!(stored().await, before);
    engine.publish(world.config(vec![serde_json::json!({"hashers": {"argon2": {"iterations": 2}}})]));
    token(sign_in(&engine, "ann", PASSWORD, HOME).await);
    let after = stored().await;
    assert!(after.contains("t=2") && !before.contains("t=2"), "{before} {after}");
    token(sign_in(&engine, "ann", PASSWORD, HOME).await);
}

/// Lines of the engine's and the pages' sources that write an entry, and what the list of actions says.
#[test]
fn every_action_of_the_audit_can_be_filtered_by() {
    fn sources(folder: &std::path::Path, found: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match entry.is_dir() {
                true => sources(&entry, found),
                false if !entry.ends_with("operators/audit.rs") => {
                    found.push_str(&std::fs::read_to_string(entry).unwrap());
                }
                false => {}
            }
        }
    }
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut text = String::new();
    for folder in ["engine/src", "app/src/console", "server/src/console"] {
        sources(&root.join(folder), &mut text);
    }
    let written = |line: &&str| {
        ["append(", "record(", "action:", "let action =", "refused:", "Verb::new("]
            .iter()
            .any(|call| line.contains(call))
    };
    let is_action = |word: &&str| {
        word.split_once('.').is_some_and(|(of, what)| {
            let small = |text: &str| {
                !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            };
            small(of) && small(what)
        })
    };
    let mut used: Vec<&str> = text
        .lines()
        .filter(written)
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .filter(is_action)
        .collect();
    used.sort_unstable();
    used.dedup();
    assert!(used.len() > 20, "{used:?}");
    let missing: Vec<_> =
        used.iter().filter(|action| !engine::operators::audit::ACTIONS.contains(action)).collect();
    assert!(missing.is_empty(), "not in engine::operators::audit::ACTIONS: {missing:?}");
    let quoted = |action: &&&str| !text.contains(&format!("\"{action}\""));
    let unused: Vec<_> = engine::operators::audit::ACTIONS
        .iter()
        .filter(quoted)
        .filter(|action| **action != "audit.export")
        .collect();
    assert!(unused.is_empty(), "nothing writes {unused:?}");
}
