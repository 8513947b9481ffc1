"""The exports of other systems as records of ImportProfiles (I4).

A converter is a function of a binary stream and knows nothing of gRPC or of the contract's generated code: its records
are dictionaries in the protobuf JSON form of the record. Another system is one more module, with its line in
`CONVERTERS`.
"""

from __future__ import annotations

from collections.abc import Mapping

from profile_grpc.converters import azure, django_push, onesignal, parse_server, pinpoint, sns
from profile_grpc.converters.outcomes import Converted, Converter, Note, Options, Outcome, Reason, Refused, Skipped

CONVERTERS: Mapping[str, Converter] = {
    "pinpoint": pinpoint.convert,
    "sns": sns.convert,
    "azure-notification-hubs": azure.convert,
    "onesignal": onesignal.convert,
    "parse": parse_server.convert,
    "django": django_push.convert,
}
"""By the name of the format on the command line."""

__all__ = ["CONVERTERS", "Converted", "Converter", "Note", "Options", "Outcome", "Reason", "Refused", "Skipped"]
