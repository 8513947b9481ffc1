//! Streams that resume by themselves (E4): after which failures, where, and how they end.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use appprofile::tonic::{Code, Status};
use appprofile::v1::{WatchProfilesRequest, WatchProfilesResponse, watch_profiles_request::Start};
use appprofile::{Options, ResumingStream, StreamError, connect};
use support::{Answer, Service, kept_port, serve, serve_on};
use tonic_types::{ErrorDetails, StatusExt as _};

fn from(start: Start) -> WatchProfilesRequest {
    WatchProfilesRequest { app_ids: vec!["shop".into()], start: Some(start), ..Default::default() }
}

fn refusal(code: Code, reason: &str) -> Status {
    let mut details = ErrorDetails::new();
    details.set_error_info(reason, "appprofile", [("oldest_resume_token".to_owned(), "old".to_owned())]);
    if code == Code::ResourceExhausted {
        details.set_retry_info(Some(Duration::from_millis(1)));
    }
    Status::with_error_details(code, "no", details)
}

/// A stream of a service that answers with the scripts, one for each stream.
async fn watch(scripts: Vec<Answer>) -> (ResumingStream<WatchProfilesResponse>, Service) {
    let scripts = Mutex::new(scripts);
    let service = serve(move |headers, _| {
        assert_eq!(headers["x-api-key"], "k");
        assert!(!headers.contains_key("grpc-timeout"), "a stream has no default deadline");
        scripts.lock().unwrap().remove(0)
    })
    .await;
    let options = Options { key: Some("k".into()), plaintext: true, ..Options::default() };
    let client = connect(&service.target, options).unwrap();
    (client.watch_profiles(from(Start::FromOldest(true))), service)
}

async fn take(stream: &mut ResumingStream<WatchProfilesResponse>, count: usize) -> Vec<String> {
    let mut tokens = Vec::new();
    while tokens.len() < count {
        tokens.push(stream.message().await.unwrap().expect("the stream goes on").resume_token);
    }
    tokens
}

#[tokio::test]
async fn an_interrupted_stream_goes_on_after_the_last_message() {
    let aged = refusal(Code::Unavailable, "STREAM_AGED");
    let (stream, service) = watch(vec![
        Answer::Stream(vec!["a", "b"], Some(aged)),
        Answer::Stream(vec![], Some(Status::internal("reset"))),
        Answer::Break,
        Answer::Stream(vec!["c"], None),
    ])
    .await;
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let log = reasons.clone();
    let mut stream = stream.on_interruption(move |error| log.lock().unwrap().push(error.reason.clone()));
    assert_eq!(take(&mut stream, 3).await, ["a", "b", "c"]);
    let resumed = from(Start::ResumeToken("b".into()));
    assert_eq!(*service.streams.lock().unwrap(), [from(Start::FromOldest(true)), resumed.clone(), resumed]);
    assert_eq!(*reasons.lock().unwrap(), ["STREAM_AGED", "", ""]);
}

#[tokio::test]
async fn an_expired_token_is_an_error_of_its_own() {
    let expired = refusal(Code::OutOfRange, "RESUME_TOKEN_EXPIRED");
    let (mut stream, _service) = watch(vec![Answer::Stream(vec!["a"], Some(expired))]).await;
    take(&mut stream, 1).await;
    match stream.message().await {
        Err(StreamError::ResumeTokenExpired { oldest_resume_token, error }) => {
            assert_eq!((oldest_resume_token.as_str(), error.code), ("old", Code::OutOfRange));
        }
        other => panic!("got {other:?}"),
    }
    assert!(stream.message().await.unwrap().is_none());
}

#[tokio::test]
async fn a_refusal_ends_the_stream() {
    for (code, reason) in
        [(Code::PermissionDenied, "METHOD_NOT_ALLOWED"), (Code::ResourceExhausted, "TOO_MANY_STREAMS")]
    {
        let (mut stream, service) = watch(vec![Answer::Stream(vec![], Some(refusal(code, reason)))]).await;
        let error = stream.message().await.unwrap_err();
        assert_eq!((error.error().code, error.error().reason.as_str()), (code, reason));
        assert!(matches!(error, StreamError::Failed(_)));
        assert!(stream.message().await.unwrap().is_none());
        assert_eq!(service.calls(), 1);
    }
}

#[tokio::test]
async fn a_full_limit_of_streams_passes_for_a_stream_that_had_a_message() {
    let full = refusal(Code::ResourceExhausted, "TOO_MANY_STREAMS");
    let (mut stream, _service) =
        watch(vec![Answer::Stream(vec!["a"], Some(full)), Answer::Stream(vec!["b"], None)]).await;
    assert_eq!(take(&mut stream, 2).await, ["a", "b"]);
}

#[tokio::test]
async fn a_silent_stream_is_taken_for_lost() {
    // By the request: on a slow machine a stream may be taken for lost before its message has come.
    let service =
        serve(|_, _| Answer::StreamFor(|request| if *request == from(Start::FromOldest(true)) { "a" } else { "b" }))
            .await;
    let client = connect(&service.target, Options { plaintext: true, ..Options::default() }).unwrap();
    let messages = Arc::new(Mutex::new(Vec::new()));
    let log = messages.clone();
    let mut stream = client
        .watch_profiles(from(Start::FromOldest(true)))
        .idle(Duration::from_millis(200))
        .on_interruption(move |error| log.lock().unwrap().push(error.message.clone()));
    assert_eq!(take(&mut stream, 2).await, ["a", "b"]);
    let mut messages = messages.lock().unwrap().clone();
    messages.dedup();
    assert_eq!(messages, ["nothing came for 0.2 seconds"]);
}

#[tokio::test]
async fn a_wait_that_is_given_up_loses_no_message() {
    let (mut stream, _service) = watch(vec![Answer::Stream(vec!["a"], None), Answer::Stream(vec!["a"], None)]).await;
    assert!(tokio::time::timeout(Duration::ZERO, stream.message()).await.is_err());
    assert_eq!(take(&mut stream, 1).await, ["a"]);
}

#[tokio::test]
async fn a_stream_waits_for_a_server_that_is_not_there_yet() {
    let (address, socket) = kept_port();
    let client = connect(&address, Options { plaintext: true, ..Options::default() }).unwrap();
    let mut stream = client.watch_profiles(from(Start::FromNow(true)));
    let waiting = tokio::spawn(async move { take(&mut stream, 1).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let _service = serve_on(socket.listen(16).unwrap(), |_, _| Answer::Stream(vec!["a"], None));
    assert_eq!(waiting.await.unwrap(), ["a"]);
}
