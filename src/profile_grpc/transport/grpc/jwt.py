"""JWT authorization on the wire: keys and readiness (J)."""

from __future__ import annotations

from appprofile.v1 import app_service_pb2 as pb
from appprofile.v1 import jwt_pb2
from profile_grpc.domain.jwt import JwtAlgorithm
from profile_grpc.service.jwt.administration import NewJwtKey, ShownJwtKey
from profile_grpc.service.jwt.readiness import Impact, Readiness
from profile_grpc.service.jwt.store import JwtKeyKind
from profile_grpc.transport.grpc.times import write_date, write_instant

_KINDS = {
    "shared_secret": JwtKeyKind.SHARED_SECRET,
    "public_key_pem": JwtKeyKind.PUBLIC_KEY,
    "jwk": JwtKeyKind.PUBLIC_KEY,
    "jwks": JwtKeyKind.JWKS,
    "jwks_url": JwtKeyKind.JWKS_URL,
}


def new_key(request: pb.AddJwtKeyRequest) -> NewJwtKey:
    given = request.WhichOneof("material") or "jwks_url"
    return NewJwtKey(
        app_id=request.app_id,
        kind=_KINDS[given],
        form=given,
        material="" if given == "shared_secret" else getattr(request, given),
        secret=request.shared_secret,
        kid=request.kid,
        algorithm=JwtAlgorithm(request.algorithm) if request.algorithm else None,
    )


def key(shown: ShownJwtKey) -> jwt_pb2.JwtKey:
    """A stored key, without its secret."""
    stored = shown.stored
    message = jwt_pb2.JwtKey(
        jwt_key_id=stored.jwt_key_id,
        kind=jwt_pb2.JwtKeyKind.ValueType(stored.kind),
        jwks_url=stored.material if stored.kind is JwtKeyKind.JWKS_URL else "",
        problem=shown.problem,
    )
    for one in shown.keys:
        message.keys.add(
            kid=one.kid, algorithm=jwt_pb2.JwtAlgorithm.ValueType(one.algorithm), fingerprint=one.fingerprint
        )
    write_instant(message.create_time, stored.create_time)
    write_instant(message.fetch_time, stored.fetch_time)
    write_instant(message.failing_since_time, stored.failing_since_time)
    return message


def impact(found: Impact) -> jwt_pb2.JwtImpact:
    """How many calls REQUIRE refuses."""
    return jwt_pb2.JwtImpact(calls=found.calls, refused=found.refused, refused_share=found.refused_share)


def readiness(report: Readiness) -> pb.GetJwtReadinessResponse:
    response = pb.GetJwtReadinessResponse(
        mode=jwt_pb2.JwtMode.ValueType(report.mode), last_7_days=impact(report.last_7_days)
    )
    for day, counts in report.days.items():
        of_day = response.days.add()
        write_date(of_day.date, day)
        for found, calls in counts:
            of_day.counts.add(
                outcome=jwt_pb2.JwtOutcome.ValueType(found.outcome), sdk_version=found.sdk_version, calls=calls
            )
    return response
