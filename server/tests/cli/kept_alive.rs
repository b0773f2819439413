//! A request with a body that is answered before anything reads that body: the next request on the connection is answered too, or
//! the response says that there is none.

use super::*;

/// One connection, kept open.
struct Line {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Line {
    fn to(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(END)).unwrap();
        Self { stream, received: Vec::new() }
    }

    /// One whole response; empty when the connection ended.
    fn response(&mut self) -> String {
        loop {
            let text = String::from_utf8_lossy(&self.received).into_owned();
            if let Some((head, rest)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                let length: usize = length.map_or(0, |length| length.parse().unwrap());
                if rest.len() >= length {
                    let all = head.len() + 4 + length;
                    self.received.drain(..all);
                    return text[..all].to_owned();
                }
            }
            let mut piece = [0; 4096];
            let read = self.stream.read(&mut piece).unwrap_or(0);
            if read == 0 {
                return String::new();
            }
            self.received.extend_from_slice(&piece[..read]);
        }
    }

    fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }
}

/// Status of the early answer, and of the request that follows it.
fn two(port: u16, head: &str, body: &str) -> (String, String) {
    let host = if head.contains("Host: ") { String::new() } else { format!("Host: 127.0.0.1:{port}\r\n") };
    let mut line = Line::to(port);
    line.send(&format!("{head}\r\n{host}{body}"));
    let first = line.response();
    assert!(!first.to_lowercase().contains("connection: close"), "{head}: {first}");
    line.send(&format!("GET /health/alive HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"));
    let second = line.response();
    let status = |answer: &str| answer.get(9..12).unwrap_or_default().to_owned();
    (status(&first), status(&second))
}

#[test]
fn an_early_answer_leaves_the_connection_to_the_next_request() {
    let place = Place::new();
    let mut command = place.command(&["serve"]);
    command.env("VESTIBULE_ADMIN_TOKEN", "a long token for the admin API");
    let _serving = Place::serving(command);
    let [public, admin, console] = place.ports;
    let wrong = "Authorization: Bearer wrong";
    let other = "Host: other.example";
    let page = "Origin: https://evil.example\r\nSec-Fetch-Site: cross-site";
    let large = "x".repeat(200_000);
    let bodies = [
        "Content-Length: 4\r\n\r\nbody".to_owned(),
        format!("Content-Length: {}\r\n\r\n{large}", large.len()),
        format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n", large.len()),
    ];
    for (port, head, status) in [
        (public, "PUT /self-service/login/browser HTTP/1.1".to_owned(), "405"),
        (public, "DELETE /self-service/login HTTP/1.1".to_owned(), "405"),
        (public, "POST /nothing/here HTTP/1.1".to_owned(), "404"),
        (public, "POST //doubled HTTP/1.1".to_owned(), "307"),
        (public, "POST /admin/identities HTTP/1.1".to_owned(), "307"),
        (public, format!("POST /self-service/login?flow=x HTTP/1.1\r\n{page}"), "403"),
        (public, "DELETE /sessions HTTP/1.1".to_owned(), "401"),
        (admin, "PUT /admin/identities HTTP/1.1".to_owned(), "405"),
        (admin, "POST /admin/courier/messages HTTP/1.1".to_owned(), "405"),
        (admin, "POST /admin/nothing HTTP/1.1".to_owned(), "404"),
        (admin, format!("POST /admin/identities HTTP/1.1\r\n{wrong}"), "401"),
        (admin, format!("POST /admin/identities HTTP/1.1\r\n{other}"), "403"),
        (admin, format!("POST /admin/identities HTTP/1.1\r\n{page}"), "403"),
        (admin, "POST /admin/identities?unknown=1 HTTP/1.1".to_owned(), "400"),
        (admin, "POST /schemas HTTP/1.1".to_owned(), "307"),
        (console, "PUT /health/alive HTTP/1.1".to_owned(), "403"),
        (console, format!("POST /api/anything HTTP/1.1\r\n{page}"), "403"),
        (console, format!("POST /nothing HTTP/1.1\r\n{other}"), "403"),
    ] {
        for body in &bodies {
            let answered = two(port, &head, body);
            let kind = body.lines().next().unwrap();
            assert_eq!(answered, (status.to_owned(), "200".to_owned()), "{head} with {kind}");
        }
    }
}

#[test]
fn a_body_that_is_too_much_ends_the_connection_and_the_response_says_so() {
    let place = Place::new();
    let _serving = place.serve();
    let far = 100 << 20;
    for port in place.ports {
        // More than is thrown away, and a client that waits to be told to send it: neither body comes.
        for more in
            [format!("Content-Length: {far}\r\n"), "Content-Length: 5\r\nExpect: 100-continue\r\n".to_owned()]
        {
            let mut line = Line::to(port);
            line.send(&format!("PUT /health/alive HTTP/1.1\r\nHost: other.example\r\n{more}\r\n"));
            let answer = line.response();
            if answer.starts_with("HTTP/1.1 100") {
                // It is asked to send after all, so the connection goes on.
                line.send("12345");
                assert!(!line.response().contains("connection: close"));
                continue;
            }
            assert!(answer.to_lowercase().contains("connection: close"), "{port} {more}: {answer}");
            assert_eq!(line.response(), "", "{port} {more}");
        }
    }
}
