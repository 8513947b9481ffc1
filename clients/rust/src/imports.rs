use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tonic::codegen::tokio_stream::{Stream, wrappers::UnboundedReceiverStream};
use tonic::{Status, Streaming};

use crate::error::ApiError;
use crate::recovery::{IDLE, Recovery, nothing_came};
use crate::streams::{Opening, StreamError};
use crate::v1::{ImportCustomersRequest, ImportProfilesRequest};

/// Requests that are sent ahead of their responses, and kept until these come.
const REQUESTS_AHEAD: usize = 8;

/// A request of an import.
pub trait ImportRequest: Clone + Send + Unpin + 'static {
    /// Gives it the number of its first record, if it has none; returns that of the next request.
    fn number(&mut self, next: i64) -> i64;
}

impl ImportRequest for ImportProfilesRequest {
    fn number(&mut self, next: i64) -> i64 {
        number(&mut self.first_record, next, self.records.len())
    }
}

impl ImportRequest for ImportCustomersRequest {
    fn number(&mut self, next: i64) -> i64 {
        number(&mut self.first_record, next, self.records.len())
    }
}

fn number(first_record: &mut i64, next: i64, records: usize) -> i64 {
    if *first_record == 0 {
        *first_record = next;
    }
    first_record.saturating_add(i64::try_from(records).unwrap_or(i64::MAX))
}

/// The responses to the requests of an import, in order. After an interruption the requests without a response are sent
/// again; a part that is repeated changes nothing.
///
/// Dropping it ends the import.
pub struct ResumingImport<Q, M> {
    open: Box<dyn FnMut(UnboundedReceiverStream<Q>) -> Opening<M> + Send>,
    requests: Pin<Box<dyn Stream<Item = Q> + Send>>,
    /// The requests without a response.
    unanswered: VecDeque<Q>,
    next_record: i64,
    all_read: bool,
    call: Option<Call<M>>,
    /// Where requests of the call go; it always has room: what it holds is unanswered.
    sender: Option<UnboundedSender<Q>>,
    recovery: Recovery,
    idle: Duration,
    ended: bool,
}

enum Call<M> {
    Opening(Opening<M>),
    Open(Box<Streaming<M>>),
}

/// What has happened while a response was waited for.
enum Event<M> {
    Response(M),
    /// A request was read, or there are no more.
    Read,
    Ended,
    Failed(Status),
}

impl<Q: ImportRequest, M> ResumingImport<Q, M> {
    pub(crate) fn new(
        requests: impl Stream<Item = Q> + Send + 'static,
        open: impl FnMut(UnboundedReceiverStream<Q>) -> Opening<M> + Send + 'static,
    ) -> Self {
        Self {
            open: Box::new(open),
            requests: Box::pin(requests),
            unanswered: VecDeque::new(),
            next_record: 1,
            all_read: false,
            call: None,
            sender: None,
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

    /// A stream on which nothing came for so long, although requests have no response, is taken for lost. Default: 60 s.
    #[must_use]
    pub fn idle(mut self, limit: Duration) -> Self {
        self.idle = limit;
        self
    }

    /// The next response. None: every request has its response. May be dropped while it waits: nothing is lost by that.
    ///
    /// # Errors
    /// The call was refused. After an error, and after None, the next is None.
    pub async fn message(&mut self) -> Result<Option<M>, StreamError> {
        while !self.ended {
            let status = match self.next_event().await {
                Event::Response(response) => {
                    self.recovery.received();
                    self.unanswered.pop_front();
                    return Ok(Some(response));
                }
                Event::Read => continue,
                Event::Ended if self.all_read && self.unanswered.is_empty() => {
                    self.ended = true;
                    continue;
                }
                Event::Ended => Status::unavailable("the stream ended early"),
                Event::Failed(status) => status,
            };
            (self.call, self.sender) = (None, None);
            if let Err(error) = self.recovery.wait(status).await {
                self.ended = true;
                return Err(error.into());
            }
        }
        Ok(None)
    }

    async fn next_event(&mut self) -> Event<M> {
        loop {
            let idle = self.idle;
            if let Ok(event) = tokio::time::timeout(idle, poll_fn(|context| self.poll(context))).await {
                return event;
            }
            // While no response is due, it is the caller that is waited for.
            if self.all_read || !self.unanswered.is_empty() {
                return Event::Failed(nothing_came(idle));
            }
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Event<M>> {
        if let Poll::Ready(event) = self.poll_call(context) {
            return Poll::Ready(event);
        }
        if self.all_read || self.unanswered.len() >= REQUESTS_AHEAD {
            return Poll::Pending;
        }
        self.requests.as_mut().poll_next(context).map(|next| {
            if let Some(mut request) = next {
                self.next_record = request.number(self.next_record);
                self.send(&request);
                self.unanswered.push_back(request);
            } else {
                self.all_read = true;
                self.sender = None;
            }
            Event::Read
        })
    }

    /// What the call brings, which is opened if there is none.
    fn poll_call(&mut self, context: &mut Context<'_>) -> Poll<Event<M>> {
        loop {
            match self.call.take() {
                None => self.begin(),
                Some(Call::Opening(mut opening)) => match opening.as_mut().poll(context) {
                    Poll::Ready(Ok(stream)) => self.call = Some(Call::Open(Box::new(stream))),
                    Poll::Ready(Err(status)) => return Poll::Ready(Event::Failed(status)),
                    Poll::Pending => {
                        self.call = Some(Call::Opening(opening));
                        return Poll::Pending;
                    }
                },
                Some(Call::Open(mut stream)) => {
                    let next = Pin::new(&mut *stream).poll_next(context);
                    self.call = Some(Call::Open(stream));
                    return next.map(|next| match next {
                        Some(Ok(response)) => Event::Response(response),
                        Some(Err(status)) => Event::Failed(status),
                        None => Event::Ended,
                    });
                }
            }
        }
    }

    fn begin(&mut self) {
        let (sender, receiver) = unbounded_channel();
        self.sender = Some(sender);
        for request in &self.unanswered {
            self.send(request);
        }
        if self.all_read {
            self.sender = None;
        }
        self.call = Some(Call::Opening((self.open)(UnboundedReceiverStream::new(receiver))));
    }

    /// Sends the request. What fails in it is told by the responses.
    fn send(&self, request: &Q) {
        if let Some(sender) = &self.sender {
            let _ = sender.send(request.clone());
        }
    }
}

impl<Q, M> fmt::Debug for ResumingImport<Q, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResumingImport")
    }
}
