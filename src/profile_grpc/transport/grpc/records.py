"""Imports and exports for commands on the database: the contract's messages, without a connection."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial

from appprofile.v1 import customer_service_pb2 as customers_pb
from appprofile.v1 import profile_service_pb2 as profiles_pb
from profile_grpc.domain.settings import App
from profile_grpc.service import filter_parsing
from profile_grpc.service.use_cases import UseCases
from profile_grpc.transport.grpc import customers, imports, responses


class LocalRecords:
    """The methods of import and export for one app, or for the customers of one tenant."""

    def __init__(self, use_cases: UseCases, app: App | None, tenant_id: str) -> None:
        """`app`: None, if only customers are concerned."""
        self._use_cases = use_cases
        self._app = app
        self._tenant_id = tenant_id

    def import_profiles(
        self, requests: AsyncIterator[profiles_pb.ImportProfilesRequest]
    ) -> AsyncGenerator[profiles_pb.ImportProfilesResponse, None]:
        app = partial(self._use_cases.apps.get, self._profiles_app.app_id)
        return imports.answers(requests, imports.ProfileImport(self._use_cases.imports, app).begin)

    async def export_profiles(
        self, request: profiles_pb.ExportProfilesRequest
    ) -> AsyncGenerator[profiles_pb.ExportProfilesResponse, None]:
        """Raises Refused: INVALID_FILTER, INVALID_RESUME_TOKEN."""
        wanted = filter_parsing.profile_filter(request.filter)
        app = self._profiles_app
        async for part in self._use_cases.exports.profiles(app.app_id, wanted, request.resume_token):
            yield responses.export_profiles(part, app.settings, sees_tokens=True)

    def import_customers(
        self, requests: AsyncIterator[customers_pb.ImportCustomersRequest]
    ) -> AsyncGenerator[customers_pb.ImportCustomersResponse, None]:
        one = imports.CustomerImport(self._use_cases.imports, self._use_cases.customers, self._tenant_id)
        return imports.answers(requests, one.begin)

    async def export_customers(
        self, request: customers_pb.ExportCustomersRequest
    ) -> AsyncGenerator[customers_pb.ExportCustomersResponse, None]:
        """Raises Refused: INVALID_RESUME_TOKEN."""
        async for part in self._use_cases.exports.customers(self._tenant_id, request.resume_token):
            yield customers.export_customers(part)

    @property
    def _profiles_app(self) -> App:
        if self._app is None:
            raise ValueError("the records are those of a tenant")
        return self._app
