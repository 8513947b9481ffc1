use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header::AUTHORIZATION, request::Parts};
use http_body_util::{BodyExt as _, Full};
use tokio::time::Instant;
use tonic::body::Body;
use tonic::transport::Channel;
use tonic::{Code, ConnectError, Status};
use tower::{Service, ServiceExt as _};

use crate::connection::{LONGEST_WAIT, Trouble};
use crate::options::Jwt;
use crate::policy::POLICY;

const GRPC_TIMEOUT_HEADER: &str = "grpc-timeout";
const GRPC_STATUS_HEADER: &str = "grpc-status";
/// The methods whose answer is a stream. The generated code does not tell, and an answer is collected otherwise.
const STREAMS: [&str; 6] = [
    "/appprofile.v1.CustomerService/ExportCustomers",
    "/appprofile.v1.CustomerService/ImportCustomers",
    "/appprofile.v1.ProfileService/ExportProfiles",
    "/appprofile.v1.ProfileService/ImportProfiles",
    "/appprofile.v1.ProfileService/ResolveRecipients",
    "/appprofile.v1.ProfileService/WatchProfiles",
];

/// What the stubs of a [`Client`](crate::Client) call through: it adds the credentials, keeps the deadline, and tries
/// again what may be tried again.
#[derive(Clone)]
pub struct Reliable {
    channel: Channel,
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) key: Option<HeaderValue>,
    pub(crate) jwt: Option<Jwt>,
    pub(crate) deadline: Duration,
    pub(crate) trouble: Trouble,
}

impl Reliable {
    pub(crate) fn new(channel: Channel, shared: Shared) -> Self {
        Self { channel, shared: Arc::new(shared) }
    }
}

impl fmt::Debug for Reliable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reliable")
    }
}

impl Service<Request<Body>> for Reliable {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Self { channel, shared } = self.clone();
        if STREAMS.contains(&request.uri().path()) {
            return Box::pin(stream(channel, shared, request));
        }
        let limit = own_timeout(request.headers()).unwrap_or(shared.deadline);
        Box::pin(async move {
            let mut call = Call { channel, shared, ends: Instant::now() + limit, failure: None };
            match tokio::time::timeout_at(call.ends, call.run(request)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(call.deadline_exceeded()),
            }
        })
    }
}

/// A stream is opened once: without a default deadline, and [`ResumingStream`](crate::ResumingStream) goes on with it.
async fn stream(
    mut channel: Channel,
    shared: Arc<Shared>,
    mut request: Request<Body>,
) -> Result<Response<Body>, Status> {
    add_credentials(&shared, request.headers_mut()).await?;
    let lost = |error: tonic::transport::Error| Status::unavailable(deepest(&error));
    channel.ready().await.map_err(lost)?.call(request).await.map_err(lost)
}

async fn add_credentials(shared: &Shared, headers: &mut HeaderMap) -> Result<(), Status> {
    if let Some(key) = &shared.key {
        headers.insert("x-api-key", key.clone());
    }
    if let Some(jwt) = &shared.jwt {
        let token = jwt.token().await.map_err(Status::from_error)?;
        headers.insert(AUTHORIZATION, secret(&format!("Bearer {token}")).ok_or_else(bad_token)?);
    }
    Ok(())
}

struct Call {
    channel: Channel,
    shared: Arc<Shared>,
    ends: Instant,
    /// What the last attempt failed with.
    failure: Option<String>,
}

impl Call {
    async fn run(&mut self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let (mut head, body) = request.into_parts();
        add_credentials(&self.shared, &mut head.headers).await?;
        let body = Full::new(body.collect().await?.to_bytes());
        let mut attempts = 1;
        loop {
            let failure = match self.attempt(&head, Body::new(body.clone())).await {
                Attempt::Answered(response) => return Ok(response),
                Attempt::NotReached(failure) => {
                    // TLS or HTTP/2 did not come about; as long as TCP does not, the channel itself waits.
                    self.failure = Some(failure);
                    tokio::time::sleep(LONGEST_WAIT).await;
                    continue;
                }
                Attempt::Failed(failure) => failure,
            };
            if attempts >= POLICY.max_attempts {
                return failure.into_result();
            }
            self.failure = Some(failure.to_string());
            tokio::time::sleep(POLICY.backoff(attempts)).await;
            attempts += 1;
        }
    }

    async fn attempt(&mut self, head: &Parts, body: Body) -> Attempt {
        let mut request = Request::from_parts(head.clone(), body);
        // The server is given what is left, and a little more: it is this side that tells that the time is up.
        let left = self.ends.saturating_duration_since(Instant::now()).as_millis() + 5;
        if let Ok(left) = HeaderValue::from_str(&format!("{}m", left.min(99_999_999))) {
            request.headers_mut().insert(GRPC_TIMEOUT_HEADER, left);
        }
        let response = match self.channel.ready().await {
            Ok(channel) => channel.call(request).await,
            Err(error) => Err(error),
        };
        let (head, body) = match response {
            Ok(response) => response.into_parts(),
            Err(error) if has_cause::<ConnectError>(&error) => return Attempt::NotReached(deepest(&error)),
            Err(error) => return Attempt::Failed(Failure::Lost(deepest(&error))),
        };
        // An answer is taken whole, so that one that breaks off is noticed here.
        let body = match body.collect().await {
            Ok(body) => body,
            Err(status) => return Attempt::Failed(Failure::Lost(status.message().to_owned())),
        };
        let code = code(head.status, &head.headers, body.trailers());
        let response = Response::from_parts(head, Body::new(body));
        if POLICY.retries(code) { Attempt::Failed(Failure::Answered(response)) } else { Attempt::Answered(response) }
    }

    fn deadline_exceeded(&self) -> Status {
        let after = match self.shared.trouble.get().or_else(|| self.failure.clone()) {
            Some(failure) => format!(", after: {failure}"),
            None => String::new(),
        };
        Status::deadline_exceeded(format!("the call's deadline has passed{after}"))
    }
}

enum Attempt {
    Answered(Response<Body>),
    /// Nothing was sent.
    NotReached(String),
    Failed(Failure),
}

/// What may be tried again.
enum Failure {
    Answered(Response<Body>),
    /// The connection broke; what became of the request is unknown.
    Lost(String),
}

impl Failure {
    fn into_result(self) -> Result<Response<Body>, Status> {
        match self {
            Self::Answered(response) => Ok(response),
            Self::Lost(message) => Err(Status::unavailable(message)),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(response) => {
                let status = Status::from_header_map(response.headers());
                f.write_str(status.as_ref().map_or("the service is unavailable", Status::message))
            }
            Self::Lost(message) => f.write_str(message),
        }
    }
}

/// A header that is never printed. None if it holds what headers cannot.
pub(crate) fn secret(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn bad_token() -> Status {
    Status::invalid_argument("the token cannot be sent: it has characters that headers do not take")
}

/// The answer's code: in the trailers, or in the headers of an answer that has nothing else. A proxy has none.
fn code(status: StatusCode, headers: &HeaderMap, trailers: Option<&HeaderMap>) -> Code {
    let told =
        trailers.and_then(|trailers| trailers.get(GRPC_STATUS_HEADER)).or_else(|| headers.get(GRPC_STATUS_HEADER));
    match (told, status.as_u16()) {
        (Some(code), _) => Code::from_bytes(code.as_bytes()),
        (None, 429 | 502 | 503 | 504) => Code::Unavailable,
        (None, _) => Code::Unknown,
    }
}

/// The timeout that the caller gave the request: up to eight digits and a unit.
fn own_timeout(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(GRPC_TIMEOUT_HEADER)?.to_str().ok()?;
    let (digits, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    let amount: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(amount.saturating_mul(3600)),
        "M" => Duration::from_secs(amount.saturating_mul(60)),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    })
}

fn has_cause<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(<dyn Error>::is::<E>)
}

/// The innermost cause, which says most: the outer ones are all "transport error".
fn deepest(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
