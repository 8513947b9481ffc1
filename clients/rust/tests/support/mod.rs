//! A service on loopback that answers each call as the test says.
#![allow(dead_code)] // each test file uses a part

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use appprofile::tonic::codegen::tokio_stream::wrappers::UnboundedReceiverStream;
use appprofile::v1::{ImportProfilesRequest, ImportProfilesResponse, WatchProfilesRequest, WatchProfilesResponse};
use bytes::{BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message as _;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Notify, mpsc};
use tonic::Status;

pub enum Answer {
    /// An empty message.
    Ok,
    Refuse(Status),
    /// Nothing, ever.
    Hang,
    /// The connection ends, and so do its calls.
    Break,
    /// Acknowledges so many requests of an import, and then ends with the status, or is silent. None: acknowledges all.
    Import(Option<usize>, Option<Status>),
    /// Messages with these tokens, and then the status, or nothing, ever.
    Stream(Vec<&'static str>, Option<Status>),
    /// A message with the token that is chosen by the request, and then nothing, ever.
    StreamFor(fn(&WatchProfilesRequest) -> &'static str),
}

pub struct Service {
    pub target: String,
    calls: Arc<AtomicUsize>,
    /// What each stream asked for.
    pub streams: Arc<Mutex<Vec<WatchProfilesRequest>>>,
    /// The first record of each request of an import that was acknowledged.
    pub imported: Arc<Mutex<Vec<i64>>>,
}

impl Service {
    /// How many calls came.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

/// A port of 127.0.0.1, and a socket that keeps it from others, and does not listen yet.
pub fn kept_port() -> (String, TcpSocket) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    (socket.local_addr().unwrap().to_string(), socket)
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
    let imported = Arc::new(Mutex::new(Vec::new()));
    let importing = imported.clone();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (counter, answer, broken) = (counter.clone(), answer.clone(), Arc::new(Notify::new()));
            let (requests, importing) = (requests.clone(), importing.clone());
            let breaker = broken.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let call = counter.fetch_add(1, Ordering::SeqCst) + 1;
                let answer = answer(request.headers(), call);
                let (breaker, requests, importing) = (breaker.clone(), requests.clone(), importing.clone());
                async move {
                    if let Answer::Import(count, end) = answer {
                        return Ok(import(request.into_body(), count, end, importing));
                    }
                    if !matches!(answer, Answer::Stream(..) | Answer::StreamFor(_)) {
                        return respond(answer, breaker).await;
                    }
                    let body = request.into_body().collect().await.expect("the request comes").to_bytes();
                    let asked = WatchProfilesRequest::decode(&body[5..]).unwrap();
                    let answer = match answer {
                        Answer::StreamFor(token) => Answer::Stream(vec![token(&asked)], None),
                        answer => answer,
                    };
                    requests.lock().unwrap().push(asked);
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
    Service { target, calls, streams, imported }
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
        Answer::Import(..) | Answer::StreamFor(_) => unreachable!("answered before"),
        Answer::Hang => std::future::pending().await,
        Answer::Break => {
            breaker.notify_one();
            std::future::pending().await
        }
    }
}

/// Acknowledges requests as they come.
fn import(
    mut body: Incoming,
    count: Option<usize>,
    end: Option<Status>,
    imported: Arc<Mutex<Vec<i64>>>,
) -> Response<BoxBody<Bytes, Infallible>> {
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut left = count;
        let mut buffer = BytesMut::new();
        loop {
            while left != Some(0) && buffer.len() >= 5 {
                let length = u32::from_be_bytes(buffer[1..5].try_into().unwrap()) as usize;
                if buffer.len() < 5 + length {
                    break;
                }
                let request = ImportProfilesRequest::decode(&buffer.split_to(5 + length)[5..]).unwrap();
                imported.lock().unwrap().push(request.first_record);
                let acknowledged = request.first_record + i64::try_from(request.records.len()).unwrap() - 1;
                let response = ImportProfilesResponse { acknowledged, ..Default::default() };
                drop(sender.send(Ok(framed(&response.encode_to_vec()))));
                left = left.map(|left| left - 1);
            }
            if let (Some(0), Some(status)) = (left, &end) {
                drop(sender.send(Ok(trailers(status))));
                return;
            }
            match body.frame().await {
                Some(Ok(frame)) => buffer.extend_from_slice(&frame.into_data().unwrap_or_default()),
                _ if left == Some(0) => std::future::pending().await,
                _ => {
                    drop(sender.send(Ok(trailers(&Status::ok("")))));
                    return;
                }
            }
        }
    });
    with_type(Response::new(StreamBody::new(UnboundedReceiverStream::new(receiver)).boxed()))
}

fn with_type<B>(mut response: Response<B>) -> Response<B> {
    response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
    response
}

fn message(token: &str) -> Frame<Bytes> {
    framed(&WatchProfilesResponse { resume_token: token.into(), ..Default::default() }.encode_to_vec())
}

fn framed(encoded: &[u8]) -> Frame<Bytes> {
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
