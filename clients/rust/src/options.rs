use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

/// The maximum duration of a call, including retries, if it sets no timeout.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(15);

/// Any error.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// How to connect, and how calls behave.
///
/// ```
/// use appprofile::Options;
///
/// let options = Options { key: Some("apk_…".into()), ..Options::default() };
/// ```
#[derive(Clone)]
pub struct Options {
    /// Sent with each call. Without it, only a server started with `--dev` accepts calls.
    pub key: Option<String>,
    /// Returns the user's current token; called once for each call.
    pub jwt: Option<Jwt>,
    /// No TLS: for loopback, and for networks that encrypt traffic themselves.
    pub plaintext: bool,
    /// PEM of the authorities that may sign the server's certificate. Default: the system's roots.
    pub ca: Option<Vec<u8>>,
    /// PEM that the client presents (mutual TLS), with its `private_key`.
    pub certificate: Option<Vec<u8>>,
    /// PEM.
    pub private_key: Option<Vec<u8>>,
    /// The maximum duration of a call, including retries, if its request sets no timeout. Default: 15 s.
    pub deadline: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            key: None,
            jwt: None,
            plaintext: false,
            ca: None,
            certificate: None,
            private_key: None,
            deadline: DEFAULT_DEADLINE,
        }
    }
}

/// Shows nothing that is secret.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("plaintext", &self.plaintext)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// The endpoint of `target` with these options' TLS.
    pub(crate) fn endpoint(&self, target: &str) -> Result<Endpoint, InvalidOptions> {
        if self.deadline.is_zero() {
            return Err(InvalidOptions("deadline must be above 0".into()));
        }
        let lower = target.to_ascii_lowercase();
        if lower.starts_with("http://") || lower.starts_with("https://") {
            return Err(InvalidOptions("target must be host:port, without http:// or https://".into()));
        }
        let scheme = if self.plaintext { "http" } else { "https" };
        let endpoint = Endpoint::from_shared(format!("{scheme}://{target}"))
            .map_err(|_| InvalidOptions("target must be host:port".into()))?;
        let uri = endpoint.uri();
        if uri.port().is_none() || uri.path() != "/" || uri.query().is_some() {
            return Err(InvalidOptions("target must be host:port".into()));
        }
        let identity = match (&self.certificate, &self.private_key) {
            (Some(certificate), Some(private_key)) => Some(Identity::from_pem(certificate, private_key)),
            (None, None) => None,
            _ => return Err(InvalidOptions("certificate and private_key go together".into())),
        };
        if self.plaintext {
            return if self.ca.is_some() || identity.is_some() {
                Err(InvalidOptions(
                    "plaintext has no TLS: leave out ca, certificate and private_key, or plaintext".into(),
                ))
            } else {
                Ok(endpoint)
            };
        }
        let mut tls = match &self.ca {
            // tonic would take it for an empty list, and trust nobody.
            Some(ca) if !String::from_utf8_lossy(ca).contains("-----BEGIN CERTIFICATE-----") => {
                return Err(InvalidOptions("ca is no PEM certificate".into()));
            }
            Some(ca) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca)),
            None => ClientTlsConfig::new().with_native_roots(),
        };
        if let Some(identity) = identity {
            tls = tls.identity(identity);
        }
        endpoint.tls_config(tls).map_err(|error| {
            let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            InvalidOptions(format!("the TLS options cannot be used: {why}"))
        })
    }
}

/// The options contradict each other, or hold what cannot be used. Tells no option's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidOptions(pub(crate) String);

impl fmt::Display for InvalidOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for InvalidOptions {}

type Answer = Pin<Box<dyn Future<Output = Result<String, BoxError>> + Send>>;

/// What supplies the user's token.
#[derive(Clone)]
pub struct Jwt(Arc<dyn Fn() -> Answer + Send + Sync>);

impl Jwt {
    /// A supplier that asks the function for each call. If it fails, the call fails with its error: a
    /// [`tonic::Status`] as it is, another error as the source of one.
    ///
    /// ```
    /// use appprofile::{Jwt, Options};
    ///
    /// let jwt = Jwt::new(|| async { Ok(std::fs::read_to_string("token")?) });
    /// let options = Options { jwt: Some(jwt), ..Options::default() };
    /// ```
    pub fn new<F>(supply: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<String, BoxError>> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(supply())))
    }

    pub(crate) async fn token(&self) -> Result<String, BoxError> {
        (self.0)().await
    }
}

impl fmt::Debug for Jwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jwt")
    }
}
