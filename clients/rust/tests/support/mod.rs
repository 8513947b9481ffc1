//! A service on loopback that answers each call as the test says.
#![allow(dead_code)] // each test file uses a part

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use appprofile::v1::{WatchProfilesRequest, WatchProfilesResponse};
use bytes::{BufMut as _, Bytes};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tonic::Status;

pub enum Answer {
    /// An empty message.
    Ok,
    Refuse(Status),
    /// Nothing, ever.
    Hang,
    /// The connection ends, and so do its calls.
    Break,
    /// Messages with these tokens, and then the status, or nothing, ever.
    Stream(Vec<&'static str>, Option<Status>),
}

pub struct Service {
    pub target: String,
    calls: Arc<AtomicUsize>,
    /// What each stream asked for.
    pub streams: Arc<Mutex<Vec<WatchProfilesRequest>>>,
}

impl Service {
    /// How many calls came.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

/// Starts a service whose answers depend on the request's headers and the number of calls, this one included.
pub async fn serve(answer: impl Fn(&HeaderMap, usize) -> Answer + Send + Sync + 'static) -> Service {
    serve_on(TcpListener::bind("127.0.0.1:0").await.unwrap(), answer)
}

pub fn serve_on(
    listener: TcpListener,
    answer: impl Fn(&HeaderMap, usize) -> Answer + Send + Sync + 'static,
) -> Service {
    let target = listener.local_addr().unwrap().to_string();
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = calls.clone();
    let streams = Arc::new(Mutex::new(Vec::new()));
    let requests = streams.clone();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (counter, answer, broken) = (counter.clone(), answer.clone(), Arc::new(Notify::new()));
            let requests = requests.clone();
            let breaker = broken.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let call = counter.fetch_add(1, Ordering::SeqCst) + 1;
                let answer = answer(request.headers(), call);
                let (breaker, requests) = (breaker.clone(), requests.clone());
                async move {
                    if let Answer::Stream(..) = answer {
                        let body = request.into_body().collect().await.expect("the request comes").to_bytes();
                        requests.lock().unwrap().push(WatchProfilesRequest::decode(&body[5..]).unwrap());
                    }
                    respond(answer, breaker).await
                }
            });
            let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(async move {
                tokio::select! {
                    _ = connection => {}
                    () = broken.notified() => {}
                }
            });
        }
    });
    Service { target, calls, streams }
}

async fn respond(answer: Answer, breaker: Arc<Notify>) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
    match answer {
        Answer::Ok => {
            let message = Full::new(Bytes::from_static(&[0; 5]));
            let trailers = async { Some(Ok(HeaderMap::from_iter([("grpc-status".parse().unwrap(), 0.into())]))) };
            let response = Response::new(message.with_trailers(trailers).boxed());
            Ok(with_type(response))
        }
        Answer::Refuse(status) => Ok(with_type(status.into_http::<Full<Bytes>>().map(BodyExt::boxed))),
        Answer::Stream(tokens, end) => {
            let frames = tokens.into_iter().map(message).chain(end.map(|status| trailers(&status))).collect();
            Ok(with_type(Response::new(Frames(frames).boxed())))
        }
        Answer::Hang => std::future::pending().await,
        Answer::Break => {
            breaker.notify_one();
            std::future::pending().await
        }
    }
}

fn with_type<B>(mut response: Response<B>) -> Response<B> {
    response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
    response
}

fn message(token: &str) -> Frame<Bytes> {
    let encoded = WatchProfilesResponse { resume_token: token.into(), ..Default::default() }.encode_to_vec();
    let mut framed = vec![0];
    framed.put_u32(u32::try_from(encoded.len()).unwrap());
    framed.extend(encoded);
    Frame::data(framed.into())
}

fn trailers(status: &Status) -> Frame<Bytes> {
    let mut headers = HeaderMap::new();
    status.add_header(&mut headers).unwrap();
    Frame::trailers(headers)
}

/// A body that stays open, unless its last frame is trailers.
struct Frames(VecDeque<Frame<Bytes>>);

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.0.pop_front() {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None => Poll::Pending,
        }
    }
}
