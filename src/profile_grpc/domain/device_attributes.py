"""The catalogue of monitored device attributes, of both SDK generations (U4).

Up to SDK 2.11 and from 2.12; an attribute's key is its name there in snake_case.
"""

from __future__ import annotations

from collections.abc import Mapping

from profile_grpc.domain.model import Platform

_BOTH = {
    "bluetooth_support",
    "battery_level",
    "connect_type",
    "device_ip",
    "foreground_app",
    "geofence",
    "internal_storage",
    "language",
    "location",
    "mcc",
    "mnc",
    "ram",
    "resolution",
    "roaming",
    "telco",
    "time_spent",
    "time_zone",
    "user_agent",
}
CATALOGUE: Mapping[Platform, frozenset[str]] = {
    Platform.IOS: frozenset(_BOTH),
    Platform.ANDROID: frozenset(
        _BOTH
        | {
            "cell_id",
            "email_id",
            "external_storage",
            "foreground",
            "idle_screen",
            "imei",
            "imsi",
            "list_account",
            "nfc_support",
            "phone_mode",
            "serial_number",
            "signal_strength",
            "wifi_mac_address",
        }
    ),
}


def known(platform: Platform, attribute: str) -> bool:
    """Whether the catalogue has the attribute on the platform."""
    return attribute in CATALOGUE.get(platform, ())
