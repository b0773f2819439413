//! DNS rebinding, simulated: a name resolves to an allowed address first and to a forbidden one at the next lookup. The server has to
//! connect to the address that it checked.

use super::*;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The attacker's name server: each answer once, in order. Then the name is gone.
#[derive(Clone)]
struct NameServer {
    answers: Arc<Mutex<VecDeque<Vec<&'static str>>>>,
}

impl NameServer {
    fn answering<const N: usize>(answers: [&[&'static str]; N]) -> Self {
        Self { answers: Arc::new(Mutex::new(answers.map(<[_]>::to_vec).into())) }
    }

    fn unasked(&self) -> usize {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn outbound(&self) -> SystemOutbound {
        let answers = self.answers.clone();
        SystemOutbound::resolving(Arc::new(move |_: String| -> Found {
            let answer = answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            Box::pin(async move {
                let answer = answer.ok_or_else(|| io::Error::other("unknown name"))?;
                Ok(answer.into_iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect())
            })
        }))
    }
}

/// A service of ours on loopback, and how many have connected to it. It answers each once.
async fn service() -> (u16, Arc<Mutex<usize>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, connected) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(0)));
    let count = connected.clone();
    spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            *count.lock().unwrap() += 1;
            let _ = stream.read(&mut [0; 4096]).await;
            let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (port, connected)
}

#[expect(clippy::disallowed_methods, reason = "the test replaces another server")]
fn spawn(work: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(work);
}

async fn ask(outbound: &SystemOutbound, port: u16, reach: Reach) -> Result<Answer, OutboundError> {
    let request = Request {
        method: "POST".to_owned(),
        url: format!("http://rebound.example:{port}/").parse().unwrap(),
        headers: vec![],
        body: None,
        limit: 10,
        deadline: Duration::from_millis(500),
        reach,
    };
    outbound.send(request).await
}

/// On Linux a connection to 0.0.0.0 is one to this machine: whoever looked the name up anew, or tried another address than those
/// that were checked, would reach the service.
#[tokio::test]
async fn a_name_that_is_bound_anew_after_the_check_is_connected_to_where_it_was_checked() {
    let (port, connected) = service().await;
    let names = NameServer::answering([&["127.0.0.1"], &["0.0.0.0"], &["169.254.169.254"]]);
    let outbound = names.outbound();
    let answer = ask(&outbound, port, Reach::Private).await.unwrap();
    assert_eq!((answer.status, *connected.lock().unwrap()), (200, 1));
    assert_eq!(names.unasked(), 2, "looked up once: what was checked is what was connected to");
    // The next request is checked anew.
    for _ in 0..2 {
        let refused = ask(&outbound, port, Reach::Private).await;
        assert!(matches!(refused, Err(OutboundError::Refused { .. })), "{refused:?}");
    }
    assert_eq!((names.unasked(), *connected.lock().unwrap()), (0, 1));
}

/// An address of nobody (RFC 7343: never on the wire) stands for a public one, so that this test calls nobody.
#[tokio::test]
async fn a_public_name_that_is_bound_to_this_machine_after_the_check_does_not_reach_it() {
    for reach in [Reach::Public, Reach::Elsewhere] {
        let (port, connected) = service().await;
        let names = NameServer::answering([&["2001:20::1"], &["127.0.0.1"], &["::1"], &["::ffff:127.0.0.1"]]);
        let outbound = names.outbound();
        let silent = ask(&outbound, port, reach).await;
        let gone = matches!(silent, Err(OutboundError::Unreachable { .. } | OutboundError::Deadline { .. }));
        assert!(gone, "{silent:?}");
        assert_eq!(names.unasked(), 3, "not looked up anew because it did not answer");
        for _ in 0..3 {
            let refused = ask(&outbound, port, reach).await;
            assert!(matches!(refused, Err(OutboundError::Refused { .. })), "{refused:?}");
        }
        assert_eq!((names.unasked(), *connected.lock().unwrap()), (0, 0));
    }
}

/// The address that may not be connected to stands in the same answer, for when the first one is silent.
#[tokio::test]
async fn an_answer_with_both_addresses_reaches_none_but_the_checked_one() {
    let (port, connected) = service().await;
    let names = NameServer::answering([&["2001:20::1", "127.0.0.1"], &["169.254.169.254", "127.0.0.1"]]);
    let outbound = names.outbound();
    assert!(ask(&outbound, port, Reach::Public).await.is_err());
    assert_eq!(*connected.lock().unwrap(), 0);
    // Where loopback may be called the other one is still left out, and not even waited for.
    assert_eq!(ask(&outbound, port, Reach::Private).await.unwrap().status, 200);
    assert_eq!(*connected.lock().unwrap(), 1);
}
