"""The device on which each account was last registered, if the device is identified only by its push token (X5)."""

from __future__ import annotations

import msgspec

from appprofile.v1 import profile_pb2
from appprofile.v1 import profile_service_pb2 as pb
from profile_grpc.bridge.service_client import Credential, ServiceClient
from profile_grpc.bridge.spool.records import KnownDevice
from profile_grpc.bridge.spool.spool import Spool
from profile_grpc.sealing import CannotOpen

_DAY = 86_400 * 1_000_000


class DerivedDevices:
    """Signs an account out of its earlier device when a phone reports it with a new token.

    The spool stores the device and the encrypted tokens of the account's last registration, under a keyed hash of the
    account.
    """

    def __init__(self, spool: Spool, service: ServiceClient) -> None:
        self._spool = spool
        self._service = service

    async def registered(self, request: pb.RegisterRequest, credential: Credential, now: int) -> None:
        """The account is registered on the device of the request; its profile on the earlier one is removed.

        Without a selector the phones of a user cannot be distinguished, so nothing is replaced. `now`: microseconds
        since 1970.

        Raises:
            CallFailed: the service could not be reached; the report must be applied again.
        """
        if not request.account_selector:
            return
        key = request.key
        account = self._spool.sealer.hash(
            b"\x00".join((b"account", key.app_id.encode(), key.user_id.encode(), request.account_selector.encode()))
        )
        before = await self._spool.device(account)
        if before is not None and before.device_id != key.device_id:
            await self._replace(before, request, credential)
        if before is None or before.device_id != key.device_id or now - before.time > _DAY:
            sealed = self._spool.sealer.seal(msgspec.msgpack.encode([each.token for each in request.push_endpoints]))
            self._spool.put_device(KnownDevice(account, key.device_id, sealed, now))

    async def _replace(self, before: KnownDevice, request: pb.RegisterRequest, credential: Credential) -> None:
        try:
            held = msgspec.msgpack.decode(self._spool.sealer.open(before.sealed), type=list[str])
        except (CannotOpen, msgspec.DecodeError):
            return
        kept = {each.token for each in request.push_endpoints}
        removal = pb.RemoveAccountRequest(
            app_id=request.key.app_id,
            username=request.key.user_id,
            account_selector=request.account_selector,
            action=profile_pb2.ACCOUNT_REMOVAL_ACTION_UNREGISTER,
        )
        for token in held:
            if token not in kept:  # this registration already owns that one (R4)
                removal.tokens.add(token=token)
        if removal.tokens:
            await self._service.remove_account(removal, credential)
