//! Tests of `outbound.rs`.

use super::*;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[test]
fn only_the_public_internet_is_public() {
    for address in
        ["9.9.9.9", "2606:4700::1111", "::ffff:9.9.9.9", "64:ff9b::909:909", "172.32.0.1", "100.128.0.1"]
    {
        assert!(public(address.parse().unwrap()), "{address}");
    }
    let ours = [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "::",
        "::1",
        "fe80::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:db8::1",
        "192.88.99.1",
        "::127.0.0.1",
        "::10.0.0.1",
        "::ffff:0:10.0.0.1",
        "64:ff9b:1::909:909",
        "2001:2::1",
        "2001:10::1",
        "3fff::1",
        "fec0::1",
        "5f00::1",
    ];
    for address in ours {
        assert!(!public(address.parse().unwrap()), "{address}");
    }
}

/// Answers every connection with `answer`; the URL of it.
async fn server(answer: &'static str) -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
            if answer.is_empty() {
                // Held open: the answer never comes.
                std::mem::forget(stream);
            }
        }
    });
    url.parse().unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the test stands in for another server")]
fn spawn(work: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(work);
}

async fn get(answer: &'static str, limit: usize) -> Result<Answer, OutboundError> {
    ask(server(answer).await, Reach::Private, limit, Duration::from_secs(5)).await
}

async fn ask(url: Url, reach: Reach, limit: usize, deadline: Duration) -> Result<Answer, OutboundError> {
    let request =
        Request { method: "GET".to_owned(), url, headers: vec![], body: None, limit, deadline, reach };
    SystemOutbound::new().send(request).await
}

#[tokio::test]
async fn a_body_comes_back_whole_or_not_at_all() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
    assert_eq!(get(answer, 5).await.unwrap(), Answer { status: 200, body: b"hello".to_vec() });
    assert!(matches!(get(answer, 4).await, Err(OutboundError::TooLarge { limit: 4, .. })));
}

#[tokio::test]
async fn redirects_are_not_followed_and_silence_ends() {
    let moved = "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(get(moved, 10).await.unwrap().status, 302);
    let silent = ask(server("").await, Reach::Private, 10, Duration::from_millis(50)).await;
    assert!(matches!(silent, Err(OutboundError::Deadline { millis: 50, .. })));
}

#[tokio::test]
async fn names_and_literals_of_this_machine_are_refused() {
    for url in [
        "http://127.0.0.1:9/",
        "http://localhost:9/",
        "http://[::1]:9/",
        "http://2130706433/",
        "http://[::ffff:7f00:1]/",
    ] {
        let refused = ask(url.parse().unwrap(), Reach::Public, 10, Duration::from_secs(5)).await;
        assert!(matches!(refused, Err(OutboundError::Refused { .. })), "{url}: {refused:?}");
    }
}

#[tokio::test]
async fn our_own_addresses_are_refused_whatever_they_are() {
    let url = server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let unlisted = ask(url.clone(), Reach::Unlisted, 10, Duration::from_secs(5)).await;
    assert!(matches!(unlisted, Err(OutboundError::Unlisted { .. })), "{unlisted:?}");
    for reach in [Reach::Nowhere, Reach::Elsewhere] {
        let refused = ask(url.clone(), reach, 10, Duration::from_secs(5)).await;
        assert!(matches!(refused, Err(OutboundError::Refused { .. })), "{reach:?}: {refused:?}");
    }
    assert!(is_here("127.0.0.1".parse().unwrap()) && is_here("::ffff:127.0.0.1".parse().unwrap()));
    assert!(!is_here("9.9.9.9".parse().unwrap()));
}

#[tokio::test]
async fn metadata_is_refused_even_where_private_networks_are_not() {
    for url in [
        "http://169.254.169.254/latest/meta-data",
        "http://[fd00:ec2::254]/",
        "http://[fe80::1]/",
        "http://100.100.100.200/",
        "http://[::ffff:169.254.169.254]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://0.0.0.0/",
        "http://0/",
        "http://0251.0376.0251.0376/",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "http://169.254.43518/",
        "http://\u{ff11}69.254.169.254/",
        "http://169\u{3002}254\u{3002}169\u{3002}254/",
        "http://169.254.169.254./",
        "http://[::169.254.169.254]/",
        "http://[::ffff:0:169.254.169.254]/",
        "http://[64:ff9b:1::a9fe:a9fe]/",
        "http://[2002:a9fe:a9fe::1]/",
        "http://[2001:0:4136:e378:8000:63bf:5601:5601]/",
        "http://[fd00:ec2::23]/",
        "http://[fd20:ce::254]/",
        "http://168.63.129.16/",
        "http://192.0.0.192/",
        "http://[ff02::1]/",
        "http://255.255.255.255/",
    ] {
        for reach in [Reach::Private, Reach::Public, Reach::Elsewhere] {
            let refused = ask(url.parse().unwrap(), reach, 10, Duration::from_secs(5)).await;
            assert!(matches!(refused, Err(OutboundError::Refused { .. })), "{url} {reach:?}: {refused:?}");
        }
    }
    assert!(allowed(Reach::Private, "10.1.2.3".parse().unwrap()));
    assert!(allowed(Reach::Private, "127.0.0.1".parse().unwrap()));
}
