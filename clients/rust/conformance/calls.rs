//! The stubs by name: Rust has no reflection.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use appprofile::tonic::codegen::tokio_stream;
use appprofile::tonic::{Request, Status};
use appprofile::{BoxError, Client, ImportRequest, ResumingImport, ResumingStream, StreamError};
use prost::Message as _;

macro_rules! calls {
    ($client:ident, $method:ident, $encoded:ident, $deadline:ident: $($name:literal => $stub:ident.$call:ident,)*) => {
        match $method {
            $($name => {
                let message = prost::Message::decode($encoded).map_err(|error| Status::internal(error.to_string()))?;
                let mut request = Request::new(message);
                if let Some(deadline) = $deadline {
                    request.set_timeout(deadline);
                }
                Ok($client.$stub().$call(request).await?.into_inner().encode_to_vec())
            })*
            _ => Err(Status::unimplemented($method)),
        }
    };
}

/// Calls `Service/Method` with the encoded request. The encoded response.
pub async fn call(
    client: &Client,
    method: &str,
    encoded: &[u8],
    deadline: Option<Duration>,
) -> Result<Vec<u8>, Status> {
    calls! { client, method, encoded, deadline:
        "ProfileService/Register" => profiles.register,
        "ProfileService/Heartbeat" => profiles.heartbeat,
        "ProfileService/BatchHeartbeat" => profiles.batch_heartbeat,
        "ProfileService/UpdateProfileData" => profiles.update_profile_data,
        "ProfileService/Unregister" => profiles.unregister,
        "ProfileService/DeleteDeviceProfile" => profiles.delete_device_profile,
        "ProfileService/ReportPushFeedback" => profiles.report_push_feedback,
        "ProfileService/RemoveAccount" => profiles.remove_account,
        "ProfileService/GetProfile" => profiles.get_profile,
        "ProfileService/ListProfiles" => profiles.list_profiles,
        "ProfileService/CountRecipients" => profiles.count_recipients,
        "ProfileService/ExplainReach" => profiles.explain_reach,
        "ProfileService/EraseUser" => profiles.erase_user,
        "AppService/CreateApp" => apps.create_app,
        "AppService/GetApp" => apps.get_app,
        "AppService/UpdateApp" => apps.update_app,
        "AppService/ListApps" => apps.list_apps,
        "AppService/DeleteApp" => apps.delete_app,
        "AppService/CreateKey" => apps.create_key,
        "AppService/ListKeys" => apps.list_keys,
        "AppService/RevokeKey" => apps.revoke_key,
        "AppService/AddJwtKey" => apps.add_jwt_key,
        "AppService/ListJwtKeys" => apps.list_jwt_keys,
        "AppService/RemoveJwtKey" => apps.remove_jwt_key,
        "AppService/GetJwtReadiness" => apps.get_jwt_readiness,
        "AppService/GetSdkConfig" => apps.get_sdk_config,
        "UsageService/GetMadUsage" => usage.get_mad_usage,
        "WebhookService/CreateWebhook" => webhooks.create_webhook,
        "WebhookService/GetWebhook" => webhooks.get_webhook,
        "WebhookService/UpdateWebhook" => webhooks.update_webhook,
        "WebhookService/ListWebhooks" => webhooks.list_webhooks,
        "WebhookService/DeleteWebhook" => webhooks.delete_webhook,
        "WebhookService/RotateWebhookSecret" => webhooks.rotate_webhook_secret,
        "WebhookService/ReplayWebhook" => webhooks.replay_webhook,
        "WebhookService/ListWebhookDeliveries" => webhooks.list_webhook_deliveries,
        "CustomerService/CreateCustomer" => customers.create_customer,
        "CustomerService/GetCustomer" => customers.get_customer,
        "CustomerService/UpdateCustomer" => customers.update_customer,
        "CustomerService/DeleteCustomer" => customers.delete_customer,
        "CustomerService/ListCustomers" => customers.list_customers,
        "CustomerService/MergeCustomers" => customers.merge_customers,
        "CustomerService/EraseCustomer" => customers.erase_customer,
        "CustomerService/ExportPerson" => customers.export_person,
        "CustomerService/GetCustomerSchema" => customers.get_customer_schema,
        "CustomerService/UpdateCustomerSchema" => customers.update_customer_schema,
        "CredentialService/UploadCredential" => credentials.upload_credential,
        "CredentialService/GetCredential" => credentials.get_credential,
        "CredentialService/ListCredentials" => credentials.list_credentials,
        "CredentialService/DeleteCredential" => credentials.delete_credential,
        "CredentialService/CreateVapidKey" => credentials.create_vapid_key,
    }
}

/// Imports the encoded requests with `Service/Method`. The encoded responses.
pub async fn exchange(client: &Client, method: &str, encoded: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, BoxError> {
    match method {
        "ProfileService/ImportProfiles" => collect(client.import_profiles(requests(encoded)?)).await,
        "CustomerService/ImportCustomers" => collect(client.import_customers(requests(encoded)?)).await,
        _ => Err(format!("{method} takes no stream of requests").into()),
    }
}

fn requests<Q: prost::Message + Default>(
    encoded: &[Vec<u8>],
) -> Result<tokio_stream::Iter<std::vec::IntoIter<Q>>, BoxError> {
    let decoded: Result<Vec<Q>, _> = encoded.iter().map(|each| Q::decode(each.as_slice())).collect();
    Ok(tokio_stream::iter(decoded?))
}

async fn collect<Q: ImportRequest, M: prost::Message>(
    mut responses: ResumingImport<Q, M>,
) -> Result<Vec<Vec<u8>>, BoxError> {
    let mut encoded = Vec::new();
    while let Some(response) = responses.message().await? {
        encoded.push(response.encode_to_vec());
    }
    Ok(encoded)
}

type NextMessage<'a> = Pin<Box<dyn Future<Output = Result<Option<Vec<u8>>, StreamError>> + 'a>>;

/// A server stream, whatever its messages are.
pub trait Stream {
    /// The next message, encoded.
    fn message(&mut self) -> NextMessage<'_>;
}

impl<M: prost::Message> Stream for ResumingStream<M> {
    fn message(&mut self) -> NextMessage<'_> {
        Box::pin(async { Ok(self.message().await?.map(|message| message.encode_to_vec())) })
    }
}

/// Opens the stream of `Service/Method`.
pub fn open(client: &Client, method: &str, encoded: &[u8]) -> Result<Box<dyn Stream>, BoxError> {
    match method {
        "ProfileService/WatchProfiles" => Ok(Box::new(client.watch_profiles(prost::Message::decode(encoded)?))),
        "ProfileService/ResolveRecipients" => Ok(Box::new(client.resolve_recipients(prost::Message::decode(encoded)?))),
        "ProfileService/ExportProfiles" => Ok(Box::new(client.export_profiles(prost::Message::decode(encoded)?))),
        "CustomerService/ExportCustomers" => Ok(Box::new(client.export_customers(prost::Message::decode(encoded)?))),
        _ => Err(format!("{method} is no stream").into()),
    }
}
