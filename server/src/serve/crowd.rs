//! The connections of one listener, and which one is closed if it is full: first connections that have never sent a whole request,
//! then idle ones. Contains no socket and no clock.

use engine::limits_table::{HEALTH_CONNECTIONS, KNOWN_PROXIES};
use engine::requester::{Network, Requester, WIDE_FACTOR};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

pub(super) struct Crowd {
    most: usize,
    most_per_client: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    next: u64,
    /// All connections, by their number.
    all: HashMap<u64, Member>,
    /// How many of them are counted: those that are kept for health checks are not.
    counted: usize,
    waiting: BTreeSet<Turn>,
    clients: HashMap<Network, Client>,
    /// Kept for health checks.
    spare: BTreeSet<Turn>,
    spares: usize,
    several: HashSet<IpAddr>,
}

#[derive(Default)]
struct Client {
    connections: usize,
    waiting: BTreeSet<Turn>,
}

struct Member {
    networks: Vec<Network>,
    place: Place,
    turn: Option<Turn>,
    gives_way: Arc<Notify>,
}

/// In the order of giving way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    waits_for: Waits,
    since: u64,
    number: u64,
}

/// What a connection waits for that has no request to answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Waits {
    /// The rest of a request that has begun, or the first one.
    Rest,
    /// The next request.
    Next,
}

/// What an accepted connection may ask for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Anything,
    /// All other connections are answering requests.
    Health,
}

/// A connection in the crowd. Leaves it when dropped.
pub(super) struct Seat {
    crowd: Arc<Crowd>,
    number: u64,
    pub(super) place: Place,
    gives_way: Arc<Notify>,
}

impl Crowd {
    pub(super) fn new(most: usize, most_per_client: usize) -> Arc<Self> {
        Arc::new(Self { most, most_per_client, inner: Mutex::default() })
    }

    /// Takes a new connection in. `exempt`: its address counts for nobody, since it is a proxy's. `None`: there is no room, not even
    /// for health checks.
    pub(super) fn enter(self: &Arc<Self>, peer: IpAddr, exempt: bool) -> Option<Seat> {
        let mut inner = self.lock();
        let peer = peer.to_canonical();
        let networks = if exempt || inner.several.contains(&peer) { Vec::new() } else { networks(peer) };
        let place = if self.make_room(&mut inner, &networks) { Place::Anything } else { Place::Health };
        if place == Place::Health && inner.spares >= HEALTH_CONNECTIONS.count() {
            let oldest = inner.spare.first().copied()?;
            inner.part(oldest.number);
        }
        let number = inner.next;
        inner.next += 1;
        let gives_way = Arc::new(Notify::new());
        match place {
            Place::Anything => {
                inner.counted += 1;
                for network in &networks {
                    inner.clients.entry(*network).or_default().connections += 1;
                }
            }
            Place::Health => inner.spares += 1,
        }
        let networks = if place == Place::Anything { networks } else { Vec::new() };
        inner.all.insert(number, Member { networks, place, turn: None, gives_way: gives_way.clone() });
        inner.wait(number, Waits::Rest);
        Some(Seat { crowd: self.clone(), number, place, gives_way })
    }

    /// Whether there is room for one more of these, after another one was closed if necessary.
    fn make_room(&self, inner: &mut Inner, networks: &[Network]) -> bool {
        for (index, network) in networks.iter().enumerate() {
            let most =
                if index == 0 { self.most_per_client } else { self.most_per_client * WIDE_FACTOR as usize };
            let Some(client) = inner.clients.get(network).filter(|client| client.connections >= most) else {
                continue;
            };
            let Some(oldest) = client.waiting.first().copied() else { return false };
            inner.part(oldest.number);
        }
        if inner.counted >= self.most {
            let Some(oldest) = inner.waiting.first().copied() else { return false };
            inner.part(oldest.number);
        }
        true
    }

    /// Ends so many connections that answer nothing: the operating system has no room for more.
    pub(super) fn shrink(&self, by: usize) {
        let mut inner = self.lock();
        for _ in 0..by {
            let Some(oldest) = inner.waiting.first().copied() else { return };
            inner.part(oldest.number);
        }
    }

    /// That address is a proxy's which the configuration does not name: from now on its connections are nobody's.
    pub(super) fn is_proxy(&self, peer: IpAddr) {
        let mut inner = self.lock();
        if inner.several.len() >= KNOWN_PROXIES.count() {
            inner.several.clear();
        }
        inner.several.insert(peer.to_canonical());
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn networks(peer: IpAddr) -> Vec<Network> {
    let requester = Requester::direct(peer);
    requester.network().into_iter().chain(requester.wide_network()).collect()
}

impl Inner {
    fn wait(&mut self, number: u64, waits_for: Waits) {
        let since = self.next;
        self.next += 1;
        self.busy(number);
        let Some(member) = self.all.get_mut(&number) else { return };
        let turn = Turn { waits_for, since, number };
        member.turn = Some(turn);
        match member.place {
            Place::Anything => self.waiting.insert(turn),
            Place::Health => self.spare.insert(turn),
        };
        for network in &member.networks {
            if let Some(client) = self.clients.get_mut(network) {
                client.waiting.insert(turn);
            }
        }
    }

    fn busy(&mut self, number: u64) {
        let Some(member) = self.all.get_mut(&number) else { return };
        let Some(turn) = member.turn.take() else { return };
        self.waiting.remove(&turn);
        self.spare.remove(&turn);
        for network in &member.networks {
            if let Some(client) = self.clients.get_mut(network) {
                client.waiting.remove(&turn);
            }
        }
    }

    /// Takes it out and tells it so.
    fn part(&mut self, number: u64) {
        self.busy(number);
        let Some(member) = self.all.remove(&number) else { return };
        match member.place {
            Place::Anything => self.counted -= 1,
            Place::Health => self.spares -= 1,
        }
        for network in &member.networks {
            if let Some(client) = self.clients.get_mut(network) {
                client.connections -= 1;
                if client.connections == 0 {
                    self.clients.remove(network);
                }
            }
        }
        member.gives_way.notify_one();
    }
}

impl Seat {
    /// A whole request is there. `false`: the connection had to give way a moment ago, and nothing may begin.
    pub(super) fn answers(&self) -> bool {
        let mut inner = self.crowd.lock();
        inner.busy(self.number);
        inner.all.contains_key(&self.number)
    }

    pub(super) fn waits(&self, waits_for: Waits) {
        self.crowd.lock().wait(self.number, waits_for);
    }

    pub(super) fn is_proxy(&self, peer: IpAddr) {
        self.crowd.is_proxy(peer);
    }

    /// Done when the connection has to end.
    pub(super) async fn given_way(&self) {
        self.gives_way.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.crowd.lock().part(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    const ANNA: &str = "192.0.2.1";
    const BEN: &str = "192.0.2.2";

    fn enter(crowd: &Arc<Crowd>, peer: &str) -> Seat {
        crowd.enter(peer.parse().unwrap(), false).unwrap()
    }

    fn gone(seats: &[Seat]) -> Vec<usize> {
        let gone = |seat: &Seat| seat.given_way().now_or_never().is_some();
        seats.iter().enumerate().filter(|(_, seat)| gone(seat)).map(|(index, _)| index).collect()
    }

    fn size(crowd: &Crowd) -> (usize, usize, usize) {
        let inner = crowd.lock();
        (inner.all.len(), inner.waiting.len() + inner.spare.len(), inner.clients.len())
    }

    #[test]
    fn whoever_sends_nothing_gives_way_before_whoever_has_sent_a_request() {
        let crowd = Crowd::new(3, 100);
        let seats = [enter(&crowd, ANNA), enter(&crowd, BEN), enter(&crowd, ANNA)];
        // The oldest is kept alive, the second answers, the third has sent half a head.
        assert!(seats[0].answers() && seats[1].answers());
        seats[0].waits(Waits::Next);
        let more = enter(&crowd, BEN);
        assert_eq!((gone(&seats), more.place), (vec![2], Place::Anything));
        assert!(more.answers());
        let last = enter(&crowd, BEN);
        assert_eq!((gone(&seats), last.place), (vec![0], Place::Anything));
        assert!(!seats[0].answers(), "what gave way begins nothing any more");
    }

    #[test]
    fn a_client_takes_no_place_from_another_client() {
        let crowd = Crowd::new(100, 3);
        let other = enter(&crowd, BEN);
        let seats: Vec<Seat> = (0..5).map(|_| enter(&crowd, ANNA)).collect();
        assert_eq!(gone(&seats), [0, 1]);
        assert!(gone(&[other]).is_empty());
    }

    #[test]
    fn health_checks_find_a_place_when_all_are_answering() {
        let crowd = Crowd::new(100, 2);
        let seats = [enter(&crowd, ANNA), enter(&crowd, ANNA)];
        assert!(seats.iter().all(Seat::answers));
        let spare: Vec<Seat> = (0..HEALTH_CONNECTIONS.count() + 2).map(|_| enter(&crowd, ANNA)).collect();
        assert!(spare.iter().all(|seat| seat.place == Place::Health));
        assert_eq!((gone(&seats), gone(&spare)), (vec![], vec![0, 1]));
        assert_eq!(enter(&crowd, BEN).place, Place::Anything);
        // Where even those answer there is nothing left.
        assert!(spare[2..].iter().all(Seat::answers));
        assert!(crowd.enter(ANNA.parse().unwrap(), false).is_none());
    }

    #[test]
    fn addresses_of_one_network_are_one_client_and_a_wider_network_has_sixteen_times_as_many() {
        let crowd = Crowd::new(10_000, 2);
        let of = |subnet: usize, host: usize| format!("2001:db8:1:{subnet:x}::{host:x}");
        let seats: Vec<Seat> = (1..4).map(|host| enter(&crowd, &of(0, host))).collect();
        assert_eq!(gone(&seats), [0]);
        let wide: Vec<Seat> = (1..20)
            .flat_map(|subnet| [of(subnet, 1), of(subnet, 2)])
            .map(|peer| enter(&crowd, &peer))
            .collect();
        assert_eq!(gone(&wide).len() + gone(&seats[1..]).len(), 40 - 32);
    }

    #[test]
    fn proxies_count_for_nobody() {
        let crowd = Crowd::new(100, 2);
        let trusted: Vec<Seat> = (0..5).filter_map(|_| crowd.enter(ANNA.parse().unwrap(), true)).collect();
        crowd.is_proxy(BEN.parse().unwrap());
        let learnt: Vec<Seat> = (0..5).map(|_| enter(&crowd, BEN)).collect();
        assert!(gone(&trusted).is_empty() && gone(&learnt).is_empty());
    }

    #[test]
    fn nobody_is_remembered_who_has_left() {
        let crowd = Crowd::new(3, 2);
        for peer in [ANNA, BEN, "2001:db8::1"] {
            let seats: Vec<Seat> =
                (0..20).filter_map(|_| crowd.enter(peer.parse().unwrap(), false)).collect();
            assert!(seats.last().unwrap().answers());
            drop(seats);
        }
        crowd.shrink(5);
        assert_eq!(size(&crowd), (0, 0, 0));
        assert_eq!(crowd.lock().counted, 0);
    }
}
