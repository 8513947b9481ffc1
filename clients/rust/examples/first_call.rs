//! Registers a device with a local server (`profile-grpc serve --dev`) and says that it is alive.
use appprofile::v1::{HeartbeatRequest, Platform, ProfileKey, RegisterRequest};
use appprofile::{Options, connect};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = connect("127.0.0.1:50051", Options { plaintext: true, ..Options::default() })?;
    let key = ProfileKey { app_id: "demo".into(), user_id: "ann".into(), device_id: "phone-1".into() };
    let registration =
        RegisterRequest { key: Some(key.clone()), platform: Platform::Android.into(), ..RegisterRequest::default() };
    client.profiles().register(registration).await?;
    let beat = client.profiles().heartbeat(HeartbeatRequest { key: Some(key) }).await?.into_inner();
    println!("next heartbeat in {:?}", beat.next_heartbeat_after);
    Ok(())
}
