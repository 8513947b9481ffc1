//! What the layer adds to the stubs.

mod support;

use std::collections::HashMap;
use std::error::Error as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use appprofile::tonic::{Code, Request, Status};
use appprofile::v1::HeartbeatRequest;
use appprofile::{ApiError, Client, Jwt, Options, Violation, connect};
use prost::Message as _;
use support::{Answer, kept_port, serve, serve_on};
use tonic_types::{ErrorDetails, StatusExt as _};

fn client(target: &str, options: Options) -> Client {
    connect(target, Options { plaintext: true, ..options }).unwrap()
}

async fn beat(client: &Client) -> Result<(), ApiError> {
    client.profiles().heartbeat(HeartbeatRequest::default()).await?;
    Ok(())
}

#[tokio::test]
async fn credentials_and_deadline_travel_with_each_call() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let service = serve(move |headers, _| {
        let text = |name: &str| headers[name].to_str().unwrap().to_owned();
        let timeout: u64 = text("grpc-timeout").trim_end_matches('m').parse().unwrap();
        log.lock().unwrap().push((text("x-api-key"), text("authorization"), (timeout + 30_000) / 60_000));
        Answer::Ok
    })
    .await;
    let asked = Arc::new(AtomicUsize::new(0));
    let jwt = Jwt::new(move || {
        let number = asked.fetch_add(1, Ordering::SeqCst);
        async move { Ok(format!("token-{number}")) }
    });
    let options =
        Options { key: Some("k".into()), jwt: Some(jwt), deadline: Duration::from_secs(3600), ..Options::default() };
    let client = client(&service.target, options);
    beat(&client).await.unwrap();
    let mut request = Request::new(HeartbeatRequest::default());
    request.set_timeout(Duration::from_secs(1800));
    client.profiles().heartbeat(request).await.unwrap();
    let expected = [("k", "Bearer token-0", 60), ("k", "Bearer token-1", 30)];
    assert_eq!(*seen.lock().unwrap(), expected.map(|(key, jwt, minutes)| (key.to_owned(), jwt.to_owned(), minutes)));
}

#[tokio::test]
async fn a_failing_token_supplier_fails_the_call_and_nothing_is_sent() {
    let service = serve(|_, _| Answer::Ok).await;
    let jwt = Jwt::new(|| async { Err("no token".into()) });
    let error = beat(&client(&service.target, Options { jwt: Some(jwt), ..Options::default() })).await.unwrap_err();
    assert_eq!(error.message, "no token");
    assert_eq!(error.status().unwrap().source().unwrap().to_string(), "no token");
    assert_eq!(service.calls(), 0);
}

#[tokio::test]
async fn a_call_ends_at_its_deadline() {
    let service = serve(|_, _| Answer::Hang).await;
    let mut request = Request::new(HeartbeatRequest::default());
    request.set_timeout(Duration::from_millis(50));
    let patient = Options { deadline: Duration::from_secs(24 * 3600), ..Options::default() };
    let status = client(&service.target, patient).profiles().heartbeat(request).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn errors_are_decoded() {
    let mut details = ErrorDetails::new();
    details
        .set_error_info("INVALID_REQUEST", "appprofile", HashMap::from([("fields".to_owned(), "key".to_owned())]))
        .add_bad_request_violation("key", "required")
        .set_retry_info(Some(Duration::from_millis(3500)));
    let status = Status::with_error_details(Code::InvalidArgument, "bad", details);
    let service = serve(move |_, _| Answer::Refuse(status.clone())).await;
    let error = beat(&client(&service.target, Options::default())).await.unwrap_err();
    assert_eq!(error.to_string(), "InvalidArgument INVALID_REQUEST bad");
    assert_eq!(error.source().unwrap().downcast_ref::<Status>().unwrap().message(), "bad");

    // The wire has the details as a google.rpc.Status, which is what a batch item holds.
    let item = tonic_types::Status::decode(error.status().unwrap().details()).unwrap();
    for error in [error, ApiError::from(item)] {
        assert_eq!(
            (error.code, error.reason.as_str(), error.message.as_str()),
            (Code::InvalidArgument, "INVALID_REQUEST", "bad")
        );
        assert_eq!(error.metadata["fields"], "key");
        assert_eq!(error.violations, [Violation { field: "key".into(), description: "required".into() }]);
        assert_eq!(error.retry_delay, Some(Duration::from_millis(3500)));
    }
}

#[tokio::test]
async fn unavailable_is_tried_again_and_nothing_else() {
    let service =
        serve(|_, call| Answer::Refuse(if call == 1 { Status::unavailable("") } else { Status::aborted("") })).await;
    let error = beat(&client(&service.target, Options::default())).await.unwrap_err();
    assert_eq!((error.code, service.calls()), (Code::Aborted, 2));
}

#[tokio::test]
async fn a_connection_that_breaks_is_tried_again() {
    let service = serve(|_, call| if call == 1 { Answer::Break } else { Answer::Ok }).await;
    beat(&client(&service.target, Options::default())).await.unwrap();
    assert_eq!(service.calls(), 2);
}

#[tokio::test]
async fn a_call_waits_for_a_server_that_is_not_there_yet() {
    let (address, socket) = kept_port();
    let later = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        serve_on(socket.listen(16).unwrap(), |_, _| Answer::Ok)
    };
    let client = client(&address, Options { deadline: Duration::from_secs(300), ..Options::default() });
    let (outcome, service) = tokio::join!(beat(&client), later);
    outcome.unwrap();
    assert_eq!(service.calls(), 1);
}

#[tokio::test]
async fn what_could_not_be_reached_is_told_at_the_deadline() {
    let options = Options { deadline: Duration::from_secs(1), ..Options::default() };
    let error = beat(&client("127.0.0.1:1", options)).await.unwrap_err();
    assert_eq!((error.code, error.reason.as_str()), (Code::DeadlineExceeded, ""));
    assert!(error.message.contains("refused"), "{}", error.message);
}

#[tokio::test]
async fn options_that_contradict_each_other_are_refused() {
    let pem = || Some(b"x".to_vec());
    for options in [
        Options { plaintext: true, ca: pem(), ..Options::default() },
        Options { certificate: pem(), ..Options::default() },
        Options { ca: pem(), ..Options::default() },
        Options { deadline: Duration::ZERO, ..Options::default() },
        Options { key: Some("\n".into()), ..Options::default() },
    ] {
        connect("localhost:1", options).unwrap_err();
    }
    connect("localhost:1/path", Options::default()).unwrap_err();
    for target in ["http://localhost:50051", "https://profiles.example.com", "HTTP://localhost:1"] {
        let refused = connect(target, Options::default()).unwrap_err();
        assert!(refused.to_string().contains("target must be host:port, without http:// or https://"), "{refused}");
    }
}

#[tokio::test]
async fn nothing_printed_shows_a_secret() {
    let jwt = Jwt::new(|| async { Ok("very-secret".to_owned()) });
    let options = Options { key: Some("very-secret".into()), jwt: Some(jwt), plaintext: true, ..Options::default() };
    let printed = format!("{options:?} {:?}", connect("localhost:1", options.clone()).unwrap().profiles());
    assert!(!printed.contains("very-secret"), "{printed}");
}
