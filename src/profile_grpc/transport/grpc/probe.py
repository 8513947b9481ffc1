"""Asks a server for its health, as load balancers do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from profile_grpc.transport.grpc.health import SERVICE


@dataclass(frozen=True, slots=True)
class ProbeTls:
    """How to connect to a server with TLS: the authority of its certificate, the name in it, a client certificate."""

    ca: bytes
    server_name: str
    client_cert: bytes | None = None
    client_key: bytes | None = None


def ask(target: str, service: str, seconds: float, tls: ProbeTls | None) -> str:
    """The health of a service of the server, or of the whole server (empty): SERVING, NOT_SERVING, SERVICE_UNKNOWN.

    If there is no answer within `seconds`: the name of a status code, such as UNAVAILABLE.
    """
    options = [("grpc.enable_http_proxy", 0)]
    if tls is None:
        channel = grpc.insecure_channel(target, options)
    else:
        credentials = grpc.ssl_channel_credentials(tls.ca, tls.client_key, tls.client_cert)
        name = [("grpc.ssl_target_name_override", tls.server_name)] if tls.server_name else []
        channel = grpc.secure_channel(target, credentials, [*options, *name])
    with channel:
        check = channel.unary_unary(
            f"/{SERVICE}/Check",
            request_serializer=HealthCheckRequest.SerializeToString,
            response_deserializer=HealthCheckResponse.FromString,
        )
        try:
            answer = check(HealthCheckRequest(service=service), timeout=seconds)
        except grpc.RpcError as error:
            code = cast("grpc.Call", error).code()  # gRPC raises an object that is both
            return "SERVICE_UNKNOWN" if code is grpc.StatusCode.NOT_FOUND else str(code.name)
    return HealthCheckResponse.ServingStatus.Name(answer.status)
