//! Messages in protobuf's JSON form, which prost leaves to reflection.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use appprofile::BoxError;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, SerializeOptions};
use serde_json::Value;

const PROTOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../protos");
const FILES: [&str; 7] = [
    "appprofile/v1/profile_service.proto",
    "appprofile/v1/app_service.proto",
    "appprofile/v1/customer_service.proto",
    "appprofile/v1/usage_service.proto",
    "appprofile/v1/webhook_service.proto",
    "appprofile/v1/credential_service.proto",
    // The types of error details, so that protobuf's JSON form can show those of batch items.
    "google/rpc/error_details.proto",
];

/// The API, by reflection.
pub struct Proto(DescriptorPool);

impl Proto {
    pub fn load() -> Result<Self, BoxError> {
        let files = protox::compile(FILES, [PROTOS, &format!("{PROTOS}/third_party")])?;
        Ok(Self(DescriptorPool::from_file_descriptor_set(files)?))
    }

    /// The encoded request of a method, `Service/Method`.
    pub fn request(&self, method: &str, json: &Value) -> Result<Vec<u8>, BoxError> {
        Ok(DynamicMessage::deserialize(self.method(method)?.input(), json)?.encode_to_vec())
    }

    /// The JSON form of a method's encoded response, with the proto's names.
    pub fn response(&self, method: &str, encoded: &[u8]) -> Result<Value, BoxError> {
        let options = SerializeOptions::new().use_proto_field_name(true);
        let message = DynamicMessage::decode(self.method(method)?.output(), encoded)?;
        Ok(message.serialize_with_options(serde_json::value::Serializer, &options)?)
    }

    fn method(&self, method: &str) -> Result<MethodDescriptor, BoxError> {
        let (service, name) = method.split_once('/').ok_or("a method has no service")?;
        let service = self.0.get_service_by_name(&format!("appprofile.v1.{service}")).ok_or("no such service")?;
        service.methods().find(|each| each.name() == name).ok_or_else(|| "no such method".into())
    }
}

/// The value at the path, or null.
pub fn find(body: &Value, path: &str) -> Value {
    let found = path.split('.').try_fold(body, |value, name| match value {
        Value::Array(places) => places.get(name.parse::<usize>().ok()?),
        _ => value.get(name),
    });
    found.cloned().unwrap_or_default()
}

/// The text with its `${name}`s filled in.
pub fn fill(text: &str, values: &HashMap<String, String>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, (name, after))) =
        rest.split_once("${").and_then(|(before, tail)| Some((before, tail.split_once('}')?)))
    {
        filled.push_str(before);
        filled.push_str(&built_in(name).or_else(|| values.get(name).cloned()).unwrap_or_default());
        rest = after;
    }
    filled + rest
}

fn built_in(name: &str) -> Option<String> {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let millis = Duration::from_millis(u64::try_from(since_epoch.as_millis()).ok()?);
    let now = prost_types::Timestamp::from(SystemTime::UNIX_EPOCH + millis).to_string();
    let number = |digits: &str| digits.trim_start_matches('0').to_owned();
    Some(match name {
        "year" => number(&now[..4]),
        "month" => number(&now[5..7]),
        "day" => number(&now[8..10]),
        "now" => now,
        _ => return None,
    })
}
