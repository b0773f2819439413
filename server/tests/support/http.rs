//! One HTTP/1.1 request over one connection, byte for byte as asked: nothing is followed, kept or added but
//! `Content-Length`.

use std::io::{self, ErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) struct Answer {
    pub status: u16,
    /// Names in small letters, in the order they came.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of that name (small letters).
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// `authority` is `host:port`; `target` is sent as it is.
pub(crate) async fn send(
    authority: &str,
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: Option<&[u8]>,
) -> io::Result<Answer> {
    let mut head = format!("{method} {target} HTTP/1.1\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    match body {
        Some(body) => head.push_str(&format!("Content-Length: {}\r\n", body.len())),
        None if matches!(method, "POST" | "PUT" | "PATCH") => head.push_str("Content-Length: 0\r\n"),
        None => {}
    }
    head.push_str("\r\n");
    let mut stream = TcpStream::connect(authority).await?;
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.unwrap_or_default()).await?;
    read(&mut stream, method == "HEAD").await
}

async fn read(stream: &mut TcpStream, headless: bool) -> io::Result<Answer> {
    let mut received = Vec::new();
    let end = loop {
        if let Some(at) = find(&received, b"\r\n\r\n") {
            break at;
        }
        more(stream, &mut received).await?;
    };
    let head = String::from_utf8_lossy(&received[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let status: u16 = status.ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "no status line"))?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut rest = received.split_off(end + 4);
    let mut answer = Answer { status, headers, body: Vec::new() };
    if headless || status == 204 || status == 304 {
        return Ok(answer);
    }
    if answer.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        answer.body = chunks(stream, rest).await?;
    } else {
        let length = answer.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        while rest.len() < length {
            more(stream, &mut rest).await?;
        }
        answer.body = rest;
    }
    Ok(answer)
}

async fn chunks(stream: &mut TcpStream, mut rest: Vec<u8>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let Some(line) = find(&rest, b"\r\n") else {
            more(stream, &mut rest).await?;
            continue;
        };
        let size = std::str::from_utf8(&rest[..line])
            .ok()
            .and_then(|size| usize::from_str_radix(size.trim(), 16).ok());
        let size = size.ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "no chunk size"))?;
        while rest.len() < line + 2 + size + 2 {
            more(stream, &mut rest).await?;
        }
        if size == 0 {
            return Ok(body);
        }
        body.extend_from_slice(&rest[line + 2..line + 2 + size]);
        rest.drain(..line + 2 + size + 2);
    }
}

async fn more(stream: &mut TcpStream, received: &mut Vec<u8>) -> io::Result<()> {
    if stream.read_buf(received).await? == 0 {
        return Err(io::Error::new(
            ErrorKind::UnexpectedEof,
            "the connection was closed in the middle of an answer",
        ));
    }
    Ok(())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
