use std::fmt;

use tonic::codegen::tokio_stream::Stream;

use crate::connection::{self, Trouble};
use crate::imports::ResumingImport;
use crate::options::{InvalidOptions, Options};
use crate::reliable::{Reliable, Shared, secret};
use crate::streams::ResumingStream;
use crate::v1::app_service_client::AppServiceClient;
use crate::v1::credential_service_client::CredentialServiceClient;
use crate::v1::customer_service_client::CustomerServiceClient;
use crate::v1::profile_service_client::ProfileServiceClient;
use crate::v1::usage_service_client::UsageServiceClient;
use crate::v1::webhook_service_client::WebhookServiceClient;
use crate::v1::{
    ExportCustomersRequest, ExportCustomersResponse, ExportProfilesRequest, ExportProfilesResponse,
    ImportCustomersRequest, ImportCustomersResponse, ImportProfilesRequest, ImportProfilesResponse,
    ResolveRecipientsRequest, ResolveRecipientsResponse, WatchProfilesRequest, WatchProfilesResponse,
};

/// A full page of profiles may exceed tonic's default of 4 MiB.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// One connection, for any number of tasks: clone it, or share a reference. It ends when the last clone is dropped.
///
/// Calls are those of the generated stubs, with credentials, a deadline and retries.
#[derive(Clone)]
pub struct Client {
    transport: Reliable,
}

impl Client {
    /// The calls of `ProfileService`.
    #[must_use]
    pub fn profiles(&self) -> ProfileServiceClient<Reliable> {
        ProfileServiceClient::new(self.transport.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// The calls of `AppService`.
    #[must_use]
    pub fn apps(&self) -> AppServiceClient<Reliable> {
        AppServiceClient::new(self.transport.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// The calls of `UsageService`.
    #[must_use]
    pub fn usage(&self) -> UsageServiceClient<Reliable> {
        UsageServiceClient::new(self.transport.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// The calls of `WebhookService`.
    #[must_use]
    pub fn webhooks(&self) -> WebhookServiceClient<Reliable> {
        WebhookServiceClient::new(self.transport.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// The calls of `CustomerService`.
    #[must_use]
    pub fn customers(&self) -> CustomerServiceClient<Reliable> {
        CustomerServiceClient::new(self.transport.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// The calls of `CredentialService`.
    #[must_use]
    pub fn credentials(&self) -> CredentialServiceClient<Reliable> {
        CredentialServiceClient::new(self.transport.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// The events of profiles, without end.
    ///
    /// After an interruption the stream goes on after the last message: nothing is missed, and nothing comes twice.
    /// Store the `resume_token` of each message with what its events led to; a message without events is a checkpoint.
    #[must_use]
    pub fn watch_profiles(&self, request: WatchProfilesRequest) -> ResumingStream<WatchProfilesResponse> {
        let client = self.clone();
        ResumingStream::new(request, move |request| {
            let client = client.clone();
            Box::pin(async move { Ok(client.profiles().watch_profiles(request).await?.into_inner()) })
        })
    }

    /// Whom a message can reach, each profile once; then the ids that reach nobody.
    ///
    /// After an interruption the stream goes on after the last message. It ends when everything was sent.
    #[must_use]
    pub fn resolve_recipients(&self, request: ResolveRecipientsRequest) -> ResumingStream<ResolveRecipientsResponse> {
        let client = self.clone();
        ResumingStream::new(request, move |request| {
            let client = client.clone();
            Box::pin(async move { Ok(client.profiles().resolve_recipients(request).await?.into_inner()) })
        })
    }

    /// Every profile of an app, each once, in order of user and device; otherwise as `resolve_recipients`.
    #[must_use]
    pub fn export_profiles(&self, request: ExportProfilesRequest) -> ResumingStream<ExportProfilesResponse> {
        let client = self.clone();
        ResumingStream::new(request, move |request| {
            let client = client.clone();
            Box::pin(async move { Ok(client.profiles().export_profiles(request).await?.into_inner()) })
        })
    }

    /// Every customer of the tenant, each once, ordered by id; otherwise as `resolve_recipients`.
    #[must_use]
    pub fn export_customers(&self, request: ExportCustomersRequest) -> ResumingStream<ExportCustomersResponse> {
        let client = self.clone();
        ResumingStream::new(request, move |request| {
            let client = client.clone();
            Box::pin(async move { Ok(client.customers().export_customers(request).await?.into_inner()) })
        })
    }

    /// Imports profiles; the responses, one for each request, in order.
    ///
    /// Requests are parts of one import, each of up to 1000 records; give all the same `import_id`. They are read one
    /// after the other, up to 8 ahead of their responses. Records without a number are numbered from 1.
    ///
    /// After an interruption the requests without a response are sent again; a part that is repeated changes nothing. It
    /// ends when every request has its response.
    #[must_use]
    pub fn import_profiles(
        &self,
        requests: impl Stream<Item = ImportProfilesRequest> + Send + 'static,
    ) -> ResumingImport<ImportProfilesRequest, ImportProfilesResponse> {
        let client = self.clone();
        ResumingImport::new(requests, move |sent| {
            let client = client.clone();
            Box::pin(async move { Ok(client.profiles().import_profiles(sent).await?.into_inner()) })
        })
    }

    /// Imports customers, as `import_profiles`.
    #[must_use]
    pub fn import_customers(
        &self,
        requests: impl Stream<Item = ImportCustomersRequest> + Send + 'static,
    ) -> ResumingImport<ImportCustomersRequest, ImportCustomersResponse> {
        let client = self.clone();
        ResumingImport::new(requests, move |sent| {
            let client = client.clone();
            Box::pin(async move { Ok(client.customers().import_customers(sent).await?.into_inner()) })
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

/// A client of the service at `target` (`host:port`). Nothing is sent yet.
///
/// # Errors
/// The options contradict each other or hold unusable PEM, or `target` is not `host:port`.
///
/// # Panics
/// Outside of a Tokio runtime.
pub fn connect(target: &str, options: Options) -> Result<Client, InvalidOptions> {
    let endpoint = options.endpoint(target)?;
    let key = match options.key {
        Some(key) => Some(secret(&key).ok_or_else(|| InvalidOptions("key has characters that no key has".into()))?),
        None => None,
    };
    let trouble = Trouble::default();
    let channel = connection::open(&endpoint, trouble.clone());
    let shared = Shared { key, jwt: options.jwt, deadline: options.deadline, trouble };
    Ok(Client { transport: Reliable::new(channel, shared) })
}
