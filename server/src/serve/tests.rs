//! Sockets that send less than they should. Deadlines that are to pass are a millisecond, all others a day: no test waits for a clock
//! or looks at one.

use super::connection::{self, Deadlines};
use super::crowd::Crowd;
use super::listen;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use engine::limits_table::SEND_BUFFER;
use futures::{FutureExt as _, stream};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinSet;

const SOON: Duration = Duration::from_millis(1);
const DAY: Duration = Duration::from_secs(86_400);
const NEVER: Deadlines =
    Deadlines { head_size: 8192, head: DAY, write: DAY, idle: DAY, body: DAY, discarded: 1000 };

struct Place {
    crowd: Arc<Crowd>,
    connections: JoinSet<()>,
    ended: Option<watch::Sender<()>>,
    end: watch::Receiver<()>,
    deadlines: Deadlines,
    /// Told when a request to `/gate` is there, which is answered once it is let through.
    at_gate: Arc<Notify>,
    gate: Arc<Semaphore>,
}

impl Place {
    fn new(most: usize, deadlines: Deadlines) -> Self {
        let (ended, end) = watch::channel(());
        let (at_gate, gate) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
        let (crowd, connections) = (Crowd::new(most, most), JoinSet::new());
        Self { crowd, connections, ended: Some(ended), end, deadlines, at_gate, gate }
    }

    /// A client whose first bytes are there when its connection is accepted. What is sent and not read fits into `buffer`.
    async fn connect(&mut self, first: &str, buffer: usize) -> Client {
        let (ours, theirs) = duplex(buffer);
        let mut client = Client(ours);
        client.send(first).await;
        let peer = SocketAddr::from(([192, 0, 2, 1], 1));
        let seat = self.crowd.enter(peer.ip(), false).unwrap();
        let served = connection::serve(theirs, peer, seat, self.router(), self.deadlines, self.end.clone());
        self.connections.spawn(served);
        client
    }

    /// One whose request is being answered.
    async fn busy(&mut self) -> Client {
        let client = self.connect(&request("/gate"), 4096).await;
        self.at_gate.notified().await;
        client
    }

    fn router(&self) -> Router {
        let (at_gate, gate) = (self.at_gate.clone(), self.gate.clone());
        let wait = move || async move {
            at_gate.notify_one();
            gate.acquire().await.unwrap().forget();
            "through"
        };
        let long = || async {
            let piece = || Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 10_000]));
            Body::from_stream(stream::iter((0..100).map(move |_| piece())))
        };
        Router::new()
            .route("/", get(|| async { "here" }))
            .route("/health/alive", get(|| async { "alive" }))
            .route("/gate", get(wait))
            .route("/echo", post(|body: String| async move { body }))
            .route("/long", get(long))
    }
}

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")
}

struct Client(DuplexStream);

impl Client {
    async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// A whole response with that body.
    async fn read(&mut self, body: &str) -> String {
        let mut all = Vec::new();
        while !all.ends_with(format!("\r\n\r\n{body}").as_bytes()) {
            let read = self.0.read_buf(&mut all).await.unwrap();
            assert_ne!(read, 0, "ended after {:?}", String::from_utf8_lossy(&all));
        }
        String::from_utf8(all).unwrap()
    }

    async fn get(&mut self, path: &str, body: &str) -> String {
        self.send(&request(path)).await;
        self.read(body).await
    }

    /// What comes until the other side closes.
    async fn until_end(&mut self) -> String {
        let mut all = Vec::new();
        let _ = self.0.read_to_end(&mut all).await;
        String::from_utf8_lossy(&all).into_owned()
    }
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_the_connection() {
    let mut place = Place::new(10, Deadlines { head: SOON, ..NEVER });
    assert_eq!(place.connect("", 1024).await.until_end().await, "");
    assert_eq!(place.connect("GET / HTTP/1.1\r\nHost: x\r\nX: ", 1024).await.until_end().await, "");
    while place.connections.join_next().await.is_some() {}
}

#[tokio::test]
async fn between_requests_another_deadline_applies_than_within_one() {
    let mut place = Place::new(10, Deadlines { head: SOON, ..NEVER });
    let mut client = place.connect(&request("/"), 1024).await;
    client.read("here").await;
    for _ in 0..3 {
        client.get("/", "here").await;
    }
    // Half of the next head counts from its first byte.
    client.send("GET / HT").await;
    assert_eq!(client.until_end().await, "");
    let mut place = Place::new(10, Deadlines { idle: SOON, ..NEVER });
    let mut client = place.connect("GET / HT", 1024).await;
    client.send("TP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(client.until_end().await.ends_with("here"));
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_left() {
    let mut place = Place::new(10, Deadlines { write: SOON, ..NEVER });
    let mut client = place.connect(&request("/long"), 1024).await;
    place.connections.join_next().await.unwrap().unwrap();
    assert!(client.until_end().await.len() <= 1024);
    // As long as something is read it stays.
    let mut place = Place::new(10, NEVER);
    let mut client = place.connect(&request("/long"), 1024).await;
    let mut all = Vec::new();
    while all.len() < 1_000_000 {
        assert_ne!(client.0.read_buf(&mut all).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_full_listener_answers_whole_requests_and_closes_half_ones() {
    let mut place = Place::new(3, NEVER);
    let mut half = Vec::new();
    for _ in 0..50 {
        half.push(place.connect("GET / HTTP/1.1\r\nX: ", 1024).await);
    }
    let mut whole = place.connect(&request("/"), 1024).await;
    assert!(whole.read("here").await.starts_with("HTTP/1.1 200"));
    for client in &mut half[..48] {
        assert_eq!(client.until_end().await, "");
    }
    for client in &mut half[48..] {
        client.send("y\r\nHost: x\r\n\r\n").await;
        client.read("here").await;
    }
}

/// A body that does not come is no reason to keep a place.
#[tokio::test]
async fn half_bodies_give_way_as_half_heads_do() {
    const HALF: &str = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf";
    let mut place = Place::new(2, NEVER);
    let mut half = [place.connect(HALF, 1024).await, place.connect(HALF, 1024).await];
    let mut whole = place.connect(&request("/"), 1024).await;
    assert!(whole.read("here").await.starts_with("HTTP/1.1 200"));
    // It was told so if its head was read after its place had gone.
    let told = half[0].until_end().await;
    assert!(told.is_empty() || told.starts_with("HTTP/1.1 503"), "{told}");
    half[1].send(" body").await;
    half[1].read("half body").await;
}

#[tokio::test]
async fn where_all_are_being_answered_health_is_told_and_others_come_again() {
    let mut place = Place::new(2, NEVER);
    let mut busy = [place.busy().await, place.busy().await];
    let mut checked = place.connect(&request("/health/alive"), 1024).await;
    let answer = checked.until_end().await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"), "{answer}");
    let mut other = place.connect(&request("/"), 4096).await;
    let answer = other.until_end().await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: 1"), "{answer}");
    place.gate.add_permits(2);
    for client in &mut busy {
        client.read("through").await;
    }
    let mut other = place.connect(&request("/"), 4096).await;
    assert!(other.read("here").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn http_2_is_not_spoken_and_heads_are_bounded() {
    let fields: String = (0..101).map(|index| format!("X-{index}: y\r\n")).collect();
    for (sent, status) in [
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), ""),
        ("nonsense\r\n\r\n".to_owned(), "HTTP/1.1 400"),
        (format!("GET / HTTP/1.1\r\n{fields}\r\n"), "HTTP/1.1 431"),
        (format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(9000)), "HTTP/1.1 431"),
    ] {
        let mut place = Place::new(10, NEVER);
        let answer = place.connect(&sent, 64 * 1024).await.until_end().await;
        assert!(answer.starts_with(status), "{sent:.20}: {answer}");
        assert!(!status.is_empty() || answer.is_empty(), "{answer}");
    }
}

#[tokio::test]
async fn at_the_end_requests_are_answered_and_nothing_else_is_waited_for() {
    let mut place = Place::new(10, NEVER);
    let mut idle = place.connect(&request("/"), 1024).await;
    idle.read("here").await;
    let mut busy = place.busy().await;
    drop(place.ended.take());
    assert_eq!(idle.until_end().await, "");
    place.gate.add_permits(1);
    assert!(busy.until_end().await.ends_with("through"));
    while place.connections.join_next().await.is_some() {}
}

/// Who sends hundreds of requests at once gets their responses in turn with everybody else's.
#[tokio::test]
async fn requests_that_were_sent_together_wait_for_those_of_others() {
    const TOGETHER: usize = 500;
    let mut place = Place::new(10, NEVER);
    let mut other = place.connect(&request("/"), 1024).await;
    other.read("here").await;
    let mut many = place.connect(&request("/").repeat(TOGETHER), 1 << 20).await;
    other.get("/", "here").await;
    let mut answered = Vec::new();
    while many.0.read_buf(&mut answered).now_or_never().is_some() {}
    let count = String::from_utf8_lossy(&answered).matches("here").count();
    assert!(count < 20, "{count} of {TOGETHER} came first");
}

/// Linux doubles what it is told, and gives it to each connection that the listener accepts.
#[tokio::test]
async fn a_connection_keeps_little_of_what_its_client_does_not_read() {
    let listener = listen("127.0.0.1", 0).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (client, accepted) = tokio::join!(tokio::net::TcpStream::connect(address), listener.accept());
    let (_client, (accepted, _)) = (client.unwrap(), accepted.unwrap());
    let accepted = tokio::net::TcpSocket::from_std_stream(accepted.into_std().unwrap());
    let size = accepted.send_buffer_size().unwrap() as usize;
    assert!((64 * 1024..=2 * SEND_BUFFER.count()).contains(&size), "{size}");
}

/// A request whose body nobody asked for.
fn unread(length: usize, more: &str) -> String {
    format!("POST /long HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{more}\r\n")
}

#[tokio::test]
async fn what_is_left_of_a_body_is_thrown_away_and_the_connection_stays() {
    let mut place = Place::new(10, NEVER);
    for length in [1, 999, 1000] {
        let mut client = place.connect(&unread(length, ""), 100_000).await;
        client.send(&"x".repeat(length)).await;
        let refused = client.read("").await;
        assert!(refused.starts_with("HTTP/1.1 405") && !refused.contains("connection: close"), "{refused}");
        client.get("/", "here").await;
    }
    // The same in chunks.
    let head = "POST /long HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut client = place.connect(&format!("{head}3\r\nabc\r\n0\r\n\r\n"), 100_000).await;
    client.read("").await;
    client.get("/", "here").await;
}

#[tokio::test]
async fn what_cannot_be_thrown_away_ends_the_connection_and_the_response_says_so() {
    let soon = Deadlines { body: SOON, ..NEVER };
    let chunk = format!("7d0\r\n{}\r\n", "x".repeat(2000));
    let chunks = format!("POST /long HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}");
    for (deadlines, sent, why) in [
        (NEVER, unread(1001, ""), "too much is announced"),
        (NEVER, chunks, "too much comes"),
        (soon, unread(5, ""), "it does not come"),
        (NEVER, unread(5, "Expect: 100-continue\r\n"), "the client waits to be told"),
    ] {
        let mut place = Place::new(10, deadlines);
        let refused = place.connect(&sent, 100_000).await.until_end().await;
        assert!(refused.starts_with("HTTP/1.1 405"), "{why}: {refused}");
        assert!(refused.contains("connection: close"), "{why}: {refused}");
    }
}
