//! `courier.*`: delivery of emails and text messages. The mail server is Kratos' URL (Kratos: courier/smtp.go).

use super::channels;
use super::reader::Reader;
use super::scalars::is_loopback;
use super::{CourierKeys, Serve, VestibuleKeys, WebHook};
use crate::effects::{Encryption, MailServer};
use crate::identity::Via;
use percent_encoding::percent_decode_str;
use std::time::Duration;
use url::Url;

const URI: &str = "courier.smtp.connection_uri";

pub(super) fn read(reader: &mut Reader<'_, '_>, serve: &Serve, vestibule: &VestibuleKeys) -> CourierKeys {
    let local_name = reader.text("courier.smtp.local_name");
    let given = reader.optional(URI);
    let smtp = given.as_deref().and_then(|uri| server(uri, &local_name));
    if given.is_some() && smtp.is_none() {
        // The address itself is not repeated: there is a password in it.
        reader.findings.problem(
            URI,
            "invalid mail server URL",
            "`smtp://USER:PASSWORD@HOST:587/` or `smtps://USER:PASSWORD@HOST:465/`, special characters percent-encoded",
        );
    }
    let from_address = reader.optional("courier.smtp.from_address");
    if from_address.as_deref().is_some_and(|address| !is_address(address)) {
        reader.findings.problem(
            "courier.smtp.from_address",
            "invalid email address",
            "an email address, for example `no-reply@example.org`",
        );
    }
    let local = [&serve.public, &serve.admin, &vestibule.console];
    let everything_here = local.iter().all(|listener| is_loopback(&listener.host));
    let (http, sms) = (channels::emails(reader), channels::text_messages(reader));
    let has_door = smtp.is_some() || http.is_some();
    let wanted = reader.flag("vestibule.mailbox.enabled");
    let mailbox = wanted.unwrap_or(!has_door && everything_here);
    let wants_mail = reader.boolean("selfservice.flows.verification.enabled")
        || reader.boolean("selfservice.flows.recovery.enabled");
    if !has_door && !mailbox && wants_mail {
        reader.findings.note(
            URI,
            "no mail server is configured, so emails stay in the queue: set one, or set `vestibule.mailbox.enabled: true` for a test",
        );
    }
    if mailbox && !everything_here {
        reader.findings.note(
            "vestibule.mailbox.enabled",
            "emails are not sent, and console owners can read every code: for tests only",
        );
    }
    let headers = reader.value("courier.smtp.headers").unwrap_or_default();
    let headers = headers.as_object().into_iter().flatten();
    CourierKeys {
        smtp,
        http,
        sms,
        from_address: from_address
            .unwrap_or_else(|| format!("no-reply@{}", serve.public.base_url.domain().unwrap_or("localhost"))),
        from_name: reader.text("courier.smtp.from_name"),
        headers: headers
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect(),
        message_retries: reader.integer("courier.message_retries"),
        pull_count: reader.integer("courier.worker.pull_count"),
        pull_wait: reader.lifespan("courier.worker.pull_wait").max(Duration::from_millis(50)),
        keep_bodies: reader.boolean("vestibule.courier.keep_bodies"),
        mailbox,
        mailbox_for_texts: wanted == Some(true),
    }
}

/// Where a message goes.
#[derive(Clone, Copy, Debug)]
pub enum Route<'a> {
    Smtp(&'a MailServer),
    Http(&'a WebHook),
    /// It stays in the console's mailbox.
    Mailbox,
    /// It waits until somebody configures a route.
    None,
}

impl CourierKeys {
    pub fn route(&self, via: Via) -> Route<'_> {
        match (via, &self.http, &self.sms, &self.smtp) {
            (Via::Sms, _, Some(_), _) if self.mailbox_for_texts => Route::Mailbox,
            (Via::Sms, _, Some(gateway), _) => Route::Http(gateway),
            (Via::Sms, _, None, _) => Route::None,
            (Via::Email, ..) if self.mailbox => Route::Mailbox,
            (Via::Email, Some(gateway), ..) => Route::Http(gateway),
            (Via::Email, None, _, Some(server)) => Route::Smtp(server),
            (Via::Email, None, _, None) => Route::None,
        }
    }

    /// Whether such messages get anywhere.
    pub fn has_route(&self, via: Via) -> bool {
        !matches!(self.route(via), Route::None)
    }
}

fn is_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, host)| !local.is_empty() && !host.is_empty())
        && !text.chars().any(|letter| letter.is_whitespace() || letter.is_control())
}

fn server(uri: &str, local_name: &str) -> Option<MailServer> {
    let url = Url::parse(uri).ok()?;
    let parameter =
        |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let on = |name: &str| parameter(name).is_some_and(|value| value == "true");
    let (encryption, usual) = match url.scheme() {
        "smtp" if on("disable_starttls") => (Encryption::None, 25),
        "smtp" => (Encryption::StartTls, 587),
        "smtps" => (Encryption::Tls, 465),
        _ => return None,
    };
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned());
    let credentials = match (url.username(), url.password()) {
        ("", _) => None,
        (user, password) => Some((decoded(user)?, decoded(password.unwrap_or_default())?.into())),
    };
    Some(MailServer {
        host: url.host_str()?.trim_matches(['[', ']']).to_owned(),
        port: url.port().unwrap_or(usual),
        encryption,
        unverified: on("skip_ssl_verify"),
        server_name: parameter("server_name").filter(|name| !name.is_empty()),
        credentials,
        local_name: local_name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_mail_server_says_how_to_reach_it() {
        let read = |uri| server(uri, "localhost");
        let plain = read("smtp://127.0.0.1:1025/?disable_starttls=true").unwrap();
        assert_eq!((plain.port, plain.encryption, plain.credentials), (1025, Encryption::None, None));
        let starttls = read("smtp://us%40er:p%3Aw@mail.example.org/").unwrap();
        assert_eq!((starttls.port, starttls.encryption), (587, Encryption::StartTls));
        assert_eq!(starttls.credentials, Some(("us@er".to_owned(), "p:w".into())));
        let tls = read("smtps://mail.example.org/?skip_ssl_verify=true&server_name=x.example").unwrap();
        assert_eq!((tls.port, tls.encryption, tls.unverified), (465, Encryption::Tls, true));
        assert_eq!(tls.server_name.as_deref(), Some("x.example"));
        for wrong in ["mail.example.org", "http://mail.example.org/", "smtp:///", ""] {
            assert!(read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_password_is_not_printed() {
        let server = server("smtp://user:secret@host/", "localhost").unwrap();
        assert!(!format!("{server:?}").contains("secret"));
    }
}
