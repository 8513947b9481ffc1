//! Registers a device with a local server (`./scripts/serve`) and sends a heartbeat.
use appprofile::v1::{HeartbeatRequest, Platform, ProfileKey, RegisterRequest};
use appprofile::{ApiError, Options, connect};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = connect("127.0.0.1:50051", Options { plaintext: true, ..Options::default() })?;
    let key = ProfileKey { app_id: "demo".into(), user_id: "ann".into(), device_id: "tablet-1".into() };
    let registration = RegisterRequest {
        key: Some(key.clone()),
        platform: Platform::Android.into(),
        // The installation numbers these calls and stores the number. A call that arrives late then changes nothing.
        sequence: Some(1),
        ..RegisterRequest::default()
    };
    client.profiles().register(registration).await.map_err(ApiError::from)?;
    let request = HeartbeatRequest { key: Some(key) };
    let beat = client.profiles().heartbeat(request).await.map_err(ApiError::from)?.into_inner();
    println!("next heartbeat in {} seconds", beat.next_heartbeat_after.unwrap_or_default().seconds);
    Ok(())
}
