//! The way to the operator's mail server: SMTP, encrypted unless that is switched off.

use std::time::Duration;

use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::message::{Outgoing, parse_address};

/// How long a mail may take from the first byte to the server's last word.
pub const MAIL_WAIT: Duration = Duration::from_secs(20);
/// How long one command may.
const COMMAND_WAIT: Duration = Duration::from_secs(10);
/// Connections to the server at once.
const CONNECTIONS_MAX: u32 = 8;

/// Where mails go. Nowhere, until a server is named.
#[derive(Default)]
pub struct Post {
    server: Option<AsyncSmtpTransport<Tokio1Executor>>,
    /// Whom mails come from where a site does not say.
    pub from: String,
    /// Mails of test sites leave the house as well.
    pub of_test_sites: bool,
}

/// How the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Begun in the clear and encrypted before anything is said (port 587).
    StartTls,
    /// From the first byte (port 465).
    Tls,
    /// Not at all: for a server on this machine.
    None,
}

/// How a mail server is reached.
pub struct Server<'a> {
    pub host: &'a str,
    pub port: u16,
    pub encryption: Encryption,
    /// User and password.
    pub credentials: Option<(&'a str, &'a str)>,
    /// PEM of a root that is trusted besides the system's.
    pub root: Option<&'a [u8]>,
}

/// What became of an attempt.
#[derive(Debug, PartialEq, Eq)]
pub enum Posted {
    /// The server took it.
    Taken,
    /// The server will never take it.
    Refused(String),
    /// Another attempt may go better.
    Failed(String),
}

impl Post {
    /// A way to this server.
    ///
    /// # Errors
    /// What cannot be used, as a sentence.
    pub fn to(server: &Server<'_>, from: &str, of_test_sites: bool) -> Result<Post, String> {
        if parse_address(from).is_none() {
            return Err("mail.from is no e-mail address".to_owned());
        }
        let parameters = || -> Result<TlsParameters, String> {
            let mut parameters = TlsParameters::builder(server.host.to_owned());
            if let Some(pem) = server.root {
                let root = Certificate::from_pem(pem).map_err(|error| error.to_string())?;
                parameters = parameters.add_root_certificate(root);
            }
            parameters.build_rustls().map_err(|error| error.to_string())
        };
        let tls = match server.encryption {
            Encryption::StartTls => Tls::Required(parameters()?),
            Encryption::Tls => Tls::Wrapper(parameters()?),
            Encryption::None => Tls::None,
        };
        let mut transport =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host.to_owned())
                .port(server.port)
                .tls(tls)
                .timeout(Some(COMMAND_WAIT))
                .pool_config(PoolConfig::new().max_size(CONNECTIONS_MAX));
        if let Some((user, password)) = server.credentials {
            transport =
                transport.credentials(Credentials::new(user.to_owned(), password.to_owned()));
        }
        Ok(Post { server: Some(transport.build()), from: from.to_owned(), of_test_sites })
    }

    /// Whether there is a server.
    pub fn is_configured(&self) -> bool {
        self.server.is_some()
    }

    /// Hands a mail to the server.
    pub async fn send(&self, mail: &Outgoing) -> Posted {
        let Some(server) = &self.server else {
            return Posted::Failed("no mail server is configured".to_owned());
        };
        let Some(message) = mail.to_message() else {
            return Posted::Refused("an address is none".to_owned());
        };
        let sent = tokio::time::timeout(MAIL_WAIT, server.send(message)).await;
        match sent {
            Err(_) => Posted::Failed("the mail server took too long".to_owned()),
            Ok(Ok(_)) => Posted::Taken,
            Ok(Err(error)) => {
                let code = error.status().map(u16::from);
                // 53x is about ourselves: the operator can mend a password.
                let is_ours = code.is_some_and(|code| (530..540).contains(&code));
                // The server's own words may quote the recipient.
                match (error.is_permanent() && !is_ours, code) {
                    (true, Some(code)) => Posted::Refused(format!("the mail server said {code}")),
                    (true, None) => Posted::Refused("the mail server refused".to_owned()),
                    (false, Some(code)) => Posted::Failed(format!("the mail server said {code}")),
                    (false, None) => Posted::Failed(kind_of(&error).to_owned()),
                }
            }
        }
    }
}

fn kind_of(error: &lettre::transport::smtp::Error) -> &'static str {
    if error.is_timeout() {
        "the mail server was silent"
    } else if error.is_tls() {
        "TLS with the mail server failed"
    } else if error.is_response() {
        "the mail server's answer is not understood"
    } else if error.is_client() {
        "the mail server lacks what is asked of it"
    } else {
        "the mail server cannot be reached"
    }
}
