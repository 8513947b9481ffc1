"""What `serve --dev` sets up for a first call: a demo tenant, an app, and a key of each kind.

The keys are kept in a file next to the database that only its owner can read, so that clients under development keep
working after a restart. This exposes nothing new: a development server listens on loopback only and accepts calls
without a key, and the hash key is stored next to it with the same permissions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from profile_grpc import config
from profile_grpc.bootstrap.composition import Application
from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.settings import AppSettings
from profile_grpc.service.credentials import APP_KINDS, Caller, NewKey
from profile_grpc.service.directory_ports import KeyKind, Tenant

TENANT = "demo"
APP = "demo"
ANONYMOUS = Caller(KeyKind.ADMIN, TENANT)
"""The caller of calls without a key."""


async def prepare(admin: Application, url: str) -> Mapping[KeyKind, str]:
    """Creates what is missing, and returns a working key of each kind.

    Raises:
        ConfigError: the file of the keys cannot be written.
    """
    if await admin.store.directory.tenant(TENANT) is None:
        await admin.store.directory.add_tenant(Tenant(TENANT, admin.clock.now()))
    try:
        await admin.apps.create(APP, TENANT, "Demo", AppSettings())
    except Refused as refused:
        if refused.reason is not Reason.APP_ALREADY_EXISTS:
            raise
    kept = _read(url)
    keys = {}
    for kind in KeyKind:
        app_id = APP if kind in APP_KINDS else ""
        secret = kept.get(kind.name, "")
        if not await _works(admin, secret, Caller(kind, TENANT, app_id)):
            _, secret = await admin.apps.create_key(NewKey(kind, TENANT, app_id))
        keys[kind] = secret
    content = {kind.name: secret for kind, secret in keys.items()}
    if content != kept:
        config.keep_private(config.dev_file(url, "demo-keys"), json.dumps(content, indent=2) + "\n", replace=True)
    return keys


async def _works(admin: Application, secret: str, expected: Caller) -> bool:
    """Whether the key is valid and of this kind: it may be revoked, or belong to another database."""
    try:
        return bool(secret) and await admin.directory.authenticate(secret) == expected
    except Refused:
        return False


def _read(url: str) -> dict[str, str]:
    try:
        kept = json.loads(config.dev_file(url, "demo-keys").read_text())
    except (OSError, ValueError):
        return {}
    return {str(name): str(secret) for name, secret in kept.items()} if isinstance(kept, dict) else {}
