use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tonic::{Status, Streaming};

use crate::error::ApiError;
use crate::recovery::{IDLE, Recovery, nothing_came};
use crate::v1::{
    ExportCustomersRequest, ExportCustomersResponse, ExportProfilesRequest, ExportProfilesResponse,
    ResolveRecipientsRequest, ResolveRecipientsResponse, WatchProfilesRequest, WatchProfilesResponse,
    watch_profiles_request,
};

/// A stream that is being opened.
pub(crate) type Opening<M> = Pin<Box<dyn Future<Output = Result<Streaming<M>, Status>> + Send>>;

/// A request with a resume token.
pub(crate) trait ResumableRequest: Clone + Send + 'static {
    fn resume_after(&mut self, token: String);
}

/// A response with a resume token.
pub(crate) trait ResumableMessage {
    fn token(&self) -> &str;
}

impl ResumableRequest for WatchProfilesRequest {
    fn resume_after(&mut self, token: String) {
        self.start = Some(watch_profiles_request::Start::ResumeToken(token));
    }
}

impl ResumableMessage for WatchProfilesResponse {
    fn token(&self) -> &str {
        &self.resume_token
    }
}

impl ResumableRequest for ResolveRecipientsRequest {
    fn resume_after(&mut self, token: String) {
        self.resume_token = token;
    }
}

impl ResumableMessage for ResolveRecipientsResponse {
    fn token(&self) -> &str {
        &self.resume_token
    }
}

impl ResumableRequest for ExportProfilesRequest {
    fn resume_after(&mut self, token: String) {
        self.resume_token = token;
    }
}

impl ResumableMessage for ExportProfilesResponse {
    fn token(&self) -> &str {
        &self.resume_token
    }
}

impl ResumableRequest for ExportCustomersRequest {
    fn resume_after(&mut self, token: String) {
        self.resume_token = token;
    }
}

impl ResumableMessage for ExportCustomersResponse {
    fn token(&self) -> &str {
        &self.resume_token
    }
}

/// The messages of a server stream. After an interruption it goes on with the message after the last one it gave.
///
/// Dropping it ends the stream.
pub struct ResumingStream<M> {
    /// Opens the stream, after the message with the token.
    open: Box<dyn FnMut(Option<String>) -> Opening<M> + Send>,
    token_of: fn(&M) -> &str,
    token: Option<String>,
    current: Option<Streaming<M>>,
    recovery: Recovery,
    idle: Duration,
    ended: bool,
}

impl<M> ResumingStream<M> {
    pub(crate) fn new<Q: ResumableRequest>(mut request: Q, method: impl Fn(Q) -> Opening<M> + Send + 'static) -> Self
    where
        M: ResumableMessage,
    {
        Self {
            open: Box::new(move |token| {
                if let Some(token) = token {
                    request.resume_after(token);
                }
                method(request.clone())
            }),
            token_of: M::token,
            token: None,
            current: None,
            recovery: Recovery::new(),
            idle: IDLE,
            ended: false,
        }
    }

    /// Has `call` called with the error of each interruption, before the pause that follows.
    #[must_use]
    pub fn on_interruption(mut self, call: impl FnMut(&ApiError) + Send + 'static) -> Self {
        self.recovery.on_interruption = Box::new(call);
        self
    }

    /// A stream on which nothing came for so long is taken for lost. The service sends a checkpoint every five seconds.
    /// Default: 60 s.
    #[must_use]
    pub fn idle(mut self, limit: Duration) -> Self {
        self.idle = limit;
        self
    }

    /// The next message. None: the stream is complete. May be dropped while it waits: no message is lost by that.
    ///
    /// # Errors
    /// Messages were missed, or the call was refused. After an error, and after None, the next is None.
    pub async fn message(&mut self) -> Result<Option<M>, StreamError> {
        while !self.ended {
            let received =
                tokio::time::timeout(self.idle, self.receive()).await.unwrap_or_else(|_| Err(nothing_came(self.idle)));
            match received {
                Ok(Some(message)) => {
                    let token = (self.token_of)(&message);
                    if !token.is_empty() {
                        self.token = Some(token.to_owned());
                    }
                    self.recovery.received();
                    return Ok(Some(message));
                }
                Ok(None) => self.ended = true,
                Err(status) => {
                    self.current = None;
                    if let Err(error) = self.recovery.wait(status).await {
                        self.ended = true;
                        return Err(error.into());
                    }
                }
            }
        }
        Ok(None)
    }

    async fn receive(&mut self) -> Result<Option<M>, Status> {
        if self.current.is_none() {
            self.current = Some((self.open)(self.token.clone()).await?);
        }
        match &mut self.current {
            Some(stream) => stream.message().await,
            None => Ok(None),
        }
    }
}

impl<M> fmt::Debug for ResumingStream<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResumingStream")
    }
}

/// Why a stream ended.
#[derive(Debug)]
pub enum StreamError {
    /// Messages after the resume token are no longer kept, or the database was restored from an older copy. Read the
    /// current state, then resume with the oldest token.
    ResumeTokenExpired {
        /// The oldest token that can be used.
        oldest_resume_token: String,
        /// The error of the call.
        error: ApiError,
    },
    /// The call was refused.
    Failed(ApiError),
}

impl StreamError {
    /// The error of the call.
    #[must_use]
    pub fn error(&self) -> &ApiError {
        match self {
            Self::ResumeTokenExpired { error, .. } | Self::Failed(error) => error,
        }
    }
}

impl From<ApiError> for StreamError {
    fn from(error: ApiError) -> Self {
        if error.reason == "RESUME_TOKEN_EXPIRED" {
            let oldest_resume_token = error.metadata.get("oldest_resume_token").cloned().unwrap_or_default();
            Self::ResumeTokenExpired { oldest_resume_token, error }
        } else {
            Self::Failed(error)
        }
    }
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error().fmt(f)
    }
}

impl std::error::Error for StreamError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.error())
    }
}
