//! Sign-ups through a provider: what the whole trip costs the server, the mapper's process included. The provider is this program: one
//! that signs for whoever comes, so that the server's checks are the real ones.

use super::PEOPLE;
use super::http::Client;
use super::load::closed;
use super::server::{Site, Usage, base64url};
use super::table::{Goal, Table};
use crate::Outcome;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const CLIENT: &str = "bench";

pub(super) fn run(site: &Site, time: Duration, table: &mut Table) -> Outcome {
    let provider = Provider::start()?;
    site.configure_provider(&provider.base, CLIENT)?;
    let server = site.start()?;
    // What the provider says of itself is asked for once.
    sign_up(&mut Client::new(site.public))?;
    let before: Usage = server.usage()?;
    let load = closed(site.public, 1, time, &AtomicBool::new(false), |client, _| sign_up(client))?;
    let after = server.usage()?;
    let others = Some(after.others_since(&before));
    let each = 1e3 / load.count() as f64;
    let (own, all) = (after.server_since(&before) * each, after.server_and_children_since(&before) * each);
    table.row("sign-up through a provider, processor time", all, "ms", Goal::None, "", others);
    table.row("… without the mapper's process", own, "ms", Goal::None, "", others);
    table.row("… of one client, all four requests, p50", load.percentile(0.5), "ms", Goal::None, "", others);
    server.stop()
}

/// An app's: the form, the trip, the way back in a browser, the exchange.
fn sign_up(client: &mut Client) -> Outcome {
    let form =
        "/self-service/registration/api?return_session_token_exchange_code=true&return_to=app%3A%2F%2Fbench";
    let flow = document(client, "GET", form, None, 200)?;
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let action = text(&flow["ui"], "action");
    let action = action.find("/self-service/").map(|at| &action[at..]).ok_or("the form has no action")?;
    let sent = document(client, "POST", action, Some(r#"{"method":"oidc","provider":"bench"}"#), 422)?;
    let there = text(&sent, "redirect_browser_to");
    let asked: BTreeMap<String, String> = parameters(&there);
    let of = |name: &str| asked.get(name).cloned().unwrap_or_default();
    // The code carries what its token will hold, so that the provider keeps nothing.
    let code = format!("{}.{}", PEOPLE.fetch_add(1, Ordering::Relaxed), of("nonce"));
    let back = format!("/self-service/methods/oidc/callback/bench?code={code}&state={}", of("state"));
    let answer = client.ask("GET", &back, None, None)?;
    let to = answer.location.ok_or_else(|| format!("the way back was answered with {}", answer.status))?;
    let code = parameters(&to).remove("code").ok_or_else(|| format!("the way back leads to {to}"))?;
    let init = text(&flow, "session_token_exchange_code");
    let exchange = format!("/sessions/token-exchange?init_code={init}&return_to_code={code}");
    document(client, "GET", &exchange, None, 200).map(drop)
}

fn document(
    client: &mut Client,
    method: &str,
    path: &str,
    body: Option<&str>,
    status: u16,
) -> Outcome<Value> {
    let answer = client.ask(method, path, None, body)?;
    if answer.status != status {
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        return Err(format!("answered {} instead of {status}: {said}", answer.status));
    }
    serde_json::from_slice(&answer.body).map_err(|error| error.to_string())
}

/// Of an address. What is asked for here holds nothing that is written otherwise in one.
fn parameters(address: &str) -> BTreeMap<String, String> {
    let query = address.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Ends with the program.
struct Provider {
    base: String,
}

impl Provider {
    fn start() -> Outcome<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
        let base = format!("http://{}", listener.local_addr().map_err(|error| error.to_string())?);
        let own = base.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let base = own.clone();
                std::thread::spawn(move || serve(stream, &base));
            }
        });
        Ok(Self { base })
    }
}

/// One connection, as long as it is kept.
fn serve(stream: TcpStream, base: &str) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut stream = BufReader::new(stream);
    let key = SigningKey::from_slice(&[7; 32]).ok()?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return Some(());
        }
        let path = line.split_whitespace().nth(1)?.to_owned();
        let mut length = 0;
        loop {
            line.clear();
            stream.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        let form = parameters(&format!("?{}", String::from_utf8_lossy(&body)));
        let answer = match path.as_str() {
            "/token" => token(base, &key, form.get("code")?),
            "/keys" => keys(&key),
            _ => json!({
                "issuer": base,
                "authorization_endpoint": format!("{base}/authorize"),
                "token_endpoint": format!("{base}/token"),
                "jwks_uri": format!("{base}/keys"),
                "code_challenge_methods_supported": ["S256"],
            }),
        }
        .to_string();
        write!(
            stream.get_mut(),
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{answer}",
            answer.len()
        )
        .ok()?;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "what the measured server compares it with is the clock as well"
)]
fn token(base: &str, key: &SigningKey, code: &str) -> Value {
    let (person, nonce) = code.split_once('.').unwrap_or((code, ""));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let claims = json!({
        "iss": base, "aud": CLIENT, "sub": person, "nonce": nonce, "iat": now, "exp": now + 300,
        "email": format!("p{person}@bench.example"), "email_verified": true,
    });
    let header = json!({"alg": "ES256", "kid": "bench", "typ": "JWT"});
    let encode = |part: &Value| base64url(part.to_string().as_bytes());
    let signed = format!("{}.{}", encode(&header), encode(&claims));
    let signature: Signature = key.sign(signed.as_bytes());
    let id_token = format!("{signed}.{}", base64url(&signature.to_bytes()));
    json!({"access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": id_token})
}

fn keys(key: &SigningKey) -> Value {
    let point = key.verifying_key().to_sec1_point(false);
    // 0x04, then both coordinates (SEC 1 §2.3.3).
    let (x, y) = point.as_bytes().get(1..65).map(|both| both.split_at(32)).unwrap_or_default();
    json!({"keys": [{
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "bench", "x": base64url(x), "y": base64url(y),
    }]})
}
