"""Registers a device with a local server (./scripts/serve) and sends a heartbeat."""

import sys

import appprofile
from appprofile.v1.profile_pb2 import PLATFORM_ANDROID, ProfileKey
from appprofile.v1.profile_service_pb2 import HeartbeatRequest, RegisterRequest

target = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051"
key = ProfileKey(app_id="demo", user_id="ann", device_id="tablet-1")
with appprofile.connect(target, plaintext=True) as client:
    try:
        # The installation numbers these calls and stores the number. A call that arrives late then changes nothing.
        client.profiles.Register(RegisterRequest(key=key, platform=PLATFORM_ANDROID, sequence=1))
        beat = client.profiles.Heartbeat(HeartbeatRequest(key=key))
    except appprofile.ApiError as error:
        sys.exit(f"refused: {error}")
print("next heartbeat in", beat.next_heartbeat_after.ToTimedelta())
