//! A service on loopback that answers each call as the test says.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
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
}

pub struct Service {
    pub target: String,
    calls: Arc<AtomicUsize>,
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
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (counter, answer, broken) = (counter.clone(), answer.clone(), Arc::new(Notify::new()));
            let breaker = broken.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let call = counter.fetch_add(1, Ordering::SeqCst) + 1;
                respond(answer(request.headers(), call), breaker.clone())
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
    Service { target, calls }
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
