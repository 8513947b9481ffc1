"""The secrets that webhooks are signed with: made here, stored encrypted, opened to sign (E6)."""

from __future__ import annotations

import secrets
from base64 import b64encode
from functools import cached_property
from typing import TYPE_CHECKING

from profile_grpc.domain.hashing import Hasher
from profile_grpc.domain.webhooks import Secret, Webhook

if TYPE_CHECKING:
    from profile_grpc.sealing import SecretBox

_PREFIX = "whsec_"
_BYTES = 32


class WebhookSecrets:
    """Encrypts each secret for its webhook, under a key derived from the hash key."""

    def __init__(self, hasher: Hasher) -> None:
        self._hasher = hasher

    @cached_property
    def _box(self) -> SecretBox:
        # Imported here: most commands encrypt nothing, and the library takes a while.
        from profile_grpc.sealing import SecretBox  # noqa: PLC0415

        return SecretBox(self._hasher.derived_key("webhook-secret"))

    def make(self, tenant_id: str, webhook_id: str) -> tuple[str, str]:
        """A new secret, as its owner gets it this once, and as it is stored."""
        text = _PREFIX + b64encode(secrets.token_bytes(_BYTES)).decode()
        return text, self._box.seal(text, _row(tenant_id, webhook_id))

    def open(self, webhook: Webhook, secret: Secret) -> str:
        """A secret of the webhook, as its owner has it.

        Raises:
            CannotOpen: it was changed in the database, or encrypted under another hash key.
        """
        return self._box.open(secret.sealed, _row(webhook.tenant_id, webhook.webhook_id))


def _row(tenant_id: str, webhook_id: str) -> str:
    return f"webhook/{tenant_id}/{webhook_id}"
