//! Email over SMTP with lettre: one connection per email, a timeout for every wait, and a result that says whether a retry makes
//! sense. Contains no queue.

use crate::secret::Secret;
use futures::future::BoxFuture;
use lettre::message::header::{ContentType, HeaderName, HeaderValue, MessageId};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::time::Duration;

/// For each command and its answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// For a whole email: a very slow server must not block the queue.
const WHOLE: Duration = Duration::from_secs(60);

/// The connection to a mail server.
#[derive(Clone)]
pub struct MailServer {
    pub host: String,
    pub port: u16,
    pub encryption: Encryption,
    /// The certificate is not looked at (`?skip_ssl_verify=true`).
    pub unverified: bool,
    /// Name that the certificate has to be for, when it is not the host's (`?server_name=`).
    pub server_name: Option<String>,
    pub credentials: Option<(String, Secret)>,
    /// What we call ourselves.
    pub local_name: String,
}

/// Without the password.
impl std::fmt::Debug for MailServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MailServer({}:{}, {:?})", self.host, self.port, self.encryption)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encryption {
    None,
    /// Required: a server without it gets no email.
    StartTls,
    Tls,
}

/// One email, ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Mail {
    /// Creates the `Message-ID`, so that a second delivery of the same email can be detected.
    pub id: uuid::Uuid,
    /// Address and name.
    pub from: (String, String),
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// Beside the usual ones.
    pub headers: Vec<(String, String)>,
}

#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// Refused for good: another try would be refused as well.
    #[error("refused: {0}")]
    Refused(String),
    /// The server cannot be reached or cannot take it now.
    #[error("not now: {0}")]
    NotNow(String),
}

/// All outgoing emails use this.
pub trait Mailer: Send + Sync {
    fn send(&self, server: MailServer, mail: Mail) -> BoxFuture<'static, Result<(), MailError>>;
}

/// The real door.
pub struct SmtpMailer;

impl Mailer for SmtpMailer {
    fn send(&self, server: MailServer, mail: Mail) -> BoxFuture<'static, Result<(), MailError>> {
        Box::pin(async move {
            let message = message(&mail)?;
            let transport = transport(&server)?;
            match tokio::time::timeout(WHOLE, transport.send(message)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(failure)) if failure.is_permanent() && !about_us(&failure) => {
                    Err(MailError::Refused(failure.to_string()))
                }
                Ok(Err(failure)) => Err(MailError::NotNow(failure.to_string())),
                Err(_) => Err(MailError::NotNow(format!("no response within {} s", WHOLE.as_secs()))),
            }
        })
    }
}

/// Whether the server refuses the one who sends and not the mail (RFC 4954 §6: 530 to 538). Whoever mends the password wants
/// the mails that waited meanwhile to leave.
fn about_us(failure: &lettre::transport::smtp::Error) -> bool {
    failure.status().is_some_and(|code| (530..=538).contains(&u16::from(code)))
}

fn transport(server: &MailServer) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailError> {
    let parameters = || {
        TlsParameters::builder(server.server_name.clone().unwrap_or_else(|| server.host.clone()))
            .dangerous_accept_invalid_certs(server.unverified)
            .dangerous_accept_invalid_hostnames(server.unverified)
            .build()
            .map_err(|failure| MailError::NotNow(failure.to_string()))
    };
    let tls = match server.encryption {
        Encryption::None => Tls::None,
        Encryption::StartTls => Tls::Required(parameters()?),
        Encryption::Tls => Tls::Wrapper(parameters()?),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
        .port(server.port)
        .tls(tls)
        .hello_name(ClientId::Domain(server.local_name.clone()))
        .timeout(Some(PATIENCE));
    if let Some((user, password)) = &server.credentials {
        builder = builder.credentials(Credentials::new(user.clone(), password.expose().clone()));
    }
    Ok(builder.build())
}

fn message(mail: &Mail) -> Result<Message, MailError> {
    let refused = |failure: &dyn std::fmt::Display| MailError::Refused(failure.to_string());
    let address = |text: &str| text.parse::<Address>().map_err(|failure| refused(&failure));
    let (from, name) = &mail.from;
    let from = address(from)?;
    let domain = from.domain().to_owned();
    let name = Some(name.clone()).filter(|name| !name.is_empty());
    let mut message = Message::builder()
        .from(Mailbox::new(name, from))
        .to(Mailbox::new(None, address(&mail.to)?))
        .subject(&mail.subject)
        .header(MessageId::from(format!("<{}@{domain}>", mail.id)))
        // RFC 3834: nobody's holiday notice answers a code.
        .raw_header(raw("Auto-Submitted", "auto-generated")?);
    for (name, value) in &mail.headers {
        message = message.raw_header(raw(name, value)?);
    }
    message
        .multipart(
            MultiPart::alternative()
                .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(mail.text.clone()))
                .singlepart(SinglePart::builder().header(ContentType::TEXT_HTML).body(mail.html.clone())),
        )
        .map_err(|failure| refused(&failure))
}

fn raw(name: &str, value: &str) -> Result<HeaderValue, MailError> {
    let name = HeaderName::new_from_ascii(name.to_owned())
        .map_err(|_| MailError::Refused(format!("{name:?} is not a header name")))?;
    Ok(HeaderValue::new(name, value.to_owned()))
}
