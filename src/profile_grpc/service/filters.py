"""Filters of calls, with the fields that the tenant has (T3)."""

from __future__ import annotations

from profile_grpc.domain.filtering.expressions import Filter
from profile_grpc.service import filter_parsing
from profile_grpc.service.customer_ports import CustomerStore


class Filters:
    """Parses filters that may compare attributes of customers."""

    def __init__(self, customers: CustomerStore) -> None:
        self._customers = customers

    async def of_profiles(self, tenant_id: str, text: str) -> Filter | None:
        """A filter of profiles of an app of the tenant; None: the text is empty.

        Raises:
            Refused: INVALID_FILTER.
            StoreError.
        """
        if filter_parsing.may_name_customers(text):
            return filter_parsing.profile_filter(text, await self._customers.schema(tenant_id))
        return filter_parsing.profile_filter(text)

    async def of_customers(self, tenant_id: str, text: str) -> Filter | None:
        """A filter of the tenant's customers; None: the text is empty.

        Raises:
            Refused: INVALID_FILTER.
            StoreError.
        """
        return filter_parsing.customer_filter(text, await self._customers.schema(tenant_id)) if text else None
