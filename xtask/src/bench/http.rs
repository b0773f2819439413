//! HTTP/1.1 over one kept connection: just what a load generator needs, so that its own work stays small.

use crate::Outcome;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::time::Duration;

/// Longer than any answer may take: whoever does not answer in this time has failed.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Client {
    address: SocketAddr,
    source: Option<Ipv4Addr>,
    patience: Duration,
    stream: Option<BufReader<TcpStream>>,
    request: Vec<u8>,
}

pub(super) struct Answer {
    pub(super) status: u16,
    /// Where it leads to.
    pub(super) location: Option<String>,
    pub(super) body: Vec<u8>,
}

impl Client {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { address, source: None, patience: PATIENCE, stream: None, request: Vec::new() }
    }

    /// The client connects from that address, which the server takes for another client's.
    pub(super) fn from(self, source: Ipv4Addr) -> Self {
        Self { source: Some(source), ..self }
    }

    /// A connection that sends nothing for so long has failed.
    pub(super) fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// `body` is JSON. The connection stays open for the next request.
    pub(super) fn ask(
        &mut self,
        method: &str,
        path: &str,
        header: Option<(&str, &str)>,
        body: Option<&str>,
    ) -> Outcome<Answer> {
        let answer = self.exchange(method, path, header, body);
        if answer.is_err() {
            self.stream = None;
        }
        answer.map_err(|error| format!("{method} {}: {error}", path.split('?').next().unwrap_or(path)))
    }

    fn exchange(
        &mut self,
        method: &str,
        path: &str,
        header: Option<(&str, &str)>,
        body: Option<&str>,
    ) -> std::io::Result<Answer> {
        let stream = match self.stream.take() {
            Some(stream) => stream,
            None => BufReader::new(connected(self.source, self.address, self.patience)?),
        };
        let stream = self.stream.insert(stream);
        self.request.clear();
        write!(
            self.request,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAccept: application/json\r\n",
            self.address
        )?;
        if let Some((name, value)) = header {
            write!(self.request, "{name}: {value}\r\n")?;
        }
        if let Some(body) = body {
            write!(
                self.request,
                "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )?;
        } else {
            self.request.extend_from_slice(b"\r\n");
        }
        // One write: a request in two segments would measure the network's delays.
        stream.get_mut().write_all(&self.request)?;
        read(stream)
    }
}

/// A connection, from that address of this machine if there is one. Connecting, reading and writing fail after `patience`.
pub(super) fn connected(
    source: Option<Ipv4Addr>,
    address: SocketAddr,
    patience: Duration,
) -> std::io::Result<TcpStream> {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    // A server that the bench starts does not inherit the connection.
    fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
    // Linux takes the time for sending as the time for connecting, too (socket(7)).
    set_socket_timeout(&socket, Timeout::Send, Some(patience))?;
    set_socket_timeout(&socket, Timeout::Recv, Some(patience))?;
    if let Some(source) = source {
        bind(&socket, &SocketAddrV4::new(source, 0))?;
    }
    connect(&socket, &address)?;
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn read(stream: &mut impl BufRead) -> std::io::Result<Answer> {
    let broken = |what: &str| std::io::Error::other(what.to_owned());
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let status = line
        .split_whitespace()
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| broken("the answer has no status"))?;
    let (mut length, mut location) = (None, None);
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Err(broken("the answer ended within its headers"));
        }
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok();
        } else if name.eq_ignore_ascii_case("location") {
            location = Some(value.trim().to_owned());
        }
    }
    let length = match (status, length) {
        (204 | 304, _) => 0,
        (_, Some(length)) => length,
        (_, None) => return Err(broken("the answer does not say how long it is")),
    };
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Answer { status, location, body })
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn an_answer_is_read_to_its_end_and_no_further() {
        let mut two = &b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 204 No Content\r\n\r\n"[..];
        let first = read(&mut two).unwrap();
        assert_eq!((first.status, first.body.as_slice()), (200, &b"{}"[..]));
        assert_eq!(read(&mut two).unwrap().status, 204);
        assert!(read(&mut two).is_err());
    }

    #[test]
    fn an_answer_without_length_is_refused() {
        assert!(read(&mut &b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"[..]).is_err());
    }
}
