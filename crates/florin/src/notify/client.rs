//! Delivers one notification over HTTP and says what came of it.
//!
//! Knows no rows and no order; retries nothing. A name is resolved once for a connection, and only
//! addresses that the policy allows are connected to: what was checked is what is called.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Client, ClientBuilder, Response};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::acknowledgement::{is_acknowledged, reply_start};
use super::policy::{Refused, WebhookPolicy};
use super::signature::{SigningKey, auth_header};

/// Longest wait for a connection, its TLS handshake included.
pub const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// Longest wait for a whole delivery.
pub const TOTAL_WAIT: Duration = Duration::from_secs(20);
/// Bytes of a reply that are read; a receiver may send more, to nobody.
pub const REPLY_BYTES_MAX: usize = 4096;
/// Addresses of a name that are tried.
pub const ADDRESSES_MAX: usize = 8;

/// How long an idle connection is kept. Shorter than what web servers do by default (5 s), or an
/// attempt could be lost on a connection that the receiver is just closing.
const IDLE_CONNECTION_WAIT: Duration = Duration::from_secs(3);
const IDLE_CONNECTIONS_PER_HOST_MAX: usize = 4;
const USER_AGENT: &str = concat!("Florin/", env!("CARGO_PKG_VERSION"));
const AUTH: HeaderName = HeaderName::from_static("auth");

/// Delivers notifications. Cheap to clone; keeps connections for deliveries to come.
#[derive(Clone)]
pub struct WebhookClient {
    carrier: Arc<dyn Carrier>,
    total_wait: Duration,
}

/// How a notification gets to its receiver.
#[async_trait]
pub trait Carrier: Send + Sync + 'static {
    /// Makes one call and notes in `heard` what comes back, as it comes: the caller may stop
    /// waiting at any moment.
    async fn call(&self, call: Call, heard: &mut Heard) -> Result<(), FailureClass>;
}

/// One call of a receiver, whose address has passed its policy as far as it says where it leads.
pub struct Call {
    /// The full URL, parameters included.
    pub url: Url,
    /// Which addresses its name may have.
    pub policy: WebhookPolicy,
    /// Body and `Auth` of a POST; a GET has neither.
    pub signed: Option<(Bytes, String)>,
}

/// Over HTTP.
struct HttpCarrier {
    strict: Client,
    relaxed: Client,
}

/// How the notification is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Parameters only: no body, no `Auth`. The shop then asks for the order.
    Get,
    /// The order object, signed.
    Post,
}

/// One notification to deliver now.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The full URL, parameters included (see [`super::target::notification_url`]).
    pub url: String,
    /// How to send it.
    pub method: Method,
    /// The canonical order object, sent and signed byte for byte. Not sent with GET.
    pub body: Option<Bytes>,
    /// The key that the shop verifies with.
    pub api_key: SigningKey,
    /// Unix seconds: the same number as in the URL.
    pub timestamp: i64,
    /// Where it may go.
    pub policy: WebhookPolicy,
}

/// What came of a delivery, as it is kept in its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The URL that was to be called.
    pub url: String,
    /// The HTTP status, if an answer came.
    pub http_status: Option<u16>,
    /// Milliseconds from the start of the attempt to its end.
    pub latency_ms: u64,
    /// The first 100 characters of the reply.
    pub reply_start: String,
    /// The address that answered.
    pub connected_to: Option<SocketAddr>,
    /// What it means.
    pub outcome: Outcome,
}

/// What a delivery came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The shop has it.
    Acknowledged,
    /// An answer came, and it does not acknowledge (a redirect, for example).
    NotAcknowledged,
    /// No complete answer came.
    Failed(FailureClass),
}

/// Why no complete answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureClass {
    /// Not an absolute URL.
    InvalidUrl,
    /// The policy does not allow the scheme.
    SchemeRefused,
    /// The policy does not allow the port.
    PortRefused,
    /// The policy does not allow the address, or any address of the name.
    AddressRefused,
    /// The name has no address.
    Unresolved,
    /// Nobody listens there, or the network is in the way.
    NotConnected,
    /// No connection within [`CONNECT_WAIT`].
    ConnectTimedOut,
    /// The TLS handshake failed, mostly for the receiver's certificate.
    TlsFailed,
    /// No complete answer within [`TOTAL_WAIT`].
    TimedOut,
    /// The connection ended before the answer did, or the answer was not HTTP.
    BrokenOff,
}

impl WebhookClient {
    /// A client that resolves names like the rest of the system and trusts its certificates.
    ///
    /// # Errors
    /// When TLS cannot be set up at all.
    pub fn new() -> Result<WebhookClient, ClientUnavailable> {
        WebhookClient::with(Arc::new(SystemLookup), CONNECT_WAIT, TOTAL_WAIT)
    }

    fn with(
        lookup: Arc<dyn Lookup>,
        connect_wait: Duration,
        total_wait: Duration,
    ) -> Result<WebhookClient, ClientUnavailable> {
        // Two clients, because pools must not be shared: a connection that one policy allows must
        // not be used for the other.
        let client = |policy| {
            let resolver = CheckedResolver { policy, lookup: Arc::clone(&lookup) };
            let builder = || {
                Client::builder()
                    .dns_resolver(resolver.clone())
                    .redirect(reqwest::redirect::Policy::none())
                    .no_proxy()
                    .referer(false)
                    .http1_only()
                    // Some receivers look for `Auth` in exactly this spelling.
                    .http1_title_case_headers()
                    .user_agent(USER_AGENT)
                    .connect_timeout(connect_wait)
                    .pool_idle_timeout(IDLE_CONNECTION_WAIT)
                    .pool_max_idle_per_host(IDLE_CONNECTIONS_PER_HOST_MAX)
            };
            build(builder)
        };
        let carrier = HttpCarrier {
            strict: client(WebhookPolicy::Strict)?,
            relaxed: client(WebhookPolicy::Relaxed)?,
        };
        Ok(WebhookClient { carrier: Arc::new(carrier), total_wait })
    }

    /// A client whose calls are carried by something else than HTTP.
    pub fn over(carrier: Arc<dyn Carrier>) -> WebhookClient {
        WebhookClient { carrier, total_wait: TOTAL_WAIT }
    }

    /// Makes one attempt. Ends within [`TOTAL_WAIT`], whatever the receiver does.
    pub async fn deliver(&self, delivery: Delivery) -> Attempt {
        let signed = match delivery.method {
            Method::Get => None,
            Method::Post => {
                let body = delivery.body.unwrap_or_default();
                let signature = auth_header(&delivery.api_key, delivery.timestamp, &body);
                Some((body, signature))
            }
        };
        self.deliver_signed(&delivery.url, delivery.policy, signed).await
    }

    /// The same with body and `Auth` as they are; without them it is a GET.
    pub async fn deliver_signed(
        &self,
        url: &str,
        policy: WebhookPolicy,
        signed: Option<(Bytes, String)>,
    ) -> Attempt {
        let started = Instant::now();
        let mut heard = Heard::default();
        let deadline = started + self.total_wait;
        let result = self.exchange(url, policy, signed, deadline, &mut heard).await;
        let outcome = match (result, heard.http_status) {
            (Err(class), _) => Outcome::Failed(class),
            (Ok(()), Some(status)) if is_acknowledged(status, &heard.reply) => {
                Outcome::Acknowledged
            }
            (Ok(()), _) => Outcome::NotAcknowledged,
        };
        Attempt {
            url: url.to_owned(),
            http_status: heard.http_status,
            latency_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            reply_start: reply_start(&heard.reply),
            connected_to: heard.connected_to,
            outcome,
        }
    }

    async fn exchange(
        &self,
        url: &str,
        policy: WebhookPolicy,
        signed: Option<(Bytes, String)>,
        deadline: Instant,
        heard: &mut Heard,
    ) -> Result<(), FailureClass> {
        let url = Url::parse(url).map_err(|_| FailureClass::InvalidUrl)?;
        policy.check_url(&url)?;
        let call = Call { url, policy, signed };
        let called = timeout_at(deadline, self.carrier.call(call, heard)).await;
        called.map_err(|_| FailureClass::TimedOut)?
    }
}

#[async_trait]
impl Carrier for HttpCarrier {
    async fn call(&self, call: Call, heard: &mut Heard) -> Result<(), FailureClass> {
        let client = match call.policy {
            WebhookPolicy::Strict => &self.strict,
            WebhookPolicy::Relaxed => &self.relaxed,
        };
        let request = match call.signed {
            None => client.get(call.url),
            Some((body, signature)) => client
                .post(call.url)
                .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
                .header(AUTH, signature)
                .body(body),
        };
        let mut response = request.send().await.map_err(|error| FailureClass::of(&error))?;
        heard.http_status = Some(response.status().as_u16());
        heard.connected_to = response.remote_addr();
        heard.read(&mut response).await.map_err(|_| FailureClass::BrokenOff)
    }
}

impl FailureClass {
    /// The name in the delivery's record.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            FailureClass::InvalidUrl => "invalid_url",
            FailureClass::SchemeRefused => "scheme_refused",
            FailureClass::PortRefused => "port_refused",
            FailureClass::AddressRefused => "address_refused",
            FailureClass::Unresolved => "unresolved",
            FailureClass::NotConnected => "not_connected",
            FailureClass::ConnectTimedOut => "connect_timed_out",
            FailureClass::TlsFailed => "tls_failed",
            FailureClass::TimedOut => "timed_out",
            FailureClass::BrokenOff => "broken_off",
        }
    }

    fn of(error: &reqwest::Error) -> FailureClass {
        if let Some(lookup) = find_cause::<LookupFailed>(error) {
            return match lookup {
                LookupFailed::Refused => FailureClass::AddressRefused,
                LookupFailed::Unresolved => FailureClass::Unresolved,
            };
        }
        if find_cause::<rustls::Error>(error).is_some() {
            return FailureClass::TlsFailed;
        }
        match (error.is_connect(), error.is_timeout()) {
            (true, true) => FailureClass::ConnectTimedOut,
            (true, false) => FailureClass::NotConnected,
            (false, true) => FailureClass::TimedOut,
            (false, false) => FailureClass::BrokenOff,
        }
    }
}

impl From<Refused> for FailureClass {
    fn from(refused: Refused) -> FailureClass {
        match refused {
            Refused::Scheme => FailureClass::SchemeRefused,
            Refused::Port => FailureClass::PortRefused,
            Refused::Address => FailureClass::AddressRefused,
        }
    }
}

/// HTTP or TLS could not be set up.
#[derive(Debug)]
pub struct ClientUnavailable(reqwest::Error);

impl fmt::Display for ClientUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the HTTP client for notifications cannot be set up")
    }
}

impl Error for ClientUnavailable {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

impl fmt::Debug for WebhookClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookClient").finish_non_exhaustive()
    }
}

/// What is known of an answer so far; kept when its end never comes.
#[derive(Default)]
pub struct Heard {
    /// The HTTP status.
    pub http_status: Option<u16>,
    /// The address that answered.
    pub connected_to: Option<SocketAddr>,
    /// The body, at most [`REPLY_BYTES_MAX`] of it.
    pub reply: Vec<u8>,
}

impl Heard {
    async fn read(&mut self, response: &mut Response) -> Result<(), reqwest::Error> {
        while self.reply.len() < REPLY_BYTES_MAX {
            let Some(chunk) = response.chunk().await? else { break };
            let wanted = chunk.len().min(REPLY_BYTES_MAX - self.reply.len());
            self.reply.extend_from_slice(&chunk[..wanted]);
        }
        Ok(())
    }
}

/// Turns names into addresses.
#[async_trait]
trait Lookup: Send + Sync + 'static {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((host, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// Gives the HTTP client only addresses that the policy allows. It connects to these and asks no
/// one else, so a name that answers differently the second time gains nothing.
#[derive(Clone)]
struct CheckedResolver {
    policy: WebhookPolicy,
    lookup: Arc<dyn Lookup>,
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let CheckedResolver { policy, lookup } = self.clone();
        Box::pin(async move {
            let found = lookup.lookup(name.as_str()).await.map_err(|_| LookupFailed::Unresolved)?;
            if found.is_empty() {
                return Err(LookupFailed::Unresolved.into());
            }
            let allowed: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| policy.check_address(*address).is_ok())
                .take(ADDRESSES_MAX)
                // Port 0 stands for the port of the URL.
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            if allowed.is_empty() {
                return Err(LookupFailed::Refused.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[derive(Debug)]
enum LookupFailed {
    Refused,
    Unresolved,
}

impl fmt::Display for LookupFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LookupFailed::Refused => "the webhook policy allows no address of this name",
            LookupFailed::Unresolved => "the name has no address",
        })
    }
}

impl Error for LookupFailed {}

/// A machine without any root certificates can still notify over http; https fails there.
fn build(builder: impl Fn() -> ClientBuilder) -> Result<Client, ClientUnavailable> {
    builder().build().or_else(|error| {
        tracing::warn!("no root certificates on this machine, https webhooks will fail: {error}");
        builder().tls_certs_only([]).build().map_err(ClientUnavailable)
    })
}

/// The first error of type `T` below `error`, also inside `io::Error`, which hides its own cause.
fn find_cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        let inside = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match inside {
            Some(inside) => Some(inside),
            None => error.source(),
        };
    }
    None
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
