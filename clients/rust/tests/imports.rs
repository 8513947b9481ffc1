//! Imports that go on by themselves (I2): what is sent again, after which failures, and how they end.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use appprofile::tonic::codegen::tokio_stream::{self, Stream};
use appprofile::tonic::{Code, Status};
use appprofile::v1::{ImportProfilesRequest, ImportProfilesResponse, ProfileRecord};
use appprofile::{Client, Options, ResumingImport, StreamError, connect};
use support::{Answer, Service, serve};
use tonic_types::{ErrorDetails, StatusExt as _};

fn refusal(code: Code, reason: &str) -> Status {
    let mut details = ErrorDetails::new();
    details.set_error_info(reason, "appprofile", [("rule".to_owned(), "I2".to_owned())]);
    Status::with_error_details(code, "no", details)
}

fn aged() -> Status {
    refusal(Code::Unavailable, "STREAM_AGED")
}

/// A service whose imports answer with the scripts, one for each stream, and then acknowledge all.
async fn importing(scripts: Vec<Answer>) -> (Client, Service) {
    let scripts = Mutex::new(scripts);
    let service = serve(move |headers, _| {
        assert_eq!(headers["x-api-key"], "k");
        assert!(!headers.contains_key("grpc-timeout"), "a stream has no default deadline");
        let mut left = scripts.lock().unwrap();
        if left.is_empty() { Answer::Import(None, None) } else { left.remove(0) }
    })
    .await;
    let options = Options { key: Some("k".into()), plaintext: true, ..Options::default() };
    (connect(&service.target, options).unwrap(), service)
}

/// Requests with so many records each.
fn parts(counts: &[usize]) -> impl Stream<Item = ImportProfilesRequest> + Send + use<> {
    let requests: Vec<_> = counts
        .iter()
        .map(|&count| ImportProfilesRequest {
            app_id: "shop".into(),
            import_id: "move".into(),
            records: vec![ProfileRecord::default(); count],
            ..Default::default()
        })
        .collect();
    tokio_stream::iter(requests)
}

type Import = ResumingImport<ImportProfilesRequest, ImportProfilesResponse>;

async fn acknowledged(responses: &mut Import) -> Vec<i64> {
    let mut numbers = Vec::new();
    while let Some(response) = responses.message().await.unwrap() {
        numbers.push(response.acknowledged);
    }
    numbers
}

/// The import, and the messages of its interruptions.
fn logged(responses: Import) -> (Import, Arc<Mutex<Vec<String>>>) {
    let messages = Arc::new(Mutex::new(Vec::new()));
    let log = messages.clone();
    (responses.on_interruption(move |error| log.lock().unwrap().push(error.message.clone())), messages)
}

#[tokio::test]
async fn an_import_goes_on_after_the_last_acknowledged_record() {
    let (client, service) =
        importing(vec![Answer::Import(Some(1), Some(aged())), Answer::Break, Answer::Import(Some(1), Some(aged()))])
            .await;
    let (mut responses, interruptions) = logged(client.import_profiles(parts(&[2, 3, 1])));
    assert_eq!(acknowledged(&mut responses).await, [2, 5, 6]);
    assert_eq!(*service.imported.lock().unwrap(), [1, 3, 6]);
    assert_eq!(interruptions.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn an_import_of_many_requests_keeps_their_order() {
    let (client, _service) =
        importing(vec![Answer::Import(Some(5), Some(aged())), Answer::Import(Some(20), Some(aged()))]).await;
    let mut responses = client.import_profiles(parts(&[1; 50]));
    assert_eq!(acknowledged(&mut responses).await, (1..=50).collect::<Vec<i64>>());
}

#[tokio::test]
async fn an_import_without_requests_ends() {
    let (client, _service) = importing(vec![]).await;
    let mut responses = client.import_profiles(parts(&[]));
    assert!(responses.message().await.unwrap().is_none());
    assert!(responses.message().await.unwrap().is_none());
}

#[tokio::test]
async fn an_import_whose_stream_ends_early_is_opened_again() {
    let (client, _service) = importing(vec![Answer::Import(Some(1), Some(Status::ok("")))]).await;
    let (mut responses, interruptions) = logged(client.import_profiles(parts(&[1, 1])));
    assert_eq!(acknowledged(&mut responses).await, [1, 2]);
    assert_eq!(*interruptions.lock().unwrap(), ["the stream ended early"]);
}

#[tokio::test]
async fn a_silent_import_is_opened_again() {
    let (client, _service) = importing(vec![Answer::Import(Some(1), None)]).await;
    let (responses, interruptions) = logged(client.import_profiles(parts(&[1, 1])));
    assert_eq!(acknowledged(&mut responses.idle(Duration::from_millis(300))).await, [1, 2]);
    let mut messages = interruptions.lock().unwrap().clone();
    messages.dedup(); // several of them, where the machine is slow
    assert_eq!(messages, ["nothing came for 0.3 seconds"]);
}

#[tokio::test]
async fn an_import_that_waits_for_its_caller_is_not_taken_for_lost() {
    let (client, _service) = importing(vec![]).await;
    let open = Arc::new(AtomicUsize::new(0)); // given, and not answered yet
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    let given = open.clone();
    tokio::spawn(async move {
        for _ in 0..2 {
            given.fetch_add(1, Ordering::SeqCst);
            let records = vec![ProfileRecord::default()];
            sender.send(ImportProfilesRequest { records, ..Default::default() }).unwrap();
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                if given.load(Ordering::SeqCst) == 0 {
                    break;
                }
            }
        }
        given.fetch_add(1, Ordering::SeqCst); // the end, which is answered too
    });
    let requests = tokio_stream::wrappers::UnboundedReceiverStream::new(receiver);
    let mistaken = Arc::new(AtomicUsize::new(0));
    let (waiting, counted) = (open.clone(), mistaken.clone());
    let mut responses = client.import_profiles(requests).idle(Duration::from_millis(400)).on_interruption(move |_| {
        if waiting.load(Ordering::SeqCst) == 0 {
            counted.fetch_add(1, Ordering::SeqCst); // otherwise a response is late, where the machine is slow
        }
    });
    for number in [1, 2] {
        assert_eq!(responses.message().await.unwrap().unwrap().acknowledged, number);
        open.fetch_sub(1, Ordering::SeqCst);
    }
    assert!(responses.message().await.unwrap().is_none());
    assert_eq!(mistaken.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_refused_import_fails() {
    let refused = refusal(Code::PermissionDenied, "METHOD_NOT_ALLOWED");
    let (client, service) = importing(vec![Answer::Import(Some(0), Some(refused))]).await;
    let mut responses = client.import_profiles(parts(&[1, 1]));
    match responses.message().await {
        Err(StreamError::Failed(error)) => assert_eq!(error.reason, "METHOD_NOT_ALLOWED"),
        other => panic!("got {other:?}"),
    }
    assert!(responses.message().await.unwrap().is_none());
    assert_eq!(service.calls(), 1);
}

#[tokio::test]
async fn a_wait_that_is_given_up_loses_no_response() {
    let (client, _service) = importing(vec![]).await;
    let mut responses = client.import_profiles(parts(&[1, 1]));
    assert!(tokio::time::timeout(Duration::ZERO, responses.message()).await.is_err());
    assert_eq!(acknowledged(&mut responses).await, [1, 2]);
}
