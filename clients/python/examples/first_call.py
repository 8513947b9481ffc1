"""Register one device of the app `demo` and send its heartbeat."""

import argparse

import grpc

from appprofile.v1 import profile_pb2, profile_service_pb2, profile_service_pb2_grpc


def main() -> None:
    """Call both methods and print what they answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", help="HOST:PORT of the service")
    parser.add_argument("key", nargs="?", help="a key; `serve --dev` needs none")
    given = parser.parse_args()
    metadata = (("x-api-key", given.key),) if given.key else ()

    device = profile_pb2.ProfileKey(app_id="demo", user_id="alice", device_id="phone-1")
    registration = profile_service_pb2.RegisterRequest(key=device, platform=profile_pb2.PLATFORM_ANDROID)
    with grpc.insecure_channel(given.target) as channel:
        profiles = profile_service_pb2_grpc.ProfileServiceStub(channel)
        print(profiles.Register(registration, metadata=metadata, timeout=10))
        print(profiles.Heartbeat(profile_service_pb2.HeartbeatRequest(key=device), metadata=metadata, timeout=10))


if __name__ == "__main__":
    main()
