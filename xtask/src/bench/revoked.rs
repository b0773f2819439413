//! Sessions that end while other clients ask for them all the time: a request that begins after the end was answered is refused.

use super::http::Client;
use super::load::at_once;
use super::server::Site;
use super::table::{Goal, Table};
use super::{expect, sign_up};
use crate::Outcome;
use serde_json::json;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

const SESSIONS: usize = 10_000;
const CLIENTS: usize = 8;

/// How far it is: numbers of sessions.
#[derive(Default)]
struct Progress {
    /// The one that is asked for, and its token.
    current: RwLock<(usize, String)>,
    /// Those whose end was sent.
    sent: AtomicUsize,
    /// Those whose end was answered.
    ended: AtomicUsize,
    over: AtomicBool,
}

#[derive(Default)]
struct Seen {
    asked: usize,
    /// Requests that began after the end of their session was answered.
    late: usize,
    /// Those among them that were answered all the same.
    accepted: usize,
}

/// The hash is the cheapest there is: what is looked at is the end of a session, not its beginning.
pub(super) fn run(site: &Site, table: &mut Table) -> Outcome {
    site.configure_cheap()?;
    let server = site.start()?;
    let progress = Progress::default();
    let parts = at_once(CLIENTS + 1, |number| {
        let mut client = Client::new(site.public);
        let seen = if number == 0 { ends(&mut client, &progress) } else { asks(&mut client, &progress) };
        // Whoever fails ends it for all.
        progress.over.fetch_or(number == 0 || seen.is_err(), Ordering::SeqCst);
        seen
    });
    server.stop()?;
    let mut all = Seen::default();
    for part in parts {
        let Seen { asked, late, accepted } = part?;
        all = Seen { asked: all.asked + asked, late: all.late + late, accepted: all.accepted + accepted };
    }
    table.row("sessions that ended while 8 clients asked", SESSIONS as f64, "", Goal::None, "", None);
    table.row("requests for them", all.asked as f64, "", Goal::None, "", None);
    table.row("of which began after the end was answered", all.late as f64, "", Goal::None, "", None);
    table.row("of which were accepted", all.accepted as f64, "", Goal::AtMost(0.0), "", None);
    Ok(())
}

/// Begins sessions and ends them, one after the other.
fn ends(client: &mut Client, progress: &Progress) -> Outcome<Seen> {
    for number in 1..=SESSIONS {
        if progress.over.load(Ordering::SeqCst) {
            break;
        }
        let token = sign_up(client)?;
        *progress.current.write().unwrap_or_else(PoisonError::into_inner) = (number, token.clone());
        // The others have begun to ask for it by then.
        expect(client.ask("GET", "/sessions/whoami", Some(("X-Session-Token", &token)), None)?.status)?;
        progress.sent.store(number, Ordering::SeqCst);
        let body = json!({ "session_token": token }).to_string();
        let status = client.ask("DELETE", "/self-service/logout/api", None, Some(&body))?.status;
        if status != 204 {
            return Err(format!("the end of a session answered {status}"));
        }
        progress.ended.store(number, Ordering::SeqCst);
    }
    Ok(Seen::default())
}

fn asks(client: &mut Client, progress: &Progress) -> Outcome<Seen> {
    let mut seen = Seen::default();
    while !progress.over.load(Ordering::SeqCst) {
        let (number, token) = progress.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        if number == 0 {
            std::thread::yield_now();
            continue;
        }
        let is_over = progress.ended.load(Ordering::SeqCst) >= number;
        let status = client.ask("GET", "/sessions/whoami", Some(("X-Session-Token", &token)), None)?.status;
        let may_be_over = progress.sent.load(Ordering::SeqCst) >= number;
        seen.asked += 1;
        seen.late += usize::from(is_over);
        match status {
            200 => seen.accepted += usize::from(is_over),
            401 if may_be_over => {}
            status => return Err(format!("whoami answered {status} for a session that has not ended")),
        }
    }
    Ok(seen)
}
