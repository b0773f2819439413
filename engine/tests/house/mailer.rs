//! The real mailer against a mail server of the test's own: what is said on the wire, and what becomes of a mail when the
//! server refuses, stalls, drops, or does not offer the encryption that is demanded.
#![expect(
    clippy::disallowed_methods,
    reason = "the test is the server's process: there is no worker to hand this to"
)]

use engine::effects::{Encryption, Mail, MailError, MailServer, Mailer, SmtpMailer};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// How the server behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Server {
    Takes,
    /// Takes mail after STARTTLS only.
    StartTls,
    /// Speaks TLS from the first byte.
    Tls,
    /// 550 for the recipient.
    Refuses,
    /// 535 for the password.
    Stranger,
    /// 421 for the recipient.
    Busy,
    /// Closes in the middle of the conversation.
    Drops,
}

fn acceptor() -> TlsAcceptor {
    let made = rcgen::generate_simple_self_signed(vec!["mail.test".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// One conversation; ends with everything the client said.
async fn server(kind: Server) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = acceptor();
    let said = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut said = Vec::new();
        match kind {
            Server::Tls => {
                if let Ok(stream) = acceptor.accept(stream).await {
                    talk(stream, kind, true, &mut said).await;
                }
            }
            _ => {
                if let Some(stream) = talk(stream, kind, true, &mut said).await
                    && let Ok(stream) = acceptor.accept(stream).await
                {
                    said.push("(encrypted)".to_owned());
                    talk(stream, Server::Takes, false, &mut said).await;
                }
            }
        }
        said
    });
    (port, said)
}

/// Gives the stream back where encryption is to begin.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    kind: Server,
    greets: bool,
    said: &mut Vec<String>,
) -> Option<S> {
    let mut stream = BufReader::new(stream);
    if greets {
        stream.write_all(b"220 mail.test\r\n").await.ok()?;
    }
    let mut body = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_owned();
        said.push(line.clone());
        let answer: &[u8] = match line.split(' ').next().unwrap_or_default() {
            "." if body => {
                body = false;
                b"250 taken\r\n"
            }
            _ if body => continue,
            "EHLO" if kind == Server::StartTls => b"250-mail.test\r\n250 STARTTLS\r\n",
            "EHLO" => b"250-mail.test\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n",
            "STARTTLS" => {
                stream.write_all(b"220 go on\r\n").await.ok()?;
                return Some(stream.into_inner());
            }
            "AUTH" if kind == Server::Stranger => b"535 who are you\r\n",
            "AUTH" => b"235 welcome\r\n",
            "RCPT" if kind == Server::Refuses => b"550 nobody here\r\n",
            "RCPT" if kind == Server::Busy => b"421 too busy\r\n",
            "RCPT" if kind == Server::Drops => return None,
            "DATA" => {
                body = true;
                b"354 say it\r\n"
            }
            "QUIT" => b"221 bye\r\n",
            _ => b"250 fine\r\n",
        };
        stream.write_all(answer).await.ok()?;
    }
}

fn to(port: u16, encryption: Encryption) -> MailServer {
    MailServer {
        host: "127.0.0.1".to_owned(),
        port,
        encryption,
        unverified: false,
        server_name: None,
        credentials: None,
        local_name: "vestibule.test".to_owned(),
    }
}

fn mail() -> Mail {
    Mail {
        id: uuid::Uuid::from_u128(7),
        from: ("no-reply@vestibule.test".to_owned(), "Vestibule & Söhne".to_owned()),
        to: "anna@vestibule.test".to_owned(),
        subject: "Grüße".to_owned(),
        text: "The code is 135790.".to_owned(),
        html: "<p>135790</p>".to_owned(),
        headers: vec![("X-Tenant".to_owned(), "blue".to_owned())],
    }
}

async fn send(kind: Server, change: impl FnOnce(&mut MailServer)) -> (Result<(), MailError>, Vec<String>) {
    let (port, said) = server(kind).await;
    let encryption = match kind {
        Server::StartTls => Encryption::StartTls,
        Server::Tls => Encryption::Tls,
        _ => Encryption::None,
    };
    let mut server = to(port, encryption);
    change(&mut server);
    let outcome = SmtpMailer.send(server, mail()).await;
    (outcome, said.await.unwrap())
}

fn has(said: &[String], start: &str) -> bool {
    said.iter().any(|line| line.starts_with(start))
}

#[tokio::test]
async fn a_mail_is_said_whole() {
    let (outcome, said) = send(Server::Takes, |_| {}).await;
    outcome.unwrap();
    for line in [
        "EHLO vestibule.test",
        "MAIL FROM:<no-reply@vestibule.test>",
        "RCPT TO:<anna@vestibule.test>",
        "Message-ID: <00000000-0000-0000-0000-000000000007@vestibule.test>",
        "Auto-Submitted: auto-generated",
        "X-Tenant: blue",
        "The code is 135790.",
        "<p>135790</p>",
    ] {
        assert!(has(&said, line), "{line}: {said:#?}");
    }
    assert!(!has(&said, "AUTH"), "nobody gave a password");
}

#[tokio::test]
async fn encryption_comes_before_the_password_and_the_mail() {
    let unverified = |server: &mut MailServer| {
        server.unverified = true;
        server.credentials = Some(("user".to_owned(), "secret".into()));
    };
    let (outcome, said) = send(Server::StartTls, unverified).await;
    outcome.unwrap();
    let at = |start: &str| said.iter().position(|line| line.starts_with(start)).unwrap();
    assert!(at("STARTTLS") < at("(encrypted)") && at("(encrypted)") < at("AUTH"), "{said:#?}");
    assert!(at("AUTH") < at("MAIL"));

    let (outcome, said) = send(Server::Tls, unverified).await;
    outcome.unwrap();
    assert!(has(&said, "AUTH PLAIN") && has(&said, "The code is 135790."), "{said:#?}");
}

#[tokio::test]
async fn a_server_without_the_demanded_encryption_learns_nothing() {
    let (outcome, said) = send(Server::Takes, |server| {
        server.encryption = Encryption::StartTls;
        server.credentials = Some(("user".to_owned(), "secret".into()));
    })
    .await;
    assert!(outcome.is_err());
    for secret in ["AUTH", "MAIL", "RCPT", "DATA", "The code"] {
        assert!(!has(&said, secret), "{secret}: {said:#?}");
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    for kind in [Server::StartTls, Server::Tls] {
        let (outcome, said) = send(kind, |_| {}).await;
        assert!(matches!(outcome, Err(MailError::NotNow(_))), "{kind:?}: {outcome:?}");
        assert!(!has(&said, "MAIL"), "{said:#?}");
    }
}

#[tokio::test]
async fn a_refusal_for_good_and_one_for_now_are_told_apart() {
    let (outcome, said) = send(Server::Refuses, |_| {}).await;
    assert!(matches!(outcome, Err(MailError::Refused(_))), "{outcome:?}");
    assert!(!has(&said, "The code"));
    for kind in [Server::Busy, Server::Drops] {
        let (outcome, _) = send(kind, |_| {}).await;
        assert!(matches!(outcome, Err(MailError::NotNow(_))), "{kind:?}: {outcome:?}");
    }
    let (port, said) = server(Server::Takes).await;
    said.abort();
    let _ = said.await;
    let nobody = SmtpMailer.send(to(port, Encryption::None), mail()).await;
    assert!(matches!(nobody, Err(MailError::NotNow(_))), "{nobody:?}");
}

#[tokio::test]
async fn a_wrong_password_of_ours_gives_no_mail_up() {
    let (outcome, said) = send(Server::Stranger, |server| {
        server.credentials = Some(("user".to_owned(), "old".into()));
    })
    .await;
    assert!(matches!(outcome, Err(MailError::NotNow(_))), "{outcome:?}");
    assert!(has(&said, "AUTH") && !has(&said, "MAIL"), "{said:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stalls_is_waited_for_with_an_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // It takes the connection and never says a word; the clock of the test runs ahead while everybody waits.
    let outcome = SmtpMailer.send(to(port, Encryption::None), mail()).await;
    assert!(matches!(outcome, Err(MailError::NotNow(_))), "{outcome:?}");
}

#[tokio::test]
async fn what_cannot_be_an_address_or_a_header_is_refused_before_anybody_is_called() {
    let server = || to(1, Encryption::None);
    for to in ["nobody", "a@b\r\nBcc: c@d", "", "a@b@c"] {
        let mail = Mail { to: to.to_owned(), ..mail() };
        let outcome = SmtpMailer.send(server(), mail).await;
        assert!(matches!(outcome, Err(MailError::Refused(_))), "{to:?}: {outcome:?}");
    }
    let mail = Mail { headers: vec![("X Y".to_owned(), "z".to_owned())], ..mail() };
    assert!(matches!(SmtpMailer.send(server(), mail).await, Err(MailError::Refused(_))));
}
