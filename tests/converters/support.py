"""The sample files, and with which options they are converted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from profile_grpc.converters import Options
from profile_grpc.domain.push_endpoints import ApnsEnvironment

NOW = datetime(2026, 11, 27, tzinfo=UTC)


@dataclass(frozen=True)
class Sample:
    """The format of a file, and what the file does not say."""

    format: str
    more: Mapping[str, str] = field(default_factory=dict)

    def options(self, *, apns_environment: str = "UNSPECIFIED", **changes: Any) -> Options:
        return Options(
            app_id="shop",
            now=NOW,
            vapid_key_id="vapid-1",
            apns_environment=ApnsEnvironment[apns_environment],
            **{**self.more, **changes},
        )


SAMPLES = {
    "pinpoint.jsonl": Sample("pinpoint"),
    "sns.json": Sample("sns", {"user_field": "CustomUserData"}),
    "azure.xml": Sample("azure-notification-hubs", {"user_field": "user:"}),
    "onesignal_api.csv": Sample("onesignal"),
    "onesignal_dashboard.csv": Sample("onesignal"),
    "parse_dashboard.json": Sample("parse"),
    "parse_mongoexport.jsonl": Sample("parse"),
    "django.json": Sample("django"),
    "django.jsonl": Sample("django"),
}
